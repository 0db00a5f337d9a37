"""What can ever happen under a strategy, whatever the random numbers: what never starts, and why.

:class:`Reach` is a least fixed point. It may find too much, never too little: durations and odds
are ignored, every condition that is raised once is taken to reach its max, and the items of a rule
are considered one by one. What it leaves out therefore cannot happen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sim.errors import comma_separated
from sim.scenario.model import (
    FAILURES,
    MAX_LEVEL,
    Clauses,
    DecisionRule,
    Effects,
    Literal,
    MonthDay,
    ScenarioData,
    Shock,
    Stage,
    Strategy,
    Track,
    done_under,
)
from sim.scenario.parameters import overridden
from sim.scenario.quantities import Number, Range


class Reach:
    """What may happen under start rules, if time and chance allow everything that they can.

    Attributes:
        stages: that can be attempted, as ``track.stage``.
        rising: conditions, and stage conditions, that can be raised after day 0.
        falling: conditions that can be lowered, cleared, released, or fade.
        levels: of conditions on day 0, where they are not 0.
    """

    def __init__(
        self,
        content: ScenarioData,
        starts: Mapping[str, Clauses],
        left_out: Collection[str],
        raised: Iterable[str] = (),
        perhaps: Iterable[str] = (),
        rules: Sequence[DecisionRule] = (),
        done: Collection[str] = (),
    ) -> None:
        """Follow everything that can happen.

        Args:
            content: with the parameters of the strategy.
            starts: start rules by track.
            left_out: tracks that never start.
            raised: postures on day 0.
            perhaps: postures that may be raised on day 0 or not.
            rules: of the strategy.
            done: stages that have succeeded before day 0.
        """
        self.content, self.starts, self.left_out = content, starts, left_out
        self.rules, self.done = rules, done
        self.opened: set[str] = set()
        conditions = content.conditions
        self.levels = {name: one.initially for name, one in conditions.items() if one.initially}
        for name in raised:
            self.levels[name] = min(conditions[name].max, self.levels.get(name, 0) + 1)
        self.levels |= dict.fromkeys(done, 1)
        self.stages: set[str] = set()
        self.rising = set(perhaps)
        self.falling = {name for name, one in conditions.items() if one.fades is not None}
        self.falling.update(done)  # a track may be sent back
        while self._grow():
            pass

    def may(self, rule: Clauses) -> bool:
        """Whether each item of a rule can hold at some time."""
        return all(map(self.may_item, rule))

    def may_item(self, item: tuple[Literal, ...]) -> bool:
        """Whether one of the alternatives of an item can hold at some time."""
        return any(map(self._may_literal, item))

    def may_reach(self, condition: str) -> bool:
        """Whether a condition is ever at 1 or more."""
        return condition in self.rising or condition in self.levels

    def _may_literal(self, one: Literal) -> bool:
        level = self.levels.get(one.condition, 0)
        if one.negated:
            return level < one.at_least or one.condition in self.falling
        most = highest_level(self.content, one.condition)
        return level >= one.at_least or (one.condition in self.rising and one.at_least <= most)

    def _size(self) -> int:
        return len(self.stages) + len(self.rising) + len(self.falling) + len(self.opened)

    def _grow(self) -> bool:
        before = self._size()
        for rule in self.rules:
            if self.may(rule.when):
                self._apply(rule)
                self.opened.update(rule.opens)
        for name, track in self.content.tracks.items():
            if self._may_begin(name, track):
                self._follow(name, track.stages)
        for shock in self.content.shocks.values():
            if self.may(shock.when) and happens(self.content, shock):
                self._apply(shock)
                self._break(shock)
        return self._size() > before

    def _break(self, shock: Shock) -> None:
        for one in shock.breaks:
            if may_be_positive(one.probability):
                names = [f"{one.track}.{one.stage}"] if one.stage else self.stages
                self.rising.update(
                    name + FAILURES
                    for name in names
                    if name in self.stages and name.startswith(f"{one.track}.")
                )

    def _may_begin(self, name: str, track: Track) -> bool:
        if name in self.opened or f"{name}.{track.stages[0].name}" in self.done:
            return name in self.opened or name not in self.left_out
        return name not in self.left_out and self.may(self.starts.get(name, ()))

    def _follow(self, track: str, stages: Iterable[Stage]) -> None:
        for stage in stages:
            name = f"{track}.{stage.name}"
            if not self.may(stage.needs) or not window_opens(self.content, stage):
                if name in self.done:
                    continue
                return
            self.stages.add(name)
            self.rising.update(stage.holds)
            self.falling.update(stage.holds)
            if may_fail(stage):
                self.rising.add(name + FAILURES)
            for setback in stage.setbacks:
                if may_fail(stage) and may_be_positive(setback.weight) and self.may(setback.when):
                    self._apply(setback)
            if not may_be_positive(stage.success):
                if name in self.done:
                    continue
                return
            self.rising.add(name)
            self._apply(stage)

    def _apply(self, effects: Effects) -> None:
        self.rising.update(effects.raises)
        self.falling.update(effects.lowers, effects.clears)


def reach_of(content: ScenarioData, strategy: Strategy) -> Reach:
    """What may happen under a strategy.

    Args:
        content: the scenario, without the overrides of the strategy.
        strategy: the strategy.
    """
    return Reach(
        overridden(content, strategy.overrides),
        strategy.starts,
        strategy.never,
        strategy.raises,
        rules=strategy.rules,
        done=done_under(content, strategy),
    )


def highest_level(content: ScenarioData, name: str) -> int:
    """The highest level of a condition, of a stage condition, or of the failures at a stage."""
    if name in content.conditions:
        return content.conditions[name].max
    return MAX_LEVEL if name.count(".") > 1 else 1


def may_be_positive(number: Number) -> bool:
    """Whether a number is above 0 in some draw; a range counts as such.

    >>> may_be_positive(0.0), may_be_positive(Range(low=0, likely=0, high=0.1))
    (False, True)
    """
    return isinstance(number, Range) or number > 0


def may_fail(stage: Stage) -> bool:
    """Whether an attempt may end in a setback; where its success is uncertain it may."""
    return isinstance(stage.success, Range) or stage.success < 1


def happens(content: ScenarioData, shock: Shock) -> bool:
    """Whether a shock can occur within the run, if its rule holds."""
    if shock.on is not None and not any(
        content.start <= day and (day - content.start).days < content.horizon for day in shock.on
    ):
        return False
    return may_be_positive(shock.probability) and (
        shock.rate is None or may_be_positive(shock.rate)
    )


def window_opens(content: ScenarioData, stage: Stage) -> bool:
    """Whether a stage has no window, or one that lies inside the run."""
    return not stage.window or any(
        opens_in_run(content, window.opens, window.closes) for window in stage.window
    )


def opens_in_run(
    content: ScenarioData, opens: MonthDay | dt.date, closes: MonthDay | dt.date
) -> bool:
    """Whether a window lies inside the run, at least in part.

    Args:
        content: gives the start and the horizon.
        opens, closes: the ends of the window; month-days come every year.
    """
    if isinstance(opens, MonthDay) or isinstance(closes, MonthDay):
        return True
    return closes >= content.start and (opens - content.start).days < content.horizon


# -- what never starts, in words ------------------------------------------------------------------


@dataclass(frozen=True)
class _Wait:
    """What a track waits for in vain, in words, and the other tracks that could bring it."""

    text: str
    leads: tuple[str, ...] = ()


def never_starts(content: ScenarioData, strategy: Strategy) -> list[str]:
    """Which tracks of a strategy, or later stages of theirs, never start, and why.

    Args:
        content: the scenario, without the overrides of the strategy.
        strategy: the strategy.

    Returns:
        A sentence for each. Tracks that wait for one another stand in one sentence. Where the goal
        cannot be reached, the last sentence says so. Tracks that the strategy leaves out are
        mentioned only where others wait for them.
    """
    return _Explanation(content, strategy).sentences()


class _Explanation:
    """Why tracks of a strategy never start."""

    def __init__(self, content: ScenarioData, strategy: Strategy) -> None:
        self.content, self.strategy = overridden(content, strategy.overrides), strategy
        self.reach = reach_of(content, strategy)
        self.left_out = {name for name in strategy.never if name not in self.reach.opened}

    def sentences(self) -> list[str]:
        """What is to be found, cycles first."""
        found = [self._of_cycle(cycle) for cycle in self.cycles]
        inside = {name for cycle in self.cycles for name in cycle}
        found += [
            f"{self._label(name)} {waits[0].text}, so it never starts"
            for name, waits in self.waits.items()
            if name not in inside
        ]
        if not self.reach.may_reach(self.content.goal):
            found.append(f"the goal {self.content.goal} can never be reached")
        return found

    @cached_property
    def stuck(self) -> dict[str, int]:
        """By track, the place of its first stage that is never attempted."""
        found = {}
        for name, track in self.content.tracks.items():
            places = (
                i
                for i, stage in enumerate(track.stages)
                if f"{name}.{stage.name}" not in {*self.reach.stages, *self.reach.done}
            )
            place = next(places, None)
            if name not in self.left_out and place is not None:
                found[name] = place
        return found

    @cached_property
    def waits(self) -> dict[str, list[_Wait]]:
        """By track that is stuck, everything that it waits for in vain."""
        return {name: list(self._waits(name, place)) for name, place in self.stuck.items()}

    def _waits(self, name: str, place: int) -> Iterator[_Wait]:
        stages = self.content.tracks[name].stages
        stage = stages[place]
        waived = place or name in self.reach.opened
        start = () if waived else self.strategy.starts.get(name, ())
        for item in (*start, *stage.needs):
            if not self.reach.may_item(item):
                parts = [self._literal(name, literal) for literal in item]
                leads = dict.fromkeys(track for part in parts for track in part.leads)
                yield _Wait(f"waits for {' or '.join(part.text for part in parts)}", tuple(leads))
        if not window_opens(self.content, stage):
            yield _Wait("waits for a window, of which none lies inside the run")
        if place and not may_be_positive(stages[place - 1].success):
            yield _Wait(f"waits for {name}.{stages[place - 1].name}, whose success is 0")

    def _label(self, name: str) -> str:
        place = self.stuck[name]
        return f"{name}.{self.content.tracks[name].stages[place].name}" if place else name

    # -- one literal --

    def _literal(self, waiting: str, one: Literal) -> _Wait:
        """Why a literal never holds."""
        declared = self.content.conditions.get(one.condition)
        if one.negated:
            return self._present(one)
        most = highest_level(self.content, one.condition)
        if one.at_least > most:
            return _Wait(f"{one.text}, but the max of {one.condition} is {most}")
        return self._absent(one) if declared else self._stage(waiting, one)

    def _stage(self, waiting: str, one: Literal) -> _Wait:
        track, _, _ = one.condition.partition(".")
        if track in self.left_out:
            return _Wait(f"{one.text}, but {track} is left out")
        if track == waiting:
            return _Wait(f"{one.text}, a stage of its own", (track,))
        counts = one.condition.count(".") > 1
        stage = one.condition.removesuffix(FAILURES) if counts else one.condition
        if stage not in self.reach.stages:
            return _Wait(one.text, (track,))
        return _Wait(f"{one.text}, {'which never fails' if counts else 'whose success is 0'}")

    def _absent(self, one: Literal) -> _Wait:
        name = one.condition
        raisers = self._doers(lambda e: name in e.raises or name in getattr(e, "holds", ()))
        if not raisers:
            return _Wait(f"{one.text}, which nothing ever raises")
        return self._by(one, raisers, "raises")

    def _present(self, one: Literal) -> _Wait:
        name = one.condition
        doers = self._doers(lambda e: name in e.lowers or name in e.clears)
        if not doers:
            return _Wait(f"{one.text}, but {name} is there from day 0 and nothing ever lowers it")
        return self._by(one, doers, "lowers")

    def _doers(self, does: Callable[[Effects], bool]) -> list[tuple[str, str]]:
        """What does something to a condition: its name, and its track, empty for a shock."""
        found = []
        for track in self.content.tracks.values():
            for stage in track.stages:
                name = f"{track.name}.{stage.name}"
                parts = [(name, stage), *((f"{name}.{one.name}", one) for one in stage.setbacks)]
                found += [(part, track.name) for part, effects in parts if does(effects)]
        found += [(name, "") for name, shock in self.content.shocks.items() if does(shock)]
        return found + [(f"rule {one.name}", "") for one in self.strategy.rules if does(one)]

    def _by(self, one: Literal, doers: list[tuple[str, str]], verb: str) -> _Wait:
        """A condition that only these raise (or lower), none of which ever happens."""
        out = self.left_out
        alive = [(name, track) for name, track in doers if track not in out]
        leads = dict.fromkeys(track for _, track in alive if track in self.stuck)
        names = comma_separated([name for name, _ in alive or doers], most=4)
        text = f"{one.text}, which only {names} {verb if len(alive or doers) == 1 else verb[:-1]}"
        if not alive:
            left = list(dict.fromkeys(track for _, track in doers))
            be = "is" if len(left) == 1 else "are"
            text += f", but {comma_separated(left)} {be} left out"
        elif not leads:
            text += ", and that never happens"
        return _Wait(text, tuple(leads))

    # -- tracks that wait for one another --

    @cached_property
    def cycles(self) -> list[list[str]]:
        """Tracks that wait for one another, each cycle once; the shortest through each track."""
        found: list[list[str]] = []
        seen: set[str] = set()
        for name in self.stuck:
            cycle = [] if name in seen else self._cycle(name)
            if cycle and not seen & set(cycle):
                found.append(cycle)
            seen.update(cycle)
        return found

    def _cycle(self, start: str) -> list[str]:
        """The shortest way from a track to itself, along what it waits for; empty without one."""
        ways = [[start]]
        visited: set[str] = set()
        for way in ways:
            for following in self._leads(way[-1]):
                if following == start:
                    return way
                if following not in visited:
                    visited.add(following)
                    ways.append([*way, following])
        return []

    def _leads(self, name: str) -> list[str]:
        return [track for wait in self.waits.get(name, ()) for track in wait.leads]

    def _of_cycle(self, cycle: list[str]) -> str:
        parts = []
        for name, following in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            wait = next(one for one in self.waits[name] if following in one.leads)
            parts.append(f"{self._label(name)} {wait.text}")
        end = {1: "it never starts", 2: "neither ever starts"}.get(
            len(cycle), "none of them ever starts"
        )
        return f"{', '.join(parts)}, so {end}"
