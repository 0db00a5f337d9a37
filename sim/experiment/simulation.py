"""Replications in memory: the one loop that drives an engine, and the threads that share its work.

    def keep(batch):                                   # called in the threads
        days[batch.source, batch.span, batch.columns] = batch.rows.time

    simulate([lambda: AtPoints(program)], [Span(BASE, first=0, count=2_000)], keep, seed=1)

A *source* makes simulators of one strategy, a *span* is some replications of it at one parameter
vector. What is kept depends neither on the number of workers nor on how spans are cut into batches.
Runs with a results folder add blocks, worker processes and shards (:mod:`sim.experiment.tasks`).
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from sim.engine import kernel, processes
from sim.engine import rows as row_tables
from sim.engine.program import Program
from sim.engine.rows import Rows, slice_rows
from sim.types import Floats, Ints

ENGINES: dict[str, Callable[..., Any]] = {
    "compiled": kernel.Simulator,
    "simpy": processes.SimPySimulator,
}
BASE = -1  # the point of the base values
BATCH = 1_000  # replications that are simulated between two checks for cancellation
OF_A_TASK = 4_000  # replications: a fraction of a second, so that workers end together

CancelCheck = Callable[[], bool]


class SimulationCancelled(Exception):
    """The caller cancelled, so that not all replications were simulated."""


def never() -> bool:
    """The check of a simulation that nobody cancels."""
    return False


class Span(NamedTuple):
    """Replications ``first .. first + count - 1`` at a point, a parameter vector by its place."""

    point: int
    first: int
    count: int  # type: ignore[assignment]  # not that of tuples


class Batch(NamedTuple):
    """Replications that were simulated together.

    Attributes:
        source, span: their places.
        begin: the place of the first row within its span.
        rows: filled anew for every batch: copy what is to be kept.
    """

    source: int
    span: int
    begin: int
    rows: Rows

    @property
    def columns(self) -> slice:
        """The places of the rows within their span."""
        return slice(self.begin, self.begin + len(self.rows.time))


class PointSimulator(Protocol):
    """Simulates one strategy at points; not to be shared between threads."""

    def use(self, point: int) -> None:
        """Simulate this point from now on."""

    def simulate(self, seed: int, first: int, rows: Rows) -> None:
        """Fill rows with the replications from ``first`` on; ModelError where one fails."""

    def empty(self, count: int) -> Rows:
        """Rows to be filled."""


class AtPoints:
    """Simulates a program at parameter vectors.

    Args:
        program: at the base values; :data:`BASE` is its point.
        parameters: indices, (m,), and values, (points, m), of the parameters that vary: see
            :meth:`sim.experiment.draws.Draws.uncertain_in`. Only the base values where None.
        engine: "compiled" or "simpy".
        residuals: whether rows have room for martingale residuals.
        user_processes: SimPy processes added by the user.

    Attributes:
        point: the one in use.

    Example:
        >>> import sim
        >>> from sim.engine.program import translate
        >>> simulator = AtPoints(translate(sim.load("korea-2017").strategy("proposal")))
        >>> [len(rows.time) for _, _, rows in batches(simulator, [Span(BASE, 0, 1500)], seed=1)]
        [1000, 500]
    """

    def __init__(
        self,
        program: Program,
        parameters: tuple[Ints, Floats] | None = None,
        engine: str = "compiled",
        *,
        residuals: bool = False,
        user_processes: tuple[Any, ...] = (),
    ) -> None:
        self.program, self.parameters, self.residuals = program, parameters, residuals
        own = (user_processes,) if user_processes else ()
        self.engine = ENGINES[engine](program, *own)
        self.point = BASE

    def use(self, point: int) -> None:  # noqa: D102
        if point == self.point:
            return
        self.point, program = point, self.program
        if self.parameters is not None and point != BASE:
            indices, values = self.parameters
            program = program.with_parameters_at(indices, values[point])
        self.engine.use(program)

    def simulate(self, seed: int, first: int, rows: Rows) -> None:  # noqa: D102
        self.engine.simulate(seed, first, rows)

    def empty(self, count: int) -> Rows:  # noqa: D102
        return row_tables.empty(self.program, count, residuals=self.residuals)


def batches(
    simulator: PointSimulator,
    spans: Sequence[Span],
    seed: int,
    room: Callable[[int], Rows] | None = None,
    cancelled: CancelCheck = never,
) -> Iterator[tuple[int, int, Rows]]:
    """Simulate spans, a batch of replications of one span at a time.

    Args:
        simulator: of one strategy.
        spans: in the order in which they are simulated.
        seed: of the random numbers.
        room: rows for at most so many replications; by default the same rows again and again.
        cancelled: called before each batch; true cancels.

    Yields:
        The place of the span, that of the first row within it, and the rows.

    Raises:
        SimulationCancelled: it was cancelled.
        sim.errors.ModelError: a replication in which time cannot advance.
    """
    if room is None:
        rows = simulator.empty(min(BATCH, max(span.count for span in spans)))

        def room(wanted: int) -> Rows:
            return slice_rows(rows, 0, wanted)

    for place, span in enumerate(spans):
        simulator.use(span.point)
        begin = 0
        while begin < span.count:
            if cancelled():
                raise SimulationCancelled
            batch = room(span.count - begin)
            simulator.simulate(seed, span.first + begin, batch)
            yield place, begin, batch
            begin += len(batch.time)


def simulate(
    sources: Sequence[Callable[[], PointSimulator]],
    spans: Sequence[Span],
    keep: Callable[[Batch], Any],
    *,
    seed: int,
    workers: int | None = None,
    cancelled: CancelCheck = never,
    on_simulated: Callable[[int], Any] = lambda count: None,
) -> None:
    """Simulate spans of several strategies, in threads.

    Args:
        sources: of each strategy, what makes a simulator.
        spans: of every strategy.
        keep: called with each batch, by any thread.
        seed: of the random numbers.
        workers: threads; one a core where None.
        cancelled: called before each batch; true cancels, and it is not called again.
        on_simulated: called with a number of replications whenever some were kept.

    Raises:
        SimulationCancelled: it was cancelled.
        sim.errors.ModelError: a replication in which time cannot advance; the first, by spans.
    """
    workers = workers or os.cpu_count() or 1
    stop = _Stop(cancelled)
    idle: list[list[PointSimulator]] = [[] for _ in sources]
    tasks = list(_tasks(len(sources), spans))

    def work(task: _Task) -> int:
        source, first, last, begin = task
        try:
            simulator = idle[source].pop()
        except IndexError:
            simulator = sources[source]()
        parts = [_part(span, begin) for span in spans[first:last]]
        for place, at, rows in batches(simulator, parts, seed, None, stop):
            keep(Batch(source, first + place, begin + at, rows))
        idle[source].append(simulator)
        return sum(part.count for part in parts)

    if workers == 1 or len(tasks) == 1:
        for task in tasks:
            on_simulated(work(task))
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            for count in pool.map(work, tasks):
                on_simulated(count)
        except BaseException:
            stop.now()
            pool.shutdown(cancel_futures=True)
            raise


class _Stop:
    """Whether to stop, for all threads alike: once it is true it stays so, and nobody is asked."""

    def __init__(self, cancelled: CancelCheck) -> None:
        self._cancelled, self._lock, self._stopped = cancelled, threading.Lock(), False

    def __call__(self) -> bool:
        with self._lock:
            self._stopped = self._stopped or self._cancelled()
            return self._stopped

    def now(self) -> None:
        self._stopped = True


class _Task(NamedTuple):
    """Spans ``first .. last - 1`` as a whole, or a part of a single one from ``begin`` on."""

    source: int
    first: int
    last: int
    begin: int = 0


def _tasks(sources: int, spans: Sequence[Span]) -> Iterator[_Task]:
    """All spans of all sources in tasks of OF_A_TASK replications at most."""
    first = 0
    while first < len(spans):
        last, left = first, OF_A_TASK
        while last < len(spans) and spans[last].count <= left:
            left -= spans[last].count
            last += 1
        begins = [0] if last > first else range(0, spans[first].count, OF_A_TASK)
        last = max(last, first + 1)
        for begin, source in itertools.product(begins, range(sources)):
            yield _Task(source, first, last, begin)
        first = last


def _part(span: Span, begin: int) -> Span:
    return Span(span.point, span.first + begin, min(OF_A_TASK, span.count - begin))
