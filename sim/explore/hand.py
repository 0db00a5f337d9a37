"""A hand: one strategy on the table, as steps that can be moved; every move gives a new hand.

    hand = Hand.of(scenario, "proposal")
    hand = hand.move("ministerial", 1).posture("leaders_attend", True)
    hand.words()      # "us dprk, north south and working group first, then ministerial; .."
    hand.file()       # what `detente run --strategies` takes

Each track stands in one of three places:

* in a **step**: it waits for every track of the step before, for the last stage of each or for the
  stage that :attr:`Hand.milestones` names; the tracks of the first step start at once;
* under a start condition of its own (:attr:`Hand.rules`; an empty one: at once);
* left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sim.parts import Clauses, Strategy
from sim.scenario import Scenario

Steps = tuple[tuple[str, ...], ...]
Clause = str | Sequence[str]
"""An item of a start rule as in a file: ``"x"``, ``"!x"``, ``"x>=2"``, or alternatives of such."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """One strategy on the table.

    Attributes:
        key: its name in tables, figures and strategy files; unlike those of the scenario.
        title: its name for readers, free text.
        base: the strategy of the scenario from which it was opened; empty: none.
        steps: groups of tracks, one after the other.
        milestones: for tracks that the next step does not wait for to their end: until which stage.
        rules: start conditions of the tracks that stand in no step, in file order.
        left_out: tracks that never start.
        postures: conditions raised on day 0, in order.
        priority: tracks that come first where several could start.
        overrides: other values by dotted name, delegations among them.
    """

    key: str
    title: str
    base: str = ""
    steps: Steps = ()
    milestones: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Clauses] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    postures: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    overrides: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, name: str, taken: Sequence[str] = ()) -> Hand:
        """A strategy of a scenario, opened without loss: it tells the same histories.

        Steps are those of its ``order``; where it has none, those that its start rules amount to.

        Args:
            scenario: whose strategy; "default" is every track at once.
            name: of the strategy.
            taken: keys of other hands, which its own must not be.

        Raises:
            ScenarioError: no strategy has this name.
        """
        raise NotImplementedError

    # -- moves ------------------------------------------------------------------------------------

    def move(self, track: str, step: int) -> Hand:
        """The track alone in a new step before step ``step`` (from 0; the number of steps: last).

        It leaves the step, condition or place among those left out in which it stood; a step that
        it leaves empty goes. ``step`` counts the steps as they are seen before the move.
        """
        raise NotImplementedError

    def together(self, track: str, other: str) -> Hand:
        """The track in the step of another one, which must stand in one."""
        raise NotImplementedError

    def leave_out(self, track: str) -> Hand:
        """The track left out; :meth:`move`, :meth:`together` and :meth:`starts` bring it back."""
        raise NotImplementedError

    def starts(self, track: str, clauses: Sequence[Clause]) -> Hand:
        """The track under a start condition of its own, out of the steps; empty: at once.

        Args:
            track: any, also one that is left out.
            clauses: all must hold, as in a file: ``["moratorium", ["a.first", "!crisis"]]``.

        Raises:
            ScenarioError: an item is not written like this. Whether its names are known is seen
                when the table is laid.
        """
        raise NotImplementedError

    def until(self, track: str, stage: str | None) -> Hand:
        """The next step waits for this stage of the track; None: for its last one."""
        raise NotImplementedError

    def posture(self, name: str, on: bool) -> Hand:
        """The posture raised at the start, or not."""
        raise NotImplementedError

    def delegations(self, party: str, tables: int | None) -> Hand:
        """So many tables at which the party can sit at once; None: as in the scenario."""
        raise NotImplementedError

    def named(self, title: str) -> Hand:
        """The hand with another title; an empty one falls back to its :meth:`words`."""
        raise NotImplementedError

    # -- what it is -------------------------------------------------------------------------------

    def place(self, track: str) -> int | None:
        """The step in which a track stands, from 0; None: in no step."""
        raise NotImplementedError

    def rule_text(self, track: str) -> list[str | list[str]]:
        """The start condition of a track outside the steps, as :meth:`starts` takes it."""
        raise NotImplementedError

    def words(self) -> str:
        """What it does, in a line: ``north south first, then all others together; ..``."""
        raise NotImplementedError

    def strategy(self, numbers: Mapping[str, float] | None = None) -> Strategy:
        """The strategy, with the start rules that its steps stand for.

        Args:
            numbers: assumptions that the table changed; the hand's own overrides win over them.
        """
        raise NotImplementedError

    def file(self, numbers: Mapping[str, float] | None = None) -> str:
        """The strategy as the text of a file that ``detente run --strategies`` takes."""
        raise NotImplementedError


def file_of(hands: Sequence[Hand], numbers: Mapping[str, float] | None = None) -> str:
    """Several hands as the text of one strategy file."""
    raise NotImplementedError


def opened(scenario: Scenario, text: str, file: str = "<text>") -> tuple[Hand, ...]:
    """The strategies of a strategy file as hands, in file order.

    Raises:
        ScenarioError: the text is no strategy file, or does not fit the scenario.
    """
    raise NotImplementedError
