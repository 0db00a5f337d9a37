"""Replications of thousands of candidates: one program, in which a candidate is a few entries.

Candidates of a space differ in start rules, in tracks left out and in postures. So the scenario is
translated and planned once, with the start rules of all candidates in it, and a candidate is
simulated by putting its own into the plan: the result is, bit for bit, that of its strategy when it
is translated alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from sim.analysis.measures import Measure
from sim.engine import kernel
from sim.engine.program import NOTHING, Code, Program, translate
from sim.engine.rows import Rows, empty
from sim.errors import InputError, MeasureError
from sim.experiment.measures import RowColumns
from sim.experiment.simulation import BASE, AtPoints, Batch, PointSimulator, Span, simulate
from sim.scenario.scenario import Scenario
from sim.studies.sequence_space import Order, Space
from sim.types import Floats, Ints


class Outcomes(NamedTuple):
    """When goal and ruin came, and the measure of each replication; (candidates, replications)."""

    goal: Floats  # days; NaN: never
    ruin: Floats
    value: Floats  # NaN where no measure was asked for


class SequenceEvaluator:
    """Simulates the candidates of a space under common random numbers.

    Args:
        space: the candidates.
        seed: of the random numbers.
        workers: threads; one a core where None. Results do not depend on it.
        on_simulated: called with a number of replications whenever some have been simulated.
        measure: what else is kept of each replication.

    Attributes:
        simulated: replications so far.
    """

    def __init__(
        self,
        space: Space,
        seed: int = 1,
        workers: int | None = None,
        on_simulated: Callable[[int], Any] = lambda count: None,
        measure: Measure | None = None,
    ) -> None:
        self.space, self.seed, self.workers = space, seed, workers
        self.on_simulated, self.simulated, self.measure = on_simulated, 0, measure
        self._program = translate(_without_strategy(space.scenario))
        self._candidates = _Candidates.of(space, self._program)

    def evaluate(self, candidates: Sequence[int] | Ints, first: int, count: int) -> Outcomes:
        """The replications ``first .. first + count - 1`` of some candidates.

        Raises:
            InputError: the measure is not a number in each replication.
            sim.errors.ModelError: a replication in which time cannot advance.
        """
        spans = [Span(int(number), first, count) for number in candidates]
        source = partial(_CandidateSimulator, self._candidates)
        (outcomes,) = self._outcomes([source], [self._program], spans, count)
        return outcomes

    def references(self, first: int, count: int) -> dict[str, Outcomes]:
        """The same replications of the strategies of the file; one row each."""
        scenario = self.space.scenario
        names = list(scenario.strategies)
        programs = [translate(scenario.strategy(name)) for name in names]
        sources = [partial(AtPoints, program) for program in programs]
        outcomes = self._outcomes(sources, programs, [Span(BASE, first, count)], count)
        return dict(zip(names, outcomes, strict=True))

    def _outcomes(
        self,
        sources: Sequence[Callable[[], PointSimulator]],
        programs: Sequence[Program],
        spans: Sequence[Span],
        count: int,
    ) -> list[Outcomes]:
        shape = len(spans), count
        found = [Outcomes(*(np.full(shape, np.nan) for _ in range(3))) for _ in sources]
        goal, ruin = self._program.code.goal, self._program.code.ruin

        def keep(batch: Batch) -> None:
            place = batch.span, batch.columns
            found[batch.source].goal[place] = batch.rows.first[:, goal]
            if ruin != NOTHING:
                found[batch.source].ruin[place] = batch.rows.first[:, ruin]
            if self.measure is not None:
                columns = RowColumns(programs[batch.source], batch.rows)
                values = _values(self.measure, columns, len(batch.rows.time))
                found[batch.source].value[place] = values

        simulate(
            sources, spans, keep,
            seed=self.seed, workers=self.workers, on_simulated=self._count,
        )  # fmt: skip
        return found

    def _count(self, replications: int) -> None:
        self.simulated += replications
        self.on_simulated(replications)


def _values(measure: Measure, columns: RowColumns, count: int) -> Floats:
    """The measure of each replication, (count,); InputError where it is not a number in each."""
    try:
        values = measure.values(columns)
    except MeasureError as error:
        raise InputError(f'measure "{measure.name}": {error}') from None
    if values.shape != (count,) or not np.isfinite(values).all():
        found = "replications without a number"
        if values.shape != (count,):
            found = f"values of shape {values.shape} for {count:,} replications"
        raise InputError(f'measure "{measure.name}": found {found}; allowed: a number for each')
    return values


class _Candidates(NamedTuple):
    """A plan for all candidates of a space, and what each puts into it."""

    space: Space
    program: Program
    plan: kernel.CompiledProgram
    start_rules: Ints  # (orders, tracks)
    left_out: Ints  # (orders, tracks)
    raised: list[Ints]  # by mask of the postures

    @classmethod
    def of(cls, space: Space, program: Program) -> _Candidates:
        code, start_rules, left_out = _with_start_rules(program, space)
        levels = {name: i for i, name in enumerate(program.levels)}
        raised = [
            np.array([levels[name] for name in space.raised(mask)], np.int64)
            for mask in range(1 << len(space.postures))
        ]
        plan = kernel.plan(code)
        _watch_everything(plan, code, len(program.code.rule_start) - 1)
        return cls(space, program, plan, start_rules, left_out, raised)


class _CandidateSimulator:
    """Simulates candidates; the points are their numbers."""

    def __init__(self, candidates: _Candidates) -> None:
        self.candidates, self.number = candidates, 0
        self.plan = candidates.plan._replace(tracks=candidates.plan.tracks.copy())
        self.state = kernel.new_state(self.plan)

    def use(self, point: int) -> None:
        self.number = point
        order, mask = divmod(point, len(self.candidates.raised))
        self.plan.tracks.start_rule[:] = self.candidates.start_rules[order]
        self.plan.tracks.left_out[:] = self.candidates.left_out[order]
        self.plan = self.plan._replace(postures=self.candidates.raised[mask])

    def simulate(self, seed: int, first: int, rows: Rows) -> None:
        failed = kernel.run_all(self.plan, self.state, np.uint64(seed), np.uint64(first), rows)
        if failed != NOTHING:
            # Its strategy alone fails too, with an error that names it.
            alone = translate(chosen(self.candidates.space, self.number))
            kernel.simulate(alone, seed, first + failed, 1)
            raise AssertionError("a replication failed among others, and not alone")

    def empty(self, count: int) -> Rows:
        return empty(self.candidates.program, count)


def chosen(space: Space, number: int) -> Scenario:
    """The scenario with a candidate as its strategy."""
    strategy = space.strategy(number)
    scenario = space.scenario
    return replace(scenario, strategies={strategy.name: strategy}).strategy(strategy.name)


def _without_strategy(scenario: Scenario) -> Scenario:
    return replace(scenario, strategies={}).strategy("default")


# -- the start rules of all candidates in one code ------------------------------------------------


def _with_start_rules(program: Program, space: Space) -> tuple[Code, Ints, Ints]:
    """The code with the start rules of all; the rule, and the absence, by order and track."""
    code = program.code
    levels = {name: i for i, name in enumerate(program.levels)}
    rules: dict[tuple[int, ...], int] = {}
    first = len(code.rule_start) - 1

    def of_track(order: Order) -> list[int]:
        starts = space.starts(order)
        waits = [
            tuple(levels[item[0].condition] for item in starts.get(t, ())) for t in program.tracks
        ]
        return [rules.setdefault(levels_, first + len(rules)) for levels_ in waits]

    start_rules = np.array([of_track(order) for order in space.orders], np.int64)
    left_out = np.array(
        [[t in space.never + order.left_out for t in program.tracks] for order in space.orders],
        np.int64,
    )
    sizes = [len(rule) for rule in rules]
    conditions = [level for rule in rules for level in rule]
    places = {name: i for i, name in enumerate(program.tracks)}
    ahead = [places[name] for name in space.priority]
    return (
        code._replace(
            rule_start=_longer(code.rule_start, np.cumsum(sizes) + code.rule_start[-1]),
            item_start=_longer(
                code.item_start, np.arange(1, len(conditions) + 1) + code.item_start[-1]
            ),
            literal_condition=_longer(code.literal_condition, conditions),
            literal_least=_longer(code.literal_least, [1] * len(conditions)),
            literal_negated=np.append(code.literal_negated, [False] * len(conditions)),
            by_priority=np.array(ahead + [t for t in places.values() if t not in ahead], np.int64),
        ),
        start_rules,
        left_out,
    )


def _longer(table: Ints, more: Any) -> Ints:
    return np.append(table, np.asarray(more, np.int64))


def _watch_everything(plan: kernel.CompiledProgram, code: Code, first_rule: int) -> None:
    """Let every track be looked at when a level changes that any start rule reads.

    A look too many finds what the look before it found, and changes nothing.
    """
    first_item = code.rule_start[first_rule]
    read = np.unique(code.literal_condition[code.item_start[first_item] :])
    for place in range(len(plan.tracks)):
        word, bit = divmod(place, kernel.WORD)
        plan.watch[read, word] |= np.uint64(1 << bit)
