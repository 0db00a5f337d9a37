"""Scenarios of a table from the catalog, a folder or a given file; nothing outside is reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sim
from builders import TWO_TRACKS as TWO
from sim.app import export
from sim.app.progressive import answers
from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft
from sim.app.switching import flips
from sim.app.workspace import workspace_of
from sim.errors import ScenarioError
from sim.scenario.loading import catalog

NUMBER = "talks.contact.success"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "inside"
    inside.mkdir()
    shutil.copy(TWO, inside / "two.toml")
    shutil.copy(TWO, tmp_path / "secret.toml")
    return inside


def state_of(library: Library, name: str) -> State:
    scenario = library.scenario(name)
    drafts = tuple(StrategyDraft.of(scenario, one) for one in ("direct", "hardline"))
    return State(scenario=name, seed=8, drafts=drafts, numbers={NUMBER: 0.6})


def days(library: Library, state: State) -> list[float]:
    answer = next(answers(state, library=library))
    assert answer.message == "" and answer.summary is not None
    return list(answer.summary["restricted_mean"])


def test_a_folder_holds_scenarios_beside_strategies_and_states(folder: Path) -> None:
    (folder / "broken.toml").write_text("title = ", encoding="utf-8")
    draft = state_of(Library(folder), "two.toml").drafts[0]
    (folder / "drafts.toml").write_text(draft.file(), encoding="utf-8")
    (folder / "workspace.json").write_text("{}", encoding="utf-8")
    (folder / "sub.toml").mkdir()
    assert Library(folder).names() == [*catalog(), "broken.toml", "two.toml"]
    assert SHIPPED.names() == Library(folder / "none").names() == catalog()
    with pytest.raises(ScenarioError, match=r"broken.toml: not TOML"):
        Library(folder).scenario("broken.toml")


def test_a_file_of_the_folder_is_answered_as_a_run_of_it(folder: Path) -> None:
    library = Library(folder)
    state = state_of(library, "two.toml")
    *_, last = answers(state, library=library)
    drafts = folder / "drafts.toml"
    drafts.write_text(export.file_of(state.drafts, state.numbers), encoding="utf-8")
    scenario = sim.load(folder / "two.toml", [drafts])
    frame = sim.run(scenario, ["my_direct", "my_hardline"], last.n, 8).frame
    exact = sim.summary(frame, scenario.goal, scenario.ruin, scenario.horizon)
    pd.testing.assert_frame_equal(last.summary, exact, check_exact=True)
    assert workspace_of(state, library).scenario.name == "two"
    (answer,) = answers(state)
    assert answer.done and 'scenario: "two.toml"; allowed: ' in answer.message


@pytest.mark.parametrize(
    "name",
    ["../secret.toml", "secret.toml", "link.toml", "loop.toml", "sub/deep.toml", "/etc/passwd", "",
     ".", "..", "two", "two.toml\0", "inside", "x" * 5000],
)  # fmt: skip
def test_nothing_outside_the_folder_is_reached(folder: Path, name: str) -> None:
    (folder / "sub").mkdir()
    shutil.copy(TWO, folder / "sub" / "deep.toml")
    (folder / "link.toml").symlink_to(folder.parent / "secret.toml")
    (folder / "loop.toml").symlink_to(folder / "loop.toml")
    for library in (Library(folder), Library(folder, folder.parent / "another.toml"), SHIPPED):
        with pytest.raises(ScenarioError, match=rf"scenario: .*allowed: {catalog()[0]}"):
            library.scenario(name)
        assert name not in library.names()


def test_a_link_within_the_folder_and_a_folder_that_is_a_link_are_as_good(folder: Path) -> None:
    (folder / "again.toml").symlink_to(folder / "two.toml")
    (folder.parent / "way").symlink_to(folder)
    library = Library(folder.parent / "way")
    assert library.names() == [*catalog(), "again.toml", "two.toml"]
    assert library.scenario("again.toml").hash == library.scenario("two.toml").hash


def test_a_given_file_may_stand_anywhere(folder: Path) -> None:
    library, name = Library.of(str(folder.parent / "secret.toml"), folder)
    assert name == "secret.toml" and not library.ships(name)
    assert library.names() == [*catalog(), "two.toml", "secret.toml"]
    assert days(library, state_of(library, name))
    assert Library.of("korea-2017", folder) == (Library(folder), "korea-2017")
    assert Library(folder).ships("korea-2017") and hash(library) != hash(Library(folder))
    missing, name = Library.of(str(folder / "none.toml"))
    with pytest.raises(ScenarioError, match="no such file"):
        missing.scenario(name)


def test_a_given_file_wins_over_one_of_the_same_name(folder: Path) -> None:
    other = folder.parent / "korea-2017"
    shutil.copy(TWO, other)
    library, name = Library.of(str(other), folder)
    assert "talks" in library.scenario(name).tracks and not library.ships(name)
    assert library.names().count(name) == 1


def test_a_file_changed_on_disk_is_read_anew(folder: Path) -> None:
    library, name = Library(folder), "two.toml"
    state = state_of(library, name)
    before = library.scenario(name)
    assert library.scenario(name) is before  # and else it is not
    first = days(library, state)
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(text.replace("horizon = 1826", "horizon = 365"), encoding="utf-8")
    assert library.scenario(name).horizon == 365
    assert days(library, state) != first
    (folder / name).write_text(text, encoding="utf-8")
    assert days(library, state) == first


def test_what_a_file_extends_is_read_anew_too(folder: Path) -> None:
    library = Library(folder)
    above = "above.toml"
    (folder / above).write_text('extends = "../inside/two.toml"\nhorizon = 700\n', encoding="utf-8")
    assert library.scenario(above).horizon == 700 and library.scenario(above).title
    text = (folder / "two.toml").read_text(encoding="utf-8")
    (folder / "two.toml").write_text(f"about = 'changed'\n{text}", encoding="utf-8")
    assert library.scenario(above).about == "changed"
    (folder / "two.toml").write_text('extends = "above.toml"\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match="circle"):
        library.scenario(above)
    assert above in library.names()
    os.remove(folder / "two.toml")
    with pytest.raises(ScenarioError, match="no file"):
        library.scenario(above)


def test_what_is_taken_away_needs_no_file(folder: Path, tmp_path: Path) -> None:
    (folder / "above.toml").write_text('extends = "two.toml"\nhorizon = 700\n', encoding="utf-8")
    library, name = Library.of(str(folder / "above.toml"))
    state = state_of(library, name)
    first = next(answers(state, library=library))
    script = export.script(state, first.n, library=library)
    export.folder(state, first.n, tmp_path / "folder", library)
    shutil.rmtree(folder)
    (tmp_path / "again.py").write_text(script, encoding="utf-8")
    subprocess.run([sys.executable, "again.py"], cwd=tmp_path, check=True, capture_output=True)
    assert first.summary is not None
    for place in ("folder", "workspace"):
        kept = pd.read_csv(tmp_path / place / "summary.csv")
        assert list(kept["restricted_mean"]) == list(first.summary["restricted_mean"])
        assert set(kept["horizon"]) == {700}


def test_what_would_flip_it_is_asked_of_a_file(folder: Path) -> None:
    library = Library(folder)
    table = workspace_of(state_of(library, "two.toml").with_number("missile_test.rate", 9), library)
    *_, last = flips(table, table.keys, replications=20)
    (row,) = last.table.to_dict("records")  # the other number is one that "hardline" overrides
    assert (row["number"], row["from"], row["likely"], row["to"]) == ("missile_test.rate", 8, 9, 24)


def test_numbers_that_do_not_fit_those_of_a_hand_are_refused(folder: Path) -> None:
    library, law = Library(folder), "talks.contact.duration"
    state = state_of(library, "two.toml").with_number(f"{law}.p10", 40)  # below the p50 of 60
    workspace_of(state, library)
    second = state.drafts[1]
    own = {**second.overrides, f"{law}.p50": 30}
    with pytest.raises(ScenarioError, match=law):
        workspace_of(state.with_draft(replace(second, overrides=own)), library)
