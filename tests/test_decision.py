"""Whole comparisons, explanations and diffs of degenerate scenarios: right, or a clear sentence."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

import sim
from sim import cli, decision
from sim.experiment import InputError

TEXT = """
title = "A deal"
start = 2020-01-01
horizon = 400
goal = "deal"
ruin = "war"
conditions = {{ deal = {{}}, war = {{}} }}
[[tracks.talks.stages]]
name = "round"
duration = {{ mean = 60 }}
success = {success}
raises = ["deal"]
setbacks = [ {{ name = "no", delay = 20 }} ]
[strategies.a]
[strategies.b]
{b}
[strategies.c]
"""
UNKNOWN = {  # where a table says by an empty cell that there is nothing to tell
    "differences": {"variance_ratio", "saving"},
    "pairs": {"variance_ratio", "saving"},
    "dominance": {"ahead_from", "ahead_to", "behind_from", "behind_to"},
    "partings": {"median_day"},
    "turns": {"median_day"},
}
CASES = {
    "never": (0, "", 40, "No history of any strategy reached deal"),
    "always": (1, "", 40, "No difference between them was seen"),
    "alike": (0.3, "", 40, "No difference between them was seen"),
    "one_without": (0.3, 'never = ["talks"]', 40, "a and c have the fewest days without deal"),
    "two_histories": (0.3, "", 2, "No difference between them was seen"),
}


@pytest.fixture(autouse=True)
def quiet_and_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def command(*words: object) -> int:
    return cli.main([str(word) for word in words])


@pytest.mark.parametrize("name", CASES)
def test_degenerate_cases_are_told(name: str) -> None:
    success, b, runs, sentence = CASES[name]
    scenario = sim.loads(TEXT.format(success=success, b=b))
    found = decision.compare(sim.run(scenario, replications=runs), "a")
    assert sentence in " ".join(found.text.split())
    why = decision.explain(scenario, replications=runs)
    apart = decision.diff(scenario, "a", "c", replications=runs)
    assert "the same to the end" in apart.text
    for each in (found, why, apart):
        assert not re.search(r"\bnan\b", each.text)
        for table_name, table in each.tables.items():
            unknown = {column for column in table if table[column].isna().any()}
            assert unknown <= UNKNOWN.get(table_name, set()), table_name


def test_degenerate_figures_are_drawn_without_a_warning(capsys) -> None:
    Path("x.toml").write_text(TEXT.format(success=0, b='never = ["talks"]'), encoding="utf-8")
    assert command("compare", "x.toml", "--replications", 20, "--quiet", "--out", "o") == 0
    assert command("explain", "x.toml", "--replications", 5, "--out", "e") == 0
    assert "No setback, shock or window can be switched off" in capsys.readouterr().out


def test_a_single_history_has_no_intervals(capsys) -> None:
    Path("x.toml").write_text(TEXT.format(success=0.5, b=""), encoding="utf-8")
    assert command("compare", "x.toml", "--replications", 1, "--quiet", "--out", "o") == 0
    out = capsys.readouterr().out
    assert "there are no intervals" in out and not re.search(r"\bnan\b", out)


def test_what_cannot_be_compared_is_refused(capsys) -> None:
    Path("x.toml").write_text(TEXT.format(success=0.5, b=""), encoding="utf-8")
    assert command("compare", "x.toml", "--strategy", "a", "--quiet", "--out", "o") == 2
    assert "needs two" in capsys.readouterr().err
    assert command("compare", "x.toml", "--baseline", "d", "--quiet", "--out", "p") == 2
    # What the comparison needs is kept, whatever else is left out.
    assert command("compare", "x.toml", "--columns", "time", "--quiet", "--out", "q") == 0
    assert command("diff", "x.toml", "--a", "a", "--b", "z") == 2
    scenario = sim.load("x.toml")
    with pytest.raises(InputError, match="unknown baseline"):
        decision.compare(sim.run(scenario, replications=5), "z")
    with pytest.raises(InputError, match="counts by day only"):
        decision.compare(sim.run(scenario, replications=5, keep="summary"))
    with pytest.raises(InputError, match="two different strategies"):
        sim.diff(scenario, "a", "a")


def test_common_random_numbers_are_reported_for_all_pairs() -> None:
    found = decision.compare(sim.run(sim.load("korea-2017"), replications=400), "proposal")
    pairs = found.tables["pairs"]
    assert len(pairs) == 72 and pairs["variance_ratio"].notna().all()
    assert "of the variance of independent runs" in " ".join(found.sentences)
    # Those that open alike differ less than those that do not.
    ratio = pairs.set_index(["a", "b"])["variance_ratio"]
    assert ratio["proposal", "all_parallel"] < 0.5 < ratio["proposal", "ministerial_first"]
