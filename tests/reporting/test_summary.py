"""What is made of a run, and what is said where it cannot be made."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sim
from builders import TWO_TRACKS as TWO
from sim.analysis import incidence
from sim.errors import InputError
from sim.reporting import summary


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> sim.Results:
    return sim.run(sim.load(TWO), replications=60, out=tmp_path_factory.mktemp("run"))


def test_tables_are_those_of_the_statistics_and_stand_in_the_folder(results) -> None:
    scenario = results.scenario
    table = summary.summarise(results)
    pd.testing.assert_frame_equal(
        table, incidence.summary(results.frame, "freeze", "war", scenario.horizon)
    )
    written = pd.read_csv(results.folder / "summary.csv")
    pd.testing.assert_frame_equal(written, table, check_dtype=False, check_categorical=False)
    differences = summary.differences(results, "in_order", "crisis")
    assert set(differences["baseline"]) == {"in_order"}
    assert len(pd.read_csv(results.folder / "differences.csv")) == len(differences)


def test_the_first_strategy_is_the_baseline_where_none_is_named(results) -> None:
    assert set(summary.differences(results)["baseline"]) == {"direct"}


def test_figures_say_what_their_lines_are(results) -> None:
    drawn = summary.figures(results, "hardline", "dialogue")
    assert [path.name for path in drawn] == ["incidence", "outcomes", "times", "differences"]
    said = {path.name: path.with_suffix(".svg").read_text(encoding="utf-8") for path in drawn}
    assert all("60 replications of each strategy, seed 1" in text for text in said.values())
    assert "bands are 95 % intervals" in said["incidence"]
    assert "bars are 95 % intervals" in said["differences"]
    assert "intervals" not in said["outcomes"] + said["times"]
    assert "dialogue" in said["incidence"] and "Against hardline" in said["differences"]


def test_counts_by_day_have_no_pairs_to_differ(tmp_path: Path) -> None:
    counted = sim.run(sim.load(TWO), replications=40, keep="summary", out=tmp_path)
    assert [path.name for path in summary.figures(counted)] == ["incidence", "outcomes", "times"]
    with pytest.raises(InputError, match="this needs rows"):
        summary.differences(counted)


def test_what_cannot_be_made_is_said(results) -> None:
    scenario = results.scenario
    with pytest.raises(InputError, match='did you mean "direct"'):
        summary.trace(scenario, "driect")
    with pytest.raises(InputError, match="unknown baseline"):
        summary.differences(results, "nosuch")
    with pytest.raises(InputError, match='unknown endpoint "crisi"'):
        summary.summarise(results, "crisi")
    with pytest.raises(InputError, match='unknown endpoint "crisi"'):
        summary.differences(results, None, "crisi")
    with pytest.raises(InputError, match="a comparison needs two"):
        summary.differences(sim.run(scenario, ["direct"], 5))
    with pytest.raises(InputError, match="no place for figures"):
        summary.figures(sim.run(scenario, replications=5))


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_history_is_the_one_of_the_run(results, engine: str) -> None:
    frame = results.frame
    for strategy in ("direct", "hardline"):
        row = summary.trace(results.scenario, strategy, 17, engine=engine).row
        same = frame[(frame["strategy"] == strategy) & (frame["replication"] == 17)].iloc[0]
        for name, value in same.items():
            assert row[name] == value or (row[name] != row[name] and value != value), name
    assert summary.trace(results.scenario, engine=engine).strategy == "direct"


def test_a_scenario_without_strategies_has_one_history_to_tell() -> None:
    plain = sim.loads(TWO.read_text(encoding="utf-8").split("[strategies")[0], "plain.toml")
    assert summary.trace(plain).strategy == "default"
