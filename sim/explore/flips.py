"""What would flip it: at which values of the numbers another of the leading hands is the best."""

from __future__ import annotations

import pandas as pd

from sim.explore.asking import Cancelled, never
from sim.explore.table import Table

SHOWN = 5


def leading(summary: pd.DataFrame) -> tuple[str, ...]:
    """The two best hands of an answer's summary; one where there is one."""
    raise NotImplementedError


def flips(
    table: Table,
    keys: tuple[str, ...],
    cancelled: Cancelled = never,
    replications: int = 200,
    shown: int = SHOWN,
) -> pd.DataFrame | None:
    """The numbers nearest to making the second of two hands the best; None where cancelled.

    Args:
        table: whose sliders stand where the study begins.
        keys: of two hands, from :func:`leading`.
        cancelled: asked between histories.
        replications: of each value.
        shown: numbers, at most.

    Returns:
        As :func:`sim.switching.switching_values`, of the first numbers; ``attrs``: leader, rival,
        lead (days; low, best, high), tied.

    Raises:
        InputError: fewer than two hands, or no uncertain number.
        sim.program.ModelError: a history in which time cannot advance.
    """
    raise NotImplementedError


def sentence(table: pd.DataFrame) -> str:
    """What the table says, in words."""
    raise NotImplementedError
