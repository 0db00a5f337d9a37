"""Samples: the runs in a validated frame, from which every table of estimates is made.

A frame holds one row a replication (see :mod:`sim.engine.rows`), for one or several strategies and
draws. Instead of rows a frame may hold counts by whole days (see :mod:`sim.engine.daily_counts`):
what a run keeps that is too large for rows. Whatever is said of shares at whole days is the same
from both, to the last bit; means agree to a thousandth of a day, and a median is rounded up to the
end of its day. Paired replications cannot be compared from counts.

A replication that never reached the endpoint is data: it counts in every share and every mean here,
and is never dropped. Dropping it would make a strategy that succeeds at once or not at all look
better than one that succeeds late but surely.

**Where the intervals come from.** With one draw the replication is the unit: Wilson intervals for
shares, Student's t for means, order statistics for medians. As soon as a frame holds several
draws, both are random: which draws were made, and which replications, whose random numbers all
draws share. One interval holds both (:func:`sim.analysis.intervals.crossed`): a score interval for
shares, Student's t for means, Woodruff's for medians. Counts do not say which runs are of one
replication; their intervals are those of the worst case
(:func:`sim.analysis.intervals.crossed_at_most`).

**Draws that change nothing.** Where all draws of a strategy hold the same runs, they are one set of
replications: the strategy is counted, and its intervals are made, from the first draw alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis.intervals import (
    LEAST_CARRIERS,
    LEVEL,
    Interval,
    Spread,
    around,
    contributions,
    crossed,
    crossed_at_most,
    crossed_mean,
    crossed_share,
    finite,
    mean_interval,
    median_interval,
    median_of,
    normal,
    wilson,
)
from sim.analysis.measures import times
from sim.errors import unknown
from sim.types import DAYS_PER_YEAR, Flags, Floats

YEARS = (1.0, 2.0, 3.0, 5.0)
"""Years at which shares are reported."""
UNFINISHED = ("abandoned", "ongoing")
"""Outcomes that are neither the goal nor the ruin."""

FROM_COUNTS = (
    "this needs rows; the run kept counts by day only, which give shares, times, hazards and their "
    "intervals, but no paired replications"
)
"""The message where a frame of counts is used for single replications."""

# ---------------------------------------------------------------------------------------------
# One strategy's runs


@dataclass(frozen=True)
class Counts:
    """How many runs of a strategy had something, for m things at once.

    Attributes:
        by_draw: (draws, m).
        by_replication: (replications, m): shares of all runs, each draw having the same weight;
            None where there is one draw, and where the frame holds counts.
    """

    by_draw: npt.NDArray[np.int64]
    by_replication: Floats | None

    def map(self, change: Callable[..., npt.NDArray[Any]], *others: Counts) -> Counts:
        """The counts that a linear function makes of these and others, of both kinds."""
        kinds = [(one.by_draw, one.by_replication) for one in (self, *others)]
        draws, replications = (list(each) for each in zip(*kinds, strict=True))
        known = all(each is not None for each in replications)
        return Counts(change(*draws), change(*replications) if known else None)

    def of(self, place: int) -> Counts:
        """Those of one thing."""
        return self.map(lambda counts: counts[:, [place]])


class StrategySample(ABC):
    """The runs of one strategy, draw by draw."""

    strategy: str
    several: bool  # does the frame hold several draws, which are not all the same here?
    level: float

    @property
    @abstractmethod
    def everyone(self) -> Counts:
        """All runs: one thing, that each of them has."""

    @property
    @abstractmethod
    def sizes(self) -> npt.NDArray[np.int64]:
        """Runs of each draw."""

    @abstractmethod
    def counts_by(self, endpoint: str, goal: str, grid: Floats) -> Counts:
        """Runs that have reached the endpoint by each time of the grid.

        The goal counts only where it came before the ruin, as in ``outcome``.
        """

    @abstractmethod
    def outcome_counts_by(self, name: str, grid: Floats) -> Counts:
        """Runs that have had an outcome by each time of the grid."""

    @abstractmethod
    def median(self, endpoint: str, goal: str) -> Interval:
        """Median time to the endpoint."""

    @abstractmethod
    def days_without(self, endpoint: str, goal: str, horizon: float) -> Interval:
        """Restricted mean time without the endpoint."""

    @abstractmethod
    def mean_of(self, column: str, bounds: tuple[float, float]) -> Interval:
        """Mean of a column over the runs."""

    @property
    def runs(self) -> int:
        """How many there are."""
        return int(self.sizes.sum())

    def share_of(self, counts: Counts) -> Interval:
        """Counts of runs, m things at once, as m shares."""
        if not self.several:
            return wilson(counts.by_draw[0], self.runs, self.level)
        best = (counts.by_draw / self.sizes[:, None]).mean(axis=0)
        return crossed_share(best, self._spread(counts, self.everyone, best), self.level)

    def share_among(self, some: Counts, others: Counts) -> Interval:
        """Share of some runs among others that hold them; both of one thing.

        With several draws it is a ratio of two averages over draws, and its interval that of the
        linearised ratio (W. G. Cochran 1977, Sampling Techniques, 3rd edition, section 6.3).
        NaN where there are no others.
        """
        if not self.several or not others.by_draw.any():
            return wilson(some.by_draw.sum(), others.by_draw.sum(), self.level)
        over, under = ((each.by_draw / self.sizes[:, None]).mean(axis=0) for each in (some, others))
        ratio = over / under
        found = crossed_share(ratio, self._spread(some, others, ratio), self.level)
        return Interval(*(float(limit[0]) for limit in found))

    def _spread(self, some: Counts, others: Counts, ratio: Floats) -> Spread:
        """The spread of the share of some runs among others, over draws and replications."""
        sizes = self.sizes[:, None]
        under = (others.by_draw / sizes).mean(axis=0)
        by_draw = (some.by_draw - ratio * others.by_draw) / sizes / under / len(sizes)
        if some.by_replication is None or others.by_replication is None:
            squares = some.by_draw * (1 - 2 * ratio) + others.by_draw * ratio**2
            means = by_draw * len(sizes)
            within = squares / under**2 - sizes * means**2
            of_mean = within / np.maximum(1, sizes - 1) / sizes
            known = int(others.by_draw.max())
            found = crossed_at_most(ratio, by_draw, of_mean.mean(axis=0), int(self.sizes.max()))
            rare = np.minimum(some.by_draw, others.by_draw - some.by_draw).mean(axis=0)
            found = found._replace(skewed_replications=rare < min(LEAST_CARRIERS, known / 5))
        else:
            by_replication = (some.by_replication - ratio * others.by_replication) / under
            known = int((others.by_replication > 0).any(axis=1).sum())
            found = crossed(ratio, by_draw, by_replication)
        those = int((others.by_draw > 0).any(axis=1).sum())
        return found._replace(draws=those, replications=known)

    def reached_by(self, endpoint: str, goal: str, grid: Floats) -> Interval:
        """Share of the runs that have reached the endpoint by each time of the grid."""
        return self.share_of(self.counts_by(endpoint, goal, grid))

    def outcome(self, name: str) -> Interval:
        """Share of the runs with this outcome."""
        ended = self.outcome_counts_by(name, np.array([np.inf]))
        return Interval(*(x[0] for x in self.share_of(ended)))

    def woodruff(self, ordered: Floats, weights: Floats, near: float) -> Interval:
        """R. S. Woodruff (1952), JASA 47, 635-646: the share's interval, read off the curve.

        Args:
            ordered: times, ``inf`` for never.
            weights: of each; those of a draw add up to 1.
            near: half the length of the interval of the share there, or NaN.
        """
        curve = np.cumsum(weights)

        def first_at(share: float) -> float:
            # The steps are fractions: a sum may miss the share that it equals by a few roundings.
            at = np.searchsorted(curve / len(self.sizes), min(share, 1.0) - 1e-9)
            return float(ordered[at])

        middle = first_at(0.5)
        if math.isnan(near):
            return Interval(math.nan, finite(np.array(middle)), math.nan)
        return Interval(*finite(np.array([first_at(0.5 - near), middle, first_at(0.5 + near)])))

    def half_length(self, share: Interval) -> float:
        """The longer half of the interval of one share."""
        return float(np.fmax(share.high - share.best, share.best - share.low)[0])


@dataclass(frozen=True)
class RowSample(StrategySample):
    """Runs as rows of a frame."""

    strategy: str
    frame: pd.DataFrame
    rows: npt.NDArray[np.intp]  # places in the frame, ordered by draw
    several: bool
    level: float

    @cached_property
    def starts(self) -> npt.NDArray[np.intp]:
        """Where each draw begins among the rows."""
        starts: npt.NDArray[np.intp] = np.unique(self["draw"], return_index=True)[1]
        return starts

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:  # type: ignore[override]  # noqa: D102
        return np.diff(np.append(self.starts, len(self.rows)))

    @cached_property
    def weights(self) -> Floats:
        """Of each run in the mean over draws."""
        weights: Floats = np.repeat(1.0 / len(self.sizes) / self.sizes, self.sizes)
        return weights

    @cached_property
    def replications(self) -> npt.NDArray[np.intp]:
        """The place of the replication of each run among those that there are."""
        places: npt.NDArray[np.intp] = np.unique(self["replication"], return_inverse=True)[1]
        return places

    @property
    def everyone(self) -> Counts:  # noqa: D102
        return self.count(np.ones(len(self.rows), bool))

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self.frame[column].array.take(self.rows).to_numpy()
        return values

    def ended(self, outcome: str) -> Flags:
        """Whether each run had this outcome."""
        return np.asarray(self["outcome"] == outcome)

    def times(self, endpoint: str, goal: str) -> Floats:
        """Days to the endpoint, ``inf`` for never."""
        return times(self, endpoint, goal)

    def by_draw(self, values: npt.NDArray[Any]) -> Floats:
        """Averages within each draw: (n,) -> (draws,)."""
        return np.add.reduceat(values.astype(float), self.starts) / self.sizes

    def count(self, flags: Flags) -> Counts:
        """How many runs are flagged, (n,): one thing."""
        by_draw = np.add.reduceat(flags.astype(np.int64), self.starts)[:, None]
        if not self.several:
            return Counts(by_draw, None)
        shares = np.bincount(self.replications, self.weights * flags).astype(float)
        return Counts(by_draw, shares[:, None])

    def contributions(self, values: Floats) -> tuple[float, Floats, Floats]:
        """The mean of values over the runs, and what draws and replications add to its error."""
        means = self.by_draw(values)
        best = float(means.mean())
        by_replication = contributions(values, self.weights, self.replications, best)
        return best, (means - best) / len(means), by_replication

    def in_order(self) -> RowSample:
        """The same runs ordered by draw and replication, each of them once."""
        draw, replication = self["draw"], self["replication"]
        order = np.lexsort((replication, draw))
        again = (np.diff(draw[order]) == 0) & (np.diff(replication[order]) == 0)
        if again.any():
            run = order[:-1][again][0]
            twice = _spell((draw[run], replication[run]))
            raise ValueError(f"strategy {self.strategy!r} has two runs of {twice}")
        return replace(self, rows=self.rows[order])

    def counts_by(self, endpoint: str, goal: str, grid: Floats) -> Counts:  # noqa: D102
        return self._counts(self.times(endpoint, goal), grid)

    def outcome_counts_by(self, name: str, grid: Floats) -> Counts:  # noqa: D102
        return self._counts(np.where(self.ended(name), self["time"], np.nan), grid)

    def _counts(self, times: Floats, grid: Floats) -> Counts:
        known = (of_draw[~np.isnan(of_draw)] for of_draw in np.split(times, self.starts[1:]))
        by_draw = np.array(
            [np.searchsorted(np.sort(each), grid, side="right") for each in known]
        )  # fmt: skip
        return Counts(by_draw, self._by_replication(times, grid) if self.several else None)

    def _by_replication(self, times: Floats, grid: Floats) -> Floats:
        """Shares of all runs that are of each replication and there by each time."""
        order = np.argsort(grid, kind="stable")
        span, count = len(grid) + 1, int(self.replications.max()) + 1
        place = self.replications * span + np.searchsorted(grid[order], times)
        come = np.bincount(place, self.weights, minlength=count * span).reshape(count, span)
        shares = np.empty((count, len(grid)))
        shares[:, order] = come[:, :-1].cumsum(axis=1)
        return shares

    def mean(self, values: Floats, bounds: tuple[float, float]) -> Interval:
        """Mean over the runs."""
        if not self.several:
            return mean_interval(values, bounds, self.level, self.runs)
        best, by_draw, by_replication = self.contributions(values)
        spread = crossed(best, by_draw, by_replication)
        return Interval(*map(float, crossed_mean(best, spread, bounds, self.level)))

    def median(self, endpoint: str, goal: str) -> Interval:  # noqa: D102
        times = self.times(endpoint, goal)
        if not self.several:
            return median_interval(times, self.level)
        ordered, place = np.unique(times, return_inverse=True)
        of_each: Floats = np.repeat(1.0 / self.sizes, self.sizes)
        weights: Floats = np.bincount(place, of_each).astype(float)
        middle = self.woodruff(ordered, weights, math.nan).best
        last = float(np.max(times, where=np.isfinite(times), initial=0.0))
        there = self.reached_by(endpoint, goal, np.array([np.fmin(middle, last)]))
        return self.woodruff(ordered, weights, self.half_length(there))

    def days_without(self, endpoint: str, goal: str, horizon: float) -> Interval:  # noqa: D102
        return self.mean(np.minimum(self.times(endpoint, goal), horizon), (0.0, horizon))

    def mean_of(self, column: str, bounds: tuple[float, float]) -> Interval:  # noqa: D102
        return self.mean(self[column].astype(float), bounds)


@dataclass(frozen=True)
class CountSample(StrategySample):
    """Runs as counts by whole days; ``draws`` holds one table a draw, indexed by column."""

    strategy: str
    draws: tuple[pd.DataFrame, ...]
    several: bool
    level: float

    @property
    def everyone(self) -> Counts:  # noqa: D102
        return Counts(self.sizes[:, None], None)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:  # type: ignore[override]  # noqa: D102
        return np.array([each.loc[["runs"], "n"].sum() for each in self.draws], np.int64)

    def _days(self, column: str) -> Iterator[tuple[Floats, npt.NDArray[np.int64]]]:
        for each in self.draws:
            table = each.loc[[column]] if column in each.index else each.iloc[:0]
            table = table[table["day"].notna()]
            yield table["day"].to_numpy(float), table["n"].to_numpy(np.int64)

    def _counts(self, column: str, grid: Floats) -> Counts:
        found = []
        for days, n in self._days(column):
            total = np.append(0, np.cumsum(n))
            found.append(total[np.searchsorted(days, np.floor(grid), side="right")])
        return Counts(np.array(found, np.int64), None)

    def counts_by(self, endpoint: str, goal: str, grid: Floats) -> Counts:  # noqa: D102
        return self._counts(_column_of(endpoint, goal), grid)

    def outcome_counts_by(self, name: str, grid: Floats) -> Counts:  # noqa: D102
        return self._counts(f"outcome_{name}", grid)

    def median(self, endpoint: str, goal: str) -> Interval:  # noqa: D102
        column = _column_of(endpoint, goal)
        counted = list(self._days(column))
        if not self.several:
            days, total = counted[0][0], np.cumsum(counted[0][1])
            ends = np.append(days, np.inf)
            return median_of(
                lambda place: float(ends[np.searchsorted(total, place, side="right")]),
                self.runs,
                self.level,
            )
        ordered = np.unique(np.concatenate([days for days, _ in counted]))
        weights = np.zeros(len(ordered) + 1)
        for (days, n), size in zip(counted, self.sizes, strict=True):
            weights[np.searchsorted(ordered, days)] += n / size
            weights[-1] += 1 - n.sum() / size
        times = np.append(ordered, np.inf)
        middle = self.woodruff(times, weights, math.nan).best
        last = ordered[-1] if len(ordered) else 0.0
        there = self.reached_by(endpoint, goal, np.array([np.fmin(middle, last)]))
        return self.woodruff(times, weights, self.half_length(there))

    def days_without(self, endpoint: str, goal: str, horizon: float) -> Interval:  # noqa: D102
        return self.mean_of(f"without_{_column_of(endpoint, goal)}", (0.0, horizon))

    def mean_of(self, column: str, bounds: tuple[float, float]) -> Interval:  # noqa: D102
        sums = [each.loc[column, ["total", "squares"]].astype(float) for each in self.draws]
        means = np.array([one["total"] for one in sums]) / self.sizes
        if self.several:
            return self._mean_over_draws(means, np.array([one["squares"] for one in sums]), bounds)
        n, mean = self.runs, float(means[0])
        if n < 2:
            return Interval(math.nan, mean, math.nan)
        # Both sums are exact, so what is left of their difference is no rounding.
        spread = max(0.0, float(sums[0]["squares"]) - n * mean * mean)
        same = spread <= 1e-9 * float(sums[0]["squares"])
        deviation = 0.0 if same else math.sqrt(spread / (n - 1))
        return around(mean, deviation, same, n, bounds, self.level, n)

    def _mean_over_draws(
        self, means: Floats, squares: Floats, bounds: tuple[float, float]
    ) -> Interval:
        best, n = means.mean(), self.sizes
        within = np.maximum(0.0, squares - n * means**2)
        within[within <= 1e-9 * squares] = 0.0  # both are exact: what is left of less is rounding
        of_mean = (within / np.maximum(1, n - 1) / n).mean()
        spread = crossed_at_most(best, (means - best) / len(means), of_mean, int(n.max()))
        return Interval(*map(float, crossed_mean(best, spread, bounds, self.level)))


def _column_of(endpoint: str, goal: str) -> str:
    return f"outcome_{goal}" if endpoint == goal else f"first_{endpoint}"


def is_counted(frame: pd.DataFrame) -> bool:
    """Does the frame hold counts by whole days (:mod:`sim.engine.daily_counts`) instead of rows?"""
    return "squares" in frame


def samples_of(frame: pd.DataFrame, level: float, copies: bool = False) -> Iterator[StrategySample]:
    """The runs of each strategy, in the order in which the strategies first appear.

    Args:
        frame: of rows or counts.
        level: confidence of the intervals.
        copies: whether all draws are kept where they hold the same runs, as pairs need it.
    """
    several = frame["draw"].nunique() > 1
    if is_counted(frame):
        for name, table in frame.groupby("strategy", observed=True, sort=False):
            draws = tuple(each.set_index("column") for _, each in table.groupby("draw"))
            alike = several and not copies and _same_counts(draws)
            yield CountSample(
                str(name), draws[:1] if alike else draws, several and not alike, level
            )
        return
    codes, names = pd.factorize(frame["strategy"])
    order = np.lexsort((frame["draw"].to_numpy(), codes))
    ends = np.cumsum(np.bincount(codes))
    for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
        kept = distinct(frame, rows) if several and not copies else rows
        alike = len(kept) < len(rows)
        yield RowSample(str(name), frame, kept, several and not alike, level)


def _same_counts(draws: Sequence[pd.DataFrame]) -> bool:
    """Whether several draws hold the same counts, and sums."""
    first, *others = (each.drop(columns="draw") for each in draws)
    return bool(others) and all(first.equals(each) for each in others)


def distinct(frame: pd.DataFrame, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Rows of a strategy: those of the first draw where all draws hold the same runs, else all.

    Args:
        frame: whatever has a row, or several, for each draw and replication.
        rows: (n,) places in it.
    """
    draw, replication = (frame[name].to_numpy()[rows] for name in ("draw", "replication"))
    sizes = np.unique(draw, return_counts=True)[1]
    if len(sizes) < 2 or np.ptp(sizes):
        return rows
    table = rows[np.lexsort((replication, draw))].reshape(len(sizes), -1)
    for draws in (table[:2], table):  # most differ in the first two
        if not all(_same_values(frame[name], draws) for name in frame.columns.drop("draw")):
            return rows
    first: npt.NDArray[np.intp] = table[0]
    return first


def _same_values(column: pd.Series[Any], table: npt.NDArray[np.intp]) -> bool:
    """Whether a column has the same values in all rows of a table of places."""
    codes = column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column
    values = codes.to_numpy()[table]
    return bool(((values == values[0]) | (pd.isna(values) & pd.isna(values[0]))).all())


# ---------------------------------------------------------------------------------------------
# A validated frame


@dataclass(frozen=True)
class ValidFrame:
    """A frame with its goal, ruin, endpoint, horizon and level, all validated.

    Attributes:
        frame: runs as rows, or counts by whole days.
        goal, ruin, endpoint: conditions by name; the endpoint is what is waited for.
        horizon: days.
        level: confidence of the intervals.
    """

    frame: pd.DataFrame
    goal: str
    ruin: str | None
    endpoint: str
    horizon: float
    level: float

    def samples(self) -> Iterator[StrategySample]:
        """The runs of each strategy."""
        return samples_of(self.frame, self.level)

    def rows(self, copies: bool = False) -> Iterator[RowSample]:
        """The samples as rows; ValueError for counts. ``copies`` as for :func:`samples_of`."""
        if is_counted(self.frame):
            raise ValueError(FROM_COUNTS)
        for sample in samples_of(self.frame, self.level, copies):
            assert isinstance(sample, RowSample)
            yield sample

    def table(self, rows: list[dict[str, Any]], columns: Sequence[str] = ()) -> pd.DataFrame:
        """Rows as a table with the goal, horizon and level in its ``attrs``."""
        table = pd.DataFrame(rows, columns=list(columns) or None)
        table.attrs = {
            "goal": self.goal,
            "ruin": self.ruin,
            "endpoint": self.endpoint,
            "horizon": self.horizon,
            "level": self.level,
            "runs": max(sample.runs for sample in self.samples()),
            "draws": int(self.frame["draw"].nunique()),
        }
        return table

    def ranked(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with its strategies best first, otherwise in the order it has."""
        place = {name: i for i, name in enumerate(self.rank())}
        ordered = table.sort_values(
            "strategy", key=lambda names: names.map(place), kind="stable", ignore_index=True
        )
        ordered.attrs = table.attrs
        return ordered

    def rank(self) -> list[str]:
        """Strategies by mean days without the endpoint, then by name.

        The fewest days come first; if the endpoint is the ruin, the most.
        """
        sign = -1 if self.of_ruin else 1
        days = {sample.strategy: sign * self.days_without(sample).best for sample in self.samples()}
        return sorted(days, key=lambda name: (days[name], name))

    @cached_property
    def of_ruin(self) -> bool:
        """Is the endpoint the ruin, which is better late than early?"""
        others = (name for name in outcome_names(self.frame) if name not in UNFINISHED)
        return self.endpoint != self.goal and self.endpoint in (self.ruin, *others)

    def days_without(self, sample: StrategySample) -> Interval:
        """Restricted mean time without the endpoint, which ranks the strategies."""
        return sample.days_without(self.endpoint, self.goal, self.horizon)


def validate(
    frame: pd.DataFrame,
    goal: str | None,
    horizon: float | None,
    endpoint: str | None = None,
    ruin: str | None = None,
    level: float = LEVEL,
) -> ValidFrame:
    """The frame with names and horizon validated.

    Args:
        frame: of rows or counts.
        goal: by default the first category of ``outcome``.
        horizon: days; by default the time of the ongoing runs.
        endpoint: by default the goal.
        ruin: a condition, or None.
        level: confidence of the intervals, between 0 and 1.

    Raises:
        ValueError: missing columns, no runs, an unknown name (the message lists those known), or
            a horizon that is not that of the runs.
    """
    needed: Sequence[str] = ("strategy", "draw", "replication", "outcome", "time")
    if is_counted(frame):
        needed = ("strategy", "draw", "column", "day", "n", "total", "squares")
    if missing := [name for name in needed if name not in frame]:
        raise ValueError(f"the frame lacks the column(s) {', '.join(missing)}")
    if frame.empty:
        raise ValueError("the frame holds no runs")
    normal(level)
    goal = _goal(frame) if goal is None else _known("goal", goal, frame)
    endpoint = goal if endpoint is None else endpoint
    if endpoint != goal:
        _known("endpoint", endpoint, frame)
    if ruin is not None:
        _known("ruin", ruin, frame)
    return ValidFrame(frame, goal, ruin, endpoint, _horizon(frame, horizon), level)


def _goal(frame: pd.DataFrame) -> str:
    """The goal stands first among the categories of ``outcome``, before the ruin."""
    named = [name for name in outcome_names(frame) if name not in UNFINISHED]
    if named and (is_counted(frame) or isinstance(frame["outcome"].dtype, pd.CategoricalDtype)):
        return named[0]
    raise ValueError("the column outcome does not show which is the goal; name it: goal=...")


def _known(role: str, name: str, frame: pd.DataFrame) -> str:
    """The name, if the frame holds when it was reached."""
    columns = column_names(frame)
    allowed = [column.removeprefix("first_") for column in columns if column.startswith("first_")]
    as_goal = role == "goal" and name in outcome_names(frame)
    if name in allowed or as_goal:
        return name
    raise ValueError(unknown(role, name, allowed))


def column_names(frame: pd.DataFrame) -> list[str]:
    """The columns of the rows, also where only their counts are there."""
    return [str(c) for c in (frame["column"].unique() if is_counted(frame) else frame.columns)]


def outcome_names(frame: pd.DataFrame) -> list[str]:
    """Outcomes, those that no run had included where they are known."""
    if is_counted(frame):
        names = (name for name in column_names(frame) if name.startswith("outcome_"))
        return [name.removeprefix("outcome_") for name in names]
    outcome = frame["outcome"]
    known = isinstance(outcome.dtype, pd.CategoricalDtype)
    return [str(name) for name in (outcome.cat.categories if known else sorted(outcome.unique()))]


def _ends(frame: pd.DataFrame) -> tuple[Floats, Floats]:
    """When runs ended: all of them, and the ongoing ones."""
    if is_counted(frame):
        ends = frame[frame["column"].str.startswith("outcome_") & frame["day"].notna()]
        times, ongoing = ends["day"].to_numpy(float), ends["column"] == "outcome_ongoing"
    else:
        times, ongoing = frame["time"].to_numpy(float), frame["outcome"] == "ongoing"
    return times, times[ongoing.to_numpy()]


def _horizon(frame: pd.DataFrame, given: float | None) -> float:
    """The horizon of the runs: an ongoing run has it as its time."""
    times, ongoing = _ends(frame)
    if len(ongoing) == 0 and given is None:
        raise ValueError("no run lasted to the horizon, so the frame does not show it: horizon=...")
    horizon = float(ongoing[0] if given is None else given)
    if len(ongoing) and (ongoing != horizon).any():
        other = ongoing[ongoing != horizon][0]
        raise ValueError(f"the horizon is {horizon:g} days, but a run was ongoing at {other:g}")
    if not times.max() <= horizon:
        raise ValueError(f"the horizon is {horizon:g} days, but a run ended at {times.max():g}")
    return horizon


def horizon_or_latest(frame: pd.DataFrame, horizon: float | None) -> float | None:
    """The horizon, or the latest end where no run lasted to it."""
    # Here the horizon only orders strategies; where every run came to an end the latest end does.
    if horizon is None and ("outcome" in frame or is_counted(frame)):
        times, ongoing = _ends(frame)
        if len(ongoing) == 0:
            return float(times.max())
    return horizon


def outcomes_of(frame: pd.DataFrame, goal: str) -> list[str]:
    """Names of the outcomes: goal, ruin, abandoned, ongoing."""
    others = [name for name in outcome_names(frame) if name not in (goal, *UNFINISHED)]
    return [goal, *others, *UNFINISHED]


def marks_of(years: Sequence[float], horizon: float) -> dict[str, float]:
    """Names of the shares by time, and their days, whole ones; the horizon is the last.

    Args:
        years: since the start; those beyond the horizon are left out.
        horizon: in days.

    >>> marks_of((1, 2, 5), 1000.0)
    {'reached_1y': 365.0, 'reached_2y': 730.0, 'reached': 1000.0}
    """
    days = {f"reached_{year:g}y": float(math.floor(year * DAYS_PER_YEAR)) for year in years}
    return {name: day for name, day in days.items() if day <= horizon} | {"reached": horizon}


def flat(name: str, interval: Interval) -> dict[str, float]:
    """An estimate as three cells of a wide table.

    >>> flat("share", Interval(0.4, 0.5, 0.6))
    {'share': 0.5, 'share_low': 0.4, 'share_high': 0.6}
    """
    return {
        name: float(interval.best),
        f"{name}_low": float(interval.low),
        f"{name}_high": float(interval.high),
    }


def grid_of(grid: npt.ArrayLike | None, horizon: float) -> Floats:
    """The given days; by default some 200 whole days to the horizon.

    Returns:
        Days since the start, (n,), rising; the horizon itself is the last by default.

    >>> grid_of(None, 400.5)[[0, 1, -2, -1]].tolist()
    [0.0, 2.0, 400.0, 400.5]
    """
    if grid is not None:
        return np.asarray(grid, float)
    return np.unique(np.append(np.floor(np.linspace(0.0, horizon, 201)), horizon))


def mean_of_runs(
    runs: pd.DataFrame, column: str, bounds: tuple[float, float], level: float
) -> Interval:
    """Mean of a column over the runs of one strategy: draw, replication and the column."""
    order = np.argsort(runs["draw"].to_numpy(), kind="stable")
    sample = RowSample("", runs, order, bool(runs["draw"].nunique() > 1), level)
    return sample.mean(sample[column].astype(float), bounds)


def within(counts: npt.NDArray[Any], **more: Any) -> npt.NDArray[Any]:
    """Counts by the ends of spans, (.., ends), as counts in the spans; day 0 is in the first.

    >>> within(np.array([[1, 3, 6]])).tolist()
    [[3, 3]]
    """
    begun = counts.copy()
    begun[:, 0] = 0
    return np.diff(begun, **more)


def curve(sample: StrategySample, counts: Counts, grid: Floats, **names: str) -> pd.DataFrame:
    """Shares of one strategy over a grid, as a long table."""
    share = sample.share_of(counts)
    return pd.DataFrame({"strategy": sample.strategy, **names, "time": grid, **share._asdict()})


def stack(valid: ValidFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of strategies as one, best strategy first, with the ``attrs`` of the frame."""
    table = pd.concat(tables, ignore_index=True)
    table.attrs = valid.table([]).attrs
    return valid.ranked(table)


# ---------------------------------------------------------------------------------------------
# Pairs


def aligned(sample: RowSample, baseline: RowSample) -> RowSample:
    """The sample with its rows in the order (draw, replication); they must match the baseline's."""
    ours, theirs = (each.in_order() for each in (sample, baseline))
    for column in ("draw", "replication"):
        if not np.array_equal(ours[column], theirs[column]):
            raise ValueError(_unpaired(sample, baseline))
    return ours


def _unpaired(sample: RowSample, baseline: RowSample) -> str:
    """Which run has no pair."""
    ours, theirs = _keys(sample), _keys(baseline)
    lacking, other, missing = sample, baseline, theirs.difference(ours)
    if missing.empty:
        lacking, other, missing = baseline, sample, ours.difference(theirs)
    return (
        f"runs cannot be paired: strategy {lacking.strategy!r} lacks {len(missing)} of the runs of "
        f"{other.strategy!r}, the first of them {_spell(missing[0])}"
    )


def _keys(sample: RowSample) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([sample["draw"], sample["replication"]])


def _spell(key: Any) -> str:
    return f"draw {key[0]}, replication {key[1]}"
