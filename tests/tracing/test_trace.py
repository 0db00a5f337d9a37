"""One history told: its tables follow from its row, and its sentences from its log."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import sim
from sim import loads
from sim.experiment.experiment import InputError
from sim.reporting import summary

SCENARIO = sim.load("korea-2017")


@pytest.fixture(scope="module", params=[0, 3, 11])
def story(request):
    return summary.tell(SCENARIO, "proposal", request.param, 7)


def test_the_row_is_that_of_the_run(story) -> None:
    frame = sim.run(SCENARIO, ["proposal"], story.replication + 1, 7).frame
    row = frame.iloc[-1].to_dict()
    assert story.row.keys() == row.keys()
    for name, value in row.items():
        assert story.row[name] == value or (value != value and story.row[name] != story.row[name])


def test_both_engines_tell_the_same_story(story) -> None:
    other = summary.tell(SCENARIO, "proposal", story.replication, 7, engine="compiled")
    for table in ("events", "attempts", "shocks", "levels", "windows"):
        pd.testing.assert_frame_equal(getattr(story, table), getattr(other, table))


def test_spells_add_up_to_what_the_row_holds(story) -> None:
    spells = story.levels.assign(days=story.levels["end"] - story.levels["begin"])
    held = spells.groupby("condition")["days"].sum()
    for name in SCENARIO.conditions:
        assert held.get(name, 0.0) == pytest.approx(story.row[f"held_{name}"], abs=1e-6)


def test_shocks_and_setbacks_are_those_counted(story) -> None:
    counts = story.shocks["shock"].value_counts()
    assert all(counts.get(name, 0) == story.row[f"n_{name}"] for name in SCENARIO.shocks)
    endings = story.attempts["ending"].value_counts()
    setbacks = {b.name for s in SCENARIO.stages.values() for b in s.setbacks}
    assert all(endings.get(name, 0) == story.row[f"n_{name}"] for name in setbacks)
    broken = sum(story.row[f"n_{name}_breaks"] for name in SCENARIO.shocks)
    assert endings.get("broken", 0) == broken


def test_attempts_of_a_stage_follow_each_other(story) -> None:
    for _, attempts in story.attempts.groupby(["track", "stage"]):
        assert attempts["attempt"].tolist() == list(range(len(attempts)))
        assert (attempts["begin"].iloc[1:].to_numpy() >= attempts["end"].iloc[:-1]).all()


def test_every_event_is_dated_and_told(story) -> None:
    events = story.events
    assert events["time"].is_monotonic_increasing
    assert (events["what"].str.len() > 0).all() and (events["why"].str.len() >= 0).all()
    days = [(date - story.start).days for date in events["date"]]
    assert days == [math.floor(time) for time in events["time"]]


def test_the_windows_of_every_year_are_there(story) -> None:
    windows = story.windows[story.windows["stage"] == "ministerial.convene"]
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


def test_what_is_told_of_everything_that_can_happen() -> None:
    story = summary.tell(loads(TEXT))
    told = {f"{e.entity} {e.what}" for e in story.events.itertuples()}
    for sentence in (
        "a.s attempt 1 begins", "a.s suffers a setback: no", "b.s its window opens",
        "a will be abandoned after 5 days", "x fades", "k happens", "m does not happen",
        "end happens",
    ):  # fmt: skip
        assert sentence in told, sorted(told)
    assert any("is broken off" in line for line in told)
    assert any("resumes at" in line for line in told)
    reasons = " ".join(story.events["why"])
    assert "after waiting for" in reasons and "by k" in reasons
    assert (story.row["outcome"], story.row["first_ruin"]) == ("goal", 55.0)
    assert story.attempts["ending"].isin(["success", "no", "broken", "ongoing"]).all()


def test_an_unknown_strategy_is_named() -> None:
    with pytest.raises(InputError, match="did you mean"):
        summary.tell(SCENARIO, "propsal")
