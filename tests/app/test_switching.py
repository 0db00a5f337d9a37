"""What would flip it: the values are those at which runs change places; cancelled at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sim
from cancelling import nothing_is_simulated_afterwards
from sim.app.progressive import Answer
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft
from sim.app.switching import Flips, flips, leading
from sim.app.workspace import Workspace, workspace_of
from sim.errors import InputError
from sim.studies import switching_values

PAIR = ("bilateral_only", "all_parallel")
NUMBER = "bilateral.freeze.success"


@pytest.fixture
def workspace() -> Workspace:
    scenario = sim.load("korea-2017")
    drafts = tuple(StrategyDraft.of(scenario, name) for name in (*PAIR, "pressure"))
    return workspace_of(State(scenario="korea-2017", seed=3, drafts=drafts))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching_values, "PRECISE", 1000)


def changed(workspace: Workspace, change: Callable[[State], State]) -> Workspace:
    return workspace_of(change(workspace.state))


def lead_at(value: float) -> float:
    """By how many days the second is sooner, in a run in which the number has this value."""
    scenario = sim.load("korea-2017").override({NUMBER: value})
    frame = sim.run(scenario, PAIR, replications=4000, seed=77).frame
    table = sim.summary(frame, scenario.goal, scenario.ruin, scenario.horizon)
    days = table.set_index("strategy")["restricted_mean"]
    return float(days[PAIR[0]] - days[PAIR[1]])


def test_a_value_that_flips_it_is_one_at_which_runs_change_places(workspace: Workspace) -> None:
    first, last = flips(workspace, workspace.keys[:2])
    assert (first.done, last.done) == (False, True)
    assert last.leader.key == workspace.keys[0] and last.rival.key == workspace.keys[1]
    assert last.table["number"].nunique() == 5 and last.numbers > 200
    assert not last.tied and 0 < last.lead[0] < last.lead[1] < last.lead[2]
    row = last.table.set_index("number").loc[NUMBER]
    assert row["verdict"] == switching_values.SWITCHES and row["end"] == "low"
    width = row["value_high"] - row["value_low"]
    assert lead_at(row["value_low"] - width) > 0 > lead_at(row["value_high"] + width)
    assert '"my all parallel" takes over where' in last.sentence
    assert f"bilateral freeze success falls from 0.2 to {row['value']:.3g}" in last.sentence


@pytest.mark.usefixtures("quick")
def test_a_study_begins_where_the_sliders_stand(workspace: Workspace) -> None:
    moved = changed(workspace, lambda state: state.with_number(NUMBER, 0.1))
    *_, last = flips(moved, workspace.keys[:2], replications=10, shown=1000)
    row = last.table.set_index("number").loc[NUMBER]
    assert tuple(row[["from", "likely", "to"]]) == (0.094, 0.1, 0.37)
    assert last.leader.key == workspace.keys[1]


@pytest.mark.usefixtures("quick")
def test_numbers_that_one_of_the_two_overrides_are_not_asked(workspace: Workspace) -> None:
    name = "delegations.US"
    own = [draft.delegations("US", 3) for draft in workspace.state.drafts]
    for drafts, asked in (
        ((own[0], *workspace.state.drafts[1:]), False),
        ((workspace.state.drafts[0], own[1], workspace.state.drafts[2]), False),
        ((*workspace.state.drafts[:2], own[2]), True),
    ):
        one = changed(workspace, lambda state, drafts=drafts: replace(state, drafts=drafts))  # type: ignore[misc]
        found = next(flips(one, workspace.keys[:2], replications=2, shown=1000))
        assert (name in set(found.table["number"])) is asked
        assert found.numbers == found.table["number"].nunique()
    free = next(flips(workspace, workspace.keys[:2], replications=2)).numbers
    assert free == found.numbers


@pytest.mark.parametrize("looks", [0, 5, 40])
def test_nothing_is_simulated_once_it_is_cancelled(
    workspace: Workspace, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_is_simulated_afterwards(
        monkeypatch, looks, lambda cancelled: flips(workspace, workspace.keys[:2], cancelled)
    )


def test_what_are_not_two_hands_is_refused(workspace: Workspace) -> None:
    for keys in (
        (),
        workspace.keys[:1],
        workspace.keys,
        (workspace.keys[0], "nobody"),
        (workspace.keys[0],) * 2,
    ):
        with pytest.raises(InputError, match="allowed: two of"):
            next(flips(workspace, keys))


def test_the_leading_hands_are_the_first_of_the_summary(workspace: Workspace) -> None:
    frame = pd.DataFrame({"strategy": pd.Categorical(["b", "a", "c"])})
    answer = Answer(workspace.state, summary=frame)
    assert answer.summary is not None and leading(answer.summary) == ("b", "a")
    assert leading(frame[:1]) == ("b",)


# -- in words -------------------------------------------------------------------------------------


def found(workspace: Workspace, *rows: dict[str, object], **changes: object) -> Flips:
    leader, rival, _ = workspace.state.drafts
    usual = {"number": "a.b.success", "from": 0.1, "likely": 0.3, "to": 0.6, "end": "low",
             "value_low": 0.15, "value": 0.2, "value_high": 0.25, "lead_low": -9.0, "lead": 1.0,
             "lead_high": 11.0, "verdict": switching_values.SWITCHES}  # fmt: skip
    one = Flips(leader, rival, (5.0, 6.0, 7.0), False, 10.0,
                pd.DataFrame([usual | row for row in rows]), 30, True)  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def test_sentences_say_no_more_than_the_table(workspace: Workspace) -> None:
    open_, stays = (
        {"verdict": switching_values.PERHAPS, "end": "high"},
        {"verdict": switching_values.STAYS},
    )
    beyond = {"value_low": np.nan}
    assert "to 0.2 (beyond its range to 0.25)" in found(workspace, beyond).sentence
    assert "Left open by the replications simulated: a b success at its high end." in (
        found(workspace, open_).sentence
    )
    said = found(workspace, stays).sentence
    assert "sooner than" in said and "No parameter flips it alone, of 30. a b success comes" in said
    assert "the lead is 1 day (-9 to 11)." in said
    assert "May flip it: a b success." in found(workspace, open_, done=False).sentence
    assert "No end of a range flips it." in found(workspace, stays, done=False).sentence
    tied = found(workspace, {}, tied=True, lead=(-1.0, 1.0, 3.0)).sentence
    assert "not distinguished" in tied and "by 10 days." in tied
    same = found(workspace, stays, tied=True, lead=(0.0, 0.0, 0.0)).sentence
    both = '"my bilateral only" and "my all parallel"'
    assert same == f"{both} are equally good in every replication simulated here."
    elsewhere = found(workspace, {}, tied=True, lead=(0.0, 0.0, 0.0)).sentence
    assert elsewhere.startswith(same) and "takes over where" in elsewhere
