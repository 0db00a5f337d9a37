"""Draws narrowed to those that agree with what is known: approximate Bayesian computation.

The draws whose simulated statistics are nearest to the known ones are kept (rejection: Sunnåker and
others 2013, PLoS Computational Biology 9(1)). What is left of the distance is corrected for by a
local-linear regression of each number on the statistics (Beaumont, Zhang, Balding 2002, Genetics
162), in logits of its range, so that no number leaves it.

Example:
    >>> import sim
    >>> print(sim.narrowing.SCALES["root"](9.0))
    3.0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.experiment.draws import Draws
from sim.scenario.quantities import Range
from sim.types import Floats

EDGE = 1e-6  # of a place within a range: keeps logits finite

# On which errors of a statistic are about even.
SCALES: dict[str, Callable[[Floats], Floats]] = {
    "log": lambda values: np.log(values),
    "root": lambda values: np.sqrt(values),
    "share": lambda values: np.arcsin(np.sqrt(values)),  # unlike logits finite at none and all
}


@dataclass(frozen=True)
class Calibrated:
    """Draws before and after.

    Attributes:
        prior: all draws that could be compared.
        posterior: those kept, adjusted.
        tolerance: the largest distance kept, in standard deviations of the simulated statistics.
    """

    prior: Draws
    posterior: Draws
    tolerance: float


def narrowed(
    prior: Draws,
    ranges: Mapping[str, Range],
    simulated: pd.DataFrame,
    known: Mapping[str, float],
    keep: float,
    scales: Mapping[str, str],
) -> Calibrated:
    """The draws whose statistics are nearest to those known, adjusted.

    Args:
        prior: N draws.
        ranges: of its numbers.
        simulated: statistics of a record of each draw (index from 1); incomplete rows are left out.
        known: those of the true record.
        keep: the share of draws that is kept, above 0, at most 1.
        scales: of each statistic, a key of ``SCALES``.

    Raises:
        ValueError: a share out of bounds, or fewer draws kept than the regression needs.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep: found {keep}; allowed: above 0, at most 1")
    simulated = simulated[list(known)].dropna()
    count = round(keep * len(simulated))
    if count < 2 * (len(known) + 1):
        raise ValueError(f"keep: {count} draws; needed: at least {2 * (len(known) + 1)}")
    away = np.column_stack(
        [_away(SCALES[scales[name]], simulated[name].to_numpy(), known[name]) for name in known]
    )
    distance = np.sqrt((away**2).sum(axis=1))
    nearest = np.argsort(distance, kind="stable")[:count]
    rows = simulated.index.to_numpy()[nearest] - 1
    limits = np.array([(ranges[n].low, ranges[n].high) for n in prior.names]).T
    values = _adjusted(prior.values[rows], limits, away[nearest], distance[nearest])
    origin = f"{prior.origin}, nearest {count} of {len(simulated)} to the record"
    every = Draws(prior.names, prior.values[simulated.index.to_numpy() - 1], prior.origin)
    return Calibrated(every, Draws(prior.names, values, origin), float(distance[nearest].max()))


def _away(scale: Callable[[Floats], Floats], values: Floats, known: float) -> Floats:
    """Simulated values less the known one on a scale, in their standard deviations."""
    scaled = scale(values)
    result: Floats = (scaled - scale(np.array(known))) / (scaled.std() or 1.0)
    return result


def _adjusted(values: Floats, limits: Floats, away: Floats, distance: Floats) -> Floats:
    """Each number moved to where the regression expects it at distance 0, within its range."""
    low, high = limits
    width = np.where(high > low, high - low, 1.0)
    place = np.clip((values - low) / width, EDGE, 1 - EDGE)
    logits = np.log(place / (1 - place))
    weight = np.maximum(1 - (distance / (distance.max() * (1 + EDGE))) ** 2, 0)
    design = np.column_stack([np.ones(len(away)), away])
    bent = design.T * weight
    inverse = np.linalg.pinv(bent @ design)
    slopes = inverse @ bent @ logits
    spread = inverse @ (bent * weight @ design)
    # Few draws, many statistics: residuals are too small by the freedom that the fit used up, and
    # where it puts the middle is not sure. As for the interval of a prediction, both are made good.
    wide = np.sqrt(
        weight.sum() / (weight.sum() - np.trace(spread)) * (1 + (spread @ inverse)[0, 0])
    )
    moved = slopes[0] + wide * (logits - design @ slopes)
    result: Floats = np.clip(low + width / (1 + np.exp(-moved)), low, high)
    return np.where(high > low, result, values)


def moved(found: Calibrated) -> pd.DataFrame:
    """What was learned of each number, most first.

    Returns:
        name, then prior_low, prior_best, prior_high, posterior_low, posterior_best and
        posterior_high (quantiles 0.05, 0.5, 0.95), and shift: of the mean, in prior deviations.
    """
    before, after = found.prior.values, found.posterior.values
    deviation = before.std(axis=0)
    shift = (after.mean(axis=0) - before.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    table = pd.DataFrame({"name": found.prior.names})
    for when, values in (("prior", before), ("posterior", after)):
        ends = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
        for end, column in zip(("low", "best", "high"), ends, strict=True):
            table[f"{when}_{end}"] = column
    table["shift"] = shift
    order = np.argsort(-np.abs(shift), kind="stable")
    return table.iloc[order].reset_index(drop=True)
