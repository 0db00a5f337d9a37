"""Which parameters matter most for a draft: each alone from its low to its high end.

    for found in importance(workspace, cancelled=event.is_set):
        show(ordered(sliders, found)[:8])

The tornado of :mod:`sim.studies.sensitivity`, of the days until the goal, around where the sliders
stand. All points use common random numbers, so that a parameter that does nothing has a swing of
exactly 0. A first table comes from few replications; the next one from more, the first ones among
them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.app.parameters import RangedParameter
from sim.app.strategy_draft import StrategyDraft
from sim.app.workspace import Workspace
from sim.errors import InputError
from sim.experiment.evaluator import Evaluator, make_evaluator
from sim.experiment.simulation import CancelCheck, SimulationCancelled, never
from sim.studies.sensitivity_indices import swings, tornado_points

SIZES = (50, 200, 500)  # replications at each end of a range, in one table after the other
LEADING = 2_000  # replications of each draft that say which one leads

_MEASURE = "restricted_mean"


@dataclass(frozen=True)
class Importance:
    """What is known so far of how much the parameters matter for a draft.

    Attributes:
        draft: whose days until the goal are moved.
        n: replications at each end of a range.
        table: as :func:`sim.studies.sensitivity.tornado`: number, from, likely, to, and in days
            at_low, at_high and swing with their limits (swing_low, swing, swing_high: from the low
            to the high end, below 0 where more of it brings the goal sooner); the largest swing
            first.
        done: nothing better will follow.
    """

    draft: StrategyDraft
    n: int
    table: pd.DataFrame
    done: bool = False

    @property
    def names(self) -> list[str]:
        """The parameters that do anything, those that matter most first."""
        return list(self.table.loc[self.table["swing"] != 0, "number"])


def importance(
    workspace: Workspace, key: str | None = None, cancelled: CancelCheck = never
) -> Generator[Importance, None, None]:
    """The numbers in order of importance: a quick order, then better ones.

    Once ``cancelled()`` is true nothing more is simulated or yielded.

    Args:
        workspace: whose sliders stand where the numbers are varied from.
        key: of a draft; the one that leads where None. What it overrides is not varied.
        cancelled: asked every some milliseconds.

    Raises:
        InputError: no such draft, or no uncertain number.
        sim.errors.ModelError: a replication in which time cannot advance.
    """
    drafts = {draft.key: draft for draft in workspace.state.drafts}
    if key is not None and key not in drafts:
        raise InputError(f'draft: found "{key}"; allowed: {", ".join(drafts)}')
    try:
        key = key or _leading(_evaluator(workspace, workspace.keys, cancelled))
        yield from _importance(drafts[key], _evaluator(workspace, (key,), cancelled))
    except SimulationCancelled:
        return


def _evaluator(workspace: Workspace, keys: tuple[str, ...], cancelled: CancelCheck) -> Evaluator:
    return make_evaluator(
        workspace.ranged(keys), keys, _MEASURE, workspace.state.seed, workers=1, cancelled=cancelled
    )


def _leading(evaluator: Evaluator) -> str:
    if len(evaluator.strategies) == 1:
        return evaluator.strategies[0]
    days = evaluator.evaluate(evaluator.base[None, :], LEADING).mean(axis=(1, 2))
    return evaluator.strategies[int(days.argmin())]


def _importance(draft: StrategyDraft, evaluator: Evaluator) -> Generator[Importance, None, None]:
    points = tornado_points(evaluator)
    days = np.empty((len(points), 0))
    for n in SIZES:
        more = evaluator.evaluate(points, n - days.shape[1], first=days.shape[1])[0]
        days = np.concatenate([days, more], axis=1)
        yield Importance(draft, n, swings(evaluator, days), done=n == SIZES[-1])


def ordered(some: Iterable[RangedParameter], found: Importance | None) -> list[RangedParameter]:
    """Sliders, those that matter most first; what does nothing, or is not known, as it was."""
    place = {name: i for i, name in enumerate(found.names if found else ())}
    return sorted(some, key=lambda one: place.get(one.name, len(place)))
