"""The head of the page: what is on the table, how far the answer is, and what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import ui

from sim.app.progressive import Answer
from sim.app.session import State
from sim.app.web.export_dialogs import Shelf, may_go
from sim.app.web.html import put, text

if TYPE_CHECKING:
    from sim.app.web.session_view import Desk


class Bar:
    """The head."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.night = ui.dark_mode(desk.dark)
        with ui.element("header").classes("bar"):
            text("h1", "Detente")
            self.scenario = ui.select(_names(desk), label="Scenario").props("dense options-dense")
            self.scenario.on_value_change(lambda event: self._another(event.value))
            self.status = text("p", "telling the first histories", "status")
            self.status.props["role"] = "status"
            with ui.element("div").classes("buttons"):
                Shelf(desk)
                look = ui.button(icon="contrast", on_click=self._turn).props("flat round dense")
                look.props["aria-label"] = look.props["title"] = "Light or dark"
        self.faults = ui.element("div").classes("faults")
        self.faults.props["role"] = "alert"
        with self.faults:
            self.refused = ui.element("div")  # until something else is asked
            self.wrong = ui.element("div")  # until there is another answer

    def rebuild(self, state: State) -> None:
        """Show another state."""
        self.scenario.set_options(_names(self.desk), value=state.scenario)

    def linked(self, state: State) -> None:
        """The address of the page is a link to what is on the table."""
        self.refused.clear()
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
        more = "" if answer.done else "; more are being told"
        put(self.status, f"{answer.n:,} histories of each strategy, shares within {width}{more}")

    def say_faults(self, message: object, again: Callable[[], None] | None = None) -> None:
        """What is wrong with what was asked for, and how to ask again; the table stays."""
        self.scenario.set_value(self.desk.state.scenario)
        self.refused.clear()
        with self.refused:
            text("pre", str(message))
            if again is not None:
                ui.button("Read it again", icon="refresh", on_click=again).props("flat no-caps")

    def _another(self, name: str | None) -> Awaitable[None] | None:
        if not name or name == self.desk.state.scenario:
            return None
        if self.desk.is_changed:
            return self._asked(name)
        self.desk.open(name)
        return None

    async def _asked(self, name: str) -> None:
        """Another scenario, where the changes of this table may be lost."""
        if await may_go(self.desk):
            self.desk.open(name)
        else:
            self.scenario.set_value(self.desk.state.scenario)

    def _turn(self) -> None:
        self.desk.dark = not self.desk.dark
        self.night.set_value(self.desk.dark)
        self.desk.look(self.desk.state)


def _names(desk: Desk) -> list[str]:
    """Scenarios that there are, among them the one that is asked for."""
    return list(dict.fromkeys([*desk.room.library.names(), desk.state.scenario]))
