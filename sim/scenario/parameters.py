"""The numbers of a scenario by dotted name: listing them, and putting others in their places.

One walk over the scenario serves both. Names follow the file: ``track.stage.success``,
``track.stage.duration.p50``, ``track.stage.setback.weight``, ``shock.rate``,
``shock.breaks.track.probability``, ``condition.fades.mean``, ``delegations.party``,
``influences.name.odds``. The second entry of a shock's ``breaks`` on the same track has ``#2``
after the track.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sim.scenario.model import (
    Break,
    Condition,
    Content,
    Influence,
    Setback,
    Shock,
    Stage,
    Track,
)
from sim.scenario.quantities import (
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    TABLES,
    Bounds,
    Duration,
    Number,
    Range,
    bounds_of,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a number in a scenario.

    Attributes:
        name: dotted.
        bounds: between which it must lie.
        source: of the number, or of the nearest table around it that has one.
        law: the dotted name of the duration that it is a parameter of, with the duration.
        key: its name among the parameters of that duration.
    """

    name: str
    bounds: Bounds
    source: str = ""
    law: str = ""
    duration: Duration | None = None
    key: str = ""


Change = Callable[[Slot, Number], Number]
C = TypeVar("C", bound=Content)


def slots(content: Content) -> dict[str, tuple[Slot, Number]]:
    """Every number with its slot, in file order."""
    found: dict[str, tuple[Slot, Number]] = {}

    def note(slot: Slot, number: Number) -> Number:
        found[slot.name] = (slot, number)
        return number

    revised(content, note)
    return found


def overridden(content: C, values: Mapping[str, float]) -> C:
    """The content with other values at these names; correlations of what is now known go."""
    new = revised(content, lambda slot, number: values.get(slot.name, number))
    kept = tuple(c for c in new.correlations if not any(name in values for name in c.between))
    return replace(new, correlations=kept)


def revised(content: C, change: Change) -> C:
    """The content with every number replaced by what ``change`` makes of it, in file order."""
    notes = content.notes
    return replace(
        content,
        delegations={
            party: change(
                Slot(f"delegations.{party}", TABLES, _source(number, notes.get(SOURCE, ""))),
                number,
            )
            for party, number in content.delegations.items()
        },
        conditions={name: _condition(one, change) for name, one in content.conditions.items()},
        tracks={name: _track(one, change) for name, one in content.tracks.items()},
        shocks={name: _shock(one, change) for name, one in content.shocks.items()},
        influences=tuple(_influence(one, change) for one in content.influences),
    )


SOURCE = "delegations.source"


def _source(number: Number, *around: str) -> str:
    own = number.source if isinstance(number, Range) else ""
    return next((text for text in (own, *around) if text), "")


def _number(name: str, number: Number, bounds: Bounds, change: Change, *sources: str) -> Number:
    return change(Slot(name, bounds, _source(number, *sources)), number)


def _duration(name: str, duration: Duration, change: Change, *sources: str) -> Duration:
    if duration.family == "values":
        return duration
    params = {}
    for key, number in duration.params.items():
        source = _source(number, duration.source, *sources)
        dotted = f"{name}.{key}" if key else name
        slot = Slot(dotted, bounds_of(duration.family, key), source, name, duration, key)
        params[key] = change(slot, number)
    return replace(duration, params=params)


def _condition(one: Condition, change: Change) -> Condition:
    if one.fades is None:
        return one
    return replace(one, fades=_duration(f"{one.name}.fades", one.fades, change, one.source))


def _track(one: Track, change: Change) -> Track:
    return replace(one, stages=tuple(revised_stage(one, stage, change) for stage in one.stages))


def revised_stage(track: Track, one: Stage, change: Change) -> Stage:
    """A stage with every number replaced by what ``change`` makes of it."""
    name, sources = f"{track.name}.{one.name}", (one.source, track.source)
    return replace(
        one,
        duration=_duration(f"{name}.duration", one.duration, change, *sources),
        success=_number(f"{name}.success", one.success, PROBABILITY, change, *sources),
        setbacks=tuple(_setback(name, back, change, sources) for back in one.setbacks),
    )


def _setback(stage: str, one: Setback, change: Change, around: Iterable[str]) -> Setback:
    name, sources = f"{stage}.{one.name}", (one.source, *around)
    return replace(
        one,
        weight=_number(f"{name}.weight", one.weight, NOT_NEGATIVE, change, *sources),
        delay=_duration(f"{name}.delay", one.delay, change, *sources),
    )


def _shock(one: Shock, change: Change) -> Shock:
    name, after = one.name, one.after
    new = replace(
        one,
        rate=None
        if one.rate is None
        else _number(f"{name}.rate", one.rate, NOT_NEGATIVE, change, one.source),
        after=None if after is None else _duration(f"{name}.after", after, change, one.source),
        probability=_number(
            f"{name}.probability", one.probability, PROBABILITY, change, one.source
        ),
    )
    labels = break_names(one)
    breaks = tuple(
        _break(label, b, change, one.source) for label, b in zip(labels, one.breaks, strict=True)
    )
    return replace(new, breaks=breaks)


def break_names(shock: Shock) -> list[str]:
    """The dotted names of a shock's breaks."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for one in shock.breaks:
        base = f"{shock.name}.breaks.{one.track}" + (f".{one.stage}" if one.stage else "")
        seen[base] = seen.get(base, 0) + 1
        names.append(base if seen[base] == 1 else f"{base}#{seen[base]}")
    return names


def _break(name: str, one: Break, change: Change, source: str) -> Break:
    sources = (one.source, source)
    return replace(
        one,
        probability=_number(f"{name}.probability", one.probability, PROBABILITY, change, *sources),
        delay=_duration(f"{name}.delay", one.delay, change, *sources),
    )


def _influence(one: Influence, change: Change) -> Influence:
    if one.name is None:
        return one
    name = f"influences.{one.name}.{one.kind}"
    return replace(one, ratio=_number(name, one.ratio, POSITIVE, change, one.source))
