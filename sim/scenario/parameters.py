"""The parameters of a scenario by path: listing them, and giving them other values.

One walk over the scenario serves both. Paths follow the file: ``track.stage.success``,
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
    Influence,
    ScenarioData,
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
    Quantity,
    Range,
    bounds_of,
    named,
    quantity_of,
)

QUANTITIES = "quantities"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a scenario: where it stands, its value, and what is allowed there.

    Attributes:
        path: such as ``talks.meet.success``.
        value: a number, or a range where it is uncertain.
        bounds: between which every value must lie.
        source: of the value, or of the nearest table around it that has one.
        law: path of the duration to whose law it belongs; empty where it belongs to none.
        duration: that duration.
        key: its name among the parameters of that law: ``p50``.
        uses: of a quantity, the places where it stands, by the paths that they would have.
    """

    path: str
    value: Number
    bounds: Bounds
    source: str = ""
    law: str = ""
    duration: Duration | None = None
    key: str = ""
    uses: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The path of the place where it stands; of a quantity, of the first such place."""
        return self.uses[0] if self.uses else self.path


Change = Callable[[Parameter], Number]  # gives the new value
C = TypeVar("C", bound=ScenarioData)


def parameters(content: ScenarioData) -> dict[str, Parameter]:
    """All parameters by path, in file order."""
    found: dict[str, Parameter] = {}
    for one in uses(content):
        known = found.get(one.path)
        if known is not None:
            both = known.bounds & one.bounds
            one = replace(known, bounds=both, uses=known.uses + one.uses)
        found[one.path] = one
    return found


def uses(content: ScenarioData) -> list[Parameter]:
    """All places of parameters, in file order: a quantity stands once for each of its uses."""
    found: list[Parameter] = []

    def note(parameter: Parameter) -> Number:
        found.append(parameter)
        return parameter.value

    revised(content, note)
    return found


def overridden(content: C, values: Mapping[str, float]) -> C:
    """The scenario with other values of some parameters.

    Args:
        content: the scenario.
        values: new values by path; they are not checked.

    Returns:
        A copy. Correlations of parameters that are now known exactly are left out.
    """
    new = revised(content, lambda parameter: values.get(parameter.path, parameter.value))
    kept = tuple(c for c in new.correlations if not any(path in values for path in c.between))
    return replace(new, correlations=kept)


def revised(content: C, change: Change) -> C:
    """The scenario with the value that ``change`` gives to each parameter, called in file order.

    For a quantity it is called at each of its uses, and must give the same value.
    """
    shared: dict[str, Number] = {}

    def noted(parameter: Parameter) -> Number:
        value = change(parameter)
        if parameter.uses:
            shared[parameter.path] = named(value, "")
        return value

    new = _revised(content, noted)
    return replace(
        new,
        quantities={
            name: _quantity(f"{QUANTITIES}.{name}", one, shared)
            for name, one in content.quantities.items()
        },
    )


def _quantity(path: str, one: Quantity, values: Mapping[str, Number]) -> Quantity:
    if not isinstance(one, Duration):
        return values.get(path, one)
    params = {key: values.get(f"{path}.{key}", number) for key, number in one.params.items()}
    return replace(one, params=params)


def _revised(content: C, change: Change) -> C:
    around = content.free_texts.get("delegations.source", "")
    return replace(
        content,
        delegations={
            party: _number(f"delegations.{party}", number, TABLES, change, around)
            for party, number in content.delegations.items()
        },
        conditions={name: _condition(one, change) for name, one in content.conditions.items()},
        tracks={name: _track(one, change) for name, one in content.tracks.items()},
        shocks={name: _shock(one, change) for name, one in content.shocks.items()},
        influences=tuple(_influence(one, change) for one in content.influences),
    )


def _source(number: Number, *around: str) -> str:
    own = number.source if isinstance(number, Range) else ""
    return next((text for text in (own, *around) if text), "")


def _number(path: str, number: Number, bounds: Bounds, change: Change, *sources: str) -> Number:
    quantity = quantity_of(number)
    if not quantity:
        return change(Parameter(path, number, bounds, _source(number, *sources)))
    own = f"{QUANTITIES}.{quantity}"
    return named(change(Parameter(own, number, bounds, _source(number), uses=(path,))), quantity)


def _duration(path: str, duration: Duration, change: Change, *sources: str) -> Duration:
    if duration.family == "values":
        return duration
    params: dict[str, Number] = {}
    for key, number in duration.params.items():
        own, quantity = f"{path}.{key}" if key else path, quantity_of(number)
        shared = bool(duration.quantity or quantity)
        source = _source(number, duration.source, *(() if shared else sources))
        bounds = bounds_of(duration.family, key)
        one = Parameter(own, number, bounds, source, path, duration, key)
        if duration.quantity:
            one = replace(one, path=f"{QUANTITIES}.{duration.quantity}.{key}", uses=(own,))
        elif quantity:
            one = replace(one, path=f"{QUANTITIES}.{quantity}", uses=(own,))
        params[key] = named(change(one), quantity)
    return replace(duration, params=params)


def _condition(one: Condition, change: Change) -> Condition:
    if one.fades is None:
        return one
    return replace(one, fades=_duration(f"{one.name}.fades", one.fades, change, one.source))


def _track(one: Track, change: Change) -> Track:
    return replace(one, stages=tuple(revised_stage(one, stage, change) for stage in one.stages))


def revised_stage(track: Track, one: Stage, change: Change) -> Stage:
    """A stage with the value that ``change`` gives to each of its parameters."""
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
    labels = break_paths(one)
    breaks = tuple(
        _break(label, b, change, one.source) for label, b in zip(labels, one.breaks, strict=True)
    )
    return replace(new, breaks=breaks)


def break_paths(shock: Shock) -> list[str]:
    """The paths of a shock's breaks, in file order."""
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
    if one.name is None and not quantity_of(one.ratio):
        return one
    name = f"influences.{one.name or f'{one.of.text}-{one.on}'}.{one.kind}"
    return replace(one, ratio=_number(name, one.ratio, POSITIVE, change, one.source))
