"""The assumptions as sliders: every parameter with a range, its unit, ends, status, source."""

from __future__ import annotations

from collections.abc import Iterable

from sim.app.strategy_draft import StrategyDraft
from sim.evidence.assumptions import Assumption, register
from sim.scenario.scenario import Scenario


class RangedParameter(Assumption):
    """One parameter with a range, as the register has it."""

    @property
    def group(self) -> str:
        """What it belongs to: a track, shock or condition, "influences" or "delegations"."""
        return self.name.partition(".")[0]

    @property
    def whole(self) -> bool:
        """Does it count something, so that only whole numbers are allowed?"""
        return self.group == "delegations"

    @property
    def measure(self) -> str:
        """The unit in words; nothing where the parameter has none, as a shape."""
        return "" if self.unit == "none" else self.unit


def parameters(scenario: Scenario) -> list[RangedParameter]:
    """Every parameter of a scenario that has a range with a width, in file order."""
    ranges = {name for name, one in scenario.ranges().items() if one.low < one.high}
    rows = register(scenario).to_dict("records")
    return [RangedParameter(**row) for row in rows if row["name"] in ranges]


def found(some: Iterable[RangedParameter], text: str) -> list[RangedParameter]:
    """Those in whose name, status or source every word of the text occurs."""
    words = text.lower().replace("_", " ").split()
    return [one for one in some if all(word in _text(one) for word in words)]


def _text(one: RangedParameter) -> str:
    return f"{one.name} {one.status} {one.source}".lower().replace("_", " ")


def grouped(some: Iterable[RangedParameter]) -> dict[str, list[RangedParameter]]:
    """By group, in file order."""
    groups: dict[str, list[RangedParameter]] = {}
    for one in some:
        groups.setdefault(one.group, []).append(one)
    return groups


def overriding(drafts: Iterable[StrategyDraft], name: str) -> dict[str, float]:
    """By key, the drafts with a value of their own for a parameter, which win over its slider."""
    return {one.key: one.overrides[name] for one in drafts if name in one.overrides}
