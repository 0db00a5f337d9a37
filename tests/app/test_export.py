"""What is exported from the workspace is what it showed."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from matplotlib.figure import Figure

import sim
from sim.app import export
from sim.app.progressive import answers
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft, file_of, opened
from sim.errors import InputError, ScenarioError
from sim.plotting import outcomes, style


def test_the_folder_the_script_and_the_answer_tell_the_same(tmp_path: Path) -> None:
    scenario = sim.load("korea-2017")
    drafts = tuple(StrategyDraft.of(scenario, name) for name in ("proposal", "ministerial_first"))
    numbers = {"us_dprk.contact.success": 0.4}
    state = State(scenario="korea-2017", seed=9, drafts=drafts, numbers=numbers)
    first = next(answers(state))
    export.folder(state, first.n, tmp_path / "folder")
    (tmp_path / "again.py").write_text(export.script(state, first.n), encoding="utf-8")
    subprocess.run([sys.executable, "again.py"], cwd=tmp_path, check=True, capture_output=True)
    shown = pd.read_csv(io.StringIO(export.csv(first)))
    for place in ("folder", "workspace"):
        kept = pd.read_csv(tmp_path / place / "summary.csv")
        pd.testing.assert_frame_equal(kept, shown, check_exact=True)
        assert (tmp_path / place / "incidence.png").exists()


def test_no_script_is_made_of_a_path_or_of_code() -> None:
    draft = StrategyDraft.of(sim.load("korea-2017"), "proposal")
    for name in ("../secret.toml", 'x"\nimport os'):
        with pytest.raises(ScenarioError, match="allowed"):
            export.script(State(scenario=name, drafts=(draft,)), 10)


def test_figures_are_bytes_light_and_dark() -> None:
    draft = StrategyDraft.of(sim.load("korea-2017"), "proposal")
    answer = next(answers(State(scenario="korea-2017", drafts=(draft,))))
    draw = [
        lambda: outcomes.incidence(answer.incidence),
        lambda: outcomes.outcomes(answer.outcomes),
    ]
    for one in draw:
        light, dark = (export.figure(one, dark=dark) for dark in (False, True))
        assert light == export.figure(one) != dark
        assert style.NIGHT.encode() in dark and style.NIGHT.encode() not in light
        assert export.figure(one, "png", dark=True).startswith(b"\x89PNG")
    with pytest.raises(InputError, match="svg, png"):
        export.figure(draw[0], "pdf")


def test_titles_go_with_the_strategies_that_are_taken_away(tmp_path: Path) -> None:
    scenario = sim.load("korea-2017")
    first = StrategyDraft.of(scenario, "proposal").renamed("北京方案")
    second = StrategyDraft.of(scenario, "seoul_first").renamed('Süd & "Nord" v2.0')
    assert first.key == "my_proposal"
    state = State(scenario="korea-2017", drafts=(first, second))
    titles = {first.key: first.title, second.key: second.title}
    assert [draft.title for draft in opened(scenario, file_of(state.drafts))] == [*titles.values()]
    answer = next(answers(state))
    shown = pd.read_csv(io.StringIO(export.csv(answer))).set_index("strategy")
    assert shown["title"].to_dict() == titles
    results = export.folder(state, 200, tmp_path / "folder")
    assert results.scenario.titles == titles
    kept = pd.read_csv(tmp_path / "folder" / "summary.csv").set_index("strategy")
    assert kept["title"].to_dict() == titles
    svg = (tmp_path / "folder" / "outcomes.svg").read_text(encoding="utf-8")
    assert "Süd &amp; &quot;Nord&quot; v2.0" in svg or 'Süd &amp; "Nord" v2.0' in svg
    assert sim.trace(results.scenario, second.key, 0).called == second.title


def test_a_folder_draws_while_nobody_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = StrategyDraft.of(sim.load("korea-2017"), "proposal")
    state = State(scenario="korea-2017", drafts=(draft,))
    order: list[str] = []

    def draw() -> Figure:
        order.append("page")
        return Figure()

    def figures(_: object) -> None:
        page = Thread(target=export.figure, args=(draw,))
        page.start()
        page.join(0.2)
        order.append("folder")
        waiting.append(page)

    waiting: list[Thread] = []
    monkeypatch.setattr(export.summary, "figures", figures)
    export.folder(state, 50, tmp_path / "folder")
    waiting[0].join()
    assert order == ["folder", "page"]
