"""Every sequence of a scenario's tracks: who starts before, together with, after whom.

A candidate is a weak order of the tracks and a subset of the postures. Of n tracks there are 1, 3,
13, 75, 541, 4,683 .. weak orders (Fubini numbers): each group of tracks waits for the last stage
of every track of the group before it, as ``order`` of a strategy says. A *milestone* other than
the last stage lets the next group start sooner.

Many candidates cannot differ: a track that waits for something that only a later track can bring
never begins, so whatever stands behind it is the same. :meth:`Space.distinct` finds them from the
scenario alone, without telling a single history.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, product
from typing import NamedTuple

import numpy as np

from sim.scenario.format import STRATEGY
from sim.scenario.loading import toml
from sim.scenario.model import Clauses, Literal, Stage, Strategy
from sim.scenario.reachability import Reach
from sim.scenario.scenario import Scenario
from sim.types import Ints

Group = tuple[str, ...]  # milestones, "track.stage"


class Order(NamedTuple):
    """Groups of tracks, one after the other, each track by its milestone; and who is left out."""

    groups: tuple[Group, ...]
    left_out: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """One sequence: an order, and the postures raised at the start."""

    order: Order
    raises: tuple[str, ...]


@dataclass(frozen=True)
class Space:
    """All candidates of a scenario, numbered from 0: orders one by one, of each every posture.

    Attributes:
        scenario: what is negotiated.
        tracks: those to be ordered, each with a stage at least; others start as soon as they may.
        never: left out by all.
        optional: of ``tracks``, those that a candidate may also leave out.
        postures: conditions that a candidate may raise at the start.
        priority: of all candidates; tracks that come first where several could start.
        stages: whether the next group may also wait for an earlier stage than the last.
        whole: whether more matters than when goal and ruin come; then candidates under which the
            goal can never come, and postures that bear on nothing, are distinguished, too.
    """

    scenario: Scenario
    tracks: tuple[str, ...]
    never: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    postures: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    stages: bool = False
    whole: bool = False

    def __len__(self) -> int:
        """How many candidates there are."""
        return len(self.orders) << len(self.postures)

    def __getitem__(self, number: int) -> Candidate:
        order, mask = divmod(int(number), 1 << len(self.postures))
        return Candidate(self.orders[order], self.raised(mask))

    def raised(self, mask: int) -> tuple[str, ...]:
        """The postures of a number whose bits stand for them."""
        return tuple(name for i, name in enumerate(self.postures) if mask >> i & 1)

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """Every order; everything at once comes first."""
        return tuple(self.each_order())

    def each_order(self) -> Iterator[Order]:
        """The orders one by one, as there may be very many."""
        for left_out in subsets(self.optional):
            rest = tuple(name for name in self.tracks if name not in left_out)
            for groups in weak_orders(rest):
                for milestones in self._milestones(groups):
                    yield Order(milestones, left_out)

    def _milestones(self, groups: tuple[Group, ...]) -> Iterator[tuple[Group, ...]]:
        choices = []
        for place, group in enumerate(groups):
            # Nobody waits for the last group.
            free = self.stages and place + 1 < len(groups)
            choices.append(list(product(*(self._stages_of(name, free) for name in group))))
        yield from product(*choices)

    def _stages_of(self, track: str, free: bool) -> list[str]:
        """The milestones of a track, its last stage first."""
        names = [f"{track}.{stage.name}" for stage in reversed(self.scenario.tracks[track].stages)]
        return names if free else names[:1]

    # -- candidates as strategies -----------------------------------------------------------------

    def strategy(self, number: int) -> Strategy:
        """A candidate as a strategy, as if it stood in a file."""
        candidate = self[number]
        order = tuple(tuple(map(track_of, group)) for group in candidate.order.groups)
        plain = self._waits_for_whole_tracks(candidate.order)
        starts = self.starts(candidate.order)
        return Strategy(
            name=self.name(number),
            starts=starts if plain else {name: rule for name, rule in starts.items() if rule},
            never=self.never + candidate.order.left_out,
            order=order if plain else (),
            raises=candidate.raises,
            priority=self.priority,
            about=self.words(number),
        )

    def starts(self, order: Order) -> dict[str, Clauses]:
        """The start rules of an order by track."""
        rules: dict[str, Clauses] = {}
        before: Group = ()
        for group in order.groups:
            rule = tuple((Literal(name, 1, False, name),) for name in before)
            rules |= {track_of(name): rule for name in group}
            before = group
        return rules

    def _waits_for_whole_tracks(self, order: Order) -> bool:
        return all(
            name == self._stages_of(track_of(name), False)[0] for name in chain(*order.groups)
        )

    def name(self, number: int) -> str:
        """A candidate's name in strategy files and tables: ``candidate_17``."""
        return f"{self._prefix}_{number}"

    @cached_property
    def _prefix(self) -> str:
        prefix = "candidate"
        while any(name.startswith(f"{prefix}_") for name in self.scenario.strategies):
            prefix += "_new"
        return prefix

    def words(self, number: int) -> str:
        """A candidate as a newcomer reads it: ``a + b > c; raises x``."""
        order, raises = self[number]
        parts = [" > ".join(" + ".join(map(self._milestone, group)) for group in order.groups)]
        if order.left_out:
            parts.append(f"without {', '.join(order.left_out)}")
        parts.append(f"raises {', '.join(raises)}" if raises else "no posture")
        return "; ".join(part for part in parts if part)

    def _milestone(self, name: str) -> str:
        track = track_of(name)
        return track if name == self._stages_of(track, False)[0] else name

    # -- candidates that cannot differ ------------------------------------------------------------

    @cached_property
    def distinct(self) -> tuple[Ints, Ints]:
        """Candidates of which no two are known to be alike, and whose like each candidate is.

        Alike are two candidates under which every history reaches goal and ruin on the same days:
        the same tracks can ever begin, by the same start rules, and the postures in which the two
        differ bear on nothing that can happen. Hopeless candidates, under which the goal can
        never come, are in no class. Where the space is ``whole``, any two replications of
        candidates that are alike are equal in everything, and no candidate is hopeless.

        Returns:
            Numbers of the first candidate of each class, rising; and for every candidate the
            place of its class among them, -1 for the hopeless.
        """
        masks = 1 << len(self.postures)
        of_order = [self._signature(order) for order in self.orders]
        classes: dict[object, int] = {}
        first: list[int] = []
        place = np.full(len(self), -1, np.int64)
        for o, (rules, relevant) in enumerate(of_order):
            for mask in range(masks if relevant >= 0 else 0):
                number = o * masks + mask
                kind = classes.setdefault((rules, mask & relevant), len(classes))
                place[number] = kind
                if kind == len(first):
                    first.append(number)
        return np.array(first, np.int64), place

    def _signature(self, order: Order) -> tuple[object, int]:
        """Start rules of the tracks that can ever begin; and the postures that bear on them.

        The postures are bits of a number, which is -1 where the goal can never come.
        """
        starts = self.starts(order)
        out = {*self.never, *order.left_out}
        reach = Reach(self.scenario, starts, out, perhaps=self.postures)
        if not self.whole and not reach.may_reach(self.scenario.goal):
            return (), -1
        there = reach.stages
        rules = tuple(
            (name, frozenset(starts.get(name, ())))
            for name, track in self.scenario.tracks.items()
            if track.stages and f"{name}.{track.stages[0].name}" in there
        )
        if self.whole:
            return rules, (1 << len(self.postures)) - 1
        if rules not in self._relevant:
            read = _read(self.scenario, there)
            bits = (1 << i for i, name in enumerate(self.postures) if name in read)
            self._relevant[rules] = sum(bits)
        return rules, self._relevant[rules]

    @cached_property
    def _relevant(self) -> dict[object, int]:
        return {}


def track_of(milestone: str) -> str:
    """The track of ``track.stage``.

    >>> track_of("ministerial.freeze")
    'ministerial'
    """
    return milestone.partition(".")[0]


def file_of(strategies: Sequence[Strategy], about: str) -> str:
    """The text of a file that ``--strategies`` takes."""
    tables = {one.name: STRATEGY.write(one) for one in strategies}
    return toml({"about": about, "strategies": tables})


# -- combinatorics --------------------------------------------------------------------------------


def subsets(names: Sequence[str]) -> Iterator[Group]:
    """Every subset, the empty one first.

    >>> list(subsets("ab"))
    [(), ('a',), ('b',), ('a', 'b')]
    """
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def weak_orders(names: Sequence[str]) -> Iterator[tuple[Group, ...]]:
    """Every way to line up names in groups; all in one group comes first.

    Args:
        names: distinct; those of a group start together, groups one after the other.

    >>> list(weak_orders("ab"))
    [(('a', 'b'),), (('a',), ('b',)), (('b',), ('a',))]
    """
    if not names:
        yield ()
        return
    for size in range(len(names), 0, -1):
        for group in combinations(names, size):
            rest = [name for name in names if name not in group]
            for others in weak_orders(rest):
                yield (group, *others)


def fubini(n: int) -> int:
    """How many weak orders n things have (OEIS A000670).

    >>> [fubini(n) for n in range(6)]
    [1, 1, 3, 13, 75, 541]
    """
    counts = [1]
    for m in range(1, n + 1):
        counts.append(sum(math.comb(m, k) * counts[m - k] for k in range(1, m + 1)))
    return counts[n]


def size_of(scenario: Scenario, tracks: int, optional: int, postures: int) -> int:
    """How many candidates a space without milestones has, before any is made."""
    orders = sum(math.comb(optional, k) * fubini(tracks - k) for k in range(optional + 1))
    return orders << postures


# -- what bears on a candidate --------------------------------------------------------------------


def waits_for_goal(scenario: Scenario, track: str) -> bool:
    """Whether the gate of a track's first stage lets it begin only after the goal."""
    first = scenario.tracks[track].stages[0]
    if scenario.conditions[scenario.goal].initially:
        return False
    return any(
        all(test.condition == scenario.goal and not test.negated for test in item)
        for item in first.needs
    )


def _read(scenario: Scenario, stages: set[str]) -> set[str]:
    """Conditions on which anything depends, if only these stages are ever attempted."""
    rules: list[Clauses] = [shock.when for shock in scenario.shocks.values()]
    for name, stage in scenario.stages.items():
        if name in stages:
            rules += _rules_of(stage)
    found = {test.condition for rule in rules for item in rule for test in item}
    alive = stages | set(scenario.shocks)
    found |= {i.of.condition for i in scenario.influences if alive & set(i.targets)}
    return found | {scenario.goal, scenario.ruin or scenario.goal}


def _rules_of(stage: Stage) -> list[Clauses]:
    return [stage.needs, *(setback.when for setback in stage.setbacks)]
