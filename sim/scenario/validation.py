"""What must hold between the parts of a scenario: names that exist, rules that can be obeyed.

Every function reports all the issues that it finds. Names are looked up in the document itself, so
that a condition whose table is invalid is not also called unknown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sim.errors import comma_separated
from sim.scenario.issues import Location, Report, show
from sim.scenario.model import (
    ABANDON,
    FAILURES,
    KINDS,
    Clauses,
    Effects,
    Influence,
    Literal,
    ScenarioData,
    Setback,
    Shock,
    Stage,
    Strategy,
    Track,
)
from sim.scenario.parameters import (
    QUANTITIES,
    Change,
    Parameter,
    overridden,
    parameters,
    revised_stage,
    uses,
)
from sim.scenario.quantities import Number, Range, disorder, highest, lowest, quantity_of


@dataclass(frozen=True)
class Known:
    """The names that a document declares; None where invalid tables leave them open.

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
        """All stages as ``track.stage``; None where the stages of a track are open."""
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


def known_names(document: Mapping[str, Any], content: ScenarioData) -> Known:
    """The names that a document declares, whether or not their tables are valid.

    Args:
        document: as it was read from TOML.
        content: what could be made of it.
    """
    conditions, tracks = _keys(document, "conditions"), _keys(document, "tracks")
    return Known(
        conditions=conditions,
        tracks=tracks if tracks is None else {t: _stage_names(v) for t, v in tracks.items()},
        shocks=_keys(document, "shocks"),
        held=content.held,
    )


def complete(content: ScenarioData, document: Mapping[str, Any], report: Report) -> ScenarioData:
    """Check all that concerns several tables, and resolve what refers to others.

    Args:
        content: what could be made of a document.
        document: as it was read from TOML.
        report: collects the issues.

    Returns:
        The content with the targets of influences, and the start rules that ``order`` stands for.
    """
    check = _Check(content, known_names(document, content), Location(report))
    check.ends()
    check.done(content.done, check.top / "done")
    check.conditions()
    for name, track in content.tracks.items():
        check.track(track, check.top / "tracks" / name)
    for name, shock in content.shocks.items():
        check.shock(shock, check.top / "shocks" / name)
    influences = check.influences()
    content = replace(content, influences=influences)
    check.content = content
    strategies = {
        name: check.strategy(one, check.top / "strategies" / name)
        for name, one in content.strategies.items()
    }
    check.correlations()
    check.milestones()
    check.utility()
    for name, preset in content.presets.items():
        check.overrides(preset.overrides, check.top / "presets" / name / "overrides")
    return replace(content, strategies=strategies)


def check_overrides(content: ScenarioData, values: Mapping[str, float], at: Location) -> None:
    """Report what is wrong with other values of parameters of a valid scenario.

    Args:
        content: the scenario.
        values: by parameter path.
        at: location of the values; the issues go to its report.
    """
    tracks = {t.name: tuple(s.name for s in t.stages) for t in content.tracks.values()}
    known = Known(list(content.conditions), tracks, list(content.shocks), content.held)
    _Check(content, known, Location(at.report)).overrides(values, at)


def check_standing(
    content: ScenarioData, done: tuple[str, ...] | None, levels: Mapping[str, int], at: Location
) -> None:
    """Report what is wrong with stages that are said to be done, and with levels on day 0.

    Args:
        content: a valid scenario.
        done: stages, as ``track.stage``; None leaves them as they are.
        levels: by condition.
        at: location of both; the issues go to its report.
    """
    tracks = {t.name: tuple(s.name for s in t.stages) for t in content.tracks.values()}
    known = Known(list(content.conditions), tracks, list(content.shocks), content.held)
    check = _Check(content, known, Location(at.report))
    check.done(done or (), at / "done")
    for name, level in levels.items():
        check.level(name, level, at / "level" / name)


class _Check:
    """Checks of the parts of a scenario, each against the names that are known.

    Args:
        content: the scenario.
        known: the names that it declares.
        top: location of the whole document.
    """

    def __init__(self, content: ScenarioData, known: Known, top: Location) -> None:
        self.content, self.known, self.top = content, known, top
        self.stages = known.stages
        self.targets = content.stages
        self.undated = [name for name, one in content.shocks.items() if not one.dated]

    # -- references --

    def condition(self, name: str, at: Location) -> None:
        """A condition, or a stage condition, that is read, exists."""
        if "." in name:
            stage = name.removesuffix(FAILURES) if name.count(".") > 1 else name
            if self.stages is not None and stage not in self.stages:
                at.unknown_name("stage", stage, self.stages)
        elif self.known.conditions is not None and name not in self.known.conditions:
            at.unknown_name("condition", name, [*self.known.conditions, *(self.stages or ())])

    def clauses(self, clauses: Clauses, at: Location) -> None:
        """All conditions that a rule reads exist."""
        for place, item in at.entries(clauses):
            alone = len(item) == 1
            for literal_place, literal in place.entries(item):
                self.condition(literal.condition, place if alone else literal_place)

    def changed(self, names: Iterable[str], at: Location) -> None:
        """Conditions that are raised, lowered or cleared are declared, and held by no stage."""
        known = self.known.conditions
        for place, name in at.entries(names):
            if "." in name:
                place.invalid(
                    f"{show(name)} is a stage condition, which only its track changes",
                    "a declared condition",
                )
            elif known is not None and name not in known:
                place.unknown_name("condition", name, self.free)
            elif name in self.known.held:
                place.invalid(
                    f"{show(name)} is held by attempts, so nothing else changes it",
                    "a condition that no stage holds",
                )

    def level(self, name: str, level: int, at: Location) -> None:
        """A level on day 0 is that of a declared condition that is not held, and within its max."""
        before = self.free
        if name not in before:
            at.unknown_name("condition", name, before)
        elif not 0 <= level <= (most := self.content.conditions[name].max):
            at.invalid(str(level), f"a whole number from 0 to its max, {most}")

    @property
    def free(self) -> list[str]:
        """Declared conditions that are not held."""
        return [name for name in self.known.conditions or () if name not in self.known.held]

    def effects(self, effects: Effects, at: Location) -> None:
        """What a stage, setback or shock changes exists and may be changed."""
        for key in ("clears", "lowers", "raises"):
            self.changed(getattr(effects, key), at / key)
        for place, one in (at / "reopens").entries(effects.reopens):
            if self.track_name(one.track, place / "track"):
                self.stage_name(one.track, one.stage, place / "stage")
        for place, name in (at / "resumes").entries(effects.resumes):
            self.track_name(name, place)

    def track_name(self, name: str, at: Location) -> bool:
        """Whether a track exists; reported where it does not."""
        if self.known.tracks is None or not at.valid:
            return False
        if name not in self.known.tracks:
            at.unknown_name("track", name, self.known.tracks)
            return False
        return True

    def stage_name(self, track: str, stage: str, at: Location, extra: tuple[str, ...] = ()) -> bool:
        """Whether a stage of a track exists; reported where it does not.

        Args:
            track: an existing track.
            stage: the name that is looked for.
            at: where it is written.
            extra: other words that are allowed there; for them the result is False.
        """
        stages = (self.known.tracks or {}).get(track)
        if stages is None or not at.valid or stage in extra:
            return False
        if stage not in stages:
            at.unknown_name("stage", stage, [*stages, *extra])
            return False
        return True

    # -- parts --

    def ends(self) -> None:
        """Goal and ruin are two declared conditions, and held by no stage."""
        known = self.known.conditions
        for key in ("goal", "ruin"):
            name, at = getattr(self.content, key), self.top / key
            if name is None or known is None or not at.valid:
                continue
            if name not in known:
                at.unknown_name("condition", name, self.free)
            elif name in self.known.held:
                at.invalid(f'"{name}" is held by attempts', "a condition that no stage holds")
        if self.content.ruin == self.content.goal and (self.top / "ruin").valid:
            (self.top / "ruin").invalid(f'"{self.content.ruin}" is the goal', "another condition")

    def conditions(self) -> None:
        """Conditions that attempts hold have no level, fading or posture of their own."""
        for name, one in self.content.conditions.items():
            at = self.top / "conditions" / name
            given = {
                "fades": one.fades is not None,
                "initially": one.initially > 0,
                "posture": one.posture,
            }
            for key in [k for k, present in given.items() if present and name in self.known.held]:
                (at / key).invalid(
                    f'"{name}" is held by attempts, which alone give its level',
                    f"no {key} where a stage holds the condition",
                )

    def track(self, track: Track, at: Location) -> None:
        """A track has a name that no shock has, and stages of different names."""
        if track.name in (self.known.shocks or ()):
            at.invalid(f'"{track.name}" is also a shock', "tracks and shocks of different names")
        seen: list[str] = []
        for place, stage in (at / "stages").entries(track.stages):
            if stage.name in seen and (place / "name").valid:
                (place / "name").invalid(
                    f'a second stage "{stage.name}"', "stages of different names"
                )
            self.stage(track, stage, seen, place)
            seen.append(stage.name)

    def stage(self, track: Track, stage: Stage, before: list[str], at: Location) -> None:
        """A stage refers to what exists, and can be left.

        Args:
            track: its track.
            stage: the stage.
            before: names of the stages before it.
            at: its location.
        """
        self.clauses(stage.needs, at / "needs")
        self.effects(stage, at)
        for place, name in (at / "holds").entries(stage.holds):
            if "." in name:
                place.invalid(f"{show(name)} is a stage condition", "a declared condition")
            elif self.known.conditions is not None and name not in self.known.conditions:
                place.unknown_name("condition", name, self.known.conditions)
        seen: set[str] = set()
        for place, setback in (at / "setbacks").entries(stage.setbacks):
            self.setback(track, setback, [*before, stage.name], seen, place)
            seen.add(setback.name)
        for path, found in impossible(stage):
            here = at
            for key in path:
                here = here / key
            if all((at / key).valid for key in ("success", "duration")) and here.valid:
                here.invalid(found)

    def setback(
        self, track: Track, setback: Setback, upto: list[str], seen: set[str], at: Location
    ) -> None:
        """A setback has a name of its own and resumes at an earlier stage or the same.

        Args:
            track: its track.
            setback: the setback.
            upto: names of the stages up to its own.
            seen: names of the setbacks before it.
            at: its location.
        """
        name, named = setback.name, at / "name"
        if named.valid:
            if name in seen:
                named.invalid(
                    f'a second setback "{name}"', "setbacks of different names in a stage"
                )
            if name in (self.known.shocks or ()):
                named.invalid(f'"{name}" is also a shock', "a name that no shock has")
            self.no_suffix(name, named)
        self.clauses(setback.when, at / "when")
        self.effects(setback, at)
        if setback.resume is None or not (at / "resume").valid:
            return
        known = self.stage_name(track.name, setback.resume, at / "resume", (ABANDON,))
        if known and setback.resume not in upto:
            (at / "resume").invalid(
                f'"{setback.resume}" is a later stage', f"{', '.join(upto)} or {ABANDON}"
            )

    def no_suffix(self, name: str, at: Location) -> None:
        """Names of shocks and setbacks become columns, beside which ``_breaks`` has a meaning."""
        if name.endswith("_breaks"):
            at.invalid(f'"{name}" ends in _breaks', "a name with another ending")

    def shock(self, shock: Shock, at: Location) -> None:
        """A shock refers to what exists, and breaks existing tracks or stages."""
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
        """All influences, with what they act on; their names differ."""
        names: set[str] = set()
        resolved = []
        for at, one in (self.top / "influences").entries(self.content.influences):
            if one.name is not None and (at / "name").valid:
                if one.name in names:
                    (at / "name").invalid(f'a second influence "{one.name}"', "different names")
                names.add(one.name)
            ranged = isinstance(one.ratio, Range) and not quantity_of(one.ratio)
            if ranged and one.name is None and at.valid:
                (at / one.kind).invalid(
                    "a range in an influence without a name", "a number, or a range and a name"
                )
            if isinstance(one.of, Literal):
                self.condition(one.of.condition, at / "of")
            valid = one.kind in KINDS and (at / "on").valid
            resolved.append(replace(one, targets=self.on(one, at / "on")) if valid else one)
        return tuple(resolved)

    def on(self, one: Influence, at: Location) -> tuple[str, ...]:
        """The stages or undated shocks that an influence acts on."""
        stages, shocks = self.known.stages, self.known.shocks
        if stages is None or shocks is None:
            return ()
        if "*" in one.on:
            return self.pattern(one, at)
        own: Collection[str] = self.undated if one.kind == "rate" else self.targets
        if one.on in own:
            return (one.on,)
        what = "undated shocks" if one.kind == "rate" else "stages"
        allowed = (
            f"a pattern, or one of {comma_separated(own)}"
            if own
            else f"none, as there are no {what}"
        )
        if one.on in self.known.tracks if self.known.tracks is not None else False:
            at.invalid(f'"{one.on}" is a track', f'a stage of it, or "{one.on}.*" for all')
        elif one.on in shocks and one.kind == "rate":
            if one.on in self.content.shocks and self.content.shocks[one.on].dated:
                at.invalid(f'"{one.on}" is a dated shock, which has no rate', allowed)
        elif one.on in shocks or one.on in stages:
            kind = "shock" if one.on in shocks else "stage"
            at.invalid(f'"{one.on}" is a {kind}; {one.kind} bears on {what} only', allowed)
        else:
            at.unknown_name(what[:-1], one.on, own)
        return ()

    def pattern(self, one: Influence, at: Location) -> tuple[str, ...]:
        """What a pattern matches, without dated shocks, which have no rate."""
        matches = glob(one.on)
        own: Collection[str] = self.undated if one.kind == "rate" else self.targets
        found = tuple(name for name in own if matches(name))
        everything = self.known.shocks if one.kind == "rate" else self.known.stages
        if not any(matches(name) for name in everything or ()):
            what = "shock" if one.kind == "rate" else "stage"
            allowed = f"a pattern that matches one of {comma_separated(list(everything or ()))}"
            at.invalid(
                f"{show(one.on)} matches no {what}",
                allowed if everything else f"none, as there are no {what}s",
            )
        return found

    # -- strategies --

    def strategy(self, one: Strategy, at: Location) -> Strategy:
        """A strategy, with the start rules that its order stands for."""
        for track, clauses in one.starts.items():
            self.track_name(track, at / "starts" / track)
            self.clauses(clauses, at / "starts" / track)
        for key in ("never", "priority"):
            for place, name in (at / key).entries(getattr(one, key)):
                self.track_name(name, place)
        self.changed(one.raises, at / "raises")
        self.done(one.done or (), at / "done")
        self.rules(one, at / "rules")
        self.overrides(one.overrides, at / "overrides")
        return replace(one, starts={**one.starts, **self.ordered(one, at / "order")})

    def done(self, names: tuple[str, ...], at: Location) -> None:
        """Stages that are done before day 0 exist; on each track none is missing before them."""
        if self.stages is None:
            return
        for place, name in at.entries(names):
            if not place.valid:
                continue
            if name not in self.stages:
                place.unknown_name("stage", name, self.stages)
                continue
            before = list(self.stages)[: list(self.stages).index(name)]
            own = [one for one in before if one.split(".")[0] == name.split(".")[0]]
            missing = [one for one in own if one not in names]
            if missing:
                place.invalid(
                    f"{show(name)} is done, but not {comma_separated(missing)}",
                    "all stages of a track up to one of them",
                )

    def rules(self, strategy: Strategy, at: Location) -> None:
        """Rules of a strategy have names of their own, and refer to what exists."""
        seen: set[str] = set()
        for place, one in at.entries(strategy.rules):
            if one.name in seen and (place / "name").valid:
                (place / "name").invalid(f'a second rule "{one.name}"', "rules of different names")
            seen.add(one.name)
            if f"rule.{one.name}" in (self.stages or ()):
                (place / "name").invalid(
                    f'first_rule.{one.name} is the column of the stage "rule.{one.name}" too',
                    "another name",
                )
            self.clauses(one.when, place / "when")
            self.effects(one, place)
            for key in ("closes", "opens"):
                for where, name in (place / key).entries(getattr(one, key)):
                    self.track_name(name, where)
            for where, name in (place / "opens").entries(one.opens):
                if name in one.closes and where.valid:
                    where.invalid(
                        f'"{name}" is closed by the same rule', "a track in one of the two"
                    )

    def ordered(self, one: Strategy, at: Location) -> dict[str, Clauses]:
        """The start rules that an order stands for."""
        starts: dict[str, Clauses] = {}
        before: Clauses = ()
        for place, group in at.entries(one.order):
            for name_place, name in place.entries(group):
                if not self.track_name(name, name_place):
                    continue
                if name in starts:
                    name_place.invalid(f'"{name}" stands here twice', "each track once")
                elif name in one.starts:
                    name_place.invalid(
                        f'"{name}" has a start rule in `starts` too', "a track in one of the two"
                    )
                starts[name] = before
            before = tuple(self.last_stage(name) for name in group if self.has_stages(name))
        return starts

    def has_stages(self, track: str) -> bool:
        """Whether other tracks can wait for a track."""
        return track in self.content.tracks and bool(self.content.tracks[track].stages)

    def last_stage(self, track: str) -> tuple[Literal, ...]:
        """The test that a track has been completed."""
        name = f"{track}.{self.content.tracks[track].stages[-1].name}"
        return (Literal(name, 1, False, name),)

    # -- parameters --

    def is_valid(self, path: str) -> bool:
        """Whether the table that a parameter path leads into is valid."""
        first = path.partition(".")[0]
        if first in ("delegations", "influences"):
            return (self.top / first).valid
        if first == QUANTITIES and not self.top.valid:
            return False  # its uses may stand anywhere
        report = self.top.report
        return all(report.valid(part, first) for part in ("conditions", "tracks", "shocks"))

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of the scenario by path."""
        return parameters(self.content)

    @cached_property
    def shared(self) -> dict[str, str]:
        """The paths that uses of quantities would have, and those of the quantities."""
        return {use: one.path for one in self.parameters.values() for use in one.uses}

    def overrides(self, values: Mapping[str, float], at: Location) -> None:
        """Other values of parameters are known, within bounds, and possible together.

        Args:
            values: by parameter path.
            at: location of the values.
        """
        good = {}
        for name, value in values.items():
            if not self.is_valid(name) or not (at / name).valid:
                continue
            if name in self.shared:
                (at / name).invalid("this place has a quantity", self.shared[name])
            elif name not in self.parameters:
                (at / name).unknown_name("parameter", name, self.alike(name))
            elif value not in (bounds := self.parameters[name].bounds):
                (at / name).invalid(show(value), str(bounds))
            else:
                good[name] = value
        self.laws(good, at)
        self.revised_stages(good, at)

    def alike(self, name: str) -> list[str]:
        """The parameters of the same entity, or all where there are none."""
        first = name.partition(".")[0]
        return [p for p in self.parameters if p.startswith(f"{first}.")] or list(self.parameters)

    def laws(self, values: Mapping[str, float], at: Location) -> None:
        """The parameters of each law that gets other values stay in order."""
        order = {name: i for i, name in enumerate(values)}
        touched: dict[str, Parameter] = {}
        for one in uses(overridden(self.content, values)) if values else ():
            if one.path in order and one.duration is not None:
                before = touched.get(one.law, one)
                touched[one.law] = max(before, one, key=lambda p: order[p.path])
        for law, one in touched.items():
            wrong = disorder(one.duration) if one.duration is not None else ""
            if wrong and (at / one.path).valid:  # a quantity may give several laws
                (at / one.path).invalid(f"this gives {law} {wrong}")

    def revised_stages(self, values: Mapping[str, float], at: Location) -> None:
        """The stages that get other values can still be left."""

        def change(one: Parameter) -> Number:
            return values.get(one.path, one.value)

        places = {place: name for name in values for place in self.places(name)}
        stages = {".".join(place.split(".")[:2]): name for place, name in places.items()}
        for stage, name in stages.items():
            if stage in self.targets:
                track = self.content.tracks[stage.split(".")[0]]
                self.revised_stage(track, stage, (at / name), change)

    def places(self, name: str) -> tuple[str, ...]:
        """The places where a parameter stands: of a quantity, those of its uses."""
        return self.parameters[name].uses or (name,)

    def revised_stage(self, track: Track, stage: str, at: Location, change: Change) -> None:
        """One stage, with other values, can still be left."""
        for _, found in impossible(revised_stage(track, self.targets[stage], change)):
            at.invalid(f"with this, {stage} has {found}")

    def milestones(self) -> None:
        """Milestones are conditions or stages."""
        for place, name in (self.top / "milestones").entries(self.content.milestones):
            if place.valid:
                self.condition(name, place)

    def utility(self) -> None:
        """Weights stand for what a row holds."""
        known = self.weighed
        for name in self.content.utility:
            at = self.top / "utility" / name
            if known is not None and at.valid and name not in known:
                at.unknown_name("weight", name, known)

    @cached_property
    def weighed(self) -> list[str] | None:
        """What a weight may stand for; None where invalid tables leave it open."""
        conditions, shocks = self.known.conditions, self.known.shocks
        if conditions is None or shocks is None or self.stages is None:
            return None
        setbacks = dict.fromkeys(b.name for one in self.targets.values() for b in one.setbacks)
        found = ["reached", "days_without", *conditions, *self.stages]
        found += [f"held_{name}" for name in conditions]
        found += [f"n_{name}" for name in (*setbacks, *shocks)]
        return found + [f"n_{name}_breaks" for name in shocks]

    def correlations(self) -> None:
        """Correlations tie two different uncertain parameters, each pair once, and fit together."""
        pairs: dict[frozenset[str], float] = {}
        top = self.top / "correlations"
        for at, one in top.entries(self.content.correlations):
            if not (at / "between").valid:
                continue
            for place, name in (at / "between").entries(one.between):
                self.ranged(name, place)
            pair = frozenset(one.between)
            if len(pair) == 1:
                (at / "between").invalid(f'"{one.between[0]}" twice', "two different parameters")
            elif pair in pairs:
                (at / "between").invalid("this pair is tied above already", "each pair once")
            pairs[pair] = one.rank
        if top.valid and not _fit_together(pairs):
            top.invalid(
                "no parameters can have all these rank correlations at once",
                "a positive definite set",
            )

    def ranged(self, name: str, at: Location) -> None:
        """A correlated parameter exists and is a range."""
        if not self.is_valid(name):
            return
        if name not in self.parameters:
            uncertain = [p for p, one in self.parameters.items() if _is_range(one.value)]
            at.unknown_name("parameter", name, uncertain)
        elif not _is_range(self.parameters[name].value):
            at.invalid(f"{show(name)} is no range", "a parameter given as { low, likely, high }")


def glob(pattern: str) -> Callable[[str], object]:
    """A test of names against a pattern.

    Args:
        pattern: each ``*`` stands for any characters, also for none.

    Returns:
        A function of a name, true where the whole name matches. It takes linear time.

    >>> bool(glob("us_*.freeze")("us_dprk.freeze")), bool(glob("us_*")("dprk"))
    (True, False)
    """
    first, *others = map(re.escape, pattern.split("*"))
    *between, last = others or [""]
    # Each part is looked for once, from the left, and never again: no pattern takes long.
    inner = "".join(f"(?>.*?{part})" for part in between if part)
    return re.compile(f"{first}{inner}{'.*' if others else ''}{last}").fullmatch


def _is_range(number: Number) -> bool:
    return isinstance(number, Range)


def impossible(stage: Stage) -> list[tuple[tuple[str | int, ...], str]]:
    """Why a stage could never be left.

    Returns:
        Paths below the stage, each with what is wrong there: no setback that is always possible, or
        attempts without end at one instant.
    """
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
    """Whether a Gaussian copula with these rank correlations exists.

    Normal variables with correlation 2 sin(pi r / 6) have Spearman's rank correlation r (Pearson
    1907). A Cholesky decomposition tests whether their matrix is positive definite.

    Args:
        pairs: rank correlation of each pair of parameters; all others are independent.
    """
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
