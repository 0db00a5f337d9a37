"""Strategies against each other: other people's formulas, cases worked out by hand, and traps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

import sim
from builders import FAST_OR_NEVER, GOAL, HORIZON, NEVER, RUIN, SLOW_BUT_SURE, both, runs
from sim.analysis import comparison, dominance, intervals
from sim.analysis import incidence as st
from sim.plotting import decisions
from sim.reporting.sections import as_text, sentences_of
from sim.studies import compare
from sim.studies.study import Study


def sections_of(tables: dict[str, pd.DataFrame]) -> list[Any]:
    manifest = {"scenario": "x", "replications": 1, "draws": 0, "seed": 1, "identity": {}}
    return list(compare.sections(Study("compare", sim.load("korea-2017"), tables, manifest)))


def said_of(tables: dict[str, pd.DataFrame]) -> list[str]:
    return sentences_of(sections_of(tables))


def printed_of(tables: dict[str, pd.DataFrame]) -> str:
    return as_text(sections_of(tables))


pytestmark = pytest.mark.filterwarnings("error")


def paired_samples(*frames: pd.DataFrame, **more) -> comparison.PairedSamples:
    return comparison.paired_samples(both(*frames), GOAL, RUIN, HORIZON, **more)


def tables_of(paired: comparison.PairedSamples, baseline: str) -> dict[str, pd.DataFrame]:
    return {
        "estimates": comparison.estimates(paired),
        "differences": comparison.differences(paired, baseline),
        "best": comparison.with_the_best(paired),
        "pairs": comparison.pairs(paired),
        "dominance": dominance.dominance(paired),
    }


def random_runs(name: str, seed: int, scale: float, n: int = 400, ruin: float = 0) -> pd.DataFrame:
    shared = np.random.default_rng(7).exponential(1, n)
    own = np.random.default_rng(seed).exponential(1, n)
    days = scale * (0.7 * shared + 0.3 * own)
    war = np.random.default_rng(3).exponential(ruin, n) if ruin else np.full(n, np.inf)
    freeze = np.where(days < np.minimum(war, HORIZON), days, NEVER)
    return runs(name, list(freeze), list(np.where(war < HORIZON, war, NEVER)))


RANDOM = [random_runs(f"s{i}", i, scale, ruin=9000) for i, scale in enumerate((700, 900, 1400))]


def days_of(frame: pd.DataFrame) -> np.ndarray:
    return np.where(frame["outcome"] == GOAL, frame["time"], HORIZON)


# -- the trap -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trap() -> dict[str, pd.DataFrame]:
    """Of those that froze, the fast froze on day 100 and the slow on day 240."""
    return tables_of(paired_samples(FAST_OR_NEVER, SLOW_BUT_SURE), "fast")


def test_dropping_those_that_never_froze_would_reverse_the_order() -> None:
    froze = both(FAST_OR_NEVER, SLOW_BUT_SURE).query("outcome == 'freeze'")
    assert list(froze.groupby("strategy", observed=True)["time"].mean().nsmallest(1).index) == [
        "fast"
    ]


def test_no_table_falls_into_the_trap(trap) -> None:
    assert list(dict.fromkeys(trap["estimates"]["strategy"])) == ["slow", "fast"]
    apart = trap["differences"].set_index("measure")
    assert apart.loc["reached", "low"] > 0
    assert apart.loc["restricted_mean", "best"] == pytest.approx(
        (0.85 * 240 + 0.15 * HORIZON) - (0.59 * 100 + 0.41 * HORIZON)
    )
    assert apart.loc["restricted_mean", "joint_high"] < 0
    best = trap["best"].set_index(["measure", "strategy"])
    assert best.loc[("restricted_mean", "slow"), "may_be_best"]
    assert not best.loc[("restricted_mean", "fast"), "may_be_best"]
    assert not best.loc[("reached", "fast"), "may_be_best"]
    assert best.loc[("restricted_mean", "slow"), "chance"] > 0.999


def test_who_is_sooner_counts_never_as_last(trap) -> None:
    row = trap["pairs"].set_index("a").loc["fast"]
    # Replications 0..58: fast is sooner; 59..84: slow alone gets there; 85..99: neither does.
    assert (row["win"], row["loss"], row["tie"]) == (0.59, 0.26, 0.15)


def test_the_curves_of_the_trap_cross(trap) -> None:
    row = trap["dominance"].set_index("a").loc["slow"]
    assert row["verdict"] == dominance.CROSS
    assert 100 <= row["behind_from"] <= 110 and row["behind_to"] < 240
    assert 240 <= row["ahead_from"] <= 250 and row["ahead_to"] == HORIZON
    assert row["ahead_most"] == pytest.approx(0.26) and row["behind_most"] == pytest.approx(0.59)


def test_every_sentence_of_the_trap_is_right(trap) -> None:
    said = " ".join(said_of(trap))
    assert "slow has the fewest days without freeze" in said
    assert "fewer than the next, fast" in said
    assert "cross: fast is ahead at first (by up to 59.0 points" in said
    assert "slow later (by up to 26.0" in said
    assert "fast has the fewest" not in said and "Whatever the deadline" not in said
    printed = printed_of(trap)
    assert printed.index("\nslow") < printed.index("\nfast")


def test_the_ranking_of_the_trap_as_a_figure(trap) -> None:
    axes = decisions.ranking(trap["estimates"], trap["best"])
    assert axes.get_title(loc="left").startswith("Slow has the fewest days")
    top = max(axes.get_yticklabels(), key=lambda label: label.get_position()[1])
    assert top.get_text() == "slow"


# -- sentences ------------------------------------------------------------------------------------


def test_strategies_that_do_not_differ_in_spread_are_named_and_have_no_ratio() -> None:
    days = list(np.random.default_rng(4).uniform(100, 800, 60))
    same = paired_samples(runs("a", days), runs("b", days), runs("c", [day + 10 for day in days]))
    said = " ".join(said_of(tables_of(same, "a")))
    assert "Equal in days in every paired replication: a and b." in said
    assert "As many days apart in every paired replication: a and c; b and c." in said
    assert "of the variance" not in said and "ontrol-variate" not in said
    fixed = paired_samples(
        runs("a", [300] * 60), runs("b", [300] * 60)
    )  # nothing varies: nothing to save
    assert "Equal in" not in " ".join(said_of(tables_of(fixed, "a")))


def test_nearly_no_spread_is_not_printed_as_none() -> None:
    days = np.random.default_rng(4).uniform(100, 800, 60)
    pair = paired_samples(runs("a", list(days)), runs("b", list(days + (np.arange(60) < 1))))
    said = " ".join(said_of(tables_of(pair, "a")))
    assert "have less than 0.01 (a and b) of the variance of independent runs" in said


@pytest.mark.parametrize(
    ("plain", "adjusted", "expected"),
    [
        ((-9, -4, 1), (-8, -5, -2), "With adjustment only, these are distinguished in "
         "days, each of 1 pair by itself: a sooner than b by 5 (2\u20138)."),
        ((-9, -5, -1), (-8, -3, 2), "Without adjustment only, these are distinguished in "
         "days, each of 1 pair by itself: a sooner than b by 5 (1\u20139)."),
        ((-9, -5, -1), (-8, -5, -2), None),
        ((-9, -4, 1), (-8, -3, 2), None),
    ],
)  # fmt: skip
def test_pairs_distinguished_with_or_without_adjustment_only(plain, adjusted, expected) -> None:
    tables = tables_of(
        paired_samples(RANDOM[0].assign(strategy="a"), RANDOM[1].assign(strategy="b")), "a"
    )
    for (a, b), sign in ((("a", "b"), 1), (("b", "a"), -1)):
        at = (tables["pairs"]["a"] == a) & (tables["pairs"]["b"] == b)
        for prefix, best, limits in (("", "best", plain), ("adjusted_", "adjusted", adjusted)):
            low, middle, high = sorted(sign * limit for limit in limits)
            columns = [f"{prefix}low", best, f"{prefix}high"]
            tables["pairs"].loc[at, columns] = low, middle, high
    tables["pairs"]["adjusted_ratio"] = tables["pairs"]["variance_ratio"] / 2
    said = said_of(tables)
    found = [one for one in said if "distinguished in days" in one]
    assert found == ([] if expected is None else [expected])


def test_of_a_ruin_the_latest_is_the_best() -> None:
    n, early = 1000, list(range(10, 1010))
    late = [NEVER] * 900 + list(range(1100, 1200))
    pair = both(runs("early", [NEVER] * n, early), runs("late", [NEVER] * n, late))
    tables = tables_of(comparison.paired_samples(pair, GOAL, RUIN, HORIZON, RUIN), "early")
    said = " ".join(said_of(tables))
    assert "late has the most days without war" in said and "more than the next, early" in said
    assert "early is no slower than late at reaching war" in said
    title = decisions.ranking(tables["estimates"], tables["best"]).get_title(loc="left")
    assert title.startswith("Late has the most days without")


# -- other people's formulas ----------------------------------------------------------------------


def test_estimates_are_those_of_statsmodels_and_scipy() -> None:
    table = comparison.estimates(paired_samples(*RANDOM)).set_index(["strategy", "measure"])
    for frame in RANDOM:
        name = frame["strategy"].iloc[0]
        froze = int((frame["outcome"] == GOAL).sum())
        row = table.loc[(name, "reached")]
        wilson = proportion_confint(froze, len(frame), method="wilson")
        assert (row["low"], row["high"]) == pytest.approx(wilson)
        days = days_of(frame)
        row = table.loc[(name, "restricted_mean")]
        student = stats.t.interval(0.95, len(days) - 1, days.mean(), stats.sem(days))
        assert (row["low"], row["high"]) == pytest.approx(student)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_differences_by_themselves_and_jointly_are_scipys(level: float) -> None:
    table = comparison.differences(paired_samples(*RANDOM, level=level), "s0")
    table = table[table["measure"] == "restricted_mean"].set_index("strategy")
    for other in RANDOM[1:]:
        row = table.loc[other["strategy"].iloc[0]]
        test = stats.ttest_rel(days_of(other), days_of(RANDOM[0]))
        alone = test.confidence_interval(level)
        assert (row["low"], row["high"]) == pytest.approx(tuple(alone))
        jointly = test.confidence_interval(1 - (1 - level) / 2)  # two others
        assert (row["joint_low"], row["joint_high"]) == pytest.approx(tuple(jointly))


@pytest.mark.parametrize("differ", [0, 1, 19, 20])
def test_a_difference_in_few_worlds_is_no_surer_than_in_none(differ: int) -> None:
    n, days = 400, np.full(400, 300.0)
    other = days + np.where(np.arange(n) < differ, 1.0, 0.0)
    table = comparison.differences(
        paired_samples(runs("a", list(days)), runs("b", list(other))), "a"
    )
    row = table[table["measure"] == "restricted_mean"].iloc[0]
    gap = other - days
    if differ == 20:  # Student's
        low, high = stats.ttest_rel(other, days).confidence_interval()
    else:
        rare = intervals.wilson(0, n).high
        low, high = (
            gap.mean() - rare * (HORIZON + gap.mean()),
            gap.mean() + rare * (HORIZON - gap.mean()),
        )
    assert (row["low"], row["high"]) == pytest.approx((low, high))


@pytest.mark.slow
def test_rare_differences_in_days_are_held_as_often_as_they_say() -> None:
    """In five of 200 pairs one strategy is later: Student's interval alone holds it too seldom."""
    shared, studies, n, delay = np.random.default_rng(2), 400, 200, 500.0
    held = {"days": 0, "student": 0}
    for _ in range(studies):
        later = np.where(shared.random(n) < 0.025, shared.exponential(delay, n), 0.0)
        pair = paired_samples(
            runs("a", [300.0] * n), runs("b", list(300.0 + np.minimum(later, 1500)))
        )
        table = comparison.differences(pair, "a")
        row = table[table["measure"] == "restricted_mean"].iloc[0]
        truth = 0.025 * delay * (1 - math.exp(-1500 / delay))
        held["days"] += row["low"] <= truth <= row["high"]
        student = intervals.mean_interval(np.minimum(later, 1500))
        held["student"] += student.low <= truth <= student.high
    assert held["student"] < 0.95 * 0.95 * studies <= held["days"]


@pytest.mark.parametrize("n", [3, 40, 2000])
def test_paired_shares_are_those_of_two_more_worlds(n: int) -> None:
    rng = np.random.default_rng(n)
    gap = rng.choice([-1, 0, 1], n, p=[0.1, 0.7, 0.2])
    gained, lost = int((gap > 0).sum()), int((gap < 0).sum())
    found = intervals.paired_share(gained, lost, n)
    more = np.append(gap, [1, -1])
    half = stats.norm.ppf(0.975) * more.std() / math.sqrt(n + 2)
    assert found.best == pytest.approx(gap.mean())
    assert found.low == pytest.approx(max(-1, min(more.mean() - half, gap.mean())))
    assert found.high == pytest.approx(min(1, max(more.mean() + half, gap.mean())))


def test_few_disagreements_do_not_make_certain() -> None:
    found = intervals.paired_share([0, 1, 3], [0, 0, 0], 1000)
    assert (found.low < 0).all() and (found.high > np.array([0, 1, 3]) / 1000).all()


def test_with_two_strategies_the_best_is_a_one_sided_t_test() -> None:
    table = comparison.with_the_best(paired_samples(*RANDOM[:2]))
    row = table[table["measure"] == "restricted_mean"].set_index("strategy").loc["s0"]
    low, high = stats.ttest_rel(days_of(RANDOM[0]), days_of(RANDOM[1])).confidence_interval(0.9)
    assert high < 0  # s0 is significantly better
    assert (row["low"], row["high"]) == (pytest.approx(low), 0)


def test_the_best_of_three_follows_from_one_sided_limits() -> None:
    frames = [random_runs(f"s{i}", 20 + i, scale) for i, scale in enumerate((700, 708, 1400))]
    table = comparison.with_the_best(paired_samples(*frames))
    table = table[table["measure"] == "restricted_mean"].set_index("strategy")
    days = {f"s{i}": days_of(frame) for i, frame in enumerate(frames)}
    level = 1 - 2 * 0.05 / 2

    def limits(a: str, b: str) -> tuple[float, float]:
        return tuple(stats.ttest_rel(days[a], days[b]).confidence_interval(level))

    assert list(table["may_be_best"]) == [True, True, False]
    for name in days:
        lows = [limits(name, other)[0] for other in days if other != name]
        highs = [limits(name, other)[1] for other in days if other != name and other != "s2"]
        assert table.loc[name, "low"] == pytest.approx(min(0, max(lows)))
        assert table.loc[name, "high"] == pytest.approx(max(0, max(highs)))


def test_the_chance_of_being_best_is_nearly_that_of_the_normal_law() -> None:
    frames = [random_runs(f"s{i}", 40 + i, scale, 300) for i, scale in enumerate((800, 815))]
    table = comparison.with_the_best(paired_samples(*frames))
    chance = table[table["measure"] == "restricted_mean"].set_index("strategy")["chance"]
    gap = days_of(frames[1]) - days_of(frames[0])
    assert 0.1 < chance["s1"] < 0.9 or 0.1 < chance["s0"] < 0.9
    assert chance["s0"] == pytest.approx(stats.norm.cdf(gap.mean() / stats.sem(gap)), abs=0.03)
    assert chance.sum() == pytest.approx(1)


def test_the_same_frame_gives_the_same_answer_in_any_order() -> None:
    frame = both(*RANDOM)
    one = comparison.paired_samples(frame, GOAL, RUIN, HORIZON)
    two = comparison.paired_samples(frame.sample(frac=1, random_state=4), GOAL, RUIN, HORIZON)
    for table in (comparison.with_the_best, comparison.pairs, dominance.dominance):
        pd.testing.assert_frame_equal(table(one), table(two))


def test_pairs_are_counted_world_by_world() -> None:
    table = comparison.pairs(paired_samples(*RANDOM)).set_index(["a", "b"])
    times = {
        f"s{i}": np.where(f["outcome"] == GOAL, f["time"], np.inf) for i, f in enumerate(RANDOM)
    }
    for (a, b), row in table.iterrows():
        sooner = int((times[a] < times[b]).sum())
        assert row["win"] == sooner / 400 == table.loc[(b, a), "loss"]
        wilson = proportion_confint(sooner, 400, method="wilson")
        assert (row["win_low"], row["win_high"]) == pytest.approx(wilson)
        assert row["win"] + row["tie"] + row["loss"] == pytest.approx(1)


def test_batches_of_worlds_have_the_same_spread() -> None:
    rng = np.random.default_rng(5)
    values = rng.exponential(1, (3 * comparison.MOST_UNITS + 7, 2))
    batches = comparison.in_batches(values)
    assert len(batches) <= comparison.MOST_UNITS
    means = np.vstack(list(comparison.resampled(values)))
    assert means.std(axis=0) == pytest.approx(stats.sem(values), rel=0.06)
    assert means.mean(axis=0) == pytest.approx(values.mean(axis=0), abs=0.002)


# -- dominance ------------------------------------------------------------------------------------


def test_a_curve_that_is_never_lower_dominates() -> None:
    slow = runs("slow", [200.0] * 500 + [900.0] * 700 + [NEVER] * 800)
    fast = runs("fast", [100.0] * 500 + [500.0] * 700 + [1500.0] * 300 + [NEVER] * 500)
    table = dominance.dominance(paired_samples(slow, fast)).set_index("a")
    assert table.loc["fast", "verdict"] == dominance.DOMINATES
    assert table.loc["slow", "verdict"] == dominance.DOMINATED
    assert table.loc["fast", "behind_at_most"] < dominance.TOLERANCE
    assert table.loc["fast", "ahead_at_most"] == table.loc["slow", "behind_at_most"]


def test_with_few_worlds_dominance_is_not_claimed() -> None:
    slow = runs("slow", [200.0] * 25 + [900.0] * 35 + [NEVER] * 40)
    fast = runs("fast", [100.0] * 25 + [500.0] * 35 + [1500.0] * 15 + [NEVER] * 25)
    table = dominance.dominance(paired_samples(slow, fast)).set_index("a")
    assert table.loc["fast", "verdict"] == dominance.AHEAD
    found = " ".join(said_of(tables_of(paired_samples(slow, fast), "slow")))
    assert "fast is ahead of slow (days 100" in found
    assert "never shown to be behind, but dominance is not shown" in found


def test_the_band_is_wider_than_at_one_time_and_holds_the_estimate() -> None:
    paired = paired_samples(*RANDOM)
    table = dominance.bands(paired, "s0")
    assert (table["low"] <= table["best"]).all() and (table["best"] <= table["high"]).all()
    late = table[(table["time"] == HORIZON) & (table["strategy"] == "s1")].iloc[0]
    alone = comparison.differences(paired, "s0").set_index(["strategy", "measure"])
    row = alone.loc[("s1", "reached")]
    assert late["high"] - late["low"] > 1.2 * (row["high"] - row["low"])


def test_the_band_of_many_worlds_is_that_of_batches(monkeypatch) -> None:
    paired = paired_samples(*[random_runs(f"s{i}", i, 900, 2000) for i in range(2)])
    whole = dominance.bands(paired, "s0")
    monkeypatch.setattr(comparison, "MOST_UNITS", 700)
    batched = dominance.bands(paired, "s0")
    assert batched["best"].tolist() == pytest.approx(whole["best"].tolist(), abs=0.003)
    width = (batched["high"] - batched["low"]) / (whole["high"] - whole["low"])
    assert width.min() > 0.85 and width.max() < 1.15


# -- draws ----------------------------------------------------------------------------------------


def drawn(name: str, shares: list[float], size: int) -> pd.DataFrame:
    days = [d for s in shares for d in [100.0] * round(s * size) + [NEVER] * round((1 - s) * size)]
    return runs(name, days, draws=[draw for draw in range(len(shares)) for _ in range(size)])


def test_draws_bound_what_replications_can_tell() -> None:
    """More replications take their own share out of the variance, and leave that of the draws."""
    shares = {"a": [0.2, 0.4, 0.6, 0.8], "b": [0.3, 0.3, 0.8, 0.9]}
    gaps = np.array(shares["b"]) - np.array(shares["a"])
    for size in (20, 200, 2000):
        paired = paired_samples(*(drawn(name, some, size) for name, some in shares.items()))
        row = tables_of(paired, "a")["differences"].set_index("measure").loc["reached"]
        came = {name: np.array([np.arange(size) < s * size for s in some])
                for name, some in shares.items()}  # fmt: skip
        apart = came["b"].astype(float) - came["a"]
        parts = [stats.sem(gaps) ** 2, stats.sem(apart.mean(axis=0)) ** 2]
        freedom = max(3, sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / (size - 1)))
        half = stats.t.isf(0.025, freedom) * np.sqrt(sum(parts))
        assert row["best"] == pytest.approx(gaps.mean())
        assert (row["low"], row["high"]) == pytest.approx((gaps.mean() - half, gaps.mean() + half))
    assert half == pytest.approx(stats.t.isf(0.025, 3) * stats.sem(gaps), rel=0.05)


def test_strategies_that_draws_do_not_change_are_compared_by_replications() -> None:
    days = {"a": [100.0] * 40 + [NEVER] * 20, "b": [90.0] * 50 + [NEVER] * 10}
    fixed = [runs(name, some * 8, draws=[d for d in range(8) for _ in range(60)])
             for name, some in days.items()]  # fmt: skip
    for frame in fixed:
        frame["n_test"] = 0
    moved = runs("c", [70.0 + d for d in range(8) for _ in range(60)],
                 draws=[d for d in range(8) for _ in range(60)])  # fmt: skip
    alone = tables_of(paired_samples(*(runs(name, some) for name, some in days.items())), "a")
    found = tables_of(paired_samples(*fixed, moved), "a")
    for name, key in (("estimates", "strategy"), ("differences", "strategy"), ("pairs", "a")):
        table = found[name]
        ours = table[(table[key] != "c") & (table["b"] != "c" if name == "pairs" else True)]
        theirs = alone[name]
        kept = [column for column in theirs if not column.startswith("joint")]
        pd.testing.assert_frame_equal(
            ours[kept].sort_values(kept[:3]).reset_index(drop=True),
            theirs[kept].sort_values(kept[:3]).reset_index(drop=True),
        )
    estimates = found["estimates"].groupby("strategy")["n"].first()
    assert estimates.to_dict() == {"a": 60, "b": 60, "c": 480}


# -- degenerate cases -----------------------------------------------------------------------------


def test_one_strategy_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="only one strategy"):
        comparison.with_the_best(paired_samples(FAST_OR_NEVER))
    assert len(comparison.pairs(paired_samples(FAST_OR_NEVER))) == 0
    assert len(dominance.dominance(paired_samples(FAST_OR_NEVER))) == 0


@pytest.mark.parametrize("day", [NEVER, 50.0, 0.0])
def test_all_alike(day: float) -> None:
    tables = tables_of(paired_samples(*(runs(name, [day] * 60) for name in "abc")), "a")
    for row in tables["differences"].itertuples():
        assert row.low <= 0 <= row.high and row.best == 0
    assert tables["best"]["may_be_best"].all()
    assert tables["best"]["chance"].tolist() == pytest.approx([1 / 3] * len(tables["best"]))
    assert (tables["pairs"]["tie"] == 1).all()
    assert (tables["dominance"]["verdict"] == dominance.OPEN).all()
    said = " ".join(said_of(tables))
    nothing = (
        "No replication of any strategy reached freeze" if math.isnan(day) else "no difference"
    )
    assert nothing in said and "nan" not in printed_of(tables)


def test_a_single_replication_tells_nothing_and_says_so() -> None:
    tables = tables_of(paired_samples(runs("a", [100.0]), runs("b", [NEVER])), "a")
    assert said_of(tables) == [
        "One replication of each strategy: there are no intervals, and no ranking."
    ]
    printed = printed_of(tables)
    assert "nan" not in printed.lower()
    assert tables["best"]["may_be_best"].all()
    assert (tables["dominance"]["verdict"] == dominance.OPEN).all()


def test_a_scenario_without_ruin() -> None:
    frame = both(FAST_OR_NEVER, SLOW_BUT_SURE)
    paired = comparison.paired_samples(frame, GOAL, None, HORIZON)
    tables = tables_of(paired, "fast")
    assert "ruin" not in set(tables["estimates"]["measure"])
    assert "ruin" not in printed_of(tables)


def test_counts_are_invalid_for_pairs() -> None:
    import sim

    frame = sim.run(sim.load("korea-2017"), ["proposal", "pressure"], 30, keep="summary").frame
    with pytest.raises(ValueError, match="give shares, times, hazards"):
        comparison.paired_samples(frame, GOAL, RUIN, HORIZON)


def test_ranks_agree_with_the_summary() -> None:
    paired = paired_samples(*RANDOM)
    assert paired.names == st.rank(both(*RANDOM), GOAL, HORIZON)
