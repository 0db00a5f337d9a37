"""Nothing is lost: runs that are killed, workers that are killed, clusters that change."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

import sim
from effort import PATIENCE
from sim.engine.jit import JIT
from sim.errors import InputError
from survival import difference, killed_again_and_again

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not JIT, reason="without the compiler this takes too long"),
]
SCENARIO = sim.load("korea-2017")
NAMES = ["proposal"]
KILLED: list[int] = []


def test_a_run_that_is_killed_again_and_again_is_whole_in_the_end(tmp_path) -> None:
    killed = killed_again_and_again(tmp_path / "out", 60_000, kills=3)
    assert killed == 3
    assert difference(tmp_path / "out", 60_000) == ""


def when_begun(out: Path, what) -> None:
    """Do something once a few parts are there."""

    def wait() -> None:
        deadline = time.monotonic() + PATIENCE
        while len(list(out.glob("part-*"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        what()

    threading.Thread(target=wait, daemon=True).start()


def kill_a_worker() -> None:
    psutil = pytest.importorskip("psutil")
    commands = {
        child: " ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)
    }
    of_workers = ("popen_loky", "spawn_main")  # of loky and of Dask
    workers = [child for child in commands if any(one in commands[child] for one in of_workers)]
    workers[-1].kill()
    KILLED.append(workers[-1].pid)


@pytest.fixture(scope="module")
def whole() -> pd.DataFrame:
    return sim.run(SCENARIO, NAMES, 6000).frame


@pytest.mark.parametrize("pool", [{"pool": "processes"}, {"dask": "local"}])
def test_a_worker_that_is_killed_is_replaced(tmp_path, whole, pool) -> None:
    if "dask" in pool:
        pytest.importorskip("distributed")
    KILLED.clear()
    when_begun(tmp_path, kill_a_worker)
    results = sim.run(SCENARIO, NAMES, 6000, workers=2, block=50, out=tmp_path, **pool)
    assert len(KILLED) == 1
    assert results.failures == []
    pd.testing.assert_frame_equal(results.frame, whole)
    assert not list(tmp_path.glob(".*"))


def test_dask_by_address_and_a_worker_that_joins_late(tmp_path, whole) -> None:
    distributed = pytest.importorskip("distributed")
    options = {"processes": True, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(n_workers=1, silence_logs=50, **options) as cluster:
        when_begun(tmp_path, lambda: cluster.scale(2))
        results = sim.run(
            SCENARIO, NAMES, 6000, dask=cluster.scheduler_address, block=25, out=tmp_path
        )
        with distributed.Client(cluster) as client:
            has_told = client.run(lambda: "sim.experiment.tasks" in sys.modules)
    pd.testing.assert_frame_equal(results.frame, whole)
    assert list(has_told.values()) == [True, True]


def test_dask_without_its_package_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"detente\[dask\]"):
        sim.run(SCENARIO, NAMES, 10, dask="local")
