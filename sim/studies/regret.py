"""Strategies x draws: regret, the chance of being best, and how sure that is.

The draw is the unit: an outcome is a mean over the replications of a draw, and the regret of a
strategy in a draw is what the best strategy of that draw does better. All strategies of a draw
have common random numbers; each draw has random numbers of its own, so that noise averages out
over draws.

**Noise.** With few replications the best mean of a draw is partly the luckiest one: regrets come
out too large, and the chance of being best too even. So the means of a draw are shrunk (C. Stein
1956; C. N. Morris 1983, empirical Bayes): with the covariance S of the true outcomes over draws
(that of the means less the noise) and the covariance C of the noise (measured within draws), the
true outcomes of a draw with means m are, as far as they can be known, normal around
mu + S (S + C)^-1 (m - mu) with covariance S - S (S + C)^-1 S. Regrets and chances are averages over
values drawn from there, and their intervals come from resampling the draws. What comes out without
this is kept beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.analysis.intervals import mean_interval, wilson
from sim.experiment.draws import Draws
from sim.experiment.evaluator import Evaluator
from sim.types import Floats

IMPUTATIONS = 100  # sets of true outcomes that are drawn
RESAMPLES = 300  # of the draws
TIED = 1e-9  # of the width of the measure: closer outcomes are the same


@dataclass(frozen=True)
class DrawMeans:
    """Mean outcomes of D draws for S strategies.

    Attributes:
        means: (D, S), over the replications of a draw.
        noise: (S, S), covariance of these means within draws; zeros where replications are one.
        replications: of each draw.
    """

    means: Floats
    noise: Floats
    replications: int


def outcomes(evaluator: Evaluator, draws: Draws, replications: int) -> DrawMeans:
    """Simulate all strategies at all draws; random numbers are common to strategies, not to draws.

    Args:
        evaluator: of S strategies and a measure.
        draws: D vectors of parameter values; other parameters stay at their base values.
        replications: of each strategy and draw.
    """
    points = np.tile(evaluator.base, (len(draws), 1))
    points[:, [evaluator.columns[name] for name in draws.names]] = draws.values
    first = [draw * replications for draw in range(len(draws))]
    return summed(evaluator.evaluate(points, replications, first, what="draws"))


def summed(values: Floats) -> DrawMeans:
    """Means over replications of values, (strategies, draws, replications).

    Returns:
        Means, (D, S), and the covariance of their noise, (S, S), pooled over draws; 0 where there
        is one replication.

    >>> summed(np.array([[[0.0, 1.0], [1.0, 1.0]]])).means.tolist()
    [[0.5], [1.0]]
    """
    strategies, draws, replications = values.shape
    means = values.mean(axis=2)
    noise = np.zeros((strategies, strategies))
    if replications > 1:
        rest = (values - means[:, :, None]).reshape(strategies, -1)
        noise = rest @ rest.T / (draws * (replications - 1)) / replications
    return DrawMeans(means.T.copy(), noise, replications)


def regrets(means: Floats, sign: int = 1) -> Floats:
    """What the best strategy does better, (.., S), in the same unit; 0 for the best.

    Regret is Savage's: L. J. Savage 1951, JASA 46, 55-67.

    Args:
        means: outcomes, (.., S).
        sign: 1 where more is better, -1 where less is.

    >>> regrets(np.array([[3.0, 1.0], [2.0, 5.0]])).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    good = sign * means
    regret: Floats = good.max(axis=-1, keepdims=True) - good
    return regret


def shares_of_best(means: Floats, sign: int, tolerance: float) -> Floats:
    """1 for the best strategy of each draw, shared out among those that tie, (.., S).

    Args:
        means: outcomes, (.., S).
        sign: 1 where more is better, -1 where less is.
        tolerance: outcomes that differ by no more tie.

    >>> shares_of_best(np.array([[3.0, 1.0], [2.0, 2.0]]), 1, 1e-9).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    best = regrets(means, sign) <= tolerance
    shares: Floats = best / best.sum(axis=-1, keepdims=True)
    return shares


# -- true outcomes --------------------------------------------------------------------------------


class Shrunk(NamedTuple):
    """What is known of the true outcomes: normal around ``centre``, (D, S), alike in every draw."""

    centre: Floats
    root: Floats  # (S, S): its covariance is root root'


def shrunk(means: Floats, noise: Floats) -> Shrunk:
    """The true outcomes of draws as far as they can be known; see the top of this module.

    Args:
        means: estimates, (D, S).
        noise: covariance of the noise in them, (S, S).

    Returns:
        Centres, (D, S), moved towards the mean over draws the more the noise is of the spread, and
        a root of the covariance of what remains unknown.
    """
    spread = _covariance(means)
    scale = max(float(np.trace(spread)), float(np.trace(noise)))
    if scale == 0 or not noise.any():
        return Shrunk(means, np.zeros_like(noise))
    if len(means) < 2:
        # One draw says nothing of others: it is known up to its own noise.
        return Shrunk(means, _root(noise, scale))
    root = _root(spread - noise, scale)
    true = root @ root.T
    weight = true @ np.linalg.pinv(true + noise, rcond=1e-10, hermitian=True)
    middle = means.mean(axis=0)
    return Shrunk(middle + (means - middle) @ weight.T, _root(true - weight @ true, scale))


def imputed(
    means: Floats,
    noise: Floats,
    count: int,
    random: np.random.Generator,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Floats:
    """True outcomes drawn as the top of this module says, (count, D, S).

    Args:
        means, noise: as for :func:`shrunk`.
        count: how many sets are drawn (multiple imputation).
        random: the generator that they are drawn by.
        bounds: least and largest value of an outcome.
    """
    known = shrunk(means, noise)
    shaken = random.standard_normal((count, *means.shape)) @ known.root.T
    drawn: Floats = np.clip(known.centre + shaken, *bounds)
    return drawn


def _covariance(means: Floats) -> Floats:
    rest = means - means.mean(axis=0)
    covariance: Floats = rest.T @ rest / max(1, len(means) - 1)
    return covariance


def _root(matrix: Floats, scale: float) -> Floats:
    """A root of the nearest covariance: without what is negative, or rounding."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    values = np.where(values > 1e-12 * scale, values, 0.0)
    root: Floats = vectors * np.sqrt(values)
    return root


# -- ranking --------------------------------------------------------------------------------------


class _Told(NamedTuple):
    """What is said of each strategy, (S,) each."""

    mean: Floats
    p90: Floats
    most: Floats


def ranking(
    found: DrawMeans,
    strategies: tuple[str, ...],
    sign: int = 1,
    bounds: tuple[float, float] = (0.0, 1.0),
    random: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Strategies ranked by mean regret, the least first; ties by the mean outcome, then by name.

    Args:
        found: of the draws.
        strategies: their names.
        sign: 1 where more of the measure is better, else -1.
        bounds: of the measure.
        random: for true outcomes and resamples.

    Returns:
        A row for each strategy: strategy; then, as low, best, high: value (mean outcome over
        draws), regret, regret_p90 and regret_max (mean, 90th percentile and largest over draws),
        best (chance of being best in a draw); worst (the worst outcome of a draw as it came out);
        regret_raw and best_raw: the same without regard to noise. regret_max is about these draws
        alone: its limits are those of noise. With one draw limits are NaN, except of regret_max.
    """
    random = random or np.random.default_rng(0)
    means, several = found.means, len(found.means) > 1
    tolerance = TIED * _width(found.means, bounds)
    drawn = imputed(means, found.noise, IMPUTATIONS, random, bounds)
    regret = regrets(drawn, sign)
    regret[regret <= tolerance] = 0.0
    best = _described(regret)
    low, high = _limits(found, sign, bounds, random) if several else (None, None)
    chance = shares_of_best(drawn, sign, tolerance).mean(axis=(0, 1))
    raw = regrets(means, sign)
    value = mean_interval(means, bounds)
    table = pd.DataFrame({"strategy": list(strategies)})
    _add(table, "value", value.low, value.best, value.high)
    for name in ("mean", "p90"):
        column = "regret" if name == "mean" else "regret_p90"
        middle = getattr(best, name)
        _add(table, column, *(_limit(one, name, middle) for one in (low, None, high)))
    largest = regret.max(axis=1)
    most = np.quantile(largest, [0.025, 0.975], axis=0)
    _add(table, "regret_max", np.minimum(most[0], best.most), best.most,
         np.maximum(most[1], best.most))  # fmt: skip
    draws = len(means)
    share = wilson(chance * draws, draws) if several else (np.nan, chance, np.nan)
    _add(table, "best", share[0], chance, share[2])
    table["worst"] = sign * (sign * means).min(axis=0)
    table["regret_raw"] = raw.mean(axis=0)
    table["best_raw"] = shares_of_best(means, sign, tolerance).mean(axis=0)
    order = table.assign(good=-sign * table["value"], regret=table["regret"].round(12))
    rank = order.sort_values(["regret", "good", "strategy"]).index
    return table.loc[rank].reset_index(drop=True)


def _width(means: Floats, bounds: tuple[float, float]) -> float:
    """Between which values outcomes lie: the bounds of the measure, or those that were seen."""
    low, high = (b if math.isfinite(b) else seen for b, seen in zip(
        bounds, (means.min(), means.max()), strict=True))  # fmt: skip
    return float(high - low)


def _add(table: pd.DataFrame, name: str, low: object, best: object, high: object) -> None:
    table[f"{name}_low"], table[name], table[f"{name}_high"] = low, best, high


def _limit(limits: _Told | None, name: str, middle: Floats) -> Floats:
    return middle if limits is None else getattr(limits, name)


def _described(regret: Floats) -> _Told:
    """Mean, 90th percentile and largest over draws, averaged over imputations."""
    return _Told(
        regret.mean(axis=(0, 1)),
        np.quantile(regret, 0.9, axis=1).mean(axis=0),
        regret.max(axis=1).mean(axis=0),
    )


def _limits(
    found: DrawMeans, sign: int, bounds: tuple[float, float], random: np.random.Generator
) -> tuple[_Told, _Told]:
    """Limits by resampling draws, with everything estimated anew in each resample."""
    draws = len(found.means)
    tolerance = TIED * _width(found.means, bounds)
    said = []
    for _ in range(RESAMPLES):
        means = found.means[random.integers(0, draws, draws)]
        regret = regrets(imputed(means, found.noise, 1, random, bounds), sign)
        regret[regret <= tolerance] = 0.0
        said.append(_described(regret))
    both = [np.quantile([getattr(one, name) for one in said], [0.025, 0.975], axis=0)
            for name in _Told._fields]  # fmt: skip
    return _Told(*(one[0] for one in both)), _Told(*(one[1] for one in both))


def by_draw(found: DrawMeans, strategies: tuple[str, ...], sign: int = 1) -> pd.DataFrame:
    """Every draw and strategy: draw (from 1), strategy, value, regret, as they came out."""
    draws, count = found.means.shape
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(1, draws + 1), count),
            "strategy": list(strategies) * draws,
            "value": found.means.ravel(),
            "regret": regrets(found.means, sign).ravel(),
        }
    )
