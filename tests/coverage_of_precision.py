"""Do intervals that end a run hold the truth as often as they say?"""

from __future__ import annotations

import sim
from sim.experiment import stopping
from sim.experiment.stopping import Precision

# One attempt, which ends long before the horizon: the share is that of its success.
COIN = """
title = "Coin"
start = 2020-01-01
horizon = 100
goal = "deal"
conditions = { deal = {} }
[tracks.talks]
[[tracks.talks.stages]]
name = "round"
duration = 1
success = 0.3
raises = ["deal"]
setbacks = [ { name = "no", delay = 1, resume = "abandon" } ]
"""
TRUTH = 0.3


def covered(repeats: int, half_width: float) -> int:
    """In how many repeats, each with a seed of its own, the interval that ended it held TRUTH."""
    scenario, asked = sim.loads(COIN, "coin.toml"), Precision(half_width, most=100_000)
    found = 0
    for seed in range(repeats):
        results = stopping.run(scenario, asked, seed=seed, keep="summary", workers=1)
        row = stopping.widths(results, asked).iloc[0]
        found += bool(row["low"] <= TRUTH <= row["high"])
    return found
