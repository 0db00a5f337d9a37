"""Intervals of shares, means and medians, and of what differs between pairs.

**Every estimate is three numbers.** In long tables they are the columns ``low``, ``best`` and
``high``; in wide ones ``x_low``, ``x`` and ``x_high``.

**Where an interval has no spread to go by.** ``n`` equal values show that other values are rare,
not that there are none: a share up to the Wilson limit at 0 of n may lie anywhere within the
bounds of the quantity, and the interval says so. An unbounded quantity (a count) then has NaN
limits, and so has every mean of a single value.

**Draws and replications.** Replication r meets the same random numbers in every draw, so runs form
a table of D draws x R replications in which neither rows nor columns are independent of each
other. Both are random: other draws could have been made, and other replications. With components
of variance of draws (a), replications (b) and what is left (e), the mean has the variance
a / D + b / R + e / DR (J. Cornfield and J. W. Tukey 1956, Annals of Mathematical Statistics 27,
907-949). The means of the draws vary by a + e / R, those of the replications by b + e / D; so the
sum of both variances of a mean, s_draws^2 / D + s_replications^2 / R, is too large by e / DR at
most, and never too small (A. B. Owen 2007, Annals of Applied Statistics 1, 386-411, on resampling
both margins). Degrees of freedom are F. E. Satterthwaite's (1946, Biometrics Bulletin 2, 110-114).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.types import Floats

LEVEL = 0.95
"""Confidence of every interval, unless another is asked for."""

LEAST_CARRIERS = 5
"""Draws, or replications, that carry the spread of a share. Where fewer do, as where it is rare,
the interval allows for those that were not seen."""


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
        runs: replications behind the values (default: n), for the limits when all values are equal.

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
    """Whether all values are equal, but for rounding: (n,) or (n, m) -> () or (m,).

    Returns:
        True where the range is at most 1e-12 of the largest size.

    >>> bool(alike(np.array([0.1 + 0.2, 0.3])))
    True
    """
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
    """Student's interval from a mean and a standard deviation of n values.

    Args:
        best, deviation: mean and standard deviation (divisor n - 1), () or (m,).
        same: whether all values were equal; then the interval allows for values not seen yet, whose
            share is at most the upper limit of :func:`wilson` for none of ``runs``.
        n: number of values; degrees of freedom are n - 1.
        bounds: within which the interval is kept.
        level: confidence, between 0 and 1.
        runs: replications behind the values.

    Returns:
        Limits and mean, shaped as ``best``; infinite limits are NaN.
    """
    half = _student(level, n - 1) * deviation / math.sqrt(n)
    low, high = np.maximum(best - half, bounds[0]), np.minimum(best + half, bounds[1])
    rare = wilson(0, runs, level).high
    low = np.where(same, best - rare * (best - bounds[0]), low)
    high = np.where(same, best + rare * (bounds[1] - best), high)
    return Interval(finite(low), np.asarray(best)[()], finite(high))


def with_unseen(
    found: Interval, bounds: tuple[float, float], runs: npt.ArrayLike, level: float = LEVEL
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


# ---------------------------------------------------------------------------------------------
# Draws and replications, both random


class Spread(NamedTuple):
    """How far estimates over draws and replications may be off; arrays (m,), m estimates at once.

    Attributes:
        variance: of the estimate.
        freedom: degrees of freedom of the variance; NaN where a margin has a single value.
        draws, replications: how many there are.
        few_draws, few_replications: whether so few of them carry the estimate that the interval
            must allow for what was not seen (:func:`with_unseen`).
        skewed_draws, skewed_replications: the same, but of shares alone.
    """

    variance: Floats
    freedom: Floats
    draws: Any
    replications: Any
    few_draws: Any
    few_replications: Any
    skewed_draws: Any = False
    skewed_replications: Any = False


def contributions(
    values: Floats, weights: Floats, replication: npt.NDArray[np.intp], best: float
) -> Floats:
    """What each replication adds to the error of a weighted mean of runs: (replications,).

    Args:
        values: (n,) of the runs.
        weights: (n,), adding up to 1.
        replication: (n,) places of their replications, from 0.
        best: the mean.
    """
    return np.bincount(replication, weights * (values - best)).astype(float)


def crossed(best: Any, by_draw: Floats, by_replication: Floats) -> Spread:
    """The spread of estimates from what draws and replications add to their errors.

    Args:
        best: () or (m,), the estimates.
        by_draw: (D,) or (D, m), what each draw adds; adds up to 0. Of a mean over draws it is the
            mean of the draw, minus the whole, over D.
        by_replication: (R,) or (R, m), the same by replication.
    """
    margins = by_draw, by_replication
    even = [_even(best, each) for each in margins]
    sizes = len(by_draw), len(by_replication)
    found = _spread(_variance(by_draw), _variance(by_replication), sizes, even[0], even[1])
    carried = [_carried_by_few(each) for each in margins]
    return found._replace(skewed_draws=carried[0], skewed_replications=carried[1])


def crossed_at_most(best: Any, by_draw: Floats, within: Any, replications: int) -> Spread:
    """The largest spread possible, where it is not known which runs are of one replication.

    The degrees of freedom are the fewest possible.

    Args:
        best, by_draw: as for :func:`crossed`.
        within: () or (m,), variance of the mean of one draw over its replications: what
            replications would add to the estimate's, if each came out the same in every draw.
        replications: of a draw.
    """
    even = _even(best, by_draw), within <= 1e-24 * np.square(best)
    found = _spread(_variance(by_draw), within, (len(by_draw), replications), even[0], even[1])
    least = np.where(np.isnan(found.freedom), np.nan, min(len(by_draw), replications) - 1.0)
    return found._replace(freedom=least, skewed_draws=_carried_by_few(by_draw))


def _variance(added: Floats) -> Any:
    return added.var(axis=0) * len(added) ** 2 / max(1, len(added) - 1)


def _even(best: Any, added: Floats) -> Any:
    """Whether all units add the same, but for rounding."""
    apart = np.ptp(added, axis=0) * len(added)
    return apart <= 1e-12 * (np.abs(best) + len(added) * np.abs(added).max(axis=0))


def _carried_by_few(added: Floats) -> Any:
    """Whether fewer than :data:`LEAST_CARRIERS` units carry the spread, see :func:`carriers`."""
    squares = np.square(added)
    fourth = np.square(squares).sum(axis=0)
    return np.square(squares.sum(axis=0)) < min(LEAST_CARRIERS, len(added) / 5) * fourth


def _spread(
    between: Floats, among: Floats, sizes: tuple[int, int], even_draws: Any, even_others: Any
) -> Spread:
    """Both components of the variance together; F. E. Satterthwaite's degrees of freedom."""
    variance, least = between + among, min(sizes) - 1
    if least < 1:
        freedom = np.full(np.shape(variance), np.nan)
    else:
        shares = between**2 / (sizes[0] - 1) + among**2 / (sizes[1] - 1)
        freedom = np.where(shares > 0, variance**2 / np.where(shares > 0, shares, 1.0), least)
        freedom = np.maximum(freedom, least)
    return Spread(variance, freedom, *sizes, even_draws, even_others)


def crossed_mean(
    best: Any,
    spread: Spread,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    level: float = LEVEL,
) -> Interval:
    """Student's interval of estimates over draws and replications, kept within ``bounds``.

    Args:
        best: estimates, () or (m,).
        spread: their variance and degrees of freedom, with draws crossed with replications.
        bounds: least and largest value that an estimate can have.
        level: confidence, between 0 and 1.

    Returns:
        Limits and estimate; wider where few draws or replications differ.
    """
    half = _students(level, spread.freedom) * np.sqrt(spread.variance)
    low, high = np.maximum(best - half, bounds[0]), np.minimum(best + half, bounds[1])
    return _allowing_for_unseen(Interval(low, np.asarray(best), high), spread, bounds, level)


def crossed_share(best: Any, spread: Spread, level: float = LEVEL) -> Interval:
    """Score interval of shares over draws and replications.

    Wilson's, with the number of independent runs that would have the variance found, and the
    quantile of Student's law (E. L. Korn and B. I. Graubard 1998, Survey Methodology 24, 193-201;
    N. Dean and M. Pagano 2015, Journal of Survey Statistics and Methodology 3, 484-503).
    """
    share = np.asarray(best, float)
    own = share * (1 - share)
    some = (own > 0) & (spread.variance > 0)
    most = np.asarray(spread.draws) * np.asarray(spread.replications)
    n = np.minimum(np.where(some, own, 1.0) / np.where(some, spread.variance, 1e-300), most)
    square = _students(level, spread.freedom) ** 2 / n
    centre = (share + square / 2) / (1 + square)
    half = np.sqrt(square * own + square**2 / 4) / (1 + square)
    low, high = (np.where(own > 0, x, share + 0 * x) for x in (centre - half, centre + half))
    spread = spread._replace(
        few_draws=spread.few_draws | spread.skewed_draws,
        few_replications=spread.few_replications | spread.skewed_replications,
    )
    return _allowing_for_unseen(Interval(low, share, high), spread, (0.0, 1.0), level)


def _allowing_for_unseen(
    found: Interval, spread: Spread, bounds: tuple[float, float], level: float
) -> Interval:
    """Limits that are no closer than if few draws, or replications, were all equal."""
    low, best, high = found
    for few, n in (
        (spread.few_draws, spread.draws),
        (spread.few_replications, spread.replications),
    ):
        wider = with_unseen(Interval(low, best, high), bounds, n, level)
        low, high = np.where(few, wider.low, low), np.where(few, wider.high, high)
    return Interval(finite(low), best[()], finite(high))


def _students(level: float, freedom: Any) -> Any:
    from scipy import special

    return special.stdtrit(freedom, (1 + level) / 2)


def paired_share(
    gained: npt.ArrayLike, lost: npt.ArrayLike, pairs: int, level: float = LEVEL
) -> Interval:
    """Difference of two shares over n paired replications: adjusted Wald interval.

    One is added to each kind of disagreement, which keeps the coverage of the interval where few
    pairs disagree (D. G. Bonett and R. M. Price 2012, Journal of Educational and Behavioral
    Statistics 37, 479-488).

    Args:
        gained: pairs in which only the first has it; any shape.
        lost: pairs in which only the second has it.
        pairs: how many there are.
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
    """The interval of the median, from the function that gives the n times in order.

    It holds whatever the distribution: limits are order statistics, by the binomial distribution.

    Args:
        ordered: from a place (0: the least) to the time there, ``inf`` for never.
        n: number of times, at least 1.
        level: confidence, between 0 and 1.

    Returns:
        Limits and median in days; NaN where they are infinite.

    >>> times = sorted(range(100, 2100, 100))
    >>> [float(x) for x in median_of(lambda i: float(times[i]), 20, 0.95)]
    [600.0, 1000.0, 1500.0]
    """
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
    """The quantile of the normal law that leaves half of the rest on each side.

    Raises:
        ValueError: a level that does not lie between 0 and 1.

    >>> round(normal(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    return NormalDist().inv_cdf((1 + level) / 2)


def finite(x: Floats) -> Any:
    """The values, NaN where they are infinite.

    >>> finite(np.array([1.0, np.inf])).tolist()
    [1.0, nan]
    """
    return np.where(np.isfinite(x), x, np.nan)[()]
