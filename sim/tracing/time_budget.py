"""Where the days of a history went: its event log played back, track by track.

A log tells what happened; between two instants every track is in one state. Played back, the log
gives the days that each track spent in each: at the table, in a delay, waiting and for what.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from sim.engine.program import GOAL, RAISE, RUIN, Entry, Program, What
from sim.engine.rows import Rows

TABLE, SETBACK, BREAK = "at the table", "after a setback", "after a break"
GATE, WINDOW, DELEGATION = "waiting for a condition", "waiting for the window", "waiting for a seat"
COMPLETED, ABANDONED, LEFT_OUT, RUINED = "completed", "abandoned", "left out", "after the ruin"
ACTIVITIES = (
    *(TABLE, SETBACK, BREAK, GATE, WINDOW, DELEGATION),
    *(COMPLETED, ABANDONED, LEFT_OUT, RUINED),
)
"""What a track can be doing, in the order in which figures show it."""
WAITING = (GATE, WINDOW, DELEGATION)

Telling = tuple[int, Rows, Sequence[Entry]]
"""A replication, its row and its log."""


class Doing(NamedTuple):
    """What a track does, and the item that says more.

    The item is the stage at the table, the setback or shock that caused a delay, or what is
    waited for; empty otherwise.
    """

    activity: str
    item: str = ""


def budgets(program: Program, tellings: Iterable[Telling], draw: int = 0) -> pd.DataFrame:
    """Days that each track spent on everything, from day 0 until the goal.

    A history that never reached the goal is followed to the horizon; what follows its ruin is
    ``after the ruin``. So the days of a track add up to the days without the goal, as in
    :func:`sim.statistics.summary`.

    Args:
        program: what was told.
        tellings: histories with their logs.
        draw: of the numbers of the program.

    Returns:
        strategy, draw, replication, track, activity (one of ACTIVITIES), item, days. Every track
        of every history has a row at least.
    """
    player = _Player(program)
    rows = [
        (replication, program.tracks[track], *doing, days)
        for replication, told, log in tellings
        for (track, doing), days in player.play(told, log).items()
    ]
    columns = ["replication", "track", "activity", "item", "days"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "draw", draw)
    table.insert(0, "strategy", program.strategy)
    return table


def spells(program: Program, tellings: Iterable[Telling], draw: int = 0) -> pd.DataFrame:
    """The first time that the goal was held, of every history that reached it before any ruin.

    Returns:
        strategy, draw, replication, begins (day), days, ended: whether it was lost; otherwise it
        was held to the end of the run.
    """
    rows = [
        (program.strategy, draw, replication, *_first_spell(program, told, log))
        for replication, told, log in tellings
        if told.outcome[0] == GOAL
    ]
    columns = ["strategy", "draw", "replication", "begins", "days", "ended"]
    return pd.DataFrame(rows, columns=columns)


def _first_spell(program: Program, told: Rows, log: Sequence[Entry]) -> tuple[float, float, bool]:
    begins, goal = float(told.time[0]), program.code.goal
    for time, what, subject, level, _ in log:
        if what == What.FALLS and subject == goal and level == 0 and time >= begins:
            return begins, time - begins, True
    return begins, _end(program, told) - begins, False


def _end(program: Program, told: Rows) -> float:
    """When the run ended: at the ruin, or at the horizon."""
    if program.code.ruin >= 0 and (ruin := float(told.first[0, program.code.ruin])) == ruin:
        return ruin
    return float(program.code.horizon)


# -- playing a log back ---------------------------------------------------------------------------

Days = dict[tuple[int, Doing], float]


class _Player:
    """Plays logs of one program back; what it needs of the program stands here as plain lists."""

    def __init__(self, program: Program) -> None:
        code = program.code
        self.program = program
        self.names = [stage.split(".")[1] for stage in program.stages]
        self.track_of: list[int] = code.stage_track.tolist()
        self.first_stage: list[int] = code.stage_start.tolist()
        self.start_rule = [self._rule(int(rule)) for rule in code.start_rule]
        self.gate = [self._rule(int(rule)) for rule in code.gate]
        spans = list(zip(code.window_opens.tolist(), code.window_closes.tolist(), strict=True))
        bounds = code.window_start.tolist()
        self.windows = [spans[a:b] for a, b in itertools.pairwise(bounds)]
        bounds, parties = code.party_start.tolist(), code.party.tolist()
        self.parties = [parties[a:b] for a, b in itertools.pairwise(bounds)]
        self.capacity: list[int] = code.capacity.tolist()
        self.left_out: list[bool] = code.left_out.tolist()

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

    def play(self, told: Rows, log: Sequence[Entry]) -> Days:
        """Days by track and what it did, until the goal or the horizon."""
        horizon = float(self.program.code.horizon)
        outcome, until = told.outcome[0], float(told.time[0])
        state = _State(self)
        days: Days = {}
        last = until if outcome in (GOAL, RUIN) else horizon
        for begins, ends in state.spans(log, last):
            state.spend(begins, ends, days)
        if outcome == RUIN:
            for track in range(len(state.doing)):
                days[track, Doing(RUINED)] = horizon - last
        for track, doing in enumerate(state.doing):  # where the goal came on day 0
            days.setdefault((track, doing), 0.0)
        return days


class _State:
    """What every track does at one instant of a history."""

    def __init__(self, player: _Player) -> None:
        self.player = player
        tracks = len(player.left_out)
        self.levels = [0] * len(player.program.levels)
        self.doing = [Doing(LEFT_OUT) if out else Doing(GATE) for out in player.left_out]
        self.stage = player.first_stage[:tracks]
        self.begun = [False] * tracks
        self.seated = [0] * len(player.capacity)

    def spans(self, log: Sequence[Entry], last: float) -> Iterator[tuple[float, float]]:
        """The times between two instants, the state being that between them; up to ``last``."""
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
        """An event changes what a track does, or a level."""
        _, what, subject, detail, _ = entry
        player = self.player
        if what in (What.RISES, What.FALLS):
            self.levels[subject] = detail
        elif what == What.BEGINS:
            track = player.track_of[subject]
            self.doing[track] = Doing(TABLE, player.names[subject])
            self.begun[track] = True
            self._seat(track, 1)
        elif what in (What.SUCCEEDS, What.FAILS, What.BREAKS):
            track = player.track_of[subject]
            self._seat(track, -1)
            self.stage[track] = subject + 1
            self.doing[track] = {
                What.SUCCEEDS: lambda: Doing(GATE),
                What.FAILS: lambda: Doing(SETBACK, player.program.setbacks[detail]),
                What.BREAKS: lambda: Doing(BREAK, player.program.shocks[detail]),
            }[what]()
        elif what in (What.RESUMES, What.REOPENS):
            track = player.track_of[subject]
            self.doing[track], self.stage[track] = Doing(GATE), subject
        elif what in (What.LEAVES, What.COMPLETES):
            self.doing[subject] = Doing(ABANDONED if what == What.LEAVES else COMPLETED)

    def _seat(self, track: int, change: int) -> None:
        for party in self.player.parties[track]:
            self.seated[party] += change

    def look(self, now: float) -> None:
        """At rest: what does each waiting track wait for?"""
        for track, doing in enumerate(self.doing):
            if doing.activity in WAITING:
                self.doing[track] = self._lacks(track, now)

    def _lacks(self, track: int, now: float) -> Doing:
        """The first thing that a waiting track lacks, in the order of the model."""
        player, stage = self.player, self.stage[track]
        rules = [*player.start_rule[track]] if not self.begun[track] else []
        for text, literals in [*rules, *player.gate[stage]]:
            if not any(self._holds(*literal) for literal in literals):
                return Doing(GATE, text)
        windows = player.windows[stage]
        if windows and not any(opens <= now < closes for opens, closes in windows):
            return Doing(WINDOW, player.names[stage])
        full = [p for p in player.parties[track] if self.seated[p] >= player.capacity[p]]
        party = list(player.program.scenario.delegations)[full[0]] if full else ""
        return Doing(DELEGATION, party)

    def _holds(self, level: int, least: int, negated: bool) -> bool:
        at = self.levels[level]
        return at == 0 if negated else at >= least

    def spend(self, begins: float, ends: float, days: Days) -> None:
        """Add the days between two instants to what the tracks do."""
        for track, doing in enumerate(self.doing):
            until = ends
            if doing.activity == DELEGATION and (windows := self.player.windows[self.stage[track]]):
                # A window closes without an event.
                closes = next(closes for opens, closes in windows if opens <= begins < closes)
                until = min(ends, closes)
                if until < ends:
                    shut = (track, Doing(WINDOW, self.player.names[self.stage[track]]))
                    days[shut] = days.get(shut, 0.0) + ends - until
            days[track, doing] = days.get((track, doing), 0.0) + until - begins


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
