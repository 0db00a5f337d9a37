"""Replications of a run simulated again: with their logs, or with their martingale residuals.

A replication is fixed by seed, strategy, draw and number, so only its row need be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from sim.analysis.comparison import PairedSamples
from sim.engine.kernel import Simulator
from sim.engine.program import Program, translate
from sim.errors import ModelError
from sim.experiment.draws import Draws
from sim.experiment.plan import chosen
from sim.experiment.results import Results
from sim.experiment.simulation import AtPoints, Batch, Span, simulate
from sim.scenario.scenario import Scenario
from sim.tracing import time_budget
from sim.types import Floats, Ints


def program_of(scenario: Scenario, name: str) -> Program:
    """The program of a strategy at the base values."""
    return translate(chosen(scenario, name))


def with_draw(base: Program, drawn: Draws | None, draw: int) -> Program:
    """The program with the numbers of a draw; as it is where none were drawn."""
    return base if drawn is None else drawn.applied(base, draw)


def with_logs(
    program: Program, seed: int, replications: Iterable[int]
) -> Iterator[time_budget.LoggedReplication]:
    """Replications with their rows and logs."""
    simulator = Simulator(program)
    for replication in replications:
        yield replication, *simulator.trace(seed, replication)


def events_of(program: Program, seed: int, replications: Iterable[int] = (0,)) -> int:
    """Events in the logs of some replications; 1 where there are none."""
    return max(1, sum(len(log) for _, _, log in with_logs(program, seed, replications)))


class _Differs(Exception):
    """A replication came out otherwise than in the results."""


def residuals(results: Results, paired: PairedSamples) -> dict[str, Floats] | None:
    """Martingale residuals of all replications by strategy, as control variates.

    See :mod:`sim.analysis.control_variates`.

    Returns:
        (runs, 2 x stages) of each strategy, in the order of its sample; None where replications
        come out otherwise: processes of a user's own were in them, or other model versions.
    """
    programs = {name: program_of(results.scenario, name) for name in paired.names}
    times = [sample["time"] for sample in paired.samples.values()]
    found = [np.empty((len(times[0]), 2 * len(one.stages))) for one in programs.values()]
    spans, begins = _spans(paired.first["draw"], paired.first["replication"])

    def keep(batch: Batch) -> None:
        begin, rows = begins[batch.span] + batch.begin, batch.rows
        here = slice(begin, begin + len(rows.time))
        if not np.array_equal(rows.time, times[batch.source][here]):
            raise _Differs
        found[batch.source][here] = rows.residuals.reshape(len(rows.time), -1)

    drawn = results.drawn
    sources = [
        partial(AtPoints, one, None if drawn is None else drawn.uncertain_in(one), residuals=True)
        for one in programs.values()
    ]
    try:
        simulate(sources, spans, keep, seed=results.manifest["seed"])
    except (ModelError, _Differs):
        return None
    return dict(zip(programs, found, strict=True))


def _spans(draw: Ints, replication: Ints) -> tuple[list[Span], list[int]]:
    """Replications of a draw without a gap, as failed ones have no row; and where they begin.

    Draw d is point d - 1, and draw 0 that of the base values.
    """
    gaps = (np.diff(replication) != 1) | (np.diff(draw) != 0)
    begins = [0, *(np.flatnonzero(gaps) + 1).tolist()]
    ends = [*begins[1:], len(draw)]
    spans = [
        Span(int(draw[begin]) - 1, int(replication[begin]), end - begin)
        for begin, end in zip(begins, ends, strict=True)
    ]
    return spans, begins
