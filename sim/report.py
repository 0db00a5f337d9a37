"""What is made of a run: its summary, its figures, and single histories told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from sim import comparison, kernel, processes, statistics
from sim.experiment import InputError, Results, names_of, nearest
from sim.program import translate
from sim.question import is_counted
from sim.scenario import Scenario
from sim.story import Story
from sim.story import tell as make_story

TRACERS = {"compiled": kernel.trace, "simpy": processes.trace}


def tell(
    scenario: Scenario,
    strategy: str | None = None,
    replication: int = 0,
    seed: int = 1,
    engine: str = "simpy",
) -> Story:
    """One history of a scenario, event by event; the same as in a run with this seed.

    Raises:
        InputError: an unknown strategy.
        sim.program.ModelError: a history in which time cannot advance.
    """
    name = names_of(scenario)[0] if strategy is None else strategy
    program = translate(chosen(scenario, name))
    rows, log = TRACERS[engine](program, seed, replication)
    return make_story(program, rows, log, seed, replication)


def chosen(scenario: Scenario, name: str) -> Scenario:
    """The scenario with a strategy chosen; "default" is that of a scenario that has none.

    Raises:
        InputError: an unknown strategy.
    """
    known = names_of(scenario)
    if name not in known:
        raise InputError(f'unknown strategy "{name}"{nearest(name, known)}')
    return scenario.strategy(name) if name in scenario.strategies else scenario


def summarise(results: Results, endpoint: str | None = None) -> pd.DataFrame:
    """The summary of a run, best strategy first; written to ``summary.csv`` where it has a folder.

    Raises:
        InputError: an endpoint that the scenario does not know.
    """
    scenario = results.scenario
    try:
        table = statistics.summary(
            results.frame, scenario.goal, scenario.ruin, scenario.horizon, endpoint
        )
    except ValueError as error:
        raise InputError(str(error)) from None
    if results.folder is not None:
        table.to_csv(results.folder / "summary.csv", index=False)
    return table


def differences(
    results: Results, baseline: str | None = None, endpoint: str | None = None
) -> pd.DataFrame:
    """Paired differences to a baseline (the first strategy of the scenario where None).

    Raises:
        InputError: an unknown baseline or endpoint, or a run of one strategy alone.
    """
    scenario, name = results.scenario, baseline_of(results, baseline)
    try:
        table = comparison.compare(
            results.frame, name, scenario.goal, scenario.ruin, scenario.horizon, endpoint
        )
    except ValueError as error:
        raise InputError(str(error)) from None
    if results.folder is not None:
        table.to_csv(results.folder / "differences.csv", index=False)
    return table


def baseline_of(results: Results, baseline: str | None) -> str:
    """The strategy that the others are held against; by default the first.

    Raises:
        InputError: it is unknown, or there is no other.
    """
    names = list(results.manifest["strategies"])
    if len(names) < 2:
        raise InputError("there is only one strategy; a comparison needs two")
    name = names[0] if baseline is None else baseline
    if name not in names:
        raise InputError(f'unknown baseline "{name}"{nearest(name, names)}')
    return name


def figures(
    results: Results, baseline: str | None = None, endpoint: str | None = None
) -> list[Path]:
    """Draw the figures of a run into its folder, each as PNG and SVG; their paths without ending.

    Raises:
        InputError: the run has no folder.
    """
    # matplotlib takes its time: only who draws waits for it.
    from sim import plots

    folder, scenario, frame = results.folder, results.scenario, results.frame
    if folder is None:
        raise InputError("a run without a results folder has no place for figures")
    goal, horizon = scenario.goal, scenario.horizon
    about = caption(results)
    drawn = {
        "incidence": plots.incidence(
            statistics.incidence(frame, endpoint, horizon=horizon, goal=goal),
            caption=about,
        ),
        "outcomes": plots.outcomes(
            statistics.outcomes(frame, goal=goal, horizon=horizon), caption=about
        ),
        "times": plots.times(
            statistics.times(frame, endpoint, horizon=horizon, goal=goal),
            caption=about,
        ),
    }
    if len(results.manifest["strategies"]) > 1 and not is_counted(frame):
        drawn["differences"] = plots.differences(
            differences(results, baseline, endpoint), caption=about
        )
    for name, axes in drawn.items():
        plots.save(axes.figure, folder / name)
    return [folder / name for name in drawn]


def caption(results: Results) -> str:
    """What every figure says of its run."""
    manifest = results.manifest
    return (
        f"{manifest['scenario']}: {manifest['replications']:,} histories of each strategy, "
        f"seed {manifest['seed']}; bands and bars are 95 % intervals"
    )
