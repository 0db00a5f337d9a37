"""A replication under two strategies: the first event at which they diverge, and what follows.

Both strategies use common random numbers, so their event logs are equal, but for what the
strategies set on day 0, until an event differs: an attempt that only one of them makes, or one
whose odds or duration a condition has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.engine.program import Entry, Program, What
from sim.tracing.trace import Trace

BOTH, ONLY_A, ONLY_B = "both", "a", "b"
Event = tuple[What, int, int]
# Events that are compared; changes of level, waits and delays follow from these.
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
    What.ACTS: "takes effect",
    What.CLOSES: "is closed",
    What.ADMITS: "is opened",
}


class Divergence(NamedTuple):
    """The first event after day 0 that happens in one of two replications only.

    Attributes:
        time: days; NaN where the replications never diverge.
        entity: the stage, track, condition, shock or rule of the event.
        a, b: what happens to the entity at that time under each strategy; empty: nothing.
    """

    time: float
    entity: str
    a: str
    b: str


NO_DIVERGENCE = Divergence(np.nan, "", "", "")


def first_divergence(program: Program, a: Sequence[Entry], b: Sequence[Entry]) -> Divergence:
    """The first event in which two event logs of one replication differ.

    Args:
        program: that of either strategy; they name the same entities.
        a, b: event logs under two strategies, from ``trace`` of an engine.

    Returns:
        NO_DIVERGENCE where the logs are equal after day 0.
    """
    ours, theirs = _by_time(a), _by_time(b)
    for time in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(time, []), theirs.get(time, [])
        if here == there:
            continue
        only_a = list((Counter(here) - Counter(there)).elements())
        only_b = list((Counter(there) - Counter(here)).elements())
        if only_a or only_b:
            return _divergence(program, time, only_a, only_b)
    return NO_DIVERGENCE


def first_changed_attempt(program: Program, a: Sequence[Entry], b: Sequence[Entry]) -> Divergence:
    """The first attempt, by stage and number, that both replications make and that ends otherwise.

    It separates changed odds from attempts that only one strategy makes. Its time is that of the
    earlier ending.

    Args:
        program, a, b: as for :func:`first_divergence`.
    """
    ours, theirs = _endings(a), _endings(b)
    differ = [key for key in ours.keys() & theirs.keys() if ours[key][1] != theirs[key][1]]
    if not differ:
        return NO_DIVERGENCE
    time, key = min((min(ours[key][0], theirs[key][0]), key) for key in differ)
    sides = (_words(program, endings[key][1]) for endings in (ours, theirs))
    return Divergence(time, program.stages[key[0]], *sides)


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


def _divergence(program: Program, time: float, a: list[Event], b: list[Event]) -> Divergence:
    entity = _entity(program, (a or b)[0])
    words = [
        next((_words(program, event) for event in events if _entity(program, event) == entity), "")
        for events in (a, b)
    ]
    return Divergence(time, entity, *words)


def _entity(program: Program, event: Event) -> str:
    what, subject, _ = event
    if what == What.FADES:
        return program.conditions[subject]
    if what == What.HAPPENS:
        return program.shocks[subject]
    if what == What.ACTS:
        return f"rule {program.rules[subject]}"
    if what in (What.LEAVES, What.COMPLETES, What.CLOSES, What.ADMITS):
        return program.tracks[subject]
    return program.stages[subject]


def _words(program: Program, event: Event) -> str:
    what, _, detail = event
    if what == What.FAILS:
        return f"suffers a setback: {program.setbacks[detail]}"
    if what == What.BREAKS:
        return f"is broken off by {program.shocks[detail]}"
    return VERBS[what]


def divergences(
    program: Program,
    logs: Iterable[tuple[int, Sequence[Entry], Sequence[Entry]]],
    *functions: Callable[[Program, Sequence[Entry], Sequence[Entry]], Divergence],
) -> list[pd.DataFrame]:
    """First divergences of many paired replications; their logs are read one pair at a time.

    Args:
        program: that of either strategy.
        logs: replication, and its log under each strategy.
        functions: :func:`first_divergence` or :func:`first_changed_attempt`, or both.

    Returns:
        One table for each function: replication, time (days; NaN: no divergence), entity, a, b.
    """
    rows: list[list[tuple[Any, ...]]] = [[] for _ in functions]
    for replication, a, b in logs:
        for found, function in zip(rows, functions, strict=True):
            found.append((replication, *function(program, a, b)))
    columns = ["replication", "time", "entity", "a", "b"]
    return [pd.DataFrame(found, columns=columns) for found in rows]


# -- side by side ---------------------------------------------------------------------------------


def side_by_side(a: Trace, b: Trace) -> pd.DataFrame:
    """The events of two traces of one replication in one table, in the order of time.

    Args:
        a, b: traces of the same replication and seed under two strategies.

    Returns:
        time, date, where ("both", "a" or "b"), entity, what, why. At one instant the shared events
        come first, in the order of a.
    """
    events = [_events_by_time(trace) for trace in (a, b)]
    rows = []
    for time in sorted(events[0].keys() | events[1].keys()):
        ours, theirs = (by_time.get(time, []) for by_time in events)
        left, right = Counter(e[1:3] for e in ours), Counter(e[1:3] for e in theirs)
        shared = left & right
        for where, here, kept in (
            (BOTH, ours, shared),
            (ONLY_A, ours, left - shared),
            (ONLY_B, theirs, right - shared),
        ):
            for date, entity, what, why in _chosen(here, kept):
                rows.append((time, date, where, entity, what, why))
    return pd.DataFrame(rows, columns=["time", "date", "where", "entity", "what", "why"])


def divergence_index(table: pd.DataFrame, divergence: Divergence) -> int | None:
    """The row of the first divergence in a table of :func:`side_by_side`; None: there is none.

    Events above it under one strategy only are those that the strategies themselves set on day 0,
    and the levels and waits that follow from them.

    >>> table = pd.DataFrame({"time": [0.0, 5.0], "where": ["a", "b"], "entity": ["x", "y"]})
    >>> divergence_index(table, Divergence(5.0, "y", "", "succeeds"))
    1
    """
    alone = ((table["time"] == divergence.time) & (table["where"] != BOTH)).to_numpy()
    of_entity = alone & (table["entity"] == divergence.entity).to_numpy()
    places = np.flatnonzero(of_entity if of_entity.any() else alone)
    return int(places[0]) if len(places) else None


DatedEvent = tuple[object, str, str, str]  # date, entity, what, why


def _events_by_time(trace: Trace) -> dict[float, list[DatedEvent]]:
    found: dict[float, list[DatedEvent]] = {}
    for event in trace.events.itertuples(index=False):
        dated = (event.date, event.entity, event.what, event.why)
        found.setdefault(float(event.time), []).append(dated)
    return found


def _chosen(events: Iterable[DatedEvent], wanted: Counter[tuple[str, str]]) -> Iterable[DatedEvent]:
    """The events wanted, each as often as it is wanted."""
    left = Counter(wanted)
    for event in events:
        if left[event[1:3]] > 0:
            left[event[1:3]] -= 1
            yield event
