"""The model held against what happened: episodes whose course is known, told from their start.

Each episode is a scenario of the catalog with a strategy ``course``. Its uncertain numbers are
sampled from their ranges; what the record gives of them is estimated without the episode itself.
Every dated fact then has a place among the simulated courses: its percentile, a proper score, and
the same score of a naive forecast that takes the other cases of the record as they are.

    table = backcast.held_against("leap-day-2011")
    backcast.coverage(table)

Example:
    >>> import sim
    >>> "leap-day-2011" in sim.backcast.episodes()
    True
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sim.engine import kernel
from sim.engine.program import NOTHING, RUIN, Program, What, translate
from sim.engine.rows import empty
from sim.evidence import assumptions, korea, records
from sim.evidence.fitting import Sample
from sim.evidence.records import History
from sim.experiment import draws as draws_
from sim.scenario import scenario as scenarios
from sim.scenario.quantities import Range
from sim.scenario.scenario import Scenario
from sim.types import DAYS_PER_YEAR, Floats

STRATEGY = "course"
INTERVALS = (0.5, 0.8, 0.95)
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
BINS = {  # ends of the bins of the log score
    "days": (30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0),
    "count": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
}
LAUNCHES = ("missile_test", "strategic_test", "nuclear_test")
LONGEST = 3652.0  # days after which the end of a freeze is no longer told apart
TALKS = ("us_dprk", "bilateral", "six_party", "ministers", "geneva")
# As plain numbers: entries are compared by the million.
HAPPENS, SUCCEEDS, FAILS, PAUSES, RISES, FALLS = map(int, (
    What.HAPPENS, What.SUCCEEDS, What.FAILS, What.PAUSES, What.RISES, What.FALLS
))  # fmt: skip


# -- courses --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """One simulated history, as far as dated facts can be read from it.

    Attributes:
        horizon: its end, in days.
        changes: (day, condition or stage, new level), in time order.
        launches: days of launches and tests, ascending.
        rounds: days on which an attempt at a table of talks ended, ascending.
        pauses: (setback, days) of the delays after attempts that failed, in time order.
        ended: the day of the ruin, after which nothing happens; inf: it did not come.
    """

    horizon: float
    changes: tuple[tuple[float, str, int], ...]
    launches: tuple[float, ...]
    rounds: tuple[float, ...]
    pauses: tuple[tuple[str, float], ...] = ()
    ended: float = math.inf

    def first(self, endpoint: str, since: str = "") -> float:
        """Days until an endpoint, from the first rise of another or the start; inf: never.

        Args:
            endpoint: a condition or stage that rises, or with ``!`` one that is lost.
            since: likewise; nan is returned where it never came.
        """
        start = self.first(since) if since else 0.0
        if start == math.inf:
            return math.nan
        lost, name = endpoint.startswith("!"), endpoint.removeprefix("!")
        for day, changed, level in self.changes:
            if day >= start and changed == name and (level == 0) == lost:
                return day - start
        return math.inf

    def held(self, condition: str) -> list[tuple[float, float]]:
        """The spells in which a condition was at 1 or more."""
        spells, begin = [], math.nan
        for day, changed, level in self.changes:
            if changed == condition and level > 0 and math.isnan(begin):
                begin = day
            elif changed == condition and level == 0 and not math.isnan(begin):
                spells.append((begin, day))
                begin = math.nan
        return spells if math.isnan(begin) else [*spells, (begin, self.horizon)]

    def months(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Launch days of each twelfth of a year, and whether half of it or more was dialogue."""
        edges = np.arange(0.0, min(self.horizon, self.ended) + 1, DAYS_PER_YEAR / 12)
        counts = np.histogram(np.unique(np.array(self.launches) // 1), edges)[0]
        talked = np.zeros(len(counts))
        for begin, end in self.held("dialogue"):
            talked += np.diff(np.clip(edges, begin, end))
        return counts.astype(float), talked >= DAYS_PER_YEAR / 24


def courses(program: Program, histories: Iterable[int], seed: int) -> Iterator[Course]:
    """Simulated histories of a program, by their numbers."""
    yield from Teller(program).courses(histories, seed)


class Teller:
    """Tells courses of one program, draw after draw, from the event logs of its histories.

    Args:
        program: of a scenario and strategy.
        levels: conditions and stages whose changes are told; else of all.
    """

    def __init__(self, program: Program, levels: Collection[str] | None = None) -> None:
        scenario = program.scenario
        self._simulator = kernel.Simulator(program)
        self._rows, self._log = empty(program, 1), np.zeros((4096, 5))
        self.horizon = scenario.horizon
        self.setbacks = program.setbacks
        self.levels = [*scenario.conditions, *scenario.stages]
        told = [name in levels if levels is not None else True for name in self.levels]
        launched = [name in LAUNCHES for name in scenario.shocks]
        talks = [name.split(".")[0] in TALKS for name in scenario.stages]
        self._wanted = np.zeros((len(What), len(self.levels) + len(launched)), bool)
        for what, which in (
            (RISES, told), (FALLS, told), (HAPPENS, launched), (SUCCEEDS, talks),
            (FAILS, [True] * len(talks)), (PAUSES, [True] * len(scenario.tracks)),
        ):  # fmt: skip
            self._wanted[what, : len(which)] = which
        self._talks = talks

    def take(self, program: Program) -> None:
        """From now on tell courses of this draw of the program."""
        self._simulator.use(program)

    def courses(self, histories: Iterable[int], seed: int) -> Iterator[Course]:
        """Courses by the numbers of their histories."""
        for replication in histories:
            log = self._told(seed, replication)
            rows = self._rows
            ended = float(rows.time[0]) if rows.outcome[0] == RUIN else math.inf
            kinds, subjects = log[:, 1].astype(np.int64), log[:, 2].astype(np.int64)
            yield self._course(log[self._wanted[kinds, subjects]].tolist(), ended)

    def _told(self, seed: int, replication: int) -> Floats:
        while True:
            self._simulator.simulate(seed, replication, self._rows, self._log)
            used = int(self._simulator.state.now[0].logged)
            if used <= len(self._log):
                return self._log[:used]
            self._log = np.zeros((used, 5))

    def _course(self, log: list[list[float]], ended: float) -> Course:
        changes, launches, rounds, pauses = [], [], [], []
        failed = NOTHING
        for day, what, subject, detail, value in log:
            if what in (RISES, FALLS):
                changes.append((day, self.levels[int(subject)], int(detail)))
            elif what == HAPPENS:
                launches.append(day)
            elif what in (SUCCEEDS, FAILS) and self._talks[int(subject)]:
                rounds.append(day)
            if what == PAUSES and failed != NOTHING:
                pauses.append((self.setbacks[failed], value))
            # Between a setback and the pause that it brings stand only its effects.
            if what in (PAUSES, FAILS):
                failed = int(detail) if what == FAILS else NOTHING
        found = tuple(changes), tuple(launches), tuple(rounds), tuple(pauses)
        return Course(self.horizon, *found, ended)


# -- what is not known: ranges, without the episode -----------------------------------------------


def others(scenario: Scenario, until: pd.Timestamp) -> History:
    """The record without what began in an episode, from its start to a day."""
    return korea.whole().without(pd.Timestamp(scenario.start), until)


def ranges(scenario: Scenario, of: History) -> dict[str, tuple[float, float, float]]:
    """The range of every uncertain number; those of the record as a part of it gives them."""
    known = {n: (one.low, one.likely, one.high) for n, one in scenario.ranges().items()}
    found = {n: tuple(one) for n, one in assumptions.estimates(scenario, of).items() if n in known}
    return {**known, **found}  # type: ignore[dict-item]


def sampled(
    ends: dict[str, tuple[float, float, float]], count: int, rng: np.random.Generator
) -> list[dict[str, float]]:
    """Sets of values, each number from PERT(low, likely, high), as draws are made."""
    columns = {
        name: draws_.values_of(Range(low=low, likely=likely, high=high), rng.random(count))
        for name, (low, likely, high) in ends.items()
    }
    return [
        {
            n: float(round(v[i]) if n.startswith("delegations.") else v[i])
            for n, v in columns.items()
        }
        for i in range(count)
    ]


def simulate(
    scenario: Scenario, of: History, draws: int, histories: int, seed: int = 1
) -> list[Course]:
    """Courses of an episode: ``histories`` of each of ``draws`` sets of values."""
    sets = sampled(ranges(scenario, of), draws, np.random.default_rng(seed))
    told: list[Course] = []
    for draw, values in enumerate(sets):
        program = translate(scenario.override(values).strategy(STRATEGY))
        told += courses(program, range(draw * histories, (draw + 1) * histories), seed)
    return told


# -- facts ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """What happened, and what was simulated and would naively be expected of it.

    Attributes:
        actual: in days, or a count; inf where it did not happen while it was looked for.
        simulated: values of courses.
        reference: other cases of the record.
        cap: values beyond it are not told apart.
    """

    episode: str
    name: str
    unit: str
    actual: float
    simulated: Floats
    reference: Sample
    cap: float


def facts(scenario: Scenario, told: list[Course], of: History) -> Iterator[Fact]:
    """The dated facts of an episode, its gaps between rounds, and its launches."""
    table = records.episodes()
    table = table[table["episode"] == scenario.name]
    for row in table.itertuples():
        since = "" if pd.isna(row.since) else row.since
        began = _day(table, scenario, since)
        actual = math.inf if pd.isna(row.date) else _days(scenario, row.date) - began
        cap = scenario.horizon
        if since:
            # A course counts where it could be seen for as long as in fact, or ten years. The cap
            # must not know what happened, or the scores would not be proper.
            cap = min(scenario.horizon - began, LONGEST)
        seen = [c for c in told if not since or c.first(since) + cap <= c.horizon]
        values = np.array([c.first(row.endpoint, since) for c in seen])
        yield Fact(scenario.name, row.fact, "days", actual, values, _reference(row.reference, of),
                   cap)  # fmt: skip
    yield from _gaps(scenario, told, of, table)
    yield from _launches(scenario, told, of, table)


def _days(scenario: Scenario, date: pd.Timestamp) -> float:
    return float((date - pd.Timestamp(scenario.start)).days)


def _day(table: pd.DataFrame, scenario: Scenario, endpoint: str) -> float:
    if not endpoint:
        return 0.0
    return _days(scenario, table.loc[table["endpoint"] == endpoint, "date"].iloc[0])


def _reference(name: object, of: History) -> Sample:
    return korea.cases(name, of) if isinstance(name, str) else Sample((), ())


def weighed(cases: Sample) -> tuple[Floats, Floats]:
    """Cases as a forecast: values, inf for those still open, and their weights.

    What is known of an open case is that it took longer: its weight goes to the longer ones. The
    law of the forecast is that of Kaplan and Meier (Efron 1967, redistribution to the right).
    """
    days, over = np.array(cases.days), np.array(cases.over, bool)
    order = np.lexsort((~over, days))
    days, over = days[order], over[order]
    weights = np.full(len(days), 1 / max(len(days), 1))
    for i in np.flatnonzero(~over[:-1]):
        weights[i + 1 :] += weights[i] / (len(days) - i - 1)
        weights[i] = 0.0
    return np.where(over, days, math.inf), weights


def _span(scenario: Scenario, table: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """From the start of an episode to the last of its facts but the end of a freeze."""
    dates = table.loc[~table["endpoint"].str.startswith("!"), "date"]
    return pd.Timestamp(scenario.start), dates.max()


def _gaps(
    scenario: Scenario, told: list[Course], of: History, table: pd.DataFrame
) -> Iterator[Fact]:
    first, last = _span(scenario, table)
    held = korea.whole().talks
    held = held[held["held"] & held["track"].isin(["us_dprk", "six_party", "comparison_iran"])]
    held = held[held["start"].between(first, last)].sort_values("start")
    if scenario.name == "iran-2013":
        held = held[held["track"] == "comparison_iran"]
    actual = korea.days_between(held["end"], held["start"].shift(-1))
    end = _days(scenario, last)
    medians = [float(np.median(np.diff(r))) for r in (_until(c.rounds, end) for c in told)
               if len(r) > 2]  # fmt: skip
    if len(actual) > 1 and len(medians) > 50:
        reference = korea.cases("gaps_us_dprk", of)
        value = float(np.median(actual))
        yield Fact(scenario.name, "median_gap", "days", value, np.array(medians), reference, end)


def _until(days: tuple[float, ...], end: float) -> Floats:
    return np.array([day for day in days if day <= end])


def _launches(
    scenario: Scenario, told: list[Course], of: History, table: pd.DataFrame
) -> Iterator[Fact]:
    if not any(name in scenario.shocks for name in LAUNCHES):
        return
    first, last = _span(scenario, table)
    months = korea.months(korea.whole(), "launch_day", first.year, last.year)
    actual = float(months[(months.index >= first) & (months.index <= last)].sum())
    end = _days(scenario, last)
    simulated = np.array([float(len(np.unique(_until(c.launches, end) // 1))) for c in told])
    years = korea.years(of, "launch_day", 1990, 2025) * (end / DAYS_PER_YEAR)
    reference = Sample(tuple(years.tolist()), (True,) * len(years))
    yield Fact(scenario.name, "launch_days", "count", actual, simulated, reference, math.inf)


# -- the launch process ---------------------------------------------------------------------------


def launch_process(told: list[Course]) -> dict[str, float]:
    """The statistics that :mod:`sim.record` takes of launches, of simulated courses.

    Returns:
        rate (launch days a year), dispersion and dispersion_by_year (variance to mean of counts by
        month and by year, means over the courses with launches), dialogue_ratio (within courses).
    """
    counts, talked = zip(*(course.months() for course in told), strict=True)
    years = [months[: len(months) // 12 * 12].reshape(-1, 12).sum(axis=1) for months in counts]
    which = np.repeat(np.arange(len(told)), [len(months) for months in counts])
    every = np.concatenate(counts)
    return {
        "rate": 12 * float(every.mean()),
        "dispersion": float(np.nanmean([korea.unevenness(months) for months in counts])),
        "dispersion_by_year": float(np.nanmean([korea.unevenness(one) for one in years])),
        "dialogue_ratio": korea.mantel_haenszel(every, np.concatenate(talked), which).best,
    }


# -- scores ---------------------------------------------------------------------------------------


def percentile(actual: float, simulated: Floats, cap: float) -> float:
    """The share of simulated values below the actual one, ties by half; capped values tie."""
    values, value = np.minimum(simulated, cap), min(actual, cap)
    return float((values < value).mean() + 0.5 * (values == value).mean())


def crps(actual: float, values: Floats, cap: float, weights: Floats | None = None) -> float:
    """The continuous ranked probability score of an ensemble, of values up to a cap; 0 is best.

    Members weigh alike where no weights are given, which sum to 1.
    Source: Ferro 2014, Q. J. R. Meteorol. Soc. 140, 1917-1923 (fair version).
    """
    n = len(values)
    weights = np.full(n, 1 / n) if weights is None else weights
    order = np.argsort(values, kind="stable")
    x, w = np.minimum(values[order], cap), weights[order]
    ranks = 2 * np.cumsum(w) - w - 1
    spread = float(ranks * w @ x) * n / (n - 1)
    return float(w @ np.abs(x - min(actual, cap))) - spread


def log_score(
    actual: float,
    values: Floats,
    cap: float,
    unit: str = "days",
    weights: Floats | None = None,
) -> float:
    """Minus the log of the chance given to the bin in which the actual value fell; less is better.

    Bins double in width; half a case is added to each, so that no bin is impossible. Members weigh
    alike where no weights are given, which sum to 1.
    """
    n = len(values)
    cases = np.ones(n) if weights is None else n * weights
    edges = [edge for edge in BINS[unit] if edge < cap]
    bins = np.searchsorted(edges, values, side="right")
    counts = np.bincount(bins, weights=cases, minlength=len(edges) + 1)
    place = int(np.searchsorted(edges, actual, side="right"))
    return -math.log((counts[place] + 0.5) / (n + 0.5 * len(counts)))


def scored(fact: Fact) -> dict[str, object]:
    """A fact as a row of the table."""
    cap = fact.cap if fact.cap < math.inf else max(fact.simulated.max(), fact.actual) + 1
    quantiles = np.quantile(fact.simulated, QUANTILES, method="inverted_cdf")
    row: dict[str, object] = {
        "episode": fact.episode,
        "fact": fact.name,
        "unit": fact.unit,
        "n": len(fact.simulated),
        "actual": fact.actual,
        "percentile": percentile(fact.actual, fact.simulated, cap),
        **{f"q{100 * q:g}": value for q, value in zip(QUANTILES, quantiles, strict=True)},
        "crps": crps(fact.actual, fact.simulated, cap),
        "log_score": log_score(fact.actual, fact.simulated, cap, fact.unit),
    }
    if len(fact.reference) > 2:
        values, weights = weighed(fact.reference)
        row["reference_n"] = len(values)
        row["reference_crps"] = crps(fact.actual, values, cap, weights)
        row["reference_log_score"] = log_score(fact.actual, values, cap, fact.unit, weights)
    return row


def held_against(episode: str, draws: int = 40, histories: int = 25, seed: int = 1) -> pd.DataFrame:
    """The facts of an episode among its simulated courses.

    Returns:
        episode, fact, unit, n, actual, percentile, q2.5 .. q97.5, crps, log_score, and of the
        naive forecast reference_n, reference_crps, reference_log_score. Times beyond the horizon
        are inf.
    """
    scenario = scenarios.load(episode)
    of = others(scenario, records.episodes().set_index("episode").loc[[episode], "date"].max())
    told = simulate(scenario, of, draws, histories, seed)
    return pd.DataFrame([scored(fact) for fact in facts(scenario, told, of)])


def episodes() -> list[str]:
    """The episodes that the model is held against."""
    return list(dict.fromkeys(records.episodes()["episode"]))


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """How many facts fell inside the central intervals.

    Returns:
        interval, facts, inside, share, and the ends of its Wilson interval (low, high), which
        takes the facts of an episode for independent and so is too narrow.
    """
    rows = []
    for level in INTERVALS:
        inside = int(table["percentile"].between((1 - level) / 2, (1 + level) / 2).sum())
        ends = stats.binomtest(inside, len(table)).proportion_ci(method="wilson")
        rows.append([level, len(table), inside, inside / len(table), ends.low, ends.high])
    return pd.DataFrame(rows, columns=["interval", "facts", "inside", "share", "low", "high"])


def skill(table: pd.DataFrame) -> pd.DataFrame:
    """Scores beside those of the naive forecast, for the facts that have one, by episode.

    Returns:
        episode ("all" last), facts, crps_skill (1 - mean of crps / reference_crps by geometric
        mean: above 0 is better than the naive forecast), log_gain (mean log score won, in nats).
    """
    both = table.dropna(subset="reference_crps")
    groups = [(name, rows) for name, rows in both.groupby("episode", sort=False)]
    rows = []
    for name, part in [*groups, ("all", both)]:
        ratio = np.log(part["crps"] / part["reference_crps"])
        gain = part["reference_log_score"] - part["log_score"]
        rows.append([name, len(part), 1 - math.exp(float(ratio.mean())), float(gain.mean())])
    return pd.DataFrame(rows, columns=["episode", "facts", "crps_skill", "log_gain"])
