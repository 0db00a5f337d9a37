"""How long things took: samples of durations from the record, those still open included."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import pandas as pd

from sim.errors import unknown
from sim.evidence import rates, records
from sim.evidence.fitting import Durations, sample
from sim.evidence.records import History

LAST_DAY = pd.Timestamp("2025-12-31")  # of the record; what was open then counts as open
OPEN = 36500.0  # days: stands for a wait of which no more is known than that it was long
COUNTED_WAITS = {
    "contact_within_120_days": 120.0, "contact_within_a_year": 365.0, "contact_later": OPEN,
}  # fmt: skip

F = TypeVar("F", bound=Callable[..., object])


class UnknownStatistic(ValueError):
    """No statistic has this key."""


@cache
def whole() -> History:
    """The record that ships."""
    return records.load()


def chosen(what: str, name: str, known: dict[str, F]) -> F:
    """What bears a name; UnknownStatistic, with those known, where nothing does."""
    if name not in known:
        raise UnknownStatistic(unknown(what, name, known))
    return known[name]


def rounds(of: History, track: str) -> pd.DataFrame:
    """The rounds of a track that were held, in time order."""
    talks = of.talks
    chosen = talks[(talks["track"] == track) & talks["held"] & (talks["outcome"] != "none")]
    return chosen.sort_values("start", kind="stable", ignore_index=True)


def seen_until(of: History, began: pd.Series) -> pd.Series:
    """The day up to which cases were seen: the last of the record, or of what is left of it."""
    last = pd.Series(LAST_DAY, began.index)
    for first, _ in of.left_out:
        last = last.mask((began < first) & (last > first), first)
    return last


def lasting(of: History, began: pd.Series, ended: pd.Series) -> Durations:
    """Days from one date to another; open where the other had not come when last seen."""
    seen = seen_until(of, began)
    still = ended.isna() | (ended > seen)
    left = (seen - began).dt.days[still]
    return sample(rates.days_between(began[~still], ended[~still]), [float(d) for d in left])


def _next_round(of: History, table: pd.DataFrame) -> pd.Series:
    """The start of the next round; none across a part of the record that is left out."""
    later = table["start"].shift(-1)
    return later.mask(later > seen_until(of, table["end"]))


def gaps(of: History, track: str) -> list[float]:
    """Days from the end of a round to the start of the next."""
    table = rounds(of, track)
    return rates.days_between(table["end"], _next_round(of, table))


def gaps_in_dialogue(of: History, track: str) -> list[float]:
    """Gaps between rounds of one period of dialogue.

    A silence between two periods is no gap between rounds: a contact had to be made anew.
    """
    table = rounds(of, track)
    spans = zip(of.dialogue["start"], of.dialogue["end"], strict=True)
    return [
        gap
        for first, last in spans
        for part in [table[(table["start"] >= first) & (table["start"] <= last)]]
        for gap in rates.days_between(part["end"], _next_round(of, part))
    ]


def gaps_after_breakdown(of: History) -> Durations:
    """Days from a broken round to the next of its track; open where none followed."""
    tables = [
        table.assign(after=table["start"].shift(-1))[table["outcome"] == "breakdown"]
        for track in ("us_dprk", "north_south", "six_party", "working_group")
        for table in [rounds(of, track)]
    ]
    broken = pd.concat(tables, ignore_index=True)
    return lasting(of, broken["end"], broken["after"])


def contact_waits(of: History, until: str) -> Durations:
    """Days from an occasion for talks to a ``contact``, or to a ``formal`` round."""
    return lasting(of, of.contacts["triggered"], of.contacts[until])


def last_phases(of: History) -> Durations:
    """Days from the first round of the last phase of talks to a Korean freeze."""
    core = of.freezes[of.freezes["core"]]
    return sample(rates.days_between(core["phase_from"], core["reached"]))


def freeze_lives(of: History, end: str = "ended") -> Durations:
    """Days from a Korean freeze to its end, or to its renunciation (``end = "void"``)."""
    core = of.freezes[of.freezes["core"]]
    return lasting(of, core["reached"], core[end])


def talks_to_freeze(of: History) -> Durations:
    """Days from the start of talks to a Korean freeze."""
    core = of.freezes[of.freezes["core"]]
    return sample(rates.days_between(core["talks_from"], core["reached"]))


def tries_at_a_freeze(of: History) -> Durations:
    """Days from the start of talks to a Korean freeze; open for tries that led nowhere.

    A try that failed while talks went on which led to a freeze later is part of these.
    """
    core = of.freezes[of.freezes["core"]]
    came = lasting(of, core["talks_from"], core["reached"])
    tries = of.attempts[(of.attempts["place"] == "korea") & of.attempts["reached"].isna()]
    spans = list(zip(core["talks_from"], core["reached"], strict=True))
    alone = [not any(a <= day <= b for a, b in spans) for day in tries["proposed"]]
    left = tries.loc[alone, "proposed"]
    nothing = lasting(of, left, pd.Series(pd.NaT, left.index))
    return Durations((*came.days, *nothing.days), (*came.over, *nothing.over))


def from_seoul(of: History) -> pd.DataFrame:
    """Proposals by Seoul."""
    return of.responses[of.responses["proposer"] == "ROK"]


def seoul_to_meeting(of: History) -> Durations:
    """Days from a proposal by Seoul to the meeting that followed, where one did."""
    table = from_seoul(of)
    return sample(rates.days_between(table["proposed"], table["met"]))


def group_first_meetings(of: History) -> Durations:
    """Days from a decision of the six to the first meeting of each working group."""
    groups = rounds(of, "working_group").drop_duplicates("kind")
    plenaries = rounds(of, "six_party")
    decided = plenaries.loc[plenaries["outcome"].isin(["agreement", "progress"]), "end"]
    before = [decided[decided <= day].max() for day in groups["start"]]
    since = pd.Series(before, dtype="datetime64[ns]")
    return sample(rates.days_between(since, groups["start"].reset_index(drop=True)))


def exercise_slips(of: History) -> Durations:
    """Days by which a round was put off with an exercise given as the reason."""
    talks = of.talks
    days = []
    for row in talks[~talks["held"] & talks["exercise_cited"]].itertuples():
        later = rounds(of, row.track)["start"]
        days += [float((day - row.start).days) for day in later[later > row.start][:1]]
    return sample(days)


def formal_waits(of: History) -> Durations:
    """Days from an occasion for talks to a formal round, with those that are only counted.

    Of a counted occasion the order of size is known: it stands at the end of it.
    """
    dated = contact_waits(of, "formal")
    counted = of.monthly[of.monthly["kind"].isin(COUNTED_WAITS)]
    days = [COUNTED_WAITS[row.kind] for row in counted.itertuples() for _ in range(row.count)]
    return Durations((*dated.days, *days), (*dated.over, *(day < OPEN for day in days)))


def waits_for_seoul(of: History) -> Durations:
    """Days from a proposal by Seoul to a meeting; open where none followed."""
    table = from_seoul(of)
    return lasting(of, table["proposed"], table["met"])


SAMPLES: dict[str, Callable[[History], Durations]] = {
    "gaps_us_dprk": lambda of: sample(gaps_in_dialogue(of, "us_dprk")),
    "gaps_north_south": lambda of: sample(gaps(of, "north_south")),
    "gaps_six_party": lambda of: sample(gaps(of, "six_party")),
    "gaps_four_party": lambda of: sample(gaps(of, "four_party")),
    "gaps_after_breakdown": gaps_after_breakdown,
    "first_contact": lambda of: contact_waits(of, "contact"),
    "formal_round": lambda of: contact_waits(of, "formal"),
    "last_phase": last_phases,
    "talks_to_freeze": talks_to_freeze,
    "tries_at_a_freeze": tries_at_a_freeze,
    "freeze_life": freeze_lives,
    "freeze_life_to_void": lambda of: freeze_lives(of, "void"),
    "seoul_to_meeting": seoul_to_meeting,
    "waits_for_seoul": waits_for_seoul,
    "group_first_meeting": group_first_meetings,
    "exercise_slip": exercise_slips,
}


def cases(name: str, of: History | None = None) -> Durations:
    """A sample of durations by its name.

    Raises:
        UnknownStatistic: no sample has this name.
    """
    return chosen("sample", name, SAMPLES)(of or whole())
