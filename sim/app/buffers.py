"""What answers keep of the replications: the columns that their tables are made of, no others.

A row with all its columns takes about a kilobyte, most of it first rises and setbacks that no
answer shows. Columns are kept in the shape in which a frame has them, so that none is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from sim.engine import rows as row_tables
from sim.engine.program import Program
from sim.engine.rows import Coded, Rows


class ReplicationBuffer:
    """Replications of several programs of one scenario, the same replications of each.

    Args:
        programs: one of each draft.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        self.programs = programs
        self.n = 0
        none = [
            self._columns(draft, row_tables.empty(one, 0)) for draft, one in enumerate(programs)
        ]
        self._columns_of = {name: _room(column, len(programs)) for name, column in none[0].items()}
        self._names = {
            name: [one[name].names for one in none]  # type: ignore[union-attr]
            for name, column in none[0].items()
            if isinstance(column, Coded)
        }

    def make_room(self, n: int) -> None:
        """Let there be n replications of each; :meth:`keep` then brings those that are new."""
        for name, old in self._columns_of.items():
            new = np.empty((len(old), n), old.dtype)
            new[:, : old.shape[1]] = old
            self._columns_of[name] = new
        self.n = n

    def keep(self, draft: int, first: int, rows: Rows) -> None:
        """Keep the replications of a draft (by its place) from ``first`` on; thread-safe."""
        span = slice(first, first + len(rows.time))
        for name, column in self._columns(draft, rows).items():
            values = column.codes if isinstance(column, Coded) else column
            self._columns_of[name][draft, span] = values

    def frame(self) -> pd.DataFrame:
        """The columns kept, as in a run: draft after draft, in the order of replications."""
        drafts = len(self.programs)
        strategies = [program.strategy for program in self.programs]
        found: dict[str, Any] = {
            "strategy": pd.Categorical.from_codes(
                np.repeat(np.arange(drafts), self.n), categories=strategies
            ),
            "draw": np.zeros(drafts * self.n, np.int64),
            "replication": np.tile(np.arange(self.n), drafts),
        }
        for name, kept in self._columns_of.items():
            names = self._names.get(name)
            found[name] = kept.reshape(-1) if names is None else _joined(kept, names)
        return pd.DataFrame(found, copy=False)

    def _columns(self, draft: int, rows: Rows) -> dict[str, npt.NDArray[Any] | Coded]:
        program = self.programs[draft]
        every = row_tables.columns(program, rows, 0, np.zeros(len(rows.time)))
        return {name: every[name] for name in _needed(program)}


def _needed(program: Program) -> list[str]:
    """Columns from which :mod:`sim.app.progressive` makes its tables."""
    scenario = program.scenario
    first = [f"first_{name}" for name in (scenario.goal, scenario.ruin) if name]
    held = [f"held_{name}" for name in program.conditions]
    shocks = [f"n_{name}" for name in program.shocks]
    breaks = [f"n_{name}_breaks" for name in program.shocks]  # distinguish shocks from setbacks
    return ["outcome", "time", *first, *held, *shocks, *breaks, "binding"]


def _room(column: npt.NDArray[Any] | Coded, drafts: int) -> npt.NDArray[Any]:
    floats = not isinstance(column, Coded) and column.dtype.kind == "f"
    return np.empty((drafts, 0), np.float64 if floats else np.int32)


def _joined(codes: npt.NDArray[Any], names: Sequence[list[str]]) -> pd.Categorical:
    parts = [pd.Categorical.from_codes(*one) for one in zip(codes, names, strict=True)]
    joined: pd.Categorical = union_categoricals(parts)
    return joined
