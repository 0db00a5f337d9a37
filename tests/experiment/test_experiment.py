"""Runs: same rows whatever the workers, missing replications are simulated, errors reported."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from effort import PATIENCE
from sim.engine import kernel
from sim.engine.program import translate
from sim.errors import InputError
from sim.experiment import tasks
from sim.experiment.results import Incomplete

ROOT = Path(__file__).parents[2]
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


UNCERTAIN = TEXT.replace("= 0.3", "= { low = 0.1, likely = 0.3, high = 0.6 }").replace(
    "mean = 90", "mean = { low = 30, likely = 90, high = 200 }"
)


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    return sim.loads(TEXT, "two.toml")


@pytest.fixture(scope="module")
def uncertain() -> sim.Scenario:
    return sim.loads(UNCERTAIN, "uncertain.toml")


@pytest.fixture(scope="module")
def whole(scenario) -> pd.DataFrame:
    return sim.run(scenario, replications=60).frame


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"workers": 1, "block": 7},
        {"workers": 4, "block": 1},
        {"engine": "simpy", "workers": 1},
        {"engine": "simpy", "workers": 2, "block": 25},
        {"engine": "simpy", "pool": "threads", "workers": 2},
        {"pool": "processes", "workers": 2, "block": 50},
    ],
)
def test_rows_do_not_depend_on_engine_workers_or_blocks(scenario, whole, options) -> None:
    pd.testing.assert_frame_equal(whole, sim.run(scenario, replications=60, **options).frame)


def test_any_executor_will_do(scenario, whole) -> None:
    with ThreadPoolExecutor(3) as executor:
        for _ in range(2):  # it is left open
            results = sim.run(scenario, replications=60, executor=executor, block=9)
            pd.testing.assert_frame_equal(whole, results.frame)


def test_blocks_may_end_in_any_order(scenario, whole) -> None:
    class Backwards(Executor):
        """The later a task comes, the sooner it is carried out."""

        _max_workers = 2

        def __init__(self) -> None:
            self.delays = itertools.cycle([0.2, 0.15, 0.1, 0.05])

        def submit(self, function, /, *arguments):
            future = Future()
            work = lambda: future.set_result(function(*arguments))  # noqa: E731
            threading.Timer(next(self.delays), work).start()
            return future

    results = sim.run(scenario, replications=60, executor=Backwards(), block=10)
    pd.testing.assert_frame_equal(whole, results.frame)


@pytest.mark.slow
def test_draws_by_any_engine_and_any_blocks(uncertain) -> None:
    whole = sim.run(uncertain, replications=20, draws=12)
    assert whole.frame["draw"].unique().tolist() == list(range(1, 13))
    for options in ({"engine": "simpy", "workers": 1}, {"block": 7}, {"block": 50}, {"block": 1}):
        results = sim.run(uncertain, replications=20, draws=12, **options)
        pd.testing.assert_frame_equal(whole.frame, results.frame)
    table = whole.draws
    assert list(table) == ["draw", *uncertain.ranges()]


def test_a_row_can_be_traced_to_its_numbers(uncertain) -> None:
    results = sim.run(uncertain, ["now"], 30, draws=5)
    numbers = results.draws.set_index("draw").loc[4]
    alone = sim.run(uncertain.override(dict(numbers)), ["now"], 30).frame
    drawn = results.frame.query("draw == 4").reset_index(drop=True)
    pd.testing.assert_frame_equal(drawn.drop(columns="draw"), alone.drop(columns="draw"))


def test_draws_from_a_file(uncertain, tmp_path) -> None:
    first = sim.run(uncertain, ["now"], 15, draws=6, out=tmp_path / "a")
    again = sim.run(uncertain, ["now"], 15, draws=str(tmp_path / "a" / "draws.csv"))
    pd.testing.assert_frame_equal(first.frame, again.frame)


@pytest.mark.slow
def test_seeds_share_no_history() -> None:
    """Not 0 and 1, not n and n + 1: the first durations of a replication are all different."""
    program = translate(sim.load("korea-2017").strategy("all_parallel"))
    seeds = [0, 1, *(17 * n for n in range(1, 500)), *(17 * n + 1 for n in range(1, 500))]
    found = set()
    for seed in [*seeds, 2**64 - 1, 2**63]:
        rows = kernel.simulate(program, seed, 0, 3)
        found |= {row.tobytes() for row in np.column_stack([rows.first, rows.held])}
    assert len(found) == 3 * (len(seeds) + 2)


# -- failures -------------------------------------------------------------------------------------

STUCK = """
title = "Stuck now and then"
start = 2020-01-01
horizon = 400
goal = "freeze"
conditions = { freeze = {}, trap = {} }
[tracks.talks]
[[tracks.talks.stages]]
name = "a"
duration = 0
success = 1
needs = ["trap"]
[[tracks.talks.stages]]
name = "b"
duration = 0
success = 0
setbacks = [ { name = "again", delay = 0, resume = "a" } ]
[shocks.snare]
rate = 0.15
raises = ["trap"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_history_that_cannot_end_is_a_failure_and_the_others_are_told(engine, tmp_path) -> None:
    scenario = sim.loads(STUCK, "stuck.toml")
    with pytest.raises(Incomplete) as error:
        sim.run(scenario, replications=60, engine=engine, out=tmp_path)
    results = error.value.results
    frame = results.frame
    lost = {f.block.first for f in results.failures}
    assert 0 < len(lost) < 20
    assert sorted(lost | set(frame["replication"])) == list(range(60))
    assert len(frame) == 60 - len(lost)
    assert frame["first_trap"].isna().all()
    assert "time cannot advance" in str(error.value)
    for failure in results.failures:
        assert f"replication {failure.block.first}, seed 1" in failure.error
    assert "sim.extend" in str(error.value)
    assert len(json.loads((tmp_path / "manifest.json").read_text())["failures"]) == len(lost)


def test_if_all_fail_the_rest_is_given_up(tmp_path) -> None:
    scenario = sim.loads(STUCK.replace("rate = 0.15", "rate = 900"), "stuck.toml")
    with pytest.raises(Incomplete, match=r"200 replications could not be simulated"):
        sim.run(scenario, replications=200, engine="compiled", block=50)


def test_the_limit_of_events_can_be_chosen(scenario) -> None:
    with pytest.raises(Incomplete, match="more than 3 events in one replication") as error:
        sim.run(scenario, ["now"], 40, most_events=3)
    assert error.value.results.manifest["most_events"] == 3
    assert 0 < len(error.value.results.frame) < 40


def failing(monkeypatch, failures: dict[int, list[BaseException]]) -> list[int]:
    """Let blocks with these first replications fail with these errors, one a try."""
    first = []
    simulate = tasks.simulate

    def simulate_or_fail(task):
        first.append(task.block.first)
        if failures.get(task.block.first):
            raise failures[task.block.first].pop(0)
        return simulate(task)

    monkeypatch.setattr(tasks, "simulate", simulate_or_fail)
    return first


def test_a_block_that_fails_once_is_told_again(scenario, whole, monkeypatch) -> None:
    first = failing(monkeypatch, {20: [MemoryError("full")], 40: [BrokenExecutor("died")]})
    frame = sim.run(scenario, replications=60, block=20, workers=2).frame
    pd.testing.assert_frame_equal(whole, frame)
    assert first.count(20) == 3 and first.count(40) >= 3  # of two strategies, and again


def test_a_block_that_fails_twice_is_a_failure_and_the_rest_goes_on(
    scenario, monkeypatch, tmp_path
) -> None:
    failing(monkeypatch, {20: [MemoryError("full")] * 3})
    with pytest.raises(Incomplete, match=r"replications 20 to 39: MemoryError: full") as error:
        sim.run(scenario, ["now"], 60, block=20, workers=2, out=tmp_path)
    frame = error.value.results.frame
    assert set(frame["replication"]) == {*range(20), *range(40, 60)}
    monkeypatch.undo()
    mended = sim.extend(tmp_path)
    assert mended.failures == []
    pd.testing.assert_frame_equal(mended.frame, sim.run(scenario, ["now"], 60).frame)


# -- what cannot be done --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replications": 0}, "replications: found 0; allowed: 1"),
        ({"replications": 10**18}, "replications: found 1000000000000000000; allowed: 1"),
        ({"replications": 2.5}, "replications: found 2.5; allowed: a whole number"),
        ({"replications": float("nan")}, "replications: found nan"),
        ({"seed": -1}, "seed: found -1"),
        ({"seed": 2**64}, "seed: found"),
        ({"strategies": ["noww"]}, 'unknown strategy "noww"; did you mean "now"?'),
        ({"engine": "simpi"}, 'did you mean "simpy"?'),
        ({"pool": "thread"}, 'did you mean "threads"?'),
        ({"progress": "bars"}, 'did you mean "bar"?'),
        ({"workers": 0}, "workers: found 0"),
        ({"block": 0}, "block: found 0"),
        ({"columns": ["tme"]}, 'did you mean "time"?'),
        ({"user_processes": [lambda world: None]}, "simpy"),
        ({"draws": 3}, "no uncertain parameter"),
        ({"draws": -3}, "allowed: 0 to"),
        ({"draws": "nosuch.csv"}, "nosuch.csv: cannot be read"),
        ({"most_events": 0}, "most_events: found 0"),
        ({"dask": "nowhere"}, "nothing answers at nowhere"),
        ({"dask": "tcp://127.0.0.1:9"}, "nothing answers at tcp://127.0.0.1:9"),
    ],
)
def test_what_cannot_be_done_is_said(scenario, options, message) -> None:
    with pytest.raises(InputError) as error:
        sim.run(scenario, **options)
    assert message in str(error.value)


@pytest.mark.slow
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
import multiprocessing, signal, sys, threading, time, sim

signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts us may have it ignored

def tell_workers():
    while len(workers := multiprocessing.active_children()) < 2:
        time.sleep(0.01)
    print(workers[0].pid, flush=True)

if __name__ == "__main__":
    scenario = sim.load(sys.argv[1])
    threading.Thread(target=tell_workers, daemon=True).start()
    sim.run(scenario, ["now"], 20_000, engine="simpy", workers=2, block=50, out=sys.argv[2])
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
    deadline = time.time() + PATIENCE
    while not list((tmp_path / "out").glob("*.parquet")):
        assert time.time() < deadline
        assert done.poll() is None, done.stderr.read()
        time.sleep(0.05)
    yield done, tmp_path / "out"
    done.kill()
    done.stdout.close()
    done.stderr.close()


@pytest.mark.slow
def test_ctrl_c_stops_and_keeps_what_is_finished(long_run) -> None:
    run, folder = long_run
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=PATIENCE) != 0
    assert len(sim.read(folder).frame) > 0
    assert not list(folder.glob(".*unfinished"))


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_the_run_is_complete(long_run) -> None:
    run, folder = long_run
    os.kill(int(run.stdout.readline()), signal.SIGKILL)
    assert run.wait(timeout=PATIENCE) == 0
    results = sim.read(folder)
    again = sim.run(results.scenario, ["now"], 20_000)
    pd.testing.assert_frame_equal(results.frame, again.frame)


def test_columns_can_be_added_to_the_frame_without_a_warning(tmp_path) -> None:
    korea = sim.load("korea-2017")
    for out in (None, tmp_path):
        frame = sim.run(korea, replications=4, out=out, block=3).frame
        assert frame.shape[1] > 100  # pandas warns of frames in more than 100 pieces
        before = frame.dtypes
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for name in ("one", "two", "three"):
                frame[name] = frame["time"] / 365.25
            frame.insert(3, "four", frame["draw"] + 1)
        assert frame.drop(columns=["one", "two", "three", "four"]).dtypes.equals(before)


@pytest.mark.parametrize(
    ("function", "wrong", "message"),
    [
        (sim.run, {"draws": 2.5}, "draws: found 2.5; allowed: a whole number from 0 to"),
        (sim.run, {"draws": True}, "draws: found True"),
        (sim.run, {"draws": [1]}, r"draws: found \[1\]"),
        (sim.run, {"draws": ""}, "draws: found an empty text"),
        (sim.run, {"strategies": "x"}, 'unknown strategy "x"; allowed: now, later'),
        (sim.run, {"strategies": []}, "strategies: found an empty list; allowed: None for all"),
        (sim.run, {"strategies": 5}, "strategies: found 5; allowed: a name, or a list of names"),
        (sim.run, {"strategies": [5]}, "strategies: found 5"),
        (sim.run, {"replications": "9"}, "replications: found '9'; allowed: a whole number"),
        (sim.run, {"replications": 2.0}, "replications: found 2.0"),
        (sim.run, {"replications": None}, "replications: found None"),
        (sim.run, {"seed": -1}, "seed: found -1"),
        (sim.run, {"engine": None}, 'unknown engine "None"; allowed: compiled, simpy'),
        (sim.run, {"engine": ["simpy"]}, "unknown engine"),
        (sim.run, {"columns": "tim"}, 'unknown column "tim"; did you mean "time"'),
        (sim.run, {"columns": 3}, "columns: found 3"),
        (sim.run, {"out": ""}, "out: found an empty text; allowed: a path"),
        (sim.run, {"out": 3}, "out: found 3; allowed: a path"),
        (sim.run, {"workers": 1.5}, "workers: found 1.5"),
        (sim.run, {"dask": 3}, "dask: found 3"),
        (sim.search, {"tracks": 3}, "tracks: found 3"),
        (sim.search, {"never": "x"}, 'never: unknown track "x"'),
        (sim.search, {"zone": "1"}, "zone: found '1'; allowed: a number"),
        (sim.search, {"confidence": None}, "confidence: found None"),
        (sim.search, {"replications": 10.0}, "replications: found 10.0"),
        (sim.search, {"measure": 1}, "measure: found 1; allowed: a text"),
        (sim.search, {"seed": "1"}, "seed: found '1'"),
        (sim.search, {"out": ""}, "out: found an empty text"),
        (sim.search, {"stages": "no"}, "stages: found 'no'; allowed: True or False"),
        (sim.sensitivity, {"strategy": ""}, 'unknown strategy ""'),
        (sim.sensitivity, {"strategy": ["now"]}, "unknown strategy"),
        (sim.sensitivity, {"measure": None}, "measure: found None"),
        (sim.sensitivity, {"against": "x"}, 'unknown strategy "x"'),
        (sim.sensitivity, {"replications": 0}, "replications: found 0"),
        (sim.sensitivity, {"base": 2.5}, "base: found 2.5"),
        (sim.sensitivity, {"trajectories": "20"}, "trajectories: found '20'"),
        (sim.sensitivity, {"top": 0}, "top: found 0"),
        (sim.robust, {"strategies": []}, "strategies: found an empty list"),
        (sim.robust, {"draws": 2.5}, "draws: found 2.5"),
        (sim.robust, {"draws": 0}, "draws: found 0; allowed: 1 to"),
        (sim.robust, {"fail": "x"}, "fail: found 'x'; allowed: a number"),
        (sim.robust, {"margin": float("nan")}, "margin: found nan"),
        (sim.robust, {"better": "up"}, 'unknown better "up"; allowed: more, less'),
        (sim.robust, {"baseline": ""}, '--baseline: unknown strategy ""'),
        (sim.robust, {"workers": 0}, "workers: found 0"),
        (sim.robust, {"seed": 0.5}, "seed: found 0.5"),
        (sim.trace, {"strategy": ["now"]}, "unknown strategy"),
        (sim.trace, {"replication": -1}, "replication: found -1"),
        (sim.trace, {"replication": "1"}, "replication: found '1'"),
        (sim.trace, {"engine": "fast"}, 'unknown engine "fast"'),
        (sim.trace, {"draw": 1.5}, "draw: found 1.5"),
        (sim.explain, {"strategies": "x"}, 'unknown strategy "x"'),
        (sim.explain, {"strategies": []}, "strategies: found an empty list"),
        (sim.explain, {"replications": 0}, "replications: found 0"),
        (sim.explain, {"draws": 2.5}, "draws: found 2.5"),
        (sim.explain, {"out": ""}, "out: found an empty text"),
        (sim.diff, {"a": "now", "b": 5}, 'unknown strategy "5"'),
        (sim.diff, {"a": "now", "b": "later", "replications": 0}, "replications: found 0"),
        (sim.diff, {"a": "now", "b": "later", "replication": 0.5}, "replication: found 0.5"),
        (sim.diff, {"a": "now", "b": "later", "draw": None}, "draw: found None"),
    ],
)
def test_a_wrong_argument_is_one_sentence(function, wrong, message) -> None:
    scenario = sim.loads(UNCERTAIN, "uncertain.toml")
    with pytest.raises(InputError, match=message) as error:
        function(scenario, **wrong)
    assert "\n" not in str(error.value)


def test_a_wrong_argument_beside_the_scenario_is_one_sentence(tmp_path) -> None:
    for function in (sim.run, sim.search, sim.sensitivity, sim.robust, sim.trace,
                     sim.explain):  # fmt: skip
        with pytest.raises(InputError, match="scenario: found 3; allowed: a catalog name, a path"):
            function(3)
        with pytest.raises(sim.ScenarioError, match="korea-2018: no such file; did you mean"):
            function("korea-2018")
    with pytest.raises(InputError, match="scenario: found None"):
        sim.diff(None, "now", "later")
    results = sim.run(sim.loads(UNCERTAIN, "uncertain.toml"), "now", 3, out=tmp_path / "r")
    assert results.manifest["strategies"] == ["now"]
    for wrong in ({"strategies": []}, {"replications": 2.5}, {"draws": 2.5}, {"strategies": 5}):
        with pytest.raises(InputError, match=f"{next(iter(wrong))}: found"):
            sim.extend(results, **wrong)
    for wrong in ({"sample": 0}, {"sample": 2.5}, {"seed": "1"}):
        with pytest.raises(InputError, match=f"{next(iter(wrong))}: found"):
            sim.verify(tmp_path / "r", **wrong)
    for function in (sim.extend, sim.verify, sim.read):
        for wrong in ("", 5, None):
            with pytest.raises(InputError, match=r"found .*; allowed: a path"):
                function(wrong)
    for wrong in ("", 5, None):
        with pytest.raises(sim.ScenarioError, match=r"scenario: found .*; allowed: a path, or a"):
            sim.load(wrong)


def test_one_strategy_may_be_named_without_a_list() -> None:
    scenario = sim.loads(UNCERTAIN, "uncertain.toml")
    one = sim.run(scenario, "later", np.int64(3), np.uint64(7))
    pd.testing.assert_frame_equal(one.frame, sim.run(scenario, ["later"], 3, 7).frame)
    both = sim.extend(one, strategies="now")
    assert both.manifest["strategies"] == ["later", "now"]
    assert list(sim.explain(scenario, "now", 5).tables["budget"]["strategy"].unique()) == ["now"]
