"""What is wrong with a file: one line per issue, and all of them at once.

An issue says where it is, what was found there and what is allowed. A :class:`Report` collects the
issues of one reading, so that a mistake in one table does not hide those in the others.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sim.errors import Issue, comma_separated, printable, quoted, unknown

T = TypeVar("T")

Path = tuple[str | int, ...]  # keys, and places in lists, from the top of the file

MAX_ISSUES = 500  # a file with more is no scenario; the rest are counted
MAX_GUESSES = 100  # nearest names are looked up for the first issues only: it takes time

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Invalid(Exception):
    """Unwinds a reader whose issue is in the report already."""


class Report:
    """The issues found so far, and which places they concern.

    Args:
        locate: gives the file that a path came from, and the path within that file.
    """

    def __init__(self, locate: Callable[[Path], tuple[str, Path]]) -> None:
        self.locate = locate
        self._issues: list[Issue] = []
        self._left_out = 0
        self._spoilt: set[Path] = set()
        self._dropped: set[Path] = set()

    def add(self, path: Path, message: str) -> None:
        """Note an issue at a path."""
        self._spoilt.update(path[:length] for length in range(len(path) + 1))
        if len(self._issues) >= MAX_ISSUES:
            self._left_out += 1
            return
        file, own = self.locate(path)
        issue = Issue(file, place(own), message)
        if issue not in self._issues[-10:]:
            self._issues.append(issue)

    def valid(self, *path: str | int) -> bool:
        """Whether there is no issue at this path or below it."""
        return path not in self._spoilt

    def drop(self, path: Path) -> None:
        """Note that an entry of a list could not be read and is passed over."""
        self._dropped.add(path)

    def dropped(self, path: Path) -> bool:
        """Whether an entry of a list was passed over."""
        return path in self._dropped

    @property
    def issues(self) -> tuple[Issue, ...]:
        """All issues, in the order in which they were found."""
        if not self._left_out:
            return tuple(self._issues)
        rest = f"{self._left_out} further issues are not listed; fix these first"
        return (*self._issues, Issue(self.locate(())[0], "", rest))


@dataclass(frozen=True, slots=True)
class Location:
    """A path in a document, with the report that collects its issues."""

    report: Report
    path: Path = field(default=())

    def __truediv__(self, key: str | int) -> Location:
        """The place of a key, or of an entry of a list, below this one."""
        return Location(self.report, (*self.path, key))

    @property
    def valid(self) -> bool:
        """Whether there is no issue here or below."""
        return self.report.valid(*self.path)

    def entries(self, items: Iterable[T]) -> Iterator[tuple[Location, T]]:
        """The entries of a list that could be read, each with its place in the file."""
        index = 0
        for item in items:
            while self.report.dropped((*self.path, index)):
                index += 1
            yield self / index, item
            index += 1

    def invalid(self, found: str, allowed: str = "") -> Invalid:
        """Note an issue here; the caller raises what it gets, or goes on."""
        self.report.add(self.path, f"{found}; allowed: {allowed}" if allowed else found)
        return Invalid()

    def unknown_name(self, kind: str, name: str, known: Collection[str]) -> Invalid:
        """Note a name that nothing carries, with the nearest that something does."""
        if len(self.report._issues) < MAX_GUESSES:
            return self.invalid(unknown(kind, name, known))
        return self.invalid(f"unknown {kind} {quoted(name)}", comma_separated(known))


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
        return quoted(value)
    if isinstance(value, dict):
        if not value:
            return "an empty table"
        return "a table with " + comma_separated([printable(str(key)) for key in value], most=6)
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a whole number of more than 18 digits"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return f"a {type(value).__name__}"
