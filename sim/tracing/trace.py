"""One replication as tables and sentences, made of the event log of an engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.engine import rows as row_tables
from sim.engine.program import ABANDON, NOTHING, Entry, Program, What
from sim.engine.rows import Rows
from sim.formatting import html_table, many, short
from sim.scenario.description import days, holding
from sim.scenario.scenario import Scenario
from sim.tracing.time_budget import activities

SHOWN, SHOWN_IN_A_NOTEBOOK = 6, 30  # events


@dataclass(frozen=True, repr=False)
class Trace:
    """One replication, dated.

    Attributes:
        row: the row of the replication (column -> value), as in a results table.
        events: every event (time in days, date, entity, what happened, why).
        attempts: track, stage, attempt (from 0), begin, end, ending; ``ending`` is "success",
            the name of a setback, "broken" or "ongoing".
        shocks: time, shock; those that happened.
        activities: track, activity, item, begin, end, from :func:`time_budget.activities`.
        levels: condition, begin, end, level; spells at level 1 or more, also of stage conditions.
        called: the title of the strategy.
        windows: stage ("track.stage"), opens, closes (days), until the horizon, for tracks that
            are not left out.
    """

    title: str
    goal: str
    start: dt.date
    horizon: float
    strategy: str
    replication: int
    seed: int
    row: dict[str, Any]
    events: pd.DataFrame
    attempts: pd.DataFrame
    activities: pd.DataFrame
    shocks: pd.DataFrame
    levels: pd.DataFrame
    windows: pd.DataFrame
    called: str

    def __repr__(self) -> str:
        outcome, days = self.row["outcome"], f"{self.row['time']:,.0f}"
        lines = [
            f"{short(self.title, 100)}: {self.strategy}, {self.where}",
            f"  {outcome} after {days} days; {many(len(self.events), 'event')}",
        ]
        first = self.events.head(SHOWN)
        lines += [f"  {e.date}  {short(f'{e.entity} {e.what}', 80)}" for e in first.itertuples()]
        return "\n".join([*lines, *(["  .."] if len(self.events) > SHOWN else [])])

    def _repr_html_(self) -> str:
        first = self.events.head(SHOWN_IN_A_NOTEBOOK)[["date", "entity", "what", "why"]]
        body = [[str(cell) for cell in event] for event in first.itertuples(index=False)]
        left = len(self.events) - len(body)
        below = f"and {many(left, 'event')} more: trace.events" if left else ""
        above = (
            f"{self.called}, {self.where}: {self.row['outcome']} after {self.row['time']:,.0f} days"
        )
        return html_table(["date", "entity", "what", "why"], body, above=above, below=below)

    @property
    def where(self) -> str:
        """The replication, its draw and its seed, in words."""
        draw = f", draw {self.row['draw']}" if self.row["draw"] else ""
        return f"replication {self.replication}{draw}, seed {self.seed}"


def trace_of(
    program: Program,
    rows: Rows,
    log: Sequence[Entry],
    seed: int,
    replication: int,
    draw: int = 0,
) -> Trace:
    """The trace of one replication.

    Args:
        program: the program that the engine simulated.
        rows: the row of the replication (n = 1), as ``trace`` of an engine returns it.
        log: its event log.
        seed, replication, draw: its address.

    >>> from sim import load
    >>> from sim.engine import kernel
    >>> from sim.engine.program import translate
    >>> program = translate(load("korea-2017").strategy("proposal"))
    >>> trace = trace_of(program, *kernel.trace(program, seed=1, replication=7), 1, 7)
    >>> list(trace.attempts.columns)
    ['track', 'stage', 'attempt', 'begin', 'end', 'ending']
    """
    row = row_tables.frame(program, rows, replication, draw).iloc[0].to_dict()
    ruined = program.scenario.ruin is not None and row["outcome"] == program.scenario.ruin
    end = row[f"first_{program.scenario.ruin}"] if ruined else program.code.horizon
    if not ruined and program.scenario.ruin is not None:
        ruin = row[f"first_{program.scenario.ruin}"]
        end = ruin if ruin == ruin else end  # ruin after the goal ends the run as well
    return Trace(
        title=program.scenario.title,
        goal=program.scenario.goal,
        start=program.start,
        horizon=program.code.horizon,
        strategy=program.strategy,
        replication=replication,
        seed=seed,
        row=row,
        events=_events(program, log),
        attempts=_attempts(program, log, end),
        activities=activities(program, rows, log),
        shocks=pd.DataFrame(
            [(e[0], program.shocks[e[2]]) for e in log if e[1] == What.HAPPENS],
            columns=["time", "shock"],
        ),
        levels=_levels(program, log, end),
        windows=_windows(program),
        called=program.scenario.titles.get(program.strategy, program.strategy.replace("_", " ")),
    )


def _attempts(program: Program, log: Sequence[Entry], end: float) -> pd.DataFrame:
    open_at: dict[int, tuple[float, int]] = {}
    found: list[tuple[float, int, int, float, str]] = []
    for time, what, subject, detail, _ in log:
        if what == What.BEGINS:
            open_at[subject] = (time, detail)
        elif what in (What.SUCCEEDS, What.FAILS, What.BREAKS):
            begin, attempt = open_at.pop(subject)
            ending = {What.SUCCEEDS: "success", What.BREAKS: "broken"}.get(what)
            found.append((begin, subject, attempt, time, ending or program.setbacks[detail]))
    found += [(begin, s, attempt, end, "ongoing") for s, (begin, attempt) in open_at.items()]
    return pd.DataFrame(
        [
            (*program.stages[s].split("."), attempt, begin, until, ending)
            for begin, s, attempt, until, ending in sorted(found)
        ],
        columns=["track", "stage", "attempt", "begin", "end", "ending"],
    )


def _levels(program: Program, log: Sequence[Entry], end: float) -> pd.DataFrame:
    since: dict[int, tuple[float, int]] = {}
    spells: list[tuple[int, float, float, int]] = []
    for time, what, subject, level, _ in log:
        if what not in (What.RISES, What.FALLS):
            continue
        begin, was = since.pop(subject, (time, 0))
        if was > 0 and time > begin:
            spells.append((subject, begin, time, was))
        if level > 0:
            since[subject] = (time, level)
    spells += [(s, begin, end, level) for s, (begin, level) in since.items() if end > begin]
    return pd.DataFrame(
        [
            (program.levels[s], begin, until, level)
            for s, begin, until, level in sorted(spells)
            if s < len(program.levels)  # failures are no spells
        ],
        columns=["condition", "begin", "end", "level"],
    )


def _windows(program: Program) -> pd.DataFrame:
    code = program.code
    left_out = {name for name, out in zip(program.tracks, code.left_out, strict=True) if out}
    spans = [
        (program.stages[s], code.window_opens[i], code.window_closes[i])
        for s in range(len(program.stages))
        for i in range(code.window_start[s], code.window_start[s + 1])
        if code.window_closes[i] > code.window_opens[i]
        and program.stages[s].split(".")[0] not in left_out
    ]
    return pd.DataFrame(spans, columns=["stage", "opens", "closes"])


# -- sentences ------------------------------------------------------------------------------------

ROOTS = (What.FADES, What.HAPPENS, What.SUCCEEDS, What.FAILS, What.RESUMES, What.ACTS)


def _events(program: Program, log: Sequence[Entry]) -> pd.DataFrame:
    sentences = _Sentences(program)
    events = [(entry[0], program.date(entry[0]), *sentences.of(entry)) for entry in log]
    return pd.DataFrame(events, columns=["time", "date", "entity", "what", "why"])


def is_main(events: pd.DataFrame, scenario: Scenario) -> pd.Series:
    """Which events matter most: what tracks and rules do, postures, and the conditions of the end.

    Args:
        events: of a trace, or of two traces side by side (with a column ``where``: then postures
            that both share are left out).
        scenario: of the trace.

    Returns:
        True or False for each event, (n,).
    """
    root, what = events["entity"].str.split(".").str[0], events["what"]
    of_tracks = root.isin(scenario.tracks) & ~what.str.contains(
        "holds|waits for|pauses|resumes|window", regex=True
    )
    of_rules = events["entity"].str.startswith("rule ")
    own = events["where"] != "both" if "where" in events else True
    postures = (events["time"] == 0) & own & what.str.contains("holds")
    ends = events["entity"].isin([scenario.goal, scenario.ruin])
    return of_tracks | of_rules | ends | postures


class _Sentences:
    """Puts log entries into words; the reason of a change of level is the event before it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.waits = row_tables.waits(program)
        self.cause = "at the start"
        self.cause_time = 0.0
        self.waited: dict[str, str] = {}

    def of(self, entry: Entry) -> tuple[str, str, str]:
        """Entity, what happened, why."""
        time, what = entry[0], entry[1]
        if time > self.cause_time:
            self.cause_time, self.cause = time, ""
        sentence = getattr(self, f"_{what.name.lower()}")(*entry[2:])
        if what in ROOTS:
            self.cause = f"{sentence[0]} {sentence[1]}"
        return sentence  # type: ignore[no-any-return]

    def _opens(self, stage: int, _: int, __: float) -> tuple[str, str, str]:
        return self.program.stages[stage], "its window opens", "calendar"

    def _fades(self, condition: int, _: int, __: float) -> tuple[str, str, str]:
        return self.program.conditions[condition], "fades", "time has passed"

    def _happens(self, shock: int, occurrence: int, _: float) -> tuple[str, str, str]:
        return self.program.shocks[shock], "happens", f"occurrence {occurrence}"

    def _passes(self, shock: int, _: int, chance: float) -> tuple[str, str, str]:
        why = "what it depends on does not hold"
        if chance > 0.0:
            why = f"its chance was {chance:.0%}"
        return self.program.shocks[shock], "does not happen", why

    def _breaks(self, stage: int, shock: int, _: float) -> tuple[str, str, str]:
        return self.program.stages[stage], "is broken off", f"by {self.program.shocks[shock]}"

    def _begins(self, stage: int, attempt: int, _: float) -> tuple[str, str, str]:
        name = self.program.stages[stage]
        waited = self.waited.pop(name.split(".")[0], "")
        why = f"after waiting for {waited}" if waited else "nothing stands in its way"
        return name, f"attempt {attempt + 1} begins", why

    def _succeeds(self, stage: int, attempt: int, chance: float) -> tuple[str, str, str]:
        return self.program.stages[stage], "succeeds", f"its chance was {chance:.0%}"

    def _fails(self, stage: int, setback: int, chance: float) -> tuple[str, str, str]:
        what = f"suffers a setback: {self.program.setbacks[setback]}"
        return self.program.stages[stage], what, f"its chance of success was {chance:.0%}"

    def _pauses(self, track: int, stage: int, days: float) -> tuple[str, str, str]:
        name = self.program.tracks[track]
        if stage == ABANDON:
            return name, f"will be abandoned after {days:.0f} days", self.cause
        goes_on = self.program.stages[stage].split(".")[1]
        return name, f"pauses for {days:.0f} days, then resumes at {goes_on}", self.cause

    def _resumes(self, stage: int, _: int, __: float) -> tuple[str, str, str]:
        track, name = self.program.stages[stage].split(".")
        return track, f"resumes at {name}", "its delay is over"

    def _hastens(self, track: int, _: int, __: float) -> tuple[str, str, str]:
        return self.program.tracks[track], "ends its delay at once", self.cause

    def _leaves(self, track: int, by: int, _: float) -> tuple[str, str, str]:
        why = "its delay is over" if by == NOTHING else self.cause
        return self.program.tracks[track], "is abandoned", why

    def _acts(self, rule: int, _: int, __: float) -> tuple[str, str, str]:
        name = self.program.rules[rule]
        one = next(r for r in self.program.scenario.chosen.rules if r.name == name)
        why = holding(one.when) if one.when else "at the start"
        if one.held:
            why += f", for {days(one.held)}"
        return f"rule {name}", "takes effect", why

    def _closes(self, track: int, by: int, _: float) -> tuple[str, str, str]:
        what = "is left out" if by == NOTHING else "will be abandoned when its attempt ends"
        return self.program.tracks[track], what, self.cause

    def _admits(self, track: int, _: int, __: float) -> tuple[str, str, str]:
        return self.program.tracks[track], "no longer waits for its start rule", self.cause

    def _completes(self, track: int, _: int, __: float) -> tuple[str, str, str]:
        return self.program.tracks[track], "is completed", "its last stage succeeded"

    def _reopens(self, stage: int, _: int, __: float) -> tuple[str, str, str]:
        track, name = self.program.stages[stage].split(".")
        return track, f"is reopened at {name}", self.cause

    def _rises(self, level: int, to: int, _: float) -> tuple[str, str, str]:
        return self.program.all_levels[level], self._level(level, "rises", to), self.cause

    def _falls(self, level: int, to: int, _: float) -> tuple[str, str, str]:
        return self.program.all_levels[level], self._level(level, "falls", to), self.cause

    def _level(self, level: int, verb: str, to: int) -> str:
        if level >= len(self.program.levels):
            return f"{verb} to {to}"
        highest = ([*self.program.code.maximum] + [1] * len(self.program.stages))[level]
        if highest == 1:
            return "holds" if to else "no longer holds"
        return f"{verb} to {to} of {highest}"

    def _waits(self, track: int, item: int, _: float) -> tuple[str, str, str]:
        name = self.program.tracks[track]
        if item == NOTHING:
            return name, "waits for nothing", ""
        self.waited[name] = self.waits[item]
        return name, f"waits for {self.waits[item]}", "before its first attempt"
