"""Sliders: which take whole numbers, and which a draft overrides."""

from __future__ import annotations

import pytest

from sim.app.parameters import overriding, parameters
from sim.app.strategy_draft import StrategyDraft
from sim.errors import ScenarioError
from sim.scenario.scenario import catalog, load


def test_whole_numbers_are_those_that_the_model_takes_whole_only() -> None:
    seen = set()
    for scenario in map(load, catalog()):
        for one in parameters(scenario):
            seen.add(one.whole)
            between = int(one.low) + 0.5
            if one.whole:
                with pytest.raises(ScenarioError, match="whole"):
                    scenario.override({one.name: between})
            else:
                scenario.override({one.name: (one.low + one.likely) / 2})
    assert True in seen and False in seen


def test_a_hand_with_a_value_of_its_own_is_named() -> None:
    scenario = load("korea-2017")
    drafts = [StrategyDraft.of(scenario, name) for name in ("proposal", "sequential")]
    drafts[1] = drafts[1].delegations("US", 1)
    assert overriding(drafts, "delegations.US") == {drafts[1].key: 1.0}
    assert overriding(drafts, "us_dprk.contact.success") == {}


def test_a_number_without_a_unit_is_said_without_one() -> None:
    every = {one.name: one for one in parameters(load("iran-2013"))}
    assert every["geneva.interim.walkout.delay.sigma"].measure == ""
    assert every["geneva.interim.success"].measure == "share"
