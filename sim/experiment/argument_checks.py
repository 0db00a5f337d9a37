"""Arguments of the public functions: what is wrong with one is said in one sentence.

Each function returns the argument as the caller needs it, or raises
:class:`sim.errors.InputError` with the name of the argument, what was found and what is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from sim.errors import InputError, unknown
from sim.scenario.scenario import Scenario, load

ScenarioLike: TypeAlias = Scenario | str | Path
"""A scenario, a catalog name, or the path of a file."""

MOST_SEED = 2**64 - 1
MOST_REPLICATION = 2**63 - 1  # the number of one replication
MOST_WORKERS = 1024


def scenario(value: object) -> Scenario:
    """A scenario; one that is named by the catalog or by a path is loaded.

    Raises:
        sim.errors.ScenarioError: it cannot be loaded.
    """
    if isinstance(value, Scenario):
        return value
    if isinstance(value, str | Path):
        return load(value)
    _refuse("scenario", value, "a catalog name, a path, or a scenario as sim.load gives it")


def whole(name: str, value: object, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``.

    Example:
        >>> whole("replications", 2000, 1, 10**6)
        2000
        >>> whole("replications", 0, 1, 10**6)
        Traceback (most recent call last):
        sim.errors.InputError: replications: found 0; allowed: 1 to 1,000,000
    """
    bounds = f"{low:,} to {high:,}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        _refuse(name, value, f"a whole number from {bounds}")
    if not low <= int(value) <= high:
        _refuse(name, int(value), bounds)
    return int(value)


def seed(value: object) -> int:
    """A seed of the random numbers."""
    return whole("seed", value, 0, MOST_SEED)


def workers(value: object) -> int | None:
    """How many workers; None for one a core."""
    return None if value is None else whole("workers", value, 1, MOST_WORKERS)


def number(name: str, value: object) -> float:
    """A number; the caller checks its bounds, which NaN is not within."""
    if isinstance(value, bool) or not isinstance(value, Real):
        _refuse(name, value, "a number")
    return float(value)


def text(name: str, value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        _refuse(name, value, "a text")
    return value


def flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        _refuse(name, value, "True or False")
    return value


def path(name: str, value: object) -> Path:
    """A path that is not empty."""
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        _refuse(name, value, "a path")
    return Path(value)  # type: ignore[arg-type]  # of texts: bytes are refused by pathlib


def one_of(name: str, value: object, known: Collection[str]) -> str:
    """One of the known names."""
    if not isinstance(value, str) or value not in known:
        raise InputError(unknown(name, str(value), known))
    return value


def names(name: str, value: object) -> list[str]:
    """A list of names; one name alone may be given as a text."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, Iterable):
        _refuse(name, value, "a name, or a list of names")
    found = list(value)
    for one in found:
        if not isinstance(one, str):
            _refuse(name, one, "a name, or a list of names")
    return found


def strategies(value: object, known: Sequence[str]) -> list[str]:
    """Strategies that are known, each once; all where None."""
    if value is None:
        return list(known)
    found = names("strategies", value)
    if not found:
        raise InputError(
            f"strategies: found an empty list; allowed: None for all, or some of {', '.join(known)}"
        )
    return list(dict.fromkeys(one_of("strategy", one, known) for one in found))


def _refuse(name: str, value: Any, allowed: str) -> NoReturn:
    shown = "an empty text" if value == "" else repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}.. ({type(value).__name__})"
    raise InputError(f"{name}: found {shown}; allowed: {allowed}")
