"""The answers: figures and tables, drawn anew whenever more is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from nicegui import ui

from sim.app import export
from sim.app.progressive import FIRST, FOLLOWED, Answer
from sim.app.session import VIEWS, State
from sim.app.web.html import colour, picture, svg_address, table, text, words
from sim.app.web.replication_panel import ReplicationPanel
from sim.app.web.switching_panel import SwitchingPanel
from sim.formatting import percent
from sim.plotting import decisions, outcomes
from sim.plotting.captions import HOW_TO_READ
from sim.reporting import comparison, text_tables
from sim.reporting.text_tables import TextTable

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView

Draw = Callable[[Answer], Axes]


def in_draft_order(answer: Answer, one: pd.DataFrame) -> pd.DataFrame:
    """A table of an answer in the order of its drafts, so that each keeps its colour."""
    places = {draft.key: i for i, draft in enumerate(answer.state.drafts)}
    ordered = one.sort_values("strategy", key=lambda s: s.astype(str).map(places), kind="stable")
    ordered.attrs = one.attrs
    return ordered.reset_index(drop=True)


def _incidence(answer: Answer) -> Axes:
    return outcomes.incidence(in_draft_order(answer, answer.incidence))


def _budget(answer: Answer) -> Axes:
    goal = str(answer.summary["endpoint"].iloc[0])  # type: ignore[index]
    caption = (
        f"from the first {FOLLOWED:,} of {answer.n:,} replications of each strategy, which are "
        "followed event by event; so these means differ a little from those of all replications"
    )
    return decisions.budget(answer.budget, answer.goal_tracks or {}, goal, caption=caption)


FIGURES: dict[str, tuple[str, Draw]] = {
    "incidence": ("How many have got there, and when", _incidence),
    "outcomes": ("How it ends", lambda answer: outcomes.outcomes(answer.outcomes)),
    "differences": (
        "Paired differences from the first strategy",
        lambda answer: outcomes.differences(answer.differences),
    ),
    "budget": ("Where the days go", _budget),
}
"""Title, and how it is drawn, of each figure; drawn where the answer has the table of its name."""


REST = 0.15  # seconds in which the next move of a slider would come; only then more is drawn
NAMES = {"answers": "Answers", "replication": "One replication", "switching": "What would flip it"}


class Drawn(NamedTuple):
    """A picture as an address, and what it says."""

    address: str
    words: str


@dataclass
class Place:
    """Where a figure stands on the page."""

    name: str
    block: ui.element
    image: ui.element

    def hang(self, drawn: Drawn | None) -> None:
        """Show another picture; where there is none yet, the old one in grey."""
        if self.image.is_deleted:  # something else is in the workspace
            return
        if drawn is not None:
            self.image.props.update({"src": drawn.address, "alt": drawn.words})
            self.block.classes(remove="old")
        else:
            self.block.classes("old")
        self.block.set_visibility(bool(self.image.props.get("src")))


class ResultsPanel:
    """The answers of a tab."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.box = ui.element("section").classes("results")
        self.box.props["aria-label"] = "Answers"

    def rebuild(self, state: State) -> None:
        """Forget the answers to another state."""
        self.box.clear()
        with self.box:
            self.views = ui.tabs().props("dense no-caps align=left")
            with self.views:
                tabs = {view: ui.tab(view, NAMES[view]) for view in VIEWS}
            self.views.set_value(state.view)
            with ui.element("div").classes("answers") as self.answers:
                self.places = [_place(name) for name in FIGURES]
                self.tables = ui.html("", sanitize=False).classes("tables")
            self.replication = ReplicationPanel(self.session)
            self.switching = SwitchingPanel(self.session)
        self.panels = {
            "answers": self.answers,
            "replication": self.replication.box,
            "switching": self.switching.box,
        }
        for view, panel in self.panels.items():
            panel.props.update({"role": "tabpanel", "aria-label": NAMES[view]})
            tabs[view].props["aria-controls"] = panel.html_id
        self.replication.rebuild(state)
        self._turn(state.view)
        self.views.on_value_change(lambda event: self._view(str(event.value)))

    def _view(self, view: str) -> None:
        self._turn(view)
        self.session.look(replace(self.session.state, view=view))

    def _turn(self, view: str) -> None:
        for name, panel in self.panels.items():
            panel.set_visibility(name == view)

    async def show(self, answer: Answer) -> None:
        """Show an answer: the first figure with all numbers, then the others while they last."""
        state = self.session.state
        looked_at = state.view == "answers"
        first, *others = self.places
        drawn = await self._drawn(first, answer) if looked_at else None
        if self.session.worker.left:
            return
        self.session.header.say(answer)
        self.session.cards.show(answer)
        if answer.message:
            self.replication.forget()
        self.switching.begin(answer)
        if state.view == "replication" and not answer.message:
            await self.replication.show(state)
        if not looked_at:
            return
        self.tables.set_content(str(Markup("").join(tables(answer))))
        first.hang(drawn)
        if answer.n == FIRST:
            await asyncio.sleep(REST)
        for place in others:
            if self.session.worker.is_stale(answer.state) or self.session.state is not state:
                return
            place.hang(await self._drawn(place, answer))

    async def study(self, answer: Answer) -> None:
        """What takes longer than an answer, for the view that is looked at."""
        if self.session.state.view == "switching":
            await self.switching.show(answer)

    async def _drawn(self, place: Place, answer: Answer) -> Drawn | None:
        """A figure; None where the answer has none."""
        if getattr(answer, place.name) is None:
            return None
        (title, draw), dark = FIGURES[place.name], self.session.dark
        finding = [title]

        def drawn() -> Axes:
            axes = draw(answer)
            finding.append(axes.get_title("left"))
            return axes

        svg = await asyncio.to_thread(export.figure, drawn, dark=dark)
        return Drawn(svg_address(svg), f"{title}. {finding[-1]}")


def _place(name: str) -> Place:
    with ui.element("figure").classes(name) as block:
        text("h2", FIGURES[name][0], "unseen")
        image = picture(FIGURES[name][0])
        text("figcaption", HOW_TO_READ[name], "note")
    block.set_visibility(False)
    return Place(name, block, image)


def tables(answer: Answer) -> Iterator[Markup]:
    """The tables of an answer, with the colours of its drafts."""
    if answer.summary is None:
        return
    titles = answer.state.titles
    colours = {title: colour(i) for i, title in enumerate(titles.values())}
    summary = titled(answer.summary, titles)
    head, body = text_tables.cells(summary)
    title = f"Every strategy, {answer.n:,} replications each"
    yield table(TextTable(title, head, body, text_tables.legend(summary)), colours)
    if answer.differences is not None:
        yield table(comparison.differences_table(titled(answer.differences, titles)), colours)
    if answer.bottlenecks is not None and len(answer.bottlenecks):
        yield table(_waits(titled(answer.bottlenecks, titles)), colours)


def titled(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """A table in which strategies have their names for readers."""
    named = table.copy()
    for column in {"strategy", "baseline"} & {*table.columns}:
        named[column] = table[column].astype(str).map(titles)
    named.attrs = table.attrs | {
        key: titles[table.attrs[key]] for key in ("baseline",) if key in table.attrs
    }
    return named


def _waits(table: pd.DataFrame) -> TextTable:
    rows = [
        (str(row.strategy), words(str(row.binding)) or "nothing", f"{row.n:,}",
         f"{percent(row.best)} ({percent(row.low)}–{percent(row.high)})")
        for row in table.itertuples()
    ]  # fmt: skip
    note = "Share of the replications that reached the goal whose track waited for this last."
    return TextTable("What it waited for last", ["strategy", "waited for", "runs", "%"], rows, note)
