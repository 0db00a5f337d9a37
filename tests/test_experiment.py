"""Runs and their folders: same rows whatever the workers, nothing mixed, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim import experiment
from sim.experiment import Block, InputError, RunError

ROOT = Path(__file__).parents[1]
TEXT = """
title = "Two tracks"
start = 2020-01-01
horizon = 800
goal = "freeze"
ruin = "war"
[conditions]
freeze = {}
war = {}
crisis = { max = 3, fades = { mean = 40 } }
[tracks.talks]
[[tracks.talks.stages]]
name = "deal"
duration = { mean = 90 }
success = 0.3
raises = ["freeze"]
setbacks = [ { name = "walkout", delay = { mean = 60 }, raises = ["crisis"] } ]
[shocks.clash]
rate = 0.3
raises = ["war"]
[[influences]]
of = "crisis"
on = "talks.*"
odds = 0.8
[strategies.now]
[strategies.later]
starts = { talks = ["crisis"] }
"""


@pytest.fixture
def scenario() -> sim.Scenario:
    return sim.loads(TEXT, "two.toml")


def test_rows_do_not_depend_on_engine_workers_or_blocks(scenario) -> None:
    whole = sim.run(scenario, replications=60).frame
    for options in (
        {"workers": 1, "block": 7},
        {"workers": 4, "block": 1},
        {"engine": "simpy", "workers": 1},
        {"engine": "simpy", "workers": 2, "block": 25},
    ):
        pd.testing.assert_frame_equal(whole, sim.run(scenario, replications=60, **options).frame)


def test_a_folder_holds_what_was_run(scenario, tmp_path) -> None:
    results = sim.run(scenario, replications=50, seed=7, out=tmp_path / "deep" / "folder")
    manifest = json.loads((results.folder / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["replications"] == 50
    assert manifest["strategies"] == ["now", "later"]
    assert manifest["finished"]
    assert sim.loads(manifest["text"]).hash == manifest["hash"] == scenario.hash
    pd.testing.assert_frame_equal(
        sim.read(results.folder).frame, sim.run(scenario, replications=50, seed=7).frame
    )


def test_a_run_goes_on_where_it_stopped_and_can_grow(scenario, tmp_path, monkeypatch) -> None:
    sim.run(scenario, ["now"], 40, out=tmp_path, block=15)
    (tmp_path / Block("now", 15, 15).part).unlink()
    told = []
    engine = experiment.ENGINES["compiled"]

    def counted(program, seed, first, count):
        told.append((program.strategy, first, count))
        return engine(program, seed, first, count)

    monkeypatch.setitem(experiment.ENGINES, "compiled", counted)
    grown = sim.run(scenario, None, 55, out=tmp_path, block=100)
    assert sorted(told) == [("later", 0, 55), ("now", 15, 15), ("now", 40, 15)]
    pd.testing.assert_frame_equal(grown.frame, sim.run(scenario, replications=55).frame)


def test_a_damaged_part_is_told_again(scenario, tmp_path) -> None:
    sim.run(scenario, replications=30, out=tmp_path)
    part = tmp_path / Block("now", 0, 30).part
    part.write_bytes(part.read_bytes()[:100])
    again = sim.run(scenario, replications=30, out=tmp_path)
    pd.testing.assert_frame_equal(again.frame, sim.run(scenario, replications=30).frame)


@pytest.mark.parametrize("change", ["seed", "scenario", "columns"])
def test_another_run_is_not_mixed_in(scenario, tmp_path, change) -> None:
    sim.run(scenario, replications=20, out=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match="holds another run") as error:
        if change == "seed":
            sim.run(scenario, replications=20, seed=2, out=tmp_path)
        elif change == "columns":
            sim.run(scenario, replications=20, out=tmp_path, columns=["outcome"])
        else:
            sim.run(scenario.override({"clash.rate": 0.4}), replications=20, out=tmp_path)
    assert str(tmp_path) in str(error.value)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_columns_can_be_left_out(scenario, tmp_path) -> None:
    results = sim.run(scenario, replications=20, out=tmp_path, columns=["outcome", "time"])
    assert list(results.frame) == ["strategy", "draw", "replication", "outcome", "time"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replications": 0}, "replications: found 0; allowed: 1"),
        ({"seed": -1}, "seed: found -1"),
        ({"seed": 2**64}, "seed: found"),
        ({"strategies": ["noww"]}, 'unknown strategy "noww"; did you mean "now"?'),
        ({"engine": "simpi"}, 'did you mean "simpy"?'),
        ({"workers": 0}, "workers: found 0"),
        ({"block": 0}, "block: found 0"),
        ({"columns": ["tme"]}, 'did you mean "time"?'),
        ({"user_processes": [lambda world: None]}, "simpy"),
    ],
)
def test_what_cannot_be_done_is_said(scenario, options, message) -> None:
    with pytest.raises(InputError) as error:
        sim.run(scenario, **options)
    assert message in str(error.value)


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_told(
    scenario, tmp_path, monkeypatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setitem(experiment.ENGINES, "compiled", None)  # not callable: would fail
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError):
            sim.run(scenario, replications=5, out=folder)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "a.parquet").write_text("x")
    with pytest.raises(InputError, match="holds Parquet files"):
        sim.run(scenario, replications=5, out=tmp_path / "foreign")


def test_a_folder_without_a_manifest_is_no_results_folder(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        sim.read(tmp_path)
    (tmp_path / "manifest.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="not the manifest"):
        sim.read(tmp_path)


def test_a_process_of_ones_own_changes_the_world(scenario) -> None:
    def peacemaker(world):
        while True:
            yield world.env.timeout(1)
            assert world.date >= scenario.start
            if world.uniforms("peace", int(world.now))[0] < 0.5:
                world.clear("crisis")
            elif world.level("crisis") > 1:
                world.lower("crisis")

    def bully(world):
        yield world.env.timeout(10)
        world.raise_("crisis")
        with pytest.raises(ValueError, match="follows from the tracks"):
            world.raise_("talks.deal")

    frames = [
        sim.run(scenario, ["now"], 40, engine="simpy", user_processes=own).frame
        for own in ([], [peacemaker], [bully])
    ]
    held = [frame["held_crisis"].mean() for frame in frames]
    assert held[1] < held[0] < held[2]
    assert (frames[2]["first_crisis"].dropna() <= 10).all()


LONG = """
import multiprocessing, sys, threading, time, sim

def tell_workers():
    while len(workers := multiprocessing.active_children()) < 2:
        time.sleep(0.01)
    print(workers[0].pid, flush=True)

if __name__ == "__main__":
    scenario = sim.load(sys.argv[1])
    threading.Thread(target=tell_workers, daemon=True).start()
    sim.run(scenario, ["now"], 100_000, engine="simpy", workers=2, block=50, out=sys.argv[2])
"""


@pytest.fixture
def long_run(tmp_path):
    file, script = tmp_path / "two.toml", tmp_path / "long.py"
    file.write_text(TEXT)
    script.write_text(LONG)
    done = subprocess.Popen(
        [sys.executable, str(script), str(file), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.time() + 60
    while not list((tmp_path / "out").glob("*.parquet")):
        assert time.time() < deadline
        assert done.poll() is None, done.stderr.read()
        time.sleep(0.05)
    yield done, tmp_path / "out"
    done.kill()
    done.stdout.close()
    done.stderr.close()


def test_ctrl_c_stops_and_keeps_what_is_finished(long_run) -> None:
    run, folder = long_run
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=30) != 0
    assert len(sim.read(folder).frame) > 0
    assert not list(folder.glob(".*unfinished"))


def test_a_worker_that_is_killed_ends_the_run_with_a_word(long_run) -> None:
    run, folder = long_run
    os.kill(int(run.stdout.readline()), signal.SIGKILL)
    assert run.wait(timeout=30) == 1
    assert "a worker process died" in run.stderr.read()
    assert len(sim.read(folder).frame) > 0


def test_a_full_disk_is_told(scenario, tmp_path, monkeypatch) -> None:
    def full(self, path, index):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(RunError, match="No space left"):
        sim.run(scenario, replications=20, out=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json"}
