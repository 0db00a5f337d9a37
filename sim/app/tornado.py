"""Which numbers matter most for a hand: each alone from its low to its high end, in few histories.

    for found in importance(table, cancelled=event.is_set):
        show(ordered(sliders, found)[:8])

The tornado of :mod:`sim.studies.sensitivity`, of the days until the goal, around where the sliders
stand. All points meet the same luck, so that a number that does nothing has a swing of exactly 0. A
first table comes from few histories; the next one from more, the first ones among them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.app.parameters import Slider
from sim.app.strategy_draft import Hand
from sim.app.workspace import Table
from sim.errors import InputError
from sim.experiment.evaluator import Evaluator, make_evaluator
from sim.experiment.simulation import CancelCheck, SimulationCancelled, never
from sim.studies.sensitivity import swings, tornado_points

SIZES = (50, 200, 500)  # histories at each end of a range, in one table after the other
LEADING = 2_000  # histories of each hand that say which one leads

_MEASURE = "restricted_mean"


@dataclass(frozen=True)
class Importance:
    """What is known so far of how much the numbers matter for a hand.

    Attributes:
        hand: whose days until the goal are moved.
        n: histories at each end of a range.
        table: as :func:`sim.studies.sensitivity.tornado`: number, from, likely, to, and in days
            at_low, at_high and swing with their limits (swing_low, swing, swing_high: from the low
            to the high end, below 0 where more of it brings the goal sooner); the largest swing
            first.
        done: nothing better will follow.
    """

    hand: Hand
    n: int
    table: pd.DataFrame
    done: bool = False

    @property
    def names(self) -> list[str]:
        """The numbers that do anything, those that matter most first."""
        return list(self.table.loc[self.table["swing"] != 0, "number"])


def importance(
    table: Table, key: str | None = None, cancelled: CancelCheck = never
) -> Generator[Importance, None, None]:
    """The numbers in order of importance: a quick order, then better ones.

    Once ``cancelled()`` is true nothing more is told, and nothing more is yielded.

    Args:
        table: whose sliders stand where the numbers are varied from.
        key: of a hand; the one that leads where None. What it overrides is not varied.
        cancelled: asked every some milliseconds.

    Raises:
        InputError: no such hand, or no uncertain number.
        sim.errors.ModelError: a history in which time cannot advance.
    """
    hands = {hand.key: hand for hand in table.state.hands}
    if key is not None and key not in hands:
        raise InputError(f'hand: found "{key}"; allowed: {", ".join(hands)}')
    try:
        key = key or _leading(_evaluator(table, table.keys, cancelled))
        yield from _importance(hands[key], _evaluator(table, (key,), cancelled))
    except SimulationCancelled:
        return


def _evaluator(table: Table, keys: tuple[str, ...], cancelled: CancelCheck) -> Evaluator:
    return make_evaluator(
        table.ranged(keys), keys, _MEASURE, table.state.seed, workers=1, cancelled=cancelled
    )


def _leading(evaluator: Evaluator) -> str:
    if len(evaluator.strategies) == 1:
        return evaluator.strategies[0]
    days = evaluator.evaluate(evaluator.base[None, :], LEADING).mean(axis=(1, 2))
    return evaluator.strategies[int(days.argmin())]


def _importance(hand: Hand, evaluator: Evaluator) -> Generator[Importance, None, None]:
    points = tornado_points(evaluator)
    days = np.empty((len(points), 0))
    for n in SIZES:
        more = evaluator.evaluate(points, n - days.shape[1], first=days.shape[1])[0]
        days = np.concatenate([days, more], axis=1)
        yield Importance(hand, n, swings(evaluator, days), done=n == SIZES[-1])


def ordered(some: Iterable[Slider], found: Importance | None) -> list[Slider]:
    """Sliders, those that matter most first; what does nothing, or is not known, as it was."""
    place = {name: i for i, name in enumerate(found.names if found else ())}
    return sorted(some, key=lambda one: place.get(one.name, len(place)))
