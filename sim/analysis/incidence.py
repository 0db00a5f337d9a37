"""Incidence of endpoints: shares, times and summaries. Frames in, frames out.

Where intervals come from, and what frames hold, is described in :mod:`sim.analysis.samples` and
:mod:`sim.analysis.intervals`; whatever compares strategies stands in
:mod:`sim.analysis.comparison`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis.intervals import LEVEL, Interval
from sim.analysis.measures import SHARE, Measure
from sim.analysis.samples import (
    YEARS,
    RowSample,
    StrategySample,
    ValidFrame,
    column_names,
    curve,
    flat,
    grid_of,
    horizon_or_latest,
    marks_of,
    outcomes_of,
    stack,
    validate,
    within,
)


def rank(
    frame: pd.DataFrame,
    goal: str | None = None,
    horizon: float | None = None,
    endpoint: str | None = None,
) -> list[str]:
    """Strategies, best first: by restricted mean time without the endpoint, then by name.

    Args:
        frame: runs, columns as in :mod:`sim.engine.rows`.
        goal: its name; by default the first category of ``outcome``.
        horizon: days; by default the time of the ongoing runs.
        endpoint: by default the goal; strategies that reach the ruin latest are the best.
    """
    return validate(frame, goal, horizon, endpoint).rank()


# ---------------------------------------------------------------------------------------------
# Curves


def incidence(
    frame: pd.DataFrame,
    endpoint: str | None = None,
    *,
    horizon: float | None = None,
    grid: npt.ArrayLike | None = None,
    goal: str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Cumulative incidence: the share of runs that have reached the endpoint by each time.

    Every run is followed to the horizon or into the ruin, and after the ruin nothing happens any
    more. So at every time it is known of every run whether the endpoint has come: the incidence
    is a plain share and its interval a binomial one (Wilson), at each time by itself. It is *not*
    1 - Kaplan-Meier: that would treat the ruined runs as censored, as if they might still get
    there, and so would estimate the incidence if there were no ruin, which is too high.

    Args:
        frame: runs, columns as in :mod:`sim.engine.rows`.
        endpoint: a condition, a stage condition (``track.stage``) or, by default, the goal. The
            goal counts where it came before the ruin.
        horizon: days; by default the time of the ongoing runs.
        grid: days at which the share is estimated; by default some 200 whole days to the horizon.
        goal: its name; by default the first category of ``outcome``.
        level: confidence of the pointwise intervals.

    Returns:
        strategy (best first), time, low, best, high.

    Raises:
        ValueError: unknown endpoint (the message lists those known), or an unusable frame.

    Example:
        >>> import sim
        >>> frame = sim.run("korea-2017", "proposal", replications=50).frame
        >>> sim.incidence(frame, "moratorium", grid=[365, 730]).shape
        (2, 5)
    """
    valid = validate(frame, goal, horizon, endpoint, level=level)
    times = grid_of(grid, valid.horizon)
    curves = [
        curve(sample, sample.counts_by(valid.endpoint, valid.goal, times), times)
        for sample in valid.samples()
    ]
    return stack(valid, curves)


def times(
    frame: pd.DataFrame,
    endpoint: str | None = None,
    *,
    horizon: float | None = None,
    bins: int = 60,
    goal: str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """When the endpoint was reached: shares of all runs by spans of time, and the share of never.

    Args:
        frame, endpoint, horizon, goal, level: as for :func:`incidence`.
        bins: number of equal spans from 0 to the horizon.

    Returns:
        strategy (best first), opens, closes (days; reached at opens < time <= closes), low, best,
        high. The last row of a strategy is "never": opens = horizon, closes = inf. Shares of a
        strategy add up to one.
    """
    valid = validate(frame, goal, horizon, endpoint, level=level)
    edges = np.append(np.floor(np.linspace(0.0, valid.horizon, bins + 1)[:-1]), valid.horizon)
    tables = []
    for sample in valid.samples():
        there = sample.counts_by(valid.endpoint, valid.goal, edges)
        spans = there.map(lambda some, every: within(some, append=every), sample.everyone)
        columns = {"opens": edges, "closes": np.append(edges[1:], np.inf)}
        shares = sample.share_of(spans)._asdict()
        tables.append(pd.DataFrame({"strategy": sample.strategy, **columns, **shares}))
    return stack(valid, tables)


# ---------------------------------------------------------------------------------------------
# Tables


def outcomes(
    frame: pd.DataFrame,
    *,
    goal: str | None = None,
    horizon: float | None = None,
    endpoint: str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Share of every outcome: whichever of goal and ruin came first, else abandoned or ongoing.

    Args:
        frame, goal, horizon, level: as for :func:`incidence`.
        endpoint: orders the strategies; by default the goal.

    Returns:
        strategy (best first), outcome (goal, ruin, abandoned, ongoing), low, best, high. Outcomes
        that no run had are there, with a share of 0, if ``outcome`` is a category.

    Example:
        >>> import sim
        >>> frame = sim.run("korea-2017", "proposal", replications=50).frame
        >>> print(round(sim.outcomes(frame)["best"].sum(), 9))
        1.0
    """
    valid = validate(frame, goal, horizon_or_latest(frame, horizon), endpoint, level=level)
    rows = [
        {"strategy": sample.strategy, "outcome": name, **sample.outcome(name)._asdict()}
        for sample in valid.samples()
        for name in outcomes_of(frame, valid.goal)
    ]
    return valid.ranked(valid.table(rows))


def summary(
    frame: pd.DataFrame,
    goal: str,
    ruin: str | None,
    horizon: float,
    endpoint: str | None = None,
    *,
    years: Sequence[float] = YEARS,
    level: float = LEVEL,
    own: Sequence[Measure] = (),
) -> pd.DataFrame:
    """One row a strategy, best first by restricted mean time without the endpoint, then by name.

    If the endpoint is the ruin, the strategy that is longest without it is the best.

    The restricted mean time without the endpoint is the average over *all* runs of the day on
    which it came, or the horizon where it never came. A run that ended in ruin before the goal
    counts as one that never had the goal: the horizon, not the day of the ruin.

    Args:
        frame: runs, columns as in :mod:`sim.engine.rows`.
        goal: the condition that is wanted.
        ruin: the condition that ends a run, or None.
        horizon: days; that of the runs.
        endpoint: what the columns on reaching are about, and what ranks the strategies; by default
            the goal.
        years: marks (365.25 days each, cut to whole days) at which shares are reported; those
            beyond the horizon are left out. So 1826 days hold five years.
        level: confidence of the intervals.
        own: further measures, each a column of the frame by its name.

    Returns:
        All estimates ``x`` have their limits beside them, in ``x_low`` and ``x_high``.

        - ``strategy``, ``endpoint``, ``horizon`` (days), ``n`` (runs), ``draws``;
        - ``reached_1y``, ``reached_2y`` ..: share with the endpoint by then; ``reached``: by the
          horizon;
        - ``median``: days by which half of the runs have reached it. NaN: not reached; the same
          for its limits;
        - ``restricted_mean``: days without the endpoint, restricted to the horizon, which ranks
          the strategies; ``goal_restricted_mean``: the same for the goal;
        - ``outcome_<name>``: share of each outcome (whichever of goal and ruin came first ..);
        - ``ruin``: share of runs that ended in ruin, also after the goal (if there is a ruin);
        - ``held_<condition>``: mean days at level 1 or more, up to the end of the run;
        - ``n_<shock>``: mean number of shocks;
        - the mean of each further measure, by its name.

    Raises:
        ValueError: a name that the frame does not know (the message lists those that it does), a
            horizon that is not that of the runs, an empty frame, or one that lacks columns.

    Example:
        >>> import sim
        >>> frame = sim.run("korea-2017", "proposal", replications=50).frame
        >>> sim.summary(frame, "freeze", "war", horizon=1826)[["strategy", "n"]].values.tolist()
        [['proposal', 50]]
    """
    valid = validate(frame, goal, horizon, endpoint, ruin, level)
    columns = column_names(frame)
    held = [name for name in columns if name.startswith("held_")]
    shocks = [name for name in columns if f"{name}_breaks" in columns]
    rows = [
        _summary_row(valid, sample, years, held, shocks) | _own(sample, own)
        for sample in valid.samples()
    ]
    return valid.ranked(valid.table(rows))


def _own(sample: StrategySample, measures: Sequence[Measure]) -> dict[str, float]:
    """The means of further measures, with their limits."""
    row: dict[str, float] = {}
    for one in measures:
        if one.unit == SHARE and isinstance(sample, RowSample):
            share = sample.share_of(sample.count(sample[one.name] > 0))
            row |= flat(one.name, Interval(*(x[0] for x in share)))
        else:
            row |= flat(one.name, sample.mean_of(one.name, one.bounds))
    return row


def _summary_row(
    valid: ValidFrame,
    sample: StrategySample,
    years: Sequence[float],
    held: Sequence[str],
    shocks: Sequence[str],
) -> dict[str, Any]:
    horizon = valid.horizon
    endpoint, goal = valid.endpoint, valid.goal
    marks = marks_of(years, horizon)
    shares = sample.reached_by(endpoint, goal, np.array(list(marks.values())))
    row: dict[str, Any] = {
        "strategy": sample.strategy,
        "endpoint": endpoint,
        "horizon": horizon,
        "n": sample.runs,
        "draws": len(sample.sizes),
    }
    for i, name in enumerate(marks):
        row |= flat(name, Interval(*(x[i] for x in shares)))
    row |= flat("median", sample.median(endpoint, goal))
    row |= flat("restricted_mean", valid.days_without(sample))
    row |= flat("goal_restricted_mean", sample.days_without(goal, goal, horizon))
    for name in outcomes_of(valid.frame, goal):
        row |= flat(f"outcome_{name}", sample.outcome(name))
    if valid.ruin is not None:
        ruined = sample.reached_by(valid.ruin, goal, np.array([np.floor(horizon)]))
        row |= flat("ruin", Interval(*(x[0] for x in ruined)))
    for name in held:
        row |= flat(name, sample.mean_of(name, (0.0, horizon)))
    for name in shocks:
        row |= flat(name, sample.mean_of(name, (0.0, math.inf)))
    return row
