"""The assumptions as sliders: every ranged number with unit, status and source, and what matters.

The importance of a number is its swing (:func:`sim.sensitivity.tornado`): what the first hand's
outcome, or its lead over the second, changes when the number alone goes from low to high.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from sim.explore.asking import Cancelled, never
from sim.explore.table import Table
from sim.scenario import Scenario


@dataclass(frozen=True)
class Slider:
    """One ranged number.

    Attributes:
        name: dotted.
        words: what it is, for readers.
        group: the track, shock or condition it belongs to, "influences" or "delegations".
        unit: as in :func:`sim.assumptions.register`.
        low, likely, high: of the file.
        status: record, comparison, op-ed, judgement, or none.
        source: in full.
        logarithmic: whether equal factors, not equal steps, make equal ways on the slider.
        whole: whether only whole numbers make sense.
        decided_by: keys of hands that override it; moving it does not reach them.
    """

    name: str
    words: str
    group: str
    unit: str
    low: float
    likely: float
    high: float
    status: str
    source: str
    logarithmic: bool = False
    whole: bool = False
    decided_by: tuple[str, ...] = ()

    @property
    def step(self) -> float:
        """A step by keyboard: a hundredth of the range, as a round number; 1 for whole numbers."""
        raise NotImplementedError


def sliders(scenario: Scenario, table: Table | None = None) -> list[Slider]:
    """Every ranged number of a scenario, in file order.

    Args:
        scenario: as read; its ranges are those of the file.
        table: whose hands may override some.
    """
    raise NotImplementedError


def found(all_sliders: Iterable[Slider], text: str) -> list[Slider]:
    """Those in whose name, words, group, status or source every word of the text occurs."""
    raise NotImplementedError


def grouped(all_sliders: Iterable[Slider]) -> dict[str, list[Slider]]:
    """By group, in file order."""
    raise NotImplementedError


def importance(
    table: Table, cancelled: Cancelled = never, replications: int = 200
) -> pd.DataFrame | None:
    """The numbers by their swing, as :func:`sim.sensitivity.swings`; None where cancelled.

    One hand: of its days without the goal; several: of its lead over the second.
    Numbers are varied around the positions of the sliders.

    Raises:
        InputError: the scenario has no uncertain number.
        sim.program.ModelError: a history in which time cannot advance.
    """
    raise NotImplementedError


def first(all_sliders: Sequence[Slider], swings: pd.DataFrame | None) -> list[Slider]:
    """The sliders with those that matter most on top; as they are without swings."""
    raise NotImplementedError
