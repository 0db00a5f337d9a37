"""What is told of a run while it runs."""

from __future__ import annotations

import io
import json

from sim.experiment.progress import Progress
from sim.experiment.tasks import Block, Told


def told(strategy: str, count: int, reached: int) -> Told:
    return Told(Block(strategy, 0, 1, 0, count), reached=reached)


def test_lines_of_json_for_machines(monkeypatch) -> None:
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr("sim.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = Progress("json", "korea", "freeze", total=400, done=100, stream=stream)
    progress.told(told("proposal", 100, 31))
    progress.told(told("pressure", 100, 7), failed=2)
    progress.close()
    first, second, third, last = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["done"], first["total"], first["best"]) == (
        "begins", 100, 400, None,
    )  # fmt: skip
    assert second["done"] == 200
    assert second["best"] == {"strategy": "proposal", "share": 0.31}
    assert second["per_second"] > 0
    assert second["seconds_left"] > 0
    assert third["failed"] == 2
    assert (last["event"], last["done"]) == ("ends", 300)


def test_a_bar_for_people() -> None:
    stream = io.StringIO()
    progress = Progress("bar", "korea", "freeze", total=200, done=0, stream=stream)
    progress.told(told("proposal", 100, 31), failed=3)
    progress.told(told("pressure", 100, 7), failed=3)
    progress.close()
    assert "200/200" in stream.getvalue()
    assert "freeze 31% in proposal; 3 failed" in stream.getvalue()


def test_nothing_where_nobody_looks() -> None:
    stream = io.StringIO()
    progress = Progress("none", "korea", "freeze", total=200, done=0, stream=stream)
    progress.told(told("proposal", 100, 31))
    progress.close()
    assert stream.getvalue() == ""
