"""Worker processes start from every kind of program, import none of it, and end with it."""

from __future__ import annotations

import functools
import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest

import sim
from effort import PATIENCE
from sim.errors import InputError, RunError
from sim.experiment import executors
from sim.experiment.results import Incomplete

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = """
title = "Crises that pass"
start = 2020-01-01
horizon = 800
goal = "freeze"
conditions = { freeze = {}, crisis = { max = 3, fades = { mean = 200 } } }
[tracks.talks]
[[tracks.talks.stages]]
name = "deal"
duration = { mean = 90 }
success = 0.3
raises = ["freeze"]
setbacks = [ { name = "walkout", delay = { mean = 60 }, raises = ["crisis"] } ]
"""
PROGRAM = """
import sys

import sim


def mediator(days, condition):
    def lowers(world):
        while True:
            yield world.env.timeout(days)
            if world.level(condition) >= LEAST:
                world.lower(condition)

    return lowers


LEAST = 1
print("imported")
"""
BODY = """
scenario = sim.load(FILE)
for own in ([], [mediator(7, "crisis"), lambda world: mediator(5, "crisis")(world)]):
    frame = sim.run(scenario, None, 30, engine="simpy", workers=2, block=10,
                    user_processes=own).frame
    print(frame["held_crisis"].sum())
"""


def file_of(folder: Path) -> Path:
    file = folder / "crises.toml"
    file.write_text(TEXT)
    return file


def printed(command: list[str], **options) -> list[str]:
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        **options,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """What every way of starting prints; the processes run here."""

    def mediator(days):
        def lowers(world):
            while True:
                yield world.env.timeout(days)
                if world.level("crisis") >= 1:
                    world.lower("crisis")

        return lowers

    scenario = sim.loads(TEXT, "crises.toml")
    frames = [
        sim.run(scenario, None, 30, engine="simpy", user_processes=own).frame
        for own in ([], [mediator(7), mediator(5)])
    ]
    held = [frame["held_crisis"].sum() for frame in frames]
    assert held[1] < held[0]
    return ["imported", *map(str, held)]


@pytest.mark.parametrize("way", ["script", "guarded", "stdin", "command", "cell"])
def test_workers_start_from_any_program_and_do_not_import_it(tmp_path, expected, way) -> None:
    program = PROGRAM + BODY.replace("FILE", repr(str(file_of(tmp_path))))
    script = tmp_path / "own.py"
    script.write_text(program)
    if way == "guarded":
        body = BODY.replace("FILE", repr(str(file_of(tmp_path)))).replace("\n", "\n    ")
        script.write_text(f"{PROGRAM}\nif __name__ == '__main__':{body}\n")
    if way == "cell":  # of a notebook: a main module without a file
        run = "exec(compile(sys.stdin.read(), '<cell 1>', 'exec'), {'__name__': '__main__'})"
        found = printed(["-c", f"import sys; {run}"], input=program)
    elif way == "stdin":
        found = printed([], input=program)
    elif way == "command":
        found = printed(["-c", program])
    else:
        found = printed([str(script)])
    assert found == expected


def test_the_documented_example_runs_as_it_stands(tmp_path) -> None:
    page = (ROOT / "docs" / "own-process.md").read_text(encoding="utf-8")
    script = tmp_path / "own.py"
    script.write_text(page.split("```python\n")[1].split("```")[0])
    found = printed([str(script)])
    assert [line.split(":")[0] for line in found[:2]] == ["days in crisis"] * 2
    assert found[2].startswith("count")


IN_A_POOL = """
import multiprocessing, sys, sim

def rows(options):
    return len(sim.run(sim.load(sys.argv[1]), None, 30, workers=2, **options).frame)

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(rows, [{"engine": "simpy"}, {"pool": "processes"}]))
"""


def test_a_worker_of_a_multiprocessing_pool_may_run_the_simpy_engine(tmp_path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(IN_A_POOL)
    assert printed([str(script), str(file_of(tmp_path))]) == ["[30, 30]"]


def test_a_local_cluster_in_such_a_worker_is_one_clear_message(monkeypatch) -> None:
    daemon = SimpleNamespace(daemon=True)
    monkeypatch.setattr(multiprocessing, "current_process", lambda: daemon)
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="--dask local: found a daemonic process"):
        executors.DaskExecutor("local", 2)


# -- failures -------------------------------------------------------------------------------------


@pytest.fixture
def scenario() -> sim.Scenario:
    return sim.loads(TEXT, "crises.toml")


def run(scenario: sim.Scenario, **options) -> pd.DataFrame:
    return sim.run(scenario, None, 30, engine="simpy", workers=2, block=3, **options).frame


def test_workers_that_never_start_end_the_run_at_once(scenario, monkeypatch) -> None:
    monkeypatch.setattr(executors, "_begin_work", functools.partial(sys.exit, 3))
    began = []
    start = executors.ProcessExecutor._start
    monkeypatch.setattr(
        executors.ProcessExecutor, "_start", lambda self: (began.append(self), start(self))
    )
    with pytest.raises(RunError, match=r"worker processes do not start: .*\nallowed: workers 1"):
        run(scenario)
    assert len(began) == 1


def test_a_worker_that_dies_at_work_is_not_one_that_never_starts(scenario) -> None:
    def crash(world):
        yield world.env.timeout(1)
        os._exit(4)

    with pytest.raises(Incomplete, match=r"its worker died \(killed, or out of memory\)"):
        sim.run(scenario, None, 2, engine="simpy", workers=2, block=1, user_processes=[crash])


class Unloadable:
    def __call__(self, world):
        raise NotImplementedError

    def __reduce__(self):
        return int, ("no number",)


def test_a_task_that_a_worker_cannot_load_is_named(scenario) -> None:
    with pytest.raises(Incomplete, match=r"cannot load the task: ValueError: invalid literal"):
        sim.run(scenario, None, 2, engine="simpy", workers=2, user_processes=[Unloadable()])


class Broken(Executor):
    """An executor that breaks after some tasks, and stays broken."""

    def __init__(self, tasks: int) -> None:
        self.tasks = tasks

    def submit(self, function, /, *arguments):
        if not self.tasks:
            raise BrokenExecutor("a process was terminated")
        self.tasks -= 1
        future: Future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.mark.parametrize("tasks", [0, 4])
def test_an_executor_that_stays_broken_is_an_error_and_loses_no_rows(
    scenario, tmp_path, tasks
) -> None:
    with pytest.raises(RunError, match="lost its workers and gets no others"):
        run(scenario, executor=Broken(tasks), out=tmp_path)
    assert len(list(tmp_path.glob("*.parquet"))) == tasks
    with ThreadPoolExecutor(2) as executor:
        pd.testing.assert_frame_equal(
            run(scenario, executor=executor, out=tmp_path), run(scenario, pool="threads")
        )


ORPHANS = """
import multiprocessing, sys, threading, time, sim

def tell():
    while len(workers := multiprocessing.active_children()) < 2:
        time.sleep(0.01)
    print(*(worker.pid for worker in workers), flush=True)

threading.Thread(target=tell, daemon=True).start()
sim.run(sim.load(sys.argv[1]), None, 10**6, engine="simpy", workers=2, block=20, out=sys.argv[2])
"""


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_that_begins_after_its_parent_was_killed_ends() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ""])
    parent.wait()
    worker = f"from sim.experiment import executors; executors._begin_work({parent.pid}); "
    run = subprocess.run([sys.executable, "-c", worker + "import time; time.sleep(300)"], cwd=ROOT)
    assert run.returncode == 1


def test_workers_end_when_the_run_is_killed(tmp_path) -> None:
    script, out = tmp_path / "long.py", tmp_path / "out"
    script.write_text(ORPHANS)
    run = subprocess.Popen(
        [sys.executable, str(script), str(file_of(tmp_path)), str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        workers = [int(pid) for pid in run.stdout.readline().split()]
        deadline = time.monotonic() + PATIENCE
        while not list(out.glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert all(map(psutil.pid_exists, workers))
        run.kill()
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
