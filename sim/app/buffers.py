"""What answers keep of the histories told: the columns that their tables are made of, no others.

A row with all its columns takes about a kilobyte, most of it first rises and setbacks that no
answer tells. Columns are kept in the shape in which a frame has them, so that none is copied.
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


class Kept:
    """Histories of several programs of one scenario, the same replications of each.

    Args:
        programs: one of each hand.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        self.programs = programs
        self.n = 0
        none = [self._columns(hand, row_tables.empty(one, 0)) for hand, one in enumerate(programs)]
        self._columns_of = {name: _room(column, len(programs)) for name, column in none[0].items()}
        self._names = {
            name: [one[name].names for one in none]  # type: ignore[union-attr]
            for name, column in none[0].items()
            if isinstance(column, Coded)
        }

    def make_room(self, n: int) -> None:
        """Let there be n histories of each; :meth:`keep` then brings those that are new."""
        for name, old in self._columns_of.items():
            new = np.empty((len(old), n), old.dtype)
            new[:, : old.shape[1]] = old
            self._columns_of[name] = new
        self.n = n

    def keep(self, hand: int, first: int, rows: Rows) -> None:
        """The histories from ``first`` on of a hand, by its place; several threads at once may."""
        span = slice(first, first + len(rows.time))
        for name, column in self._columns(hand, rows).items():
            values = column.codes if isinstance(column, Coded) else column
            self._columns_of[name][hand, span] = values

    def frame(self) -> pd.DataFrame:
        """As a run has it, without what is not kept: hand after hand, in the order of histories."""
        hands = len(self.programs)
        strategies = [program.strategy for program in self.programs]
        found: dict[str, Any] = {
            "strategy": pd.Categorical.from_codes(
                np.repeat(np.arange(hands), self.n), categories=strategies
            ),
            "draw": np.zeros(hands * self.n, np.int64),
            "replication": np.tile(np.arange(self.n), hands),
        }
        for name, kept in self._columns_of.items():
            names = self._names.get(name)
            found[name] = kept.reshape(-1) if names is None else _joined(kept, names)
        return pd.DataFrame(found, copy=False)

    def _columns(self, hand: int, rows: Rows) -> dict[str, npt.NDArray[Any] | Coded]:
        program = self.programs[hand]
        every = row_tables.columns(program, rows, 0, np.zeros(len(rows.time)))
        return {name: every[name] for name in _needed(program)}


def _needed(program: Program) -> list[str]:
    """Columns from which :mod:`sim.explore.asking` makes its tables."""
    scenario = program.scenario
    first = [f"first_{name}" for name in (scenario.goal, scenario.ruin) if name]
    held = [f"held_{name}" for name in program.conditions]
    shocks = [f"n_{name}" for name in program.shocks]
    breaks = [f"n_{name}_breaks" for name in program.shocks]  # tell shocks from setbacks
    return ["outcome", "time", *first, *held, *shocks, *breaks, "binding"]


def _room(column: npt.NDArray[Any] | Coded, hands: int) -> npt.NDArray[Any]:
    floats = not isinstance(column, Coded) and column.dtype.kind == "f"
    return np.empty((hands, 0), np.float64 if floats else np.int32)


def _joined(codes: npt.NDArray[Any], names: Sequence[list[str]]) -> pd.Categorical:
    parts = [pd.Categorical.from_codes(*one) for one in zip(codes, names, strict=True)]
    joined: pd.Categorical = union_categoricals(parts)
    return joined
