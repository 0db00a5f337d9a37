"""Single replications and the sliders of the table."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import sim
from sim.app.parameters import found, grouped, parameters
from sim.app.replications import LOOKED_AT, pair, pick
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft
from sim.app.workspace import Workspace, workspace_of
from sim.errors import InputError
from sim.tracing.divergence import divergence_index


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    scenario = sim.load("korea-2017")
    drafts = tuple(StrategyDraft.of(scenario, name) for name in ("proposal", "seoul_first"))
    return workspace_of(State(scenario="korea-2017", seed=4, drafts=drafts))


def test_histories_are_picked_among_those_of_a_run(workspace: Workspace) -> None:
    scenario = sim.load("korea-2017")
    frame = sim.run(scenario, ["proposal"], replications=LOOKED_AT, seed=4).frame
    there = frame[frame["outcome"] == scenario.goal]

    def time(replication: str) -> float:
        return float(frame["time"].iloc[pick(workspace.programs[0], 4, replication).replication])

    assert time("fastest") == there["time"].min()
    assert time("longest") == there["time"].max()
    assert time("typical") == there["time"].quantile(0.5, interpolation="lower")
    war = frame["outcome"] == scenario.ruin
    first = frame.loc[war, "replication"].iloc[0]
    assert pick(workspace.programs[0], 4, "ruin") == (first, war.mean())
    assert pick(workspace.programs[0], 4, "typical").alike == len(there) / LOOKED_AT
    assert pick(workspace.programs[0], 4, 17).replication == 17


def test_a_pair_is_the_same_world_as_told_by_the_scenario(workspace: Workspace) -> None:
    both = pair(workspace, "typical")
    for trace, name in zip(both.traces, ("proposal", "seoul_first"), strict=True):
        scenario = sim.load("korea-2017")
        simulated = sim.trace(scenario, name, both.replication, 4, engine="compiled")
        pd.testing.assert_frame_equal(trace.events, simulated.events)
    assert both.divergence.time > 0 and not math.isnan(both.divergence.time)
    assert set(both.side_by_side["where"]) == {"both", "a", "b"}


def test_what_differs_above_the_first_divergence_comes_from_day_0(workspace: Workspace) -> None:
    for replication in range(30):
        found = pair(workspace, replication)
        events = found.side_by_side
        place = divergence_index(events, found.divergence)
        assert place is not None
        marked = events.iloc[place]
        assert (marked["time"], marked["entity"]) == (
            found.divergence.time,
            found.divergence.entity,
        )
        above = events[(events["time"] < marked["time"]) & (events["where"] != "both")]
        later = above.loc[above["time"] > 0, "what"]
        assert later.str.contains("rises|falls|waits").all(), later


def test_a_pick_that_is_not_known_or_not_there_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="allowed: typical"):
        pick(workspace.programs[0], 4, "nicest")
    never = workspace.state.drafts[0].leave_out("ministerial").leave_out("us_dprk")
    (program,) = workspace_of(State(scenario="korea-2017", drafts=(never,))).programs
    with pytest.raises(InputError, match="none of the first 2,000 replications reaches freeze"):
        pick(program, 4, "fastest")


def test_every_range_with_a_width_is_a_slider() -> None:
    scenario = sim.load("korea-2017")
    every = parameters(scenario)
    wide = [name for name, one in scenario.ranges().items() if one.low < one.high]
    assert [one.name for one in every] == wide
    assert all(one.low <= one.likely <= one.high and one.source for one in every)
    assert {"us_dprk", "delegations", "influences"} <= set(grouped(every))
    assert sum(map(len, grouped(every).values())) == len(every)
    hits = found(every, "us_dprk contact RECORD")
    assert hits and all("contact" in f"{one.name} {one.source}" for one in hits)
    assert found(every, "") == every
