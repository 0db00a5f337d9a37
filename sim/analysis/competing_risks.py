"""Competing risks: incidence and hazard of each outcome, and how long the goal lasts.

Goal, ruin and abandonment compete: a replication has whichever comes first. Every replication is
followed to the horizon, so nothing is censored before it, and the estimator of O. O. Aalen and S.
Johansen (1978, Scandinavian Journal of Statistics 5, 141-150) is a plain share. One minus
Kaplan-Meier is not: it treats the ruined replications as censored, as if they might still get
there.

How long the goal lasts *is* censored: by the horizon and by the ruin. There Kaplan-Meier is right.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from sim.analysis.intervals import LEVEL, Interval, crossed, crossed_share, wilson
from sim.analysis.samples import (
    RowSample,
    StrategySample,
    curve,
    distinct,
    grid_of,
    outcomes_of,
    stack,
    validate,
    within,
)
from sim.types import DAYS_PER_YEAR, Floats

MONTH = DAYS_PER_YEAR / 12
"""Days in a month."""
MOST_SPANS = 600
"""Of a table of hazards: fifty years by month; a longer horizon has longer spans."""


def incidence_by_outcome(
    frame: pd.DataFrame,
    *,
    horizon: float | None = None,
    grid: npt.ArrayLike | None = None,
    goal: str | None = None,
    endpoint: str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Share of runs with each outcome by each time: goal, ruin and abandonment compete.

    At every time the shares of all outcomes and of the runs still open add up to one.

    Args:
        frame, horizon, grid, goal, level: as for :func:`sim.analysis.incidence.incidence`.
        endpoint: orders the strategies; by default the goal.

    Returns:
        strategy (best first), outcome, time, low, best, high.
    """
    valid = validate(frame, goal, horizon, endpoint, level=level)
    times = grid_of(grid, valid.horizon)
    curves = [
        curve(sample, sample.outcome_counts_by(name, times), times, outcome=name)
        for sample in valid.samples()
        for name in outcomes_of(frame, valid.goal)
        if name != "ongoing"
    ]
    return stack(valid, curves)


def hazard(
    frame: pd.DataFrame,
    *,
    horizon: float | None = None,
    span: float | None = None,
    goal: str | None = None,
    endpoint: str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """How likely each outcome is within a month, among the runs that are still open at its start.

    Args:
        frame, horizon, goal, endpoint, level: as for :func:`incidence_by_outcome`.
        span: length of the months in days; their ends are cut to whole days. By default a month,
            or, where the horizon has more than :data:`MOST_SPANS` months, so many equal spans.

    Returns:
        strategy (best first), outcome, opens, closes (days; opens < time <= closes, day 0 counts
        to the first), at_risk (runs open at its start), low, best, high. Wilson's intervals; with
        several draws those of a ratio (:meth:`sim.analysis.samples.StrategySample.share_among`).
        Months in which no run is open any more are left out.
    """
    valid = validate(frame, goal, horizon, endpoint, level=level)
    if span is None:
        span = max(MONTH, valid.horizon / MOST_SPANS)
    edges = _edges(span, valid.horizon)
    names = [name for name in outcomes_of(frame, valid.goal) if name != "ongoing"]
    tables = [_hazards(sample, names, edges) for sample in valid.samples()]
    return stack(valid, tables)


def _edges(span: float, horizon: float) -> Floats:
    """Ends of the months; a rest shorter than half of one goes to the last."""
    if not span >= 1:
        raise ValueError(f"span is {span:g} days; it must be at least 1")
    edges = np.floor(np.arange(0.0, horizon, span))
    if len(edges) > 1 and horizon - edges[-1] < span / 2:
        edges = edges[:-1]
    return np.append(edges, horizon)


def _hazards(sample: StrategySample, names: Sequence[str], edges: Floats) -> pd.DataFrame:
    come = {name: sample.outcome_counts_by(name, edges) for name in names}
    still = sample.everyone.map(_still_open, *come.values())
    at_risk = still.by_draw.sum(axis=0)
    rows = []
    for name, counts in come.items():
        spans = counts.map(within)
        for i in range(len(edges) - 1):
            if at_risk[i] == 0:
                break
            share = sample.share_among(spans.of(i), still.of(i))
            rows.append(
                {
                    "strategy": sample.strategy,
                    "outcome": name,
                    "opens": edges[i],
                    "closes": edges[i + 1],
                    "at_risk": int(at_risk[i]),
                    **share._asdict(),
                }
            )
    return pd.DataFrame(rows)


def _still_open(everyone: npt.NDArray[Any], *come: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Runs that have had no outcome by each time; day 0 counts to the first month."""
    gone = np.sum(come, axis=0)
    gone[:, 0] = 0
    still: npt.NDArray[Any] = everyone - gone
    return still


# ---------------------------------------------------------------------------------------------
# How long the goal lasts


def endurance(
    frame: pd.DataFrame,
    goal: str,
    ruin: str | None,
    horizon: float,
    endpoint: str | None = None,
    *,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Of the runs that reached the goal, how many kept it to the end without a break.

    The endpoint, by default the goal, orders the strategies.

    A row holds when the goal was first reached and how long it was held in all. That
    determines whether it was held without a break, up to the horizon or the ruin; of those that
    lost it, it does not show when, if they may have regained it: see :func:`durability`.

    Returns:
        strategy (best first), n (runs that reached the goal), low, best, high: share of them. A
        strategy that never reached it has no row.
    """
    valid = validate(frame, goal, horizon, endpoint, ruin, level)
    rows = []
    for sample in valid.rows():
        reached, unbroken = _kept(sample, goal, ruin, horizon)
        if reached.any():
            share = sample.share_among(sample.count(unbroken), sample.count(reached))
            rows.append({"strategy": sample.strategy, "n": int(reached.sum()), **share._asdict()})
    return valid.ranked(valid.table(rows, ("strategy", "n", "low", "best", "high")))


def _kept(sample: RowSample, goal: str, ruin: str | None, horizon: float) -> tuple[Any, Any]:
    """Whether each run reached the goal, and whether it kept it to its end."""
    since = sample.times(goal, goal)
    end = np.minimum(horizon, sample.times(ruin, goal)) if ruin is not None else horizon
    reached = np.isfinite(since)
    lost = np.where(reached, end - np.where(reached, since, 0.0) - sample[f"held_{goal}"], np.inf)
    return reached, lost <= 1e-6


def durability(
    spells: pd.DataFrame,
    reached: Mapping[str, int] | None = None,
    *,
    grid: npt.ArrayLike | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """How long the goal lasts once it is reached: Kaplan-Meier over first spells.

    A spell that still held at the horizon or at the ruin is censored there (E. L. Kaplan and P.
    Meier 1958, JASA 53, 457-481; by :func:`scipy.stats.ecdf`, with its log-log limits). Where all
    or none have ended, the limits are Wilson's for those at risk. With several draws there is one
    curve for each draw, and the interval of their mean over draws and replications, in which a
    run counts by its influence on the curve (N. Reid 1981, Annals of Statistics 9, 78-92).

    Args:
        spells: one row for each replayed run that reached the goal: strategy, draw, days, ended
            (bool), and the replication where there are several draws.
        reached: by strategy, how many runs reached the goal, where not all of them were replayed.
        grid: days since the goal; by default some 200 whole days to the longest spell, one of them
            the year.
        level: confidence of the pointwise intervals.

    Returns:
        strategy (in the order of the spells), reached (runs), replayed (runs, of these), time
        (days since the goal), at_risk, low, best, high: share that has lasted longer. It ends where
        no spell is followed any more.
    """
    tables = []
    several = spells["draw"].nunique() > 1 if len(spells) else False
    longest = float(spells["days"].max()) if len(spells) else 0.0
    times = grid_of(grid, np.floor(longest))
    if grid is None and longest >= DAYS_PER_YEAR:
        times = np.union1d(times, np.floor(DAYS_PER_YEAR))
    for name, some in spells.groupby("strategy", observed=True, sort=False):
        own = some.iloc[distinct(some, np.arange(len(some)))] if several else some
        days = np.sort(own["days"].to_numpy(float))
        at_risk = len(days) - np.searchsorted(days, times)
        followed = times[at_risk > 0]
        alone = not several or len(own) < len(some)
        lasting = _lasting(own, followed, level) if alone else _over_draws(own, followed, level)
        about = {
            "strategy": str(name),
            "reached": (reached or {}).get(str(name), len(some)),
            "replayed": len(some),
            "time": followed,
            "at_risk": at_risk[at_risk > 0],
        }
        tables.append(pd.DataFrame(about | lasting._asdict()))
    columns = ["strategy", "reached", "replayed", "time", "at_risk", "low", "best", "high"]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
    table.attrs = {"level": level} | spells.attrs
    return table


def _over_draws(spells: pd.DataFrame, times: Floats, level: float) -> Interval:
    """The mean of the draws' curves, with its interval over draws and replications."""
    spells = spells.reset_index(drop=True)
    draws = [one for _, one in spells.groupby("draw")]
    curves = np.array([_lasting(one, times, level).best for one in draws])
    best = curves.mean(axis=0)
    by_draw = (curves - best) / len(draws)
    names, place = np.unique(spells["replication"], return_inverse=True)
    by_replication = np.zeros((len(names), len(times)))
    for one, curve_, gap in zip(draws, curves, by_draw, strict=True):
        added = influence(one, times, curve_) / len(draws) + gap / len(one)
        np.add.at(by_replication, place[one.index], added)
    return crossed_share(best, crossed(best, by_draw, by_replication), level)


def influence(spells: pd.DataFrame, times: Floats, curve_: Floats) -> Floats:
    """What each spell adds to the error of its Kaplan-Meier curve: (spells, times).

    They add up to 0, and their squares to M. Greenwood's variance (1926).
    """
    days, ended = spells["days"].to_numpy(float), spells["ended"].to_numpy(bool)
    ordered = np.sort(days)
    at_risk = (len(days) - np.searchsorted(ordered, days)).astype(float)
    ends, first, deaths = np.unique(days[ended], return_index=True, return_counts=True)
    then = at_risk[ended][first]
    left = np.where(then > deaths, then - deaths, np.inf)  # beyond the last end the curve is 0
    steps = np.append(0.0, np.cumsum(deaths / then / left))
    seen = np.minimum(days[:, None], times)
    lost = steps[np.searchsorted(ends, seen, side="right")]
    one = np.append(0.0, 1.0 / left)[np.searchsorted(ends, days, side="right")]
    own = np.where(ended[:, None] & (days[:, None] <= times), one[:, None], 0.0)
    added: Floats = -curve_ * (own - lost)
    return added


def _lasting(spells: pd.DataFrame, times: Floats, level: float) -> Interval:
    """The Kaplan-Meier curve of some spells at some times."""
    days, ended = spells["days"].to_numpy(float), spells["ended"].to_numpy(bool)
    curve_of = stats.ecdf(stats.CensoredData(uncensored=days[ended], right=days[~ended])).sf
    best = curve_of.evaluate(times)
    at_risk = len(days) - np.searchsorted(np.sort(days), times)
    edge = wilson(best * np.maximum(at_risk, 1), np.maximum(at_risk, 1), level)
    with warnings.catch_warnings():  # scipy says so where all or none have ended
        warnings.simplefilter("ignore", RuntimeWarning)
        limits = curve_of.confidence_interval(level, method="log-log")
    low, high = (side.evaluate(times) for side in (limits.low, limits.high))
    inside = (best > 0) & (best < 1) & np.isfinite(low) & np.isfinite(high)
    return Interval(np.where(inside, low, edge.low), best, np.where(inside, high, edge.high))
