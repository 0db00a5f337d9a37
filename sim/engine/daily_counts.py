"""Exact counts by whole days, for runs too large to keep their rows.

A history adds one to the count of the day on which each condition first rose, and of the day on
which its outcome came; day d stands for d - 1 < time <= d. So shares at whole days are exact. Days
held and counts of events add to sums in whole units of a power of two, which are exact as well:
a tally depends neither on the order in which blocks end nor on their size.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections import Counter as Seen
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.engine.jit import engine
from sim.engine.program import GOAL, Program
from sim.engine.rows import Rows, count_columns, outcomes, part_of

MOST_DAYS = 1_000_000
"""A longer horizon cannot be counted by days."""
MOST_AT_ONCE = 2**16  # rows whose squares are added up in one 64-bit sum
OUTCOMES = 4
LOW_WORD = 2**32

Ints = npt.NDArray[np.int64]
Wholes = npt.NDArray[np.object_]  # Python integers, which never run over


@dataclass(frozen=True)
class Layout:
    """What is counted of a program, and where.

    Attributes:
        names: columns counted by day: ``outcome_*`` and ``first_*``.
        days: cells of each of them; cell ``i * days + d`` counts column i on day d.
        sums: columns summed up: ``held_*``, ``n_*``, ``without_*``.
        unit: days held are summed up in units of 1 / unit days.
    """

    names: list[str]
    days: int
    sums: list[str]
    unit: int


def layout(program: Program) -> Layout:
    """The layout of a program's tallies.

    Raises:
        ValueError: the horizon is longer than MOST_DAYS.
    """
    horizon = float(program.code.horizon)
    if horizon > MOST_DAYS:
        raise ValueError(f"a horizon of {horizon:g} days; counts by day need at most {MOST_DAYS:,}")
    names = [f"outcome_{name}" for name in outcomes(program)]
    names += [f"first_{name}" for name in program.levels]
    sums = [f"held_{name}" for name in program.conditions] + count_columns(program)
    sums += [f"without_{name}" for name in names if name.startswith("first_")]
    sums += [f"without_outcome_{program.scenario.goal}"]
    unit = 2 ** min(20, 22 - math.ceil(math.log2(horizon + 1)))
    return Layout(names, math.ceil(horizon) + 1, sums, unit)


@dataclass
class Tally:
    """Counts of any number of histories of one strategy, draw by draw.

    Attributes:
        draws: (D,) ascending.
        runs: (D,) histories of each.
        cell_draw, cell, n: (E,) a count that is not zero: its draw, its cell, how many.
        total, squares: (D, sums) sums and sums of squares, in units and squared units.
    """

    draws: Ints
    runs: Ints
    cell_draw: Ints
    cell: Ints
    n: Ints
    total: Wholes
    squares: Wholes


def blank(its_layout: Layout) -> Tally:
    """A tally of no histories."""
    none = np.zeros(0, np.int64)
    sums = np.zeros((0, len(its_layout.sums)), object)
    return Tally(none, none, none, none, none, sums, sums)


class _Piece(NamedTuple):
    draw: int
    runs: int
    cell: Ints
    n: Ints
    total: Ints
    squares: Ints


def _stacked(pieces: Sequence[_Piece]) -> Tally:
    """Pieces of different draws, in their order, as a tally."""
    draws = np.array([piece.draw for piece in pieces])
    return Tally(
        draws=draws,
        runs=np.array([piece.runs for piece in pieces]),
        cell_draw=np.repeat(draws, [len(piece.cell) for piece in pieces]),
        cell=np.concatenate([piece.cell for piece in pieces]),
        n=np.concatenate([piece.n for piece in pieces]),
        total=np.stack([piece.total for piece in pieces]).astype(object),
        squares=np.stack([piece.squares for piece in pieces]).astype(object),
    )


class Counter:
    """Counts histories of one program as they are told; not to be shared between threads."""

    def __init__(self, program: Program) -> None:
        self.layout = layout(program)
        self.horizon = float(program.code.horizon)
        columns, sums = len(self.layout.names), len(self.layout.sums)
        used = min(columns * self.layout.days, columns * MOST_AT_ONCE)
        self._count = np.zeros(OUTCOMES * self.layout.days, np.int64)  # of one column at a time
        self._cell, self._n = np.zeros(used, np.int64), np.zeros(used, np.int64)
        self._total, self._squares = np.zeros(sums, np.int64), np.zeros(sums, np.int64)
        self._pieces: list[_Piece] = []

    def add(self, rows: Rows, draw: int) -> None:
        """Count rows of a draw."""
        for place in range(0, len(rows.time), MOST_AT_ONCE):
            piece = part_of(rows, place, place + MOST_AT_ONCE)
            used = count_rows(
                piece,
                self.horizon,
                self.layout.days,
                float(self.layout.unit),
                self._count,
                self._cell,
                self._n,
                self._total,
                self._squares,
            )
            order = np.argsort(self._cell[:used])
            self._pieces.append(
                _Piece(
                    draw,
                    len(piece.time),
                    self._cell[order],
                    self._n[order],
                    self._total.copy(),
                    self._squares.copy(),
                )
            )

    @property
    def tally(self) -> Tally:
        """All that was counted so far."""
        rounds: list[list[_Piece]] = []  # pieces of different draws
        seen: Seen[int] = Seen()
        for piece in self._pieces:
            if seen[piece.draw] == len(rounds):
                rounds.append([])
            rounds[seen[piece.draw]].append(piece)
            seen[piece.draw] += 1
        tallies = [_stacked(pieces) for pieces in rounds]
        return together(self.layout, tallies)


@engine
def count_rows(rows, horizon, days, unit, count, cell, n, total, squares):  # type: ignore[no-untyped-def]
    """Count rows; returns how many cells are used, listed in ``cell`` with their counts ``n``.

    ``count``, zeros, is where one column is counted at a time, so that a long horizon takes little
    memory. The sums are set anew; at most MOST_AT_ONCE rows of them fit.
    """
    conditions, levels, events = rows.held.shape[1], rows.first.shape[1], rows.counts.shape[1]
    cells, free = 0, conditions + events
    for i in range(len(total)):
        total[i], squares[i] = 0, 0
    for column in range(levels + 1):
        start = cells
        base = 0 if column == 0 else (OUTCOMES + column - 1) * days
        at = free + levels if column == 0 else free + column - 1
        for row in range(len(rows.time)):
            if column == 0:
                place, time = np.int64(rows.outcome[row]) * days, rows.time[row]
                without = time if rows.outcome[row] == GOAL else horizon
            else:
                place, time = np.int64(0), rows.first[row, column - 1]
                without = time if time == time else horizon
            if time == time:
                place += np.int64(np.ceil(time))
                if count[place] == 0:
                    cell[cells] = place
                    cells += 1
                count[place] += 1
            whole = np.int64(np.rint(without * unit))
            total[at] += whole
            squares[at] += whole * whole
        for i in range(start, cells):
            n[i] = count[cell[i]]
            count[cell[i]] = 0
            cell[i] += base
    for row in range(len(rows.time)):
        for column in range(conditions):
            whole = np.int64(np.rint(rows.held[row, column] * unit))
            total[column] += whole
            squares[column] += whole * whole
        for column in range(events):
            whole = rows.counts[row, column]
            total[conditions + column] += whole
            squares[conditions + column] += whole * whole
    return cells


def together(its_layout: Layout, tallies: Iterable[Tally]) -> Tally:
    """Tallies of one program as one."""
    found = [tally for tally in tallies if len(tally.draws)]
    if not found:
        return blank(its_layout)
    if len(found) == 1:
        return found[0]
    ends = [(int(t.draws[0]), int(t.draws[-1])) for t in found]
    if all(last < first for (_, last), (first, _) in pairwise(ends)):
        whole = {f.name: np.concatenate([getattr(t, f.name) for t in found]) for f in fields(Tally)}
        return Tally(**whole)
    draws, of = np.unique(np.concatenate([t.draws for t in found]), return_inverse=True)
    runs = np.zeros(len(draws), np.int64)
    np.add.at(runs, of, np.concatenate([t.runs for t in found]))
    total, squares = (np.zeros((len(draws), len(its_layout.sums)), object) for _ in range(2))
    np.add.at(total, of, np.concatenate([t.total for t in found]))
    np.add.at(squares, of, np.concatenate([t.squares for t in found]))
    cells = len(its_layout.names) * its_layout.days
    place = np.searchsorted(draws, np.concatenate([t.cell_draw for t in found]))
    key, which = np.unique(
        place * cells + np.concatenate([t.cell for t in found]), return_inverse=True
    )
    n = np.zeros(len(key), np.int64)
    np.add.at(n, which, np.concatenate([t.n for t in found]))
    return Tally(draws, runs, draws[key // cells], key % cells, n, total, squares)


def frame(program: Program, tally: Tally) -> pd.DataFrame:
    """A tally as the table that :mod:`sim.statistics` takes instead of rows.

    Columns: strategy, draw, column, day, n, total, squares. For each draw one line for every day
    with a count, one without a day for every sum (in days, and squared days) and for every column
    without a count, and one, ``runs``, for their number.
    """
    its_layout = layout(program)
    names, sums = np.array(its_layout.names, object), its_layout.sums
    units = np.array([1 if name.startswith("n_") else its_layout.unit for name in sums], object)
    known = np.ones(len(names), bool)
    if program.scenario.ruin is None:
        known[its_layout.names.index("outcome_ruin")] = False
    order = {name: i for i, name in enumerate([*its_layout.names, *sums, "runs"])}
    tables = []
    for place, draw in enumerate(tally.draws):
        here = slice(*np.searchsorted(tally.cell_draw, [draw, draw + 1]))
        at, day = np.divmod(tally.cell[here], its_layout.days)
        unused = known.copy()
        unused[at] = False
        empty = names[unused].tolist()
        nothing = [np.nan] * (len(at) + len(empty))
        one = pd.DataFrame(
            {
                "draw": draw,
                "column": [*names[at], *empty, *sums, "runs"],
                "day": [
                    *np.fmin(day, program.code.horizon),
                    *[np.nan] * (len(empty) + len(sums) + 1),
                ],
                "n": [*tally.n[here], *[0] * (len(empty) + len(sums)), tally.runs[place]],
                "total": [*nothing, *(tally.total[place] / units), np.nan],
                "squares": [*nothing, *(tally.squares[place] / (units * units)), np.nan],
            }
        )
        tables.append(one.sort_values("column", key=lambda c: c.map(order), kind="stable"))
    table = pd.concat(tables, ignore_index=True)
    table["draw"] = table["draw"].astype(np.int64)
    strategy = pd.Categorical.from_codes(np.zeros(len(table), np.int8), [program.strategy])
    table.insert(0, "strategy", strategy)
    return table


# -- on disk --------------------------------------------------------------------------------------


def encode(tally: Tally, identity: str) -> bytes:
    """A tally as the content of a file (NumPy's ``.npz``)."""
    lengths = np.diff(np.searchsorted(tally.cell_draw, [*tally.draws, np.iinfo(np.int64).max]))
    arrays = {
        "identity": np.array(identity),
        "draws": tally.draws,
        "runs": tally.runs,
        "lengths": lengths,
        "cell": tally.cell.astype(np.uint32),
        "n": _narrow(tally.n),
        "total": tally.total.astype(np.int64),
        "squares_high": _narrow((tally.squares // LOW_WORD).astype(np.int64)),
        "squares_low": (tally.squares % LOW_WORD).astype(np.uint32),
    }
    content = io.BytesIO()
    # Level 1: as small as the others to a few per cent, in a fraction of their time.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return content.getvalue()


def _narrow(array: Ints) -> npt.NDArray[Any]:
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def decode(content: bytes) -> tuple[Tally, str]:
    """What :func:`encode` was given.

    Raises:
        ValueError: the content is not a tally's.
    """
    try:
        with np.load(io.BytesIO(content)) as stored:
            arrays: dict[str, Any] = dict(stored)
        high, low = (arrays[name].astype(object) for name in ("squares_high", "squares_low"))
        tally = Tally(
            draws=arrays["draws"],
            runs=arrays["runs"],
            cell_draw=np.repeat(arrays["draws"], arrays["lengths"]),
            cell=arrays["cell"].astype(np.int64),
            n=arrays["n"].astype(np.int64),
            total=arrays["total"].astype(object),
            squares=high * LOW_WORD + low,
        )
        return tally, str(arrays["identity"])
    except Exception as error:  # zipfile and NumPy have many
        raise ValueError(f"cannot be read ({error})") from None
