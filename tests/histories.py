"""Runs made by hand: a frame from the days on which goal and ruin came."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

HORIZON = 1826.0
GOAL, RUIN = "freeze", "war"
OUTCOMES = [GOAL, RUIN, "abandoned", "ongoing"]


def runs(
    strategy: str,
    freeze: list[float],
    war: list[float] | None = None,
    draws: list[int] | None = None,
) -> pd.DataFrame:
    """Runs from the days on which freeze and war came; NaN is never."""
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
