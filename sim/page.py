"""A results folder as one HTML page that needs nothing else: no network, no other file.

What cannot be made of a folder (pairs of counts, ranks of one strategy, an unfinished run) is a
sentence on the page, never an error.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jinja2
import pandas as pd
from markupsafe import Markup

from sim import (
    assumptions,
    decision,
    experiment,
    findings,
    printing,
    prose,
    provenance,
    report,
)
from sim.experiment import InputError, Results
from sim.legends import HOW_TO_READ
from sim.printing import Printed
from sim.question import is_counted

PAGE = "report.html"
MOST_FAILURES = 5
REFERENCE = re.compile(r"(?<=url\(#)[^)]+")


@dataclass(frozen=True)
class Picture:
    """A figure as inline SVG, with its finding in words for who cannot see it."""

    name: str
    svg: Markup
    finding: str
    how_to_read: str


@dataclass
class Content:
    """What stands on the page, before it is laid out.

    Attributes:
        notes: what is missing, or must be known before reading on.
        sentences: findings.
        tables: with words in their cells.
        axes: figures by name.
    """

    notes: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    tables: list[Printed] = field(default_factory=list)
    axes: dict[str, Any] = field(default_factory=dict)


def write(
    folder: str | Path,
    out: str | Path | None = None,
    baseline: str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Write the page of a results folder; its path, by default ``report.html`` in the folder.

    Raises:
        InputError: no results folder, a damaged part, an unknown baseline or endpoint, or a path
            that cannot be written to.
    """
    text = page(experiment.read(folder), baseline, endpoint)
    path = Path(folder) / PAGE if out is None else Path(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror})") from None
    return path


def page(results: Results, baseline: str | None = None, endpoint: str | None = None) -> str:
    """A run as one page of HTML; nothing is written.

    Args:
        results: of any run, finished or not.
        baseline: that the others are held against; by default the first strategy.
        endpoint: the condition whose times are told; by default the goal.

    Raises:
        InputError: an unknown baseline or endpoint.
    """
    scenario, manifest = results.scenario, results.manifest
    if baseline is not None:
        report.baseline_of(results, baseline)
    content = _content(replace(results, folder=None), baseline, endpoint)
    register = assumptions.register(scenario)
    script = _template("report.js")
    return _environment().get_template("report.html.j2").render(
        manifest=manifest,
        about=report.caption(results),
        content=content,
        pictures=[_picture(name, axes) for name, axes in content.axes.items()],
        caution=assumptions.caution(scenario),
        register=register.assign(range=_ranges(register)).to_dict("records"),
        counts=assumptions.counts(register),
        strategies={name: _rules(results, name) for name in manifest["strategies"]},
        description=scenario.describe(),
        commands=_commands(results),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip


# -- what is on it --------------------------------------------------------------------------------


def _content(results: Results, baseline: str | None, endpoint: str | None) -> Content:
    content = Content(notes=_failures(results))
    try:
        frame = report.frame_of(results)
    except InputError:
        content.notes.append("No history was finished, so there is nothing to summarise yet.")
        return content
    summary = report.summarise(results, endpoint)
    content.notes += _unfinished(results, summary)
    head, body = printing.cells(summary)
    content.tables.append(Printed("Summary, best first", head, body, printing.legend(summary)))
    why_not = _why_no_comparison(results, frame, summary)
    if not why_not:
        why_not = _compare(results, content, baseline, endpoint)
    if why_not:
        content.notes.append(why_not)
        content.sentences = findings.summary_sentences(summary)
        content.axes |= report.axes_of(results, baseline, endpoint, paired=False)
    return content


def _compare(results: Results, content: Content, baseline: str | None, endpoint: str | None) -> str:
    """Add a comparison to the content, or tell why there is none."""
    try:
        found = decision.compare(results, baseline, endpoint)
    except InputError as error:
        return f"The strategies could not be compared: {error}."
    tables = dict(found.tables)
    if results.manifest["identity"]["laws"] != provenance.laws():
        tables.pop("durability", None)  # made of histories told again, which would be others
        content.notes.append(
            "This folder was made by another version of the laws than the one installed, so "
            "figures that need histories told again are left out."
        )
    content.sentences = found.sentences
    content.tables += [
        findings.best_table(tables["best"]),
        findings.differences_table(tables["differences"]),
        findings.pairs_table(tables["pairs"]),
    ]
    content.axes |= report.axes_of(results, baseline, endpoint)
    content.axes |= decision.figures_of(tables, report.caption(results))
    return ""


def _why_no_comparison(results: Results, frame: pd.DataFrame, summary: pd.DataFrame) -> str:
    """A sentence where strategies cannot be held against each other; empty where they can."""
    if len(results.manifest["strategies"]) < 2:
        return "One strategy alone was run, so there is nothing to compare it with."
    if is_counted(frame):
        return (
            "Counts by day were kept or read instead of rows, so histories of the same world "
            "cannot be paired and strategies are not compared."
        )
    if len(summary) < len(results.manifest["strategies"]) or summary["n"].nunique() > 1:
        return (
            "The strategies have not told the same histories yet, so they are not compared run "
            "by run."
        )
    return ""


def _failures(results: Results) -> list[str]:
    failures = results.failures
    if not failures:
        return []
    histories = sum(one.block.histories for one in failures)
    shown = "; ".join(str(one) for one in failures[:MOST_FAILURES])
    more = f"; and {len(failures) - MOST_FAILURES} more" if len(failures) > MOST_FAILURES else ""
    return [f"{histories:,} histories could not be told and are missing here: {shown}{more}."]


def _unfinished(results: Results, summary: pd.DataFrame) -> list[str]:
    manifest = results.manifest
    wanted = manifest["replications"] * max(1, manifest["draws"])
    told = dict(zip(summary["strategy"].astype(str), summary["n"], strict=True))
    short = [
        f"{name} {told.get(name, 0):,}"
        for name in manifest["strategies"]
        if told.get(name, 0) < wanted
    ]
    if not short:
        return []
    return [f"The run is not complete: of {wanted:,} histories there are {', '.join(short)}."]


def _ranges(register: pd.DataFrame) -> list[str]:
    ends = zip(register["low"], register["likely"], register["high"], strict=True)
    return ["" if low == high else f"{low:g} to {high:g}" for low, _, high in ends]


def _rules(results: Results, name: str) -> str:
    scenario = results.scenario
    strategy = scenario.strategies.get(name, scenario.chosen)
    return prose.rules(strategy, scenario)


def _commands(results: Results) -> list[str]:
    folder = shlex.quote(str(results.folder)) if results.folder is not None else None
    again = [results.manifest["command"] or results.command]
    return again if folder is None else [*again, f"detente verify {folder}"]


# -- figures --------------------------------------------------------------------------------------


def _picture(name: str, axes: Any) -> Picture:
    figure = axes.figure if hasattr(axes, "figure") else axes
    finding = _finding(figure)
    how = HOW_TO_READ.get(name, "")
    return Picture(name, inline_svg(figure, name, f"{finding}. {how}"), finding, how)


def _finding(figure: Any) -> str:
    """The title of a figure: what it says, in words."""
    over = figure.get_suptitle()
    titles = [over] if over else [axes.get_title(loc="left") for axes in figure.axes]
    return " / ".join(" ".join(title.split()) for title in titles if title)


def inline_svg(figure: Any, name: str, label: str) -> Markup:
    """A figure as an SVG element for a page that holds several: its ids begin with its name.

    Args:
        figure: of matplotlib.
        name: unlike that of any other figure of the page.
        label: what is read to those who cannot see it.
    """
    from sim import plots

    root = ElementTree.fromstring(plots.as_svg(figure))
    for parent in list(root.iter()):
        for child in list(parent):
            # A style element would hold for the whole page.
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _renamed(key.rpartition("}")[2], value, name)
            for key, value in element.attrib.items()
        }
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-label": label}
    with io.StringIO() as stream:
        ElementTree.ElementTree(root).write(stream, encoding="unicode")
        return Markup(stream.getvalue())


def _renamed(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):  # others are pictures, which stand in the page
        return f"#{name}-{value[1:]}"
    if key == "href":
        return value
    return REFERENCE.sub(lambda found: f"{name}-{found.group()}", value)


# -- how it is laid out ---------------------------------------------------------------------------


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sim", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]


__all__: Sequence[str] = ("inline_svg", "page", "write")
