"""A scenario and its chosen strategy as flat arrays: names in, indices out, nothing clever.

Every entity gets an index by its place in the file. Conditions come first in the levels, then one
*stage condition* for each stage. A list of lists is stored as a start table and a flat list:
the items of entry ``i`` are ``flat[start[i]:start[i + 1]]``.

All parameters that an analyst may vary stand in one vector, ``parameters``;
``parameter_index`` gives the place of each by its path. :meth:`Program.with_parameters` sets other
values and derives the few arrays that depend on them, without parsing or validating again.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.engine import distributions, streams
from sim.engine.calendar import dates_of, spans_of
from sim.errors import ModelError
from sim.scenario.model import (
    FAILURES,
    DecisionRule,
    done_under,
    failures_read,
    rule_names,
)
from sim.scenario.parameters import QUANTITIES
from sim.scenario.quantities import quantity_of
from sim.scenario.scenario import (
    Clauses,
    Duration,
    Effects,
    Influence,
    Literal,
    Number,
    Scenario,
    Shock,
    Stage,
    base_value,
)
from sim.types import Flags, Floats, Ints, Words

MAX_EVENTS_AT_AN_INSTANT = 10_000
MAX_EVENTS = 10_000_000

NOTHING = -1
ABANDON = -2  # where a resume has no stage to go to
WINDOW, DELEGATION = -3, -4  # what a track can wait for, besides the items of its clauses
RATE, AFTER, DATED = range(3)
CLEAR, LOWER, RAISE, REOPEN, RESUME, CLOSE, OPEN = range(7)
GOAL, RUIN, ABANDONED, ONGOING = range(4)


REMEMBERED = 1000  # events of an instant that the message of a ModelError looks back on


class What(enum.IntEnum):
    """The kinds of entries of the event log; a comment names subject; detail; value."""

    OPENS = 0  # the window of a stage
    FADES = 1  # a condition
    HAPPENS = 2  # a shock; its occurrence
    PASSES = 3  # a shock that did not happen; its occurrence; its probability, 0: `when` failed
    BREAKS = 4  # an attempt at a stage is broken; the shock
    BEGINS = 5  # an attempt at a stage; its number
    SUCCEEDS = 6  # an attempt at a stage; its number; the chance that it had
    FAILS = 7  # an attempt at a stage; the setback; the chance that it had
    PAUSES = 8  # a track; the stage at which it will resume, or ABANDON; days
    RESUMES = 9  # a track, at a stage
    LEAVES = 10  # a track is abandoned; 1: a rule has closed it
    COMPLETES = 11  # a track
    REOPENS = 12  # a completed track, at a stage
    RISES = 13  # a condition or stage condition; its new level
    FALLS = 14  # a condition or stage condition; its new level
    WAITS = 15  # a track before its first attempt; the first item that it lacks
    HASTENS = 16  # a track in a delay, which ends now
    ACTS = 17  # a rule of the strategy, by its column
    CLOSES = 18  # a track is left out, or (detail 1) will be abandoned when its attempt ends
    ADMITS = 19  # a track whose start rule is waived, or which was left out


# time, what, subject, detail, value
Entry = tuple[float, What, int, int, float]

FAMILIES = {
    "fixed": distributions.FIXED,
    "exponential": distributions.EXPONENTIAL,
    "lognormal": distributions.LOGNORMAL,
    "weibull": distributions.WEIBULL,
    "uniform": distributions.UNIFORM,
    "pert": distributions.PERT,
    "quantiles": distributions.QUANTILES,
    "values": distributions.VALUES,
}


class Code(NamedTuple):
    """What both engines read: only arrays and numbers, passed whole.

    Sizes: C conditions, S stages of all tracks, F of them whose failures are read, T tracks, B
    setbacks of all stages, K shocks, J breaks of all shocks, P parties with a limited delegation, D
    laws of durations, R rules (lists of clauses), A rules of the strategy (decisions). Times are
    days since the start of the scenario.
    """

    horizon: float
    most_events: int  # in one replication
    goal: int
    ruin: int  # NOTHING where the scenario has none
    conditions: int  # C; level C + s is the stage condition of stage s; then come failures
    # conditions
    maximum: Ints  # (C,)
    initially: Ints  # (C,)
    held: Flags  # (C,) held by attempts in progress
    fade_law: Ints  # (C,) or NOTHING
    fade_stream: Words  # (C,)
    postures: Ints  # conditions raised at the start, in list order
    # rules: all items must hold, an item holds when one of its literals does
    rule_start: Ints  # (R + 1,) into items
    item_start: Ints  # into literals
    literal_condition: Ints
    literal_least: Ints
    literal_negated: Flags
    # tracks
    stage_start: Ints  # (T + 1,)
    start_rule: Ints  # (T,)
    left_out: Flags  # (T,)
    begins_at: Ints  # (T,) the first stage that is not done, which may be that after the last
    begun: Flags  # (T,) whether a stage is done before day 0
    done: Ints  # stages that are done before day 0
    by_priority: Ints  # (T,) track indices
    party_start: Ints  # (T + 1,)
    party: Ints
    capacity: Ints  # (P,)
    # stages
    stage_track: Ints  # (S,)
    stage_stream: Words  # (S,)
    duration_law: Ints  # (S,)
    success: Floats  # (S,)
    failures: Ints  # (S,) the level that counts its failures, or NOTHING
    gate: Ints  # (S,) rule
    hold_start: Ints  # (S + 1,)
    hold: Ints
    stage_effects: Ints  # (S,)
    window_start: Ints  # (S + 1,) spans of days; none: always open
    window_opens: Floats
    window_closes: Floats
    opening_time: Floats  # all openings inside the run, in order of time, then of stages
    opening_stage: Ints
    # setbacks
    setback_start: Ints  # (S + 1,)
    setback_weight: Floats  # (B,)
    setback_when: Ints  # (B,) rule
    setback_delay: Ints  # (B,) law
    setback_resume: Ints  # (B,) stage or ABANDON
    setback_effects: Ints  # (B,)
    setback_count: Ints  # (B,) its column among the counts
    # shocks
    timing: Ints  # (K,) RATE, AFTER or DATED
    rate: Floats  # (K,) per year
    after_law: Ints  # (K,) or NOTHING
    shock_stream: Words  # (K,)
    shock_when: Ints  # (K,) rule
    probability: Floats  # (K,)
    shock_effects: Ints  # (K,)
    shock_count: Ints  # (K,)
    breaks_count: Ints  # (K,)
    date_start: Ints  # (K + 1,)
    date: Floats
    break_start: Ints  # (K + 1,)
    break_track: Ints  # (J,)
    break_stage: Ints  # (J,) or NOTHING: any stage
    break_probability: Floats  # (J,)
    break_delay: Ints  # (J,) law
    break_resume: Ints  # (J,) stage, ABANDON, or NOTHING: where it broke
    # decisions: what the strategy does in answer to events
    decision_when: Ints  # (A,) rule
    decision_held: Floats  # (A,) days for which it must have held
    decision_repeats: Flags  # (A,)
    decision_effects: Ints  # (A,)
    decision_column: Ints  # (A,) among the rules of all strategies
    # effects: clears, lowers, raises, reopens, resumes, closes, opens, in this order
    effect_start: Ints
    effect_kind: Ints
    effect_of: Ints  # a condition; for REOPEN a stage, from RESUME on a track
    # influences, sorted by what they bear on, in file order
    odds_start: Ints  # (S + 1,)
    odds: Ints  # into influence_*
    time_start: Ints  # (S + 1,)
    time: Ints
    speed_start: Ints  # (K + 1,)
    speed: Ints
    influence_condition: Ints
    influence_least: Ints
    influence_negated: Flags
    influence_per_level: Flags
    influence_ratio: Floats
    # undated shocks whose clock must be looked at when a level changes
    reader_start: Ints  # (C + S + F + 1,)
    reader: Ints
    # laws of durations
    law_family: Ints  # (D,)
    law_params: Floats  # (D, 4)
    law_start: Ints  # (D,) into law_table
    law_count: Ints  # (D,)
    law_table: Floats
    counts: int  # columns of counts


@dataclass(frozen=True)
class Wiring:
    """The index in ``parameters`` of each value of a derived array."""

    success: Ints
    setback_weight: Ints
    rate: Ints
    probability: Ints
    break_probability: Ints
    influence_ratio: Ints
    capacity: Ints
    law_family: Ints  # (D,)
    law_index_start: Ints  # (D + 1,)
    law_indices: Ints
    law_table_start: Ints  # (D + 1,)


@dataclass(frozen=True, repr=False)
class Program:
    """A scenario and strategy ready to run; indices are those of :class:`Code`.

    Attributes:
        code: the arrays of the compiled engine, at the present parameter values.
        parameters: (parameters,) the parameter vector.
        parameter_index: the place of each parameter in it, by path.
        wiring: from the parameter vector to the arrays of the code.
        scenario, strategy, start: what was translated; the date of day 0.
        conditions, tracks, stages, setbacks, shocks: names, in the order of their indices; a stage
            is "track.stage", and a setback stands once for each stage that has it.
        setback_names: each name once, in order of first appearance.
        items: the text of every item of every rule.
        failures: levels that count the failed attempts at a stage, "track.stage.failures".
        decisions: the rules of the strategy.
        rules: those of all strategies of the scenario, which have columns.
    """

    code: Code
    parameters: Floats  # the parameter vector
    parameter_index: Mapping[str, int]  # by path
    wiring: Wiring
    scenario: Scenario
    strategy: str
    start: dt.date
    conditions: tuple[str, ...]
    tracks: tuple[str, ...]
    stages: tuple[str, ...]  # "track.stage"
    setbacks: tuple[str, ...]  # (B,) names
    setback_names: tuple[str, ...]  # each name once, in order of first appearance
    shocks: tuple[str, ...]
    items: tuple[str, ...]  # the text of every item of every rule
    failures: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def __repr__(self) -> str:
        many = len(self.parameters), len(self.tracks), len(self.stages), len(self.shocks)
        parts = "{} parameters, {} tracks, {} stages, {} shocks".format(*many)
        return f"<Program of {self.scenario.name}, {self.strategy}: {parts}>"

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels that have columns: conditions, then stage conditions."""
        return self.conditions + self.stages

    @property
    def all_levels(self) -> tuple[str, ...]:
        """Names of all levels: those that have columns, then failures."""
        return self.levels + self.failures

    @property
    def values(self) -> dict[str, float]:
        """The values of all parameters, by their paths."""
        return {name: float(self.parameters[i]) for name, i in self.parameter_index.items()}

    def with_parameters(self, values: Mapping[str, float]) -> Program:
        """The same program with other parameter values (one draw).

        Args:
            values: by parameter path.

        Raises:
            KeyError: an unknown path.
        """
        indices = _ints(self.parameter_index[path] for path in values)
        return self.with_parameters_at(indices, list(values.values()))

    def with_parameters_at(self, indices: Ints, values: npt.ArrayLike) -> Program:
        """The same program with other values at these indices of the parameter vector.

        Args:
            indices: (n,) without repetition.
            values: (n,).
        """
        parameters = self.parameters.copy()
        parameters[indices] = values
        code = self.code._replace(**derive(parameters, self.wiring))
        return replace(self, code=code, parameters=parameters)

    def limited(self, most_events: int) -> Program:
        """The same program with another limit on the events of one replication."""
        return replace(self, code=self.code._replace(most_events=most_events))

    def date(self, time: float) -> dt.date:
        """The calendar date of a time in days; the calendar ends with 9999.

        >>> from sim import load
        >>> translate(load("korea-2017").strategy("proposal")).date(1.5)
        datetime.date(2017, 6, 16)
        """
        days = min(math.floor(time), (dt.date.max - self.start).days)
        return self.start + dt.timedelta(days=days)

    def entity(self, rank: int) -> str:
        """The name of the entity with a rank in the order at one instant."""
        names = [f"the window of {stage}" for stage in self.stages]
        names += [f"the fading of {condition}" for condition in self.conditions]
        names += [f"shock {shock}" for shock in self.shocks]
        names += [f"track {track}" for track in self.tracks]
        names += [f"rule {rule}" for rule in self.decisions]
        return names[rank]


def cannot_advance(
    program: Program, seed: int, replication: int, now: float, events: int, ranks: Iterable[int]
) -> ModelError:
    """The error of a replication with too many events, which names the entities in the loop.

    Args:
        now: days.
        events: so far in this replication.
        ranks: of the entities (see :meth:`Program.entity`) with the last events.
    """
    most = program.code.most_events
    if events > most:
        what = f"more than {most:,} events in one replication"
    else:
        what = f"more than {MAX_EVENTS_AT_AN_INSTANT:,} events at one instant"
    names = ", ".join(program.entity(rank) for rank in sorted(set(ranks)))
    return ModelError(
        f"{program.scenario.name}: time cannot advance: {what}, on day {now:g} "
        f"({program.date(now)}), in {names} "
        f"(strategy {program.strategy}, replication {replication}, seed {seed})",
        replication,
    )


def derive(parameters: Floats, wiring: Wiring) -> dict[str, Any]:
    """The fields of :class:`Code` that hold or depend on parameters."""
    params = np.zeros((len(wiring.law_family), 4))
    table = np.zeros(int(wiring.law_table_start[-1]) + 1)
    distributions.prepare_all(
        wiring.law_family,
        wiring.law_index_start,
        wiring.law_indices,
        parameters,
        params,
        wiring.law_table_start,
        table,
    )
    return {
        "success": parameters[wiring.success],
        "setback_weight": parameters[wiring.setback_weight],
        "rate": parameters[wiring.rate],
        "probability": parameters[wiring.probability],
        "break_probability": parameters[wiring.break_probability],
        "influence_ratio": parameters[wiring.influence_ratio],
        # A sampled delegation is a whole number of negotiations, and at least one.
        "capacity": np.maximum(1, np.floor(parameters[wiring.capacity] + 0.5)).astype(np.int64),
        "law_params": params,
        "law_table": table,
    }


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _flags(values: Iterable[bool]) -> Flags:
    return np.array(list(values), dtype=np.bool_)


def _ragged(lists: Iterable[Sequence[int]]) -> tuple[Ints, Ints]:
    """A list of lists as a start table and one flat list."""
    start: list[int] = [0]
    flat: list[int] = []
    for one in lists:
        flat.extend(one)
        start.append(len(flat))
    return _ints(start), _ints(flat)


# -- the translation ------------------------------------------------------------------------------


class _Translator:
    """Collects indices, parameters, rules, laws and effects of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.conditions = list(scenario.conditions)
        self.tracks = list(scenario.tracks)
        pairs = [(t, stage) for t in scenario.tracks.values() for stage in t.stages]
        self.stage_of: list[Stage] = [stage for _, stage in pairs]
        self.stages = [f"{track.name}.{stage.name}" for track, stage in pairs]
        self.shocks = list(scenario.shocks)
        self.failures = failures_of(scenario)
        names = self.conditions + self.stages + self.failures
        self.level = {name: i for i, name in enumerate(names)}
        self.stage = {name: i for i, name in enumerate(self.stages)}
        self.track = {name: i for i, name in enumerate(self.tracks)}
        self.parameters: list[float] = []
        self.parameter_index: dict[str, int] = {}
        self.families: list[int] = []
        self.law_indices: list[tuple[int, ...]] = []
        self.shared_laws: dict[str, int] = {}
        self.rules: list[list[int]] = []
        self.item_texts: list[str] = []
        self.item_literals: list[list[Literal]] = []
        self.effects: list[list[tuple[int, int]]] = []

    def parameter(self, path: str, number: Number) -> int:
        if quantity := quantity_of(number):
            path = f"{QUANTITIES}.{quantity}"
        if path not in self.parameter_index:
            self.parameter_index[path] = self.constant(base_value(number))
        return self.parameter_index[path]

    def constant(self, value: float) -> int:
        self.parameters.append(value)
        return len(self.parameters) - 1

    def law(self, name: str, duration: Duration) -> int:
        if duration.quantity:
            name = f"{QUANTITIES}.{duration.quantity}"
            if name in self.shared_laws:
                return self.shared_laws[name]
            self.shared_laws[name] = len(self.families)
        self.families.append(FAMILIES[duration.family])
        if duration.family == "values":
            indices = [self.constant(value) for value in duration.values]
        else:
            indices = [
                self.parameter(f"{name}.{key}" if key else name, number)
                for key, number in duration.params.items()
            ]
        self.law_indices.append(tuple(indices))
        return len(self.families) - 1

    def rule(self, clauses: Clauses) -> int:
        items = []
        for item in clauses:
            items.append(len(self.item_texts))
            self.item_texts.append("|".join(literal.text for literal in item))
            self.item_literals.append(list(item))
        self.rules.append(items)
        return len(self.rules) - 1

    def effect(self, effects: Effects) -> int:
        steps = [(CLEAR, self.level[name]) for name in effects.clears]
        steps += [(LOWER, self.level[name]) for name in effects.lowers]
        steps += [(RAISE, self.level[name]) for name in effects.raises]
        steps += [(REOPEN, self.stage[f"{r.track}.{r.stage}"]) for r in effects.reopens]
        steps += [(RESUME, self.track[name]) for name in effects.resumes]
        if isinstance(effects, DecisionRule):
            steps += [(CLOSE, self.track[name]) for name in effects.closes]
            steps += [(OPEN, self.track[name]) for name in effects.opens]
        self.effects.append(steps)
        return len(self.effects) - 1


def failures_of(scenario: Scenario) -> list[str]:
    """The levels that count failures, in order: those that a clause or an influence reads."""
    strategies = [*scenario.strategies.values(), scenario.chosen]
    return [name + FAILURES for name in failures_read(scenario, strategies)]


def rules_of(scenario: Scenario) -> tuple[str, ...]:
    """The rules that have columns: those of all strategies of a scenario and of the chosen one."""
    return rule_names([*scenario.strategies.values(), scenario.chosen])


def translate(scenario: Scenario) -> Program:
    """A scenario with its chosen strategy as a :class:`Program` (draw 0: base values).

    Args:
        scenario: validated; ``scenario.strategy(name)`` chooses the strategy.

    >>> import sim
    >>> program = sim.translate(sim.load("korea-2017").strategy("proposal"))
    >>> program.strategy, len(program.tracks) == len(program.code.start_rule)
    ('proposal', True)
    """
    tr = _Translator(scenario)
    fields: dict[str, Any] = {
        "horizon": float(scenario.horizon),
        "most_events": MAX_EVENTS,
        "goal": tr.level[scenario.goal],
        "ruin": NOTHING if scenario.ruin is None else tr.level[scenario.ruin],
        "conditions": len(tr.conditions),
    }
    indices: dict[str, Ints] = {}
    fields |= _conditions(tr)
    fields |= _tracks(tr, indices)
    fields |= _stages(tr, indices)
    setbacks, setback_names, setback_fields = _setbacks(tr, indices)
    fields |= setback_fields
    fields |= _shocks(tr, indices, len(setback_names))
    fields |= _influences(tr, indices)
    fields |= _decisions(tr)
    fields["rule_start"], flat = _ragged(tr.rules)
    assert list(flat) == list(range(len(flat)))  # items are numbered as the rules are made
    fields |= _literals(tr)
    fields["effect_start"], _ = _ragged([[0] * len(steps) for steps in tr.effects])
    steps = [step for steps in tr.effects for step in steps]
    fields["effect_kind"] = _ints(kind for kind, _ in steps)
    fields["effect_of"] = _ints(of for _, of in steps)
    fields["law_family"] = _ints(tr.families)
    fields["counts"] = len(setback_names) + 2 * len(tr.shocks)
    wiring = Wiring(**_law_wiring(tr), **indices)
    fields["law_start"] = wiring.law_table_start[:-1]
    fields["law_count"] = np.diff(wiring.law_table_start)
    parameters = np.array(tr.parameters)
    fields |= derive(parameters, wiring)
    fields |= _readers(fields, tr)
    return Program(
        code=Code(**fields),
        parameters=parameters,
        parameter_index=tr.parameter_index,
        wiring=wiring,
        scenario=scenario,
        strategy=scenario.chosen.name,
        start=scenario.start,
        conditions=tuple(tr.conditions),
        tracks=tuple(tr.tracks),
        stages=tuple(tr.stages),
        setbacks=tuple(setbacks),
        setback_names=tuple(setback_names),
        shocks=tuple(tr.shocks),
        items=tuple(tr.item_texts),
        failures=tuple(tr.failures),
        decisions=tuple(rule.name for rule in scenario.chosen.rules),
        rules=rules_of(scenario),
    )


def _law_wiring(tr: _Translator) -> dict[str, Ints]:
    sizes = [
        distributions.table_size(family, len(indices))
        for family, indices in zip(tr.families, tr.law_indices, strict=True)
    ]
    index_start, law_indices = _ragged(tr.law_indices)
    return {
        "law_family": _ints(tr.families),
        "law_index_start": index_start,
        "law_indices": law_indices,
        "law_table_start": np.concatenate([_ints([0]), np.cumsum(_ints(sizes))]),
    }


def _conditions(tr: _Translator) -> dict[str, Any]:
    conditions = tr.scenario.conditions.values()
    return {
        "maximum": _ints(c.max for c in conditions),
        "initially": _ints(c.initially for c in conditions),
        "held": _flags(name in tr.scenario.held for name in tr.conditions),
        "fade_law": _ints(
            NOTHING if c.fades is None else tr.law(f"{name}.fades", c.fades)
            for name, c in tr.scenario.conditions.items()
        ),
        "fade_stream": _streams("fade", tr.conditions),
        "postures": _ints(tr.level[name] for name in tr.scenario.chosen.raises),
    }


def _streams(kind: str, names: Sequence[str]) -> Words:
    return np.array([streams.stream(f"{kind}:{name}") for name in names], dtype=np.uint64)


def _tracks(tr: _Translator, indices: dict[str, Ints]) -> dict[str, Any]:
    scenario, chosen = tr.scenario, tr.scenario.chosen
    tracks = list(scenario.tracks.values())
    delegations = list(scenario.delegations)
    indices["capacity"] = _ints(
        tr.parameter(f"delegations.{party}", number)
        for party, number in scenario.delegations.items()
    )
    stage_start, _ = _ragged([[0] * len(track.stages) for track in tracks])
    party_start, party = _ragged(
        [[delegations.index(p) for p in track.parties if p in delegations] for track in tracks]
    )
    first = [tr.track[name] for name in chosen.priority]
    done = [tr.stage[name] for name in done_under(scenario, chosen)]
    done_on = np.bincount(
        np.searchsorted(stage_start, done, side="right") - 1, minlength=len(tracks)
    ).astype(np.int64)
    return {
        "stage_start": stage_start,
        "begins_at": stage_start[:-1] + done_on,
        "begun": done_on > 0,
        "done": _ints(sorted(done)),
        "start_rule": _ints(tr.rule(chosen.starts.get(name, ())) for name in tr.tracks),
        "left_out": _flags(name in chosen.never for name in tr.tracks),
        "by_priority": _ints(first + [i for i in range(len(tracks)) if i not in first]),
        "party_start": party_start,
        "party": party,
    }


def _stages(tr: _Translator, indices: dict[str, Ints]) -> dict[str, Any]:
    start, horizon = tr.scenario.start, tr.scenario.horizon
    stages = tr.stage_of
    indices["success"] = _ints(
        tr.parameter(f"{name}.success", stage.success)
        for name, stage in zip(tr.stages, stages, strict=True)
    )
    spans = [spans_of(stage.window, start, horizon) for stage in stages]
    # A window that lies outside the run keeps its stage shut: an empty span, not an absent one.
    spans = [span or [(0, 0)] * bool(s.window) for span, s in zip(spans, stages, strict=True)]
    flat = [span for of_stage in spans for span in of_stage]
    openings = sorted(
        (opens, s)
        for s, of_stage in enumerate(spans)
        for opens, closes in of_stage
        if 0 <= opens < closes
    )
    window_start, _ = _ragged([[0] * len(of_stage) for of_stage in spans])
    hold_start, hold = _ragged([[tr.level[name] for name in stage.holds] for stage in stages])
    return {
        "stage_track": _ints(tr.track[name.split(".")[0]] for name in tr.stages),
        "stage_stream": _streams("stage", tr.stages),
        "duration_law": _ints(
            tr.law(f"{name}.duration", stage.duration)
            for name, stage in zip(tr.stages, stages, strict=True)
        ),
        "failures": _ints(tr.level.get(name + FAILURES, NOTHING) for name in tr.stages),
        "gate": _ints(tr.rule(stage.needs) for stage in stages),
        "hold_start": hold_start,
        "hold": hold,
        "stage_effects": _ints(tr.effect(stage) for stage in stages),
        "window_start": window_start,
        "window_opens": np.array([opens for opens, _ in flat], dtype=np.float64),
        "window_closes": np.array([closes for _, closes in flat], dtype=np.float64),
        "opening_time": np.array([opens for opens, _ in openings], dtype=np.float64),
        "opening_stage": _ints(s for _, s in openings),
    }


def _setbacks(
    tr: _Translator, indices: dict[str, Ints]
) -> tuple[list[str], list[str], dict[str, Any]]:
    pairs = [
        (name, setback)
        for name, stage in zip(tr.stages, tr.stage_of, strict=True)
        for setback in stage.setbacks
    ]
    names = list(dict.fromkeys(setback.name for _, setback in pairs))
    start, _ = _ragged([[0] * len(stage.setbacks) for stage in tr.stage_of])
    indices["setback_weight"] = _ints(
        tr.parameter(f"{stage}.{setback.name}.weight", setback.weight) for stage, setback in pairs
    )

    def resume(stage: str, to: str | None) -> int:
        if to == "abandon":
            return ABANDON
        return tr.stage[stage if to is None else f"{stage.split('.')[0]}.{to}"]

    fields = {
        "setback_start": start,
        "setback_when": _ints(tr.rule(setback.when) for _, setback in pairs),
        "setback_delay": _ints(tr.law(f"{stage}.{s.name}.delay", s.delay) for stage, s in pairs),
        "setback_resume": _ints(resume(stage, setback.resume) for stage, setback in pairs),
        "setback_effects": _ints(tr.effect(setback) for _, setback in pairs),
        "setback_count": _ints(names.index(setback.name) for _, setback in pairs),
    }
    return [setback.name for _, setback in pairs], names, fields


def _shocks(tr: _Translator, indices: dict[str, Ints], first_count: int) -> dict[str, Any]:
    scenario = tr.scenario
    shocks = scenario.shocks
    indices["rate"] = _ints(
        tr.constant(0.0) if shock.rate is None else tr.parameter(f"{name}.rate", shock.rate)
        for name, shock in shocks.items()
    )
    indices["probability"] = _ints(
        tr.parameter(f"{name}.probability", shock.probability) for name, shock in shocks.items()
    )
    date_start, date = _ragged(
        [
            [] if _timing(shock) != DATED else dates_of(shock, scenario.start, scenario.horizon)
            for shock in shocks.values()
        ]
    )
    count = len(shocks)
    return {
        "timing": _ints(_timing(shock) for shock in shocks.values()),
        "after_law": _ints(
            NOTHING if shock.after is None else tr.law(f"{name}.after", shock.after)
            for name, shock in shocks.items()
        ),
        "shock_stream": _streams("shock", tr.shocks),
        "shock_when": _ints(tr.rule(shock.when) for shock in shocks.values()),
        "shock_effects": _ints(tr.effect(shock) for shock in shocks.values()),
        "shock_count": _ints(range(first_count, first_count + count)),
        "breaks_count": _ints(range(first_count + count, first_count + 2 * count)),
        "date_start": date_start,
        "date": date.astype(np.float64),
    } | _breaks(tr, indices)


def _timing(shock: Shock) -> int:
    if shock.rate is not None:
        return RATE
    return DATED if shock.after is None else AFTER


def _breaks(tr: _Translator, indices: dict[str, Ints]) -> dict[str, Any]:
    shocks = tr.scenario.shocks
    breaks = [(name, b) for name, shock in shocks.items() for b in shock.breaks]
    labels: list[str] = []
    for shock, b in breaks:
        base = f"{shock}.breaks.{b.track}" + (f".{b.stage}" if b.stage else "")
        twins = sum(label.split("#")[0] == base for label in labels)
        labels.append(f"{base}#{twins + 1}" if twins else base)
    indices["break_probability"] = _ints(
        tr.parameter(f"{label}.probability", b.probability)
        for label, (_, b) in zip(labels, breaks, strict=True)
    )

    def resume(track: str, to: str | None) -> int:
        if to == "abandon":
            return ABANDON
        return NOTHING if to is None else tr.stage[f"{track}.{to}"]

    start, _ = _ragged([[0] * len(shock.breaks) for shock in shocks.values()])
    return {
        "break_start": start,
        "break_track": _ints(tr.track[b.track] for _, b in breaks),
        "break_stage": _ints(
            NOTHING if b.stage is None else tr.stage[f"{b.track}.{b.stage}"] for _, b in breaks
        ),
        "break_delay": _ints(
            tr.law(f"{label}.delay", b.delay) for label, (_, b) in zip(labels, breaks, strict=True)
        ),
        "break_resume": _ints(resume(b.track, b.resume) for _, b in breaks),
    }


def _influences(tr: _Translator, indices: dict[str, Ints]) -> dict[str, Any]:
    influences = tr.scenario.influences
    indices["influence_ratio"] = _ints(
        tr.constant(base_value(i.ratio))
        if i.name is None and not quantity_of(i.ratio)
        else tr.parameter(f"influences.{i.name}.{i.kind}", i.ratio)
        for i in influences
    )

    def bearing(kind: str, names: Sequence[str]) -> tuple[Ints, Ints]:
        return _ragged(
            [[n for n, i in enumerate(influences) if _bears(i, kind, name)] for name in names]
        )

    odds_start, odds = bearing("odds", tr.stages)
    time_start, time = bearing("time", tr.stages)
    speed_start, speed = bearing("rate", tr.shocks)
    return {
        "odds_start": odds_start,
        "odds": odds,
        "time_start": time_start,
        "time": time,
        "speed_start": speed_start,
        "speed": speed,
        "influence_condition": _ints(tr.level[i.of.condition] for i in influences),
        "influence_least": _ints(i.of.at_least for i in influences),
        "influence_negated": _flags(i.of.negated for i in influences),
        "influence_per_level": _flags(i.of.per_level for i in influences),
    }


def _decisions(tr: _Translator) -> dict[str, Any]:
    rules, columns = tr.scenario.chosen.rules, rules_of(tr.scenario)
    return {
        "decision_when": _ints(tr.rule(one.when) for one in rules),
        "decision_held": np.array([one.held for one in rules], dtype=np.float64),
        "decision_repeats": _flags(one.repeats for one in rules),
        "decision_effects": _ints(tr.effect(one) for one in rules),
        "decision_column": _ints(columns.index(one.name) for one in rules),
    }


def _bears(influence: Influence, kind: str, name: str) -> bool:
    return influence.kind == kind and name in influence.targets


def _literals(tr: _Translator) -> dict[str, Any]:
    item_start, _ = _ragged([[0] * len(literals) for literals in tr.item_literals])
    literals = [literal for item in tr.item_literals for literal in item]
    return {
        "item_start": item_start,
        "literal_condition": _ints(tr.level[literal.condition] for literal in literals),
        "literal_least": _ints(literal.at_least for literal in literals),
        "literal_negated": _flags(literal.negated for literal in literals),
    }


def _readers(fields: dict[str, Any], tr: _Translator) -> dict[str, Any]:
    """For each level the undated shocks whose speed depends on it."""
    readers: list[list[int]] = [[] for _ in tr.level]
    for k in range(len(tr.shocks)):
        if fields["timing"][k] == DATED:
            continue
        rule = fields["shock_when"][k]
        first, last = fields["rule_start"][rule], fields["rule_start"][rule + 1]
        read = fields["literal_condition"][
            fields["item_start"][first] : fields["item_start"][last]
        ].tolist()
        influences = fields["speed"][fields["speed_start"][k] : fields["speed_start"][k + 1]]
        read += fields["influence_condition"][influences].tolist()
        for level in sorted(set(read)):
            readers[level].append(k)
    start, flat = _ragged(readers)
    return {"reader_start": start, "reader": flat}
