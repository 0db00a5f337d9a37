"""One history of the table: picked by what it is like, and beside it the same world again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
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
        stories: of the one and of the other hand.
        parting: the first event at which the two part.
        side_by_side: as :func:`sim.partings.side_by_side`.
    """

    replication: int
    stories: tuple[Story, Story]
    parting: Parting
    side_by_side: pd.DataFrame


def pick(program: Program, seed: int, history: str | int) -> int:
    """The replication of a history that is like this.

    Args:
        program: of a hand.
        seed: the world's luck.
        history: "typical" (the median day of the goal, among all that reached it), "fastest",
            "longest" (the latest goal), "war" (the first with the ruin), or a replication.

    Raises:
        InputError: none of the first LOOKED_AT histories is like this, or an unknown pick.
        sim.program.ModelError: a history in which time cannot advance.
    """
    if isinstance(history, int):
        return history
    if history not in PICKS:
        raise InputError(f'history: found "{history}"; allowed: {", ".join(PICKS)}, or a number')
    found = _alike(kernel.simulate(program, seed, 0, LOOKED_AT), history)
    if found is None:
        raise InputError(f"none of the first {LOOKED_AT:,} histories is a {history} one")
    return found


def _alike(rows: Rows, history: str) -> int | None:
    wanted = np.flatnonzero(rows.outcome == (RUIN if history == "war" else GOAL))
    if len(wanted) == 0:
        return None
    if history == "war":
        return int(wanted[0])
    by_time = wanted[np.argsort(rows.time[wanted], kind="stable")]
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
    replication = pick(programs[0], seed, history)
    logs = [kernel.trace(program, seed, replication)[1] for program in programs]
    ours, theirs = (tell(program, seed, replication) for program in programs)
    parting = first_parting(programs[0], *logs)
    return Pair(replication, (ours, theirs), parting, side_by_side(ours, theirs))
