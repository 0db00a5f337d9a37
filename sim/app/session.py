"""The state of the table: all that its answers follow from. Data only, validated when opened.

State.from_text(state.to_text())    # JSON
State.from_link(state.to_link())    # letters, digits, - and _
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sim.app.strategy_draft import Hand
from sim.scenario.fields import (
    NAME,
    Choice,
    Field,
    Json,
    Many,
    Named,
    Reader,
    Schemas,
    Table,
    Text,
    Whole,
)
from sim.scenario.issues import Place, Refused, Report, ScenarioError, show
from sim.scenario.loading import failed, text_of, without_mark
from sim.scenario.model import MOST_LETTERS, TITLE, Item, distinct_titles
from sim.scenario.quantities import Bounds, Plain

MOST_HANDS = 4
PICKS = ("typical", "fastest", "longest", "ruin")
VIEWS = ("answers", "history", "flips")
MOST_HISTORY = 2**53 - 1
"""The highest number that a browser tells from its neighbours."""
PRECISION = Bounds(0.001, 0.5)
"""Half the width of an interval: finer than the longest answers can be, and never wider."""
MOST_BYTES = 200_000
"""Of a state as text; a link unpacks to no more."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What is on the table.

    Attributes:
        scenario: a catalog name, or that of a file; see :class:`sim.explore.library.Library`.
        seed: the world's luck.
        hands: one to MOST_HANDS, each with a key of its own; the first is the one that the others
            are held against.
        numbers: changed assumptions by dotted name.
        precision: half the width of the interval of the share reached at which answers are done.
        history: one of PICKS, or the number of a replication.
        view: one of VIEWS, what the page shows.
    """

    scenario: str
    seed: int = 1
    hands: tuple[Hand, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    precision: float = 0.01
    history: str | int = "typical"
    view: str = "answers"

    @property
    def titles(self) -> dict[str, str]:
        """The names of the strategies for readers, by key; each another one."""
        return distinct_titles({hand.key: hand.title for hand in self.hands})

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

    # -- text, link, file -------------------------------------------------------------------------

    def to_text(self) -> str:
        """As JSON; the same state gives the same text."""
        return json.dumps(STATE.write(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str, file: str = "state") -> State:
        """What :meth:`to_text` wrote; whether names fit the scenario is seen when it is laid.

        Raises:
            ScenarioError: every fault at once, each with place, found and allowed.
        """
        if len(text) > MOST_BYTES:
            raise failed(file, f"more than {MOST_BYTES:,} characters; allowed: a saved state")
        try:
            document = json.loads(without_mark(text))
            json.dumps(document, ensure_ascii=False).encode()  # halves of letters are no text
        except (ValueError, RecursionError):
            raise failed(file, "not JSON; allowed: a saved state") from None
        report = Report(lambda path: (file, path))
        try:
            state = STATE.read(document, Place(report))
        except Refused:
            raise ScenarioError(report.faults) from None
        if report.faults:
            raise ScenarioError(report.faults)
        return state

    def to_link(self) -> str:
        """As a word of letters, digits, ``-`` and ``_`` for the end of an address."""
        packed = zlib.compress(self.to_text().encode(), 9)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def from_link(cls, link: str) -> State:
        """What :meth:`to_link` wrote.

        Raises:
            ScenarioError: it is damaged, or unpacks to something else than a state.
        """
        try:
            packed = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))
            text = zlib.decompressobj().decompress(packed, 4 * MOST_BYTES).decode()
        except (ValueError, zlib.error):
            raise failed("link", "damaged; allowed: a link made by the table") from None
        return cls.from_text(text, "link")

    def save(self, folder: Path, name: str) -> Path:
        """Write it to ``<name>.json`` in the folder.

        Raises:
            ScenarioError: a name that leads elsewhere, or a folder that cannot be written to.
        """
        return save_text(folder, name, "json", self.to_text())

    @classmethod
    def open(cls, folder: Path, name: str) -> State:
        """Read ``<name>.json`` in the folder.

        Raises:
            ScenarioError: a path outside the folder, no such file, or a file that is no state.
        """
        path = within(folder, name, ".json")
        return cls.from_text(text_of(path, str(path)), str(path))


def saved(folder: Path) -> list[str]:
    """Names of the states in a folder, as :meth:`State.open` takes them, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.json") if _is_plain(path.stem))


def save_text(folder: Path, name: str, ending: str, text: str) -> Path:
    """Write a text to ``<name>.<ending>`` in the folder; whole, or what was there stays.

    Raises:
        ScenarioError: a name that leads elsewhere, or a folder that cannot be written to.
    """
    path = within(folder, name, f".{ending}")
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise failed(str(path), f"cannot be written to ({error.strerror})") from None
    return path


def within(folder: Path, name: str, ending: str = "") -> Path:
    """A path in the folder.

    Raises:
        ScenarioError: a name that leads elsewhere.
    """
    path = folder / f"{name}{ending}"
    if not _is_plain(name) or path.resolve().parent != folder.resolve():
        allowed = "letters, digits, spaces, - and _, for a file in the chosen folder"
        raise failed("name", f"{show(name)}; allowed: {allowed}")
    return path


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_ -]{0,80}", name) is not None


class _Pick(Reader[str | int]):
    """Which history is looked at."""

    wanted = f"{', '.join(PICKS)}, or the number of a history, from 0 to {MOST_HISTORY}"

    def read(self, value: object, at: Place) -> str | int:
        """One of PICKS, or a replication."""
        if isinstance(value, str) and value in PICKS:
            return value
        if type(value) is int and 0 <= value <= MOST_HISTORY:
            return value
        raise at.refuse(show(value), self.wanted)

    def schema(self, schemas: Schemas) -> Json:
        """One of PICKS, or a replication."""
        return {
            "anyOf": [
                {"enum": list(PICKS)},
                {"type": "integer", "minimum": 0, "maximum": MOST_HISTORY},
            ]
        }


_WORD = Text("a name of small letters, digits and _", NAME)
_KEY = Text(f"{_WORD.wanted}, {MOST_LETTERS} at most", f"(?=.{{1,{MOST_LETTERS}}}$){NAME}")
_BASE = Text("the name of a strategy, or nothing", f"({NAME})?")
_TRACK = Text("the name of a track", NAME)
_STAGE = Text("the name of a stage", NAME)
_TRACKS = Many(_TRACK, "tracks", once=True)
_STEP = Many(_TRACK, "tracks", once=True, least=1)
_NUMBERS = Named(Plain(), Text("a dotted name"), "numbers by dotted name")

HAND: Table[Hand] = Table(
    "hand",
    lambda *, about, source, **given: Hand(**given),
    {
        "key": Field(_KEY, instead=""),
        "title": Field(TITLE, instead=""),
        "base": Field(_BASE, default=""),
        "steps": Field(Many(_STEP, "steps"), default=()),
        "milestones": Field(Named(_STAGE, _TRACK, "stages by track"), default={}),
        "rules": Field(Named(Many(Item(), "tests"), _TRACK, "start conditions"), default={}),
        "left_out": Field(_TRACKS, default=()),
        "postures": Field(Many(_WORD, "conditions", once=True), default=()),
        "priority": Field(_TRACKS, default=()),
        "overrides": Field(_NUMBERS, default={}),
    },
    unmake=lambda hand: {"about": "", "source": "", **vars(hand)},
)
STATE: Table[State] = Table(
    "state",
    lambda *, about, source, **given: State(**given),
    {
        "scenario": Field(Text(), instead=""),
        "seed": Field(Whole(0, 2**64 - 1), default=1),
        "hands": Field(Many(HAND, "hands", least=1), instead=()),
        "numbers": Field(_NUMBERS, default={}),
        "precision": Field(Plain(PRECISION), default=0.01),
        "history": Field(_Pick(), default="typical"),
        "view": Field(Choice(*VIEWS), default="answers"),
    },
    unmake=lambda state: {"about": "", "source": "", **vars(state)},
)
