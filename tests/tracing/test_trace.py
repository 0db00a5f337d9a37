"""A trace: its tables follow from its row, and its sentences from its log."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import sim
from sim import loads
from sim.errors import InputError
from sim.reporting import summary

SCENARIO = sim.load("korea-2017")


@pytest.fixture(scope="module", params=[0, 3, 11])
def trace(request):
    return summary.trace(SCENARIO, "proposal", request.param, 7)


def test_the_row_is_that_of_the_run(trace) -> None:
    frame = sim.run(SCENARIO, ["proposal"], trace.replication + 1, 7).frame
    row = frame.iloc[-1].to_dict()
    assert trace.row.keys() == row.keys()
    for name, value in row.items():
        assert trace.row[name] == value or (value != value and trace.row[name] != trace.row[name])


def test_both_engines_give_the_same_trace(trace) -> None:
    other = summary.trace(SCENARIO, "proposal", trace.replication, 7, engine="compiled")
    for table in ("events", "attempts", "shocks", "levels", "windows"):
        pd.testing.assert_frame_equal(getattr(trace, table), getattr(other, table))


def test_spells_add_up_to_what_the_row_holds(trace) -> None:
    spells = trace.levels.assign(days=trace.levels["end"] - trace.levels["begin"])
    held = spells.groupby("condition")["days"].sum()
    for name in SCENARIO.conditions:
        assert held.get(name, 0.0) == pytest.approx(trace.row[f"held_{name}"], abs=1e-6)


def test_shocks_and_setbacks_are_those_counted(trace) -> None:
    counts = trace.shocks["shock"].value_counts()
    assert all(counts.get(name, 0) == trace.row[f"n_{name}"] for name in SCENARIO.shocks)
    endings = trace.attempts["ending"].value_counts()
    setbacks = {b.name for s in SCENARIO.stages.values() for b in s.setbacks}
    assert all(endings.get(name, 0) == trace.row[f"n_{name}"] for name in setbacks)
    broken = sum(trace.row[f"n_{name}_breaks"] for name in SCENARIO.shocks)
    assert endings.get("broken", 0) == broken


def test_attempts_of_a_stage_follow_each_other(trace) -> None:
    for _, attempts in trace.attempts.groupby(["track", "stage"]):
        assert attempts["attempt"].tolist() == list(range(len(attempts)))
        assert (attempts["begin"].iloc[1:].to_numpy() >= attempts["end"].iloc[:-1]).all()


def test_every_event_is_dated_and_described(trace) -> None:
    events = trace.events
    assert events["time"].is_monotonic_increasing
    assert (events["what"].str.len() > 0).all() and (events["why"].str.len() >= 0).all()
    days = [(date - trace.start).days for date in events["date"]]
    assert days == [math.floor(time) for time in events["time"]]


def test_the_windows_of_every_year_are_there(trace) -> None:
    windows = trace.windows[trace.windows["stage"] == "ministerial.convene"]
    assert len(windows) == 5 and (windows["closes"] - windows["opens"] == 15).all()


TEXT = """
title = "All that can happen"
start = 2019-01-01
horizon = 60
goal = "goal"
ruin = "ruin"
[delegations]
US = 1
[conditions]
goal = { }
ruin = { }
x = { max = 2, fades = 4 }
[tracks.a]
parties = ["US"]
[[tracks.a.stages]]
name = "s"
duration = 5
success = 0
setbacks = [ { name = "no", delay = 5, resume = "abandon", raises = ["x"] } ]
[tracks.b]
parties = ["US"]
[[tracks.b.stages]]
name = "s"
duration = 5
success = 1
window = [ { from = 2019-01-10, to = 2019-01-12 } ]
[[tracks.b.stages]]
name = "t"
duration = 20
success = 1
needs = [["x", "goal"]]
raises = ["goal"]
[shocks.k]
on = [2019-01-18, 2019-01-25]
raises = ["x"]
breaks = [ { track = "b", delay = 3 } ]
[shocks.m]
on = 2019-01-19
when = ["goal"]
[shocks.back]
on = 2019-02-10
reopens = [ { track = "b", stage = "t" } ]
[shocks.end]
on = 2019-02-25
raises = ["ruin"]
"""


def test_sentences_of_everything_that_can_happen() -> None:
    trace = summary.trace(loads(TEXT))
    sentences = {f"{e.entity} {e.what}" for e in trace.events.itertuples()}
    for sentence in (
        "a.s attempt 1 begins", "a.s suffers a setback: no", "b.s its window opens",
        "a will be abandoned after 5 days", "x fades", "k happens", "m does not happen",
        "end happens",
    ):  # fmt: skip
        assert sentence in sentences, sorted(sentences)
    assert any("is broken off" in line for line in sentences)
    assert any("resumes at" in line for line in sentences)
    reasons = " ".join(trace.events["why"])
    assert "after waiting for" in reasons and "by k" in reasons
    assert (trace.row["outcome"], trace.row["first_ruin"]) == ("goal", 55.0)
    assert trace.attempts["ending"].isin(["success", "no", "broken", "ongoing"]).all()


def test_an_unknown_strategy_is_named() -> None:
    with pytest.raises(InputError, match="did you mean"):
        summary.trace(SCENARIO, "propsal")
