"""What of a history is measured: one number each, whose mean over histories is the outcome.

    reached            the goal came, before any ruin        (share of histories)
    ruin               the ruin came                         (share)
    first_x            condition x rose                      (share)
    restricted_mean    days until the goal, the horizon where it never came
    restricted_mean_x  the same of condition x
    held_x             days at which x was held              (days)

``@`` and a date or a day after ``reached``, ``ruin`` and ``first_x`` asks for what came by then:
``reached@2019-06-15``, ``first_moratorium@365``.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.engine.program import GOAL, RUIN, translate
from sim.engine.rows import Rows
from sim.scenario.scenario import Scenario

Floats = npt.NDArray[np.float64]

SHARE, DAYS = "share", "days"
NAMES = ("reached", "ruin", "restricted_mean", "first_<condition>", "held_<condition>")


class MeasureError(Exception):
    """A measure that is not known; the message says what is allowed."""


@dataclass(frozen=True)
class Measure:
    """One number of each history.

    Attributes:
        name: as it was asked for.
        label: in words, with what it is a share or mean of.
        unit: "share" or "days".
        more: is more of it better?
        bounds: between which every value lies.
    """

    name: str
    label: str
    unit: str
    more: bool
    bounds: tuple[float, float]
    _values: Callable[[Rows], Floats]

    def values(self, rows: Rows) -> Floats:
        """The value of each history, (n,)."""
        return self._values(rows)

    @property
    def sign(self) -> int:
        """What makes more of it better: 1 or -1."""
        return 1 if self.more else -1

    @property
    def scale(self) -> float:
        """From the unit to the one that is printed: shares as percentages."""
        return 100.0 if self.unit == SHARE else 1.0

    @property
    def steps(self) -> str:
        """The unit of printed differences."""
        return "points" if self.unit == SHARE else "days"

    @property
    def margin(self) -> float:
        """A difference that matters: one percentage point, or ten days."""
        return 0.01 if self.unit == SHARE else 10.0


def parse(scenario: Scenario, name: str = "reached", better: str | None = None) -> Measure:
    """The measure of a name.

    Args:
        scenario: whose conditions.
        name: see the top of this module.
        better: "more" or "less"; else less is better of ruin and of days until something.

    Raises:
        MeasureError: the name, its condition or its date is not known.
    """
    what, _, by = name.partition("@")
    day, when = _day(scenario, name, by)
    program = translate(scenario)
    horizon = float(scenario.horizon)
    if what == "reached":
        label = f"share of histories that reached {_words(scenario.goal)}{when}"
        return _of(name, label, better, True, lambda rows: _came(rows, GOAL, day))
    if what == "ruin" and scenario.ruin is not None:
        label = f"share of histories with {_words(scenario.ruin)}{when}"
        return _of(name, label, better, False, lambda rows: _came(rows, RUIN, day))
    if what.startswith("first_"):
        i = _place(name, what.removeprefix("first_"), program.levels)
        label = f"share of histories in which {_words(program.levels[i])} came{when}"
        more = program.levels[i] != scenario.ruin
        return _of(name, label, better, more, lambda rows: (rows.first[:, i] <= day).astype(float))
    if by:
        raise MeasureError(
            f'measure: found "{name}"; allowed: a date after reached, ruin or first_<condition>'
        )
    if what == "restricted_mean":
        label = f"mean days until {_words(scenario.goal)}, at most {horizon:g}"
        return _of(name, label, better, False, lambda rows: _days_until(rows, horizon), horizon)
    if what.startswith("restricted_mean_"):
        i = _place(name, what.removeprefix("restricted_mean_"), program.levels)
        label = f"mean days until {_words(program.levels[i])}, at most {horizon:g}"
        more = program.levels[i] == scenario.ruin
        return _of(name, label, better, more, lambda rows: _waited(rows.first[:, i], horizon),
                   horizon)  # fmt: skip
    if what.startswith("held_"):
        i = _place(name, what.removeprefix("held_"), program.conditions)
        more = program.conditions[i] != scenario.ruin
        label = f"mean days with {_words(program.conditions[i])}"
        return _of(name, label, better, more, lambda rows: rows.held[:, i].copy(), horizon)
    close = difflib.get_close_matches(what, ["reached", "ruin", "restricted_mean"], 1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    known = [one for one in NAMES if one != "ruin" or scenario.ruin is not None]
    raise MeasureError(f'measure: found "{name}"{hint}; allowed: {", ".join(known)}')


def _of(
    name: str,
    label: str,
    better: str | None,
    more: bool,
    values: Callable[[Rows], Floats],
    most: float | None = None,
) -> Measure:
    more = more if better is None else better == "more"
    unit = SHARE if most is None else DAYS
    return Measure(name, label, unit, more, (0.0, 1.0 if most is None else most), values)


def _came(rows: Rows, outcome: int, day: float) -> Floats:
    came: Floats = ((rows.outcome == outcome) & (rows.time <= day)).astype(np.float64)
    return came


def _days_until(rows: Rows, horizon: float) -> Floats:
    days: Floats = np.where(rows.outcome == GOAL, rows.time, horizon)
    return days


def _waited(first: Floats, horizon: float) -> Floats:
    return np.where(np.isnan(first), horizon, first)


def _place(name: str, condition: str, known: tuple[str, ...]) -> int:
    if condition not in known:
        close = difflib.get_close_matches(condition, known, 1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise MeasureError(
            f'measure: found "{name}", but there is no "{condition}"{hint}; allowed: '
            f"{', '.join(known)}"
        )
    return known.index(condition)


def _day(scenario: Scenario, name: str, by: str) -> tuple[float, str]:
    if not by and "@" not in name:
        return math.inf, ""
    try:
        day = float((dt.date.fromisoformat(by) - scenario.start).days) if "-" in by else float(by)
    except ValueError:
        day = math.nan
    if not 0 < day <= scenario.horizon:
        last = scenario.start + dt.timedelta(days=int(scenario.horizon))
        raise MeasureError(
            f'measure: found "{name}"; allowed after @: a date up to {last}, or a day from 1 to '
            f"{scenario.horizon:g}"
        )
    return day, f" by {by}" if "-" in by else f" by day {day:g}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ")
