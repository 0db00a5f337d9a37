"""What the record says: every statistic that the catalog rests on, computed from its tables.

A statistic has a key, a name with its arguments: ``fitted:gaps_us_dprk:median``,
``share:formal_within_120``, ``rate:launch_day:2012:2017``. :func:`estimate` gives its value for a
key, with a 95 % interval, from the whole record or from a part of it:

    record.estimate("share:formal_within_120")
    record.estimate("fitted:gaps_us_dprk:sigma", history.load().without(first, last))

Example:
    >>> import sim
    >>> low, best, high = sim.record.estimate("share:formal_within_120")
    >>> low < best < high
    True
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sim.errors import unknown
from sim.evidence import fitting, rates
from sim.evidence.fitting import Estimate
from sim.evidence.korea import durations
from sim.evidence.korea.durations import SAMPLES, UnknownStatistic, cases, whole
from sim.evidence.rates import Hits
from sim.evidence.records import History
from sim.types import Floats

__all__ = ["by_month", "cases", "estimate", "families", "survival", "whole"]

# Years in which Seoul sought engagement, by the day of the inauguration.
ENGAGED = (("1998-02-25", "2008-02-25"), ("2017-05-10", "2022-05-10"))
# Within an era the pace of launches is about even; between eras it changed twentyfold.
ERAS = ("1990-01", "1994-07", "2009-01", "2012-01", "2018-01", "2022-01", "2026-01")


def estimate(key: str, of: History | None = None) -> Estimate:
    """A statistic by its key.

    Args:
        key: kind and arguments with colons between them.
        of: a part of the record; else the whole.

    Raises:
        UnknownStatistic: nothing has this key.
        ValueError: the part holds too few cases for it.
    """
    kind, *arguments = key.split(":")
    if kind not in KINDS:
        raise UnknownStatistic(unknown("kind of statistic", kind, KINDS))
    try:
        return KINDS[kind](of or whole(), *arguments)
    except TypeError:
        raise UnknownStatistic(f"{key}: wrong number of arguments for {kind}") from None


def fitted(of: History, name: str, parameter: str) -> Estimate:
    """A parameter of the law fitted to a sample, with its bootstrap interval.

    The family is the one that fits the whole record best, so that a part of it does not change
    what the parameter means.
    """
    family = _family(name)
    found = fitting.estimates(cases(name, of), family)
    if parameter not in found:
        raise UnknownStatistic(unknown("parameter", parameter, found))
    return found[parameter]


@cache
def _family(name: str) -> str:
    return fitting.best(cases(name)).family


def quantile(of: History, name: str, percent: str) -> Estimate:
    """An empirical quantile of a sample without open cases."""
    days = np.array(cases(name, of).days)
    return fitting.bootstrap(days, lambda some: float(np.quantile(some, int(percent) / 100)))


def survival(name: str, of: History | None = None) -> pd.DataFrame:
    """How long the cases of a sample lasted, and what the law fitted to them says.

    Returns:
        sample, n (of cases), days, still (share that lasted longer, Kaplan-Meier), fitted (the
        same by the best law), and whether a case was left open (``open``) at that length.
    """
    lengths = cases(name, of)
    days, over = np.array(lengths.days), np.array(lengths.over)
    found = stats.ecdf(stats.CensoredData(uncensored=days[over], right=days[~over])).sf
    at = np.unique(days)
    return pd.DataFrame(
        {
            "sample": name,
            "n": len(lengths),
            "days": at,
            "still": found.evaluate(at),
            "fitted": fitting.best(lengths).frozen.sf(at),
            "open": np.isin(at, days[~over]),
        }
    )


def families(names: Collection[str] = ()) -> pd.DataFrame:
    """The families of laws side by side for each sample (:func:`sim.fitting.compare`)."""
    some = names or [name for name in SAMPLES if len(cases(name)) > 3]
    tables = [fitting.compare(cases(name)).assign(sample=name) for name in some]
    return pd.concat(tables, ignore_index=True)


def by_month(kind: str, first: int, last: int) -> pd.DataFrame:
    """Counts of a kind with the share of each month inside a period of dialogue.

    Returns:
        month, count, dialogue.
    """
    counts = months(whole(), kind, first, last)
    dialogue = inside(whole()).reindex(counts.index).to_numpy()
    return pd.DataFrame({"month": counts.index, "count": counts.to_numpy(), "dialogue": dialogue})


# -- shares: how often something came of it -------------------------------------------------------


def _count(table: pd.DataFrame, hit: pd.Series) -> Hits:
    return int(hit.sum()), len(table)


def _outcome(of: History, track: str, *outcomes: str) -> Hits:
    table = durations.rounds(of, track)
    return _count(table, table["outcome"].isin(outcomes))


def _north_south(of: History, engaged: bool) -> pd.DataFrame:
    """Rounds by whether Seoul sought engagement; the rest from 2008 only."""
    table = durations.rounds(of, "north_south")
    inside = pd.Series(False, index=table.index)
    for first, last in ENGAGED:
        inside |= table["start"].between(pd.Timestamp(first), pd.Timestamp(last))
    return table[inside] if engaged else table[~inside & (table["start"] >= ENGAGED[0][1])]


def _good(table: pd.DataFrame) -> pd.Series:
    return table["outcome"].isin(["agreement", "progress"])


def _attempts(of: History, form: str = "") -> Hits:
    """Attempts that came off, without those of which the record does not say how they ended."""
    table = of.attempts[of.attempts["place"] == "korea"]
    table = table[table["form"] == form] if form else table
    seen = table["reached"].notna() | (
        durations.seen_until(of, table["proposed"]) == durations.LAST_DAY
    )
    return _count(table[seen], table["reached"].notna()[seen])


def _changes(of: History, country: str) -> Hits:
    """Changes of leader in a country that turned against engagement, since 1993."""
    dated = of.changes[(of.changes["country"] == country) & (of.changes["kind"] == "leader")]
    counted = of.monthly[of.monthly["of"] == country]
    counted = counted[counted["kind"].str.startswith("leader_change_")]
    against = counted.loc[counted["kind"] == "leader_change_against", "count"].sum()
    hits = int((dated["turn"] == "against").sum() + against)
    return hits, len(dated) + int(counted["count"].sum())


def _early_ends(of: History, days: int) -> Hits:
    return rates.within_days(durations.freeze_lives(of), days)


def _freezes_a_round(of: History) -> Hits:
    held = pd.concat([durations.rounds(of, "us_dprk"), durations.rounds(of, "six_party")])
    core = of.freezes[of.freezes["core"] & (of.freezes["reached"] >= held["start"].min())]
    return len(core), len(held)


def _called_off(of: History) -> Hits:
    table = of.talks[of.talks["track"].isin(["us_dprk", "north_south", "six_party"])]
    return _count(table, ~table["held"])


SHARES: dict[str, Callable[[History], Hits]] = {
    "formal_within_120": lambda of: rates.within_days(durations.formal_waits(of), 120),
    "formal_within_365": lambda of: rates.within_days(durations.formal_waits(of), 365),
    "seoul_met_within_120": lambda of: rates.within_days(durations.waits_for_seoul(of), 120),
    "seoul_rejected": lambda of: _count(
        durations.from_seoul(of), durations.from_seoul(of)["answer"] == "rejected"
    ),
    "no_progress_us_dprk": lambda of: _outcome(of, "us_dprk", "no_progress"),
    "breakdown_us_dprk": lambda of: _outcome(of, "us_dprk", "breakdown"),
    "agreement_us_dprk": lambda of: _outcome(of, "us_dprk", "agreement"),
    "agreement_six_party": lambda of: _outcome(of, "six_party", "agreement"),
    "good_six_party": lambda of: _outcome(of, "six_party", "agreement", "progress"),
    "good_working_group": lambda of: _outcome(of, "working_group", "agreement", "progress"),
    "good_engaged": lambda of: _count(t := _north_south(of, True), _good(t)),
    "good_not_engaged": lambda of: _count(t := _north_south(of, False), _good(t)),
    "attempts": _attempts,
    "attempts_swap": lambda of: _attempts(of, "swap"),
    "attempts_package": lambda of: _attempts(of, "exercise_package"),
    "against_washington": lambda of: _changes(of, "US"),
    "against_seoul": lambda of: _changes(of, "ROK"),
    "freezes_ended_in_60": lambda of: _early_ends(of, 60),
    "freezes_a_round": _freezes_a_round,
    "called_off": _called_off,
}


def share(of: History, name: str) -> Estimate:
    """A share with its Wilson interval."""
    return fitting.share(*durations.chosen("share", name, SHARES)(of))


def percent(of: History, name: str) -> Estimate:
    """A share in per cent: a weight among weights of the same kind."""
    return Estimate(*(100 * value for value in share(of, name)))


def within(of: History, rounds_: str, name: str) -> Estimate:
    """The chance that at least one of some rounds succeeds, each with the same share."""
    return Estimate(*(1 - (1 - value) ** int(rounds_) for value in share(of, name)))


def odds(of: History, name: str) -> Estimate:
    """An odds ratio between two groups of rounds."""
    return fitting.odds_ratio(*durations.chosen("odds ratio", name, ODDS)(of))


def _by_group(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, int, int, int]:
    good, other = int(_good(first).sum()), int(_good(second).sum())
    return good, len(first) - good, other, len(second) - other


def _after_setback(of: History) -> tuple[int, int, int, int]:
    table = durations.rounds(of, "us_dprk")
    after = (~_good(table)).shift(1, fill_value=False)
    return _by_group(table[after], table[~after][1:])


ODDS: dict[str, Callable[[History], tuple[int, int, int, int]]] = {
    "not_engaged": lambda of: _by_group(_north_south(of, False), _north_south(of, True)),
    "after_setback": _after_setback,
}


# -- rates: how often a year ----------------------------------------------------------------------


def months(of: History, kind: str, first: int, last: int) -> pd.Series:
    """Counts of a kind by month, both years included.

    Months without any are 0; those of a part of the record that is left out are not there.
    """
    index = pd.date_range(f"{first}-01-01", f"{last}-12-01", freq="MS")
    for begun, ended in of.left_out:
        index = index[(index + pd.offsets.MonthEnd(0) < begun) | (index > ended)]
    counted = of.monthly[of.monthly["kind"] == kind]
    return counted.groupby("month")["count"].sum().reindex(index, fill_value=0)


def years(of: History, kind: str, first: int, last: int) -> Floats:
    """Counts of a kind by year, of years of which every month is there."""
    by_month = months(of, kind, first, last)
    by_year = by_month.groupby(by_month.index.year).agg(["sum", "size"])
    whole_years: Floats = by_year.loc[by_year["size"] == 12, "sum"].to_numpy(float)
    return whole_years


def rate(of: History, kind: str, first: str, last: str) -> Estimate:
    """Events a year; the interval comes from resampled years, or is Poisson's where few fell."""
    by_year = years(of, kind, int(first), int(last))
    if not len(by_year):
        raise ValueError(f"no whole year from {first} to {last} is left")
    if by_year.sum() < 10 or len(by_year) < 4:
        return fitting.rate(float(by_year.sum()), len(by_year))
    return fitting.bootstrap(by_year, lambda some: float(some.mean()))


def dispersion(of: History, kind: str, first: str, last: str) -> Estimate:
    """Variance to mean of the counts of a month."""
    return fitting.bootstrap(
        months(of, kind, int(first), int(last)).to_numpy(float), rates.unevenness
    )


def dispersion_by_year(of: History, kind: str, first: str, last: str) -> Estimate:
    """Variance to mean of the counts of a year."""
    return fitting.bootstrap(years(of, kind, int(first), int(last)), rates.unevenness)


def collapse_rate(of: History) -> Estimate:
    """Ends of Korean freezes, a year of freeze."""
    return rates.ends_a_year(durations.freeze_lives(of))


def inside(of: History) -> pd.Series:
    """Share of the days of each month, 1990-2025, inside a period of dialogue."""
    index = pd.date_range("1990-01-01", "2025-12-01", freq="MS")
    return _covered(index, list(zip(of.dialogue["start"], of.dialogue["end"], strict=True)))


def _covered(index: pd.DatetimeIndex, spans: list[tuple[pd.Timestamp, pd.Timestamp]]) -> pd.Series:
    days = pd.date_range(index[0], index[-1] + pd.offsets.MonthEnd(0))
    hit = np.zeros(len(days), bool)
    for first, last in spans:
        hit |= (days >= first) & (days <= last)
    return pd.Series(hit, days).resample("MS").mean().reindex(index)


def dialogue_ratio(of: History, kind: str) -> Estimate:
    """Rate of a kind in months of dialogue to that in others, within eras (Mantel-Haenszel)."""
    return rates.mantel_haenszel(*dialogue_months(of, kind))


def dialogue_months(of: History, kind: str) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Of each month, 1990-2025: a count, whether it was one of dialogue, and its era."""
    counts = months(of, kind, 1990, 2025)
    dialogue = inside(of).reindex(counts.index) >= 0.5
    era = np.digitize(counts.index.asi8, pd.to_datetime(list(ERAS)).as_unit("ns").asi8)
    return counts.to_numpy(float), dialogue.to_numpy(), era


def exercise_ratio(of: History, kind: str) -> Estimate:
    """Rate of a kind on days of a listed exercise to that on others, within years.

    Counts are known by month only: given the count of a year, a month's share goes by its days
    outside exercises plus the ratio times its days inside. Maximum likelihood, with the interval
    of the profile.
    """
    listed_ = of.exercises[of.exercises["held"] & of.exercises["start"].notna()]
    index = pd.date_range("2008-01-01", "2025-12-01", freq="MS")
    index = index[(index.year <= 2017) | (index.year >= 2022)]
    spans = list(zip(listed_["start"], listed_["end"], strict=True))
    every = pd.date_range(index[0], index[-1], freq="MS")
    cover = _covered(every, spans).reindex(index).to_numpy(float)
    by_month = months(of, kind, 2008, 2025)
    here = index.isin(by_month.index)
    index, cover = index[here], cover[here]
    counts = by_month.reindex(index).to_numpy(float)
    grid = np.exp(np.linspace(np.log(0.1), np.log(20), 1061))
    years = index.year.to_numpy()
    likelihood = np.array([_within_years(counts, 1 - cover + r * cover, years) for r in grid])
    good = grid[likelihood > likelihood.max() - 1.920729410347062]
    return Estimate(float(good[0]), float(grid[likelihood.argmax()]), float(good[-1]))


def _within_years(counts: Floats, weight: Floats, years: NDArray[np.int32]) -> float:
    total = pd.Series(weight).groupby(years).transform("sum").to_numpy()
    return float((counts * np.log(weight / total)).sum())


def calendar(of: History, what: str, end: str) -> Estimate:
    """The first or last day of the year on which a yearly event has been held, in a common year."""
    if what != "assembly" or end not in ("from", "to"):
        raise UnknownStatistic(f"calendar:{what}:{end}: allowed: calendar:assembly:from, or :to")
    days = of.assembly["opens" if end == "from" else "closes"]
    in_common_years = pd.to_datetime("2001-" + days.dt.strftime("%m-%d")).dt.dayofyear
    day = float(in_common_years.min() if end == "from" else in_common_years.max())
    return Estimate(day, day, day)


KINDS: dict[str, Callable[..., Estimate]] = {
    "calendar": calendar,
    "fitted": fitted,
    "quantile": quantile,
    "share": share,
    "percent": percent,
    "within": within,
    "odds": odds,
    "rate": rate,
    "dispersion": dispersion,
    "dispersion_by_year": dispersion_by_year,
    "collapse_rate": collapse_rate,
    "dialogue_ratio": dialogue_ratio,
    "exercise_ratio": exercise_ratio,
}
