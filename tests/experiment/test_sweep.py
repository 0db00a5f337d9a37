"""A sweep is one run at each point, paired by common random numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import sim
from sim.errors import InputError

GRID = {"shocks.missile_test.rate": [8, 14, 24], "us_dprk.contact.success": [0.2, 0.6]}
NAMES = ["proposal", "bilateral_only"]


@pytest.fixture(scope="module")
def found() -> sim.Sweep:
    return sim.sweep("korea-2017", GRID, NAMES, replications=40, seed=3)


def test_each_point_is_a_run_with_these_values(found) -> None:
    assert len(found) == 6 and list(found.points.columns) == list(GRID)
    korea = sim.load("korea-2017")
    for values, results in found:
        alone = sim.run(korea.override(values), NAMES, 40, 3)
        pd.testing.assert_frame_equal(results.frame, alone.frame)
        at = (found.frame[list(values)] == pd.Series(values)).all(axis=1)
        own = found.frame[at].drop(columns=list(values)).reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone.frame, check_categorical=False)


def test_tables_are_tidy_and_take_columns_without_a_warning(found) -> None:
    for table, rows in ((found.frame, 6 * 2 * 40), (found.summary(), 12), (found.compare(), None)):
        assert list(table.columns[:3]) == [*GRID, "strategy"]
        assert rows is None or len(table) == rows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found.frame.assign(years=found.frame["time"] / 365.25)["years"].mean()


def test_replications_of_all_points_are_pairs(found) -> None:
    wide = found.frame[found.frame["strategy"] == "proposal"].pivot(
        index="replication", columns=list(GRID), values="time"
    )
    assert wide.shape == (40, 6) and wide.notna().all(axis=None)
    close = wide.corr().to_numpy()[np.triu_indices(6, 1)]
    assert np.nanmean(close) > 0.3


def test_a_list_of_points_is_taken_as_it_stands() -> None:
    points = [
        {"missile_test.rate": 8, "war.rate": 0.01},
        {"missile_test.rate": 24, "war.rate": 0.1},
    ]
    found = sim.sweep("korea-2017", points, "proposal", 10)
    assert [values for values, _ in found] == points


def test_a_sweep_is_shown_and_drawn(found) -> None:
    assert len(repr(found)) < 1000 and "6 points" in repr(found)
    text = found._repr_html_()
    assert text.count("<tr>") == 13 and "<script" not in text
    for ax in (found.plot(), found.plot("restricted_mean", "us_dprk.contact.success")):
        assert len(ax.get_lines()) in (4, 6)
        assert ax.figure.number in plt.get_fignums()
    plt.close("all")
    one = sim.sweep("korea-2017", {"missile_test.rate": [8, 24]}, "proposal", 10)
    figure, ax = plt.subplots()
    assert one.plot("ruin", ax=ax) is ax and len(ax.get_lines()) == 1
    assert ax.get_lines()[0].get_ydata().tolist() == one.summary()["ruin"].tolist()
    plt.close(figure)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "values: found no point"),
        ([], "values: found no point"),
        ({"missile_test.rate": []}, "values: found no point"),
        ({"missile_test.rate": 8}, "missile_test.rate: found 8; allowed: a list of values"),
        ({"missile_test.rate": "8"}, "allowed: a list of values"),
        ([{"missile_test.rate": 8}, {"war.rate": 0.1}], "points differ in their parameters"),
        ({"war.rate": np.linspace(0, 1, 10_001)}, "found 10,001 points"),
    ],
)
def test_points_that_cannot_be_are_one_sentence(values, message) -> None:
    with pytest.raises(InputError, match=message):
        sim.sweep("korea-2017", values)


def test_a_wrong_parameter_or_measure_is_one_sentence(found) -> None:
    with pytest.raises(sim.ScenarioError, match=r'did you mean "missile_test\.rate"'):
        sim.sweep("korea-2017", {"missile_tst.rate": [8]})
    with pytest.raises(InputError, match='unknown measure "reachd"; did you mean "reached"'):
        found.plot("reachd")
    with pytest.raises(InputError, match='unknown parameter "x"'):
        found.plot(x="x")
