"""Exact counts by whole days, for runs too large to keep their rows.

A history adds one to the count of the day on which each condition first rose, and of the day on
which its outcome came; day d stands for d - 1 < time <= d. So shares at whole days are exact. Days
held and counts of events add to sums in whole units of a power of two, which are exact as well:
a tally depends neither on the order in which blocks end nor on their size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.program import GOAL, Program
from sim.rows import Rows, count_columns, outcomes

MOST_DAYS = 1_000_000
"""A longer horizon cannot be counted by days."""
MOST_AT_ONCE = 2**16  # rows whose squares are added up in one 64-bit sum

Counts = npt.NDArray[np.int64]


@dataclass
class Tally:
    """Counts of any number of histories of one strategy.

    Attributes:
        names: columns counted by day: ``outcome_*`` and ``first_*``.
        by_day: (names, days + 1); column d: how many on day d.
        sums: columns summed up: ``held_*``, ``n_*``, ``without_*``.
        unit: days held are summed up in units of 1 / unit days.
        total, squares: sums and sums of squares, in units and squared units, as Python integers.
        done: (first, count) of the blocks that are in it.
    """

    names: list[str]
    by_day: Counts
    sums: list[str]
    unit: int
    total: npt.NDArray[np.object_]
    squares: npt.NDArray[np.object_]
    done: list[tuple[int, int]]

    @property
    def runs(self) -> int:
        """Histories in it."""
        return sum(count for _, count in self.done)

    def add(self, other: Tally) -> None:
        """Take in the histories of another tally of the same program."""
        self.by_day += other.by_day
        self.total = self.total + other.total
        self.squares = self.squares + other.squares
        self.done = joined([*self.done, *other.done])


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans (first, count) in order, neighbours made one."""
    found: list[tuple[int, int]] = []
    for first, count in sorted(spans):
        if found and sum(found[-1]) == first:
            found[-1] = (found[-1][0], found[-1][1] + count)
        else:
            found.append((first, count))
    return found


def blank(program: Program) -> Tally:
    """A tally of no histories.

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
    total, squares = (np.array([0] * len(sums), object) for _ in range(2))
    unit = 2 ** min(20, 22 - math.ceil(math.log2(horizon + 1)))
    by_day = np.zeros((len(names), math.ceil(horizon) + 1), np.int64)
    return Tally(names, by_day, sums, unit, total, squares, [])


def count(program: Program, rows: Rows, first: int) -> Tally:
    """The tally of the histories ``first ..`` of a program."""
    tally = blank(program)
    days = tally.by_day.shape[1]
    ends = np.ceil(rows.time).astype(np.int64)
    for code in range(4):
        tally.by_day[code] = np.bincount(ends[rows.outcome == code], minlength=days)
    for i, when in enumerate(rows.first.T):
        reached = when[~np.isnan(when)]
        tally.by_day[4 + i] = np.bincount(np.ceil(reached).astype(np.int64), minlength=days)
    horizon = program.code.horizon
    free = np.fmin(rows.first, horizon)  # NaN: never, so free to the end
    goal = np.where(rows.outcome == GOAL, rows.time, horizon)
    values = [(rows.held, tally.unit), (rows.counts, 1), (free, tally.unit)]
    values += [(goal[:, np.newaxis], tally.unit)]
    at = 0
    for table, unit in values:
        for place in range(0, len(table), MOST_AT_ONCE):
            whole = np.rint(table[place : place + MOST_AT_ONCE] * unit).astype(np.int64)
            here = slice(at, at + table.shape[1])
            tally.total[here] += whole.sum(axis=0).astype(object)
            tally.squares[here] += (whole * whole).sum(axis=0).astype(object)
        at += table.shape[1]
    tally.done = [(first, len(rows.time))]
    return tally


def frame(program: Program, tally: Tally, draw: int = 0) -> pd.DataFrame:
    """A tally as the table that :mod:`sim.statistics` takes instead of rows.

    Columns: strategy, draw, column, day, n, total, squares. One line for every day with a count,
    one without a day for every sum (in days, and squared days), and one, ``runs``, for their
    number.
    """
    at, day = np.nonzero(tally.by_day)
    names = np.array(tally.names, object)
    unused = [name for i, name in enumerate(tally.names) if not tally.by_day[i].any()]
    if program.scenario.ruin is None:
        unused.remove("outcome_ruin")
    units = [1 if name.startswith("n_") else tally.unit for name in tally.sums]
    sums = len(tally.sums)
    table = pd.DataFrame(
        {
            "column": [*names[at], *unused, *tally.sums, "runs"],
            "day": [*np.fmin(day, program.code.horizon), *[np.nan] * (len(unused) + sums + 1)],
            "n": [*tally.by_day[at, day], *[0] * (len(unused) + sums), tally.runs],
            "total": [
                *[np.nan] * (len(at) + len(unused)),
                *(t / u for t, u in zip(tally.total, units, strict=True)),
                np.nan,
            ],
            "squares": [
                *[np.nan] * (len(at) + len(unused)),
                *(q / (u * u) for q, u in zip(tally.squares, units, strict=True)),
                np.nan,
            ],
        }
    )
    order = {name: i for i, name in enumerate([*tally.names, *tally.sums, "runs"])}
    table = table.sort_values("column", key=lambda c: c.map(order), kind="stable")
    strategy = pd.Categorical.from_codes(np.zeros(len(table), np.int8), [program.strategy])
    table.insert(0, "strategy", strategy)
    table.insert(1, "draw", draw)
    return table.reset_index(drop=True)


# -- on disk --------------------------------------------------------------------------------------


def write(tally: Tally, path: Path) -> None:
    """Write a tally into a file (NumPy's ``.npz``)."""
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            by_day=tally.by_day,
            total=[str(t) for t in tally.total],
            squares=[str(q) for q in tally.squares],
            done=np.array(tally.done, np.int64).reshape(-1, 2),
        )


def read(program: Program, path: Path) -> Tally:
    """A tally that :func:`write` has written, of the same program.

    Raises:
        ValueError: the file is damaged, or of another program.
    """
    tally = blank(program)
    try:
        with np.load(path) as stored:
            by_day, done = stored["by_day"], stored["done"]
            sums: list[Any] = [
                np.array([int(t) for t in stored[name]], object) for name in ("total", "squares")
            ]
    except Exception as error:  # zipfile and NumPy have many
        raise ValueError(f"cannot be read ({error})") from None
    if by_day.shape != tally.by_day.shape or any(s.shape != tally.total.shape for s in sums):
        raise ValueError("holds the counts of another program")
    tally.by_day, (tally.total, tally.squares) = by_day, sums
    tally.done = [(int(first), int(n)) for first, n in done]
    return tally
