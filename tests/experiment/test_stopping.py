"""Runs that end when they know enough."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_experiment import TEXT

import sim
from coverage_of_precision import COIN, TRUTH, covered
from sim.cli.commands import main
from sim.experiment import stopping
from sim.experiment.experiment import InputError
from sim.experiment.stopping import Precision


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    return sim.loads(TEXT, "two.toml")


def test_it_is_written_as_a_share_or_as_days() -> None:
    assert stopping.parse("0.01") == Precision(0.01, "share")
    assert stopping.parse("10d", "now", 5000) == Precision(10, "days", "now", 5000)
    for text in ("0", "-1", "1", "nan", "inf", "infd", "d", "1e400", "ten", "-3d", ""):
        with pytest.raises(InputError, match="allowed: a share above 0"):
            stopping.parse(text)


def test_looks_are_fixed_beforehand_and_paid_for() -> None:
    asked = Precision(0.01, most=100_000)
    assert asked.looks[0] == 1000
    assert asked.looks[-1] == 100_000
    assert np.diff(asked.looks).min() > 0
    assert len(asked.looks) * (1 - asked.level_of_each) == pytest.approx(0.05)
    assert Precision(0.01, most=300).looks == [300]


@pytest.mark.parametrize(
    ("asked", "unit"), [(Precision(0.02), "points"), (Precision(12.0, "days"), "days")]
)
@pytest.mark.parametrize("keep", ["rows", "summary"])
def test_a_run_goes_on_until_it_is_met(scenario, tmp_path, asked, unit, keep) -> None:
    results = stopping.run(scenario, asked, out=tmp_path, keep=keep)
    n = results.manifest["replications"]
    assert n in asked.looks[1:]
    found = stopping.widths(results, asked)
    assert (found["half_width"] <= asked.half_width).all()
    earlier = sim.run(scenario, replications=max(x for x in asked.looks if x < n), keep=keep)
    assert (stopping.widths(earlier, asked)["half_width"] > asked.half_width).any()
    note = json.loads((tmp_path / "manifest.json").read_text())["precision"]
    assert (
        note["met"]
        and f"precision met (within {asked.half_width * (100 if unit == 'points' else 1):g} {unit}"
        in note["why"]
    )
    assert f"{n:,} replications" in note["why"]
    assert sim.read(tmp_path).manifest["precision"] == note


def test_differences_in_the_same_worlds_need_fewer_histories() -> None:
    better = '[strategies.better]\noverrides = { "talks.deal.success" = 0.32 }\n'
    pair = sim.loads(TEXT + better, "pair.toml")
    each, between = Precision(0.02), Precision(0.02, baseline="now")
    runs = [stopping.run(pair, asked, ["now", "better"]).manifest for asked in (each, between)]
    assert runs[1]["replications"] < runs[0]["replications"]
    assert "for the differences to now" in runs[1]["precision"]["why"]


def test_it_ends_in_any_case(scenario) -> None:
    note = stopping.run(scenario, Precision(0.0001, most=1500)).manifest
    assert note["replications"] == 1500
    assert not note["precision"]["met"]
    assert "1,500 replications were allowed" in note["precision"]["why"]


def test_a_rare_goal_does_not_end_it_too_soon() -> None:
    """Nothing seen in the first round is no reason to be sure that there is nothing."""
    never = sim.loads(COIN.replace("success = 0.3", "success = 0"), "never.toml")
    results = stopping.run(never, Precision(0.001, most=100_000))
    assert results.manifest["replications"] > 5000
    assert results.manifest["precision"]["met"]


def test_the_intervals_cover_although_they_were_looked_at_again_and_again() -> None:
    assert covered(60, half_width=0.03) >= 55
    assert pytest.approx(0.3) == TRUTH


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 4}, "draws that were not made"),
        ({"baseline": "noww"}, 'unknown baseline "noww"; did you mean "now"?'),
        ({"baseline": "now", "strategies": ["now"]}, "needs rows"),
        ({"baseline": "now", "keep": "summary"}, "needs rows"),
    ],
)
def test_what_cannot_be_precise_is_said(scenario, options, message) -> None:
    asked = Precision(0.1, baseline=options.pop("baseline", None))
    with pytest.raises(InputError) as error:
        stopping.run(scenario, asked, **options)
    assert message in str(error.value)


def test_the_command(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.toml").write_text(TEXT)
    command = ["compare", "two.toml", "--precision", "0.05", "--precision-of", "differences"]
    assert main([*command, "--baseline", "later", "--no-figures", "--out", "out"]) == 0
    assert "precision met" in capsys.readouterr().out
    assert main([*command, "--replications", "50"]) == 2
    assert "--max-replications" in capsys.readouterr().err
