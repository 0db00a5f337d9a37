"""Another fixed order of events at one instant, to see whether a conclusion hangs on it.

Events at one instant go by rank: window openings, fades, shocks, tracks, each in file order. The
first is a rule; the last is a convention. A scenario whose conditions, shocks and tracks stand in
another order has other ties and is otherwise the same: random draws go by name, and which track
starts first where several could is kept by an explicit priority. Both engines take it.

    sim.run(ties.reordered(scenario), ...)            # file order reversed within each rank
    sim.run(ties.reordered(scenario, seed=3), ...)    # a permutation
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from sim.scenario.model import EVERYTHING_AT_ONCE, Strategy
from sim.scenario.scenario import Scenario

T = TypeVar("T")


def reordered(scenario: Scenario, seed: int | None = None) -> Scenario:
    """The scenario with another order at one instant.

    Args:
        scenario: with no strategy chosen yet.
        seed: of a permutation; None reverses.
    """
    tracks = list(scenario.tracks)
    strategies = scenario.strategies or {EVERYTHING_AT_ONCE.name: EVERYTHING_AT_ONCE}
    return replace(
        scenario,
        conditions=_other_order(scenario.conditions, seed),
        tracks=_other_order(scenario.tracks, seed),
        shocks=_other_order(scenario.shocks, seed),
        strategies={name: _with_priority(one, tracks) for name, one in strategies.items()},
    )


def _other_order(table: Mapping[str, T], seed: int | None) -> dict[str, T]:
    names = list(table)
    if seed is None:
        names.reverse()
    else:
        random.Random(seed).shuffle(names)
    return {name: table[name] for name in names}


def _with_priority(strategy: Strategy, tracks: list[str]) -> Strategy:
    named = strategy.priority
    return replace(strategy, priority=(*named, *(name for name in tracks if name not in named)))
