"""The assumptions: a slider for every number that has a range, found by words or by group."""

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

from sim.app.parameters import Slider, found, grouped, overriding, sliders
from sim.app.session import State
from sim.app.strategy_draft import Hand
from sim.app.tornado import Importance, importance, ordered
from sim.app.web.html import put, text, words
from sim.engine.program import ModelError
from sim.experiment.experiment import InputError
from sim.scenario.register import source_in_words

if TYPE_CHECKING:
    from sim.app.web.session_view import Desk

STEPS = 100  # of a slider
SHOWN = 40  # sliders of a search
MOST = 6  # sliders on top, those that matter most


class Levers:
    """The panel of sliders."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sliders: list[Slider] = []
        self.shown: dict[str, list[Lever]] = {}
        self.ranked: tuple[Hand, ...] | None = None
        self.depth = 0.0  # histories behind their order; inf: no better order will follow
        self.top: dict[str, Lever] = {}
        self.box = ui.element("section").classes("levers")
        self.box.props["aria-label"] = "Assumptions"

    def rebuild(self, state: State) -> None:
        """Show the assumptions of another state."""
        assert self.desk.scenario is not None
        self.sliders, self.shown, self.ranked = sliders(self.desk.scenario), {}, None
        self.top = {}
        self.box.clear()
        with self.box:
            text("h2", "Assumptions")
            with ui.element("div").classes("head"):
                search = ui.input("Find a number", placeholder="words of its name or source")
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
            for name, some in grouped(self.sliders).items():
                self._group(name, some)

    def _group(self, name: str, some: list[Slider]) -> None:
        group = ui.expansion(f"{words(name)} ({len(some)})").classes("more")

        def fill() -> None:
            if group.value and not group.default_slot.children:
                with group:
                    self._levers(some, name)

        group.on_value_change(fill)

    def _levers(self, some: list[Slider], group: str = "") -> list[Lever]:
        levers = [Lever(self, one, group) for one in some]
        for one in levers:
            self.shown.setdefault(one.slider.name, []).append(one)
        return levers

    def _search(self, what: str) -> None:
        self.results.clear()
        for part in (self.most, self.groups):
            part.set_visibility(not what.strip())
        if not what.strip():
            return
        matching = found(self.sliders, what)
        with self.results:
            if len(matching) > SHOWN:
                text("p", f"The first {SHOWN} of {len(matching)} numbers.", "note")
            elif not matching:
                text("p", "No number has these words in its name, status or source.", "note")
            self._levers(matching[:SHOWN])

    def move(self, slider: Slider, value: float | None) -> None:
        """Change an assumption; None: as in the scenario."""
        if value == slider.likely:
            value = None
        if self.desk.state.numbers.get(slider.name) == value:
            return
        state = self.desk.state.with_number(slider.name, value)
        self.desk.change(state)
        self._count(state)
        for lever in self._there(slider.name):
            lever.follow(state)

    def follow(self, state: State) -> None:
        """Show the values of a state, and what the hands make of them."""
        self._count(state)
        for name in self.shown:
            for lever in self._there(name):
                lever.follow(state)

    async def rank(self, state: State) -> None:
        """Put the numbers that matter most on top, once for each set of strategies.

        They stay where they are while sliders are moved, so that none slips from under a hand.
        """
        if self.ranked != state.hands:
            self.ranked, self.depth = state.hands, 0
        if self.depth == math.inf:
            return
        seat = self.desk.seat
        with suppress(InputError, ModelError):  # no uncertain number: the groups are empty too
            async for found in seat.steps(
                importance(self.desk.table(state), None, seat.stale(state)), state
            ):
                if found.n > self.depth:
                    self._show_most(found)
                    self.depth = math.inf if found.done else found.n

    def _show_most(self, found: Importance) -> None:
        first = [one for one in ordered(self.sliders, found) if one.name in found.names[:MOST]]
        if [one.name for one in first] != list(self.top):
            self._lay_most(first)
        put(self.basis, f"Days until the goal that {found.hand.title} wins or loses from the "
            f"low to the high end, {found.n} histories at each.")  # fmt: skip
        swings = found.table.set_index("number")
        for name, lever in self.top.items():
            at = (f"{swings.loc[name, f'swing{end}']:+.0f}" for end in ("", "_low", "_high"))
            put(lever.swing, "{} days ({} to {})".format(*at))

    def _lay_most(self, first: list[Slider]) -> None:
        self.most.clear()
        with self.most:
            text("h3", "What matters most")
            self.basis = text("p", "", "note")
            self.top = dict(zip((one.name for one in first), self._levers(first), strict=True))

    def _there(self, name: str) -> list[Lever]:
        """The sliders of a number that are on the page."""
        self.shown[name] = [one for one in self.shown[name] if not one.box.is_deleted]
        return self.shown[name]

    def _reset_all(self) -> None:
        self.desk.change(replace(self.desk.state, numbers={}))
        self.follow(self.desk.state)

    def _count(self, state: State) -> None:
        n = len(state.numbers)
        self.reset.set_text(f"Reset all ({n})" if n else "Reset all")
        self.reset.set_enabled(n > 0)


class Lever:
    """One slider with what stands beside it."""

    def __init__(self, levers: Levers, slider: Slider, group: str) -> None:
        self.levers, self.slider = levers, slider
        name = words(slider.name.removeprefix(f"{group}.")).replace(".", " · ")
        self.box = ui.element("div").classes("lever")
        with self.box:
            with ui.element("div").classes("head"):
                text("span", name, "name")
                self.value = text("span", "", "value")
                self.reset = ui.button(icon="undo", on_click=lambda: levers.move(slider, None))
                self.reset.props("flat round dense size=sm")
                self.reset.props["aria-label"] = f"Reset {words(slider.name)}"
            self.swing = text("p", "", "swing")
            self.handle = ParameterSlider(slider, lambda value: levers.move(slider, value))
            source = source_in_words(slider.status, slider.source)
            span = f"{slider.low:g} to {slider.high:g} {slider.measure}".rstrip()
            text("p", f"{span}, likely {slider.likely:g}. {source}.", "note")
            self.own = text("p", "", "warn")
        self.follow(levers.desk.state)

    def follow(self, state: State) -> None:
        """Show the value of a state, and move the handle there."""
        value = state.numbers.get(self.slider.name, self.slider.likely)
        self.handle.show(value)
        put(self.value, f"{value:.4g}")
        self.reset.set_enabled(self.slider.name in state.numbers)
        own = overriding(state.hands, self.slider.name)
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

    def __init__(self, slider: Slider, moved: Callable[[float], None]) -> None:
        super().__init__()
        self.moved = moved
        self.props.update({
            "value": slider.likely, "seen": 0, "min": slider.low, "max": slider.high,
            "step": 1.0 if slider.whole else (slider.high - slider.low) / STEPS,
            "data-number": slider.name,
            "aria-label": ", ".join(filter(None, (words(slider.name), slider.measure))),
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
