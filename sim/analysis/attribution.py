"""Why a strategy wins: what it waited for, where its days went, and what cost most of them.

Frames in, frames out. The days come from :mod:`sim.budget`, the histories with one thing switched
off from :mod:`sim.counterfactuals`, the partings from :mod:`sim.partings`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.analysis.intervals import LEVEL, Interval, paired_share, wilson
from sim.analysis.samples import ask, distinct, horizon_or_latest, is_counted, mean_of_runs


def bottlenecks(
    frame: pd.DataFrame,
    *,
    goal: str | None = None,
    horizon: float | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """What the track of the goal waited for last, among the runs that reached the goal.

    Args:
        frame: runs, with the column ``binding``.
        goal, horizon, level: as for :func:`sim.statistics.incidence`.

    Returns:
        strategy (best first), binding (commonest first; ``""``: it never waited), n (runs with the
        goal), low, best, high. A strategy that never reached the goal has no rows. With several
        draws the interval is that of :meth:`sim.question.Part.share_among`.
    """
    question = ask(frame, goal, horizon_or_latest(frame, horizon), level=level)
    if "binding" not in frame and not is_counted(frame):
        raise ValueError("the frame lacks the column(s) binding")
    rows = []
    for part in question.rows():
        reached, binding = part.ended(question.goal), np.asarray(part["binding"])
        names, counts = np.unique(binding[reached].astype(str), return_counts=True)
        for place in np.argsort(-counts, kind="stable"):
            so_bound = part.count((binding == names[place]) & reached)
            share = part.share_among(so_bound, part.count(reached))
            named = {"strategy": part.strategy, "binding": str(names[place])}
            rows.append({**named, "n": int(reached.sum()), **share._asdict()})
    columns = ("strategy", "binding", "n", "low", "best", "high")
    return question.ranked(question.table(rows, columns))


def time_budget(
    budgets: pd.DataFrame,
    by: Sequence[str] = ("track", "activity"),
    *,
    horizon: float = math.inf,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Days of a mean history by track and activity, from day 0 until the goal (or the horizon).

    Args:
        budgets: from :func:`sim.budget.budgets`, of one or several strategies and draws.
        by: what the days are told apart by; ``("track", "activity", "item")`` for what exactly.
        horizon: days; no history spends more.
        level: confidence of the intervals: Student's, over histories, or draws and replications.

    Returns:
        strategy, the columns of ``by``, low, best, high (days a history; those of a track add up
        to the days without the goal). Strategies and tracks in the order of the budgets, then the
        largest first.
    """
    names = list(by)
    rows = []
    for strategy, every in budgets.groupby("strategy", observed=True, sort=False):
        some = every.iloc[distinct(every, np.arange(len(every)))]
        histories = some[["draw", "replication"]].drop_duplicates().set_index(
            ["draw", "replication"]
        )  # fmt: skip
        for key, part in some.groupby(names, observed=True, sort=False):
            days = part.groupby(["draw", "replication"])["days"].sum()
            days = days.reindex(histories.index, fill_value=0.0)
            runs = len(days)
            found = mean_of_runs(days.reset_index(), "days", (0.0, horizon), level)
            keys = key if isinstance(key, tuple) else (key,)
            named = dict(zip(names, keys, strict=True))
            rows.append({"strategy": str(strategy), **named, "n": runs, **found._asdict()})
    table = pd.DataFrame(rows, columns=["strategy", *names, "n", "low", "best", "high"])
    order = [table["strategy"], *([table["track"]] if "track" in names else [])]
    place = [pd.Series(pd.factorize(column)[0]) for column in order]
    ranked = np.lexsort([-table["best"].to_numpy(float), *reversed(place)])
    table = table.iloc[ranked].reset_index(drop=True)
    table.attrs = {"level": level} | budgets.attrs
    return table


def costs(told: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """What each setback, shock and window cost: days without the goal, in the same worlds.

    Args:
        told: from :func:`sim.counterfactuals.outcomes`.
        level: confidence of the intervals.

    Returns:
        One row for each strategy, kind, name and how (dearest first):

        - ``low``, ``best``, ``high``: mean days without the goal as it was, minus as it would have
          been with the change; more than 0: it cost days. Student's interval of the paired
          differences over histories, or over draws and replications;
        - ``joint_low``, ``joint_high``: intervals that hold for all rows of the strategy together
          (Bonferroni's inequality);
        - ``share_low``, ``share``, ``share_high``: share of histories that reach the goal with the
          change, minus without: what it cost in chances of the goal;
        - ``changed``: share of histories that the change made another.
    """
    keys = ["strategy", "kind", "name", "how"]
    rows = []
    for strategy, every in told.groupby("strategy", observed=True, sort=False):
        some = every.iloc[distinct(every, np.arange(len(every)))]
        joint = 1 - (1 - level) / max(1, len(some[keys].drop_duplicates()))
        for key, part in some.groupby(keys, observed=True, sort=False):
            limits = [_days_lost(part, each) for each in (level, joint)]
            gain = _chances_lost(part, level)
            rows.append(
                {
                    **dict(zip(keys, (str(strategy), *key[1:]), strict=True)),
                    "n": len(part),
                    **limits[0]._asdict(),
                    "joint_low": limits[1].low,
                    "joint_high": limits[1].high,
                    "share_low": gain.low,
                    "share": gain.best,
                    "share_high": gain.high,
                    "changed": float((part["days"] != part["days_without"]).mean()),
                }
            )
    columns = [*keys, "n", "low", "best", "high", "joint_low", "joint_high"]
    columns += ["share_low", "share", "share_high", "changed"]
    table = pd.DataFrame(rows, columns=columns)
    first = pd.Series(pd.factorize(table["strategy"])[0])
    dearest = np.lexsort([-table["best"].to_numpy(float), first])
    table = table.iloc[dearest].reset_index(drop=True)
    table.attrs = {"level": level} | told.attrs
    return table


def _days_lost(part: pd.DataFrame, level: float) -> Interval:
    lost = part.assign(lost=part["days"] - part["days_without"])
    most = float(np.max(part[["days", "days_without"]].to_numpy(), initial=0.0))
    return mean_of_runs(lost, "lost", (-most, most), level)


def _chances_lost(part: pd.DataFrame, level: float) -> Interval:
    with_it, without = part["reached"].astype(bool), part["reached_without"].astype(bool)
    if part["draw"].nunique() == 1:
        gained, lost = int((without & ~with_it).sum()), int((with_it & ~without).sum())
        return paired_share(gained, lost, len(part), level)
    gain = part.assign(gain=without.astype(float) - with_it.astype(float))
    return mean_of_runs(gain, "gain", (-1.0, 1.0), level)


def commonest_partings(partings: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """How often each event was the first at which two strategies parted.

    Args:
        partings: from :func:`sim.partings.partings`.
        level: confidence of Wilson's intervals.

    Returns:
        entity, a, b, n (worlds with it), median_day, low, best, high: share of all worlds,
        commonest first. Where histories never part, entity, a and b are empty.
    """
    keys = ["entity", "a", "b"]
    rows = [
        {
            **dict(zip(keys, key, strict=True)),
            "n": len(part),
            "median_day": float(np.median(part["time"])),
            **wilson(len(part), len(partings), level)._asdict(),
        }
        for key, part in partings.groupby(keys, sort=True)
    ]
    table = pd.DataFrame(rows, columns=[*keys, "n", "median_day", "low", "best", "high"])
    return table.sort_values("n", ascending=False, kind="stable", ignore_index=True)
