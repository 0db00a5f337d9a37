"""The state of the table: all that its answers follow from. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sim.explore.hand import Hand

MOST_HANDS = 4


@dataclass(frozen=True, kw_only=True)
class State:
    """What is on the table.

    Attributes:
        scenario: a catalog name.
        seed: the world's luck.
        hands: one to MOST_HANDS, each with a key of its own; the first is the one that the others
            are held against.
        numbers: changed assumptions by dotted name.
        precision: half the width of the interval of the share reached at which answers are done.
    """

    scenario: str
    seed: int = 1
    hands: tuple[Hand, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    precision: float = 0.01

    def with_number(self, name: str, value: float | None) -> State:
        """One assumption changed; None: as in the scenario."""
        rest = {key: other for key, other in self.numbers.items() if key != name}
        return replace(self, numbers=rest if value is None else {**rest, name: value})

    def with_hand(self, hand: Hand) -> State:
        """The hand in the place of the one with its key, or added as the last."""
        if all(hand.key != one.key for one in self.hands):
            return replace(self, hands=(*self.hands, hand))
        hands = tuple(hand if hand.key == one.key else one for one in self.hands)
        return replace(self, hands=hands)

    def without_hand(self, key: str) -> State:
        """One hand less."""
        return replace(self, hands=tuple(one for one in self.hands if one.key != key))
