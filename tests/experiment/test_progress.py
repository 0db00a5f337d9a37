"""What a run shows while it runs."""

from __future__ import annotations

import io
import json

from sim.experiment.progress import Lines, Progress, counting
from sim.experiment.tasks import Block, TaskResult


def result_of(strategy: str, count: int, reached: int) -> TaskResult:
    return TaskResult(Block(strategy, 0, 1, 0, count), reached=reached)


def test_lines_of_json_for_machines(monkeypatch) -> None:
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr("sim.experiment.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = Progress("json", "korea", "freeze", total=400, done=100, stream=stream)
    progress.add(result_of("proposal", 100, 31))
    progress.add(result_of("pressure", 100, 7), failed=2)
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
    progress.add(result_of("proposal", 100, 31), failed=3)
    progress.add(result_of("pressure", 100, 7), failed=3)
    progress.close()
    assert "200/200" in stream.getvalue()
    assert "freeze 31% in proposal; 3 failed" in stream.getvalue()


def test_lines_where_there_is_no_terminal_from_ten_seconds_on(monkeypatch) -> None:
    clock = iter([0, 0, 0, 10, 10, 22, 22, 23, 23, 60, 60, 60])
    monkeypatch.setattr("sim.experiment.progress.time.monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = Progress("lines", "korea", "freeze", total=1100, done=100, stream=stream)
    progress.add(result_of("proposal", 100, 31))
    progress.add(result_of("pressure", 200, 7), failed=3)
    progress.add(result_of("pressure", 200, 7), failed=3)
    progress.add(result_of("pressure", 100, 7))
    progress.close()
    assert stream.getvalue().splitlines() == [
        "korea: 200 of 1,100 replications (18%), 90 s left; freeze 31% in proposal",
        "korea: 600 of 1,100 replications (55%), 23 s left; freeze 31% in proposal; 3 failed",
        "korea: 700 of 1,100 replications (64%), 40 s left; freeze 31% in proposal",
    ]


def test_counting_shows_lines_without_a_terminal_and_nothing_if_not_asked(
    monkeypatch, capsys
) -> None:
    monkeypatch.setattr(Lines, "FIRST", 0.0)
    with counting("korea", None, False) as count:
        count(5)
    assert capsys.readouterr().err == ""
    with counting("korea", None, True) as count:
        count(1000)
    assert capsys.readouterr().err == "korea: 1,000 replications in 0 s\n"


def test_nothing_where_nobody_looks() -> None:
    stream = io.StringIO()
    progress = Progress("none", "korea", "freeze", total=200, done=0, stream=stream)
    progress.add(result_of("proposal", 100, 31))
    progress.close()
    assert stream.getvalue() == ""
