"""The assumptions: a slider for every parameter that has a range, found by words or by group."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from sim.app.parameters import RangedParameter, found, grouped, overriding, parameters
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft
from sim.app.tornado import Importance, importance, ordered
from sim.app.web.html import put, text, words
from sim.errors import InputError, ModelError
from sim.scenario.register import source_in_words

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView

STEPS = 100  # of a slider
SHOWN = 40  # sliders of a search
MOST = 6  # sliders on top, those that matter most


class ParameterPanel:
    """The panel of sliders."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.parameters: list[RangedParameter] = []
        self.shown: dict[str, list[ParameterRow]] = {}
        self.ranked: tuple[StrategyDraft, ...] | None = None
        self.depth = 0.0  # replications behind their order; inf: no better order will follow
        self.top: dict[str, ParameterRow] = {}
        self.box = ui.element("section").classes("parameters")
        self.box.props["aria-label"] = "Assumptions"

    def rebuild(self, state: State) -> None:
        """Show the assumptions of another state."""
        assert self.session.scenario is not None
        self.parameters, self.shown, self.ranked = parameters(self.session.scenario), {}, None
        self.top = {}
        self.box.clear()
        with self.box:
            text("h2", "Assumptions")
            with ui.element("div").classes("head"):
                search = ui.input("Find a parameter", placeholder="words of its name or source")
                search.props("dense clearable type=search").classes("search")
                search.on_value_change(lambda event: self._search(str(event.value or "")))
                self.reset = ui.button("Reset all", on_click=self._reset_all).props(
                    "flat dense no-caps"
                )
            self._count(state)
            self.results = ui.element("div").classes("found")
            self.most = ui.element("div").classes("most")
            self.groups = ui.element("div").classes("groups")
        with self.groups:
            for name, some in grouped(self.parameters).items():
                self._group(name, some)

    def _group(self, name: str, some: list[RangedParameter]) -> None:
        group = ui.expansion(f"{words(name)} ({len(some)})").classes("more")

        def fill() -> None:
            if group.value and not group.default_slot.children:
                with group:
                    self._rows(some, name)

        group.on_value_change(fill)

    def _rows(self, some: list[RangedParameter], group: str = "") -> list[ParameterRow]:
        rows = [ParameterRow(self, one, group) for one in some]
        for one in rows:
            self.shown.setdefault(one.parameter.name, []).append(one)
        return rows

    def _search(self, what: str) -> None:
        self.results.clear()
        for part in (self.most, self.groups):
            part.set_visibility(not what.strip())
        if not what.strip():
            return
        matching = found(self.parameters, what)
        with self.results:
            if len(matching) > SHOWN:
                text("p", f"The first {SHOWN} of {len(matching)} parameters.", "note")
            elif not matching:
                text("p", "No parameter has these words in its name, status or source.", "note")
            self._rows(matching[:SHOWN])

    def move(self, parameter: RangedParameter, value: float | None) -> None:
        """Change an assumption; None: as in the scenario."""
        if value == parameter.likely:
            value = None
        if self.session.state.numbers.get(parameter.name) == value:
            return
        state = self.session.state.with_number(parameter.name, value)
        self.session.change(state)
        self._count(state)
        for row in self._there(parameter.name):
            row.follow(state)

    def follow(self, state: State) -> None:
        """Show the values of a state, and what the drafts make of them."""
        self._count(state)
        for name in self.shown:
            for row in self._there(name):
                row.follow(state)

    async def rank(self, state: State) -> None:
        """Put the parameters that matter most on top, once for each set of strategies.

        They stay where they are while sliders are moved, so that none slips from under the pointer.
        """
        if self.ranked != state.drafts:
            self.ranked, self.depth = state.drafts, 0
        if self.depth == math.inf:
            return
        worker = self.session.worker
        with suppress(InputError, ModelError):  # no uncertain parameter: the groups are empty too
            async for found in worker.steps(
                importance(self.session.workspace(state), None, worker.stale(state)), state
            ):
                if found.n > self.depth:
                    self._show_most(found)
                    self.depth = math.inf if found.done else found.n

    def _show_most(self, found: Importance) -> None:
        first = [one for one in ordered(self.parameters, found) if one.name in found.names[:MOST]]
        if [one.name for one in first] != list(self.top):
            self._show_first(first)
        put(self.basis, f"Days until the goal that {found.draft.title} wins or loses from the "
            f"low to the high end, {found.n} replications at each.")  # fmt: skip
        swings = found.table.set_index("number")
        for name, row in self.top.items():
            at = (f"{swings.loc[name, f'swing{end}']:+.0f}" for end in ("", "_low", "_high"))
            put(row.swing, "{} days ({} to {})".format(*at))

    def _show_first(self, first: list[RangedParameter]) -> None:
        self.most.clear()
        with self.most:
            text("h3", "What matters most")
            self.basis = text("p", "", "note")
            self.top = dict(zip((one.name for one in first), self._rows(first), strict=True))

    def _there(self, name: str) -> list[ParameterRow]:
        """The sliders of a parameter that are on the page."""
        self.shown[name] = [one for one in self.shown[name] if not one.box.is_deleted]
        return self.shown[name]

    def _reset_all(self) -> None:
        self.session.change(replace(self.session.state, numbers={}))
        self.follow(self.session.state)

    def _count(self, state: State) -> None:
        n = len(state.numbers)
        self.reset.set_text(f"Reset all ({n})" if n else "Reset all")
        self.reset.set_enabled(n > 0)


class ParameterRow:
    """One slider with what stands beside it."""

    def __init__(self, rows: ParameterPanel, parameter: RangedParameter, group: str) -> None:
        self.rows, self.parameter = rows, parameter
        name = words(parameter.name.removeprefix(f"{group}.")).replace(".", " · ")
        self.box = ui.element("div").classes("parameter")
        with self.box:
            with ui.element("div").classes("head"):
                text("span", name, "name")
                self.value = text("span", "", "value")
                self.reset = ui.button(icon="undo", on_click=lambda: rows.move(parameter, None))
                self.reset.props("flat round dense size=sm")
                self.reset.props["aria-label"] = f"Reset {words(parameter.name)}"
            self.swing = text("p", "", "swing")
            self.handle = ParameterSlider(parameter, lambda value: rows.move(parameter, value))
            source = source_in_words(parameter.status, parameter.source)
            span = f"{parameter.low:g} to {parameter.high:g} {parameter.measure}".rstrip()
            text("p", f"{span}, base value {parameter.likely:g}. {source}.", "note")
            self.own = text("p", "", "warn")
        self.follow(rows.session.state)

    def follow(self, state: State) -> None:
        """Show the value of a state, and move the handle there."""
        value = state.numbers.get(self.parameter.name, self.parameter.likely)
        self.handle.show(value)
        put(self.value, f"{value:.4g}")
        self.reset.set_enabled(self.parameter.name in state.numbers)
        own = overriding(state.drafts, self.parameter.name)
        titles = state.titles
        put(self.own, "; ".join(f"{titles[key]} has its own: {at:g}" for key, at in own.items()))


class ParameterSlider(
    Element, component=str(files("sim") / "templates" / "parameter_slider.js")
):  # fmt: skip
    """The browser's own slider, which screen readers and keys know.

    Args:
        slider: the parameter.
        moved: called with each value to which a person moved it.
    """

    def __init__(self, parameter: RangedParameter, moved: Callable[[float], None]) -> None:
        super().__init__()
        self.moved = moved
        self.props.update({
            "value": parameter.likely, "seen": 0, "min": parameter.low, "max": parameter.high,
            "step": 1.0 if parameter.whole else (parameter.high - parameter.low) / STEPS,
            "data-number": parameter.name,
            "aria-label": ", ".join(filter(None, (words(parameter.name), parameter.measure))),
        })  # fmt: skip
        self.on("moved", self._moved)

    def show(self, value: float) -> None:
        """Move the handle to a value."""
        if self.props["value"] != value:
            self.props["value"] = value

    def _moved(self, event: GenericEventArguments) -> None:
        """A value, and the number of the move, which the browser waits to hear again."""
        value, number = event.args
        self.props.update({"value": float(value), "seen": int(number)})
        self.moved(float(value))
