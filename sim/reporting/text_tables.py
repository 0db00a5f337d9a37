"""Tables in print: compact, with intervals in brackets, never rounded to a false certainty."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from sim.analysis.intervals import LEVEL
from sim.analysis.samples import YEAR

DASH = "\N{EN DASH}"
"""Stands between the limits of an interval, and for what is not known."""
NOT_REACHED = "not reached"
"""What is printed for a median that lies beyond the horizon."""


class Printed(NamedTuple):
    """A table whose cells are words, with its title and a note on how to read it."""

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    note: str
    file: str = ""
    """Of the results folder, which has all rows and columns."""

    def text(self, width: int) -> str:
        """For the terminal; what is wider than the width is wrapped, or a name cut short."""
        title, note = (textwrap.fill(words, width) for words in (self.title, self.note))
        table = aligned_text(self.head, self.body)
        if max(map(len, table.splitlines())) > width:
            body = [[short(first), *others] for first, *others in self.body]
            table = aligned_text(self.head, body)
        return "\n".join(part for part in (title, table, note) if part)

    def first(self, rows: int) -> Printed:
        """The table cut to so many rows; the note says which file of the folder has all."""
        if len(self.body) <= rows:
            return self
        cut = f"The first {rows} of {len(self.body)} are shown; all are in {self.file}."
        return self._replace(body=self.body[:rows], note=f"{cut} {self.note}".strip())


Part = str | Printed
"""Of what is said: a sentence, or a table."""


def as_paragraphs(parts: Iterable[Part], width: int, rows: int) -> str:
    """Sentences and tables for the terminal; tables are cut to so many rows."""
    said = (
        textwrap.fill(part, width) if isinstance(part, str) else part.first(rows).text(width)
        for part in parts
    )
    return "\n\n".join(said)


def short(name: str, width: int = 43) -> str:
    """A name, with its middle left out where it is too long."""
    if len(name) <= width:
        return name
    tail = (width - 2) * 3 // 5
    return f"{name[: width - 2 - tail]}..{name[-tail:]}"


def many(count: int, what: str) -> str:
    """A number of things: 1 history, 1,200 histories."""
    plural = what.removesuffix("y") + "ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"


def listed(names: Iterable[object]) -> str:
    """Names as words: a, b and c."""
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def percent(share: float) -> str:
    """A share as a number of per cent, never rounded to a certainty that it is not.

    >>> percent(0.412), percent(0.0), percent(0.0004), percent(0.996)
    ('41', '0', '<0.1', '99.6')
    """
    if math.isnan(share):
        return DASH
    if 0 < share < 0.001:
        return "<0.1"
    if 0.999 < share < 1:
        return ">99.9"
    near_an_end = 0 < share < 0.0095 or 0.9905 < share < 1
    return f"{100 * share:.1f}" if near_an_end else f"{100 * share:.0f}"


def as_text(table: pd.DataFrame) -> str:
    """A summary as a compact table for the terminal, a line a strategy."""
    text = aligned_text(*cells(table))
    width = max(len(text.splitlines()[1]), 60)
    return "\n".join([text, "", textwrap.fill(legend(table), width)])


def aligned_text(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Cells as a table: the first column to the left, the others to the right."""
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
    """A summary as a Markdown table."""
    head, body = cells(table)
    rule = [":--", *["--:"] * (len(head) - 1)]
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, rule, *body]]
    return "\n".join([*lines, "", legend(table)])


def cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Head and body of a printed summary."""
    names = [str(name) for name in table.columns]
    shares = [name for name in names if name.startswith("reached_") and name.endswith("y")]
    last = shares.pop() if shares and _covers(table, shares[-1]) else None
    head = ["strategy", "runs", *(f"{name[8:-1]} y %" for name in shares)]
    head += [f"{last[8:-1]} y %" if last else "horizon %", "median days", "days without"]
    head += ["ruin %"] if "ruin" in table else []
    return head, [_line(row, shares) for _, row in table.iterrows()]


def _covers(table: pd.DataFrame, name: str) -> bool:
    """Is this year mark the horizon itself?"""
    return len(table) > 0 and float(name[8:-1]) * YEAR > float(table["horizon"].iloc[0]) - 1


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


def days_text(days: float) -> str:
    """Days, rounded; a dash where they are not known."""
    return DASH if math.isnan(days) else f"{days:,.0f}"


def _median_days(days: float) -> str:
    return NOT_REACHED if math.isnan(days) else f"{days:,.0f}"


def legend(table: pd.DataFrame) -> str:
    """What the columns of a printed summary are."""
    if table.empty:
        return "no strategies"
    endpoint, horizon = table["endpoint"].iloc[0], table["horizon"].iloc[0]
    level = table.attrs.get("level", LEVEL)
    best = "most" if endpoint == table.attrs.get("ruin") else "fewest"
    return (
        f"Share of runs that reached {endpoint} by each year; days without {endpoint}: mean over "
        f"all runs, {horizon:g} where it never came; the strategy with the {best} comes first. "
        f"In brackets: {100 * level:g} % intervals over {_units(table)}."
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
