"""Paired comparison of strategies: differences, the best strategy, which of two is sooner.

All strategies use common random numbers: the same draw and replication has the same random numbers
under each of them, so they are compared replication by replication. With several draws both draws
and replications are random, and one interval covers both (see :mod:`sim.analysis.samples`).

A replication that never reached the endpoint is data: in a pair it is later than one that did, and
two that never did are a tie. Pairs need rows; a frame of counts is invalid here.

Common random numbers do not cancel the attempts that only one of two strategies makes, or that both
make with different probabilities. Where the martingale residuals of the replications are given,
their differences are also adjusted by control variates (:mod:`sim.analysis.control_variates`), and
reported beside the plain ones as ``adjusted``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.analysis import measures
from sim.analysis.control_variates import adjusted_values
from sim.analysis.intervals import (
    LEVEL,
    Interval,
    Spread,
    alike,
    carriers,
    crossed,
    crossed_mean,
    crossed_share,
    mean_interval,
    paired_share,
    wilson,
    with_unseen,
)
from sim.analysis.measures import Measure
from sim.analysis.samples import YEARS, RowSample, ValidFrame, aligned, marks_of, validate
from sim.errors import unknown
from sim.types import Floats

RESAMPLES = 2000
"""Bootstrap resamples; their seed is fixed, so the same frame gives the same answer."""
ADJUSTED = ["adjusted_low", "adjusted", "adjusted_high", "adjusted_ratio"]
LEAST_APART = 20
"""Paired replications that carry a difference. A mean that fewer carry is far from normal: its
interval is no shorter than that of equal values, and it is not adjusted."""
LEAST_LEFT = 0.04
"""Variance that residuals leave of a difference. Where they leave less, what was not seen counts
for more than the spread that was."""
MOST_UNITS = 4000
"""More units than these are averaged in batches before they are resampled."""


class Margins(NamedTuple):
    """A measure of every strategy over several draws.

    Attributes:
        draws: (draws, strategies), means of each draw.
        replications: (replications, strategies), what each adds to the error of the mean.
    """

    draws: Floats
    replications: Floats

    def of(self, weights: Floats) -> tuple[Floats, Floats]:
        """Those of a combination of strategies, as of a difference: (draws,), (replications,)."""
        return self.draws @ weights, self.replications @ weights

    def spread(self, weights: Floats) -> Spread:
        """The spread of the mean; for a difference, marked where few replications differ."""
        draws, replications = self.of(weights)
        best = draws.mean()
        found = crossed(best, (draws - best) / len(draws), replications)
        if np.count_nonzero(weights) == 1:
            return found
        apart = np.abs(replications + best / len(replications))
        differ = np.count_nonzero(apart > 1e-12 * apart.max())  # but for rounding
        few = differ < min(LEAST_APART, len(apart) / 2)
        return found._replace(few_replications=found.few_replications | few)


@dataclass(frozen=True)
class PairedSamples:
    """The runs of all strategies, paired by draw and replication, in one order.

    Attributes:
        valid: the validated frame.
        samples: the runs of each strategy, best strategy first.
        years: at which shares are reported.
        residuals: (runs, controls) of each strategy, numbers of mean 0 of the same runs, or None.
        own: measures beside those of every comparison.
    """

    valid: ValidFrame
    samples: Mapping[str, RowSample]
    years: Sequence[float] = YEARS
    residuals: Mapping[str, Floats] | None = None
    own: Sequence[Measure] = ()

    @property
    def names(self) -> list[str]:
        """Strategies, best first."""
        return list(self.samples)

    @cached_property
    def several(self) -> bool:
        """Are there several draws?"""
        return bool(self.valid.frame["draw"].nunique() > 1)

    @property
    def first(self) -> RowSample:
        """The runs of the best strategy."""
        return next(iter(self.samples.values()))

    @cached_property
    def fixed(self) -> frozenset[str]:
        """Strategies that draws do not change: all their draws are the same replications."""
        if not self.several:
            return frozenset(self.samples)
        return frozenset(sample.strategy for sample in self.valid.rows() if not sample.several)

    def single(self, *places: int) -> bool:
        """Whether these strategies have no more than the replications of one draw."""
        return all(self.names[place] in self.fixed for place in places)

    def runs(self, *places: int) -> int:
        """Different runs of some strategies together, by their places."""
        return int(self.first.sizes[0] if self.single(*places) else len(self.first.rows))

    @cached_property
    def measures(self) -> list[Measure]:
        """What the strategies are compared by."""
        return [*measures_of(self.valid, self.years), *map(self._bounded, self.own)]

    def _bounded(self, measure: Measure) -> Measure:
        """The measure with bounds; the least and the largest value seen where it has none."""
        if np.isfinite(measure.width):
            return measure
        values = np.concatenate([measure.values(sample) for sample in self.samples.values()])
        return replace(measure, bounds=(float(values.min()), float(values.max())))

    @cached_property
    def _units(self) -> dict[str, Floats]:
        return {}

    def units(self, measure: Measure) -> Floats:
        """A measure of the runs of the first draw, mostly the only one: (runs, strategies)."""
        if measure.name not in self._units:
            columns = [measure.values(sample) for sample in self.samples.values()]
            self._units[measure.name] = np.column_stack(
                [self.of_first_draw(column) for column in columns]
            )
        return self._units[measure.name]

    def of_first_draw(self, values: Any) -> Any:
        """Those values of runs that belong to the first draw."""
        return values[: self.first.sizes[0]]

    @cached_property
    def _margins(self) -> dict[str, Margins]:
        return {}

    def margins(self, measure: Measure) -> Margins:
        """A measure of every strategy over several draws."""
        if measure.name not in self._margins:
            columns = [measure.values(sample) for sample in self.samples.values()]
            self._margins[measure.name] = self.margins_of(columns)
        return self._margins[measure.name]

    def margins_of(self, columns: Sequence[Floats]) -> Margins:
        """The same of values of the runs of each strategy, (runs,) each."""
        draws, replications = [], []
        for values in columns:
            draws.append(self.first.by_draw(values))
            replications.append(self.first.contributions(values)[2])
        return Margins(np.column_stack(draws), np.column_stack(replications))

    def weights(self, a: int, b: int | None = None) -> Floats:
        """Of the strategies, in the value of one, or in the difference of two."""
        weights = np.zeros(len(self.names))
        weights[a] = 1.0
        if b is not None:
            weights[b] = -1.0
        return weights

    def difference(self, measure: Measure, a: int, b: int, level: float) -> Interval:
        """Mean difference of two strategies, a minus b, by their places."""
        bounds, runs = (-measure.width, measure.width), self.runs(a, b)
        if not self.single(a, b):
            margins, weights = self.margins(measure), self.weights(a, b)
            best = margins.of(weights)[0].mean()
            return crossed_mean(best, margins.spread(weights), bounds, level)
        ours, theirs = self.units(measure)[:, [a, b]].T
        if measure.unit == "share":
            return paired_share((ours > theirs).sum(), (ours < theirs).sum(), runs, level)
        found = mean_interval(ours - theirs, bounds, level, runs)
        few = np.count_nonzero(ours != theirs) < min(LEAST_APART, len(ours) / 2)
        return with_unseen(found, bounds, runs, level) if few else found

    def ratio(self, measure: Measure, a: int, b: int) -> float:
        """Variance of a difference over that of independent runs; NaN: neither varies."""
        if self.single(a, b):
            ours, theirs = self.units(measure)[:, [a, b]].T
            return _ratio(ours - theirs, ours, theirs)
        margins = self.margins(measure)
        return self._ratio_over_draws(margins.spread(self.weights(a, b)), margins, a, b)

    def _ratio_over_draws(self, spread: Spread, margins: Margins, a: int, b: int) -> float:
        alone = sum(float(margins.spread(self.weights(each)).variance) for each in (a, b))
        if alone == 0 or np.isnan(spread.freedom):
            return math.nan
        ratio = float(spread.variance) / alone
        return 0.0 if ratio < 1e-20 else ratio  # but for rounding

    @cached_property
    def _adjusted_values(self) -> dict[str, list[Floats]]:
        """Control-variate adjusted measures; NaN for strategies with too few replications."""
        if self.residuals is None:
            return {}
        names, columns = [measure.name for measure in self.measures], []
        for strategy, sample in self.samples.items():
            values = np.column_stack([m.values(sample) for m in self.measures])
            left = adjusted_values(values, self.residuals[strategy], sample["replication"])
            columns.append((np.full_like(values, np.nan) if left is None else left).T)
        return {name: list(values) for name, *values in zip(names, *columns, strict=True)}

    def adjusted(
        self, measure: Measure, a: int, b: int, level: float
    ) -> tuple[Interval, float] | None:
        """The adjusted difference a minus b, and its variance over that of independent runs.

        None where the plain difference is better: where one of the two has too few replications
        (adjusting the other alone would undo the pairing), where the variance is not less, and
        where fewer than :data:`LEAST_APART` pairs (of several draws: draws, or replications)
        carry it.
        """
        if not self._adjusted_values:
            return None
        if not self.single(a, b):
            return self._adjusted_over_draws(measure, a, b, level)
        ours, theirs = self.units(measure)[:, [a, b]].T
        mine, other = (
            self.of_first_draw(self._adjusted_values[measure.name][each]) for each in (a, b)
        )
        plain, left = ours - theirs, mine - other
        if not (left.var() < plain.var() and carriers(left) >= LEAST_APART):  # NaN is not less
            return None
        bounds, runs = (-measure.width, measure.width), self.runs(a, b)
        found = mean_interval(left, bounds, level, runs)
        if left.var() < LEAST_LEFT * plain.var():
            found = with_unseen(found, bounds, runs, level)
        return found, _ratio(left, ours, theirs)

    def _adjusted_over_draws(
        self, measure: Measure, a: int, b: int, level: float
    ) -> tuple[Interval, float] | None:
        weights, margins = self.weights(a, b), self.margins(measure)
        values = self._adjusted_values[measure.name]
        left = self.margins_of([values[a] - values[b]])
        plain, less = margins.spread(weights).variance, left.spread(np.ones(1))
        carried = min(carriers(each) for each in left.of(np.ones(1)))
        if not (less.variance < plain and carried >= LEAST_APART):
            return None
        if less.variance < LEAST_LEFT * plain:
            less = less._replace(few_draws=True, few_replications=True)
        found = crossed_mean(left.draws.mean(), less, (-measure.width, measure.width), level)
        return found, self._ratio_over_draws(less, margins, a, b)


def paired_samples(
    frame: pd.DataFrame,
    goal: str,
    ruin: str | None,
    horizon: float,
    endpoint: str | None = None,
    *,
    years: Sequence[float] = YEARS,
    level: float = LEVEL,
    own: Sequence[Measure] = (),
) -> PairedSamples:
    """The runs of a frame in pairs: the input of the functions of this module.

    Args:
        frame: runs. Each strategy must have the same (draw, replication), each of them once.
        goal: the condition that is wanted.
        ruin: the condition that ends a run, or None.
        horizon: days; that of the runs.
        endpoint: what is waited for, and what ranks the strategies; by default the goal.
        years: marks at which shares are reported; those beyond the horizon are left out.
        level: confidence of the intervals.
        own: measures beside those of every comparison; where one has no bounds, the least and the
            largest value seen bound its intervals.

    Raises:
        ValueError: unknown names (the message lists those known), an unusable frame, or runs
            without their pair.
    """
    valid = validate(frame, goal, horizon, endpoint, ruin, level)
    samples = {sample.strategy: sample for sample in valid.rows(copies=True)}
    first = next(iter(samples.values()))
    in_order = {name: aligned(sample, first) for name, sample in samples.items()}
    ranked = {name: in_order[name] for name in valid.rank()}
    return PairedSamples(valid, ranked, tuple(years), own=tuple(own))


def measures_of(valid: ValidFrame, years: Sequence[float]) -> list[Measure]:
    """Shares reached by each mark, days without, days held, and the share of ruin."""
    goal, ruin, endpoint = valid.goal, valid.ruin, valid.endpoint
    horizon, more = valid.horizon, not valid.of_ruin
    marks = marks_of(years, horizon)
    found = [measures.came(name, endpoint, goal, day, more=more) for name, day in marks.items()]
    name = "restricted_mean"
    found.append(measures.restricted_mean(name, endpoint, goal, horizon, more=not more))
    if f"held_{goal}" in valid.frame:
        found.append(measures.held(goal, horizon))
    if ruin is not None:
        found.append(measures.came("ruin", ruin, more=False))
    return found


# ---------------------------------------------------------------------------------------------
# Estimates and differences


def estimates(paired: PairedSamples) -> pd.DataFrame:
    """Every measure of every strategy, by itself.

    Returns:
        strategy (best first), measure, unit ("share" or "days"), better ("higher" or "lower"), n
        (runs), low, best, high. Measures are named as in :func:`sim.analysis.incidence.summary`.
    """
    rows = [
        {
            "strategy": name,
            **_about(measure),
            "n": paired.runs(place),
            **_alone(paired, measure, place)._asdict(),
        }
        for place, name in enumerate(paired.names)
        for measure in paired.measures
    ]
    return paired.valid.table(rows)


def _about(measure: Measure) -> dict[str, str]:
    return {"measure": measure.name, "unit": measure.unit, "better": measure.better}


def _alone(paired: PairedSamples, measure: Measure, place: int) -> Interval:
    level, bounds = paired.valid.level, measure.bounds
    if not paired.single(place):
        margins, weights = paired.margins(measure), paired.weights(place)
        best, spread = margins.of(weights)[0].mean(), margins.spread(weights)
        if measure.unit == "share":
            return crossed_share(best, spread, level)
        return crossed_mean(best, spread, bounds, level)
    values, runs = paired.units(measure)[:, place], paired.runs(place)
    if measure.unit == "share":
        return wilson(values.sum(), runs, level)
    return mean_interval(values, bounds, level, runs)


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
    own: Sequence[Measure] = (),
) -> pd.DataFrame:
    """Every strategy minus the baseline: :func:`differences` of :func:`paired_samples`."""
    paired = paired_samples(frame, goal, ruin, horizon, endpoint, years=years, level=level, own=own)
    return differences(paired, baseline)


def differences(paired: PairedSamples, baseline: str) -> pd.DataFrame:
    """Every strategy minus the baseline, replication by replication, under common random numbers.

    Args:
        paired: runs of two strategies or more, from :func:`paired_samples`.
        baseline: the strategy that the others are compared with.

    Returns:
        One row for each other strategy (best first) and each measure.

        - ``strategy``, ``baseline``, ``measure``, ``n`` (pairs);
        - ``unit``: "share" or "days"; ``better``: "higher" or "lower";
        - ``low``, ``best``, ``high``: mean difference, strategy minus baseline, its interval by
          itself: Student's for days, that of :func:`sim.analysis.intervals.paired_share` for
              shares; with
          several draws that of :func:`sim.analysis.intervals.crossed_mean` for both. Where most
          pairs are equal and fewer than :data:`LEAST_APART` differ, it is no shorter than that of
          equal values; so too, with several draws, where few replications or no draws differ;
        - ``joint_low``, ``joint_high``: intervals that hold for all other strategies together
          (Bonferroni's inequality: O. J. Dunn 1961, JASA 56, 52-64), for one measure;
        - ``variance_ratio``: variance of the paired differences over the sum of the two variances,
          which is what independent runs would have had; ``saving``: its inverse, the factor by
          which common random numbers cut the number of runs (inf: the differences do not vary).
          Both are NaN where neither strategy varies. With several draws they are variances of
          means over draws and replications;
        - ``adjusted_low``, ``adjusted``, ``adjusted_high``, ``adjusted_ratio``: the same difference
          adjusted by control variates, its Student's interval, and its variance over that which
          independent runs would have had; only where residuals are given. Where there is no
          adjustment (:meth:`PairedSamples.adjusted`), ``low``, ``best``, ``high`` and
          ``variance_ratio`` repeat.

    Raises:
        ValueError: an unknown baseline.
    """
    names = paired.names
    if baseline not in names:
        raise ValueError(unknown("baseline", baseline, names))
    base, level = names.index(baseline), paired.valid.level
    joint = 1 - (1 - level) / max(1, len(names) - 1)
    rows = []
    for place, name in enumerate(names):
        for measure in paired.measures if place != base else ():
            together = paired.difference(measure, place, base, joint)
            rows.append(
                {
                    "strategy": name,
                    "baseline": baseline,
                    **_about(measure),
                    "n": paired.runs(place, base),
                    "joint_low": together.low,
                    "joint_high": together.high,
                    **_apart(paired, measure, place, base),
                }
            )
    columns = ["strategy", "baseline", "measure", "unit", "better", "n", "low", "best", "high"]
    columns += ["joint_low", "joint_high", "variance_ratio", "saving"]
    columns += [] if paired.residuals is None else ADJUSTED
    table = paired.valid.table(rows, columns)
    table.attrs["baseline"] = baseline
    return table


def _apart(paired: PairedSamples, measure: Measure, a: int, b: int) -> dict[str, float]:
    """A difference plain and adjusted, with the ratios of its variance."""
    level = paired.valid.level
    plain, ratio = paired.difference(measure, a, b, level), paired.ratio(measure, a, b)
    found = {**plain._asdict(), "variance_ratio": ratio, "saving": 1 / ratio if ratio else math.inf}
    if paired.residuals is None:
        return found
    adjusted = paired.adjusted(measure, a, b, level)
    less, left = (plain, ratio) if adjusted is None else adjusted
    return found | dict(zip(ADJUSTED, (*less, left), strict=True))


def _ratio(difference: Floats, ours: Floats, theirs: Floats) -> float:
    """Its variance over that which it would have between independent runs; NaN: neither varies."""
    if len(ours) < 2 or not (apart := float(ours.var(ddof=1) + theirs.var(ddof=1))):
        return math.nan
    return 0.0 if alike(difference) else float(difference.var(ddof=1)) / apart


# ---------------------------------------------------------------------------------------------
# The best


def with_the_best(paired: PairedSamples) -> pd.DataFrame:
    """Every strategy minus the best of the others, with simultaneous intervals.

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
          paired replications it is the best; ties are shared. With several draws, draws and
          replications are resampled, each by themselves. The limits are Wilson's, of the number of
          resamples: they measure the Monte Carlo error of the share only. With a single
          replication all strategies have the same chance.

    Raises:
        ValueError: one strategy alone.
    """
    names = paired.names
    if len(names) < 2:
        raise ValueError("there is only one strategy; a comparison needs two")
    chances = _chances(paired)
    rows = []
    for measure in paired.measures:
        found = _apart_from_the_best(paired, measure)
        for place, name in enumerate(names):
            low, best, high = (float(limit[place]) for limit in found)
            chance = wilson(chances[measure.name][place] * RESAMPLES, RESAMPLES)
            rows.append(
                {
                    "strategy": name,
                    **_about(measure),
                    "n": paired.runs(*range(len(names))),
                    **{"low": low, "best": best, "high": high},
                    "may_be_best": not (high <= 0 if measure.sign > 0 else low >= 0),
                    "chance_low": float(chance.low),
                    "chance": float(chance.best),
                    "chance_high": float(chance.high),
                }
            )
    table = paired.valid.table(rows)
    place_of = {name: i for i, name in enumerate(names)}
    ordered = table.sort_values("strategy", key=lambda s: s.map(place_of), kind="stable")
    ordered = ordered.reset_index(drop=True)
    ordered.attrs = table.attrs
    return ordered


def _apart_from_the_best(paired: PairedSamples, measure: Measure) -> Interval:
    """Hsu's constrained intervals, in the measure's unit: three arrays (strategies,)."""
    k = len(paired.names)
    level = 1 - 2 * (1 - paired.valid.level) / (k - 1)  # two-sided, for one-sided limits
    low, best, high = (np.full((k, k), np.nan) for _ in range(3))
    for a, b in itertools.permutations(range(k), 2):
        between = paired.difference(measure, a, b, level)
        ends = between if measure.sign > 0 else Interval(*(-x for x in reversed(between)))
        low[a, b], best[a, b], high[a, b] = (float(x) for x in ends)
    upper = np.maximum(0.0, _least(high))
    candidates = upper > 0
    if not candidates.any() or np.isnan(upper).any():  # a single unit has no spread
        candidates = np.ones(k, bool)
    lower = np.array([_lower_limit(low[a], candidates, a) for a in range(k)])
    middle = _least(best)
    if measure.sign > 0:
        return Interval(lower, middle, upper)
    return Interval(-upper + 0.0, -middle + 0.0, -lower + 0.0)


def _least(table: Floats) -> Floats:
    """The least of each row, without the diagonal; NaN where anything else is NaN."""
    k = len(table)
    least: Floats = np.array([np.delete(table[a], a).min() for a in range(k)])
    return least


def _lower_limit(low: Floats, candidates: Any, a: int) -> float:
    others = candidates.copy()
    others[a] = False
    if not others.any():
        return 0.0
    return float(np.minimum(0.0, low[others].min()))


def _chances(paired: PairedSamples) -> dict[str, Floats]:
    """In what share of resamples each strategy is the best, by measure: arrays (strategies,)."""
    measures, k = paired.measures, len(paired.names)
    values = _columns(paired)
    if min(map(len, values)) == 1:  # a single unit has no spread
        return {measure.name: np.full(k, 1 / k) for measure in measures}
    first = np.zeros((len(measures), k))
    for means in resampled(*values):
        by_measure = means.reshape(len(means), len(measures), k)
        best = by_measure >= by_measure.max(axis=2, keepdims=True) - 1e-9
        first += (best / best.sum(axis=2, keepdims=True)).sum(axis=0)
    return {m.name: first[i] / RESAMPLES for i, m in enumerate(measures)}


def _columns(paired: PairedSamples) -> list[Floats]:
    """What is resampled, (units, measures x strategies): runs; or draws, and replications."""
    measures = paired.measures
    if paired.single(*range(len(paired.names))):
        return [np.hstack([m.sign * paired.units(m) for m in measures])]
    margins = [(m.sign, paired.margins(m)) for m in measures]
    replications = [sign * len(one.replications) * one.replications for sign, one in margins]
    return [np.hstack([sign * one.draws for sign, one in margins]), np.hstack(replications)]


def resampled(*values: Floats, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """Means of bootstrap resamples of units, some at a time.

    Args:
        values: (units, columns) each; a resample takes whole rows, so that pairs stay pairs. Of
            several kinds of units (draws and replications) each is resampled by itself, and their
            means are added up.
        resamples: how many.

    Yields:
        (some, columns), together ``resamples`` rows; the same for the same values.
    """
    kinds = [in_batches(each) for each in values]
    generator = np.random.Generator(np.random.Philox(key=20_170_615))
    at_once = max(1, min(resamples, 2_000_000 // max(map(len, kinds))))
    for start in range(0, resamples, at_once):
        some = min(at_once, resamples - start)
        yield sum(_resample(averages, some, generator) for averages in kinds)


def _resample(averages: Floats, some: int, generator: np.random.Generator) -> Any:
    units = len(averages)
    taken = generator.integers(0, units, (some, units)) + units * np.arange(some)[:, None]
    weights = np.bincount(taken.ravel(), minlength=some * units).reshape(some, units)
    return weights.astype(averages.dtype) @ averages / units


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


def pairs(paired: PairedSamples) -> pd.DataFrame:
    """For each two strategies: how often one is sooner than the other in the same replication.

    Returns:
        One row for each ordered pair of different strategies ``a`` and ``b`` (best first), n, and

        - ``win``, ``tie``, ``loss`` with their limits ``win_low`` ..: chances that ``a`` reaches
          the endpoint sooner than ``b`` in the same replication, at the same time (or both never),
          and later. Wilson's intervals; with several draws those of
          :func:`sim.analysis.intervals.crossed_share`;
        - ``net_low``, ``net``, ``net_high``: ``win`` minus ``loss``, paired: the interval of
          :func:`sim.analysis.intervals.paired_share`; with several draws that of
          :func:`sim.analysis.intervals.crossed_mean`;
        - ``low``, ``best``, ``high``: a minus b in mean days without the endpoint;
        - ``variance_ratio``, ``saving``, ``adjusted`` with its limits and ``adjusted_ratio``: of
          these days, as in :func:`differences`.
    """
    goal, endpoint = paired.valid.goal, paired.valid.endpoint
    times = [sample.times(endpoint, goal) for sample in paired.samples.values()]
    days = next(m for m in paired.measures if m.name == "restricted_mean")
    rows = []
    for a, b in itertools.permutations(range(len(paired.names)), 2):
        row: dict[str, Any] = {
            "a": paired.names[a],
            "b": paired.names[b],
            "n": paired.runs(a, b),
        }
        for name, flags in (
            ("win", times[a] < times[b]),
            ("tie", times[a] == times[b]),
            ("loss", times[a] > times[b]),
        ):
            share = _share(paired, flags, paired.single(a, b))
            row |= {name: share.best, f"{name}_low": share.low, f"{name}_high": share.high}
        net = _net(paired, times[a] < times[b], times[a] > times[b], paired.single(a, b))
        row |= {"net_low": net.low, "net": net.best, "net_high": net.high}
        rows.append(row | _apart(paired, days, a, b))
    return paired.valid.table(rows)


def _net(paired: PairedSamples, win: Any, loss: Any, single: bool) -> Interval:
    """How many more paired replications are won than lost, as a share, with its interval.

    ``single``: all draws are the same.
    """
    level = paired.valid.level
    if single:
        won, lost = paired.of_first_draw(win), paired.of_first_draw(loss)
        return paired_share(won.sum(), lost.sum(), len(won), level)
    margins = paired.margins_of([win.astype(float) - loss])
    spread = margins.spread(np.ones(1))
    return crossed_mean(margins.draws.mean(), spread, (-1.0, 1.0), level)


def _share(paired: PairedSamples, flags: Any, single: bool) -> Interval:
    """Share of the pairs, with its interval; ``single``: all draws are the same."""
    first = paired.first
    if not single:
        return Interval(*(float(x[0]) for x in first.share_of(first.count(flags))))
    some = paired.of_first_draw(flags)
    return wilson(some.sum(), len(some), paired.valid.level)
