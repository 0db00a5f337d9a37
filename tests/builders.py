"""Small scenarios, and frames of runs made by hand, that tests of several packages share."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

# -- scenarios ------------------------------------------------------------------------------------

TWO_TRACKS = Path(__file__).parent / "corpus" / "valid" / "two_tracks.toml"

# Every kind of thing that a report speaks of, and nothing twice.
TALKS = """
title = "Two delegations"
start = 2026-01-01
horizon = 730
goal = "deal"
ruin = "war"
[conditions]
deal = {}
war = {}
tension = { max = 2, fades = { mean = 60 } }
[[tracks.talks.stages]]
name = "round"
duration = { median = 30, sigma = 0.5 }
success = { low = 0.1, likely = 0.25, high = 0.4, source = "judgement: one round in four" }
raises = ["deal"]
setbacks = [ { name = "deadlock", delay = { mean = 45 } } ]
[[tracks.experts.stages]]
name = "paper"
duration = { min = 10, mode = 20, max = 60 }
success = 1
[shocks.incident]
rate = { low = 1, likely = 2, high = 4, source = "judgement: twice a year" }
raises = ["tension"]
breaks = [ { track = "talks", probability = 0.5, delay = 30 } ]
[shocks.war]
rate = 0.02
raises = ["war"]
[[influences]]
of = "tension"
on = "talks.*"
odds = 0.6
source = "judgement: per level"
[strategies.at_once]
about = "talk now"
[strategies.when_quiet]
about = "wait until tension has gone"
starts = { talks = ["!tension"] }
"""

# Its time cannot advance: the second stage always fails, at once, and resumes at the first.
LOOP = """
title = "Loop"
start = 2020-01-01
horizon = 9
goal = "g"
[conditions]
g = {}
[tracks.circle]
[[tracks.circle.stages]]
name = "first"
duration = 0
success = 1
[[tracks.circle.stages]]
name = "second"
duration = 0
success = 0
setbacks = [ { name = "again", delay = 0, resume = "first" } ]
"""

# -- frames ---------------------------------------------------------------------------------------

HORIZON = 1826.0
GOAL, RUIN = "freeze", "war"
OUTCOMES = [GOAL, RUIN, "abandoned", "ongoing"]


def runs(
    strategy: str,
    freeze: list[float],
    war: list[float] | None = None,
    draws: list[int] | None = None,
) -> pd.DataFrame:
    """A frame of runs, from the days on which freeze and war came; NaN is never."""
    n = len(freeze)
    first, ruin = np.array(freeze, float), np.array(war or [math.nan] * n, float)
    outcome = np.where(ruin <= first, RUIN, np.where(np.isfinite(first), GOAL, "ongoing"))
    outcome = np.where(np.isnan(first) & np.isfinite(ruin), RUIN, outcome)
    time = np.where(outcome == GOAL, first, np.where(outcome == RUIN, ruin, HORIZON))
    draw = np.zeros(n, int) if draws is None else np.array(draws)
    replication = pd.Series(draw).groupby(draw).cumcount().to_numpy()
    return pd.DataFrame(
        {
            "strategy": pd.Categorical([strategy] * n),
            "draw": draw,
            "replication": replication,
            "outcome": pd.Categorical(outcome, categories=OUTCOMES),
            "time": time,
            "first_freeze": first,
            "first_war": ruin,
            "held_freeze": np.where(np.isfinite(first), HORIZON - first, 0.0) / 2,
            "n_test": np.arange(n) % 3,
            "n_test_breaks": np.zeros(n, int),
            "binding": pd.Categorical(["window" if f < 500 else "" for f in freeze]),
        }
    )


def both(*frames: pd.DataFrame) -> pd.DataFrame:
    whole = pd.concat(frames, ignore_index=True)
    whole["outcome"] = pd.Categorical(whole["outcome"], categories=OUTCOMES)
    return whole


NEVER = math.nan
FAST_OR_NEVER = runs("fast", [100.0] * 59 + [NEVER] * 41)
SLOW_BUT_SURE = runs("slow", [240.0] * 85 + [NEVER] * 15)
