"""The SimPy engine: tracks, shocks and fades as processes, each written as what happens to it.

Read this module first. The processes stand at its head; below them is the :class:`Replication`, the
state that they share: levels, delegations, clocks and the settle.

Order at one instant. SimPy orders events by time, then by priority. Every entity of the model has
a rank of its own as priority: window openings, fades, shocks, tracks, rules of the strategy, each
in file order. The settle comes before all of them, but after whatever an event has woken, so that
it finds every process at its yield again.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import simpy
from simpy.events import NORMAL, Event, EventPriority

from sim.engine import distributions, streams
from sim.engine.entities import (
    BreakEntity,
    DecisionEntity,
    DurationLaw,
    Entities,
    LevelTest,
    Ratio,
    Rule,
    SetbackEntity,
    ShockEntity,
    StageEntity,
    Steps,
    TrackEntity,
)
from sim.engine.program import (
    ABANDON,
    ABANDONED,
    AFTER,
    CLEAR,
    CLOSE,
    DATED,
    DELEGATION,
    GOAL,
    LOWER,
    MAX_EVENTS_AT_AN_INSTANT,
    NOTHING,
    ONGOING,
    RAISE,
    RATE,
    REMEMBERED,
    REOPEN,
    RESUME,
    RUIN,
    WINDOW,
    Entry,
    Program,
    What,
    cannot_advance,
)
from sim.engine.rows import Rows, empty
from sim.types import DAYS_PER_YEAR

SETTLE = NORMAL + 1
FIRST_RANK = SETTLE + 1
BY_RULE = 1  # as detail of an entry of the log

Process = Generator[Event, Any, None]
UserProcess = Callable[["Replication"], Generator[Event, Any, Any]]


# -- the processes --------------------------------------------------------------------------------


def negotiate(replication: Replication, track: TrackState) -> Process:
    """A track waits until it may attempt a stage; a success leads on, a setback costs a delay."""
    while track.state != GONE:
        days = yield track.turn
        with suppress(simpy.Interrupt):  # broken off; what follows from it has been done
            yield replication.alarm(days, track.rank)
            replication.conclude(track)
        if track.state == DELAYED:
            yield track.delay.bell()
            replication.resume(track)


def strike(replication: Replication, shock: ShockState) -> Process:
    """An undated shock strikes whenever its clock runs out; the settle winds it again."""
    while True:
        yield shock.clock.bell()
        replication.strike(shock)


def recur(replication: Replication, shock: ShockState) -> Process:
    """A dated shock comes on its dates, if what it depends on holds then."""
    for day in shock.entity.dates:
        yield replication.alarm(day - replication.now, shock.rank)
        replication.strike(shock)


def fade(replication: Replication, condition: FadeState) -> Process:
    """A condition loses a level whenever its clock runs out; every raise sets the clock anew."""
    while True:
        yield condition.clock.bell()
        replication.fade(condition)


def decide(replication: Replication, decision: DecisionState) -> Process:
    """A rule of the strategy fires whenever what it waits for has held for long enough."""
    while True:
        yield decision.clock.bell()
        replication.decide(decision)


def open_windows(replication: Replication) -> Process:
    """The calendar opens each window on its day; tracks that waited for it may begin."""
    for day, stage in replication.entities.openings:
        yield replication.alarm(day - replication.now, FIRST_RANK + stage)
        replication.open_window(stage)


# -- alarms and clocks ----------------------------------------------------------------------------


class Alarm(Event):
    """A timeout with the rank of its entity as its priority.

    Args:
        env: of the replication.
        delay: days from now.
        rank: the lower, the earlier among events of one instant.
    """

    def __init__(self, env: simpy.Environment, delay: float, rank: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, EventPriority(rank), delay)


class Clock:
    """An alarm that can be set anew.

    SimPy cannot take an alarm back, so each setting has a version, and an outdated alarm has
    no effect.
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


# -- where the entities stand in one replication --------------------------------------------------

WAITING, AT_TABLE, DELAYED, COMPLETED, GONE, OUT = range(6)


class TrackState:
    """The state of a track in one replication.

    Attributes:
        entity, rank: the track; its place in the order at one instant.
        stage, state: the present stage; WAITING, AT_TABLE, DELAYED, COMPLETED, GONE or OUT (left
            out, and it may still be opened).
        begun: whether its first attempt has begun.
        admitted: whether its start rule is no longer asked.
        closing: whether it is abandoned when the attempt in progress ends.
        note: the first unmet item when everything was last at rest, before the first attempt.
        resume_at: the stage after the present delay, or ABANDON.
        ended: the time of completion or abandonment.
        delay: its clock in a delay, whose end may be moved.
        turn, process: the event of the next attempt's begin, with its duration; the SimPy process.
    """

    __slots__ = (
        "admitted",
        "begun",
        "closing",
        "delay",
        "ended",
        "entity",
        "note",
        "process",
        "rank",
        "resume_at",
        "stage",
        "state",
        "turn",
    )  # fmt: skip

    def __init__(self, env: simpy.Environment, entity: TrackEntity, rank: int) -> None:
        self.entity, self.rank = entity, rank
        self.stage = entity.begins_at
        self.state = WAITING
        self.begun = self.admitted = entity.begins_at > entity.first
        self.closing = False
        self.note = NOTHING  # the first unmet item, last time that everything was at rest
        self.resume_at = NOTHING
        self.ended = math.nan
        self.delay = Clock(env, rank)
        self.turn = Event(env)
        self.process: simpy.Process


class ShockState:
    """The state of a shock in one replication.

    Attributes:
        entity, rank: the shock; its place in the order at one instant.
        occurrence: the number of occurrences so far, those included that did not happen.
        clock, due: the clock of an undated shock, and the time at which it runs out.
        residual, speed: what is left of the clock, as of its last change of speed; its speed.
        fired: whether it has struck since the last settle.
    """

    __slots__ = ("clock", "due", "entity", "fired", "occurrence", "rank", "residual", "speed")

    def __init__(self, env: simpy.Environment, entity: ShockEntity, rank: int) -> None:
        self.entity, self.rank = entity, rank
        self.clock = Clock(env, rank)
        self.occurrence = 0
        self.residual = math.inf
        self.speed = 0.0
        self.due = math.inf
        self.fired = False  # since the last settle


class FadeState:
    """The clock of a condition that fades, and how often it was drawn."""

    __slots__ = ("clock", "draws", "law", "place", "stream")

    def __init__(
        self, env: simpy.Environment, place: int, law: DurationLaw, stream: int, rank: int
    ):
        self.place, self.law, self.stream = place, law, stream
        self.clock = Clock(env, rank)
        self.draws = 0


class DecisionState:
    """The state of a rule of the strategy in one replication.

    Attributes:
        entity, rank: the rule; its place in the order at one instant.
        clock: rings when what it waits for has held for long enough.
        armed: whether it may fire.
        running: whether its clock is set.
        first: the time of its first firing.
    """

    __slots__ = ("armed", "clock", "entity", "first", "rank", "running")

    def __init__(self, env: simpy.Environment, entity: DecisionEntity, rank: int) -> None:
        self.entity, self.rank = entity, rank
        self.clock = Clock(env, rank)
        self.armed, self.running = True, False
        self.first = math.nan


# -- a replication --------------------------------------------------------------------------------

OF_USERS = (
    *("clear", "date", "env", "level", "lower", "now", "number", "raise_", "record", "seed"),
    "uniforms",
)  # fmt: skip
"""What a process of a user's own may use of a replication."""


class Replication:
    """One replication: the state that its processes share.

    A process of a user's own gets this object. It may read :attr:`now`, :attr:`date`,
    :meth:`level` and :meth:`uniforms`, wait with ``replication.env.timeout(days)``, change levels
    with :meth:`raise_`, :meth:`lower` and :meth:`clear`, and keep values with :meth:`record`.
    These are what ``dir`` shows; everything else belongs to the engine.

    Args:
        entities: of a scenario at the values of a draw.
        seed: 0 <= seed < 2**64.
        number: of this replication.
        log: where to write what happens, or None.
        processes: generator functions of the user's own, each called with this object.
    """

    def __init__(
        self,
        entities: Entities,
        seed: int,
        number: int,
        log: list[Entry] | None = None,
        processes: Sequence[UserProcess] = (),
    ) -> None:
        self.entities, self.conditions = entities, len(entities.conditions)
        self.seed, self.number, self.log = seed, number, log
        self.env = env = simpy.Environment()
        self.recorded: dict[str, float] = {}
        levels = len(entities.maximum)
        self.levels = [0] * levels
        self.first = [math.nan] * levels
        self.risen = [0.0] * levels
        self.held = [0.0] * levels
        self.holders = [0] * self.conditions
        self.counts = [0] * entities.counts
        self.attempts = [0] * len(entities.stages)
        self.residuals = [[0.0, 0.0] for _ in entities.stages]
        self.free = list(entities.capacity)
        self.binding = NOTHING
        self.over = False
        self.actor: TrackState | None = None  # whose success is taking effect
        self.settling = False
        self.to_rescale: set[int] = set()
        self.events = 0
        self.instant = -1.0
        self.ranks_of_instant: list[int] = []

        fades = FIRST_RANK + len(entities.stages)
        shocks = fades + self.conditions
        tracks = shocks + len(entities.shocks)
        self.fades = [
            None if law is None else FadeState(env, i, law, entities.fade_streams[i], fades + i)
            for i, law in enumerate(entities.fades)
        ]
        self.shocks = [
            ShockState(env, shock, shocks + i) for i, shock in enumerate(entities.shocks)
        ]
        self.tracks = [
            TrackState(env, track, tracks + i) for i, track in enumerate(entities.tracks)
        ]
        decisions = tracks + len(entities.tracks)
        self.decisions = [
            DecisionState(env, rule, decisions + i) for i, rule in enumerate(entities.decisions)
        ]
        self._begin_day_0(processes)

    def _begin_day_0(self, processes: Sequence[UserProcess]) -> None:
        """Day 0: processes start, levels and postures rise, then one settle."""
        process = self.env.process
        if self.entities.openings:
            process(open_windows(self))
        for condition in self.fades:
            if condition is not None:
                process(fade(self, condition))
        for shock in self.shocks:
            process(recur(self, shock) if shock.entity.timing == DATED else strike(self, shock))
            if shock.entity.timing != DATED:
                self._wind(shock)
                self.to_rescale.add(shock.entity.place)
        for track, left_out in zip(self.tracks, self.entities.left_out, strict=True):
            if track.stage > track.entity.last:
                track.state, track.ended = COMPLETED, 0.0
            elif left_out:
                track.state = OUT
            track.process = process(negotiate(self, track))
        for decision in self.decisions:
            process(decide(self, decision))
        for i, level in enumerate(self.entities.initially):
            if level > 0:
                self._set_level(i, level)
                self._set_fade(i)
        for stage in self.entities.done:
            self._set_level(self.conditions + stage, 1)
        for i in self.entities.postures:
            self._raise(i)
        for own in processes:
            process(own(self))
        self._settle_soon()

    def run(self) -> None:
        """Run to the end: the horizon, or ruin."""
        env, horizon = self.env, self.entities.horizon
        # Not "until": a stop event would come before or after the events of its own instant.
        while not self.over and env.peek() < horizon:
            env.step()

    def alarm(self, delay: float, rank: int) -> Alarm:
        """A timeout at which the entity with this rank has its event."""
        return Alarm(self.env, delay, rank)

    # -- what a process of a user's own may use

    def __dir__(self) -> list[str]:
        return list(OF_USERS)

    @property
    def now(self) -> float:
        """Days since the start of the scenario."""
        return float(self.env.now)

    @property
    def date(self) -> dt.date:
        """Today."""
        return self.entities.program.date(self.now)

    def level(self, condition: str) -> int:
        """The level of a condition or stage condition (``track.stage``).

        Raises:
            KeyError: an unknown name.
        """
        return self.levels[self.entities.level_index[condition]]

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
        """Four uniforms in [0, 1) of this replication at an address of the user's own.

        Args:
            name: of the stream; streams of the model have other names.
            occurrence: the number of the event, from 0.
            block: where an event needs more than four uniforms, from 0.
        """
        return self._uniforms(streams.stream(f"user:{name}"), occurrence, block)

    def record(self, name: str, value: float) -> None:
        """Keep a value of this replication, as a column of the frame; the last one counts.

        Replications that record nothing by this name have NaN. Runs that keep counts drop it.

        Args:
            name: of the column; a name that no column of the rows has.
            value: a number.

        Raises:
            ValueError: the name of a column of the rows, or an empty one.
        """
        if not name or name in self.entities.columns:
            raise ValueError(f"record: found the name {name!r}; allowed: one of no other column")
        self.recorded[name] = float(value)

    def _changeable(self, condition: str) -> int:
        i = self.entities.level_index[condition]
        if i >= self.conditions or i in self.entities.held:
            raise ValueError(f"{condition} follows from the tracks; it cannot be raised or lowered")
        return i

    # -- the events

    def conclude(self, track: TrackState) -> None:
        """An attempt ends by itself, in success or in a setback, which costs a delay."""
        self._event(track.rank)
        stage = self.entities.stages[track.stage]
        u = self._uniforms(stage.stream, self.attempts[track.stage] - 1)
        chance = distributions.success_probability(stage.success, self._times(1.0, stage.odds))
        success = u[1] < chance
        self._note_residual(track.stage, (1.0 if success else 0.0) - chance)
        setback = None
        if not success:
            # Which setbacks are possible is decided with the attempt's own holds still up.
            setback = self._choose(stage.setbacks, u[2])
        if setback is None:
            self._record(What.SUCCEEDS, track.stage, self.attempts[track.stage] - 1, chance)
            self._release(track)
            self._succeed(track, stage)
            return
        self._record(What.FAILS, track.stage, setback.place, chance)
        self._release(track)
        self.counts[setback.column] += 1
        self._note_failure(stage)
        self._take_effect(setback.effects)
        if track.closing:
            self._end(track, GONE, BY_RULE)
        else:
            self._delay(track, setback.resume, setback.delay.days(u[3]))
        self._settle_soon()

    def _note_failure(self, stage: StageEntity) -> None:
        if stage.failures != NOTHING:
            most = self.entities.maximum[stage.failures]
            self._set_level(stage.failures, min(most, self.levels[stage.failures] + 1))

    def _note_residual(self, stage: int, residual: float) -> None:
        """Add up what could not be foreseen of the attempts at a stage, until the goal."""
        if math.isnan(self.first[self.entities.goal]):
            self.residuals[stage][0] += residual
            self.residuals[stage][1] += residual * (self.entities.horizon - self.now)

    def _choose(self, setbacks: Sequence[SetbackEntity], u: float) -> SetbackEntity:
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

    def _succeed(self, track: TrackState, stage: StageEntity) -> None:
        self.actor = track
        self._take_effect(stage.effects)
        self.actor = None
        self._set_level(self.conditions + track.stage, 1)
        if track.stage < track.entity.last:
            track.stage += 1
            track.state = WAITING
            if track.closing:
                self._end(track, GONE, BY_RULE)
        else:
            # Only now: a track cannot reopen itself by its own last success.
            self._end(track, COMPLETED)
            track.closing = False
        self._settle_soon()

    def _delay(self, track: TrackState, resume: int, days: float) -> None:
        track.state, track.resume_at = DELAYED, resume
        self._record(What.PAUSES, track.entity.place, resume, days)
        track.delay.set(days)

    def _end_delay(self, track: TrackState) -> None:
        if track.state == DELAYED and track.resume_at != ABANDON:
            self._record(What.HASTENS, track.entity.place)
            track.delay.set(0.0)

    def resume(self, track: TrackState) -> None:
        """A delay ends: the track waits at the stage where it resumes, or is abandoned."""
        self._event(track.rank)
        if track.resume_at == ABANDON:
            self._end(track, GONE)
        else:
            self._record(What.RESUMES, track.resume_at)
            self._go_back(track, track.resume_at)
        self._settle_soon()

    def _go_back(self, track: TrackState, stage: int) -> None:
        for later in range(stage, track.entity.last + 1):
            self._set_level(self.conditions + later, 0)
        track.stage, track.state = stage, WAITING

    def _end(self, track: TrackState, state: int, by: int = NOTHING) -> None:
        track.state, track.ended = state, self.now
        what = What.COMPLETES if state == COMPLETED else What.LEAVES
        self._record(what, track.entity.place, by)

    def _close(self, track: TrackState) -> None:
        """A track is left out, abandoned, or abandoned when its attempt ends."""
        if track.state == AT_TABLE:
            track.closing = True
            self._record(What.CLOSES, track.entity.place, BY_RULE)
        elif track.state == WAITING and not track.begun:
            track.state = OUT
            self._record(What.CLOSES, track.entity.place)
        elif track.state in (WAITING, DELAYED):
            track.delay.stop()
            self._end(track, GONE, BY_RULE)

    def _open(self, track: TrackState) -> None:
        """The start rule of a track is waived; one that was left out comes in."""
        track.closing = False
        if track.state == OUT or (track.state == WAITING and not track.admitted):
            track.state, track.admitted = WAITING, True
            self._record(What.ADMITS, track.entity.place)

    def decide(self, decision: DecisionState) -> None:
        """A rule of the strategy fires."""
        self._event(decision.rank)
        decision.armed = decision.running = False
        if math.isnan(decision.first):
            decision.first = self.now
        self._record(What.ACTS, decision.entity.column)
        self._take_effect(decision.entity.effects)
        self._settle_soon()

    def strike(self, shock: ShockState) -> None:
        """A shock's instant has come; whether it happens depends on ``when`` and its chance."""
        self._event(shock.rank)
        entity, occurrence = shock.entity, shock.occurrence
        shock.occurrence += 1
        if entity.timing != DATED:
            shock.fired = True
            self.to_rescale.add(entity.place)
        if entity.timing == DATED and not self._holds(entity.when):
            self._record(What.PASSES, entity.place, occurrence, 0.0)
        elif not self._uniforms(entity.stream, occurrence)[1] < entity.probability:
            self._record(What.PASSES, entity.place, occurrence, entity.probability)
        else:
            self._record(What.HAPPENS, entity.place, occurrence)
            self.counts[entity.column] += 1
            self._take_effect(entity.effects)
            for i, one in enumerate(entity.breaks):
                self._break(shock, one, self._uniforms(entity.stream, occurrence, 1 + i))
        if entity.timing == RATE:
            self._wind(shock)
        elif entity.timing == AFTER:
            shock.residual = math.inf
        self._settle_soon()

    def _break(self, shock: ShockState, one: BreakEntity, u: Sequence[float]) -> None:
        track = self.tracks[one.track]
        there = track.state == AT_TABLE and one.stage in (NOTHING, track.stage)
        if not there or not u[0] < one.probability:
            return
        self.counts[shock.entity.breaks_column] += 1
        self._record(What.BREAKS, track.stage, shock.entity.place)
        self._release(track)
        self._note_failure(self.entities.stages[track.stage])
        if track.closing:
            self._end(track, GONE, BY_RULE)
            track.process.interrupt()
            return
        resume = one.resume
        if resume == NOTHING or resume > track.stage:
            resume = track.stage
        # The state changes here, inside the shock; the process only waits out the delay.
        self._delay(track, resume, one.delay.days(u[1]))
        track.process.interrupt()

    def fade(self, condition: FadeState) -> None:
        """A condition's clock has run out: one level less."""
        self._event(FIRST_RANK + len(self.entities.stages) + condition.place)
        self._record(What.FADES, condition.place)
        self._set_level(condition.place, self.levels[condition.place] - 1)
        if self.levels[condition.place] > 0:
            self._set_fade(condition.place)
        self._settle_soon()

    def open_window(self, stage: int) -> None:
        """A window opens: an event that only settles."""
        self._event(FIRST_RANK + stage)
        self._record(What.OPENS, stage)
        self._settle_soon()

    def _event(self, rank: int) -> None:
        self.events += 1
        if self.now != self.instant:
            self.instant = self.now
            self.ranks_of_instant.clear()
        self.ranks_of_instant.append(rank)
        most = self.entities.most_events
        if len(self.ranks_of_instant) > MAX_EVENTS_AT_AN_INSTANT or self.events > most:
            last = self.ranks_of_instant[-(1 if self.events > most else REMEMBERED) :]
            raise cannot_advance(
                self.entities.program,
                self.seed,
                self.number,
                self.now,
                self.events,
                {rank - FIRST_RANK for rank in last},
            )

    # -- effects and levels

    def _take_effect(self, effects: Steps) -> None:
        for kind, of in effects:
            if kind == RAISE:
                self._raise(of)
            elif kind == LOWER:
                self._lower(of, 1)
            elif kind == CLEAR:
                self._lower(of, self.levels[of])
            elif kind == REOPEN:
                self._reopen(of)
            elif kind == RESUME:
                self._end_delay(self.tracks[of])
            elif kind == CLOSE:
                self._close(self.tracks[of])
            else:
                self._open(self.tracks[of])

    def _raise(self, i: int) -> None:
        self._set_level(i, min(self.entities.maximum[i], self.levels[i] + 1))
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
        self.to_rescale.update(self.entities.readers[i])
        self._record(What.RISES if level > was else What.FALLS, i, level)

    def _rise_first(self, i: int) -> None:
        self.first[i] = self.now
        if i == self.entities.ruin:
            self.over = True
        elif i == self.entities.goal and self.actor is not None:
            self.binding = self.actor.note

    def _reopen(self, stage: int) -> None:
        track = self.tracks[self.entities.track_of_stage[stage]]
        if track.state == COMPLETED:
            self._record(What.REOPENS, stage)
            self._go_back(track, stage)

    # -- the settle

    def _settle_soon(self) -> None:
        if not self.settling:
            self.settling = True
            Alarm(self.env, 0, SETTLE).callbacks.append(self._settle)

    def _settle(self, _: Event) -> None:
        """After every event: attempts begin, clocks are rescaled, waiting tracks take note."""
        self.settling = False
        while self._begin_one():
            pass
        for k in sorted(self.to_rescale):
            self._rescale(self.shocks[k])
        self.to_rescale.clear()
        for decision in self.decisions:
            self._arm(decision)
        for track in self.tracks:
            if track.state == WAITING and not track.begun:
                note = self._unmet(track)
                if note != track.note:
                    track.note = note
                    self._record(What.WAITS, track.entity.place, note)

    def _arm(self, decision: DecisionState) -> None:
        """A rule's clock is set when what it waits for begins to hold, stopped when that fails."""
        holds = self._holds(decision.entity.when)
        if not decision.armed:
            decision.armed = decision.entity.repeats and not holds
        elif holds and not decision.running:
            decision.running = True
            decision.clock.set(decision.entity.held)
        elif not holds and decision.running:
            decision.running = False
            decision.clock.stop()

    def _begin_one(self) -> bool:
        for i in self.entities.by_priority:
            track = self.tracks[i]
            if track.state == WAITING and self._unmet(track) == NOTHING:
                self._begin(track)
                return True
        return False

    def _unmet(self, track: TrackState) -> int:
        """The first thing that a waiting track lacks, or NOTHING."""
        stage = self.entities.stages[track.stage]
        for rule in (() if track.admitted else track.entity.start, stage.gate):
            for item in rule:
                if not self._holds_one(item.tests):
                    return item.number
        if stage.windows and not any(a <= self.env.now < b for a, b in stage.windows):
            return WINDOW
        if not all(self.free[party] > 0 for party in track.entity.parties):
            return DELEGATION
        return NOTHING

    def _begin(self, track: TrackState) -> None:
        stage = self.entities.stages[track.stage]
        track.state, track.begun, track.admitted = AT_TABLE, True, True
        for party in track.entity.parties:
            self.free[party] -= 1
        attempt = self.attempts[track.stage]
        self.attempts[track.stage] += 1
        self._record(What.BEGINS, track.stage, attempt)
        self._hold(stage, +1)
        u = self._uniforms(stage.stream, attempt)
        turn, track.turn = track.turn, Event(self.env)
        # Own holds are up: they bear on the attempt's length.
        ratio = self._times(1.0, stage.times)
        turn.succeed(distributions.stretched(stage.duration.days(u[0]), ratio))

    def _release(self, track: TrackState) -> None:
        for party in track.entity.parties:
            self.free[party] += 1
        self._hold(self.entities.stages[track.stage], -1)

    def _hold(self, stage: StageEntity, change: int) -> None:
        for i in stage.holds:
            self.holders[i] += change
            self._set_level(i, min(self.entities.maximum[i], self.holders[i]))

    def _rescale(self, shock: ShockState) -> None:
        speed = self._speed(shock.entity)
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

    def _wind(self, shock: ShockState) -> None:
        """Draw the residual of an undated shock's next occurrence."""
        u = self._uniforms(shock.entity.stream, shock.occurrence)[0]
        if shock.entity.after is not None:
            shock.residual = shock.entity.after.days(u)
        else:
            shock.residual = distributions.unit_exponential(u)

    def _speed(self, entity: ShockEntity) -> float:
        if not self._holds(entity.when):
            return 0.0
        speed = 1.0 if entity.timing == AFTER else entity.rate / DAYS_PER_YEAR
        bounded: float = distributions.bounded_speed(self._times(speed, entity.ratios))
        return bounded

    # -- clauses, ratios, draws

    def _holds(self, rule: Rule) -> bool:
        return all(self._holds_one(item.tests) for item in rule)

    def _holds_one(self, tests: Sequence[LevelTest]) -> bool:
        levels = self.levels
        return any((levels[i] >= least) != negated for i, least, negated in tests)

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
        u = streams.uniforms(self.seed, stream, self.number, occurrence, block)
        return u

    # -- the end

    def _record(self, what: What, subject: int, detail: int = NOTHING, value: float = 0.0) -> None:
        if self.log is not None:
            self.log.append((self.now, what, subject, detail, value))

    def write(self, rows: Rows, i: int) -> None:
        """Write the row, once the replication has run, into place ``i``.

        The outcome is goal or ruin, whichever came first (ruin at the same instant); ``abandoned``
        where every track has ended and at least one was abandoned; else ``ongoing``.
        """
        entities = self.entities
        goal = self.first[entities.goal]
        ruin = math.nan if entities.ruin == NOTHING else self.first[entities.ruin]
        end = ruin if self.over else entities.horizon
        in_play = [t for t in self.tracks if t.state != OUT]
        rows.outcome[i], rows.time[i] = ONGOING, entities.horizon
        if not math.isnan(ruin) and not goal < ruin:
            rows.outcome[i], rows.time[i] = RUIN, ruin
        elif not math.isnan(goal):
            rows.outcome[i], rows.time[i] = GOAL, goal
        elif all(t.state in (COMPLETED, GONE) for t in in_play) and any(
            t.state == GONE for t in in_play
        ):
            rows.outcome[i], rows.time[i] = ABANDONED, max(t.ended for t in in_play)
        rows.first[i] = self.first[: rows.first.shape[1]]
        for c in range(self.conditions):
            still = end - self.risen[c] if self.levels[c] > 0 else 0.0
            rows.held[i, c] = self.held[c] + still
        rows.counts[i] = self.counts
        rows.binding[i] = self.binding
        for decision in self.decisions:
            rows.rules[i, decision.entity.column] = decision.first
        if len(rows.residuals):
            rows.residuals[i] = self.residuals


# -- running --------------------------------------------------------------------------------------


class SimPySimulator:
    """Simulates replications of one program, draw after draw; not to be shared between threads.

    Args:
        program: a scenario and strategy, from :func:`sim.engine.program.translate`.
        processes: as for :func:`simulate`.

    Attributes:
        recorded: what processes of the user's own have recorded, by name, a dict a replication.
    """

    def __init__(self, program: Program, processes: Sequence[UserProcess] = ()) -> None:
        self.processes = processes
        self.recorded: list[dict[str, float]] = []
        self.use(program)

    def use(self, program: Program) -> None:
        """Simulate this draw of the program from now on."""
        self.entities = Entities(program)

    def simulate(self, seed: int, first: int, rows: Rows) -> None:
        """Fill rows with the replications from ``first`` on.

        Args:
            seed: 0 <= seed < 2**64.
            first: the replication of the first row.
            rows: from :func:`sim.engine.rows.empty`; their number is that of the replications.

        Raises:
            ModelError: a replication in which time cannot advance, or with too many events; the
                rows before it are filled.
        """
        for i in range(len(rows.time)):
            replication = Replication(self.entities, seed, first + i, processes=self.processes)
            replication.run()
            replication.write(rows, i)
            if self.processes:
                self.recorded.append(replication.recorded)


def simulate(
    program: Program,
    seed: int,
    first: int,
    count: int,
    processes: Sequence[UserProcess] = (),
    *,
    residuals: bool = False,
) -> Rows:
    """Simulate the replications ``first .. first + count - 1``.

    Args:
        program: a scenario and strategy, from :func:`sim.engine.program.translate`.
        seed: 0 <= seed < 2**64.
        first: the first replication.
        count: how many.
        processes: SimPy processes of the user's own, each a generator function of a
            :class:`Replication`.
        residuals: fill :attr:`sim.engine.rows.Rows.residuals` too.

    Raises:
        ModelError: a replication in which time cannot advance, or with too many events.
    """
    rows = empty(program, count, residuals=residuals)
    SimPySimulator(program, processes).simulate(seed, first, rows)
    return rows


def trace(
    program: Program, seed: int, replication: int, processes: Sequence[UserProcess] = ()
) -> tuple[Rows, list[Entry]]:
    """One replication with its event log: its row (n = 1) and the entries in order.

    >>> from sim import load
    >>> from sim.engine.program import translate
    >>> program = translate(load("korea-2017").strategy("proposal"))
    >>> rows, log = trace(program, seed=1, replication=7)
    >>> log[0][0], len(rows.time)
    (0.0, 1)
    """
    log: list[Entry] = []
    one = Replication(Entities(program), seed, replication, log, processes)
    one.run()
    rows = empty(program, 1)
    one.write(rows, 0)
    return rows, log
