"""Every command once, on a small scenario, with its figures: what a set of packages must bear.

What is printed, and what stands in figures, is in the field's words."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from builders import TALKS
from field_words import private, texts_of_figure
from sim.cli import commands

pytestmark = pytest.mark.slow

COMMANDS = {
    "run": "talks.toml --replications 30 --draws 2 --quiet --out run",
    "compare": "talks.toml --replications 30 --quiet --out compare",
    "search": "talks.toml --zone 100 --replications 30 --quiet --out search",
    "sensitivity": "talks.toml --base 8 --trajectories 2 --replications 10 --quiet --out sens",
    "robust": "talks.toml --draws 16 --replications 10 --quiet --out robust",
    "trace": "talks.toml --replication 3 --out traced",
    "explain": "talks.toml --replications 20 --out explain",
    "diff": "talks.toml --a at_once --b when_quiet --replications 20 --out diff",
    "check": "talks.toml --describe",
    "assumptions": "talks.toml",
    "stress": "talks.toml",
    "list": "",
}
FOLDERS = {"run", "compare", "search", "sensitivity", "robust", "explain", "diff"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("commands")
    (path / "talks.toml").write_text(TALKS)
    return path


def test_every_command_is_tried() -> None:
    # `verify` and `report` take the folders of the others; `explore` serves until it is stopped.
    assert set(commands.COMMANDS) == {*COMMANDS, "verify", "report", "explore"}


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
    if command == "run":
        assert commands.main(["verify", "run"]) == 0
    assert private(capsys.readouterr().out) == []
    for figure in place.rglob("*.svg"):
        texts = texts_of_figure(figure.read_text(encoding="utf-8"))
        assert texts and private(texts) == [], figure.name


def test_a_workspace_of_the_live_page_can_be_made(place: Path) -> None:
    pytest.importorskip("nicegui")
    from sim.app.scenario_library import Library
    from sim.app.session import State
    from sim.app.strategy_draft import StrategyDraft
    from sim.app.web import server
    from sim.app.workspace import workspace_of

    scenario = sim.load(place / "talks.toml")
    drafts = tuple(StrategyDraft.of(scenario, name) for name in scenario.strategies)
    library, name = Library.of(str(place / "talks.toml"))
    assert workspace_of(State(scenario=name, drafts=drafts), library).programs and server.STYLE


def test_rows_can_be_asked_in_sql_and_simulated_by_dask(place: Path) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("distributed")
    scenario = sim.load(place / "talks.toml")
    results = sim.run(scenario, replications=20, dask="local", out=place / "dask")
    assert results.query("select count(*) as n from rows")["n"].tolist() == [40]
