"""One replication of a workspace, picked by its outcome, and the same one under another draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.app.session import PICKS
from sim.app.workspace import Workspace
from sim.engine import kernel
from sim.engine.program import GOAL, RUIN, Program
from sim.engine.rows import Rows
from sim.errors import InputError
from sim.tracing.divergence import Divergence, first_divergence, side_by_side
from sim.tracing.trace import Trace, trace_of

LOOKED_AT = 2_000  # replications among which a replication is picked


@dataclass(frozen=True)
class Pair:
    """One replication under two drafts.

    Attributes:
        replication: its number.
        alike: among how many of the first LOOKED_AT replications it was picked, as a share: those
            that reached the goal, or ended in ruin; NaN where it was asked for by its number.
        traces: of the one and of the other draft.
        divergence: the first event at which the two differ.
        side_by_side: as :func:`sim.tracing.divergence.side_by_side`.
    """

    replication: int
    alike: float
    traces: tuple[Trace, Trace]
    divergence: Divergence
    side_by_side: pd.DataFrame


class Picked(NamedTuple):
    """A replication, and the share of the first LOOKED_AT among which it was picked."""

    replication: int
    alike: float


def pick(program: Program, seed: int, replication: str | int) -> Picked:
    """The replication of a replication that is like this.

    Args:
        program: of a draft.
        seed: of the random numbers.
        replication: "typical" (the median day of the goal, among all that reached it), "fastest",
            "longest" (the latest goal), "ruin" (the first that ends in it), or a replication.

    Raises:
        InputError: none of the first LOOKED_AT replications is like this, or an unknown pick.
        sim.errors.ModelError: a replication in which time cannot advance.
    """
    if isinstance(replication, int):
        return Picked(replication, float("nan"))
    if replication not in PICKS:
        raise InputError(
            f'replication: found "{replication}"; allowed: {", ".join(PICKS)}, or a number'
        )
    rows = kernel.simulate(program, seed, 0, LOOKED_AT)
    alike = np.flatnonzero(rows.outcome == (RUIN if replication == "ruin" else GOAL))
    if len(alike) == 0:
        scenario = program.scenario
        what = f"reaches {scenario.goal}"
        if replication == "ruin":
            what = f"ends in {scenario.ruin or 'ruin'}"
        raise InputError(f"none of the first {LOOKED_AT:,} replications {what}")
    return Picked(_first(rows, alike, replication), len(alike) / LOOKED_AT)


def _first(rows: Rows, alike: npt.NDArray[np.intp], replication: str) -> int:
    if replication == "ruin":
        return int(alike[0])
    by_time = alike[np.argsort(rows.time[alike], kind="stable")]
    return int(
        by_time[{"fastest": 0, "typical": (len(by_time) - 1) // 2, "longest": -1}[replication]]
    )


def trace(program: Program, seed: int, replication: int) -> Trace:
    """The trace of one replication of a draft."""
    return trace_of(program, *kernel.trace(program, seed, replication), seed, replication)


def pair(workspace: Workspace, replication: str | int, draft: int = 0, other: int = 1) -> Pair:
    """A replication of one draft of a workspace, and the same replication under another one.

    Raises:
        As :func:`pick`.
    """
    seed, programs = workspace.state.seed, (workspace.programs[draft], workspace.programs[other])
    replication, alike = pick(programs[0], seed, replication)
    logs = [kernel.trace(program, seed, replication)[1] for program in programs]
    ours, theirs = (trace(program, seed, replication) for program in programs)
    divergence = first_divergence(programs[0], *logs)
    return Pair(replication, alike, (ours, theirs), divergence, side_by_side(ours, theirs))
