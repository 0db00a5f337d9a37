"""The same luck in many worlds: histories at given values of the uncertain numbers.

What a study of the numbers needs of the engine: for each strategy and each *point* (a value for
every uncertain number) the measure of each of some replications. Replication r meets the same luck
at every point and in every strategy, so that differences between points or strategies show in few
histories. Results depend neither on the number of workers nor on the order of their work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from sim.engine import laws
from sim.engine.kernel import Teller
from sim.engine.program import Program, translate
from sim.engine.rows import empty, part_of
from sim.experiment import argument_checks
from sim.experiment import draws as drawing
from sim.experiment.draws import Draws
from sim.experiment.experiment import InputError, chosen, names_of
from sim.experiment.measures import Measure, MeasureError, parse
from sim.scenario.scenario import Range, Scenario

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_HISTORIES = 50_000_000  # at once; eight bytes each are kept
HISTORIES_OF_A_TASK = 20_000
BLOCK = 1_000  # histories told between two looks at whether anyone still waits

Cancelled = Callable[[], bool]


class NobodyWaits(Exception):
    """What was asked is not wanted any more, so that its histories were not all told."""


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True)
class Worlds:
    """Strategies of a scenario, and what is measured of their histories.

    Attributes:
        strategies: at least one.
        seed: of the luck and of the designs.
        workers: threads; one a core where None.
        progress: whether a bar is shown.
        cancelled: asked between blocks of histories, by any thread.
    """

    scenario: Scenario
    strategies: tuple[str, ...]
    measure: Measure
    seed: int = 1
    workers: int | None = None
    progress: bool = False
    cancelled: Cancelled = never

    @cached_property
    def programs(self) -> list[Program]:
        """One for each strategy."""
        return [translate(chosen(self.scenario, name)) for name in self.strategies]

    @cached_property
    def ranges(self) -> dict[str, Range]:
        """All uncertain numbers, in the order of the points' columns."""
        return self.scenario.ranges()

    @cached_property
    def free(self) -> list[str]:
        """The numbers that a point can change: with a width, and not overridden by every one."""
        overridden = [set(program.scenario.chosen.overrides) for program in self.programs]
        fixed = set.intersection(*overridden)
        return [n for n, r in self.ranges.items() if r.low < r.high and n not in fixed]

    @cached_property
    def likely(self) -> Floats:
        """The point at which every number is likely, (k,)."""
        return np.array([number.likely for number in self.ranges.values()])

    @cached_property
    def place(self) -> dict[str, int]:
        """The column of a number."""
        return {name: i for i, name in enumerate(self.ranges)}

    def points(self, cube: Floats) -> Floats:
        """Points, (n, k), from those of the unit cube of the free numbers, (n, free)."""
        whole = np.full((len(cube), len(self.ranges)), 0.5)
        whole[:, [self.place[name] for name in self.free]] = cube
        return drawing.transform(self.scenario, np.clip(whole, 2.0**-54, 1 - 2.0**-53))

    def changed(self, values: dict[str, float]) -> Floats:
        """The likely point with other values of some numbers, (k,)."""
        point = self.likely.copy()
        for name, value in values.items():
            point[self.place[name]] = value
        return point

    def random(self, purpose: str) -> np.random.Generator:
        """A generator for a purpose; fixed by the seed."""
        return np.random.default_rng([self.seed, laws.stream(purpose)])

    def tell(
        self,
        points: Floats,
        replications: int,
        first: int | Sequence[int] = 0,
        strategies: Sequence[str] | None = None,
        what: str = "histories",
    ) -> Floats:
        """The measure of histories, (strategies, points, replications).

        Args:
            points: (n, k).
            replications: of each strategy and point.
            first: the first replication, of all points or of each.
            strategies: some of these; all where None.
            what: title of the progress bar.

        Raises:
            InputError: more histories than fit into memory.
            NobodyWaits: :attr:`cancelled` said so.
            sim.program.ModelError: a history in which time cannot advance.
        """
        names = self.strategies if strategies is None else tuple(strategies)
        total = len(names) * len(points) * replications
        if total > MOST_HISTORIES:
            raise InputError(
                f"{what}: {len(names)} x {len(points):,} points x {replications:,} replications "
                f"are {total:,} histories; allowed at once: {MOST_HISTORIES:,}"
            )
        told = np.empty((len(names), len(points), replications))
        begins = np.broadcast_to(np.asarray(first, np.int64), len(points))
        size = max(1, HISTORIES_OF_A_TASK // replications)
        tasks = [
            (s, slice(at, at + size)) for at in range(0, len(points), size)
            for s in range(len(names))
        ]  # fmt: skip
        programs = [self.programs[self.strategies.index(name)] for name in names]

        def work(task: tuple[int, slice]) -> int:
            s, part = task
            self._fill(programs[s], points[part], begins[part], told[s, part])
            return int(told[s, part].size)

        with (
            ThreadPoolExecutor(self.workers or os.cpu_count() or 1) as pool,
            tqdm(total=total, desc=what, unit=" histories", unit_scale=True, leave=False,
                 disable=not self.progress) as bar,
        ):  # fmt: skip
            try:
                for count in pool.map(work, tasks):
                    bar.update(count)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return told

    def _fill(self, program: Program, points: Floats, begins: Ints, told: Floats) -> None:
        names = tuple(self.ranges)
        slots, values = Draws(names, points, "points").slots(program)
        rows = empty(program, min(BLOCK, told.shape[1]))
        teller = Teller(program)
        for i in range(len(points)):
            teller.take(program.with_slots(slots, values[i]))
            for at in range(0, told.shape[1], BLOCK):
                if self.cancelled():
                    raise NobodyWaits
                part = part_of(rows, 0, min(BLOCK, told.shape[1] - at))
                teller.tell(self.seed, int(begins[i]) + at, part)
                told[i, at : at + BLOCK] = self.measure.values(part)


def worlds(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    measure: str = "reached",
    seed: int = 1,
    *,
    better: str | None = None,
    workers: int | None = None,
    progress: bool = False,
    cancelled: Cancelled = never,
) -> Worlds:
    """The worlds of a scenario's strategies (all where None).

    Raises:
        InputError: an unknown strategy or measure, or no uncertain number.
    """
    names = argument_checks.strategies(strategies, names_of(argument_checks.scenario(scenario)))
    argument_checks.text("measure", measure)
    if better is not None:
        argument_checks.one_of("better", better, ("more", "less"))
    argument_checks.seed(seed)
    argument_checks.workers(workers)
    try:
        parsed = parse(scenario, measure, better)
    except MeasureError as error:
        raise InputError(str(error)) from None
    found = Worlds(scenario, tuple(names), parsed, seed, workers, progress, cancelled)
    if not found.free:
        raise InputError(
            f"{scenario.name} has no uncertain number that {' or '.join(names)} leaves open; "
            "allowed: numbers given as { low, likely, high } with low < high, not overridden"
        )
    return found
