"""A run knows its question: its tables are those of the statistics, and go into other libraries."""

from __future__ import annotations

import lifelines
import numpy as np
import pandas as pd
import pytest

import sim
from sim.analysis import comparison, incidence
from sim.errors import InputError

SCENARIO = """
title = "Two ways"
start = 2026-01-01
horizon = 730
goal = "deal"
ruin = "war"
conditions = { deal = {}, war = {}, truce = {} }
shocks.war = { rate = 0.4, raises = ["war"] }
[[tracks.talks.stages]]
name = "round"
duration = { mean = 60 }
success = { low = 0.1, likely = 0.3, high = 0.6, source = "judgement" }
raises = ["truce"]
setbacks = [ { name = "deadlock", delay = { mean = 45 } } ]
[[tracks.talks.stages]]
name = "close"
duration = { mean = 90 }
success = 1.0
raises = ["deal"]
[strategies.plain]
[strategies.eager]
overrides = { "war.rate" = 0.1 }
"""
QUESTION = "deal", "war", 730


@pytest.fixture(scope="module")
def results() -> sim.Results:
    return sim.run(sim.loads(SCENARIO), replications=300)


@pytest.mark.parametrize("endpoint", [None, "truce", "talks.round", "war"])
def test_tables_are_those_of_the_statistics(results, endpoint) -> None:
    frame = results.frame
    pairs = [
        (results.summary(endpoint), incidence.summary(frame, *QUESTION, endpoint)),
        (results.incidence(endpoint), incidence.incidence(frame, endpoint, horizon=730)),
        (results.outcomes(endpoint), incidence.outcomes(frame, endpoint=endpoint)),
        (results.shares_by_time(endpoint), incidence.times(frame, endpoint, horizon=730)),
        (
            results.compare("plain", endpoint),
            comparison.compare(frame, "plain", *QUESTION, endpoint),
        ),
    ]
    for ours, theirs in pairs:
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.parametrize("endpoint", [None, "truce", "war"])
def test_kaplan_meier_of_the_times_is_the_incidence(results, endpoint) -> None:
    days = [100, 400, 730]
    shares = results.incidence(endpoint, grid=days).set_index(["strategy", "time"])["best"]
    for name, own in results.times(endpoint).groupby("strategy"):
        fitter = lifelines.KaplanMeierFitter().fit(own["duration"], own["event"])
        for day in days:
            assert 1 - fitter.predict(day) == pytest.approx(shares[name, day], abs=1e-12)


def test_aalen_johansen_of_competing_times_is_the_incidence_too(results) -> None:
    own = results.times(competing=True)
    own = own[own["strategy"] == "plain"]
    fitter = lifelines.AalenJohansenFitter(calculate_variance=False)
    fitter.fit(own["duration"], own["event"], event_of_interest=1)
    share = results.incidence(grid=[730]).set_index("strategy")["best"]["plain"]
    assert fitter.cumulative_density_.iloc[-1, 0] == pytest.approx(share, abs=1e-3)  # ties
    assert (own["event"] == 2).mean() == (results.outcomes().query(
        "strategy == 'plain' and outcome == 'war'")["best"].item())  # fmt: skip
    assert own["event"].isin([0, 1, 2]).all() and (own["duration"] <= 730).all()


def test_experiments_are_inputs_and_outcomes_of_each_strategy_and_draw() -> None:
    results = sim.run(sim.loads(SCENARIO), replications=20, draws=8)
    inputs, outcomes = results.to_experiments()
    assert list(inputs.columns) == ["talks.round.success", "scenario", "policy", "model"]
    assert len(inputs) == 16 and all(len(values) == 16 for values in outcomes.values())
    frame = results.frame
    own = frame[
        (frame["strategy"] == inputs["policy"][11]) & (frame["draw"] == inputs["scenario"][11])
    ]
    assert outcomes["reached"][11] == (own["outcome"] == "deal").mean()
    assert outcomes["ruin"][11] == own["first_war"].notna().mean()
    assert outcomes["held_truce"][11] == pytest.approx(own["held_truce"].mean())
    drawn = results.draws.set_index("draw")["talks.round.success"]
    assert (inputs["talks.round.success"] == drawn[inputs["scenario"]].to_numpy()).all()
    assert np.corrcoef(inputs["talks.round.success"], outcomes["held_truce"])[0, 1] > 0.5


def test_experiments_without_draws_are_one_for_each_strategy(results) -> None:
    inputs, outcomes = results.to_experiments()
    assert inputs["policy"].tolist() == ["plain", "eager"] and len(outcomes["reached"]) == 2


def test_a_wrong_question_is_one_sentence(results) -> None:
    for ask in (results.summary, results.incidence, results.times, results.outcomes):
        with pytest.raises(InputError, match='unknown endpoint "trcue"; did you mean "truce"'):
            ask("trcue")
    with pytest.raises(InputError, match='unknown baseline "plian"'):
        results.compare("plian")
    counted = sim.run(results.scenario, replications=20, keep="summary")
    assert len(counted.summary()) == 2
    for ask in (counted.times, counted.compare, counted.to_experiments):
        with pytest.raises(InputError):
            ask()
