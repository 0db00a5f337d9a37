"""Measures of strategies at given parameter vectors, under common random numbers.

A study of the parameters needs, for each strategy and each *point* (a value of every uncertain
parameter), the measure of each of some replications. Replication r has the same random numbers at
every point and in every strategy, so that differences between points or strategies need few
replications. Results depend neither on the number of workers nor on the order of their work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from sim.analysis.measures import Measure
from sim.engine import streams
from sim.engine.program import Program, translate
from sim.errors import InputError, MeasureError
from sim.experiment import argument_checks
from sim.experiment import draws as drawing
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.measures import RowColumns, parse
from sim.experiment.plan import chosen, names_of
from sim.experiment.progress import counting
from sim.experiment.simulation import AtPoints, Batch, CancelCheck, Span, never, simulate
from sim.scenario.scenario import Range, Scenario
from sim.types import Floats

MOST_SIMULATED = 50_000_000  # replications of one call; eight bytes each are kept


@dataclass(frozen=True)
class Evaluator:
    """Simulates strategies of a scenario at parameter vectors, and measures each replication.

    Made by :func:`make_evaluator`.

    Attributes:
        scenario: the scenario.
        strategies: names of at least one strategy.
        measure: what is measured.
        seed: of the random numbers, and of the designs of a study.
        workers: threads; one a core where None.
        progress: whether to show it: a bar on a terminal, else lines.
        cancelled: called between batches of replications, by any thread; true cancels.

    Example:
        >>> import sim
        >>> evaluator = make_evaluator(sim.load("korea-2017"), ["proposal"])
        >>> evaluator.evaluate(evaluator.base[None, :], replications=50).shape
        (1, 1, 50)
    """

    scenario: Scenario
    strategies: tuple[str, ...]
    measure: Measure
    seed: int = 1
    workers: int | None = None
    progress: bool = False
    cancelled: CancelCheck = never

    @cached_property
    def programs(self) -> list[Program]:
        """The program of each strategy."""
        return [translate(chosen(self.scenario, name)) for name in self.strategies]

    @cached_property
    def ranges(self) -> dict[str, Range]:
        """All uncertain parameters by path, in the order of the points' columns."""
        return self.scenario.ranges()

    @cached_property
    def free(self) -> list[str]:
        """Parameters with low < high that some strategy does not override."""
        overridden = [set(program.scenario.chosen.overrides) for program in self.programs]
        fixed = set.intersection(*overridden)
        return [n for n, r in self.ranges.items() if r.low < r.high and n not in fixed]

    @cached_property
    def base(self) -> Floats:
        """The base values of all uncertain parameters, (k,)."""
        return np.array([number.likely for number in self.ranges.values()])

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each parameter in a point."""
        return {name: i for i, name in enumerate(self.ranges)}

    def from_unit_cube(self, cube: Floats) -> Floats:
        """Points by the parameters' distributions, (n, k), from points of a cube, (n, free)."""
        whole = np.full((len(cube), len(self.ranges)), 0.5)
        whole[:, [self.columns[name] for name in self.free]] = cube
        return drawing.transform(self.scenario, np.clip(whole, 2.0**-54, 1 - 2.0**-53))

    def with_values(self, values: dict[str, float]) -> Floats:
        """The base values with other values for the parameters named, (k,)."""
        point = self.base.copy()
        for name, value in values.items():
            point[self.columns[name]] = value
        return point

    def random(self, purpose: str) -> np.random.Generator:
        """A generator of random numbers for a purpose; fixed by the seed."""
        return np.random.default_rng([self.seed, streams.stream(purpose)])

    def evaluate(
        self,
        points: Floats,
        replications: int,
        first: int | Sequence[int] = 0,
        strategies: Sequence[str] | None = None,
        what: str = "replications",
    ) -> Floats:
        """Simulate, and measure each replication.

        Args:
            points: parameter vectors, (n, k).
            replications: number for each strategy and point.
            first: the first replication, of all points or of each.
            strategies: a selection of the evaluator's; all where None.
            what: title of the progress bar.

        Returns:
            The measure, (strategies, points, replications).

        Raises:
            InputError: more replications than fit into memory.
            SimulationCancelled: :attr:`cancelled` returned true.
            sim.errors.ModelError: a replication in which time cannot advance.
        """
        names = self.strategies if strategies is None else tuple(strategies)
        total = len(names) * len(points) * replications
        if total > MOST_SIMULATED:
            raise InputError(
                f"{what}: {len(names)} x {len(points):,} points x {replications:,} replications "
                f"are {total:,} replications; allowed at once: {MOST_SIMULATED:,}"
            )
        values = np.empty((len(names), len(points), replications))
        begins = np.broadcast_to(np.asarray(first, np.int64), len(points))
        drawn = Draws(tuple(self.ranges), points, "points")
        programs = [self.programs[self.strategies.index(name)] for name in names]

        def keep(batch: Batch) -> None:
            columns = RowColumns(programs[batch.source], batch.rows)
            values[batch.source, batch.span, batch.columns] = self.measure.values(columns)

        with counting(what, total, self.progress) as count:
            simulate(
                [partial(AtPoints, one, drawn.uncertain_in(one)) for one in programs],
                [Span(i, int(begin), replications) for i, begin in enumerate(begins)],
                keep,
                seed=self.seed,
                workers=self.workers,
                cancelled=self.cancelled,
                on_simulated=count,
            )
        return values


def make_evaluator(
    scenario: ScenarioLike,
    strategies: str | Sequence[str] | None = None,
    measure: str | Measure = "reached",
    seed: int = 1,
    *,
    better: str | None = None,
    workers: int | None = None,
    progress: bool = False,
    cancelled: CancelCheck = never,
) -> Evaluator:
    """An evaluator of a scenario's strategies, with all arguments checked.

    Args:
        scenario: with at least one uncertain parameter.
        strategies: names; all of the scenario where None.
        measure: a name, see :mod:`sim.analysis.measures`, or a measure of one's own.
        seed: 0 <= seed < 2**64.
        better: "more" or "less"; by the measure where None.
        workers, progress, cancelled: see :class:`Evaluator`.

    Raises:
        InputError: an unknown strategy or measure, or no uncertain parameter.
    """
    scenario = argument_checks.scenario(scenario)
    names = argument_checks.strategies(strategies, names_of(scenario))
    if not isinstance(measure, Measure):
        argument_checks.text("measure", measure)
    if better is not None:
        argument_checks.one_of("better", better, ("more", "less"))
    argument_checks.seed(seed)
    argument_checks.workers(workers)
    try:
        parsed = parse(scenario, measure, better)
    except MeasureError as error:
        raise InputError(str(error)) from None
    evaluator = Evaluator(scenario, tuple(names), parsed, seed, workers, progress, cancelled)
    if not evaluator.free:
        raise InputError(
            f"{scenario.name} has no uncertain parameter that {' or '.join(names)} leaves open; "
            "allowed: parameters given as { low, likely, high } with low < high, not overridden"
        )
    return evaluator
