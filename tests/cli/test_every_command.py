"""Every command once, on a small scenario, with its figures: what a set of packages must bear."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.cli import commands

pytestmark = pytest.mark.slow

WORLD = """
title = "World"
start = 2026-01-01
horizon = 730
goal = "deal"
ruin = "war"
[conditions]
deal = {}
war = {}
tension = { max = 2, fades = { mean = 60 } }
[tracks.talks]
parties = ["North", "South"]
[[tracks.talks.stages]]
name = "round"
duration = { median = 30, sigma = 0.5 }
success = { low = 0.1, likely = 0.25, high = 0.4, source = "judgement: one round in four" }
raises = ["deal"]
setbacks = [ { name = "deadlock", delay = { mean = 45 } } ]
[tracks.experts]
[[tracks.experts.stages]]
name = "paper"
duration = { min = 10, mode = 20, max = 60 }
success = 1
[shocks.incident]
rate = { low = 1, likely = 2, high = 4, source = "judgement: twice a year" }
raises = ["tension"]
breaks = [ { track = "talks", probability = 0.5, delay = 30 } ]
[shocks.war]
rate = 0.02
raises = ["war"]
[[influences]]
of = "tension"
on = "talks.*"
odds = 0.6
source = "judgement: per level"
[strategies.at_once]
about = "talk now"
[strategies.when_quiet]
about = "wait until tension has gone"
starts = { talks = ["!tension"] }
"""

COMMANDS = {
    "run": "world.toml --replications 30 --quiet --out run",
    "compare": "world.toml --replications 30 --quiet --out compare",
    "search": "world.toml --zone 100 --replications 30 --quiet --out search",
    "sensitivity": "world.toml --base 8 --trajectories 2 --replications 10 --quiet --out sens",
    "robust": "world.toml --draws 16 --replications 10 --quiet --out robust",
    "trace": "world.toml --replication 3 --out traced",
    "explain": "world.toml --replications 20 --out explain",
    "diff": "world.toml --a at_once --b when_quiet --replications 20 --out diff",
    "check": "world.toml --describe",
    "verify": "run",
    "report": "run",
    "assumptions": "world.toml --out register.csv",
    "stress": "world.toml --out stress.md",
    "list": "",
}
FOLDERS = {"run", "compare", "search", "sensitivity", "robust", "explain", "diff"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("commands")
    (path / "world.toml").write_text(WORLD)
    return path


def test_every_command_is_tried() -> None:
    assert set(commands.COMMANDS) == {*COMMANDS, "explore"}  # explore serves until it is stopped


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_ends_well(
    command: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    words = COMMANDS[command].split()
    assert commands.main([command, *words]) == 0, capsys.readouterr().err
    if command in FOLDERS:
        folder = place / words[-1]
        assert list(folder.glob("*.png")) and list(folder.glob("*.svg"))
        assert commands.main(["report", str(folder)]) == 0
        assert (folder / "report.html").stat().st_size > 10_000


def test_a_table_of_the_live_page_can_be_laid(place: Path) -> None:
    pytest.importorskip("nicegui")
    from sim.app.scenario_library import Library
    from sim.app.session import State
    from sim.app.strategy_draft import StrategyDraft
    from sim.app.web import server
    from sim.app.workspace import workspace_of

    replication = sim.load(place / "world.toml")
    drafts = tuple(StrategyDraft.of(replication, name) for name in replication.strategies)
    library, name = Library.of(str(place / "world.toml"))
    assert workspace_of(State(scenario=name, drafts=drafts), library).programs and server.STYLE


def test_rows_can_be_asked_in_sql_and_told_by_dask(place: Path) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("distributed")
    scenario = sim.load(place / "world.toml")
    results = sim.run(scenario, replications=20, dask="local", out=place / "dask")
    assert results.query("select count(*) as n from rows")["n"].tolist() == [40]
