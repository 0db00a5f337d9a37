"""Build docs/gallery.md: each figure, the command that makes it, and how to read it.

Each command runs as it stands; its figures are made small and put beside the page. A new figure
is a line of ``COMMANDS`` and its legend in ``sim/plotting/captions.py``.

    python docs/build_gallery.py [NAME ...]      # all figures, or those of some commands
"""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from sim.plotting.captions import HOW_TO_READ

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "gallery"
WIDE, COLOURS = 1000, 256
# title: the command, and its figures: file in the working folder -> legend
COMMANDS = {
    "What came of it": (
        "detente run korea-2017 --out run",
        {f"run/{name}": name for name in ("incidence", "outcomes", "times", "differences")},
    ),
    "Which is best, and how sure is that": (
        "detente compare korea-2017 --baseline proposal --out study",
        {f"study/{name}": name for name in ("ranking", "forest", "sooner", "durability")},
    ),
    "Why it does as it does": (
        "detente explain korea-2017 --strategy proposal --out why",
        {"why/budget": "budget", "why/costs-proposal": "costs"},
    ),
    "One replication": (
        "detente trace korea-2017 --strategy proposal --replication 7",
        {"results/korea-2017-proposal-7-seed1": "timeline"},
    ),
    "A paired replication": (
        "detente diff korea-2017 --a proposal --b all_parallel --replication 7 --out twice",
        {"twice/side_by_side": "side_by_side"},
    ),
    "Every order, every posture": (
        "detente search korea-2017 --never bilateral --out sequences",
        {"sequences/front": "front"},
    ),
    "Which parameters matter": (
        "detente sensitivity korea-2017 --strategy proposal --base 128 --trajectories 10 "
        "--out numbers",
        {f"numbers/{name}": name for name in ("tornado", "morris", "sobol")},
    ),
    "What would make another one best": (
        "detente robust korea-2017 --draws 200 --out flips",
        {f"flips/{name}": name for name in ("regret", "switching", "map")},
    ),
    "What the record says": (
        "python experiments/what_the_record_says.py",
        {"results/record-gaps-between-rounds": "lengths", "results/record-launches": "counts"},
    ),
    "Would it have been surprised": (
        "python experiments/backcast.py",
        {"results/backcast-calibration": "calibration", "results/backcast-intervals": "intervals"},
    ),
    "What the record leaves of the ranges": (
        "python experiments/what_the_record_leaves.py",
        {"results/calibration": "narrowed"},
    ),
}


def run(command: str, folder: Path) -> None:
    """Run a command of the page in a folder, with this Python."""
    first, *rest = shlex.split(command)
    words = ["-m", "sim", *rest] if first == "detente" else [str(ROOT / rest[0]), *rest[1:]]
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def shrink(source: Path, target: Path) -> None:
    """A figure of 300 dots an inch as a small picture."""
    target.parent.mkdir(exist_ok=True)
    with Image.open(source) as picture:
        high = round(picture.height * WIDE / picture.width)
        small = picture.convert("RGB").resize((WIDE, high), Image.Resampling.LANCZOS)
    few = small.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(target, optimize=True)


def text() -> str:
    """The page."""
    parts = [
        "# Gallery",
        "Each figure that Detente makes, with the command that makes it and how to read it. All "
        "state their scenario, number of replications and seed; half of the reference case's "
        "numbers are judgement, so read differences, not levels. Built by "
        "`python docs/build_gallery.py`.",
    ]
    for title, (command, figures) in COMMANDS.items():
        parts.append(f"## {title}\n\n    {command}")
        for legend in figures.values():
            parts.append(
                f"### {legend.replace('_', ' ').capitalize()}\n\n"
                f"![{HOW_TO_READ[legend].split('. ')[0]}](gallery/{legend}.png)\n\n"
                f"{HOW_TO_READ[legend]}"
            )
    return "\n\n".join(parts) + "\n"


def main(wanted: list[str]) -> None:
    """Run the commands, shrink their figures, write the page."""
    with tempfile.TemporaryDirectory() as folder:
        done = set()
        for command, figures in COMMANDS.values():
            if wanted and not set(shlex.split(command)) & set(wanted):
                continue
            if command not in done:
                run(command, Path(folder))
            done.add(command)
            for name, legend in figures.items():
                shrink(Path(folder) / f"{name}.png", PICTURES / f"{legend}.png")
    (ROOT / "docs" / "gallery.md").write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
