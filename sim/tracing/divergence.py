"""The same world under two strategies: where the two histories part, and how they go on.

Both meet the same luck, so they are the same but for what the strategies themselves set on day 0,
until something comes out differently: an attempt that one of them makes, or one whose odds or
length another condition has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.engine.program import Entry, Program, What
from sim.tracing.trace import Story

BOTH, ONLY_A, ONLY_B = "both", "a", "b"
Event = tuple[What, int, int]
# What happens by itself; changes of level, waits and delays follow from these.
VERBS = {
    What.FADES: "fades",
    What.HAPPENS: "happens",
    What.BREAKS: "is broken off",
    What.BEGINS: "begins an attempt",
    What.SUCCEEDS: "succeeds",
    What.FAILS: "fails",
    What.RESUMES: "resumes",
    What.LEAVES: "is abandoned",
    What.COMPLETES: "is completed",
    What.REOPENS: "is reopened",
}


class Parting(NamedTuple):
    """The first event after day 0 that happens in one of two histories only.

    Attributes:
        time: days; NaN where the histories never part.
        entity: what it happens to.
        a, b: what happens to it at that time in each; empty: nothing.
    """

    time: float
    entity: str
    a: str
    b: str


TOGETHER = Parting(np.nan, "", "", "")


def first_parting(program: Program, a: Sequence[Entry], b: Sequence[Entry]) -> Parting:
    """Where two logs of the same world part.

    Args:
        program: that of either strategy; they name the same entities.
        a, b: event logs under two strategies.
    """
    ours, theirs = _by_time(a), _by_time(b)
    for time in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(time, []), theirs.get(time, [])
        if here == there:
            continue
        only_a = list((Counter(here) - Counter(there)).elements())
        only_b = list((Counter(there) - Counter(here)).elements())
        if only_a or only_b:
            return _parting(program, time, only_a, only_b)
    return TOGETHER


def first_turn(program: Program, a: Sequence[Entry], b: Sequence[Entry]) -> Parting:
    """The first attempt, by stage and number, that both histories make and that ends otherwise.

    So it tells luck or odds that differ from attempts that only one of them makes. Its time is
    that of the earlier ending.
    """
    ours, theirs = _endings(a), _endings(b)
    differ = [key for key in ours.keys() & theirs.keys() if ours[key][1] != theirs[key][1]]
    if not differ:
        return TOGETHER
    time, key = min((min(ours[key][0], theirs[key][0]), key) for key in differ)
    sides = (_words(program, some[key][1]) for some in (ours, theirs))
    return Parting(time, program.stages[key[0]], *sides)


def _endings(log: Iterable[Entry]) -> dict[tuple[int, int], tuple[float, Event]]:
    """How each attempt ended, by stage and number."""
    begun: dict[int, int] = {}
    found: dict[tuple[int, int], tuple[float, Event]] = {}
    for time, what, subject, detail, _ in log:
        if what == What.BEGINS:
            begun[subject] = detail
        elif what in (What.SUCCEEDS, What.FAILS, What.BREAKS):
            kept = 0 if what == What.SUCCEEDS else detail
            found[subject, begun[subject]] = (time, (what, subject, kept))
    return found


def _by_time(log: Iterable[Entry]) -> dict[float, list[Event]]:
    found: dict[float, list[Event]] = {}
    for time, what, subject, detail, _ in log:
        if time > 0 and what in VERBS:
            kept = detail if what in (What.FAILS, What.BREAKS) else 0
            found.setdefault(time, []).append((what, subject, kept))
    return found


def _parting(program: Program, time: float, a: list[Event], b: list[Event]) -> Parting:
    entity = _entity(program, (a or b)[0])
    words = [
        next((_words(program, event) for event in some if _entity(program, event) == entity), "")
        for some in (a, b)
    ]
    return Parting(time, entity, *words)


def _entity(program: Program, event: Event) -> str:
    what, subject, _ = event
    if what == What.FADES:
        return program.conditions[subject]
    if what == What.HAPPENS:
        return program.shocks[subject]
    if what in (What.LEAVES, What.COMPLETES):
        return program.tracks[subject]
    return program.stages[subject]


def _words(program: Program, event: Event) -> str:
    what, _, detail = event
    if what == What.FAILS:
        return f"suffers a setback: {program.setbacks[detail]}"
    if what == What.BREAKS:
        return f"is broken off by {program.shocks[detail]}"
    return VERBS[what]


def partings(
    program: Program,
    logs: Iterable[tuple[int, Sequence[Entry], Sequence[Entry]]],
    *finds: Callable[[Program, Sequence[Entry], Sequence[Entry]], Parting],
) -> list[pd.DataFrame]:
    """First partings of many paired replications, whose logs are looked at one after the other.

    Args:
        program: that of either strategy.
        logs: replication, and its log under each strategy.
        finds: :func:`first_parting` or :func:`first_turn`, or both.

    Returns:
        A table for each of them: replication, time (days; NaN: they never part), entity, a, b.
    """
    rows: list[list[tuple[Any, ...]]] = [[] for _ in finds]
    for replication, a, b in logs:
        for some, find in zip(rows, finds, strict=True):
            some.append((replication, *find(program, a, b)))
    columns = ["replication", "time", "entity", "a", "b"]
    return [pd.DataFrame(some, columns=columns) for some in rows]


# -- side by side ---------------------------------------------------------------------------------


def side_by_side(a: Story, b: Story) -> pd.DataFrame:
    """Two stories of the same world as one, in the order of time.

    Returns:
        time, date, where ("both", "a" or "b"), entity, what, why. At one instant what both share
        comes first, in the order of a.
    """
    events = [_events_by_time(story) for story in (a, b)]
    rows = []
    for time in sorted(events[0].keys() | events[1].keys()):
        ours, theirs = (some.get(time, []) for some in events)
        left, right = Counter(e[1:3] for e in ours), Counter(e[1:3] for e in theirs)
        shared = left & right
        for where, some, kept in (
            (BOTH, ours, shared),
            (ONLY_A, ours, left - shared),
            (ONLY_B, theirs, right - shared),
        ):
            for date, entity, what, why in _taken(some, kept):
                rows.append((time, date, where, entity, what, why))
    return pd.DataFrame(rows, columns=["time", "date", "where", "entity", "what", "why"])


def divergence(table: pd.DataFrame, parting: Parting) -> int | None:
    """The place of the first divergence in a table of :func:`side_by_side`; None: there is none.

    Events above it that stand under one strategy only are what the strategies themselves set on
    day 0, and the levels and waits that follow from it.
    """
    alone = ((table["time"] == parting.time) & (table["where"] != BOTH)).to_numpy()
    of_it = alone & (table["entity"] == parting.entity).to_numpy()
    places = np.flatnonzero(of_it if of_it.any() else alone)
    return int(places[0]) if len(places) else None


Told = tuple[object, str, str, str]


def _events_by_time(story: Story) -> dict[float, list[Told]]:
    found: dict[float, list[Told]] = {}
    for event in story.events.itertuples(index=False):
        told = (event.date, event.entity, event.what, event.why)
        found.setdefault(float(event.time), []).append(told)
    return found


def _taken(events: Iterable[Told], wanted: Counter[tuple[str, str]]) -> Iterable[Told]:
    """The events wanted, each as often as it is wanted."""
    left = Counter(wanted)
    for event in events:
        if left[event[1:3]] > 0:
            left[event[1:3]] -= 1
            yield event
