"""How a scenario shows itself in a console and in a notebook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sim.formatting import html_table, listed, many, short

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

MOST_LETTERS = 100  # of a title or a list


def text_of(scenario: Scenario) -> str:
    """A scenario in a few lines: what is wanted, until when, and how much of everything."""
    ends = scenario.start + dt.timedelta(days=int(scenario.horizon))
    ruin = "" if scenario.ruin is None else f", ruin {scenario.ruin}"
    lines = [
        f"{short(scenario.name, MOST_LETTERS)}: {short(scenario.title, MOST_LETTERS)}",
        f"  {scenario.start} to {ends}; goal {scenario.goal}{ruin}",
        f"  {many(len(scenario.tracks), 'track')}: {_names(scenario.tracks)}",
        f"  {many(len(scenario.stages), 'stage')}, {many(len(scenario.conditions), 'condition')}, "
        f"{many(len(scenario.shocks), 'shock')}, "
        f"{many(len(scenario.ranges()), 'uncertain parameter')}",
        f"  {many(len(scenario.strategies), 'strategy')}: {_names(scenario.strategies)}",
    ]
    if scenario.chosen.name in scenario.strategies:
        lines.append(f"  with strategy {scenario.chosen.name}")
    return "\n".join(lines)


def html_of(scenario: Scenario) -> str:
    """A scenario as a table of its tracks and a table of its strategies, for a notebook."""
    tracks = [
        [one.name, ", ".join(one.parties), " > ".join(stage.name for stage in one.stages)]
        for one in scenario.tracks.values()
    ]
    strategies = [[one.name, one.about] for one in scenario.strategies.values()]
    return html_table(
        ["track", "parties", "stages"], tracks, above=scenario.title, below=text_of(scenario)
    ) + html_table(["strategy", "about"], strategies)


def _names(names: Iterable[str]) -> str:
    found = list(names)
    text = listed(found) if found else "none"
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} .."
