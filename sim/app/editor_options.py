"""What can be chosen for a draft of a scenario, and start conditions from a line of text."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sim.errors import ScenarioError
from sim.scenario.fields import ListOf
from sim.scenario.format import Alternatives
from sim.scenario.issues import Invalid, Location, Report
from sim.scenario.model import Clauses
from sim.scenario.quantities import Range, base_value
from sim.scenario.scenario import Scenario

_RULE = ListOf(Alternatives(), "tests")


@dataclass(frozen=True)
class Party:
    """A party with a limited number of tables: its name, the base value, and its range."""

    name: str
    tables: int
    least: int
    most: int


@dataclass(frozen=True)
class Choices:
    """What can be chosen for a draft; texts are those of the scenario, empty where it has none.

    Attributes:
        strategies: of the scenario, with what each is about.
        tracks: with what each is about.
        stages: of each track, in order.
        postures: conditions that may be raised at the start, with what each is about.
        conditions: declared ones, with what each is about; a start condition may ask for these,
            and for every stage as ``track.stage``.
        parties: those that cannot sit at any number of tables.
    """

    strategies: dict[str, str]
    tracks: dict[str, str]
    stages: dict[str, tuple[str, ...]]
    postures: dict[str, str]
    conditions: dict[str, str]
    parties: tuple[Party, ...]


def choices(scenario: Scenario) -> Choices:
    """What can be chosen for a draft of a scenario."""
    conditions = scenario.conditions.values()
    return Choices(
        strategies={name: one.about for name, one in scenario.strategies.items()},
        tracks={name: one.about for name, one in scenario.tracks.items()},
        stages={n: tuple(s.name for s in one.stages) for n, one in scenario.tracks.items()},
        postures={one.name: one.about for one in conditions if one.posture},
        conditions={one.name: one.about for one in conditions},
        parties=tuple(
            Party(name, int(base_value(tables)), *_ends(tables))
            for name, tables in scenario.delegations.items()
        ),
    )


def _ends(tables: float | Range) -> tuple[int, int]:
    if isinstance(tables, Range):
        return int(tables.low), int(tables.high)
    return int(tables), int(tables)


def example(choices: Choices) -> str:
    """A start condition with names of the scenario, for those who write one."""
    names = list(choices.conditions)
    stage = next((f"{track}.{some[0]}" for track, some in choices.stages.items() if some), names[0])
    return f"{names[0]}, {stage} or {names[-1]}>=2, !{names[len(names) // 2]}"


def clauses_of(text: str) -> Clauses:
    """A start condition from a line: ``moratorium, us_dprk.contact or talks>=2, !war``.

    Commas part the tests, all of which must hold; "or" parts tests of which one must. An empty
    text is no condition. Whether the names stand in the scenario is seen when a workspace is made.

    Raises:
        ScenarioError: every part that is no test, with what is allowed.
    """
    items = [
        [test.strip() for test in f" {item.strip()} ".split(" or ")]
        for item in text.split(",")
        if text.strip()
    ]
    report = Report(lambda path: ("start condition", path))
    rule: Clauses = ()
    with suppress(Invalid):  # the issue is in the report
        rule = _RULE.read([one[0] if len(one) == 1 else one for one in items], Location(report))
    if report.issues:
        raise ScenarioError(report.issues)
    return rule


def text_of(rule: Clauses) -> str:
    """The line that :func:`clauses_of` reads as this rule."""
    return ", ".join(" or ".join(one.text for one in item) for item in rule)
