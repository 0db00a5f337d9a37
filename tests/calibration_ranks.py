"""How evenly known truths lie among the draws that calibration keeps: what the tests count."""

from __future__ import annotations

import numpy as np

import sim
from sim.evidence import narrowing
from sim.evidence.korea import calibration
from sim.experiment import draws


def ranks(
    count: int, truths: int, seed: int, keep: float = 0.2
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The place of each true number, 0 to 1, among the draws kept: (truths, numbers).

    The simulated record of one draw is taken for the true one; the other draws are narrowed by it.
    """
    scenario = sim.load("korea-2017")
    prior = draws.sample(scenario, count, seed)
    size = calibration.of_record()
    simulated = calibration.RecordSimulator(scenario).records(prior, size, seed).dropna()
    scales = {name: scale for name, (scale, _) in calibration.STATISTICS.items()}
    random = np.random.default_rng(seed)
    places = []
    for truth in random.choice(simulated.index.to_numpy(), truths, replace=False):
        others, seen = simulated.drop(index=truth), simulated.loc[truth].to_dict()
        found = narrowing.narrowed(prior, scenario.ranges(), others, seen, keep, scales)
        kept, true = found.posterior.values, prior.values[truth - 1]
        places.append(((kept < true).mean(axis=0) + (kept <= true).mean(axis=0)) / 2)
    return np.array(places), prior.names
