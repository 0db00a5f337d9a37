"""Histories of thousands of candidates: one program, in which a candidate is a few entries.

Candidates of a space differ in start rules, in tracks left out and in postures. So the scenario is
translated and planned once, with the start rules of all candidates in it, and a candidate is told
by putting its own into the plan: what it tells is, bit for bit, what its strategy tells when it is
translated alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.engine import kernel
from sim.engine.program import NOTHING, Code, Program, translate
from sim.engine.rows import empty
from sim.scenario.scenario import Scenario
from sim.studies.sequence_space import Ints, Order, Space

Floats = npt.NDArray[np.float64]
HISTORIES = 4_000  # of one task: a fraction of a second, so that a stop is soon obeyed


class Told(NamedTuple):
    """When goal and ruin came, in days; NaN: never. Each (candidates, histories)."""

    goal: Floats
    ruin: Floats


class Contest:
    """Tells histories of the candidates of a space, the k-th of all in the same world.

    Args:
        space: the candidates.
        seed: the worlds' luck.
        workers: threads; one a core where None. What is told does not depend on it.
        on_told: called with the number of histories whenever some have been told.
    """

    def __init__(
        self,
        space: Space,
        seed: int = 1,
        workers: int | None = None,
        on_told: Callable[[int], Any] = lambda count: None,
    ) -> None:
        self.space, self.seed, self.on_told = space, seed, on_told
        self.told = 0
        self.workers = workers or os.cpu_count() or 1
        self._program = translate(_without_strategy(space.scenario))
        code, self._rules, self._left_out = _with_start_rules(self._program, space)
        levels = {name: i for i, name in enumerate(self._program.levels)}
        masks = range(1 << len(space.postures))
        self._raised = [
            np.array([levels[name] for name in space.raised(mask)], np.int64) for mask in masks
        ]
        plan = kernel.plan(code)
        _watch_everything(plan, code, len(self._program.code.rule_start) - 1)
        # A thread takes a plan whose tracks it may change, and room for one history.
        self._benches: SimpleQueue[tuple[kernel.Plan, kernel.State]] = SimpleQueue()
        for _ in range(self.workers):
            own = plan._replace(tracks=plan.tracks.copy())
            self._benches.put((own, kernel.new_state(own)))

    def tell(self, candidates: Sequence[int] | Ints, first: int, count: int) -> Told:
        """The histories ``first .. first + count - 1`` of some candidates.

        Raises:
            sim.program.ModelError: a history in which time cannot advance.
        """
        numbers = np.asarray(candidates, np.int64)
        told = Told(*(np.empty((len(numbers), count)) for _ in range(2)))
        tasks = list(_cut(len(numbers), count))

        def work(task: tuple[range, range]) -> int:
            return self._work(numbers, told, first, *task)

        if self.workers == 1 or len(tasks) == 1:
            self._count(map(work, tasks))
            return told
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                self._count(pool.map(work, tasks))
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return told

    def note(self, histories: int) -> None:
        """Some histories have been told."""
        self.told += histories
        self.on_told(histories)

    def _count(self, parts: Iterable[int]) -> None:
        for histories in parts:
            self.note(histories)

    def _work(self, numbers: Ints, told: Told, first: int, places: range, columns: range) -> int:
        """Tell some columns of some candidates; how many histories that were."""
        plan, state = bench = self._benches.get()
        goal, ruin = self._program.code.goal, self._program.code.ruin
        rows = empty(self._program, len(columns))
        here = slice(columns.start, columns.stop)
        try:
            for place in places:
                order, mask = divmod(int(numbers[place]), len(self._raised))
                plan.tracks.start_rule[:] = self._rules[order]
                plan.tracks.left_out[:] = self._left_out[order]
                failed = kernel.run_all(
                    plan._replace(postures=self._raised[mask]), state,
                    np.uint64(self.seed), np.uint64(first + columns.start), rows,
                )  # fmt: skip
                if failed != NOTHING:
                    self._tell_alone(int(numbers[place]), first + columns.start + failed)
                told.goal[place, here] = rows.first[:, goal]
                told.ruin[place, here] = np.nan if ruin == NOTHING else rows.first[:, ruin]
        finally:
            self._benches.put(bench)
        return len(places) * len(columns)

    def _tell_alone(self, number: int, replication: int) -> None:
        """Let the error of a history name its strategy."""
        kernel.simulate(self.program(number), self.seed, replication, 1)
        raise AssertionError("a history failed among others, and not alone")

    def program(self, number: int) -> Program:
        """The program of a candidate alone, as of a strategy in a file."""
        return translate(chosen(self.space, number))


def chosen(space: Space, number: int) -> Scenario:
    """The scenario with a candidate as its strategy."""
    strategy = space.strategy(number)
    scenario = space.scenario
    return replace(scenario, strategies={strategy.name: strategy}).strategy(strategy.name)


def _without_strategy(scenario: Scenario) -> Scenario:
    return replace(scenario, strategies={}).strategy("default")


def _cut(candidates: int, count: int) -> Iterable[tuple[range, range]]:
    """Tasks of some candidates and columns, each of HISTORIES at most."""
    wide = min(count, HISTORIES)
    high = max(1, HISTORIES // wide)
    for place in range(0, candidates, high):
        for column in range(0, count, wide):
            yield (
                range(place, min(place + high, candidates)),
                range(column, min(column + wide, count)),
            )


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


def _watch_everything(plan: kernel.Plan, code: Code, first_rule: int) -> None:
    """Let every track be looked at when a level changes that any start rule reads.

    A look too many finds what the look before it found, and changes nothing.
    """
    first_item = code.rule_start[first_rule]
    read = np.unique(code.literal_condition[code.item_start[first_item] :])
    for place in range(len(plan.tracks)):
        word, bit = divmod(place, kernel.WORD)
        plan.watch[read, word] |= np.uint64(1 << bit)
