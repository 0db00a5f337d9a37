"""The same replications with one change: a setback that costs nothing, a shock that does not
happen, a window that is open.

Random draws have addresses, so a counterfactual has the same random numbers as the replication that
it is compared with, and what differs follows from the change alone.

**What is ablated, and how.** A shock does not happen: its probability is 0; its clock runs on.
A setback *costs nothing*: the attempt fails as it did, but without delay and effects, and the stage
is tried again at once. That can be done to every setback, so all are held against the same. (A
stage of no length keeps the delay, or time would not advance.) Where a stage has another setback
that always may occur, it can also be *never drawn* (its weight is 0): then the attempts fail as
often, each with one of the others, which may be worse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.engine.calendar import spans_of
from sim.engine.program import GOAL, Program, translate
from sim.engine.rows import Rows
from sim.scenario.scenario import Scenario, Setback, Stage, Window, fixed

COSTS_NOTHING, NEVER_DRAWN, DOES_NOT_HAPPEN = "costs nothing", "never drawn", "does not happen"
ALWAYS_OPEN, CLOSED_AT_FIRST = "always open", "closed for the first year"
FIRST_YEAR = 365
Simulate = Callable[[Program, int, int, int], Rows]


class Change(NamedTuple):
    """One thing that is different.

    Attributes:
        kind: "setback", "shock" or "window".
        name: ``track.stage.setback``, the shock, or ``track.stage`` of the window.
        how: what is done to it.
        program: the scenario with it.
    """

    kind: str
    name: str
    how: str
    program: Program


def changes(scenario: Scenario, program: Program) -> Iterator[Change]:
    """Everything that can be switched off, one at a time.

    Args:
        scenario: with the strategy chosen.
        program: its translation, with the parameter values of the draw.
    """
    yield from _setbacks(scenario, program)
    for shock in scenario.shocks:
        off = program.with_parameters({f"{shock}.probability": 0.0})
        yield Change("shock", shock, DOES_NOT_HAPPEN, off)
    yield from _windows(scenario, program)


def _setbacks(scenario: Scenario, program: Program) -> Iterator[Change]:
    for address, stage in _stages(scenario):
        for setback in stage.setbacks:
            name = f"{address}.{setback.name}"
            kept = replace(stage, setbacks=tuple(_harmless(stage, setback)))
            with_it = _retranslated(scenario, address, kept, program)
            yield Change("setback", name, COSTS_NOTHING, with_it)
            if _may_fall_out(stage, setback, address, program):
                off = program.with_parameters({f"{name}.weight": 0.0})
                yield Change("setback", name, NEVER_DRAWN, off)


def _harmless(stage: Stage, changed: Setback) -> Iterator[Setback]:
    """The setbacks of a stage, one of them at no cost."""
    instant = stage.duration == fixed(0.0)
    for setback in stage.setbacks:
        if setback is not changed:
            yield setback
            continue
        yield replace(
            setback,
            delay=setback.delay if instant else fixed(0.0),
            resume=None,
            clears=(),
            lowers=(),
            raises=(),
            reopens=(),
            resumes=(),
        )


def _may_fall_out(stage: Stage, setback: Setback, address: str, program: Program) -> bool:
    """Does another setback of the stage remain that always may occur?"""
    others = [s for s in stage.setbacks if s is not setback and not s.when]
    return any(
        program.parameters[program.parameter_index[f"{address}.{s.name}.weight"]] > 0
        for s in others
    )


def _windows(scenario: Scenario, program: Program) -> Iterator[Change]:
    for address, stage in _stages(scenario):
        if stage.window:
            for how, windows in (
                (ALWAYS_OPEN, ()),
                (CLOSED_AT_FIRST, _later(stage, scenario.start, scenario.horizon)),
            ):
                changed = replace(stage, window=windows)
                with_it = _retranslated(scenario, address, changed, program)
                yield Change("window", address, how, with_it)


def _later(stage: Stage, start: dt.date, horizon: float) -> tuple[Window, ...]:
    """The openings of a window after the first year, as dates."""
    spans = spans_of(stage.window, start, horizon)
    kept = [(max(opens, FIRST_YEAR), shut) for opens, shut in spans if shut > FIRST_YEAR]
    # Without an opening left the stage stays shut: its window lies beyond the horizon.
    kept = kept or [(int(horizon) + 1, int(horizon) + 2)]
    day = dt.timedelta(days=1)
    return tuple(Window(opens=start + a * day, closes=start + (b - 1) * day) for a, b in kept)


def _stages(scenario: Scenario) -> Iterator[tuple[str, Stage]]:
    """Stages that the strategy does not leave out, with their addresses."""
    for track in scenario.tracks.values():
        if track.name not in scenario.chosen.never:
            for stage in track.stages:
                yield f"{track.name}.{stage.name}", stage


def _retranslated(scenario: Scenario, address: str, changed: Stage, program: Program) -> Program:
    """The program with another stage; numbers that have the same name keep their values."""
    track = scenario.tracks[address.split(".")[0]]
    stages = tuple(changed if s.name == changed.name else s for s in track.stages)
    tracks = {**scenario.tracks, track.name: replace(track, stages=stages)}
    other = translate(replace(scenario, tracks=tracks))
    gone = f"{address}."
    values = {
        name: float(program.parameters[slot])
        for name, slot in program.parameter_index.items()
        if name in other.parameter_index and not (name.startswith(gone) and ".delay" in name)
    }
    return other.with_parameters(values)


@dataclass(frozen=True)
class GoalDays:
    """When the goal came in the replications of a program, (n,) each.

    Attributes:
        days: without the goal, restricted to the horizon.
        reached: whether the goal came, before any ruin.
    """

    days: npt.NDArray[np.float64]
    reached: npt.NDArray[np.bool_]


def _told(program: Program, simulate: Simulate, seed: int, count: int) -> GoalDays:
    rows = simulate(program, seed, 0, count)
    reached = rows.outcome == GOAL
    return GoalDays(np.where(reached, rows.time, program.code.horizon), reached)


def outcomes(
    scenario: Scenario, program: Program, simulate: Simulate, seed: int, count: int, draw: int = 0
) -> pd.DataFrame:
    """Every replication as it was, and as it would have been under each ablation.

    Args:
        scenario: with the strategy chosen.
        program: its translation, with the parameter values of the draw.
        simulate: an engine.
        seed: of the random numbers.
        count: replications.
        draw: of the parameter values.

    Returns:
        strategy, draw, replication, kind, name, how, days, days_without, reached,
        reached_without: days without the goal and whether it was reached, as it was and as it
        would have been. All rows of a change stand together.
    """
    was = _told(program, simulate, seed, count)
    tables = []
    for change in changes(scenario, program):
        other = _told(change.program, simulate, seed, count)
        tables.append(
            pd.DataFrame(
                {
                    "strategy": program.strategy,
                    "draw": draw,
                    "replication": np.arange(count),
                    "kind": change.kind,
                    "name": change.name,
                    "how": change.how,
                    "days": was.days,
                    "days_without": other.days,
                    "reached": was.reached,
                    "reached_without": other.reached,
                }
            )
        )
    columns = ["strategy", "draw", "replication", "kind", "name", "how"]
    columns += ["days", "days_without", "reached", "reached_without"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
