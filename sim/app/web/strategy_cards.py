"""Strategies side by side: orders to drag, start conditions, postures, delegations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from nicegui import ui
from nicegui.events import SortableEventArguments

from sim.app import editor_options as choosing
from sim.app.progressive import Answer
from sim.app.session import MOST_DRAFTS, State
from sim.app.strategy_draft import StrategyDraft, fresh
from sim.app.web.html import colour, menu, put, text, words
from sim.errors import ScenarioError
from sim.formatting import days_text, percent
from sim.scenario.reachability import never_starts

if TYPE_CHECKING:
    from sim.app.web.session_view import SessionView

ALL_AT_ONCE = "every track as soon as it may start"
LONGEST = 60  # letters of a name
OUT, OWN = "left out", "on its own condition"
Spot = tuple[str, int]
"""A place for a track: ("step", i), ("before", i) for a new step there, (OWN, 0), (OUT, 0)."""


class Cards:
    """The strip of strategies."""

    def __init__(self, session: SessionView) -> None:
        self.session = session
        self.cards: list[Card] = []
        self.box = ui.element("section").classes("cards")
        self.box.props["aria-label"] = "Strategies"

    def rebuild(self, state: State) -> None:
        """Show the drafts of another state."""
        assert self.session.scenario is not None
        self.choices = choosing.choices(self.session.scenario)
        self.titles = self.session.scenario.titles
        self.box.clear()
        with self.box:
            self.cards = [Card(self, i, draft) for i, draft in enumerate(state.drafts)]
            with ui.element("div").classes("add") as self.more:
                ui.button("Add a strategy", icon="add", on_click=self.add).props("flat")
                text("p", f"Up to {MOST_DRAFTS} lie side by side. All share common random numbers.")
        self._number()

    def add(self) -> None:
        """One more draft: the first strategy of the scenario that is not in the workspace."""
        used = {draft.base for draft in self.session.state.drafts}
        name = next((one for one in self.choices.strategies if one not in used), "default")
        self.append([self.open(name)])

    def append(self, drafts: Sequence[StrategyDraft]) -> None:
        """More drafts beside those in the workspace; the other cards stay as they are."""
        before = self.session.state.drafts
        self.session.with_drafts((*before, *drafts))
        with self.box:
            self.cards += [Card(self, i, draft) for i, draft in enumerate(drafts, len(before))]
        self.more.move(self.box)
        self._number()

    def open(self, name: str, instead: str = "") -> StrategyDraft:
        """A strategy of the scenario as a draft."""
        assert self.session.scenario is not None
        taken = [draft.key for draft in self.session.state.drafts if draft.key != instead]
        return StrategyDraft.of(self.session.scenario, name, taken)

    def remove(self, i: int) -> None:
        """One draft less; the other cards stay as they are."""
        self.session.with_drafts(
            tuple(one for j, one in enumerate(self.session.state.drafts) if j != i)
        )
        self.cards.pop(i).box.delete()
        self._number()

    def show(self, answer: Answer) -> None:
        """Headlines of an answer."""
        for card, draft in zip(self.cards, answer.state.drafts, strict=False):
            if card.draft.key == draft.key:  # not where an answer to something older comes late
                card.show(answer, draft.key)

    def start(self, i: int, name: str) -> None:
        """A strategy of the scenario in the place of a draft."""
        drafts = self.session.state.drafts
        draft, old = self.open(name, drafts[i].key), self.cards[i]
        self.session.with_drafts((*drafts[:i], draft, *drafts[i + 1 :]))
        with self.box:
            new = Card(self, i, draft)
        new.box.move(self.box, i)
        new.unfold(old)
        self.cards[i] = new
        old.box.delete()
        self._number()

    def _number(self) -> None:
        """Give every card its place, and show what depends on how many there are."""
        for i, card in enumerate(self.cards):
            card.stands(i, alone=len(self.cards) == 1)
        self.more.set_visibility(len(self.cards) < MOST_DRAFTS)


class Card:
    """One strategy."""

    def __init__(self, cards: Cards, i: int, draft: StrategyDraft) -> None:
        self.cards, self.i = cards, i
        self.spots: dict[int, Spot] = {}  # by the number of the element
        self.tracks: dict[int, str] = {}
        self.panels: dict[str, ui.expansion] = {}
        self.box = ui.element("article").classes("card")
        with self.box:
            self._head(draft)
            self.headline = text("p", "", "headline")
            self.words = text("p", "", "words")
            self.never_starts = text("p", "", "warn").props("role=status")
            self._say(draft)
            self.order = ui.element("div").classes("order")
            self._show_order(draft)
            with ui.element("div").classes("mores"):
                self._postures(draft)
                self._delegations(draft)

    @property
    def draft(self) -> StrategyDraft:
        """As it lies in the workspace."""
        return self.cards.session.state.drafts[self.i]

    def stands(self, i: int, *, alone: bool) -> None:
        """Its place, which gives its colour; the only card cannot be taken away."""
        self.i = i
        self.box.style(f"border-top-color:{colour(i)}")
        self.away.set_visibility(not alone)

    def unfold(self, other: Card) -> None:
        """Open the panels that are open in another card."""
        for name, panel in self.panels.items():
            panel.set_value(name in other.panels and other.panels[name].value)

    def show(self, answer: Answer, key: str) -> None:
        """The headline of an answer, in which the draft had this key, and what never starts."""
        if answer.summary is None:
            put(self.headline, "")
            put(self.never_starts, "")
            return
        row = answer.summary.set_index("strategy").loc[key]
        low, best, high = (percent(row[f"reached{end}"]) for end in ("_low", "", "_high"))
        put(self.headline, f"{best} % reach {row['endpoint']} ({low}–{high}) · "
            f"{days_text(row['restricted_mean'])} days without")  # fmt: skip
        strategy = answer.state.drafts[self.i].strategy(answer.state.numbers)
        assert self.cards.session.scenario is not None
        found = never_starts(self.cards.session.scenario, strategy)
        put(self.never_starts, " ".join(f"Note: {sentence}." for sentence in found))

    # -- parts of a card --------------------------------------------------------------------------

    def _head(self, draft: StrategyDraft) -> None:
        with ui.element("div").classes("head"):
            self.name = ui.input("Name", value=draft.title).props(f"dense maxlength={LONGEST}")
            self.name.classes("name").on("change", self._rename)
            self._start(draft)
            self.away = ui.button(icon="close", on_click=lambda: self.cards.remove(self.i))
            self.away.props("flat round dense")
        self._call(draft.title)

    def _call(self, title: str) -> None:
        """The name of the card, for those who hear it too."""
        self.name.set_value(title)
        self.box.props["aria-label"] = self.name.props["title"] = title
        self.away.props["aria-label"] = self.away.props["title"] = f"Take {title} away"

    def _start(self, draft: StrategyDraft) -> None:
        """A menu of the strategies that the scenario has."""
        strategies = self.cards.choices.strategies
        button = ui.button(icon="menu_book").props("flat round dense")
        button.props["aria-label"] = button.props["title"] = "Start from a strategy"
        with menu(button):
            for name, about in ({"default": ALL_AT_ONCE} | strategies).items():
                mark = "✓ " if name == draft.base else ""
                with ui.menu_item(on_click=partial(self._begin, name)), ui.element("div"):
                    text("div", f"{mark}{self.cards.titles.get(name, words(name))}")
                    text("div", about, "note")

    def _begin(self, name: str) -> None:
        """Another strategy of the scenario in this place."""
        self.cards.start(self.i, name)

    def _rename(self) -> None:
        """Another name, unlike those of the others; without one the old name stays."""
        title = str(self.name.value or "").strip()[:LONGEST]
        others = [one.title for i, one in enumerate(self.cards.session.state.drafts) if i != self.i]
        if title and title != self.draft.title:
            self._with(self.draft.renamed(fresh(title, others, " "), self._taken()))
        self._call(self.draft.title)

    def _taken(self) -> Sequence[str]:
        others = (one.key for one in self.cards.session.state.drafts if one.key != self.draft.key)
        return ["default", *self.cards.choices.strategies, *others]

    def _postures(self, draft: StrategyDraft) -> None:
        if not self.cards.choices.postures:
            return
        with ui.expansion("Postures").classes("more") as more:
            self.panels["postures"] = more
            self._count(more, draft)
            for name, about in self.cards.choices.postures.items():
                switch = ui.switch(words(name), value=name in draft.postures)
                switch.on_value_change(
                    lambda event, name=name, more=more: self._posture(name, bool(event.value), more)
                )
                text("p", about, "note")

    def _posture(self, name: str, on: bool, more: Any) -> None:
        self._with(self.draft.posture(name, on))
        self._count(more, self.draft)

    def _count(self, more: Any, draft: StrategyDraft) -> None:
        more.set_text(f"Postures ({len(draft.postures)})")

    def _delegations(self, draft: StrategyDraft) -> None:
        if not self.cards.choices.parties:
            return
        with ui.expansion("Delegations").classes("more") as more:
            self.panels["delegations"] = more
            text("p", "At how many tables a party can sit at once.", "note")
            for party in self.cards.choices.parties:
                own = draft.overrides.get(f"delegations.{party.name}")
                box = ui.number(
                    f"{party.name}: {party.least} to {party.most}", min=party.least,
                    max=party.most, step=1, precision=0, value=own,
                    placeholder=f"{party.tables}, as in the scenario",
                ).props("dense clearable stack-label")  # fmt: skip
                box.on_value_change(lambda event, party=party: self._set_tables(party, event.value))

    def _set_tables(self, party: choosing.Party, tables: float | None) -> None:
        if tables is None or party.least <= tables <= party.most:
            self._with(self.draft.delegations(party.name, None if tables is None else int(tables)))

    # -- the order --------------------------------------------------------------------------------

    def _show_order(self, draft: StrategyDraft) -> None:
        self.order.clear()
        self.spots, self.tracks = {}, {}
        with self.order:
            for i, step in enumerate(draft.steps):
                self._spot(("before", i), ())
                self._spot(("step", i), step, "First" if i == 0 else "Then")
            self._spot(("before", len(draft.steps)), ())
            own = [track for track in draft.rules if track not in draft.left_out]
            self._spot((OWN, 0), own, "Once")
            self._spot((OUT, 0), draft.left_out, "Not")

    def _spot(self, spot: Spot, tracks: Sequence[str], label: str = "") -> None:
        kind = spot[0]
        with ui.element("div").classes("gap" if kind == "before" else "spot"):
            if label:
                text("span", label, "label")
            row = ui.row().classes("tracks")
            row.make_sortable(
                {"forceFallback": True, "fallbackTolerance": 4, "delay": 120,
                 "delayOnTouchOnly": True},
                group=f"draft{self.box.id}", on_end=self._dropped, ghost_class="dragged",
            )  # fmt: skip
            self.spots[row.id] = spot
            with row:
                for track in tracks:
                    self._track(track, spot)

    def _track(self, track: str, spot: Spot) -> None:
        with ui.element("div").classes("track") as box:
            self.tracks[box.id] = track
            chip = ui.button(words(track)).props("dense no-caps outline").classes("chip")
            chip.props["data-track"] = track
            chip.props["aria-label"] = f"{words(track)}, {self._where(spot)}: move it"
            chip.props["title"] = self.cards.choices.tracks[track]
            with menu(chip):
                for label, moved in self._moves(track, spot).items():
                    ui.menu_item(label, partial(self._moved, moved, track))
            if spot[0] == OWN:
                self._rule(track)

    def _where(self, spot: Spot) -> str:
        return f"step {spot[1] + 1}" if spot[0] == "step" else spot[0]

    def _moves(self, track: str, spot: Spot) -> dict[str, StrategyDraft]:
        """What becomes of the draft by each move of a track, by the words of the menu."""
        draft, (kind, i) = self.draft, spot
        moves = self._in_steps(track, i) if kind == "step" else self._into_steps(track)
        if kind != OWN:
            moves["On a condition of its own"] = draft.starts(track, ())
        if kind != OUT:
            moves["Leave it out"] = draft.leave_out(track)
        return moves

    def _into_steps(self, track: str) -> dict[str, StrategyDraft]:
        draft, steps = self.draft, self.draft.steps
        first = draft.together(track, steps[0][0]) if steps else draft.move(track, 0)
        last = {"In a last step of its own": draft.move(track, len(steps))} if steps else {}
        return {"In the first step": first, **last}

    def _in_steps(self, track: str, i: int) -> dict[str, StrategyDraft]:
        draft, steps, moves = self.draft, self.draft.steps, dict[str, StrategyDraft]()
        alone = len(steps[i]) == 1
        if i > 0:
            moves["Together with the step before"] = draft.together(track, steps[i - 1][0])
        if i + 1 < len(steps):
            moves["Together with the next step"] = draft.together(track, steps[i + 1][0])
        if i > 0 or not alone:
            moves["Earlier, in a step of its own"] = draft.move(track, i - alone)
        if i + 1 < len(steps) or not alone:
            moves["Later, in a step of its own"] = draft.move(track, i + 1 + alone)
        if i + 1 < len(steps):
            for stage in self.cards.choices.stages[track]:
                mark = "✓ " if draft.milestones.get(track) == stage else ""
                label = f"{mark}The next step waits for its {words(stage)}"
                moves[label] = draft.until(track, stage)
        return moves

    def _rule(self, track: str) -> None:
        rule = ui.input(
            value=choosing.text_of(self.draft.rules[track]), placeholder="at once",
        ).props("dense").classes("rule")  # fmt: skip
        rule.props["aria-label"] = f"{words(track)} starts once"
        rule.props["title"] = f"A comma is and: {choosing.example(self.cards.choices)}"
        rule.on("change", lambda: self._starts(track, rule))

    def _starts(self, track: str, rule: ui.input) -> None:
        try:
            draft = self.draft.starts(track, choosing.clauses_of(str(rule.value or "")))
        except ScenarioError as error:
            rule.props["error"] = True
            rule.props["error-message"] = str(error)
            return
        rule.props.pop("error", None)
        self._with(draft)

    def _dropped(self, event: SortableEventArguments) -> None:
        """A track was dragged to another place."""
        if event.target.id not in self.spots or event.item.id not in self.tracks:
            return  # the order has been shown anew while it was on its way
        spot, track = self.spots[event.target.id], self.tracks[event.item.id]
        kind, i = spot
        draft = self.draft
        if kind == "step":
            moved = draft.together(track, next((t for t in draft.steps[i] if t != track), track))
        elif kind == "before":
            moved = draft.move(track, i)
        elif kind == OUT:
            moved = draft if track in draft.left_out else draft.leave_out(track)
        else:
            moved = draft if track in draft.rules else draft.starts(track, ())
        self._moved(moved, track)

    def _moved(self, draft: StrategyDraft, track: str) -> None:
        self._with(draft)
        self._show_order(draft)
        # The button that was pressed is gone; the keyboard goes on from the one in its new place.
        self.box.client.run_javascript(
            f"setTimeout(() => getHtmlElement({self.box.id})"
            f".querySelector('[data-track={track}]')?.focus(), 60)"
        )

    def _with(self, draft: StrategyDraft) -> None:
        drafts = self.cards.session.state.drafts
        self.cards.session.with_drafts((*drafts[: self.i], draft, *drafts[self.i + 1 :]))
        self._say(draft)

    def _say(self, draft: StrategyDraft) -> None:
        put(self.words, draft.words())
        self.words.props["title"] = draft.words()
