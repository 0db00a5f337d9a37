"""The live page in a browser (where Chromium is installed): changed by-draft, answered, and equal
to what a run with the same inputs says."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import sim
from builders import LOOP
from effort import PATIENCE
from few import FEW, few_histories
from sim import formatting
from sim.app import export
from sim.app.progressive import Answer
from sim.app.replications import pair
from sim.app.scenario_library import Library
from sim.app.session import State
from sim.app.switching import flips
from sim.app.tornado import importance
from sim.app.web import server as server_module
from sim.app.web import worker
from sim.app.web.results_panel import in_draft_order
from sim.app.web.session_view import ServerSettings, SessionView, opening
from sim.app.web.strategy_cards import LONGEST
from sim.app.workspace import workspace_of
from sim.cli import commands
from sim.errors import InputError
from sim.plotting import outcomes, style
from sim.reporting import summary as summary_module
from sim.reporting import text_tables

KOREA = "korea-2017"
QUICK = replace(opening(KOREA), precision=0.05)  # a thousand replications are enough


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with server_module.listening(None) as listening, few_histories():
        server = server_module.server(ServerSettings(KOREA, folder, Library(folder)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield server_module.address(listening)
        server.should_exit = True
        thread.join(PATIENCE)


class Page:
    """A tab as a user sees it."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser = browser
        browser.get(address)

    def until(self, what: Callable[[], Any]) -> Any:
        """What it gives once that is true."""
        end = time.monotonic() + PATIENCE
        while not (found := self._try(what)):
            assert time.monotonic() < end, f"not in {PATIENCE} s: {self.text('body')[:2000]}"
            time.sleep(0.05)
        return found

    def _try(self, what: Callable[[], Any]) -> Any:
        from selenium.common.exceptions import WebDriverException

        try:
            return what()
        except WebDriverException:  # the page is being built
            return None

    def all(self, css: str) -> list[Any]:
        return self.browser.find_elements("css selector", css)  # type: ignore[no-any-return]

    def one(self, css: str, number: int = 0) -> Any:
        return self.until(lambda: self.all(css)[number:])[0]

    def text(self, css: str, number: int = 0) -> str:
        return str(self.until(lambda: (self.one(css, number).text,))[0])

    def button(self, label: str) -> Any:
        """A button that is seen, by its name or the first line of its text."""
        script = (
            "return [...document.querySelectorAll('button, .q-item, .q-toggle, [role=tab]')]"
            ".filter(b => b.checkVisibility() && !b.disabled)"
            ".find(b => [b.ariaLabel, ...b.innerText.split('\\n').map(line => line.trim())]"
            ".includes(arguments[0]))"
        )
        return self.until(lambda: self.browser.execute_script(script, label))

    def press(self, label: str) -> None:
        """Click a button, once nothing moves over it."""
        self.until(lambda: (self.button(label).click(), True)[1])

    def write(self, css: str, text: str, number: int = 0) -> None:
        """Replace what stands in a field."""
        from selenium.webdriver import Keys

        field = self.one(css, number)
        self.until(lambda: field.is_displayed() and (field.click() or True))
        field.send_keys(Keys.CONTROL + "a")
        field.send_keys(text)

    def settled(self) -> int:
        """Replications of each strategy once no more are being simulated."""
        said = self.until(lambda: self._done(self.text(".status")))
        return int(said.split()[0].replace(",", ""))

    def _done(self, said: str) -> str:
        whole = said.endswith("points") and not self.all("figure.budget.old")
        return said if whole else ""

    def answer_of(self, change: Callable[[], None]) -> int:
        """Settled once more after a change: the figures are other ones."""
        before = self.picture("incidence"), self.picture("budget")
        change()
        self.until(lambda: self.picture("incidence") != before[0])
        return self.settled()

    def picture(self, name: str) -> bytes:
        place = f"figure.{name} img"
        source = self.until(lambda: (self.one(place).get_attribute("src") or "",))[0]
        return base64.b64decode(source.partition("base64,")[2])

    def rows(self, caption: str) -> list[list[str]]:
        """Cells of the table under a caption."""
        return self.browser.execute_script(  # type: ignore[no-any-return]
            "return [...document.querySelectorAll('table')].filter(t => t.caption.textContent"
            ".startsWith(arguments[0])).flatMap(t => [...t.tBodies[0].rows])"
            ".map(r => [...r.cells].map(c => c.textContent))", caption,
        )  # fmt: skip

    def state(self) -> State:
        """What the address holds."""
        link = self.until(lambda: self.browser.current_url.partition("state=")[2])
        return State.from_link(link)


@pytest.fixture
def page(browser: Any, address: str) -> Page:
    opened = Page(browser, f"{address}?state={QUICK.to_link()}")
    opened.settled()
    return opened


def drag(page: Page, what: Any, where: Any) -> None:
    from selenium.webdriver import ActionChains

    moves = ActionChains(page.browser).click_and_hold(what).pause(0.2).move_by_offset(4, 8)
    for _ in range(3):  # places make room, so that the wanted one moves
        moves.pause(0.3).move_to_element(where)
    moves.pause(0.3).release().perform()


def run_by_the_command(page: Page, n: int, folder: Path, out: Path) -> sim.Results:
    """The replications that ``detente run`` simulates of the strategies which the page saved."""
    page.press("Save")
    page.write(".dialog input", "as run")
    page.press("Save the strategies")
    page.until(lambda: "saved:" in page.text(".dialog .said"))
    page.press("Close")
    state = page.state()
    chosen = [word for draft in state.drafts for word in ("--strategy", draft.key)]
    command = ["run", KOREA, "--strategies", str(folder / "as run.toml"), *chosen]
    command += ["--replications", str(n), "--seed", str(state.seed), "--out", str(out)]
    assert commands.main([*command, "--no-figures", "--quiet"]) == 0
    return sim.read(out)


def test_a_strategy_and_an_assumption_are_changed_and_a_run_says_the_same(
    browser: Any, address: str, folder: Path, tmp_path: Path
) -> None:
    from selenium.webdriver import Keys

    page = Page(browser, address)
    page.settled()
    words = page.text(".card .words")

    def last_step() -> bool:
        gaps = page.one(".card").find_elements("css selector", ".gap .tracks")
        drag(page, page.one(".card [data-track=north_south]"), gaps[-1])
        return True

    page.answer_of(lambda: page.until(last_step))
    assert page.text(".card .words") != words
    assert page.state().drafts[0].steps[-1] == ("north_south",)

    page.write(".parameters input", "war rate")

    def first_found() -> str | None:  # what is found is built anew while letters come
        handle = page.one(".found .parameter input")
        return handle.get_attribute("data-number") if handle.is_displayed() else None

    number = page.until(first_found)
    n = page.answer_of(lambda: page.one(".found .parameter input").send_keys(Keys.ARROW_RIGHT * 6))
    assert page.state().numbers.keys() == {number}
    assert page.text(".found .parameter .value") == f"{page.state().numbers[number]:.4g}"

    results = run_by_the_command(page, n, folder, tmp_path / "run")
    summary = summary_module.summarise(results)
    cells = text_tables.cells(summary)[1]
    assert page.rows("Every strategy") == [[style.words(c[0]), *c[1:]] for c in cells]
    horizon, goal = results.scenario.horizon, results.scenario.goal
    curve = sim.incidence(results.frame, horizon=horizon, goal=goal)
    ordered = in_draft_order(Answer(page.state()), curve)
    assert page.picture("incidence") == export.figure(lambda: outcomes.incidence(ordered))
    best = summary.set_index("strategy")["reached"]
    assert len(page.all(".card")) == len(best)
    for i, draft in enumerate(page.state().drafts):
        assert f"{formatting.percent(best[draft.key])} % reach freeze" in page.text(".card", i)


def search(page: Page, found: str = "war rate") -> None:
    """Look for a number all at once, so that what is found is built once."""
    page.browser.execute_script(
        "arguments[0].value = arguments[1];"
        "arguments[0].dispatchEvent(new Event('input', { bubbles: true }))",
        page.one(".parameters input"), found,
    )  # fmt: skip


SLIDERS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "a search": (".found .parameter", search),
    "what matters most": (".most .parameter", lambda page: None),
    "a group": (".groups .parameter", lambda page: page.one(".groups .q-item", 1).click()),
}


def slider(page: Page, css: str) -> Any:
    """The first handle that is seen below a place, once nothing moves it about."""
    page.until(lambda: page.one(f"{css} input").is_displayed())
    time.sleep(1)
    return page.one(f"{css} input")


@pytest.mark.parametrize("panel", SLIDERS)
def test_the_handle_of_a_slider_stays_where_it_is_moved(page: Page, panel: str) -> None:
    from selenium.webdriver import ActionChains, Keys

    css, open_panel = SLIDERS[panel]
    page.until(lambda: page.all(".most .parameter"))
    open_panel(page)
    handle = slider(page, css)
    least, step = (float(handle.get_attribute(name)) for name in ("min", "step"))
    name = handle.get_attribute("data-number")

    def stands_at(steps: int) -> None:
        """A second later the handle, the text beside it and the state all say so."""
        time.sleep(1)
        at = float(handle.get_property("value"))
        assert round((at - least) / step) == steps
        assert page.state().numbers[name] == pytest.approx(least + steps * step)
        assert page.text(f"{css} .value") == f"{at:.4g}"

    mouse = ActionChains(page.browser)
    mouse.move_to_element(handle).click().perform()
    time.sleep(1)
    start = round((float(handle.get_property("value")) - least) / step)
    for moved in range(1, 4):
        handle.send_keys(Keys.ARROW_RIGHT)
        stands_at(start + moved)
    handle.send_keys(Keys.ARROW_LEFT)
    stands_at(start + 2)
    mouse = ActionChains(page.browser)
    mouse.click_and_hold(handle).move_by_offset(30, 0).pause(0.5).move_by_offset(10, 0)
    mouse.release().perform()
    dragged = round((float(handle.get_property("value")) - least) / step)
    assert dragged > start + 3
    stands_at(dragged)
    handle.send_keys(Keys.ARROW_RIGHT)
    stands_at(dragged + 1)

    page.press("Reset all (1)")
    page.until(lambda: page.state().numbers == {})
    time.sleep(1)
    likely = sim.load(KOREA).ranges()[name].likely
    assert float(handle.get_property("value")) == pytest.approx(likely, abs=step / 2)


def test_of_many_moves_in_a_row_the_newest_counts(page: Page) -> None:
    search(page)
    handle = slider(page, ".found .parameter")
    page.browser.set_script_timeout(PATIENCE)
    sent = page.browser.execute_async_script(MOVES, handle)
    most = float(handle.get_attribute("max"))
    page.until(lambda: page.state().numbers == {"war.rate": most})
    assert float(handle.get_property("value")) == most
    assert page.text(".found .parameter .value") == f"{most:.4g}"
    assert 0 < sent < 150


MOVES = """
const [handle, done] = arguments, least = Number(handle.min), most = Number(handle.max);
const emit = window.socket.emit.bind(window.socket);
let sent = 0, moves = 0;
window.socket.emit = (...all) => { sent += all[0] == "event"; return emit(...all); };
const moved = () => {
  if (moves++ == 300) return done(sent);
  handle.value = moves == 300 ? most : least + (most - least) * (moves % 100) / 100;
  handle.dispatchEvent(new Event("input", { bubbles: true }));
  setTimeout(moved, 5);
};
moved();
"""


def test_strategies_are_added_opened_from_the_scenario_changed_and_taken_away(page: Page) -> None:
    start = [draft.base for draft in page.state().drafts]
    assert start == ["proposal", "sequential", "seoul_first"]
    page.answer_of(lambda: page.press("Add a strategy"))
    assert [draft.base for draft in page.state().drafts] == [*start, "multilateral_first"]
    page.until(lambda: not page.one(".add").is_displayed())
    page.until(lambda: (page.all("[aria-label='Start from a strategy']")[3].click(), True)[1])
    page.answer_of(lambda: page.press("bilateral only"))
    assert page.state().drafts[3].base == "bilateral_only"
    page.answer_of(lambda: page.press("Take my sequential away"))
    keys = [draft.key for draft in page.state().drafts]
    assert keys == ["my_proposal", "my_seoul_first", "my_bilateral_only"]
    assert {row[0] for row in page.rows("Every strategy")} == {style.words(key) for key in keys}

    page.press("Postures (2)")
    page.answer_of(lambda: page.press("russian envoy"))
    assert page.state().drafts[0].postures == ("broad_mandate",)
    page.press("Postures (1)")
    page.press("Delegations")
    page.answer_of(lambda: page.write("[aria-label='DPRK: 2 to 4']", "2"))
    assert page.state().drafts[0].overrides["delegations.DPRK"] == 2


def test_everything_can_be_done_by_keys_and_has_a_name(page: Page) -> None:
    from selenium.webdriver import ActionChains, Keys

    chip = page.one(".card [data-track=us_dprk]")
    page.browser.execute_script("arguments[0].focus()", chip)
    keys = ActionChains(page.browser)
    page.answer_of(keys.send_keys(Keys.ENTER).pause(0.6).send_keys(Keys.TAB, Keys.ENTER).perform)
    assert page.state().drafts[0].place("us_dprk") != 0 or len(page.state().drafts[0].steps) > 1
    focused = page.until(lambda: page.browser.switch_to.active_element.get_attribute("data-track"))
    assert focused == "us_dprk"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    page.until(lambda: page.browser.execute_script(outline) == "solid")

    page.write(".parameters input", "war rate")
    page.until(lambda: page.one(".found .parameter input").is_displayed())
    page.browser.execute_cdp_cmd("Accessibility.enable", {})
    tree = page.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    controls = {"button", "slider", "textbox", "searchbox", "switch", "combobox", "tab",
                "spinbutton", "checkbox", "menuitem", "image", "table", "region"}  # fmt: skip
    named = [
        (one["role"]["value"], one["name"]["value"])
        for one in tree
        if one.get("role", {}).get("value") in controls and not one.get("ignored")
    ]
    assert {"button", "slider", "textbox", "image", "table"} <= {role for role, _ in named}
    assert [role for role, name in named if not name] == []


def named(page: Page, css: str) -> str:
    """The name of an element as a screen reader says it."""
    return str(page.until(lambda: page.one(css).accessible_name))


def focused(page: Page) -> tuple[str, str]:
    """Role and text of what has the focus."""
    one = page.browser.switch_to.active_element
    return one.get_attribute("role") or "", one.get_property("textContent")


@pytest.mark.parametrize("button", ["[data-track=us_dprk]", "[aria-label='Start from a strategy']"])
def test_a_menu_has_its_roles_and_is_used_with_the_arrow_keys(page: Page, button: str) -> None:
    from selenium.webdriver import ActionChains, Keys

    opener = page.one(f".card {button}")
    assert opener.get_attribute("aria-haspopup") == "menu"
    page.browser.execute_script("arguments[0].focus()", opener)

    def press(key: str) -> None:
        ActionChains(page.browser).send_keys(key).perform()

    press(Keys.ENTER)
    items = page.until(lambda: page.all("[role=menu] > [role=menuitem]"))
    assert len(items) == len(page.all("[role=menu] > *")) > 2
    texts = [one.get_property("textContent") for one in items]

    def at(place: int) -> None:
        page.until(lambda: focused(page) == ("menuitem", texts[place]))

    at(0)
    for key, place in (
        (Keys.ARROW_DOWN, 1), (Keys.ARROW_DOWN, 2), (Keys.ARROW_UP, 1), (Keys.END, -1),
        (Keys.ARROW_DOWN, 0), (Keys.ARROW_UP, -1), (Keys.HOME, 0),
    ):  # fmt: skip
        press(key)
        at(place)
    press(Keys.ESCAPE)
    page.until(lambda: not page.all("[role=menu]"))
    page.until(lambda: page.browser.switch_to.active_element == opener)


def test_a_file_is_chosen_by_keys_and_its_input_has_a_name(page: Page, tmp_path: Path) -> None:
    page.press("Open")
    chosen = page.button("Choose a file")
    assert chosen.get_attribute("tabindex") == "0"
    file = page.one(".dialog input[type=file]")
    labels = "return [...arguments[0].labels].map(one => one.textContent.trim())"
    assert page.browser.execute_script(labels, file) == ["Choose a file"]
    inside = "button button, button input, a button, a input, [role=button] input"
    assert page.all(f".dialog :is({inside})") == []
    mine = tmp_path / "mine.json"
    mine.write_text(replace(page.state(), drafts=page.state().drafts[:2]).to_text())
    file.send_keys(str(mine))
    page.until(lambda: len(page.state().drafts) == 2)


def test_what_scrolls_on_a_phone_is_reached_by_keys(page: Page) -> None:
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        page.until(lambda: page.rows("Every strategy"))
        found = page.until(lambda: page.browser.execute_script(SCROLLING))
        assert [name for name, reached in found if not reached] == []
        assert named(page, ".tables .wide").startswith("Every strategy")
        page.press("One replication")
        page.until(lambda: page.rows("Event by event"))
        assert all(reached for _, reached in page.browser.execute_script(SCROLLING))
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


SCROLLING = """
return [...document.querySelectorAll("#app *")].filter(one => {
  const style = getComputedStyle(one);
  const across = one.scrollWidth > one.clientWidth + 1 && /auto|scroll/.test(style.overflowX);
  const down = one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(style.overflowY);
  return one.checkVisibility() && (across || down);
}).map(one => [
  one.className, one.tabIndex >= 0 || one.querySelector("button, input, a, [tabindex='0']") !== null
]);
"""


def test_panels_and_issues_have_the_room_that_they_need(page: Page) -> None:
    from selenium.webdriver import Keys

    page.press("Delegations")
    field = page.until(
        lambda: next((one for one in page.all(".card .more .q-field") if one.is_displayed()), None)
    )
    page.until(lambda: field.size["width"] > 0.8 * page.one(".card .order").size["width"])
    page.press("Add a strategy")
    page.until(lambda: len(page.all(".card")) == 4)
    assert field.is_displayed(), "the panel is still open"

    page.write(".card .rule input", "moratorium, war>=x, nothing of this sort" + Keys.TAB)
    page.until(lambda: "war>=x" in page.text(".card .rule .q-field__messages"))
    fault = page.one(".card .rule .q-field__messages").rect
    below = page.one(".card").find_elements("css selector", ".spot .track")
    tops = [one.rect["y"] for one in below if one.rect["y"] > fault["y"]]
    assert min(tops) >= fault["y"] + fault["height"]


def test_a_name_is_shown_as_it_stands_and_makes_a_plain_key(page: Page) -> None:
    from selenium.webdriver import Keys

    evil = '<img src=x onerror=alert(1)> & "co"'
    page.answer_of(lambda: page.write(".card .name input", evil + Keys.TAB))
    draft = page.state().drafts[0]
    assert (draft.title, draft.key) == (evil, "img_src_x_onerror_alert_1_co")
    page.one("[role=tab]", 1).click()
    page.until(lambda: page.text(".replication p").startswith("Replication"))
    assert not page.all("img[src=x]")

    page.write(".card .name input", evil + Keys.TAB, 1)
    page.until(lambda: page.state().drafts[1].title == f"{evil} 2")
    page.until(lambda: page.one("article", 1).get_attribute("aria-label") == f"{evil} 2")
    page.write(".card .name input", Keys.DELETE + Keys.TAB, 2)
    field = page.one(".card .name input", 2)
    page.until(lambda: field.get_attribute("value") == "my seoul first")
    page.write(".card .name input", "é" * 200 + Keys.TAB, 2)
    page.until(lambda: page.state().drafts[2].key == "e" * LONGEST)


def test_what_is_saved_is_opened_and_tabs_do_not_disturb_each_other(
    page: Page, folder: Path, address: str
) -> None:
    page.answer_of(lambda: page.press("Add a strategy"))
    mine = page.state()
    page.press("Save")
    page.write(".dialog input", "../evil")
    page.press("Save the workspace")
    page.until(lambda: "allowed: letters" in page.text(".dialog .said"))
    page.write(".dialog input", "four of them")
    page.press("Save the workspace")
    page.until(lambda: (folder / "four of them.json").exists())
    assert State.open(folder, "four of them") == mine
    assert not list(folder.parent.glob("evil*"))

    page.browser.switch_to.new_window("tab")
    other = Page(page.browser, address)
    other.settled()
    assert len(other.all(".card")) == 3
    other.press("Open")
    other.answer_of(
        lambda: other.until(
            lambda: [
                one.click() or one for one in other.all(".dialog button") if one.text == "Open"
            ]
        )
    )
    assert other.state() == mine
    other.answer_of(lambda: other.press("Take my proposal away"))
    theirs = other.state()
    other.browser.close()
    page.browser.switch_to.window(page.browser.window_handles[0])
    assert page.state() == mine and len(page.all(".card")) == 4

    page.browser.get(f"{address}?state={theirs.to_link()}")
    page.settled()
    assert page.state() == theirs and len(page.all(".card")) == 3
    page.browser.get(f"{address}?state=nonsense")
    page.until(lambda: "damaged" in page.text(".issues"))
    page.until(lambda: len(page.all(".card")) == 3)


def test_one_replication_is_shown_beside_another_strategy(page: Page) -> None:
    page.press("One replication")
    page.until(lambda: page.text(".replication p").startswith("Replication"))
    found = pair(workspace_of(page.state()), "typical")
    said = page.text(".replication p")
    assert f"Replication {found.replication:,}." in said
    assert f"The first divergence after day 0 is on day {found.divergence.time:,.1f}:" in said
    rows = page.rows("Event by event")
    assert len(rows) == len(found.side_by_side)
    assert sum(row[3].startswith("First divergence after day 0.") for row in rows) == 1
    before = page.one(".replication img").get_attribute("src")
    page.one("[aria-label='Light or dark']").click()
    page.until(lambda: page.one(".replication img").get_attribute("src") not in (None, before))
    assert "body--dark" in page.one("body").get_attribute("class")


def test_the_replication_follows_the_drafts_of_the_workspace(page: Page) -> None:
    def said() -> str:
        return page.text(".replication p")

    page.press("One replication")
    page.until(lambda: "my sequential:" in said())
    page.press("Take my sequential away")
    page.until(lambda: "my seoul first:" in said() and "my sequential" not in said())
    page.press("Take my seoul first away")
    page.until(lambda: said().count("my proposal:") == 1 and "my seoul first" not in said())
    page.write(".card .rule input", "nothing\n")
    page.until(lambda: 'unknown condition "nothing"' in page.text(".issues") and said() == "")
    assert not page.all(".replication img[src], .replication tr")


def test_what_matters_most_and_what_would_flip_it_come_by_themselves(page: Page) -> None:
    page.press("What would flip it")
    said = ".switching [role=status]"
    page.until(lambda: "is sooner than" in page.text(said) and not page.text(said).endswith(".."))
    table = workspace_of(page.state())
    *_, flipping = flips(table, ["my_proposal", "my_seoul_first"])
    assert page.text(said) == flipping.sentence
    rows = page.rows("Parameters that come nearest")
    assert [row[0] for row in rows] == [style.words(n) for n in flipping.table["number"]]

    page.until(lambda: f"{FEW} replications" in page.text(".most"))
    *_, ranking = importance(table)
    top = [one.get_attribute("data-number") for one in page.all(".most input")]
    assert top == ranking.names[: len(top)] and len(top) == 6


def test_the_browser_asks_no_other_host_and_has_no_complaint(page: Page, address: str) -> None:
    events = [json.loads(one["message"])["message"] for one in page.browser.get_log("performance")]
    asked = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    sockets = {event["params"]["url"] for event in events
               if event["method"] == "Network.webSocketCreated"}  # fmt: skip
    here = (address, address.replace("http", "ws"), "data:", "blob:", "chrome:", "about:")
    assert any(url.startswith(address) for url in asked)
    assert [url for url in asked | sockets if not url.startswith(here)] == []
    assert [one for one in page.browser.get_log("browser") if one["level"] == "SEVERE"] == []


def test_an_engine_that_fails_says_so_and_the_page_lives_on(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Iterator[Answer]:
        raise RuntimeError("out of <order>")
        yield

    monkeypatch.setattr(worker, "answers", failing)
    page.press("Add a strategy")
    page.until(lambda: page.text(".issues") == "the engine failed: out of <order>")
    monkeypatch.undo()
    page.answer_of(lambda: page.press("Take my sequential away"))
    assert page.all(".issues pre") == [] and page.rows("Every strategy")


def choose(page: Page, scenario: str) -> None:
    page.until(lambda: (page.one(".header .q-select").click(), True)[1])
    page.press(scenario)


def test_issues_of_a_scenario_are_listed_in_the_page_and_it_is_read_again(
    browser: Any, address: str, folder: Path
) -> None:
    loop = folder / "loop.toml"
    loop.write_text(LOOP.replace("success = 1", "success = 7"))
    page = Page(browser, address)
    page.settled()
    choose(page, "loop.toml")
    page.until(lambda: "loop.toml: tracks.circle.stages[0].success: 7" in page.text(".issues"))
    page.one("[aria-label='Light or dark']").click()
    page.until(lambda: page.all(".issues pre") == [])
    choose(page, "loop.toml")
    page.until(lambda: "Read it again" in page.text(".issues"))
    page.until(lambda: KOREA in page.text(".header .q-field__native"))
    assert page.rows("Every strategy"), "what was in the workspace is left"
    loop.write_text(LOOP)
    page.press("Read it again")
    page.until(lambda: "time cannot advance" in page.text(".issues"))
    assert page.state().scenario == "loop.toml"
    loop.write_text(LOOP.replace("delay = 0", "delay = 1"))
    page.press("Start from a strategy")
    page.press("✓ default")
    page.until(lambda: "loop.toml has changed" in page.text(".issues"))
    page.press("Read it again")
    page.until(lambda: page.all(".issues pre") == [])
    assert page.settled() and page.rows("Every strategy")


def test_figures_numbers_and_the_run_are_taken_away(
    page: Page, folder: Path, tmp_path: Path
) -> None:
    page.browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )

    def taken(label: str, name: str) -> bytes:
        page.press(label)
        page.until(lambda: (tmp_path / name).exists())
        return (tmp_path / name).read_bytes()

    page.press("Take away")
    title = "How many have got there, and when"
    assert taken(f"{title}, SVG", "incidence.svg") == page.picture("incidence")
    assert taken(f"{title}, PNG", "incidence.png").startswith(b"\x89PNG")
    table = taken("Table (CSV)", "workspace.csv").decode()
    assert table.startswith("strategy,endpoint") or table.startswith("strategy,")
    assert (
        State.from_text(taken("The whole workspace (JSON)", "workspace.json").decode())
        == page.state()
    )
    assert b"[strategies.my_proposal]" in taken("Strategies (TOML)", "strategies.toml")
    assert b"sim.run(" in taken("Python script", "workspace.py")
    page.write(".dialog .q-field input", "300")
    page.write(".dialog .q-field input", "out of here/..", 1)
    page.press("Results folder")
    page.until(lambda: "allowed: letters" in page.text(".dialog .said"))
    page.write(".dialog .q-field input", "a run", 1)
    page.press("Results folder")
    page.until(lambda: "written:" in page.text(".dialog .said"))
    results = sim.read(folder / "a run")
    assert results.manifest["replications"] == 300 and (folder / "a run" / "summary.csv").exists()


def test_a_tab_that_is_closed_while_it_is_drawn_ends_its_worker_in_silence() -> None:
    shown = []

    async def show(answer: Answer) -> None:
        shown.append(answer)
        one.leave()
        raise RuntimeError("the client has been deleted")

    async def work() -> None:
        one.request(QUICK)
        await asyncio.wait_for(one.work(), PATIENCE)

    one = worker.Worker(QUICK, Library(), show, show)
    asyncio.run(work())
    assert len(shown) == 1


def tabs() -> tuple[int, int]:
    """Tabs that are open, and those that are closed but still in the memory of the server."""
    left = [one.worker.left for one in gc.get_objects() if type(one) is SessionView]
    return left.count(False), left.count(True)


def test_the_memory_of_closed_tabs_is_given_back(browser: Any, address: str) -> None:
    blank = Page(browser, "about:blank")
    gc.disable()  # so that none goes by chance
    try:
        before, first = tabs()[0], browser.current_window_handle
        for _ in range(3):
            browser.switch_to.new_window("tab")
            tab = Page(browser, f"{address}?state={QUICK.to_link()}")
            tab.settled()
            tab.press("Open")
            tab.button("Choose a file")
        assert tabs()[0] >= 3
        for handle in browser.window_handles:
            if handle != first:
                browser.switch_to.window(handle)
                browser.close()
        browser.switch_to.window(first)
        blank.until(lambda: tabs()[0] <= before and tabs()[1] == 0)
    finally:
        gc.enable()


# -- the server -----------------------------------------------------------------------------------


def answered(address: str, **headers: str) -> int:
    try:
        with urlopen(Request(address, headers=headers), timeout=PATIENCE) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def test_only_own_pages_are_served(address: str) -> None:
    assert answered(address) == 200
    assert answered(address, Host="evil.example") == 400
    assert answered(address, Origin="http://evil.example") == 403
    assert answered(address, Origin=address.rstrip("/")) == 200
    assert answered(f"{address}docs") == 404


def test_no_response_can_be_framed_or_load_from_elsewhere(address: str) -> None:
    for path, headers in (("", {}), ("nowhere", {}), ("", {"Origin": "http://evil.example"}),
                          ("", {"Host": "evil.example"})):  # fmt: skip
        request = Request(f"{address}{path}", headers=headers)
        try:
            found = urlopen(request, timeout=PATIENCE).headers
        except HTTPError as error:
            found = error.headers
        policy = dict(one.split(" ", 1) for one in found["Content-Security-Policy"].split("; "))
        assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
        assert policy["default-src"] == "'self'"
        assert not any("http:" in source or "https:" in source for source in policy.values())
        assert found["X-Frame-Options"] == "DENY"
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["Referrer-Policy"] == "no-referrer"


def test_another_page_cannot_frame_it(browser: Any, address: str) -> None:
    browser.get(f"data:text/html,<iframe src='{address}'></iframe>")
    browser.switch_to.frame(0)
    time.sleep(2)
    assert browser.find_elements("css selector", "#app") == []
    browser.switch_to.default_content()


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_what_was_given_up_while_the_server_slept_is_passed_over(kind: str) -> None:
    called, answers = [], [{"type": f"{kind}.disconnect"}]

    async def inner(*_: object) -> None:
        called.append(kind)

    async def receive() -> dict[str, str]:
        return answers.pop()

    async def send(_: object) -> None:
        raise AssertionError("there is nobody to hear it")

    asyncio.run(server_module.ConnectedOnly(inner)({"type": kind}, receive, send))
    assert called == []


def test_what_still_waits_is_served_whole() -> None:
    messages = iter([{"type": "http.request", "body": body} for body in (b"a", b"b")])
    read: list[Any] = []

    async def inner(_: object, receive: Any, __: object) -> None:
        read.extend([await receive(), await receive()])

    async def receive() -> dict[str, object]:
        return next(messages)

    asyncio.run(server_module.ConnectedOnly(inner)({"type": "http"}, receive, receive))
    assert [one["body"] for one in read] == [b"a", b"b"]


def test_it_listens_on_the_loopback_alone() -> None:
    with server_module.listening(None) as one, server_module.listening(None) as other:
        assert one.getsockname()[0] == other.getsockname()[0] == "127.0.0.1"
        taken = one.getsockname()[1]
        with pytest.raises(InputError, match=f"--port: {taken} cannot be listened on"):
            server_module.listening(taken)


@pytest.mark.slow
def test_the_command_says_its_address_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sim", "explore", "--no-browser", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().split()[1]
        assert answered(address) == 200
        process.send_signal(signal.SIGINT)
        said, wrong = process.communicate(timeout=PATIENCE)
    assert (process.returncode, wrong) == (0, "")
    assert said.endswith("the page is closed\n")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing can be suspended here")
def test_a_suspended_server_wakes_in_silence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sim", "explore", "--no-browser", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        assert answered(address) == 200
        process.send_signal(signal.SIGSTOP)
        host, port = address.removeprefix("http://").rstrip("/").split(":")
        for path in ("/", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"):
            with socket.create_connection((host, int(port)), 10) as one:  # and given up
                one.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        time.sleep(1)
        process.send_signal(signal.SIGCONT)
        time.sleep(1)
        assert answered(address) == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE)[1] == ""


def test_without_its_library_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("sim.app.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert commands.main(["explore", "--no-browser", "--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err == 'explore needs its web page: pip install "detente[explore]"\n'
