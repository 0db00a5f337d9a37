"""The pages of the document site, written into a folder of their own.

    python docs/generate.py [FOLDER]        # build/docs

Pages by hand (``docs/*.md``) are copied; the file format, the commands, the Python names, the
diagrams, the numbers and the checklist of the reference scenario are written from the code.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["COLUMNS"] = "90"  # argparse asks for the width of the help

import diagrams
import pandas as pd

import sim
from sim.cli import commands as commands_module
from sim.evidence import assumptions
from sim.reporting import stress_des
from sim.scenario import fields, format, quantities

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = "korea-2017"
FROM_README = re.compile(r"<!-- README: (.+?) -->")
# What stands behind the language of a block is for the tests; only a title is shown.
FENCE = re.compile(r"^```([a-z]+)(?: (.*))?$", re.M)


def main(folder: Path) -> None:
    """Write all pages into a folder, which is emptied before."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "format.md").exists():
        raise SystemExit(
            f"{folder}: holds other files; allowed: a new folder, or one of these pages"
        )
    shutil.rmtree(folder, ignore_errors=True)
    for pictures in ("gallery", "explore"):
        shutil.copytree(DOCS / pictures, folder / pictures)
    for path in sorted([*DOCS.glob("*.csv"), *DOCS.glob("*.png"), *DOCS.glob("*.css")]):
        shutil.copy(path, folder)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    drawn = folder / "diagrams"
    drawn.mkdir()
    for track in sim.load(REFERENCE).tracks.values():
        svg = diagrams.draw(sim.load(REFERENCE), track)
        (drawn / f"{track.name}.svg").write_text(svg, encoding="utf-8")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    by_hand = {p.name: _copied(p.read_text(encoding="utf-8")) for p in sorted(DOCS.glob("*.md"))}
    generated = {
        "format.md": file_format(),
        "commands.md": commands(),
        "api.md": names(),
        "coverage.md": coverage(),
        "tracks.md": tracks(sim.load(REFERENCE)),
        "numbers.md": register(sim.load(REFERENCE)),
        "stress.md": stress_des.checklist(sim.load(REFERENCE)),
    }
    if twice := by_hand.keys() & generated.keys():
        raise SystemExit(f"written by hand and generated: {', '.join(sorted(twice))}")
    return by_hand | generated


def _copied(text: str) -> str:
    text = FROM_README.sub(lambda match: section(match[1]), text)
    return FENCE.sub(_fence, text)


def _fence(match: re.Match[str]) -> str:
    title = re.search(r'title="[^"]+"', match[2] or "")
    return f"```{match[1]}" + (f" {title[0]}" if title else "")


def section(title: str) -> str:
    """A section of the README, without its heading."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", readme, re.S | re.M)
    if found is None:
        raise SystemExit(f'README.md: no section "{title}"')
    return found[1].replace("](docs/", "](").strip()


# -- explanation: do the intervals hold -----------------------------------------------------------


def coverage() -> str:
    """How often each kind of interval held the truth, as ``verification`` counted it."""
    found = pd.read_csv(DOCS / "coverage.csv")
    least = found.loc[found["holds"].idxmin()]
    lines = [
        "# Do the intervals hold?",
        "",
        "Every kind of interval that the commands print was checked, in "
        f"{found['studies'].min():,} to {found['studies'].max():,} small studies",
        "whose truth is known, for whether it held that truth. The truth is that of a Markov chain",
        "which shares no code with the package; for `sensitivity` and `robust`, that of a formula.",
        "An interval of 95 % should do so in 95 % of them, and must in 90.25 %. Intervals that are",
        "said to hold together are counted as one: all of them, or a miss.",
        "",
        f"The least of the {len(found)} kinds is {least['interval']} with {least['holds']:.1%}.",
        "",
        "| part | interval | holds the truth | of |",
        "|:--|:--|--:|--:|",
    ]
    lines += [
        f"| {row.part} | {row.interval} | {row.holds:.1%} | {row.intervals:,} |"
        for row in found.itertuples()
    ]
    lines += [
        "",
        "`python verification/intervals_cover.py` counts again; the tests run a short form.",
    ]
    return "\n".join(lines)


# -- reference: the file format -------------------------------------------------------------------


def file_format() -> str:
    """The format of scenario files, from the tables that read them."""
    tables = list(_tables(format.SCENARIO, {}).values())
    return (
        "\n\n".join(
            [
                "# File format",
                "A scenario is a TOML file. Unknown keys are refused, each with the nearest that "
                "is known. Every table may hold `about` and `source`, free texts. `detente check "
                "FILE` lists every issue. A JSON Schema for editors is `sim/schema/scenario.json`. "
                'A file with `extends = "korea-2017"` (or a path) says only what is different: '
                "tables are merged by key, lists of named tables by name, the rest is replaced.",
                *(_table(one) for one in tables),
                durations(),
            ]
        )
        + "\n"
    )


def _tables(
    reader: Any, found: dict[str, fields.TableReader[Any]]
) -> dict[str, fields.TableReader[Any]]:
    """The tables below a reader, in the order in which they are met, each once."""
    if isinstance(reader, quantities.UncertainNumber | quantities.DurationReader):
        return found
    if isinstance(reader, fields.TableReader):
        if reader.title in found:
            return found
        found[reader.title] = reader
        for field in reader.fields.values():
            _tables(field.reader, found)
    for below in (getattr(reader, "item", None), getattr(reader, "date", None)):
        if isinstance(below, fields.Reader):
            _tables(below, found)
    return found


def _table(one: fields.TableReader[Any]) -> str:
    shown = {key: f for key, f in one.fields.items() if key not in fields.FREE_TEXT}
    exactly = f"\n\nExactly one of {', '.join(f'`{k}`' for k in one.one_of)}." * bool(one.one_of)
    rows = [
        f"| `{key}` | {_cell(field.reader.wanted)} | {_default(field)} | {_cell(field.about)} |"
        for key, field in shown.items()
    ]
    head = "| key | what may stand there | if it is left out | |\n|:--|:--|:--|:--|"
    return f"## {one.title.capitalize()}\n\n{head}\n" + "\n".join(rows) + exactly


def _default(field: fields.Field[Any]) -> str:
    if field.default is fields.REQUIRED:
        return "**needed**"
    value = field.default
    if isinstance(value, quantities.Duration):
        value = value.params[""]
    if value is None or value in ((), {}, ""):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def durations() -> str:
    """The laws of durations, and ranges, as a section."""
    rows = [
        f"| {family} | `{{ {', '.join(keys)} }}` | "
        + "; ".join(f"{key}: {bounds}" for key, bounds in keys.items())
        + " |"
        for family, keys in quantities.FAMILIES.items()
    ]
    return (
        "## Duration, delay, fade\n\nTold apart by the keys that are given; in days. The formulas "
        "are on the page [The laws](laws.md).\n\n| law | keys | allowed |\n|:--|:--|:--|\n"
        "| fixed | a number | a number of at least 0 |\n" + "\n".join(rows) + "\n"
        "| values | `{ values }` | a list of recorded lengths, linear between them |\n\n"
        "## Range\n\nAny number but `max`, `initially` and `horizon` may be a range "
        "`{ low, likely, high }`, with `low <= likely <= high` within the bounds of the number, "
        "and with a `source`. A plain run uses `likely`; `--draws N` samples PERT(low, likely, "
        'high), or what the range says: `as = "uniform"` or `as = "loguniform"`.'
    )


# -- reference: commands and names ----------------------------------------------------------------


def commands() -> str:
    """Every command with its help, from the parser itself."""
    top = commands_module.parser()
    (choices,) = (a.choices for a in top._actions if isinstance(a.choices, dict))
    helps = [f"## detente {name}\n\n```text\n{one.format_help()}```" for name, one in
             choices.items()]  # fmt: skip
    intro = "`detente ...` and `python -m sim ...` are the same. Exit codes: 0 done, 1 the run " \
            "failed, 2 the input is wrong, 130 stopped."  # fmt: skip
    return "\n\n".join(["# Commands", intro, *helps]) + "\n"


def names() -> str:
    """The public names of the package, in the order of a study, from their docstrings."""
    lines = ["# Python", "The public names, in the order of a study: `import sim`."]
    by_module: dict[str, list[str]] = {}
    for name in sim.__all__[1:]:
        thing = getattr(sim, name)
        if inspect.ismodule(thing):
            by_module.setdefault(thing.__name__, [])
        else:
            by_module.setdefault(thing.__module__, []).append(thing.__name__)
    for module, members in by_module.items():
        lines.append(f"## {module}")
        lines += [f"::: {module}.{name}" for name in members] or [f"::: {module}"]
    return "\n\n".join(lines) + "\n"


# -- the reference scenario -----------------------------------------------------------------------


def tracks(scenario: sim.Scenario) -> str:
    """One diagram a track, and the model in sentences."""
    shown = [
        f"## {track.name}\n\n{track.about[:1].upper()}{track.about[1:]}.\n\n"
        f"![Stages, setbacks and gates of {track.name}](diagrams/{track.name}.svg)"
        for track in scenario.tracks.values()
    ]
    strategies = "\n".join(_strategies(scenario))
    return (
        "\n\n".join(
            [
                f"# The tracks of {scenario.name}",
                scenario.title + ". Drawn from the scenario file itself. Boxes are stages with the "
                "chance that one attempt succeeds and the middle of its duration; what a success "
                "raises (+), lowers (−) or clears (0) stands below. Gates and windows stand above "
                "the box. Arrows below lead from a setback to where the track resumes, or to its "
                "end (×); numbers are weights.",
                *shown,
                "## Strategies",
                strategies,
                "## In sentences",
                f"What `detente check {scenario.name} --describe` prints:",
                f"```text\n{scenario.describe()}```",
            ]
        )
        + "\n"
    )


def _strategies(scenario: sim.Scenario) -> Iterator[str]:
    yield "| strategy | |\n|:--|:--|"
    for one in scenario.strategies.values():
        yield f"| `{one.name}` | {one.about} |"


def register(scenario: sim.Scenario) -> str:
    """The register of assumptions as a page, in columns that fit on it."""
    table = assumptions.register(scenario)
    lines = [
        f"| {_breakable(row.name)} | {row.low:g} | **{row.likely:g}** | {row.high:g} | {row.unit} "
        f"| {row.status} | {_cell(row.source)}{_statistic(row.statistic)} |"
        for row in table.itertuples()
    ]
    return "\n".join([
        "---", "hide: [toc]", "---",
        f"# Numbers of {scenario.name}", "",
        "Every number with its range, unit, status and source, as "
        f"`detente assumptions {scenario.name}` prints them. {assumptions.caution(scenario)}.", "",
        '<div class="register" markdown>', "",
        "| name | low | likely | high | unit | status | source |",
        "|:--|--:|--:|--:|:--|:--|:--|",
        *lines, "", "</div>", "", assumptions.counts(table), "",
    ])  # fmt: skip


def _breakable(name: str) -> str:
    return name.replace(".", ".<wbr>").replace("_", "_<wbr>")


def _statistic(key: str) -> str:
    return f" ({_breakable(key)})" if key else ""


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs")
