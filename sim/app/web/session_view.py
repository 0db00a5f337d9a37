"""One browser tab: its workspace, and the parts of the page that show it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nicegui import background_tasks, ui

from sim.app.progressive import Answer
from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft
from sim.app.web.header import Header
from sim.app.web.parameter_panel import ParameterPanel
from sim.app.web.results_panel import ResultsPanel
from sim.app.web.strategy_cards import Cards
from sim.app.web.worker import Worker
from sim.app.workspace import Workspace, workspace_of
from sim.errors import ScenarioError
from sim.scenario.scenario import Scenario

OPENED = 3  # drafts of a new workspace


@dataclass(frozen=True)
class ServerSettings:
    """What all tabs share.

    Attributes:
        scenario: with which a new workspace begins.
        folder: to which states, strategies and results are saved, and from which they are opened.
        library: of scenarios.
    """

    scenario: str
    folder: Path
    library: Library = SHIPPED


class SessionView:
    """One tab.

    Args:
        room: what all tabs share.
        link: of a state, as :meth:`State.to_link` makes it; empty: a new workspace.
    """

    def __init__(self, settings: ServerSettings, link: str = "") -> None:
        self.settings = settings
        self.dark = False
        self.scenario: Scenario | None = None
        self.answer: Answer | None = None
        self.worker = Worker(
            State(scenario=settings.scenario), settings.library, self._show, self._after
        )
        self.kept: State | None = None  # as it was opened or saved
        self._link = link
        self._shows = asyncio.Lock()  # one answer at a time, so that no older one comes last

    # -- the workspace -----------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What is asked."""
        return self.worker.state

    def change(self, state: State) -> None:
        """Ask something else; the parts that show it know by themselves what they changed."""
        self.worker.request(state)
        self.header.linked(state)

    @property
    def is_changed(self) -> bool:
        """Would something be lost if another workspace took the place of this one?"""
        kept, state = self.kept, self.state
        if kept is None or self.scenario is None:
            return False
        return replace(state, view=kept.view, replication=kept.replication) != kept

    def look(self, state: State) -> None:
        """Show the answers that there are in another view, as another replication, or by night."""
        self.worker.look(state)
        self.header.linked(state)
        state = self.answer.state if self.answer else self.state
        background_tasks.create(self.worker.guarded(state, self._show_again()), name="look")

    def with_drafts(self, drafts: tuple[StrategyDraft, ...]) -> None:
        """Ask about other strategies."""
        self.change(replace(self.state, drafts=drafts))
        self.parameters.follow(self.state)
        self.results.replication.follow(self.state)

    def replace_state(self, state: State) -> None:
        """Put something else in the workspace; everything is shown anew.

        Raises:
            ScenarioError: the state does not fit its scenario, which is left as it was.
        """
        self.workspace(state)
        self.scenario, self.answer = self.settings.library.scenario(state.scenario), None
        self.worker.request(state)
        for part in (self.header, self.cards, self.parameters, self.results):
            part.rebuild(state)
        self.kept = state
        self.change(state)

    def workspace(self, state: State) -> Workspace:
        """The workspace of a state.

        Raises:
            ScenarioError: it does not fit its scenario.
        """
        return workspace_of(state, self.settings.library)

    def open(self, name: str) -> None:
        """Begin with another scenario, or read the same one again."""
        try:
            self.replace_state(opening(name, self.settings.library))
        except ScenarioError as error:
            self.header.show_issues(error, lambda: self.open(name))

    def read_again(self) -> None:
        """The same strategies with the scenario as it is now, or its own where they do not fit."""
        kept = self.kept
        try:
            self.replace_state(self.state)
            self.kept = kept
        except ScenarioError:
            self.open(self.state.scenario)

    # -- the page ---------------------------------------------------------------------------------

    def build(self, dark: bool) -> None:
        """Make the page, and request its first answer."""
        self.dark = dark
        self.header = Header(self)
        with ui.element("div").props("id=workspace"):
            self.cards = Cards(self)
            with ui.element("div").classes("below"):
                self.parameters = ParameterPanel(self)
                self.results = ResultsPanel(self)
        if not self._link:
            self.open(self.settings.scenario)
            return
        try:
            self.replace_state(State.from_link(self._link))
        except ScenarioError as error:
            self.open(self.settings.scenario)
            self.header.show_issues(error)

    async def work(self) -> None:
        """Answer until the tab is closed."""
        await self.worker.work()

    def leave(self) -> None:
        """The tab is closed."""
        self.worker.leave()

    async def _show_again(self) -> None:
        async with self._shows:
            answer = self.answer
            if answer is None or self.scenario is None or self.worker.is_stale(answer.state):
                return  # the next answer is shown as it should be
            await self.results.show(answer)
        if answer.done and not answer.message:
            await self.results.study(answer)

    async def _show(self, answer: Answer) -> None:
        async with self._shows:
            await self._show_first(answer)

    async def _show_first(self, answer: Answer) -> None:
        self.answer = answer
        if self.scenario is None:  # its issues are shown already; there is nothing to show it on
            self.header.say(answer)
            return
        if self._has_changed(answer.state):
            message = f"{answer.state.scenario} has changed since the page read it."
            self.header.show_issues(message, self.read_again)
        await self.results.show(answer)

    def _has_changed(self, state: State) -> bool:
        """Is the file of the scenario another one than that whose sliders are shown?"""
        with suppress(ScenarioError):  # an answer says so itself
            now = self.settings.library.scenario(state.scenario)
            return self.scenario is not None and now.hash != self.scenario.hash
        return False

    async def _after(self, answer: Answer) -> None:
        await self.results.study(answer)
        await self.parameters.rank(answer.state)


def opening(name: str, library: Library = SHIPPED) -> State:
    """A new workspace of a scenario: its first strategies.

    Raises:
        ScenarioError: the scenario is wrong.
    """
    scenario = library.scenario(name)
    names = [*scenario.strategies][:OPENED] or ["default"]
    return State(scenario=name, drafts=tuple(StrategyDraft.of(scenario, one) for one in names))
