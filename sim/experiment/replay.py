"""Replications of a run simulated again: with their logs, or with their martingale residuals.

A replication is fixed by seed, strategy, draw and number, so only its row need be kept.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sim.analysis.comparison import PairedSamples
from sim.analysis.samples import RowSample
from sim.engine import kernel
from sim.engine.program import Program, translate
from sim.engine.rows import empty
from sim.errors import ModelError
from sim.experiment.draws import Draws
from sim.experiment.plan import chosen
from sim.experiment.results import Results
from sim.scenario.scenario import Scenario
from sim.tracing import time_budget
from sim.types import Floats


def program_of(scenario: Scenario, name: str) -> Program:
    """The program of a strategy at the base values."""
    return translate(chosen(scenario, name))


def with_draw(base: Program, drawn: Draws | None, draw: int) -> Program:
    """The program with the numbers of a draw; as it is where none were drawn."""
    return base if drawn is None else drawn.applied(base, draw)


def with_logs(
    program: Program, seed: int, replications: Sequence[int]
) -> Iterator[time_budget.LoggedReplication]:
    """Histories with their rows and logs."""
    for replication in replications:
        yield replication, *kernel.trace(program, seed, replication)


def events_of(program: Program, seed: int, replications: Iterable[int] = (0,)) -> int:
    """Events in the logs of some replications; 1 where there are none."""
    return max(1, sum(len(log) for _, _, log in with_logs(program, seed, list(replications))))


def residuals(results: Results, paired: PairedSamples) -> dict[str, Floats] | None:
    """Martingale residuals of all replications by strategy, as control variates.

    See :mod:`sim.analysis.control_variates`.

    Returns:
        (runs, 2 x stages) of each strategy, the runs in the order of its sample; None where other
        histories come of it: processes of a user's own were in them, or they are of other laws.
    """
    base = {name: program_of(results.scenario, name) for name in paired.names}

    def of_strategy(name: str) -> Floats | None:
        return _residuals(results, base[name], paired.samples[name])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(base, pool.map(of_strategy, base), strict=True))
    whole = {name: one for name, one in found.items() if one is not None}
    return whole if len(whole) == len(found) else None


def _residuals(results: Results, base: Program, sample: RowSample) -> Floats | None:
    draw, replication, time = (sample[column] for column in ("draw", "replication", "time"))
    found = np.empty((len(time), 2 * len(base.stages)))
    # Replications of a draw without a gap at a time; failed replications have no row.
    gaps = (np.diff(replication) != 1) | (np.diff(draw) != 0)
    simulator, seed = kernel.Simulator(base), results.manifest["seed"]
    for start, end in itertools.pairwise([0, *(np.flatnonzero(gaps) + 1).tolist(), len(time)]):
        simulator.use(with_draw(base, results.drawn, int(draw[start])))
        rows = empty(base, end - start, residuals=True)
        try:
            simulator.simulate(seed, int(replication[start]), rows)
        except ModelError:
            return None
        if not np.array_equal(rows.time, time[start:end]):
            return None
        found[start:end] = rows.residuals.reshape(end - start, -1)
    return found
