"""The page of a results folder: a run, compared where it can be, or any other study.

Nothing is simulated again for what the tables hold. What cannot be made of a folder (pairs of
counts, ranks of one strategy, an unfinished run) is a sentence on the page, never an error.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim import formatting
from sim.analysis.samples import is_counted
from sim.engine.version import MODEL_VERSION
from sim.errors import InputError
from sim.experiment import result_tables
from sim.experiment.files import writable_folder
from sim.experiment.manifests import MANIFEST, question_of, read_manifest
from sim.experiment.results import Results
from sim.experiment.results import read as read_run
from sim.reporting import html, summary, text_tables
from sim.reporting.sections import (
    DRAWN,
    HELD,
    OF_THE_RANGES,
    OTHER_MODEL,
    Bullets,
    Content,
    Facts,
    Section,
)
from sim.reporting.text_tables import TextTable
from sim.scenario import description, linting
from sim.scenario.scenario import Scenario
from sim.studies.compare import compare
from sim.studies.study import MODULES, Study, read

PAGE = "report.html"
MOST_FAILURES = 5

Manifest = dict[str, Any]


def write(
    folder: str | Path,
    out: str | Path | None = None,
    baseline: str | None = None,
    endpoint: str | None = None,
) -> Path:
    """Write the page of a results folder; its path, by default ``report.html`` in the folder.

    Raises:
        InputError: no results folder, a damaged shard, an unknown baseline or endpoint, or a path
            that cannot be written to.
    """
    text = html.page(of(folder, baseline, endpoint))
    path = Path(folder) / PAGE if out is None else Path(out)
    try:
        with writable_folder(path.parent):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror})") from None
    return path


def of(folder: str | Path, baseline: str | None = None, endpoint: str | None = None) -> Content:
    """What stands on the page of a folder.

    Args:
        folder: of a run or of a study.
        baseline, endpoint: as for :func:`of_run`; of runs alone.

    Raises:
        InputError: no such folder, a damaged shard, or something unknown.
    """
    kind = read_manifest(folder).get("kind")
    if kind is None:
        return of_run(read_run(folder), baseline, endpoint)
    if kind not in MODULES:
        raise InputError(
            f'{Path(folder) / MANIFEST}: unknown kind "{kind}"; allowed: a results folder of '
            f"{formatting.listed(['run', *MODULES])}"
        )
    for option, value in (("--baseline", baseline), ("--endpoint", endpoint)):
        if value is not None:
            raise InputError(f"{option}: allowed for folders of run and compare; {folder} is of "
                             f"{kind}")  # fmt: skip
    return of_study(read(folder))


def of_study(study: Study) -> Content:
    """What stands on the page of any study but a comparison."""
    manifest, scenario = study.manifest, study.scenario
    command, facts = manifest["command"], study.facts
    names = manifest.get("strategies", scenario.strategies)
    strategies = [scenario.strategies.get(name, scenario.chosen) for name in names]
    notes = [*_as_notes(linting.notes_on_strategies(scenario, strategies)), *facts.notes]
    return Content(
        replace(facts, notes=notes),
        study.sections,
        scenario,
        manifest,
        strategies=_rules(scenario, names),
        commands=[command] if command else [],
        again="So the command makes the same folder again."
        if command
        else "The folder was made from Python: no command makes it again.",
    )


def _as_notes(sentences: Iterable[str]) -> list[str]:
    return [f"Note: {sentence}." for sentence in sentences]


def _rules(scenario: Scenario, names: Iterable[str]) -> dict[str, str]:
    known = scenario.strategies
    return {name: description.rules(known.get(name, scenario.chosen), scenario) for name in names}


# -- a run ----------------------------------------------------------------------------------------


def of_run(results: Results, baseline: str | None = None, endpoint: str | None = None) -> Content:
    """What stands on the page of a run.

    Args:
        results: of any run, finished or not.
        baseline: with which the others are compared; by default that of the run, else the first
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
    notes, sections = _made_of(replace(results, folder=None), baseline, endpoint)
    facts = Facts(
        "a run",
        summary.caption(results),
        _facts_of_run(manifest),
        notes=[
            *_failures(results),
            *summary.notes(manifest),
            *_as_notes(summary.never_starts(results)),
            *notes,
        ],
        parameters=DRAWN if drawn else HELD,
        interval_scope=OF_THE_RANGES if drawn else "",
    )
    verified = [] if folder is None else [f"detente verify {shlex.quote(str(folder))}"]
    return Content(
        facts,
        sections,
        scenario,
        manifest,
        strategies=_rules(scenario, manifest["strategies"]),
        commands=[manifest["command"] or results.command, *verified],
        again="The second command replays a sample of them with both engines and compares every "
        "field with what was written." if verified else "",
    )  # fmt: skip


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


def _made_of(
    results: Results, baseline: str | None, endpoint: str | None
) -> tuple[list[str], list[Section]]:
    """Notes and sections of a run: its summary, and a comparison where there can be one."""
    try:
        frame = result_tables.frame_of(results)
    except InputError as error:
        return [f"There is no summary: {error}."], []
    table = results.summary(endpoint)
    notes, head = _unfinished(results, table), _summary_table(table)
    try:
        why_not = _why_no_comparison(results, frame, table)
        study = None if why_not else compare(results, baseline=baseline, endpoint=endpoint)
    except InputError as error:
        study, why_not = None, f"The strategies could not be compared: {error}."
    if study is None:
        said = Bullets(text_tables.summary_sentences(table))
        return [*notes, why_not], [head, *summary.figures_of(results, endpoint), said]
    if results.manifest["identity"].get("model_version") != MODEL_VERSION:
        notes.append(OTHER_MODEL)
    figures = summary.figures_of(results, endpoint, study.tables["differences"])
    return notes, [head, *figures, *study.sections]


def _summary_table(table: pd.DataFrame) -> TextTable:
    head, body = text_tables.cells(table)
    return TextTable("Summary, best first", head, body, text_tables.legend(table))


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
