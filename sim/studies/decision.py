"""From histories to a decision: what is compared, why it wins, and where two histories part.

Each function makes tables, words and, in a folder, CSV files and figures; the estimates are made
in :mod:`sim.comparison`, :mod:`sim.dominance`, :mod:`sim.risks` and :mod:`sim.explanation`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis import attribution, comparison, competing_risks, dominance
from sim.engine import kernel
from sim.engine.program import Program
from sim.errors import InputError
from sim.experiment import argument_checks, provenance, replay
from sim.experiment import study_folder as tables_of
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.plan import chosen, names_of, of_draw, varied_from
from sim.experiment.result_tables import baseline_of, refusing
from sim.experiment.results import Results
from sim.reporting import findings
from sim.reporting.summary import caption, caption_of, notes
from sim.scenario.scenario import Scenario
from sim.studies import ablation
from sim.tracing import divergence as divergence_tables
from sim.tracing import time_budget
from sim.tracing.divergence import Divergence
from sim.tracing.trace import Trace, trace_of

MOST_RETOLD = 400
"""Replications of each strategy that are replayed to see how long the goal lasted."""
MOST_RETOLD_EVENTS = 1_000_000
"""Events of these; a replication of thousands of years has hundreds of thousands."""
MOST_EVENTS = 50_000_000
"""That are replayed one by one for an explanation, or for two strategies side by side."""
MOST_REPLICATIONS = 10**6
"""Replications of ``explain`` and ``diff``, which are simulated with their logs."""
EXPLAIN, DIFF = "explain", "diff"
BY_ACTIVITY = ("track", "activity")


@dataclass(frozen=True)
class Findings:
    """Tables and words, and the figures that were drawn.

    Attributes:
        tables: by name, each written to ``<name>.csv``.
        text: in print.
        sentences: what it says.
        figures: paths without ending.
    """

    tables: dict[str, pd.DataFrame]
    text: str
    sentences: list[str] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables as one; those without rows only lend their columns."""
    some = [table for table in tables if len(table)]
    joined = pd.concat(some, ignore_index=True) if some else tables[0]
    joined.attrs = tables[0].attrs
    return joined


def _written(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def _drawn(folder: Path, axes: dict[str, Any]) -> list[Path]:
    from sim.plotting import style  # matplotlib takes its time: only who draws waits for it

    for name, one in axes.items():
        style.save(one.figure if hasattr(one, "figure") else one, folder / name)
    return [folder / name for name in axes]


# -- compare --------------------------------------------------------------------------------------


def compare(
    results: Results,
    baseline: str | None = None,
    endpoint: str | None = None,
    *,
    draw: bool = True,
) -> Findings:
    """All strategies of a run against each other, and against a baseline.

    Args:
        results: of two strategies or more, with rows.
        baseline: by default the first strategy of the scenario.
        endpoint: the condition whose times are compared, and which ranks the strategies; by
            default the goal.
        draw: whether figures are drawn, where the run has a folder.

    Raises:
        InputError: one strategy alone, an unknown name, a run that kept counts, or columns left
            out that are needed.
    """
    base = baseline_of(results, baseline)
    with refusing():
        tables = _compared(results, base, endpoint)
    drawn: list[Path] = []
    if results.folder is not None:
        _written(results.folder, tables)
        if draw:
            drawn = _drawn(results.folder, figures_of(tables, caption(results)))
    said = findings.sentences(tables)
    return Findings(tables, findings.compare_text(tables), said, drawn)


def _compared(results: Results, baseline: str, endpoint: str | None) -> dict[str, pd.DataFrame]:
    scenario, frame = results.scenario, results.frame
    goal, ruin, horizon = scenario.goal, scenario.ruin, scenario.horizon
    paired = comparison.paired_samples(frame, goal, ruin, horizon, endpoint)
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
    return tables_of.with_titles(tables, scenario)


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
        first = there.head(min(MOST_RETOLD, math.ceil(MOST_RETOLD_EVENTS / events)))
        for draw, some in first.groupby("draw"):
            program = replay.with_draw(likely, results.drawn, int(draw))
            told = replay.with_logs(program, seed, [int(r) for r in some["replication"]])
            tables.append(time_budget.spells(program, told, int(draw)))
    if not tables:
        tables = [time_budget.spells(replay.program_of(scenario, names[0]), [])]
    spells = _joined(tables)
    spells.attrs = {"goal": scenario.goal, "horizon": scenario.horizon}
    return spells


def figures_of(tables: dict[str, pd.DataFrame], about: str) -> dict[str, Any]:
    """The figures of a comparison, by name."""
    from sim.plotting import decisions as figures

    drawn: dict[str, Any] = {
        "ranking": figures.ranking(tables["estimates"], tables["best"], caption=about),
        "forest": figures.forest(tables["differences"], caption=about),
        "sooner": figures.sooner(tables["pairs"], caption=about),
    }
    if len(tables.get("durability", ())):
        drawn["durability"] = figures.durability(tables["durability"], caption=about)
    return drawn


# -- explain --------------------------------------------------------------------------------------


def explain(
    scenario: ScenarioLike,
    strategies: str | Sequence[str] | None = None,
    replications: int = 500,
    seed: int = 1,
    out: str | Path | None = None,
    draws: int | str | Path | Draws = 0,
) -> Findings:
    """Why strategies do as they do: where their days go, and what costs most of them.

    Args:
        scenario: what is negotiated.
        strategies: their names; all where None.
        replications: histories of each strategy and draw, told with their logs, and told again for
            every change.
        seed: the world's luck.
        out: folder for tables and figures; nothing is written where None.
        draws: of the uncertain numbers, as for :func:`sim.experiment.run`.

    Raises:
        InputError: an unknown strategy, draws that cannot be made, or more events than can be
            replayed one by one.

    Example:
        >>> import sim
        >>> found = sim.explain("korea-2017", "proposal", replications=10)
        >>> sorted(found.tables)
        ['bottlenecks', 'budget', 'costs', 'items']
    """
    scenario = argument_checks.scenario(scenario)
    names = argument_checks.strategies(strategies, names_of(scenario))
    _check_replayed(replications, seed)
    out = None if out is None else argument_checks.path("out", out)
    about = tables_of.about(EXPLAIN, scenario, seed)
    drawn = varied_from(scenario, names, draws, seed)
    each = [replay.program_of(scenario, name) for name in names]
    _not_too_many_events(each, seed, replications, 1 if drawn is None else len(drawn))
    parts: dict[str, list[pd.DataFrame]] = {"budget": [], "items": [], "costs": []}
    rows, tracks = [], {}
    for name in names:
        days, told_again, own = _told_for_why(scenario, name, drawn, replications, seed)
        for part, by in (("budget", BY_ACTIVITY), ("items", (*BY_ACTIVITY, "item"))):
            parts[part].append(attribution.time_budget(days, by, horizon=scenario.horizon))
        parts["costs"].append(attribution.costs(told_again))
        rows.append(own)
        tracks[name] = time_budget.goal_tracks(replay.program_of(scenario, name))
    tables = {name: _joined(some) for name, some in parts.items()}
    tables["bottlenecks"] = attribution.bottlenecks(
        _joined(rows), goal=scenario.goal, horizon=scenario.horizon
    )
    tables_of.with_titles(tables, scenario)
    manifest = about | {
        "strategies": names,
        "tracks": tracks,
        "replications": replications,
        "draws": 0 if drawn is None else len(drawn),
        "finished": provenance.now(),
    }
    figures = []
    if out is not None:
        tables_of.write(out, tables, manifest)
        figures = _drawn(out, explained_figures(tables, manifest))
    text = "\n\n".join([findings.explain_text(tables, scenario.goal, tracks), *notes(manifest)])
    return Findings(tables, text, figures=figures)


def _not_too_many_events(
    programs: Sequence[Program], seed: int, replications: int, draws: int = 1
) -> None:
    """Refuse to replay for hours; a horizon of thousands of years holds as many events."""
    events = draws * sum(replay.events_of(program, seed) for program in programs)
    if events * replications > MOST_EVENTS:
        raise InputError(
            f"replications: found {replications:,}, of about {events:,} events each over a horizon "
            f"of {programs[0].code.horizon:,.0f} days, to be replayed one by one; allowed here: "
            f"at most {MOST_EVENTS // events:,}, or a shorter horizon"
        )


def _told_for_why(
    scenario: Scenario, name: str, drawn: Draws | None, replications: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Of a strategy's histories: their budgets, what each change makes of them, and their rows."""
    likely, strategy = replay.program_of(scenario, name), chosen(scenario, name)
    budgets, changed, rows = [], [], []
    for draw in [0] if drawn is None else range(1, len(drawn) + 1):
        program = replay.with_draw(likely, drawn, draw)
        told = replay.with_logs(program, seed, range(replications))
        budgets.append(time_budget.budgets(program, told, draw))
        changed.append(
            ablation.outcomes(strategy, program, kernel.simulate, seed, replications, draw)
        )
        rows.append(_rows(program, seed, replications, draw))
    return _joined(budgets), _joined(changed), _joined(rows)


def explained_figures(tables: dict[str, pd.DataFrame], manifest: dict[str, Any]) -> dict[str, Any]:
    """The figures of an explanation, by name."""
    from sim.plotting import decisions as figures

    goal, tracks = manifest["goal"], manifest["tracks"]
    about = caption_of(manifest)
    drawn = {"budget": figures.budget(tables["budget"], tracks, goal, caption=about)}
    for name in tracks:
        own = tables["costs"][tables["costs"]["strategy"] == name]
        if len(own):
            drawn[f"costs-{name}"] = figures.costs(own, goal, caption=about)
    return drawn


def _rows(program: Program, seed: int, count: int, draw: int) -> pd.DataFrame:
    from sim.engine import rows

    frame = rows.frame(program, kernel.simulate(program, seed, 0, count), draw=draw)
    kept = frame[["strategy", "draw", "replication", "outcome", "time", "binding"]]
    return kept.astype({"strategy": str, "binding": str})


def _check_replayed(replications: int, seed: int) -> None:
    argument_checks.whole("replications", replications, 1, MOST_REPLICATIONS)
    argument_checks.seed(seed)


# -- diff -----------------------------------------------------------------------------------------


def diff(
    scenario: ScenarioLike,
    a: str,
    b: str,
    replication: int = 0,
    replications: int = 500,
    seed: int = 1,
    out: str | Path | None = None,
    draw: int = 0,
    draws: str | Path | Draws | None = None,
) -> Findings:
    """The same world under two strategies, side by side, and where many worlds part.

    Args:
        scenario: what is negotiated.
        a, b: two strategies.
        replication: the world that is told.
        replications: worlds whose first divergences are counted.
        seed: the world's luck.
        out: folder for tables and the figure; nothing is written where None.
        draw, draws: of the uncertain numbers, in all these worlds; as for :func:`sim.trace`.

    Raises:
        InputError: an unknown strategy, the same twice, a draw that there is not, or more events
            than can be replayed one by one.

    Example:
        >>> import sim
        >>> pair = "proposal", "all_parallel"
        >>> found = sim.diff("korea-2017", *pair, replication=7, replications=10)
        >>> sorted(found.tables)
        ['partings', 'side_by_side', 'turns']
    """
    scenario = argument_checks.scenario(scenario)
    argument_checks.whole("replication", replication, 0, argument_checks.MOST_REPLICATION)
    _check_replayed(replications, seed)
    out = None if out is None else argument_checks.path("out", out)
    about = tables_of.about(DIFF, scenario, seed)
    if a == b:
        raise InputError(f'"{a}" twice; two different strategies are needed')
    ours, theirs = (
        of_draw(replay.program_of(scenario, name), draw, draws, seed) for name in (a, b)
    )
    _not_too_many_events([ours, theirs], seed, replications)
    stories, logs = _both(ours, theirs, seed, replication, draw)
    divergence = divergence_tables.first_divergence(ours, *logs)
    turn = divergence_tables.first_changed_attempt(ours, *logs)
    told = (replay.with_logs(each, seed, range(replications)) for each in (ours, theirs))
    both = ((one[0], one[2], two[2]) for one, two in zip(*told, strict=True))
    apart, turns = divergence_tables.divergences(
        ours, both, divergence_tables.first_divergence, divergence_tables.first_changed_attempt
    )
    side = divergence_tables.side_by_side(*stories)
    endings = [
        findings.ending(story.row["outcome"], story.row["time"], scenario.goal, scenario.ruin)
        for story in stories
    ]
    tables = {
        "side_by_side": side,
        "partings": attribution.commonest_divergences(apart),
        "turns": attribution.commonest_divergences(turns),
    }
    figures = []
    if out is not None:
        manifest = about | {
            "strategies": [a, b],
            "replication": replication,
            "replications": replications,
            "draw": draw,
            "numbers": _numbers(ours) | _numbers(theirs) if draw else {},
            "divergence": _kept(divergence),
            "turn": _kept(turn),
            "endings": endings,
            "finished": provenance.now(),
        }
        tables_of.write(out, tables, manifest)
        figures = _drawn(out, {"side_by_side": _side_by_side(stories, divergence)})
    shown = milestones(side, scenario)
    text = findings.diff_text(side, (a, b), (divergence, turn), shown, endings)
    for name in ("partings", "turns"):
        text += f"\n\n{findings.divergences_text(tables[name], (a, b), name)}"
    return Findings(tables, text, figures=figures)


def default_diff_folder(
    scenario: Scenario, a: str, b: str, replication: int, draw: int, seed: int
) -> Path:
    """Where two histories of one world are written unless a folder is named."""
    which = f"{replication}-draw{draw}" if draw else f"{replication}"
    return Path("results") / f"{scenario.name}-{a}-{b}-{which}-seed{seed}"


def diff_figure(scenario: Scenario, manifest: dict[str, Any]) -> Any:
    """The two histories of a folder, told once more for their figure."""
    seed, replication, draw = (manifest[key] for key in ("seed", "replication", "draw"))
    ours, theirs = (_with(scenario, name, manifest["numbers"]) for name in manifest["strategies"])
    stories, _ = _both(ours, theirs, seed, replication, draw)
    return _side_by_side(stories, divergences_of(manifest)[0])


def divergences_of(manifest: dict[str, Any]) -> tuple[Divergence, Divergence]:
    """Where the two histories of a folder part, and the first attempt that ends otherwise."""
    first, turn = (manifest[key] for key in ("divergence", "turn"))
    return _divergence(first), _divergence(turn)


def _divergence(kept: list[Any] | None) -> Divergence:
    return divergence_tables.NO_DIVERGENCE if kept is None else Divergence(*kept)


def _kept(divergence: Divergence) -> list[Any] | None:
    return None if math.isnan(divergence.time) else [float(divergence.time), *divergence[1:]]


def _numbers(program: Program) -> dict[str, float]:
    return {name: float(program.parameters[slot]) for name, slot in program.parameter_index.items()}


def _with(scenario: Scenario, name: str, numbers: dict[str, float]) -> Program:
    program = replay.program_of(scenario, name)
    own = set(program.parameter_index) - set(program.scenario.chosen.overrides)
    return program.with_parameters({name: value for name, value in numbers.items() if name in own})


def _both(
    ours: Program, theirs: Program, seed: int, replication: int, draw: int
) -> tuple[Any, Any]:
    """Stories and logs of the same world."""
    told = (_story(each, seed, replication, draw) for each in (ours, theirs))
    stories, logs = zip(*told, strict=True)
    return stories, logs


def _side_by_side(stories: Sequence[Trace], divergence: Divergence) -> Any:
    from sim.plotting import decisions as figures

    return figures.side_by_side(stories[0], stories[1], divergence)


def milestones(side: pd.DataFrame, scenario: Scenario) -> pd.Series:
    """Events that are told in print: what tracks do, postures, and the conditions of the end."""
    tracks = set(scenario.tracks)
    ends = {scenario.goal, scenario.ruin}
    root = side["entity"].str.split(".").str[0]
    of_tracks = root.isin(tracks) & ~side["what"].str.contains(
        "holds|waits for|pauses|resumes|window", regex=True
    )
    postures = (side["time"] == 0) & (side["where"] != "both") & side["what"].str.contains("holds")
    return of_tracks | side["entity"].isin(ends) | postures


def _story(program: Program, seed: int, replication: int, draw: int) -> tuple[Trace, Any]:
    rows, log = kernel.trace(program, seed, replication)
    return trace_of(program, rows, log, seed, replication, draw), log
