"""Forecasts held against facts: percentiles, proper scores, coverage and skill.

Example:
    >>> import sim
    >>> sim.scoring.INTERVALS
    (0.5, 0.8, 0.95)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from sim.evidence.fitting import Durations
from sim.types import Floats

INTERVALS = (0.5, 0.8, 0.95)
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
BINS = {  # ends of the bins of the log score
    "days": (30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0),
    "count": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
}


@dataclass(frozen=True)
class Fact:
    """What happened, and what was simulated and would naively be expected of it.

    Attributes:
        actual: in days, or a count; inf where it did not happen while it was looked for.
        simulated: values of replications.
        reference: other cases of the record.
        cap: values beyond it are not distinguished.
    """

    episode: str
    name: str
    unit: str
    actual: float
    simulated: Floats
    reference: Durations
    cap: float


def weighed(cases: Durations) -> tuple[Floats, Floats]:
    """Cases as a forecast: values, inf for those still open, and their weights.

    What is known of an open case is that it took longer: its weight goes to the longer ones. The
    law of the forecast is that of Kaplan and Meier (Efron 1967, redistribution to the right).
    """
    days, over = np.array(cases.days), np.array(cases.over, bool)
    order = np.lexsort((~over, days))
    days, over = days[order], over[order]
    weights = np.full(len(days), 1 / max(len(days), 1))
    for i in np.flatnonzero(~over[:-1]):
        weights[i + 1 :] += weights[i] / (len(days) - i - 1)
        weights[i] = 0.0
    return np.where(over, days, math.inf), weights


def percentile(actual: float, simulated: Floats, cap: float) -> float:
    """The share of simulated values below the actual one, ties by half; capped values tie."""
    values, value = np.minimum(simulated, cap), min(actual, cap)
    return float((values < value).mean() + 0.5 * (values == value).mean())


def crps(actual: float, values: Floats, cap: float, weights: Floats | None = None) -> float:
    """The continuous ranked probability score of an ensemble, of values up to a cap; 0 is best.

    Members weigh alike where no weights are given, which sum to 1.
    Source: Ferro 2014, Q. J. R. Meteorol. Soc. 140, 1917-1923 (fair version).
    """
    n = len(values)
    weights = np.full(n, 1 / n) if weights is None else weights
    order = np.argsort(values, kind="stable")
    x, w = np.minimum(values[order], cap), weights[order]
    ranks = 2 * np.cumsum(w) - w - 1
    spread = float(ranks * w @ x) * n / (n - 1)
    return float(w @ np.abs(x - min(actual, cap))) - spread


def log_score(
    actual: float,
    values: Floats,
    cap: float,
    unit: str = "days",
    weights: Floats | None = None,
) -> float:
    """Minus the log of the chance given to the bin in which the actual value fell; less is better.

    Bins double in width; half a case is added to each, so that no bin is impossible. Members weigh
    alike where no weights are given, which sum to 1.
    """
    n = len(values)
    cases = np.ones(n) if weights is None else n * weights
    edges = [edge for edge in BINS[unit] if edge < cap]
    bins = np.searchsorted(edges, values, side="right")
    counts = np.bincount(bins, weights=cases, minlength=len(edges) + 1)
    place = int(np.searchsorted(edges, actual, side="right"))
    return -math.log((counts[place] + 0.5) / (n + 0.5 * len(counts)))


def scored(fact: Fact) -> dict[str, object]:
    """A fact as a row of the table."""
    cap = fact.cap if fact.cap < math.inf else max(fact.simulated.max(), fact.actual) + 1
    quantiles = np.quantile(fact.simulated, QUANTILES, method="inverted_cdf")
    row: dict[str, object] = {
        "episode": fact.episode,
        "fact": fact.name,
        "unit": fact.unit,
        "n": len(fact.simulated),
        "actual": fact.actual,
        "percentile": percentile(fact.actual, fact.simulated, cap),
        **{f"q{100 * q:g}": value for q, value in zip(QUANTILES, quantiles, strict=True)},
        "crps": crps(fact.actual, fact.simulated, cap),
        "log_score": log_score(fact.actual, fact.simulated, cap, fact.unit),
    }
    if len(fact.reference) > 2:
        values, weights = weighed(fact.reference)
        row["reference_n"] = len(values)
        row["reference_crps"] = crps(fact.actual, values, cap, weights)
        row["reference_log_score"] = log_score(fact.actual, values, cap, fact.unit, weights)
    return row


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """How many facts fell inside the central intervals.

    Returns:
        interval, facts, inside, share, and the ends of its Wilson interval (low, high), which
        takes the facts of an episode for independent and so is too narrow.
    """
    rows = []
    for level in INTERVALS:
        inside = int(table["percentile"].between((1 - level) / 2, (1 + level) / 2).sum())
        ends = stats.binomtest(inside, len(table)).proportion_ci(method="wilson")
        rows.append([level, len(table), inside, inside / len(table), ends.low, ends.high])
    return pd.DataFrame(rows, columns=["interval", "facts", "inside", "share", "low", "high"])


def skill(table: pd.DataFrame) -> pd.DataFrame:
    """Scores beside those of the naive forecast, for the facts that have one, by episode.

    Returns:
        episode ("all" last), facts, crps_skill (1 - mean of crps / reference_crps by geometric
        mean: above 0 is better than the naive forecast), log_gain (mean log score won, in nats).
    """
    both = table.dropna(subset="reference_crps")
    groups = [(name, rows) for name, rows in both.groupby("episode", sort=False)]
    rows = []
    for name, part in [*groups, ("all", both)]:
        ratio = np.log(part["crps"] / part["reference_crps"])
        gain = part["reference_log_score"] - part["log_score"]
        rows.append([name, len(part), 1 - math.exp(float(ratio.mean())), float(gain.mean())])
    return pd.DataFrame(rows, columns=["episode", "facts", "crps_skill", "log_gain"])
