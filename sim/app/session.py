"""The state of a workspace: all that its answers follow from. Data only, validated when opened.

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

from sim.app.strategy_draft import StrategyDraft
from sim.errors import ScenarioError
from sim.scenario.fields import (
    NAME,
    Choice,
    Field,
    Json,
    ListOf,
    MappingOf,
    Reader,
    Schemas,
    TableReader,
    Text,
    WholeNumber,
)
from sim.scenario.format import MOST_LETTERS, RULE, TITLE, Alternatives
from sim.scenario.issues import Invalid, Location, Report, show
from sim.scenario.loading import failed, text_of, without_mark
from sim.scenario.model import distinct_titles
from sim.scenario.quantities import Bounds, PlainNumber

MOST_DRAFTS = 4
PICKS = ("typical", "fastest", "longest", "ruin")
VIEWS = ("answers", "replication", "switching")
MOST_REPLICATION = 2**53 - 1
"""The highest number that a browser distinguishes from its neighbours."""
PRECISION = Bounds(0.001, 0.5)
"""Half the width of an interval: finer than the longest answers can be, and never wider."""
MOST_BYTES = 200_000
"""Of a state as text; a link unpacks to no more."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What is in the workspace.

    Attributes:
        scenario: a catalog name, or that of a file; see :class:`sim.app.scenario_library.Library`.
        seed: of the random numbers.
        drafts: one to MOST_DRAFTS, each with a key of its own; the first is the one that the others
            are compared with.
        numbers: changed assumptions by parameter path.
        precision: half the width of the interval of the share reached at which answers are done.
        replication: one of PICKS, or the number of a replication.
        view: one of VIEWS, what the page shows.
    """

    scenario: str
    seed: int = 1
    drafts: tuple[StrategyDraft, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    precision: float = 0.01
    replication: str | int = "typical"
    view: str = "answers"

    @property
    def titles(self) -> dict[str, str]:
        """The names of the strategies for readers, by key; each another one."""
        return distinct_titles({draft.key: draft.title for draft in self.drafts})

    def with_number(self, name: str, value: float | None) -> State:
        """One assumption changed; None: as in the scenario."""
        rest = {key: other for key, other in self.numbers.items() if key != name}
        return replace(self, numbers=rest if value is None else {**rest, name: value})

    def with_draft(self, draft: StrategyDraft) -> State:
        """The draft in the place of the one with its key, or added as the last."""
        if all(draft.key != one.key for one in self.drafts):
            return replace(self, drafts=(*self.drafts, draft))
        drafts = tuple(draft if draft.key == one.key else one for one in self.drafts)
        return replace(self, drafts=drafts)

    def without_draft(self, key: str) -> State:
        """One draft less."""
        return replace(self, drafts=tuple(one for one in self.drafts if one.key != key))

    # -- text, link, file -------------------------------------------------------------------------

    def to_text(self) -> str:
        """As JSON; the same state gives the same text."""
        return json.dumps(STATE.write(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str, file: str = "state") -> State:
        """What :meth:`to_text` wrote; names are validated when the workspace is made.

        Raises:
            ScenarioError: every issue at once, each with place, found and allowed.
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
            state = STATE.read(document, Location(report))
        except Invalid:
            raise ScenarioError(report.issues) from None
        if report.issues:
            raise ScenarioError(report.issues)
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
            raise failed("link", "damaged; allowed: a link made by the page") from None
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
    """Which replication is looked at."""

    wanted = f"{', '.join(PICKS)}, or the number of a replication, from 0 to {MOST_REPLICATION}"

    def read(self, value: object, at: Location) -> str | int:
        """One of PICKS, or a replication."""
        if isinstance(value, str) and value in PICKS:
            return value
        if type(value) is int and 0 <= value <= MOST_REPLICATION:
            return value
        raise at.invalid(show(value), self.wanted)

    def schema(self, schemas: Schemas) -> Json:
        """One of PICKS, or a replication."""
        return {
            "anyOf": [
                {"enum": list(PICKS)},
                {"type": "integer", "minimum": 0, "maximum": MOST_REPLICATION},
            ]
        }


_WORD = Text("a name of small letters, digits and _", NAME)
_KEY = Text(f"{_WORD.wanted}, {MOST_LETTERS} at most", f"(?=.{{1,{MOST_LETTERS}}}$){NAME}")
_BASE = Text("the name of a strategy, or nothing", f"({NAME})?")
_TRACK = Text("the name of a track", NAME)
_STAGE = Text("the name of a stage", NAME)
_TRACKS = ListOf(_TRACK, "tracks", once=True)
_STEP = ListOf(_TRACK, "tracks", once=True, least=1)
_NUMBERS = MappingOf(PlainNumber(), Text("a parameter path"), "numbers by parameter path")

DRAFT: TableReader[StrategyDraft] = TableReader(
    "draft",
    lambda *, about, source, **given: StrategyDraft(**given),
    {
        "key": Field(_KEY, fallback=""),
        "title": Field(TITLE, fallback=""),
        "base": Field(_BASE, default=""),
        "steps": Field(ListOf(_STEP, "steps"), default=()),
        "milestones": Field(MappingOf(_STAGE, _TRACK, "stages by track"), default={}),
        "rules": Field(
            MappingOf(ListOf(Alternatives(), "tests"), _TRACK, "start conditions"), default={}
        ),
        "left_out": Field(_TRACKS, default=()),
        "postures": Field(ListOf(_WORD, "conditions", once=True), default=()),
        "priority": Field(_TRACKS, default=()),
        "overrides": Field(_NUMBERS, default={}),
        "decisions": Field(ListOf(RULE, "rules"), default=()),
        "done": Field(ListOf(Text(), "stages", once=True), default=None),
    },
    unmake=lambda draft: {"about": "", "source": "", **vars(draft)},
)
STATE: TableReader[State] = TableReader(
    "state",
    lambda *, about, source, **given: State(**given),
    {
        "scenario": Field(Text(), fallback=""),
        "seed": Field(WholeNumber(0, 2**64 - 1), default=1),
        "drafts": Field(ListOf(DRAFT, "drafts", least=1), fallback=()),
        "numbers": Field(_NUMBERS, default={}),
        "precision": Field(PlainNumber(PRECISION), default=0.01),
        "replication": Field(_Pick(), default="typical"),
        "view": Field(Choice(*VIEWS), default="answers"),
    },
    unmake=lambda state: {"about": "", "source": "", **vars(state)},
)
