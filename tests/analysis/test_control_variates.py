"""The controls of single attempts: what is summed up, that its mean is 0, and what is taken out."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

import sim
from builders import TWO_TRACKS as SMALL
from interval_coverage import ONE_ATTEMPT, TEXT
from random_scenarios import scenario_text
from sim.analysis import comparison, intervals
from sim.analysis.control_variates import FOLDS, LEAST, adjusted_values
from sim.engine import kernel
from sim.engine.program import Program, What, translate
from sim.engine.rows import empty
from sim.experiment import replay
from sim.studies import compare

SEED = 3
GENERATOR = np.random.default_rng(1)


def korea(name: str = "proposal") -> Program:
    return translate(sim.load("korea-2017").strategy(name))


# -- what is summed up ----------------------------------------------------------------------------


def test_residuals_are_successes_minus_their_chances_until_the_goal() -> None:
    program = korea("all_parallel")
    simulated = kernel.simulate(program, SEED, 0, 60, residuals=True)
    goals = 0
    for replication in range(60):
        expected = np.zeros((len(program.stages), 2))
        goal = simulated.first[replication, program.code.goal]
        goals += not math.isnan(goal)
        for time, what, stage, _, chance in kernel.trace(program, SEED, replication)[1]:
            decided = what in (What.SUCCEEDS, What.FAILS)
            if decided and not time > goal:  # the attempt that reaches the goal is one of them
                residual = (what == What.SUCCEEDS) - chance
                expected[stage] += residual, residual * (program.code.horizon - time)
        np.testing.assert_allclose(
            simulated.residuals[replication], expected, rtol=1e-12, atol=1e-12
        )
    assert 0 < goals < 60


def test_they_are_in_no_row_and_room_for_them_is_only_where_it_is_asked_for() -> None:
    program = korea()
    asked, plain = (kernel.simulate(program, SEED, 0, 50, residuals=ask) for ask in (True, False))
    assert asked.residuals.shape == (50, len(program.stages), 2) and len(plain.residuals) == 0
    for name in plain._fields[:-1]:
        np.testing.assert_array_equal(getattr(asked, name), getattr(plain, name))
    assert empty(program, 5).residuals.size == 0


@pytest.mark.parametrize("seed", range(8))
def test_their_mean_is_0_in_any_scenario(seed: int) -> None:
    n, program = 4000, translate(sim.loads(scenario_text(random.Random(seed))).strategy("a"))
    sums = kernel.simulate(program, SEED, 0, n, residuals=True).residuals.reshape(n, -1)
    often = np.count_nonzero(sums, axis=0) >= 200
    error = sums.std(axis=0) / math.sqrt(n)
    assert (np.abs(sums.mean(axis=0)) <= 5 * error)[often].all()


# -- what is taken out ----------------------------------------------------------------------------


def test_the_adjustment_is_a_regression_on_other_replications() -> None:
    n = 600
    replication = GENERATOR.permutation(n) * 7 + 4
    controls = GENERATOR.normal(size=(n, 3)) * [1, 40, 0.01]
    values = np.column_stack(
        [controls @ [3, -0.2, 90] + GENERATOR.normal(size=n), GENERATOR.random(n) < 0.3]
    )
    left = adjusted_values(values.astype(float), controls, replication)
    place = np.argsort(np.argsort(replication)) % FOLDS
    for fold in range(FOLDS):
        here, others = place == fold, place != fold
        for column in range(2):
            fit = sm.OLS(values[others, column], sm.add_constant(controls[others])).fit()
            expected = values[here, column] - controls[here] @ fit.params[1:]
            np.testing.assert_allclose(left[here, column], expected, rtol=1e-9, atol=1e-9)
    assert left[:, 0].var() < 0.1 * values[:, 0].var()


def test_replications_of_one_number_are_never_fitted_to_one_another() -> None:
    """Draws share their controls: one draw is never fitted to another."""
    n = 200
    controls = GENERATOR.normal(size=(n, 1))
    values = GENERATOR.normal(size=(n, 1))
    twice = (
        np.concatenate([values, values]),
        np.concatenate([controls, controls]),
        np.tile(range(n), 2),
    )
    both = adjusted_values(*twice)
    alone = adjusted_values(values, controls, np.arange(n))
    np.testing.assert_allclose(both, np.concatenate([alone, alone]), rtol=1e-9)


def test_too_few_worlds_and_what_says_nothing() -> None:
    n = math.ceil(2 * LEAST * FOLDS / (FOLDS - 1))
    controls, values = GENERATOR.normal(size=(n, 2)), GENERATOR.normal(size=(n, 1))
    assert adjusted_values(values[1:], controls[1:], np.arange(n - 1)) is None
    found = adjusted_values(values, controls, np.arange(n))
    assert found is not None
    # What is nearly always 0, or is said twice, changes nothing.
    rare = np.zeros((n, 1))
    rare[: LEAST - 1] = 1
    same = adjusted_values(values, np.column_stack([controls, rare, np.zeros(n)]), np.arange(n))
    np.testing.assert_array_equal(same, found)
    np.testing.assert_array_equal(adjusted_values(values, np.zeros((n, 2)), np.arange(n)), values)
    enough = 100 * n
    controls, values = GENERATOR.normal(size=(enough, 1)), GENERATOR.normal(size=(enough, 1))
    twice = adjusted_values(values, np.column_stack([controls, 5 * controls]), np.arange(enough))
    np.testing.assert_allclose(
        twice, adjusted_values(values, controls, np.arange(enough)), atol=1e-9
    )


def test_the_mean_is_not_moved_whatever_an_outcome_is() -> None:
    """Over many studies the adjusted mean misses the truth by no more than its own spread says."""
    studies, n, misses = 400, 60, []
    for _ in range(studies):
        controls = GENERATOR.random((n, 1)) < 0.2
        values = np.exp(controls + GENERATOR.normal(size=(n, 1)))  # skewed, not linear in them
        left = adjusted_values(values, controls - 0.2, np.arange(n))
        misses.append(left.mean() - math.exp(0.5) * (0.8 + 0.2 * math.e))
    assert abs(np.mean(misses)) < 4 * np.std(misses) / math.sqrt(studies)


def test_worlds_are_counted_and_not_their_draws() -> None:
    n = 200
    rare = np.zeros((n, 1))
    rare[3] = 1  # in one replication, in each of very many draws
    values = GENERATOR.normal(size=(n, 1))
    many = [np.concatenate([x] * (LEAST + 1)) for x in (values, rare, np.arange(n))]
    np.testing.assert_array_equal(adjusted_values(*many), many[0])


# -- in a comparison ------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_thousand_histories_say_is_what_very_many_say() -> None:
    scenario = sim.load("korea-2017")
    names = ["proposal", "all_parallel", "cvid_first"]
    few, many = (
        compare.compare(sim.run(scenario, names, n, seed=SEED)).tables["differences"]
        for n in (1000, 40_000)
    )
    days = [
        table[table["measure"] == "restricted_mean"].set_index("strategy") for table in (few, many)
    ]
    for name in names[1:]:
        one, truth = days[0].loc[name], days[1].loc[name]
        assert one["adjusted_ratio"] < 0.5 * one["variance_ratio"]
        half = (one["adjusted_high"] - one["adjusted_low"]) / 2
        assert abs(one["adjusted"] - truth["best"]) < 2 * half
        assert half < 0.75 * (one["high"] - one["low"]) / 2


def test_without_residuals_nothing_is_printed_of_them() -> None:
    results = sim.run(sim.load("korea-2017"), ["proposal", "pressure"], 50)
    paired = comparison.paired_samples(results.frame, "freeze", "war", 1826)
    assert "adjusted" not in comparison.differences(paired, "proposal")
    known = replace(paired, residuals=replay.residuals(results, paired))
    table = comparison.differences(known, "proposal")
    # 50 replications are too few, and the columns repeat the plain ones.
    plain, adjusted = ["low", "best", "high", "variance_ratio"], comparison.ADJUSTED
    np.testing.assert_array_equal(table[plain], table[adjusted])
    said = " ".join(compare.compare(results).findings)
    assert "Differences in days are not control-variate adjusted: " in said


def test_other_histories_than_the_models_are_left_as_they_are() -> None:
    def meddles(world):
        yield world.env.timeout(20)
        world.raise_("crisis")

    own = sim.run(sim.load(SMALL), replications=30, engine="simpy", user_processes=[meddles])
    paired = comparison.paired_samples(own.frame, "freeze", "war", own.scenario.horizon)
    assert replay.residuals(own, paired) is None
    found = compare.compare(own)
    assert "adjusted" not in found.tables["differences"]
    assert any("could not be replayed" in sentence for sentence in found.findings)


def test_draws_have_residuals_of_their_own() -> None:
    scenario = sim.load("korea-2017")
    names = ["proposal", "all_parallel"]
    results = sim.run(scenario, names, 40, seed=SEED, draws=3)
    paired = comparison.paired_samples(results.frame, "freeze", "war", scenario.horizon)
    found = replay.residuals(results, paired)
    for name in names:
        program = korea(name)
        for i, draw in enumerate((1, 2, 3)):
            numbers = replay.with_draw(program, results.drawn, draw)
            simulated = kernel.simulate(numbers, SEED, 0, 40, residuals=True).residuals.reshape(
                40, -1
            )
            np.testing.assert_array_equal(found[name][40 * i : 40 * (i + 1)], simulated)
    assert compare.compare(results).tables["differences"]["adjusted"].notna().all()


def test_histories_that_could_not_be_told_are_passed_over() -> None:
    """A gap in the numbers, as a replication that cannot end leaves it."""
    scenario = sim.load("korea-2017")
    results = sim.run(scenario, ["proposal", "pressure"], 30, seed=SEED)
    some = results.frame[~results.frame["replication"].isin([0, 7, 8])]
    paired = comparison.paired_samples(some, "freeze", "war", scenario.horizon)
    found = replay.residuals(results, paired)
    simulated = kernel.simulate(korea(), SEED, 0, 30, residuals=True).residuals.reshape(30, -1)
    np.testing.assert_array_equal(found["proposal"], np.delete(simulated, [0, 7, 8], axis=0))


# -- where it is left as it is --------------------------------------------------------------------


def apart(text: str, names: list[str], n: int) -> comparison.PairedSamples:
    """Pairs whose residuals are known."""
    scenario = sim.loads(text)
    results = sim.run(scenario, names, n, seed=SEED)
    known = comparison.paired_samples(results.frame, scenario.goal, scenario.ruin, scenario.horizon)
    return replace(known, residuals=replay.residuals(results, known))


def test_what_luck_explains_in_full_is_still_no_certainty() -> None:
    n = 300
    text = ONE_ATTEMPT.replace("probability = 0.01", "probability = 0")
    text = text.replace("duration = { mean = 2 }", "duration = 1")
    row = comparison.differences(apart(text, ["left", "right"], n), "left").iloc[-2]
    assert row["measure"] == "restricted_mean" and row["adjusted_ratio"] < 1e-9
    assert row["adjusted"] == pytest.approx(9.9)  # a tenth of the 99 days after the attempt
    rare = intervals.wilson(0, n).high  # what comes so seldom was perhaps not seen
    assert row["adjusted_high"] == pytest.approx(9.9 + rare * (100 - 9.9))
    assert row["adjusted_low"] == pytest.approx(9.9 - rare * (100 + 9.9))
    assert row["adjusted_high"] < row["high"]


def test_one_of_two_is_not_adjusted_alone() -> None:
    """It would undo the pairing: what both have in common would be taken out of one of them."""
    paired = apart(TEXT, ["one", "two"], 200)
    one, other = paired.names[:2]
    days = next(m for m in paired.measures if m.name == "restricted_mean")
    assert paired.adjusted(days, 0, 1, 0.95) is not None
    crowd = GENERATOR.normal(size=(200, 50))
    more = {**paired.residuals, other: np.hstack([paired.residuals[other], crowd])}
    table = comparison.differences(replace(paired, residuals=more), one)
    np.testing.assert_array_equal(
        table[["low", "best", "high", "variance_ratio"]], table[comparison.ADJUSTED]
    )


@pytest.mark.slow
def test_adjusted_differences_never_vary_more() -> None:
    scenario = sim.load("korea-2017")
    table = compare.compare(sim.run(scenario, replications=2000, seed=SEED)).tables["differences"]
    known = table[table["variance_ratio"].notna()]
    assert (known["adjusted_ratio"] <= known["variance_ratio"]).all()
    assert (known["adjusted_ratio"] < known["variance_ratio"]).sum() > 8
