"""Intervals of shares, means and medians, and of what differs between pairs.

**Every estimate is three numbers.** In long tables they are the columns ``low``, ``best`` and
``high``; in wide ones ``x_low``, ``x`` and ``x_high``.

**Where an interval has no spread to go by.** ``n`` equal values show that other values are rare,
not that there are none: a share up to the Wilson limit at 0 of n may lie anywhere within the
bounds of the quantity, and the interval says so. An unbounded quantity (a count) then has NaN
limits, and so has every mean of a single value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
"""Confidence of every interval, unless another is asked for."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Interval(NamedTuple):
    """An estimate and its limits; scalars, or arrays of one shape."""

    low: Any
    best: Any
    high: Any


def wilson(successes: npt.ArrayLike, runs: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Share of successes with its score interval (E. B. Wilson 1927, JASA 22, 209-212).

    Args:
        successes: how many runs had it; any shape.
        runs: how many runs there were; broadcast against ``successes``. 0 gives NaN.
        level: confidence, between 0 and 1.
    """
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(runs, float))
    n = np.where(n > 0, n, np.nan)
    z = normal(level)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    low = np.where(k == 0, n * 0.0, centre - half)
    high = np.where(k == n, 1.0, centre + half)
    return Interval(low[()], (k / n)[()], high[()])


def mean_interval(
    values: npt.ArrayLike,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    level: float = LEVEL,
    runs: int | None = None,
) -> Interval:
    """Mean of independent values with Student's interval, kept within ``bounds``.

    Args:
        values: shape (n,) or (n, m): m means at once.
        bounds: what no value can exceed.
        level: confidence, between 0 and 1.
        runs: histories behind the values (default: n), for the limits when all values are equal.

    One value has NaN limits. Equal values get the limits explained at the top of this module.
    """
    x = np.asarray(values, float)
    n = len(x)
    if n < 2:
        best = x.mean(axis=0)
        return Interval(np.full_like(best, np.nan)[()], best, np.full_like(best, np.nan)[()])
    same = alike(x)
    best = np.where(same, x[0], x.mean(axis=0))
    return around(best, x.std(axis=0, ddof=1), same, n, bounds, level, runs or n)


def alike(values: Floats) -> Any:
    """Whether all values are equal, but for rounding: (n,) or (n, m) -> () or (m,)."""
    return np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0)


def around(
    best: Any,
    deviation: Any,
    same: Any,
    n: int,
    bounds: tuple[float, float],
    level: float,
    runs: int,
) -> Interval:
    """Student's interval from a mean and a standard deviation of n values."""
    half = _student(level, n - 1) * deviation / math.sqrt(n)
    low, high = np.maximum(best - half, bounds[0]), np.minimum(best + half, bounds[1])
    rare = wilson(0, runs, level).high
    low = np.where(same, best - rare * (best - bounds[0]), low)
    high = np.where(same, best + rare * (bounds[1] - best), high)
    return Interval(finite(low), np.asarray(best)[()], finite(high))


def with_unseen(
    found: Interval, bounds: tuple[float, float], runs: int, level: float = LEVEL
) -> Interval:
    """The interval of a mean, at least as long as if the values of all ``runs`` were equal.

    For a mean that a few values carry, or none that was seen: Student's interval is as short as
    they are few, and misses what is as rare as they are.
    """
    rare, best = wilson(0, runs, level).high, found.best
    low = np.minimum(found.low, best - rare * (best - bounds[0]))
    high = np.maximum(found.high, best + rare * (bounds[1] - best))
    return Interval(low, best, high)


def carriers(values: Floats) -> float:
    """How many values carry the spread of all: (sum of squares)^2 / sum of fourth powers.

    About the mean. Of k values apart among very many equal ones it is k, of n normal ones n / 3;
    inf where all are equal.
    """
    squares = np.square(values - values.mean())
    return float(squares.sum() ** 2 / fourth) if (fourth := np.square(squares).sum()) else math.inf


def paired_share(
    gained: npt.ArrayLike, lost: npt.ArrayLike, pairs: int, level: float = LEVEL
) -> Interval:
    """Difference of two shares in the same n worlds: adjusted Wald interval.

    One is added to each kind of disagreement, which keeps the interval honest where few worlds
    disagree (D. G. Bonett and R. M. Price 2012, Journal of Educational and Behavioral Statistics
    37, 479-488).

    Args:
        gained: worlds in which only the first has it; any shape.
        lost: worlds in which only the second has it.
        pairs: worlds.
        level: confidence, between 0 and 1.
    """
    more, less = np.asarray(gained, float), np.asarray(lost, float)
    n = pairs + 2
    centre, apart = (more - less) / n, (more + less + 2) / n
    half = normal(level) * np.sqrt((apart - centre * centre) / n)
    best = (more - less) / pairs
    low, high = np.maximum(centre - half, -1.0), np.minimum(centre + half, 1.0)
    return Interval(np.minimum(low, best)[()], best[()], np.maximum(high, best)[()])


def median_interval(times: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """First time by which half of the runs are there, with its order-statistic interval.

    Args:
        times: shape (n,), ``inf`` for never.
        level: confidence; the interval holds at least that, whatever the law of the times.

    A limit that lies among the runs that never got there is NaN ("not reached"); a lower limit
    that would need more runs than there are is 0.
    """
    ordered = np.sort(np.asarray(times, float))
    return median_of(lambda place: float(ordered[place]), len(ordered), level)


def median_of(ordered: Callable[[int], float], n: int, level: float) -> Interval:
    """The interval of the median, from the function that tells the n times in order."""
    below = _heads((1 - level) / 2, n)
    low = ordered(below - 1) if below else 0.0
    high = ordered(n - below) if below else math.inf
    return Interval(*finite(np.array([low, ordered((n - 1) // 2), high])))


def _heads(share: float, n: int) -> int:
    """The quantile of the number of heads in n tosses."""
    from scipy import special  # takes its time; shares do not wait for it

    k = math.ceil(special.bdtrik(share, n, 0.5))
    return int(k - 1 if k > 0 and special.bdtr(k - 1, n, 0.5) >= share else k)


@lru_cache(maxsize=256)  # asked for thousands of times, and slow
def _student(level: float, freedom: int) -> float:
    from scipy import special

    return float(special.stdtrit(freedom, (1 + level) / 2))


@lru_cache(maxsize=256)
def normal(level: float) -> float:
    """The quantile of the normal law that leaves half of the rest on each side."""
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    return NormalDist().inv_cdf((1 + level) / 2)


def finite(x: Floats) -> Any:
    """The values, NaN where they are infinite."""
    return np.where(np.isfinite(x), x, np.nan)[()]
