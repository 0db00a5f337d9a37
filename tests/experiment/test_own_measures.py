"""A measure of one's own is a column, and works in every comparison and study."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from sim.errors import InputError

NAMES = ["proposal", "pressure"]


def calm(frame):
    return 1 - frame["held_crisis"] / 1826


@pytest.fixture(scope="module")
def plain() -> sim.Results:
    return sim.run("korea-2017", NAMES, 200)


@pytest.fixture(scope="module")
def results(plain) -> sim.Results:
    own = plain.measure("calm", calm).measure("tests", "n_missile_test", better="less")
    return own.measure("quick", lambda frame: frame["time"] < 1000, unit="share")


def test_it_is_a_column_beside_the_others(plain, results) -> None:
    assert list(results.frame.columns) == [*plain.frame.columns, "calm", "tests", "quick"]
    pd.testing.assert_series_equal(results.frame["calm"], calm(plain.frame), check_names=False)
    assert "calm" not in plain.frame and plain.measures == ()
    again = sim.extend(results, replications=300)
    assert [one.name for one in again.measures] == ["calm", "tests", "quick"]
    assert len(again.frame["quick"]) == 600


def test_a_comparison_has_the_mean_of_its_paired_differences(results) -> None:
    wide = results.frame.pivot(index="replication", columns="strategy", values="calm")
    apart = (wide["pressure"] - wide["proposal"]).to_numpy()
    row = results.compare("proposal").set_index("measure").loc["calm"]
    assert row["best"] == pytest.approx(apart.mean(), rel=1e-12) and row["better"] == "higher"
    half = stats.t.ppf(0.975, 199) * apart.std(ddof=1) / np.sqrt(200)
    assert row["high"] - row["best"] == pytest.approx(half, rel=1e-9)
    assert results.compare("proposal").set_index("measure").loc["tests", "better"] == "lower"


def test_a_summary_has_its_mean_and_limits(results) -> None:
    table = results.summary().set_index("strategy")
    for name in ("calm", "tests", "quick"):
        means = results.frame.groupby("strategy", observed=True)[name].mean()
        for strategy in NAMES:
            low, best, high = (table.loc[strategy, f"{name}{end}"] for end in ("_low", "", "_high"))
            assert best == pytest.approx(means[strategy]) and low < best < high
    assert table["quick_low"].ge(0).all() and results.to_experiments()[1]["calm"].shape == (2,)


def test_studies_of_the_parameters_take_it(results) -> None:
    own = results.measures[0]
    few = {"replications": 4, "base": 2, "trajectories": 2}
    study = sim.sensitivity(results.scenario, "proposal", own, **few)
    assert study.manifest["measure"] == "calm" and len(study.tables["tornado"])
    pair = ("us_dprk.contact.success", "us_dprk.moratorium.success")
    robust = sim.robust(results.scenario, NAMES, own, draws=8, replications=4, numbers=pair)
    ranking = robust.tables["ranking"]
    assert ranking["value"].between(0, 1).all()
    assert ranking["best"].sum() == pytest.approx(1) and ranking["regret"].max() > 0.01


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("time", calm, 'there is already "time"'),
        ("reached", calm, 'there is already "reached"'),
        ("", calm, "name: found an empty text"),
        ("x", "n_missile_tst", 'unknown column "n_missile_tst"; did you mean "n_missile_test"'),
        ("x", lambda frame: frame["time"].head(3), r"found values of shape \(3,\); allowed: one f"),
        ("x", lambda frame: frame["first_freeze"], "replications without a number"),
    ],
)
def test_what_cannot_be_a_measure_is_one_sentence(plain, name, function, message) -> None:
    with pytest.raises(InputError, match=message):
        plain.measure(name, function)
