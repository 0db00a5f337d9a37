"""The search itself: candidates are screened, one is chosen, and what is reported is measured.

Candidates are simulated under common random numbers (:mod:`sim.studies.sequence_evaluation`), and
one is chosen with a guarantee (:mod:`sim.studies.ranking_selection`). What is then printed of the
one chosen, of those near to it, of those that trade time against ruin, and of the strategies of the
file comes from new replications that had no part in any choice: the best of many looks better than
it is in those in which it was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.intervals import Interval, mean_interval, median_interval, wilson
from sim.analysis.measures import Measure
from sim.errors import InputError, MeasureError, unknown
from sim.experiment import argument_checks
from sim.experiment.measures import parse
from sim.scenario.scenario import Scenario
from sim.studies.ranking_selection import Selection, select
from sim.studies.sequence_evaluation import Outcomes, SequenceEvaluator
from sim.studies.sequence_space import Space, size_of, waits_for_goal
from sim.studies.study import Manifest
from sim.types import Flags, Floats, Ints

BEST, ALIKE, OPEN, WORSE, BETTER = "best", "alike", "not distinguished", "worse", "better"
DAYS, SHARE = "days", "share"
MEASURES = (DAYS, SHARE)  # those of the search, besides those of the registry
MOST_CANDIDATES = 1_000_000
MOST_REPLICATIONS = 1_000_000  # all of them are kept in memory
ZONE = 0.01  # of the measure's width: a difference that does not matter
NEAR = 40  # survivors of the screening that are measured, at most
NOMINEES = 300  # candidates with the least days, the largest share, the least ruin
TRIAL = 1_000  # replications in which nominees for the front are simulated
FRONT = 40  # candidates of the first fronts that are measured, about


@dataclass(frozen=True)
class Options:
    """What was asked for; see :func:`sim.studies.search.search`."""

    tracks: tuple[str, ...]
    never: tuple[str, ...]
    optional: tuple[str, ...]
    postures: tuple[str, ...]
    priority: tuple[str, ...]
    stages: bool
    measure: Measure
    zone: float  # in the unit of the measure
    confidence: float
    replications: int

    @property
    def by_goal(self) -> bool:
        """Whether a candidate is worst where the goal never comes."""
        return by_goal(self.measure.name)

    @property
    def span(self) -> float:
        """No two replications differ by more; infinite where the measure has no bounds."""
        return self.measure.width


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        selection: how one candidate was chosen; its candidates are places in ``distinct``.
        distinct: numbers of the candidates that can differ.
        table: the measured ones, the one chosen first, then by the measure; a row each:

            - ``candidate``: its strategy's name; ``number``, -1 for a strategy of the file;
            - ``words``; ``stands_for``: how many candidates cannot differ from it;
            - ``n``: replications; ``restricted_mean``, ``reached``, ``median``, ``ruin`` (where
              there is one), each with ``_low`` and ``_high``; NaN medians were not reached;
            - ``value``: the measure, with limits, where it is neither "days" nor "share";
            - ``difference``: to the one chosen, in the measure (days, or share never reaching the
              goal; of any measure more is worse: of one of which more is better, the one chosen
              minus this one), paired, limits at the confidence asked for over all rows at once;
              ``ruin_difference``, each by itself;
            - ``status``: best (the one chosen), alike (in every replication measured), not
              distinguished, worse (also: dropped by the screening), better;
            - ``front``: no measured candidate is better in one of days, median, share and ruin, and
              no worse in the others.
        counts: what the manifest says of candidates and replications.
    """

    selection: Selection
    distinct: Ints
    table: pd.DataFrame
    counts: Manifest


def find(
    space: Space,
    options: Options,
    seed: int,
    workers: int | None = None,
    on_simulated: Callable[[int], Any] = lambda count: None,
) -> Found:
    """Choose a candidate, and measure it and those near it.

    Args:
        space: the candidates, by number.
        options: what was asked for.
        seed: of the random numbers.
        workers: threads; one a core where None. Results do not depend on it.
        on_simulated: called with a number of replications whenever some have been simulated.
    """
    if not options.by_goal:
        space = replace(space, whole=True)
    evaluator = SequenceEvaluator(space, seed, workers, on_simulated, options.measure)
    return _Search(space, options, evaluator).run()


# -- what was asked for ---------------------------------------------------------------------------


def space_of(
    scenario: Scenario,
    tracks: Sequence[str] | None,
    never: Sequence[str],
    optional: Sequence[str],
    postures: Sequence[str] | None,
    priority: Sequence[str],
    stages: bool,
) -> Space:
    """The candidates; see :func:`sim.studies.search.search`.

    Raises:
        InputError: an unknown name, too many candidates, or none that can bring the goal.
    """
    able = [name for name, track in scenario.tracks.items() if track.stages]
    marked = [
        name
        for name, condition in scenario.conditions.items()
        if condition.posture and name not in (scenario.goal, scenario.ruin)
    ]
    _known("never", "track", never, list(scenario.tracks))
    if tracks is None:
        tracks = [t for t in able if t not in never and not waits_for_goal(scenario, t)]
    _known("tracks", "track", tracks, [name for name in able if name not in never])
    _known("optional", "track", optional, list(tracks))
    _known("postures", "posture", marked if postures is None else postures, marked)
    _known("priority", "track", priority, list(scenario.tracks))
    space = Space(
        scenario,
        tuple(tracks),
        tuple(never),
        tuple(optional),
        tuple(marked if postures is None else postures),
        tuple(priority),
        stages,
    )
    _not_too_many(space)
    if not len(space.distinct[0]):
        raise InputError(
            f"tracks: whatever the order of {', '.join(tracks) or 'none'}, nothing that can happen "
            f"ever raises {scenario.goal}; nothing to search"
        )
    return space


def _known(option: str, what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for i, name in enumerate(names):
        if name not in known:
            raise InputError(f"{option}: {unknown(what, name, known)}")
        if name in names[:i]:
            raise InputError(f'{option}: "{name}" stands there twice; allowed: once')


def _not_too_many(space: Space) -> None:
    postures = len(space.postures)
    plain = size_of(space.scenario, len(space.tracks), len(space.optional), postures)
    few = plain <= MOST_CANDIDATES
    if few:
        most = MOST_CANDIDATES >> postures
        few = sum(1 for _ in islice(space.each_order(), most + 1)) <= most
    if not few:
        raise InputError(
            f"tracks: {len(space.tracks)} in every order, with {postures} postures, are {plain:,} "
            f"candidates{' or more' if space.stages else ''}; allowed: {MOST_CANDIDATES:,}; "
            "order fewer tracks, or choose from fewer postures"
        )


def by_goal(name: str) -> bool:
    """Whether a measure of this name is at its worst where the goal never comes."""
    return name in (*MEASURES, "restricted_mean") or name.partition("@")[0] == "reached"


def measure_of(scenario: Scenario, measure: str | Measure) -> Measure:
    """The measure that candidates are chosen by.

    Args:
        scenario: defines the goal and the horizon.
        measure: "days", "share", a name of :mod:`sim.analysis.measures`, or one of one's own.

    Raises:
        InputError: it is not known, or one's own has a name that stands for another.
    """
    if isinstance(measure, Measure):
        argument_checks.text("measure", measure.name)
        if by_goal(measure.name):
            raise InputError(f'measure: there is already "{measure.name}"; allowed: another name')
        return measure
    first, horizon = f"first_{scenario.goal}", float(scenario.horizon)
    if measure == DAYS:
        bounds = (0.0, horizon)
        return Measure(DAYS, lambda of: np.fmin(of[first], horizon), DAYS, False, bounds)
    if measure == SHARE:
        return Measure(SHARE, lambda of: ~np.isnan(of[first]), SHARE, bounds=(0.0, 1.0))
    try:
        return parse(scenario, argument_checks.text("measure", measure), also=MEASURES)
    except MeasureError as error:
        raise InputError(str(error)) from None


def options_of(
    space: Space, measure: str | Measure, zone: float | None, confidence: float, replications: int
) -> Options:
    """What was asked for, with every default filled in.

    Raises:
        InputError: something is not allowed.
    """
    measure = measure_of(space.scenario, measure)
    zone = _zone(measure, zone)
    confidence = argument_checks.number("confidence", confidence)
    if not 0.5 <= confidence < 1:
        raise InputError(f"confidence: found {confidence:g}; allowed: from 0.5 to below 1")
    argument_checks.whole("replications", replications, 2, MOST_REPLICATIONS)
    return Options(
        space.tracks, space.never, space.optional, space.postures, space.priority, space.stages,
        measure, float(zone), float(confidence), replications,
    )  # fmt: skip


def _zone(measure: Measure, zone: float | None) -> float:
    span = measure.width
    if zone is None and not math.isfinite(span):
        raise InputError(
            f'zone: not given, and the measure "{measure.name}" has no bounds; allowed: a '
            "difference in it that does not matter, more than 0"
        )
    zone = ZONE * span if zone is None else argument_checks.number("zone", zone)
    if not 0 < zone < span:
        less = f" and less than {span:g}" if math.isfinite(span) else ""
        raise InputError(f"zone: found {zone:g}; allowed: more than 0{less}")
    return zone


# -- the search -----------------------------------------------------------------------------------


@dataclass
class _Search:
    """A search under way; candidates are places among the distinct ones."""

    space: Space
    options: Options
    evaluator: SequenceEvaluator
    sums: Floats = field(
        init=False
    )  # (distinct, 4): replications, cost, goals, ruins in the screening

    def run(self) -> Found:
        self.numbers, classes = self.space.distinct
        self.stands_for = np.bincount(classes[classes >= 0])
        self.sums = np.zeros((len(self.numbers), 4))
        selection = select(
            self.sample,
            len(self.numbers),
            self.options.zone,
            self.options.span,
            self.options.confidence,
        )
        nominees, first = self.nominees(selection)
        measured = self.measured(selection, nominees)
        outcomes = self.evaluator.evaluate(self.numbers[measured], first, self.options.replications)
        references = self.evaluator.references(first, self.options.replications)
        table = self.table(selection, measured, outcomes, references)
        counts: Manifest = {
            "candidates": len(self.space),
            "distinct": len(self.numbers),
            "best": self.space.name(int(self.numbers[selection.best])),
            "orders": len(self.space.orders),
            "hopeless": int((classes < 0).sum()),
            "choice_replications": selection.simulated,
            "simulated": self.evaluator.simulated,
            "stages": [stage._asdict() for stage in selection.stages],
            "first_measured_replication": first,
        }
        return Found(selection, self.numbers, table, counts)

    def sample(self, places: Ints, first: int, count: int) -> Floats:
        """Costs, for the selection; what they say of the other measures is written down."""
        outcomes = self.evaluator.evaluate(self.numbers[places], first, count)
        cost, goal, ruin = self.cost(outcomes), ~np.isnan(outcomes.goal), ~np.isnan(outcomes.ruin)
        parts = [np.full(len(places), float(count))]
        parts += [values.sum(axis=1) for values in (cost, goal, ruin)]
        self.sums[places] += np.column_stack(parts)
        return cost

    def cost(self, outcomes: Outcomes) -> Floats:
        """The measure, so that less is better: of a share, the share without."""
        measure = self.options.measure
        if not measure.more:
            return outcomes.value
        most = measure.bounds[1]
        return (most if math.isfinite(most) else 0.0) - outcomes.value

    def days(self, outcomes: Outcomes) -> Floats:
        return np.fmin(outcomes.goal, float(self.space.scenario.horizon))

    def nominees(self, selection: Selection) -> tuple[Ints, int]:
        """Candidates for the front, by a trial in new replications; and the next new one."""
        first = selection.next_replication
        if len(self.numbers) <= NEAR:
            return np.arange(len(self.numbers)), first
        replications, cost, goal, ruin = self.sums.T
        cost, share, ruin = cost / replications, goal / replications, ruin / replications
        orders = [np.lexsort((cost, -share)), np.argsort(cost, kind="stable")]
        if self.space.scenario.ruin is not None:
            orders.append(np.lexsort((cost, ruin)))
        chosen = np.unique(np.concatenate([order[:NOMINEES] for order in orders]))
        outcomes = self.evaluator.evaluate(self.numbers[chosen], first, TRIAL)
        return chosen[_first_fronts(self.objectives(outcomes), FRONT)], first + TRIAL

    def objectives(self, outcomes: Outcomes) -> Floats:
        """What is traded, less is better: days, their median, share never there, share of ruin."""
        never, ruin = np.isnan(outcomes.goal), ~np.isnan(outcomes.ruin)
        median = np.median(np.where(never, np.inf, outcomes.goal), axis=1)
        days, never_there, ruined = (v.mean(axis=1) for v in (self.days(outcomes), never, ruin))
        return np.column_stack([days, median, never_there, ruined])

    def measured(self, selection: Selection, nominees: Ints) -> Ints:
        """Whom to measure: the one chosen first, then the near ones, then those for the front."""
        near = selection.survivors[np.argsort(selection.means[selection.survivors], kind="stable")]
        who = [selection.best, *selection.tied[:NEAR], *near[:NEAR], *nominees]
        return np.array(list(dict.fromkeys(int(place) for place in who)), np.int64)

    # -- the table --

    def table(
        self,
        selection: Selection,
        measured: Ints,
        outcomes: Outcomes,
        references: dict[str, Outcomes],
    ) -> pd.DataFrame:
        numbers = self.numbers[measured]
        rows = pd.DataFrame(
            {
                "candidate": [self.space.name(n) for n in numbers] + list(references),
                "number": [*numbers, *[-1] * len(references)],
                "words": [self.space.words(n) for n in numbers]
                + [self.space.scenario.strategies[name].about or "" for name in references],
                "stands_for": [*self.stands_for[measured], *[1] * len(references)],
                "n": self.options.replications,
            }
        )
        together = Outcomes(*map(np.concatenate, zip(outcomes, *references.values(), strict=True)))
        for name, interval in self.estimates(together).items():
            limits = {
                f"{name}_low": interval.low,
                name: interval.best,
                f"{name}_high": interval.high,
            }
            for column, values in limits.items():
                rows[column] = np.asarray(values, float)
        survived = np.isin(measured, selection.survivors)
        rows["status"] = self.statuses(rows, together, survived)
        rows["front"] = False
        front = _undominated(self.objectives(outcomes)) & _first_alike(outcomes)
        rows.loc[: len(numbers) - 1, "front"] = front
        order = np.lexsort((rows["restricted_mean"], rows["difference"], rows["status"] != BEST))
        return rows.iloc[order].reset_index(drop=True)

    def estimates(self, outcomes: Outcomes) -> dict[str, Interval]:
        """By name, for all rows."""
        horizon, n = float(self.space.scenario.horizon), outcomes.goal.shape[1]
        days, cost, span = self.days(outcomes), self.cost(outcomes), self.options.span
        found = {
            "restricted_mean": mean_interval(days.T, (0.0, horizon)),
            "reached": wilson((~np.isnan(outcomes.goal)).sum(axis=1), n),
            "median": _stacked(
                [median_interval(np.nan_to_num(g, nan=np.inf)) for g in outcomes.goal]
            ),
        }
        if self.options.measure.name not in MEASURES:
            found["value"] = _mean(self.options.measure, outcomes.value)
        one_of = 1 - (1 - self.options.confidence) / max(1, len(cost) - 1)
        found["difference"] = mean_interval((cost - cost[0]).T, (-span, span), one_of)
        if self.space.scenario.ruin is not None:
            ruin = (~np.isnan(outcomes.ruin)).astype(float)
            found["ruin"] = wilson(ruin.sum(axis=1), n)
            found["ruin_difference"] = mean_interval((ruin - ruin[0]).T, (-1.0, 1.0))
        return found

    def statuses(self, rows: pd.DataFrame, outcomes: Outcomes, survived: Flags) -> list[str]:
        """What is known of each row; whom the screening dropped is not the best one."""
        cost = self.cost(outcomes)
        dropped = np.append(~survived, np.zeros(len(rows) - len(survived), np.bool_))
        found = np.select(
            [
                np.arange(len(rows)) == 0,
                (cost == cost[0]).all(axis=1) & ~dropped,
                rows["difference_high"] < 0,
                dropped | (rows["difference_low"] > 0),
            ],
            [BEST, ALIKE, BETTER, WORSE],
            OPEN,
        )
        return [str(status) for status in found]


def _mean(measure: Measure, values: Floats) -> Interval:
    """The means of rows; of shares by Wilson's interval."""
    if measure.unit == SHARE and np.isin(values, (0, 1)).all():
        return wilson(values.sum(axis=1), values.shape[1])
    return mean_interval(values.T, measure.bounds)


def _stacked(intervals: Sequence[Interval]) -> Interval:
    return Interval(*(np.array(limits) for limits in zip(*intervals, strict=True)))


def _first_alike(outcomes: Outcomes) -> Flags:
    """Whether no row before is the same in every replication."""
    seen: set[bytes] = set()
    fresh = []
    for pair in zip(outcomes.goal, outcomes.ruin, strict=True):
        key = np.concatenate(pair).tobytes()
        fresh.append(key not in seen)
        seen.add(key)
    return np.array(fresh, np.bool_)


def _undominated(objectives: Floats) -> Flags:
    """Rows that no other row equals or beats in everything, and beats in something."""
    kept = np.ones(len(objectives), np.bool_)
    for i, row in enumerate(objectives):
        no_worse = (objectives <= row).all(axis=1)
        kept[i] = not (no_worse & (objectives < row).any(axis=1)).any()
    return kept


def _first_fronts(objectives: Floats, enough: int) -> Ints:
    """Places of the front, of the front of the rest, and so on, until there are enough."""
    rest, found = np.arange(len(objectives)), np.empty(0, np.int64)
    while len(rest) and len(found) < enough:
        front = _undominated(objectives[rest])
        found, rest = np.append(found, rest[front]), rest[~front]
    return found
