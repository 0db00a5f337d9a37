"""What stands on the page of a results folder, by kind: a run, a study, a search, an explanation.

Nothing is simulated again for what the tables hold. What cannot be made of a folder (pairs of
counts, ranks of one strategy, an unfinished run) is a sentence on the page, never an error.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim import formatting
from sim.analysis.samples import is_counted
from sim.engine.version import MODEL_VERSION
from sim.errors import InputError
from sim.experiment import result_tables, study_folder
from sim.experiment.manifests import MANIFEST, question_of, read_manifest
from sim.experiment.results import Results, read
from sim.reporting import findings, sequence_text, text_tables
from sim.reporting import summary as summary_module
from sim.reporting.text_tables import ReportItem, TextTable
from sim.scenario import description, linting
from sim.scenario.scenario import Scenario, loads
from sim.studies import common, decision

MOST_FAILURES = 5
HELD, DRAWN = "held at its base value", "drawn from it"
OF_THE_RANGES = ", and the ranges of the parameters that were drawn"
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
        scenario: whose parameters and sources stand on the page.
        manifest: of the folder.
        notes: what is missing, or must be known before reading on.
        sentences: findings.
        tables: with words in their cells.
        axes: figures by name.
        strategies: their rules in sentences, by name.
        advice: how to read what is said, given that it is no forecast.
        interval_scope: what the intervals cover besides what more replications would settle.
        parameters: what was done with a parameter that has a range.
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
    tables: list[TextTable] = field(default_factory=list)
    axes: dict[str, Any] = field(default_factory=dict)
    strategies: dict[str, str] = field(default_factory=dict)
    advice: str = ADVICE
    interval_scope: str = ""
    parameters: str = HELD
    commands: list[str] = field(default_factory=list)
    again: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    def say(self, parts: Iterable[ReportItem]) -> None:
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
        return of_run(read(folder), baseline, endpoint)
    if kind not in MAKERS:
        raise InputError(
            f'{Path(folder) / MANIFEST}: unknown kind "{kind}"; allowed: a results folder of '
            f"{formatting.listed(['run', 'compare', *MAKERS])}"
        )
    for option, value in (("--baseline", baseline), ("--endpoint", endpoint)):
        if value is not None:
            raise InputError(f"{option}: allowed for folders of run and compare; {folder} is of "
                             f"{kind}")  # fmt: skip
    return MAKERS[kind](folder)


def _rules(scenario: Scenario, names: Iterable[str]) -> dict[str, str]:
    known = scenario.strategies
    return {name: description.rules(known.get(name, scenario.chosen), scenario) for name in names}


def _as_notes(sentences: Iterable[str]) -> list[str]:
    return [f"Note: {sentence}." for sentence in sentences]


# -- a run ----------------------------------------------------------------------------------------


def of_run(results: Results, baseline: str | None = None, endpoint: str | None = None) -> Content:
    """What stands on the page of a run.

    Args:
        results: of any run, finished or not.
        baseline: that the others are held against; by default that of the run, else the first
            strategy.
        endpoint: the condition whose times are shown, and which ranks the strategies; by default
            that of the run, else the goal.

    Raises:
        InputError: an unknown baseline or endpoint.
    """
    baseline, endpoint = question_of(results.manifest, baseline, endpoint)
    if baseline is not None:
        result_tables.baseline_of(results, baseline)
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
            *_as_notes(summary_module.never_starts(results)),
        ],
        strategies=_rules(scenario, manifest["strategies"]),
        interval_scope=OF_THE_RANGES if drawn else "",
        parameters=DRAWN if drawn else HELD,
        commands=[manifest["command"] or results.command, *verified],
        again="The second command replays a sample of them with both engines and compares every "
        "field with what was written." if verified else "",
        facts=_facts_of_run(manifest),
    )  # fmt: skip
    _fill(replace(results, folder=None), content, baseline, endpoint)
    return content


def _facts_of_run(manifest: Manifest) -> dict[str, str]:
    replications = f"{manifest['replications']:,} of each strategy"
    if manifest["draws"]:
        replications += (
            f" and draw; {manifest['draws']:,} draws ({manifest['design']}, law {manifest['law']})"
        )
    return {
        "Replications": replications,
        "Strategies": ", ".join(manifest["strategies"]),
        "Engine": manifest["engine"],
        "Model version": str(manifest["identity"].get("model_version")),
    }


def _fill(results: Results, content: Content, baseline: str | None, endpoint: str | None) -> None:
    """Findings, tables and figures of a run."""
    try:
        frame = result_tables.frame_of(results)
    except InputError as error:
        content.notes.append(f"There is no summary: {error}.")
        return
    summary = summary_module.summarise(results, endpoint)
    content.notes += _unfinished(results, summary)
    head, body = text_tables.cells(summary)
    content.tables.append(TextTable("Summary, best first", head, body, text_tables.legend(summary)))
    why_not = _why_no_comparison(results, frame, summary)
    if not why_not:
        why_not = _compare(results, content, baseline, endpoint)
    if why_not:
        content.notes.append(why_not)
        content.sentences = findings.summary_sentences(summary)
        content.axes |= summary_module.axes_of(results, endpoint)


def _compare(results: Results, content: Content, baseline: str | None, endpoint: str | None) -> str:
    """Add a comparison to the content, or say why there is none."""
    try:
        found = decision.compare(results, baseline, endpoint)
    except InputError as error:
        return f"The strategies could not be compared: {error}."
    tables = dict(found.tables)
    if results.manifest["identity"].get("model_version") != MODEL_VERSION:
        tables.pop("durability", None)  # made by replay, which would give other replications
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
            "Counts by day were kept or read instead of rows, so replications cannot be "
            "paired and strategies are not compared."
        )
    if len(summary) < len(results.manifest["strategies"]) or summary["n"].nunique() > 1:
        return (
            "The strategies do not have the same replications yet, so they are not compared in "
            "pairs."
        )
    return ""


def _failures(results: Results) -> list[str]:
    failures = results.failures
    if not failures:
        return []
    missing = sum(one.block.replications for one in failures)
    shown = "; ".join(str(one) for one in failures[:MOST_FAILURES])
    more = f"; and {len(failures) - MOST_FAILURES} more" if len(failures) > MOST_FAILURES else ""
    return [f"{missing:,} replications failed and are missing here: {shown}{more}."]


def _unfinished(results: Results, summary: pd.DataFrame) -> list[str]:
    manifest = results.manifest
    wanted = manifest["replications"] * max(1, manifest["draws"])
    done = dict(zip(summary["strategy"].astype(str), summary["n"], strict=True))
    short = [
        f"{name} {done.get(name, 0):,}"
        for name in manifest["strategies"]
        if done.get(name, 0) < wanted
    ]
    if not short:
        return []
    return [f"The run is not complete: of {wanted:,} replications there are {', '.join(short)}."]


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
    content.parameters = "drawn from it, or moved over it" if robust else "moved over it"
    content.interval_scope = ", and other draws" if robust else ""
    replications = f"{manifest['replications']:,} at each set of numbers"
    content.facts = {"Measure": manifest["measured"]["label"], "Replications": replications,
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
    about = f"{manifest['scenario']}: every order of {formatting.listed(options['tracks'])}"
    if options["postures"]:
        about += f", with and without {formatting.listed(options['postures'])}"
    content = _content("a search", about, folder, manifest)
    content.say(sequence_text.said(table, manifest))
    content.axes = sequence_text.figures(table, manifest)
    content.facts = {
        "Measured in": f"{options['replications']:,} replications of each candidate",
        "Chosen by": f"{options['measure']}, zone {options['zone']:g}, confidence "
        f"{options['confidence']:g}",
        "Replications": f"{manifest['histories']:,} in all",
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
    content.notes += summary_module.notes(manifest)
    each = "strategy"
    if manifest["draws"]:
        each = f"strategy and of {manifest['draws']:,} draws"
        content.parameters, content.interval_scope = DRAWN, OF_THE_RANGES
    content.facts = {
        "Replications": f"{manifest['replications']:,} of each {each}, and again for each change",
        "Strategies": ", ".join(manifest["strategies"]),
    }
    return content


def of_diff(folder: str | Path) -> Content:
    """What stands on the page of ``detente diff``; its two replications are run again.

    Raises:
        InputError: a table is missing or damaged.
    """
    found, manifest = study_folder.read(folder)
    a, b = manifest["strategies"]
    draw = f", draw {manifest['draw']}" if manifest["draw"] else ""
    about = (
        f"{manifest['scenario']}: {a} and {b} in paired replication "
        f"{manifest['replication']}{draw}, seed "
    )
    content = _content(
        "two strategies in a paired replication", f"{about}{manifest['seed']}", folder, manifest
    )
    flags = decision.milestones(found["side_by_side"], content.scenario)
    divergences, endings = decision.divergences_of(manifest), manifest.get("endings", ())
    content.say(findings.diff_parts(found, (a, b), divergences, flags, endings))
    if manifest.get("model_version") == MODEL_VERSION:
        content.axes = {"side_by_side": decision.diff_figure(content.scenario, manifest)}
    else:
        content.notes.append(OTHER_MODEL)
    if draw:
        content.parameters = "given the value of the draw"
    content.facts = {"Divergences": f"of {manifest['replications']:,} paired replications",
                     "Strategies": f"{a}, {b}"}  # fmt: skip
    return content


def _content(kind: str, about: str, folder: str | Path, manifest: Manifest) -> Content:
    """What the pages of all kinds but a run have in common."""
    scenario = loads(manifest["text"], str(Path(folder) / MANIFEST))
    scenario = replace(scenario, name=manifest["scenario"])
    content = Content(kind, about, scenario, manifest)
    names = manifest.get("strategies", scenario.strategies)
    content.strategies = _rules(scenario, names)
    strategies = [scenario.strategies.get(name, scenario.chosen) for name in names]
    content.notes = _as_notes(linting.notes_on_strategies(scenario, strategies))
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
