"""Dates and windows of a scenario as days since its start."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence

from sim.scenario.scenario import MonthDay, Shock, Window


def on_month_day(month_day: MonthDay, year: int) -> dt.date:
    """The date of a month-day in a year; 29 February is the 28th in a common year.

    >>> on_month_day(MonthDay(2, 29), 2019)
    datetime.date(2019, 2, 28)
    """
    try:
        return dt.date(year, month_day.month, month_day.day)
    except ValueError:
        return dt.date(year, 2, 28)


def _last_year(start: dt.date, horizon: float) -> int:
    # The calendar ends with the year 9999; nothing can be dated after it.
    days_left = (dt.date.max - start).days
    return (start + dt.timedelta(days=min(math.ceil(horizon), days_left))).year


def dates_of(shock: Shock, start: dt.date, horizon: float) -> list[int]:
    """Days on which a dated shock may occur, from day 0 on and before the horizon.

    Args:
        shock: with ``on`` or ``yearly``.
        start: the date of day 0.
        horizon: days.
    """
    if shock.yearly is not None:
        years = range(start.year, _last_year(start, horizon) + 1)
        dates = [on_month_day(shock.yearly, year) for year in years]
    else:
        dates = sorted(set(shock.on or ()))
    days = [(date - start).days for date in dates]
    return [day for day in days if 0 <= day < horizon]


def spans_of(windows: Sequence[Window], start: dt.date, horizon: float) -> list[tuple[int, int]]:
    """The days on which a stage is open, as merged spans that touch the run.

    Args:
        windows: of the stage; with dates, or with days of every year.
        start: the date of day 0.
        horizon: days.

    Returns:
        First day, and the day after the last, of each span.
    """
    spans = [span for window in windows for span in _spans_of_window(window, start, horizon)]
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return [span for span in merged if span[1] > 0 and span[0] < horizon]


def _spans_of_window(window: Window, start: dt.date, horizon: float) -> Iterator[tuple[int, int]]:
    if isinstance(window.opens, MonthDay) and isinstance(window.closes, MonthDay):
        for year in range(max(start.year - 1, 1), _last_year(start, horizon) + 1):
            opens = on_month_day(window.opens, year)
            closes = on_month_day(window.closes, year)
            if window.closes < window.opens:  # as written: from 02-29 to 02-28 is all year
                if year == dt.MAXYEAR:
                    continue
                closes = on_month_day(window.closes, year + 1)
            yield (opens - start).days, (closes - start).days + 1
    elif not isinstance(window.opens, MonthDay) and not isinstance(window.closes, MonthDay):
        yield (window.opens - start).days, (window.closes - start).days + 1
