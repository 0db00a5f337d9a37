"""Exceptions, and the one way to say that a name is unknown.

Whatever a user can put right is a :class:`DetenteError`, with a message that says what was found,
where, and what is allowed. Everything else that is raised is a defect of the program.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

MAX_LISTED = 20  # names in a list of what is allowed
MAX_SHOWN = 60  # characters of a value that is quoted
MAX_COMPARED = 5000  # names among which a similar one is looked for: it takes time


class DetenteError(Exception):
    """Base of all errors whose message is meant for the user."""


class InputError(DetenteError):
    """An argument, option or file cannot be used; the message says what is allowed.

    Example:
        >>> import sim
        >>> try:
        ...     sim.run("korea-2017", "propsal")
        ... except sim.InputError as error:
        ...     print(str(error)[:52])
        unknown strategy "propsal"; did you mean "proposal"?
    """


class RunError(DetenteError):
    """A run failed; what was finished is kept.

    Example:
        >>> import sim
        >>> issubclass(sim.RunError, sim.InputError)
        False
    """


class ModelError(DetenteError):
    """A replication cannot be simulated to its end; the message names the entities.

    Attributes:
        replication: which one.

    Example:
        >>> import sim
        >>> print(sim.ModelError("time cannot advance", replication=7))
        time cannot advance
    """

    def __init__(self, message: str, replication: int = 0) -> None:
        # SimPy makes an error that leaves a process anew from its arguments: all of them count.
        super().__init__(message, replication)
        self.replication = replication

    def __str__(self) -> str:
        return str(self.args[0])


class DrawsError(DetenteError):
    """Draws of the uncertain parameters cannot be read or made."""


class MeasureError(DetenteError):
    """A measure has an unknown name, or does not exist in this scenario."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with a file, doubtful about it, or worth knowing.

    Attributes:
        file: as the user named it.
        place: a path such as ``tracks.talks.stages[1].setbacks[0].resume``; empty where the file
            as a whole is meant.
        message: what was found and what is allowed.

    >>> print(Issue("talks.toml", "horizon", "0; allowed: a number above 0"))
    talks.toml: horizon: 0; allowed: a number above 0
    """

    file: str
    place: str
    message: str

    def __str__(self) -> str:
        """The issue as one line."""
        return ": ".join(part for part in (self.file, self.place, self.message) if part)


class ScenarioError(DetenteError):
    """A scenario, or a table of data beside it, is invalid.

    Attributes:
        issues: everything that is wrong, in the order of the file.

    Example:
        >>> import sim
        >>> try:
        ...     sim.loads("goal = 3")
        ... except sim.ScenarioError as error:
        ...     print(error.issues[0].place)
        title
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__(self.issues)

    def __str__(self) -> str:
        """One line per issue."""
        return "\n".join(str(issue) for issue in self.issues)


# -- unknown names --------------------------------------------------------------------------------


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """The message about a name that does not exist.

    >>> unknown("strategy", "calmm", ["calm", "tough"])
    'unknown strategy "calmm"; did you mean "calm"? allowed: calm, tough'
    """
    hint = did_you_mean(name, known)
    return f"unknown {kind} {quoted(name)}; {hint}allowed: {comma_separated(known)}"


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A question that names the most similar known name, with a space behind; empty without one."""
    guess = nearest(name, known)
    return f'did you mean "{guess}"? ' if guess else ""


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name most similar to this one, or None where none is similar.

    >>> nearest("tracks", ["talks", "horizon"]), nearest("x", ["talks", "horizon"])
    ('talks', None)
    """
    if len(name) > MAX_SHOWN or len(known) > MAX_COMPARED:
        return None
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return close[0]
    return next((other for other in known if other.rpartition(".")[2] == name), None)


def comma_separated(names: Collection[str], most: int = MAX_LISTED) -> str:
    """Names in a list, cut after ``most``; "none" where there are none.

    >>> comma_separated(["a", "b", "c"], most=2)
    'a, b, ...'
    """
    if not names:
        return "none"
    first = [name if len(name) <= MAX_SHOWN else name[:MAX_SHOWN] + "..." for name in names]
    return ", ".join(first[:most]) + (", ..." if len(first) > most else "")


def quoted(text: str) -> str:
    """A text in quotes, on one line, cut where it is long."""
    cut = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
    return printable(json.dumps(cut, ensure_ascii=False))


def printable(text: str) -> str:
    """A text in which every control character is written as its number."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
