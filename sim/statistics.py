"""What the histories say: frames in, frames out.

A frame holds one row a history (see :mod:`sim.rows`), for one or several strategies and draws.
Instead of rows a frame may hold counts by whole days (see :mod:`sim.tally`): what a run keeps that
is too large for rows. Whatever is said of shares at whole days is the same from both, to the last
bit; means agree to a thousandth of a day, and a median is told as the end of its day.

A history that never reached the endpoint is data: it counts in every share and every mean here,
and is never dropped. Dropping it would make a strategy that succeeds at once or not at all look
better than one that succeeds late but surely.

**Every estimate is three numbers.** In long tables they are the columns ``low``, ``best`` and
``high``; in wide ones ``x_low``, ``x`` and ``x_high``.

**Where the intervals come from.** With one draw the replication is the unit: Wilson intervals for
shares, Student's t for means, order statistics for medians. As soon as a frame holds several
draws, the draw is the unit: values are averaged within a draw, and the interval is Student's t
over the averages (Woodruff's for medians), because more replications of a draw say nothing about
the draws that were not made.

**Where an interval has no spread to go by.** ``n`` equal values show that other values are rare,
not that there are none: a share up to the Wilson limit at 0 of n may lie anywhere within the
bounds of the quantity, and the interval says so. An unbounded quantity (a count) then has NaN
limits, and so has every mean of a single value.
"""

from __future__ import annotations

import difflib
import math
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

YEAR = 365.25
"""Days in a year."""
YEARS = (1.0, 2.0, 3.0, 5.0)
"""Years at which shares are told."""
LEVEL = 0.95
"""Confidence of every interval, unless another is asked for."""
DASH = "\N{EN DASH}"
"""Stands between the limits of an interval, and for what is not known."""
NOT_REACHED = "not reached"
"""What is printed for a median that lies beyond the horizon."""
UNFINISHED = ("abandoned", "ongoing")
"""Outcomes that are neither the goal nor the ruin."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Interval(NamedTuple):
    """An estimate and its limits; scalars, or arrays of one shape."""

    low: Any
    best: Any
    high: Any


# ---------------------------------------------------------------------------------------------
# Intervals


def wilson(successes: npt.ArrayLike, runs: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Share of successes with its score interval (E. B. Wilson 1927, JASA 22, 209-212).

    Args:
        successes: how many runs had it; any shape.
        runs: how many runs there were; broadcast against ``successes``. 0 gives NaN.
        level: confidence, between 0 and 1.
    """
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(runs, float))
    n = np.where(n > 0, n, np.nan)
    z = _normal(level)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    low = np.where(k == 0, n * 0.0, centre - half)
    high = np.where(k == n, 1.0, centre + half)
    return Interval(low[()], (k / n)[()], high[()])


def mean_interval(
    values: npt.ArrayLike,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    level: float = LEVEL,
    runs: int | None = None,
) -> Interval:
    """Mean of independent values with Student's interval, kept within ``bounds``.

    Args:
        values: shape (n,) or (n, m): m means at once.
        bounds: what no value can exceed.
        level: confidence, between 0 and 1.
        runs: histories behind the values (default: n), for the limits when all values are equal.

    One value has NaN limits. Equal values get the limits explained at the top of this module.
    """
    x = np.asarray(values, float)
    n = len(x)
    if n < 2:
        best = x.mean(axis=0)
        return Interval(np.full_like(best, np.nan)[()], best, np.full_like(best, np.nan)[()])
    same = x.min(axis=0) == x.max(axis=0)
    best = np.where(same, x[0], x.mean(axis=0))
    return _around(best, x.std(axis=0, ddof=1), same, n, bounds, level, runs or n)


def _around(
    best: Any,
    deviation: Any,
    same: Any,
    n: int,
    bounds: tuple[float, float],
    level: float,
    runs: int,
) -> Interval:
    """Student's interval from a mean and a standard deviation of n values."""
    half = stats.t.ppf((1 + level) / 2, n - 1) * deviation / math.sqrt(n)
    low, high = np.maximum(best - half, bounds[0]), np.minimum(best + half, bounds[1])
    rare = wilson(0, runs, level).high
    low = np.where(same, best - rare * (best - bounds[0]), low)
    high = np.where(same, best + rare * (bounds[1] - best), high)
    return Interval(_finite(low), np.asarray(best)[()], _finite(high))


def median_interval(times: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """First time by which half of the runs are there, with its order-statistic interval.

    Args:
        times: shape (n,), ``inf`` for never.
        level: confidence; the interval holds at least that, whatever the law of the times.

    A limit that lies among the runs that never got there is NaN ("not reached"); a lower limit
    that would need more runs than there are is 0.
    """
    ordered = np.sort(np.asarray(times, float))
    return _median(lambda place: float(ordered[place]), len(ordered), level)


def _median(ordered: Callable[[int], float], n: int, level: float) -> Interval:
    """The interval of the median, from the function that tells the n times in order."""
    below = int(stats.binom.ppf((1 - level) / 2, n, 0.5))
    low = ordered(below - 1) if below else 0.0
    high = ordered(n - below) if below else math.inf
    return Interval(*_finite(np.array([low, ordered((n - 1) // 2), high])))


def _normal(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
    return float(stats.norm.ppf((1 + level) / 2))


def _finite(x: Floats) -> Any:
    return np.where(np.isfinite(x), x, np.nan)[()]


# ---------------------------------------------------------------------------------------------
# One strategy's runs


class _Part(ABC):
    """The runs of one strategy, draw by draw."""

    strategy: str
    several: bool  # does the whole frame hold several draws?
    level: float

    @property
    @abstractmethod
    def sizes(self) -> npt.NDArray[np.int64]:
        """Runs of each draw."""

    @abstractmethod
    def counts_by(self, endpoint: str, goal: str, grid: Floats) -> npt.NDArray[np.int64]:
        """Runs that have reached the endpoint by each time of the grid: (draws, len(grid)).

        The goal counts only where it came before the ruin, as in ``outcome``.
        """

    @abstractmethod
    def outcome_counts_by(self, name: str, grid: Floats) -> npt.NDArray[np.int64]:
        """Runs that have had an outcome by each time of the grid: (draws, len(grid))."""

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

    def share_of(self, counts: npt.NDArray[np.int64]) -> Interval:
        """Counts of runs, (draws, m), as m shares."""
        if not self.several:
            return wilson(counts[0], self.runs, self.level)
        return mean_interval(counts / self.sizes[:, None], (0, 1), self.level, self.runs)

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
            return Interval(math.nan, _finite(np.array(middle)), math.nan)
        return Interval(*_finite(np.array([first_at(0.5 - near), middle, first_at(0.5 + near)])))

    def half_length(self, share: Interval) -> float:
        """The longer half of the interval of one share."""
        return float(np.fmax(share.high - share.best, share.best - share.low)[0])


@dataclass(frozen=True)
class _Rows(_Part):
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
    def sizes(self) -> npt.NDArray[np.int64]:  # type: ignore[override]
        return np.diff(np.append(self.starts, len(self.rows)))

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self.frame[column].array.take(self.rows).to_numpy()
        return values

    def ended(self, outcome: str) -> Flags:
        """Whether each run had this outcome."""
        return np.asarray(self["outcome"] == outcome)

    def times(self, endpoint: str, goal: str) -> Floats:
        """Days to the endpoint, ``inf`` for never."""
        if endpoint == goal:
            return np.where(self.ended(goal), self["time"], np.inf)
        first = self[f"first_{endpoint}"]
        return np.where(np.isnan(first), np.inf, first)

    def by_draw(self, values: npt.NDArray[Any]) -> Floats:
        """Averages within each draw: (n,) -> (draws,)."""
        return np.add.reduceat(values.astype(float), self.starts) / self.sizes

    def in_order(self) -> _Rows:
        """The same runs ordered by draw and replication, each of them once."""
        draw, replication = self["draw"], self["replication"]
        order = np.lexsort((replication, draw))
        again = (np.diff(draw[order]) == 0) & (np.diff(replication[order]) == 0)
        if again.any():
            run = order[:-1][again][0]
            twice = _spell((draw[run], replication[run]))
            raise ValueError(f"strategy {self.strategy!r} has two runs of {twice}")
        return replace(self, rows=self.rows[order])

    def counts_by(self, endpoint: str, goal: str, grid: Floats) -> npt.NDArray[np.int64]:
        return self._counts(self.times(endpoint, goal), grid)

    def outcome_counts_by(self, name: str, grid: Floats) -> npt.NDArray[np.int64]:
        return self._counts(np.where(self.ended(name), self["time"], np.nan), grid)

    def _counts(self, times: Floats, grid: Floats) -> npt.NDArray[np.int64]:
        known = (of_draw[~np.isnan(of_draw)] for of_draw in np.split(times, self.starts[1:]))
        return np.array([np.searchsorted(np.sort(each), grid, side="right") for each in known])

    def mean(self, values: Floats, bounds: tuple[float, float]) -> Interval:
        """Mean over the runs."""
        units = self.by_draw(values) if self.several else values
        return mean_interval(units, bounds, self.level, self.runs)

    def median(self, endpoint: str, goal: str) -> Interval:
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

    def days_without(self, endpoint: str, goal: str, horizon: float) -> Interval:
        return self.mean(np.minimum(self.times(endpoint, goal), horizon), (0.0, horizon))

    def mean_of(self, column: str, bounds: tuple[float, float]) -> Interval:
        return self.mean(self[column].astype(float), bounds)


@dataclass(frozen=True)
class _Counts(_Part):
    """Runs as counts by whole days; ``draws`` holds one table a draw, indexed by column."""

    strategy: str
    draws: tuple[pd.DataFrame, ...]
    several: bool
    level: float

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:  # type: ignore[override]
        return np.array([each.loc[["runs"], "n"].sum() for each in self.draws], np.int64)

    def _days(self, column: str) -> Iterator[tuple[Floats, npt.NDArray[np.int64]]]:
        for each in self.draws:
            table = each.loc[[column]] if column in each.index else each.iloc[:0]
            table = table[table["day"].notna()]
            yield table["day"].to_numpy(float), table["n"].to_numpy(np.int64)

    def _counts(self, column: str, grid: Floats) -> npt.NDArray[np.int64]:
        found = []
        for days, n in self._days(column):
            total = np.append(0, np.cumsum(n))
            found.append(total[np.searchsorted(days, np.floor(grid), side="right")])
        return np.array(found, np.int64)

    def counts_by(self, endpoint: str, goal: str, grid: Floats) -> npt.NDArray[np.int64]:
        return self._counts(_column_of(endpoint, goal), grid)

    def outcome_counts_by(self, name: str, grid: Floats) -> npt.NDArray[np.int64]:
        return self._counts(f"outcome_{name}", grid)

    def median(self, endpoint: str, goal: str) -> Interval:
        column = _column_of(endpoint, goal)
        counted = list(self._days(column))
        if not self.several:
            days, total = counted[0][0], np.cumsum(counted[0][1])
            ends = np.append(days, np.inf)
            return _median(
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

    def days_without(self, endpoint: str, goal: str, horizon: float) -> Interval:
        return self.mean_of(f"without_{_column_of(endpoint, goal)}", (0.0, horizon))

    def mean_of(self, column: str, bounds: tuple[float, float]) -> Interval:
        sums = [each.loc[column, ["total", "squares"]].astype(float) for each in self.draws]
        means = np.array([one["total"] for one in sums]) / self.sizes
        if self.several:
            return mean_interval(means, bounds, self.level, self.runs)
        n, mean = self.runs, float(means[0])
        if n < 2:
            return Interval(math.nan, mean, math.nan)
        # Both sums are exact, so what is left of their difference is no rounding.
        spread = max(0.0, float(sums[0]["squares"]) - n * mean * mean)
        same = spread <= 1e-9 * float(sums[0]["squares"])
        deviation = 0.0 if same else math.sqrt(spread / (n - 1))
        return _around(mean, deviation, same, n, bounds, self.level, n)


def _column_of(endpoint: str, goal: str) -> str:
    return f"outcome_{goal}" if endpoint == goal else f"first_{endpoint}"


def is_counted(frame: pd.DataFrame) -> bool:
    """Does the frame hold counts by whole days (:mod:`sim.tally`) instead of rows?"""
    return "squares" in frame


def _parts(frame: pd.DataFrame, level: float) -> Iterator[_Part]:
    """The runs of each strategy, in the order in which the strategies first appear."""
    several = frame["draw"].nunique() > 1
    if is_counted(frame):
        for name, table in frame.groupby("strategy", observed=True, sort=False):
            by_draw = (each.set_index("column") for _, each in table.groupby("draw"))
            yield _Counts(str(name), tuple(by_draw), several, level)
        return
    codes, names = pd.factorize(frame["strategy"])
    order = np.lexsort((frame["draw"].to_numpy(), codes))
    ends = np.cumsum(np.bincount(codes))
    for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
        yield _Rows(str(name), frame, rows, several, level)


# ---------------------------------------------------------------------------------------------
# What a frame can be asked


@dataclass(frozen=True)
class _Question:
    """A frame with the names and the horizon that its answers need, all checked."""

    frame: pd.DataFrame
    goal: str
    ruin: str | None
    endpoint: str
    horizon: float
    level: float

    def parts(self) -> Iterator[_Part]:
        return _parts(self.frame, self.level)

    def rows(self) -> Iterator[_Rows]:
        """The runs, where the question is about single runs."""
        if is_counted(self.frame):
            raise ValueError("this needs rows; the run kept counts by day only")
        for part in self.parts():
            assert isinstance(part, _Rows)
            yield part

    def table(self, rows: list[dict[str, Any]], columns: Sequence[str] = ()) -> pd.DataFrame:
        """Rows as a table that remembers what was asked."""
        table = pd.DataFrame(rows, columns=list(columns) or None)
        table.attrs = {
            "goal": self.goal,
            "ruin": self.ruin,
            "endpoint": self.endpoint,
            "horizon": self.horizon,
            "level": self.level,
            "runs": max(part.runs for part in self.parts()),
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
        """Strategies by mean days without the goal; by name where these are equal."""
        days = {part.strategy: self.days_without_goal(part).best for part in self.parts()}
        return sorted(days, key=lambda name: (days[name], name))

    def days_without_goal(self, part: _Part) -> Interval:
        return part.days_without(self.goal, self.goal, self.horizon)


def _question(
    frame: pd.DataFrame,
    goal: str | None,
    horizon: float | None,
    endpoint: str | None = None,
    ruin: str | None = None,
    level: float = LEVEL,
) -> _Question:
    needed: Sequence[str] = ("strategy", "draw", "replication", "outcome", "time")
    if is_counted(frame):
        needed = ("strategy", "draw", "column", "day", "n", "total", "squares")
    if missing := [name for name in needed if name not in frame]:
        raise ValueError(f"the frame lacks the column(s) {', '.join(missing)}")
    if frame.empty:
        raise ValueError("the frame holds no runs")
    _normal(level)
    goal = _goal(frame) if goal is None else _known("goal", goal, frame)
    endpoint = goal if endpoint is None else endpoint
    if endpoint != goal:
        _known("endpoint", endpoint, frame)
    if ruin is not None:
        _known("ruin", ruin, frame)
    return _Question(frame, goal, ruin, endpoint, _horizon(frame, horizon), level)


def _goal(frame: pd.DataFrame) -> str:
    """The goal stands first among the categories of ``outcome``, before the ruin."""
    named = [name for name in _outcome_names(frame) if name not in UNFINISHED]
    if named and (is_counted(frame) or isinstance(frame["outcome"].dtype, pd.CategoricalDtype)):
        return named[0]
    raise ValueError("the column outcome does not tell which is the goal; name it: goal=...")


def _known(role: str, name: str, frame: pd.DataFrame) -> str:
    """The name, if the frame tells when it was reached."""
    columns = _column_names(frame)
    allowed = [column.removeprefix("first_") for column in columns if column.startswith("first_")]
    as_goal = role == "goal" and name in _outcome_names(frame)
    if name in allowed or as_goal:
        return name
    near = difflib.get_close_matches(name, allowed, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"unknown {role} {name!r}{hint}; allowed: {', '.join(allowed) or 'none'}")


def _column_names(frame: pd.DataFrame) -> list[str]:
    """The columns of the rows, also where only their counts are there."""
    return [str(c) for c in (frame["column"].unique() if is_counted(frame) else frame.columns)]


def _outcome_names(frame: pd.DataFrame) -> list[str]:
    """Outcomes, those that no run had included where they are known."""
    if is_counted(frame):
        names = (name for name in _column_names(frame) if name.startswith("outcome_"))
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
        raise ValueError("no run lasted to the horizon, so the frame does not tell it: horizon=...")
    horizon = float(ongoing[0] if given is None else given)
    if len(ongoing) and (ongoing != horizon).any():
        other = ongoing[ongoing != horizon][0]
        raise ValueError(f"the horizon is {horizon:g} days, but a run was ongoing at {other:g}")
    if not times.max() <= horizon:
        raise ValueError(f"the horizon is {horizon:g} days, but a run ended at {times.max():g}")
    return horizon


def rank(frame: pd.DataFrame, goal: str | None = None, horizon: float | None = None) -> list[str]:
    """Strategies, best first: by restricted mean time without the goal, then by name.

    Args:
        frame: runs, columns as in :mod:`sim.rows`.
        goal: its name; by default the first category of ``outcome``.
        horizon: days; by default the time of the ongoing runs.
    """
    return _question(frame, goal, horizon).rank()


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
    1 - Kaplan-Meier: that would take the ruined runs for censored, as if they might still get
    there, and so would tell the incidence of a world without ruin, which is too high.

    Args:
        frame: runs, columns as in :mod:`sim.rows`.
        endpoint: a condition, a stage condition (``track.stage``) or, by default, the goal. The
            goal counts where it came before the ruin.
        horizon: days; by default the time of the ongoing runs.
        grid: days at which the share is told; by default some 200 whole days to the horizon.
        goal: its name; by default the first category of ``outcome``.
        level: confidence of the pointwise intervals.

    Returns:
        strategy (best first), time, low, best, high.

    Raises:
        ValueError: unknown endpoint (the message lists those known), or an unusable frame.
    """
    question = _question(frame, goal, horizon, endpoint, level=level)
    times = _grid(grid, question.horizon)
    curves = [
        _curve(part, part.counts_by(question.endpoint, question.goal, times), times)
        for part in question.parts()
    ]
    return _stack(question, curves)


def incidence_by_outcome(
    frame: pd.DataFrame,
    *,
    horizon: float | None = None,
    grid: npt.ArrayLike | None = None,
    goal: str | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Share of runs with each outcome by each time: goal, ruin and abandonment compete.

    At every time the shares of all outcomes and of the runs still open add up to one.

    Args:
        frame, horizon, grid, goal, level: as for :func:`incidence`.

    Returns:
        strategy (best first), outcome, time, low, best, high.
    """
    question = _question(frame, goal, horizon, level=level)
    times = _grid(grid, question.horizon)
    curves = [
        _curve(part, part.outcome_counts_by(name, times), times, outcome=name)
        for part in question.parts()
        for name in _outcomes(frame, question.goal)
        if name != "ongoing"
    ]
    return _stack(question, curves)


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
    question = _question(frame, goal, horizon, endpoint, level=level)
    edges = np.append(np.floor(np.linspace(0.0, question.horizon, bins + 1)[:-1]), question.horizon)
    tables = []
    for part in question.parts():
        there = part.counts_by(question.endpoint, question.goal, edges)
        there[:, 0] = 0  # the first span holds time 0 as well
        spans = np.diff(there, append=part.sizes[:, None])
        columns = {"opens": edges, "closes": np.append(edges[1:], np.inf)}
        shares = part.share_of(spans)._asdict()
        tables.append(pd.DataFrame({"strategy": part.strategy, **columns, **shares}))
    return _stack(question, tables)


def _grid(grid: npt.ArrayLike | None, horizon: float) -> Floats:
    if grid is not None:
        return np.asarray(grid, float)
    return np.unique(np.append(np.floor(np.linspace(0.0, horizon, 201)), horizon))


def _curve(part: _Part, counts: npt.NDArray[np.int64], grid: Floats, **names: str) -> pd.DataFrame:
    share = part.share_of(counts)
    return pd.DataFrame({"strategy": part.strategy, **names, "time": grid, **share._asdict()})


def _stack(question: _Question, tables: list[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    table.attrs = question.table([]).attrs
    return question.ranked(table)


# ---------------------------------------------------------------------------------------------
# Tables


def outcomes(
    frame: pd.DataFrame,
    *,
    goal: str | None = None,
    horizon: float | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Share of every outcome: whichever of goal and ruin came first, else abandoned or ongoing.

    Args:
        frame, goal, horizon, level: as for :func:`incidence`.

    Returns:
        strategy (best first), outcome (goal, ruin, abandoned, ongoing), low, best, high. Outcomes
        that no run had are there, with a share of 0, if ``outcome`` is a category.
    """
    question = _question(frame, goal, _horizon_or_latest(frame, horizon), level=level)
    rows = [
        {"strategy": part.strategy, "outcome": name, **part.outcome(name)._asdict()}
        for part in question.parts()
        for name in _outcomes(frame, question.goal)
    ]
    return question.ranked(question.table(rows))


def _horizon_or_latest(frame: pd.DataFrame, horizon: float | None) -> float | None:
    # Here the horizon only orders strategies; where every run came to an end the latest end does.
    if horizon is None and ("outcome" in frame or is_counted(frame)):
        times, ongoing = _ends(frame)
        if len(ongoing) == 0:
            return float(times.max())
    return horizon


def _outcomes(frame: pd.DataFrame, goal: str) -> list[str]:
    """Names of the outcomes: goal, ruin, abandoned, ongoing."""
    others = [name for name in _outcome_names(frame) if name not in (goal, *UNFINISHED)]
    return [goal, *others, *UNFINISHED]


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
        goal, horizon, level: as for :func:`incidence`.

    Returns:
        strategy (best first), binding (commonest first; ``""``: it never waited), n (runs with the
        goal), low, best, high. A strategy that never reached the goal has no rows. With several
        draws the share is a ratio of two averages over draws, and its interval is that of the
        linearised ratio (W. G. Cochran 1977, Sampling Techniques, 3rd edition, section 6.3).
    """
    question = _question(frame, goal, _horizon_or_latest(frame, horizon), level=level)
    if "binding" not in frame and not is_counted(frame):
        raise ValueError("the frame lacks the column(s) binding")
    rows = []
    for part in question.rows():
        reached, binding = part.ended(question.goal), np.asarray(part["binding"])
        names, counts = np.unique(binding[reached].astype(str), return_counts=True)
        for place in np.argsort(-counts, kind="stable"):
            share = _share_among(part, (binding == names[place]) & reached, reached)
            named = {"strategy": part.strategy, "binding": str(names[place])}
            rows.append({**named, "n": int(reached.sum()), **share._asdict()})
    columns = ("strategy", "binding", "n", "low", "best", "high")
    return question.ranked(question.table(rows, columns))


def _share_among(part: _Rows, flags: Flags, among: Flags) -> Interval:
    """Share of the flagged among the runs that count (some do); ``flags`` imply ``among``."""
    alone = wilson(flags.sum(), among.sum(), part.level)
    if not part.several or (alone.best == 1.0 and len(part.sizes) > 1):  # 1: no spread to go by
        return alone
    above, below = part.by_draw(flags), part.by_draw(among)
    ratio = above.mean() / below.mean()
    around = mean_interval((above - ratio * below) / below.mean(), level=part.level)
    low, high = np.clip([ratio + around.low, ratio + around.high], 0.0, 1.0)
    return Interval(low, ratio, high)


def summary(
    frame: pd.DataFrame,
    goal: str,
    ruin: str | None,
    horizon: float,
    endpoint: str | None = None,
    *,
    years: Sequence[float] = YEARS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """One row a strategy, best first by restricted mean time without the goal (then by name).

    The restricted mean time without the endpoint is the average over *all* runs of the day on
    which it came, or the horizon where it never came. A run that ended in ruin before the goal
    counts as one that never had the goal: the horizon, not the day of the ruin.

    Args:
        frame: runs, columns as in :mod:`sim.rows`.
        goal: the condition that is wanted.
        ruin: the condition that ends a run, or None.
        horizon: days; that of the runs.
        endpoint: what the columns on reaching are about; by default the goal.
        years: marks (365.25 days each, cut to whole days) at which shares are told; those beyond
            the horizon are left out. So 1826 days hold five years.
        level: confidence of the intervals.

    Returns:
        All estimates ``x`` have their limits beside them, in ``x_low`` and ``x_high``.

        - ``strategy``, ``endpoint``, ``horizon`` (days), ``n`` (runs), ``draws``;
        - ``reached_1y``, ``reached_2y`` ..: share with the endpoint by then; ``reached``: by the
          horizon;
        - ``median``: days by which half of the runs have reached it. NaN: not reached; the same
          for its limits;
        - ``restricted_mean``: days without the endpoint, restricted to the horizon;
          ``goal_restricted_mean``: the same for the goal, which ranks the strategies;
        - ``outcome_<name>``: share of each outcome (whichever of goal and ruin came first ..);
        - ``ruin``: share of runs that ended in ruin, also after the goal (if there is a ruin);
        - ``held_<condition>``: mean days at level 1 or more, up to the end of the run;
        - ``n_<shock>``: mean number of shocks.

    Raises:
        ValueError: a name that the frame does not know (the message lists those that it does), a
            horizon that is not that of the runs, an empty frame, or one that lacks columns.
    """
    question = _question(frame, goal, horizon, endpoint, ruin, level)
    columns = _column_names(frame)
    held = [name for name in columns if name.startswith("held_")]
    shocks = [name for name in columns if f"{name}_breaks" in columns]
    rows = [_summary_row(question, part, years, held, shocks) for part in question.parts()]
    return question.ranked(question.table(rows))


def _summary_row(
    question: _Question,
    part: _Part,
    years: Sequence[float],
    held: Sequence[str],
    shocks: Sequence[str],
) -> dict[str, Any]:
    horizon = question.horizon
    endpoint, goal = question.endpoint, question.goal
    marks = _marks(years, horizon)
    shares = part.reached_by(endpoint, goal, np.array(list(marks.values())))
    row: dict[str, Any] = {
        "strategy": part.strategy,
        "endpoint": endpoint,
        "horizon": horizon,
        "n": part.runs,
        "draws": len(part.sizes),
    }
    for i, name in enumerate(marks):
        row |= _flat(name, Interval(*(x[i] for x in shares)))
    row |= _flat("median", part.median(endpoint, goal))
    row |= _flat("restricted_mean", part.days_without(endpoint, goal, horizon))
    row |= _flat("goal_restricted_mean", question.days_without_goal(part))
    for name in _outcomes(question.frame, goal):
        row |= _flat(f"outcome_{name}", part.outcome(name))
    if question.ruin is not None:
        ruined = part.reached_by(question.ruin, goal, np.array([np.floor(horizon)]))
        row |= _flat("ruin", Interval(*(x[0] for x in ruined)))
    for name in held:
        row |= _flat(name, part.mean_of(name, (0.0, horizon)))
    for name in shocks:
        row |= _flat(name, part.mean_of(name, (0.0, math.inf)))
    return row


def _marks(years: Sequence[float], horizon: float) -> dict[str, float]:
    """Names of the shares by time, and their days, whole ones; the horizon is the last."""
    days = {f"reached_{year:g}y": float(math.floor(year * YEAR)) for year in years}
    return {name: day for name, day in days.items() if day <= horizon} | {"reached": horizon}


def _flat(name: str, interval: Interval) -> dict[str, float]:
    return {
        name: float(interval.best),
        f"{name}_low": float(interval.low),
        f"{name}_high": float(interval.high),
    }


# ---------------------------------------------------------------------------------------------
# Paired differences


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
    """Every strategy minus the baseline, run by run: same draw, same replication, same luck.

    Args:
        frame: runs of two strategies or more. Each must have every (draw, replication) of the
            baseline once, and no other.
        baseline: the strategy that the others are held against.
        goal, ruin, horizon, endpoint, years, level: as for :func:`summary`.

    Returns:
        One row for each other strategy (best first) and each measure.

        - ``strategy``, ``baseline``, ``measure``, ``n`` (pairs);
        - ``unit``: "share" or "days"; ``better``: "higher" or "lower";
        - ``low``, ``best``, ``high``: mean difference, strategy minus baseline;
        - ``variance_ratio``: variance of the paired differences over the sum of the two variances,
          which is what independent runs would have had; ``saving``: its inverse, the factor by
          which common random numbers cut the number of runs (inf: the differences do not vary).
          Both are NaN where neither strategy varies. With several draws all are about draw means.

        Measures are named as in :func:`summary`: ``reached_1y`` .., ``reached``,
        ``restricted_mean``, ``held_<goal>`` and ``ruin`` (where the frame has them).

    Raises:
        ValueError: as for :func:`summary`; an unknown baseline; runs without their pair.
    """
    question = _question(frame, goal, horizon, endpoint, ruin, level)
    parts = {part.strategy: part for part in question.rows()}
    if baseline not in parts:
        raise ValueError(f"unknown baseline {baseline!r}; the frame holds: {', '.join(parts)}")
    paired = {name: _aligned(part, parts[baseline]) for name, part in parts.items()}
    measures = _measures(question, years)
    rows = [
        {
            "strategy": name,
            "baseline": baseline,
            "measure": measure.name,
            "unit": measure.unit,
            "better": measure.better,
            "n": len(part.rows),
            **_difference(part, paired[baseline], measure),
        }
        for name, part in paired.items()
        if name != baseline
        for measure in measures
    ]
    columns = ["strategy", "baseline", "measure", "unit", "better", "n"]
    columns += ["low", "best", "high", "variance_ratio", "saving"]
    table = question.ranked(question.table(rows, columns))
    table.attrs["baseline"] = baseline
    return table


class _Measure(NamedTuple):
    """A quantity of every run, that two strategies are compared by."""

    name: str
    unit: str
    better: str
    range: float  # no two runs differ by more
    values: Callable[[_Rows], Floats]


def _measures(question: _Question, years: Sequence[float]) -> list[_Measure]:
    goal, ruin, endpoint = question.goal, question.ruin, question.endpoint
    horizon = question.horizon
    more, less = ("lower", "higher") if endpoint == ruin else ("higher", "lower")

    def by(day: float) -> Callable[[_Rows], Floats]:
        return lambda part: (part.times(endpoint, goal) <= day).astype(float)

    def without(part: _Rows) -> Floats:
        return np.minimum(part.times(endpoint, goal), horizon)

    measures = [
        _Measure(name, "share", more, 1.0, by(day)) for name, day in _marks(years, horizon).items()
    ]
    measures.append(_Measure("restricted_mean", "days", less, horizon, without))
    held = f"held_{goal}"
    if held in question.frame:
        measures.append(_Measure(held, "days", "higher", horizon, lambda part: part[held]))
    if ruin is not None:
        ruined = _Measure(
            "ruin", "share", "lower", 1.0, lambda part: np.isfinite(part.times(ruin, goal)) * 1.0
        )
        measures.append(ruined)
    return measures


def _difference(part: _Rows, baseline: _Rows, measure: _Measure) -> dict[str, float]:
    ours, theirs = measure.values(part), measure.values(baseline)
    runs = len(ours)
    if part.several:
        ours, theirs = part.by_draw(ours), baseline.by_draw(theirs)
    bounds = (-measure.range, measure.range)
    low, best, high = mean_interval(ours - theirs, bounds, part.level, runs)
    ratio = saving = math.nan
    if len(ours) > 1 and (apart := float(ours.var(ddof=1) + theirs.var(ddof=1))) > 0:
        ratio = float((ours - theirs).var(ddof=1)) / apart
        saving = 1 / ratio if ratio > 0 else math.inf
    values = {"low": low, "best": best, "high": high}
    return {k: float(v) for k, v in values.items()} | {"variance_ratio": ratio, "saving": saving}


def _aligned(part: _Rows, baseline: _Rows) -> _Rows:
    """The part with its rows in the order (draw, replication); they must match the baseline's."""
    ours, theirs = (each.in_order() for each in (part, baseline))
    for column in ("draw", "replication"):
        if not np.array_equal(ours[column], theirs[column]):
            raise ValueError(_unpaired(part, baseline))
    return ours


def _unpaired(part: _Rows, baseline: _Rows) -> str:
    """Which run has no pair."""
    ours, theirs = _keys(part), _keys(baseline)
    who, other, missing = part, baseline, theirs.difference(ours)
    if missing.empty:
        who, other, missing = baseline, part, ours.difference(theirs)
    return (
        f"runs cannot be paired: strategy {who.strategy!r} lacks {len(missing)} of the runs of "
        f"{other.strategy!r}, the first of them {_spell(missing[0])}"
    )


def _keys(part: _Rows) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([part["draw"], part["replication"]])


def _spell(key: Any) -> str:
    return f"draw {key[0]}, replication {key[1]}"


# ---------------------------------------------------------------------------------------------
# In print


def percent(share: float) -> str:
    """A share as a number of per cent, never rounded to a certainty that it is not.

    >>> percent(0.412), percent(0.0), percent(0.0004), percent(0.996)
    ('41', '0', '<0.1', '99.6')
    """
    if math.isnan(share):
        return DASH
    if 0 < share < 0.001:
        return "<0.1"
    if 0.999 < share < 1:
        return ">99.9"
    near_an_end = 0 < share < 0.0095 or 0.9905 < share < 1
    return f"{100 * share:.1f}" if near_an_end else f"{100 * share:.0f}"


def as_text(table: pd.DataFrame) -> str:
    """A summary as a compact table for the terminal, a line a strategy."""
    head, body = _cells(table)
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *others]).rstrip()

    rule = "  ".join("-" * width for width in widths)
    legend = textwrap.fill(_legend(table), max(len(rule), 60))
    return "\n".join([line(head), rule, *map(line, body), "", legend])


def as_markdown(table: pd.DataFrame) -> str:
    """A summary as a Markdown table."""
    head, body = _cells(table)
    rule = [":--", *["--:"] * (len(head) - 1)]
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, rule, *body]]
    return "\n".join([*lines, "", _legend(table)])


def _cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Head and body of a printed summary."""
    names = [str(name) for name in table.columns]
    shares = [name for name in names if name.startswith("reached_") and name.endswith("y")]
    last = shares.pop() if shares and _covers(table, shares[-1]) else None
    head = ["strategy", "runs", *(f"{name[8:-1]} y %" for name in shares)]
    head += [f"{last[8:-1]} y %" if last else "horizon %", "median days", "days without"]
    head += ["ruin %"] if "ruin" in table else []
    return head, [_line(row, shares) for _, row in table.iterrows()]


def _covers(table: pd.DataFrame, name: str) -> bool:
    """Is this year mark the horizon itself?"""
    return len(table) > 0 and float(name[8:-1]) * YEAR > float(table["horizon"].iloc[0]) - 1


def _line(row: pd.Series, shares: Sequence[str]) -> list[str]:
    cells = [str(row["strategy"]), f"{int(row['n']):,}", *(percent(row[name]) for name in shares)]
    cells += [_range(row, "reached", percent), _range(row, "median", _median_days)]
    cells += [_range(row, "restricted_mean", _days)]
    return cells + ([_range(row, "ruin", percent)] if "ruin" in row else [])


def _range(row: pd.Series, name: str, show: Callable[[float], str]) -> str:
    low, best, high = (float(row[column]) for column in (f"{name}_low", name, f"{name}_high"))
    if math.isnan(low) and math.isnan(high):
        return show(best)
    return f"{show(best)} ({show(low)}{DASH}{show(high)})"


def _days(days: float) -> str:
    return DASH if math.isnan(days) else f"{days:,.0f}"


def _median_days(days: float) -> str:
    return NOT_REACHED if math.isnan(days) else f"{days:,.0f}"


def _legend(table: pd.DataFrame) -> str:
    if table.empty:
        return "no strategies"
    endpoint, horizon = table["endpoint"].iloc[0], table["horizon"].iloc[0]
    several = int(table["draws"].max())
    unit = f"{several} draws" if several > 1 else "runs"
    level = table.attrs.get("level", LEVEL)
    return (
        f"Share of runs that reached {endpoint} by each year; days without {endpoint}: mean over "
        f"all runs, {horizon:g} where it never came. Best first by mean days without the goal. "
        f"In brackets: {100 * level:g} % intervals over {unit}."
    )
