"""Measures: the same values from rows of an engine and from a frame; those of one's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim.analysis.comparison import compare, measures_of, paired_samples
from sim.analysis.measures import Measure
from sim.analysis.samples import validate
from sim.engine import kernel
from sim.engine.program import translate
from sim.engine.rows import frame
from sim.errors import MeasureError
from sim.experiment.evaluator import make_evaluator
from sim.experiment.measures import RowColumns, parse

SCENARIO = sim.load("korea-2017")
PROGRAM = translate(SCENARIO.strategy("proposal"))
ROWS = kernel.simulate(PROGRAM, 3, 0, 400)
FRAME = frame(PROGRAM, ROWS)
COST = Measure("cost", lambda of: 0.1 * of["held_crisis"] + 30 * of["n_nuclear_test"], more=False)


def two() -> pd.DataFrame:
    names = "proposal", "pressure"
    return sim.run(SCENARIO, names, 300, seed=3).frame


@pytest.mark.parametrize(
    "name",
    ["reached", "reached@800", "ruin", "ruin@2019-01-01", "first_moratorium@365", "held_crisis",
     "first_us_dprk.contact", "restricted_mean", "restricted_mean_moratorium"],
)  # fmt: skip
def test_rows_and_frames_have_the_same_values(name: str) -> None:
    measure = parse(SCENARIO, name)
    values = measure.values(FRAME)
    assert len(np.unique(values)) > 1 and values.dtype == np.float64
    np.testing.assert_array_equal(measure.values(RowColumns(PROGRAM, ROWS)), values)


def test_comparisons_and_studies_mean_the_same_by_a_name() -> None:
    valid = validate(FRAME, SCENARIO.goal, SCENARIO.horizon, ruin=SCENARIO.ruin)
    for measure in measures_of(valid, years=()):
        ours = parse(SCENARIO, measure.name)
        np.testing.assert_array_equal(ours.values(FRAME), measure.values(FRAME))
        assert (ours.unit, ours.better, ours.bounds) == (
            measure.unit, measure.better, measure.bounds
        ), measure.name  # fmt: skip


def test_ruin_counts_also_after_the_goal() -> None:
    after = np.array([True, False, False])
    table = {
        "outcome": np.array(["freeze", "war", "ongoing"]),
        "time": np.array([10.0, 20.0, 1826.0]),
        "first_war": np.where(after, 90.0, [0.0, 20.0, np.nan]),
    }
    assert parse(SCENARIO, "ruin").values(table).tolist() == [1, 1, 0]
    assert parse(SCENARIO, "ruin@50").values(table).tolist() == [0, 1, 0]


def test_a_measure_of_ones_own_is_evaluated() -> None:
    evaluator = make_evaluator(SCENARIO, ["proposal"], COST, seed=3)
    values = evaluator.evaluate(evaluator.base[None, :], 400)[0, 0]
    np.testing.assert_array_equal(values, 0.1 * FRAME["held_crisis"] + 30 * FRAME["n_nuclear_test"])


def test_a_column_is_a_measure() -> None:
    measure = Measure("tests", "n_nuclear_test", "tests", more=False)
    assert measure.values(RowColumns(PROGRAM, ROWS)).tolist() == FRAME["n_nuclear_test"].tolist()
    with pytest.raises(MeasureError, match='did you mean "n_nuclear_test"'):
        Measure("tests", "n_nuclear_tests").values(RowColumns(PROGRAM, ROWS))


def test_a_measure_of_ones_own_is_compared() -> None:
    runs = two()
    about = (SCENARIO.goal, SCENARIO.ruin, SCENARIO.horizon)
    table = compare(runs, "pressure", *about, own=[COST]).set_index("measure")
    cost = COST.values(runs)
    ours, theirs = (cost[runs["strategy"] == name] for name in ("proposal", "pressure"))
    assert table.loc["cost", "best"] == pytest.approx((ours - theirs).mean())
    assert table.loc["cost", "better"] == "lower"
    assert table.loc["cost", "low"] < table.loc["cost", "best"] < table.loc["cost", "high"]
    plain = compare(runs, "pressure", *about).set_index("measure")
    pd.testing.assert_frame_equal(table.drop(index="cost"), plain)
    measure = paired_samples(runs, *about, own=[COST]).measures[-1]
    assert measure.bounds == (cost.min(), cost.max())
