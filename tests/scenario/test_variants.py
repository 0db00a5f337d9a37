"""Strategies and variants made in Python are those that a file would give."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.errors import InputError

FILE = """
extends = "korea-2017"
[strategies.mine]
about = "the envoy first"
starts = { ministerial = ["moratorium", ["working_group.principles", "north_south.exchange"]] }
never = ["bilateral"]
raises = ["russian_envoy"]
priority = ["us_dprk"]
overrides = { "us_dprk.contact.success" = 0.5 }
"""
KEYS = {
    "about": "the envoy first",
    "starts": {"ministerial": ("moratorium", ["working_group.principles", "north_south.exchange"])},
    "never": ("bilateral",),
    "raises": {"russian_envoy"},
    "priority": np.array(["us_dprk"]),
}


@pytest.fixture(scope="module")
def korea() -> sim.Scenario:
    return sim.load("korea-2017")


@pytest.mark.parametrize("path", ["us_dprk.contact.success", "tracks.us_dprk.contact.success"])
def test_a_strategy_is_that_of_a_file(korea, path) -> None:
    ours = korea.with_strategy("mine", **KEYS, overrides={path: np.float64(0.5)})
    assert ours.strategies == sim.loads(FILE).strategies
    assert ours.name == "korea-2017" and list(korea.strategies) == list(ours.strategies)[:-1]
    frame = sim.run(ours, "mine", 20).frame
    assert frame.equals(sim.run(sim.loads(FILE), "mine", 20).frame)


def test_rules_and_what_is_done_are_those_of_a_file(korea) -> None:
    rule = {
        "name": "quiet",
        "when": ("moratorium", "!crisis"),
        "held": 60,
        "opens": ["ministerial"],
    }
    ours = korea.with_strategy("mine", rules=[rule], done=["us_dprk.contact"])
    text = (
        'extends = "korea-2017"\n[strategies.mine]\ndone = ["us_dprk.contact"]\n'
        '[[strategies.mine.rules]]\nname = "quiet"\nwhen = ["moratorium", "!crisis"]\n'
        'held = 60\nopens = ["ministerial"]\n'
    )
    assert ours.strategies["mine"] == sim.loads(text).strategies["mine"]


def test_a_strategy_may_be_like_another_and_may_be_replaced(korea) -> None:
    ours = korea.strategy("pressure").with_strategy("mine", like="proposal", raises=[])
    mine, proposal = ours.strategies["mine"], ours.strategies["proposal"]
    assert mine.starts == proposal.starts and mine.raises == () != proposal.raises
    assert ours.with_strategy("mine", about="anew").strategies["mine"].starts == {}
    assert ours.chosen.name == "default"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"starts": {"ministeria": []}}, "with_strategy: strategies.mine.starts.ministeria: unkn"),
        ({"order": "us_dprk"}, "strategies.mine.order: .*allowed: a list of groups of tracks"),
        ({"raises": ["russian_envoi"]}, '"russian_envoi"; did you mean "russian_envoy"'),
        ({"overrides": {"missile_test.rat": 1}}, 'did you mean "missile_test.rate"'),
    ],
)
def test_what_is_wrong_with_a_strategy_is_an_issue_with_its_place(korea, keys, message) -> None:
    with pytest.raises(sim.ScenarioError, match=message):
        korea.with_strategy("mine", **keys)


def test_wrong_names_are_one_sentence(korea) -> None:
    with pytest.raises(InputError, match='like: unknown strategy "propsal"; did you mean'):
        korea.with_strategy("mine", like="propsal")
    with pytest.raises(InputError, match='unknown shock, setback or influence "wars"; did you'):
        korea.without("wars")
    with pytest.raises(TypeError, match=r"with_strategy\(\) got an unexpected keyword argument"):
        korea.with_strategy("mine", start={})


def test_without_switches_off_whatever_strategies_say(korea) -> None:
    ours = korea.with_strategy("loud", overrides={"missile_test.probability": 0.5})
    quiet = ours.without("missile_test", "us_dprk.contact.rebuff")
    frame = sim.run(quiet, ["proposal", "loud"], 40).frame
    assert (frame["n_missile_test"] == 0).all()
    assert sim.run(ours, ["loud"], 40).frame["n_missile_test"].sum() > 0
    same = korea.override({"missile_test.probability": 0, "us_dprk.contact.rebuff.weight": 0})
    assert sim.run(same, "proposal", 40).frame.equals(
        frame[frame["strategy"] == "proposal"].assign(
            strategy=lambda f: f["strategy"].cat.set_categories(["proposal"])
        )
    )


def test_an_influence_without_effect_has_ratio_1(korea) -> None:
    name = next(one.name for one in korea.influences if one.name is not None)
    one = next(one for one in korea.without(name).influences if one.name == name)
    assert one.ratio == 1.0


def test_paths_may_begin_with_their_section(korea) -> None:
    ours = korea.override({"shocks.missile_test.rate": 8, "conditions.crisis.fades.mean": 30})
    assert ours == korea.override({"missile_test.rate": 8, "crisis.fades.mean": 30})
    with pytest.raises(sim.ScenarioError, match=r"shocks\.missile_tst\.rate"):
        korea.override({"shocks.missile_tst.rate": 8})
