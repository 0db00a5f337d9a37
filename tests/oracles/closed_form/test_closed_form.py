"""Small scenarios whose answers are known in closed form, simulated by both engines.

Each file beside this one is a scenario; what it must show is computed here, from the file's numbers
alone: chances, means, whole laws, or rows that hold in every history. A chance or mean may be off
by four of its exact standard errors, a law by as much in the tail of Kolmogorov's distribution.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.integrate import quad
from scipy.linalg import expm

import sim
from effort import effort

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent
YEAR = 365.25
NEVER = math.nan
# The number of histories, and a seed of its own so that the engines are two samples.
ENGINES = {"compiled": (20_000, 1), "simpy": (effort(500, 5_000), 2)}
LIMIT = 4.0

Floats = NDArray[np.float64]
Of = str | Callable[[pd.DataFrame], ArrayLike]
Cdf = Callable[[Floats], Floats]


# -- what a case is -------------------------------------------------------------------------------


class Found(NamedTuple):
    """What a sample shows; where nothing may vary, the error is 0."""

    estimate: float
    exact: float
    error: float

    @property
    def z(self) -> float:
        if self.error > 0.0:
            return (self.estimate - self.exact) / self.error
        return 0.0 if self.estimate == self.exact else math.inf


@dataclass(frozen=True)
class Case:
    """One expectation of one scenario under one strategy."""

    rule: str
    file: str
    measure: Callable[[pd.DataFrame], Found]
    strategy: str

    def __str__(self) -> str:
        return f"{self.file}/{self.strategy}: {self.rule}"


def values(frame: pd.DataFrame, of: Of) -> Floats:
    return np.asarray(frame[of] if isinstance(of, str) else of(frame), dtype=float)


def mean(rule: str, file: str, of: Of, exact: float, sd: float, strategy: str = "default") -> Case:
    """The mean of one number a history, whose standard deviation is known, too."""

    def measure(frame: pd.DataFrame) -> Found:
        numbers = values(frame, of)
        return Found(float(numbers.mean()), exact, sd / math.sqrt(len(numbers)))

    return Case(rule, file, measure, strategy)


def chance(rule: str, file: str, of: Of, exact: float, strategy: str = "default") -> Case:
    return mean(rule, file, of, exact, math.sqrt(exact * (1.0 - exact)), strategy)


def poisson(rule: str, file: str, column: str, exact: float, strategy: str = "default") -> Case:
    return mean(rule, file, column, exact, math.sqrt(exact), strategy)


def law(
    rule: str, file: str, of: Of, cdf: Cdf, until: float = math.inf, strategy: str = "default"
) -> Case:
    """A continuous law, seen up to ``until``; never and later are the same."""

    def measure(frame: pd.DataFrame) -> Found:
        times = np.sort(np.nan_to_num(values(frame, of), nan=math.inf))
        n, seen = len(times), times[times < until]
        share, exact = np.arange(len(seen) + 1) / n, np.asarray(cdf(seen))
        last = 1.0 if math.isinf(until) else float(cdf(np.array([until]))[0])
        gaps = [abs(last - share[-1]), *abs(exact - share[1:]), *abs(exact - share[:-1])]
        return Found(float(stats.norm.isf(stats.kstwo.sf(max(gaps), n) / 2)), 0.0, 1.0)

    return Case(rule, file, measure, strategy)


def always(rule: str, file: str, expect: dict[str, Any], strategy: str = "default") -> Case:
    """Columns that hold the same value in every history."""

    def measure(frame: pd.DataFrame) -> Found:
        wrong = sum(unlike(frame[column], value) for column, value in expect.items())
        return Found(wrong, 0.0, 0.0)

    return Case(rule, file, measure, strategy)


def unlike(column: pd.Series, value: Any) -> int:
    if isinstance(value, str):
        return int((column != value).sum())
    near = np.isclose(column.astype(float), value, rtol=1e-13, atol=0.0, equal_nan=True)
    return int((~near).sum())


# -- formulas -------------------------------------------------------------------------------------


def day(date: str, start: str = "2019-01-01") -> float:
    return float((dt.date.fromisoformat(date) - dt.date.fromisoformat(start)).days)


def exponential(mean: float) -> Cdf:
    return lambda t: -np.expm1(-t / mean)


def uniform(low: float, high: float) -> Cdf:
    return lambda t: np.clip((t - low) / (high - low), 0.0, 1.0)


def phases(generator: ArrayLike) -> Cdf:
    """The time until a chain has left the states of a sub-generator, begun in the first."""
    rates, vectors = np.linalg.eig(np.asarray(generator, dtype=float))
    parts = vectors[0] * np.linalg.solve(vectors, np.ones(len(rates)))
    return lambda t: 1.0 - (np.exp(np.multiply.outer(t, rates)) @ parts).real


def one_by_one(*means: float) -> Cdf:
    """The sum of exponentials with different means."""
    rates = 1.0 / np.array(means)
    return phases(np.diag(-rates) + np.diag(rates[:-1], 1))


def speeded(speeds: Sequence[tuple[float, float]]) -> Cdf:
    """What a clock has run by t: the integral of its speeds, each from some day on."""
    days, speed = np.array(speeds).T
    run = np.concatenate([[0.0], np.cumsum(speed[:-1] * np.diff(days))])

    def clock(t: Floats) -> Floats:
        at = np.searchsorted(days, t, side="right") - 1
        return run[at] + speed[at] * (t - days[at])

    return clock


def with_odds(p: float, ratio: float) -> float:
    odds = ratio * p / (1.0 - p)
    return odds / (1.0 + odds)


def by(column: str, limit: float) -> Of:
    return lambda frame: frame[column] <= limit


def at(column: str, value: Any) -> Of:
    return lambda frame: frame[column] == value


def missing(column: str) -> Of:
    return lambda frame: frame[column].isna()


def between(column: str, low: float, high: float) -> Of:
    """The values of a column in an open interval: a law given that they are there."""
    return lambda frame: frame[column][(frame[column] > low) & (frame[column] < high)]


def inside(column: str, low: float, high: float) -> Of:
    return lambda frame: (frame[column] > low) & (frame[column] < high)


def less(column: str, days: float) -> Of:
    return lambda frame: frame[column] - days


# -- the cases ------------------------------------------------------------------------------------


def retries() -> list[Case]:
    file, p = "retries", 0.3
    fixed = [
        chance(f"{k + 1} attempts of 10 days, delays of 5", file, at("first_fixed.s", 10 + 15 * k),
               p * 0.7**k)
        for k in range(4)
    ]  # fmt: skip
    smooth = phases([[-0.1, 0.07], [0.04, -0.04]])
    back = phases([[-1 / 8, 1 / 8, 0], [0, -0.05 * 0.85, 0.05 * 0.45], [1 / 30, 0, -1 / 30]])
    return [
        *fixed,
        mean("geometric sum of fixed days", file, "first_fixed.s", 10 + 15 * 0.7 / p,
             15 * math.sqrt(0.7) / p),
        mean("geometric number of setbacks", file, "n_not_yet", 0.7 / p, math.sqrt(0.7) / p),
        law("geometric sum of exponentials", file, "first_smooth.s", smooth),
        *(chance(f"success by day {t}", file, by("first_smooth.s", t),
                 float(smooth(np.array([float(t)]))[0])) for t in (5, 20, 60, 150)),
        law("a setback may go back to the first stage", file, "first_back.second", back),
        mean("setbacks that go back", file, "n_from_the_start", 0.45 / 0.4,
             math.sqrt(0.45 * 0.85) / 0.4),
    ]  # fmt: skip


def risks() -> list[Case]:
    file, end, peace, war = "risks", 200.0, 2 / YEAR, 3 / YEAR
    either, some = peace + war, 1.0 - math.exp(-(peace + war) * end)
    alive = -math.expm1(-war * end) / war
    alive_2 = 2 * quad(lambda t: t * math.exp(-war * t), 0, end)[0]
    held = quad(lambda t: -math.expm1(-peace * t) * math.exp(-war * t), 0, end)[0]
    # Twice the integral over s < t of the chance of peace at s and no war by t.
    held_2 = (
        2 * quad(lambda t: math.exp(-war * t) * (t + math.expm1(-peace * t) / peace), 0, end)[0]
    )
    rate = 12 / YEAR
    return [
        chance("the goal comes first", file, at("outcome", "peace"), peace / either * some),
        chance("ruin comes first", file, at("outcome", "war"), war / either * some),
        chance("neither comes", file, at("outcome", "ongoing"), 1 - some),
        law("whichever comes first", file, "time", exponential(1 / either), end),
        law("ruin comes after the goal as before it", file, "first_war", exponential(1 / war), end),
        mean("ruin ends what was held", file, "held_peace", held, math.sqrt(held_2 - held**2)),
        mean("the run goes on after the goal, to ruin", file, "n_bystander", rate * alive,
             math.sqrt(rate * alive + rate**2 * (alive_2 - alive**2))),
        always("a shock brings the goal", file, {"binding": ""}),
    ]  # fmt: skip


def counts() -> list[Case]:
    file, years = "poisson", 100 / YEAR
    rates = {
        "plain": 7.0,
        "now_and_then": 12 * 0.35,
        "per_level": 0.9 * 3 * 3,
        "where_absent": 3 * 2.5,
        "at_least": 4 * 3.0,
        "not_at_least": 6.0,
        "several": 5 * 6 * 0.5 * 0.5,
    }
    means = [poisson(f"rate of {name}", file, f"n_{name}", rate * years)
             for name, rate in rates.items()]  # fmt: skip
    zeros = [chance(f"no {name}", file, at(f"n_{name}", 0), math.exp(-rate * years))
             for name, rate in rates.items()]  # fmt: skip
    return [
        *means,
        *zeros,
        chance("a shock of once that need not happen", file, "n_once", 0.3),
        *(chance(f"{k} of 5 dates", file, at("n_of_dates", k), stats.binom.pmf(k, 5, 0.6))
          for k in (1, 3, 5)),
        chance("a date named twice is one date", file, by("n_of_dates", 5), 1.0),
    ]  # fmt: skip


def gates() -> list[Case]:
    file = "gates"
    a, b = exponential(20), exponential(40)
    one = {t: (float(a(np.array(t))), float(b(np.array(t)))) for t in (30.0, 60.0, 80.0)}
    return [
        law("a join waits for the later", file, less("first_both.s", 3), lambda t: a(t) * b(t)),
        law("alternatives wait for the sooner", file, less("first_either.s", 3),
            exponential(1 / (1 / 20 + 1 / 40))),
        chance("a join with alternatives, early", file, by("first_mixed.s", 30),
               one[30.0][0] * one[30.0][1]),
        chance("a join with alternatives, at the second", file, at("first_mixed.s", 60),
               one[60.0][0] * (1 - one[60.0][1])),
        chance("a join with alternatives, late", file, by("first_mixed.s", 80), one[80.0][0]),
        law("a level of two", file, "first_twice.s", stats.gamma(2, scale=YEAR / 20).cdf),
        always("a level above the highest", file, {"first_above.s": NEVER}),
        chance("a gate that closes", file, missing("first_while_not.s"), math.exp(-60 / 50)),
        always("what closed it", file, {"first_y": 60.0}),
    ]  # fmt: skip


def odds() -> list[Case]:
    ratios = {
        "plain": 1.0,
        "single": 0.5,
        "per_level": 0.25,
        "negated": 3.0,
        "at_least": 0.2,
        "not_at_least": 1.0,
        "several": 6 * 0.25,
        "own_hold": 4.0,
        "at_the_end": 1.0,
    }
    certain = {"first_never.s": NEVER, "n_h": 1, "first_always.s": 1.0}
    return [
        *(chance(f"odds, {name}", "odds", lambda f, c=f"first_{name}.s": f[c].notna(),
                 with_odds(0.4, ratio)) for name, ratio in ratios.items()),
        always("no odds move 0 or 1", "odds", certain),
    ]  # fmt: skip


def times() -> list[Case]:
    file = "times"
    fixed = {
        "first_single.s": 15.0,
        "first_per_level.s": 90.0,
        "first_negated.s": 5.0,
        "first_at_least.s": 30.0,
    }
    own = {"first_own_hold.s": 40.0, "first_guest.s": 30.0, "first_second_guest.s": 90.0}
    start = {"first_from_the_start.first": 10.0, "first_from_the_start.second": 30.0}
    # Attempts of 30 days and delays of 40: one ends on day 30 + 70 k.
    delays = {"first_goal": 30.0, "n_refusal": 1, "n_pause": 14}
    return [
        always("fixed durations", file, fixed),
        always("own holds count", file, own),
        always("the ratio of the beginning stays", file, start),
        always("delays keep their length", file, delays),
        law("an exponential, twice", file, "first_smooth.s", exponential(10 * 1.5**2)),
        law("several ratios", file, "first_several.s",
            stats.weibull_min(2, scale=10 * 4 * 0.8**2).cdf),
    ]  # fmt: skip


def speeds() -> list[Case]:
    file, end = "speeds", 400.0

    def heated(cdf: Cdf, q: float) -> Cdf:
        clock = speeded([(0, 1), (60, q), (90, q * q), (110, 1)])
        return lambda t: cdf(clock(t))

    def heat(q: float) -> float:
        return 60 + 30 * q + 20 * q * q + (end - 110)

    return [
        law("a rate rises and falls", file, "first_exponential",
            heated(exponential(YEAR / 2), 3), end),
        poisson("shocks at a rate that changes", file, "n_memoryless", 2 / YEAR * heat(3)),
        law("a uniform waiting time is run through faster", file, "first_uniform",
            heated(uniform(40, 200), 2)),
        law("an ageing waiting time is run through slower", file, "first_weibull",
            heated(stats.weibull_min(3, scale=120).cdf, 0.5), end),
        always("a fixed waiting time", file, {"first_fixed": 90 + (130 - 60 - 45) / 1.5**2}),
    ]  # fmt: skip


def pauses() -> list[Case]:
    file, end = "pauses", 400.0
    clock = speeded([(0, 1), (20, 0), (50, 1), (70, 0), (80, 1)])
    even = uniform(10, 60)
    return [
        law("the rest of a uniform waiting time is kept", file, "first_even_came",
            lambda t: even(clock(t))),
        law("the rest of an exponential is kept", file, "first_rate_came",
            lambda t: exponential(YEAR / 10)(clock(t)), end),
        poisson("shocks outside the pauses", file, "n_memoryless", 10 / YEAR * (end - 40)),
        poisson("shocks in the pauses", file, "n_only_quiet", 10 / YEAR * 40),
        always("a fixed waiting time", file,
               {"first_fixed_came": 45 + 30 + 10, "n_certain": 1, "n_even": 1}),
        always("a speed does not end a pause", file,
               {"first_speeding_came": 50 + (60 - 10 - 2 * 10) / 2}),
        always("a rule that never holds", file, {"n_never": 0, "first_blocked_came": NEVER}),
    ]  # fmt: skip


def breaks() -> list[Case]:
    file = "breaks"
    second, broken, back, on = 1 / 25, 0.05 * 0.6, 1 / 8, 1 / 5
    harassed = phases([[-on, on, 0], [0, -second - broken, broken], [back, 0, -back]])
    ends = second / (second + broken)
    resumed = {
        "first_earlier.second": 5 + 20 + 4 + 10.0,
        "first_later.second": 5 + 2 + 10 + 10.0,
        "first_same.second": 5 + 7 + 10.0,
        "first_given_up.s": NEVER,
        "first_elsewhere.second": 20.0,
    }
    return [
        always("where an attempt resumes", file, resumed),
        always("delays and other stages are not broken", file, {"n_second_incident_breaks": 0}),
        always("what was held is released", file,
               {"first_holding.s": 31.0, "held_at_table": 5 + 6.0}),
        always("a stage condition falls with the resumption", file,
               {"first_saw_first": 10.0, "first_saw_none": 26.0}),
        chance("an attempt is not broken", file, at("first_perhaps.s", 10), 0.65),
        law("a delay, then all of the attempt", file, between("first_perhaps.s", 10, 600),
            uniform(15, 55)),
        chance("breaks are counted", file, at("n_incident_breaks", 6), 0.35),
        chance("breaks are not counted twice", file, at("n_incident_breaks", 5), 0.65),
        law("breaks at a rate", file, "first_harassed.second", harassed),
        mean("breaks before success", file, "n_harassment_breaks", (1 - ends) / ends,
             math.sqrt(1 - ends) / ends),
        poisson("shocks with nothing to break happen, too", file, "n_harassment", 30.0),
    ]  # fmt: skip


def setbacks() -> list[Case]:
    file = "setbacks"
    shares = {
        "light": 0.8 * 0.1, "middle": 0.8 * 0.3, "heavy": 0.8 * 0.6,
        "a": 0.0, "b": 1 / 4, "c": 3 / 4,
        "seen": 3 / 4, "plain": 1 / 4, "unseen": 0.0,
        "late": 4 / 5, "ever": 1 / 5, "early": 0.0,
    }  # fmt: skip
    return [
        *(chance(f"share of {name}", file, f"n_{name}", p) for name, p in shares.items()),
        chance("effects come with the failure", file, at("first_trace", 1), 0.48),
    ]


def windows() -> list[Case]:
    file, reach = "windows", exponential(200)
    opens = [day(f"{year}-09-19") for year in (2019, 2020, 2021)]
    fixed = {
        "first_before.s": day("2019-03-01") + 0.25,
        "first_last_day.s": 68.75,
        "first_missed.s": NEVER,
        "first_first_instant.s": 59.25,
    }
    new_year = {
        "first_new_year.in_january": 4.75,
        "first_new_year.last_day": 5.0,
        "first_new_year.in_december": day("2019-12-20") + 12,
        "first_new_year.over_new_year": day("2020-01-01") + 0.25,
    }
    by_day = {t: float(reach(np.array(t))) for o in opens for t in (o, o + 10)}
    return [
        always("a window of dates", file, fixed),
        always("a window over the new year", file, new_year),
        chance("waited for a yearly window", file, at("first_every_year.meeting", opens[0] + 0.25),
               by_day[opens[0]]),
        chance("came into a yearly window", file,
               inside("first_every_year.meeting", opens[0] + 0.25, opens[0] + 10.25),
               by_day[opens[0] + 10] - by_day[opens[0]]),
        chance("missed a yearly window", file, at("first_every_year.meeting", opens[1] + 0.25),
               by_day[opens[1]] - by_day[opens[0] + 10]),
        chance("missed all windows", file, missing("first_every_year.meeting"),
               1 - by_day[opens[2] + 10]),
        *(chance(f"one attempt a year, success in year {k + 1}", file,
                 at("first_fails_once.s", opens[k] + 10), 0.5 ** (k + 1)) for k in range(3)),
        *(chance(f"two windows, begun on day {t}", file, at("first_two_windows.s", t), p)
          for t, p in ((10, 0.1), (80, 0.6), (375, 0.1))),
        chance("two windows, begun in the first", file, inside("first_two_windows.s", 10, 20), 0.1),
        chance("two windows, begun in the last", file, inside("first_two_windows.s", 80, 90), 0.1),
    ]  # fmt: skip


def leap() -> list[Case]:
    file = "leap"

    def since(date: str) -> float:
        return day(date, "2019-06-01")

    yearly = {
        "first_one_leap_day.s": since("2020-02-29"),
        "first_two_leap_days.s": since("2021-02-28"),
        "first_two_marches.s": since("2021-03-01"),
        "first_two_new_years.s": since("2021-01-01"),
        "first_third_new_year.s": since("2022-01-01"),
    }
    window = {
        "first_window_on_leap_day.in_2020": since("2020-02-29") + 0.75,
        "first_window_on_leap_day.late_in_2020": since("2020-03-01"),
        "first_window_on_leap_day.in_2021": since("2021-02-28"),
    }
    occurrences = {"on_leap_day": 4, "on_first_of_march": 4, "on_new_year": 4,
                   "on_the_first_day": 4, "dated": 2}  # fmt: skip
    return [
        always("yearly dates", file, yearly),
        always("a window on leap day", file, window),
        always("once a year", file, {f"n_{name}": n for name, n in occurrences.items()}),
    ]


def tables() -> list[Case]:
    file = "tables"
    laws = {
        "one": {"a": (20,), "b": (20, 60), "c": (20, 60, 30)},
        "last_first": {"c": (30,), "a": (30, 20), "b": (30, 20, 60)},
        # Two tables: c takes the one that is free first, after 1 / (1 / 20 + 1 / 60) days.
        "two": {"a": (20,), "b": (60,), "c": (15, 30)},
    }
    reserved = {"one": (17.0, 5.0), "last_first": (7.0, 12.0), "two": (7.0, 12.0)}
    return [
        *(law(f"one table after another, {track}", file, f"first_{track}.s", one_by_one(*means),
              strategy=strategy)
          for strategy, tracks in laws.items() for track, means in tracks.items()),
        *(always("a blocked track reserves nothing, a delay takes no table", file,
                 {"first_e.s": e, "first_f.s": f, "n_no": 1}, strategy)
          for strategy, (e, f) in reserved.items()),
    ]  # fmt: skip


def fades() -> list[Case]:
    file = "fades"
    steps = {"held_steps": 32.0, "n_three_on_day_12": 1, "n_three_on_day_14": 0,
             "n_two_on_day_22": 1, "n_two_on_day_24": 0}  # fmt: skip
    # The first draw ends after U days or is drawn anew after 5: E min(U, 5) for U from 4 to 12.
    cut = (4.5 * 1 + 5 * 7) / 8
    cut_2 = ((5**3 - 4**3) / 3 + 25 * 7) / 8
    return [
        always("a raise that is clamped draws anew", file, {"held_redrawn": 24.0}),
        always("one level at a time", file, steps),
        always("an initial level fades", file, {"held_initial": 20.0}),
        always("what is lowered is not drawn anew", file, {"held_lowered": 11.0}),
        always("cleared and raised", file, {"held_gone_and_back": 4 + 10.0}),
        always("without fades it stays", file, {"held_lasts": 100.0}),
        mean("a random fade, drawn anew", file, "held_random", cut + 8,
             math.sqrt(cut_2 - cut**2 + 8**2 / 12)),
        law("two levels, two draws", file, "held_falls_twice", stats.gamma(2, scale=6).cdf, 100),
    ]  # fmt: skip


def queue() -> list[Case]:
    file, end, rate, fade = "queue", 60.0, 24 / YEAR, 1 / 12
    q = rate * np.eye(5, k=1) + fade * np.eye(5, k=-1)
    q -= np.diag(q.sum(axis=1))
    up = np.diag([0.0, 1, 1, 1, 1])
    zero = np.zeros((5, 5))
    # Blocks of one exponential are the integrals of P(up at s) and P(up at s and t), s < t.
    whole = expm(end * np.block([[q, up, zero], [zero, q, up], [zero, zero, q]]))
    held, held_2 = whole[2, 5:10].sum(), 2 * whole[2, 10:15].sum()

    def reaches(level: int) -> Cdf:
        inner = [2, *(i for i in range(5) if i not in (2, level))]
        return phases(q[np.ix_(inner, inner)])

    return [
        chance("three or more on a day", file, "n_look_early", expm(10 * q)[2, 3:].sum()),
        chance("none on a day", file, "n_look_late", expm(40 * q)[2, 0]),
        mean("days at one or more", file, "held_tension", held, math.sqrt(held_2 - held**2)),
        law("days until full", file, "first_full.s", reaches(4), end),
        law("days until empty", file, "first_empty.s", reaches(0), end),
        poisson("raises of a full queue are shocks, too", file, "n_incident", rate * end),
    ]


def holds() -> list[Case]:
    file = "holds"
    levels = {
        "n_two_on_day_8": 1,
        "n_two_on_day_12": 1,
        "n_two_on_day_17": 0,
        "n_none_on_day_30": 1,
    }
    ends = {"held_talks": 60.0, "held_alone": 60.0, "first_talks": 0.0,
            "first_when_all_rest.s": 20.0, "n_no": 2}  # fmt: skip
    return [
        always("the level is the number of attempts, up to max", file, levels),
        always("no hold through a delay", file, ends),
        chance("not broken", file, at("held_lone", 30), 0.5),
        law("broken, and held again", file, between("held_lone", 30, 100), uniform(30, 50)),
        chance("not held in the delay", file,
               lambda f: (f["first_random.s"] - f["held_lone"]).round(9).isin([0, 10]), 1.0),
    ]  # fmt: skip


def postures() -> list[Case]:
    file = "postures"
    bare = {"first_initial": 0.0, "first_stance": NEVER, "first_agenda": 0.0, "held_initial": 100.0,
            "first_t.s": NEVER, "first_u.s": 4.0, "first_full.s": NEVER,
            "n_before_two": 0, "n_after_two": 0, "held_renewed": 10.0}  # fmt: skip
    once = {"first_stance": 0.0, "held_stance": 100.0, "first_t.s": 4.0, "first_u.s": NEVER,
            "first_full.s": 0.0, "n_before_two": 1, "n_after_two": 0}  # fmt: skip
    done = {"outcome": "goal", "time": 0.0, "first_goal": 0.0, "held_goal": 100.0, "binding": ""}
    return [
        always("no postures", file, bare, "bare"),
        always("postures add to what is there", file, once, "once"),
        always("a posture raises again", file, {"first_t.s": 4.0, "held_renewed": 10.0}, "twice"),
        poisson("a posture named twice", file, "n_after_two", 10 * 100 / YEAR, "twice"),
        law("its first", file, "first_later", exponential(YEAR / 10), 100, "twice"),
        always("a goal that is held at the start", file, done, "done"),
        law("an initial level fades", file, "held_agenda", exponential(8), 100, "bare"),
    ]


def dated() -> list[Case]:
    file = "dated"
    happened = {"too_early": 2, "raises_x": 1, "in_time": 2, "missed": 0, "first_day": 1,
                "at_the_horizon": 0}  # fmt: skip
    return [
        always("a rule is asked at the instant", file, {f"n_{k}": n for k, n in happened.items()}),
        always("levels between dates", file,
               {"first_x": 10.0, "held_x": 10 + 75.0, "first_y": NEVER}),
        always("day 0 comes after the first settle", file,
               {"first_begun": 0.0, "first_before_all.s": 3.0}),
    ]  # fmt: skip


def reopens() -> list[Case]:
    file = "reopens"
    again = {"first_completed.second": 20.0, "first_waits_for_second.s": 40.0,
             "first_waits_for_third.s": 80.0}  # fmt: skip
    fell = {"first_sees_it_fall.second_fell": 30.0, "first_sees_it_fall.first_fell": 60.0}
    gone = {"n_shut": 1, "first_abandoned_one.kept": 1.0, "first_still_kept.s": 40.0}
    return [
        always("a completed track", file, again),
        always("its stage conditions fall", file, fell),
        always("not an abandoned track, which keeps its stage conditions", file, gone),
        always("not a running track", file, {"first_running_one.second": 50.0}),
        always("not a track in a delay", file, {"first_in_delay.first": 5.0, "n_late": 4}),
    ]


def ends() -> list[Case]:
    file = "ends"
    return [
        always("a track that waits for ever", file, {"outcome": "ongoing", "time": 365.0}, "all"),
        chance("one was abandoned", file, at("outcome", "abandoned"), 0.6, "without"),
        chance("all were completed", file,
               lambda f: (f["outcome"] == "ongoing") & (f["time"] == 365), 0.4, "without"),
        chance("the last was completed", file, at("time", 50), 0.3, "without"),
        law("the last was abandoned, after its delay", file, between("time", 50, 300),
            uniform(50, 70), strategy="without"),
        chance("the goal, though all tracks are over", file,
               lambda f: (f["outcome"] == "goal") & (f["time"] == 70), 0.3, "with_deal"),
        chance("no goal, all tracks over", file,
               lambda f: (f["outcome"] == "abandoned") & (f["time"] == 70), 0.7, "with_deal"),
    ]  # fmt: skip


def ruin() -> list[Case]:
    outcome = {
        "outcome": "war",
        "time": 20.0,
        "first_peace": 20.0,
        "first_war": 20.0,
        "binding": "",
    }
    over = {"first_with_it": 20.0, "first_after_it": NEVER, "n_comes_after": 0,
            "first_of_war.s": NEVER, "held_before": 15.0, "held_with_it": 0.0}  # fmt: skip
    file = "late_ruin"
    return [
        always("ruin beats the goal of its instant", "ruin", outcome),
        always("nothing comes after ruin", "ruin", over),
        chance("the goal before ruin", file, at("outcome", "peace"), 0.75),
        chance("no goal after ruin", file, missing("first_peace"), 0.25),
        law("the time of the goal", file, between("time", 0, 30), uniform(0, 30)),
        law("held to the end of the run", file,
            lambda f: f["held_with_peace"][f["outcome"] == "peace"], uniform(0, 30)),
        always("ruin comes all the same", file, {"first_war": 30.0}),
    ]  # fmt: skip


def two_piece(t: Floats) -> Floats:
    """A lognormal on either side of the median: its deciles are 10, 40 and 70."""
    lower = math.log(40 / 10) / stats.norm.ppf(0.9)
    upper = math.log(70 / 40) / stats.norm.ppf(0.9)
    z = np.log(t / 40)
    return stats.norm.cdf(np.where(z < 0, z / lower, z / upper))


def interpolated(t: Floats) -> Floats:
    return np.interp(t, [5, 11, 12, 30, 90], [0, 0.25, 0.5, 0.75, 1])


def families() -> list[Case]:
    file = "families"
    listed = [90, 5, 11, 30, 12]
    # PERT is a beta law whose mode has the weight 4.
    alpha, beta = 1 + 4 * (20 - 12) / (90 - 12), 1 + 4 * (90 - 20) / (90 - 12)
    known = {
        "exponential": stats.expon(scale=40),
        "lognormal": stats.lognorm(0.8, scale=40),
        "weibull": stats.weibull_min(0.7, scale=40),
        "uniform": stats.uniform(12, 80 - 12),
        "pert": stats.beta(alpha, beta, loc=12, scale=90 - 12),
    }
    quantiles = {name: one.ppf([0.1, 0.5, 0.9]) for name, one in known.items()}
    quantiles["quantiles"] = (10, 40, 70)
    quantiles["values"] = np.quantile(listed, [0.1, 0.5, 0.9])
    cdfs = {name: one.cdf for name, one in known.items()}
    cdfs |= {"quantiles": two_piece, "values": interpolated}
    return [
        *(chance(f"{name}, {p:.0%}", file, by(f"first_{name}.s", t), p)
          for name, row in quantiles.items() for p, t in zip((0.1, 0.5, 0.9), row, strict=True)),
        *(law(name, file, f"first_{name}.s", cdf) for name, cdf in cdfs.items()),
        always("fixed, and likely", file, {"first_fixed.s": 12.5, "first_ranged_fixed.s": 3.0}),
        law("the likely mean", file, between("first_ranged_mean.s", 0, math.inf), exponential(12)),
        chance("the likely chance", file, lambda f: f["first_ranged_mean.s"].notna(), 0.3),
        chance("the likely weight", file, "n_not_now", 0.7 / 4),
    ]  # fmt: skip


def starts() -> list[Case]:
    file, b, c = "starts", exponential(6), exponential(3)
    rules = {"n_no": 3, "n_gated_no": 1, "first_d.first": 7.0, "first_d.last": 11.0,
             "first_e.s": NEVER}  # fmt: skip
    return [
        always("a start rule is asked until the first attempt", file, rules, "rules"),
        law("tracks that are not listed start at once", file, "first_b.s", b, 51, "rules"),
        always("the first group, and who is left out", file,
               {"first_d.last": 6.0, "n_no": 0, "n_gated_no": 0, "first_a.s": NEVER}, "in_order"),
        law("the second group", file, less("first_b.s", 6), b, 45, "in_order"),
        law("the second group, together", file, less("first_c.s", 6), c, 45, "in_order"),
        law("the third group waits for all of the second", file, less("first_e.s", 7),
            lambda t: b(t) * c(t), 44, "in_order"),
        law("one track a group", file, "first_b.s", one_by_one(3, 6), 51, "mixed"),
        law("a rule beside an order", file, less("first_e.s", 1), c, 50, "mixed"),
        always("in no group, and left out", file, {"n_no": 3, "first_d.first": NEVER}, "mixed"),
    ]  # fmt: skip


def overrides() -> list[Case]:
    file, years = "overrides", 200 / YEAR
    p = {"plain": with_odds(0.5, 3), "other": with_odds(0.2, 0.5)}
    but = {"plain": 1 / 2, "other": 4 / 5}
    rate = {"plain": 3 * 0.5, "other": 9 * 0.9}
    broken = {"plain": 0.2, "other": 0.7}
    days = {"plain": (10, 10), "other": (4, 25)}
    return [
        case
        for s in ("plain", "other")
        for case in (
            chance("odds and success", file, lambda f: f["first_a.s"].notna(), p[s], s),
            chance("weight", file, "n_yes_but", (1 - p[s]) * but[s], s),
            law(
                "duration", file, between("first_a.s", 0, 200), exponential(days[s][0]), strategy=s
            ),
            law("fade", file, "held_spell", exponential(days[s][1]), 200, s),
            poisson("rate and probability", file, "n_k", rate[s] * years, s),
            chance("probability of a break", file, at("first_b.s", 45), broken[s], s),
        )
    ]


def bottlenecks() -> list[Case]:
    file, a, b, opened = "bottlenecks", 1 / 20, 1 / 50, 3 / YEAR
    # b opens the gate while a is at the table.
    table = opened / (opened + b) * b / (a + b)
    years = range(2019, 2030)
    seasons = [(day(f"{y}-05-01"), day(f"{y}-11-01")) for y in years if day(f"{y}-05-01") < 4000]
    in_season = sum(math.exp(-opened * x) - math.exp(-opened * y) for x, y in seasons)
    return [
        chance("the later of two", file, at("binding", "a.s"), b / (a + b), "both"),
        chance("the other", file, at("binding", "b.s"), a / (a + b), "both"),
        chance("a table", file, at("binding", "delegation"), table, "either"),
        chance("alternatives", file, at("binding", "a.s|b.s"), 1 - table, "either"),
        always("a table, always", file, {"binding": "delegation"}, "table"),
        chance("a window", file, at("binding", "window"), 1 - in_season, "meeting"),
        chance("a rule", file, at("binding", "opened"), in_season, "meeting"),
        always("nothing", file, {"binding": "", "first_goal": 1.0}, "at_once"),
    ]


TOPICS = (retries, risks, counts, gates, odds, times, speeds, pauses, breaks, setbacks, windows,
          leap, tables, fades, queue, holds, postures, dated, reopens, ends, ruin, families, starts,
          overrides, bottlenecks)  # fmt: skip
CASES = [case for topic in TOPICS for case in topic()]


@lru_cache(maxsize=4)
def simulated(file: str, strategy: str, engine: str, replications: int, seed: int) -> pd.DataFrame:
    scenario = sim.load(FOLDER / f"{file}.toml")
    # One worker: processes of the SimPy engine take longer to start than to simulate this.
    return sim.run(scenario, [strategy], replications, seed, engine=engine, workers=1).frame


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_closed_form(case: Case, engine: str) -> None:
    found = case.measure(simulated(case.file, case.strategy, engine, *ENGINES[engine]))
    assert abs(found.z) <= LIMIT, found


def test_every_file_has_a_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {case.file for case in CASES}
