"""The compiled engine: the replications of the SimPy engine, bit for bit, in one flat loop.

The sections follow those of the SimPy engine: the plan (its entities), the state of one
replication, clocks, effects and levels, the events, the settle, the end. It differs only in how the
next event is found:

* every entity has one clock; the next event is the least clock, the first of equals in the order
  at one instant; clocks stand in groups of sixteen, and a group is searched again only after one
  of its clocks has moved; times are compared as integers, and many groups without branches, since
  which of them is next cannot be foreseen;
* a change of level marks the shocks whose speed it may change and the tracks whose clauses read
  it; the settle looks at these alone;
* the speed of a shock is looked up in a table over the levels that it depends on.

The tables are arrays of records, one record an entity, so that what an event needs lies together
and few arrays are passed around.

Compilation from nothing takes seconds: what is called from one place alone and is large is written
into its caller (``inline="always"``), so that it is not compiled once by itself and again there.
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import Any, NamedTuple

import numpy as np

from sim.engine import distributions, streams
from sim.engine.jit import JIT, compiled, engine, float_of, is_kept, trailing_zeros
from sim.engine.program import (
    ABANDON,
    ABANDONED,
    AFTER,
    CLEAR,
    CLOSE,
    DATED,
    DELEGATION,
    GOAL,
    MAX_EVENTS_AT_AN_INSTANT,
    NOTHING,
    ONGOING,
    OPEN,
    RAISE,
    RATE,
    REMEMBERED,
    RESUME,
    RUIN,
    WINDOW,
    Code,
    Entry,
    Program,
    What,
    cannot_advance,
)
from sim.engine.rows import Rows, empty
from sim.scenario.model import MAX_LEVEL
from sim.types import DAYS_PER_YEAR, Floats, Ints, Words

Table = Any  # an array of records

WAITING, AT_TABLE, DELAYED, COMPLETED, GONE, OUT = range(6)
GROUP = 16  # clocks
FEW = 4  # groups that are compared one by one
NEVER = 0x7FF0000000000000  # the bits of infinity
WORD = 64  # bits
LARGEST_TABLE = 1024  # speeds of one shock

# Kinds of log entries (sim.engine.program.What). Each plain constant would be a type of its own to
# numba, and a function that takes it would be compiled again.
WHOLE = np.int64
(OPENS, FADES, HAPPENS, PASSES, BREAKS, BEGINS, SUCCEEDS, FAILS) = map(WHOLE, range(8))
(PAUSES, RESUMES, LEAVES, COMPLETES, REOPENS, RISES, FALLS, WAITS) = map(WHOLE, range(8, 16))
(HASTENS, ACTS, CLOSES, ADMITS) = map(WHOLE, range(16, 20))
NO_DETAIL = WHOLE(NOTHING)
BY_RULE = WHOLE(1)
ONE = np.uint64(1)
U = np.uint64  # an index without a sign: numba then need not ask whether it counts from the end


# -- the plan: what does not change between replications ---------------------------------------


class CompiledProgram(NamedTuple):
    """A program as records (C conditions, S stages, F failures, T tracks, K shocks as in
    :class:`Code`).

    Clock 0 is the calendar of windows; then come the conditions that fade, the shocks, the tracks
    and the rules of the strategy, each in file order: the order at one instant. ``x_first`` and
    ``x_last`` bound a part of the flat table x; the last is excluded.
    """

    shared: Table  # (1,) scalars
    levels: Table  # (C + S + F,) conditions, then stage conditions, then failures
    readers: Table  # undated shocks that depend on a level, by level
    watch: Words  # (C + S + F, words) tracks, by place in the priority, whose clauses read a level
    shock_watch: Words  # (C + S + F, words) undated shocks whose speed depends on a level
    party_watch: Words  # (P, words) tracks at which a party sits
    capacity: Ints  # (P,)
    tracks: Table
    stages: Table
    setbacks: Table
    shocks: Table
    breaks: Table
    influences: Table  # by what they bear on: odds and times of stages, speeds of shocks
    rules: Ints  # (R + 1,) first item of each rule
    items: Ints  # first literal of each item
    literals: Table
    steps: Table  # of effects
    laws: Table  # of durations, delays and fades
    law_table: Floats
    speeds: Floats  # tables of the shocks' speeds
    parties: Ints
    holds: Ints
    postures: Ints
    by_priority: Ints
    fading: Ints  # the condition of each fading clock
    dates: Floats
    windows: Table
    openings: Table
    decisions: Table  # rules of the strategy


def _record(names: str, floats: str = "", words: str = "") -> np.dtype[Any]:
    fields: list[tuple[str, type]] = [(name, np.int64) for name in names.split()]
    fields += [(name, np.float64) for name in floats.split()]
    fields += [(name, np.uint64) for name in words.split()]
    return np.dtype(fields, align=True)


SHARED = _record(
    "goal ruin conditions first_fade first_shock first_track first_decision clocks counts "
    "most_events",
    "horizon",
)
LEVEL = _record("maximum initially fade_clock fade_law reader_first reader_last", "", "stream")
READER = _record("shock stride")
TRACK = _record("last begins_at begun start_rule left_out party_first party_last place")
STAGE = _record(
    "track law gate failures step_first step_last hold_first hold_last window_first window_last "
    "setback_first setback_last odds_first odds_last time_first time_last",
    "success",
    "stream",
)
SETBACK = _record("when delay resume step_first step_last count", "weight")
SHOCK = _record(
    "timing after when step_first step_last count breaks_count date_first date_last "
    "break_first break_last speed_first speed_last table",
    "rate probability",
    "stream",
)
BREAK = _record("track stage delay resume", "probability")
INFLUENCE = _record("level least negated per_level", "ratio")
LITERAL = _record("level least negated")
STEP = _record("kind of")
LAW = _record("family start count", "a b c d")
SPAN = _record("", "opens closes")
OPENING = _record("stage", "time")
DECISION = _record("when repeats step_first step_last column", "held")


def _table(dtype: np.dtype[Any], size: int, **columns: Any) -> Table:
    table = np.zeros(size, dtype).view(np.recarray)
    for name, values in columns.items():
        table[name] = values
    return table


def _bounds(name: str, start: Ints, offset: int = 0) -> dict[str, Ints]:
    return {f"{name}_first": start[:-1] + offset, f"{name}_last": start[1:] + offset}


def _steps(code: Code, effects: Ints) -> dict[str, Ints]:
    """The steps of bundles of effects."""
    return {"step_first": code.effect_start[effects], "step_last": code.effect_start[effects + 1]}


def plan(code: Code) -> CompiledProgram:
    """The plan of a code, with the parameter values of the code's draw."""
    levels, tracks = len(code.reader_start) - 1, len(code.start_rule)
    fading = np.flatnonzero(code.fade_law != NOTHING)
    place = np.empty(tracks, np.int64)
    place[code.by_priority] = np.arange(tracks)
    watch, party_watch = _watches(code, levels, place)
    influences, bounds = _influences(code)
    strides, table_first, size = _table_layout(code, levels)
    its_plan = CompiledProgram(
        shared=_shared(code, len(fading)),
        levels=_levels(code, levels, fading),
        readers=_table(READER, len(code.reader), shock=code.reader, stride=strides),
        watch=watch,
        shock_watch=_shock_watch(code, levels),
        party_watch=party_watch,
        capacity=code.capacity.copy(),
        tracks=_tracks(code, place),
        stages=_stages(code, bounds),
        setbacks=_setbacks(code),
        shocks=_shocks(code, table_first, bounds),
        breaks=_breaks(code),
        influences=influences,
        rules=code.rule_start,
        items=code.item_start,
        literals=_literals(code),
        steps=_table(STEP, len(code.effect_kind), kind=code.effect_kind, of=code.effect_of),
        laws=_laws(code),
        law_table=code.law_table.copy(),
        speeds=np.zeros(size + 1),
        parties=code.party,
        holds=code.hold,
        postures=code.postures,
        by_priority=code.by_priority,
        fading=fading,
        dates=code.date,
        windows=_table(
            SPAN, len(code.window_opens), opens=code.window_opens, closes=code.window_closes
        ),
        openings=_table(
            OPENING, len(code.opening_time), stage=code.opening_stage, time=code.opening_time
        ),
        decisions=_decisions(code),
    )
    _fill_speeds(its_plan, new_levels(levels))
    return its_plan


def _shared(code: Code, fading: int) -> Table:
    shocks, tracks = len(code.timing), len(code.start_rule)
    return _table(
        SHARED,
        1,
        goal=code.goal,
        ruin=code.ruin,
        conditions=code.conditions,
        first_fade=1,
        first_shock=1 + fading,
        first_track=1 + fading + shocks,
        first_decision=1 + fading + shocks + tracks,
        clocks=1 + fading + shocks + tracks + len(code.decision_when),
        counts=code.counts,
        most_events=code.most_events,
        horizon=code.horizon,
    )


def _tracks(code: Code, place: Ints) -> Table:
    return _table(
        TRACK,
        len(place),
        last=code.stage_start[1:],
        begins_at=code.begins_at,
        begun=code.begun,
        start_rule=code.start_rule,
        left_out=code.left_out,
        place=place,
        **_bounds("party", code.party_start),
    )


def _stages(code: Code, bounds: dict[str, dict[str, Ints]]) -> Table:
    return _table(
        STAGE,
        len(code.stage_track),
        track=code.stage_track,
        law=code.duration_law,
        gate=code.gate,
        failures=code.failures,
        **_steps(code, code.stage_effects),
        success=code.success,
        stream=code.stage_stream,
        **_bounds("hold", code.hold_start),
        **_bounds("window", code.window_start),
        **_bounds("setback", code.setback_start),
        **bounds["odds"],
        **bounds["time"],
    )


def _setbacks(code: Code) -> Table:
    return _table(
        SETBACK,
        len(code.setback_when),
        when=code.setback_when,
        delay=code.setback_delay,
        resume=code.setback_resume,
        **_steps(code, code.setback_effects),
        count=code.setback_count,
        weight=code.setback_weight,
    )


def _shocks(code: Code, table_first: Ints, bounds: dict[str, dict[str, Ints]]) -> Table:
    return _table(
        SHOCK,
        len(code.timing),
        timing=code.timing,
        after=code.after_law,
        when=code.shock_when,
        **_steps(code, code.shock_effects),
        count=code.shock_count,
        breaks_count=code.breaks_count,
        table=table_first,
        rate=code.rate,
        probability=code.probability,
        stream=code.shock_stream,
        **_bounds("date", code.date_start),
        **_bounds("break", code.break_start),
        **bounds["speed"],
    )


def _breaks(code: Code) -> Table:
    return _table(
        BREAK,
        len(code.break_track),
        track=code.break_track,
        stage=code.break_stage,
        delay=code.break_delay,
        resume=code.break_resume,
        probability=code.break_probability,
    )


def _decisions(code: Code) -> Table:
    return _table(
        DECISION,
        len(code.decision_when),
        when=code.decision_when,
        repeats=code.decision_repeats,
        **_steps(code, code.decision_effects),
        column=code.decision_column,
        held=code.decision_held,
    )


def _literals(code: Code) -> Table:
    return _table(
        LITERAL,
        len(code.literal_condition),
        level=code.literal_condition,
        least=code.literal_least,
        negated=code.literal_negated,
    )


def _laws(code: Code) -> Table:
    return _table(
        LAW,
        len(code.law_family),
        family=code.law_family,
        start=code.law_start,
        count=code.law_count,
        **dict(zip("abcd", code.law_params.T, strict=True)),
    )


def _levels(code: Code, levels: int, fading: Ints) -> Table:
    others = levels - code.conditions
    initially = np.zeros(levels, np.int64)
    initially[: code.conditions] = code.initially
    initially[code.conditions + code.done] = 1
    fade_clock = np.full(levels, NOTHING, np.int64)
    fade_clock[fading] = 1 + np.arange(len(fading))
    return _table(
        LEVEL,
        levels,
        maximum=_highest(code, levels),
        initially=initially,
        fade_clock=fade_clock,
        fade_law=np.concatenate([code.fade_law, np.full(others, NOTHING)]),
        stream=np.concatenate([code.fade_stream, np.zeros(others, np.uint64)]),
        **_bounds("reader", code.reader_start),
    )


def _highest(code: Code, levels: int) -> Ints:
    """The highest value of each level."""
    stages = len(code.stage_track)
    failures = np.full(levels - code.conditions - stages, MAX_LEVEL, np.int64)
    return np.concatenate([code.maximum, np.ones(stages, np.int64), failures])


def _shock_watch(code: Code, levels: int) -> Words:
    """Marks of the shocks to look at when a level changes."""
    watch = np.zeros((levels, len(code.timing) // WORD + 1), np.uint64)
    of_level = np.repeat(np.arange(levels), np.diff(code.reader_start))
    for level, shock in zip(of_level.tolist(), code.reader.tolist(), strict=True):
        watch[level, shock // WORD] |= ONE << np.uint64(shock % WORD)
    return watch


def _watches(code: Code, levels: int, place: Ints) -> tuple[Words, Words]:
    """Which tracks must be looked at when a level changes, or a party comes free."""
    words = len(place) // WORD + 1
    watch = np.zeros((levels, words), np.uint64)
    party_watch = np.zeros((len(code.capacity), words), np.uint64)
    for track in range(len(place)):
        word, bit = divmod(int(place[track]), WORD)
        mark = np.uint64(1 << bit)
        gates = code.gate[code.stage_start[track] : code.stage_start[track + 1]]
        for rule in (code.start_rule[track], *gates):
            first = code.item_start[code.rule_start[rule]]
            last = code.item_start[code.rule_start[rule + 1]]
            watch[code.literal_condition[first:last], word] |= mark
        parties = code.party[code.party_start[track] : code.party_start[track + 1]]
        party_watch[parties, word] |= mark
    return watch, party_watch


def _influence_order(code: Code) -> Ints:
    return np.concatenate([code.odds, code.time, code.speed])


def _influences(code: Code) -> tuple[Table, dict[str, dict[str, Ints]]]:
    """Influences in the order in which they are multiplied in, and each target's part of them."""
    chosen = _influence_order(code)
    table = _table(
        INFLUENCE,
        len(chosen),
        level=code.influence_condition[chosen],
        least=code.influence_least[chosen],
        negated=code.influence_negated[chosen],
        per_level=code.influence_per_level[chosen],
        ratio=code.influence_ratio[chosen],
    )
    after_odds, after_time = len(code.odds), len(code.odds) + len(code.time)
    return table, {
        "odds": _bounds("odds", code.odds_start),
        "time": _bounds("time", code.time_start, after_odds),
        "speed": _bounds("speed", code.speed_start, after_time),
    }


def _table_layout(code: Code, levels: int) -> tuple[Ints, Ints, int]:
    """The stride of each level in each shock's table of speeds, and where the tables begin."""
    highest = _highest(code, levels)
    radix = (highest[np.repeat(np.arange(levels), np.diff(code.reader_start))] + 1).tolist()
    entries: list[list[int]] = [[] for _ in code.timing]
    for entry, shock in enumerate(code.reader.tolist()):
        entries[shock].append(entry)
    strides = np.zeros(len(code.reader), np.int64)
    first = np.full(len(code.timing), NOTHING, np.int64)
    size = 0
    for k in np.flatnonzero(code.timing != DATED).tolist():
        *stride, whole = accumulate((radix[entry] for entry in entries[k]), mul, initial=1)
        if whole <= LARGEST_TABLE:
            strides[entries[k]] = stride
            first[k] = size
            size += whole
    return strides, first, size


class DrawViews(NamedTuple):
    """Views of the arrays of a plan that hold the parameter values of a draw."""

    success: Floats
    weight: Floats
    rate: Floats
    probability: Floats
    break_probability: Floats
    ratio: Floats
    params: tuple[Floats, ...]
    influence_order: Ints
    levels: Table  # in which the speeds are worked out


def draw_views(its_plan: CompiledProgram, code: Code) -> DrawViews:
    """The views into the plan of a code."""
    return DrawViews(
        success=its_plan.stages["success"],
        weight=its_plan.setbacks["weight"],
        rate=its_plan.shocks["rate"],
        probability=its_plan.shocks["probability"],
        break_probability=its_plan.breaks["probability"],
        ratio=its_plan.influences["ratio"],
        params=tuple(its_plan.laws[name] for name in "abcd"),
        influence_order=_influence_order(code),
        levels=new_levels(len(its_plan.levels)),
    )


def use_draw(its_plan: CompiledProgram, views: DrawViews, code: Code) -> None:
    """Put the parameter values of another draw of the same program into its plan, in place."""
    views.success[:] = code.success
    views.weight[:] = code.setback_weight
    views.rate[:] = code.rate
    views.probability[:] = code.probability
    views.break_probability[:] = code.break_probability
    views.ratio[:] = code.influence_ratio[views.influence_order]
    for place, values in zip(views.params, code.law_params.T, strict=True):
        place[:] = values
    its_plan.capacity[:] = code.capacity
    its_plan.law_table[:] = code.law_table
    _fill_speeds(its_plan, views.levels)


@engine
def _fill_speeds(plan, levels):  # type: ignore[no-untyped-def]
    """Every speed of every tabulated shock, computed as it would be without a table."""
    for k in range(len(plan.shocks)):
        if plan.shocks[k].table == NOTHING:
            continue
        size = 1
        for c in range(len(levels)):
            for r in range(plan.levels[c].reader_first, plan.levels[c].reader_last):
                if plan.readers[r].shock == k:
                    size *= plan.levels[c].maximum + 1
        for entry in range(size):
            for c in range(len(levels)):
                for r in range(plan.levels[c].reader_first, plan.levels[c].reader_last):
                    if plan.readers[r].shock == k:
                        radix = plan.levels[c].maximum + 1
                        levels[c].now_at = entry // plan.readers[r].stride % radix
            plan.speeds[plan.shocks[k].table + entry] = speed_of(plan, levels, k)


# -- the state of one replication -----------------------------------------------------------------


class ReplicationState(NamedTuple):
    """Everything that changes during a replication; reset for each, never allocated anew."""

    now: Table  # (1,) the time, and what else there is only one of
    levels: Table  # (C + S + F,)
    tracks: Table
    stages: Table
    shocks: Table
    decisions: Table
    due: Floats  # (groups * GROUP,) when each clock runs out
    bits: Ints  # the same memory: the bits of times that are not negative sort as the times do
    soonest: Ints  # (groups, rounded up to fours) bits of the time of each group's next clock
    first: Ints  # that clock
    stale: Words  # groups of which a clock has moved since
    counts: Ints
    free: Ints  # (P,) delegations
    look: Words  # tracks at which the settle must look, by place in the priority
    looked: Words  # those at which it has looked in vain
    changed: Words  # shocks whose speed may have changed
    ranks: Ints  # the last clocks of this instant


NOW = _record("over actor binding opening events logged keep_residuals", "time")
LEVEL_NOW = _record("now_at holders draws", "first risen held")
# where: WAITING .. GONE; note: what the track lacked when everything was last at rest;
# lacks: what it lacked when it was last looked at; asks: whether its start rule is asked; closing:
# whether it is abandoned when the attempt ends; u_success, u_setback, u_delay: uniforms of the
# attempt
TRACK_NOW = _record(
    "where stage begun asks closing note lacks resume_at", "ended u_success u_setback u_delay"
)
DECISION_NOW = _record("armed running", "first")  # running: its clock is set
STAGE_NOW = _record("attempts window", "residual residual_days")  # window: the first not over
SHOCK_NOW = _record(
    "occurrence fired date entry", "u_happens residual next_u_happens next_residual speed"
)  # entry: in its table


def new_levels(levels: int) -> Table:
    """Arrays for the levels of one replication."""
    return _table(LEVEL_NOW, levels)


def new_state(plan: CompiledProgram) -> ReplicationState:
    """Arrays for one replication at a time."""
    shared = plan.shared[0]
    groups = -(-int(shared.clocks) // GROUP)
    fours = -(-groups // 4) * 4
    words = plan.watch.shape[1]
    due = np.full(groups * GROUP, np.inf)
    return ReplicationState(
        now=_table(NOW, 1),
        levels=new_levels(len(plan.levels)),
        tracks=_table(TRACK_NOW, len(plan.tracks)),
        stages=_table(STAGE_NOW, len(plan.stages)),
        shocks=_table(SHOCK_NOW, len(plan.shocks)),
        decisions=_table(DECISION_NOW, len(plan.decisions)),
        due=due,
        bits=due.view(np.int64),
        soonest=np.full(fours, NEVER),
        first=np.zeros(fours, np.int64),
        stale=np.zeros(groups // WORD + 1, np.uint64),
        counts=np.zeros(shared.counts, np.int64),
        free=np.zeros(len(plan.capacity), np.int64),
        look=np.zeros(words, np.uint64),
        looked=np.zeros(words, np.uint64),
        changed=np.zeros(len(plan.shocks) // WORD + 1, np.uint64),
        ranks=np.zeros(REMEMBERED, np.int64),
    )


# -- clocks ---------------------------------------------------------------------------------------


@compiled()
def set_clock(state, clock, time):  # type: ignore[no-untyped-def]
    """Let a clock run out at a time, whatever it was set to before."""
    state.due[U(clock)] = time
    mark_group(state, clock)


@compiled()
def mark_group(state, clock):  # type: ignore[no-untyped-def]
    """The group of a clock must be searched again."""
    group = U(clock) // U(GROUP)
    state.stale[group // U(WORD)] |= ONE << group % U(WORD)


@compiled()
def next_clock(state):  # type: ignore[no-untyped-def]
    """When the next clock runs out, and which; of equals the first in the order at one instant."""
    groups = len(state.due) // GROUP
    soonest, chosen = NEVER, 0
    if groups <= FEW:
        marks = state.stale[U(0)]
        state.stale[U(0)] = 0
        for g in range(groups):
            if marks & ONE:
                time, clock = search(state, U(g))
            else:
                time, clock = state.soonest[U(g)], state.first[U(g)]
            marks >>= ONE
            if time < soonest:
                soonest, chosen = time, clock
        return float_of(soonest), chosen
    for word in range(len(state.stale)):
        marks = state.stale[U(word)]
        state.stale[U(word)] = 0
        while marks != 0:
            search(state, U(word * WORD + trailing_zeros(marks)))
            marks &= marks - ONE
    for four in range(0, groups, 4):
        time, group = first_of_four(state.soonest, U(four))
        if time < soonest:
            soonest, chosen = time, state.first[group]
    return float_of(soonest), chosen


@compiled()
def search(state, group):  # type: ignore[no-untyped-def]
    """The next clock of a group: the bits of its time, and which."""
    # Four rows by themselves: a processor compares them side by side.
    first = group * U(GROUP)
    time0, at0 = first_of_four(state.bits, first)
    time1, at1 = first_of_four(state.bits, first + U(4))
    time2, at2 = first_of_four(state.bits, first + U(8))
    time3, at3 = first_of_four(state.bits, first + U(12))
    if time1 < time0:
        time0, at0 = time1, at1
    if time3 < time2:
        time2, at2 = time3, at3
    if time2 < time0:
        time0, at0 = time2, at2
    clock = np.int64(at0)
    state.soonest[group], state.first[group] = time0, clock
    return time0, clock


@compiled()
def first_of_four(times, first):  # type: ignore[no-untyped-def]
    """The soonest of four neighbours and its place; of equals the first."""
    time0, at0 = times[first], first
    time2, at2 = times[first + U(2)], first + U(2)
    if times[first + U(1)] < time0:
        time0, at0 = times[first + U(1)], first + U(1)
    if times[first + U(3)] < time2:
        time2, at2 = times[first + U(3)], first + U(3)
    if time2 < time0:
        return time2, at2
    return time0, at0


# -- clauses, ratios, draws -----------------------------------------------------------------------


@compiled()
def item_holds(plan, levels, item):  # type: ignore[no-untyped-def]
    """One item of a list of clauses: does one of its literals hold?"""
    for i in range(plan.items[U(item)], plan.items[U(item + 1)]):
        literal = plan.literals[U(i)]
        if (levels[U(literal.level)].now_at >= literal.least) != (literal.negated == 1):
            return True
    return False


@compiled()
def lacking(plan, levels, rule):  # type: ignore[no-untyped-def]
    """The first item of a list of clauses that does not hold, or NOTHING."""
    for item in range(plan.rules[U(rule)], plan.rules[U(rule + 1)]):
        if not item_holds(plan, levels, item):
            return item
    return NOTHING


@compiled()
def times_ratios(plan, levels, value, first, last):  # type: ignore[no-untyped-def]
    """A value times its ratios: one by one, once per level where the influence says so."""
    for i in range(first, last):
        influence = plan.influences[U(i)]
        times = levels[U(influence.level)].now_at
        if influence.per_level == 0:
            times = 1 if (times >= influence.least) != (influence.negated == 1) else 0
        for _ in range(times):
            value *= influence.ratio
    return value


@compiled()
def speed_of(plan, levels, k):  # type: ignore[no-untyped-def]
    """The speed of an undated shock's clock."""
    shock = plan.shocks[U(k)]
    if lacking(plan, levels, shock.when) != NOTHING:
        return 0.0
    speed = 1.0 if shock.timing == AFTER else shock.rate / DAYS_PER_YEAR
    speed = times_ratios(plan, levels, speed, shock.speed_first, shock.speed_last)
    return distributions.bounded_speed(speed)


@compiled()
def days(plan, i, u):  # type: ignore[no-untyped-def]
    """A duration, delay or fade at the uniform u."""
    law = plan.laws[U(i)]
    return distributions.quantile(
        law.family, law.a, law.b, law.c, law.d, plan.law_table, law.start, law.count, u
    )


@compiled()
def wind(plan, state, seed, replication, k):  # type: ignore[no-untyped-def]
    """Take up the next occurrence of a shock, and draw the one after it.

    Being one ahead, nothing that happens now has to wait for the draw.
    """
    its_state = state.shocks[U(k)]
    its_state.u_happens, its_state.residual = its_state.next_u_happens, its_state.next_residual
    if plan.shocks[U(k)].timing != AFTER:
        draw_ahead(plan, state, seed, replication, k, its_state.occurrence + 1)


@compiled()
def draw_ahead(plan, state, seed, replication, k, occurrence):  # type: ignore[no-untyped-def]
    """Draw an occurrence of a shock: a uniform and, where it is undated, its residual."""
    shock, its_state = plan.shocks[U(k)], state.shocks[U(k)]
    if shock.timing == DATED and shock.probability >= 1.0:
        return
    u = streams.uniforms(seed, shock.stream, replication, U(occurrence), U(0))
    its_state.next_u_happens = u[1]
    if shock.timing == AFTER:
        its_state.next_residual = days(plan, shock.after, u[0])
    elif shock.timing == RATE:
        its_state.next_residual = distributions.unit_exponential(u[0])


# -- effects and levels ---------------------------------------------------------------------------


@compiled()
def record(log, state, what, subject, detail, value):  # type: ignore[no-untyped-def]
    """Write an entry of the event log, where there is one and it has room."""
    if log is not None:
        now = state.now[0]
        if now.logged < len(log):
            log[now.logged, 0], log[now.logged, 1], log[now.logged, 2] = now.time, what, subject
            log[now.logged, 3], log[now.logged, 4] = detail, value
        now.logged += 1


@compiled()
def set_level(plan, state, log, i, new):  # type: ignore[no-untyped-def]
    """A level changes: note first rises and days held, and whom it concerns."""
    level, its_plan = state.levels[U(i)], plan.levels[U(i)]
    was = level.now_at
    if new == was:
        return
    level.now_at = new
    now = state.now[0]
    if was == 0:
        level.risen = now.time
        if np.isnan(level.first):
            level.first = now.time
            if i == plan.shared[0].ruin:
                now.over = 1
            elif i == plan.shared[0].goal and now.actor != NOTHING:
                now.binding = state.tracks[U(now.actor)].note
    elif new == 0:
        level.held += now.time - level.risen
    for r in range(its_plan.reader_first, its_plan.reader_last):
        reader = plan.readers[U(r)]
        state.shocks[U(reader.shock)].entry += (new - was) * reader.stride
    for word in range(plan.shock_watch.shape[1]):
        state.changed[U(word)] |= plan.shock_watch[U(i), word]
    for word in range(plan.watch.shape[1]):
        state.look[U(word)] |= plan.watch[U(i), word]
    record(log, state, RISES if new > was else FALLS, i, new, 0.0)


@compiled()
def mark_shock(state, k):  # type: ignore[no-untyped-def]
    """The settle must see whether this shock's speed has changed."""
    state.changed[U(k) // U(WORD)] |= ONE << U(k) % U(WORD)


@compiled()
def mark_track(plan, state, track):  # type: ignore[no-untyped-def]
    """The settle must see whether this track may begin."""
    place = plan.tracks[U(track)].place
    state.look[U(place // WORD)] |= ONE << np.uint64(place % WORD)


@compiled()
def set_fade(plan, state, seed, replication, i):  # type: ignore[no-untyped-def]
    """Draw a fading condition's clock anew."""
    level = plan.levels[U(i)]
    if level.fade_clock != NOTHING:
        draw = np.uint64(state.levels[U(i)].draws)
        state.levels[U(i)].draws += 1
        u = streams.uniforms(seed, level.stream, replication, draw, np.uint64(0))
        delay = days(plan, level.fade_law, u[0])
        set_clock(state, level.fade_clock, state.now[0].time + delay)


@compiled()
def take_effect(plan, state, log, seed, replication, first, last):  # type: ignore[no-untyped-def]
    """Effects, in the order in which they stand."""
    for s in range(first, last):
        kind, of = plan.steps[U(s)].kind, plan.steps[U(s)].of
        if kind <= RAISE:
            now_at = state.levels[U(of)].now_at
            new = 0 if kind == CLEAR else max(0, now_at - 1)
            if kind == RAISE:
                new = min(plan.levels[U(of)].maximum, now_at + 1)
            set_level(plan, state, log, of, new)
            if kind == RAISE:
                set_fade(plan, state, seed, replication, of)
            elif new == 0 and plan.levels[U(of)].fade_clock != NOTHING:
                set_clock(state, plan.levels[U(of)].fade_clock, np.inf)
        elif kind == RESUME:
            end_delay(plan, state, log, of)
        elif kind == CLOSE:
            close_track(plan, state, log, of)
        elif kind == OPEN:
            open_track(plan, state, log, of)
        else:
            track = plan.stages[U(of)].track
            if state.tracks[U(track)].where == COMPLETED:
                record(log, state, REOPENS, of, NO_DETAIL, 0.0)
                go_back(plan, state, log, track, of)


@compiled()
def end_delay(plan, state, log, track):  # type: ignore[no-untyped-def]
    """The delay of a track ends at this instant, unless the track is abandoned at its end."""
    one = state.tracks[U(track)]
    if one.where == DELAYED and one.resume_at != ABANDON:
        record(log, state, HASTENS, track, NO_DETAIL, 0.0)
        set_clock(state, plan.shared[0].first_track + track, state.now[0].time)


@compiled()
def close_track(plan, state, log, track):  # type: ignore[no-untyped-def]
    """A track is left out, abandoned, or abandoned when its attempt ends."""
    one = state.tracks[U(track)]
    if one.where == AT_TABLE:
        one.closing = 1
        record(log, state, CLOSES, track, BY_RULE, 0.0)
    elif one.where == WAITING and one.begun == 0:
        one.where = OUT
        record(log, state, CLOSES, track, NO_DETAIL, 0.0)
    elif one.where == WAITING or one.where == DELAYED:
        abandon(plan, state, log, track, BY_RULE)


@compiled()
def abandon(plan, state, log, track, by):  # type: ignore[no-untyped-def]
    """A track is given up."""
    one = state.tracks[U(track)]
    one.where, one.ended = GONE, state.now[0].time
    set_clock(state, plan.shared[0].first_track + track, np.inf)
    record(log, state, LEAVES, track, by, 0.0)


@compiled()
def open_track(plan, state, log, track):  # type: ignore[no-untyped-def]
    """The start rule of a track is waived; one that was left out comes in."""
    one = state.tracks[U(track)]
    one.closing = 0
    if one.where == OUT or (one.where == WAITING and one.asks == 1):
        one.where, one.asks = WAITING, 0
        record(log, state, ADMITS, track, NO_DETAIL, 0.0)
        mark_track(plan, state, track)


@compiled()
def note_failure(plan, state, log, stage):  # type: ignore[no-untyped-def]
    """An attempt at a stage has failed or was broken."""
    level = plan.stages[U(stage)].failures
    if level != NOTHING:
        failures = min(WHOLE(MAX_LEVEL), state.levels[U(level)].now_at + 1)
        set_level(plan, state, log, level, failures)


@compiled()
def go_back(plan, state, log, track, stage):  # type: ignore[no-untyped-def]
    """A track waits at a stage again: that stage and the later ones are no longer done."""
    for later in range(stage, plan.tracks[U(track)].last):
        set_level(plan, state, log, plan.shared[0].conditions + later, WHOLE(0))
    state.tracks[U(track)].stage, state.tracks[U(track)].where = stage, WAITING
    mark_track(plan, state, track)


@compiled()
def release(plan, state, log, track):  # type: ignore[no-untyped-def]
    """Release the delegations of an attempt and the conditions that it held."""
    for p in range(plan.tracks[U(track)].party_first, plan.tracks[U(track)].party_last):
        party = plan.parties[U(p)]
        state.free[U(party)] += 1
        for word in range(plan.party_watch.shape[1]):
            state.look[U(word)] |= plan.party_watch[U(party), word]
    hold(plan, state, log, state.tracks[U(track)].stage, WHOLE(-1))


@compiled()
def hold(plan, state, log, stage, change):  # type: ignore[no-untyped-def]
    """Held conditions rise or fall with the attempts in progress."""
    for h in range(plan.stages[U(stage)].hold_first, plan.stages[U(stage)].hold_last):
        i = plan.holds[U(h)]
        state.levels[U(i)].holders += change
        set_level(plan, state, log, i, min(plan.levels[U(i)].maximum, state.levels[U(i)].holders))


# -- the events -----------------------------------------------------------------------------------


@compiled()
def conclude(plan, state, log, seed, replication, track):  # type: ignore[no-untyped-def]
    """An attempt ends in success or in a setback."""
    its_state = state.tracks[U(track)]
    at = its_state.stage
    stage = plan.stages[U(at)]
    ratio = times_ratios(plan, state.levels, 1.0, stage.odds_first, stage.odds_last)
    chance = distributions.success_probability(stage.success, ratio)
    success = its_state.u_success < chance
    if state.now[0].keep_residuals:
        note_residual(plan, state, at, (1.0 if success else 0.0) - chance)
    # Which setbacks are possible is decided with the attempt's own holds still up.
    chosen = NOTHING if success else choose(plan, state.levels, stage, its_state.u_setback)
    if success:
        record(log, state, SUCCEEDS, at, state.stages[U(at)].attempts - 1, chance)
        state.now[0].actor = track
    else:
        record(log, state, FAILS, at, chosen, chance)
    release(plan, state, log, track)
    if success:
        first, last = stage.step_first, stage.step_last
    else:
        setback = plan.setbacks[U(chosen)]
        first, last = setback.step_first, setback.step_last
        state.counts[setback.count] += 1
        note_failure(plan, state, log, at)
    take_effect(plan, state, log, seed, replication, first, last)
    state.now[0].actor = NOTHING
    if not success and its_state.closing:
        abandon(plan, state, log, track, BY_RULE)
        return
    if not success:
        delay = days(plan, plan.setbacks[U(chosen)].delay, its_state.u_delay)
        pause(plan, state, log, track, plan.setbacks[U(chosen)].resume, delay)
        return
    set_level(plan, state, log, plan.shared[0].conditions + at, WHOLE(1))
    set_clock(state, plan.shared[0].first_track + track, np.inf)
    if at + 1 < plan.tracks[U(track)].last:
        its_state.stage, its_state.where = at + 1, WAITING
        mark_track(plan, state, track)
        if its_state.closing:
            abandon(plan, state, log, track, BY_RULE)
    else:
        # Only now: a track cannot reopen itself by its own last success.
        its_state.where, its_state.ended, its_state.closing = COMPLETED, state.now[0].time, 0
        record(log, state, COMPLETES, track, NO_DETAIL, 0.0)


@compiled()
def note_residual(plan, state, at, residual):  # type: ignore[no-untyped-def]
    """Add up what could not be foreseen of the attempts at a stage, until the goal."""
    shared, stage = plan.shared[0], state.stages[U(at)]
    if np.isnan(state.levels[U(shared.goal)].first):
        stage.residual += residual
        stage.residual_days += residual * (shared.horizon - state.now[0].time)


@compiled()
def choose(plan, levels, stage, u):  # type: ignore[no-untyped-def]
    """A setback by weight, among those that are possible now."""
    whole = 0.0
    for b in range(stage.setback_first, stage.setback_last):
        setback = plan.setbacks[U(b)]
        if setback.weight > 0.0 and lacking(plan, levels, setback.when) == NOTHING:
            whole += setback.weight
    reached, chosen = 0.0, stage.setback_first
    for b in range(stage.setback_first, stage.setback_last):
        setback = plan.setbacks[U(b)]
        if setback.weight > 0.0 and lacking(plan, levels, setback.when) == NOTHING:
            reached += setback.weight
            chosen = b
            if u * whole < reached:
                break
    return chosen


@compiled()
def pause(plan, state, log, track, resume, delay):  # type: ignore[no-untyped-def]
    """A track is delayed."""
    state.tracks[U(track)].where, state.tracks[U(track)].resume_at = DELAYED, resume
    record(log, state, PAUSES, track, resume, delay)
    set_clock(state, plan.shared[0].first_track + track, state.now[0].time + delay)


@compiled()
def resume(plan, state, log, track):  # type: ignore[no-untyped-def]
    """A delay ends: the track waits at the stage where it resumes, or is abandoned."""
    its_state = state.tracks[U(track)]
    set_clock(state, plan.shared[0].first_track + track, np.inf)
    if its_state.resume_at == ABANDON:
        abandon(plan, state, log, track, NO_DETAIL)
    else:
        record(log, state, RESUMES, its_state.resume_at, NO_DETAIL, 0.0)
        go_back(plan, state, log, track, its_state.resume_at)


@compiled()
def strike(plan, state, log, seed, replication, k):  # type: ignore[no-untyped-def]
    """A shock's instant has come; whether it happens depends on ``when`` and its chance."""
    shock, its_state = plan.shocks[U(k)], state.shocks[U(k)]
    occurrence, u = its_state.occurrence, its_state.u_happens
    its_state.occurrence += 1
    if shock.timing == DATED:
        its_state.date += 1
        set_clock(state, plan.shared[0].first_shock + k, next_date(plan, its_state, shock))
    else:
        its_state.fired = 1
        mark_shock(state, k)
    if shock.timing == DATED and lacking(plan, state.levels, shock.when) != NOTHING:
        record(log, state, PASSES, k, occurrence, 0.0)
    elif shock.probability < 1.0 and not u < shock.probability:
        record(log, state, PASSES, k, occurrence, shock.probability)
    else:
        record(log, state, HAPPENS, k, occurrence, 0.0)
        state.counts[U(shock.count)] += 1
        take_effect(plan, state, log, seed, replication, shock.step_first, shock.step_last)
        for j in range(shock.break_first, shock.break_last):
            break_off(plan, state, log, seed, replication, k, j, occurrence)
    if shock.timing == AFTER:
        its_state.residual = np.inf
    else:
        wind(plan, state, seed, replication, k)


@compiled()
def next_date(plan, its_state, shock):  # type: ignore[no-untyped-def]
    """The next date of a dated shock, or never."""
    return plan.dates[U(its_state.date)] if its_state.date < shock.date_last else np.inf


@compiled()
def break_off(plan, state, log, seed, replication, k, j, occurrence):  # type: ignore[no-untyped-def]
    """A shock may break an attempt in progress."""
    one, shock = plan.breaks[U(j)], plan.shocks[U(k)]
    its_state = state.tracks[U(one.track)]
    at = its_state.stage
    if its_state.where != AT_TABLE or (one.stage != NOTHING and one.stage != at):
        return
    block = np.uint64(1 + j - shock.break_first)
    u = streams.uniforms(seed, shock.stream, replication, np.uint64(occurrence), block)
    if not u[0] < one.probability:
        return
    state.counts[U(shock.breaks_count)] += 1
    record(log, state, BREAKS, at, k, 0.0)
    release(plan, state, log, one.track)
    note_failure(plan, state, log, at)
    if its_state.closing:
        abandon(plan, state, log, one.track, BY_RULE)
        return
    resume_at = one.resume
    if resume_at == NOTHING or resume_at > at:
        resume_at = at
    pause(plan, state, log, one.track, resume_at, days(plan, one.delay, u[1]))


@compiled()
def fade(plan, state, log, seed, replication, i):  # type: ignore[no-untyped-def]
    """A condition's clock has run out: one level less."""
    record(log, state, FADES, i, NO_DETAIL, 0.0)
    set_level(plan, state, log, i, state.levels[U(i)].now_at - 1)
    if state.levels[U(i)].now_at > 0:
        set_fade(plan, state, seed, replication, i)
    else:
        set_clock(state, plan.levels[U(i)].fade_clock, np.inf)


@compiled()
def open_window(plan, state, log):  # type: ignore[no-untyped-def]
    """A window opens: an event that only settles."""
    stage = plan.openings[state.now[0].opening].stage
    state.now[0].opening += 1
    set_clock(state, WHOLE(0), next_opening(plan, state))
    record(log, state, OPENS, stage, NO_DETAIL, 0.0)
    mark_track(plan, state, plan.stages[U(stage)].track)
    # Windows that open at the same instant are open already, whichever event is the first.
    also = state.now[0].opening
    while also < len(plan.openings) and plan.openings[U(also)].time == state.now[0].time:
        mark_track(plan, state, plan.stages[plan.openings[U(also)].stage].track)
        also += 1


@compiled()
def next_opening(plan, state):  # type: ignore[no-untyped-def]
    """The next opening in the calendar, or never."""
    opening = state.now[0].opening
    return plan.openings[U(opening)].time if opening < len(plan.openings) else np.inf


@compiled()
def decide(plan, state, log, seed, replication, r):  # type: ignore[no-untyped-def]
    """A rule of the strategy fires."""
    rule, its_state = plan.decisions[U(r)], state.decisions[U(r)]
    set_clock(state, plan.shared[0].first_decision + r, np.inf)
    its_state.armed, its_state.running = 0, 0
    if np.isnan(its_state.first):
        its_state.first = state.now[0].time
    record(log, state, ACTS, rule.column, NO_DETAIL, 0.0)
    take_effect(plan, state, log, seed, replication, rule.step_first, rule.step_last)


# -- the settle -----------------------------------------------------------------------------------


@compiled()
def settle(plan, state, log, seed, replication):  # type: ignore[no-untyped-def]
    """After every event: attempts begin, clocks are rescaled, waiting tracks note their lacks."""
    word = 0
    while word < len(state.look):
        if state.look[U(word)] == 0:
            word += 1
            continue
        bit = trailing_zeros(state.look[U(word)])
        mark = ONE << np.uint64(bit)
        state.look[U(word)] &= ~mark
        track = plan.by_priority[U(word * WORD + bit)]
        if state.tracks[U(track)].where != WAITING:
            continue
        lacks = unmet(plan, state, track)
        if lacks == NOTHING:
            begin(plan, state, log, seed, replication, track)
            word = 0
        else:
            state.tracks[U(track)].lacks = lacks
            state.looked[U(word)] |= mark
    for word in range(len(state.changed)):
        marks = state.changed[U(word)]
        state.changed[U(word)] = 0
        while marks != 0:
            rescale(plan, state, word * WORD + trailing_zeros(marks))
            marks &= marks - ONE
    if len(state.decisions) > 0:
        arm(plan, state)
    if log is not None:
        for track in range(len(state.tracks)):
            one = state.tracks[U(track)]
            if one.where == WAITING and one.begun == 0 and one.lacks != one.note:
                record(log, state, WAITS, track, one.lacks, 0.0)
    take_note(plan, state)


@compiled()
def arm(plan, state):  # type: ignore[no-untyped-def]
    """Clocks of rules are set when what they wait for begins to hold, and stopped when it fails."""
    for r in range(len(state.decisions)):
        rule, its_state = plan.decisions[U(r)], state.decisions[U(r)]
        holds = lacking(plan, state.levels, rule.when) == NOTHING
        clock = plan.shared[0].first_decision + r
        if its_state.armed == 0:
            if not holds and rule.repeats == 1:
                its_state.armed = 1
        elif holds and its_state.running == 0:
            its_state.running = 1
            set_clock(state, clock, state.now[0].time + rule.held)
        elif not holds and its_state.running == 1:
            its_state.running = 0
            set_clock(state, clock, np.inf)


@compiled()
def take_note(plan, state):  # type: ignore[no-untyped-def]
    """Those that were looked at and still wait for their first attempt note what they lack."""
    for word in range(len(state.looked)):
        marks = state.looked[U(word)]
        state.looked[U(word)] = 0
        while marks != 0:
            bit = trailing_zeros(marks)
            mark = ONE << U(bit)
            marks ^= mark
            its_state = state.tracks[plan.by_priority[U(word * WORD + bit)]]
            if its_state.where != WAITING:
                continue
            if its_state.begun == 0:
                its_state.note = its_state.lacks
            stage = plan.stages[U(its_state.stage)]
            if its_state.lacks == DELEGATION and stage.window_first != stage.window_last:
                # Its window will close without an event: look again each time.
                state.look[U(word)] |= mark


@compiled()
def unmet(plan, state, track):  # type: ignore[no-untyped-def]
    """The first thing that a waiting track lacks, or NOTHING."""
    its_state = state.tracks[U(track)]
    stage = plan.stages[U(its_state.stage)]
    if its_state.asks == 1:
        item = lacking(plan, state.levels, plan.tracks[U(track)].start_rule)
        if item != NOTHING:
            return item
    item = lacking(plan, state.levels, stage.gate)
    if item != NOTHING:
        return item
    if stage.window_first != stage.window_last:
        span, now = state.stages[U(its_state.stage)].window, state.now[0].time
        while span < stage.window_last and now >= plan.windows[U(span)].closes:
            span += 1
        state.stages[U(its_state.stage)].window = span
        if span == stage.window_last or now < plan.windows[U(span)].opens:
            return WINDOW
    for p in range(plan.tracks[U(track)].party_first, plan.tracks[U(track)].party_last):
        if state.free[plan.parties[U(p)]] <= 0:
            return DELEGATION
    return NOTHING


@compiled()
def begin(plan, state, log, seed, replication, track):  # type: ignore[no-untyped-def]
    """An attempt begins: delegations are seized, holds rise, the duration is drawn."""
    its_state = state.tracks[U(track)]
    at = its_state.stage
    stage = plan.stages[U(at)]
    its_state.where, its_state.begun, its_state.asks = AT_TABLE, 1, 0
    for p in range(plan.tracks[U(track)].party_first, plan.tracks[U(track)].party_last):
        state.free[plan.parties[U(p)]] -= 1
    attempt = state.stages[U(at)].attempts
    state.stages[U(at)].attempts += 1
    record(log, state, BEGINS, at, attempt, 0.0)
    hold(plan, state, log, at, WHOLE(1))
    u = streams.uniforms(seed, stage.stream, replication, np.uint64(attempt), np.uint64(0))
    its_state.u_success, its_state.u_setback, its_state.u_delay = u[1], u[2], u[3]
    # Own holds are up: they bear on the attempt's length.
    ratio = times_ratios(plan, state.levels, 1.0, stage.time_first, stage.time_last)
    length = distributions.stretched(days(plan, stage.law, u[0]), ratio)
    set_clock(state, plan.shared[0].first_track + track, state.now[0].time + length)


@compiled()
def rescale(plan, state, k):  # type: ignore[no-untyped-def]
    """Let an undated shock's clock run at its present speed."""
    its_state, shock = state.shocks[U(k)], plan.shocks[U(k)]
    if shock.table != NOTHING:
        speed = plan.speeds[U(shock.table + its_state.entry)]
    else:
        speed = speed_of(plan, state.levels, k)
    if speed == its_state.speed and its_state.fired == 0:
        return
    clock, now = plan.shared[0].first_shock + k, state.now[0].time
    if its_state.speed > 0.0 and its_state.fired == 0:
        its_state.residual = (state.due[U(clock)] - now) * its_state.speed
    its_state.speed, its_state.fired = speed, 0
    due = now + its_state.residual / speed if speed > 0.0 else np.inf
    set_clock(state, clock, due)


# -- one replication and many ---------------------------------------------------------------------


@compiled(inline="always")
def begin_day_0(plan, state, log, seed, replication):  # type: ignore[no-untyped-def]
    """Day 0: initial clocks, levels and postures."""
    reset(plan, state)
    set_clock(state, WHOLE(0), next_opening(plan, state))
    for k in range(len(plan.shocks)):
        draw_ahead(plan, state, seed, replication, k, WHOLE(0))
        wind(plan, state, seed, replication, k)
        if plan.shocks[U(k)].timing == DATED:
            due = next_date(plan, state.shocks[U(k)], plan.shocks[U(k)])
            set_clock(state, plan.shared[0].first_shock + k, due)
        else:
            mark_shock(state, k)
    levels = len(plan.levels)
    for n in range(levels + len(plan.postures)):
        if n < levels:
            i, new = n, plan.levels[U(n)].initially
            if new == 0:
                continue
        else:
            i = plan.postures[U(n - levels)]
            new = min(plan.levels[U(i)].maximum, state.levels[U(i)].now_at + 1)
        set_level(plan, state, log, i, new)
        set_fade(plan, state, seed, replication, i)


@compiled()
def reset(plan, state):  # type: ignore[no-untyped-def]
    """Everything as it was before day 0."""
    now = state.now[0]
    now.time, now.over, now.opening, now.events, now.logged = 0.0, 0, 0, 0, 0
    now.actor, now.binding = NOTHING, NOTHING
    for i in range(len(state.levels)):
        level = state.levels[U(i)]
        level.now_at, level.holders, level.draws = 0, 0, 0
        level.first, level.risen, level.held = np.nan, 0.0, 0.0
    for track in range(len(state.tracks)):
        one, its_plan = state.tracks[U(track)], plan.tracks[U(track)]
        one.stage, one.begun, one.ended = its_plan.begins_at, its_plan.begun, 0.0
        one.asks, one.closing = 1 - its_plan.begun, 0
        one.where = OUT if its_plan.left_out else WAITING
        if its_plan.begins_at == its_plan.last:
            one.where = COMPLETED
        one.note, one.lacks, one.resume_at = NOTHING, NOTHING, NOTHING
        mark_track(plan, state, track)
    for at in range(len(state.stages)):
        one_stage = state.stages[U(at)]
        one_stage.attempts, one_stage.window = 0, plan.stages[U(at)].window_first
        if now.keep_residuals:
            one_stage.residual, one_stage.residual_days = 0.0, 0.0
    for k in range(len(state.shocks)):
        shock = state.shocks[U(k)]
        shock.occurrence, shock.fired, shock.entry = 0, 0, 0
        shock.date, shock.speed, shock.residual = plan.shocks[U(k)].date_first, 0.0, np.inf
    for r in range(len(state.decisions)):
        rule = state.decisions[U(r)]
        rule.armed, rule.running, rule.first = 1, 0, np.nan
    for clock in range(len(state.due)):
        state.due[U(clock)] = np.inf
    for clock in range(0, len(state.due), GROUP):
        mark_group(state, clock)
    for column in range(len(state.counts)):
        state.counts[U(column)] = 0
    for party in range(len(state.free)):
        state.free[U(party)] = plan.capacity[U(party)]
    # A replication that ended in ruin has left its marks.
    for word in range(len(state.changed)):
        state.changed[U(word)] = 0


@compiled(inline="always")
def run(plan, state, log, seed, replication):  # type: ignore[no-untyped-def]
    """One replication; False where time cannot advance or the events are too many."""
    begin_day_0(plan, state, log, seed, replication)
    now, shared = state.now[0], plan.shared[0]
    events_of_instant = 0
    while now.over == 0:
        settle(plan, state, log, seed, replication)
        due, clock = next_clock(state)
        if not due < shared.horizon:
            break
        events_of_instant = events_of_instant + 1 if due == now.time and now.events > 0 else 1
        now.time = due
        now.events += 1
        if events_of_instant > MAX_EVENTS_AT_AN_INSTANT - REMEMBERED:
            state.ranks[U(events_of_instant % REMEMBERED)] = clock
            if events_of_instant > MAX_EVENTS_AT_AN_INSTANT:
                return False
        if now.events > shared.most_events:
            for i in range(len(state.ranks)):
                state.ranks[U(i)] = clock
            return False
        if clock >= shared.first_track:
            track = clock - shared.first_track
            if clock >= shared.first_decision:
                decide(plan, state, log, seed, replication, clock - shared.first_decision)
            elif state.tracks[U(track)].where == AT_TABLE:
                conclude(plan, state, log, seed, replication, track)
            else:
                resume(plan, state, log, track)
        elif clock >= shared.first_shock:
            strike(plan, state, log, seed, replication, clock - shared.first_shock)
        elif clock >= shared.first_fade:
            fading = plan.fading[U(clock - shared.first_fade)]
            fade(plan, state, log, seed, replication, fading)
        else:
            open_window(plan, state, log)
    return True


@compiled(inline="always")
def write(plan, state, rows, i):  # type: ignore[no-untyped-def]
    """Write the row of the replication into place ``i``."""
    shared, now = plan.shared[0], state.now[0]
    goal = state.levels[U(shared.goal)].first
    ruin = np.nan if shared.ruin == NOTHING else state.levels[U(shared.ruin)].first
    end = now.time if now.over else shared.horizon
    rows.outcome[i], rows.time[i] = ONGOING, shared.horizon
    if not np.isnan(ruin) and not goal < ruin:
        rows.outcome[i], rows.time[i] = RUIN, ruin
    elif not np.isnan(goal):
        rows.outcome[i], rows.time[i] = GOAL, goal
    else:
        all_over, one_gone, last = True, False, 0.0
        for track in range(len(state.tracks)):
            one = state.tracks[U(track)]
            if one.where != OUT:
                all_over = all_over and one.where >= COMPLETED
                one_gone = one_gone or one.where == GONE
                last = max(last, one.ended)
        if all_over and one_gone:
            rows.outcome[i], rows.time[i] = ABANDONED, last
    for c in range(rows.first.shape[1]):
        level = state.levels[U(c)]
        rows.first[i, c] = level.first
        if c < shared.conditions:
            rows.held[i, c] = level.held + (end - level.risen if level.now_at > 0 else 0.0)
    for c in range(len(state.counts)):
        rows.counts[i, c] = state.counts[U(c)]
    rows.binding[i] = now.binding
    for r in range(len(state.decisions)):
        rows.rules[i, plan.decisions[U(r)].column] = state.decisions[U(r)].first
    if now.keep_residuals:
        for at in range(len(state.stages)):
            rows.residuals[i, at, 0] = state.stages[U(at)].residual
            rows.residuals[i, at, 1] = state.stages[U(at)].residual_days


@engine
def run_all(plan, state, seed, first, rows):  # type: ignore[no-untyped-def]
    """Replications from ``first`` on, one a row; the place of one that failed, or NOTHING."""
    return run_each(plan, state, None, seed, first, rows)


@engine
def run_all_logged(plan, state, log, seed, first, rows):  # type: ignore[no-untyped-def]
    """As :func:`run_all`, with the events in ``log``, (room, 5), as far as they fit."""
    return run_each(plan, state, log, seed, first, rows)


@compiled()
def run_each(plan, state, log, seed, first, rows):  # type: ignore[no-untyped-def]
    """The body of both; without a log it is compiled without one."""
    state.now[0].keep_residuals = min(1, len(rows.residuals))
    for i in range(len(rows.time)):
        if not run(plan, state, log, seed, np.uint64(first + np.uint64(i))):
            return i
        write(plan, state, rows, i)
    return NOTHING


class Simulator:
    """Simulates replications of one program, draw after draw; not to be shared between threads.

    Its methods are those of :class:`sim.engine.processes.SimPySimulator`.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plan = plan(program.code)
        self.state = new_state(self.plan)
        self._views = draw_views(self.plan, program.code)

    def use(self, program: Program) -> None:
        """Simulate this draw of the program from now on."""
        self.program = program
        use_draw(self.plan, self._views, program.code)

    def simulate(self, seed: int, first: int, rows: Rows, log: Floats | None = None) -> None:
        """Fill rows with the replications from ``first`` on; errors as of the SimPy engine."""
        its_plan, state = self.plan, self.state
        which = np.uint64(seed), np.uint64(first), rows
        if log is None:
            failed = run_all(its_plan, state, *which)
        else:
            failed = run_all_logged(its_plan, state, log, *which)
        if failed != NOTHING:
            raise cannot_advance(
                self.program,
                seed,
                first + failed,
                float(state.now[0].time),
                int(state.now[0].events),
                [_rank(self.program.code, its_plan, clock) for clock in set(state.ranks.tolist())],
            )

    def trace(self, seed: int, replication: int) -> tuple[Rows, list[Entry]]:
        """One replication with its event log: its row (n = 1) and the entries in order."""
        rows, room = empty(self.program, 1), 4096
        while True:
            log = np.zeros((room, 5))
            self.simulate(seed, replication, rows, log)
            used = int(self.state.now[0].logged)
            if used <= room:
                return rows, [
                    (time, What(int(what)), int(subject), int(detail), value)
                    for time, what, subject, detail, value in log[:used].tolist()
                ]
            room = used


def simulate(
    program: Program, seed: int, first: int, count: int, *, residuals: bool = False
) -> Rows:
    """Simulate the replications ``first .. first + count - 1``.

    Arguments, rows and errors are those of :func:`sim.engine.processes.simulate`; processes of a
    user's own need the SimPy engine.

    >>> from sim import load
    >>> from sim.engine.program import translate
    >>> program = translate(load("korea-2017").strategy("proposal"))
    >>> rows = simulate(program, seed=1, first=0, count=3)
    >>> rows.time.shape, rows.first.shape == (3, len(program.levels))
    ((3,), True)
    """
    rows = empty(program, count, residuals=residuals)
    Simulator(program).simulate(seed, first, rows)
    return rows


def trace(program: Program, seed: int, replication: int) -> tuple[Rows, list[Entry]]:
    """One replication with its event log, as :func:`sim.engine.processes.trace` writes it."""
    return Simulator(program).trace(seed, replication)


def _rank(code: Code, its_plan: CompiledProgram, clock: int) -> int:
    """The rank in the order at one instant of the entity that has a clock."""
    shared, stages = its_plan.shared[0], len(its_plan.stages)
    if clock < shared.first_shock:
        return stages + int(its_plan.fading[clock - shared.first_fade])
    return int(stages + code.conditions + clock - shared.first_shock)


def is_compiled() -> bool:
    """Is the machine code at hand, in memory or in the cache?"""
    return not JIT or is_kept(run_all)
