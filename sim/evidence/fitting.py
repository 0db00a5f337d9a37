"""Laws of durations fitted to dated cases, with cases that were still open when last seen.

A case that had not ended counts as "at least so long" (right-censored). Each family is fitted by
maximum likelihood; the family with the least AIC, corrected for small samples, is taken. With five
to forty cases this choice is weak: the table of :func:`compare` shows by how much it was made, and
the ends of a range come from refitting resampled cases.

Example:
    >>> import sim
    >>> sim.fitting.share(6, 10).best
    0.6
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special, stats

from sim.types import Floats

RESAMPLES = 400
LEVEL = 0.95
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
LEAST = 0.5  # days: what is shown as 0 lasted some part of a day


class Estimate(NamedTuple):
    """A number as the record gives it: the ends of its 95 % interval, and the best value."""

    low: float
    best: float
    high: float


@dataclass(frozen=True)
class Durations:
    """How long some cases lasted.

    Attributes:
        days: of each case, at least half a day.
        over: whether each had ended; else it lasted at least so long.
    """

    days: tuple[float, ...]
    over: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.days)

    def seen_for(self, days: float) -> Durations:
        """The same cases, had each been looked at for some days only."""
        over = (end and day <= days for day, end in zip(self.days, self.over, strict=True))
        return Durations(tuple(min(day, days) for day in self.days), tuple(over))


def sample(days: Iterable[float], still_open: Iterable[float] = ()) -> Durations:
    """A sample of cases that ended, and of cases that had not when last seen, in days."""
    ended = [max(float(d), LEAST) for d in days]
    left = [max(float(d), LEAST) for d in still_open]
    return Durations((*ended, *left), (True,) * len(ended) + (False,) * len(left))


# -- families -------------------------------------------------------------------------------------
# Parameters as a scenario file names them; frozen SciPy laws give densities and quantiles.


def _exponential(days: Floats, over: NDArray[np.bool_]) -> dict[str, float]:
    return {"mean": float(days.sum() / max(over.sum(), 0.5))}


def _lognormal(days: Floats, over: NDArray[np.bool_]) -> dict[str, float]:
    logs = np.log(days)
    mu, sigma = float(logs.mean()), max(float(logs.std()), 0.05)
    if not over.all():
        mu, sigma = _censored_normal(logs, over, mu, sigma)
    return {"median": math.exp(mu), "sigma": sigma}


def _censored_normal(
    y: Floats, over: NDArray[np.bool_], mu: float, sigma: float
) -> tuple[float, float]:
    """Newton's method in a = mu / sigma and b = 1 / sigma, where the likelihood is concave.

    Source: Olsen 1978, Econometrica 46, 1211-1215.
    """
    a, b, seen, left = mu / sigma, 1 / sigma, y[over], y[~over]
    for _ in range(100):
        rest, w = b * seen - a, a - b * left
        ratio = np.exp(-0.5 * w * w - HALF_LOG_TWO_PI - special.log_ndtr(w))
        bend = -ratio * (w + ratio)
        slope = [rest.sum() + ratio.sum(), len(seen) / b - rest @ seen - ratio @ left]
        cross = seen.sum() - bend @ left
        curve = [
            [-len(seen) + bend.sum(), cross],
            [cross, -len(seen) / (b * b) - seen @ seen + bend @ (left * left)],
        ]
        step = np.linalg.solve(np.array(curve), np.array(slope))
        while b - step[1] <= 0:
            step /= 2
        a, b = a - step[0], b - step[1]
        if abs(step).max() < 1e-12 * (1 + abs(a) + b):
            break
    return a / b, 1 / b


def _weibull(days: Floats, over: NDArray[np.bool_]) -> dict[str, float]:
    logs, seen = np.log(days), np.log(days[over])

    def slope(shape: float) -> float:
        weights = np.exp(shape * (logs - logs.max()))
        return float(weights @ logs / weights.sum() - 1 / shape - seen.mean())

    shape = optimize.brentq(slope, 0.05, 50.0) if slope(0.05) < 0 < slope(50.0) else 1.0
    scale = math.exp(logs.max()) * (
        float(np.exp(shape * (logs - logs.max())).sum()) / over.sum()
    ) ** (1 / shape)
    return {"shape": float(shape), "scale": float(scale)}


Fitter = Callable[[Floats, NDArray[np.bool_]], dict[str, float]]
FITTERS: dict[str, Fitter] = {
    "exponential": _exponential,
    "lognormal": _lognormal,
    "weibull": _weibull,
}


@dataclass(frozen=True)
class Law:
    """A fitted law of durations.

    Attributes:
        family: "exponential", "lognormal" or "weibull".
        params: as in a scenario file, in days where they are times.
    """

    family: str
    params: dict[str, float]

    @property
    def frozen(self) -> stats.rv_frozen:
        """The law in SciPy's form."""
        p = self.params
        match self.family:
            case "exponential":
                return stats.expon(scale=p["mean"])
            case "lognormal":
                return stats.lognorm(p["sigma"], scale=p["median"])
            case _:
                return stats.weibull_min(p["shape"], scale=p["scale"])

    def log_score(self, cases: Durations) -> Floats:
        """The log density of each case that ended, the log chance of lasting on of the others."""
        days, over = np.array(cases.days), np.array(cases.over)
        law = self.frozen
        scores: Floats = np.where(over, law.logpdf(days), law.logsf(days))
        return scores


def fit(cases: Durations, family: str) -> Law:
    """A family fitted by maximum likelihood.

    Raises:
        ValueError: no case has ended.
    """
    if not any(cases.over):
        raise ValueError("no case has ended: nothing can be fitted")
    return Law(family, FITTERS[family](np.array(cases.days), np.array(cases.over)))


def compare(cases: Durations) -> pd.DataFrame:
    """The families side by side, best first.

    Returns:
        family, n, open (cases still open), log_likelihood, aicc, and cross_validated: the mean log
        score of each case under the law fitted to the others.
    """
    rows = []
    for family in FITTERS:
        law = fit(cases, family)
        rows.append(
            {
                "family": family,
                "n": len(cases),
                "open": len(cases) - sum(cases.over),
                "log_likelihood": float(law.log_score(cases).sum()),
                "aicc": corrected_aic(law, cases),
                "cross_validated": _cross_validated(cases, family),
            }
        )
    return pd.DataFrame(rows).sort_values("aicc", kind="stable", ignore_index=True)


def corrected_aic(law: Law, cases: Durations) -> float:
    """Akaike's criterion of a fitted law, corrected for small samples; less is better.

    Source: Hurvich and Tsai 1989, Biometrika 76, 297-307.
    """
    k, n = len(law.params), len(cases)
    return 2 * k - 2 * float(law.log_score(cases).sum()) + 2 * k * (k + 1) / max(n - k - 1, 1)


def _cross_validated(cases: Durations, family: str) -> float:
    scores = []
    for left in range(len(cases)):
        rest = _taken(cases, [i for i in range(len(cases)) if i != left])
        if any(rest.over):
            scores.append(float(fit(rest, family).log_score(_taken(cases, [left]))[0]))
    return float(np.mean(scores))


def _taken(cases: Durations, places: Iterable[int]) -> Durations:
    chosen = list(places)
    return Durations(tuple(cases.days[i] for i in chosen), tuple(cases.over[i] for i in chosen))


def best(cases: Durations) -> Law:
    """The family with the least corrected AIC, fitted."""
    laws = [fit(cases, family) for family in FITTERS]
    return min(laws, key=lambda law: corrected_aic(law, cases))


# -- uncertainty ----------------------------------------------------------------------------------


@cache
def estimates(cases: Durations, family: str = "") -> dict[str, Estimate]:
    """The parameters of a law with their intervals, by refitting resampled cases.

    Args:
        cases: of which some ended, with at least three lengths.
        family: of the law; else the best one.

    Raises:
        ValueError: there are fewer.
    """
    lengths = {days for days, over in zip(cases.days, cases.over, strict=True) if over}
    if len(lengths) < 3:
        raise ValueError(f"{len(lengths)} lengths of cases that ended; at least 3 are needed")
    law = fit(cases, family) if family else best(cases)
    rng = np.random.default_rng(len(cases))
    found: list[dict[str, float]] = []
    while len(found) < RESAMPLES:
        again = _taken(cases, rng.integers(0, len(cases), len(cases)))
        if len({d for d, over in zip(again.days, again.over, strict=True) if over}) > 1:
            found.append(fit(again, law.family).params)
    return {
        name: Estimate(*_ends([one[name] for one in found], value))
        for name, value in law.params.items()
    }


def _ends(values: Iterable[float], value: float) -> tuple[float, float, float]:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(list(values), [tail, 1 - tail])
    return min(float(low), value), value, max(float(high), value)


def bootstrap(values: Floats, statistic: Callable[[Floats], float]) -> Estimate:
    """A statistic of independent values, with the interval of its resamples."""
    rng = np.random.default_rng(len(values))
    again = (statistic(rng.choice(values, len(values))) for _ in range(RESAMPLES))
    finite = [one for one in again if math.isfinite(one)]
    return Estimate(*_ends(finite, statistic(values)))


def share(hits: int, cases: int) -> Estimate:
    """A share with its Wilson interval."""
    if not cases:
        raise ValueError("a share of no cases")
    ends = stats.binomtest(hits, cases).proportion_ci(LEVEL, "wilson")
    return Estimate(float(ends.low), hits / cases, float(ends.high))


def rate(events: float, years: float) -> Estimate:
    """Events a year with the exact Poisson interval."""
    tail = (1 - LEVEL) / 2
    low = float(stats.chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * events + 2)) / 2
    return Estimate(low / years, events / years, high / years)


def odds_ratio(hits: int, misses: int, other_hits: int, other_misses: int) -> Estimate:
    """The odds of a hit over those in another group, with Woolf's interval; no cell may be 0."""
    ratio = hits * other_misses / (misses * other_hits)
    error = math.sqrt(sum(1 / n for n in (hits, misses, other_hits, other_misses)))
    spread = math.exp(float(stats.norm.ppf((1 + LEVEL) / 2)) * error)
    return Estimate(ratio / spread, ratio, ratio * spread)
