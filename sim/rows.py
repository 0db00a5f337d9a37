"""The row of a history: the arrays that both engines fill, and the table made of them.

Column names and types are fixed here and nowhere else, so that frames of the two engines, of
different blocks and of different days compare equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.program import DELEGATION, NOTHING, WINDOW, Program


class Rows(NamedTuple):
    """Results of n histories; C conditions, S stages (see :class:`sim.program.Code`)."""

    outcome: npt.NDArray[np.int8]  # (n,) GOAL, RUIN, ABANDONED or ONGOING
    time: npt.NDArray[np.float64]  # (n,) days
    first: npt.NDArray[np.float64]  # (n, C + S) days to the first rise, NaN: never
    held: npt.NDArray[np.float64]  # (n, C) days at level 1 or more
    counts: npt.NDArray[np.int64]  # (n, counts) setbacks, shocks, breaks
    binding: npt.NDArray[np.int32]  # (n,) an item, WINDOW, DELEGATION or NOTHING


def empty(program: Program, count: int) -> Rows:
    """Rows for ``count`` histories, to be filled by an engine."""
    code = program.code
    return Rows(
        outcome=np.zeros(count, np.int8),
        time=np.zeros(count),
        first=np.full((count, len(program.levels)), np.nan),
        held=np.zeros((count, code.conditions)),
        counts=np.zeros((count, code.counts), np.int64),
        binding=np.full(count, NOTHING, np.int32),
    )


def outcomes(program: Program) -> tuple[str, ...]:
    """Names of the outcomes, in the order of their codes."""
    scenario = program.scenario
    # Without a ruin its code is never used; the place keeps the codes of the others.
    return (scenario.goal, scenario.ruin or "ruin", "abandoned", "ongoing")


def waits(program: Program) -> dict[int, str]:
    """What a track can wait for: code -> its name in ``binding``."""
    named = {NOTHING: "", WINDOW: "window", DELEGATION: "delegation"}
    return named | dict(enumerate(program.items))


def count_columns(program: Program) -> list[str]:
    """Names of the columns of ``counts``."""
    return (
        [f"n_{name}" for name in program.setback_names]
        + [f"n_{name}" for name in program.shocks]
        + [f"n_{name}_breaks" for name in program.shocks]
    )


def frame(program: Program, rows: Rows, first: int = 0, draw: int = 0) -> pd.DataFrame:
    """Rows as a table with the fixed columns.

    Args:
        program: the program that told the histories.
        rows: what the engine filled.
        first: the replication of the first row.
        draw: the draw of all rows.
    """
    count = len(rows.time)
    columns: dict[str, object] = {
        "strategy": _category(np.zeros(count, np.int8), [program.strategy]),
        "draw": np.full(count, draw, np.int64),
        "replication": np.arange(first, first + count, dtype=np.int64),
        "outcome": _outcome(program, rows.outcome),
        "time": rows.time,
    }
    columns |= {f"first_{name}": rows.first[:, i] for i, name in enumerate(program.levels)}
    columns |= {f"held_{name}": rows.held[:, i] for i, name in enumerate(program.conditions)}
    columns |= {name: rows.counts[:, i] for i, name in enumerate(count_columns(program))}
    columns["binding"] = _binding(program, rows.binding)
    return pd.DataFrame(columns)


def _outcome(program: Program, codes: npt.NDArray[np.int8]) -> pd.Categorical:
    names = list(outcomes(program))
    if program.scenario.ruin is None:
        names.pop(1)
        codes = np.where(codes > 1, codes - 1, codes)
    return _category(codes, names)


def _binding(program: Program, codes: npt.NDArray[np.int32]) -> pd.Categorical:
    named = waits(program)
    texts = list(dict.fromkeys(named.values()))
    place = np.array([texts.index(text) for text in named.values()])
    order = np.array(list(named))
    return _category(place[np.argsort(order)][np.searchsorted(np.sort(order), codes)], texts)


def _category(codes: npt.NDArray[np.integer], names: Sequence[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=list(names))
