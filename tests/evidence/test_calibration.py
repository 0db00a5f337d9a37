"""Calibration finds posteriors that are known, and writes draws that a run can use."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from calibration_ranks import ranks
from sim.evidence import narrowing
from sim.evidence.korea import calibration, statistics
from sim.experiment import draws
from sim.plotting import outcomes
from sim.scenario.scenario import Range

LOG = {"a": "log"}
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


def seen(prior: draws.Draws, error: float) -> pd.DataFrame:
    """exp(a), seen with a normal error of the logarithm."""
    off = np.random.default_rng(8).normal(0, error, len(prior))
    return pd.DataFrame({"a": np.exp(prior.values[:, 0] + off)}, np.arange(1, len(prior) + 1))


# -- narrowing ------------------------------------------------------------------------------------


def test_a_normal_posterior_is_found() -> None:
    # log(a) is seen with error 0.3: a flat prior of log(a) gives N(log 2, 0.3).
    prior = uniform(40_000, math.log(0.2), math.log(20))
    ranges = {"a": span(math.log(0.2), math.log(20))}
    found = narrowing.narrowed(prior, ranges, seen(prior, 0.3), {"a": 2.0}, 0.1, LOG)
    values = found.posterior.values[:, 0]
    assert len(values) == 4000
    assert values.mean() == pytest.approx(math.log(2), abs=0.02)
    assert values.std() == pytest.approx(0.3, rel=0.08)


def test_the_regression_mends_a_wide_tolerance() -> None:
    prior = uniform(20_000, -3, 3)
    simulated, ranges = seen(prior, 0.3), {"a": span(-3, 3)}
    found = narrowing.narrowed(prior, ranges, simulated, {"a": math.e}, 0.3, LOG)
    nearest = np.argsort(abs(np.log(simulated["a"].to_numpy()) - 1))[:6000]
    assert prior.values[nearest].std() > 0.5  # without it
    assert found.posterior.values.std() == pytest.approx(0.3, rel=0.15)


def test_a_number_that_bears_on_nothing_keeps_its_prior() -> None:
    prior = uniform(20_000, 1, 2, "ab")
    ranges = {"a": span(1, 2), "b": span(1, 2)}
    simulated = seen(prior, 0.02)
    found = narrowing.narrowed(prior, ranges, simulated, {"a": math.exp(1.5)}, 0.1, LOG)
    assert stats.kstest(found.posterior.values[:, 1] - 1, "uniform").pvalue > 0.001
    table = narrowing.moved(found).set_index("name")
    assert abs(table.loc["b", "shift"]) < 0.1
    narrow = table["posterior_high"] - table["posterior_low"]
    assert narrow["a"] < 0.4 * narrow["b"]


@pytest.mark.slow
def test_a_rate_is_found_from_told_histories() -> None:
    # Told with the engine: 40 shocks in ten years; a flat prior gives Gamma(41, 10).
    scenario = sim.loads(POISSON)
    prior = draws.sample(scenario, 4096)
    frame = sim.run(scenario, replications=64, draws=prior).frame
    # By lot: neighbours must not share random numbers, nor may these follow Sobol's sequence.
    lot = np.random.default_rng(9).integers(64, size=len(prior))
    own = frame[frame["replication"] == lot[frame["draw"] - 1]].set_index("draw")
    simulated = pd.DataFrame({"rate": own["n_launch"] / 10})
    exact = stats.gamma(41, scale=0.1)
    found = narrowing.narrowed(
        prior, scenario.ranges(), simulated, {"rate": 4.0}, 0.1, {"rate": "root"}
    )
    values = found.posterior.values[:, 0]
    assert values.mean() == pytest.approx(exact.mean(), rel=0.06)
    assert values.std() == pytest.approx(exact.std(), rel=0.2)


def test_what_cannot_be_compared_is_left_out_and_too_little_is_refused() -> None:
    prior = uniform(100, 1, 2)
    simulated = pd.DataFrame({"a": prior.values[:, 0]}, index=np.arange(1, 101))
    simulated.loc[1:50, "a"] = np.nan
    found = narrowing.narrowed(prior, {"a": span(1, 2)}, simulated, {"a": 1.5}, 0.5, LOG)
    assert (len(found.prior), len(found.posterior)) == (50, 25)
    assert found.posterior.values.min() >= 1 and found.posterior.values.max() <= 2
    for keep, message in ((0, "above 0"), (1.5, "at most 1"), (0.01, "needed: at least 4")):
        with pytest.raises(ValueError, match=message):
            narrowing.narrowed(prior, {"a": span(1, 2)}, simulated, {"a": 1.5}, keep, LOG)


# -- what is measured -----------------------------------------------------------------------------


def test_statistics_of_the_record_are_those_that_the_catalog_rests_on() -> None:
    found = calibration.measured(calibration.of_record())
    for name, key in {
        "launches": "rate:launch_day:2012:2017",
        "dispersion": "dispersion:launch_day:2012:2017",
        "dispersion_by_year": "dispersion_by_year:launch_day:2012:2017",
        "dialogue_ratio": "dialogue_ratio:launch_day",
        "formal_within_120": "share:formal_within_120",
        "formal_within_365": "share:formal_within_365",
        "seoul_met_within_120": "share:seoul_met_within_120",
        "gap": "quantile:gaps_us_dprk:50",
        "freezes_ended_in_60": "share:freezes_ended_in_60",
    }.items():
        assert found[name] == pytest.approx(statistics.estimate(key).best), name
    days = 13 + 44 + 427 + 791 + 1434 + 2 * 1826  # two lived on
    assert found["collapse_rate"] == pytest.approx(5 / (days / 365.25))


def test_years_that_a_war_cut_short_tell_no_launches() -> None:
    cut = replace(calibration.of_record(), launches=np.ones(14))
    assert math.isnan(calibration.measured(cut)["launches"])


def test_told_records_are_as_large_as_the_true_one_and_share_no_history() -> None:
    scenario = sim.load("korea-2017")
    prior = draws.sample(scenario, 2)
    same = draws.Draws(prior.names, prior.values[[0, 0]], "twice the same draw")
    simulator, size = calibration.RecordSimulator(scenario), calibration.of_record()
    first, second = (simulator._record(same, i, size, 1) for i in (0, 1))
    for one in (first, second):
        assert len(one.launches) == len(size.launches) == 72
        for name in ("formal", "seoul", "freezes"):
            assert len(getattr(one, name)) == len(getattr(size, name))
        assert 20 <= len(one.gaps) <= len(size.gaps)
    assert first.formal != second.formal
    simulated = simulator.records(same, size, 1)
    pd.testing.assert_frame_equal(simulated, simulator.records(same, size, 1))
    assert simulated.index.tolist() == [1, 2]


def test_a_told_record_is_read_from_the_histories_of_a_run() -> None:
    scenario = sim.load("korea-2017")
    prior = draws.sample(scenario, 2)
    size = calibration.of_record()
    one = calibration.RecordSimulator(scenario)._record(prior, 0, size, 1)
    unplanned = replace(scenario, strategies={})
    only = draws.Draws(prior.names, prior.values[:1], "the first")
    rows = sim.run(unplanned, ["default"], 26, 1, draws=only).frame
    waits = rows["first_us_dprk.contact"].iloc[:16]
    assert sorted(waits.dropna()) == sorted(
        day for day, over in zip(one.formal.days, one.formal.over, strict=True) if over
    )
    overtures = rows["first_north_south.overture"].iloc[16:]
    assert sum(one.seoul.over) == overtures.notna().sum()


def test_a_freeze_begins_on_day_0_and_is_followed_until_it_ends() -> None:
    scenario = sim.load("korea-2017").override(
        {"verification_collapse.rate": 50.0, "sanctions_collapse.rate": 0.0}
    )
    prior = draws.Draws(("crisis.fades.mean",), np.array([[45.0]]), "one")
    one = calibration.RecordSimulator(scenario)._record(prior, 0, calibration.of_record(), 1)
    assert all(one.freezes.over) and max(one.freezes.days) < 60
    assert calibration.measured(one)["freezes_ended_in_60"] == 1


@pytest.mark.slow
def test_the_reference_case_is_narrowed_into_draws_that_a_run_takes(tmp_path) -> None:
    scenario = sim.load("korea-2017")
    found, fit = calibration.calibrate(scenario, draws=160, keep=0.2)
    path = tmp_path / "posterior.csv"
    found.posterior.write(path)
    frame = sim.run(scenario, ["proposal"], 2, draws=str(path)).frame
    assert frame["draw"].nunique() == len(found.posterior)
    assert list(fit["statistic"]) == list(calibration.STATISTICS)
    for when in ("prior", "posterior"):
        assert (fit[f"{when}_low"] <= fit[f"{when}_high"]).all()
    axes = outcomes.narrowed(narrowing.moved(found).head(3))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["prior", "posterior"]


@pytest.mark.slow
def test_known_truths_lie_evenly_among_the_draws_kept() -> None:
    """The short form of verification/calibration_covers.py."""
    places, names = ranks(1000, 60, 2, keep=0.25)
    assert places.shape == (60, len(names))
    values = np.array([stats.kstest(column, "uniform").pvalue for column in places.T])
    assert values.min() > 0.001 / len(names)
    assert (np.abs(places - 0.5) < 0.45).mean() == pytest.approx(0.9, abs=0.02)
    wrong = np.clip(places + 0.4, 0, 1)  # posteriors that are far off would be seen
    assert stats.kstest(wrong[:, 0], "uniform").pvalue < 0.001 / len(names)


# -- what the documents say -----------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs"
WHEN, ENDS = ("prior", "posterior"), ["reached_low", "reached", "reached_high"]


def fit_lines(fit: pd.DataFrame) -> list[str]:
    return [
        f"| `{one['statistic']}` | {one['record']:.2f} | "
        + " | ".join(
            f"{one[f'{when}_best']:.2f} ({one[f'{when}_low']:.2f} to {one[f'{when}_high']:.2f})"
            for when in WHEN
        )
        + " |"
        for one in fit.to_dict("records")
    ]


def share_lines(shares: pd.DataFrame) -> list[str]:
    parts = {when: shares[shares["draws"] == when].set_index("strategy") for when in WHEN}
    return [
        f"| `{name}` | "
        + " | ".join(
            f"{best:.0f} % ({low:.1f} to {high:.1f})"
            for low, best, high in (100 * parts[when].loc[name, ENDS] for when in parts)
        )
        + " |"
        for name in parts["posterior"].index
    ]


def test_what_is_said_of_the_narrowed_ranges_is_what_was_found() -> None:
    text = (DOCS / "calibration.md").read_text(encoding="utf-8")
    fit, shares, numbers = (
        pd.read_csv(DOCS / f"calibration-{name}.csv") for name in ("fit", "shares", "numbers")
    )
    for line in [*fit_lines(fit), *share_lines(shares)]:
        assert line in text
    known = calibration.measured(calibration.of_record())
    assert dict(zip(fit["statistic"], fit["record"], strict=True)) == pytest.approx(known)
    assert "All ten statistics lie in the middle 90 %" in text and len(fit) == 10
    for when in ("prior", "posterior"):
        assert fit["record"].between(fit[f"{when}_low"], fit[f"{when}_high"]).all()
    shift = numbers.set_index("name")["shift"]
    down = ("show_of_force", "strategic_test", "missile_test", "verification_collapse",
            "sanctions_collapse")  # fmt: skip
    directions = {
        **dict.fromkeys([f"{name}.rate" for name in down], -1),
        "us_dprk.contact.success": 1,
    }
    assert {name: np.sign(by) for name, by in shift.items() if abs(by) > 0.25} == directions
    assert f"These {len(directions)} of {len(shift)} parameters move by more than a quarter" in text
    chance = shift["influences.linkage_overture.odds"]
    assert f"no replication here has moves by {chance:.2f}" in text
    orders = [list(rows["strategy"]) for _, rows in shares.groupby("draws")]
    assert "The ranking does not change" in text and orders[0] == orders[1]


def test_the_shares_before_come_out_again() -> None:
    shares = pd.read_csv(DOCS / "calibration-shares.csv")
    before = shares[shares["draws"] == "prior"].set_index("strategy")["reached"]
    scenario = sim.load("korea-2017")
    every, size = draws.sample(scenario, 4096), calibration.of_record()
    head = draws.Draws(every.names, every.values[:840], every.origin)
    simulated = calibration.RecordSimulator(scenario).records(head, size, 1).dropna()
    kept = draws.Draws(
        every.names, every.values[simulated.index.to_numpy()[:753] - 1], every.origin
    )
    frame = sim.run(scenario, list(before.index), 100, draws=kept).frame
    reached = frame["first_freeze"].notna().groupby(frame["strategy"], observed=True).mean()
    assert reached[before.index].tolist() == pytest.approx(before.tolist())
