"""Variants of a scenario that are made in Python: another strategy, an entity left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown
from sim.scenario.loading import Document, parse

if TYPE_CHECKING:
    from sim.scenario.scenario import Scenario

SECTIONS = ("tracks.", "shocks.", "conditions.")  # of a file, which paths do not name


def document_with_strategy(
    scenario: Scenario, name: str, like: str | None, given: Mapping[str, Any]
) -> Document:
    """The document of a scenario with one more strategy, or another one of that name.

    Args:
        scenario: without a chosen strategy.
        name: of the new strategy.
        like: the strategy whose other keys it has.
        given: its keys as in a file; those that are None are not given.

    Raises:
        InputError: no strategy is called ``like``.
    """
    document = parse(scenario.text, scenario.name)
    known = document.get("strategies", {})
    if like is not None and like not in known:
        raise InputError(f"like: {unknown('strategy', like, known)}")
    base = {} if like is None else known[like]
    own = {key: _as_in_a_file(value) for key, value in given.items() if value is not None}
    return {**document, "strategies": {**known, name: {**base, **own}}}


def _as_in_a_file(value: Any) -> Any:
    """A value of Python or NumPy as the TOML reader gives it."""
    if isinstance(value, Mapping):
        return {str(key): _as_in_a_file(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_in_a_file(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value


def paths_of(scenario: Scenario, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by parameter path; a path may begin with its section, as in a file."""
    known = scenario.parameters()
    return {_path(name, known): value for name, value in values.items()}


def _path(name: str, known: Mapping[str, Any]) -> str:
    for section in SECTIONS:
        short = name.removeprefix(section)
        if name not in known and short != name and short in known:
            return short
    return name


def without(scenario: Scenario, names: tuple[str, ...]) -> Scenario:
    """The scenario in which shocks do not happen, influences change nothing.

    Raises:
        InputError: no shock, setback or named influence has this name.
    """
    off = _switched_off(scenario)
    for name in names:
        if name not in off:
            raise InputError(unknown("shock, setback or influence", name, off))
    values = dict(off[name] for name in names)
    strategies = {
        name: replace(one, overrides={k: v for k, v in one.overrides.items() if k not in values})
        for name, one in scenario.strategies.items()
    }
    return replace(scenario, strategies=strategies).override(values)


def _switched_off(scenario: Scenario) -> dict[str, tuple[str, float]]:
    """What can be left out by name, with the parameter and the value that do it."""
    found = {name: (f"{name}.probability", 0.0) for name in scenario.shocks}
    found |= {
        one.name: (f"influences.{one.name}.{one.kind}", 1.0)
        for one in scenario.influences
        if one.name is not None
    }
    for address, stage in scenario.stages.items():
        for setback in stage.setbacks:
            name = f"{address}.{setback.name}"
            found[name] = (f"{name}.weight", 0.0)
    return found
