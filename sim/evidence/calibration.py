"""Ranges narrowed by the record: approximate Bayesian computation by rejection.

For each draw from the ranges of a scenario one record is told: as many occasions for talks,
proposals, gaps, freezes and months of launches as the true one holds. The same functions then take
the same statistics of both, and the draws whose records are nearest to the true one are kept
(Sunnåker and others 2013, PLoS Computational Biology 9(1)). What is left of the distance is
corrected for by a local-linear regression of each number on the statistics (Beaumont, Zhang,
Balding 2002, Genetics 162), in logits of its range, so that no number leaves it.

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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.engine.program import translate
from sim.evidence import backcast, korea
from sim.evidence.backcast import Course
from sim.evidence.fitting import Sample, sample
from sim.experiment import draws as sampling
from sim.experiment.draws import Draws
from sim.scenario.scenario import Range, Scenario, Strategy
from sim.types import Floats

Months = tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.int64]]

QUIET = (2012, 2017)  # years without talks but for some weeks
MONTHS = 72
FOLLOWED = 1826.0  # days for which a freeze is looked at: all horizons are as long or longer
# The dialogue ratio is as well known as its counts are large: 21 launch days in dialogue and 211 in
# other months of the record (standard error of the logarithm 0.23), about 51 and 37 in ten years of
# histories (0.22). 36 years of histories would claim more than the record can say.
RATIO_HISTORIES = 2
WITHOUT_RESULT = ("fruitless_round", "no_deal")  # setbacks that a next round follows
EDGE = 1e-6  # of a place within a range: keeps logits finite


# -- what is seen of a world ----------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What is measured: of the true record, or of one that is told.

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
    formal: Sample
    seoul: Sample
    gaps: Floats
    freezes: Sample


def of_record() -> Seen:
    """What the true record holds."""
    whole = korea.whole()
    return Seen(
        launches=korea.months(whole, "launch_day", *QUIET).to_numpy(float),
        months=korea.dialogue_months(whole, "launch_day"),
        formal=korea.formal_waits(whole),
        seoul=korea.waits_for_seoul(whole),
        gaps=np.array(korea.cases("gaps_us_dprk").days),
        freezes=korea.freeze_lives(whole).seen_for(FOLLOWED),
    )


def _years(seen: Seen) -> Floats:
    """Launch days by year; nan where a war cut the years short, since none did in the record."""
    months = seen.launches
    if len(months) < MONTHS:
        return np.full(1, math.nan)
    years: Floats = months.reshape(-1, 12).sum(axis=1)
    return years


def _share(waits: Sample, days: float) -> float:
    hits, seen = korea.within_days(waits, days)
    return hits / seen if seen else math.nan


# Name -> the scale on which errors are about even, and how it is computed.
STATISTICS: dict[str, tuple[str, Callable[[Seen], float]]] = {
    "launches": ("root", lambda s: float(_years(s).mean())),
    "dispersion": ("log", lambda s: korea.unevenness(s.launches)),
    "dispersion_by_year": ("root", lambda s: korea.unevenness(_years(s))),
    "dialogue_ratio": ("root", lambda s: korea.mantel_haenszel(*s.months).best),
    "formal_within_120": ("share", lambda s: _share(s.formal, 120)),
    "formal_within_365": ("share", lambda s: _share(s.formal, 365)),
    "seoul_met_within_120": ("share", lambda s: _share(s.seoul, 120)),
    "gap": ("log", lambda s: float(np.median(s.gaps)) if len(s.gaps) else math.nan),
    "collapse_rate": ("root", lambda s: korea.ends_a_year(s.freezes).best),
    "freezes_ended_in_60": ("share", lambda s: _share(s.freezes, 60)),
}
SCALES: dict[str, Callable[[Floats], Floats]] = {
    "log": lambda values: np.log(values),
    "root": lambda values: np.sqrt(values),
    "share": lambda values: np.arcsin(np.sqrt(values)),  # unlike logits finite at none and all
}


def measured(seen: Seen) -> dict[str, float]:
    """Every statistic by its name; nan where nothing shows it."""
    return {name: statistic(seen) for name, (_, statistic) in STATISTICS.items()}


# -- records that are told ------------------------------------------------------------------------


FROZEN = ("freeze", "fresh_freeze", "moratorium", "sanctions_eased")
LEVELS = ("dialogue", "freeze", "us_dprk.contact", "north_south.overture")


class Worlds:
    """Three worlds of a Korean scenario in which records are told, draw after draw.

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
        self._tellers = [
            _Teller(quiet, alone),
            _Teller(scenario, Strategy(name="talks")),
            _Teller(replace(scenario, conditions=frozen, horizon=FOLLOWED), alone),
        ]

    def records(self, draws: Draws, size: Seen, seed: int) -> pd.DataFrame:
        """The statistics of one record of each draw.

        Args:
            draws: N draws.
            size: a record as large as those to be told.
            seed: of the histories; no two draws share any.

        Returns:
            A row a draw (index ``draw``, from 1), a column a statistic.
        """
        rows = [measured(self._record(draws, i, size, seed)) for i in range(len(draws))]
        return pd.DataFrame(rows, index=pd.RangeIndex(1, len(draws) + 1, name="draw"))

    def _record(self, draws: Draws, i: int, size: Seen, seed: int) -> Seen:
        quiet, talks, frozen = (
            one.told(draws, i, count, seed)
            for one, count in zip(
                self._tellers,
                (1, len(size.formal) + len(size.seoul), len(size.freezes)),
                strict=True,
            )
        )
        occasions, proposals = talks[: len(size.formal)], talks[len(size.formal) :]
        gaps = [d for c in talks for setback, d in c.pauses if setback in WITHOUT_RESULT]
        return Seen(
            launches=quiet[0].months()[0][:MONTHS],
            months=_by_history(talks[:RATIO_HISTORIES]),
            formal=_waits(occasions, "us_dprk.contact"),
            seoul=_waits(proposals, "north_south.overture"),
            gaps=np.array(gaps[: len(size.gaps)]),
            freezes=_waits(frozen, "!freeze"),
        )


class _Teller:
    def __init__(self, scenario: Scenario, strategy: Strategy) -> None:
        chosen = replace(scenario, strategies={strategy.name: strategy}).strategy(strategy.name)
        self.program = translate(chosen)
        self.teller = backcast.Teller(self.program, LEVELS)

    def told(self, draws: Draws, i: int, count: int, seed: int) -> list[Course]:
        one = Draws(draws.names, draws.values[i : i + 1], draws.origin)
        slots, values = one.uncertain_in(self.program)
        self.teller.take(self.program.with_parameters_at(slots, values[0]))
        return list(self.teller.courses(range(i * count, (i + 1) * count), seed))


def _waits(courses: Iterable[Course], endpoint: str) -> Sample:
    days = [(one.first(endpoint), min(one.horizon, one.ended)) for one in courses]
    return sample(
        [came for came, _ in days if came < math.inf],
        [end for came, end in days if came == math.inf],
    )


def _by_history(courses: Iterable[Course]) -> Months:
    counts, talked = zip(*(one.months() for one in courses), strict=True)
    which = np.repeat(np.arange(len(counts)), [len(one) for one in counts])
    return np.concatenate(counts), np.concatenate(talked), which


# -- narrowing ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calibrated:
    """Draws before and after.

    Attributes:
        prior: all draws that could be compared.
        posterior: those kept, adjusted.
        tolerance: the largest distance kept, in standard deviations of the told statistics.
    """

    prior: Draws
    posterior: Draws
    tolerance: float


def calibrate(
    scenario: Scenario, draws: int = 4096, keep: float = 0.2, seed: int = 1
) -> tuple[Calibrated, pd.DataFrame]:
    """Draws of a Korean scenario narrowed by the record.

    Args:
        scenario: korea-2017, or one that extends it.
        draws: how many sets of numbers, with one record told of each.
        keep: the share of draws that is kept.
        seed: of draws and histories.

    Returns:
        The draws, and how records told of them fit: statistic, record, then quantiles 0.05, 0.5
        and 0.95 of records of the prior (prior_low, prior_best, prior_high) and of the posterior,
        told anew.
    """
    prior, true, worlds = sampling.sample(scenario, draws, seed), of_record(), Worlds(scenario)
    before = worlds.records(prior, true, seed)
    known = measured(true)
    found = narrowed(prior, scenario.ranges(), before, known, keep)
    after = worlds.records(found.posterior, true, seed + 1)
    fit = pd.DataFrame({"statistic": list(known), "record": list(known.values())})
    for when, told in (("prior", before), ("posterior", after)):
        for end, share in (("low", 0.05), ("best", 0.5), ("high", 0.95)):
            fit[f"{when}_{end}"] = told.quantile(share).to_numpy()
    return found, fit


def narrowed(
    prior: Draws,
    ranges: Mapping[str, Range],
    told: pd.DataFrame,
    known: Mapping[str, float],
    keep: float,
    scales: Mapping[str, str] | None = None,
) -> Calibrated:
    """The draws whose statistics are nearest to those known, adjusted.

    Args:
        prior: N draws.
        ranges: of its numbers.
        told: statistics of a record of each draw (index from 1); incomplete rows are left out.
        known: those of the true record.
        keep: the share of draws that is kept, above 0, at most 1.
        scales: of each statistic, a key of ``SCALES``; else those of ``STATISTICS``.

    Raises:
        ValueError: a share out of bounds, or fewer draws kept than the regression needs.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep: found {keep}; allowed: above 0, at most 1")
    scales = scales or {name: scale for name, (scale, _) in STATISTICS.items()}
    told = told[list(known)].dropna()
    count = round(keep * len(told))
    if count < 2 * (len(known) + 1):
        raise ValueError(f"keep: {count} draws; needed: at least {2 * (len(known) + 1)}")
    away = np.column_stack(
        [_away(SCALES[scales[name]], told[name].to_numpy(), known[name]) for name in known]
    )
    distance = np.sqrt((away**2).sum(axis=1))
    nearest = np.argsort(distance, kind="stable")[:count]
    rows = told.index.to_numpy()[nearest] - 1
    limits = np.array([(ranges[n].low, ranges[n].high) for n in prior.names]).T
    values = _adjusted(prior.values[rows], limits, away[nearest], distance[nearest])
    origin = f"{prior.origin}, nearest {count} of {len(told)} to the record"
    every = Draws(prior.names, prior.values[told.index.to_numpy() - 1], prior.origin)
    return Calibrated(every, Draws(prior.names, values, origin), float(distance[nearest].max()))


def _away(scale: Callable[[Floats], Floats], values: Floats, known: float) -> Floats:
    """Told values less the known one on a scale, in their standard deviations."""
    scaled = scale(values)
    result: Floats = (scaled - scale(np.array(known))) / (scaled.std() or 1.0)
    return result


def _adjusted(values: Floats, limits: Floats, away: Floats, distance: Floats) -> Floats:
    """Each number moved to where the regression expects it at distance 0, within its range."""
    low, high = limits
    width = np.where(high > low, high - low, 1.0)
    place = np.clip((values - low) / width, EDGE, 1 - EDGE)
    logits = np.log(place / (1 - place))
    weight = np.maximum(1 - (distance / (distance.max() * (1 + EDGE))) ** 2, 0)
    design = np.column_stack([np.ones(len(away)), away])
    bent = design.T * weight
    inverse = np.linalg.pinv(bent @ design)
    slopes = inverse @ bent @ logits
    spread = inverse @ (bent * weight @ design)
    # Few draws, many statistics: residuals are too small by the freedom that the fit used up, and
    # where it puts the middle is not sure. As for the interval of a prediction, both are made good.
    wide = np.sqrt(
        weight.sum() / (weight.sum() - np.trace(spread)) * (1 + (spread @ inverse)[0, 0])
    )
    moved = slopes[0] + wide * (logits - design @ slopes)
    result: Floats = np.clip(low + width / (1 + np.exp(-moved)), low, high)
    return np.where(high > low, result, values)


def moved(found: Calibrated) -> pd.DataFrame:
    """What was learned of each number, most first.

    Returns:
        name, then prior_low, prior_best, prior_high, posterior_low, posterior_best and
        posterior_high (quantiles 0.05, 0.5, 0.95), and shift: of the mean, in prior deviations.
    """
    before, after = found.prior.values, found.posterior.values
    deviation = before.std(axis=0)
    shift = (after.mean(axis=0) - before.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    table = pd.DataFrame({"name": found.prior.names})
    for when, values in (("prior", before), ("posterior", after)):
        ends = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
        for end, column in zip(("low", "best", "high"), ends, strict=True):
            table[f"{when}_{end}"] = column
    table["shift"] = shift
    order = np.argsort(-np.abs(shift), kind="stable")
    return table.iloc[order].reset_index(drop=True)
