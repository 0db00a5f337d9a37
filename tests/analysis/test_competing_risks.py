"""Competing risks, hazard and durability, against lifelines and cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from builders import FAST_OR_NEVER, GOAL, HORIZON, NEVER, RUIN, SLOW_BUT_SURE, both, runs
from sim.analysis import comparison, competing_risks, intervals
from sim.analysis import incidence as st

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore:::lifelines"),
]


def competing(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    freeze, war = rng.exponential(1500, n), rng.exponential(4000, n)
    return runs(
        "a",
        list(np.where((freeze < war) & (freeze < HORIZON), freeze, NEVER)),
        list(np.where(war < HORIZON, war, NEVER)),
    )


# -- competing risks ------------------------------------------------------------------------------


@pytest.mark.parametrize(("cause", "code"), [(GOAL, 1), (RUIN, 2)])
def test_incidence_by_cause_is_aalens_and_johansens(cause: str, code: int) -> None:
    frame = competing()
    codes = frame["outcome"].astype(str).map({GOAL: 1, RUIN: 2}).fillna(0).astype(int)
    fitter = AalenJohansenFitter(calculate_variance=False).fit(frame["time"], codes, code)
    grid = [100.0, 555.5, 1200.0, 1825.0]
    table = competing_risks.incidence_by_outcome(frame, horizon=HORIZON, grid=grid, goal=GOAL)
    ours = table[table["outcome"] == cause]["best"].to_numpy()
    curve = fitter.cumulative_density_.iloc[:, 0]
    theirs = [curve[curve.index <= day].iloc[-1] for day in grid]
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_one_minus_kaplan_meier_would_say_too_much() -> None:
    frame = competing()
    kaplan = KaplanMeierFitter().fit(frame["time"], frame["outcome"] == GOAL)
    too_much = 1 - kaplan.survival_function_at_times(1825.0).iloc[0]
    ours = st.incidence(frame, grid=[1825.0], goal=GOAL)["best"].iloc[0]
    assert ours < too_much - 0.03


def test_the_restricted_mean_is_that_of_lifelines() -> None:
    rng = np.random.default_rng(6)
    freeze = rng.exponential(1500, 200)
    frame = runs("a", list(np.where(freeze < HORIZON, freeze, NEVER)))
    fitter = KaplanMeierFitter().fit(frame["time"], frame["outcome"] == GOAL)
    theirs = restricted_mean_survival_time(fitter, t=HORIZON)
    row = st.summary(frame, GOAL, None, HORIZON).iloc[0]
    assert row["restricted_mean"] == pytest.approx(theirs)
    table = comparison.estimates(comparison.paired_samples(frame, GOAL, None, HORIZON))
    assert table.set_index("measure").loc["restricted_mean", "best"] == pytest.approx(theirs)


# -- hazard ---------------------------------------------------------------------------------------


def test_hazard_counts_those_that_are_open_at_the_start_of_a_month() -> None:
    frame = runs("a", [0.0, 30.0, 31.0, 45.0, NEVER, NEVER], war=[NEVER] * 4 + [60.0, NEVER])
    table = competing_risks.hazard(frame, horizon=HORIZON, span=30.0, goal=GOAL)
    goal = table[table["outcome"] == GOAL]
    assert goal["at_risk"].tolist()[:3] == [6, 4, 1]  # war on day 60 ends the second month
    assert goal["best"].tolist()[:3] == [2 / 6, 2 / 4, 0.0]
    assert table[table["outcome"] == RUIN]["best"].tolist()[:3] == [0.0, 1 / 4, 0.0]
    first = goal.iloc[0]
    assert (first["low"], first["high"]) == intervals.wilson(2, 6)[::2]
    assert (goal["opens"].to_numpy()[1:] == goal["closes"].to_numpy()[:-1]).all()
    assert goal["closes"].iloc[-1] == HORIZON


def test_hazards_make_the_incidence() -> None:
    frame = competing()
    table = competing_risks.hazard(frame, horizon=HORIZON, goal=GOAL)
    chances = table.pivot(index="opens", columns="outcome", values="best")
    still = (1 - chances.sum(axis=1)).cumprod().shift(fill_value=1.0)
    total = (still * chances[GOAL]).sum()
    assert total == pytest.approx((frame["outcome"] == GOAL).mean())


def test_months_without_anybody_are_left_out() -> None:
    frame = runs("a", [10.0, 40.0, 70.0])
    table = competing_risks.hazard(frame, horizon=HORIZON, span=30.0, goal=GOAL)
    assert not table.isna().any().any()
    assert table[table["outcome"] == GOAL]["closes"].max() == 90
    with pytest.raises(ValueError, match="at least 1"):
        competing_risks.hazard(frame, horizon=HORIZON, span=0.5, goal=GOAL)


def test_hazard_with_several_draws_is_a_ratio_of_their_averages() -> None:
    days = [10.0] * 2 + [NEVER] * 8 + [10.0] * 6 + [NEVER] * 4
    frame = runs("a", days, draws=[0] * 10 + [1] * 10)
    row = competing_risks.hazard(frame, horizon=HORIZON, goal=GOAL).iloc[0]
    assert row["best"] == pytest.approx(0.4)
    assert 0 <= row["low"] < 0.2 and 0.6 < row["high"] <= 1  # of two draws
    # Where all runs are at risk, it is the interval of the share.
    share = competing_risks.incidence_by_outcome(
        frame, horizon=HORIZON, grid=[30.0], goal=GOAL
    ).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((share["low"], share["high"]))


# -- how long it lasts ----------------------------------------------------------------------------


def held(frame: pd.DataFrame, days: list[float]) -> pd.DataFrame:
    return frame.assign(held_freeze=days)


def test_a_row_tells_whether_the_goal_was_kept_to_the_end() -> None:
    frame = runs("a", [100.0, 100.0, 300.0, NEVER, 500.0], war=[NEVER, NEVER, 700.0, 80.0, 900.0])
    frame = held(frame, [HORIZON - 100, 1000.0, 400.0, 0.0, 399.0])
    row = competing_risks.endurance(frame, GOAL, RUIN, HORIZON).iloc[0]
    assert (row["n"], row["best"]) == (4, 0.5)
    assert (row["low"], row["high"]) == intervals.wilson(2, 4)[::2]
    never = runs("never", [NEVER, NEVER])
    assert competing_risks.endurance(held(never, [0.0, 0.0]), GOAL, RUIN, HORIZON).empty


def spells(days: np.ndarray, ended: np.ndarray, name: str = "a", draw: object = 0) -> pd.DataFrame:
    return pd.DataFrame({"strategy": name, "draw": draw, "days": days, "ended": ended})


def test_durability_is_kaplan_meier() -> None:
    rng = np.random.default_rng(8)
    lasts, followed = rng.exponential(400, 200), rng.uniform(100, 1200, 200)
    some = spells(np.minimum(lasts, followed), lasts < followed)
    grid = [50.0, 200.0, 500.0, 800.0]
    table = competing_risks.durability(some, grid=grid)
    fitter = KaplanMeierFitter().fit(some["days"], some["ended"])
    theirs = fitter.survival_function_at_times(grid)
    assert table["best"].tolist() == pytest.approx(theirs.tolist())
    limits = fitter.confidence_interval_survival_function_
    at = [limits[limits.index <= day].iloc[-1] for day in grid]
    assert table["low"].tolist() == pytest.approx([x.iloc[0] for x in at], abs=1e-6)
    assert table["high"].tolist() == pytest.approx([x.iloc[1] for x in at], abs=1e-6)


def test_dropping_the_censored_would_make_it_shorter() -> None:
    some = spells(np.array([10.0, 20.0, 500.0, 500.0]), np.array([True, True, False, False]))
    assert competing_risks.durability(some, grid=[400.0])["best"].tolist() == [0.5]


def test_durability_where_none_or_all_ended() -> None:
    none = spells(np.full(40, 300.0), np.zeros(40, bool))
    table = competing_risks.durability(none, grid=[100.0, 300.0, 400.0])
    assert table["time"].tolist() == [100.0, 300.0]  # followed no longer
    assert (table["best"] == 1).all() and (table["low"] == intervals.wilson(40, 40).low).all()
    all_ended = spells(np.array([5.0] * 20 + [30.0] * 20), np.ones(40, bool))
    table = competing_risks.durability(all_ended, grid=[0.0, 10.0, 30.0])
    assert table["best"].tolist() == [1, 0.5, 0]
    assert table["high"].iloc[-1] > 0.01 and not table.isna().any().any()
    nobody = spells(np.array([]), np.array([], bool))
    assert competing_risks.durability(nobody).empty


def test_durability_over_draws_is_the_interval_of_a_share_where_none_is_censored() -> None:
    kept = [0.2, 0.5, 0.9]
    tables = [
        spells(np.where(np.arange(10) < 10 * share, 900.0, 50.0), np.ones(10, bool),
               draw=draw).assign(replication=range(10))
        for draw, share in enumerate(kept)
    ]  # fmt: skip
    row = competing_risks.durability(pd.concat(tables, ignore_index=True), grid=[400.0]).iloc[0]
    table = np.array([np.arange(10) < 10 * share for share in kept]).astype(float)
    best, margins = table.mean(), (table.mean(axis=1), table.mean(axis=0))
    spread = intervals.crossed(best, *((each - best) / len(each) for each in margins))
    assert (row["low"], row["best"], row["high"]) == pytest.approx(
        tuple(intervals.crossed_share(best, spread))
    )


def test_what_spells_add_to_a_curve_is_its_variance() -> None:
    rng = np.random.default_rng(8)
    lasts, followed = rng.exponential(400, 200), rng.uniform(100, 1200, 200)
    some = spells(np.minimum(lasts, followed), lasts < followed)
    times = np.array([50.0, 200.0, 500.0, 800.0])
    fitter = KaplanMeierFitter().fit(some["days"], some["ended"])
    survival = fitter.survival_function_at_times(times).to_numpy()
    added = competing_risks.influence(some, times, survival)
    table = fitter.event_table
    greenwood = [
        (table["observed"] / table["at_risk"] / (table["at_risk"] - table["observed"]))[
            table.index <= time
        ].sum()
        for time in times
    ]
    assert np.square(added).sum(axis=0) == pytest.approx(survival**2 * greenwood, rel=1e-9)
    assert added.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)


def test_fast_or_never_in_the_risks() -> None:
    table = competing_risks.hazard(
        both(FAST_OR_NEVER, SLOW_BUT_SURE), horizon=HORIZON, span=365.0, goal=GOAL
    )
    goal = table[table["outcome"] == GOAL].groupby("strategy", sort=False)["best"].first()
    assert goal.to_dict() == {"slow": 0.85, "fast": 0.59}
    assert not math.isnan(table["high"].max())
