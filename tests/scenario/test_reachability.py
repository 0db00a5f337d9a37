"""What never starts under a strategy: found and named, and never claimed of what can start."""

from __future__ import annotations

import random

import pytest

import sim
from random_scenarios import scenario_text
from sim.cli import commands
from sim.reporting import html
from sim.scenario.reachability import never_starts, reach_of
from sim.studies import pages

BASE = """
title = "Waiting"
start = 2026-01-01
horizon = 400
goal = "deal"
ruin = "war"
[conditions]
deal = {}
war = {}
peace = {}
calm = { max = 2 }
crisis = { initially = 1 }
seat = {}
[tracks.a]
[[tracks.a.stages]]
name = "x"
duration = 5
success = 1
NEEDS_A
[[tracks.a.stages]]
name = "y"
duration = 5
success = SUCCESS
raises = ["peace"]
setbacks = [ { name = "no", delay = 5 } ]
[tracks.b]
[[tracks.b.stages]]
name = "x"
duration = 5
success = 1
raises = ["deal"]
NEEDS_B
[tracks.c]
[[tracks.c.stages]]
name = "z"
duration = 5
success = 1
NEEDS_C
[shocks.late]
on = [2031-01-01]
raises = ["calm"]
[shocks.spark]
rate = RATE
raises = ["RAISED"]
"""


def scenario(a: str = "", b: str = "", c: str = "", strategy: str = "", **other: str):
    words = {"SUCCESS": "0.5", "RATE": "1", "RAISED": "war"} | other
    words |= {"NEEDS_A": a, "NEEDS_B": b, "NEEDS_C": c}
    text = BASE
    for word, value in words.items():
        text = text.replace(word, value)
    return sim.loads(f"{text}\n[strategies.s]\n{strategy}\n")


def sentences(*args: str, **other: str) -> list[str]:
    one = scenario(*args, **other)
    return never_starts(one, one.strategies["s"])


NO_GOAL = "the goal deal can never be reached"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, []),
        (
            {"a": 'needs = ["b.x"]', "b": 'needs = ["a.y"]'},
            ["a waits for b.x, b waits for a.y, so neither ever starts", NO_GOAL],
        ),
        (
            {"a": 'needs = ["b.x"]', "b": 'needs = ["c.z"]', "c": 'needs = ["peace"]'},
            ["a waits for b.x, b waits for c.z, c waits for peace, which only a.y raises, "
             "so none of them ever starts", NO_GOAL],
        ),
        ({"a": 'needs = ["a.y"]'}, ["a waits for a.y, a stage of its own, so it never starts"]),
        ({"a": 'needs = ["peace"]'},
         ["a waits for peace, which only a.y raises, so it never starts"]),
        ({"c": 'needs = ["seat"]'}, ["c waits for seat, which nothing ever raises, so it never "
                                     "starts"]),
        ({"c": 'needs = [["seat", "calm"]]'},
         ["c waits for seat, which nothing ever raises or calm, which only late raises, and that "
          "never happens, so it never starts"]),
        ({"c": 'needs = [["seat", "peace"]]'}, []),
        ({"c": 'needs = [["seat", "!peace"]]'}, []),
        ({"c": 'needs = ["peace>=2"]'},
         ["c waits for peace>=2, but the max of peace is 1, so it never starts"]),
        ({"c": 'needs = ["!crisis"]'},
         ["c waits for !crisis, but crisis is there from day 0 and nothing ever lowers it, so it "
          "never starts"]),
        ({"c": 'needs = ["!peace"]'}, []),
        ({"c": 'needs = ["!peace"]', "strategy": 'raises = ["peace"]'},
         ["c waits for !peace, but peace is there from day 0 and nothing ever lowers it, so it "
          "never starts"]),
        ({"c": 'needs = ["!crisis"]', "a": 'clears = ["crisis"]\nneeds = ["c.z"]'},
         ["a waits for c.z, c waits for !crisis, which only a.x lowers, so neither ever starts"]),
        ({"c": 'needs = ["peace"]\nholds = ["seat"]', "b": 'needs = ["seat"]'}, []),
        ({"c": 'needs = ["peace"]', "SUCCESS": "0"},
         ["c waits for peace, which only a.y raises, and that never happens, so it never starts"]),
        ({"c": 'needs = ["a.y"]', "SUCCESS": "0"},
         ["c waits for a.y, whose success is 0, so it never starts"]),
        ({"c": 'needs = ["a.y"]', "strategy": 'overrides = { "a.y.success" = 0 }'},
         ["c waits for a.y, whose success is 0, so it never starts"]),
        ({"c": 'needs = ["a.y"]', "SUCCESS": "{ low = 0, likely = 0, high = 0.1 }"}, []),
        ({"c": 'needs = ["calm"]', "RAISED": "calm"}, []),
        ({"c": 'needs = ["calm"]', "RAISED": "calm", "RATE": "0"},
         ["c waits for calm, which only late, spark raise, and that never happens, so it never "
          "starts"]),
        ({"strategy": 'order = [["a"], ["b"]]\nnever = ["a"]'},
         ["b waits for a.y, but a is left out, so it never starts", NO_GOAL]),
        ({"strategy": 'starts = { c = ["peace"] }\nnever = ["a"]'},
         ["c waits for peace, which only a.y raises, but a is left out, so it never starts"]),
        ({"b": 'needs = ["c.z"]', "strategy": 'order = [["b"], ["c"]]'},
         ["b waits for c.z, c waits for b.x, so neither ever starts", NO_GOAL]),
        ({"c": "window = [ { from = 2040-01-01, to = 2040-02-01 } ]"},
         ["c waits for a window, of which none lies inside the run, so it never starts"]),
    ],
)  # fmt: skip
def test_what_never_starts_is_named(rules: dict[str, str], expected: list[str]) -> None:
    assert sentences(**rules) == expected


def test_a_later_stage_that_is_never_attempted_is_named() -> None:
    text = scenario().text.replace('name = "y"', 'name = "y"\nneeds = ["seat"]')
    one = sim.loads(text)
    assert never_starts(one, one.strategies["s"]) == [
        "a.y waits for seat, which nothing ever raises, so it never starts"
    ]


def test_the_catalog_has_nothing_that_never_starts() -> None:
    for one in map(sim.load, sim.catalog()):
        for strategy in one.strategies.values():
            assert never_starts(one, strategy) == [], (one.name, strategy.name)


def test_check_names_a_cycle_once_and_run_and_compare_say_it(tmp_path, capsys) -> None:
    path = tmp_path / "cycle.toml"
    text = scenario(strategy='starts = { a = ["b.x"], b = ["a.y"] }').text
    path.write_text(f"{text}\n[strategies.free]\n")
    cycle = "a waits for b.x, b waits for a.y, so neither ever starts"
    assert commands.main(["check", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.count(cycle) == 1 and f"strategies.s: {cycle}" in out
    for command in ("run", "compare"):
        folder = tmp_path / command
        short = ["--replications", "40", "--no-figures", "--quiet", "--out", str(folder)]
        assert commands.main([command, str(path), *short]) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert f"note: under s: {cycle}" in out
        assert f"note: under s: {NO_GOAL}" in out
        assert "under free" not in out
    assert f"Note: under s: {cycle}." in html.page(pages.of_run(sim.read(tmp_path / "run")))


@pytest.mark.slow
def test_studies_say_it_too(tmp_path, capsys) -> None:
    path = tmp_path / "late.toml"
    path.write_text(
        scenario(c='needs = ["seat"]', SUCCESS="{ low = 0.1, likely = 0.5, high = 0.9 }").text
    )
    note = "note: under s: c waits for seat, which nothing ever raises, so it never starts"
    for command, *words in (
        ["explain", "--replications", "20"],
        ["robust", "--draws", "8", "--replications", "5", "--quiet"],
        ["sensitivity", "--base", "4", "--trajectories", "2", "--replications", "5", "--quiet"],
    ):
        assert commands.main([command, str(path), *words, "--out", str(tmp_path / command)]) == 0
        assert note in " ".join(capsys.readouterr().out.split()), command


@pytest.mark.slow
def test_what_happens_was_never_called_impossible() -> None:
    """On random scenarios: each condition that rose, stage that succeeded, rule that fired."""
    stuck = 0
    for number in range(120):
        one = sim.loads(scenario_text(random.Random(number)))
        strategy = one.strategies["a"]
        reach = reach_of(one, strategy)
        rules = {f"rule.{rule.name}": rule for rule in strategy.rules}
        stuck += bool(never_starts(one, strategy))
        frame = sim.run(one, replications=25, seed=number).frame
        for column in [name for name in frame if name.startswith("first_")]:
            name = column.removeprefix("first_")
            if frame[column].notna().any():
                may = reach.may(rules[name].when) if name in rules else reach.may_reach(name)
                assert may, (number, column)
    assert 10 < stuck < 110
