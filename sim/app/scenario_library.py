"""Which scenarios a workspace can have: those that ship, the files of a folder, and a given file.

    library, name = Library.of("mine/talks.toml", folder)
    library.names()           # ["korea-2017", .., "talks.toml"]
    library.scenario(name)

A state names a scenario by catalog name, or by the plain name of a file. Names are looked up among
those that are there, and never made into paths, so that no name leads outside.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sim.errors import ScenarioError, comma_separated
from sim.scenario.fields import FREE_TEXT
from sim.scenario.issues import show
from sim.scenario.loading import catalog, failed, find, parse, text_of
from sim.scenario.scenario import Scenario, load


@dataclass(frozen=True)
class Library:
    """The scenarios of a workspace. Files are read again once they have changed.

    Attributes:
        folder: whose scenario files may be asked for; not those of folders within, nor links that
            lead outside; None: none.
        given: a file wherever it is, as given at the start.
    """

    folder: Path | None = None
    given: Path | None = None

    @classmethod
    def of(cls, source: str, folder: Path | None = None) -> tuple[Library, str]:
        """The library for a catalog name or a path, and the name of the scenario in it."""
        if source in catalog():
            return cls(folder), source
        return cls(folder, Path(source)), Path(source).name

    def names(self) -> list[str]:
        """What a state may name: the catalog, then files; of those that hold scenarios."""
        files = [name for name, path in self._files().items() if _is_scenario(_stamp(path))]
        return list(dict.fromkeys([*catalog(), *files]))

    def ships(self, name: str) -> bool:
        """Does the name mean a scenario of the catalog?"""
        return name in catalog() and name not in self._given()

    def scenario(self, name: str) -> Scenario:
        """The scenario of a name.

        Raises:
            ScenarioError: no such name, or the issues of its file.
        """
        if self.ships(name):
            return _shipped(name)
        path = self._files().get(name)
        if path is None:
            allowed = comma_separated(self.names())
            raise failed("state", f"{show(name)}; allowed: {allowed}", ("scenario",))
        return _read(_stamps(path))

    def _given(self) -> dict[str, Path]:
        return {self.given.name: self.given} if self.given else {}

    def _files(self) -> dict[str, Path]:
        """Files by name; the given one wins over one of the folder."""
        folder = self.folder
        inside = sorted(folder.glob("*.toml")) if folder else []
        return {p.name: p for p in inside if folder and _lies_in(p, folder)} | self._given()


SHIPPED = Library()
"""The catalog alone."""


def _lies_in(path: Path, folder: Path) -> bool:
    real = os.path.realpath(path)  # where a link leads; unlike Path.resolve it bears circles
    return os.path.dirname(real) == os.path.realpath(folder) and os.path.isfile(real)


# -- files that change ----------------------------------------------------------------------------


class Stamp(NamedTuple):
    """A file as it was at an instant; one that is written again has another stamp."""

    path: Path
    node: int
    changed: int
    size: int


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except (OSError, ValueError):  # said in words by who reads it
        return Stamp(path, 0, 0, 0)
    return Stamp(path, found.st_ino, found.st_mtime_ns, found.st_size)


def _stamps(path: Path) -> tuple[Stamp, ...]:
    """The stamps of a file, and of those that it extends."""
    found = [_stamp(path)]
    while (base := _extends(found[-1])) and base not in [one.path for one in found]:
        found.append(_stamp(base))
    return tuple(found)


@lru_cache(maxsize=64)
def _extends(stamp: Stamp) -> Path | None:
    try:
        source = parse(text_of(stamp.path, ""), "").get("extends")
    except ScenarioError:
        return None
    if not isinstance(source, str) or not source:
        return None
    return Path(os.path.realpath(find(source, stamp.path.parent)))


@lru_cache(maxsize=256)
def _is_scenario(stamp: Stamp) -> bool:
    """Unlike a file of strategies. One that cannot be read is one with issues, which are listed."""
    try:
        keys = set(parse(text_of(stamp.path, ""), ""))
    except ScenarioError:
        return True
    return bool(keys - {"strategies", *FREE_TEXT})


@lru_cache(maxsize=16)
def _read(stamps: tuple[Stamp, ...]) -> Scenario:
    return load(stamps[0].path)


@lru_cache(maxsize=16)
def _shipped(name: str) -> Scenario:
    return load(name)
