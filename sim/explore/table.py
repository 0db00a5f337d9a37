"""A state laid out: its scenario with the hands among the strategies, and a program of each hand.

A scenario is read once, and a hand is translated once; a changed assumption only changes slots of
the programs, as in :mod:`sim.worlds`. The values that a hand overrides win over the table's, as in
a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sim.explore.state import State
from sim.program import Program
from sim.scenario import Scenario


@dataclass(frozen=True)
class Table:
    """What a state amounts to.

    Attributes:
        state: what was laid.
        scenario: as a run takes it: the hands are strategies beside the scenario's own, and the
            changed assumptions are among the overrides of each.
        ranged: the same, but with the changed assumptions as the likely values of their ranges
            instead: for studies of the ranges.
        programs: one of each hand.
    """

    state: State
    scenario: Scenario
    ranged: Scenario
    programs: tuple[Program, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The strategies of the hands."""
        raise NotImplementedError


@dataclass(frozen=True)
class Party:
    """A party with a limited delegation: its name, tables as in the scenario, and its range."""

    name: str
    tables: int
    least: int
    most: int


@dataclass(frozen=True)
class Choices:
    """What can be chosen for a hand.

    Attributes:
        strategies: of the scenario, with what each is about.
        tracks: with what each is about.
        stages: of each track, in order.
        postures: conditions that may be raised at the start, with what each is about.
        conditions: that a start condition may ask for, with what each is about; then stage
            conditions ``track.stage``.
        parties: with a limited delegation.
    """

    strategies: dict[str, str]
    tracks: dict[str, str]
    stages: dict[str, tuple[str, ...]]
    postures: dict[str, str]
    conditions: dict[str, str]
    parties: tuple[Party, ...]


def choices(scenario: Scenario) -> Choices:
    """What can be chosen for a hand of a scenario."""
    raise NotImplementedError


class Layer:
    """Lays states; remembers scenarios and programs. May be shared between threads.

    Args:
        folder: in which scenarios other than those of the catalog are looked for; None: nowhere.
    """

    def __init__(self, folder: Path | None = None) -> None:
        raise NotImplementedError

    def names(self) -> list[str]:
        """Scenarios that a state may name: those of the catalog, then the files of the folder."""
        raise NotImplementedError

    def scenario(self, name: str) -> Scenario:
        """A scenario by catalog name, or a file in the folder; read again when the file changes.

        Raises:
            ScenarioError: its faults; also for a path outside the folder.
        """
        raise NotImplementedError

    def fresh(self, name: str) -> State:
        """The state that a scenario begins with: its first two strategies, nothing changed.

        Raises:
            ScenarioError: as :meth:`scenario`.
        """
        raise NotImplementedError

    def lay(self, state: State) -> Table:
        """The table of a state.

        Raises:
            ScenarioError: every fault at once: an unknown track, condition or number, a value out
                of its range, values that do not fit together, no hand.
        """
        raise NotImplementedError
