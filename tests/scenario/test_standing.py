"""Where a scenario stands: stages that are done, levels and the date of day 0; presets; utility."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.cli import commands
from sim.errors import ScenarioError
from sim.experiment import measures

RULES = Path(__file__).parents[1] / "corpus" / "valid" / "rules.toml"
QUANTITIES = RULES.with_name("quantities.toml")


def test_a_scenario_from_another_day_on() -> None:
    scenario = sim.load(RULES)
    later = scenario.standing(
        done=["talks.meet", "talks.sign"], levels={"heat": 2}, start=dt.date(2020, 2, 1)
    )
    assert later.done == ("talks.meet", "talks.sign")
    assert (later.start, later.horizon) == (dt.date(2020, 2, 1), scenario.horizon)
    assert later.conditions["heat"].initially == 2
    assert later.strategy("two_doors").done == later.done
    assert later.strategy("patient").chosen.done == ()  # the strategy's own list stays
    assert scenario.standing() == scenario
    assert sim.loads(later.text, "rules.toml") == later
    assert scenario.strategy("two_doors").standing(done=[]).strategy("two_doors").done == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"done": ["talks.sign"]}, '"talks.sign" is done, but not talks.meet'),
        ({"done": ["talks.end"]}, 'unknown stage "talks.end"'),
        ({"levels": {"heat": 4}}, "heat: 4; allowed: a whole number from 0 to its max, 3"),
        ({"levels": {"cold": 1}}, 'unknown condition "cold"'),
    ],
)
def test_an_impossible_day(given: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        sim.load(RULES).standing(**given)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_a_preset_is_a_set_of_overrides() -> None:
    scenario = sim.load(RULES)
    assert scenario.preset("hot_summer").shocks["flare"].rate == 6
    assert (
        scenario.strategy("patient").preset("hot_summer").strategy("patient").shocks["flare"].rate
        == 6
    )
    with pytest.raises(ScenarioError, match='unknown preset "cold"'):
        scenario.preset("cold")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "cold"], "unknown preset"),
        (["--done", "talks.end"], "unknown stage"),
        (["--level", "heat=7"], "allowed: a whole number from 0 to its max, 3"),
        (["--level", "heat"], "allowed: a condition and its level"),
        (["--start", "2017"], "allowed: a date"),
    ],
)
def test_options_are_checked(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = commands.main(["trace", str(RULES), *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_utility_is_the_weighted_sum_of_a_row() -> None:
    scenario = sim.load(RULES)
    measure = measures.parse(scenario, "utility")
    frame = pd.DataFrame(
        {
            "outcome": ["deal", "war", "ongoing"],
            "time": [200.0, 300.0, 900.0],
            "first_deal": [200.0, np.nan, np.nan],
            "first_war": [np.nan, 300.0, np.nan],
            "held_quiet": [50.0, 0.0, 10.0],
            "n_leak": [1, 0, 2],
        }
    )
    found = measure.values({name: frame[name].to_numpy() for name in frame})
    assert found == pytest.approx([100 - 10 + 5 - 3, -45 - 2000, -45 + 1 - 6])
    assert measure.more and measure.better == "higher"


def test_a_quantity_is_one_parameter_wherever_it_stands() -> None:
    scenario = sim.load(QUANTITIES)
    assert (
        "quantities.pause" in scenario.ranges() and "talks.sign.duration" not in scenario.ranges()
    )
    other = scenario.override({"quantities.even": 0.25, "quantities.after_breakdown.median": 70})
    stages = other.tracks["talks"].stages
    assert [stage.success for stage in stages] == [0.25, 0.25]
    assert stages[0].setbacks[0].delay == stages[1].setbacks[0].delay
    assert stages[0].setbacks[0].delay.params["median"] == 70
    assert list(other.parameters()) == list(scenario.parameters())
    assert sim.loads(other.text, "quantities.toml").text == other.text
    assert sim.translate(other).values["quantities.even"] == 0.25
    assert (
        scenario.with_base_values({"quantities.pause": 30}).ranges()["quantities.pause"].high == 40
    )


def test_a_quantity_gives_the_rows_that_its_copies_would() -> None:
    """Each variate keeps its address: only the parameters are shared."""
    shared = sim.load(QUANTITIES)
    text = shared.text
    for name, value in (("after_breakdown", "{ median = 90, sigma = 0.8, max = 900 }"),
                        ("pause", "20"), ("even", "0.5"), ("better", "1.5"), ("teams", "2"),
                        ("seen", "{ values = [3, 9, 20] }")):  # fmt: skip
        text = text.replace(f'= "{name}"', f"= {value}")
    text = text[: text.index("[[correlations]]")] + "[strategies.usual]\n"
    text = text[: text.index("[quantities]")] + text[text.index("[delegations]") :]
    copied = sim.loads(text)
    assert not copied.quantities
    frames = [
        sim.run(one, "usual", 40, engine="simpy", workers=1).frame for one in (shared, copied)
    ]
    pd.testing.assert_frame_equal(*frames)


def test_a_quantity_that_stands_nowhere_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(sim.load(QUANTITIES).text.replace("teams = 2", "teams = 2\nunused = 3"))
    issues, _, notes = sim.check(path)
    assert issues == ()
    assert [n.place for n in notes if "stands nowhere else" in n.message] == ["quantities.unused"]


def test_a_weight_may_be_a_quantity(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    text = sim.load(QUANTITIES).text.replace("teams = 2", "teams = 2\nworth = -3")
    path.write_text(text + '\n[utility]\ndeal = "worth"\n')
    issues, _, notes = sim.check(path)
    assert issues == () and not [n for n in notes if "stands nowhere else" in n.message]
    frame = {"first_deal": np.array([3.0, np.nan])}
    assert measures.parse(sim.load(path), "utility").values(frame).tolist() == [-3.0, 0.0]
