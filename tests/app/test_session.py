"""States as text, link and file: the same again, or refused with a place."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import pytest

from sim.app.session import MOST_BYTES, State, save_text, saved
from sim.app.strategy_draft import StrategyDraft
from sim.app.workspace import workspace_of
from sim.errors import ScenarioError
from sim.scenario.scenario import load


@pytest.fixture
def state() -> State:
    scenario = load("korea-2017")
    drafts = tuple(StrategyDraft.of(scenario, n) for n in ("proposal", "sequential", "pressure"))
    numbers = {"delegations.US": 3.0}
    return State(
        scenario="korea-2017",
        seed=2**64 - 1,
        drafts=drafts,
        numbers=numbers,
        replication=17,
        view="replication",
    )


def test_text_link_and_file_give_the_same_state(state: State, tmp_path: Path) -> None:
    state.save(tmp_path, "my table")
    for again in (
        State.from_text(state.to_text()),
        State.from_link(state.to_link()),
        State.open(tmp_path, "my table"),
    ):
        assert again == state
    assert set(state.to_link()) <= set(map(chr, range(128))) and "=" not in state.to_link()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": "1"}, "seed"),
        ({"drafts": []}, "drafts"),
        ({"numbers": {"a.b": "x"}}, "numbers"),
        ({"code": "print(1)"}, "code"),
        ({"replication": "best"}, "replication"),
        ({"replication": -1}, "replication"),
        ({"replication": True}, "replication"),
        ({"view": "x"}, "view"),
        ({"drafts": [{"key": "A b"}]}, "drafts[0].key"),
        ({"replication": 2**53}, "replication"),
        ({"drafts": [{"key": "a" * 101}]}, "drafts[0].key"),
        ({"drafts": [{"key": "a", "title": ""}]}, "drafts[0].title"),
        ({"drafts": [{"key": "a", "title": "x" * 101}]}, "drafts[0].title"),
        ({"drafts": [{"key": "a", "title": "two\nlines"}]}, "drafts[0].title"),
        ({"drafts": [{"key": "a", "title": "two\u2028lines"}]}, "drafts[0].title"),
        ({"drafts": [{"key": "a", "title": "  "}]}, "drafts[0].title"),
        ({"drafts": [{"key": "a", "base": "<b>"}]}, "drafts[0].base"),
        ({"drafts": [{"key": "a", "postures": ["x", "x"]}]}, "drafts[0].postures[1]"),
        ({"drafts": [{"key": "a", "milestones": {"t": "no stage"}}]}, "drafts[0].milestones.t"),
        ({"precision": 1e-300}, "precision"),
        ({"precision": -1}, "precision"),
        ({"precision": 0}, "precision"),
        ({"precision": 0.6}, "precision"),
        ({"precision": "0.01"}, "precision"),
        ({"precision": True}, "precision"),
        ({"drafts": [{"key": "a", "steps": [[]]}]}, "drafts[0].steps[0]"),
        ({"drafts": [{"key": "a", "rules": {"t": ["!!"]}}]}, "drafts[0].rules.t"),
    ],
)
def test_a_wrong_state_is_refused_with_its_place(
    state: State, change: dict[str, object], place: str
) -> None:
    text = json.dumps(json.loads(state.to_text()) | change)
    with pytest.raises(ScenarioError) as caught:
        State.from_text(text)
    assert any(fault.place.startswith(place) for fault in caught.value.issues)


def test_a_precision_is_refused_with_what_is_allowed(state: State) -> None:
    text = json.dumps(json.loads(state.to_text()) | {"precision": 1e-300})
    with pytest.raises(ScenarioError) as caught:
        State.from_text(text, "mine.json")
    assert str(caught.value) == (
        "mine.json: precision: 1e-300; allowed: a number from 0.001 to 0.5"
    )


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"key": "default"}, "drafts[0].key"),
        ({"key": "proposal"}, "drafts[0].key"),
        ({"milestones": {"nowhere": "x"}}, "drafts[0].milestones.nowhere"),
        ({"milestones": {"us_dprk": "nowhere"}}, "drafts[0].milestones.us_dprk"),
    ],
)
def test_names_that_do_not_fit_the_scenario_are_refused(
    state: State, change: dict[str, object], place: str
) -> None:
    document = json.loads(state.to_text())
    milestones = document["drafts"][0]["milestones"] | change.get("milestones", {})
    document["drafts"][0] |= change | {"milestones": milestones}
    with pytest.raises(ScenarioError) as caught:
        workspace_of(State.from_text(json.dumps(document)))
    assert [fault.place for fault in caught.value.issues] == [place]


@pytest.mark.parametrize(
    "text", ["", "[", "[" * 100_000, "null", "[]", "1", " " * 300_000, '{"scenario": "\\ud800"}']
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        State.from_text(text)


def test_a_link_unpacks_to_no_more_than_a_state() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * (100 * MOST_BYTES))).decode()
    for link in (bomb, "x", "%%", "", "é"):
        with pytest.raises(ScenarioError):
            State.from_link(link)


@pytest.mark.parametrize("name", ["../a", "/tmp/a", "a/b", "..", "", "a\0b", "link"])
def test_a_path_outside_the_folder_is_refused(state: State, tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.json").write_text(state.to_text(), encoding="utf-8")
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    for use in (lambda: state.save(inside, name), lambda: State.open(inside, name)):
        with pytest.raises(ScenarioError):
            use()


def test_the_states_of_a_folder_are_listed(state: State, tmp_path: Path) -> None:
    for name in ("two", "a table"):
        state.save(tmp_path, name)
    for other in ("notes.txt", "no.state.json"):
        (tmp_path / other).write_text("", encoding="utf-8")
    assert saved(tmp_path) == ["a table", "two"]
    assert saved(tmp_path / "none") == []


def test_what_cannot_be_written_whole_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, **_: str) -> None:
        path.write_bytes(text[:20].encode())
        raise OSError(28, "No space left on device")

    save_text(tmp_path, "mine", "json", "what was there")
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ScenarioError, match="No space left"):
        save_text(tmp_path, "mine", "json", "something else, and longer than that")
    assert (tmp_path / "mine.json").read_text(encoding="utf-8") == "what was there"
