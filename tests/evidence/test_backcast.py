"""The model held against what happened: reading courses, scores, and what is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import sim
from sim.evidence import fitting, rates, records, scoring
from sim.evidence.korea import backcast, durations, statistics
from sim.evidence.korea.backcast import SimulatedEpisode
from sim.plotting import outcomes, style
from sim.types import DAYS_PER_YEAR

COURSE = SimulatedEpisode(
    100.0,
    ((0.0, "crisis", 1), (10.0, "talks.contact", 1), (12.0, "crisis", 2), (20.0, "freeze", 1),
     (30.0, "crisis", 1), (45.0, "freeze", 0), (50.0, "freeze", 1), (60.0, "crisis", 0)),
    (3.2, 3.9, 40.0), (10.0, 25.0, 70.0),
)  # fmt: skip
EPISODES = backcast.episodes()


# -- courses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "since", "days"),
    [
        ("freeze", "", 20.0),
        ("!freeze", "freeze", 25.0),
        ("freeze", "talks.contact", 10.0),
        ("!crisis", "", 60.0),
        ("war", "", math.inf),
        ("talks.contact", "freeze", math.inf),
    ],
)
def test_the_time_of_an_endpoint(endpoint: str, since: str, days: float) -> None:
    assert COURSE.first(endpoint, since) == days


def test_what_never_began_cannot_be_timed_from() -> None:
    assert math.isnan(COURSE.first("!war", "war"))


def test_spells_of_a_condition() -> None:
    assert COURSE.held("freeze") == [(20.0, 45.0), (50.0, 100.0)]
    assert COURSE.held("crisis") == [(0.0, 60.0)]
    assert COURSE.held("war") == []


@pytest.mark.parametrize("episode", EPISODES)
def test_courses_are_the_histories_of_a_run(episode: str) -> None:
    scenario = sim.load(episode)
    program = sim.translate(scenario.strategy("course"))
    simulated = list(backcast.replications(program, range(12), 5))
    frame = sim.run(scenario, ["course"], 12, 5).frame
    goal = frame[f"first_{scenario.goal}"].fillna(math.inf).tolist()
    assert [c.first(scenario.goal) for c in simulated] == goal
    names = [name for name in backcast.LAUNCHES if name in scenario.shocks]
    counted = frame[[f"n_{name}" for name in names]].sum(axis=1).tolist()
    assert [len(c.launches) for c in simulated] == counted
    assert sum(len(c.rounds) for c in simulated) > 12


def test_statistics_of_launches_are_those_of_the_courses() -> None:
    year = DAYS_PER_YEAR
    days = tuple(float(d) for d in range(5, int(2 * year), 10))
    even = SimulatedEpisode(2 * year, ((0.0, "dialogue", 1), (year, "dialogue", 0)), days, ())
    found = backcast.launch_process([even, even])
    assert found["rate"] == pytest.approx(len(days) / 2, rel=0.05)
    assert found["dispersion"] < 0.2
    assert found["dialogue_ratio"] == pytest.approx(1, rel=0.06)
    burst = replace(even, launches=tuple(400.0 + i for i in range(20)))
    found = backcast.launch_process([burst])
    assert found["dispersion"] > 10 and found["dialogue_ratio"] == 0
    assert found["dispersion_by_year"] == pytest.approx(20)  # 0 and 20


def test_what_is_said_of_launches_is_computed_by_the_functions_of_the_record(monkeypatch) -> None:
    even = SimulatedEpisode(731.0, ((0.0, "dialogue", 1),), (5.0, 400.0), ())
    for name, value in (("unevenness", 7.0), ("mantel_haenszel", fitting.Estimate(1, 2, 3))):
        monkeypatch.setattr(rates, name, lambda *_, value=value: value)
    found = backcast.launch_process([even])
    assert [found[n] for n in ("dispersion", "dispersion_by_year", "dialogue_ratio")] == [7, 7, 2]


def test_months_end_with_the_ruin_and_are_dialogue_by_half() -> None:
    month = DAYS_PER_YEAR / 12
    changes = ((0.0, "dialogue", 1), (1.6 * month, "dialogue", 0), (2.6 * month, "dialogue", 1))
    course = SimulatedEpisode(365.0, changes, (3.1, 3.9, 45.0), (), ended=3.5 * month)
    counts, talked = course.months()
    assert counts.tolist() == [1, 1, 0]
    assert talked.tolist() == [True, True, False]


def test_pauses_are_the_delays_after_setbacks() -> None:
    scenario = sim.load("korea-2017")
    program = sim.translate(scenario.strategy("proposal"))
    simulated = list(backcast.replications(program, range(30), 1))
    rows = sim.run(scenario, ["proposal"], 30, 1).frame
    for name in ("fruitless_round", "rebuff"):
        counted = [sum(setback == name for setback, _ in course.pauses) for course in simulated]
        assert counted == rows[f"n_{name}"].tolist()
        assert sum(counted) > 10
    assert all(days >= 0 for course in simulated for _, days in course.pauses)


# -- the fitted scenario --------------------------------------------------------------------------

QUIET = """
extends = "korea-2017"
start = 2012-01-01
horizon = 2192
[strategies.alone]
never = ["us_dprk", "north_south", "working_group", "ministerial", "bilateral", "settlement"]
"""


@pytest.fixture(scope="module")
def alone() -> dict[str, float]:
    """Six years without any talks, as 2012-2017 were but for a few weeks."""
    program = sim.translate(sim.loads(QUIET).strategy("alone"))
    return backcast.launch_process(list(backcast.replications(program, range(150), 1)))


@pytest.mark.parametrize("statistic", ["rate", "dispersion"])
def test_simulated_launches_are_as_frequent_and_as_uneven_as_in_the_record(
    alone: dict[str, float], statistic: str
) -> None:
    low, _, high = statistics.estimate(f"{statistic}:launch_day:2012:2017")
    assert low < alone[statistic] < high
    assert alone["dispersion"] > 1.3  # no plain Poisson process


def test_simulated_years_of_launches_are_as_uneven_as_those_of_the_record() -> None:
    low, _, high = statistics.estimate("dispersion_by_year:launch_day:2012:2017")
    program = sim.translate(sim.loads(QUIET).strategy("alone"))
    found = backcast.launch_process(list(backcast.replications(program, range(150), 2)))
    assert low < found["dispersion_by_year"] < high


@pytest.mark.parametrize("strategy", ["proposal", "bilateral_only"])
def test_simulated_launches_are_rarer_in_dialogue_as_in_the_record(strategy: str) -> None:
    program = sim.translate(sim.load("korea-2017").strategy(strategy))
    found = backcast.launch_process(list(backcast.replications(program, range(150), 1)))
    low, _, high = statistics.estimate("dialogue_ratio:launch_day")
    assert low < found["dialogue_ratio"] < high


# -- leaving the episode out ----------------------------------------------------------------------


@pytest.mark.parametrize("episode", EPISODES)
def test_no_date_and_no_month_of_an_episode_is_left(episode: str) -> None:
    """Also not where a case began before it: an occasion whose first round is the episode's."""
    scenario = sim.load(episode)
    first = pd.Timestamp(scenario.start)
    last = records.episodes().set_index("episode").loc[[episode], "date"].max()
    of = backcast.others(scenario, last)
    for name in ("talks", "freezes", "attempts", "responses", "contacts", "changes"):
        table = getattr(of, name)
        dates = table.select_dtypes("datetime64").drop(columns="answered", errors="ignore")
        dates = dates.drop(columns=["talks_from", "phase_from"], errors="ignore")
        began = dates.min(axis=1)
        for column in dates:
            assert not (dates[column].between(first, last) & (began < first)).any(), (name, column)
            assert not (began.between(first, last)).any(), name
    months = statistics.months(of, "launch_day", 1990, 2025)
    assert not months.index.to_period("M").isin(pd.period_range(first, last, freq="M")).any()
    waits = records.load().contacts
    own = waits[(waits["triggered"] < first) & waits["formal"].between(first, last)]
    left = of.contacts.set_index("trigger")["formal"]
    assert left[own["trigger"]].isna().all()


@pytest.mark.parametrize("episode", [e for e in EPISODES if e != "iran-2013"])
def test_the_numbers_of_an_episode_do_not_rest_on_it(episode: str) -> None:
    scenario = sim.load(episode)
    last = records.episodes().set_index("episode").loc[[episode], "date"].max()
    of = backcast.others(scenario, last)
    start = pd.Timestamp(scenario.start)
    assert not of.talks["start"].between(start, last).any()
    assert not of.freezes["reached"].between(start, last).any()
    own, whole = backcast.ranges(scenario, of), backcast.ranges(scenario, statistics.whole())
    assert set(own) == set(whole) == set(scenario.ranges())
    assert sum(own[name] != whole[name] for name in own) >= 10
    judged = [n for n, r in scenario.ranges().items() if r.source.startswith("judgement")]
    assert all(own[name] == whole[name] for name in judged)


def test_the_six_party_case_is_told_without_six_party_rounds() -> None:
    scenario = sim.load("six-party-2003")
    of = backcast.others(scenario, pd.Timestamp("2009-04-14"))
    assert len(durations.rounds(of, "six_party")) == 0
    own = backcast.ranges(scenario, of)["six_party.freeze.duration.mean"]
    assert own != backcast.ranges(scenario, statistics.whole())["six_party.freeze.duration.mean"]


def test_values_are_drawn_within_their_ranges_and_about_their_mean() -> None:
    ends = {"a": (0.0, 2.0, 10.0), "b": (5.0, 5.0, 5.0), "delegations.x": (1.0, 2.0, 3.0)}
    drawn = backcast.sampled(ends, 2000, np.random.default_rng(1))
    a = np.array([one["a"] for one in drawn])
    assert (a >= 0).all() and (a <= 10).all()
    assert a.mean() == pytest.approx((0 + 4 * 2 + 10) / 6, abs=0.15)
    assert {one["b"] for one in drawn} == {5.0}
    assert {one["delegations.x"] for one in drawn} <= {1.0, 2.0, 3.0}


# -- scores ---------------------------------------------------------------------------------------


def test_the_percentile_counts_ties_by_half() -> None:
    values = np.array([1.0, 2.0, 2.0, math.inf])
    assert scoring.percentile(2.0, values, 100.0) == 0.5
    assert scoring.percentile(math.inf, values, 100.0) == 0.875


def test_the_percentiles_of_a_good_forecast_are_even() -> None:
    rng = np.random.default_rng(1)
    found = [scoring.percentile(rng.exponential(50), rng.exponential(50, 400), 1e9)
             for _ in range(600)]  # fmt: skip
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_crps_is_the_integral_that_it_should_be() -> None:
    values = np.random.default_rng(2).exponential(50, 4000)

    def gap(x: float) -> float:
        return float((stats.expon(scale=50).cdf(x) - (x >= 30)) ** 2)

    exact = integrate.quad(gap, 0, 400, points=[30], limit=200)[0]
    assert scoring.crps(30.0, values, 400.0) == pytest.approx(exact, rel=0.05)


def test_a_forecast_from_open_cases_is_that_of_kaplan_and_meier() -> None:
    cases = fitting.sample([10, 30, 30, 80], [20, 30, 90])
    values, weights = scoring.weighed(cases)
    censored = stats.CensoredData(uncensored=[10, 30, 30, 80], right=[20, 30, 90])
    curve = stats.ecdf(censored).sf
    for day in (5.0, 10.0, 25.0, 30.0, 60.0, 80.0, 100.0):
        assert weights[values > day].sum() == pytest.approx(float(curve.evaluate(day)))
    assert weights.sum() == pytest.approx(1)


def test_weights_are_as_repeated_members() -> None:
    values, weights = np.array([40.0, 10.0, 900.0]), np.array([0.5, 0.25, 0.25])
    many = np.repeat([40.0, 10.0, 900.0], [2000, 1000, 1000])
    pair = scoring.crps(30.0, values, 500.0, weights), scoring.crps(30.0, many, 500.0)
    plain = 0.5 * 10 + 0.25 * 20 + 0.25 * 470  # mean distance; spreads differ by n / (n - 1)
    assert (plain - pair[0]) * 2 / 3 == pytest.approx(plain - pair[1], rel=1e-3)
    third = np.full(3, 1 / 3)
    for score in (scoring.crps, scoring.log_score):
        assert score(30.0, values, 500.0, weights=third) == pytest.approx(
            score(30.0, values, 500.0)
        )


def test_scores_reward_the_truth() -> None:
    rng = np.random.default_rng(3)
    truth, wrong = rng.exponential(50, 500), rng.exponential(400, 500)
    actual = rng.exponential(50, 300)
    for score in (scoring.crps, scoring.log_score):
        mean = [np.mean([score(a, values, 2000.0) for a in actual]) for values in (truth, wrong)]
        assert mean[0] < mean[1]


def test_what_lies_beyond_the_cap_is_not_told_apart() -> None:
    values = np.array([10.0, 2000.0, math.inf])
    assert scoring.crps(math.inf, values, 500.0) == scoring.crps(501.0, values, 500.0)
    far, near = (scoring.log_score(a, values, 500.0) for a in (math.inf, 600.0))
    assert far == near


def test_no_bin_is_impossible() -> None:
    assert scoring.log_score(5.0, np.full(10, 900.0), 1000.0) < 6


# -- an episode -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    tables = [backcast.held_against(one, 6, 10) for one in ("leap-day-2011", "iran-2013")]
    return pd.concat(tables, ignore_index=True)


def test_every_fact_has_its_place(table: pd.DataFrame) -> None:
    facts = records.episodes()
    for episode, rows in table.groupby("episode"):
        assert set(facts.loc[facts["episode"] == episode, "fact"]) <= set(rows["fact"])
    leap = table[table["episode"] == "leap-day-2011"].set_index("fact")
    assert leap.loc["contact", "actual"] == 208
    assert leap.loc["moratorium_life", "actual"] == 44
    assert leap.loc["launch_days", "actual"] == 1
    assert table["percentile"].between(0, 1).all()
    quantiles = table[[f"q{100 * q:g}" for q in scoring.QUANTILES]].replace(math.inf, 1e9)
    assert (quantiles.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert "launch_days" not in set(table.loc[table["episode"] == "iran-2013", "fact"])


def test_coverage_and_skill_sum_up(table: pd.DataFrame) -> None:
    covered = scoring.coverage(table)
    assert covered["facts"].unique().tolist() == [len(table)]
    assert covered["inside"].is_monotonic_increasing
    gained = scoring.skill(table)
    assert gained["episode"].tolist()[-1] == "all"
    assert gained["facts"].iloc[-1] == gained["facts"].iloc[:-1].sum()


def test_it_is_the_same_every_time(table: pd.DataFrame) -> None:
    again = backcast.held_against("iran-2013", 6, 10)
    first = table[table["episode"] == "iran-2013"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, first[again.columns])


def test_its_figures_show_every_fact(table: pd.DataFrame, tmp_path) -> None:
    axes = outcomes.intervals(table)
    assert len(axes.get_yticks()) == (table["unit"] == "days").sum()
    style.save(axes.figure, tmp_path / "intervals")
    axes = outcomes.calibration(table)
    assert sum(len(line.get_xdata()) for line in axes.get_lines()[1:]) == len(table)
    style.save(axes.figure, tmp_path / "calibration")
    axes = outcomes.lengths(statistics.survival("formal_round"), "x")
    assert len(axes.get_lines()) == 3
    axes = outcomes.counts(statistics.by_month("launch_day", 2017, 2018), "days", "x")
    assert len(axes.patches) >= 24


# -- what the documents say -----------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"


def test_the_coverage_table_of_the_documents_is_that_of_its_facts() -> None:
    scored = pd.read_csv(DOCS / "backcast.csv")
    text = (DOCS / "backcast.md").read_text(encoding="utf-8")
    for row in scoring.coverage(scored).itertuples():
        ends = f"{100 * row.low:.0f} to {100 * row.high:.0f} %"
        assert (
            f"| {100 * row.interval:.0f} % | {row.inside} | {row.facts} | {100 * row.share:.0f} % "
            f"| {ends} |"
        ) in text
    for row in scoring.skill(scored).itertuples():
        skill, gain = (round(value, 2) + 0.0 for value in (row.crps_skill, row.log_gain))
        name = row.episode if row.episode == "all" else f"`{row.episode}`"
        assert f"| {name} | {row.facts} | {skill:.2f} | {gain:.2f} |" in text
    assert set(scored["episode"]) == set(backcast.episodes())


def test_the_facts_of_the_documents_come_out_again() -> None:
    scored = pd.read_csv(DOCS / "backcast.csv")
    scored = scored[scored["episode"] == "summits-2017"].reset_index(drop=True)
    again = backcast.held_against("summits-2017", 40, 30)
    pd.testing.assert_frame_equal(again, scored[again.columns], check_dtype=False, rtol=1e-6)
