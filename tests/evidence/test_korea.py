"""Statistics of the record: on tables made up for the purpose, and a few that anybody can count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim.evidence import fitting, rates
from sim.evidence.korea import durations
from sim.evidence.korea import statistics as korea

WHOLE = korea.whole()
EPISODE = (pd.Timestamp("2003-01-01"), pd.Timestamp("2009-12-31"))


def talks(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """track, start, end, outcome of rounds that were held."""
    table = pd.DataFrame(rows, columns=["track", "start", "end", "outcome"])
    for column in ("start", "end"):
        table[column] = pd.to_datetime(table[column])
    return table.assign(held=True, kind="plenary", exercise_cited=False)


MADE_UP = replace(
    WHOLE,
    talks=talks(
        ("us_dprk", "2001-01-01", "2001-01-03", "progress"),
        ("us_dprk", "2001-01-13", "2001-01-13", "breakdown"),
        ("us_dprk", "2001-02-12", "2001-02-14", "agreement"),
        ("six_party", "2025-12-01", "2025-12-11", "breakdown"),
        ("six_party", "2025-01-01", "2025-01-02", "no_progress"),
    ),
)


def test_gaps_go_from_the_last_day_of_a_round_to_the_first_of_the_next() -> None:
    assert durations.gaps(MADE_UP, "us_dprk") == [10, 30]
    assert durations.gaps(MADE_UP, "six_party") == [333]


def test_a_broken_channel_that_nobody_took_up_again_is_an_open_case() -> None:
    found = durations.gaps_after_breakdown(MADE_UP)
    assert found == fitting.sample([30], [20])


def test_shares_count_the_rounds_that_were_held() -> None:
    assert korea.estimate("share:agreement_us_dprk", MADE_UP).best == 1 / 3
    assert korea.estimate("percent:breakdown_us_dprk", MADE_UP).best == pytest.approx(100 / 3)


def test_what_anybody_can_count_in_the_tables() -> None:
    assert sorted(durations.freeze_lives(WHOLE).days) == [13, 44, 427, 791, 1434, 2488, 2974]
    assert sorted(durations.last_phases(WHOLE).days) == [5, 12, 16, 46, 57, 105, 216]
    assert sorted(durations.exercise_slips(WHOLE).days) == [10, 15, 24]
    assert sorted(durations.seoul_to_meeting(WHOLE).days) == [7, 10, 45, 66, 176]
    assert korea.SHARES["attempts_swap"](WHOLE) == (0, 3)
    assert korea.SHARES["formal_within_365"](WHOLE) == (9, 16)
    assert korea.estimate("rate:nuclear_test:2006:2017").best == 0.5


def test_tries_at_a_freeze_hold_those_that_led_nowhere_and_no_process_twice() -> None:
    tries = korea.cases("tries_at_a_freeze")
    came = [d for d, over in zip(tries.days, tries.over, strict=True) if over]
    assert sorted(came) == sorted(durations.talks_to_freeze(WHOLE).days)
    # Offers of 1996, 2003 and 2004 fell into talks that led to a freeze; nine led nowhere.
    assert (len(came), len(tries)) == (7, 16)
    assert min(d for d, over in zip(tries.days, tries.over, strict=True) if not over) > 1700


def counts(by_month: dict[str, int], kind: str = "launch_day") -> pd.DataFrame:
    rows = [(pd.Timestamp(m), kind, "", n) for m, n in by_month.items()]
    return pd.DataFrame(rows, columns=["month", "kind", "of", "count"])


def test_months_without_any_count() -> None:
    part = replace(WHOLE, monthly=counts({"2001-03-01": 2, "2002-12-01": 1}))
    found = korea.months(part, "launch_day", 2001, 2002)
    assert len(found) == 24
    assert found.sum() == 3
    low, best, high = korea.estimate("rate:launch_day:2001:2002", part)
    assert best == 1.5
    assert low < 0.5 and high > 4  # three events are few


def test_dispersion_is_one_for_poisson_and_more_for_bursts() -> None:
    rng = np.random.default_rng(3)
    months = pd.date_range("1990-01-01", "2025-12-01", freq="MS")
    even = dict(zip(months.astype(str), rng.poisson(1.0, len(months)), strict=True))
    bursts = {m: 5 * int(rng.random() < 0.2) for m in months.astype(str)}
    key = "dispersion:launch_day:1990:2025"
    assert korea.estimate(key, replace(WHOLE, monthly=counts(even))).low < 1 < 1.35
    assert korea.estimate(key, replace(WHOLE, monthly=counts(bursts))).low > 2


def test_the_dialogue_ratio_is_not_fooled_by_a_trend() -> None:
    """Ten times the launches in the later era, a third of them in dialogue, in either."""
    months = pd.date_range("1990-01-01", "2025-12-01", freq="MS")
    dialogue = pd.DataFrame({"start": pd.to_datetime(["1990-01-01", "2012-01-01"]),
                             "end": pd.to_datetime(["1993-12-31", "2012-12-31"])})  # fmt: skip
    inside = korea.inside(replace(WHOLE, dialogue=dialogue)) >= 0.5
    late = months >= pd.Timestamp("2012-01-01")
    rate = np.where(late, 30, 3) // np.where(inside, 3, 1)
    by_month = dict(zip(months.astype(str), rate, strict=True))
    part = replace(WHOLE, dialogue=dialogue, monthly=counts(by_month))
    low, best, high = korea.estimate("dialogue_ratio:launch_day", part)
    assert best == pytest.approx(1 / 3, rel=1e-6)
    crude = rate[inside].mean() / rate[~inside].mean()
    assert crude < 0.3
    assert low < best < high


def test_the_exercise_ratio_is_found_from_months() -> None:
    cover = korea._covered(
        pd.date_range("2008-01-01", "2025-12-01", freq="MS"),
        list(zip(*WHOLE.exercises.loc[WHOLE.exercises["held"] & WHOLE.exercises["start"].notna(),
                                      ["start", "end"]].to_numpy().T, strict=True)),
    )  # fmt: skip
    rng = np.random.default_rng(5)
    expected = 20 * ((1 - cover) + 3 * cover)
    by_month = {
        str(m.date()): int(n) for m, n in zip(cover.index, rng.poisson(expected), strict=True)
    }
    low, best, high = korea.estimate(
        "exercise_ratio:launch_day", replace(WHOLE, monthly=counts(by_month))
    )
    assert low < 3 < high
    assert best == pytest.approx(3, rel=0.15)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("fited:gaps_us_dprk:median", 'unknown kind of statistic "fited"; did you mean "fitted"'),
        ("fitted:gaps_us_dpkr:median", 'did you mean "gaps_us_dprk"'),
        ("fitted:gaps_us_dprk:mean", "allowed: median, sigma"),
        ("share:nothing_like_it", "unknown share"),
        ("odds:x", "unknown odds ratio"),
        ("share", "wrong number of arguments"),
        ("calendar:moon:from", "calendar:assembly:from"),
    ],
)
def test_an_unknown_statistic_is_one_message(key: str, message: str) -> None:
    with pytest.raises(korea.UnknownStatistic, match=message):
        korea.estimate(key)
    with pytest.raises(korea.UnknownStatistic, match="unknown sample"):
        korea.cases("nothing")


@pytest.mark.parametrize("sample", list(korea.SAMPLES))
def test_the_record_less_an_episode_has_fewer_cases(sample: str) -> None:
    part = WHOLE.without(*EPISODE)
    assert len(korea.cases(sample, part)) <= len(korea.cases(sample))
    # Seoul proposed nothing in those years that is on record; the four met before.
    if sample not in ("seoul_to_meeting", "waits_for_seoul", "gaps_four_party"):
        assert korea.cases(sample, part) != korea.cases(sample)


def test_survival_starts_at_one_and_falls() -> None:
    table = korea.survival("formal_round")
    assert (table["still"].diff().dropna() <= 0).all()
    assert (table["fitted"].diff().dropna() < 0).all()
    assert table["open"].sum() == 1
    assert table["n"].iloc[0] == 13


def test_families_are_compared_for_every_sample_that_is_large_enough() -> None:
    table = korea.families()
    assert {"gaps_us_dprk", "freeze_life"} <= set(table["sample"])
    assert "exercise_slip" not in set(table["sample"])
    assert len(korea.families(["last_phase"])) == 3


def test_quantiles_and_months_of_dialogue() -> None:
    assert korea.estimate("quantile:last_phase:50").best == 46
    table = korea.by_month("launch_day", 2017, 2018)
    assert len(table) == 24
    assert table["dialogue"].iloc[-1] == 1 and table["dialogue"].iloc[0] == 0


# -- a part of the record -------------------------------------------------------------------------


def test_a_case_that_was_not_over_when_an_episode_began_is_open_then() -> None:
    """The occasion of October 2002 led to a round in April 2003: that is the episode's own fact."""
    part = WHOLE.without(*EPISODE)
    (row,) = part.contacts[part.contacts["trigger"] == "kelly_2002"].itertuples()
    assert pd.isna(row.formal)
    waits = korea.cases("formal_round", part)
    assert (88.0, False) in set(zip(waits.days, waits.over, strict=True))  # 5 Oct to 1 Jan
    hits, seen = rates.within_days(durations.formal_waits(part), 120)
    assert (hits, seen) == (3, 9)  # that one was not seen for 120 days: neither hit nor miss
    lives = durations.freeze_lives(part)
    assert dict(zip(lives.days, lives.over, strict=True))[1207.0] is False  # of September 1999


def test_no_gap_spans_what_is_left_out() -> None:
    part = WHOLE.without(*EPISODE)
    long = (EPISODE[1] - EPISODE[0]).days
    for track in ("us_dprk", "north_south"):
        assert max(durations.gaps(part, track)) < long
    broken = durations.gaps_after_breakdown(part)
    assert all(d < long for d, over in zip(broken.days, broken.over, strict=True) if over)


def test_months_that_are_left_out_are_no_months_without_launches() -> None:
    part = WHOLE.without(pd.Timestamp("2003-01-15"), pd.Timestamp("2009-06-03"))
    found = korea.months(part, "launch_day", 2002, 2010)
    assert len(found) == 12 + 6 + 12  # of the last year, July to December
    assert len(korea.years(part, "launch_day", 2002, 2010)) == 2
    with pytest.raises(ValueError, match="no whole year"):
        korea.rate(part, "launch_day", "2004", "2008")
    whole, own = (korea.estimate("dialogue_ratio:launch_day", of).best for of in (WHOLE, part))
    assert whole != own


def test_a_ratio_of_nothing_has_no_upper_end() -> None:
    counts, one = np.array([0.0, 3.0]), np.ones(2, int)
    assert rates.mantel_haenszel(counts, np.array([True, False]), one) == (0, 0, np.inf)
    low, best, high = rates.mantel_haenszel(counts, np.array([False, True]), one)
    assert (low, high) == (0, np.inf) and np.isnan(best)
    assert np.isnan(rates.unevenness(np.zeros(3)))
    assert np.isnan(rates.unevenness(np.ones(1)))
