"""The state of the table: all that a link or a file holds. Data only, validated when opened.

text = state.to_text()          # JSON
State.from_text(text)           # refused with place, found and allowed where it is wrong
State.from_link(state.to_link())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sim.explore.hand import Hand

MOST_HANDS = 4
MOST_BYTES = 200_000
"""Of a state as text; a link unpacks to no more."""
MOST_NUMBERS = 2_000
VIEWS = ("answers", "history", "flips")
PICKS = ("typical", "fastest", "longest", "war")


@dataclass(frozen=True, kw_only=True)
class State:
    """What is on the table.

    Attributes:
        scenario: a catalog name, or a file in the chosen folder.
        seed: the world's luck.
        hands: one to MOST_HANDS, each with a key of its own; the first is the one that the others
            are held against.
        numbers: changed assumptions by dotted name, each within its range.
        history: one of PICKS, or the number of a replication.
        precision: half the width of the interval of the share reached at which answers are done.
        view: one of VIEWS.
    """

    scenario: str
    seed: int = 1
    hands: tuple[Hand, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    history: str | int = "typical"
    precision: float = 0.01
    view: str = "answers"

    # -- changes ----------------------------------------------------------------------------------

    def with_number(self, name: str, value: float | None) -> State:
        """One assumption changed; None: as in the scenario."""
        raise NotImplementedError

    def without_numbers(self) -> State:
        """All assumptions as in the scenario."""
        raise NotImplementedError

    def with_hand(self, hand: Hand) -> State:
        """The hand in the place of the one with its key, or added as the last."""
        raise NotImplementedError

    def without_hand(self, key: str) -> State:
        """One hand less."""
        raise NotImplementedError

    # -- text, link, file -------------------------------------------------------------------------

    def to_text(self) -> str:
        """As JSON; the same state gives the same text."""
        raise NotImplementedError

    @classmethod
    def from_text(cls, text: str, file: str = "state") -> State:
        """What :meth:`to_text` wrote.

        Whether its names fit the scenario is seen when the table is laid.

        Raises:
            ScenarioError: every fault at once, each with place, found and allowed.
        """
        raise NotImplementedError

    def to_link(self) -> str:
        """As a word of letters, digits, ``-`` and ``_`` for the end of an address."""
        raise NotImplementedError

    @classmethod
    def from_link(cls, link: str) -> State:
        """What :meth:`to_link` wrote.

        Raises:
            ScenarioError: it is damaged, or unpacks to something else than a state.
        """
        raise NotImplementedError

    def save(self, folder: Path, name: str) -> Path:
        """Write it to a file of the folder; the ending ``.json`` is added.

        Raises:
            ScenarioError: a name that leads elsewhere, or a folder that cannot be written to.
        """
        raise NotImplementedError

    @classmethod
    def open(cls, folder: Path, name: str) -> State:
        """Read a file of the folder.

        Raises:
            ScenarioError: a path outside the folder, no such file, or a file that is no state.
        """
        raise NotImplementedError


def saved(folder: Path) -> list[str]:
    """Names of the states in a folder, without ending, in alphabetical order."""
    raise NotImplementedError


def within(folder: Path, name: str, ending: str) -> Path:
    """The path of a file in a folder.

    Raises:
        ScenarioError: the name leads outside the folder, by ``..``, a link or a path of its own, or
            holds what a plain name does not.
    """
    raise NotImplementedError
