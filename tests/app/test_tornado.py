"""What matters most: as the tornado of a run around the sliders; cancelled at once."""

from __future__ import annotations

import pandas as pd
import pytest

import sim
from cancelling import nothing_is_simulated_afterwards
from sim.app import tornado as importances
from sim.app.parameters import parameters
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft
from sim.app.tornado import importance, ordered
from sim.app.workspace import Workspace, workspace_of
from sim.errors import InputError
from sim.experiment import evaluator as evaluation
from sim.studies import sensitivity_indices as sensitivity

NUMBERS = {"us_dprk.contact.success": 0.4, "ministerial.freeze.success": 0.2}


@pytest.fixture
def workspace() -> Workspace:
    scenario = sim.load("korea-2017")
    drafts = [StrategyDraft.of(scenario, name) for name in ("pressure", "proposal")]
    drafts[1] = drafts[1].delegations("US", 1)
    return workspace_of(State(scenario="korea-2017", seed=6, drafts=tuple(drafts), numbers=NUMBERS))


def test_the_leading_hand_is_varied_as_in_a_study_of_the_numbers(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importances, "SIZES", (40, 150))
    *_, last = importance(workspace)
    assert last.draft.key == "my_proposal" and last.done and last.n == importances.SIZES[-1]
    own = sim.load("korea-2017").with_base_values(NUMBERS).override({"delegations.US": 1})
    evaluator = evaluation.make_evaluator(own, ["proposal"], "restricted_mean", 6)
    exact = sensitivity.tornado(evaluator, last.n)
    pd.testing.assert_frame_equal(last.table, exact, check_exact=True)
    row = last.table.set_index("number").loc["ministerial.freeze.success"]
    assert tuple(row[["from", "likely", "to"]]) == (0.13, 0.2, 0.58)
    assert row["swing_low"] < row["swing"] < row["swing_high"] < 0  # more of it: sooner
    assert "delegations.US" not in set(last.table["number"])


def test_a_quick_order_comes_first_and_its_histories_are_among_the_later_ones(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importances, "SIZES", (5, 20))
    first, second = importance(workspace, "my_pressure")
    monkeypatch.setattr(importances, "SIZES", (5,))
    (alone,) = importance(workspace, "my_pressure")
    monkeypatch.setattr(importances, "SIZES", (20,))
    (whole,) = importance(workspace, "my_pressure")
    assert [(one.n, one.done) for one in (first, second, alone)] == [
        (5, False), (20, True), (5, True),
    ]  # fmt: skip
    pd.testing.assert_frame_equal(first.table, alone.table)
    pd.testing.assert_frame_equal(second.table, whole.table)
    assert {one.draft.key for one in (first, second)} == {"my_pressure"}


def test_sliders_that_matter_most_stand_on_top(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importances, "SIZES", (5,))
    every = parameters(sim.load("korea-2017"))
    (found,) = importance(workspace, "my_proposal")
    top = [one.name for one in ordered(every, found)]
    moves = list(found.table.loc[found.table["swing"].abs() > 0, "number"])
    assert top[: len(moves)] == moves and 0 < len(moves) < len(every)
    assert top[len(moves) :] == [one.name for one in every if one.name not in moves]
    assert ordered(every, None) == every


@pytest.mark.parametrize("looks", [0, 3, 60])
def test_nothing_is_simulated_once_it_is_cancelled(
    workspace: Workspace, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_is_simulated_afterwards(
        monkeypatch, looks, lambda cancelled: importance(workspace, cancelled=cancelled)
    )


def test_an_unknown_hand_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="allowed: my_pressure, my_proposal"):
        next(importance(workspace, "nobody"))
