"""The registry of measures: a number of every replication; its mean is what is estimated.

    reached            the goal came, before any ruin        (share of replications)
    ruin               the ruin came, also after the goal    (share)
    first_x            condition x rose                      (share)
    restricted_mean    days until the goal, the horizon where it never came
    restricted_mean_x  the same of condition x
    held_x             days at which x was held              (days)
    utility            the weights of the scenario's [utility], each times what it stands for

``@`` and a date or a day after ``reached``, ``ruin`` and ``first_x`` stands for what came by then:
``reached@2019-06-15``, ``first_crisis@365``. Comparisons, studies of the parameters and the live
page take their measures from here; a :class:`Measure` of one's own is as good as any of these.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sim.errors import MeasureError, did_you_mean, unknown
from sim.types import Floats

SHARE, DAYS = "share", "days"
ONE_POINT, TEN_DAYS = 0.01, 10.0


class Columns(Protocol):
    """Replications, column by column: rows of an engine, the sample of a frame, a dictionary."""

    def __getitem__(self, column: str, /) -> npt.NDArray[Any]: ...


@dataclass(frozen=True)
class Measure:
    """A number measured in each replication.

    Attributes:
        name: as in :func:`parse`, or any other.
        function: from replications to their values, (n,): it is given their columns by name, an
            array each, as ``columns["held_crisis"]``. A column's name stands for its values.
        unit: "share", "days", or that of a measure of one's own.
        more: is more of it better?
        bounds: between which every value lies; they bound its intervals.
        label: a phrase for readers, as "share of replications that reached accord"; the name where
            empty.

    Example:
        >>> import numpy as np
        >>> import sim
        >>> cost = sim.Measure("cost", lambda of: 2.0 * of["n_incident"] + of["held_crisis"] / 30)
        >>> cost.values({"n_incident": np.array([0, 3]), "held_crisis": np.array([0.0, 60.0])})
        array([0., 8.])
        >>> sim.Measure("held_crisis", "held_crisis", "days", more=False).sign
        -1
    """

    name: str
    function: str | Callable[[Columns], npt.ArrayLike]
    unit: str = ""
    more: bool = True
    bounds: tuple[float, float] = (-math.inf, math.inf)
    label: str = ""

    def __post_init__(self) -> None:
        """A measure without a label is called by its name."""
        object.__setattr__(self, "label", self.label or self.name.replace("_", " "))

    def values(self, columns: Columns) -> Floats:
        """The value of each replication, (n,)."""
        of = self.function
        return np.asarray(columns[of] if isinstance(of, str) else of(columns), float)

    @property
    def better(self) -> str:
        """Which values are better: "higher" or "lower"."""
        return "higher" if self.more else "lower"

    @property
    def sign(self) -> int:
        """What makes more of it better: 1 or -1."""
        return 1 if self.more else -1

    @property
    def width(self) -> float:
        """No two replications differ by more."""
        return self.bounds[1] - self.bounds[0]

    @property
    def scale(self) -> float:
        """From the unit to the one that is printed: shares as percentages."""
        return 100.0 if self.unit == SHARE else 1.0

    @property
    def steps(self) -> str:
        """The unit of printed differences."""
        return "points" if self.unit == SHARE else self.unit

    @property
    def margin(self) -> float:
        """A difference that matters: a percentage point, ten days; any, of other units."""
        return {SHARE: ONE_POINT, DAYS: TEN_DAYS}.get(self.unit, 0.0)


class Names(NamedTuple):
    """What the names of measures stand for: those of a scenario.

    Attributes:
        goal, ruin: conditions; there need be no ruin.
        horizon: days.
        start: the date of day 0.
        levels: all conditions, those of stages too.
        conditions: those that are held for some time.
        utility: weights of the scenario; empty where it has none.
    """

    goal: str
    ruin: str | None
    horizon: float
    start: dt.date
    levels: Sequence[str]
    conditions: Sequence[str]
    utility: Mapping[str, float] = MappingProxyType({})


# -- what there is --------------------------------------------------------------------------------


def times(columns: Columns, endpoint: str, goal: str | None = None) -> Floats:
    """Days to the endpoint, ``inf`` for never; to the goal where it came before any ruin.

    Args:
        columns: of rows by name, each (n,).
        endpoint: a condition that the rows have a ``first_`` column of.
        goal: the goal of the scenario. Where it is the endpoint, a replication that ended otherwise
            first never reached it.

    Returns:
        Days since the start, (n,).

    >>> times({"first_truce": np.array([30.0, np.nan])}, "truce").tolist()
    [30.0, inf]
    """
    if endpoint == goal:
        return np.where(np.asarray(columns["outcome"] == goal), columns["time"], np.inf)
    first = columns[f"first_{endpoint}"]
    return np.where(np.isnan(first), np.inf, first)


def came(
    name: str, endpoint: str, goal: str | None = None, day: float = math.inf, *, more: bool = True
) -> Measure:
    """Whether the endpoint came by a day.

    Args:
        name: of the measure.
        endpoint, goal: as for :func:`times`.
        day: the last that counts; any by default.
        more: whether a larger share is the better one.

    Returns:
        A measure of 0 and 1 in each replication, whose mean is a share.

    >>> by_a_year = came("reached_1y", "truce", day=365)
    >>> by_a_year.values({"first_truce": np.array([30.0, 400.0])}).tolist()
    [1.0, 0.0]
    """

    def values(columns: Columns) -> Floats:
        found = times(columns, endpoint, goal)
        return (np.isfinite(found) & (found <= day)).astype(float)

    return Measure(name, values, SHARE, more, (0.0, 1.0))


def restricted_mean(
    name: str, endpoint: str, goal: str | None, horizon: float, *, more: bool = False
) -> Measure:
    """Days until the endpoint; the horizon where it never came.

    Its mean over replications is the restricted mean time without the endpoint (RMST), which counts
    replications that never got there instead of leaving them out (P. Royston and M. K. B. Parmar
    2013, BMC Med. Res. Methodol. 13, 152).

    Args:
        name: of the measure.
        endpoint, goal: as for :func:`times`.
        horizon: last day of a replication.
        more: whether more days are the better ones, as for ruin.

    >>> days = restricted_mean("days", "truce", None, 1000.0)
    >>> days.values({"first_truce": np.array([30.0, np.nan])}).tolist()
    [30.0, 1000.0]
    """

    def values(columns: Columns) -> Floats:
        return np.minimum(times(columns, endpoint, goal), horizon)

    return Measure(name, values, DAYS, more, (0.0, horizon))


def held(condition: str, horizon: float, *, more: bool = True) -> Measure:
    """Days at which a condition was held.

    Args:
        condition: the scenario's name of it; rows have a column ``held_<condition>``.
        horizon: last day of a replication, and the most that can be held.
        more: whether more days are the better ones.

    >>> held("truce", 1000.0).name
    'held_truce'
    """
    name = f"held_{condition}"
    return Measure(name, name, DAYS, more, (0.0, horizon))


# -- by name --------------------------------------------------------------------------------------


def parse(names: Names, name: str, better: str | None = None, also: Sequence[str] = ()) -> Measure:
    """The measure that a name stands for.

    Args:
        names: of the scenario.
        name: see the top of this module.
        better: "more" or "less"; else less is better of ruin and of days until something.
        also: names that the caller knows besides, for the message.

    Raises:
        MeasureError: the name, its condition or its date is not known.

    Example:
        >>> names = Names("accord", None, 730, dt.date(2019, 1, 1), ["accord"], ["accord"])
        >>> parse(names, "reached@365").label
        'share of replications that reached accord by day 365'
    """
    what, at, by = name.partition("@")
    day, when = _day(names, name, by) if at else (math.inf, "")
    kind = _kind(what, names)
    if kind is None:
        hint = did_you_mean(what, [*also, "reached", "ruin", "restricted_mean"])
        allowed = ", ".join([*also, *_allowed(names)])
        raise MeasureError(f'measure: found "{name}"; {hint}allowed: {allowed}')
    found = REGISTRY[kind](names, name, what.removeprefix(kind), day)
    if at and found.unit != SHARE:
        raise MeasureError(
            f'measure: found "{name}"; allowed: a date after reached, ruin or first_<condition>'
        )
    more = found.more if better is None else better == "more"
    return replace(found, more=more, label=found.label + when)


def _kind(what: str, names: Names) -> str | None:
    """The longest that fits: restricted_mean_x is not the restricted mean of the goal."""
    known = _known_kinds(names)
    whole = [kind for kind in known if what == kind and kind[-1] != "_"]
    begun = [kind for kind in known if kind[-1] == "_" and what.startswith(kind)]
    return max(whole + begun, key=len, default=None)


def _known_kinds(names: Names) -> list[str]:
    left_out = {"ruin"} if names.ruin is None else set()
    left_out |= set() if names.utility else {"utility"}
    return [kind for kind in REGISTRY if kind not in left_out]


def _allowed(names: Names) -> list[str]:
    kinds = [kind for kind in _known_kinds(names) if kind != "restricted_mean_"]
    return [f"{kind}<condition>" if kind[-1] == "_" else kind for kind in kinds]


def _reached(names: Names, name: str, _: str, day: float) -> Measure:
    label = f"share of replications that reached {_words(names.goal)}"
    return replace(came(name, names.goal, names.goal, day), label=label)


def _ruin(names: Names, name: str, _: str, day: float) -> Measure:
    label = f"share of replications with {_words(str(names.ruin))}"
    return replace(came(name, str(names.ruin), day=day, more=False), label=label)


def _first(names: Names, name: str, condition: str, day: float) -> Measure:
    condition = _known(name, condition, names.levels)
    label = f"share of replications in which {_words(condition)} came"
    return replace(came(name, condition, day=day, more=condition != names.ruin), label=label)


def _days_until_goal(names: Names, name: str, _: str, day: float) -> Measure:
    label = f"mean days until {_words(names.goal)}, at most {names.horizon:g}"
    return replace(restricted_mean(name, names.goal, names.goal, names.horizon), label=label)


def _days_until(names: Names, name: str, condition: str, day: float) -> Measure:
    condition = _known(name, condition, names.levels)
    label = f"mean days until {_words(condition)}, at most {names.horizon:g}"
    more = condition == names.ruin
    return replace(restricted_mean(name, condition, None, names.horizon, more=more), label=label)


def _held(names: Names, name: str, condition: str, day: float) -> Measure:
    condition = _known(name, condition, names.conditions)
    found = held(condition, names.horizon, more=condition != names.ruin)
    return replace(found, label=f"mean days with {_words(condition)}")


def _utility(names: Names, name: str, _: str, day: float) -> Measure:
    parts = [(weight, weighed(names, what)) for what, weight in names.utility.items()]

    def values(columns: Columns) -> Floats:
        return np.asarray(sum(weight * one.values(columns) for weight, one in parts), float)

    return Measure(name, values, "utility", more=True, label="mean utility")


def weighed(names: Names, what: str) -> Measure:
    """What a weight of the utility stands for.

    Args:
        names: of the scenario.
        what: ``reached`` (the goal came, before any ruin), ``days_without`` (days until the goal,
            the horizon where it never came), a condition or stage (1 where it ever came), or a
            column.
    """
    if what == "reached":
        return came(what, names.goal, names.goal)
    if what == "days_without":
        return restricted_mean(what, names.goal, names.goal, names.horizon)
    return came(what, what) if what in names.levels else Measure(what, what)


# What ends in "_" is followed by a condition.
REGISTRY: dict[str, Callable[[Names, str, str, float], Measure]] = {
    "reached": _reached,
    "ruin": _ruin,
    "restricted_mean": _days_until_goal,
    "restricted_mean_": _days_until,
    "first_": _first,
    "held_": _held,
    "utility": _utility,
}


def _known(name: str, condition: str, known: Sequence[str]) -> str:
    if condition not in known:
        raise MeasureError(f'measure "{name}": {unknown("condition", condition, known)}')
    return condition


def _day(names: Names, name: str, by: str) -> tuple[float, str]:
    try:
        day = float((dt.date.fromisoformat(by) - names.start).days) if "-" in by else float(by)
    except ValueError:
        day = math.nan
    if not 0 < day <= names.horizon:
        last = names.start + dt.timedelta(days=int(names.horizon))
        raise MeasureError(
            f'measure: found "{name}"; allowed after @: a date up to {last}, or a day from 1 to '
            f"{names.horizon:g}"
        )
    return day, f" by {by}" if "-" in by else f" by day {day:g}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ")
