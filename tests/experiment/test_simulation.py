"""The loop that drives the engines: whatever is cut, shared or cancelled, the same replications."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine import kernel
from sim.engine.program import Program, translate
from sim.engine.rows import Rows
from sim.errors import ModelError
from sim.experiment import draws, simulation
from sim.experiment.simulation import (
    BASE,
    AtPoints,
    Batch,
    SimulationCancelled,
    Span,
    batches,
    simulate,
)

SCENARIO = sim.load("korea-2017")
PROGRAMS = [translate(SCENARIO.strategy(name)) for name in ("proposal", "pressure")]
DRAWN = draws.sample(SCENARIO, 4, seed=3)
SPANS = [Span(BASE, 5, 130), Span(2, 0, 31), Span(0, 40, 1), Span(3, 7, 64)]


def sources() -> list[Any]:
    return [partial(AtPoints, one, DRAWN.uncertain_in(one)) for one in PROGRAMS]


def times(workers: int) -> list[list[np.ndarray]]:
    found = [[np.full(span.count, np.nan) for span in SPANS] for _ in PROGRAMS]
    counted: list[int] = []

    def keep(batch: Batch) -> None:
        found[batch.source][batch.span][batch.columns] = batch.rows.time

    simulate(sources(), SPANS, keep, seed=9, workers=workers, on_simulated=counted.append)
    assert sum(counted) == len(PROGRAMS) * sum(span.count for span in SPANS)
    return found


def alone(program: Program, span: Span) -> np.ndarray:
    return kernel.simulate(DRAWN.applied(program, span.point + 1), 9, span.first, span.count).time


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("batch", "task"), [(1_000, 4_000), (7, 20), (50, 33)])
def test_replications_are_those_of_each_point_alone(
    batch: int, task: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "BATCH", batch)
    monkeypatch.setattr(simulation, "OF_A_TASK", task)
    for program, found in zip(PROGRAMS, times(workers), strict=True):
        for span, ours in zip(SPANS, found, strict=True):
            np.testing.assert_array_equal(ours, alone(program, span))


def test_the_simpy_engine_simulates_the_same() -> None:
    span = Span(1, 3, 5)
    simulator = AtPoints(PROGRAMS[0], DRAWN.uncertain_in(PROGRAMS[0]), "simpy")
    ((place, begin, rows),) = batches(simulator, [span], seed=9)
    assert (place, begin) == (0, 0)
    np.testing.assert_array_equal(rows.time, alone(PROGRAMS[0], span))


def test_nothing_is_asked_or_simulated_once_it_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulation, "BATCH", 10)
    monkeypatch.setattr(simulation, "OF_A_TASK", 20)
    asked, kept = [], []

    def cancelled() -> bool:
        asked.append(len(kept))
        return len(asked) > 3

    with pytest.raises(SimulationCancelled):
        simulate(sources(), SPANS, kept.append, seed=9, workers=2, cancelled=cancelled)
    assert len(asked) == 4 and len(kept) <= 3


class Failing:
    """Fails at replications from a number on."""

    def __init__(self, last: int) -> None:
        self.last = last

    def use(self, point: int) -> None: ...

    def simulate(self, seed: int, first: int, rows: Rows) -> None:
        if first + len(rows.time) > self.last:
            raise ModelError(f"replication {max(first, self.last)} cannot advance")

    def empty(self, count: int) -> Rows:
        return AtPoints(PROGRAMS[0]).empty(count)


@pytest.mark.parametrize("workers", [1, 4])
def test_the_error_is_that_of_the_first_failure(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "OF_A_TASK", 10)
    with pytest.raises(ModelError, match="replication 17 "):
        simulate([lambda: Failing(17)], [Span(BASE, 0, 99)], id, seed=1, workers=workers)


def test_nothing_to_simulate_is_nothing() -> None:
    simulate(sources(), [], pytest.fail, seed=1, workers=2)
