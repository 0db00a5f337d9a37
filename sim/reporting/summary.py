"""What is made of a run: its summary, its figures, and the trace of a single replication."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.samples import is_counted
from sim.engine import kernel, processes
from sim.engine.processes import UserProcess
from sim.engine.program import translate
from sim.errors import InputError
from sim.experiment import argument_checks
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.plan import NEED_SIMPY, chosen, names_of, of_draw
from sim.experiment.result_tables import frame_of, from_counts
from sim.experiment.results import Results
from sim.formatting import many
from sim.reporting.sections import Figure, figure, save_figures
from sim.scenario import linting
from sim.scenario.scenario import Scenario
from sim.tracing.trace import Trace, trace_of

Tables = dict[str, pd.DataFrame]
FROM_COUNTS = (
    "The summary is made from counts by day, which do not say which runs are of one replication: "
    "its intervals allow for the largest Monte Carlo error possible, as if each replication came "
    "out the same in every draw."
)
TRACERS: dict[str, Callable[..., Any]] = {"compiled": kernel.trace, "simpy": processes.trace}


def trace(
    scenario: ScenarioLike,
    strategy: str | None = None,
    replication: int = 0,
    seed: int = 1,
    engine: str = "simpy",
    draw: int = 0,
    draws: str | Path | Draws | None = None,
    user_processes: Sequence[UserProcess] = (),
) -> Trace:
    """One replication of a scenario, event by event; the same as in a run with this seed.

    Args:
        scenario: what is negotiated.
        strategy: the first one where None.
        replication, seed, draw: which replication.
        engine: "simpy" or "compiled".
        draws: a table that holds the draw, or its file; as a run samples them where None.
        user_processes: SimPy processes of the user's own (SimPy engine).

    Raises:
        InputError: an unknown strategy, or a draw that there is not.
        sim.errors.ModelError: a replication in which time cannot advance.

    Example:
        >>> import sim
        >>> sim.trace("korea-2017", "proposal", replication=7).row["outcome"]
        'ongoing'
    """
    scenario = argument_checks.scenario(scenario)
    name = names_of(scenario)[0] if strategy is None else strategy
    replication = argument_checks.whole(
        "replication", replication, 0, argument_checks.MOST_REPLICATION
    )
    seed = argument_checks.seed(seed)
    argument_checks.one_of("engine", engine, TRACERS)
    program = of_draw(translate(chosen(scenario, name)), draw, draws, seed)
    if user_processes and engine != "simpy":
        raise InputError(NEED_SIMPY)
    own = (user_processes,) if user_processes else ()
    rows, log = TRACERS[engine](program, seed, replication, *own)
    return trace_of(program, rows, log, seed, replication, draw)


def never_starts(results: Results) -> list[str]:
    """What never starts under the strategies of a run, and why: a sentence each.

    Nothing is said where processes of a user's own may have raised conditions: of a run of the
    SimPy engine that no command made.
    """
    manifest = results.manifest
    if manifest["engine"] == "simpy" and manifest["command"] is None:
        return []
    scenario = results.scenario
    strategies = [scenario.strategy(name).chosen for name in manifest["strategies"]]
    return linting.notes_on_strategies(scenario, strategies)


def summarise(results: Results, endpoint: str | None = None) -> pd.DataFrame:
    """The summary of a run, best strategy first; written to ``summary.csv`` where it has a folder.

    Args:
        results: of any run.
        endpoint: the condition that the summary is about, and that ranks the strategies; by
            default the goal.

    Raises:
        InputError: an endpoint that the scenario does not know.
    """
    table = results.summary(endpoint)
    if results.folder is not None:
        named = with_title_column(table, results.scenario.titles)
        named.to_csv(results.folder / "summary.csv", index=False)
    return table


def differences(
    results: Results, baseline: str | None = None, endpoint: str | None = None
) -> pd.DataFrame:
    """Paired differences to a baseline (the first strategy of the scenario where None).

    Raises:
        InputError: an unknown baseline or endpoint, or a run of one strategy alone.
    """
    table = results.compare(baseline, endpoint)
    if results.folder is not None:
        table.to_csv(results.folder / "differences.csv", index=False)
    return table


def figures(
    results: Results,
    baseline: str | None = None,
    endpoint: str | None = None,
    table: pd.DataFrame | None = None,
) -> list[Path]:
    """Draw the figures of a run into its folder, each as PNG and SVG; their paths without ending.

    Args:
        results: of a run that has a folder.
        baseline, endpoint: as for :func:`differences`.
        table: of the differences, where a comparison has made (and draws) it already. None: it is
            made, written and drawn.

    Raises:
        InputError: the run has no folder.
    """
    folder = results.folder
    if folder is None:
        raise InputError("a run without a results folder has no place for figures")
    drawn = figures_of(results, endpoint, table)
    rows = not is_counted(frame_of(results))
    if table is None and rows and len(results.manifest["strategies"]) > 1:
        drawn.append(_differences_figure(results, differences(results, baseline, endpoint)))
    return save_figures(drawn, folder)


def figures_of(
    results: Results, endpoint: str | None = None, table: pd.DataFrame | None = None
) -> list[Figure]:
    """Incidence, outcomes and shares by time of a run, one :class:`Figure` each.

    Args:
        results: of a run.
        endpoint: the condition that they are about; by default the goal.
        table: of paired differences, by which the incidence names the strategy that leads. None:
            the title goes by overlapping bands.
    """
    about, curves = caption(results), results.incidence(endpoint)
    if table is not None:
        curves.attrs["paired"] = _lead(curves, table)
    shown = {
        "incidence": curves,
        "outcomes": results.outcomes(endpoint),
        "times": results.shares_by_time(endpoint),
    }
    with_titles(shown, results.scenario)
    return [
        figure("outcomes.incidence", curves, caption=f"{about}; bands are 95 % intervals"),
        figure("outcomes.outcomes", shown["outcomes"], caption=about),
        figure("outcomes.times", shown["times"], caption=about),
    ]


def _differences_figure(results: Results, table: pd.DataFrame) -> Figure:
    with_titles({"differences": table}, results.scenario)
    about = f"{caption(results)}; bars are 95 % intervals"
    return figure("outcomes.differences", table, caption=about)


def _lead(curves: pd.DataFrame, table: pd.DataFrame) -> dict[str, Any] | None:
    """The largest share minus that of the baseline (or the next one), paired; None: several lead.

    Args:
        curves: from :func:`sim.analysis.incidence.incidence`.
        table: of paired differences to a baseline.
    """
    ends = curves.groupby("strategy", sort=False)["best"].last()
    ends = ends.sort_values(ascending=False, kind="stable")
    if ends.iloc[0] == ends.iloc[1]:
        return None
    apart = table[table["measure"] == "reached"].set_index("strategy")
    other = str(table.attrs["baseline"])
    if ends.index[0] != other:
        row = apart.loc[ends.index[0]]
        return {"other": other, **{end: float(row[end]) for end in ("low", "best", "high")}}
    row = apart.loc[ends.index[1]]
    return {
        "other": str(ends.index[1]),
        "low": -float(row["high"]), "best": -float(row["best"]), "high": -float(row["low"]),
    }  # fmt: skip


def notes(manifest: Mapping[str, Any]) -> list[str]:
    """What must be known before the intervals of a run, or an explanation, are read."""
    draws, replications = manifest["draws"], manifest["replications"]
    if draws == 1:
        return [
            "One draw says nothing of other draws: the intervals are over its replications alone."
        ]
    if not draws:
        return []
    if replications == 1:
        return [
            "One replication says nothing of other replications, and all draws share it: there are "
            "no intervals."
        ]
    said = (
        f"All draws share the random numbers of the same {replications:,} replications. Intervals "
        f"hold both: what {draws:,} draws say of other draws, and what {replications:,} "
        "replications say of other replications (Monte Carlo error)."
    )
    return [f"{said} {FROM_COUNTS}"] if from_counts(manifest) else [said]


def with_titles(tables: Tables, scenario: Scenario) -> Tables:
    """The same tables; they know the strategies in order, for colours, and their titles."""
    for table in tables.values():
        table.attrs = table.attrs | {"strategies": list(scenario.strategies)}
        if scenario.titles:
            table.attrs = table.attrs | {"titles": scenario.titles}
    return tables


def with_title_column(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """The table with the strategies' titles beside their names, where there are any."""
    if not titles:
        return table
    named = table.copy()
    column = [titles.get(str(name), "") for name in table["strategy"]]
    named.insert(int(table.columns.get_loc("strategy")) + 1, "title", column)
    return named


def caption(results: Results) -> str:
    """What every figure says of its run."""
    return caption_of(results.manifest)


def caption_of(manifest: Mapping[str, Any]) -> str:
    """How many replications a manifest describes, and of what."""
    of_each = f"{many(manifest['replications'], 'replication')} of each strategy"
    if manifest["draws"]:
        of_each = f"{many(manifest['draws'], 'draw')} x {of_each} and draw"
    return f"{manifest['scenario']}: {of_each}, seed {manifest['seed']}"
