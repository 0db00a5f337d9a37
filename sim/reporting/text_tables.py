"""Tables in print: compact, with intervals in brackets, never rounded to a false certainty."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from sim.analysis.intervals import LEVEL
from sim.formatting import DASH, NOT_REACHED, days_text, listed, many, percent, short
from sim.reporting.cells import limits
from sim.types import DAYS_PER_YEAR


class TextTable(NamedTuple):
    """A table whose cells are text, with its title and a note on how to read it.

    Attributes:
        title: one line.
        head: names of the columns.
        body: rows of cells, each as long as the head.
        note: how to read the table; may be empty.
        file: of the results folder, which has all rows and columns; empty where there is none.
        shown: rows that a terminal shows; None: all.
    """

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    note: str
    file: str = ""
    shown: int | None = None

    def text(self, width: int) -> str:
        """The table for a terminal.

        Args:
            width: in characters; title and note are wrapped, and where rows are wider the names in
                the first column are shortened.
        """
        cut = self if self.shown is None else self.first(self.shown)
        title, note = (textwrap.fill(words, width) for words in (cut.title, cut.note))
        table = aligned_text(cut.head, cut.body)
        if max(map(len, table.splitlines())) > width:
            body = [[short(first), *others] for first, *others in cut.body]
            table = aligned_text(cut.head, body)
        return "\n".join(part for part in (title, table, note) if part)

    def first(self, rows: int) -> TextTable:
        """The table cut to its first rows; the note then names the file that has all of them."""
        if len(self.body) <= rows:
            return self
        cut = f"The first {rows} of {len(self.body)} are shown; all are in {self.file}."
        return self._replace(body=self.body[:rows], note=f"{cut} {self.note}".strip())


def as_text(table: pd.DataFrame) -> str:
    """A summary as a compact table for the terminal, a line per strategy, with its legend.

    Args:
        table: from :func:`sim.summary`.
    """
    text = aligned_text(*cells(table))
    width = max(len(text.splitlines()[1]), 60)
    return "\n".join([text, "", textwrap.fill(legend(table), width)])


def aligned_text(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Cells as a table: the first column to the left, the others to the right.

    Args:
        head: names of the columns.
        body: rows, each as long as the head.

    >>> print(aligned_text(["strategy", "days"], [["a", "1,584"], ["b", "642"]]))
    strategy   days
    --------  -----
    a         1,584
    b           642
    """
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *others]).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(head), rule, *map(line, body)])


def as_markdown(table: pd.DataFrame) -> str:
    """A summary as a Markdown table, with its legend below.

    Args:
        table: from :func:`sim.summary`.
    """
    head, body = cells(table)
    rule = [":--", *["--:"] * (len(head) - 1)]
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, rule, *body]]
    return "\n".join([*lines, "", legend(table)])


def cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Head and body of a printed summary.

    Args:
        table: from :func:`sim.summary`.

    Returns:
        The names of the columns, and a row of cells per strategy.
    """
    names = [str(name) for name in table.columns]
    shares = [name for name in names if name.startswith("reached_") and name.endswith("y")]
    last = shares.pop() if shares and _covers(table, shares[-1]) else None
    head = ["strategy", "runs", *(f"{name[8:-1]} y %" for name in shares)]
    head += [f"{last[8:-1]} y %" if last else "horizon %", "median days", "days without"]
    head += ["ruin %"] if "ruin" in table else []
    return head, [_line(row, shares) for _, row in table.iterrows()]


def _covers(table: pd.DataFrame, name: str) -> bool:
    """Whether the year of a column is the horizon itself."""
    return (
        len(table) > 0 and float(name[8:-1]) * DAYS_PER_YEAR > float(table["horizon"].iloc[0]) - 1
    )


def _line(row: pd.Series, shares: Sequence[str]) -> list[str]:
    cells = [str(row["strategy"]), f"{int(row['n']):,}", *(percent(row[name]) for name in shares)]
    cells += [_range(row, "reached", percent), _range(row, "median", _median_days)]
    cells += [_range(row, "restricted_mean", days_text)]
    return cells + ([_range(row, "ruin", percent)] if "ruin" in row else [])


def _range(row: pd.Series, name: str, show: Callable[[float], str]) -> str:
    low, best, high = (float(row[column]) for column in (f"{name}_low", name, f"{name}_high"))
    if math.isnan(low) and math.isnan(high):
        return show(best)
    return f"{show(best)} ({show(low)}{DASH}{show(high)})"


def _median_days(days: float) -> str:
    return NOT_REACHED if math.isnan(days) else f"{days:,.0f}"


def summary_sentences(table: pd.DataFrame) -> list[str]:
    """What a summary says by itself, strategy by strategy, where none can be compared.

    Args:
        table: from :func:`sim.summary`.
    """
    return [_on_one(row) for _, row in table.iterrows()]


def _on_one(row: pd.Series) -> str:
    goal, runs, name = row["endpoint"], int(row["n"]), row["strategy"]
    share = _of(row, "reached", percent, " %")
    if row["reached"] == 0:
        said = f"None of {runs:,} replications of {name} reached {goal}"
        said += f" (at most {percent(row['reached_high'])} % do)"
    else:
        said = f"Under {name} {share} of {runs:,} replications reached {goal}"
        said += f"; {_of(row, 'restricted_mean', days_text, '')} days of {row['horizon']:,.0f} "
        said += "passed without it on average, runs that never reached it counted"
    if "ruin" in row:
        said += f"; {_of(row, 'ruin', percent, ' %')} ended in ruin"
    return f"{said}."


def _of(row: pd.Series, name: str, show: Callable[[float], str], unit: str) -> str:
    """An estimate with its limits, where it has any."""
    return f"{show(row[name])}{unit}{limits(row[f'{name}_low'], row[f'{name}_high'], show)}"


def legend(table: pd.DataFrame) -> str:
    """What the columns of a printed summary are."""
    if table.empty:
        return "no strategies"
    endpoint, horizon = table["endpoint"].iloc[0], table["horizon"].iloc[0]
    level = table.attrs.get("level", LEVEL)
    best = "most" if endpoint == table.attrs.get("ruin") else "fewest"
    return (
        f"Share of runs that reached {endpoint} by each year; days without {endpoint}: restricted "
        f"mean time over all runs, {horizon:g} where it never came; the strategy with "
        f"the {best} comes first. In brackets: {100 * level:g} % intervals over {_units(table)}."
    )


def _units(table: pd.DataFrame) -> str:
    """What the intervals of a summary are over, and the strategies that draws do not change."""
    draws, most = table["draws"], int(table["draws"].max())
    if most == 1:
        return "runs"
    replications = math.ceil(table["n"].max() / most)
    over = f"{most} draws and {many(replications, 'replication')}"
    fixed = list(table.loc[draws < most, "strategy"])
    if not fixed:
        return over
    return f"{over}; {listed(fixed)}: the same replications in every draw, counted once"
