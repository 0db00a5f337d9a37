"""Names, numbers and days as they are printed everywhere; written once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

DASH = "\N{EN DASH}"
"""Stands between the limits of an interval, and for what is not known."""
NOT_REACHED = "not reached"
"""What is printed for a median that lies beyond the horizon."""


def short(name: str, width: int = 43) -> str:
    """A name, with its middle left out where it is too long."""
    if len(name) <= width:
        return name
    tail = (width - 2) * 3 // 5
    return f"{name[: width - 2 - tail]}..{name[-tail:]}"


def many(count: int, what: str) -> str:
    """A number of things, with their name in the singular or plural.

    >>> many(1, "strategy"), many(1200, "strategy")
    ('1 strategy', '1,200 strategies')
    """
    plural = what.removesuffix("y") + "ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"


def listed(names: Iterable[object], last: str = "and") -> str:
    """Names as a list in a sentence, with a word before the last.

    >>> listed(["a", "b", "c"]), listed(["a", "b"], "or"), listed(["a"])
    ('a, b and c', 'a or b', 'a')
    """
    *first, end = [str(name) for name in names]
    return f"{', '.join(first)} {last} {end}" if first else end


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


def days_text(days: float) -> str:
    """Days, rounded; a dash where they are not known."""
    return DASH if math.isnan(days) else f"{days:,.0f}"


def html_table(
    head: Sequence[str], body: Sequence[Sequence[str]], above: str = "", below: str = ""
) -> str:
    """Cells as a table for a notebook, with a sentence above and a note below; all escaped.

    >>> html_table(["a"], [["<b>"]], above="One & two")
    '<p><b>One &amp; two</b></p><table><tr><th>a</th></tr><tr><td>&lt;b&gt;</td></tr></table>'
    """
    rows = [_html_row(head, "th"), *(_html_row(row, "td") for row in body)] if head else []
    title = f"<p><b>{escape(above)}</b></p>" if above else ""
    note = f"<p><small>{escape(below)}</small></p>" if below else ""
    return title + (f"<table>{''.join(rows)}</table>" if rows else "") + note


def _html_row(cells: Sequence[str], kind: str) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"


def without_dots(name: str) -> str:
    """A column's name for ``DataFrame.query`` and attributes: dots become two underscores.

    Example:
        >>> import sim
        >>> frame = sim.run("korea-2017", "proposal", replications=20).frame
        >>> len(frame.rename(columns=sim.without_dots).query("first_us_dprk__contact > 1e9"))
        0
    """
    return name.replace(".", "__")
