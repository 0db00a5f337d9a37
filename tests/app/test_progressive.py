"""Answers of the live page: exact, progressive, cancelled at once, alive after a fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.analysis import attribution, comparison
from sim.app import progressive
from sim.app.progressive import answers
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft, file_of
from sim.engine import kernel
from sim.engine.program import translate
from sim.errors import ModelError
from sim.tracing import time_budget

NUMBERS = {"us_dprk.contact.success": 0.4, "delegations.US": 3.0}


@pytest.fixture
def state() -> State:
    scenario = sim.load("korea-2017")
    drafts = [StrategyDraft.of(scenario, name) for name in ("proposal", "seoul_first")]
    drafts[1] = drafts[1].delegations("US", 1)
    return State(
        scenario="korea-2017", seed=5, drafts=tuple(drafts), numbers=NUMBERS, precision=0.03
    )


def test_the_last_answer_equals_a_run_of_the_strategy_file(state: State, tmp_path: Path) -> None:
    last = list(answers(state))[-1]
    file = tmp_path / "drafts.toml"
    file.write_text(file_of(state.drafts, state.numbers), encoding="utf-8")
    scenario = sim.load("korea-2017", [file])
    keys = [draft.key for draft in state.drafts]
    frame = sim.run(scenario, keys, replications=last.n, seed=5).frame
    about = (scenario.goal, scenario.ruin, scenario.horizon)
    assert last.done and last.half_width <= 0.03
    exact = pd.testing.assert_frame_equal
    exact(last.summary, sim.summary(frame, *about), check_exact=True)
    exact(last.incidence, sim.incidence(frame, horizon=scenario.horizon), check_exact=True)
    exact(last.outcomes, sim.outcomes(frame, horizon=scenario.horizon), check_exact=True)
    exact(last.differences, comparison.compare(frame, keys[0], *about), check_exact=True)


def test_answers_grow_until_they_are_precise_enough(state: State) -> None:
    sizes = [answer.n for answer in answers(state.with_number("us_dprk.contact.success", None))]
    assert sizes[0] == progressive.FIRST and sizes[:-1] == [
        sizes[0] << i for i in range(len(sizes) - 1)
    ]
    assert sizes[-1] == sizes[-2]  # the last one brings the time budget


def test_the_time_budget_equals_that_of_the_project(state: State, tmp_path: Path) -> None:
    *before, last = answers(replace(state, precision=0.5))
    file = tmp_path / "drafts.toml"
    file.write_text(file_of(state.drafts, state.numbers), encoding="utf-8")
    scenario = sim.load("korea-2017", [file])
    programs = [translate(scenario.strategy(draft.key)) for draft in state.drafts]
    simulated = [
        time_budget.budgets(
            one, [(r, *kernel.trace(one, 5, r)) for r in range(progressive.FOLLOWED)]
        )
        for one in programs
    ]
    exact = attribution.time_budget(pd.concat(simulated), horizon=scenario.horizon)
    pd.testing.assert_frame_equal(last.budget, exact, check_exact=True)
    assert last.done and set(last.budget["n"]) == {progressive.FOLLOWED}
    assert list(last.goal_tracks) == [draft.key for draft in state.drafts]
    assert [(one.n, one.done, one.budget) for one in before] == [(progressive.FIRST, False, None)]


def test_the_time_budget_is_cancelled_too(state: State) -> None:
    seen = []
    for answer in answers(replace(state, precision=0.5), lambda: bool(seen)):
        seen.append(answer)
    assert [one.done for one in seen] == [False]


def test_nothing_is_simulated_once_it_is_cancelled(state: State) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 1

    assert list(answers(state, cancelled)) == []
    assert len(asked) == 2


def test_a_fault_is_an_answer(state: State) -> None:
    for wrong in (
        state.with_number("us_dprk.contact.success", 2.0),
        state.with_number("us_dprk.contact.success", 0.99),  # a probability beyond its range
        state.with_number("no.such.number", 1.0),
        state.with_draft(state.drafts[0].leave_out("nobody")),
        State(scenario="../korea"),
        State(scenario="korea-2017"),
        state.with_draft(replace(state.drafts[0], milestones={})),
        state.with_draft(replace(state.drafts[0], steps=())),  # tracks in no place
        state.with_draft(replace(state.drafts[0], left_out=("us_dprk",))),  # and in two
    ):
        (answer,) = answers(wrong)
        assert answer.done and "allowed" in answer.message and answer.summary is None


def test_an_engine_that_fails_is_an_answer(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ModelError("time cannot advance")

    monkeypatch.setattr(kernel.Simulator, "simulate", fail)
    (answer,) = answers(state)
    assert answer.done and answer.message == "time cannot advance"


def test_one_hand_has_no_differences(state: State) -> None:
    answer = next(answers(state.without_draft("my_proposal")))
    assert answer.differences is None and answer.summary is not None
