"""The assumptions as sliders: every ranged number with its unit, ends, status and source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sim.assumptions import register
from sim.scenario import Scenario


@dataclass(frozen=True)
class Slider:
    """One ranged number.

    Attributes:
        name: dotted.
        group: what it belongs to: a track, shock or condition, "influences" or "delegations".
        unit, low, likely, high, status, source: as in :func:`sim.assumptions.register`.
    """

    name: str
    group: str
    unit: str
    low: float
    likely: float
    high: float
    status: str
    source: str


def sliders(scenario: Scenario) -> list[Slider]:
    """Every number of a scenario that has a range with a width, in file order."""
    ranges = {name for name, one in scenario.ranges().items() if one.low < one.high}
    return [
        Slider(row.name, row.name.partition(".")[0], row.unit, row.low, row.likely, row.high,
               row.status, row.source)
        for row in register(scenario).itertuples(index=False)
        if row.name in ranges
    ]  # fmt: skip


def found(some: Iterable[Slider], text: str) -> list[Slider]:
    """Those in whose name, status or source every word of the text occurs."""
    words = text.lower().replace("_", " ").split()
    return [one for one in some if all(word in _text(one) for word in words)]


def _text(one: Slider) -> str:
    return f"{one.name} {one.status} {one.source}".lower().replace("_", " ")


def grouped(some: Iterable[Slider]) -> dict[str, list[Slider]]:
    """By group, in file order."""
    groups: dict[str, list[Slider]] = {}
    for one in some:
        groups.setdefault(one.group, []).append(one)
    return groups
