"""The STRESS checklist is complete, and says what the scenario says."""

from __future__ import annotations

import re

import pytest

import sim
from sim.cli import commands
from sim.reporting import stress_des

ITEMS = ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "2.5.1", "2.5.2", "2.5.3", "2.5.4",
         "2.5.5", "3.1", "3.2", "3.3", "3.4", "4.1", "4.2", "4.3", "5.1", "5.2", "5.3", "5.4",
         "6.1"]  # fmt: skip

BARE = """
title = "Two and a deal"
start = 2026-01-01
horizon = 100
goal = "deal"
conditions = { deal = {} }
tracks.talks.stages = [ { name = "round", duration = 5, success = 1, raises = ["deal"] } ]
"""


@pytest.mark.parametrize("name", sim.catalog())
def test_no_item_is_empty_and_every_entity_appears(name) -> None:
    scenario = sim.load(name)
    items = [item for _, some in stress_des.sections(scenario) for item in some]
    assert [number for number, _, _ in items] == ITEMS
    for number, asked, answer in items:
        assert asked and len(answer.strip(" .-\n")) > 3, number
    text = stress_des.checklist(scenario)
    named = [*scenario.tracks, *scenario.stages, *scenario.conditions, *scenario.shocks,
             *scenario.strategies, *scenario.numbers()]  # fmt: skip
    assert [name for name in named if f"`{name}`" not in text] == []
    assert all(f"- {party}: " in text for party in scenario.delegations)
    for influence in scenario.influences:
        assert influence.of.condition in text


def test_numbers_are_those_of_the_scenario() -> None:
    text = stress_des.checklist(sim.load("korea-2017"))
    assert "`us_dprk.contact.success`: 0.25 (0.1 to 0.49) share; record: 4 of 16" in text
    assert "**4.2 Run length.** 1826 days, or until war; not until the goal." in text


def test_a_track_that_may_be_given_up_is_told() -> None:
    setbacks = ', success = 0.5, setbacks = [ { name = "shut", delay = 9, resume = "abandon" } ]'
    scenario = sim.loads(BARE.replace(", success = 1", setbacks))
    assert "abandoned at `talks.round` (shut)" in stress_des.checklist(scenario)


def test_a_bare_scenario_says_what_it_lacks() -> None:
    text = stress_des.checklist(sim.loads(BARE))
    assert "every party can sit at any number" in text.lower()
    assert not re.search(r"\*\*\s*$", text, re.M)


def test_the_command_prints_and_writes_it(tmp_path, capsys) -> None:
    assert commands.main(["stress", "iran-2013"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# STRESS-DES: iran-2013")
    path = tmp_path / "stress.md"
    assert commands.main(["stress", "iran-2013", "--out", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == printed
    assert commands.main(["stress", "nowhere"]) == 2
    assert commands.main(["stress", "iran-2013", "--out", str(tmp_path)]) == 1
