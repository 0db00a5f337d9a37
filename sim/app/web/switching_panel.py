"""What would flip it: parameter values at which the second of the leading drafts is best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from nicegui import ui

from sim.app.progressive import Answer
from sim.app.session import State
from sim.app.switching import Flips, flips, leading
from sim.app.web.html import put, table, text, words
from sim.errors import InputError, ModelError
from sim.formatting import DASH
from sim.reporting.text_tables import TextTable

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView

ABOUT = (
    "For the two strategies that lead, every uncertain parameter is moved from one end of its "
    "range to the other, all others staying where the sliders are. These come nearest to changing "
    "which of the two is sooner."
)
WAITING = "The replications come first; then each parameter is moved over its range."


class SwitchingPanel:
    """The view of switching values."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.state: State | None = None
        self.studied = False
        self.box = ui.element("div").classes("switching")
        with self.box:
            text("p", ABOUT, "note")
            self.said = text("p", "")
            self.said.props["role"] = "status"
            self.table = ui.html("", sanitize=False)

    def begin(self, answer: Answer) -> None:
        """Forget what was found for another state than that of an answer."""
        if self.state is not answer.state:
            self.state, self.studied = answer.state, False
            put(self.said, "" if answer.message else WAITING)
            self.table.set_content("")

    async def show(self, answer: Answer) -> None:
        """Look for what would flip an answer, once, and say more as more is known."""
        if self.studied:
            return
        self.studied = True
        assert answer.summary is not None
        keys, state = leading(answer.summary), answer.state
        if len(keys) < 2:
            put(self.said, "There is one strategy only; add another one to see what would flip it.")
            return
        put(self.said, "Each parameter is moved over its range ..")
        try:
            study = flips(self.session.workspace(state), keys, self.session.worker.stale(state))
            async for found in self.session.worker.steps(study, state):
                put(self.said, found.sentence if found.done else f"{found.sentence} ..")
                self.table.set_content(str(table(printed(found))))
        except (InputError, ModelError) as error:
            put(self.said, str(error))


def printed(found: Flips) -> TextTable:
    """The table of switching values."""
    rows = [_cells(row) for row in found.table.to_dict("records")]
    head = ["parameter", "base value", "from", "to", "switches at", "lead there, days", "verdict"]
    note = (
        f"From {found.here:,} replications of each strategy where the sliders stand, and "
        f"{found.at_ends:,} at the ends of the ranges, so leads differ a little from those under "
        '"Answers". In brackets: 95 % intervals. The lead is at the end of the range that comes '
        "nearest; "
        f"below 0: {found.rival.title} is sooner. "
        '"Perhaps": the replications simulated leave it open.'
    )
    return TextTable("Parameters that come nearest to flipping it", head, rows, note)


def _cells(row: dict[str, object]) -> list[str]:
    lead = f"{row['lead']:.0f} ({row['lead_low']:.0f} to {row['lead_high']:.0f})"
    at = DASH
    if not pd.isna(row["value"]):
        at = f"{row['value']:.3g} ({_end(row['value_low'])} to {_end(row['value_high'])})"
    ends = (f"{row[end]:.3g}" for end in ("likely", "from", "to"))
    return [words(str(row["number"])), *ends, at, lead, str(row["verdict"])]


def _end(value: object) -> str:
    return "beyond" if pd.isna(value) else f"{value:.3g}"
