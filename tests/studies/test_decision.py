"""Whole comparisons, explanations and diffs of degenerate scenarios: right, or a clear sentence."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from matplotlib.text import Text

import sim
from builders import TWO_TRACKS as SMALL
from sim.cli import commands
from sim.errors import InputError
from sim.experiment.manifests import default_folder
from sim.studies import compare, diff, explain, pages

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
    "differences": {"variance_ratio", "saving", "adjusted_ratio"},
    "pairs": {"variance_ratio", "saving", "adjusted_ratio"},
    "dominance": {"ahead_from", "ahead_to", "behind_from", "behind_to"},
    "partings": {"median_day"},
    "turns": {"median_day"},
}
CASES = {
    "never": (0, "", 40, "No replication of any strategy reached deal"),
    "always": (1, "", 40, "no difference between strategies was seen"),
    "alike": (0.3, "", 40, "no difference between strategies was seen"),
    "one_without": (0.3, 'never = ["talks"]', 40, "a and c have the fewest days without deal"),
    "two_histories": (0.3, "", 2, "no difference between strategies was seen"),
}


@pytest.fixture(autouse=True)
def quiet_and_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def command(*words: object) -> int:
    return commands.main([str(word) for word in words])


@pytest.mark.parametrize("name", CASES)
def test_degenerate_cases_are_told(name: str) -> None:
    success, b, runs, sentence = CASES[name]
    scenario = sim.loads(TEXT.format(success=success, b=b))
    found = compare.compare(sim.run(scenario, replications=runs), baseline="a")
    assert sentence in " ".join(found.text.split())
    why = explain.explain(scenario, replications=runs)
    apart = diff.diff(scenario, "a", "c", replications=runs)
    assert "the same to the end" in apart.text
    for each in (found, why, apart):
        assert not re.search(r"\bnan\b", each.text)
        for table_name, table in each.tables.items():
            unknown = {column for column in table if table[column].isna().any()}
            assert unknown <= UNKNOWN.get(table_name, set()), table_name


@pytest.mark.slow
def test_degenerate_figures_are_drawn_without_a_warning(capsys) -> None:
    Path("x.toml").write_text(TEXT.format(success=0, b='never = ["talks"]'), encoding="utf-8")
    assert command("compare", "x.toml", "--replications", 20, "--quiet", "--out", "o") == 0
    assert command("explain", "x.toml", "--replications", 5, "--out", "e") == 0
    assert "There is no setback, shock or window to remove" in capsys.readouterr().out


@pytest.mark.slow
def test_a_single_history_has_no_intervals(capsys) -> None:
    Path("x.toml").write_text(TEXT.format(success=0.5, b=""), encoding="utf-8")
    assert command("compare", "x.toml", "--replications", 1, "--quiet", "--out", "o") == 0
    out = capsys.readouterr().out
    assert "there are no intervals" in out and not re.search(r"\bnan\b", out)


@pytest.mark.slow
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
        compare.compare(sim.run(scenario, replications=5), baseline="z")
    with pytest.raises(InputError, match="counts by day only"):
        compare.compare(sim.run(scenario, replications=5, keep="summary"))
    with pytest.raises(InputError, match="two different strategies"):
        sim.diff(scenario, "a", "a")


@pytest.mark.slow
def test_common_random_numbers_are_reported_for_all_pairs() -> None:
    found = compare.compare(sim.run(sim.load("korea-2017"), replications=400), baseline="proposal")
    pairs = found.tables["pairs"]
    assert len(pairs) == 72 and pairs["variance_ratio"].notna().all()
    assert "of the variance of independent runs" in " ".join(found.findings)
    # Those that open alike differ less than those that do not.
    ratio = pairs.set_index(["a", "b"])["variance_ratio"]
    assert ratio["proposal", "all_parallel"] < 0.5 < ratio["proposal", "ministerial_first"]


# -- draws ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_explanation_over_draws_is_of_the_runs_histories() -> None:
    scenario = sim.load(SMALL)
    run = sim.run(scenario, ["direct", "in_order"], 40, draws=3).frame
    found = explain.explain(scenario, ["direct", "in_order"], 40, draws=3)
    days = run["time"].where(run["outcome"] == "freeze", scenario.horizon)
    by_draw = days.groupby([run["strategy"], run["draw"]], observed=True).mean()
    for strategy, budget in found.tables["budget"].groupby("strategy"):
        assert set(budget["n"]) == {120}
        for _, part in budget.groupby("track"):
            assert part["best"].sum() == pytest.approx(by_draw[strategy].mean())
    costs = found.tables["costs"]
    assert set(costs["strategy"]) == {"direct", "in_order"} and set(costs["n"]) == {120}
    bound = found.tables["bottlenecks"].groupby("strategy")["n"].first()
    reached = (run["outcome"] == "freeze").groupby(run["strategy"], observed=True).sum()
    assert bound.to_dict() == reached.to_dict()


def test_durability_is_told_over_draws_as_well() -> None:
    results = sim.run(sim.load(SMALL), ["direct", "hardline"], 60, draws=4)
    table = compare.compare(results).tables["durability"]
    frame = results.frame
    for strategy, part in table.groupby("strategy"):
        there = (frame["strategy"] == strategy) & (frame["outcome"] == "freeze")
        assert part["at_risk"].iloc[0] == there.sum() > 0
        assert part[["low", "best", "high"]].notna().all(axis=None)
        assert (part["low"] <= part["best"]).all() and (part["best"] <= part["high"]).all()


def test_one_history_of_a_draw_is_that_of_the_run(tmp_path, capsys) -> None:
    scenario = sim.load(SMALL)
    results = sim.run(scenario, ["direct"], 6, draws=3)
    row = results.frame.query("draw == 3 and replication == 5").iloc[0]
    story = sim.trace(scenario, "direct", 5, draw=3)
    assert story.row["first_dialogue"] == row["first_dialogue"]
    assert story.row["time"] == row["time"] and story.row["draw"] == 3
    assert story.row["n_missile_test"] == row["n_missile_test"]
    assert sim.trace(scenario, "direct", 5).row["n_missile_test"] != row["n_missile_test"]
    results.drawn.write(tmp_path / "draws.csv")
    words = ("trace", SMALL, "--strategy", "direct", "--replication", 5, "--draw", 3)
    assert command(*words) == command(*words, "--draws", tmp_path / "draws.csv") == 0
    first, again = capsys.readouterr().out.split("Two tracks and a meeting")[1:]
    assert first == again and "direct, replication 5, draw 3, seed 1" in first
    assert command(*words[:-1], 4, "--draws", tmp_path / "draws.csv") == 2
    assert "draw: found 4; allowed: 0 to 3" in capsys.readouterr().err
    assert command("diff", SMALL, "--a", "direct", "--b", "hardline", "--draw", 3,
                   "--replications", 5) == 0  # fmt: skip
    folder = default_folder(scenario, 1, "diff", "direct", "hardline", "0-draw3")
    page = pages.of(folder)
    side = diff.diff(scenario, "direct", "hardline", 0, 5, draw=3)
    assert page.sentences[0] in " ".join(side.text.split())
    words = "".join(text.get_text() for text in page.figures[0].draw().findobj(Text))
    assert "replication 0, draw 3, seed 1" in words
