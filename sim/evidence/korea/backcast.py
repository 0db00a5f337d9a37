"""The model held against what happened: past episodes, simulated from their start.

Each episode is a scenario of the catalog with a strategy ``course``. Its uncertain numbers are
sampled from their ranges; what the record gives of them is estimated without the episode itself.
Every dated fact then has a place among the replications: its percentile, a proper score, and
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

from sim.engine import kernel
from sim.engine.program import NOTHING, RUIN, Program, What, translate
from sim.engine.rows import empty
from sim.evidence import assumptions, rates, records
from sim.evidence.fitting import Durations
from sim.evidence.korea import durations, statistics
from sim.evidence.records import History
from sim.evidence.scoring import Fact, coverage, scored, skill
from sim.experiment import draws as draws_
from sim.scenario import scenario as scenarios
from sim.scenario.quantities import Range
from sim.scenario.scenario import Scenario
from sim.types import DAYS_PER_YEAR, Floats

__all__ = ["coverage", "episodes", "facts", "held_against", "replications", "simulate", "skill"]

STRATEGY = "course"
LAUNCHES = ("missile_test", "strategic_test", "nuclear_test")
LONGEST = 3652.0  # days after which the end of a freeze is no longer distinguished
TALKS = ("us_dprk", "bilateral", "six_party", "ministers", "geneva")
# As plain numbers: entries are compared by the million.
HAPPENS, SUCCEEDS, FAILS, PAUSES, RISES, FALLS = map(int, (
    What.HAPPENS, What.SUCCEEDS, What.FAILS, What.PAUSES, What.RISES, What.FALLS
))  # fmt: skip


# -- replications ----------------------------------------------------------------------------


@dataclass(frozen=True)
class SimulatedEpisode:
    """One replication, as far as dated facts can be read from it.

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


def replications(program: Program, numbers: Iterable[int], seed: int) -> Iterator[SimulatedEpisode]:
    """Replications of a program, by their numbers."""
    yield from EpisodeSimulator(program).replications(numbers, seed)


class EpisodeSimulator:
    """Simulates replications of one program, draw after draw, and reads their event logs.

    Args:
        program: of a scenario and strategy.
        levels: conditions and stages whose changes are kept; else of all.
    """

    def __init__(self, program: Program, levels: Collection[str] | None = None) -> None:
        scenario = program.scenario
        self._simulator = kernel.Simulator(program)
        self._rows, self._log = empty(program, 1), np.zeros((4096, 5))
        self.horizon = scenario.horizon
        self.setbacks = program.setbacks
        self.levels = [*scenario.conditions, *scenario.stages]
        kept = [name in levels if levels is not None else True for name in self.levels]
        launched = [name in LAUNCHES for name in scenario.shocks]
        talks = [name.split(".")[0] in TALKS for name in scenario.stages]
        self._wanted = np.zeros((len(What), len(self.levels) + len(launched)), bool)
        for what, which in (
            (RISES, kept), (FALLS, kept), (HAPPENS, launched), (SUCCEEDS, talks),
            (FAILS, [True] * len(talks)), (PAUSES, [True] * len(scenario.tracks)),
        ):  # fmt: skip
            self._wanted[what, : len(which)] = which
        self._talks = talks

    def use(self, program: Program) -> None:
        """Simulate this draw of the program from now on."""
        self._simulator.use(program)

    def replications(self, numbers: Iterable[int], seed: int) -> Iterator[SimulatedEpisode]:
        """Replications by their numbers."""
        for replication in numbers:
            log = self._logged(seed, replication)
            rows = self._rows
            ended = float(rows.time[0]) if rows.outcome[0] == RUIN else math.inf
            kinds, subjects = log[:, 1].astype(np.int64), log[:, 2].astype(np.int64)
            yield self._read(log[self._wanted[kinds, subjects]].tolist(), ended)

    def _logged(self, seed: int, replication: int) -> Floats:
        while True:
            self._simulator.simulate(seed, replication, self._rows, self._log)
            used = int(self._simulator.state.now[0].logged)
            if used <= len(self._log):
                return self._log[:used]
            self._log = np.zeros((used, 5))

    def _read(self, log: list[list[float]], ended: float) -> SimulatedEpisode:
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
        return SimulatedEpisode(self.horizon, *found, ended)


# -- what is not known: ranges, without the episode -----------------------------------------------


def others(scenario: Scenario, until: pd.Timestamp) -> History:
    """The record without what began in an episode, from its start to a day."""
    return durations.whole().without(pd.Timestamp(scenario.start), until)


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
    scenario: Scenario, of: History, draws: int, per_draw: int, seed: int = 1
) -> list[SimulatedEpisode]:
    """Replications of an episode: ``per_draw`` of each of ``draws`` sets of values."""
    sets = sampled(ranges(scenario, of), draws, np.random.default_rng(seed))
    runs: list[SimulatedEpisode] = []
    for draw, values in enumerate(sets):
        program = translate(scenario.override(values).strategy(STRATEGY))
        runs += replications(program, range(draw * per_draw, (draw + 1) * per_draw), seed)
    return runs


# -- facts ----------------------------------------------------------------------------------------


def facts(scenario: Scenario, runs: list[SimulatedEpisode], of: History) -> Iterator[Fact]:
    """The dated facts of an episode, its gaps between rounds, and its launches."""
    table = records.episodes()
    table = table[table["episode"] == scenario.name]
    for row in table.itertuples():
        since = "" if pd.isna(row.since) else row.since
        began = _day(table, scenario, since)
        actual = math.inf if pd.isna(row.date) else _days(scenario, row.date) - began
        cap = scenario.horizon
        if since:
            # A replication counts where it could be seen for as long as in fact, or ten years. The
            # cap must not know what happened, or the scores would not be proper.
            cap = min(scenario.horizon - began, LONGEST)
        seen = [c for c in runs if not since or c.first(since) + cap <= c.horizon]
        values = np.array([c.first(row.endpoint, since) for c in seen])
        yield Fact(scenario.name, row.fact, "days", actual, values, _reference(row.reference, of),
                   cap)  # fmt: skip
    yield from _gaps(scenario, runs, of, table)
    yield from _launches(scenario, runs, of, table)


def _days(scenario: Scenario, date: pd.Timestamp) -> float:
    return float((date - pd.Timestamp(scenario.start)).days)


def _day(table: pd.DataFrame, scenario: Scenario, endpoint: str) -> float:
    if not endpoint:
        return 0.0
    return _days(scenario, table.loc[table["endpoint"] == endpoint, "date"].iloc[0])


def _reference(name: object, of: History) -> Durations:
    return durations.cases(name, of) if isinstance(name, str) else Durations((), ())


def _span(scenario: Scenario, table: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """From the start of an episode to the last of its facts but the end of a freeze."""
    dates = table.loc[~table["endpoint"].str.startswith("!"), "date"]
    return pd.Timestamp(scenario.start), dates.max()


def _gaps(
    scenario: Scenario, runs: list[SimulatedEpisode], of: History, table: pd.DataFrame
) -> Iterator[Fact]:
    first, last = _span(scenario, table)
    held = durations.whole().talks
    held = held[held["held"] & held["track"].isin(["us_dprk", "six_party", "comparison_iran"])]
    held = held[held["start"].between(first, last)].sort_values("start")
    if scenario.name == "iran-2013":
        held = held[held["track"] == "comparison_iran"]
    actual = rates.days_between(held["end"], held["start"].shift(-1))
    end = _days(scenario, last)
    medians = [float(np.median(np.diff(r))) for r in (_until(c.rounds, end) for c in runs)
               if len(r) > 2]  # fmt: skip
    if len(actual) > 1 and len(medians) > 50:
        reference = durations.cases("gaps_us_dprk", of)
        value = float(np.median(actual))
        yield Fact(scenario.name, "median_gap", "days", value, np.array(medians), reference, end)


def _until(days: tuple[float, ...], end: float) -> Floats:
    return np.array([day for day in days if day <= end])


def _launches(
    scenario: Scenario, runs: list[SimulatedEpisode], of: History, table: pd.DataFrame
) -> Iterator[Fact]:
    if not any(name in scenario.shocks for name in LAUNCHES):
        return
    first, last = _span(scenario, table)
    months = statistics.months(durations.whole(), "launch_day", first.year, last.year)
    actual = float(months[(months.index >= first) & (months.index <= last)].sum())
    end = _days(scenario, last)
    simulated = np.array([float(len(np.unique(_until(c.launches, end) // 1))) for c in runs])
    years = statistics.years(of, "launch_day", 1990, 2025) * (end / DAYS_PER_YEAR)
    reference = Durations(tuple(years.tolist()), (True,) * len(years))
    yield Fact(scenario.name, "launch_days", "count", actual, simulated, reference, math.inf)


# -- the launch process ---------------------------------------------------------------------------


def launch_process(runs: list[SimulatedEpisode]) -> dict[str, float]:
    """The statistics that :mod:`sim.record` takes of launches, of replications.

    Returns:
        rate (launch days a year), dispersion and dispersion_by_year (variance to mean of counts by
        month and by year, means over those with launches), dialogue_ratio (within each).
    """
    counts, talked = zip(*(one.months() for one in runs), strict=True)
    years = [months[: len(months) // 12 * 12].reshape(-1, 12).sum(axis=1) for months in counts]
    which = np.repeat(np.arange(len(runs)), [len(months) for months in counts])
    every = np.concatenate(counts)
    return {
        "rate": 12 * float(every.mean()),
        "dispersion": float(np.nanmean([rates.unevenness(months) for months in counts])),
        "dispersion_by_year": float(np.nanmean([rates.unevenness(one) for one in years])),
        "dialogue_ratio": rates.mantel_haenszel(every, np.concatenate(talked), which).best,
    }


def held_against(episode: str, draws: int = 40, per_draw: int = 25, seed: int = 1) -> pd.DataFrame:
    """The facts of an episode among its replications.

    Returns:
        episode, fact, unit, n, actual, percentile, q2.5 .. q97.5, crps, log_score, and of the
        naive forecast reference_n, reference_crps, reference_log_score. Times beyond the horizon
        are inf.
    """
    scenario = scenarios.load(episode)
    of = others(scenario, records.episodes().set_index("episode").loc[[episode], "date"].max())
    runs = simulate(scenario, of, draws, per_draw, seed)
    return pd.DataFrame([scored(fact) for fact in facts(scenario, runs, of)])


def episodes() -> list[str]:
    """The episodes that the model is held against."""
    return list(dict.fromkeys(records.episodes()["episode"]))
