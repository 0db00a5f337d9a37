"""One strategy of one scenario as a plain SimPy model: `proposal` of korea-2017.

This is what a user of SimPy writes who has this one process to study and nothing else. It shares
no code with the package, so it serves twice: as a yardstick for speed, and as a second opinion
on what the scenario means (see `plain_agrees.py`).

Numbers are the likely values of the scenario. Left out is only what cannot happen under this
strategy: the bilateral track, setbacks and influences of postures that it does not take, the gate
"no war" (a war ends the history), and abandonment (no setback of the scenario leads to it).
Two things are said more shortly than in the scenario, because exponential times have no memory:
shocks at changing rates are thinned, and a clock of a fading condition is not set anew at each
raise.

Run it to see a few histories: ``python benchmarks/plain_simpy.py``.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import simpy

START = date(2017, 6, 15)
HORIZON = 1826.0
YEARS = range(2017, 2023)
DAYS_PER_YEAR = 365.25
Z90 = 1.2815515655446004  # the normal quantile of 0.9

SEATS = {"US": 2, "DPRK": 3}  # tables at which each can sit at once; the others have no limit

Process = Generator[simpy.Event, Any, None]
Ratio = Callable[["World"], float]
Effect = Callable[["World"], None]
Test = Callable[["World"], bool]


def day_of(year: int, month: int, day: int) -> float:
    """A date in days since the start."""
    return float((date(year, month, day) - START).days)


# -- durations ------------------------------------------------------------------------------------


class Days:
    """A duration with given 10, 50 and 90 per cent quantiles: lognormal on each side of p50."""

    __slots__ = ("above", "below", "middle")

    def __init__(self, p10: float, p50: float, p90: float) -> None:
        self.middle = math.log(p50)
        self.below = math.log(p50 / p10) / Z90
        self.above = math.log(p90 / p50) / Z90

    def draw(self, rng: random.Random) -> float:
        """One duration."""
        z = rng.gauss(0.0, 1.0)
        return math.exp(self.middle + (self.below if z < 0.0 else self.above) * z)


NEXT_ROUND = Days(15, 72, 250)
AFTER_BREAKDOWN = Days(15, 122, 420)
AFTER_NUCLEAR_TEST = Days(30, 122, 420)
OVER_AN_EXERCISE = Days(10, 16, 25)
PARITY = Days(160, 700, 1800)
SEOUL_PROVES_ITSELF = Days(60, 180, 500)


# -- the stages -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setback:
    """A way to fail: what it costs, and at which stage (by number) the track then resumes."""

    name: str
    weight: float
    delay: Days
    resume: int | None = None  # None: at the same stage
    when: Test | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A piece of a track, attempted until it succeeds."""

    name: str
    success: float
    duration: Days
    setbacks: tuple[Setback, ...]
    odds: Ratio | None = None
    pace: Ratio | None = None
    needs: Test | None = None
    effect: Effect | None = None
    is_dialogue: bool = True


def contact_odds(w: World) -> float:
    """What speaks for and against a first contact."""
    odds = 1.3 * 1.5  # the broad mandate and the Russian envoy
    if w.north_south.done >= 1:
        odds *= 2.2
    if w.parity.level:
        odds *= 1.8
    if w.china_push.level:
        odds *= 1.15
    return odds * talks_climate(w)


def moratorium_odds(w: World) -> float:
    """What speaks for and against a moratorium for a moratorium."""
    odds = 1.3  # the broad mandate
    if w.north_south.done >= 2:
        odds *= 2.0
    if w.working_group.done >= 2:
        odds *= 1.3
    if not w.parity.level:
        odds *= 0.8
    return odds * talks_climate(w)


def talks_climate(w: World) -> float:
    """What bears on direct talks at every stage."""
    climate = 0.85**w.crisis.level * 0.62**w.discredited.level
    return climate * 0.4 if w.hawks.level else climate


def talks_pace(w: World) -> float:
    """Rounds slip over exercises."""
    return 1.1 if w.exercise.level else 1.0


def overture_odds(w: World) -> float:
    """Whether Pyongyang takes up an offer of Seoul."""
    odds = 0.85**w.crisis.level
    if w.seoul_independent.level:
        odds *= 2.0
    return odds * 0.15 if w.seoul_hostile.level else odds


def exchange_odds(w: World) -> float:
    """Whether visits and aid go well."""
    odds = 0.85**w.crisis.level
    return odds * 0.087 if w.seoul_hostile.level else odds


def cooperation_odds(w: World) -> float:
    """Whether cooperation comes about."""
    return 0.85**w.crisis.level


def reconvene_odds(w: World) -> float:
    """Whether the six send their working group."""
    odds = 1.5  # the Russian envoy
    if w.us_dprk.done >= 1:
        odds *= 3.0
    return odds * 12.0 if w.moratorium.level else odds


def ministers_climate(w: World) -> float:
    """What bears on the ministers at every stage."""
    climate = 0.85**w.crisis.level * 0.5**w.discredited.level
    return climate * 0.5 if w.hawks.level else climate


def prepare_odds(w: World) -> float:
    """Whether a meeting of ministers can be prepared."""
    odds = ministers_climate(w)
    return odds if w.moratorium.level else odds * 0.3


def convene_odds(w: World) -> float:
    """Whether the ministers meet and part in good order."""
    odds = ministers_climate(w)
    if w.working_group.done >= 2:
        odds *= 1.8
    return odds if w.moratorium.level else odds * 0.15


def freeze_odds(w: World) -> float:
    """Whether the conference agrees on a freeze."""
    odds = ministers_climate(w)
    if w.working_group.done >= 3:
        odds *= 1.5
    if w.north_south.done >= 2:
        odds *= 1.3
    return odds if w.moratorium.level else odds * 0.2


def freeze_pace(w: World) -> float:
    """An understanding that is already there shortens the conference."""
    return 0.6 if w.moratorium.level else 1.0


def settlement_odds(w: World) -> float:
    """Who can bridge gaps once a freeze holds."""
    odds = 1.3 if w.ministerial.done >= 2 else 1.0
    return odds * 1.3 if w.north_south.done >= 3 else odds


def denuclearisation_odds(w: World) -> float:
    """A finished arsenal is dearer."""
    odds = settlement_odds(w)
    return odds * 0.6 if w.parity.level else odds


def window_is_open(w: World) -> bool:
    """The ministers meet at the United Nations, from 19 September to 3 October."""
    return any(opens <= w.env.now < closes for opens, closes in WINDOWS)


def frozen(w: World) -> bool:
    """The settlement is talked about while a freeze holds."""
    return w.freeze.level > 0


def moratorium_agreed(w: World) -> None:
    """Tests and hostile actions are suspended on both sides."""
    w.crisis.lower()
    w.moratorium.rise()


def freeze_agreed(w: World) -> None:
    """The programme is frozen, sanctions are eased, terms are still being settled."""
    w.crisis.lower()
    w.freeze.rise()
    w.fresh_freeze.rise()
    w.sanctions_eased.rise()


def tension_falls(w: World) -> None:
    """A success that calms."""
    w.crisis.lower()


def tension_rises(w: World) -> None:
    """A failure, or an incident, that alarms."""
    w.crisis.rise()


def talks_lose_credit(w: World) -> None:
    """A failure in public."""
    w.discredited.rise()


def public_failure(w: World) -> None:
    """A failure in public that alarms as well."""
    w.crisis.rise()
    w.discredited.rise()


def empty_show(w: World) -> None:
    """The ministers met unprepared, for all to see."""
    public_failure(w)
    w.discredited.rise()


WINDOWS = tuple((day_of(y, 9, 19), day_of(y, 10, 3) + 1.0) for y in YEARS)

US_DPRK = (
    Stage(
        "contact",
        0.28,
        Days(20, 70, 200),
        (
            Setback("rebuff", 6.0, NEXT_ROUND),
            Setback("channel_lost", 1.0, Days(200, 600, 1800)),
        ),
        odds=contact_odds,
        pace=talks_pace,
    ),
    Stage(
        "moratorium",
        0.33,
        Days(20, 60, 200),
        (
            Setback("fruitless_round", 7.0, NEXT_ROUND),
            Setback("walkout", 1.5, AFTER_BREAKDOWN, resume=0, effect=tension_rises),
        ),
        odds=moratorium_odds,
        pace=talks_pace,
        effect=moratorium_agreed,
    ),
)

NORTH_SOUTH = (
    Stage(
        "overture",
        0.4,
        Days(8, 45, 176),
        (
            Setback("silence", 6.0, Days(30, 90, 245)),
            Setback("rejected", 3.0, AFTER_BREAKDOWN),
        ),
        odds=overture_odds,
    ),
    Stage(
        "exchange",
        0.9,
        Days(10, 60, 300),
        (
            Setback("suspended", 5.0, AFTER_BREAKDOWN, resume=0),
            Setback(
                "exercise_protest", 3.0, OVER_AN_EXERCISE, when=lambda w: w.exercise.level > 0
            ),
        ),
        odds=exchange_odds,
        effect=tension_falls,
    ),
    Stage(
        "cooperation",
        0.7,
        Days(90, 220, 600),
        (Setback("stalled", 2.0, AFTER_BREAKDOWN),),
        odds=cooperation_odds,
        effect=tension_falls,
    ),
)

WORKING_GROUP = (
    Stage(
        "reconvene",
        0.06,
        Days(30, 75, 160),
        (Setback("no_quorum", 2.0, Days(90, 160, 548)),),
        odds=reconvene_odds,
    ),
    Stage("principles", 0.65, Days(60, 157, 548), (Setback("no_text", 2.0, AFTER_BREAKDOWN),)),
    Stage(
        "secretariat",
        0.75,
        Days(30, 90, 250),
        (Setback("seat_dispute", 1.0, Days(30, 90, 250)),),
        is_dialogue=False,
    ),
)

MINISTERIAL = (
    Stage(
        "prepare",
        0.72,
        Days(10, 60, 120),
        (Setback("unprepared", 2.0, NEXT_ROUND),),
        odds=prepare_odds,
        is_dialogue=False,
    ),
    Stage(
        "convene",
        0.5,
        Days(1, 2, 4),
        (
            Setback("stood_up", 2.0, Days(30, 55, 240), resume=0, effect=talks_lose_credit),
            Setback("public_clash", 0.7, AFTER_BREAKDOWN, resume=0, effect=public_failure),
            Setback(
                "empty_show",
                3.0,
                AFTER_BREAKDOWN,
                resume=0,
                when=lambda w: not w.moratorium.level,
                effect=empty_show,
            ),
        ),
        odds=convene_odds,
        needs=window_is_open,
        effect=tension_falls,
    ),
    Stage(
        "freeze",
        0.42,
        Days(34, 117, 383),
        (
            Setback("verification_dispute", 3.0, NEXT_ROUND),
            Setback("sanctions_quarrel", 2.0, Days(45, 151, 395)),
            Setback("conference_collapse", 0.7, AFTER_BREAKDOWN, resume=0, effect=public_failure),
        ),
        odds=freeze_odds,
        pace=freeze_pace,
        effect=freeze_agreed,
    ),
)

SETTLEMENT = (
    Stage(
        "production_cap",
        0.3,
        Days(180, 500, 1266),
        (Setback("deadlock", 3.0, AFTER_BREAKDOWN),),
        odds=settlement_odds,
        needs=frozen,
    ),
    Stage(
        "security_regime",
        0.3,
        Days(300, 700, 1500),
        (Setback("alliance_dispute", 3.0, AFTER_BREAKDOWN),),
        odds=settlement_odds,
        needs=frozen,
    ),
    Stage(
        "denuclearisation",
        0.05,
        Days(700, 1500, 3500),
        (Setback("reversal", 2.0, AFTER_BREAKDOWN),),
        odds=denuclearisation_odds,
        needs=frozen,
    ),
)


def steps_have_succeeded(w: World) -> bool:
    """The ministers are called when the preliminary steps have succeeded."""
    return w.moratorium.level > 0 and (w.working_group.done >= 2 or w.north_south.done >= 2)


# -- conditions -----------------------------------------------------------------------------------


class Condition:
    """A level that rises and falls, by itself too if it fades."""

    __slots__ = ("env", "fade", "fading", "first", "held", "level", "most", "rng", "since")

    def __init__(self, w: World, most: int = 1, fade: float = 0.0) -> None:
        self.env, self.rng = w.env, w.rng
        self.most, self.fade = most, fade
        self.level = 0
        self.first = math.nan
        self.since = self.held = 0.0
        self.fading: simpy.Process | None = None

    def rise(self) -> None:
        """One level more."""
        if self.level < self.most:
            self.level += 1
            if self.level == 1:
                self.since = self.env.now
                if math.isnan(self.first):
                    self.first = self.env.now
        # A wait that is still going on is as good as a new one: it has no memory.
        if self.fade and (self.fading is None or not self.fading.is_alive):
            self.fading = self.env.process(self._fade())

    def lower(self) -> None:
        """One level less."""
        if self.level:
            self.level -= 1
            if not self.level:
                self.held += self.env.now - self.since

    def clear(self) -> None:
        """Down to nothing."""
        if self.level:
            self.level = 0
            self.held += self.env.now - self.since

    def days_held(self) -> float:
        """For how long the level has been 1 or more."""
        return self.held + (self.env.now - self.since if self.level else 0.0)

    def _fade(self) -> Process:
        while self.level:
            yield self.env.timeout(self.rng.expovariate(1.0 / self.fade))
            self.lower()


class Restraint(Condition):
    """A condition under which tests are suspended; the world hears of its beginning and end."""

    __slots__ = ("world",)

    def __init__(self, w: World) -> None:
        super().__init__(w)
        self.world = w

    def rise(self) -> None:
        """One level more."""
        super().rise()
        self.world.restraint_may_have_turned()

    def clear(self) -> None:
        """Down to nothing."""
        super().clear()
        self.world.restraint_may_have_turned()


# -- tracks ---------------------------------------------------------------------------------------


class Track:
    """A channel of negotiation: its place among its stages, and its process."""

    __slots__ = (
        "at_table",
        "done",
        "parties",
        "process",
        "stages",
        "start",
        "turn",
        "waiting",
        "world",
    )

    def __init__(
        self,
        w: World,
        stages: Sequence[Stage],
        parties: Sequence[str],
        start: Test | None = None,
    ) -> None:
        self.world, self.stages, self.parties = w, stages, parties
        self.start = start  # asked before the first attempt only
        self.done = 0  # stages that have succeeded; also the number of the present stage
        self.waiting, self.at_table = True, False
        self.turn = w.env.event()
        self.process = w.env.process(self.run())

    def run(self) -> Process:
        """Wait for a turn, negotiate, go on after a success, pay for a failure."""
        w = self.world
        timeout = w.env.timeout
        while True:
            yield self.turn
            try:
                yield timeout(self._duration())
                pause = self._conclude()
            except simpy.Interrupt as broken:
                self._leave_table()
                pause = broken.cause
            w.admit()
            if pause is not None:
                delay, resume = pause
                yield timeout(delay)
                self._wait_at(resume)

    def may_begin(self) -> bool:
        """Is everything there that an attempt needs?"""
        w = self.world
        if self.start is not None and not self.start(w):
            return False
        needs = self.stages[self.done].needs
        if needs is not None and not needs(w):
            return False
        return all(w.free[party] for party in self.parties)

    def begin(self) -> None:
        """Sit down."""
        self.start = None
        self.waiting, self.at_table = False, True
        for party in self.parties:
            self.world.free[party] -= 1
        self.world.dialogues += self.stages[self.done].is_dialogue
        turn, self.turn = self.turn, self.world.env.event()
        turn.succeed()

    def break_off(self, delay: Days, resume: int | None = None) -> None:
        """An incident ends the attempt in progress."""
        stage = self.done if resume is None else resume
        self.process.interrupt((delay.draw(self.world.rng), stage))

    def reopen(self, stage: int) -> None:
        """A completed track waits again at a stage."""
        if self.done == len(self.stages):
            self.done, self.waiting = stage, True
            self.world.admit()

    def _wait_at(self, stage: int) -> None:
        self.done, self.waiting = stage, True
        self.world.admit()

    def _duration(self) -> float:
        stage = self.stages[self.done]
        days = stage.duration.draw(self.world.rng)
        return days if stage.pace is None else days * stage.pace(self.world)

    def _conclude(self) -> tuple[float, int] | None:
        """An attempt ends: nothing after a success, else the delay and where to resume."""
        w, stage = self.world, self.stages[self.done]
        odds = 1.0 if stage.odds is None else stage.odds(w)
        p = stage.success
        if w.rng.random() < p * odds / (1.0 - p + p * odds):
            self._leave_table()
            if stage.effect is not None:
                stage.effect(w)
            self.done += 1
            self.waiting = self.done < len(self.stages)
            return None
        setback = self._choose(stage.setbacks)
        self._leave_table()
        w.counts[setback.name] += 1
        if setback.effect is not None:
            setback.effect(w)
        resume = self.done if setback.resume is None else setback.resume
        return setback.delay.draw(w.rng), resume

    def _choose(self, setbacks: Sequence[Setback]) -> Setback:
        if len(setbacks) == 1:
            return setbacks[0]
        w = self.world
        possible = [s for s in setbacks if s.when is None or s.when(w)]
        return w.rng.choices(possible, [s.weight for s in possible])[0]

    def _leave_table(self) -> None:
        self.at_table = False
        for party in self.parties:
            self.world.free[party] += 1
        self.world.dialogues -= self.stages[self.done].is_dialogue


# -- shocks: rates a year and what they do --------------------------------------------------------


def missile_rate(w: World) -> float:
    """Routine launches come in bursts and around exercises, less often during talks."""
    rate = 7.0
    if w.campaign.level:
        rate *= 3.5
    if w.exercise.level:
        rate *= 1.5
    if w.dialogues:
        rate *= 0.65
    if w.moratorium.level:
        rate *= 0.5
    return rate * 0.9 if w.china_push.level else rate


def campaign_rate(w: World) -> float:
    """A series of launches begins."""
    return 0.0 if w.restrained else 1.6


def strategic_rate(w: World) -> float:
    """Tests of long-range missiles follow tension and campaigns."""
    if w.restrained:
        return 0.0
    rate = 2.4 * 1.15**w.crisis.level
    if w.campaign.level:
        rate *= 2.0
    return rate * 0.4 if w.dialogues else rate


def nuclear_rate(w: World) -> float:
    """Nuclear tests follow tension."""
    if w.restrained:
        return 0.0
    rate = 0.5 * 1.15**w.crisis.level
    return rate * 0.4 if w.dialogues else rate


def force_rate(w: World) -> float:
    """Shows of force answer tension."""
    return 0.0 if w.restrained else 2.5 * 1.2**w.crisis.level


def hawks_come_rate(w: World) -> float:
    """Washington turns without an election."""
    return 0.12


def hawks_leave_rate(w: World) -> float:
    """A government that rejects the process does not last."""
    return 0.3 if w.hawks.level else 0.0


def verification_rate(w: World) -> float:
    """A freeze dies over verification, mostly while it is fresh."""
    if not w.freeze.level:
        return 0.0
    rate = 0.13 * 11.0 if w.fresh_freeze.level else 0.13
    return rate * 2.0 if w.hawks.level else rate


def sanctions_rate(w: World) -> float:
    """A freeze dies over relief that does not come."""
    if not w.freeze.level:
        return 0.0
    rate = 0.08 * 2.0 if w.fresh_freeze.level else 0.08
    return rate * 2.0 if w.hawks.level else rate


def lapse_rate(w: World) -> float:
    """A moratorium that leads to nothing lapses."""
    return 0.24 if w.moratorium.level and not w.freeze.level else 0.0


def war_rate(w: World) -> float:
    """War comes out of crises, less often while there is someone to call."""
    rate = 0.003 * 1.7**w.crisis.level
    return rate * 0.6 if w.dialogues else rate


def nothing_follows(w: World) -> None:
    """A routine launch is no crisis."""


def campaign_begins(w: World) -> None:
    """A series of launches begins."""
    w.campaign.rise()


def strategic_test(w: World) -> None:
    """A long-range missile: tension, and talks that may break."""
    w.crisis.rise()
    if w.us_dprk.at_table and w.rng.random() < 0.25:
        w.break_off("strategic_test", w.us_dprk, AFTER_BREAKDOWN)
    if w.ministerial.at_table and w.ministerial.done == 2 and w.rng.random() < 0.25:
        w.break_off("strategic_test", w.ministerial, AFTER_BREAKDOWN)


def nuclear_test(w: World) -> None:
    """A nuclear test: great tension, and talks that may start from scratch."""
    w.crisis.rise()
    w.crisis.rise()
    if w.us_dprk.at_table and w.rng.random() < 0.6:
        w.break_off("nuclear_test", w.us_dprk, AFTER_NUCLEAR_TEST, resume=0)
    if w.north_south.at_table and w.rng.random() < 0.5:
        w.break_off("nuclear_test", w.north_south, AFTER_BREAKDOWN, resume=0)


def show_of_force(w: World) -> None:
    """Bombers over the Peninsula, launches in answer."""
    w.crisis.rise()
    w.campaign.rise()


def hawks_come(w: World) -> None:
    """Washington rejects the process."""
    w.hawks.rise()


def hawks_leave(w: World) -> None:
    """Washington does not reject the process any longer."""
    w.hawks.clear()


def freeze_ends(w: World) -> None:
    """The freeze and all that came with it is over; the tracks that made it begin again."""
    w.freeze.clear()
    w.fresh_freeze.clear()
    w.sanctions_eased.clear()
    w.moratorium.clear()
    w.crisis.rise()
    w.ministerial.reopen(2)
    w.us_dprk.reopen(1)


def moratorium_lapses(w: World) -> None:
    """The moratorium is over."""
    w.moratorium.clear()
    w.crisis.rise()
    w.us_dprk.reopen(1)


def war_breaks_out(w: World) -> None:
    """The end of the history."""
    w.war.succeed()


@dataclass(frozen=True, slots=True)
class RandomShock:
    """A shock at a rate per year that changes with the state but never exceeds `bound`."""

    name: str
    rate: Ratio
    bound: float
    effect: Effect


RANDOM_SHOCKS = (
    RandomShock("missile_test", missile_rate, 7.0 * 3.5 * 1.5, nothing_follows),
    RandomShock("test_campaign", campaign_rate, 1.6, campaign_begins),
    RandomShock("strategic_test", strategic_rate, 2.4 * 1.15**3 * 2.0, strategic_test),
    RandomShock("nuclear_test", nuclear_rate, 0.5 * 1.15**3, nuclear_test),
    RandomShock("show_of_force", force_rate, 2.5 * 1.2**3, show_of_force),
    RandomShock("unforeseen_turn", hawks_come_rate, 0.12, hawks_come),
    RandomShock("hawks_leave", hawks_leave_rate, 0.3, hawks_leave),
    RandomShock("verification_collapse", verification_rate, 0.13 * 11.0 * 2.0, freeze_ends),
    RandomShock("sanctions_collapse", sanctions_rate, 0.08 * 2.0 * 2.0, freeze_ends),
    RandomShock("moratorium_lapse", lapse_rate, 0.24, moratorium_lapses),
    RandomShock("war", war_rate, 0.003 * 1.7**3, war_breaks_out),
)


def strike(w: World, shock: RandomShock) -> Process:
    """A shock at a changing rate: candidates at the highest rate, thinned to the present one."""
    timeout, random_, expovariate = w.env.timeout, w.rng.random, w.rng.expovariate
    name, rate, bound, effect = shock.name, shock.rate, shock.bound, shock.effect
    bound_per_day = bound / DAYS_PER_YEAR
    counts = w.counts
    while True:
        yield timeout(expovariate(bound_per_day))
        if random_() * bound < rate(w):
            counts[name] += 1
            effect(w)


def reach_parity(w: World) -> Process:
    """The programme goes on towards a second strike, but not while tests are suspended."""
    days = PARITY.draw(w.rng)
    while True:
        if w.restrained:
            yield w.restraint_turns
        began, done = w.env.now, w.env.timeout(days)
        yield done | w.restraint_turns
        if done.processed:
            break
        days -= w.env.now - began
    w.counts["parity"] += 1
    w.parity.rise()


def seoul_proves_itself(w: World) -> Process:
    """In time Seoul shows that it does not only follow Washington."""
    yield w.env.timeout(SEOUL_PROVES_ITSELF.draw(w.rng))
    w.counts["seoul_proves_itself"] += 1
    w.seoul_independent.rise()


def hold_spring_exercises(w: World) -> Process:
    """Every 8 March, unless suspended."""
    for year in YEARS[1:]:
        yield w.until(day_of(year, 3, 8))
        if not w.restrained:
            w.counts["spring_exercise"] += 1
            w.exercise.rise()
            w.crisis.rise()
            if w.north_south.at_table and w.rng.random() < 0.2:
                w.break_off("spring_exercise", w.north_south, OVER_AN_EXERCISE)


def hold_summer_exercises(w: World) -> Process:
    """Every 20 August, unless suspended."""
    for year in YEARS:
        yield w.until(day_of(year, 8, 20))
        if not w.restrained:
            w.counts["summer_exercise"] += 1
            w.exercise.rise()
            if w.us_dprk.at_table and w.rng.random() < 0.15:
                w.break_off("summer_exercise", w.us_dprk, OVER_AN_EXERCISE)


def open_windows(w: World) -> Process:
    """On 19 September whoever waited for the ministers' window may begin."""
    for opens, _ in WINDOWS:
        yield w.until(opens)
        w.admit()


def follow_calendar(w: World) -> Process:
    """What comes once, on a date of its own."""
    rng, counts = w.rng, w.counts
    yield w.until(day_of(2017, 7, 16))
    if rng.random() < 0.8:
        counts["china_pressure"] += 1
        w.china_push.rise()
    yield w.until(day_of(2021, 1, 20))
    if rng.random() < 0.33:
        counts["washington_election"] += 1
        w.hawks.rise()
    if w.restrained and rng.random() < 0.25:
        counts["washington_reversal"] += 1
        freeze_ends(w)
    yield w.until(day_of(2022, 5, 10))
    if rng.random() < 0.4:
        counts["seoul_election"] += 1
        w.seoul_independent.clear()
        w.seoul_hostile.rise()


ONE_OF_A_KIND = (
    reach_parity,
    seoul_proves_itself,
    hold_spring_exercises,
    hold_summer_exercises,
    open_windows,
    follow_calendar,
)

SETBACKS = tuple(
    setback.name
    for stages in (US_DPRK, NORTH_SOUTH, WORKING_GROUP, MINISTERIAL, SETTLEMENT)
    for stage in stages
    for setback in stage.setbacks
)
SHOCKS = (
    *(shock.name for shock in RANDOM_SHOCKS),
    "spring_exercise",
    "summer_exercise",
    "parity",
    "seoul_proves_itself",
    "china_pressure",
    "washington_election",
    "washington_reversal",
    "seoul_election",
)
BREAKS = tuple(
    f"{shock}_breaks"
    for shock in ("strategic_test", "nuclear_test", "spring_exercise", "summer_exercise")
)
NO_COUNTS = dict.fromkeys((*SETBACKS, *SHOCKS, *BREAKS), 0)


# -- the world ------------------------------------------------------------------------------------


class World:
    """One history."""

    def __init__(self, rng: random.Random) -> None:
        self.env = env = simpy.Environment()
        self.rng = rng
        self.counts = NO_COUNTS.copy()
        self.free = SEATS.copy()
        self.dialogues = 0  # attempts in progress with Pyongyang at the table
        self.restrained = False  # by a moratorium or a freeze
        self.restraint_turns = env.event()
        self.war = env.event()
        self._set_conditions()
        self._set_tracks()
        for story in ONE_OF_A_KIND:
            env.process(story(self))
        for shock in RANDOM_SHOCKS:
            env.process(strike(self, shock))

    def _set_conditions(self) -> None:
        self.moratorium = Restraint(self)
        self.freeze = Restraint(self)
        self.sanctions_eased = Condition(self)
        self.parity = Condition(self)
        self.seoul_independent = Condition(self)
        self.seoul_hostile = Condition(self)
        self.hawks = Condition(self)
        self.crisis = Condition(self, most=3, fade=45.0)
        self.campaign = Condition(self, fade=60.0)
        self.exercise = Condition(self, fade=16.0)
        self.china_push = Condition(self, fade=120.0)
        self.discredited = Condition(self, most=2, fade=500.0)
        self.fresh_freeze = Condition(self, fade=75.0)

    def _set_tracks(self) -> None:
        both = ("US", "DPRK")  # of those at a table of six, only these two lack people
        self.us_dprk = Track(self, US_DPRK, both)
        self.north_south = Track(self, NORTH_SOUTH, ("DPRK",))
        self.working_group = Track(self, WORKING_GROUP, both)
        self.ministerial = Track(self, MINISTERIAL, both, start=steps_have_succeeded)
        self.settlement = Track(self, SETTLEMENT, both)
        self.by_priority = (
            self.us_dprk,
            self.ministerial,
            self.north_south,
            self.working_group,
            self.settlement,
        )
        self.admit()

    def admit(self) -> None:
        """Let those begin who can, the most important first."""
        for track in self.by_priority:
            if track.waiting and track.may_begin():
                track.begin()

    def until(self, day: float) -> simpy.Timeout:
        """Wait for a day of the calendar."""
        return self.env.timeout(day - self.env.now)

    def break_off(self, shock: str, track: Track, delay: Days, resume: int | None = None) -> None:
        """A shock ends an attempt in progress."""
        self.counts[f"{shock}_breaks"] += 1
        track.break_off(delay, resume)

    def restraint_may_have_turned(self) -> None:
        """Tell those who care when tests come to be suspended, or are so no longer."""
        restrained = self.moratorium.level > 0 or self.freeze.level > 0
        if restrained != self.restrained:
            self.restrained = restrained
            turns, self.restraint_turns = self.restraint_turns, self.env.event()
            turns.succeed()

    def run(self) -> dict[str, Any]:
        """Tell the history to the horizon, or to a war."""
        env = self.env
        env.run(until=env.timeout(HORIZON) | self.war)
        frozen_on, war = self.freeze.first, self.war.triggered
        if not math.isnan(frozen_on):
            outcome, ended = "freeze", frozen_on
        else:
            outcome, ended = ("war", env.now) if war else ("ongoing", HORIZON)
        return {
            "outcome": outcome,
            "time": ended,
            "first_moratorium": self.moratorium.first,
            "first_freeze": frozen_on,
            "held_moratorium": self.moratorium.days_held(),
            "held_freeze": self.freeze.days_held(),
            "war": war,
            **{f"n_{name}": count for name, count in self.counts.items()},
        }


def simulate(replications: int, seed: int = 1) -> list[dict[str, Any]]:
    """Tell so many histories, one row each; row i depends on the seed and i alone."""
    return [World(random.Random(f"{seed}:{i}")).run() for i in range(replications)]


def main() -> None:
    """Tell a thousand histories and say how long it took."""
    count = 1000
    begun = time.perf_counter()
    rows = simulate(count)
    seconds = time.perf_counter() - begun
    outcomes = [row["outcome"] for row in rows]
    shares = {name: outcomes.count(name) / count for name in sorted(set(outcomes))}
    print(f"{count} histories, {1000 * seconds / count:.2f} ms each: {shares}")


if __name__ == "__main__":
    main()
