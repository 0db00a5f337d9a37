"""Estimates against other people's formulas, against known truths, and on runs that never froze."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from builders import FAST_OR_NEVER, GOAL, HORIZON, NEVER, OUTCOMES, RUIN, SLOW_BUT_SURE, both, runs
from sim import formatting
from sim.analysis import attribution, comparison, competing_risks, intervals
from sim.analysis import incidence as st
from sim.reporting import text_tables

# -- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 4000), (2000, 4000)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_is_that_of_statsmodels(k: int, n: int, level: float) -> None:
    low, best, high = intervals.wilson(k, n, level)
    other = proportion_confint(k, n, 1 - level, method="wilson")
    assert (low, high) == pytest.approx(other, abs=1e-12)
    assert best == k / n


def test_wilson_of_no_runs_is_unknown_and_takes_arrays() -> None:
    assert all(math.isnan(x) for x in intervals.wilson(0, 0))
    assert intervals.wilson([1, 2, 3], 10).best.tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("level", [0.0, 1.0, -1, 95])
def test_a_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        intervals.wilson(1, 2, level)


def test_mean_interval_is_students() -> None:
    x = np.random.default_rng(3).gamma(2, 50, 40)
    low, best, high = intervals.mean_interval(x, level=0.9)
    assert (low, high) == pytest.approx(
        stats.t.interval(0.9, 39, loc=x.mean(), scale=stats.sem(x)), rel=1e-12
    )
    assert best == pytest.approx(x.mean())
    assert intervals.mean_interval(x, bounds=(best - 1, best + 1)) == pytest.approx(
        (best - 1, best, best + 1)
    )


def test_equal_values_do_not_make_certain() -> None:
    low, best, high = intervals.mean_interval(np.full(20, 100.0), bounds=(0, 100))
    assert (best, high) == (100, 100)
    assert low == pytest.approx(100 - 100 * intervals.wilson(0, 20).high)
    assert all(
        math.isnan(x)
        for x in (intervals.mean_interval([3.0]).low, intervals.mean_interval([3.0]).high)
    )
    assert math.isnan(intervals.mean_interval(np.zeros(9)).high)  # unbounded: nothing is known


def test_what_few_values_carry_is_as_uncertain_as_equal_values() -> None:
    n = 200
    values = np.zeros(n)
    same = intervals.mean_interval(values, (-100, 100))
    values[0] = 1e-3
    found = intervals.mean_interval(values, (-100, 100))
    assert found.high - found.low < 1e-4 * (same.high - same.low)
    wide = intervals.with_unseen(found, (-100, 100), n)
    assert (wide.low, wide.high) == pytest.approx((same.low, same.high), rel=1e-5)
    values[:] = np.random.default_rng(5).normal(0, 40, n)
    long = intervals.mean_interval(values, (-100, 100))
    assert intervals.with_unseen(long, (-100, 100), n) == pytest.approx(long)


def test_how_many_values_carry_a_spread() -> None:
    values = np.zeros(100_000)
    assert intervals.carriers(values) == math.inf
    values[:7] = 3.0
    assert intervals.carriers(values + 11) == pytest.approx(7, rel=1e-3)
    normal = np.random.default_rng(5).normal(4, 2, 90_000)
    assert intervals.carriers(normal) == pytest.approx(30_000, rel=0.05)


def test_intervals_cover_as_often_as_they_say() -> None:
    rng, n, trials = np.random.default_rng(7), 60, 3000
    inside = {"share": 0, "mean": 0, "median": 0}
    for _ in range(trials):
        times = rng.exponential(900, n)
        times[times > HORIZON] = np.inf
        share = intervals.wilson(np.isfinite(times).sum(), n)
        inside["share"] += share.low <= 1 - math.exp(-HORIZON / 900) <= share.high
        mean = intervals.mean_interval(np.minimum(times, HORIZON), (0, HORIZON))
        inside["mean"] += mean.low <= 900 * (1 - math.exp(-HORIZON / 900)) <= mean.high
        median = intervals.median_interval(times)
        inside["median"] += median.low <= 900 * math.log(2) <= median.high
    for name, hits in inside.items():
        assert 0.935 < hits / trials < 0.985, (name, hits / trials)


def test_a_median_beyond_the_horizon_is_not_reached() -> None:
    low, best, high = intervals.median_interval([10.0] * 45 + [math.inf] * 55)
    assert low == 10 and math.isnan(best) and math.isnan(high)
    assert intervals.median_interval([5.0, 6.0, 7.0]).best == 6
    assert intervals.median_interval([5.0]).low == 0.0


# -- a run that never froze is data ---------------------------------------------------------------


def test_fast_or_never_does_not_look_best() -> None:
    frame = both(FAST_OR_NEVER, SLOW_BUT_SURE)
    assert st.rank(frame) == ["slow", "fast"]
    table = st.summary(frame, GOAL, RUIN, HORIZON).set_index("strategy")
    assert table.loc["fast", "reached"] == 0.59
    assert table.loc["fast", "restricted_mean"] == pytest.approx(0.59 * 100 + 0.41 * HORIZON)
    assert table.loc["slow", "restricted_mean"] == pytest.approx(0.85 * 240 + 0.15 * HORIZON)
    assert table.loc["fast", "median"] == 100
    assert list(table.index) == ["slow", "fast"]


def test_ruin_before_the_goal_counts_as_never() -> None:
    frame = runs("a", [100.0, NEVER, 300.0, NEVER], war=[NEVER, 50.0, 400.0, NEVER])
    row = st.summary(frame, GOAL, RUIN, HORIZON).iloc[0]
    assert row["outcome_freeze"] == 0.5 and row["outcome_war"] == 0.25
    assert row["ruin"] == 0.5  # also after the goal
    assert row["restricted_mean"] == (100 + HORIZON + 300 + HORIZON) / 4
    by = competing_risks.incidence_by_outcome(frame, grid=[60, 350, HORIZON])
    assert by[by["outcome"] == "war"]["best"].tolist() == [0.25] * 3
    assert by[by["outcome"] == "freeze"]["best"].tolist() == [0, 0.5, 0.5]


def test_goal_and_ruin_on_one_day_are_ruin() -> None:
    frame = runs("a", [100.0, NEVER], war=[100.0, NEVER])
    assert st.incidence(frame, grid=[HORIZON])["best"].tolist() == [0.0]


def test_incidence_is_a_share_of_all_runs() -> None:
    curve = st.incidence(both(FAST_OR_NEVER, SLOW_BUT_SURE), grid=[0, 99, 100, 239, 240, 1826])
    fast = curve[curve["strategy"] == "fast"]
    assert fast["best"].tolist() == [0, 0, 0.59, 0.59, 0.59, 0.59]
    wilson = proportion_confint(59, 100, 0.05, method="wilson")
    assert fast[["low", "high"]].iloc[-1].tolist() == pytest.approx(wilson)


def test_times_keep_the_mass_that_never_froze() -> None:
    table = st.times(FAST_OR_NEVER, bins=10)
    assert len(table) == 11
    assert table["best"].sum() == pytest.approx(1)
    assert table["best"].iloc[0] == 0.59 and table["best"].iloc[-1] == 0.41
    assert math.isinf(table["closes"].iloc[-1])


def test_outcomes_add_up_and_name_what_nobody_had() -> None:
    table = st.outcomes(both(FAST_OR_NEVER, SLOW_BUT_SURE))
    assert table.groupby("strategy")["best"].sum().tolist() == [1, 1]
    assert set(table["outcome"]) == set(OUTCOMES)


def test_bottlenecks_are_shares_of_those_that_arrived() -> None:
    frame = runs("a", [100.0, 200.0, 800.0, NEVER])
    table = attribution.bottlenecks(frame).set_index("binding")["best"]
    assert table["window"] == pytest.approx(2 / 3)


def test_another_endpoint() -> None:
    frame = runs("a", [100.0, NEVER], war=[300.0, 600.0])
    row = st.summary(frame, GOAL, RUIN, HORIZON, endpoint="war").iloc[0]
    assert row["reached"] == 1.0 and row["reached_1y"] == 0.5


def test_marks_beyond_the_horizon_are_left_out() -> None:
    table = st.summary(FAST_OR_NEVER, GOAL, RUIN, HORIZON, years=(1, 5, 6))
    names = [name for name in table if name.startswith("reached") and name[-1] == "y"]
    assert names == ["reached_1y", "reached_5y"]


# -- pairs ----------------------------------------------------------------------------------------


def test_paired_differences_and_what_common_luck_saved() -> None:
    rng = np.random.default_rng(1)
    shared = rng.exponential(400, 300)
    later = shared + rng.normal(30, 5, 300).clip(0)
    a, b = (runs(s, list(np.where(t < 1800, t, NEVER))) for s, t in (("a", shared), ("b", later)))
    table = comparison.compare(both(a, b), "a", GOAL, RUIN, HORIZON)
    row = table.set_index("measure").loc["restricted_mean"]
    free = [f["first_freeze"].fillna(HORIZON) for f in (b, a)]
    gap = free[0].to_numpy() - free[1].to_numpy()
    assert row["best"] == pytest.approx(gap.mean())
    low, high = stats.t.interval(0.95, 299, loc=gap.mean(), scale=stats.sem(gap))
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    ratio = gap.var(ddof=1) / sum(each.var(ddof=1) for each in free)
    assert row["variance_ratio"] == pytest.approx(ratio) and row["saving"] > 5
    assert (row["unit"], row["better"]) == ("days", "lower")


def test_the_order_of_rows_does_not_matter() -> None:
    frame = both(FAST_OR_NEVER, SLOW_BUT_SURE)
    mixed = frame.sample(frac=1, random_state=5)
    one = comparison.compare(frame, "fast", GOAL, RUIN, HORIZON)
    pd.testing.assert_frame_equal(one, comparison.compare(mixed, "fast", GOAL, RUIN, HORIZON))


def test_runs_without_a_pair_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'slow' lacks 1 of the runs of 'fast'.*replication 99"):
        comparison.compare(
            both(FAST_OR_NEVER, SLOW_BUT_SURE.iloc[:-1]), "fast", GOAL, RUIN, HORIZON
        )
    with pytest.raises(ValueError, match='unknown baseline "none"'):
        comparison.compare(FAST_OR_NEVER, "none", GOAL, RUIN, HORIZON)


# -- draws ----------------------------------------------------------------------------------------


def by_hand(table: np.ndarray) -> tuple[float, float]:
    """Variance and degrees of freedom of the mean of a table of draws x replications."""
    parts = [stats.sem(table.mean(axis=1)) ** 2, stats.sem(table.mean(axis=0)) ** 2]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (n - 1) for part, n in zip(parts, table.shape, strict=True)
    )
    return sum(parts), max(freedom, min(table.shape) - 1)


def test_with_several_draws_both_draws_and_replications_are_random() -> None:
    shares, size = [0.1, 0.5, 0.9], 1000
    came = np.array([np.arange(size) < share * size for share in shares])
    frame = runs("a", [100.0 if c else NEVER for c in came.ravel()],
                 draws=[draw for draw in range(3) for _ in range(size)])  # fmt: skip
    row = st.summary(frame, GOAL, None, HORIZON).iloc[0]
    days = np.where(came, 100.0, HORIZON)
    variance, freedom = by_hand(days)
    half = stats.t.isf(0.025, freedom) * np.sqrt(variance)
    assert row["restricted_mean"] == pytest.approx(days.mean())
    assert row["restricted_mean_low"] == pytest.approx(max(0, days.mean() - half))
    variance, freedom = by_hand(came.astype(float))
    n = 0.25 / variance  # runs that would be as many, had each its own draw and random numbers
    wilson = intervals.wilson(n / 2, n, 2 * stats.norm.cdf(stats.t.isf(0.025, freedom)) - 1)
    assert row["reached"] == pytest.approx(0.5)
    assert (row["reached_low"], row["reached_high"]) == pytest.approx((wilson.low, wilson.high))
    assert row["draws"] == 3 and row["n"] == 3000
    alone = st.summary(frame[frame["draw"] == 1].copy(), GOAL, None, HORIZON).iloc[0]
    assert alone["reached_high"] - alone["reached_low"] < 0.1
    assert row["median"] == 100.0


def test_draws_that_change_nothing_are_one_set_of_replications() -> None:
    once = [100.0] * 12 + [NEVER] * 8
    frame = runs("a", once * 16, draws=[draw for draw in range(16) for _ in range(20)])
    frame["n_test"] = frame["replication"] % 3
    row, alone = (
        st.summary(f, GOAL, None, HORIZON).iloc[0] for f in (frame, frame[frame["draw"] == 0])
    )
    pd.testing.assert_series_equal(row, alone)
    assert row["n"] == 20 and row["draws"] == 1
    assert (row["reached_low"], row["reached_high"]) == intervals.wilson(12, 20)[::2]


def test_one_replication_says_nothing_of_others() -> None:
    row = st.summary(runs("a", [100.0, 200.0, NEVER], draws=[0, 1, 2]), GOAL, None, HORIZON).iloc[0]
    assert row["reached"] == pytest.approx(2 / 3)
    assert np.isnan([row["reached_low"], row["restricted_mean_high"]]).all()


# -- what cannot be answered ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f: st.incidence(f, "freez"), 'did you mean "freeze".*allowed'),
        (lambda f: st.incidence(f.drop(columns="time")), "lacks the column.s. time"),
        (lambda f: st.incidence(f.iloc[:0]), "no runs"),
        (lambda f: st.summary(f, "peace", None, HORIZON), "unknown goal"),
        (lambda f: st.summary(f, GOAL, "peace", HORIZON), "unknown ruin"),
        (lambda f: st.summary(f, GOAL, None, 900.0), "horizon is 900"),
        (lambda f: st.rank(f[f["outcome"] == GOAL]), "horizon="),
        (lambda f: st.rank(f.assign(outcome=f["outcome"].astype(str))), "goal="),
    ],
)
def test_questions_that_make_no_sense(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(FAST_OR_NEVER)


# -- in print -------------------------------------------------------------------------------------


def test_a_share_is_never_rounded_to_a_certainty() -> None:
    shares = [0.0, 0.0004, 0.004, 0.412, 0.996, 0.9996, 1.0]
    printed = [formatting.percent(share) for share in shares]
    assert printed == ["0", "<0.1", "0.4", "41", "99.6", ">99.9", "100"]
    assert formatting.percent(math.nan) == formatting.DASH


def test_a_summary_in_print() -> None:
    table = st.summary(both(FAST_OR_NEVER, SLOW_BUT_SURE), GOAL, RUIN, HORIZON)
    text = text_tables.as_text(table)
    assert text.splitlines()[2].startswith("slow") and "85" in text.splitlines()[2]
    assert "1826" in text and "95 % intervals over runs" in text.replace("\n", " ")
    rare = text_tables.as_text(st.summary(runs("rare", [9.0] + [NEVER] * 99), GOAL, None, HORIZON))
    assert formatting.NOT_REACHED in rare
    lines = text_tables.as_markdown(table).splitlines()
    assert lines[0].startswith("| strategy") and lines[1].startswith("| :--")
    assert len({line.count("|") for line in lines[:4]}) == 1
