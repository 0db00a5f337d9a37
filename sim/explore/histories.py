"""One history of the table: picked by what it is like, told, and beside it the same world again."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from sim.explore.table import Table
from sim.partings import Parting
from sim.story import Story

LOOKED_AT = 2_000  # replications among which a history is picked


@dataclass(frozen=True)
class Pair:
    """One world under one hand, or under two.

    Attributes:
        replication: which world.
        why: why this one, in words.
        stories: of the first hand, and of the other where there is one.
        parting: the first event at which the two part; None with one hand.
        side_by_side: as :func:`sim.partings.side_by_side`; None with one hand.
    """

    replication: int
    why: str
    stories: tuple[Story, ...]
    parting: Parting | None = None
    side_by_side: pd.DataFrame | None = None


def pick(table: Table, history: str | int, hand: int = 0) -> tuple[int, str]:
    """The replication of a pick, and why it is this one.

    Args:
        table: its seed and programs.
        history: "typical" (the median day of the goal among the histories that reached it, or one
            that never did where most never did), "fastest", "longest" (the latest goal), "war"
            (the first with the ruin), or a number.
        hand: whose histories are looked at.

    Raises:
        InputError: none of the first LOOKED_AT histories is like this.
        sim.program.ModelError: a history in which time cannot advance.
    """
    raise NotImplementedError


def pair(table: Table, history: str | int, hand: int = 0, other: int | None = 1) -> Pair:
    """A history of a hand, and the same world under another one.

    Args:
        table, history, hand: as for :func:`pick`.
        other: the hand beside it; None, or one that is not there: none.

    Raises:
        As :func:`pick`.
    """
    raise NotImplementedError
