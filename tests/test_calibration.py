"""Calibration finds posteriors that are known, and writes draws that a run can use."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from calibration_ranks import ranks
from sim import calibration, draws, plots
from sim.calibration import Target
from sim.fitting import Estimate
from sim.scenario import Range

Z = 1.959963984540054

POISSON = """
title = "Shocks at a rate that is not known"
start = 2020-01-01
horizon = 3652.5
goal = "quiet"
conditions = { quiet = {} }
[shocks.launch]
rate = { low = 0.1, likely = 3, high = 12, as = "uniform" }
"""


def uniform(count: int, low: float, high: float, names: str = "a") -> draws.Draws:
    random = np.random.default_rng(7)
    return draws.Draws(tuple(names), random.uniform(low, high, (count, len(names))), "test")


def span(low: float, high: float) -> Range:
    return Range(low=low, likely=(low + high) / 2, high=high, as_="uniform")


def test_a_normal_posterior_is_found() -> None:
    # log(a) is seen with error 0.3: a flat prior of log(a) gives N(log 2, 0.3).
    prior = uniform(40_000, math.log(0.2), math.log(20))
    known = Target("a", Estimate(2 * math.exp(-0.3 * Z), 2.0, 2 * math.exp(0.3 * Z)), "log")
    told = pd.DataFrame({"a": np.exp(prior.values[:, 0])}, index=np.arange(1, len(prior) + 1))
    ranges = {"a": span(math.log(0.2), math.log(20))}
    found = calibration.narrowed(prior, ranges, told, [known], 0.1)
    values = found.posterior.values[:, 0]
    assert len(values) == 4000
    assert values.mean() == pytest.approx(math.log(2), abs=0.02)
    assert values.std() == pytest.approx(0.3, rel=0.08)


def test_the_regression_mends_a_wide_tolerance() -> None:
    prior = uniform(20_000, -3, 3)
    known = Target("a", Estimate(math.exp(1 - 0.3 * Z), math.e, math.exp(1 + 0.3 * Z)), "log")
    told = pd.DataFrame({"a": np.exp(prior.values[:, 0])}, index=np.arange(1, len(prior) + 1))
    found = calibration.narrowed(prior, {"a": span(-3, 3)}, told, [known], 0.3)
    assert found.tolerance > 2
    assert found.posterior.values.std() == pytest.approx(0.3, rel=0.15)


def test_a_number_that_bears_on_nothing_keeps_its_prior() -> None:
    prior = uniform(20_000, 1, 2, "ab")
    known = Target("a", Estimate(1.4, 1.5, 1.6), "log")
    told = pd.DataFrame({"a": prior.values[:, 0]}, index=np.arange(1, len(prior) + 1))
    ranges = {"a": span(1, 2), "b": span(1, 2)}
    found = calibration.narrowed(prior, ranges, told, [known], 0.1)
    assert stats.kstest(found.posterior.values[:, 1] - 1, "uniform").pvalue > 0.001
    table = calibration.moved(found).set_index("name")
    assert abs(table.loc["b", "shift"]) < 0.1
    narrow = table["posterior_high"] - table["posterior_low"]
    assert narrow["a"] < 0.4 * narrow["b"]


def test_a_rate_is_found_from_told_histories() -> None:
    # Told with the engine: 40 shocks in ten years; a flat prior gives Gamma(41, 10).
    scenario = sim.loads(POISSON)
    prior = draws.sample(scenario, 4096)
    frame = sim.run(scenario, replications=200, draws=prior).frame
    told = pd.DataFrame({"rate": frame.groupby("draw")["n_launch"].mean() / 10})
    exact = stats.gamma(41, scale=0.1)
    error = math.exp(Z / 40**0.5)
    known = Target("rate", Estimate(4 / error, 4, 4 * error), "log")
    found = calibration.narrowed(prior, scenario.ranges(), told, [known], 0.1)
    values = found.posterior.values[:, 0]
    assert values.mean() == pytest.approx(exact.mean(), rel=0.06)
    assert values.std() == pytest.approx(exact.std(), rel=0.2)


def test_what_cannot_be_compared_is_left_out_and_too_little_is_refused() -> None:
    prior = uniform(100, 1, 2)
    known = Target("a", Estimate(1.4, 1.5, 1.6), "log")
    told = pd.DataFrame({"a": prior.values[:, 0]}, index=np.arange(1, 101))
    told.loc[1:50, "a"] = np.nan
    found = calibration.narrowed(prior, {"a": span(1, 2)}, told, [known], 0.5)
    assert (len(found.prior), len(found.posterior)) == (50, 25)
    assert found.posterior.values.min() >= 1 and found.posterior.values.max() <= 2
    for keep, message in ((0, "above 0"), (1.5, "at most 1"), (0.01, "needed: at least 4")):
        with pytest.raises(ValueError, match=message):
            calibration.narrowed(prior, {"a": span(1, 2)}, told, [known], keep)


def test_statistics_are_those_of_the_rows() -> None:
    frame = pd.DataFrame(
        {
            "draw": [1, 1, 2],
            "outcome": ["ongoing", "freeze", "war"],
            "time": [730.5, 100.0, 365.25],
            "first_moratorium": [math.nan, 50.0, math.nan],
            "first_freeze": [math.nan, 100.0, math.nan],
            "first_us_dprk.contact": [400.0, 20.0, math.nan],
            "first_north_south.overture": [10.0, 110.0, 130.0],
            "n_missile_test": [10, 99, 3],
            "n_strategic_test": [2, 99, 1],
        }
    )
    table = calibration.statistics(frame, 730.5)
    assert table.loc[1].tolist() == [6.0, 0.5, 1.0]
    assert table.loc[2].tolist() == [4.0, 0.0, 0.0]
    frame["first_moratorium"] = 1.0
    assert calibration.statistics(frame, 730.5)["launches"].isna().all()


def test_the_reference_case_is_narrowed_into_draws_that_a_run_takes(tmp_path) -> None:
    scenario = sim.load("korea-2017")
    found = calibration.calibrate(scenario, draws=128, histories=20, keep=0.2)
    path = tmp_path / "posterior.csv"
    found.posterior.write(path)
    frame = sim.run(scenario, ["proposal"], 2, draws=str(path)).frame
    assert frame["draw"].nunique() == len(found.posterior)
    assert list(found.fit["name"]) == ["launches", "contact", "overture"]
    axes = plots.narrowed(calibration.moved(found).head(3))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["prior", "posterior"]


def test_known_truths_lie_evenly_among_the_draws_kept() -> None:
    """The short form of verification/calibration_covers.py."""
    places, names = ranks(4096, 60, 80, 2)
    assert places.shape == (80, len(names))
    values = np.array([stats.kstest(column, "uniform").pvalue for column in places.T])
    assert values.min() > 0.001 / len(names)
    assert (np.abs(places - 0.5) < 0.45).mean() == pytest.approx(0.9, abs=0.02)
    wrong = np.clip(places + 0.4, 0, 1)  # posteriors that are far off would be seen
    assert stats.kstest(wrong[:, 0], "uniform").pvalue < 0.001 / len(names)
