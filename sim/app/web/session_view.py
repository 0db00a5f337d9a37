"""One browser tab: what is on its table, and the parts of the page that show it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nicegui import background_tasks, ui

from sim.app.progressive import Answer
from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import State
from sim.app.strategy_draft import Hand
from sim.app.web.header import Bar
from sim.app.web.parameter_panel import Levers
from sim.app.web.results_panel import Results
from sim.app.web.strategy_cards import Cards
from sim.app.web.worker import Seat
from sim.app.workspace import Table, lay
from sim.scenario.issues import ScenarioError
from sim.scenario.scenario import Scenario

OPENED = 3  # hands of a table that nobody has laid yet


@dataclass(frozen=True)
class Room:
    """What all tabs share.

    Attributes:
        scenario: with which a new table begins.
        folder: to which states, strategies and results are saved, and from which they are opened.
        library: of scenarios.
    """

    scenario: str
    folder: Path
    library: Library = SHIPPED


class Desk:
    """One tab.

    Args:
        room: what all tabs share.
        link: of a state, as :meth:`State.to_link` makes it; empty: a new table.
    """

    def __init__(self, room: Room, link: str = "") -> None:
        self.room = room
        self.dark = False
        self.scenario: Scenario | None = None
        self.answer: Answer | None = None
        self.seat = Seat(State(scenario=room.scenario), room.library, self._show, self._after)
        self.kept: State | None = None  # as it was opened or saved
        self._link = link
        self._shows = asyncio.Lock()  # one answer at a time, so that no older one comes last

    # -- what is on the table ---------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What is asked."""
        return self.seat.state

    def change(self, state: State) -> None:
        """Ask something else; the parts that show it know by themselves what they changed."""
        self.seat.ask(state)
        self.bar.linked(state)

    @property
    def is_changed(self) -> bool:
        """Would something be lost if another table took the place of this one?"""
        kept, state = self.kept, self.state
        if kept is None or self.scenario is None:
            return False
        return replace(state, view=kept.view, history=kept.history) != kept

    def look(self, state: State) -> None:
        """Show the answers that there are in another view, as another history, or by night."""
        self.seat.look(state)
        self.bar.linked(state)
        question = self.answer.state if self.answer else self.state
        background_tasks.create(self.seat.guarded(question, self._show_again()), name="look")

    def with_hands(self, hands: tuple[Hand, ...]) -> None:
        """Ask about other strategies."""
        self.change(replace(self.state, hands=hands))
        self.levers.follow(self.state)
        self.results.world.follow(self.state)

    def lay(self, state: State) -> None:
        """Put something else on the table; everything is shown anew.

        Raises:
            ScenarioError: the state does not fit its scenario, which is left as it was.
        """
        self.table(state)
        self.scenario, self.answer = self.room.library.scenario(state.scenario), None
        self.seat.ask(state)
        for part in (self.bar, self.cards, self.levers, self.results):
            part.rebuild(state)
        self.kept = state
        self.change(state)

    def table(self, state: State) -> Table:
        """A state laid out.

        Raises:
            ScenarioError: it does not fit its scenario.
        """
        return lay(state, self.room.library)

    def open(self, name: str) -> None:
        """Begin with another scenario, or read the same one again."""
        try:
            self.lay(opening(name, self.room.library))
        except ScenarioError as error:
            self.bar.say_faults(error, lambda: self.open(name))

    def read_again(self) -> None:
        """The same strategies with the scenario as it is now, or its own where they do not fit."""
        kept = self.kept
        try:
            self.lay(self.state)
            self.kept = kept
        except ScenarioError:
            self.open(self.state.scenario)

    # -- the page ---------------------------------------------------------------------------------

    def build(self, dark: bool) -> None:
        """Make the page, and ask its first question."""
        self.dark = dark
        self.bar = Bar(self)
        with ui.element("div").props("id=table"):
            self.cards = Cards(self)
            with ui.element("div").classes("below"):
                self.levers = Levers(self)
                self.results = Results(self)
        if not self._link:
            self.open(self.room.scenario)
            return
        try:
            self.lay(State.from_link(self._link))
        except ScenarioError as error:
            self.open(self.room.scenario)
            self.bar.say_faults(error)

    async def work(self) -> None:
        """Answer until the tab is closed."""
        await self.seat.work()

    def leave(self) -> None:
        """The tab is closed."""
        self.seat.leave()

    async def _show_again(self) -> None:
        async with self._shows:
            answer = self.answer
            if answer is None or self.scenario is None or self.seat.is_stale(answer.state):
                return  # the next answer is shown as it should be
            await self.results.show(answer)
        if answer.done and not answer.message:
            await self.results.study(answer)

    async def _show(self, answer: Answer) -> None:
        async with self._shows:
            await self._show_first(answer)

    async def _show_first(self, answer: Answer) -> None:
        self.answer = answer
        if self.scenario is None:  # its faults have been told; there is nothing to show it on
            self.bar.say(answer)
            return
        if self._has_changed(answer.state):
            message = f"{answer.state.scenario} has changed since the page read it."
            self.bar.say_faults(message, self.read_again)
        await self.results.show(answer)

    def _has_changed(self, state: State) -> bool:
        """Is the file of the scenario another one than that whose sliders are shown?"""
        with suppress(ScenarioError):  # an answer says so itself
            now = self.room.library.scenario(state.scenario)
            return self.scenario is not None and now.hash != self.scenario.hash
        return False

    async def _after(self, answer: Answer) -> None:
        await self.results.study(answer)
        await self.levers.rank(answer.state)


def opening(name: str, library: Library = SHIPPED) -> State:
    """A new table of a scenario: its first strategies.

    Raises:
        ScenarioError: the scenario is wrong.
    """
    scenario = library.scenario(name)
    names = [*scenario.strategies][:OPENED] or ["default"]
    return State(scenario=name, hands=tuple(Hand.of(scenario, one) for one in names))
