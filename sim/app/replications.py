"""One history of the table: picked by what it is like, and beside it the same world again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.app.session import PICKS
from sim.app.workspace import Table
from sim.engine import kernel
from sim.engine.program import GOAL, RUIN, Program
from sim.engine.rows import Rows
from sim.experiment.experiment import InputError
from sim.tracing.divergence import Parting, first_parting, side_by_side
from sim.tracing.trace import Story
from sim.tracing.trace import tell as make_story

LOOKED_AT = 2_000  # replications among which a history is picked


@dataclass(frozen=True)
class Pair:
    """One world under two hands.

    Attributes:
        replication: which world.
        alike: among how many of the first LOOKED_AT replications it was picked, as a share: those
            that reached the goal, or ended in ruin; NaN where it was asked for by its number.
        stories: of the one and of the other hand.
        parting: the first event at which the two part.
        side_by_side: as :func:`sim.partings.side_by_side`.
    """

    replication: int
    alike: float
    stories: tuple[Story, Story]
    parting: Parting
    side_by_side: pd.DataFrame


class Picked(NamedTuple):
    """A replication, and the share of the first LOOKED_AT among which it was picked."""

    replication: int
    alike: float


def pick(program: Program, seed: int, history: str | int) -> Picked:
    """The replication of a history that is like this.

    Args:
        program: of a hand.
        seed: the world's luck.
        history: "typical" (the median day of the goal, among all that reached it), "fastest",
            "longest" (the latest goal), "ruin" (the first that ends in it), or a replication.

    Raises:
        InputError: none of the first LOOKED_AT histories is like this, or an unknown pick.
        sim.program.ModelError: a history in which time cannot advance.
    """
    if isinstance(history, int):
        return Picked(history, float("nan"))
    if history not in PICKS:
        raise InputError(f'history: found "{history}"; allowed: {", ".join(PICKS)}, or a number')
    rows = kernel.simulate(program, seed, 0, LOOKED_AT)
    alike = np.flatnonzero(rows.outcome == (RUIN if history == "ruin" else GOAL))
    if len(alike) == 0:
        scenario = program.scenario
        what = f"reaches {scenario.goal}"
        if history == "ruin":
            what = f"ends in {scenario.ruin or 'ruin'}"
        raise InputError(f"none of the first {LOOKED_AT:,} replications {what}")
    return Picked(_first(rows, alike, history), len(alike) / LOOKED_AT)


def _first(rows: Rows, alike: npt.NDArray[np.intp], history: str) -> int:
    if history == "ruin":
        return int(alike[0])
    by_time = alike[np.argsort(rows.time[alike], kind="stable")]
    return int(by_time[{"fastest": 0, "typical": (len(by_time) - 1) // 2, "longest": -1}[history]])


def tell(program: Program, seed: int, replication: int) -> Story:
    """The story of one history of a hand."""
    return make_story(program, *kernel.trace(program, seed, replication), seed, replication)


def pair(table: Table, history: str | int, hand: int = 0, other: int = 1) -> Pair:
    """A history of one hand of a table, and the same world under another one.

    Raises:
        As :func:`pick`.
    """
    seed, programs = table.state.seed, (table.programs[hand], table.programs[other])
    replication, alike = pick(programs[0], seed, history)
    logs = [kernel.trace(program, seed, replication)[1] for program in programs]
    ours, theirs = (tell(program, seed, replication) for program in programs)
    parting = first_parting(programs[0], *logs)
    return Pair(replication, alike, (ours, theirs), parting, side_by_side(ours, theirs))
