"""What is wrong with a file: one line per issue, and all of them at once.

An issue says where it is, what was found there and what is allowed. A :class:`Report` collects the
issues of one reading, so that a mistake in one table does not hide those in the others; a
:class:`Location` is a place in the file that knows the report.
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
    """Ends the reading of a value whose issue is in the report; never leaves the package."""


class Report:
    """The issues found so far, and which paths they concern.

    Args:
        locate: gives the file that a path came from, and the path within that file: a scenario may
            extend another file.

    Attributes:
        quantities: what names may stand for where numbers are read, None for one that is invalid.
    """

    def __init__(self, locate: Callable[[Path], tuple[str, Path]]) -> None:
        self.locate = locate
        self._issues: list[Issue] = []
        self._left_out = 0
        self._spoilt: set[Path] = set()
        self._dropped: set[Path] = set()
        self.quantities: dict[str, object] = {}

    def add(self, path: Path, message: str) -> None:
        """Add an issue; beyond :data:`MAX_ISSUES` they are only counted.

        Args:
            path: keys and list places from the top of the document.
            message: what was found, and what is allowed.
        """
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
        """Remember that an entry of a list could not be read and is missing from what was read."""
        self._dropped.add(path)

    def dropped(self, path: Path) -> bool:
        """Whether an entry of a list could not be read."""
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
    """A path in a document, with the report that collects its issues.

    A key or a place in a list is appended by ``/``:

    >>> report = Report(lambda path: ("talks.toml", path))
    >>> at = Location(report) / "tracks" / "talks" / "stages" / 0
    >>> _ = at.invalid('"x"', "a table")
    >>> print(*report.issues)
    talks.toml: tracks.talks.stages[0]: "x"; allowed: a table
    >>> at.valid, (Location(report) / "tracks").valid, (Location(report) / "shocks").valid
    (False, False, True)
    """

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
        """The entries of a list that could be read, each with its location in the file.

        Args:
            items: what was read of the list at this location, without dropped entries.
        """
        index = 0
        for item in items:
            while self.report.dropped((*self.path, index)):
                index += 1
            yield self / index, item
            index += 1

    def invalid(self, found: str, allowed: str = "") -> Invalid:
        """Add an issue here.

        Args:
            found: what stands here.
            allowed: what may stand here.

        Returns:
            An exception for the caller to raise, where it cannot go on.
        """
        self.report.add(self.path, f"{found}; allowed: {allowed}" if allowed else found)
        return Invalid()

    def unknown_name(self, kind: str, name: str, known: Collection[str]) -> Invalid:
        """Add an issue about a name that does not exist.

        Args:
            kind: of what it is a name: "stage".
            name: as written.
            known: the names that exist. The most similar one is suggested for the first
                :data:`MAX_GUESSES` issues only, as it takes time to find.
        """
        if len(self.report._issues) < MAX_GUESSES:
            return self.invalid(unknown(kind, name, known))
        return self.invalid(f"unknown {kind} {quoted(name)}", comma_separated(known))


def place(path: Path) -> str:
    """A path as text.

    >>> place(("tracks", "talks", "stages", 1)), place(("shocks", "a b"))
    ('tracks.talks.stages[1]', 'shocks."a b"')
    """
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _BARE_KEY.fullmatch(key) else show(key))
    return text


def show(value: object) -> str:
    """A value of a file as it is quoted in an issue: on one line, and cut where it is long.

    >>> show("talks"), show(0.5), show({"name": "x", "delay": 3}), show([])
    ('"talks"', '0.5', 'a table with name, delay', 'an empty list')
    """
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
