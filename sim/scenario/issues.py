"""What is wrong with a file: one plain line a fault, and every fault at once.

A fault says where it is, what was found there and what is allowed. A :class:`Report` collects the
faults of one reading, so that a mistake in one table does not hide those in the others.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

Path = tuple[str | int, ...]  # keys, and places in lists, from the top of the file

MAX_FAULTS = 500  # a file with more is no scenario; the rest are counted
MAX_GUESSES = 100  # nearest names are looked up for the first faults only: it takes time
MAX_LISTED = 20  # names in a list of what is allowed
MAX_SHOWN = 60  # characters of a value that is quoted

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: in which file, at which place, and what is allowed there.

    Warnings and facts have the same shape. ``place`` is a path such as
    ``tracks.talks.stages[1].setbacks[0].resume``, or empty where the file as a whole is meant.
    """

    file: str
    place: str
    message: str

    def __str__(self) -> str:
        """The fault as one line."""
        return ": ".join(part for part in (self.file, self.place, self.message) if part)


class ScenarioError(Exception):
    """The input is wrong: all its faults, one a line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        """One line a fault."""
        return "\n".join(str(fault) for fault in self.faults)


class Refused(Exception):
    """Unwinds a reader whose fault stands in the report already."""


class Report:
    """The faults found so far, and which places they spoil.

    Args:
        locate: gives the file that a path came from, and the path within that file.
    """

    def __init__(self, locate: Callable[[Path], tuple[str, Path]]) -> None:
        self.locate = locate
        self._faults: list[Fault] = []
        self._left_out = 0
        self._spoilt: set[Path] = set()
        self._dropped: set[Path] = set()

    def add(self, path: Path, message: str) -> None:
        """Note a fault at a path."""
        self._spoilt.update(path[:length] for length in range(len(path) + 1))
        if len(self._faults) >= MAX_FAULTS:
            self._left_out += 1
            return
        file, own = self.locate(path)
        fault = Fault(file, place(own), message)
        if fault not in self._faults[-10:]:
            self._faults.append(fault)

    def sound(self, *path: str | int) -> bool:
        """Whether no fault stands at this path or below it."""
        return path not in self._spoilt

    def drop(self, path: Path) -> None:
        """Note that an entry of a list could not be read and is passed over."""
        self._dropped.add(path)

    def dropped(self, path: Path) -> bool:
        """Whether an entry of a list was passed over."""
        return path in self._dropped

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, in the order in which they were found."""
        if not self._left_out:
            return tuple(self._faults)
        rest = f"{self._left_out} further faults are not listed; mend these first"
        return (*self._faults, Fault(self.locate(())[0], "", rest))


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a document, with the report that its faults go to."""

    report: Report
    path: Path = field(default=())

    def __truediv__(self, key: str | int) -> Place:
        """The place of a key, or of an entry of a list, below this one."""
        return Place(self.report, (*self.path, key))

    @property
    def sound(self) -> bool:
        """Whether no fault stands here or below."""
        return self.report.sound(*self.path)

    def entries(self, items: Iterable[T]) -> Iterator[tuple[Place, T]]:
        """The entries of a list that could be read, each with its place in the file."""
        index = 0
        for item in items:
            while self.report.dropped((*self.path, index)):
                index += 1
            yield self / index, item
            index += 1

    def refuse(self, found: str, allowed: str = "") -> Refused:
        """Note a fault here; the caller raises what it gets, or goes on."""
        self.report.add(self.path, f"{found}; allowed: {allowed}" if allowed else found)
        return Refused()

    def refuse_name(self, kind: str, name: str, known: Collection[str]) -> Refused:
        """Note a name that nothing carries, with the nearest that something does."""
        guess = nearest(name, known) if len(self.report._faults) < MAX_GUESSES else None
        hint = f'did you mean "{guess}"? ' if guess else ""
        return self.refuse(f"unknown {kind} {show(name)}; {hint}allowed: {listed(known)}")


def place(path: Path) -> str:
    """A path as text: ``tracks.talks.stages[1]``."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _BARE_KEY.fullmatch(key) else show(key))
    return text


def show(value: object) -> str:
    """A value from a file, quoted on one line and cut where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        if not value:
            return "an empty table"
        return "a table with " + listed([_printable(str(key)) for key in value], most=6)
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a whole number of more than 18 digits"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return f"a {type(value).__name__}"


def _quoted(text: str) -> str:
    cut = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
    return _printable(json.dumps(cut, ensure_ascii=False))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def listed(names: Collection[str], most: int = MAX_LISTED) -> str:
    """Names one after the other, with dots where there are too many."""
    if not names:
        return "none"
    first = [name if len(name) <= MAX_SHOWN else name[:MAX_SHOWN] + "..." for name in names]
    return ", ".join(first[:most]) + (", ..." if len(first) > most else "")


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name most like this one, or None where none is near."""
    if len(name) > MAX_SHOWN or len(known) > 5000:
        return None
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return close[0]
    inside = [other for other in known if other.rpartition(".")[2] == name]
    return inside[0] if inside else None
