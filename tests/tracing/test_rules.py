"""Rules and early ends of delays in traces, time budgets and first divergences."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.engine import processes
from sim.engine.program import Program, What
from sim.tracing import divergence, time_budget
from sim.tracing.trace import Trace, trace_of

TEXT = """
title = "Rules on days that follow by hand"
start = 2019-01-01
horizon = 100
goal = "deal"
[conditions]
deal = {}
envoy = {}
[tracks.talks]
[[tracks.talks.stages]]
name = "meet"
duration = 10
success = 0
setbacks = [ { name = "rebuff", delay = 20 } ]
[tracks.back_door]
[[tracks.back_door.stages]]
name = "agree"
duration = 10
success = 1
raises = ["deal"]
[shocks.call]
on = 2019-01-21
resumes = ["talks"]
[strategies.plain]
never = ["back_door"]
[strategies.patient]
never = ["back_door"]
[[strategies.patient.rules]]
name = "second_rebuff"
when = ["talks.meet.failures>=2"]
held = 5
raises = ["envoy"]
closes = ["talks"]
opens = ["back_door"]
"""


def simulated(strategy: str) -> tuple[Program, Trace, list[object], object]:
    program = sim.translate(sim.loads(TEXT).strategy(strategy))
    rows, log = processes.trace(program, 1, 0)
    return program, trace_of(program, rows, log, 1, 0), log, rows


def test_a_trace_says_what_fired_and_why() -> None:
    _, trace, _, _ = simulated("patient")
    events = [tuple(one) for one in trace.events[["time", "entity", "what", "why"]].to_numpy()]
    fired = ("rule second_rebuff", "takes effect", "talks.meet has failed 2 times, for 5 days")
    assert (20.0, "talks", "ends its delay at once", "call happens") in events
    assert (35.0, *fired) in events
    cause = "rule second_rebuff takes effect"
    assert (35.0, "envoy", "holds", cause) in events
    assert (35.0, "talks", "is abandoned", cause) in events
    assert (35.0, "back_door", "no longer waits for its start rule", cause) in events
    assert (10.0, "talks.meet.failures", "rises to 1") in [one[:3] for one in events]
    assert trace.row["first_rule.second_rebuff"] == 35.0
    assert "talks.meet.failures" not in set(trace.levels["condition"])


def test_the_first_divergence_is_the_rule_that_fires() -> None:
    program, _, patient, _ = simulated("patient")
    _, _, plain, _ = simulated("plain")
    found = divergence.first_divergence(program, plain, patient)
    assert found == divergence.Divergence(35.0, "rule second_rebuff", "", "takes effect")


def test_days_add_up_where_tracks_are_closed_and_opened() -> None:
    program, _, log, rows = simulated("patient")
    table = time_budget.budgets(program, [(0, rows, log)])
    days = table.set_index(["track", "activity"])["days"]
    assert days["back_door"].to_dict() == {"left out": 35.0, "at the table": 10.0}
    assert days["talks"].sum() == pytest.approx(45.0)  # until the goal
    assert days["talks", "abandoned"] == 10.0


def test_a_track_that_is_done_is_completed_from_day_0() -> None:
    scenario = sim.loads(TEXT).standing(done=["back_door.agree"]).strategy("plain")
    program = sim.translate(scenario)
    rows, log = processes.trace(program, 1, 0)
    table = time_budget.budgets(program, [(0, rows, log)])
    assert set(table.loc[table["track"] == "back_door", "activity"]) == {"completed"}
    assert What.COMPLETES not in {entry[1] for entry in log}


def test_a_frame_has_the_rules_of_its_strategies_only() -> None:
    scenario = sim.loads(TEXT)
    frames = {
        names: sim.run(scenario, list(names), 3, engine="simpy", workers=1).frame
        for names in (("plain",), ("patient",), ("plain", "patient"))
    }
    column = "first_rule.second_rebuff"
    assert column not in frames["plain",]
    assert (frames["patient",][column] == 35.0).all()
    both: pd.DataFrame = frames["plain", "patient"]
    assert both.loc[both["strategy"] == "plain", column].isna().all()


def test_a_folder_takes_a_strategy_with_rules_later(tmp_path: Path) -> None:
    without = TEXT[: TEXT.index("[strategies.patient]")]
    (tmp_path / "one.toml").write_text(without)
    (tmp_path / "more.toml").write_text(TEXT[TEXT.index("[strategies.patient]") :])
    options = {"replications": 3, "engine": "simpy", "workers": 1, "out": tmp_path / "out"}
    sim.run(sim.load(tmp_path / "one.toml"), **options)
    frame = sim.run(sim.load(tmp_path / "one.toml", [tmp_path / "more.toml"]), **options).frame
    assert frame["first_rule.second_rebuff"].isna().sum() == 3
