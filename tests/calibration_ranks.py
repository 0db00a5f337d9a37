"""How evenly known truths lie among the draws that calibration keeps: what the tests count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

import sim
from sim import calibration, draws, experiment
from sim.fitting import Estimate


def ranks(count: int, histories: int, truths: int, seed: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """The place of each true number, 0 to 1, among the draws kept: (truths, numbers)."""
    scenario = sim.load("korea-2017")
    prior = draws.sample(scenario, count, seed)
    unplanned = replace(scenario, strategies={})
    frame = experiment.run(unplanned, [calibration.STRATEGY], histories, seed, draws=prior).frame
    told = calibration.statistics(frame, scenario.horizon).dropna()
    known = calibration.targets()
    random = np.random.default_rng(seed)
    places = []
    for truth in random.choice(told.index.to_numpy(), truths, replace=False):
        seen = [_as_record(one, float(told.loc[truth, one.name]), random) for one in known]
        others = told.drop(index=truth)
        found = calibration.narrowed(prior, scenario.ranges(), others, seen, 0.1, int(truth))
        kept, true = found.posterior.values, prior.values[truth - 1]
        places.append(((kept < true).mean(axis=0) + (kept <= true).mean(axis=0)) / 2)
    return np.array(places), prior.names


def _as_record(
    target: calibration.Target, value: float, random: np.random.Generator
) -> calibration.Target:
    """A target that was seen at a value, give or take the error of the record."""
    ends = calibration._scaled(np.array(target.known), target.scale)
    error = (ends[2] - ends[0]) / (2 * stats.norm.ppf(0.975))
    at = calibration._scaled(np.array(value), target.scale) + random.normal() * error
    spread = at + error * stats.norm.ppf([0.025, 0.5, 0.975])
    back = np.exp(spread) if target.scale == "log" else 1 / (1 + np.exp(-spread))
    return replace(target, known=Estimate(*(float(end) for end in back)))
