"""Drafts: strategies opened without loss, moved, and written as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.app.strategy_draft import StrategyDraft, file_of, opened
from sim.engine import kernel
from sim.engine.program import translate
from sim.engine.rows import Rows
from sim.errors import ScenarioError
from sim.scenario.scenario import Scenario, catalog, load

EVERY = [(s, name) for s in catalog() for name in load(s).strategies]


def told(scenario: Scenario, name: str) -> tuple[Rows, list[str]]:
    program = translate(scenario.strategy(name))
    rows = kernel.simulate(program, 3, 0, 200)
    return rows, [program.items[i] if i >= 0 else str(i) for i in rows.binding]


@pytest.mark.parametrize(("source", "name"), EVERY)
def test_every_strategy_of_the_catalog_opens_without_loss(
    source: str, name: str, tmp_path: Path
) -> None:
    draft = StrategyDraft.of(load(source), name)
    file = tmp_path / "draft.toml"
    file.write_text(draft.file(), encoding="utf-8")
    scenario = load(source, [file])
    (ours, ours_bound), (theirs, theirs_bound) = (told(scenario, k) for k in (draft.key, name))
    for mine, its in zip(ours[:-1], theirs[:-1], strict=True):
        np.testing.assert_array_equal(mine, its)
    assert ours_bound == theirs_bound


def test_a_chain_of_start_rules_opens_as_steps() -> None:
    draft = StrategyDraft.of(load("korea-2017"), "sequential")
    assert draft.steps == (
        ("us_dprk",), ("north_south",), ("working_group",), ("ministerial",), ("settlement",),
    )  # fmt: skip
    assert draft.milestones["working_group"] == "principles"


def test_a_rule_that_is_no_order_stays_a_start_condition() -> None:
    draft = StrategyDraft.of(load("korea-2017"), "seoul_first")
    assert draft.steps == (("north_south",), ("us_dprk", "working_group"))
    assert [one.text for item in draft.rules["ministerial"] for one in item] == ["moratorium"]
    assert draft.words().startswith("north south first, then us dprk and working group; ")


def test_moves_give_new_hands_and_leave_the_old_one() -> None:
    draft = StrategyDraft.of(load("korea-2017"), "seoul_first")
    moved = draft.move("us_dprk", 0)
    assert moved.steps == (("us_dprk",), ("north_south",), ("working_group",))
    assert moved.together("north_south", "working_group").steps == (
        ("us_dprk",), ("working_group", "north_south"),
    )  # fmt: skip
    out = moved.leave_out("north_south")
    assert out.steps == (("us_dprk",), ("working_group",)) and "north_south" in out.left_out
    back = out.starts("north_south", ())
    assert "north_south" not in back.left_out and back.strategy().starts["north_south"] == ()
    assert draft.steps == (("north_south",), ("us_dprk", "working_group"))


def test_postures_and_delegations_are_switched_and_undone() -> None:
    draft = StrategyDraft.of(load("korea-2017"), "seoul_first")
    assert draft.posture("pressure", True).posture("pressure", False) == draft
    assert draft.posture("broad_mandate", True) is draft
    assert draft.delegations("US", 3).strategy().overrides == {"delegations.US": 3.0}
    assert draft.delegations("US", 3).delegations("US", None) == draft


def test_what_a_hand_overrides_wins_over_the_table() -> None:
    draft = StrategyDraft.of(load("korea-2017"), "seoul_first").delegations("US", 3)
    strategy = draft.strategy({"delegations.US": 1.0, "delegations.DPRK": 2.0})
    assert strategy.overrides == {"delegations.US": 3.0, "delegations.DPRK": 2.0}


def test_keys_are_unlike_those_of_the_scenario_and_of_other_hands(tmp_path: Path) -> None:
    scenario = load("korea-2017")
    one = StrategyDraft.of(scenario, "proposal")
    other = StrategyDraft.of(scenario, "proposal", [one.key])
    file = tmp_path / "drafts.toml"
    file.write_text(file_of([one, other]), encoding="utf-8")
    assert list(load("korea-2017", [file]).strategies)[-2:] == ["my_proposal", "my_proposal_2"]


def test_a_strategy_file_opens_as_the_hands_that_wrote_it() -> None:
    scenario = load("korea-2017")
    drafts = [StrategyDraft.of(scenario, name) for name in ("seoul_first", "sequential")]
    drafts[1] = drafts[1].move("us_dprk", 9).delegations("US", 1)
    again = opened(scenario, file_of(drafts))
    assert [one.key for one in again] == [one.key for one in drafts]
    assert [one.words() for one in again] == [one.words() for one in drafts]
    assert [one.file() for one in again] == [one.file() for one in drafts]
    (other,) = opened(scenario, drafts[0].file(), [drafts[0].key])
    assert other.key == f"{drafts[0].key}_2"


@pytest.mark.parametrize(
    "text",
    ["x", "a = 1", "[strategies.x]\nnever = ['nobody']", "[strategies.proposal]", "strategies = 1"],
)
def test_what_is_no_strategy_file_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="strategy file"):
        opened(load("korea-2017"), text)


def test_rules_and_what_is_done_are_kept() -> None:
    path = Path(__file__).parents[1] / "corpus" / "valid" / "rules.toml"
    scenario = load(path)
    draft = StrategyDraft.of(scenario, "patient")
    one = draft.strategy()
    assert one.rules == scenario.strategies["patient"].rules
    assert one.done == ()
    assert "envoy after two rebuffs" in draft.words()
    again = opened(scenario, draft.file())[0]
    assert (again.strategy().rules, again.strategy().done) == (one.rules, one.done)
