"""Tornado, Morris and Sobol: against known functions, and against scenarios with a formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from SALib.test_functions import Ishigami, Sobol_G

import sim
from sim.errors import InputError, MeasureError
from sim.experiment import draws, measures, simulation
from sim.experiment import evaluator as evaluation
from sim.studies import sensitivity
from sim.studies import sensitivity_indices as indices

THREE = ["a", "b", "c"]
ISHIGAMI_FIRST = (0.3139, 0.4424, 0.0)
ISHIGAMI_TOTAL = (0.5576, 0.4424, 0.2437)

TWO_STEPS = """
title = "Two steps, each tried once"
start = 2020-01-01
horizon = 100
goal = "deal"
[conditions]
deal = {{ }}
[tracks.talks]
[[tracks.talks.stages]]
name = "one"
duration = 1
success = {{ low = 0.2, likely = 0.5, high = 0.8, as = "uniform" }}
[[tracks.talks.stages.setbacks]]
name = "no"
weight = {{ low = 1, likely = 2, high = 3 }}
delay = 0
resume = "abandon"
[[tracks.talks.stages]]
name = "two"
duration = 1
success = {{ low = 0.4, likely = 0.8, high = 1.0, as = "uniform" }}
raises = ["deal"]
setbacks = [ {{ name = "never", delay = 0, resume = "abandon" }} ]
{more}
[strategies.go]
[strategies.wait]
starts = {{ talks = ["deal"] }}
"""
P, Q, W = "talks.one.success", "talks.two.success", "talks.one.no.weight"
SCENARIO = sim.loads(TWO_STEPS.format(more=""))


def each(names: list[str]) -> dict[str, list[str]]:
    return {name: [name] for name in names}


def ishigami(cube: np.ndarray) -> np.ndarray:
    return np.asarray(Ishigami.evaluate(np.pi * (2 * cube - 1)))


def by_name(table, name: str):
    return table.set_index("factor").loc[name]


# -- Sobol ----------------------------------------------------------------------------------------


def test_ishigami_has_its_known_indices() -> None:
    table, noise = indices.sobol(lambda c: ishigami(c)[:, None], THREE, each(THREE), 2048)
    for name, first, total in zip(THREE, ISHIGAMI_FIRST, ISHIGAMI_TOTAL, strict=True):
        row = by_name(table, name)
        assert row["first"] == pytest.approx(first, abs=0.015)
        assert row["total"] == pytest.approx(total, abs=0.015)
        assert row["first_low"] <= first <= row["first_high"]
        assert row["total_low"] <= total <= row["total_high"]
        # Without noise there is nothing to take off.
        assert row["total"] == pytest.approx(row["total_raw"], rel=0.002)
    assert noise.variance == pytest.approx(13.845, rel=0.02)  # a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2


def test_sobol_g_has_its_known_indices() -> None:
    names = [f"x{i}" for i in range(8)]
    a = np.array([0, 1, 4.5, 9, 99, 99, 99, 99.0])
    table, _ = indices.sobol(
        lambda c: np.asarray(Sobol_G.evaluate(c, a))[:, None], names, each(names), 2048
    )
    firsts, totals = Sobol_G.sensitivity_index(a), Sobol_G.total_sensitivity_index(a)
    for name, first, total in zip(names, firsts, totals, strict=True):
        row = by_name(table, name)
        assert row["first"] == pytest.approx(first, abs=0.015)
        assert row["total"] == pytest.approx(total, abs=0.015)


def test_the_noise_of_histories_is_taken_off() -> None:
    random = np.random.default_rng(5)

    def noisy(cube: np.ndarray) -> np.ndarray:
        return ishigami(cube)[:, None] + 12 * random.standard_normal((len(cube), 20))

    tables = [indices.sobol(noisy, THREE, each(THREE), 256, seed=s)[0] for s in range(1, 13)]
    for name, first, total in zip(THREE, ISHIGAMI_FIRST, ISHIGAMI_TOTAL, strict=True):
        rows = [by_name(table, name) for table in tables]
        assert np.mean([row["total"] for row in rows]) == pytest.approx(total, abs=0.05)
        assert np.mean([row["first"] for row in rows]) == pytest.approx(first, abs=0.06)
        # Noise looks like interactions of everything with everything.
        assert np.mean([row["total_raw"] for row in rows]) > total + 0.1


def test_variance_is_split_into_numbers_and_noise() -> None:
    random = np.random.default_rng(1)
    draws_, shared = random.normal(size=(4000, 1)), random.normal(size=(1, 25))
    clean = indices.noise_of(2 * draws_ + 7 * shared)
    assert clean.noise == pytest.approx(0, abs=1e-12)  # what all draws share is no noise
    noisy = indices.noise_of(2 * draws_ + 7 * shared + 10 * random.normal(size=(4000, 25)))
    assert noisy.noise == pytest.approx(100 / 25, rel=0.02)
    assert noisy.parameters == pytest.approx(4, rel=0.1)
    # 10 % noise: 100 / R = 4 / 9.
    assert noisy.enough() == pytest.approx(225, rel=0.1)


def test_a_product_of_chances_has_the_indices_of_its_formula() -> None:
    evaluator = evaluation.make_evaluator(SCENARIO, ["go"])
    grouped = indices.factors(SCENARIO, evaluator.free)
    assert set(grouped) == {P, Q, W}
    table, noise = indices.sobol(
        lambda c: evaluator.evaluate(evaluator.from_unit_cube(c), 50)[0],
        evaluator.free,
        grouped,
        512,
    )
    (mp, vp), (mq, vq) = (((a + b) / 2, (b - a) ** 2 / 12) for a, b in ((0.2, 0.8), (0.4, 1)))
    whole = vp * mq**2 + vq * mp**2 + vp * vq
    for name, first in ((P, vp * mq**2 / whole), (Q, vq * mp**2 / whole), (W, 0)):
        row = by_name(table, name)
        total = first + (vp * vq / whole if name != W else 0)
        assert row["first_low"] <= first <= row["first_high"]
        assert row["total_low"] <= total <= row["total_high"]
        assert row["total"] == pytest.approx(total, abs=0.08)
    assert noise.parameters == pytest.approx(whole, rel=0.15)
    assert (
        by_name(table, W)["total"] == 0
    )  # the same random numbers: it changes no replication at all


def test_other_factors_are_one_factor() -> None:
    names = [f"x{i}" for i in range(6)]
    weights = np.array([4, 3, 1, 1, 1, 1.0])
    morris = indices.morris(lambda c: (c @ weights)[:, None], names, each(names), 10)
    chosen = sensitivity.screened(morris, each(names), 2)
    assert list(chosen) == ["x0", "x1", "all others (4)"]
    table, _ = indices.sobol(lambda c: (c @ weights)[:, None], names, chosen, 512)
    assert by_name(table, "all others (4)")["total"] == pytest.approx(4 / 29, abs=0.02)
    assert sensitivity.screened(morris, each(names), 6) == each(names)


@pytest.mark.parametrize("base", [3, 100, 1])
def test_a_base_that_is_no_power_of_two_is_refused(base: int) -> None:
    with pytest.raises(InputError, match="power of 2"):
        indices.sobol(lambda c: c, THREE, each(THREE), base)


def test_nothing_varies_noise_alone_and_one_replication() -> None:
    constant, noise = indices.sobol(lambda c: np.ones((len(c), 5)), THREE, each(THREE), 16)
    assert noise.variance == 0
    assert constant["total"].isna().all()
    random = np.random.default_rng(2)
    table, noise = indices.sobol(lambda c: random.normal(size=(len(c), 5)), THREE, each(THREE), 64)
    assert noise.too_noisy
    assert table["first"].isna().all()
    assert table["first_raw"].notna().all()
    _, single = indices.sobol(lambda c: ishigami(c)[:, None], THREE, each(THREE), 64)
    assert np.isnan(single.share)


# -- Morris and tornado ---------------------------------------------------------------------------


def test_effects_of_a_line_are_its_slopes() -> None:
    table = indices.morris(lambda c: (c @ [3.0, -2.0, 0.0])[:, None], THREE, each(THREE), 8)
    # Over the grid, three quarters of the unit interval.
    for name, mu in (("a", 2.25), ("b", -1.5), ("c", 0.0)):
        row = by_name(table, name)
        assert row["mu"] == pytest.approx(mu, abs=1e-12)
        assert row["mu_star"] == pytest.approx(abs(mu), abs=1e-12)
        assert row["sigma"] == pytest.approx(0, abs=1e-12)
        assert row["effect"] == pytest.approx(abs(mu), abs=1e-12)
    assert list(table["factor"]) == ["a", "b", "c"]


def test_a_number_that_only_disturbs_is_told_as_noise() -> None:
    random = np.random.default_rng(3)

    def noisy(cube: np.ndarray) -> np.ndarray:
        return (cube @ [3.0, 0.0, 0.0])[:, None] + random.normal(size=(len(cube), 10))

    tables = [indices.morris(noisy, THREE, each(THREE), 30, seed=s) for s in range(1, 9)]
    idle = [by_name(table, "c") for table in tables]
    assert np.mean([row["mu_star"] / row["noise"] for row in idle]) == pytest.approx(1, abs=0.1)
    assert np.mean([row["effect_low"] == 0 for row in idle]) >= 0.75
    assert all(by_name(table, "a")["effect_low"] > 1.5 for table in tables)
    effect = [by_name(table, "a")["effect"] for table in tables]
    assert np.mean(effect) == pytest.approx(2.25, abs=0.1)


def test_tied_numbers_are_one_factor() -> None:
    more = f'[[correlations]]\nbetween = ["{P}", "{Q}"]\nrank = {{rank}}'
    tied = sim.loads(TWO_STEPS.format(more=more.format(rank=0.7)))
    evaluator = evaluation.make_evaluator(tied, ["go"])
    grouped = indices.factors(tied, evaluator.free)
    assert grouped == {f"{P} + {Q}": [P, Q], W: [W]}
    table = indices.morris(
        lambda c: evaluator.evaluate(evaluator.from_unit_cube(c), 50)[0],
        evaluator.free,
        grouped,
        10,
    )
    both = by_name(table, f"{P} + {Q}")
    assert both["numbers"] == 2
    assert np.isnan(both["mu"])
    assert both["effect_low"] > 0.1
    untied = sim.loads(TWO_STEPS.format(more=more.format(rank=0)))
    assert len(indices.factors(untied, evaluator.free)) == 3


def test_a_tornado_tells_the_swings_of_the_formula() -> None:
    table = indices.tornado(evaluation.make_evaluator(SCENARIO, ["go"]), 4000).set_index("number")
    assert list(table.index) == [P, Q, W]
    for name, low, high in ((P, 0.2 * 0.8, 0.8 * 0.8), (Q, 0.5 * 0.4, 0.5 * 1.0), (W, 0.4, 0.4)):
        row = table.loc[name]
        assert row["at_low_low"] <= low - 0.4 <= row["at_low_high"]
        assert row["at_high_low"] <= high - 0.4 <= row["at_high_high"]
        assert row["swing_low"] <= high - low <= row["swing_high"]
    # Half of the variance is gone: the same random numbers at both ends.
    assert table.loc[P, "swing_high"] - table.loc[P, "swing_low"] < 2 * 1.96 * np.sqrt(0.36 / 4000)


def test_the_lead_over_another_strategy_is_an_outcome_too() -> None:
    table = indices.tornado(evaluation.make_evaluator(SCENARIO, ["go", "wait"]), 2000, "wait")
    assert table.set_index("number").loc[P, "swing"] == pytest.approx(0.48, abs=0.04)


# -- worlds and measures --------------------------------------------------------------------------


def test_worlds_are_those_of_a_run_with_draws() -> None:
    drawn = draws.sample(SCENARIO, 5, 3)
    frame = sim.run(SCENARIO, ["go"], 40, 3, draws=drawn).frame
    evaluator = evaluation.make_evaluator(SCENARIO, ["go"], "restricted_mean", 3, workers=2)
    points = np.tile(evaluator.base, (5, 1))
    points[:, [evaluator.columns[n] for n in drawn.names]] = drawn.values
    days = frame["time"].where(frame["outcome"] == "deal", 100.0).to_numpy().reshape(5, 40)
    np.testing.assert_array_equal(evaluator.evaluate(points, 40)[0], days)
    np.testing.assert_array_equal(evaluator.evaluate(points, 20, [20] * 5)[0], days[:, 20:])


def test_results_do_not_depend_on_the_number_of_workers() -> None:
    cube = np.random.default_rng(0).random((300, 3))
    tables = []
    for workers in (1, 3):
        evaluator = evaluation.make_evaluator(SCENARIO, workers=workers)
        tables.append(evaluator.evaluate(evaluator.from_unit_cube(cube), 150))
    np.testing.assert_array_equal(*tables)


def test_points_follow_the_laws_of_the_ranges() -> None:
    evaluator = evaluation.make_evaluator(SCENARIO, ["go"])
    points = evaluator.from_unit_cube(np.array([[0.25, 0.5, 0.5], [0.0, 1.0, 1.0]]))
    assert points[0, evaluator.columns[evaluator.free[0]]] == pytest.approx(
        draws.transform(SCENARIO, np.array([[0.25, 0.5, 0.5]]))[0, 0]
    )
    for i, name in enumerate(evaluator.ranges):
        number = evaluator.ranges[name]
        assert number.low <= points[1, i] <= number.high


def test_measures_are_those_of_the_rows() -> None:
    scenario = sim.load("korea-2017")
    frame = sim.run(scenario, ["proposal"], 300).frame
    froze = frame["outcome"] == "freeze"
    expected = {
        "reached": froze.mean(),
        "reached@2019-06-15": (froze & (frame["time"] <= 730)).mean(),
        "ruin": frame["first_war"].notna().mean(),  # also after the goal
        "ruin@900": (frame["first_war"] <= 900).mean(),
        "first_moratorium@365": (frame["first_moratorium"] <= 365).mean(),
        "first_us_dprk.contact": frame["first_us_dprk.contact"].notna().mean(),
        "restricted_mean": frame["time"].where(froze, 1826.0).mean(),
        "restricted_mean_moratorium": frame["first_moratorium"].fillna(1826.0).mean(),
        "held_crisis": frame["held_crisis"].mean(),
    }
    for name, value in expected.items():
        evaluator = evaluation.make_evaluator(scenario, ["proposal"], name)
        assert evaluator.evaluate(evaluator.base[None, :], 300).mean() == pytest.approx(value), name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reeched", 'did you mean "reached"'),
        ("first_deel", 'did you mean "deal"'),
        ("held_talks.one", "allowed: deal"),
        ("reached@2019-01-01", "a date up to 2020-04-10"),
        ("reached@0", "a day from 1 to 100"),
        ("reached@soon", "a date up to"),
        ("reached@", "a date up to"),
        ("restricted_mean@50", "a date after reached"),
        ("ruin", "allowed: reached, restricted_mean"),
    ],
)
def test_a_measure_that_is_unknown_is_refused(name: str, message: str) -> None:
    with pytest.raises(MeasureError, match=message):
        measures.parse(SCENARIO, name)


def test_less_is_better_of_ruin_and_of_waiting() -> None:
    scenario = sim.load("korea-2017")
    better = {"reached": True, "ruin": False, "first_war": False, "restricted_mean": False,
              "restricted_mean_war": True, "held_freeze": True}  # fmt: skip
    for name, more in better.items():
        assert measures.parse(scenario, name).more is more
    assert not measures.parse(scenario, "held_crisis", "less").more


def test_too_many_histories_are_refused_before_they_are_told() -> None:
    evaluator = evaluation.make_evaluator(SCENARIO, ["go"])
    with pytest.raises(InputError, match="allowed at once: 50,000,000"):
        evaluator.evaluate(evaluator.base[None, :], 10**8)


def test_no_uncertain_number_is_a_clear_error() -> None:
    fixed = SCENARIO.override({P: 0.5, Q: 0.5, W: 1})
    with pytest.raises(InputError, match="has no uncertain parameter"):
        evaluation.make_evaluator(fixed)


@pytest.mark.parametrize(("points", "replications"), [(50, 10), (1, 50 * simulation.BATCH)])
def test_nothing_more_is_simulated_once_it_is_cancelled(points: int, replications: int) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    evaluator = replace(evaluation.make_evaluator(SCENARIO, ["go"], workers=1), cancelled=cancelled)
    with pytest.raises(simulation.SimulationCancelled):
        evaluator.evaluate(np.tile(evaluator.base, (points, 1)), replications)
    assert len(asked) == 3


def test_histories_do_not_depend_on_the_blocks_in_which_they_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evaluator = evaluation.make_evaluator(SCENARIO)
    whole = evaluator.evaluate(evaluator.base[None, :], 100, first=7)
    monkeypatch.setattr(simulation, "BATCH", 33)
    monkeypatch.setattr(simulation, "OF_A_TASK", 77)
    np.testing.assert_array_equal(evaluator.evaluate(evaluator.base[None, :], 100, first=7), whole)


def test_a_study_of_a_moved_scenario_stands_elsewhere_between_the_same_ends() -> None:
    evaluator = evaluation.make_evaluator(SCENARIO, ["go"])
    moved = evaluation.make_evaluator(SCENARIO.with_base_values({P: 0.7}), ["go"])
    table = indices.tornado(moved, 500).set_index("number")
    assert tuple(table.loc[P, ["from", "likely", "to"]]) == (0.2, 0.7, 0.8)
    there = evaluator.evaluate(evaluator.with_values({P: 0.7})[None, :], 500)
    np.testing.assert_array_equal(moved.evaluate(moved.base[None, :], 500), there)
    assert there.mean() == pytest.approx(0.7 * 0.8, abs=0.07)
