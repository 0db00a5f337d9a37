"""Attribution of delay: what a strategy waited for, where its days went, what cost most of them.

Frames in, frames out. The days come from :mod:`sim.tracing.time_budget`, the ablated replications
from :mod:`sim.studies.ablation`, the divergences from :mod:`sim.tracing.divergence`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.analysis.intervals import LEVEL, Interval, paired_share, wilson
from sim.analysis.samples import distinct, horizon_or_latest, is_counted, mean_of_runs, validate


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
        goal, horizon, level: as for :func:`sim.analysis.incidence.incidence`.

    Returns:
        strategy (best first), binding (commonest first; ``""``: it never waited), n (runs with the
        goal), low, best, high. A strategy that never reached the goal has no rows. With several
        draws the interval is that of :meth:`sim.analysis.samples.StrategySample.share_among`.
    """
    valid = validate(frame, goal, horizon_or_latest(frame, horizon), level=level)
    if "binding" not in frame and not is_counted(frame):
        raise ValueError("the frame lacks the column(s) binding")
    rows = []
    for sample in valid.rows():
        reached, binding = sample.ended(valid.goal), np.asarray(sample["binding"])
        names, counts = np.unique(binding[reached].astype(str), return_counts=True)
        for place in np.argsort(-counts, kind="stable"):
            so_bound = sample.count((binding == names[place]) & reached)
            share = sample.share_among(so_bound, sample.count(reached))
            named = {"strategy": sample.strategy, "binding": str(names[place])}
            rows.append({**named, "n": int(reached.sum()), **share._asdict()})
    columns = ("strategy", "binding", "n", "low", "best", "high")
    return valid.ranked(valid.table(rows, columns))


def time_budget(
    budgets: pd.DataFrame,
    by: Sequence[str] = ("track", "activity"),
    *,
    horizon: float = math.inf,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Mean days of a replication by track and activity, from day 0 until the goal or the horizon.

    Args:
        budgets: from :func:`sim.tracing.time_budget.budgets`, of one or several strategies and
            draws.
        by: what the days are grouped by; ``("track", "activity", "item")`` for what exactly.
        horizon: days; no replication spends more.
        level: confidence of the intervals: Student's, over replications, or draws and
            replications.

    Returns:
        strategy, the columns of ``by``, low, best, high (days a replication; those of a track
        add up to the days without the goal). Strategies and tracks in the order of the budgets,
        then the largest first.
    """
    names = list(by)
    rows = []
    for strategy, every in budgets.groupby("strategy", observed=True, sort=False):
        some = every.iloc[distinct(every, np.arange(len(every)))]
        replications = some[["draw", "replication"]].drop_duplicates().set_index(
            ["draw", "replication"]
        )  # fmt: skip
        for key, sample in some.groupby(names, observed=True, sort=False):
            days = sample.groupby(["draw", "replication"])["days"].sum()
            days = days.reindex(replications.index, fill_value=0.0)
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


def costs(ablated: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """What each setback, shock and window cost in days without the goal: an ablation, paired.

    Args:
        ablated: from :func:`sim.studies.ablation.outcomes`.
        level: confidence of the intervals.

    Returns:
        One row for each strategy, kind, name and how (costliest first):

        - ``low``, ``best``, ``high``: mean days without the goal as it was, minus as it would have
          been with the change; more than 0: it cost days. Student's interval of the paired
          differences over replications, or over draws and replications;
        - ``joint_low``, ``joint_high``: intervals that hold for all rows of the strategy together
          (Bonferroni's inequality);
        - ``share_low``, ``share``, ``share_high``: share of replications that reach the goal with
          the change, minus without: what it cost in chances of the goal;
        - ``changed``: share of replications that the change altered.
    """
    keys = ["strategy", "kind", "name", "how"]
    rows = []
    for strategy, every in ablated.groupby("strategy", observed=True, sort=False):
        some = every.iloc[distinct(every, np.arange(len(every)))]
        joint = 1 - (1 - level) / max(1, len(some[keys].drop_duplicates()))
        for key, sample in some.groupby(keys, observed=True, sort=False):
            limits = [_days_lost(sample, each) for each in (level, joint)]
            gain = _chances_lost(sample, level)
            rows.append(
                {
                    **dict(zip(keys, (str(strategy), *key[1:]), strict=True)),
                    "n": len(sample),
                    **limits[0]._asdict(),
                    "joint_low": limits[1].low,
                    "joint_high": limits[1].high,
                    "share_low": gain.low,
                    "share": gain.best,
                    "share_high": gain.high,
                    "changed": float((sample["days"] != sample["days_without"]).mean()),
                }
            )
    columns = [*keys, "n", "low", "best", "high", "joint_low", "joint_high"]
    columns += ["share_low", "share", "share_high", "changed"]
    table = pd.DataFrame(rows, columns=columns)
    first = pd.Series(pd.factorize(table["strategy"])[0])
    costliest_first = np.lexsort([-table["best"].to_numpy(float), first])
    table = table.iloc[costliest_first].reset_index(drop=True)
    table.attrs = {"level": level} | ablated.attrs
    return table


def _days_lost(sample: pd.DataFrame, level: float) -> Interval:
    lost = sample.assign(lost=sample["days"] - sample["days_without"])
    most = float(np.max(sample[["days", "days_without"]].to_numpy(), initial=0.0))
    return mean_of_runs(lost, "lost", (-most, most), level)


def _chances_lost(sample: pd.DataFrame, level: float) -> Interval:
    with_it, without = sample["reached"].astype(bool), sample["reached_without"].astype(bool)
    if sample["draw"].nunique() == 1:
        gained, lost = int((without & ~with_it).sum()), int((with_it & ~without).sum())
        return paired_share(gained, lost, len(sample), level)
    gain = sample.assign(gain=without.astype(float) - with_it.astype(float))
    return mean_of_runs(gain, "gain", (-1.0, 1.0), level)


def commonest_divergences(divergences: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """How often each event was the first divergence of two strategies.

    Args:
        divergences: from :func:`sim.tracing.divergence.divergences`.
        level: confidence of Wilson's intervals.

    Returns:
        entity, a, b, n (paired replications with it), median_day, low, best, high: share of all
        paired replications, commonest first. Where a pair never diverges, entity, a and b are
        empty.
    """
    keys = ["entity", "a", "b"]
    rows = [
        {
            **dict(zip(keys, key, strict=True)),
            "n": len(sample),
            "median_day": float(np.median(sample["time"])),
            **wilson(len(sample), len(divergences), level)._asdict(),
        }
        for key, sample in divergences.groupby(keys, sort=True)
    ]
    table = pd.DataFrame(rows, columns=[*keys, "n", "median_day", "low", "best", "high"])
    return table.sort_values("n", ascending=False, kind="stable", ignore_index=True)
