"""Studies of degenerate scenarios, and their pages: right answers or a clear sentence, never NaN
without a word, never a library's warning."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from sim.cli import commands

pytestmark = pytest.mark.slow

TEXT = """
title = "A deal"
start = 2020-01-01
horizon = 400
goal = "deal"
ruin = "war"
conditions = {{ deal = {{}}, war = {{}}, bold = {{ posture = true }} }}
[[tracks.talks.stages]]
name = "round"
duration = {duration}
success = {success}
raises = ["deal"]
setbacks = [ {{ name = "no", delay = {{ mean = {{ low = 10, likely = 20, high = 30 }} }} }} ]
[[tracks.other.stages]]
name = "chat"
duration = 10
success = 1
[shocks.crash]
rate = {{ low = {rate}, likely = {rate}2, high = {rate}3 }}
raises = ["war"]
{strategies}
"""
TWO = '[strategies.a]\n[strategies.b]\nstarts = { talks = ["other.chat"] }\n'
ALIKE = "[strategies.a]\n[strategies.b]\n[strategies.c]\n"
PLAIN = {"duration": "{ mean = 60 }", "success": 0.3, "rate": "0.1", "strategies": TWO}
KINDS = {
    "plain": {},
    "never": {"success": 0},
    "ties": {"duration": 50, "success": 1, "rate": "0.00001", "strategies": ALIKE},
    "ruined": {"rate": "1000.0"},
    "sure": {"duration": 5, "success": 1, "rate": "0.00001"},
    "tied": {"strategies": TWO + '[strategies.c]\nraises = ["bold"]\n'},
    "alone": {"strategies": "[strategies.a]"},
}
SMALL = {
    "run": "--no-figures",
    "compare": "--no-figures",
    "robust": "--draws 3",
    "sensitivity": "--base 8 --trajectories 2",
    "search": "--zone 50",
    "explain": "",
}


def output(kind: str, command: str, replications: int, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says of a kind of scenario, and its page, without figures and file."""
    Path("x.toml").write_text(TEXT.format(**PLAIN | KINDS[kind]), encoding="utf-8")
    asked = [command, "x.toml", *SMALL[command].split(), "--replications", str(replications)]
    asked += ["--out", command] + ([] if command == "explain" else ["--quiet"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert commands.main(asked) == 0
        assert commands.main(["report", command]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    page = Path(command, "report.html").read_text(encoding="utf-8")
    words = re.sub(r"<(pre|svg|script|style).*?</\1>", "", page, flags=re.S)
    said = " ".join(f"{printed.out} {words}".split())
    assert not re.search(r"\b(nan|NaN|NaT|None|inf)\b", said)
    assert "(\N{EN DASH}\N{EN DASH}\N{EN DASH})" not in said
    return said


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("kind", "command", "sentence"),
    [
        ("never", "run", "No replication of any strategy reached deal"),
        ("never", "compare", "No replication of any strategy reached deal"),
        ("never", "robust", "all strategies are equally good"),
        ("never", "sensitivity", "The outcome is the same in every draw"),
        (
            "never",
            "explain",
            "No replication of b reached deal, so there is no last wait to report",
        ),
        ("ties", "compare", "no difference between strategies was seen"),
        ("ties", "robust", "All strategies tie in every draw"),
        ("ties", "sensitivity", "No parameter alone moves it"),
        ("ties", "search", "equal to it in every replication"),
        ("ties", "explain", "No setback, shock or window is shown to cost a days"),
        ("ruined", "robust", "0 of 2 parameters alone make another strategy the best"),
        ("ruined", "search", "No measured candidate ever reached deal"),
        ("ruined", "explain", "after the ruin"),
        ("alone", "run", "One strategy alone was run"),
        ("alone", "robust", "There is only one strategy"),
        ("alone", "sensitivity", "with all 2 uncertain parameters at their base values"),
        ("alone", "search", "Strategies of the file"),
    ],
)
def test_what_says_little_is_told_in_words(kind, command, sentence, capsys) -> None:
    assert sentence in output(kind, command, 20, capsys)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("compare", "there are no intervals, and no ranking"),
        ("robust", "One replication cannot separate noise from effects of parameters"),
        ("sensitivity", "no effect and no index is given"),
        ("explain", "Under b talks waits for other.chat 10 days."),
    ],
)
def test_one_history_says_little(command, sentence, capsys) -> None:
    said = output("plain", command, 1, capsys)
    assert sentence in said
    assert "distinguished from noise" not in said and "Sobol, noise taken off" not in said


@pytest.mark.parametrize("command", ["run", "compare", "explain"])
def test_one_draw_says_nothing_of_others(command, capsys, monkeypatch) -> None:
    monkeypatch.setitem(SMALL, command, f"{SMALL[command]} --draws 1")
    assert output("plain", command, 20, capsys).count("One draw says nothing of other draws") == 2
    monkeypatch.setitem(SMALL, command, f"{SMALL[command]} --draws 2")
    said = " ".join(output("plain", command, 20, capsys).split())
    assert "One draw says" not in said
    both = "Intervals hold both: what 2 draws say of other draws, and what 20 replications say of "
    assert said.count(both) == 2


def test_one_replication_of_several_draws_has_no_interval(capsys, monkeypatch) -> None:
    monkeypatch.setitem(SMALL, "compare", f"{SMALL['compare']} --draws 3")
    said = output("plain", "compare", 1, capsys)
    assert "One replication says nothing of other replications" in said
    assert "there are no intervals, and no ranking" in said


def test_whole_curves_are_behind_by_no_less_than_nothing(capsys) -> None:
    said = output("sure", "compare", 20, capsys)
    assert "at no time behind by more than 0 points" in said


def test_a_search_without_the_goal_speaks_of_no_choice(capsys) -> None:
    said = output("ruined", "search", 20, capsys)
    assert "distinguished from it" not in said.split("<h2>")[0] and "equal to it" not in said


def test_a_search_where_nothing_can_raise_the_goal_is_refused(capsys) -> None:
    Path("x.toml").write_text(TEXT.format(**PLAIN | KINDS["never"]), encoding="utf-8")
    assert commands.main(["search", "x.toml", "--out", "search", "--quiet"]) == 2
    error = capsys.readouterr().err
    assert "nothing that can happen ever raises deal; nothing to search" in error
    assert not Path("search").exists()


def test_a_tie_with_the_leader_is_no_lead(capsys) -> None:
    said = output("tied", "robust", 40, capsys)
    assert "has the best mean, but it is not distinguished from" in said
    assert "is best; the next is" not in said
