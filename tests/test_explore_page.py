"""The live table in a browser (where Chromium is installed): changed by hand, answered, and equal
to what a run with the same inputs says."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sim
from chromium import chromium
from sim import cli, plots, printing, report
from sim.explore import taking
from sim.explore.asking import Answer
from sim.explore.state import State
from sim.explore.web import app
from sim.explore.web.desk import Room
from sim.explore.web.results import by_hand

KOREA = "korea-2017"
PATIENCE = 40  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with app.listening(None) as listening:
        server = app.server(Room(KOREA, folder))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield app.address(listening)
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


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
        return str(self.one(css, number).text)

    def button(self, label: str) -> Any:
        """A button that is seen, by its name or its text."""

        def found() -> list[Any]:
            named = (one for one in self.all("button, [role=menuitem], [role=tab]")
                     if one.is_displayed())  # fmt: skip
            return [one for one in named if label in (one.text, one.accessible_name)]

        return self.until(found)[0]

    def write(self, css: str, text: str, number: int = 0) -> None:
        """Replace what stands in a field."""
        from selenium.webdriver import Keys

        field = self.one(css, number)
        self.until(lambda: field.is_displayed() and (field.click() or True))
        field.send_keys(Keys.CONTROL + "a")
        field.send_keys(text)

    def settled(self) -> int:
        """Histories of each strategy once no more are being told."""
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
        source = self.one(f"figure.{name} img").get_attribute("src") or ""
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
    opened = Page(browser, address)
    opened.settled()
    return opened


def drag(page: Page, what: Any, where: Any) -> None:
    from selenium.webdriver import ActionChains

    moves = ActionChains(page.browser).click_and_hold(what).pause(0.2).move_by_offset(4, 8)
    for _ in range(3):  # places make room, so that the wanted one moves
        moves.pause(0.3).move_to_element(where)
    moves.pause(0.3).release().perform()


def told_by_the_command(page: Page, n: int, folder: Path, out: Path) -> sim.Results:
    """The histories that ``detente run`` tells of the strategies which the page saved."""
    page.button("Save").click()
    page.write(".dialog input", "as run")
    page.button("Save the strategies").click()
    page.until(lambda: "saved:" in page.text(".dialog .said"))
    page.button("Close").click()
    state = page.state()
    chosen = [word for hand in state.hands for word in ("--strategy", hand.key)]
    command = ["run", KOREA, "--strategies", str(folder / "as run.toml"), *chosen]
    command += ["--replications", str(n), "--seed", str(state.seed), "--out", str(out)]
    assert cli.main([*command, "--no-figures", "--quiet"]) == 0
    return sim.read(out)


def test_a_strategy_and_an_assumption_are_changed_and_a_run_says_the_same(
    page: Page, folder: Path, tmp_path: Path
) -> None:
    from selenium.webdriver import Keys

    words = page.text(".card .words")
    chip = page.one(".card [data-track=north_south]")
    gaps = page.all(".card")[0].find_elements("css selector", ".gap .tracks")
    page.answer_of(lambda: drag(page, chip, gaps[-1]))
    assert page.text(".card .words") != words
    assert page.state().hands[0].steps[-1] == ("north_south",)

    page.write(".levers input", "war rate")
    handle = page.one(".lever input")
    page.until(lambda: handle.is_displayed())
    number = handle.get_attribute("data-number")
    n = page.answer_of(lambda: handle.send_keys(Keys.ARROW_RIGHT * 6))
    assert page.state().numbers.keys() == {number}
    assert page.text(".lever .value") == f"{page.state().numbers[number]:.4g}"

    results = told_by_the_command(page, n, folder, tmp_path / "run")
    summary = report.summarise(results)
    cells = printing.cells(summary)[1]
    assert page.rows("Every strategy") == [[plots.words(c[0]), *c[1:]] for c in cells]
    horizon, goal = results.scenario.horizon, results.scenario.goal
    curve = sim.incidence(results.frame, horizon=horizon, goal=goal)
    ordered = by_hand(Answer(page.state()), curve)
    assert page.picture("incidence") == taking.figure(lambda: plots.incidence(ordered))
    best = summary.set_index("strategy")["reached"]
    for card, hand in zip(page.all(".card"), page.state().hands, strict=True):
        assert f"{printing.percent(best[hand.key])} % reach freeze" in card.text
