"""Strategies against each other in the same worlds: differences, the best of them, who is sooner.

Every strategy meets the same luck in the same draw and replication, so they are compared world by
world. With one draw a world is a replication; with several draws the unit is the draw, and what is
compared are averages over its replications (see :mod:`sim.question`).

A history that never reached the endpoint is data: in a pair it is later than one that did, and two
that never did are a tie. Pairs need rows; a frame that holds counts is refused.

Common luck leaves the luck of attempts that only one of two strategies makes, or that both make
with other chances. Where the surprises of the histories are given, that is taken out as well
(:mod:`sim.controls`), and told beside the plain differences as ``adjusted``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.analysis.control_variates import taken_out
from sim.analysis.intervals import (
    LEVEL,
    Floats,
    Interval,
    alike,
    carriers,
    mean_interval,
    paired_share,
    wilson,
    with_unseen,
)
from sim.analysis.samples import YEARS, Question, RowPart, aligned, ask, marks_of

RESAMPLES = 2000
"""Bootstrap resamples; their luck is fixed, so the same frame gives the same answer."""
ADJUSTED = ["adjusted_low", "adjusted", "adjusted_high", "adjusted_ratio"]
LEAST_APART = 20
"""Worlds that carry a difference. A mean that fewer carry is far from normal: its interval is no
shorter than that of equal values, and nothing is taken out of it."""
LEAST_LEFT = 0.04
"""Variance that surprises leave of a difference. Where they leave less, what was not seen counts
for more than the spread that was."""
MOST_UNITS = 4000
"""More worlds than these are taken together in batches before they are resampled."""


class Measure(NamedTuple):
    """A quantity of every run, that strategies are compared by."""

    name: str
    unit: str
    better: str
    range: float  # no two runs differ by more
    values: Callable[[RowPart], Floats]

    @property
    def sign(self) -> float:
        """1 where more is better, -1 where less is."""
        return 1.0 if self.better == "higher" else -1.0


@dataclass(frozen=True)
class Worlds:
    """The runs of all strategies, in the same worlds and in one order.

    Attributes:
        question: what the frame was asked.
        parts: the runs of each strategy, best strategy first.
        years: at which shares are told.
        surprises: (runs, controls) of each strategy, numbers of mean 0 of the same runs, or None.
    """

    question: Question
    parts: Mapping[str, RowPart]
    years: Sequence[float] = YEARS
    surprises: Mapping[str, Floats] | None = None

    @property
    def names(self) -> list[str]:
        """Strategies, best first."""
        return list(self.parts)

    @property
    def several(self) -> bool:
        """Is the draw the unit?"""
        return bool(self.question.frame["draw"].nunique() > 1)

    @property
    def runs(self) -> int:
        """Runs of each strategy."""
        return len(next(iter(self.parts.values())).rows)

    @cached_property
    def measures(self) -> list[Measure]:
        """What the strategies are compared by."""
        return measures_of(self.question, self.years)

    @cached_property
    def _units(self) -> dict[str, Floats]:
        return {}

    def units(self, measure: Measure) -> Floats:
        """A measure of every unit and strategy: (units, strategies)."""
        if measure.name not in self._units:
            columns = [self.by_unit(part, measure.values(part)) for part in self.parts.values()]
            self._units[measure.name] = np.column_stack(columns)
        return self._units[measure.name]

    def by_unit(self, part: RowPart, values: Floats) -> Floats:
        """Values of runs as values of units: the same, or their averages over each draw."""
        return part.by_draw(values) if self.several else values.astype(float)

    def difference(self, measure: Measure, a: int, b: int, level: float) -> Interval:
        """Mean difference of two strategies, a minus b, by their places."""
        units = self.units(measure)
        ours, theirs = units[:, a], units[:, b]
        if measure.unit == "share" and not self.several:
            return paired_share((ours > theirs).sum(), (ours < theirs).sum(), self.runs, level)
        bounds, apart = (-measure.range, measure.range), np.count_nonzero(ours != theirs)
        found = mean_interval(ours - theirs, bounds, level, self.runs)
        few = apart < min(LEAST_APART, len(units) / 2)
        return with_unseen(found, bounds, self.runs, level) if few else found

    @cached_property
    def _without_surprises(self) -> dict[str, Floats]:
        """Units as by :meth:`units`, without surprises; NaN of strategies with too few worlds."""
        if self.surprises is None:
            return {}
        names, columns = [measure.name for measure in self.measures], []
        for strategy, part in self.parts.items():
            values = np.column_stack([m.values(part).astype(float) for m in self.measures])
            left = taken_out(values, self.surprises[strategy], part["replication"])
            by_measure = (np.full_like(values, np.nan) if left is None else left).T
            columns.append([self.by_unit(part, one) for one in by_measure])
        return {name: np.column_stack(units) for name, *units in zip(names, *columns, strict=True)}

    def adjusted(self, measure: Measure, a: int, b: int) -> Floats | None:
        """Differences a minus b of the units, without surprises; None: better left as they are.

        So they are where there are too few worlds for one of the two (what is taken out of the
        other alone would undo the pairing), where the variance is not less, and where fewer than
        :data:`LEAST_APART` worlds carry it.
        """
        if not self._without_surprises:
            return None
        plain, left = (
            units[:, a] - units[:, b]
            for units in (self.units(measure), self._without_surprises[measure.name])
        )
        less = left.var() < plain.var()  # false where one is NaN
        return left if less and carriers(left) >= LEAST_APART else None


def worlds(
    frame: pd.DataFrame,
    goal: str,
    ruin: str | None,
    horizon: float,
    endpoint: str | None = None,
    *,
    years: Sequence[float] = YEARS,
    level: float = LEVEL,
) -> Worlds:
    """The runs of a frame in pairs; what the functions of this module are asked about.

    Args:
        frame: runs. Each strategy must have the same (draw, replication), each of them once.
        goal: the condition that is wanted.
        ruin: the condition that ends a run, or None.
        horizon: days; that of the runs.
        endpoint: what is waited for, and what ranks the strategies; by default the goal.
        years: marks at which shares are told; those beyond the horizon are left out.
        level: confidence of the intervals.

    Raises:
        ValueError: unknown names (the message lists those known), an unusable frame, or runs
            without their pair.
    """
    question = ask(frame, goal, horizon, endpoint, ruin, level)
    parts = {part.strategy: part for part in question.rows()}
    first = next(iter(parts.values()))
    paired = {name: aligned(part, first) for name, part in parts.items()}
    return Worlds(question, {name: paired[name] for name in question.rank()}, tuple(years))


def measures_of(question: Question, years: Sequence[float]) -> list[Measure]:
    """Shares reached by each mark, days without, days held, and the share of ruin."""
    goal, ruin, endpoint = question.goal, question.ruin, question.endpoint
    horizon = question.horizon
    more, less = ("lower", "higher") if question.of_ruin else ("higher", "lower")

    def by(day: float) -> Callable[[RowPart], Floats]:
        return lambda part: (part.times(endpoint, goal) <= day).astype(float)

    def without(part: RowPart) -> Floats:
        return np.minimum(part.times(endpoint, goal), horizon)

    def ruined(part: RowPart) -> Floats:
        return np.isfinite(part.times(str(ruin), goal)).astype(float)

    marks = marks_of(years, horizon)
    measures = [Measure(name, "share", more, 1.0, by(day)) for name, day in marks.items()]
    measures.append(Measure("restricted_mean", "days", less, horizon, without))
    held = f"held_{goal}"
    if held in question.frame:
        measures.append(Measure(held, "days", "higher", horizon, lambda part: part[held]))
    if ruin is not None:
        measures.append(Measure("ruin", "share", "lower", 1.0, ruined))
    return measures


# ---------------------------------------------------------------------------------------------
# Estimates and differences


def estimates(its_worlds: Worlds) -> pd.DataFrame:
    """Every measure of every strategy, by itself.

    Returns:
        strategy (best first), measure, unit ("share" or "days"), better ("higher" or "lower"), n
        (runs), low, best, high. Measures are named as in :func:`sim.statistics.summary`.
    """
    rows = [
        {
            "strategy": name,
            **_about(measure),
            "n": its_worlds.runs,
            **_alone(its_worlds, measure, place)._asdict(),
        }
        for place, name in enumerate(its_worlds.names)
        for measure in its_worlds.measures
    ]
    return its_worlds.question.table(rows)


def _about(measure: Measure) -> dict[str, str]:
    return {"measure": measure.name, "unit": measure.unit, "better": measure.better}


def _alone(its_worlds: Worlds, measure: Measure, place: int) -> Interval:
    values, level = its_worlds.units(measure)[:, place], its_worlds.question.level
    if measure.unit == "share" and not its_worlds.several:
        return wilson(values.sum(), its_worlds.runs, level)
    return mean_interval(values, (0.0, measure.range), level, its_worlds.runs)


def compare(
    frame: pd.DataFrame,
    baseline: str,
    goal: str,
    ruin: str | None,
    horizon: float,
    endpoint: str | None = None,
    *,
    years: Sequence[float] = YEARS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Every strategy minus the baseline: :func:`differences` of :func:`worlds`."""
    return differences(
        worlds(frame, goal, ruin, horizon, endpoint, years=years, level=level), baseline
    )


def differences(its_worlds: Worlds, baseline: str) -> pd.DataFrame:
    """Every strategy minus the baseline, run by run: same draw, same replication, same luck.

    Args:
        its_worlds: runs of two strategies or more, from :func:`worlds`.
        baseline: the strategy that the others are held against.

    Returns:
        One row for each other strategy (best first) and each measure.

        - ``strategy``, ``baseline``, ``measure``, ``n`` (pairs);
        - ``unit``: "share" or "days"; ``better``: "higher" or "lower";
        - ``low``, ``best``, ``high``: mean difference, strategy minus baseline, its interval by
          itself: Student's for days, that of :func:`sim.intervals.paired_share` for shares. Where
          most worlds are equal and fewer than :data:`LEAST_APART` differ, it is no shorter than
          that of equal values;
        - ``joint_low``, ``joint_high``: intervals that hold for all other strategies together
          (Bonferroni's inequality: O. J. Dunn 1961, JASA 56, 52-64), for one measure;
        - ``variance_ratio``: variance of the paired differences over the sum of the two variances,
          which is what independent runs would have had; ``saving``: its inverse, the factor by
          which common random numbers cut the number of runs (inf: the differences do not vary).
          Both are NaN where neither strategy varies. With several draws all are about draw means;
        - ``adjusted_low``, ``adjusted``, ``adjusted_high``, ``adjusted_ratio``: the same difference
          with the surprises taken out, its Student's interval, and its variance over that which
          independent runs would have had; only where the worlds know their surprises. Where
          nothing is taken out (:meth:`Worlds.adjusted`), ``low``, ``best``, ``high`` and
          ``variance_ratio`` repeat.

    Raises:
        ValueError: an unknown baseline.
    """
    names = its_worlds.names
    if baseline not in names:
        raise ValueError(f"unknown baseline {baseline!r}; the frame holds: {', '.join(names)}")
    base, level = names.index(baseline), its_worlds.question.level
    joint = 1 - (1 - level) / max(1, len(names) - 1)
    rows = []
    for place, name in enumerate(names):
        for measure in its_worlds.measures if place != base else ():
            together = its_worlds.difference(measure, place, base, joint)
            rows.append(
                {
                    "strategy": name,
                    "baseline": baseline,
                    **_about(measure),
                    "n": its_worlds.runs,
                    "joint_low": together.low,
                    "joint_high": together.high,
                    **_apart(its_worlds, measure, place, base),
                }
            )
    columns = ["strategy", "baseline", "measure", "unit", "better", "n", "low", "best", "high"]
    columns += ["joint_low", "joint_high", "variance_ratio", "saving"]
    columns += [] if its_worlds.surprises is None else ADJUSTED
    table = its_worlds.question.table(rows, columns)
    table.attrs["baseline"] = baseline
    return table


def _apart(its_worlds: Worlds, measure: Measure, a: int, b: int) -> dict[str, float]:
    """A difference plain and adjusted, and what was done to its variance."""
    level, bounds = its_worlds.question.level, (-measure.range, measure.range)
    plain = its_worlds.difference(measure, a, b, level)
    ours, theirs = its_worlds.units(measure)[:, [a, b]].T
    ratio = _ratio(ours - theirs, ours, theirs)
    found = {**plain._asdict(), "variance_ratio": ratio, "saving": 1 / ratio if ratio else math.inf}
    if its_worlds.surprises is None:
        return found
    adjusted = its_worlds.adjusted(measure, a, b)
    if adjusted is None:
        return found | dict(zip(ADJUSTED, (*plain, ratio), strict=True))
    less = mean_interval(adjusted, bounds, level, its_worlds.runs)
    if adjusted.var() < LEAST_LEFT * (ours - theirs).var():
        less = with_unseen(less, bounds, its_worlds.runs, level)
    return found | dict(zip(ADJUSTED, (*less, _ratio(adjusted, ours, theirs)), strict=True))


def _ratio(difference: Floats, ours: Floats, theirs: Floats) -> float:
    """Its variance over that which it would have between independent runs; NaN: neither varies."""
    if len(ours) < 2 or not (apart := float(ours.var(ddof=1) + theirs.var(ddof=1))):
        return math.nan
    return 0.0 if alike(difference) else float(difference.var(ddof=1)) / apart


# ---------------------------------------------------------------------------------------------
# The best


def with_the_best(its_worlds: Worlds) -> pd.DataFrame:
    """Every strategy minus the best of the others: what can be said of all of them at once.

    Multiple comparisons with the best (J. C. Hsu 1984, Annals of Statistics 12, 1136-1144), from
    paired differences under common random numbers with a Bonferroni allowance (W.-N. Yang and B. L.
    Nelson 1991, Operations Research 39, 583-591). For one measure the intervals of all strategies
    hold together at the level: with k strategies each rests on k - 1 one-sided limits at
    1 - (1 - level) / (k - 1), since only the comparisons of the truly best one must hold.

    Returns:
        strategy (best first), measure, unit, better, n, and

        - ``low``, ``best``, ``high``: strategy minus the best of the others, in the measure's
          unit. Where less is better, ``high`` = 0 says that it is the best, and ``low`` = 0 that
          it is not; where more is better the other way round.
        - ``may_be_best``: whether the interval leaves that open;
        - ``chance_low``, ``chance``, ``chance_high``: in what share of bootstrap resamples of the
          units (paired) it is the best; ties are shared. The limits are Wilson's, of the number of
          resamples: they say how well the share is computed, no more. A single unit tells nothing:
        all have the same chance.

    Raises:
        ValueError: one strategy alone.
    """
    names = its_worlds.names
    if len(names) < 2:
        raise ValueError("there is only one strategy; a comparison needs two")
    chances = _chances(its_worlds)
    rows = []
    for measure in its_worlds.measures:
        found = _apart_from_the_best(its_worlds, measure)
        for place, name in enumerate(names):
            low, best, high = (float(limit[place]) for limit in found)
            chance = wilson(chances[measure.name][place] * RESAMPLES, RESAMPLES)
            rows.append(
                {
                    "strategy": name,
                    **_about(measure),
                    "n": its_worlds.runs,
                    **{"low": low, "best": best, "high": high},
                    "may_be_best": not (high <= 0 if measure.sign > 0 else low >= 0),
                    "chance_low": float(chance.low),
                    "chance": float(chance.best),
                    "chance_high": float(chance.high),
                }
            )
    table = its_worlds.question.table(rows)
    place_of = {name: i for i, name in enumerate(names)}
    ordered = table.sort_values("strategy", key=lambda s: s.map(place_of), kind="stable")
    ordered = ordered.reset_index(drop=True)
    ordered.attrs = table.attrs
    return ordered


def _apart_from_the_best(its_worlds: Worlds, measure: Measure) -> Interval:
    """Hsu's constrained intervals, in the measure's unit: three arrays (strategies,)."""
    k = len(its_worlds.names)
    level = 1 - 2 * (1 - its_worlds.question.level) / (k - 1)  # two-sided, for one-sided limits
    low, best, high = (np.full((k, k), np.nan) for _ in range(3))
    for a, b in itertools.permutations(range(k), 2):
        between = its_worlds.difference(measure, a, b, level)
        ends = between if measure.sign > 0 else Interval(*(-x for x in reversed(between)))
        low[a, b], best[a, b], high[a, b] = (float(x) for x in ends)
    upper = np.maximum(0.0, _least(high))
    in_question = upper > 0
    if not in_question.any() or np.isnan(upper).any():  # a single unit tells nothing
        in_question = np.ones(k, bool)
    lower = np.array([_lower_limit(low[a], in_question, a) for a in range(k)])
    middle = _least(best)
    if measure.sign > 0:
        return Interval(lower, middle, upper)
    return Interval(-upper + 0.0, -middle + 0.0, -lower + 0.0)


def _least(table: Floats) -> Floats:
    """The least of each row, without the diagonal; NaN where anything else is NaN."""
    k = len(table)
    least: Floats = np.array([np.delete(table[a], a).min() for a in range(k)])
    return least


def _lower_limit(low: Floats, in_question: Any, a: int) -> float:
    others = in_question.copy()
    others[a] = False
    if not others.any():
        return 0.0
    return float(np.minimum(0.0, low[others].min()))


def _chances(its_worlds: Worlds) -> dict[str, Floats]:
    """In what share of resamples each strategy is the best, by measure: arrays (strategies,)."""
    measures, k = its_worlds.measures, len(its_worlds.names)
    if len(its_worlds.units(measures[0])) == 1:  # a single unit tells nothing
        return {measure.name: np.full(k, 1 / k) for measure in measures}
    values = np.hstack([measure.sign * its_worlds.units(measure) for measure in measures])
    first = np.zeros((len(measures), k))
    for means in resampled(values):
        by_measure = means.reshape(len(means), len(measures), k)
        best = by_measure >= by_measure.max(axis=2, keepdims=True) - 1e-9
        first += (best / best.sum(axis=2, keepdims=True)).sum(axis=0)
    return {m.name: first[i] / RESAMPLES for i, m in enumerate(measures)}


def resampled(values: Floats, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """Means of bootstrap resamples of the units, some at a time.

    Args:
        values: (units, columns); a resample takes whole rows, so that pairs stay pairs.
        resamples: how many.

    Yields:
        (some, columns), together ``resamples`` rows; the same for the same values.
    """
    averages = in_batches(values)
    units = len(averages)
    luck = np.random.Generator(np.random.Philox(key=20_170_615))
    at_once = max(1, min(resamples, 2_000_000 // units))
    for start in range(0, resamples, at_once):
        some = min(at_once, resamples - start)
        taken = luck.integers(0, units, (some, units)) + units * np.arange(some)[:, None]
        weights = np.bincount(taken.ravel(), minlength=some * units).reshape(some, units)
        yield weights.astype(averages.dtype) @ averages / units


def in_batches(values: Floats) -> Floats:
    """Averages over batches of neighbouring units; every unit alone if they are few.

    The mean of a resample of batches has the variance of the mean of a resample of units. Batches
    are of one size, so a few units at the end may be left out.
    """
    size = batch_size(len(values))
    count = len(values) // size
    averages: Floats = values[: count * size].reshape(count, size, -1).mean(axis=1)
    return averages


def batch_size(units: int) -> int:
    """Units in a batch."""
    return math.ceil(units / MOST_UNITS)


# ---------------------------------------------------------------------------------------------
# Pairs


def pairs(its_worlds: Worlds) -> pd.DataFrame:
    """For each two strategies: how often one is sooner than the other in the same world.

    Returns:
        One row for each ordered pair of different strategies ``a`` and ``b`` (best first), n, and

        - ``win``, ``tie``, ``loss`` with their limits ``win_low`` ..: chances that ``a`` reaches
          the endpoint sooner than ``b`` in the same world, at the same time (or both never), and
          later. Wilson's intervals; with several draws Student's over draws;
        - ``net_low``, ``net``, ``net_high``: ``win`` minus ``loss``, paired: the interval of
          :func:`sim.intervals.paired_share`; with several draws Student's over draws;
        - ``low``, ``best``, ``high``: a minus b in mean days without the endpoint;
        - ``variance_ratio``, ``saving``, ``adjusted`` with its limits and ``adjusted_ratio``: of
          these days, as in :func:`differences`.
    """
    goal, endpoint = its_worlds.question.goal, its_worlds.question.endpoint
    times = [part.times(endpoint, goal) for part in its_worlds.parts.values()]
    days = next(m for m in its_worlds.measures if m.name == "restricted_mean")
    rows = []
    for a, b in itertools.permutations(range(len(its_worlds.names)), 2):
        row: dict[str, Any] = {
            "a": its_worlds.names[a],
            "b": its_worlds.names[b],
            "n": its_worlds.runs,
        }
        for name, flags in (
            ("win", times[a] < times[b]),
            ("tie", times[a] == times[b]),
            ("loss", times[a] > times[b]),
        ):
            share = _share(its_worlds, flags)
            row |= {name: share.best, f"{name}_low": share.low, f"{name}_high": share.high}
        net = _net(its_worlds, times[a] < times[b], times[a] > times[b])
        row |= {"net_low": net.low, "net": net.best, "net_high": net.high}
        rows.append(row | _apart(its_worlds, days, a, b))
    return its_worlds.question.table(rows)


def _net(its_worlds: Worlds, win: Any, loss: Any) -> Interval:
    """How many more paired replications are won than lost, as a share, with its interval."""
    level, runs = its_worlds.question.level, its_worlds.runs
    if not its_worlds.several:
        return paired_share(win.sum(), loss.sum(), runs, level)
    part = next(iter(its_worlds.parts.values()))
    return mean_interval(part.by_draw(win.astype(float) - loss), (-1.0, 1.0), level, runs)


def _share(its_worlds: Worlds, flags: Any) -> Interval:
    """Share of the worlds, with its interval."""
    level, part = its_worlds.question.level, next(iter(its_worlds.parts.values()))
    if not its_worlds.several:
        return wilson(flags.sum(), its_worlds.runs, level)
    return mean_interval(part.by_draw(flags), (0.0, 1.0), level, its_worlds.runs)
