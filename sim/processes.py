"""The SimPy engine: tracks, shocks and fades as processes that tell their own story.

Read this module first. The processes stand at its head; below them is the :class:`History`, the
world in which they live: levels, delegations, clocks and the settle.

Order at one instant. SimPy orders events by time, then by priority. Every entity of the model has
a rank of its own as priority: window openings, fades, shocks, tracks, each in file order. The
settle comes before all of them, but after whatever an event has woken, so that it finds every
process at its yield again.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import simpy
from simpy.events import NORMAL, Event, EventPriority

from sim import laws
from sim.program import (
    ABANDON,
    ABANDONED,
    AFTER,
    CLEAR,
    DATED,
    DAYS_PER_YEAR,
    DELEGATION,
    GOAL,
    LOWER,
    MAX_EVENTS_AT_AN_INSTANT,
    NOTHING,
    ONGOING,
    RAISE,
    RATE,
    REMEMBERED,
    RUIN,
    WINDOW,
    Entry,
    Program,
    What,
    cannot_advance,
)
from sim.rows import Rows, empty

SETTLE = NORMAL + 1
FIRST_RANK = SETTLE + 1

Story = Generator[Event, Any, None]
UserProcess = Callable[["History"], Generator[Event, Any, Any]]


# -- the processes --------------------------------------------------------------------------------


def negotiate(world: History, track: Track) -> Story:
    """A track waits for its turn, sits at the table, and ends in success or pays for a setback."""
    while track.state != GONE:
        days = yield track.turn
        try:
            yield world.alarm(days, track.rank)
            delay = world.conclude(track)
        except simpy.Interrupt as broken:
            delay = broken.cause
        if delay is not None:
            yield world.alarm(delay, track.rank)
            world.resume(track)


def strike(world: History, shock: Shock) -> Story:
    """An undated shock strikes whenever its clock runs out; the settle winds it again."""
    while True:
        yield shock.clock.bell()
        world.strike(shock)


def recur(world: History, shock: Shock) -> Story:
    """A dated shock comes on its dates, if what it depends on holds then."""
    for day in shock.cast.dates:
        yield world.alarm(day - world.now, shock.rank)
        world.strike(shock)


def fade(world: History, condition: Fading) -> Story:
    """A condition loses a level whenever its clock runs out; every raise sets the clock anew."""
    while True:
        yield condition.clock.bell()
        world.fade(condition)


def open_windows(world: History) -> Story:
    """The calendar opens each window on its day, and whoever waited for it may begin."""
    for day, stage in world.cast.openings:
        yield world.alarm(day - world.now, FIRST_RANK + stage)
        world.open_window(stage)


# -- alarms and clocks ----------------------------------------------------------------------------


class Alarm(Event):
    """A timeout with the rank of its entity as its priority."""

    def __init__(self, env: simpy.Environment, delay: float, rank: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, EventPriority(rank), delay)


class Clock:
    """An alarm that can be set anew.

    SimPy cannot take an alarm back, so each setting has a version, and an outdated alarm rings
    for nobody.
    """

    __slots__ = ("_bell", "_version", "env", "rank")

    def __init__(self, env: simpy.Environment, rank: int) -> None:
        self.env, self.rank = env, rank
        self._bell = Event(env)
        self._version = 0

    def bell(self) -> Event:
        """The event of the next ring."""
        return self._bell

    def set(self, delay: float) -> None:
        """Ring after ``delay`` days, whatever was set before."""
        self._version += 1
        alarm = Alarm(self.env, delay, self.rank)
        alarm.callbacks.append(partial(self._ring, self._version))

    def stop(self) -> None:
        """Do not ring until set again."""
        self._version += 1

    def _ring(self, version: int, _: Event) -> None:
        if version == self._version:
            bell, self._bell = self._bell, Event(self.env)
            bell.succeed()


# -- the cast: what does not change from history to history ---------------------------------------


class Literal(NamedTuple):
    """One condition of a clause: level >= least, or (negated) its opposite."""

    condition: int
    least: int
    negated: bool


class Item(NamedTuple):
    """One item of a list of clauses: one of its literals must hold."""

    code: int
    literals: tuple[Literal, ...]


Rule = tuple[Item, ...]


class Ratio(NamedTuple):
    """An influence on one stage or shock."""

    literal: Literal
    per_level: bool
    ratio: float


class Law(NamedTuple):
    """A law of a duration, delay or fade; its arguments are those of ``laws.quantile``."""

    family: int
    a: float
    b: float
    c: float
    d: float
    table: npt.NDArray[np.float64]
    start: int
    size: int

    def days(self, u: float) -> float:
        """The duration at the uniform u."""
        days: float = laws.quantile(*self, u)
        return days


class SetbackCast(NamedTuple):
    """A setback of a stage."""

    place: int
    weight: float
    when: Rule
    delay: Law
    resume: int
    effects: tuple[tuple[int, int], ...]
    column: int


class StageCast(NamedTuple):
    """A stage of a track."""

    place: int
    stream: int
    duration: Law
    success: float
    gate: Rule
    holds: tuple[int, ...]
    windows: tuple[tuple[float, float], ...]
    setbacks: tuple[SetbackCast, ...]
    effects: tuple[tuple[int, int], ...]
    odds: tuple[Ratio, ...]
    times: tuple[Ratio, ...]


class TrackCast(NamedTuple):
    """A track; its stages are those with indices first to last."""

    place: int
    first: int
    last: int
    start: Rule
    parties: tuple[int, ...]


class BreakCast(NamedTuple):
    """What a shock may do to an attempt in progress."""

    track: int
    stage: int
    probability: float
    delay: Law
    resume: int


class ShockCast(NamedTuple):
    """A shock of any timing."""

    place: int
    stream: int
    timing: int
    rate: float
    after: Law | None
    dates: tuple[float, ...]
    when: Rule
    probability: float
    effects: tuple[tuple[int, int], ...]
    breaks: tuple[BreakCast, ...]
    ratios: tuple[Ratio, ...]
    column: int
    breaks_column: int


class Cast:
    """The arrays of a program as plain Python objects, made once for many histories."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.code = code = program.code
        self._literals = [
            Literal(*row)
            for row in zip(
                code.literal_condition.tolist(),
                code.literal_least.tolist(),
                code.literal_negated.tolist(),
                strict=True,
            )
        ]
        self._laws = [self._law(i) for i in range(len(code.law_family))]
        self._effects = [
            tuple(
                zip(
                    _part(code.effect_start, code.effect_kind, i),
                    _part(code.effect_start, code.effect_of, i),
                    strict=True,
                )
            )
            for i in range(len(code.effect_start) - 1)
        ]
        self.stages = [self._stage(i) for i in range(len(program.stages))]
        self.tracks = [self._track(i) for i in range(len(program.tracks))]
        self.shocks = [self._shock(i) for i in range(len(program.shocks))]
        self.fades = [None if i == NOTHING else self._laws[i] for i in code.fade_law.tolist()]
        self.fade_streams = code.fade_stream.tolist()
        self.readers = [
            _part(code.reader_start, code.reader, i) for i in range(len(program.levels))
        ]
        self.openings = list(
            zip(code.opening_time.tolist(), code.opening_stage.tolist(), strict=True)
        )
        self.maximum = code.maximum.tolist() + [1] * len(program.stages)
        self.initially = code.initially.tolist()
        self.postures = code.postures.tolist()
        self.capacity = code.capacity.tolist()
        self.by_priority = code.by_priority.tolist()
        self.left_out = code.left_out.tolist()
        self.level_index = {name: i for i, name in enumerate(program.levels)}

    def _law(self, i: int) -> Law:
        code = self.code
        a, b, c, d = code.law_params[i].tolist()
        return Law(
            int(code.law_family[i]),
            a,
            b,
            c,
            d,
            code.law_table,
            int(code.law_start[i]),
            int(code.law_count[i]),
        )

    def _rule(self, i: int) -> Rule:
        code = self.code
        items = range(int(code.rule_start[i]), int(code.rule_start[i + 1]))
        return tuple(
            Item(item, tuple(self._literals[code.item_start[item] : code.item_start[item + 1]]))
            for item in items
        )

    def _ratios(self, influences: Sequence[int]) -> tuple[Ratio, ...]:
        code = self.code
        return tuple(
            Ratio(
                Literal(
                    int(code.influence_condition[i]),
                    int(code.influence_least[i]),
                    bool(code.influence_negated[i]),
                ),
                bool(code.influence_per_level[i]),
                float(code.influence_ratio[i]),
            )
            for i in influences
        )

    def _setback(self, i: int) -> SetbackCast:
        code = self.code
        return SetbackCast(
            place=i,
            weight=float(code.setback_weight[i]),
            when=self._rule(code.setback_when[i]),
            delay=self._laws[code.setback_delay[i]],
            resume=int(code.setback_resume[i]),
            effects=self._effects[code.setback_effects[i]],
            column=int(code.setback_count[i]),
        )

    def _stage(self, i: int) -> StageCast:
        code = self.code
        return StageCast(
            place=i,
            stream=int(code.stage_stream[i]),
            duration=self._laws[code.duration_law[i]],
            success=float(code.success[i]),
            gate=self._rule(code.gate[i]),
            holds=tuple(_part(code.hold_start, code.hold, i)),
            windows=tuple(
                zip(
                    _part(code.window_start, code.window_opens, i),
                    _part(code.window_start, code.window_closes, i),
                    strict=True,
                )
            ),
            setbacks=tuple(
                self._setback(b) for b in range(code.setback_start[i], code.setback_start[i + 1])
            ),
            effects=self._effects[code.stage_effects[i]],
            odds=self._ratios(_part(code.odds_start, code.odds, i)),
            times=self._ratios(_part(code.time_start, code.time, i)),
        )

    def _track(self, i: int) -> TrackCast:
        code = self.code
        return TrackCast(
            place=i,
            first=int(code.stage_start[i]),
            last=int(code.stage_start[i + 1]) - 1,
            start=self._rule(code.start_rule[i]),
            parties=tuple(_part(code.party_start, code.party, i)),
        )

    def _shock(self, i: int) -> ShockCast:
        code = self.code
        after = int(code.after_law[i])
        return ShockCast(
            place=i,
            stream=int(code.shock_stream[i]),
            timing=int(code.timing[i]),
            rate=float(code.rate[i]),
            after=None if after == NOTHING else self._laws[after],
            dates=tuple(_part(code.date_start, code.date, i)),
            when=self._rule(code.shock_when[i]),
            probability=float(code.probability[i]),
            effects=self._effects[code.shock_effects[i]],
            breaks=tuple(
                BreakCast(
                    int(code.break_track[j]),
                    int(code.break_stage[j]),
                    float(code.break_probability[j]),
                    self._laws[code.break_delay[j]],
                    int(code.break_resume[j]),
                )
                for j in range(code.break_start[i], code.break_start[i + 1])
            ),
            ratios=self._ratios(_part(code.speed_start, code.speed, i)),
            column=int(code.shock_count[i]),
            breaks_column=int(code.breaks_count[i]),
        )


def _part(start: npt.NDArray[Any], flat: npt.NDArray[Any], i: int) -> list[Any]:
    part: list[Any] = flat[start[i] : start[i + 1]].tolist()
    return part


# -- the entities of one history ------------------------------------------------------------------

WAITING, AT_TABLE, DELAYED, COMPLETED, GONE = range(5)


class Track:
    """Where a track stands: its stage, its state, and what it has been waiting for."""

    __slots__ = ("begun", "cast", "ended", "note", "process", "rank", "resume_at", "stage",
                 "state", "turn")  # fmt: skip

    def __init__(self, env: simpy.Environment, cast: TrackCast, rank: int) -> None:
        self.cast, self.rank = cast, rank
        self.stage = cast.first
        self.state = WAITING
        self.begun = False  # has the first attempt begun?
        self.note = NOTHING  # the first unmet item, last time that everything was at rest
        self.resume_at = NOTHING
        self.ended = math.nan
        self.turn = Event(env)
        self.process: simpy.Process


class Shock:
    """A shock's occurrences so far and, where it is undated, its clock."""

    __slots__ = ("cast", "clock", "due", "fired", "occurrence", "rank", "residual", "speed")

    def __init__(self, env: simpy.Environment, cast: ShockCast, rank: int) -> None:
        self.cast, self.rank = cast, rank
        self.clock = Clock(env, rank)
        self.occurrence = 0
        self.residual = math.inf
        self.speed = 0.0
        self.due = math.inf
        self.fired = False  # since the last settle


class Fading:
    """The clock of a condition that fades, and how often it was drawn."""

    __slots__ = ("clock", "draws", "law", "place", "stream")

    def __init__(self, env: simpy.Environment, place: int, law: Law, stream: int, rank: int):
        self.place, self.law, self.stream = place, law, stream
        self.clock = Clock(env, rank)
        self.draws = 0


# -- the world ------------------------------------------------------------------------------------


class History:
    """One replication: the world in which the processes live.

    A process of a user's own gets this object. It may read :attr:`now`, :meth:`level` and
    :meth:`uniforms`, wait with ``world.env.timeout(days)``, and change the world with
    :meth:`raise_`, :meth:`lower` and :meth:`clear`.

    Args:
        cast: the program's entities.
        seed: 0 <= seed < 2**64.
        replication: the number of this history.
        log: where to write what happens, or None.
        processes: generator functions of the user's own, each called with this object.
    """

    def __init__(
        self,
        cast: Cast,
        seed: int,
        replication: int,
        log: list[Entry] | None = None,
        processes: Sequence[UserProcess] = (),
    ) -> None:
        self.cast, self.code = cast, cast.code
        self.seed, self.replication, self.log = seed, replication, log
        self.env = env = simpy.Environment()
        levels = len(cast.maximum)
        self.levels = [0] * levels
        self.first = [math.nan] * levels
        self.risen = [0.0] * levels
        self.held = [0.0] * levels
        self.holders = [0] * self.code.conditions
        self.counts = [0] * self.code.counts
        self.attempts = [0] * len(cast.stages)
        self.surprise = [[0.0, 0.0] for _ in cast.stages]
        self.free = list(cast.capacity)
        self.binding = NOTHING
        self.over = False
        self.actor: Track | None = None  # whose success is taking effect
        self.settling = False
        self.to_rescale: set[int] = set()
        self.events = 0
        self.instant = -1.0
        self.ranks_of_instant: list[int] = []

        fades = FIRST_RANK + len(cast.stages)
        shocks = fades + self.code.conditions
        tracks = shocks + len(cast.shocks)
        self.fades = [
            None if law is None else Fading(env, i, law, cast.fade_streams[i], fades + i)
            for i, law in enumerate(cast.fades)
        ]
        self.shocks = [Shock(env, shock, shocks + i) for i, shock in enumerate(cast.shocks)]
        self.tracks = [Track(env, track, tracks + i) for i, track in enumerate(cast.tracks)]
        self._cast_off(processes)

    def _cast_off(self, processes: Sequence[UserProcess]) -> None:
        """Day 0: everyone takes their place, levels and postures rise, then one settle."""
        process = self.env.process
        if self.cast.openings:
            process(open_windows(self))
        for condition in self.fades:
            if condition is not None:
                process(fade(self, condition))
        for shock in self.shocks:
            process(recur(self, shock) if shock.cast.timing == DATED else strike(self, shock))
            if shock.cast.timing != DATED:
                self._wind(shock)
                self.to_rescale.add(shock.cast.place)
        for track, left_out in zip(self.tracks, self.cast.left_out, strict=True):
            if left_out:
                track.state = GONE
            else:
                track.process = process(negotiate(self, track))
        for i, level in enumerate(self.cast.initially):
            if level > 0:
                self._set_level(i, level)
                self._set_fade(i)
        for i in self.cast.postures:
            self._raise(i)
        for own in processes:
            process(own(self))
        self._settle_soon()

    def run(self) -> None:
        """Tell the history to its end: the horizon, or ruin."""
        env, horizon = self.env, self.code.horizon
        # Not "until": a stop event would come before or after the events of its own instant.
        while not self.over and env.peek() < horizon:
            env.step()

    def alarm(self, delay: float, rank: int) -> Alarm:
        """A timeout at which the entity with this rank has its event."""
        return Alarm(self.env, delay, rank)

    # -- what a process of a user's own may use

    @property
    def now(self) -> float:
        """Days since the start of the scenario."""
        return float(self.env.now)

    @property
    def date(self) -> dt.date:
        """Today."""
        return self.cast.program.date(self.now)

    def level(self, condition: str) -> int:
        """The level of a condition or stage condition (``track.stage``); KeyError if unknown."""
        return self.levels[self.cast.level_index[condition]]

    def raise_(self, condition: str) -> None:
        """Raise a condition by one level; ValueError for held and stage conditions."""
        self._raise(self._changeable(condition))
        self._settle_soon()

    def lower(self, condition: str) -> None:
        """Lower a condition by one level; ValueError for held and stage conditions."""
        self._lower(self._changeable(condition), 1)
        self._settle_soon()

    def clear(self, condition: str) -> None:
        """Set a condition to level 0; ValueError for held and stage conditions."""
        i = self._changeable(condition)
        self._lower(i, self.levels[i])
        self._settle_soon()

    def uniforms(
        self, name: str, occurrence: int = 0, block: int = 0
    ) -> tuple[float, float, float, float]:
        """Four uniforms of this history at an address of the user's own."""
        return self._uniforms(laws.stream(f"user:{name}"), occurrence, block)

    def _changeable(self, condition: str) -> int:
        i = self.cast.level_index[condition]
        if i >= self.code.conditions or self.code.held[i]:
            raise ValueError(f"{condition} follows from the tracks; nobody can raise or lower it")
        return i

    # -- the events

    def conclude(self, track: Track) -> float | None:
        """An attempt ends: None after a success, after a setback the delay in days."""
        self._event(track.rank)
        stage = self.cast.stages[track.stage]
        u = self._uniforms(stage.stream, self.attempts[track.stage] - 1)
        chance = laws.success_probability(stage.success, self._times(1.0, stage.odds))
        success = u[1] < chance
        self._note_surprise(track.stage, (1.0 if success else 0.0) - chance)
        setback = None
        if not success:
            # Which setbacks are possible is decided with the attempt's own holds still up.
            setback = self._choose(stage.setbacks, u[2])
        if setback is None:
            self._tell(What.SUCCEEDS, track.stage, self.attempts[track.stage] - 1, chance)
            self._release(track)
            self._succeed(track, stage)
            return None
        self._tell(What.FAILS, track.stage, setback.place, chance)
        self._release(track)
        self.counts[setback.column] += 1
        self._take_effect(setback.effects)
        self._settle_soon()
        return self._delay(track, setback.resume, setback.delay.days(u[3]))

    def _note_surprise(self, stage: int, surprise: float) -> None:
        """Add up what could not be foreseen of the attempts at a stage, until the goal."""
        if math.isnan(self.first[self.code.goal]):
            self.surprise[stage][0] += surprise
            self.surprise[stage][1] += surprise * (self.code.horizon - self.now)

    def _choose(self, setbacks: Sequence[SetbackCast], u: float) -> SetbackCast:
        possible = [s for s in setbacks if s.weight > 0.0 and self._holds(s.when)]
        whole = 0.0
        for setback in possible:
            whole += setback.weight
        reached = 0.0
        for setback in possible:
            reached += setback.weight
            if u * whole < reached:
                return setback
        return possible[-1]  # where rounding has eaten the last sliver

    def _succeed(self, track: Track, stage: StageCast) -> None:
        self.actor = track
        self._take_effect(stage.effects)
        self.actor = None
        self._set_level(self.code.conditions + track.stage, 1)
        if track.stage < track.cast.last:
            track.stage += 1
            track.state = WAITING
        else:
            # Only now: a track cannot reopen itself by its own last success.
            self._end(track, COMPLETED)
        self._settle_soon()

    def _delay(self, track: Track, resume: int, days: float) -> float:
        track.state, track.resume_at = DELAYED, resume
        self._tell(What.PAUSES, track.cast.place, resume, days)
        return days

    def resume(self, track: Track) -> None:
        """A delay ends: the track waits at the stage where it resumes, or is abandoned."""
        self._event(track.rank)
        if track.resume_at == ABANDON:
            self._end(track, GONE)
        else:
            self._tell(What.RESUMES, track.resume_at)
            self._go_back(track, track.resume_at)
        self._settle_soon()

    def _go_back(self, track: Track, stage: int) -> None:
        for later in range(stage, track.cast.last + 1):
            self._set_level(self.code.conditions + later, 0)
        track.stage, track.state = stage, WAITING

    def _end(self, track: Track, state: int) -> None:
        track.state, track.ended = state, self.now
        self._tell(What.COMPLETES if state == COMPLETED else What.LEAVES, track.cast.place)

    def strike(self, shock: Shock) -> None:
        """A shock's instant has come; whether it happens depends on ``when`` and its chance."""
        self._event(shock.rank)
        cast, occurrence = shock.cast, shock.occurrence
        shock.occurrence += 1
        if cast.timing != DATED:
            shock.fired = True
            self.to_rescale.add(cast.place)
        if cast.timing == DATED and not self._holds(cast.when):
            self._tell(What.PASSES, cast.place, occurrence, 0.0)
        elif not self._uniforms(cast.stream, occurrence)[1] < cast.probability:
            self._tell(What.PASSES, cast.place, occurrence, cast.probability)
        else:
            self._tell(What.HAPPENS, cast.place, occurrence)
            self.counts[cast.column] += 1
            self._take_effect(cast.effects)
            for i, one in enumerate(cast.breaks):
                self._break(shock, one, self._uniforms(cast.stream, occurrence, 1 + i))
        if cast.timing == RATE:
            self._wind(shock)
        elif cast.timing == AFTER:
            shock.residual = math.inf
        self._settle_soon()

    def _break(self, shock: Shock, cast: BreakCast, u: Sequence[float]) -> None:
        track = self.tracks[cast.track]
        there = track.state == AT_TABLE and cast.stage in (NOTHING, track.stage)
        if not there or not u[0] < cast.probability:
            return
        self.counts[shock.cast.breaks_column] += 1
        self._tell(What.BREAKS, track.stage, shock.cast.place)
        self._release(track)
        resume = cast.resume
        if resume == NOTHING or resume > track.stage:
            resume = track.stage
        # The state changes here, inside the shock; the process only waits out the delay.
        track.process.interrupt(self._delay(track, resume, cast.delay.days(u[1])))

    def fade(self, condition: Fading) -> None:
        """A condition's clock has run out: one level less."""
        self._event(FIRST_RANK + len(self.cast.stages) + condition.place)
        self._tell(What.FADES, condition.place)
        self._set_level(condition.place, self.levels[condition.place] - 1)
        if self.levels[condition.place] > 0:
            self._set_fade(condition.place)
        self._settle_soon()

    def open_window(self, stage: int) -> None:
        """A window opens: an event that only settles."""
        self._event(FIRST_RANK + stage)
        self._tell(What.OPENS, stage)
        self._settle_soon()

    def _event(self, rank: int) -> None:
        self.events += 1
        if self.now != self.instant:
            self.instant = self.now
            self.ranks_of_instant.clear()
        self.ranks_of_instant.append(rank)
        most = self.code.most_events
        if len(self.ranks_of_instant) > MAX_EVENTS_AT_AN_INSTANT or self.events > most:
            last = self.ranks_of_instant[-(1 if self.events > most else REMEMBERED) :]
            raise cannot_advance(
                self.cast.program,
                self.seed,
                self.replication,
                self.now,
                self.events,
                {rank - FIRST_RANK for rank in last},
            )

    # -- effects and levels

    def _take_effect(self, effects: Sequence[tuple[int, int]]) -> None:
        for kind, of in effects:
            if kind == RAISE:
                self._raise(of)
            elif kind == LOWER:
                self._lower(of, 1)
            elif kind == CLEAR:
                self._lower(of, self.levels[of])
            else:
                self._reopen(of)

    def _raise(self, i: int) -> None:
        self._set_level(i, min(self.cast.maximum[i], self.levels[i] + 1))
        self._set_fade(i)

    def _lower(self, i: int, by: int) -> None:
        self._set_level(i, max(0, self.levels[i] - by))
        fading = self.fades[i]
        if fading is not None and self.levels[i] == 0:
            fading.clock.stop()

    def _set_fade(self, i: int) -> None:
        fading = self.fades[i]
        if fading is not None:
            u = self._uniforms(fading.stream, fading.draws)
            fading.draws += 1
            fading.clock.set(fading.law.days(u[0]))

    def _set_level(self, i: int, level: int) -> None:
        was = self.levels[i]
        if level == was:
            return
        self.levels[i] = level
        now = self.env.now
        if was == 0:
            self.risen[i] = now
            if math.isnan(self.first[i]):
                self._rise_first(i)
        elif level == 0:
            self.held[i] += now - self.risen[i]
        self.to_rescale.update(self.cast.readers[i])
        self._tell(What.RISES if level > was else What.FALLS, i, level)

    def _rise_first(self, i: int) -> None:
        self.first[i] = self.now
        if i == self.code.ruin:
            self.over = True
        elif i == self.code.goal and self.actor is not None:
            self.binding = self.actor.note

    def _reopen(self, stage: int) -> None:
        track = self.tracks[int(self.code.stage_track[stage])]
        if track.state == COMPLETED:
            self._tell(What.REOPENS, stage)
            self._go_back(track, stage)

    # -- the settle

    def _settle_soon(self) -> None:
        if not self.settling:
            self.settling = True
            Alarm(self.env, 0, SETTLE).callbacks.append(self._settle)

    def _settle(self, _: Event) -> None:
        """After every event: who may begin begins, clocks are rescaled, the waiting take note."""
        self.settling = False
        while self._begin_one():
            pass
        for k in sorted(self.to_rescale):
            self._rescale(self.shocks[k])
        self.to_rescale.clear()
        for track in self.tracks:
            if track.state == WAITING and not track.begun:
                note = self._unmet(track)
                if note != track.note:
                    track.note = note
                    self._tell(What.WAITS, track.cast.place, note)

    def _begin_one(self) -> bool:
        for i in self.cast.by_priority:
            track = self.tracks[i]
            if track.state == WAITING and self._unmet(track) == NOTHING:
                self._begin(track)
                return True
        return False

    def _unmet(self, track: Track) -> int:
        """The first thing that a waiting track lacks, or NOTHING."""
        stage = self.cast.stages[track.stage]
        for rule in (() if track.begun else track.cast.start, stage.gate):
            for item in rule:
                if not self._holds_one(item.literals):
                    return item.code
        if stage.windows and not any(a <= self.env.now < b for a, b in stage.windows):
            return WINDOW
        if not all(self.free[party] > 0 for party in track.cast.parties):
            return DELEGATION
        return NOTHING

    def _begin(self, track: Track) -> None:
        stage = self.cast.stages[track.stage]
        track.state, track.begun = AT_TABLE, True
        for party in track.cast.parties:
            self.free[party] -= 1
        attempt = self.attempts[track.stage]
        self.attempts[track.stage] += 1
        self._tell(What.BEGINS, track.stage, attempt)
        self._hold(stage, +1)
        u = self._uniforms(stage.stream, attempt)
        turn, track.turn = track.turn, Event(self.env)
        # Own holds are up: they bear on the attempt's length.
        ratio = self._times(1.0, stage.times)
        turn.succeed(laws.stretched(stage.duration.days(u[0]), ratio))

    def _release(self, track: Track) -> None:
        for party in track.cast.parties:
            self.free[party] += 1
        self._hold(self.cast.stages[track.stage], -1)

    def _hold(self, stage: StageCast, change: int) -> None:
        for i in stage.holds:
            self.holders[i] += change
            self._set_level(i, min(self.cast.maximum[i], self.holders[i]))

    def _rescale(self, shock: Shock) -> None:
        speed = self._speed(shock.cast)
        if speed == shock.speed and not shock.fired:
            return
        if shock.speed > 0.0 and not shock.fired:
            shock.residual = (shock.due - self.env.now) * shock.speed
        shock.speed, shock.fired = speed, False
        shock.clock.stop()
        if speed > 0.0 and shock.residual < math.inf:
            delay = shock.residual / speed
            shock.due = self.env.now + delay
            shock.clock.set(delay)
        else:
            shock.due = math.inf

    def _wind(self, shock: Shock) -> None:
        """Draw the residual of an undated shock's next occurrence."""
        u = self._uniforms(shock.cast.stream, shock.occurrence)[0]
        if shock.cast.after is not None:
            shock.residual = shock.cast.after.days(u)
        else:
            shock.residual = laws.unit_exponential(u)

    def _speed(self, cast: ShockCast) -> float:
        if not self._holds(cast.when):
            return 0.0
        speed = 1.0 if cast.timing == AFTER else cast.rate / DAYS_PER_YEAR
        bounded: float = laws.bounded_speed(self._times(speed, cast.ratios))
        return bounded

    # -- clauses, ratios, draws

    def _holds(self, rule: Rule) -> bool:
        return all(self._holds_one(item.literals) for item in rule)

    def _holds_one(self, literals: Sequence[Literal]) -> bool:
        levels = self.levels
        return any((levels[i] >= least) != negated for i, least, negated in literals)

    def _times(self, value: float, ratios: Sequence[Ratio]) -> float:
        """A value times its ratios: one by one, once per level where the influence says so."""
        for (i, least, negated), per_level, ratio in ratios:
            level = self.levels[i]
            for _ in range(level if per_level else (level >= least) != negated):
                value *= ratio
        return value

    def _uniforms(
        self, stream: int, occurrence: int, block: int = 0
    ) -> tuple[float, float, float, float]:
        u: tuple[float, float, float, float]
        u = laws.uniforms(self.seed, stream, self.replication, occurrence, block)
        return u

    # -- the end

    def _tell(self, what: What, subject: int, detail: int = NOTHING, value: float = 0.0) -> None:
        if self.log is not None:
            self.log.append((self.now, what, subject, detail, value))

    def write(self, rows: Rows, i: int) -> None:
        """Write the row of this history, once it has run, into place ``i``."""
        code = self.code
        goal = self.first[code.goal]
        ruin = math.nan if code.ruin == NOTHING else self.first[code.ruin]
        end = ruin if self.over else code.horizon
        in_play = [t for t, out in zip(self.tracks, self.cast.left_out, strict=True) if not out]
        rows.outcome[i], rows.time[i] = ONGOING, code.horizon
        if not math.isnan(ruin) and not goal < ruin:
            rows.outcome[i], rows.time[i] = RUIN, ruin
        elif not math.isnan(goal):
            rows.outcome[i], rows.time[i] = GOAL, goal
        elif all(t.state in (COMPLETED, GONE) for t in in_play) and any(
            t.state == GONE for t in in_play
        ):
            rows.outcome[i], rows.time[i] = ABANDONED, max(t.ended for t in in_play)
        rows.first[i] = self.first
        for c in range(code.conditions):
            still = end - self.risen[c] if self.levels[c] > 0 else 0.0
            rows.held[i, c] = self.held[c] + still
        rows.counts[i] = self.counts
        rows.binding[i] = self.binding
        if len(rows.surprise):
            rows.surprise[i] = self.surprise


# -- running --------------------------------------------------------------------------------------


class Teller:
    """Tells histories of one program, draw after draw; not to be shared between threads."""

    def __init__(self, program: Program, processes: Sequence[UserProcess] = ()) -> None:
        self.processes = processes
        self.take(program)

    def take(self, program: Program) -> None:
        """From now on tell the histories of this draw of the program."""
        self.cast = Cast(program)

    def tell(self, seed: int, first: int, rows: Rows) -> None:
        """Fill rows with the histories from ``first`` on.

        Raises:
            ModelError: a history in which time cannot advance, or with too many events; the rows
                before it are filled.
        """
        for i in range(len(rows.time)):
            history = History(self.cast, seed, first + i, processes=self.processes)
            history.run()
            history.write(rows, i)


def simulate(
    program: Program,
    seed: int,
    first: int,
    count: int,
    processes: Sequence[UserProcess] = (),
    *,
    surprise: bool = False,
) -> Rows:
    """Tell the histories ``first .. first + count - 1``.

    Args:
        program: a scenario and strategy, from :func:`sim.program.translate`.
        seed: 0 <= seed < 2**64.
        first: the first replication.
        count: how many.
        processes: SimPy processes of the user's own, each a generator function of a
            :class:`History`.
        surprise: fill :attr:`sim.rows.Rows.surprise` too.

    Raises:
        ModelError: a history in which time cannot advance, or with too many events.
    """
    rows = empty(program, count, surprise=surprise)
    Teller(program, processes).tell(seed, first, rows)
    return rows


def trace(
    program: Program, seed: int, replication: int, processes: Sequence[UserProcess] = ()
) -> tuple[Rows, list[Entry]]:
    """One history with its event log: its row (n = 1) and the entries in order."""
    log: list[Entry] = []
    history = History(Cast(program), seed, replication, log, processes)
    history.run()
    rows = empty(program, 1)
    history.write(rows, 0)
    return rows, log
