"""What can be chosen, and start conditions as a line of text."""

from __future__ import annotations

import pytest

from sim.app.editor_options import Party, choices, clauses_of, text_of
from sim.app.strategy_draft import StrategyDraft
from sim.errors import ScenarioError
from sim.scenario.scenario import load


def test_the_choices_are_those_of_the_scenario() -> None:
    scenario = load("korea-2017")
    found = choices(scenario)
    assert list(found.strategies) == list(scenario.strategies)
    assert list(found.tracks) == list(scenario.tracks) == list(found.stages)
    assert found.stages["us_dprk"][0] == "contact"
    assert {"pressure", "broad_mandate"} <= set(found.postures) < set(found.conditions)
    assert [one.name for one in found.parties] == list(scenario.delegations)
    assert all(one.least <= one.tables <= one.most for one in found.parties)
    assert all(isinstance(one, Party) for one in found.parties)


def test_every_start_rule_of_a_scenario_is_read_from_its_text() -> None:
    scenario = load("korea-2017")
    rules = [r for s in scenario.strategies.values() for r in s.starts.values()]
    assert rules and all(clauses_of(text_of(rule)) == rule for rule in rules)


def test_commas_and_or_part_tests() -> None:
    rule = clauses_of(" moratorium, us_dprk.contact or talks>=2 ,!war ")
    texts = [[one.text for one in item] for item in rule]
    assert texts == [["moratorium"], ["us_dprk.contact", "talks>=2"], ["!war"]]
    assert clauses_of("  ") == ()
    assert (
        StrategyDraft.of(load("korea-2017"), "proposal").starts("us_dprk", rule).rules["us_dprk"]
        == rule
    )


@pytest.mark.parametrize("text", ["Not this", "a or", "a,,b", "!a>=2", "a>=0", ","])
def test_what_is_no_test_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ScenarioError, match="allowed"):
        clauses_of(text)
