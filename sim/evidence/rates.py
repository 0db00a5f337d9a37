"""Shares, rates and unevenness of counts, of records and of replications alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.evidence import fitting
from sim.evidence.fitting import Durations, Estimate
from sim.types import DAYS_PER_YEAR, Floats

Hits = tuple[int, int]
"""How many of how many."""


def days_between(earlier: pd.Series, later: pd.Series) -> list[float]:
    """Whole days from one date to another, for the rows where both are known."""
    return [float(d) for d in (later - earlier).dt.days.dropna()]


def within_days(waits: Durations, days: float) -> Hits:
    """How many waits were over within some days, among those that were seen for so long."""
    hits = sum(over and day <= days for day, over in zip(waits.days, waits.over, strict=True))
    return hits, hits + sum(day > days for day in waits.days)


def ends_a_year(lives: Durations) -> Estimate:
    """Ends of what lasted, a year of its lasting."""
    return fitting.rate(sum(lives.over), sum(lives.days) / DAYS_PER_YEAR)


def unevenness(counts: Floats) -> float:
    """Variance to mean of counts: 1 where events come by themselves; nan where nothing shows it."""
    if len(counts) < 2 or not counts.any():
        return float("nan")
    return float(counts.var(ddof=1) / counts.mean())


def mantel_haenszel(
    counts: Floats, exposed: NDArray[np.bool_], stratum: NDArray[np.int64]
) -> Estimate:
    """The ratio of the rates in exposed and other months, within strata, with its interval.

    Source: Rothman and Boice 1979, Epidemiologic Analysis with a Programmable Calculator.
    """
    above = below = spread = 0.0
    for one in np.unique(stratum):
        here = stratum == one
        a, b = counts[here & exposed].sum(), counts[here & ~exposed].sum()
        t1, t0 = float((here & exposed).sum()), float((here & ~exposed).sum())
        above += a * t0 / (t1 + t0)
        below += b * t1 / (t1 + t0)
        spread += (a + b) * t1 * t0 / (t1 + t0) ** 2
    if not above * below:
        return Estimate(0.0, above / below if below else float("nan"), float("inf"))
    ratio = above / below
    half = 1.959963984540054 * float(np.sqrt(spread / (above * below)))
    return Estimate(ratio * np.exp(-half), ratio, ratio * np.exp(half))
