"""What do experiments cost beyond simulating their replications? Ratios within one run.

    python benchmarks/scale.py [--quick] [--write]

``--write`` puts the table into docs/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sim
from sim.engine import kernel
from sim.engine.program import translate
from sim.engine.rows import empty
from speed import DOCS, Ratio, machine, seconds

SEED, NAMES, BLOCK = 1, ["proposal"], 2**14
ROWS = "rows written / replications simulated without writing"
COUNTS = "counts by day kept / replications simulated without writing"


def bare(replications: int) -> None:
    """Simulate replications on two threads, as blocks do, and forget them."""
    from concurrent.futures import ThreadPoolExecutor

    program = translate(sim.load("korea-2017").strategy(NAMES[0]))

    def block(first: int) -> None:
        simulator, rows = kernel.Simulator(program), empty(program, BLOCK)
        for at in range(first, first + replications // 2, BLOCK):
            simulator.simulate(SEED, at, rows)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(block, (0, replications // 2)))


def run(replications: int, keep: str, folder: Path) -> None:
    """The same replications as an experiment."""
    sim.run(sim.load("korea-2017"), NAMES, replications, SEED, workers=2, keep=keep, out=folder)


def overheads(replications: int, pairs: int, scratch: Path) -> list[Ratio]:
    """Rows and counts against bare telling, in turn."""
    bare(BLOCK)
    taken: dict[str, list[float]] = {ROWS: [], COUNTS: []}
    for pair in range(pairs):
        alone = seconds(lambda: bare(replications))
        for what, keep in ((ROWS, "rows"), (COUNTS, "summary")):
            folder = scratch / f"{keep}{pair}"
            work: Callable[[], Any] = lambda k=keep, f=folder: run(replications, k, f)  # noqa: E731
            taken[what].append(seconds(work) / alone)
            subprocess.run(["rm", "-rf", str(folder)], check=True)
    return [
        Ratio(ROWS, taken[ROWS], "at most 1.4"),
        Ratio(COUNTS, taken[COUNTS], "at most 1.05"),
    ]


def inside(draws: int, pairs: int) -> Ratio:
    """The kernel's part of the processor time of all strategies x many draws x 200 replications."""
    scenario, found = sim.load("korea-2017"), []
    work, spent = kernel.run_all, [0.0]

    def timed(*arguments: Any) -> Any:
        began = time.thread_time()
        try:
            return work(*arguments)
        finally:
            spent[0] += time.thread_time() - began

    kernel.run_all = timed
    try:
        for pair in range(pairs + 1):
            spent[0], began = 0.0, time.process_time()
            sim.run(scenario, None, 200, SEED, draws=draws, workers=2, keep="summary")
            if pair:  # the first one warms up
                found.append(spent[0] / (time.process_time() - began))
    finally:
        kernel.run_all = work
    what = f"inside the kernel / whole, processor time, 9 strategies x {draws:,} draws x 200"
    return Ratio(what, found, "at least 0.85")


def peak(replications: int, keep: str, scratch: Path) -> float:
    """Peak memory in MB of a run in a process of its own."""
    code = (
        "import sys, sim, resource; from pathlib import Path; sys.path.insert(0, sys.argv[4]);"
        "import scale; scale.run(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    folder = scratch / f"peak-{keep}-{replications}"
    command = [sys.executable, "-c", code, str(replications), keep, str(folder)]
    done = subprocess.run(
        [*command, str(Path(__file__).parent)], check=True, capture_output=True, text=True
    )
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    return int(done.stdout) / 1024


def memory(few: int, many: int, scratch: Path) -> list[Ratio]:
    """Whether memory grows with the number of replications."""
    found = []
    for keep in ("rows", "summary"):
        ratio = peak(many, keep, scratch) / peak(few, keep, scratch)
        what = f"peak memory, {many:,} / {few:,} replications ({keep})"
        found.append(Ratio(what, [ratio], "at most 1.2"))
    return found


def main() -> int:
    """Measure, print, and write where asked to."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer replications, fewer pairs")
    parser.add_argument("--write", action="store_true", help="put the table into docs/")
    options = parser.parse_args()
    replications, pairs = (400_000, 3) if options.quick else (10_000_000, 3)
    few, many = (200_000, 800_000) if options.quick else (1_000_000, 10_000_000)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        ratios = [
            *overheads(replications, pairs, scratch),
            inside(100 if options.quick else 1000, pairs),
            *memory(few, many, scratch),
        ]
    lines = [
        "# Scale", "",
        "`python benchmarks/scale.py --write` measures all of this in one run, and writes it here.",
        f"Measured on: {machine()}. {replications:,} replications of korea-2017.", "",
        "| ratio | median | lowest to highest | wanted |", "|:--|--:|--:|--:|",
        *(ratio.line for ratio in ratios),
    ]  # fmt: skip
    print("\n".join(lines))
    if options.write:
        DOCS.mkdir(exist_ok=True)
        (DOCS / "scale.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
