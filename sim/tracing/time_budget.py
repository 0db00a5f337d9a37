"""The time budget of replications: the days that each track spent in each activity.

Between two events every track is in one state: in an attempt, in a delay, or waiting for a named
item. The event log, read in order, gives the days that each track spent in each state.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from sim.engine.program import GOAL, NOTHING, RAISE, RUIN, Entry, Program, What
from sim.engine.rows import Rows

TABLE, SETBACK, BREAK = "at the table", "after a setback", "after a break"
GATE, WINDOW, DELEGATION = "waiting for a condition", "waiting for the window", "waiting for a seat"
COMPLETED, ABANDONED, LEFT_OUT, RUINED = "completed", "abandoned", "left out", "after the ruin"
ACTIVITIES = (
    *(TABLE, SETBACK, BREAK, GATE, WINDOW, DELEGATION),
    *(COMPLETED, ABANDONED, LEFT_OUT, RUINED),
)
"""The activities of a track, in the order in which figures show them."""
DELAYS = (SETBACK, BREAK)
WAITING = (GATE, WINDOW, DELEGATION)

LoggedReplication = tuple[int, Rows, Sequence[Entry]]
"""The number of a replication, its row and its event log."""


class Activity(NamedTuple):
    """The activity of a track, and its item.

    The item is the stage of an attempt, the setback or shock that caused a delay, or the item that
    the track waits for; empty otherwise.
    """

    kind: str
    item: str = ""


def budgets(
    program: Program, replications: Iterable[LoggedReplication], draw: int = 0
) -> pd.DataFrame:
    """Days that each track spent in each activity, from day 0 until the goal.

    A replication without the goal counts until the horizon; days after its ruin are
    ``after the ruin``. So the days of a track add up to the days without the goal, as in
    :func:`sim.analysis.incidence.summary`.

    Args:
        program: the program that was simulated.
        replications: numbers, rows and event logs.
        draw: of the program's parameter values.

    Returns:
        strategy, draw, replication, track, activity (one of ACTIVITIES), item, days. Every track
        of every replication has at least one row.
    """
    reader = _LogReader(program)
    rows = [
        (replication, program.tracks[track], *activity, days)
        for replication, row, log in replications
        for (track, activity), days in reader.days(row, log).items()
    ]
    columns = ["replication", "track", "activity", "item", "days"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "draw", draw)
    table.insert(0, "strategy", program.strategy)
    return table


def activities(program: Program, row: Rows, log: Sequence[Entry]) -> pd.DataFrame:
    """What each track did when in one replication, from day 0 to the end of the run.

    Args:
        program: the program that was simulated.
        row: of the replication (n = 1).
        log: its events.

    Returns:
        track, activity (one of ACTIVITIES), item, begin, end (days), by track and time. A track
        that waits for a seat when a window closes is counted to wait for the seat.
    """
    state = _State(_LogReader(program))
    found: list[list[tuple[Activity, float, float]]] = [[] for _ in program.tracks]
    for begins, ends in state.spans(log, _end(program, row)):
        for mine, activity in zip(found, state.activities, strict=True):
            if mine and mine[-1][0] == activity:
                begins_with = mine.pop()[1]
                mine.append((activity, begins_with, ends))
            elif ends > begins:
                mine.append((activity, begins, ends))
    rows = [
        (track, *activity, begin, end)
        for track, mine in zip(program.tracks, found, strict=True)
        for activity, begin, end in mine
    ]
    return pd.DataFrame(rows, columns=["track", "activity", "item", "begin", "end"])


def spells(
    program: Program, replications: Iterable[LoggedReplication], draw: int = 0
) -> pd.DataFrame:
    """The first spell of the goal in each replication that reached it before any ruin.

    Args:
        program, replications, draw: as for :func:`budgets`.

    Returns:
        strategy, draw, replication, begins (day), days, ended: whether the goal was lost; otherwise
        it held to the end of the run.
    """
    rows = [
        (program.strategy, draw, replication, *_first_spell(program, row, log))
        for replication, row, log in replications
        if row.outcome[0] == GOAL
    ]
    columns = ["strategy", "draw", "replication", "begins", "days", "ended"]
    return pd.DataFrame(rows, columns=columns)


def _first_spell(program: Program, row: Rows, log: Sequence[Entry]) -> tuple[float, float, bool]:
    begins, goal = float(row.time[0]), program.code.goal
    for time, what, subject, level, _ in log:
        if what == What.FALLS and subject == goal and level == 0 and time >= begins:
            return begins, time - begins, True
    return begins, _end(program, row) - begins, False


def _end(program: Program, row: Rows) -> float:
    """When the run ended: at the ruin, or at the horizon."""
    if program.code.ruin >= 0 and (ruin := float(row.first[0, program.code.ruin])) == ruin:
        return ruin
    return float(program.code.horizon)


# -- reading a log in order ------------------------------------------------------------------------

Days = dict[tuple[int, Activity], float]


class _LogReader:
    """Reads logs of one program in order; the tables that it needs are plain lists here."""

    def __init__(self, program: Program) -> None:
        code = program.code
        self.program = program
        self.names = [stage.split(".")[1] for stage in program.stages]
        self.track_of: list[int] = code.stage_track.tolist()
        self.start_rule = [self._rule(int(rule)) for rule in code.start_rule]
        self.gate = [self._rule(int(rule)) for rule in code.gate]
        spans = list(zip(code.window_opens.tolist(), code.window_closes.tolist(), strict=True))
        bounds = code.window_start.tolist()
        self.windows = [spans[a:b] for a, b in itertools.pairwise(bounds)]
        bounds, parties = code.party_start.tolist(), code.party.tolist()
        self.parties = [parties[a:b] for a, b in itertools.pairwise(bounds)]
        self.capacity: list[int] = code.capacity.tolist()
        self.left_out: list[bool] = code.left_out.tolist()
        self.begins_at: list[int] = code.begins_at.tolist()
        self.begun: list[bool] = code.begun.tolist()
        self.last_stage: list[int] = code.stage_start[1:].tolist()

    def _rule(self, rule: int) -> list[tuple[str, list[tuple[int, int, bool]]]]:
        """The items of a rule: text, and literals (level, at least, negated)."""
        code = self.program.code
        return [
            (
                self.program.items[item],
                [
                    (
                        int(code.literal_condition[i]),
                        int(code.literal_least[i]),
                        bool(code.literal_negated[i]),
                    )
                    for i in range(code.item_start[item], code.item_start[item + 1])
                ],
            )
            for item in range(code.rule_start[rule], code.rule_start[rule + 1])
        ]

    def days(self, row: Rows, log: Sequence[Entry]) -> Days:
        """Days by track and activity, until the goal or the horizon."""
        horizon = float(self.program.code.horizon)
        outcome, until = row.outcome[0], float(row.time[0])
        state = _State(self)
        days: Days = {}
        last = until if outcome in (GOAL, RUIN) else horizon
        for begins, ends in state.spans(log, last):
            state.spend(begins, ends, days)
        if outcome == RUIN:
            for track in range(len(state.activities)):
                days[track, Activity(RUINED)] = horizon - last
        for track, activity in enumerate(state.activities):  # where the goal came on day 0
            days.setdefault((track, activity), 0.0)
        return days


class _State:
    """The activity of every track at one instant of a replication."""

    def __init__(self, reader: _LogReader) -> None:
        self.reader = reader
        self.levels = [0] * len(reader.program.all_levels)
        self.activities = [Activity(LEFT_OUT) if out else Activity(GATE) for out in reader.left_out]
        self.stage = reader.begins_at.copy()
        for track, stage in enumerate(self.stage):
            if stage == reader.last_stage[track]:
                self.activities[track] = Activity(COMPLETED)
        self.begun = reader.begun.copy()  # or opened: whether the start rule is no longer asked
        self.occupied = [0] * len(reader.capacity)

    def spans(self, log: Sequence[Entry], last: float) -> Iterator[tuple[float, float]]:
        """The intervals between successive events, up to ``last``, with the state within each."""
        now = 0.0
        for entry in log:
            if entry[0] > now:
                self.look(now)
                yield now, min(entry[0], last)
                now = entry[0]
            if now >= last:
                return
            self.take(entry)
        self.look(now)
        yield now, last

    def take(self, entry: Entry) -> None:
        """Apply an event to the activity of its track, or to a level."""
        _, what, subject, detail, _ = entry
        reader = self.reader
        if what in (What.RISES, What.FALLS):
            self.levels[subject] = detail
        elif what == What.BEGINS:
            track = reader.track_of[subject]
            self.activities[track] = Activity(TABLE, reader.names[subject])
            self.begun[track] = True
            self._occupy(track, 1)
        elif what in (What.SUCCEEDS, What.FAILS, What.BREAKS):
            track = reader.track_of[subject]
            self._occupy(track, -1)
            self.stage[track] = subject + 1
            self.activities[track] = {
                What.SUCCEEDS: lambda: Activity(GATE),
                What.FAILS: lambda: Activity(SETBACK, reader.program.setbacks[detail]),
                What.BREAKS: lambda: Activity(BREAK, reader.program.shocks[detail]),
            }[what]()
        elif what in (What.RESUMES, What.REOPENS):
            track = reader.track_of[subject]
            self.activities[track], self.stage[track] = Activity(GATE), subject
        elif what == What.ADMITS:
            self.activities[subject], self.begun[subject] = Activity(GATE), True
        elif what == What.CLOSES and detail == NOTHING:
            self.activities[subject] = Activity(LEFT_OUT)
        elif what in (What.LEAVES, What.COMPLETES):
            self.activities[subject] = Activity(ABANDONED if what == What.LEAVES else COMPLETED)

    def _occupy(self, track: int, change: int) -> None:
        for party in self.reader.parties[track]:
            self.occupied[party] += change

    def look(self, now: float) -> None:
        """Once all events of an instant are applied: set the item that each track waits for."""
        for track, activity in enumerate(self.activities):
            if activity.kind in WAITING:
                self.activities[track] = self._lacks(track, now)

    def _lacks(self, track: int, now: float) -> Activity:
        """The first unmet item of a waiting track, in the order of the model."""
        reader, stage = self.reader, self.stage[track]
        rules = [*reader.start_rule[track]] if not self.begun[track] else []
        for text, literals in [*rules, *reader.gate[stage]]:
            if not any(self._holds(*literal) for literal in literals):
                return Activity(GATE, text)
        windows = reader.windows[stage]
        if windows and not any(opens <= now < closes for opens, closes in windows):
            return Activity(WINDOW, reader.names[stage])
        full = [p for p in reader.parties[track] if self.occupied[p] >= reader.capacity[p]]
        party = list(reader.program.scenario.delegations)[full[0]] if full else ""
        return Activity(DELEGATION, party)

    def _holds(self, level: int, least: int, negated: bool) -> bool:
        at = self.levels[level]
        return at == 0 if negated else at >= least

    def spend(self, begins: float, ends: float, days: Days) -> None:
        """Add the days between two events to the activities of the tracks."""
        for track, activity in enumerate(self.activities):
            until = ends
            if activity.kind == DELEGATION and (windows := self.reader.windows[self.stage[track]]):
                # A window closes without an event.
                closes = next(closes for opens, closes in windows if opens <= begins < closes)
                until = min(ends, closes)
                if until < ends:
                    shut = (track, Activity(WINDOW, self.reader.names[self.stage[track]]))
                    days[shut] = days.get(shut, 0.0) + ends - until
            days[track, activity] = days.get((track, activity), 0.0) + until - begins


def goal_tracks(program: Program) -> list[str]:
    """Tracks of the strategy in which the success of a stage raises the goal."""
    code, found = program.code, []
    for stage, name in enumerate(program.stages):
        effect = code.stage_effects[stage]
        steps: Any = code.effect_of[code.effect_start[effect] : code.effect_start[effect + 1]]
        kinds = code.effect_kind[code.effect_start[effect] : code.effect_start[effect + 1]]
        if (
            not code.left_out[code.stage_track[stage]]
            and code.goal in steps[kinds == RAISE].tolist()
        ):
            found.append(name.split(".")[0])
    return list(dict.fromkeys(found))
