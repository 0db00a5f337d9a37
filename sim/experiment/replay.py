"""Histories of a run told again: with their logs, or with what surprised in them.

A history is known by its strategy, draw and replication, so nothing of it need be kept but its row.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sim.analysis.comparison import Worlds
from sim.analysis.intervals import Floats
from sim.analysis.samples import RowPart
from sim.engine import kernel
from sim.engine.program import ModelError, Program, translate
from sim.engine.rows import empty
from sim.experiment.draws import Draws
from sim.experiment.experiment import Results, chosen
from sim.scenario.scenario import Scenario
from sim.tracing import time_budget


def program_of(scenario: Scenario, name: str) -> Program:
    """What a strategy tells by the likely numbers."""
    return translate(chosen(scenario, name))


def with_draw(likely: Program, drawn: Draws | None, draw: int) -> Program:
    """The program with the numbers of a draw; as it is where none were drawn."""
    return likely if drawn is None else drawn.applied(likely, draw)


def with_logs(
    program: Program, seed: int, replications: Sequence[int]
) -> Iterator[time_budget.Telling]:
    """Histories with their rows and logs."""
    for replication in replications:
        yield replication, *kernel.trace(program, seed, replication)


def events_of(program: Program, seed: int, replications: Iterable[int] = (0,)) -> int:
    """Events in the logs of some replications; 1 where there are none."""
    return max(1, sum(len(log) for _, _, log in with_logs(program, seed, list(replications))))


def surprises(results: Results, its_worlds: Worlds) -> dict[str, Floats] | None:
    """What surprised in all histories of some worlds, by strategy: see :mod:`sim.controls`.

    Returns:
        (runs, 2 x stages) of each strategy, the runs in the order of its part; None where other
        histories come of it: processes of a user's own were in them, or they are of other laws.
    """
    likely = {name: program_of(results.scenario, name) for name in its_worlds.names}

    def of_strategy(name: str) -> Floats | None:
        return _surprises(results, likely[name], its_worlds.parts[name])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(likely, pool.map(of_strategy, likely), strict=True))
    whole = {name: one for name, one in found.items() if one is not None}
    return whole if len(whole) == len(found) else None


def _surprises(results: Results, likely: Program, part: RowPart) -> Floats | None:
    draw, replication, time = (part[column] for column in ("draw", "replication", "time"))
    found = np.empty((len(time), 2 * len(likely.stages)))
    # A draw of histories without a gap at a time; what failed is told by nobody.
    gaps = (np.diff(replication) != 1) | (np.diff(draw) != 0)
    teller, seed = kernel.Teller(likely), results.manifest["seed"]
    for start, end in itertools.pairwise([0, *(np.flatnonzero(gaps) + 1).tolist(), len(time)]):
        teller.take(with_draw(likely, results.drawn, int(draw[start])))
        told = empty(likely, end - start, surprise=True)
        try:
            teller.tell(seed, int(replication[start]), told)
        except ModelError:
            return None
        if not np.array_equal(told.time, time[start:end]):
            return None
        found[start:end] = told.surprise.reshape(end - start, -1)
    return found
