"""Ranges narrowed by the record: approximate Bayesian computation by rejection.

Draws from the ranges of a scenario are told, a few statistics of their histories are held against
those of the record, and the nearest draws are kept (Sunnåker and others 2013, PLoS Computational
Biology 9(1)). The record is known within intervals only, so an error of that size is added to what
is simulated (R. D. Wilkinson 2013). What is left of the distance is corrected for by a local-linear
regression of each number on the statistics (Beaumont, Zhang, Balding 2002, Genetics 162), in logits
of its range, so that no number leaves it.

    found = calibration.calibrate(sim.load("korea-2017"), draws=4096)
    found.posterior.write(Path("posterior.csv"))        # for --draws posterior.csv
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim import draws as sampling
from sim import experiment, record
from sim.draws import Draws
from sim.fitting import Estimate
from sim.scenario import Range, Scenario

Floats = npt.NDArray[np.float64]

STRATEGY = "default"  # every track at once, no posture: nothing of a plan is in the record
LAUNCHES = ("n_missile_test", "n_strategic_test")
YEAR = 365.25
EDGE = 1e-6  # of a share, and of a place within a range: keeps logits finite


@dataclass(frozen=True)
class Target:
    """A statistic of the record; ``scale`` is that on which its error is even: "log", "logit"."""

    name: str
    known: Estimate
    scale: str

    def on_scale(self, values: npt.ArrayLike) -> Floats:
        """Values on its scale, in standard errors of the record."""
        low, best, high = (_scaled(np.array(v), self.scale) for v in self.known)
        error = (high - low) / (2 * 1.959963984540054)
        result: Floats = (_scaled(np.asarray(values, float), self.scale) - best) / error
        return result


def _scaled(values: Floats, scale: str) -> Floats:
    if scale == "log":
        logs: Floats = np.log(np.maximum(values, EDGE))
        return logs
    share = np.clip(values, EDGE, 1 - EDGE)
    logits: Floats = np.log(share / (1 - share))
    return logits


@dataclass(frozen=True)
class Calibrated:
    """Draws before and after.

    Attributes:
        prior: all draws that could be compared.
        posterior: those kept, adjusted.
        tolerance: the largest distance kept, in standard errors of the record.
        fit: name, low, best, high (record), prior and posterior medians of the statistics.
    """

    prior: Draws
    posterior: Draws
    tolerance: float
    fit: pd.DataFrame


def targets() -> tuple[Target, ...]:
    """What the record says that rows of histories can be held against.

    Lives of freezes are not among them: those of the record ran up to eight years, simulated ones
    are cut by the horizon while they are young, when more of them end.
    """
    return (
        Target("launches", record.estimate("rate:launch_day:2012:2017"), "log"),
        Target("contact", record.estimate("share:formal_within_365"), "logit"),
        Target("overture", record.estimate("share:seoul_met_within_120"), "logit"),
    )


def statistics(frame: pd.DataFrame, horizon: float) -> pd.DataFrame:
    """The statistics of :func:`targets`, by draw (NaN where no history tells one).

    ``launches`` a year in histories without moratorium and freeze, as in 2012-2017; shares of
    histories with ``contact`` within a year and ``overture`` within 120 days.
    """
    quiet = frame["first_moratorium"].isna() & frame["first_freeze"].isna()
    ruined = frame["time"].where(frame["outcome"] == "war", horizon)
    parts = pd.DataFrame(
        {
            "draw": frame["draw"],
            "launched": frame[list(LAUNCHES)].sum(axis=1).where(quiet, 0),
            "years": (ruined / YEAR).where(quiet, 0.0),
            "contact": frame["first_us_dprk.contact"] <= YEAR,
            "overture": frame["first_north_south.overture"] <= 120,
        }
    ).groupby("draw", as_index=True)
    sums, means = parts.sum(), parts.mean()
    return pd.DataFrame(
        {
            "launches": sums["launched"] / sums["years"].where(sums["years"] > 0),
            "contact": means["contact"],
            "overture": means["overture"],
        }
    )


def calibrate(
    scenario: Scenario, draws: int = 4096, histories: int = 100, keep: float = 0.05, seed: int = 1
) -> Calibrated:
    """Draws of a Korean scenario narrowed by the record.

    Args:
        scenario: korea-2017, or one that extends it.
        draws, histories: how many sets of numbers, and histories of each.
        keep: the share of draws that is kept.
        seed: of draws, histories and errors.
    """
    prior = sampling.sample(scenario, draws, seed)
    unplanned = replace(scenario, strategies={})
    results = experiment.run(unplanned, [STRATEGY], histories, seed, draws=prior)
    simulated = statistics(results.frame, scenario.horizon)
    return narrowed(prior, scenario.ranges(), simulated, targets(), keep, seed)


def narrowed(
    prior: Draws,
    ranges: dict[str, Range],
    simulated: pd.DataFrame,
    known: Sequence[Target],
    keep: float,
    seed: int = 1,
) -> Calibrated:
    """The draws whose statistics are nearest to the record, adjusted.

    Args:
        prior: N draws.
        ranges: of its numbers.
        simulated: a row a draw (index from 1), a column a target; incomplete rows are left out.
        known: the targets.
        keep: the share of draws that is kept, above 0, at most 1.
        seed: of the errors added.

    Raises:
        ValueError: a share out of bounds, or fewer draws kept than the regression needs.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep: found {keep}; allowed: above 0, at most 1")
    told = simulated[[one.name for one in known]].dropna()
    count = round(keep * len(told))
    if count < 2 * (len(known) + 1):
        raise ValueError(f"keep: {count} draws; needed: at least {2 * (len(known) + 1)}")
    away = np.column_stack([one.on_scale(told[one.name]) for one in known])
    away += np.random.default_rng(seed).normal(size=away.shape)
    distance = np.sqrt((away**2).sum(axis=1))
    nearest = np.argsort(distance, kind="stable")[:count]
    rows = told.index.to_numpy()[nearest] - 1
    limits = np.array([(ranges[n].low, ranges[n].high) for n in prior.names]).T
    values = _adjusted(prior.values[rows], limits, away[nearest], distance[nearest])
    origin = f"{prior.origin}, nearest {count} of {len(told)} to the record"
    fit = pd.DataFrame(
        [
            (one.name, *one.known, told[one.name].median(), told[one.name].iloc[nearest].median())
            for one in known
        ],
        columns=["name", "low", "best", "high", "prior", "posterior"],
    )
    every = Draws(prior.names, prior.values[told.index.to_numpy() - 1], prior.origin)
    return Calibrated(
        every, Draws(prior.names, values, origin), float(distance[nearest].max()), fit
    )


def _adjusted(values: Floats, limits: Floats, away: Floats, distance: Floats) -> Floats:
    """Each number moved to where the regression expects it at distance 0, within its range."""
    low, high = limits
    width = np.where(high > low, high - low, 1.0)
    place = np.clip((values - low) / width, EDGE, 1 - EDGE)
    logits = np.log(place / (1 - place))
    weight = np.sqrt(np.maximum(1 - (distance / (distance.max() * (1 + EDGE))) ** 2, 0))
    design = np.column_stack([np.ones(len(away)), away])
    slopes = np.linalg.lstsq(design * weight[:, None], logits * weight[:, None], rcond=None)[0]
    moved = logits - away @ slopes[1:]
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
