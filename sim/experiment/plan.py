"""The plan of a run: its arguments, checked; its strategies, columns and draws."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.engine.processes import UserProcess
from sim.engine.program import MAX_EVENTS, Program, translate
from sim.engine.rows import names_of_columns
from sim.errors import DrawsError, InputError
from sim.experiment import argument_checks, executors
from sim.experiment import draws as drawing
from sim.experiment.draws import Draws
from sim.experiment.progress import KINDS
from sim.experiment.simulation import ENGINES
from sim.scenario.scenario import Scenario

KEEP = ("rows", "summary")
REPLICATIONS = 2000  # of each strategy and draw, unless others are asked for
NEED_SIMPY = 'processes of your own need engine="simpy"'
MOST_REPLICATIONS = 10**12


@dataclass(frozen=True)
class RunPlan:
    """The arguments of a run; see :func:`sim.experiment.experiment.run`."""

    strategies: str | Sequence[str] | None = None
    replications: int = REPLICATIONS
    seed: int = 1
    draws: int | str | Path | Draws = 0
    design: str = "sobol"
    law: str = drawing.AS_IN_FILE
    engine: str = "compiled"
    workers: int | None = None
    pool: str | None = None
    dask: str | None = None
    executor: Executor | None = None
    block: int | None = None
    progress: str = "none"
    user_processes: Sequence[UserProcess] = ()
    columns: Sequence[str] | None = None
    keep: str = "rows"
    most_events: int = MAX_EVENTS


def chosen(scenario: Scenario, name: str) -> Scenario:
    """The scenario with a strategy chosen; "default" is that of a scenario that has none.

    Raises:
        InputError: an unknown strategy.
    """
    argument_checks.one_of("strategy", name, names_of(scenario))
    return scenario.strategy(name) if name in scenario.strategies else scenario


def names_of(scenario: Scenario) -> list[str]:
    """The strategies of a scenario; one called ``default`` where it has none."""
    return list(scenario.strategies) or [scenario.chosen.name]


def checked(scenario: Scenario, plan: RunPlan) -> tuple[RunPlan, list[str]]:
    """A plan of which everything is of its kind, and its strategies."""
    names = argument_checks.strategies(
        plan.strategies, names_of(argument_checks.scenario(scenario))
    )
    plan = replace(
        plan,
        replications=argument_checks.whole("replications", plan.replications, 1, MOST_REPLICATIONS),
        seed=argument_checks.seed(plan.seed),
        most_events=argument_checks.whole("most_events", plan.most_events, 1, 10**15),
        workers=argument_checks.workers(plan.workers),
        block=None if plan.block is None else argument_checks.whole("block", plan.block, 1, 10**7),
    )
    argument_checks.one_of("engine", plan.engine, ENGINES)
    argument_checks.one_of("keep", plan.keep, KEEP)
    argument_checks.one_of("progress", plan.progress, KINDS)
    if plan.pool is not None:
        argument_checks.one_of("pool", plan.pool, executors.POOLS)
    if plan.dask is not None:
        argument_checks.text("dask", plan.dask)
    if plan.user_processes and plan.engine != "simpy":
        raise InputError(NEED_SIMPY)
    if plan.keep == "summary" and plan.columns is not None:
        raise InputError("columns: there are none where only the summary is kept")
    return plan, names


def known_columns(program: Program, columns: Sequence[str] | None) -> list[str] | None:
    """The columns of rows to keep, in the order of the rows; None for all.

    Raises:
        InputError: there is no such column.

    Example:
        >>> import sim
        >>> from sim.engine.program import translate
        >>> known_columns(translate(sim.load("korea-2017")), ["time"])
        ['strategy', 'draw', 'replication', 'time']
    """
    if columns is None:
        return None
    known = names_of_columns(program)
    columns = [
        argument_checks.one_of("column", name, known)
        for name in argument_checks.names("columns", columns)
    ]
    keys = ["strategy", "draw", "replication"]
    return [name for name in known if name in keys or name in columns]


def drawn_from(
    scenario: Scenario,
    draws: int | str | Path | Draws,
    seed: int,
    design: str = "sobol",
    law: str = drawing.AS_IN_FILE,
) -> Draws | None:
    """The table of the draws that are asked for: how many, a file, or a table; None for 0.

    Raises:
        InputError: they cannot be made or read.
    """
    try:
        if isinstance(draws, Draws):
            return draws
        if isinstance(draws, str | os.PathLike):
            return drawing.read(argument_checks.path("draws", draws), scenario)
        count = argument_checks.whole("draws", draws, 0, drawing.MOST_DRAWS)
        return drawing.sample(scenario, count, seed, design, law) if count else None
    except DrawsError as error:
        raise InputError(str(error)) from None


def varied_from(
    scenario: Scenario, names: Sequence[str], draws: int | str | Path | Draws, *how: Any
) -> Draws | None:
    """As :func:`drawn_from`, for a study of the strategies named, for one of which draws differ.

    Raises:
        InputError: they cannot be made or read, or all strategies see the same values in all.
    """
    drawn = drawn_from(scenario, draws, *how)
    if drawn is not None:
        try:
            drawing.require_variation(drawn, [translate(chosen(scenario, name)) for name in names])
        except DrawsError as error:
            raise InputError(str(error)) from None
    return drawn


def of_draw(
    program: Program, draw: int, draws: str | Path | Draws | None = None, seed: int = 1
) -> Program:
    """The program with the numbers of one draw, of a table or as a run samples them.

    Raises:
        InputError: there is no such draw.
    """
    argument_checks.whole("draw", draw, 0, drawing.MOST_DRAWS)
    table = drawn_from(program.scenario, draw if draws is None else draws, seed)
    try:
        return program if table is None else table.applied(program, draw)
    except DrawsError as error:
        raise InputError(str(error)) from None
