"""The study that compares strategies: which is best, by how much, and how sure that is.

A new estimate has three places, in this order: its function of a frame or of paired samples in
:mod:`sim.analysis`, its table in :func:`_tables`, and what is said or drawn of it in
:func:`sections`; sentences and tables in words are in :mod:`sim.reporting.comparison`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pandas as pd

from sim.analysis import comparison, competing_risks, dominance
from sim.engine.version import MODEL_VERSION
from sim.experiment import experiment, replay
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.plan import REPLICATIONS
from sim.experiment.result_tables import baseline_of, paired_samples_of, refusing
from sim.experiment.results import Results
from sim.reporting import comparison as words
from sim.reporting.sections import Bullets, Facts, Section, figure
from sim.reporting.summary import caption_of, with_titles
from sim.studies.study import Manifest, Study, Tables, joined
from sim.tracing import time_budget

MOST_REPLAYED = 400
"""Replications of each strategy that are replayed to see how long the goal lasted."""
MOST_REPLAYED_EVENTS = 1_000_000
"""Events of these; a replication of thousands of years has hundreds of thousands."""


def compare(
    scenario: ScenarioLike | Results,
    strategies: str | Sequence[str] | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    *,
    baseline: str | None = None,
    endpoint: str | None = None,
    draws: int | str | Path | Draws = 0,
    workers: int | None = None,
    progress: str = "none",
    out: str | Path | None = None,
) -> Study:
    """All strategies against each other, and against a baseline, under common random numbers.

    Args:
        scenario: a catalog name, a path, or a scenario; or the results of a run of two strategies
            or more, which are compared as they are.
        baseline: by default the first strategy.
        endpoint: the condition whose times are compared, and which ranks the strategies; by
            default the goal.
        strategies, replications, seed, draws, workers, progress: of the run; see
            :func:`sim.experiment.experiment.run`.
        out: folder that the run and the comparison are saved to.

    Raises:
        InputError: one strategy alone, an unknown name, a run that kept counts, or columns left
            out that are needed.

    Example:
        >>> import sim
        >>> study = sim.compare("korea-2017", ["proposal", "bilateral_only"], replications=50)
        >>> list(study.tables)[:3]
        ['estimates', 'differences', 'best']
    """
    results = scenario
    if not isinstance(results, Results):
        results = experiment.run(
            results, strategies, replications, seed,
            draws=draws, workers=workers, progress=progress, out=out,
        )  # fmt: skip
    base = baseline_of(results, baseline)
    with refusing():
        tables = with_titles(_tables(results, base, endpoint), results.scenario)
    study = Study("compare", results.scenario, tables, cast(Manifest, results.manifest))
    if out is not None:
        study.save(out)
    return study


def _tables(results: Results, baseline: str, endpoint: str | None) -> Tables:
    """Every estimate of a comparison, by name."""
    scenario, frame = results.scenario, results.frame
    goal, ruin, horizon = scenario.goal, scenario.ruin, scenario.horizon
    paired = paired_samples_of(results, endpoint)
    paired = replace(paired, residuals=replay.residuals(results, paired))
    tables = {
        "estimates": comparison.estimates(paired),
        "differences": comparison.differences(paired, baseline),
        "best": comparison.with_the_best(paired),
        "pairs": comparison.pairs(paired),
        "dominance": dominance.dominance(paired),
        "bands": dominance.bands(paired, baseline),
        "risks": competing_risks.incidence_by_outcome(
            frame, horizon=horizon, goal=goal, endpoint=endpoint
        ),
        "hazard": competing_risks.hazard(frame, horizon=horizon, goal=goal, endpoint=endpoint),
    }
    if f"held_{goal}" in frame:
        tables["endurance"] = competing_risks.endurance(frame, goal, ruin, horizon, endpoint)
    reached = frame.loc[frame["outcome"] == goal, "strategy"].astype(str).value_counts()
    tables["durability"] = competing_risks.durability(
        _spells(results, paired.names), reached.to_dict()
    )
    return tables


def _spells(results: Results, names: Sequence[str]) -> pd.DataFrame:
    """How long the goal lasted in the first replications that reached it, replayed.

    The first ones of every draw, so that each draw has its share.
    """
    frame, scenario, seed = results.frame, results.scenario, results.manifest["seed"]
    tables = []
    for name in names:
        there = frame[(frame["strategy"] == name) & (frame["outcome"] == scenario.goal)]
        there = there.sort_values(["replication", "draw"])
        likely = replay.program_of(scenario, name)
        events = replay.events_of(likely, seed, there["replication"].head(1))
        first = there.head(min(MOST_REPLAYED, math.ceil(MOST_REPLAYED_EVENTS / events)))
        for draw, some in first.groupby("draw"):
            program = replay.with_draw(likely, results.drawn, int(draw))
            logs = replay.with_logs(program, seed, [int(r) for r in some["replication"]])
            tables.append(time_budget.spells(program, logs, int(draw)))
    if not tables:
        tables = [time_budget.spells(replay.program_of(scenario, names[0]), [])]
    spells = joined(tables)
    spells.attrs = {"goal": scenario.goal, "horizon": scenario.horizon}
    return spells


def sections(study: Study) -> Iterator[Section]:
    """What a comparison says: the best, differences, which is sooner, and how long it lasts."""
    tables, about = study.tables, caption_of(study.manifest)
    differences = tables["differences"]
    yield Bullets(words.answer(tables))
    yield words.best_table(tables["best"])
    yield figure("decisions.ranking", tables["estimates"], tables["best"], caption=about)
    yield words.differences_table(differences)
    yield figure("decisions.forest", differences, caption=about)
    if words.is_adjusted(differences):
        yield words.adjusted_table(differences)
    yield words.pairs_table(tables["pairs"])
    yield figure("decisions.sooner", tables["pairs"], caption=about)
    if len(tables.get("durability", ())) and not _of_another_model(study):
        yield figure("decisions.durability", tables["durability"], caption=about)
    yield Bullets(
        sentence
        for some in (
            words.on_dominance(tables["dominance"]),
            words.on_endurance(tables.get("endurance")),
            words.on_variance(tables["pairs"]),
        )
        for sentence in some
    )


def _of_another_model(study: Study) -> bool:
    """Whether replays, of which durability is made, would give other replications."""
    return bool(study.manifest["identity"].get("model_version") != MODEL_VERSION)


def facts(study: Study) -> Facts:
    """What stands around it on a page."""
    return Facts("a comparison", caption_of(study.manifest), {})
