"""The study that explains strategies: where their days go, and what costs most of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from sim.analysis import attribution
from sim.analysis.intervals import LEVEL
from sim.engine import kernel, rows
from sim.engine.program import Program
from sim.experiment import argument_checks, replay
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.plan import chosen, names_of, varied_from
from sim.formatting import DASH, days_text, listed, percent
from sim.reporting.cells import difference, limits
from sim.reporting.sections import DRAWN, HELD, OF_THE_RANGES, Bullets, Facts, Section, figure
from sim.reporting.summary import caption_of, notes
from sim.reporting.text_tables import TextTable
from sim.scenario.scenario import Scenario
from sim.studies import ablation
from sim.studies.ablation import COSTS_NOTHING
from sim.studies.study import (
    MOST_REPLAYED_REPLICATIONS,
    Study,
    begun,
    check_events,
    finished,
    joined,
)
from sim.tracing import time_budget
from sim.tracing.time_budget import ACTIVITIES

ASKED = ("strategies",)
MOST_ANSWERED = 3  # strategies in the answer
MOST_COSTS = 12
MOST_WINDOWS = 8
BY_ACTIVITY = ("track", "activity")


def explain(
    scenario: ScenarioLike,
    strategies: str | Sequence[str] | None = None,
    replications: int = 500,
    seed: int = 1,
    out: str | Path | None = None,
    draws: int | str | Path | Draws = 0,
) -> Study:
    """Why strategies do as they do: where their days go, and what costs most of them.

    Args:
        scenario: what is negotiated.
        strategies: their names; all where None.
        replications: of each strategy and draw, simulated with their logs, and simulated again for
            every change.
        seed: of the random numbers.
        out: folder that it is saved to; nothing is written where None.
        draws: of the uncertain parameters, as for :func:`sim.experiment.experiment.run`.

    Returns:
        The tables ``budget``, ``items``, ``costs`` and ``bottlenecks``.

    Raises:
        InputError: an unknown strategy, draws that cannot be made, or more events than can be
            replayed one by one.

    Example:
        >>> import sim
        >>> study = sim.explain("korea-2017", "proposal", replications=10)
        >>> sorted(study.tables)
        ['bottlenecks', 'budget', 'costs', 'items']
    """
    scenario = argument_checks.scenario(scenario)
    names = argument_checks.strategies(strategies, names_of(scenario))
    argument_checks.whole("replications", replications, 1, MOST_REPLAYED_REPLICATIONS)
    argument_checks.seed(seed)
    manifest = begun("explain", scenario, seed, out, strategies=names, replications=replications)
    drawn = varied_from(scenario, names, draws, seed)
    programs = [replay.program_of(scenario, name) for name in names]
    check_events(programs, seed, replications, 1 if drawn is None else len(drawn))
    parts: dict[str, list[pd.DataFrame]] = {"budget": [], "items": [], "costs": []}
    bindings = []
    for name in names:
        days, changed, own = _replayed(scenario, name, drawn, replications, seed)
        for part, by in (("budget", BY_ACTIVITY), ("items", (*BY_ACTIVITY, "item"))):
            parts[part].append(attribution.time_budget(days, by, horizon=scenario.horizon))
        parts["costs"].append(attribution.costs(changed))
        bindings.append(own)
    tables = {name: joined(some) for name, some in parts.items()}
    tables["bottlenecks"] = attribution.bottlenecks(
        joined(bindings), goal=scenario.goal, horizon=scenario.horizon
    )
    tracks = [time_budget.goal_tracks(program) for program in programs]
    manifest |= {
        "tracks": dict(zip(names, tracks, strict=True)),
        "draws": 0 if drawn is None else len(drawn),
    }
    return finished(scenario, tables, manifest, out)


def _replayed(
    scenario: Scenario, name: str, drawn: Draws | None, replications: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Of a strategy's replications: time budgets, what each change makes of them, bottlenecks."""
    likely, strategy = replay.program_of(scenario, name), chosen(scenario, name)
    budgets, changed, bindings = [], [], []
    for draw in [0] if drawn is None else range(1, len(drawn) + 1):
        program = replay.with_draw(likely, drawn, draw)
        logs = replay.with_logs(program, seed, range(replications))
        budgets.append(time_budget.budgets(program, logs, draw))
        changed.append(
            ablation.outcomes(strategy, program, kernel.simulate, seed, replications, draw)
        )
        bindings.append(_bindings(program, seed, replications, draw))
    return joined(budgets), joined(changed), joined(bindings)


def _bindings(program: Program, seed: int, count: int, draw: int) -> pd.DataFrame:
    frame = rows.frame(program, kernel.simulate(program, seed, 0, count), draw=draw)
    kept = frame[["strategy", "draw", "replication", "outcome", "time", "binding"]]
    return kept.astype({"strategy": str, "binding": str})


# -- what it says ---------------------------------------------------------------------------------


def sections(study: Study) -> Iterator[Section]:
    """What an explanation says, strategy by strategy."""
    tables, goal, about = study.tables, study.manifest["goal"], caption_of(study.manifest)
    tracks = study.manifest["tracks"]
    yield Bullets(_answer(tables["costs"], list(tracks), goal))
    yield figure("decisions.budget", tables["budget"], tracks, goal, caption=about)
    level = tables["costs"].attrs.get("level", LEVEL)
    for strategy in tracks:
        own = {name: table[table["strategy"] == strategy] for name, table in tables.items()}
        yield _budget(own["budget"], strategy, goal)
        yield from _on_waits(own["items"], strategy, tracks[strategy])
        yield _on_bottlenecks(own["bottlenecks"], strategy, goal)
        yield from _on_costs(own["costs"], strategy, goal, level)
        if len(own["costs"]):
            name = f"costs-{strategy}"
            yield figure("decisions.costs", own["costs"], goal, name=name, caption=about)


def facts(study: Study) -> Facts:
    """What stands around it on a page."""
    manifest = study.manifest
    draws = manifest["draws"]
    each = f"strategy and of {draws:,} draws" if draws else "strategy"
    return Facts(
        "an explanation",
        caption_of(manifest),
        {
            "Replications": f"{manifest['replications']:,} of each {each}, and again for each "
            "change",
            "Strategies": ", ".join(manifest["strategies"]),
        },
        notes=notes(manifest),
        parameters=DRAWN if draws else HELD,
        interval_scope=OF_THE_RANGES if draws else "",
    )


def _answer(costs: pd.DataFrame, strategies: Sequence[str], goal: str) -> Iterator[str]:
    """What costs the first strategies most; the others have sections of their own."""
    for strategy in strategies[:MOST_ANSWERED]:
        yield _on_the_costliest(costs[costs["strategy"] == strategy], strategy, goal)


def _main(costs: pd.DataFrame) -> pd.DataFrame:
    """The costs that are shown: of a setback, those of its delay and effects."""
    return costs[(costs["how"] == COSTS_NOTHING) | (costs["kind"] != "setback")]


def _budget(table: pd.DataFrame, strategy: str, goal: str) -> TextTable:
    used = [name for name in ACTIVITIES if table.loc[table["activity"] == name, "best"].sum() > 0]
    days = table.set_index(["track", "activity"])["best"]
    tracks = list(dict.fromkeys(table["track"]))
    body = [
        [name, *(days_text(float(days.get((track, name), 0.0))) for track in tracks)]
        for name in used
    ]
    title = f"{strategy}: where the days without {goal} go"
    return TextTable(title, ["mean days", *tracks], body, "", "budget.csv")


def _on_waits(table: pd.DataFrame, strategy: str, tracks: Sequence[str]) -> Iterator[str]:
    for track in tracks:
        part = table[(table["track"] == track) & table["activity"].str.startswith("waiting")]
        waits = [
            f"{row.item or row.activity.removeprefix('waiting for ')} {days_text(row.best)} days"
            f"{limits(row.low, row.high, days_text)}"
            for row in part[part["best"] >= 0.5].head(4).itertuples()
        ]
        if waits:
            yield f"Under {strategy} {track} waits for {listed(waits)}."


def _on_bottlenecks(table: pd.DataFrame, strategy: str, goal: str) -> str:
    if table.empty:
        return f"No replication of {strategy} reached {goal}, so there is no last wait to report."
    shares = [
        f"{row.binding or 'nothing'} {percent(row.best)} %{limits(row.low, row.high, percent)}"
        for row in table.head(4).itertuples()
    ]
    return (
        f"Last waited for under {strategy} where {goal} came (n = {table['n'].iloc[0]}): "
        f"{', '.join(shares)}."
    )


def _on_costs(table: pd.DataFrame, strategy: str, goal: str, level: float) -> Iterator[Section]:
    """The costliest setbacks and shocks, then the windows."""
    if table.empty:
        return
    main = _main(table)
    windows = main["kind"] == "window"
    shown = pd.concat([main[~windows].head(MOST_COSTS), main[windows].head(MOST_WINDOWS)])
    sure = main[main["joint_low"] > 0]
    head = ["the same replications without", f"days without {goal} saved", "points gained"]
    body = [
        [
            f"{row.name}: {row.how}" if row.kind == "window" else str(row.name),
            difference(row.best, row.joint_low, row.joint_high, "days")
            if row.changed > 0
            else "none in any replication",
            difference(row.share, row.share_low, row.share_high, "share"),
        ]
        for row in shown.itertuples(index=False)
    ]
    several = f"{len(table)} change{'s' * (len(table) != 1)}"
    significant = len(sure) + int((main["joint_high"] < 0).sum())
    note = (
        f"Days: intervals that hold together for {several} at {100 * level:g} %; "
        f"points each by itself; * it excludes 0. {significant} of {len(main)} are significant; "
        "all are in costs.csv. Without a setback: the attempt fails as it did, but without delay "
        "and effects. Windows: the same replications with another one."
    )
    yield TextTable(
        f"{strategy}: what setbacks, shocks and windows cost (ablation)",
        head,
        body,
        note,
        "costs.csv",
    )


def _on_the_costliest(costs: pd.DataFrame, strategy: str, goal: str) -> str:
    if costs.empty:
        return f"There is no setback, shock or window to remove under {strategy}."
    main = _main(costs)
    sure = main[main["joint_low"] > 0]
    if sure.empty:
        return f"No setback, shock or window is shown to cost {strategy} days without {goal}."
    row = sure.iloc[0]
    what = f"with another window of {row['name']} ({row['how']})"
    what = what if row["kind"] == "window" else f"without {row['name']}"
    return (
        f"The costliest under {strategy}: {what}, the same replications have "
        f"{days_text(row['best'])} "
        f"days less without {goal} ({days_text(row['joint_low'])}{DASH}"
        f"{days_text(row['joint_high'])})."
    )
