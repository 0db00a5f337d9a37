"""What must hold between the parts of a scenario: names that exist, rules that can be obeyed.

Every function notes all the faults that it finds. Names are looked up in the document itself, so
that a condition whose table has a fault is not also called unknown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sim.scenario.issues import Place, Report, listed, show
from sim.scenario.model import (
    ABANDON,
    KINDS,
    Clauses,
    Content,
    Effects,
    Influence,
    Literal,
    Setback,
    Shock,
    Stage,
    Strategy,
    Track,
)
from sim.scenario.parameters import Change, Slot, revised_stage, slots
from sim.scenario.quantities import Number, Range, disorder, highest, lowest


@dataclass(frozen=True)
class Known:
    """The names that a document declares; None where it cannot be told.

    Attributes:
        conditions: declared conditions.
        tracks: the stages of each track.
        shocks: the shocks.
        held: conditions that attempts hold.
    """

    conditions: Collection[str] | None
    tracks: Mapping[str, tuple[str, ...] | None] | None
    shocks: Collection[str] | None
    held: frozenset[str]

    @property
    def stages(self) -> dict[str, None] | None:
        """All stages as ``track.stage``, or None where some cannot be told."""
        if self.tracks is None or any(stages is None for stages in self.tracks.values()):
            return None
        return {f"{t}.{s}": None for t, stages in self.tracks.items() for s in stages or ()}


def _keys(document: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    table = document.get(key, {})
    if not isinstance(table, dict):
        return None
    return {
        name: entry
        for name, entry in table.items()
        if not (name in ("about", "source") and isinstance(entry, str))
    }


def _stage_names(track: object) -> tuple[str, ...] | None:
    stages = track.get("stages") if isinstance(track, dict) else None
    if not isinstance(stages, list):
        return None
    names = [stage.get("name") if isinstance(stage, dict) else None for stage in stages]
    if not all(isinstance(name, str) for name in names):
        return None
    return tuple(str(name) for name in names)


def known_names(document: Mapping[str, Any], content: Content) -> Known:
    """The names that a document declares, whether or not their tables could be read."""
    conditions, tracks = _keys(document, "conditions"), _keys(document, "tracks")
    held = frozenset(name for stage in content.stages.values() for name in stage.holds)
    return Known(
        conditions=conditions,
        tracks=tracks if tracks is None else {t: _stage_names(v) for t, v in tracks.items()},
        shocks=_keys(document, "shocks"),
        held=held,
    )


def complete(content: Content, document: Mapping[str, Any], report: Report) -> Content:
    """Check all that concerns several tables, and resolve what refers to others.

    Returns:
        The content with the targets of influences, and the start rules that ``order`` stands for.
    """
    check = _Check(content, known_names(document, content), Place(report))
    check.ends()
    check.conditions()
    for name, track in content.tracks.items():
        check.track(track, check.top / "tracks" / name)
    for name, shock in content.shocks.items():
        check.shock(shock, check.top / "shocks" / name)
    influences = check.influences()
    content = replace(content, influences=influences)
    check.content = content
    numbers = slots(content)
    strategies = {
        name: check.strategy(one, check.top / "strategies" / name, numbers)
        for name, one in content.strategies.items()
    }
    check.correlations(numbers)
    return replace(content, strategies=strategies)


def check_overrides(content: Content, values: Mapping[str, float], at: Place) -> None:
    """Note what is wrong with values by dotted name for a scenario without faults."""
    held = frozenset(name for stage in content.stages.values() for name in stage.holds)
    tracks = {t.name: tuple(s.name for s in t.stages) for t in content.tracks.values()}
    known = Known(list(content.conditions), tracks, list(content.shocks), held)
    _Check(content, known, Place(at.report)).overrides(values, at, slots(content))


class _Check:
    """The names that are known and the report that faults go to."""

    def __init__(self, content: Content, known: Known, top: Place) -> None:
        self.content, self.known, self.top = content, known, top
        self.stages = known.stages
        self.targets = content.stages
        self.undated = [name for name, one in content.shocks.items() if not one.dated]

    # -- references --

    def condition(self, name: str, at: Place) -> None:
        """A condition, or a stage condition, that is read."""
        if "." in name:
            if self.stages is not None and name not in self.stages:
                at.refuse_name("stage", name, self.stages)
        elif self.known.conditions is not None and name not in self.known.conditions:
            at.refuse_name("condition", name, [*self.known.conditions, *(self.stages or ())])

    def clauses(self, clauses: Clauses, at: Place) -> None:
        """All conditions that a rule reads."""
        for place, item in at.entries(clauses):
            alone = len(item) == 1
            for literal_place, literal in place.entries(item):
                self.condition(literal.condition, place if alone else literal_place)

    def changed(self, names: Iterable[str], at: Place) -> None:
        """Conditions that are raised, lowered or cleared: declared, and not held."""
        known = self.known.conditions
        for place, name in at.entries(names):
            if "." in name:
                place.refuse(
                    f"{show(name)} is a stage condition, which only its track changes",
                    "a declared condition",
                )
            elif known is not None and name not in known:
                place.refuse_name("condition", name, self.free)
            elif name in self.known.held:
                place.refuse(
                    f"{show(name)} is held by attempts, so nothing else changes it",
                    "a condition that no stage holds",
                )

    @property
    def free(self) -> list[str]:
        """Declared conditions that are not held."""
        return [name for name in self.known.conditions or () if name not in self.known.held]

    def effects(self, effects: Effects, at: Place) -> None:
        """What a stage, setback or shock does."""
        for key in ("clears", "lowers", "raises"):
            self.changed(getattr(effects, key), at / key)
        for place, one in (at / "reopens").entries(effects.reopens):
            if self.track_name(one.track, place / "track"):
                self.stage_name(one.track, one.stage, place / "stage")

    def track_name(self, name: str, at: Place) -> bool:
        """Whether a track is known; if it is not, that is noted."""
        if self.known.tracks is None or not at.sound:
            return False
        if name not in self.known.tracks:
            at.refuse_name("track", name, self.known.tracks)
            return False
        return True

    def stage_name(self, track: str, stage: str, at: Place, extra: tuple[str, ...] = ()) -> bool:
        """Whether a stage of a known track is known; if it is not, that is noted."""
        stages = (self.known.tracks or {}).get(track)
        if stages is None or not at.sound or stage in extra:
            return False
        if stage not in stages:
            at.refuse_name("stage", stage, [*stages, *extra])
            return False
        return True

    # -- parts --

    def ends(self) -> None:
        """Goal and ruin are two declared conditions, not held ones."""
        known = self.known.conditions
        for key in ("goal", "ruin"):
            name, at = getattr(self.content, key), self.top / key
            if name is None or known is None or not at.sound:
                continue
            if name not in known:
                at.refuse_name("condition", name, self.free)
            elif name in self.known.held:
                at.refuse(f'"{name}" is held by attempts', "a condition that no stage holds")
        if self.content.ruin == self.content.goal and (self.top / "ruin").sound:
            (self.top / "ruin").refuse(f'"{self.content.ruin}" is the goal', "another condition")

    def conditions(self) -> None:
        """Held conditions have no life of their own."""
        for name, one in self.content.conditions.items():
            at = self.top / "conditions" / name
            given = {
                "fades": one.fades is not None,
                "initially": one.initially > 0,
                "posture": one.posture,
            }
            for key in [k for k, present in given.items() if present and name in self.known.held]:
                (at / key).refuse(
                    f'"{name}" is held by attempts, which alone give its level',
                    f"no {key} where a stage holds the condition",
                )

    def track(self, track: Track, at: Place) -> None:
        """The stages of a track, and its name."""
        if track.name in (self.known.shocks or ()):
            at.refuse(f'"{track.name}" is also a shock', "tracks and shocks of different names")
        seen: list[str] = []
        for place, stage in (at / "stages").entries(track.stages):
            if stage.name in seen and (place / "name").sound:
                (place / "name").refuse(
                    f'a second stage "{stage.name}"', "stages of different names"
                )
            self.stage(track, stage, seen, place)
            seen.append(stage.name)

    def stage(self, track: Track, stage: Stage, before: list[str], at: Place) -> None:
        """A stage; ``before`` are the names of those before it."""
        self.clauses(stage.needs, at / "needs")
        self.effects(stage, at)
        for place, name in (at / "holds").entries(stage.holds):
            if "." in name:
                place.refuse(f"{show(name)} is a stage condition", "a declared condition")
            elif self.known.conditions is not None and name not in self.known.conditions:
                place.refuse_name("condition", name, self.known.conditions)
        seen: set[str] = set()
        for place, setback in (at / "setbacks").entries(stage.setbacks):
            self.setback(track, setback, [*before, stage.name], seen, place)
            seen.add(setback.name)
        for path, found in impossible(stage):
            here = at
            for key in path:
                here = here / key
            if all((at / key).sound for key in ("success", "duration")) and here.sound:
                here.refuse(found)

    def setback(
        self, track: Track, setback: Setback, upto: list[str], seen: set[str], at: Place
    ) -> None:
        """A setback of the last stage of ``upto``; ``seen`` are the setbacks before it."""
        name, named = setback.name, at / "name"
        if named.sound:
            if name in seen:
                named.refuse(f'a second setback "{name}"', "setbacks of different names in a stage")
            if name in (self.known.shocks or ()):
                named.refuse(f'"{name}" is also a shock', "a name that no shock has")
            self.no_suffix(name, named)
        self.clauses(setback.when, at / "when")
        self.effects(setback, at)
        if setback.resume is None or not (at / "resume").sound:
            return
        known = self.stage_name(track.name, setback.resume, at / "resume", (ABANDON,))
        if known and setback.resume not in upto:
            (at / "resume").refuse(
                f'"{setback.resume}" is a later stage', f"{', '.join(upto)} or {ABANDON}"
            )

    def no_suffix(self, name: str, at: Place) -> None:
        """Names of shocks and setbacks become columns, beside which ``_breaks`` has a meaning."""
        if name.endswith("_breaks"):
            at.refuse(f'"{name}" ends in _breaks', "a name with another ending")

    def shock(self, shock: Shock, at: Place) -> None:
        """A shock and what it breaks."""
        self.no_suffix(shock.name, at)
        self.clauses(shock.when, at / "when")
        self.effects(shock, at)
        for place, one in (at / "breaks").entries(shock.breaks):
            where = place / "track"
            if not self.track_name(one.track, where):
                continue
            if one.stage is not None:
                self.stage_name(one.track, one.stage, where)
            if one.resume is not None:
                self.stage_name(one.track, one.resume, place / "resume", (ABANDON,))

    # -- influences --

    def influences(self) -> tuple[Influence, ...]:
        """All influences, with what they bear on."""
        names: set[str] = set()
        resolved = []
        for at, one in (self.top / "influences").entries(self.content.influences):
            if one.name is not None and (at / "name").sound:
                if one.name in names:
                    (at / "name").refuse(f'a second influence "{one.name}"', "different names")
                names.add(one.name)
            if isinstance(one.ratio, Range) and one.name is None and at.sound:
                (at / one.kind).refuse(
                    "a range in an influence without a name", "a number, or a range and a name"
                )
            if isinstance(one.of, Literal):
                self.condition(one.of.condition, at / "of")
            sound = one.kind in KINDS and (at / "on").sound
            resolved.append(replace(one, targets=self.on(one, at / "on")) if sound else one)
        return tuple(resolved)

    def on(self, one: Influence, at: Place) -> tuple[str, ...]:
        """The names of what an influence bears on."""
        stages, shocks = self.known.stages, self.known.shocks
        if stages is None or shocks is None:
            return ()
        if "*" in one.on:
            return self.pattern(one, at)
        own: Collection[str] = self.undated if one.kind == "rate" else self.targets
        if one.on in own:
            return (one.on,)
        what = "undated shocks" if one.kind == "rate" else "stages"
        allowed = f"a pattern, or one of {listed(own)}" if own else f"none, as there are no {what}"
        if one.on in self.known.tracks if self.known.tracks is not None else False:
            at.refuse(f'"{one.on}" is a track', f'a stage of it, or "{one.on}.*" for all')
        elif one.on in shocks and one.kind == "rate":
            if one.on in self.content.shocks and self.content.shocks[one.on].dated:
                at.refuse(f'"{one.on}" is a dated shock, which has no rate', allowed)
        elif one.on in shocks or one.on in stages:
            kind = "shock" if one.on in shocks else "stage"
            at.refuse(f'"{one.on}" is a {kind}; {one.kind} bears on {what} only', allowed)
        else:
            at.refuse_name(what[:-1], one.on, own)
        return ()

    def pattern(self, one: Influence, at: Place) -> tuple[str, ...]:
        """What a pattern matches; dated shocks are passed over."""
        matches = glob(one.on)
        own: Collection[str] = self.undated if one.kind == "rate" else self.targets
        found = tuple(name for name in own if matches(name))
        everything = self.known.shocks if one.kind == "rate" else self.known.stages
        if not any(matches(name) for name in everything or ()):
            what = "shock" if one.kind == "rate" else "stage"
            allowed = f"a pattern that matches one of {listed(list(everything or ()))}"
            at.refuse(
                f"{show(one.on)} matches no {what}",
                allowed if everything else f"none, as there are no {what}s",
            )
        return found

    # -- strategies --

    def strategy(
        self, one: Strategy, at: Place, numbers: Mapping[str, tuple[Slot, Number]]
    ) -> Strategy:
        """A strategy, with the start rules that its order stands for."""
        for track, clauses in one.starts.items():
            self.track_name(track, at / "starts" / track)
            self.clauses(clauses, at / "starts" / track)
        for key in ("never", "priority"):
            for place, name in (at / key).entries(getattr(one, key)):
                self.track_name(name, place)
        self.changed(one.raises, at / "raises")
        self.overrides(one.overrides, at / "overrides", numbers)
        return replace(one, starts={**one.starts, **self.ordered(one, at / "order")})

    def ordered(self, one: Strategy, at: Place) -> dict[str, Clauses]:
        """The start rules that an order stands for."""
        starts: dict[str, Clauses] = {}
        before: Clauses = ()
        for place, group in at.entries(one.order):
            for name_place, name in place.entries(group):
                if not self.track_name(name, name_place):
                    continue
                if name in starts:
                    name_place.refuse(f'"{name}" stands here twice', "each track once")
                elif name in one.starts:
                    name_place.refuse(
                        f'"{name}" has a start rule in `starts` too', "a track in one of the two"
                    )
                starts[name] = before
            before = tuple(self.last_stage(name) for name in group if self.has_stages(name))
        return starts

    def has_stages(self, track: str) -> bool:
        """Whether a track is there to be waited for."""
        return track in self.content.tracks and bool(self.content.tracks[track].stages)

    def last_stage(self, track: str) -> tuple[Literal, ...]:
        """The test that a track has been completed."""
        name = f"{track}.{self.content.tracks[track].stages[-1].name}"
        return (Literal(name, 1, False, name),)

    # -- numbers --

    def is_sound(self, dotted: str) -> bool:
        """Whether the table that a dotted name leads into is without fault."""
        first = dotted.partition(".")[0]
        if first in ("delegations", "influences"):
            return (self.top / first).sound
        report = self.top.report
        return all(report.sound(part, first) for part in ("conditions", "tracks", "shocks"))

    def overrides(
        self,
        values: Mapping[str, float],
        at: Place,
        numbers: Mapping[str, tuple[Slot, Number]],
    ) -> None:
        """Values by dotted name: known, within bounds, and possible together."""
        good = {}
        for name, value in values.items():
            if not self.is_sound(name) or not (at / name).sound:
                continue
            if name not in numbers:
                (at / name).refuse_name("number", name, self.alike(name, numbers))
            elif value not in (bounds := numbers[name][0].bounds):
                (at / name).refuse(show(value), str(bounds))
            else:
                good[name] = value
        self.laws(good, at, numbers)
        self.revised_stages(good, at)

    def alike(self, name: str, numbers: Mapping[str, object]) -> list[str]:
        """The numbers of the same entity, or all where there are none."""
        first = name.partition(".")[0]
        return [n for n in numbers if n.startswith(f"{first}.")] or list(numbers)

    def laws(
        self,
        values: Mapping[str, float],
        at: Place,
        numbers: Mapping[str, tuple[Slot, Number]],
    ) -> None:
        """The parameters of each law that is touched stay in order."""
        touched = {numbers[name][0].law: name for name in values}
        for law, name in touched.items():
            duration = numbers[name][0].duration
            if duration is None:
                continue
            params = {
                key: values.get(f"{law}.{key}", number) for key, number in duration.params.items()
            }
            if wrong := disorder(replace(duration, params=params)):
                (at / name).refuse(f"this gives {law} {wrong}")

    def revised_stages(self, values: Mapping[str, float], at: Place) -> None:
        """The stages that are touched can still be left."""

        def change(slot: Slot, number: Number) -> Number:
            return values.get(slot.name, number)

        stages = {".".join(name.split(".")[:2]): name for name in values}
        for stage, name in stages.items():
            if stage in self.targets:
                track = self.content.tracks[stage.split(".")[0]]
                self.revised_stage(track, stage, (at / name), change)

    def revised_stage(self, track: Track, stage: str, at: Place, change: Change) -> None:
        """One stage, with other numbers, can still be left."""
        for _, found in impossible(revised_stage(track, self.targets[stage], change)):
            at.refuse(f"with this, {stage} has {found}")

    def correlations(self, numbers: Mapping[str, tuple[Slot, Number]]) -> None:
        """Correlations tie two different ranged numbers, each pair once, and fit together."""
        pairs: dict[frozenset[str], float] = {}
        top = self.top / "correlations"
        for at, one in top.entries(self.content.correlations):
            if not (at / "between").sound:
                continue
            for place, name in (at / "between").entries(one.between):
                self.ranged(name, place, numbers)
            pair = frozenset(one.between)
            if len(pair) == 1:
                (at / "between").refuse(f'"{one.between[0]}" twice', "two different numbers")
            elif pair in pairs:
                (at / "between").refuse("this pair is tied above already", "each pair once")
            pairs[pair] = one.rank
        if top.sound and not _fit_together(pairs):
            top.refuse(
                "no numbers can have all these rank correlations at once",
                "a positive definite set",
            )

    def ranged(self, name: str, at: Place, numbers: Mapping[str, tuple[Slot, Number]]) -> None:
        """A correlated number exists and is a range."""
        if not self.is_sound(name):
            return
        if name not in numbers:
            at.refuse_name("number", name, [n for n, (_, x) in numbers.items() if _is_range(x)])
        elif not _is_range(numbers[name][1]):
            at.refuse(f"{show(name)} is no range", "a number given as { low, likely, high }")


def glob(pattern: str) -> Callable[[str], object]:
    """A test of names against a pattern in which each * stands for any characters."""
    first, *others = map(re.escape, pattern.split("*"))
    *between, last = others or [""]
    # Each part is looked for once, from the left, and never again: no pattern takes long.
    inner = "".join(f"(?>.*?{part})" for part in between if part)
    return re.compile(f"{first}{inner}{'.*' if others else ''}{last}").fullmatch


def _is_range(number: Number) -> bool:
    return isinstance(number, Range)


def impossible(stage: Stage) -> list[tuple[tuple[str | int, ...], str]]:
    """Why a stage could not be left, whatever the luck: paths below it, and what is wrong."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    sure = [s for s in stage.setbacks if not s.when and lowest(s.weight) > 0]
    if stage.may_fail and not sure:
        found.append(
            (
                ("setbacks",),
                "no setback that is always possible; allowed: where success may be below 1, "
                "at least one setback without `when` and with a weight above 0",
            )
        )
    if stage.may_fail and stage.duration.instant:
        for place, setback in enumerate(stage.setbacks):
            if (
                setback.resume in (None, stage.name)
                and setback.delay.instant
                and highest(setback.weight) > 0
            ):
                found.append(
                    (
                        ("setbacks", place, "delay"),
                        "an endless loop at one instant: duration 0, and a setback to the same "
                        "stage with delay 0; allowed: one of the two above 0",
                    )
                )
    return found


def _fit_together(pairs: Mapping[frozenset[str], float]) -> bool:
    """Whether a Gaussian copula with these rank correlations exists (Cholesky's test)."""
    names = sorted({name for pair in pairs for name in pair})
    if len(names) > 200:
        return True  # left to the experiments, which have linear algebra at hand
    lower = [[0.0] * len(names) for _ in names]
    for i, row in enumerate(names):
        for j, column in enumerate(names[: i + 1]):
            rank = 1.0 if i == j else pairs.get(frozenset((row, column)), 0.0)
            normal = 2 * math.sin(math.pi / 6 * rank)
            rest = normal - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j and rest <= 1e-12:
                return False
            lower[i][j] = math.sqrt(rest) if i == j else rest / lower[j][j]
    return True
