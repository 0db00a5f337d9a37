"""What stands on the page of a results folder, by kind: a run, a study, a search, an explanation.

Nothing is told again for what the tables hold. What cannot be made of a folder (pairs of counts,
ranks of one strategy, an unfinished run) is a sentence on the page, never an error.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.samples import is_counted
from sim.engine.version import MODEL_VERSION
from sim.experiment import experiment, study_folder
from sim.experiment.experiment import InputError, Results
from sim.experiment.results_folder import MANIFEST, read_manifest
from sim.reporting import findings, sequence_text, text_tables
from sim.reporting import summary as summary_module
from sim.reporting.text_tables import Part, Printed
from sim.scenario import description
from sim.scenario.scenario import Scenario, loads
from sim.studies import common, decision

MOST_FAILURES = 5
HELD, DRAWN = "held at its likely value", "drawn from it"
OF_THE_RANGES = ", and the ranges of the numbers that were drawn"
OTHER_MODEL = (
    "This folder was made by another version of the model than the one installed, so figures that "
    "need replications to be run again are left out."
)
ADVICE = "read the differences between strategies rather than the level of a curve."

Manifest = dict[str, Any]


@dataclass
class Content:
    """What stands on a page, before it is laid out.

    Attributes:
        kind: of folder, in a few words.
        about: what was done, in one line.
        scenario: whose numbers and sources stand on the page.
        manifest: of the folder.
        notes: what is missing, or must be known before reading on.
        sentences: findings.
        tables: with words in their cells.
        axes: figures by name.
        strategies: their rules in sentences, by name.
        advice: how to read what is said, given that it is no forecast.
        told_by_intervals: what else the intervals tell than what more histories would settle.
        numbers: what was done with a number that has a range.
        commands: that make the folder again, or prove it.
        again: what the commands do.
        facts: of how it was made, by name.
    """

    kind: str
    about: str
    scenario: Scenario
    manifest: Manifest
    notes: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    tables: list[Printed] = field(default_factory=list)
    axes: dict[str, Any] = field(default_factory=dict)
    strategies: dict[str, str] = field(default_factory=dict)
    advice: str = ADVICE
    told_by_intervals: str = ""
    numbers: str = HELD
    commands: list[str] = field(default_factory=list)
    again: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    def say(self, parts: Iterable[Part]) -> None:
        """Add sentences and tables."""
        for part in parts:
            if isinstance(part, str):
                self.sentences.append(part)
            else:
                self.tables.append(part)


def of(folder: str | Path, baseline: str | None = None, endpoint: str | None = None) -> Content:
    """What stands on the page of a folder.

    Args:
        folder: written by ``run``, ``compare``, ``search``, ``sensitivity``, ``robust``,
            ``explain`` or ``diff``.
        baseline, endpoint: as for :func:`of_run`; of runs alone.

    Raises:
        InputError: no such folder, a damaged part, or something unknown.
    """
    manifest = read_manifest(folder)
    kind = manifest.get("kind")
    if kind is None:
        return of_run(experiment.read(folder), baseline, endpoint)
    if kind not in MAKERS:
        raise InputError(
            f'{Path(folder) / MANIFEST}: unknown kind "{kind}"; allowed: a results folder of '
            f"{text_tables.listed(['run', 'compare', *MAKERS])}"
        )
    for option, value in (("--baseline", baseline), ("--endpoint", endpoint)):
        if value is not None:
            raise InputError(f"{option}: allowed for folders of run and compare; {folder} is of "
                             f"{kind}")  # fmt: skip
    return MAKERS[kind](folder)


def _rules(scenario: Scenario, names: Iterable[str]) -> dict[str, str]:
    known = scenario.strategies
    return {name: description.rules(known.get(name, scenario.chosen), scenario) for name in names}


# -- a run ----------------------------------------------------------------------------------------


def of_run(results: Results, baseline: str | None = None, endpoint: str | None = None) -> Content:
    """What stands on the page of a run.

    Args:
        results: of any run, finished or not.
        baseline: that the others are held against; by default the first strategy.
        endpoint: the condition whose times are shown, and which ranks the strategies; by default
            the goal.

    Raises:
        InputError: an unknown baseline or endpoint.
    """
    if baseline is not None:
        summary_module.baseline_of(results, baseline)
    scenario, manifest, folder = results.scenario, results.manifest, results.folder
    drawn = bool(manifest["draws"])
    verified = [] if folder is None else [f"detente verify {shlex.quote(str(folder))}"]
    content = Content(
        "a run",
        summary_module.caption(results),
        scenario,
        manifest,
        notes=[
            *_failures(results),
            *summary_module.notes(manifest),
            *(f"Note: {sentence}." for sentence in summary_module.never_starts(results)),
        ],
        strategies=_rules(scenario, manifest["strategies"]),
        told_by_intervals=OF_THE_RANGES if drawn else "",
        numbers=DRAWN if drawn else HELD,
        commands=[manifest["command"] or results.command, *verified],
        again="The second command tells a sample of them again, with both engines, and holds every "
        "field against what was written." if verified else "",
        facts=_facts_of_run(manifest),
    )  # fmt: skip
    _fill(replace(results, folder=None), content, baseline, endpoint)
    return content


def _facts_of_run(manifest: Manifest) -> dict[str, str]:
    histories = f"{manifest['replications']:,} of each strategy"
    if manifest["draws"]:
        histories += (
            f" and draw; {manifest['draws']:,} draws ({manifest['design']}, law {manifest['law']})"
        )
    return {
        "Histories": histories,
        "Strategies": ", ".join(manifest["strategies"]),
        "Engine": manifest["engine"],
        "Model version": str(manifest["identity"].get("model_version")),
    }


def _fill(results: Results, content: Content, baseline: str | None, endpoint: str | None) -> None:
    """Findings, tables and figures of a run."""
    try:
        frame = summary_module.frame_of(results)
    except InputError as error:
        content.notes.append(f"There is no summary: {error}.")
        return
    summary = summary_module.summarise(results, endpoint)
    content.notes += _unfinished(results, summary)
    head, body = text_tables.cells(summary)
    content.tables.append(Printed("Summary, best first", head, body, text_tables.legend(summary)))
    why_not = _why_no_comparison(results, frame, summary)
    if not why_not:
        why_not = _compare(results, content, baseline, endpoint)
    if why_not:
        content.notes.append(why_not)
        content.sentences = findings.summary_sentences(summary)
        content.axes |= summary_module.axes_of(results, endpoint)


def _compare(results: Results, content: Content, baseline: str | None, endpoint: str | None) -> str:
    """Add a comparison to the content, or tell why there is none."""
    try:
        found = decision.compare(results, baseline, endpoint)
    except InputError as error:
        return f"The strategies could not be compared: {error}."
    tables = dict(found.tables)
    if results.manifest["identity"].get("model_version") != MODEL_VERSION:
        tables.pop("durability", None)  # made of histories told again, which would be others
        content.notes.append(OTHER_MODEL)
    content.sentences = found.sentences
    content.tables += findings.compare_tables(tables)
    content.axes |= summary_module.axes_of(results, endpoint, tables["differences"])
    content.axes |= decision.figures_of(tables, summary_module.caption(results))
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


# -- a study, a search, an explanation ------------------------------------------------------------


def of_study(folder: str | Path) -> Content:
    """What stands on the page of ``detente sensitivity`` or ``detente robust``.

    Raises:
        InputError: a table is missing or damaged.
    """
    study = common.read(folder)
    manifest = study.manifest
    robust = manifest["kind"] == "robust"
    content = _content("a study of robustness" if robust else "a study of sensitivity",
                       study.head, folder, manifest)  # fmt: skip
    content.say(study.parts)
    content.axes = study.figures
    content.numbers = "drawn from it, or moved over it" if robust else "moved over it"
    content.told_by_intervals = ", and other draws" if robust else ""
    histories = f"{manifest['replications']:,} at each set of numbers"
    content.facts = {"Measure": manifest["measured"]["label"], "Histories": histories,
                     "Strategies": ", ".join(manifest["strategies"])}  # fmt: skip
    if robust:
        content.facts["Draws"] = f"{manifest['draws']:,}; baseline {manifest['baseline']}"
    else:
        content.facts["Designs"] = (
            f"Sobol with base {manifest['base']:,}, {manifest['trajectories']} trajectories of "
            "Morris"
        )
    return content


def of_search(folder: str | Path) -> Content:
    """What stands on the page of ``detente search``.

    Raises:
        InputError: a table is missing or damaged.
    """
    found, manifest = study_folder.read(folder)
    table, options = found["candidates"], manifest["options"]
    about = f"{manifest['scenario']}: every order of {text_tables.listed(options['tracks'])}"
    if options["postures"]:
        about += f", with and without {text_tables.listed(options['postures'])}"
    content = _content("a search", about, folder, manifest)
    content.say(sequence_text.said(table, manifest))
    content.axes = sequence_text.figures(table, manifest)
    content.facts = {
        "Measured in": f"{options['replications']:,} histories of each candidate",
        "Chosen by": f"{options['measure']}, zone {options['zone']:g}, confidence "
        f"{options['confidence']:g}",
        "Histories": f"{manifest['histories']:,} in all",
    }
    return content


def of_explanation(folder: str | Path) -> Content:
    """What stands on the page of ``detente explain``.

    Raises:
        InputError: a table is missing or damaged.
    """
    found, manifest = study_folder.read(folder)
    content = _content("an explanation", summary_module.caption_of(manifest), folder, manifest)
    content.say(findings.explained(found, manifest["goal"], manifest["tracks"]))
    content.axes = decision.explained_figures(found, manifest)
    content.notes = summary_module.notes(manifest)
    each = "strategy"
    if manifest["draws"]:
        each = f"strategy and of {manifest['draws']:,} draws"
        content.numbers, content.told_by_intervals = DRAWN, OF_THE_RANGES
    content.facts = {
        "Histories": f"{manifest['replications']:,} of each {each}, and again for each change",
        "Strategies": ", ".join(manifest["strategies"]),
    }
    return content


def of_diff(folder: str | Path) -> Content:
    """What stands on the page of ``detente diff``; its two histories are told again.

    Raises:
        InputError: a table is missing or damaged.
    """
    found, manifest = study_folder.read(folder)
    a, b = manifest["strategies"]
    draw = f", draw {manifest['draw']}" if manifest["draw"] else ""
    about = f"{manifest['scenario']}: {a} and {b} in world {manifest['replication']}{draw}, seed "
    content = _content("two histories of one world", f"{about}{manifest['seed']}", folder, manifest)
    flags = decision.milestones(found["side_by_side"], content.scenario)
    partings, endings = decision.partings_of(manifest), manifest.get("endings", ())
    content.say(findings.diff_parts(found, (a, b), partings, flags, endings))
    if manifest.get("model_version") == MODEL_VERSION:
        content.axes = {"side_by_side": decision.diff_figure(content.scenario, manifest)}
    else:
        content.notes.append(OTHER_MODEL)
    if draw:
        content.numbers = "given the value of the draw"
    content.facts = {"Partings": f"of {manifest['replications']:,} worlds",
                     "Strategies": f"{a}, {b}"}  # fmt: skip
    return content


def _content(kind: str, about: str, folder: str | Path, manifest: Manifest) -> Content:
    """What the pages of all kinds but a run have in common."""
    scenario = loads(manifest["text"], str(Path(folder) / MANIFEST))
    scenario = replace(scenario, name=manifest["scenario"])
    content = Content(kind, about, scenario, manifest)
    content.strategies = _rules(scenario, manifest.get("strategies", scenario.strategies))
    content.commands = [manifest["command"]] if manifest["command"] else []
    content.again = "So the command makes the same folder again."
    if not content.commands:
        content.again = "The folder was made from Python: no command makes it again."
    return content


MAKERS: dict[str, Callable[[str | Path], Content]] = {
    "sensitivity": of_study,
    "robust": of_study,
    sequence_text.KIND: of_search,
    decision.EXPLAIN: of_explanation,
    decision.DIFF: of_diff,
}
