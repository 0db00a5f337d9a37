"""Ranges narrowed by the record: draws whose simulated records are near to the true one.

For each draw from the ranges of a scenario one record is simulated: as many occasions for talks,
proposals, gaps, freezes and months of launches as the true one holds. The same functions then take
the same statistics of both, by which draws are narrowed (:mod:`sim.evidence.narrowing`).

    found, fit = calibration.calibrate(sim.load("korea-2017"), draws=4096)
    found.posterior.write(Path("posterior.csv"))        # for --draws posterior.csv

Example:
    >>> import sim
    >>> sim.calibration.calibrate.__name__
    'calibrate'
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.engine.program import translate
from sim.evidence import rates
from sim.evidence.fitting import Durations, sample
from sim.evidence.korea import backcast, durations, statistics
from sim.evidence.korea.backcast import SimulatedEpisode
from sim.evidence.narrowing import Calibrated, moved, narrowed
from sim.experiment import draws as sampling
from sim.experiment.draws import Draws
from sim.scenario.scenario import Scenario, Strategy
from sim.types import Floats

__all__ = ["Calibrated", "calibrate", "measured", "moved", "narrowed", "of_record"]

Months = tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.int64]]

QUIET = (2012, 2017)  # years without talks but for some weeks
MONTHS = 72
FOLLOWED = 1826.0  # days for which a freeze is looked at: all horizons are as long or longer
# The dialogue ratio is as well known as its counts are large: 21 launch days in dialogue and 211 in
# other months of the record (standard error of the logarithm 0.23), about 51 and 37 in ten years of
# replications (0.22). 36 years of these would claim more than the record can say.
RATIO_REPLICATIONS = 2
WITHOUT_RESULT = ("fruitless_round", "no_deal")  # setbacks that a next round follows


# -- what is seen ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What is measured: of the true record, or of a simulated one.

    Attributes:
        launches: launch days by month in six years without talks, (72,).
        months: launch days of months of any kind, whether they were dialogue, and their era.
        formal: waits from an occasion for talks to a formal round.
        seoul: waits from a proposal by Seoul to a meeting.
        gaps: days from a round without result to the next.
        freezes: lives of freezes, each looked at for ``FOLLOWED`` days.
    """

    launches: Floats
    months: Months
    formal: Durations
    seoul: Durations
    gaps: Floats
    freezes: Durations


def of_record() -> Seen:
    """What the true record holds."""
    whole = durations.whole()
    return Seen(
        launches=statistics.months(whole, "launch_day", *QUIET).to_numpy(float),
        months=statistics.dialogue_months(whole, "launch_day"),
        formal=durations.formal_waits(whole),
        seoul=durations.waits_for_seoul(whole),
        gaps=np.array(durations.cases("gaps_us_dprk").days),
        freezes=durations.freeze_lives(whole).seen_for(FOLLOWED),
    )


def _years(seen: Seen) -> Floats:
    """Launch days by year; nan where a war cut the years short, since none did in the record."""
    months = seen.launches
    if len(months) < MONTHS:
        return np.full(1, math.nan)
    years: Floats = months.reshape(-1, 12).sum(axis=1)
    return years


def _share(waits: Durations, days: float) -> float:
    hits, seen = rates.within_days(waits, days)
    return hits / seen if seen else math.nan


# Name -> the scale on which errors are about even, and how it is computed.
STATISTICS: dict[str, tuple[str, Callable[[Seen], float]]] = {
    "launches": ("root", lambda s: float(_years(s).mean())),
    "dispersion": ("log", lambda s: rates.unevenness(s.launches)),
    "dispersion_by_year": ("root", lambda s: rates.unevenness(_years(s))),
    "dialogue_ratio": ("root", lambda s: rates.mantel_haenszel(*s.months).best),
    "formal_within_120": ("share", lambda s: _share(s.formal, 120)),
    "formal_within_365": ("share", lambda s: _share(s.formal, 365)),
    "seoul_met_within_120": ("share", lambda s: _share(s.seoul, 120)),
    "gap": ("log", lambda s: float(np.median(s.gaps)) if len(s.gaps) else math.nan),
    "collapse_rate": ("root", lambda s: rates.ends_a_year(s.freezes).best),
    "freezes_ended_in_60": ("share", lambda s: _share(s.freezes, 60)),
}


def measured(seen: Seen) -> dict[str, float]:
    """Every statistic by its name; nan where nothing shows it."""
    return {name: statistic(seen) for name, (_, statistic) in STATISTICS.items()}


# -- simulated records ----------------------------------------------------------------------------


FROZEN = ("freeze", "fresh_freeze", "moratorium", "sanctions_eased")
LEVELS = ("dialogue", "freeze", "us_dprk.contact", "north_south.overture")


class RecordSimulator:
    """Simulates records, draw after draw, by three variants of a Korean scenario.

    One never talks, from 2012 on; one opens every track at once, without postures, since no plan is
    in the record; one begins with a freeze and is left alone.
    """

    def __init__(self, scenario: Scenario) -> None:
        alone = Strategy(name="alone", never=tuple(scenario.tracks))
        quiet = replace(scenario, start=dt.date(QUIET[0], 1, 1), horizon=2192.0)
        frozen = {
            name: replace(one, initially=1) if name in FROZEN else one
            for name, one in scenario.conditions.items()
        }
        self._variants = [
            _Variant(quiet, alone),
            _Variant(scenario, Strategy(name="talks")),
            _Variant(replace(scenario, conditions=frozen, horizon=FOLLOWED), alone),
        ]

    def records(self, draws: Draws, size: Seen, seed: int) -> pd.DataFrame:
        """The statistics of one record of each draw.

        Args:
            draws: N draws.
            size: a record as large as those to be simulated.
            seed: of the replications; no two draws share any.

        Returns:
            A row a draw (index ``draw``, from 1), a column a statistic.
        """
        rows = [measured(self._record(draws, i, size, seed)) for i in range(len(draws))]
        return pd.DataFrame(rows, index=pd.RangeIndex(1, len(draws) + 1, name="draw"))

    def _record(self, draws: Draws, i: int, size: Seen, seed: int) -> Seen:
        quiet, talks, frozen = (
            one.replications(draws, i, count, seed)
            for one, count in zip(
                self._variants,
                (1, len(size.formal) + len(size.seoul), len(size.freezes)),
                strict=True,
            )
        )
        occasions, proposals = talks[: len(size.formal)], talks[len(size.formal) :]
        gaps = [d for c in talks for setback, d in c.pauses if setback in WITHOUT_RESULT]
        return Seen(
            launches=quiet[0].months()[0][:MONTHS],
            months=_by_replication(talks[:RATIO_REPLICATIONS]),
            formal=_waits(occasions, "us_dprk.contact"),
            seoul=_waits(proposals, "north_south.overture"),
            gaps=np.array(gaps[: len(size.gaps)]),
            freezes=_waits(frozen, "!freeze"),
        )


class _Variant:
    def __init__(self, scenario: Scenario, strategy: Strategy) -> None:
        chosen = replace(scenario, strategies={strategy.name: strategy}).strategy(strategy.name)
        self.program = translate(chosen)
        self.simulator = backcast.EpisodeSimulator(self.program, LEVELS)

    def replications(self, draws: Draws, i: int, count: int, seed: int) -> list[SimulatedEpisode]:
        one = Draws(draws.names, draws.values[i : i + 1], draws.origin)
        slots, values = one.uncertain_in(self.program)
        self.simulator.use(self.program.with_parameters_at(slots, values[0]))
        return list(self.simulator.replications(range(i * count, (i + 1) * count), seed))


def _waits(replications: Iterable[SimulatedEpisode], endpoint: str) -> Durations:
    days = [(one.first(endpoint), min(one.horizon, one.ended)) for one in replications]
    return sample(
        [came for came, _ in days if came < math.inf],
        [end for came, end in days if came == math.inf],
    )


def _by_replication(replications: Iterable[SimulatedEpisode]) -> Months:
    counts, talked = zip(*(one.months() for one in replications), strict=True)
    which = np.repeat(np.arange(len(counts)), [len(one) for one in counts])
    return np.concatenate(counts), np.concatenate(talked), which


# -- narrowing ------------------------------------------------------------------------------------


def calibrate(
    scenario: Scenario, draws: int = 4096, keep: float = 0.2, seed: int = 1
) -> tuple[Calibrated, pd.DataFrame]:
    """Draws of a Korean scenario narrowed by the record.

    Args:
        scenario: korea-2017, or one that extends it.
        draws: how many sets of numbers, with one simulated record of each.
        keep: the share of draws that is kept.
        seed: of draws and replications.

    Returns:
        The draws, and how their simulated records fit: statistic, record, then quantiles 0.05, 0.5
        and 0.95 of records of the prior (prior_low, prior_best, prior_high) and of the posterior,
        simulated anew.
    """
    prior, true = sampling.sample(scenario, draws, seed), of_record()
    simulator = RecordSimulator(scenario)
    before = simulator.records(prior, true, seed)
    known = measured(true)
    scales = {name: scale for name, (scale, _) in STATISTICS.items()}
    found = narrowed(prior, scenario.ranges(), before, known, keep, scales)
    after = simulator.records(found.posterior, true, seed + 1)
    fit = pd.DataFrame({"statistic": list(known), "record": list(known.values())})
    for when, table in (("prior", before), ("posterior", after)):
        for end, share in (("low", 0.05), ("best", 0.5), ("high", 0.95)):
            fit[f"{when}_{end}"] = table.quantile(share).to_numpy()
    return found, fit
