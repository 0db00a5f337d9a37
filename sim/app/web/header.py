"""The head of the page: what is in the workspace, how far the answer is, and what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import ui

from sim.app.progressive import Answer
from sim.app.session import State
from sim.app.web.export_dialogs import ExportDialogs, may_go
from sim.app.web.html import put, text

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView


class Header:
    """The head."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.night = ui.dark_mode(session.dark)
        with ui.element("header").classes("header"):
            text("h1", "Detente")
            self.scenario = ui.select(_names(session), label="Scenario").props(
                "dense options-dense"
            )
            self.scenario.on_value_change(lambda event: self._another(event.value))
            self.status = text("p", "simulating the first replications", "status")
            self.status.props["role"] = "status"
            with ui.element("div").classes("buttons"):
                ExportDialogs(session)
                look = ui.button(icon="contrast", on_click=self._turn).props("flat round dense")
                look.props["aria-label"] = look.props["title"] = "Light or dark"
        self.issues = ui.element("div").classes("issues")
        self.issues.props["role"] = "alert"
        with self.issues:
            self.invalid = ui.element("div")  # until something else is asked
            self.wrong = ui.element("div")  # until there is another answer

    def rebuild(self, state: State) -> None:
        """Show another state."""
        self.scenario.set_options(_names(self.session), value=state.scenario)

    def linked(self, state: State) -> None:
        """The address of the page is a link to what is in the workspace."""
        self.invalid.clear()
        ui.navigate.history.replace(f"/?state={state.to_link()}")

    def say(self, answer: Answer) -> None:
        """How far an answer is."""
        self.wrong.clear()
        if answer.message:
            with self.wrong:
                text("pre", answer.message)
            put(self.status, "no answer")
            return
        width = f"± {100 * answer.half_width:.1f} points"
        more = "" if answer.done else "; more are being simulated"
        put(self.status, f"{answer.n:,} replications of each strategy, shares within {width}{more}")

    def show_issues(self, message: object, again: Callable[[], None] | None = None) -> None:
        """What is wrong with what was asked for, and how to ask again; the workspace stays."""
        self.scenario.set_value(self.session.state.scenario)
        self.invalid.clear()
        with self.invalid:
            text("pre", str(message))
            if again is not None:
                ui.button("Read it again", icon="refresh", on_click=again).props("flat no-caps")

    def _another(self, name: str | None) -> Awaitable[None] | None:
        if not name or name == self.session.state.scenario:
            return None
        if self.session.is_changed:
            return self._changed(name)
        self.session.open(name)
        return None

    async def _changed(self, name: str) -> None:
        """Another scenario, where the changes of this workspace may be lost."""
        if await may_go(self.session):
            self.session.open(name)
        else:
            self.scenario.set_value(self.session.state.scenario)

    def _turn(self) -> None:
        self.session.dark = not self.session.dark
        self.night.set_value(self.session.dark)
        self.session.look(self.session.state)


def _names(session: SessionView) -> list[str]:
    """Scenarios that there are, among them the one that is asked for."""
    return list(dict.fromkeys([*session.settings.library.names(), session.state.scenario]))
