"""A process of a user's own records values, which become columns of the frame."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import sim
from sim.engine import processes
from sim.engine.program import translate
from sim.engine.rows import names_of_columns

RECORDED = ["calm_days", "meetings"]


def visits(simulation):
    """A visit each quarter; a replication with an odd number records nothing else."""
    for visit in range(4):
        yield simulation.env.timeout(90)
        simulation.record("meetings", visit + 1)
        if simulation.number % 2 == 0:
            simulation.record("calm_days", np.float64(simulation.now))


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    return sim.load("korea-2017").without("war")


def run(scenario, count=6, **how) -> sim.Results:
    return sim.run(scenario, ["proposal", "pressure"], count, engine="simpy",
                   user_processes=[visits], **how)  # fmt: skip


def test_what_is_recorded_is_a_column_behind_the_fixed_ones(scenario) -> None:
    frame = run(scenario).frame
    fixed = names_of_columns(translate(scenario))
    assert list(frame.columns) == [*fixed, *RECORDED]
    assert (frame["meetings"] == 4).all() and frame["meetings"].dtype == np.float64
    even = frame["replication"] % 2 == 0
    assert (frame.loc[even, "calm_days"] == 360).all() and frame.loc[
        ~even, "calm_days"
    ].isna().all()
    plain = sim.run(scenario, ["proposal", "pressure"], 6).frame
    pd.testing.assert_frame_equal(frame[fixed], plain)  # recording disturbs nothing


@pytest.mark.parametrize(
    "how", [{"block": 1}, {"block": 4}, {"workers": 2, "block": 3}, {"draws": 2}]
)
def test_blocks_workers_and_folders_make_no_difference(scenario, how, tmp_path) -> None:
    draws = {"draws": how["draws"]} if "draws" in how else {}
    wanted = run(scenario, **draws).frame
    assert list(wanted.columns[-2:]) == RECORDED
    kept = run(scenario, out=tmp_path / "run", **how)
    pd.testing.assert_frame_equal(kept.frame, wanted)
    pd.testing.assert_frame_equal(sim.read(tmp_path / "run").frame, wanted)


def test_only_the_wanted_columns_and_the_recorded_ones(scenario) -> None:
    frame = run(scenario, columns=["time"]).frame
    assert list(frame.columns) == ["strategy", "draw", "replication", "time", *RECORDED]
    assert len(run(scenario, keep="summary").summary()) == 2


@pytest.mark.parametrize("name", ["time", "held_crisis", "strategy", ""])
def test_a_recorded_name_is_one_of_no_other_column(scenario, name) -> None:
    def wrong(simulation):
        simulation.record(name, 1)
        yield simulation.env.timeout(1)

    with pytest.raises(ValueError, match="record: found the name"):
        sim.run(scenario, "proposal", 2, engine="simpy", user_processes=[wrong])


def test_dir_shows_what_a_process_may_use_and_each_has_a_description(scenario) -> None:
    seen: list[object] = []

    def look(simulation):
        seen.extend(dir(simulation))
        yield simulation.env.timeout(1)

    sim.run(scenario, "proposal", 1, engine="simpy", user_processes=[look])
    assert seen == sorted(processes.OF_USERS) and not any(n.startswith("_") for n in seen)
    for name in set(seen) - {"env", "number", "seed"}:
        assert inspect.getdoc(getattr(processes.Replication, name))


def test_a_trace_may_have_processes_of_ones_own(scenario) -> None:
    def crisis(simulation):
        yield simulation.env.timeout(10.5)
        simulation.raise_("crisis")

    trace = sim.trace(scenario, "proposal", user_processes=[crisis])
    assert ((trace.levels["condition"] == "crisis") & (trace.levels["begin"] == 10.5)).any()
    with pytest.raises(sim.InputError, match="need engine="):
        sim.trace(scenario, "proposal", engine="compiled", user_processes=[crisis])
