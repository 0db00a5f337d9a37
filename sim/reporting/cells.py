"""Numbers as cells of printed tables: an estimate, with its limits in brackets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sim.formatting import DASH

MOST_DIGITS = 6
Row = Mapping[Any, Any]
"""Estimates by name, each with its limits: ``x``, ``x_low``, ``x_high``."""


def two_digits(value: float) -> str:
    """With two significant digits; a large one whole.

    >>> two_digits(0.1234), two_digits(1234.5)
    ('0.12', '1,234')
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def plain(value: float, sign: bool = False) -> str:
    """With one digit; a dash where it is not known.

    Args:
        value: in its unit; NaN is not known.
        sign: whether a plus stands before what is above 0.

    >>> plain(3.14159), plain(3.14159, sign=True), plain(math.nan)
    ('3.1', '+3.1', '-')
    """
    if math.isnan(value):
        return "-"
    return signed(value) if sign else f"{value:.1f}"


def signed(value: float) -> str:
    """With one digit and its sign; nothing has none.

    >>> signed(2.0), signed(-0.31), signed(0.01)
    ('+2.0', '-0.3', '0.0')
    """
    return f"{value:+.1f}" if round(value, 1) else "0.0"


def interval(row: Row, name: str, scale: float, digits: int = 1) -> str:
    """An estimate with its limits, each times a scale.

    >>> interval({"x": 0.5, "x_low": 0.25, "x_high": 0.75}, "x", 100, 0)
    '50 (25 to 75)'
    """
    best, low, high = (scale * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(best):
        return "-"
    if math.isnan(low):
        return f"{best:.{digits}f} (not known)"
    return f"{best:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def signed_interval(row: Row, name: str, scale: float) -> str:
    """A difference with its limits, each times a scale.

    Args:
        row: with the cells ``name``, ``name_low`` and ``name_high``.
        name: of the estimate.
        scale: 100 for shares in percentage points, 1 for days.

    >>> signed_interval({"lead": 0.04, "lead_low": 0.01, "lead_high": 0.07}, "lead", 100)
    '+4.0 (+1.0 to +7.0)'
    """
    best, low, high = (scale * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(low):
        return f"{signed(best)} (not known)"
    return f"{signed(best)} ({signed(low)} to {signed(high)})"


def limits(low: float, high: float, show: Callable[[float], str]) -> str:
    """The limits of an estimate in brackets; nothing where it has none.

    Args:
        low, high: NaN where they are not known.
        show: writes one of them.

    >>> limits(12.0, 34.0, "{:.0f}".format), limits(math.nan, math.nan, str)
    (' (12–34)', '')
    """
    return "" if math.isnan(low) else f" ({show(low)}{DASH}{show(high)})"


def difference(best: float, low: float, high: float, unit: str) -> str:
    """A difference with its sign and limits, and a star where it is significant.

    Where it is, no limit is printed as 0: there are as many digits as that takes.

    Args:
        best, low, high: the estimate and its interval; without limits where they are NaN.
        unit: "share" (printed in percentage points) or "days".

    >>> difference(-0.012, -0.023, -0.0004, "share"), difference(3.0, -1.0, 7.0, "days")
    ('-1.20 (-2.30 to -0.04)*', '+3 (-1 to +7) ')
    """
    times, digits = (100, 1) if unit == "share" else (1, 0)
    values = [times * value for value in (best, low, high)]
    if math.isnan(low) or math.isnan(high):
        return _shown(values[0], digits)
    significant = low > 0 or high < 0
    while significant and digits < MOST_DIGITS and _is_zero(min(map(abs, values[1:])), digits):
        digits += 1
    shown = [_shown(value, digits) for value in values]
    return f"{shown[0]} ({shown[1]} to {shown[2]}){'*' if significant else ' '}"


def _is_zero(value: float, digits: int) -> bool:
    return float(f"{value:.{digits}f}") == 0


def _shown(value: float, digits: int) -> str:
    if math.isnan(value):
        return DASH
    text = f"{value:+,.{digits}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text
