"""The row of a replication: the arrays that both engines fill, and the table made of them.

Column names and types are fixed here and nowhere else, so that frames of the two engines, of
different blocks and of different days compare equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.engine.program import DELEGATION, NOTHING, WINDOW, Program

if TYPE_CHECKING:
    import pyarrow as pa


class Rows(NamedTuple):
    """Results of n replications; C conditions, S stages (see :class:`sim.engine.program.Code`)."""

    outcome: npt.NDArray[np.int8]  # (n,) GOAL, RUIN, ABANDONED or ONGOING
    time: npt.NDArray[np.float64]  # (n,) days
    first: npt.NDArray[np.float64]  # (n, C + S) days to the first rise, NaN: never
    held: npt.NDArray[np.float64]  # (n, C) days at level 1 or more
    counts: npt.NDArray[np.int64]  # (n, counts) setbacks, shocks, breaks
    binding: npt.NDArray[np.int32]  # (n,) an item, WINDOW, DELEGATION or NOTHING
    rules: npt.NDArray[np.float64]  # (n, rules) days to the first firing of each, NaN: never
    residuals: npt.NDArray[np.float64]
    """Martingale residuals: (n, S, 2), or (0, S, 2) where not requested; in no table.

    Sums over the attempts at each stage that ended by themselves before the goal: 1 (success) or 0
    minus the probability of success at that instant; and the same times the days left. Both have
    mean 0, whatever happened before.
    """


def empty(program: Program, count: int, *, residuals: bool = False) -> Rows:
    """Rows for ``count`` replications, to be filled by an engine.

    Args:
        program: names the levels, stages and counts.
        count: n.
        residuals: with room for martingale residuals.
    """
    code = program.code
    return Rows(
        outcome=np.zeros(count, np.int8),
        time=np.zeros(count),
        first=np.full((count, len(program.levels)), np.nan),
        held=np.zeros((count, code.conditions)),
        counts=np.zeros((count, code.counts), np.int64),
        binding=np.full(count, NOTHING, np.int32),
        rules=np.full((count, len(program.rules)), np.nan),
        residuals=np.zeros((count if residuals else 0, len(program.stages), 2)),
    )


def slice_rows(rows: Rows, first: int, last: int) -> Rows:
    """The rows ``first .. last - 1``, as a view; the rows themselves where that is all of them.

    >>> rows = Rows(*(np.arange(5) for _ in Rows._fields))
    >>> slice_rows(rows, 1, 3).time
    array([1, 2])
    """
    if first == 0 and last >= len(rows.time):
        return rows  # engines know these arrays already
    return Rows._make(array[first:last] for array in rows)


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


class Coded(NamedTuple):
    """A column of categories: codes into names."""

    codes: npt.NDArray[np.integer[Any]]
    names: list[str]


def columns(
    program: Program, rows: Rows, draw: npt.ArrayLike, replication: npt.ArrayLike
) -> dict[str, npt.NDArray[Any] | Coded]:
    """The fixed columns of rows, by name.

    Args:
        program: the program that was simulated.
        rows: what the engine filled, n of them.
        draw: of each row, (n,), or one for all.
        replication: of each row, (n,).
    """
    count = len(rows.time)
    whole = np.broadcast_to(np.asarray(draw, np.int64), count)
    found: dict[str, npt.NDArray[Any] | Coded] = {
        "strategy": Coded(np.zeros(count, np.int8), [program.strategy]),
        "draw": np.ascontiguousarray(whole),
        "replication": np.asarray(replication, np.int64),
        "outcome": _outcome(program, rows.outcome),
        "time": rows.time.copy(),  # rows are filled again and again
    }
    # Column by column from here on: lay the columns out one after the other, once.
    first, held, counts = (np.ascontiguousarray(table.T) for table in rows[2:5])
    found |= {f"first_{name}": first[i] for i, name in enumerate(program.levels)}
    found |= {f"first_rule.{name}": rows.rules[:, i].copy() for i, name in enumerate(program.rules)}
    found |= {f"held_{name}": held[i] for i, name in enumerate(program.conditions)}
    found |= {name: counts[i] for i, name in enumerate(count_columns(program))}
    found["binding"] = _binding(program, rows.binding)
    return found


def names_of_columns(program: Program) -> list[str]:
    """The fixed columns, in order."""
    return list(columns(program, empty(program, 0), 0, np.zeros(0)))


def frame(program: Program, rows: Rows, first: int = 0, draw: int = 0) -> pd.DataFrame:
    """Rows ``first ..`` of a draw as a table with the fixed columns.

    Args:
        program: the program that was simulated.
        rows: n replications, from ``simulate`` of an engine.
        first: the replication of the first row.
        draw: 0: base values.

    Returns:
        One row a replication: strategy, draw, replication, outcome, time, ``first_*``, ``held_*``,
        ``n_*``, binding. Rules of a strategy have a column ``first_rule.*``.
    """
    count = len(rows.time)
    found = columns(program, rows, draw, np.arange(first, first + count))
    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(column.codes, categories=column.names)
            if isinstance(column, Coded)
            else column
            for name, column in found.items()
        }
    )


def table(
    program: Program,
    rows: Rows,
    draw: npt.ArrayLike,
    replication: npt.ArrayLike,
    chosen: Sequence[str] | None = None,
) -> pa.Table:
    """Rows as an Arrow table; categories are dictionary columns, a day that never came is null.

    Args:
        program, rows, draw, replication: as for :func:`columns`.
        chosen: the columns wanted; all where None.
    """
    import pyarrow as pa  # takes its time; only a run that keeps rows waits for it

    found = columns(program, rows, draw, replication)
    arrays = {}
    for name in found if chosen is None else chosen:
        column = found[name]
        if isinstance(column, Coded):
            codes = pa.array(column.codes.astype(np.int32))
            arrays[name] = pa.DictionaryArray.from_arrays(codes, column.names)
        else:
            arrays[name] = pa.array(column, from_pandas=True)
    return pa.table(arrays)


def from_table(program: Program, stored: pa.Table) -> Rows:
    """The rows of which a :func:`table` with all columns was made."""

    def stacked(names: Sequence[str]) -> npt.NDArray[Any]:
        columns = [stored[name].to_numpy() for name in names]
        return np.stack(columns, axis=1) if columns else np.zeros((stored.num_rows, 0))

    def codes(name: str, named: dict[str, int]) -> npt.NDArray[Any]:
        column = stored[name].combine_chunks()
        of = np.array([named[text] for text in column.dictionary.to_pylist()])
        found: npt.NDArray[Any] = of[column.indices.to_numpy()]
        return found

    return Rows(
        outcome=codes("outcome", {name: i for i, name in enumerate(outcomes(program))}),
        time=stored["time"].to_numpy(),
        first=stacked([f"first_{name}" for name in program.levels]),
        held=stacked([f"held_{name}" for name in program.conditions]),
        counts=stacked(count_columns(program)).astype(np.int64),
        rules=stacked([f"first_rule.{name}" for name in program.rules]),
        binding=codes("binding", {text: code for code, text in reversed(waits(program).items())}),
        residuals=empty(program, 0).residuals,
    )


def _outcome(program: Program, codes: npt.NDArray[np.int8]) -> Coded:
    names = list(outcomes(program))
    if program.scenario.ruin is None:
        names.pop(1)
        codes = np.where(codes > 1, codes - 1, codes)
    return Coded(codes.copy(), names)


def _binding(program: Program, codes: npt.NDArray[np.int32]) -> Coded:
    named = waits(program)
    texts = list(dict.fromkeys(named.values()))
    place = np.array([texts.index(text) for text in named.values()])
    order = np.array(list(named))
    return Coded(place[np.argsort(order)][np.searchsorted(np.sort(order), codes)], texts)
