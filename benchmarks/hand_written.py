"""The strategy ``proposal`` of korea-2017 as a plain SimPy model, written by hand for it alone.

This is what a SimPy user would write without a framework: constants in the file, one generator a
track and a shock, interrupts for attempts that are broken off and for rates that change. It
simulates the same process as the engines of this project (with other random numbers), and is here
to be compared with: for speed, and as one more check of the results.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import simpy

START, HORIZON, YEAR = dt.date(2017, 6, 15), 1826.0, 365.25
Z = 1.2815515655446004


class Quantiles:
    """A duration from its 10, 50 and 90 per cent quantiles: lognormal on either side."""

    def __init__(self, p10: float, p50: float, p90: float) -> None:
        self.median = p50
        self.below, self.above = math.log(p50 / p10) / Z, math.log(p90 / p50) / Z

    def draw(self, rng: random.Random) -> float:
        z = rng.gauss(0.0, 1.0)
        return self.median * math.exp((self.below if z < 0 else self.above) * z)


class Lognormal:
    """A duration whose logarithm is normal."""

    def __init__(self, median: float, sigma: float) -> None:
        self.median, self.sigma = median, sigma

    def draw(self, rng: random.Random) -> float:
        return self.median * math.exp(self.sigma * rng.gauss(0.0, 1.0))


class Exponential:
    """A duration without memory."""

    def __init__(self, mean: float) -> None:
        self.mean = mean

    def draw(self, rng: random.Random) -> float:
        return rng.expovariate(1 / self.mean)


Duration = Quantiles | Lognormal | Exponential
ROUND, QUARREL = Lognormal(57, 1.2), Lognormal(180, 1.6)


class Setback(NamedTuple):
    name: str
    weight: float
    delay: Duration
    resume: int | None = None
    raises: Sequence[str] = ()
    when: str = ""  # "x" or "!x"


class Stage(NamedTuple):
    name: str
    duration: Duration
    success: float
    setbacks: Sequence[Setback]
    raises: Sequence[str] = ()
    needs: str = ""
    talks: bool = True  # counts as dialogue
    calms: bool = False  # lowers the crisis


NUCLEAR_DEAL = ("freeze", "fresh_freeze", "sanctions_eased")
TRACKS: dict[str, tuple[Sequence[str], list[Stage]]] = {
    "us_dprk": (("US", "DPRK"), [
        Stage("contact", Quantiles(20, 70, 200), 0.25, [
            Setback("rebuff", 6, Quantiles(8, 30, 90)),
            Setback("channel_lost", 1, Quantiles(200, 600, 1800)),
        ]),
        Stage("moratorium", Exponential(65), 0.33, [
            Setback("fruitless_round", 22, ROUND),
            Setback("walkout", 6.7, QUARREL, 0, ("crisis",)),
        ], ("moratorium",), "!war", calms=True),
    ]),
    "north_south": (("ROK", "DPRK"), [
        Stage("overture", Exponential(61), 0.4, [
            Setback("silence", 6, Quantiles(30, 90, 245)), Setback("rejected", 3, QUARREL),
        ]),
        Stage("exchange", Lognormal(50, 1.6), 0.9, [
            Setback("suspended", 5, QUARREL, 0),
            Setback("exercise_protest", 3, Quantiles(10, 16, 25), when="exercise"),
        ], calms=True),
        Stage("cooperation", Quantiles(90, 220, 600), 0.7, [Setback("stalled", 2, QUARREL)],
              calms=True),
    ]),
    "working_group": (("US", "ROK", "DPRK", "China", "Russia", "Japan"), [
        Stage("reconvene", Lognormal(31, 0.42), 0.06,
              [Setback("no_quorum", 2, Quantiles(90, 160, 548))]),
        Stage("principles", Quantiles(60, 157, 548), 0.65, [Setback("no_text", 2, QUARREL)]),
        Stage("secretariat", Quantiles(30, 90, 250), 0.75,
              [Setback("seat_dispute", 1, Quantiles(30, 90, 250))], talks=False),
    ]),
    "ministerial": (("US", "ROK", "DPRK", "China", "Russia", "Japan"), [
        Stage("prepare", Quantiles(10, 60, 120), 0.72, [Setback("unprepared", 2, ROUND)],
              talks=False),
        Stage("convene", Quantiles(1, 2, 4), 0.5, [
            Setback("stood_up", 2, Quantiles(30, 55, 240), 0, ("discredited",)),
            Setback("public_clash", 0.7, QUARREL, 0, ("crisis", "discredited")),
            Setback("empty_show", 3, QUARREL, 0, ("crisis", "discredited", "discredited"),
                    "!moratorium"),
        ], calms=True),
        Stage("freeze", Exponential(160), 0.31, [
            Setback("verification_dispute", 3, ROUND),
            Setback("sanctions_quarrel", 2, Quantiles(45, 151, 395)),
            Setback("conference_collapse", 0.7, QUARREL, 0, ("crisis", "discredited")),
        ], NUCLEAR_DEAL, calms=True),
    ]),
    "settlement": (("US", "ROK", "DPRK", "China", "Russia", "Japan"), [
        Stage("production_cap", Quantiles(180, 500, 1266), 0.3, [Setback("deadlock", 3, QUARREL)],
              needs="freeze"),
        Stage("security_regime", Quantiles(300, 700, 1500), 0.3,
              [Setback("alliance_dispute", 3, QUARREL)], needs="freeze"),
        Stage("denuclearisation", Quantiles(700, 1500, 3500), 0.05,
              [Setback("reversal", 2, QUARREL)], needs="freeze"),
    ]),
}  # fmt: skip
PRIORITY = ("us_dprk", "ministerial", "north_south", "working_group", "settlement")
TABLES = {"DPRK": 3, "US": 2}
FADES = {"crisis": 45, "campaign": 30, "exercise": 16, "china_push": 120, "discredited": 500,
         "fresh_freeze": 75}  # fmt: skip
HIGHEST = {"crisis": 3, "discredited": 2}
AFFECTED = {  # rates that change with a condition
    "crisis": ("show_of_force", "strategic_test", "nuclear_test", "war"),
    "campaign": ("missile_test", "strategic_test"),
    "exercise": ("missile_test",),
    "china_push": ("missile_test",),
    "dialogue": ("war", "missile_test", "strategic_test", "nuclear_test"),
    "moratorium": ("missile_test", "test_campaign", "strategic_test", "nuclear_test",
                   "show_of_force", "parity", "moratorium_lapse"),
    "freeze": ("test_campaign", "strategic_test", "nuclear_test", "show_of_force", "parity",
               "verification_collapse", "sanctions_collapse", "moratorium_lapse"),
    "fresh_freeze": ("verification_collapse", "sanctions_collapse"),
    "washington_hawkish": ("hawks_leave", "verification_collapse", "sanctions_collapse"),
}  # fmt: skip
Story = Generator[simpy.Event, Any, None]


class Track:
    """Where a track stands."""

    def __init__(self, env: simpy.Environment, name: str) -> None:
        self.name = name
        self.parties, self.stages = TRACKS[name]
        self.seats = [party for party in self.parties if party in TABLES]
        self.at, self.waiting, self.begun, self.talking, self.over = 0, True, False, False, False
        self.turn = env.event()
        self.process: simpy.Process


class Peninsula:
    """One replication."""

    def __init__(self, rng: random.Random) -> None:
        self.env, self.rng = simpy.Environment(), rng
        self.level: Counter[str] = Counter()
        self.first: dict[str, float] = {}
        self.held: Counter[str] = Counter()
        self.since: dict[str, float] = {}
        self.count: Counter[str] = Counter()
        self.done: set[str] = set()
        self.free = dict(TABLES)
        self.fading: dict[str, simpy.Process] = {}
        self.tracks = {name: Track(self.env, name) for name in TRACKS}
        self.shocks: dict[str, simpy.Process] = {}
        self.war = self.env.event()

    def run(self) -> dict[str, Any]:
        env = self.env
        for track in self.tracks.values():
            track.process = env.process(self.negotiate(track))
        for name, rate in RATES.items():
            self.shocks[name] = env.process(self.strike(name, rate))
        self.shocks["parity"] = env.process(self.reach_parity())
        env.process(self.prove_independence())
        env.process(self.calendar())
        env.process(self.assembly())
        self.begin_who_can()
        env.run(env.any_of([self.war, env.timeout(HORIZON)]))
        for name, since in self.since.items():
            self.held[name] += env.now - since
        return self.row()

    def row(self) -> dict[str, Any]:
        goal, war = self.first.get("freeze"), self.first.get("war")
        outcome = "freeze" if goal is not None else "war" if war is not None else "ongoing"
        row: dict[str, Any] = {"outcome": outcome}
        for name in ("freeze", "moratorium", "war", "ministerial.convene"):
            row[f"first_{name}"] = self.first.get(name, math.nan)
        for name in ("freeze", "moratorium", "crisis", "dialogue", "discredited", "campaign"):
            row[f"held_{name}"] = self.held[name]
        return row | {f"n_{name}": self.count[name] for name in COUNTED}

    # -- tracks

    def negotiate(self, track: Track) -> Story:
        env, rng = self.env, self.rng
        while True:
            days = yield track.turn
            track.turn = env.event()
            stage = track.stages[track.at]
            try:
                yield env.timeout(days)
            except simpy.Interrupt as broken:
                delay, resume = broken.cause
                yield env.timeout(delay)
                self.resume(track, resume)
                continue
            if rng.random() < ODDS[track.name, stage.name](self, stage.success):
                self.leave_table(track, stage)
                self.succeed(track, stage)
                continue
            setback = self.fail(stage)
            self.leave_table(track, stage)
            self.count[setback.name] += 1
            for name in setback.raises:
                self.raise_(name)
            self.begin_who_can()
            yield env.timeout(setback.delay.draw(rng))
            self.resume(track, track.at if setback.resume is None else setback.resume)

    def fail(self, stage: Stage) -> Setback:
        possible = [s for s in stage.setbacks if self.holds(s.when)]
        return self.rng.choices(possible, [s.weight for s in possible])[0]

    def succeed(self, track: Track, stage: Stage) -> None:
        if stage.calms:
            self.lower("crisis")
        for name in stage.raises:
            self.raise_(name)
        name = f"{track.name}.{stage.name}"
        self.done.add(name)
        self.first.setdefault(name, self.env.now)
        if track.at + 1 < len(track.stages):
            track.at, track.waiting = track.at + 1, True
        else:
            track.over = True
        self.begin_who_can()

    def resume(self, track: Track, stage: int) -> None:
        self.go_back(track, stage)
        self.begin_who_can()

    def go_back(self, track: Track, stage: int) -> None:
        for later in track.stages[stage:]:
            self.done.discard(f"{track.name}.{later.name}")
        track.at, track.waiting = stage, True

    def begin_who_can(self) -> None:
        for name in PRIORITY:
            track = self.tracks[name]
            if track.waiting and self.may_begin(track):
                self.begin(track)

    def may_begin(self, track: Track) -> bool:
        if any(self.free[party] <= 0 for party in track.seats):
            return False
        stage = track.stages[track.at]
        if track.name == "ministerial":
            if stage.name == "convene" and not self.in_assembly():
                return False
            if not track.begun:
                prepared = {"working_group.principles", "north_south.exchange"} & self.done
                return bool(self.level["moratorium"] and prepared)
        return self.holds(stage.needs)

    def begin(self, track: Track) -> None:
        stage = track.stages[track.at]
        track.waiting, track.begun, track.talking = False, True, True
        for party in track.seats:
            self.free[party] -= 1
        if stage.talks:
            self.hold(+1)
        days = stage.duration.draw(self.rng)
        if track.name == "us_dprk" and self.level["exercise"]:
            days *= 1.1
        elif (track.name, stage.name) == ("ministerial", "freeze") and self.level["moratorium"]:
            days *= 0.6
        track.turn.succeed(days)

    def leave_table(self, track: Track, stage: Stage) -> None:
        track.talking = False
        for party in track.seats:
            self.free[party] += 1
        if stage.talks:
            self.hold(-1)

    def break_off(self, name: str, chance: float, delay: Duration, resume: int | None) -> None:
        track = self.tracks[name]
        if track.talking and self.rng.random() < chance:
            self.leave_table(track, track.stages[track.at])
            at = track.at if resume is None else min(resume, track.at)
            track.process.interrupt((delay.draw(self.rng), at))

    def reopen(self, name: str, stage: int) -> None:
        track = self.tracks[name]
        if track.over:
            track.over = False
            self.go_back(track, stage)

    # -- conditions

    def holds(self, test: str) -> bool:
        if not test:
            return True
        return self.level[test[1:]] == 0 if test[0] == "!" else self.level[test] > 0

    def set(self, name: str, level: int) -> None:
        was = self.level[name]
        if level == was:
            return
        self.level[name] = level
        now = self.env.now
        if not was:
            self.first.setdefault(name, now)
            self.since[name] = now
        elif not level:
            self.held[name] += now - self.since.pop(name)
        me = self.env.active_process
        for shock in AFFECTED.get(name, ()):
            process = self.shocks.get(shock)
            if process is not None and process is not me and process.is_alive:
                process.interrupt()

    def raise_(self, name: str) -> None:
        self.set(name, min(HIGHEST.get(name, 1), self.level[name] + 1))
        if name in FADES:
            self.stop_fading(name)
            self.fading[name] = self.env.process(self.fade(name))

    def lower(self, name: str) -> None:
        self.set(name, max(0, self.level[name] - 1))
        if not self.level[name]:
            self.stop_fading(name)

    def clear(self, name: str) -> None:
        self.set(name, 0)
        self.stop_fading(name)

    def hold(self, change: int) -> None:
        self.talks_in_progress = getattr(self, "talks_in_progress", 0) + change
        self.set("dialogue", min(4, self.talks_in_progress))

    def fade(self, name: str) -> Story:
        try:
            while self.level[name]:
                yield self.env.timeout(self.rng.expovariate(1 / FADES[name]))
                self.set(name, self.level[name] - 1)
                self.begin_who_can()
        except simpy.Interrupt:
            pass

    def stop_fading(self, name: str) -> None:
        process = self.fading.get(name)
        if process is not None and process.is_alive and process is not self.env.active_process:
            process.interrupt()

    # -- shocks

    def strike(self, name: str, rate: Callable[[Peninsula], float]) -> Story:
        env, rng, happen = self.env, self.rng, HAPPEN.get(name)
        while True:
            now = rate(self)
            try:
                # A rate that changes is drawn anew: it has no memory.
                yield env.timeout(rng.expovariate(now / YEAR)) if now else env.event()
            except simpy.Interrupt:
                continue
            self.count[name] += 1
            if happen is not None:
                happen(self)
                self.begin_who_can()

    def reach_parity(self) -> Story:
        left = Quantiles(160, 700, 1800).draw(self.rng)
        while True:
            began = self.env.now
            paused = self.level["freeze"] or self.level["moratorium"]
            try:
                yield self.env.event() if paused else self.env.timeout(left)
                break
            except simpy.Interrupt:
                left -= 0 if paused else self.env.now - began
        self.count["parity"] += 1
        self.raise_("strategic_parity")

    def prove_independence(self) -> Story:
        yield self.env.timeout(Quantiles(60, 180, 500).draw(self.rng))
        self.count["seoul_proves_itself"] += 1
        self.raise_("seoul_independent")

    def calendar(self) -> Story:
        for day, happen in DATES:
            yield self.env.timeout(day - self.env.now)
            happen(self)
            self.begin_who_can()

    def assembly(self) -> Story:
        for opens, _ in ASSEMBLIES:
            yield self.env.timeout(opens - self.env.now)
            self.begin_who_can()

    def in_assembly(self) -> bool:
        return any(opens <= self.env.now < closes for opens, closes in ASSEMBLIES)

    def is_quiet(self) -> bool:
        return bool(self.level["moratorium"] or self.level["freeze"])


# -- odds of success ------------------------------------------------------------------------------


def with_odds(p: float, ratio: float) -> float:
    return p * ratio / (1 - p + p * ratio)


def contact(w: Peninsula, p: float) -> float:
    ratio = 1.3 * 1.5  # broad mandate, Russian envoy
    ratio *= 2.2 if "north_south.overture" in w.done else 1.0
    ratio *= 1.8 if w.level["strategic_parity"] else 1.0
    ratio *= 1.15 if w.level["china_push"] else 1.0
    return with_odds(p, ratio * bilateral_mood(w))


def moratorium(w: Peninsula, p: float) -> float:
    ratio = 1.3
    ratio *= 2.0 if "north_south.exchange" in w.done else 1.0
    ratio *= 1.3 if "working_group.principles" in w.done else 1.0
    ratio *= 1.0 if w.level["strategic_parity"] else 0.8
    return with_odds(p, ratio * bilateral_mood(w))


def bilateral_mood(w: Peninsula) -> float:
    hawks = 0.4 if w.level["washington_hawkish"] else 1.0
    return float(hawks * 0.85 ** w.level["crisis"] * 0.62 ** w.level["discredited"])


def overture(w: Peninsula, p: float) -> float:
    ratio = 2.0 if w.level["seoul_independent"] else 1.0
    ratio *= 0.15 if w.level["seoul_hostile"] else 1.0
    return with_odds(p, ratio * 0.85 ** w.level["crisis"])


def exchange(w: Peninsula, p: float) -> float:
    ratio = 0.089 if w.level["seoul_hostile"] else 1.0
    return with_odds(p, ratio * 0.85 ** w.level["crisis"])


def cooperation(w: Peninsula, p: float) -> float:
    return with_odds(p, 0.85 ** w.level["crisis"])


def reconvene(w: Peninsula, p: float) -> float:
    ratio = 1.5 * (3.0 if "us_dprk.contact" in w.done else 1.0)
    return with_odds(p, ratio * (12.0 if w.level["moratorium"] else 1.0))


def prepare(w: Peninsula, p: float) -> float:
    return with_odds(p, ministers_mood(w) * (1.0 if w.level["moratorium"] else 0.3))


def convene(w: Peninsula, p: float) -> float:
    ratio = ministers_mood(w) * (1.0 if w.level["moratorium"] else 0.15)
    return with_odds(p, ratio * (1.8 if "working_group.principles" in w.done else 1.0))


def freeze(w: Peninsula, p: float) -> float:
    ratio = ministers_mood(w) * (1.0 if w.level["moratorium"] else 0.2)
    ratio *= 1.5 if "working_group.secretariat" in w.done else 1.0
    return with_odds(p, ratio * (1.3 if "north_south.exchange" in w.done else 1.0))


def ministers_mood(w: Peninsula) -> float:
    hawks = 0.5 if w.level["washington_hawkish"] else 1.0
    return float(hawks * 0.85 ** w.level["crisis"] * 0.5 ** w.level["discredited"])


def settled(w: Peninsula, p: float) -> float:
    ratio = 1.3 if "ministerial.convene" in w.done else 1.0
    return with_odds(p, ratio * (1.3 if "north_south.cooperation" in w.done else 1.0))


def denuclearisation(w: Peninsula, p: float) -> float:
    return with_odds(settled(w, p), 0.6 if w.level["strategic_parity"] else 1.0)


def as_it_is(w: Peninsula, p: float) -> float:
    return p


ODDS: dict[tuple[str, str], Callable[[Peninsula, float], float]] = {
    ("us_dprk", "contact"): contact, ("us_dprk", "moratorium"): moratorium,
    ("north_south", "overture"): overture, ("north_south", "exchange"): exchange,
    ("north_south", "cooperation"): cooperation, ("working_group", "reconvene"): reconvene,
    ("working_group", "principles"): as_it_is, ("working_group", "secretariat"): as_it_is,
    ("ministerial", "prepare"): prepare, ("ministerial", "convene"): convene,
    ("ministerial", "freeze"): freeze, ("settlement", "production_cap"): settled,
    ("settlement", "security_regime"): settled,
    ("settlement", "denuclearisation"): denuclearisation,
}  # fmt: skip


# -- shocks: rates a year, and what they do -------------------------------------------------------


def missile_tests(w: Peninsula) -> float:
    rate = 2.6 * (11.0 if w.level["campaign"] else 1.0) * (1.5 if w.level["exercise"] else 1.0)
    rate *= 0.63 if w.level["dialogue"] else 1.0
    rate *= 0.5 if w.level["moratorium"] else 1.0
    return rate * (0.9 if w.level["china_push"] else 1.0)


def campaigns(w: Peninsula) -> float:
    return 0.0 if w.is_quiet() else 1.0


def strategic_tests(w: Peninsula) -> float:
    if w.is_quiet():
        return 0.0
    rate = 1.6 * 1.15 ** w.level["crisis"] * (3.5 if w.level["campaign"] else 1.0)
    return rate * (0.4 if w.level["dialogue"] else 1.0)


def nuclear_tests(w: Peninsula) -> float:
    if w.is_quiet():
        return 0.0
    return 0.42 * 1.15 ** w.level["crisis"] * (0.4 if w.level["dialogue"] else 1.0)


def shows_of_force(w: Peninsula) -> float:
    return 0.0 if w.is_quiet() else 2.5 * 1.2 ** w.level["crisis"]


def hawks_leaving(w: Peninsula) -> float:
    return 0.3 if w.level["washington_hawkish"] else 0.0


def verification_collapses(w: Peninsula) -> float:
    if not w.level["freeze"]:
        return 0.0
    hawks = 2.0 if w.level["washington_hawkish"] else 1.0
    return 0.13 * hawks * (11.0 if w.level["fresh_freeze"] else 1.0)


def sanctions_collapses(w: Peninsula) -> float:
    if not w.level["freeze"]:
        return 0.0
    hawks = 2.0 if w.level["washington_hawkish"] else 1.0
    return 0.08 * hawks * (2.0 if w.level["fresh_freeze"] else 1.0)


def lapses(w: Peninsula) -> float:
    return 0.24 if w.level["moratorium"] and not w.level["freeze"] else 0.0


def wars(w: Peninsula) -> float:
    return 0.003 * 1.7 ** w.level["crisis"] * (0.6 if w.level["dialogue"] else 1.0)


RATES: dict[str, Callable[[Peninsula], float]] = {
    "missile_test": missile_tests, "test_campaign": campaigns, "strategic_test": strategic_tests,
    "nuclear_test": nuclear_tests, "show_of_force": shows_of_force,
    "unforeseen_turn": lambda w: 0.12, "hawks_leave": hawks_leaving,
    "verification_collapse": verification_collapses, "sanctions_collapse": sanctions_collapses,
    "moratorium_lapse": lapses, "war": wars,
}  # fmt: skip


def strategic_test(w: Peninsula) -> None:
    w.raise_("crisis")
    w.break_off("us_dprk", 0.25, QUARREL, None)
    if w.tracks["ministerial"].at == 2:
        w.break_off("ministerial", 0.25, QUARREL, None)


def nuclear_test(w: Peninsula) -> None:
    w.raise_("crisis")
    w.raise_("crisis")
    w.break_off("us_dprk", 0.6, Quantiles(30, 122, 420), 0)
    w.break_off("north_south", 0.5, QUARREL, 0)


def show_of_force(w: Peninsula) -> None:
    w.raise_("crisis")
    w.raise_("campaign")


def collapse(w: Peninsula) -> None:
    for name in (*NUCLEAR_DEAL, "moratorium"):
        w.clear(name)
    w.raise_("crisis")
    w.reopen("ministerial", 2)
    w.reopen("us_dprk", 1)


def lapse(w: Peninsula) -> None:
    w.clear("moratorium")
    w.raise_("crisis")
    w.reopen("us_dprk", 1)


def war(w: Peninsula) -> None:
    w.raise_("war")
    w.war.succeed()


HAPPEN: dict[str, Callable[[Peninsula], None]] = {
    "test_campaign": lambda w: w.raise_("campaign"), "strategic_test": strategic_test,
    "nuclear_test": nuclear_test, "show_of_force": show_of_force,
    "unforeseen_turn": lambda w: w.raise_("washington_hawkish"),
    "hawks_leave": lambda w: w.clear("washington_hawkish"), "verification_collapse": collapse,
    "sanctions_collapse": collapse, "moratorium_lapse": lapse, "war": war,
}  # fmt: skip


def spring_exercise(w: Peninsula) -> None:
    if not w.is_quiet():
        w.count["spring_exercise"] += 1
        w.raise_("exercise")
        w.raise_("crisis")
        w.break_off("north_south", 0.2, Quantiles(10, 16, 25), None)


def summer_exercise(w: Peninsula) -> None:
    if not w.is_quiet():
        w.count["summer_exercise"] += 1
        w.raise_("exercise")
        w.break_off("us_dprk", 0.15, Quantiles(10, 16, 25), None)


def china_pressure(w: Peninsula) -> None:
    if w.rng.random() < 0.8:
        w.count["china_pressure"] += 1
        w.raise_("china_push")


def washington_changes(w: Peninsula) -> None:
    if w.rng.random() < 0.33:
        w.count["washington_election"] += 1
        w.raise_("washington_hawkish")
    if w.is_quiet() and w.rng.random() < 0.25:
        w.count["washington_reversal"] += 1
        collapse(w)


def seoul_changes(w: Peninsula) -> None:
    if w.rng.random() < 0.4:
        w.count["seoul_election"] += 1
        w.clear("seoul_independent")
        w.raise_("seoul_hostile")


def day_of(year: int, month: int, day: int) -> float:
    return float((dt.date(year, month, day) - START).days)


DATES = sorted(
    [
        *((day_of(year, 3, 8), spring_exercise) for year in range(2018, 2023)),
        *((day_of(year, 8, 20), summer_exercise) for year in range(2017, 2022)),
        (day_of(2017, 7, 16), china_pressure),
        (day_of(2021, 1, 20), washington_changes),
        (day_of(2022, 5, 10), seoul_changes),
    ],
    key=lambda one: one[0],
)
ASSEMBLIES = [(day_of(y, 9, 19), day_of(y, 10, 3) + 1) for y in range(2017, 2022)]
COUNTED = [
    *RATES, "parity", "seoul_proves_itself", "spring_exercise", "summer_exercise",
    "china_pressure", "washington_election", "washington_reversal", "seoul_election",
    *(setback.name for _, stages in TRACKS.values() for one in stages for setback in one.setbacks),
]  # fmt: skip


def simulate(replications: int, seed: int) -> list[dict[str, Any]]:
    """Simulate replications; one row each."""
    rng = random.Random(seed)
    return [Peninsula(rng).run() for _ in range(replications)]
