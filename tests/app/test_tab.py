"""One tab of the live page without a browser: what its elements say after each change."""

from __future__ import annotations

import asyncio
import math
import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User, user_simulation
from nicegui.testing.user_interaction import UserInteraction

import sim
from effort import PATIENCE
from few import few_histories
from sim.app import export
from sim.app.replications import pair
from sim.app.scenario_library import Library
from sim.app.session import State
from sim.app.switching import flips
from sim.app.tornado import importance
from sim.app.web import export_dialogs, server
from sim.app.web.html import colour
from sim.app.web.session_view import ServerSettings, SessionView, opening
from sim.app.workspace import workspace_of
from sim.formatting import percent
from sim.plotting import outcomes, style
from sim.reporting import summary, text_tables

KOREA = "korea-2017"
QUICK = replace(opening(KOREA), precision=0.05)  # a thousand replications are enough


@pytest.fixture(autouse=True)
def little_work() -> Iterator[None]:
    with few_histories():
        yield


class Tab:
    """A tab: its desk, and the elements that it consists of."""

    def __init__(self, user: User, session: SessionView) -> None:
        self.user, self.session = user, session

    @property
    def state(self) -> State:
        return self.session.state

    async def until(self, what: Callable[[], Any]) -> Any:
        for _ in range(20 * PATIENCE):
            if found := what():
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"not in {PATIENCE} s; it says: {self.status} {self.issues}")

    async def answered(self) -> int:
        """Replications of each strategy in the last answer to what is in the workspace."""

        def done() -> Any:
            answer = self.session.answer
            return (
                answer and answer.done and not self.session.worker.is_stale(answer.state) and answer
            )

        answer = await self.until(done)
        await self.until(lambda: "more" not in self.status)
        return int(answer.n)

    @property
    def status(self) -> str:
        return said(self.session.header.status)

    @property
    def issues(self) -> str:
        return " ".join(said(one) for one in self.all(ui.html, self.session.header.issues))

    def all(self, kind: type[Any], within: ui.element | None = None) -> list[Any]:
        return [one for one in (within or self.user.current_layout).descendants()
                if isinstance(one, kind)]  # fmt: skip

    def press(self, label: str, within: ui.element | None = None) -> None:
        """Click the last button or entry of a menu that has this text or name."""
        found = [one for one in self.all((ui.button, ui.menu_item), within)  # type: ignore[arg-type]
                 if label in (*texts(one), one.props.get("aria-label"))]  # fmt: skip
        assert found, label
        UserInteraction(self.user, {found[-1]}, None).click()

    def field(self, label: str) -> Any:
        """The last field with this label or name."""
        return [one for one in self.all(object)
                if label in (one.props.get("label"), one.props.get("aria-label"))][-1]  # fmt: skip

    def write(self, label: str, value: Any) -> None:
        """Write into a field, and leave it."""
        field = self.field(label)
        with self.user.client:
            field.value = value
        UserInteraction(self.user, {field}, None).trigger("change")


def said(element: Any) -> str:
    return str(element.content)


def texts(one: Any) -> list[str]:
    inside = [said(e) for e in one.descendants() if isinstance(e, ui.html)]
    return [str(getattr(one, "text", "")), *inside,
            *(e.text for e in one.descendants() if hasattr(e, "text"))]  # fmt: skip


@asynccontextmanager
async def opened(folder: Path, link: str = "", scenario: str = KOREA) -> AsyncIterator[Tab]:
    """A tab whose page has been asked for."""
    sessions: list[SessionView] = []
    library, name = Library.of(scenario, folder)
    settings = ServerSettings(name, folder, library)

    async def root() -> None:
        await server.build_page(settings, link, sessions.append)

    async with user_simulation(root) as user:
        user.javascript_rules[re.compile(".*matchMedia")] = lambda _: False
        user.navigate.history = SimpleNamespace(replace=lambda _: None)
        await user.open("/")
        while not sessions or not hasattr(sessions[0], "results"):
            await asyncio.sleep(0.01)
        yield Tab(user, sessions[0])
        sessions[0].leave()


def run(test: Callable[..., Coroutine[Any, Any, None]], folder: Path, *given: str) -> None:
    """Run what is done to an open tab."""

    async def whole() -> None:
        async with opened(folder, *given) as tab:
            await test(tab)

    asyncio.run(whole())


def rows(tab: Tab, caption: str) -> list[list[str]]:
    """Cells of a table of the answers."""
    table = next(
        t for t in re.findall(r"<table>.*?</table>", said(tab.session.results.tables), re.S)
        if f"<caption>{caption}" in t
    )  # fmt: skip
    body = table[table.index("<tbody>") :]
    return [
        [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def test_strategies_and_assumptions_are_changed_and_a_run_says_the_same(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        assert await tab.answered() == 1000
        first = tab.session.cards.cards[0]
        tab.press("Later, in a step of its own", first.box)
        moved = tab.state.drafts[0]
        assert moved != QUICK.drafts[0] and said(first.words) == moved.words()
        tab.press("Add a strategy")
        assert [draft.base for draft in tab.state.drafts][3] == "multilateral_first"
        tab.press("Take my sequential away")
        tab.press("all parallel", tab.session.cards.cards[2].box)
        assert tab.state.drafts[2].base == "all_parallel"
        switch = next(
            one for one in tab.all(ui.switch, tab.session.cards.cards[0].box)
            if one.text == "leaders attend"
        )  # fmt: skip
        UserInteraction(tab.user, {switch}, None).click()
        assert "leaders_attend" in tab.state.drafts[0].postures
        tab.write("DPRK: 2 to 4", 2)
        assert tab.state.drafts[2].overrides["delegations.DPRK"] == 2
        tab.write("settlement starts once", "moratorium, war>=x")
        assert tab.field("settlement starts once").props["error"]
        tab.write("settlement starts once", "freeze, !war")
        assert "error" not in tab.field("settlement starts once").props

        tab.write("Find a parameter", "war rate")
        handle = tab.field("war: rate, a year")
        UserInteraction(tab.user, {handle}, None).trigger("moved", [0.005, 7])
        assert tab.state.numbers == {"war.rate": 0.005}
        assert (handle.props["value"], handle.props["seen"]) == (0.005, 7)
        n = await tab.answered()
        keys = [draft.key for draft in tab.state.drafts]
        simulated = sim.run(sim.loads(export.scenario_text(tab.state), "table"), keys, n)
        cells = text_tables.cells(summary.summarise(simulated))[1]
        assert rows(tab, "Every strategy") == [[style.words(c[0]), *c[1:]] for c in cells]
        tab.press("Reset war: rate")
        assert tab.state.numbers == {}
        assert said(tab.session.cards.cards[0].never_starts) == ""
        tab.write("settlement starts once", "settlement.security_regime")
        await tab.answered()
        note = said(tab.session.cards.cards[2].never_starts)
        assert note.startswith("Note: settlement waits for settlement.security_regime, a stage of")

    run(test, tmp_path, QUICK.to_link())


def test_a_track_is_dropped_in_each_kind_of_place(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        card = tab.session.cards.cards[1]  # one step after the other

        def drop(track: str, kind: str, i: int = 0) -> None:
            spot = next(n for n, spot in card.spots.items() if spot == (kind, i))
            item = next(n for n, name in card.tracks.items() if name == track)
            with tab.user.client:
                card._dropped(SimpleNamespace(item=SimpleNamespace(id=item),
                                              target=SimpleNamespace(id=spot)))  # fmt: skip

        steps = card.draft.steps
        drop("north_south", "before", 0)
        assert card.draft.steps[:2] == (("north_south",), ("us_dprk",))
        drop("us_dprk", "step", 0)
        assert card.draft.steps[0] == ("north_south", "us_dprk")
        drop("settlement", "left out")
        assert "settlement" in card.draft.left_out
        drop("settlement", "on its own condition")
        assert card.draft.rules["settlement"] == () and len(card.draft.steps) < len(steps)
        drop("settlement", "on its own condition")
        assert card.draft.rules["settlement"] == ()

    run(test, tmp_path, QUICK.to_link())


def test_looking_at_the_answers_in_another_way_keeps_them(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        n, answer = await tab.answered(), tab.session.answer
        status = tab.status
        assert n > 1000
        for view in ("replication", "switching", "answers"):
            with tab.user.client:
                tab.session.results.views.set_value(view)
            await asyncio.sleep(0.3)
            assert (tab.state.view, tab.status) == (view, status)
        first = tab.session.results.places[0].image
        light = first.props["src"]
        tab.press("Light or dark")
        await tab.until(lambda: first.props["src"] != light)
        assert tab.session.answer is answer and tab.status == status

    run(test, tmp_path, replace(QUICK, precision=0.02).to_link())


def test_panels_stay_open_while_strategies_come_and_go(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        def are_open() -> list[tuple[str, bool]]:
            return [
                (card.draft.key, card.panels["postures"].value) for card in tab.session.cards.cards
            ]

        tab.session.cards.cards[2].panels["postures"].set_value(True)
        tab.press("Add a strategy")
        assert [is_open for _, is_open in are_open()] == [False, False, True, False]
        assert not tab.session.cards.more.visible
        tab.press("Take my proposal away")
        first, second, third = are_open()
        assert (first[1], second, third[1]) == (False, ("my_seoul_first", True), False)
        tab.press("bilateral only", tab.session.cards.cards[1].box)
        assert are_open()[1] == ("my_bilateral_only", True)
        drawn = [card.box.style["border-top-color"] for card in tab.session.cards.cards]
        assert drawn == [colour(i) for i in range(3)]
        order = [one for one in tab.session.cards.box.default_slot.children if one.visible]
        assert order == [*(card.box for card in tab.session.cards.cards), tab.session.cards.more]

    run(test, tmp_path, QUICK.to_link())


def test_another_scenario_takes_the_place_of_a_changed_table_once_that_is_agreed(
    tmp_path: Path,
) -> None:
    async def test(tab: Tab) -> None:
        tab.press("Take my sequential away")
        mine = tab.state
        other = next(name for name in tab.session.settings.library.names() if name != KOREA)
        tab.write("Scenario", other)
        await tab.until(lambda: "lose the changes" in words(tab))
        tab.press("Cancel")
        await tab.until(lambda: tab.session.header.scenario.value == KOREA)
        assert tab.state == mine
        tab.write("Scenario", other)
        await tab.until(lambda: "lose the changes" in words(tab))
        tab.press("Replace the workspace")
        await tab.until(lambda: tab.state.scenario == other)

    run(test, tmp_path, QUICK.to_link())


def test_names_become_plain_keys_and_are_escaped(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        await tab.answered()
        name = next(iter(tab.all(ui.input, tab.session.cards.cards[0].box)))
        with tab.user.client:
            name.value = "<b>Süd & Nord</b>"
        UserInteraction(tab.user, {name}, None).trigger("change")
        assert tab.state.drafts[0].key == "b_sud_nord_b"
        await tab.answered()
        assert "<b>" not in said(tab.session.results.tables)
        assert {row[0] for row in rows(tab, "Every strategy")} == {
            "&lt;b&gt;Süd &amp; Nord&lt;/b&gt;", "my sequential", "my seoul first"
        }  # fmt: skip

    run(test, tmp_path, QUICK.to_link())


def test_one_history_and_what_would_flip_it_and_what_matters(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        results = tab.session.results
        with tab.user.client:
            results.views.set_value("replication")
        replication = results.replication
        await tab.until(lambda: said(replication.said).startswith("Replication"))
        found = pair(workspace_of(tab.state), "typical")
        day = f"The first divergence after day 0 is on day {found.divergence.time:,.1f}:"
        assert day in said(replication.said)
        assert f"{percent(found.alike)} % reach freeze" in said(replication.said)
        assert said(replication.trace).count("First divergence after day 0.") == 1
        tab.write("Which replication", "a number")
        tab.write("Number", 7)
        await tab.until(lambda: said(replication.said).startswith("Replication 7."))
        tab.write("beside", 0)
        await tab.until(lambda: "my sequential" not in said(replication.said))
        tab.write("Which replication", "ruin")
        await tab.until(
            lambda: "war" in said(replication.said) or "none of" in said(replication.said)
        )

        with tab.user.client:
            results.views.set_value("switching")
        switching = results.switching
        await tab.until(lambda: "is sooner than" in said(switching.said)
                        and not said(switching.said).endswith(".."))  # fmt: skip
        *_, flipping = flips(workspace_of(tab.state), ["my_proposal", "my_seoul_first"])
        assert printing_of(said(switching.said)) == flipping.sentence
        await tab.until(lambda: tab.session.parameters.depth == math.inf)
        *_, ranking = importance(workspace_of(tab.state))
        most = tab.session.parameters.most
        top = [name for one in tab.all(object, most) if (name := one.props.get("data-number"))]
        assert top == ranking.names[:6]

    run(test, tmp_path, QUICK.to_link())


def printing_of(markup: str) -> str:
    return markup.replace("&#34;", '"').replace("&#39;", "'")


def test_saved_opened_and_taken_away(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        await tab.answered()
        await tab.until(lambda: tab.session.answer.budget is not None)
        tab.press("Save")
        tab.write("Name", "../evil")
        tab.press("Save the workspace")
        await tab.until(lambda: "allowed: letters" in words(tab))
        tab.write("Name", "mine")
        tab.press("Save the workspace")
        await tab.until(lambda: (tmp_path / "mine.json").exists())
        tab.press("Save the strategies")
        await tab.until(lambda: (tmp_path / "mine.toml").exists())
        mine = tab.state
        tab.press("Take my proposal away")
        theirs = tab.state
        tab.press("Save the workspace")
        await tab.until(lambda: "mine.json exists already. Replace it?" in words(tab))
        tab.press("Cancel")
        await tab.until(lambda: "not saved" in words(tab))
        assert State.open(tmp_path, "mine") == mine

        tab.press("Open")
        tab.press("Open", tab.user.current_layout)
        await tab.until(lambda: "Replace it, and lose the changes?" in words(tab))
        tab.press("Cancel")
        await tab.until(lambda: "lose the changes" not in words(tab))
        assert tab.state == theirs
        tab.press("Open", tab.user.current_layout)
        await tab.until(lambda: "lose the changes" in words(tab))
        tab.press("Replace the workspace")
        await tab.until(lambda: tab.state == mine)
        tab.press("Save")
        tab.write("Name", "mine")
        tab.press("Save the strategies")
        await tab.until(lambda: "mine.toml exists already" in words(tab))
        tab.press("Replace the file")
        await tab.until(lambda: "saved:" in words(tab))

        tab.press("Take away")
        for label, begins in (
            ("How it ends, SVG", b"<?xml"), ("Where the days go, PNG", b"\x89PNG"),
            ("Table (CSV)", b"strategy,"), ("Strategies (TOML)", b""),
            ("The whole workspace (JSON)", b"{"), ("Python script", b'"""Simulates'),
        ):  # fmt: skip
            await tab.answered()
            tab.press(label)
            try:
                response = await tab.user.download.next(timeout=PATIENCE)
            except TimeoutError:
                raise AssertionError(f"{label}: {words(tab)[-900:]}") from None
            assert response.content.startswith(begins), label
        tab.write("Folder within the chosen one", "run")
        tab.write("Replications of each strategy", 200)
        tab.press("Results folder")
        await tab.until(lambda: (tmp_path / "run" / "outcomes.svg").exists())

    run(test, tmp_path, QUICK.to_link())


def words(tab: Tab) -> str:
    return " ".join(said(one) for one in tab.all(ui.html))


def test_what_is_uploaded_is_checked(tmp_path: Path) -> None:
    async def test(tab: Tab) -> None:
        tab.press("Open")
        upload = tab.all(ui.upload)[-1]

        async def give(name: str, content: bytes) -> None:
            async def read() -> bytes:
                return content

            event = SimpleNamespace(file=SimpleNamespace(name=name, read=read))
            for handler in upload._upload_handlers:
                with tab.user.client:
                    await handler(event)

        await give("x.json", b"\xff\xfe")
        assert "x.json: not a text" in words(tab)
        await give("x.json", b"{}")
        assert "missing" in words(tab)
        await give("x.toml", (tmp_path / "four.toml").read_bytes())
        assert "found 2 strategies beside 3" in words(tab)
        two = replace(QUICK, drafts=QUICK.drafts[:2]).to_text().encode()
        await give("x.json", BOM_UTF8 + two)
        assert len(tab.state.drafts) == 2
        tab.press("Open")
        upload = tab.all(ui.upload)[-1]
        await give("x.toml", BOM_UTF8 + (tmp_path / "four.toml").read_bytes())
        assert len(tab.state.drafts) == 4

    (tmp_path / "four.toml").write_text(export_dialogs.file_of(QUICK.drafts[:2]))
    run(test, tmp_path, QUICK.to_link())


def test_faults_of_a_scenario_and_of_a_link_are_told(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('title = "x"\nhorizon = 9\n')

    async def test(tab: Tab) -> None:
        assert "wrong.toml: goal: missing" in tab.issues
        wrong.write_text(
            'title = "x"\nstart = 2020-01-01\nhorizon = 9\ngoal = "g"\nconditions = { g = {} }\n'
            'tracks.t.stages = [ { name = "a", duration = 1, success = 1, raises = ["g"] } ]\n'
        )
        tab.press("Read it again")
        assert await tab.answered() and tab.issues == ""
        tab.write("Scenario", KOREA)
        await tab.answered()
        assert tab.state.scenario == KOREA
        before = tab.session.dark
        tab.press("Light or dark")
        assert tab.session.dark is not before

    run(test, tmp_path, "", str(wrong))

    async def damaged(tab: Tab) -> None:
        assert "damaged" in tab.issues
        await tab.answered()

    run(damaged, tmp_path, "nonsense")


def test_a_figure_that_cannot_be_drawn_leaves_the_table_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(tab: Tab) -> None:
        await tab.answered()
        with monkeypatch.context() as changed:
            changed.setattr(outcomes, "incidence", None)
            tab.press("Take my sequential away")
            await tab.until(lambda: "the engine failed" in tab.issues)
        tab.press("Add a strategy")
        await tab.answered()
        assert tab.issues == ""

    run(test, tmp_path, QUICK.to_link())
