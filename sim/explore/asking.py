"""Progressive answers: a first one from some hundred histories, better ones until it is enough.

    asking = Asking(Layer(folder))
    for answer in asking.answers(state, cancelled=event.is_set):
        show(answer)

Replication r meets the same luck under every hand, at every position of a slider, and in every
answer: the histories of an answer are the first ``n`` of the next one. Tables are made by the
project's own statistics and equal those of a run with the same inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from sim.explore.state import State
from sim.explore.table import Layer, Table

FIRST = 1_000  # histories of each hand in the first answer
MOST = 64_000  # in the last, whatever the precision asked for

Cancelled = Callable[[], bool]
"""Asked between blocks of histories; True: nobody waits for this answer any more."""


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True)
class Answer:
    """What is known so far; tables are None where there is a message, or one hand too few.

    Attributes:
        state: what was asked.
        n: histories of each hand.
        done: no better answer will follow.
        message: why there is none: faults of the state, or a history that cannot be told; else
            empty.
        table: of the state; None where it could not be laid.
        summary: as :func:`sim.statistics.summary`, a row for each hand, best first.
        incidence: as :func:`sim.statistics.incidence`.
        outcomes: as :func:`sim.statistics.outcomes`.
        differences: to the first hand, as :func:`sim.comparison.compare`; None with one hand.
        bottlenecks: as :func:`sim.explanation.bottlenecks`.
        budget: as :func:`sim.explanation.time_budget`.
        told_with_events: histories of each hand behind the budget.
        seconds: since the question.
    """

    state: State
    n: int = 0
    done: bool = False
    message: str = ""
    table: Table | None = None
    summary: pd.DataFrame | None = None
    incidence: pd.DataFrame | None = None
    outcomes: pd.DataFrame | None = None
    differences: pd.DataFrame | None = None
    bottlenecks: pd.DataFrame | None = None
    budget: pd.DataFrame | None = None
    told_with_events: int = 0
    seconds: float = 0.0

    @property
    def half_width(self) -> float:
        """Half the width of the widest interval of a share reached; NaN where nothing is told."""
        raise NotImplementedError

    @property
    def caption(self) -> str:
        """What figures say of it: scenario, histories of each strategy, seed."""
        raise NotImplementedError


class Asking:
    """Answers states, one after the other; one for each page, as many as are wanted at once.

    Args:
        layer: of the states' tables; may be shared.
        workers: threads that tell histories; one a core, at most one a hand, where None.
    """

    def __init__(self, layer: Layer, workers: int | None = None) -> None:
        raise NotImplementedError

    def answers(self, state: State, cancelled: Cancelled = never) -> Iterator[Answer]:
        """Better and better answers; the last is ``done``.

        Nothing is raised for what is wrong with the state or the model: that is an answer with a
        message. After ``cancelled()`` has become true nothing more is yielded, within some twenty
        milliseconds.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let the threads go."""
        raise NotImplementedError
