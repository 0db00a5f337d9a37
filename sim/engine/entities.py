"""What a replication is made of: the entities of a scenario, ready for the SimPy engine.

They are read from the :class:`~sim.Scenario` itself, with the parameter values of one
draw, and share nothing with the arrays of the compiled engine but the numbering of levels, counts
and clause items, by which both engines fill the same rows. So where the engines agree, the
translation into arrays is right too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.engine import distributions, streams
from sim.engine.calendar import dates_of, spans_of
from sim.engine.program import (
    ABANDON,
    AFTER,
    CLEAR,
    CLOSE,
    DATED,
    FAMILIES,
    LOWER,
    NOTHING,
    OPEN,
    RAISE,
    RATE,
    REOPEN,
    RESUME,
    Program,
    failures_of,
    rules_of,
)
from sim.engine.rows import names_of_columns
from sim.scenario import model as scenario_model
from sim.scenario import scenario
from sim.scenario.parameters import overridden
from sim.scenario.scenario import Clauses, base_value


class LevelTest(NamedTuple):
    """A test of a level: level >= least, or (negated) its opposite."""

    level: int
    least: int
    negated: bool


class ClauseItem(NamedTuple):
    """An item of a list of clauses: one of its tests must hold."""

    number: int  # among all items of the scenario
    tests: tuple[LevelTest, ...]


Rule = tuple[ClauseItem, ...]  # all items must hold
Steps = tuple[tuple[int, int], ...]  # effects: what is done, to which level, stage or track


class Ratio(NamedTuple):
    """An influence on one stage or shock: its ratio once, or once per level."""

    test: LevelTest
    per_level: bool
    ratio: float


class DurationLaw(NamedTuple):
    """The distribution of a duration, delay or fade; its fields are arguments of the quantile."""

    family: int
    a: float
    b: float
    c: float
    d: float
    table: npt.NDArray[np.float64]
    start: int
    size: int

    def days(self, u: float) -> float:
        """The duration in days at the uniform u in [0, 1)."""
        days: float = distributions.quantile(*self, u)
        return days


class SetbackEntity(NamedTuple):
    """A way in which an attempt at a stage fails.

    Attributes:
        place: index among the setbacks of all stages.
        weight: its relative probability, among the setbacks that are possible.
        when: the rule under which it is possible.
        delay: the delay of the track, in days.
        resume: the stage at which the track resumes, or ABANDON.
        effects: on conditions and tracks.
        column: its column among the counts; setbacks of one name share it.
    """

    place: int
    weight: float
    when: Rule
    delay: DurationLaw
    resume: int
    effects: Steps
    column: int


class StageEntity(NamedTuple):
    """A stage of a track.

    Attributes:
        place: index among the stages of all tracks.
        failures: the level that counts its failed attempts, or NOTHING where nothing reads it.
        stream: key of its random stream.
        duration: of an attempt, in days.
        success: the probability of success at odds ratio 1.
        gate: the rule that must hold when an attempt begins.
        holds: conditions held by an attempt in progress.
        windows: spans of days in which an attempt may begin; none: always.
        setbacks, effects: after a failure; after a success.
        odds, times: influences on the probability, and on the duration.
    """

    place: int
    failures: int
    stream: int
    duration: DurationLaw
    success: float
    gate: Rule
    holds: tuple[int, ...]
    windows: tuple[tuple[float, float], ...]
    setbacks: tuple[SetbackEntity, ...]
    effects: Steps
    odds: tuple[Ratio, ...]
    times: tuple[Ratio, ...]


class TrackEntity(NamedTuple):
    """A track; its stages are those with indices first to last.

    Attributes:
        begins_at: the first stage that is not done before day 0; where all are, the one after last.
        start: its start rule.
        parties: those with a limited delegation.
    """

    place: int
    first: int
    last: int
    begins_at: int
    start: Rule
    parties: tuple[int, ...]


class BreakEntity(NamedTuple):
    """The break of an attempt in progress by a shock.

    Attributes:
        track, stage: the attempt that it breaks; NOTHING: any stage of the track.
        probability: of the break, given the shock and the attempt.
        delay: of the track afterwards, in days.
        resume: a stage, ABANDON, or NOTHING: the broken stage.
    """

    track: int
    stage: int
    probability: float
    delay: DurationLaw
    resume: int


class ShockEntity(NamedTuple):
    """A shock of any timing.

    Attributes:
        place, stream: its index, and the key of its random stream.
        timing: RATE (``rate`` a year), AFTER (once, after the law ``after``) or DATED (``dates``).
        when: the rule under which its clock runs, or under which a dated shock may happen.
        probability: that it happens at its instant.
        effects, breaks: on conditions and tracks; of attempts in progress.
        ratios: influences on the speed of its clock.
        column, breaks_column: its columns among the counts.
    """

    place: int
    stream: int
    timing: int
    rate: float
    after: DurationLaw | None
    dates: tuple[float, ...]
    when: Rule
    probability: float
    effects: Steps
    breaks: tuple[BreakEntity, ...]
    ratios: tuple[Ratio, ...]
    column: int
    breaks_column: int


class DecisionEntity(NamedTuple):
    """A rule of the strategy: what it does when something has held for some days.

    Attributes:
        place: index among the rules of the strategy.
        when, held: what must hold, and for how many days without a break.
        effects: on conditions and tracks.
        repeats: whether it may fire again once `when` has failed.
        column: its column among the rules of all strategies.
    """

    place: int
    when: Rule
    held: float
    effects: Steps
    repeats: bool
    column: int


class Entities:
    """The entities of a scenario with its strategy, at the parameter values of one draw.

    They are made once for many replications. Levels are numbered as the rows have them: declared
    conditions in file order, then one for each stage; then come failures that are read.

    Args:
        program: names the scenario, and holds the values of its parameters.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.scenario = one = overridden(program.scenario, program.values)
        self.horizon, self.most_events = float(one.horizon), program.code.most_events
        self.conditions = list(one.conditions.values())
        self._stages = one.stages
        failures = failures_of(one)
        names = [*one.conditions, *self._stages, *failures]
        self.level_index = {name: i for i, name in enumerate(names)}
        self.goal = self.level_index[one.goal]
        self.ruin = NOTHING if one.ruin is None else self.level_index[one.ruin]
        self.maximum = [c.max for c in self.conditions] + [1] * len(self._stages)
        self.maximum += [scenario_model.MAX_LEVEL] * len(failures)
        self.initially = [c.initially for c in self.conditions]
        self.held = {self.level_index[name] for name in one.held}
        self.postures = [self.level_index[name] for name in one.chosen.raises]
        self.fades = [None if c.fades is None else _law(c.fades) for c in self.conditions]
        self.fade_streams = [streams.stream(f"fade:{name}") for name in one.conditions]
        # A sampled delegation is a whole number of negotiations, and at least one.
        self.capacity = [max(1, int(base_value(n) + 0.5)) for n in one.delegations.values()]
        self._number_of_stage = {name: s for s, name in enumerate(self._stages)}
        self._number_of_track = {name: t for t, name in enumerate(one.tracks)}
        self._setback_names = list(
            dict.fromkeys(b.name for stage in self._stages.values() for b in stage.setbacks)
        )
        self.counts = len(self._setback_names) + 2 * len(one.shocks)
        numbers = [len(stage.setbacks) for stage in self._stages.values()]
        self._first_setback = list(accumulate(numbers, initial=0))
        self._read_clauses()
        self.tracks = self._tracks()
        self.stages = [self._stage(*named) for named in self._stages.items()]
        self.track_of_stage = [t.place for t in self.tracks for _ in range(t.first, t.last + 1)]
        self.shocks = [self._shock(k, shock) for k, shock in enumerate(one.shocks.values())]
        self.readers = self._readers()
        self.openings = sorted(
            (opens, stage.place)
            for stage in self.stages
            for opens, closes in stage.windows
            if 0 <= opens < closes
        )
        first = [self._number_of_track[name] for name in one.chosen.priority]
        self.by_priority = first + [t for t in range(len(self.tracks)) if t not in first]
        self.left_out = [name in one.chosen.never for name in one.tracks]
        self.decisions = [
            DecisionEntity(
                place=i,
                when=self._decision_when[i],
                held=rule.held,
                effects=self._steps(rule),
                repeats=rule.repeats,
                column=rules_of(one).index(rule.name),
            )
            for i, rule in enumerate(one.chosen.rules)
        ]

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of the columns of the rows."""
        return frozenset(names_of_columns(self.program))

    def _read_clauses(self) -> None:
        """Number the items of all lists of clauses: start rules, gates, setbacks, shocks, rules."""
        one = self.scenario
        self._items = 0
        self._start = [self._rule(one.chosen.starts.get(name, ())) for name in one.tracks]
        stages = list(self._stages.values())
        self._gate = [self._rule(stage.needs) for stage in stages]
        self._setback_when = [[self._rule(b.when) for b in stage.setbacks] for stage in stages]
        self._shock_when = [self._rule(shock.when) for shock in one.shocks.values()]
        self._decision_when = [self._rule(rule.when) for rule in one.chosen.rules]

    def _rule(self, clauses: Clauses) -> Rule:
        first = self._items
        self._items += len(clauses)
        return tuple(
            ClauseItem(first + i, tuple(self._test(literal) for literal in item))
            for i, item in enumerate(clauses)
        )

    def _test(self, literal: scenario.Literal) -> LevelTest:
        return LevelTest(self.level_index[literal.condition], literal.at_least, literal.negated)

    def _ratios(self, kind: str, name: str) -> tuple[Ratio, ...]:
        return tuple(
            Ratio(self._test(one.of), one.of.per_level, base_value(one.ratio))
            for one in self.scenario.influences
            if one.kind == kind and name in one.targets
        )

    def _steps(self, effects: scenario.Effects) -> Steps:
        named = ((CLEAR, effects.clears), (LOWER, effects.lowers), (RAISE, effects.raises))
        levels = [(kind, self.level_index[name]) for kind, names in named for name in names]
        reopened = [
            (REOPEN, self._number_of_stage[f"{one.track}.{one.stage}"]) for one in effects.reopens
        ]
        resumed = [(RESUME, self._number_of_track[name]) for name in effects.resumes]
        steps = [*levels, *reopened, *resumed]
        if isinstance(effects, scenario_model.DecisionRule):
            steps += [(CLOSE, self._number_of_track[name]) for name in effects.closes]
            steps += [(OPEN, self._number_of_track[name]) for name in effects.opens]
        return tuple(steps)

    def _resume(self, track: str, stage: str | None, default: int) -> int:
        if stage == scenario.ABANDON:
            return ABANDON
        return default if stage is None else self._number_of_stage[f"{track}.{stage}"]

    def _tracks(self) -> list[TrackEntity]:
        limited = list(self.scenario.delegations)
        self.done = sorted(
            self._number_of_stage[name]
            for name in scenario_model.done_under(self.scenario, self.scenario.chosen)
        )
        found, first = [], 0
        for place, track in enumerate(self.scenario.tracks.values()):
            parties = tuple(limited.index(party) for party in track.parties if party in limited)
            last = first + len(track.stages) - 1
            begins_at = first + sum(first <= stage <= last for stage in self.done)
            found.append(TrackEntity(place, first, last, begins_at, self._start[place], parties))
            first = last + 1
        return found

    def _stage(self, name: str, stage: scenario.Stage) -> StageEntity:
        place, track = self._number_of_stage[name], name.partition(".")[0]
        return StageEntity(
            place=place,
            failures=self.level_index.get(name + scenario_model.FAILURES, NOTHING),
            stream=streams.stream(f"stage:{name}"),
            duration=_law(stage.duration),
            success=base_value(stage.success),
            gate=self._gate[place],
            holds=tuple(self.level_index[held] for held in stage.holds),
            windows=self._windows(stage.window),
            setbacks=tuple(
                SetbackEntity(
                    place=self._first_setback[place] + i,
                    weight=base_value(one.weight),
                    when=self._setback_when[place][i],
                    delay=_law(one.delay),
                    resume=self._resume(track, one.resume, place),
                    effects=self._steps(one),
                    column=self._setback_names.index(one.name),
                )
                for i, one in enumerate(stage.setbacks)
            ),
            effects=self._steps(stage),
            odds=self._ratios("odds", name),
            times=self._ratios("time", name),
        )

    def _windows(self, windows: Sequence[scenario.Window]) -> tuple[tuple[float, float], ...]:
        spans = spans_of(windows, self.scenario.start, self.scenario.horizon)
        # A window that lies outside the run keeps its stage shut: an empty span, not an absent one.
        return tuple((float(a), float(b)) for a, b in spans or [(0, 0)] * bool(windows))

    def _shock(self, place: int, shock: scenario.Shock) -> ShockEntity:
        first_column, count = len(self._setback_names), len(self.scenario.shocks)
        timing = DATED if shock.dated else AFTER if shock.rate is None else RATE
        dates = dates_of(shock, self.scenario.start, self.scenario.horizon) if shock.dated else ()
        return ShockEntity(
            place=place,
            stream=streams.stream(f"shock:{shock.name}"),
            timing=timing,
            rate=0.0 if shock.rate is None else base_value(shock.rate),
            after=None if shock.after is None else _law(shock.after),
            dates=tuple(map(float, dates)),
            when=self._shock_when[place],
            probability=base_value(shock.probability),
            effects=self._steps(shock),
            breaks=tuple(self._break(one) for one in shock.breaks),
            ratios=self._ratios("rate", shock.name),
            column=first_column + place,
            breaks_column=first_column + count + place,
        )

    def _break(self, one: scenario.Break) -> BreakEntity:
        stage = NOTHING
        if one.stage is not None:
            stage = self._number_of_stage[f"{one.track}.{one.stage}"]
        return BreakEntity(
            track=self._number_of_track[one.track],
            stage=stage,
            probability=base_value(one.probability),
            delay=_law(one.delay),
            resume=self._resume(one.track, one.resume, NOTHING),
        )

    def _readers(self) -> list[list[int]]:
        """For each level the undated shocks whose speed depends on it."""
        found: list[list[int]] = [[] for _ in self.level_index]
        for shock in self.shocks:
            if shock.timing != DATED:
                for level in _levels_read(shock):
                    found[level].append(shock.place)
        return found


def _levels_read(shock: ShockEntity) -> Iterable[int]:
    tests = [test for item in shock.when for test in item.tests]
    return {test.level for test in [*tests, *(ratio.test for ratio in shock.ratios)]}


def _law(duration: scenario.Duration) -> DurationLaw:
    family = FAMILIES[duration.family]
    values = duration.values or tuple(base_value(number) for number in duration.params.values())
    (a, b, c, d), table = distributions.prepare(family, np.array(values, np.float64))
    return DurationLaw(family, a, b, c, d, table, 0, len(table))
