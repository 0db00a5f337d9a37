"""The endpoint asked for ranks the strategies: in tables, sentences, figures and on the page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.analysis import incidence
from sim.cli import commands
from sim.experiment import stopping
from sim.plotting import decisions, outcomes
from sim.reporting import summary
from sim.studies import compare, pages

TEXT = """
title = "A truce first or a deal at once"
start = 2020-01-01
horizon = 1000
goal = "deal"
ruin = "war"
conditions = { deal = {}, truce = {}, war = {} }
shocks.war = { rate = 0.2, when = ["!truce"], raises = ["war"] }
[[tracks.direct.stages]]
name = "deal"
duration = { mean = 300 }
success = 0.6
raises = ["deal"]
setbacks = [ { name = "no", delay = 20 } ]
[[tracks.slow.stages]]
name = "truce"
duration = { mean = 100 }
success = 0.9
raises = ["truce"]
setbacks = [ { name = "rebuff", delay = 20 } ]
[[tracks.slow.stages]]
name = "deal"
duration = { mean = 900 }
success = 0.3
raises = ["deal"]
setbacks = [ { name = "walkout", delay = 20 } ]
[strategies.deal_first]
never = ["slow"]
[strategies.truce_first]
never = ["direct"]
"""
WITH_MILESTONE = TEXT.replace('ruin = "war"\n', 'ruin = "war"\nmilestones = ["truce"]\n')
BY_GOAL, BY_TRUCE = ["deal_first", "truce_first"], ["truce_first", "deal_first"]
ORDER = {None: BY_GOAL, "deal": BY_GOAL, "truce": BY_TRUCE, "war": BY_TRUCE}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> sim.Results:
    return sim.run(sim.loads(TEXT), replications=300, out=tmp_path_factory.mktemp("run"))


def names_in(table: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(table["strategy" if "strategy" in table else "a"].astype(str)))


@pytest.mark.parametrize("endpoint", ORDER)
def test_tables_are_ranked_by_the_endpoint(results, endpoint) -> None:
    wanted = ORDER[endpoint]
    assert names_in(summary.summarise(results, endpoint)) == wanted
    assert names_in(pd.read_csv(results.folder / "summary.csv")) == wanted
    counted = sim.run(results.scenario, replications=300, keep="summary")
    assert names_in(summary.summarise(counted, endpoint)) == wanted
    with_all = compare.compare(results, baseline="deal_first", endpoint=endpoint)
    for name in ("estimates", "best", "pairs", "dominance", "risks", "hazard", "endurance"):
        assert names_in(with_all.tables[name]) == wanted, name
    said = " ".join(with_all.text.split())
    most = "most" if endpoint == "war" else "fewest"
    assert f"{wanted[0]} has the {most} days without {endpoint or 'deal'}" in said
    assert incidence.rank(results.frame, "deal", 1000, endpoint) == wanted


@pytest.mark.parametrize("endpoint", ORDER)
def test_rows_and_colours_of_figures_are_in_the_order_of_the_endpoint(results, endpoint) -> None:
    wanted = [name.replace("_", " ") for name in ORDER[endpoint]]
    axes = {name: draw() for name, draw in summary.figures_of(results, endpoint)}
    study = compare.compare(results, baseline="deal_first", endpoint=endpoint)
    tables = study.tables
    axes["ranking"] = decisions.ranking(tables["estimates"], tables["best"])
    for name in ("outcomes", "times", "ranking"):
        labels = [label.get_text() for label in axes[name].get_yticklabels()]
        assert labels == wanted, name
        assert axes[name].get_yticks()[0] > axes[name].get_yticks()[1]  # the best is on top
    curves = [text.get_text().split("  ")[0] for text in axes["incidence"].texts]
    assert curves == wanted
    assert set(study.figures) >= {"ranking", "forest", "sooner"}


def test_a_larger_share_of_ruin_is_the_worse_row(results) -> None:
    table = summary.differences(results, "truce_first", "war")
    title = " ".join(outcomes.differences(table).get_title(loc="left").split())
    assert title.startswith("Against truce first: share with war higher for 1, lower for 0, not")


def test_the_page_and_the_printed_summary_are_ranked_alike(results, tmp_path, capsys) -> None:
    page = pages.of_run(results, endpoint="truce")
    assert [row[0] for row in page.tables[0].body] == BY_TRUCE
    assert "the strategy with the fewest comes first" in page.tables[0].note
    file = tmp_path / "truce.toml"
    file.write_text(TEXT, encoding="utf-8")
    command = ["compare", str(file), "--replications", "300", "--quiet", "--no-figures"]
    assert commands.main([*command, "--endpoint", "truce", "--out", str(tmp_path / "o")]) == 0
    printed = capsys.readouterr().out
    first_of = [line.split()[0] for line in printed.splitlines() if line.startswith(tuple(BY_GOAL))]
    assert first_of[:2] == BY_TRUCE
    assert names_in(pd.read_csv(tmp_path / "o" / "summary.csv")) == BY_TRUCE


def test_the_page_of_a_folder_answers_what_its_command_asked(tmp_path, capsys) -> None:
    file, folder = tmp_path / "truce.toml", tmp_path / "o"
    file.write_text(TEXT, encoding="utf-8")
    command = ["compare", str(file), "--quiet", "--no-figures", "--out", str(folder)]

    def first_rows(**asked: str) -> list[str]:
        return [row[0] for row in pages.of(folder, **asked).tables[0].body]

    def compared_with(**asked: str) -> str:
        titles = [table.title for table in pages.of(folder, **asked).tables]
        (found,) = {title.split()[1].rstrip(",") for title in titles if title.startswith("minus ")}
        return found

    asked = ["--endpoint", "truce", "--baseline", "truce_first"]
    assert commands.main([*command, "--replications", "300", *asked]) == 0
    assert first_rows() == BY_TRUCE and first_rows(endpoint="deal") == BY_GOAL
    assert compared_with() == "truce_first"
    assert compared_with(baseline="deal_first") == "deal_first"
    sim.extend(folder, replications=310)
    assert first_rows() == BY_TRUCE
    assert commands.main([*command, "--replications", "310"]) == 0  # of the goal again
    assert first_rows() == BY_GOAL and compared_with() == "deal_first"
    capsys.readouterr()


def test_the_precision_is_that_of_the_endpoint() -> None:
    scenario = sim.loads(TEXT)
    asked = stopping.parse("0.02", endpoint="truce")
    done = stopping.run(scenario, asked)
    assert "of the share of truce, for every strategy" in done.manifest["precision"]["why"]
    widths = stopping.widths(done, asked).set_index("strategy")["best"]
    assert widths["deal_first"] == 0 and widths["truce_first"] > 0.8


@pytest.mark.parametrize("command", ["run", "compare"])
def test_milestones_stand_beside_the_goal(command: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / "truce.toml"
    path.write_text(WITH_MILESTONE)
    words = ["--replications", "100", "--no-figures", "--quiet", "--engine", "simpy"]
    assert commands.main([command, str(path), *words, "--out", str(tmp_path / "out")]) == 0
    before, _, after = capsys.readouterr().out.partition("by the milestone truce:")
    for part, order in ((before, BY_GOAL), (after, BY_TRUCE)):
        assert part.index(order[0]) < part.index(order[1])
    kept = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert list(kept["strategy"]) == BY_GOAL
