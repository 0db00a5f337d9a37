"""The exact law of a Markovian scenario, from its file alone: nothing here is shared with ``sim``.

Where every duration, delay and fade is exponential or zero, and every shock comes at a rate or
after an exponential time, a scenario is a continuous-time Markov chain. Its states are found by
going through them; first passages are solved from the generator. An edge of the chain is a whole
instant: the event that time brought, and all those of no length that follow at once. An edge also
knows what rose on the way, so that first passages need no memory in the state.
"""

from __future__ import annotations

import re
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import block_array, coo_array, csr_array, diags_array
from scipy.sparse.linalg import expm_multiply

YEAR = 365.25
WAITING, ATTEMPT, DELAY, COMPLETED, ABANDONED, LEFT_OUT = range(6)
ABANDON = -1
MASS = 1e-15  # of an instant's paths; fewer are not followed
ROUNDS = 2_000


class NotMarkovian(Exception):
    """Something in the file has a memory or a date."""


class TooLarge(Exception):
    """More states than allowed."""


class Endless(Exception):
    """Events at one instant that do not end."""


# -- the file -------------------------------------------------------------------------------------


class Phase(NamedTuple):
    """Where a track stands.

    Attributes:
        kind: what it does.
        stage: at which stage; so many stages have succeeded.
        started: whether the start rule is no longer asked.
        mean: days, of what it is in; the time ratios are in it.
        resume: after a delay, the stage or ABANDON.
        begun: whether an attempt has begun, or a stage was done on day 0.
        closing: whether it is abandoned when the attempt ends.
    """

    kind: int
    stage: int
    started: bool
    mean: float = 0.0
    resume: int = 0
    begun: bool = True
    closing: bool = False


class State(NamedTuple):
    """What the future depends on."""

    levels: tuple[int, ...]
    phases: tuple[Phase, ...]
    spent: tuple[bool, ...]
    failures: tuple[int, ...]
    fired: tuple[bool, ...]


@dataclass
class MutableState:
    """A state while an event changes it, with what has risen at this instant (a bit each)."""

    levels: list[int]
    phases: list[Phase]
    spent: list[bool]
    failures: list[int]  # of those stages whose failures are read
    fired: list[bool]  # rules that are not armed
    risen: int = 0
    ruined: bool = False

    def copy(self) -> MutableState:
        lists = (self.levels, self.phases, self.spent, self.failures, self.fired)
        return MutableState(*(one.copy() for one in lists), self.risen, self.ruined)

    def state(self) -> State | None:
        """The state; ruin is one for all."""
        if self.ruined:
            return None
        lists = (self.levels, self.phases, self.spent, self.failures, self.fired)
        return State(*map(tuple, lists))


Rule = Callable[[MutableState], bool]
Level = Callable[[MutableState], int]
Branches = Iterator[tuple[float, MutableState]]
Ratio = Callable[[MutableState], float]


@dataclass
class Setback:
    when: Rule
    weight: float
    delay: float
    resume: int
    effects: dict[str, Any]


@dataclass
class Stage:
    mean: float
    success: float
    needs: Rule
    holds: list[str]
    setbacks: list[Setback]
    effects: dict[str, Any]
    time: Ratio
    odds: Ratio


@dataclass
class Break:
    track: int
    stage: int | None
    probability: float
    delay: float
    resume: int | None


@dataclass
class Shock:
    speed: float  # firings a day; infinite where it comes after no time at all
    once: bool
    when: Rule
    probability: float
    effects: dict[str, Any]
    breaks: list[Break]
    ratio: Ratio


@dataclass
class Track:
    parties: list[str]
    stages: list[Stage]
    start: Rule = field(default=lambda changing: True)


@dataclass
class Decision:
    when: Rule
    repeats: bool
    effects: dict[str, Any]
    name: str


def number(value: Any) -> float:
    """A number of the file; of a range the likely value."""
    return float(value["likely"] if isinstance(value, dict) else value)


def mean_days(value: Any) -> float:
    """The mean of an exponential length; 0 for the fixed length 0."""
    keys = set(value) if isinstance(value, dict) else None
    if keys == {"mean"}:
        return number(value["mean"])
    if keys == {"shape", "scale"} and number(value["shape"]) == 1:
        return number(value["scale"])
    if keys is None and value == 0:
        return 0.0
    raise NotMarkovian(f"length {value}")


class Model:
    """A scenario under one strategy, as rules on worlds."""

    def __init__(self, text: str, strategy: str | None = None) -> None:
        self.document = document = tomllib.loads(text)
        self.horizon = number(document["horizon"])
        self.stage_names = {
            name: [stage["name"] for stage in track["stages"]]
            for name, track in document["tracks"].items()
        }
        self.track_names = list(self.stage_names)
        self.plan = document["strategies"][strategy] if strategy else {}
        self._conditions()
        self.capacity = {p: number(n) for p, n in document.get("delegations", {}).items()}
        self.shocks = [self._shock(n, s) for n, s in document.get("shocks", {}).items()]
        self.tracks = [self._track(n, t) for n, t in document["tracks"].items()]
        self._start_rules()
        self.decisions = [self._decision(table) for table in self.plan.get("rules", [])]
        named = [self.track_names.index(name) for name in self.plan.get("priority", [])]
        self.priority = named + [t for t in range(len(self.tracks)) if t not in named]

    # conditions and clauses

    def _conditions(self) -> None:
        declared = self.document["conditions"]
        self.goal = self.document["goal"]
        self.ruin = self.document.get("ruin")
        self.maximum = {name: table.get("max", 1) for name, table in declared.items()}
        stages = [s for track in self.document["tracks"].values() for s in track["stages"]]
        self.held = {name for stage in stages for name in stage.get("holds", [])}
        self.plain = [name for name in declared if name not in self.held]
        fades = [declared[name].get("fades") for name in self.plain]
        self.fades = [None if value is None else mean_days(value) for value in fades]
        self.names = list(declared)
        self.names += [f"{t}.{s}" for t, some in self.stage_names.items() for s in some]
        self.names += [f"rule.{rule['name']}" for rule in self.plan.get("rules", [])]
        self.clamps = self._clamps()
        self.bit = {name: 1 << i for i, name in enumerate(self.names)}

    def _clamps(self) -> dict[str, int]:
        """By stage, how many failures anything can tell from more; a ratio per failure: all."""
        found: dict[str, int] = {}

        def walk(value: Any, once: bool) -> None:
            if isinstance(value, dict):
                for key, below in value.items():
                    walk(below, once and key != "of")
            elif isinstance(value, list):
                for below in value:
                    walk(below, once)
            elif isinstance(value, str) and (
                read := re.fullmatch(r"(!?)(\w+\.\w+)\.failures(?:>=(\d+))?", value)
            ):
                least = int(read[3] or 1) if once or read[1] or read[3] else 100
                found[read[2]] = min(100, max(found.get(read[2], 0), least))

        walk(self.document, True)
        return found

    def level(self, name: str) -> Level:
        """How the level of a condition is read from a state."""
        if name.endswith(".failures"):
            at = list(self.clamps).index(name.removesuffix(".failures"))
            return lambda changing: changing.failures[at]
        if name in self.held:
            return lambda changing: self._held_level(name, changing)
        if name in self.plain:
            place = self.plain.index(name)
            return lambda changing: changing.levels[place]
        track, stage = name.split(".")
        t, s = self.track_names.index(track), self.stage_names[track].index(stage)
        return lambda changing: int(changing.phases[t].stage > s)

    def _held_level(self, name: str, changing: MutableState) -> int:
        count = sum(
            self.tracks[t].stages[phase.stage].holds.count(name)
            for t, phase in enumerate(changing.phases)
            if phase.kind == ATTEMPT
        )
        return min(self.maximum[name], count)

    def literal(self, text: str) -> Rule:
        """The rule of ``x``, ``!x`` or ``x>=2``."""
        name, _, least = text.removeprefix("!").partition(">=")
        level = self.level(name)
        if text.startswith("!"):
            return lambda changing: level(changing) == 0
        threshold = int(least or 1)
        return lambda changing: level(changing) >= threshold

    def clauses(self, items: list[Any]) -> Rule:
        """All items hold; of a list, one."""
        each = [[self.literal(x) for x in ([i] if isinstance(i, str) else i)] for i in items]
        return lambda changing: all(any(rule(changing) for rule in some) for some in each)

    # influences

    def ratio(self, kind: str, target: str) -> Ratio:
        """The product of one kind of ratios on a stage or shock."""
        factors: list[tuple[Level, float]] = []
        for influence in self.document.get("influences", []):
            if kind in influence and _matches(influence["on"], target):
                factors.append((self._times(influence["of"]), number(influence[kind])))

        def product(changing: MutableState) -> float:
            value = 1.0
            for times, factor in factors:
                for _ in range(times(changing)):
                    value *= factor
            return value

        return product

    def _times(self, of: str) -> Level:
        if of.startswith("!") or ">=" in of:
            rule = self.literal(of)
            return lambda changing: int(rule(changing))
        return self.level(of)

    # tracks and shocks

    def _track(self, name: str, table: dict[str, Any]) -> Track:
        return Track(table.get("parties", []), [self._stage(name, s) for s in table["stages"]])

    def _stage(self, track: str, table: dict[str, Any]) -> Stage:
        if "window" in table:
            raise NotMarkovian("window")
        address = f"{track}.{table['name']}"
        return Stage(
            mean=mean_days(table["duration"]),
            success=number(table["success"]),
            needs=self.clauses(table.get("needs", [])),
            holds=table.get("holds", []),
            setbacks=[self._setback(track, table, s) for s in table.get("setbacks", [])],
            effects=table,
            time=self.ratio("time", address),
            odds=self.ratio("odds", address),
        )

    def _setback(self, track: str, stage: dict[str, Any], table: dict[str, Any]) -> Setback:
        return Setback(
            when=self.clauses(table.get("when", [])),
            weight=number(table.get("weight", 1)),
            delay=mean_days(table["delay"]),
            resume=self._place(track, table.get("resume", stage["name"])),
            effects=table,
        )

    def _place(self, track: str, stage: str) -> int:
        return ABANDON if stage == "abandon" else self.stage_names[track].index(stage)

    def _shock(self, name: str, table: dict[str, Any]) -> Shock:
        if "yearly" in table or "on" in table:
            raise NotMarkovian("dated shock")
        if "rate" in table:
            speed = number(table["rate"]) / YEAR
        else:
            mean = mean_days(table["after"])
            speed = 1 / mean if mean else np.inf
        return Shock(
            speed=speed,
            once="after" in table,
            when=self.clauses(table.get("when", [])),
            probability=number(table.get("probability", 1)),
            effects=table,
            breaks=[self._break(entry) for entry in table.get("breaks", [])],
            ratio=self.ratio("rate", name),
        )

    def _decision(self, table: dict[str, Any]) -> Decision:
        if table.get("held", 0):
            raise NotMarkovian("a rule that waits")
        when = self.clauses(table.get("when", []))
        return Decision(when, table.get("repeats", False), table, table["name"])

    def _break(self, table: dict[str, Any]) -> Break:
        track, _, stage = table["track"].partition(".")
        return Break(
            track=self.track_names.index(track),
            stage=self._place(track, stage) if stage else None,
            probability=number(table.get("probability", 1)),
            delay=mean_days(table.get("delay", 0)),
            resume=self._place(track, table["resume"]) if "resume" in table else None,
        )

    def _start_rules(self) -> None:
        for name, items in self.plan.get("starts", {}).items():
            self.tracks[self.track_names.index(name)].start = self.clauses(items)
        before: list[str] = []
        for group in self.plan.get("order", []):
            for name in group:
                self.tracks[self.track_names.index(name)].start = self.clauses(before)
            before = [f"{name}.{self.stage_names[name][-1]}" for name in group]

    # -- what happens -----------------------------------------------------------------------------

    def first(self) -> MutableState:
        """Day 0, settled; what is of no length has not yet happened."""
        declared = self.document["conditions"]
        done = self.plan.get("done", self.document.get("done", []))
        changing = MutableState(
            levels=[declared[name].get("initially", 0) for name in self.plain],
            phases=[self._phase(name, done) for name in self.track_names],
            spent=[False] * len(self.shocks),
            failures=[0] * len(self.clamps),
            fired=[False] * len(self.decisions),
        )
        for name in done:
            changing.risen |= self.bit[name]
        for name, level in zip(self.plain, changing.levels, strict=True):
            changing.risen |= self.bit[name] if level else 0
        self._effects({"raises": self.plan.get("raises", [])}, changing)
        self.settle(changing)
        return changing

    def _phase(self, track: str, done: list[str]) -> Phase:
        """Where a track stands on day 0."""
        place = sum(name.split(".")[0] == track for name in done)
        kind = LEFT_OUT if track in self.plan.get("never", []) else WAITING
        if place == len(self.stage_names[track]):
            kind = COMPLETED
        return Phase(kind, place, place > 0, begun=place > 0)

    def settle(self, changing: MutableState) -> None:
        """Start what may start, the first by priority again and again; then look at the rules."""
        while not changing.ruined:
            able = (t for t in self.priority if self._may_start(t, changing))
            track = next(able, None)
            if track is None:
                break
            self._start(track, changing)
        for r, rule in enumerate(self.decisions):
            if rule.repeats and not rule.when(changing):
                changing.fired[r] = False

    def _may_start(self, t: int, changing: MutableState) -> bool:
        phase, track = changing.phases[t], self.tracks[t]
        if phase.kind != WAITING or not (phase.started or track.start(changing)):
            return False
        if not track.stages[phase.stage].needs(changing):
            return False
        return all(self._free(party, changing) for party in track.parties)

    def _free(self, party: str, changing: MutableState) -> bool:
        seated = sum(
            phase.kind == ATTEMPT and party in track.parties
            for track, phase in zip(self.tracks, changing.phases, strict=True)
        )
        return seated < self.capacity.get(party, np.inf)

    def _start(self, t: int, changing: MutableState) -> None:
        place = changing.phases[t].stage
        stage = self.tracks[t].stages[place]
        changing.phases[t] = Phase(ATTEMPT, place, True)
        for name in stage.holds:
            changing.risen |= self.bit[name]
        changing.phases[t] = Phase(ATTEMPT, place, True, stage.mean * stage.time(changing))

    def _effects(self, effects: dict[str, Any], changing: MutableState) -> None:
        levels = changing.levels
        for name in effects.get("clears", []):
            levels[self.plain.index(name)] = 0
        for name in effects.get("lowers", []):
            place = self.plain.index(name)
            levels[place] = max(0, levels[place] - 1)
        for name in effects.get("raises", []):
            place = self.plain.index(name)
            levels[place] = min(self.maximum[name], levels[place] + 1)
            changing.risen |= self.bit[name]
            changing.ruined = changing.ruined or name == self.ruin
        for entry in effects.get("reopens", []):
            t = self.track_names.index(entry["track"])
            if changing.phases[t].kind == COMPLETED:
                stage = self._place(entry["track"], entry["stage"])
                changing.phases[t] = Phase(WAITING, stage, True)
        for name in effects.get("resumes", []):
            t = self.track_names.index(name)
            phase = changing.phases[t]
            if phase.kind == DELAY and phase.resume != ABANDON:
                changing.phases[t] = phase._replace(mean=0.0)
        for name in effects.get("closes", []):
            self._close(self.track_names.index(name), changing)
        for name in effects.get("opens", []):
            self._open(self.track_names.index(name), changing)

    def _close(self, t: int, changing: MutableState) -> None:
        phase = changing.phases[t]
        if phase.kind == ATTEMPT:
            changing.phases[t] = phase._replace(closing=True)
        elif phase.kind == WAITING and not phase.begun:
            changing.phases[t] = phase._replace(kind=LEFT_OUT)
        elif phase.kind in (WAITING, DELAY):
            changing.phases[t] = Phase(ABANDONED, phase.stage, True)

    def _open(self, t: int, changing: MutableState) -> None:
        phase = changing.phases[t]
        if phase.kind in (WAITING, LEFT_OUT):
            changing.phases[t] = phase._replace(kind=WAITING, started=True)
        elif phase.kind == ATTEMPT:
            changing.phases[t] = phase._replace(closing=False)

    def _note_failure(self, t: int, place: int, changing: MutableState) -> None:
        name = self._stage_condition(t, place)
        if name in self.clamps:
            at = list(self.clamps).index(name)
            changing.failures[at] = min(self.clamps[name], changing.failures[at] + 1)

    # events: each gives the worlds that may follow, unsettled

    def fade(self, place: int, changing: MutableState) -> Branches:
        """One level off."""
        changing = changing.copy()
        changing.levels[place] -= 1
        yield 1.0, changing

    def fire(self, k: int, changing: MutableState) -> Branches:
        """A shock's clock rings."""
        shock = self.shocks[k]
        changing = changing.copy()
        changing.spent[k] = shock.once
        if shock.probability < 1:
            yield 1 - shock.probability, changing.copy()
        self._effects(shock.effects, changing)
        for p, after in self._broken(shock.breaks, changing):
            yield shock.probability * p, after

    def _broken(self, entries: list[Break], changing: MutableState) -> Branches:
        if not entries:
            yield 1.0, changing
            return
        entry, others = entries[0], entries[1:]
        phase = changing.phases[entry.track]
        hit = phase.kind == ATTEMPT and entry.stage in (None, phase.stage)
        chance = entry.probability if hit else 0.0
        if chance < 1:
            for p, after in self._broken(others, changing.copy()):
                yield (1 - chance) * p, after
        if chance > 0:
            resume = phase.stage if entry.resume is None else min(entry.resume, phase.stage)
            self._note_failure(entry.track, phase.stage, changing)
            after = Phase(DELAY, phase.stage, True, entry.delay, resume)
            if phase.closing:
                after = Phase(ABANDONED, phase.stage, True)
            changing.phases[entry.track] = after
            for p, after in self._broken(others, changing):
                yield chance * p, after

    def advance(self, t: int, changing: MutableState) -> Branches:
        """What a track is in comes to its end."""
        phase = changing.phases[t]
        if phase.kind == ATTEMPT:
            yield from self._end(t, changing)
            return
        changing = changing.copy()
        if phase.resume == ABANDON:
            changing.phases[t] = Phase(ABANDONED, phase.stage, True)
        else:
            changing.phases[t] = Phase(WAITING, phase.resume, True)
        yield 1.0, changing

    def act(self, r: int, changing: MutableState) -> Branches:
        """A rule fires."""
        changing = changing.copy()
        changing.fired[r] = True
        changing.risen |= self.bit[f"rule.{self.decisions[r].name}"]
        self._effects(self.decisions[r].effects, changing)
        yield 1.0, changing

    def _end(self, t: int, changing: MutableState) -> Branches:
        place = changing.phases[t].stage
        stage = self.tracks[t].stages[place]
        ratio = stage.odds(changing)
        p = stage.success * ratio / ((1 - stage.success) + stage.success * ratio)
        if p > 0:
            yield p, self._succeed(t, place, changing.copy())
        if p < 1:
            able = [setback for setback in stage.setbacks if setback.when(changing)]
            total = sum(setback.weight for setback in able)
            for setback in able:
                if setback.weight:
                    after = self._fail(t, place, setback, changing.copy())
                    yield (1 - p) * setback.weight / total, after

    def _succeed(self, t: int, place: int, changing: MutableState) -> MutableState:
        track = self.tracks[t]
        self._effects(track.stages[place].effects, changing)
        last = place + 1 == len(track.stages)
        onward = ABANDONED if changing.phases[t].closing else WAITING
        changing.phases[t] = Phase(COMPLETED if last else onward, place + 1, True)
        changing.risen |= self.bit[self._stage_condition(t, place)]
        return changing

    def _stage_condition(self, t: int, place: int) -> str:
        track = self.track_names[t]
        return f"{track}.{self.stage_names[track][place]}"

    def _fail(self, t: int, place: int, setback: Setback, changing: MutableState) -> MutableState:
        self._note_failure(t, place, changing)
        self._effects(setback.effects, changing)
        if changing.phases[t].closing:
            changing.phases[t] = Phase(ABANDONED, place, True)
        else:
            changing.phases[t] = Phase(DELAY, place, True, setback.delay, setback.resume)
        return changing

    # what may happen next

    def pending(self, changing: MutableState) -> Iterator[tuple[float, Branches]]:
        """Events that may come, with their rates a day, in the order of one instant."""
        for place, mean in enumerate(self.fades):
            if mean is not None and changing.levels[place]:
                yield _rate(mean), self.fade(place, changing)
        for k, shock in enumerate(self.shocks):
            if shock.speed and not changing.spent[k] and shock.when(changing):
                yield shock.speed * shock.ratio(changing), self.fire(k, changing)
        for t, phase in enumerate(changing.phases):
            if phase.kind in (ATTEMPT, DELAY):
                yield _rate(phase.mean), self.advance(t, changing)
        for r, rule in enumerate(self.decisions):
            if not changing.fired[r] and rule.when(changing):
                yield np.inf, self.act(r, changing)

    def over(self, state: State) -> bool:
        """Whether no track goes on and one was abandoned."""
        kinds = {phase.kind for phase in state.phases}
        return ABANDONED in kinds and not kinds & {WAITING, ATTEMPT, DELAY}


def _rate(mean: float) -> float:
    return 1 / mean if mean else np.inf


def _matches(pattern: str, name: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), name) is not None


# -- the chain ------------------------------------------------------------------------------------

Ends = dict[tuple[State | None, int], float]


class Chain:
    """All states that can be reached, and the edges between them.

    Attributes:
        model: the scenario.
        states: by number; None is ruin.
        starts: state's number, what has risen on day 0, and the probability of both.
        edges: from, to, rate a day, what rose.
    """

    def __init__(self, text: str, strategy: str | None = None, most: int = 40_000) -> None:
        self.model = Model(text, strategy)
        self._number: dict[State | None, int] = {}
        self._queue: deque[State] = deque()
        self._most = most
        self.states: list[State | None] = []
        self.starts = [
            (self._at(state), risen, p)
            for (state, risen), p in self._instant([(1.0, self.model.first())]).items()
        ]
        self.edges: list[tuple[int, int, float, int]] = []
        while self._queue:
            self._expand(self._queue.popleft())

    def _at(self, state: State | None) -> int:
        if state not in self._number:
            if len(self.states) == self._most:
                raise TooLarge(f"more than {self._most} states")
            self._number[state] = len(self.states)
            self.states.append(state)
            if state is not None:
                self._queue.append(state)
        return self._number[state]

    def _expand(self, state: State) -> None:
        here = self._number[state]
        for rate, branches in self.model.pending(_world(state)):
            for (after, risen), p in self._instant(branches).items():
                self.edges.append((here, self._at(after), rate * p, risen))

    def _instant(
        self, branches: Iterator[tuple[float, MutableState]] | list[tuple[float, MutableState]]
    ) -> Ends:
        """Where an instant leads: what is of no length happens, until nothing of it is left."""
        ends: Ends = {}
        front = self._settled(branches, 1.0, {})
        for _ in range(ROUNDS):
            after: Ends = {}
            for (state, risen), p in front.items():
                changing = None if state is None else _world(state, risen)
                event = None if changing is None else self._now(changing)
                if event is None:
                    ends[state, risen] = ends.get((state, risen), 0.0) + p
                else:
                    self._settled(event, p, after)
            front = after
            if sum(front.values()) < MASS:
                return ends
        raise Endless("an instant does not end")

    def _now(self, changing: MutableState) -> Branches | None:
        """The first event that is due at once."""
        events = self.model.pending(changing)
        return next((branches for rate, branches in events if rate == np.inf), None)

    def _settled(self, branches: Any, share: float, into: Ends) -> Ends:
        for p, changing in branches:
            if p > 0:
                self.model.settle(changing)
                key = (changing.state(), changing.risen)
                into[key] = into.get(key, 0.0) + share * p
        return into

    # -- what follows from the generator ----------------------------------------------------------

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        columns = list(zip(*self.edges, strict=True)) or [(), (), (), ()]
        kinds = (np.int64, np.int64, float, np.int64)
        come, go, rate, risen = (np.array(c, k) for c, k in zip(columns, kinds, strict=True))
        return come, go, rate, risen

    def _stopped(self, masks: list[int]) -> tuple[csr_array, np.ndarray]:
        """The forward generator and day 0, stopped where something of the first mask rises, else
        of the second..: one more state for each."""
        size = len(self.states)
        come, go, rate, risen = self._arrays
        target = go.copy()
        starts = np.zeros(size + len(masks))
        for i, mask in reversed(list(enumerate(masks))):
            target[(risen & mask) != 0] = size + i
        for state, rose, p in self.starts:
            hit = [size + i for i, mask in enumerate(masks) if rose & mask]
            starts[hit[0] if hit else state] += p
        shape = (len(starts), len(starts))
        flow = coo_array((rate, (target, come)), shape=shape)
        loss = coo_array((-rate, (come, come)), shape=shape)
        return (flow + loss).tocsr(), starts

    def passage(self, name: str, times: list[float]) -> list[float]:
        """The probability that a condition has risen, by each time."""
        generator, now = self._stopped([self.model.bit[name]])
        return [float(at[-1]) for at in _through(generator, now, times)]

    def incidence(self, times: list[float]) -> list[tuple[float, float]]:
        """The probability that the goal, and that the ruin, came first of the two by each time."""
        ruin = self.model.bit[self.model.ruin] if self.model.ruin else 0
        generator, now = self._stopped([ruin, self.model.bit[self.model.goal]])
        return [(float(at[-1]), float(at[-2])) for at in _through(generator, now, times)]

    def outcomes(self) -> dict[str, float]:
        """The probability of each outcome."""
        model = self.model
        ruin = model.bit[model.ruin] if model.ruin else 0
        generator, now = self._stopped([ruin, model.bit[model.goal]])
        (at,) = _through(generator, now, [model.horizon])
        over = np.array([state is not None and model.over(state) for state in self.states])
        at_rest = at[:-2]
        shares = {
            model.goal: at[-1],
            "abandoned": at_rest[over].sum(),
            "ongoing": at_rest[~over].sum(),
        }
        if model.ruin:
            shares[model.ruin] = at[-2]
        return {name: float(share) for name, share in shares.items()}

    def days(self, name: str) -> tuple[float, float]:
        """Mean and standard deviation of the days at level 1 or more, up to the end of the run.

        With p the distribution over states and m the days so far by state, m' = Q'm + Fp; their
        total's square has the derivative 2 F m.
        """
        level = self.model.level(name)
        up = [float(s is not None and level(_world(s)) > 0) for s in self.states]
        generator, now = self._stopped([])
        rises = diags_array(np.array(up))
        row = csr_array(np.array([up]) * 2)
        corner = csr_array((1, 1))
        system = block_array(
            [[generator, None, None], [rises, generator, None], [None, row, corner]], format="csr"
        )
        whole = np.concatenate([now, np.zeros(len(now) + 1)])
        (at,) = _through(system, whole, [self.model.horizon])
        mean = float(at[len(now) : -1].sum())
        return mean, max(0.0, float(at[-1]) - mean**2) ** 0.5


def _world(state: State, risen: int = 0) -> MutableState:
    return MutableState(*(list(one) for one in state), risen)


def _through(generator: csr_array, now: np.ndarray, times: list[float]) -> Iterator[np.ndarray]:
    """The distribution at each of some rising times."""
    clock = 0.0
    for time in times:
        if time > clock:
            now = expm_multiply(generator * (time - clock), now)
            clock = time
        yield now
