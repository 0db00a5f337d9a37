"""One replication with its dated trace, beside the same replication under another strategy."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from nicegui import ui

from sim.app import export
from sim.app.replications import LOOKED_AT, Pair, pair
from sim.app.session import MOST_REPLICATION, PICKS, State
from sim.app.web.html import picture, put, svg_address, text, words
from sim.errors import InputError, ModelError, ScenarioError
from sim.formatting import percent
from sim.plotting import decisions, outcomes
from sim.plotting.captions import HOW_TO_READ
from sim.scenario.scenario import Scenario
from sim.studies.diff import divergence_text
from sim.tracing.divergence import BOTH, ONLY_A, Divergence, divergence_index

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView

NUMBER = "a number"


class ReplicationPanel:
    """The view of one replication."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.one, self.other = 0, 1
        self.shown: State | None = None
        self.box = ui.element("div").classes("replication")

    def rebuild(self, state: State) -> None:
        """Show the choices of another state."""
        self.shown, self.one, self.other = None, 0, min(1, len(state.drafts) - 1)
        names = _titles(state)
        self.box.clear()
        with self.box:
            with ui.element("div").classes("head"):
                pick = state.replication if state.replication in PICKS else NUMBER
                assert self.session.scenario is not None
                picks = {**_picks(self.session.scenario), NUMBER: NUMBER}
                pick = pick if pick in picks else NUMBER
                self.pick = ui.select(picks, label="Which replication", value=pick)
                number = state.replication if isinstance(state.replication, int) else 0
                self.number = ui.number("Number", min=0, max=MOST_REPLICATION, precision=0,
                                        value=number)  # fmt: skip
                self.first = ui.select(names, label="of", value=self.one)
                self.second = ui.select(names, label="beside", value=self.other)
            self.said = text("p", "")
            self.said.props["role"] = "status"
            self.image = picture("The same replication under two strategies")
            text("p", HOW_TO_READ["side_by_side"], "note")
            self.trace = ui.html("", sanitize=False)
        self.number.set_visibility(pick == NUMBER)
        self.pick.on_value_change(self._picked)
        self.number.on_value_change(self._picked)
        self.first.on_value_change(self._chosen)
        self.second.on_value_change(self._chosen)

    def follow(self, state: State) -> None:
        """Offer the drafts of a state; those that are looked at stay, as far as they are there."""
        self.one, self.other = _there(self.one, state), _there(self.other, state)
        self.first.set_options(_titles(state), value=self.one)
        self.second.set_options(_titles(state), value=self.other)

    def _picked(self) -> None:
        number = self.pick.value == NUMBER
        self.number.set_visibility(number)
        asked = min(max(self.number.value or 0, 0), MOST_REPLICATION)
        replication = int(asked) if number else str(self.pick.value)
        self.session.look(replace(self.session.state, replication=replication))

    def _chosen(self) -> None:
        one, other = int(self.first.value), int(self.second.value)
        if (one, other) != (self.one, self.other):
            self.one, self.other = one, other
            self.session.look(self.session.state)

    def forget(self) -> None:
        """There is no answer, so that no replication is shown either."""
        self.shown = None
        self._say("")

    async def show(self, state: State) -> None:
        """Show the replication that a state picks; once."""
        if self.shown is state:
            return
        self.shown = state
        one, other = _there(self.one, state), _there(self.other, state)
        try:
            found, svg = await asyncio.to_thread(self._simulated, state, one, other)
        except (InputError, ScenarioError, ModelError) as error:
            self._say(str(error))
            return
        if self.session.state is not state:
            return
        self._say(_sentences(found, state, one, other))
        self.image.props["src"] = svg_address(svg)
        self.trace.set_content(str(_events(found, state, one, other)))

    def _simulated(self, state: State, one: int, other: int) -> tuple[Pair, bytes]:
        found = pair(self.session.workspace(state), state.replication, one, other)
        first, second = found.traces

        def draw() -> Axes | Figure:
            if one == other:
                return outcomes.timeline(first)
            return decisions.side_by_side(first, second, found.divergence)

        return found, export.figure(draw, dark=self.session.dark)

    def _say(self, sentence: str) -> None:
        self.image.props.pop("src", None)
        self.trace.set_content("")
        put(self.said, sentence)


def _titles(state: State) -> dict[int, str]:
    """Of the drafts, by place."""
    return dict(enumerate(state.titles.values()))


def _picks(scenario: Scenario) -> dict[str, str]:
    """What a replication may be like, in words."""
    goal, ruin = words(scenario.goal), words(scenario.ruin or "")
    found = {
        "typical": f"the median day among those that reach {goal}",
        "fastest": f"the earliest that reaches {goal}",
        "longest": f"the latest that reaches {goal}",
    }
    return found | ({"ruin": f"the first that ends in {ruin}"} if ruin else {})


def _there(place: int, state: State) -> int:
    """The place of a draft, or the last one where a state has fewer."""
    return min(place, len(state.drafts) - 1)


def _sentences(found: Pair, state: State, one: int, other: int) -> str:
    titles = _titles(state)
    names = (titles[one], titles[other])
    ends = [
        f"{name}: {words(trace.row['outcome'])} on day {trace.row['time']:,.0f}"
        for name, trace in zip(names, found.traces, strict=True)
    ]
    said = f"Replication {found.replication:,}. {'; '.join(dict.fromkeys(ends))}."
    if not math.isnan(found.alike):
        trace = found.traces[0]
        what = "end in ruin" if state.replication == "ruin" else f"reach {words(trace.goal)}"
        said += (
            f" It is picked from the first {LOOKED_AT:,} replications under {names[0]}, of which "
            f"{percent(found.alike)} % {what}."
        )
    if one == other:
        return said
    if math.isnan(found.divergence.time):
        return f"{said} After day 0, nothing happens under one of the two only."
    day, *parts = found.divergence
    divergence = Divergence(day, *(words(str(part)) for part in parts))
    where = f"The first divergence after day 0 is on day {day:,.1f}"
    return f"{said} {where}: {divergence_text(divergence, names)}."


def _events(found: Pair, state: State, one: int, other: int) -> Markup:
    """What happens, in the order of time; the first divergence is marked."""
    titles = _titles(state)
    names = {BOTH: "both" if one != other else "", ONLY_A: titles[one]}
    rows, first = [], divergence_index(found.side_by_side, found.divergence)
    for i, event in enumerate(found.side_by_side.itertuples()):
        parts = i == first
        what = f"{words(str(event.entity))}: {event.what}"
        what += f" ({event.why})" if event.why else ""
        rows.append(
            _EVENT.format(
                "divergence" if parts else str(event.where),
                event.date,
                f"{event.time:,.1f}",
                names.get(str(event.where), titles[other]),
                f"First divergence after day 0. {what}" if parts else what,
            )
        )
    return _EVENTS.format(Markup("").join(rows)) + (_ABOVE if first else Markup(""))


_ABOVE = Markup(
    '<p class="note">Events above the marked one that stand under one strategy only are what the '
    "strategies themselves set on day 0, and the levels and waits that follow from it.</p>"
)


_EVENTS = Markup(
    '<div class="wide events" tabindex="0" role="region" aria-label="Events"><table>'
    '<caption>Event by event</caption><thead><tr><th scope="col">date</th>'
    '<th scope="col">day</th><th scope="col">where</th><th scope="col">what happens</th></tr>'
    "</thead><tbody>{}</tbody></table></div>"
)
_EVENT = Markup(
    '<tr class="{}"><th scope="row">{}</th><td class="number">{}</td><td>{}</td><td>{}</td></tr>'
)
