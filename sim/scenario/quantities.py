"""Numbers that an analyst can give: plain, as a range, or as a law of durations.

A plain number is known; a :class:`Range` is uncertain *between* draws; a :class:`Duration` varies
*within* one. So ``{ median = 75, sigma = 0.7 }`` is another duration at each attempt, while
``{ low = 50, likely = 75, high = 120 }`` is one length, the same at every attempt, that is not
known exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeAlias

from sim.scenario.fields import FREE_TEXT, Choice, Field, Json, Reader, Schemas, Table, Text
from sim.scenario.issues import Place, Refused, listed, show


@dataclass(frozen=True)
class Bounds:
    """Between which values a number must lie."""

    least: float = 0.0
    most: float = math.inf
    above: bool = False  # `least` itself is not allowed
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether a number lies within."""
        if self.whole and value != math.floor(value):
            return False
        return self.least <= value <= self.most and not (self.above and value == self.least)

    def __str__(self) -> str:
        """The end of the sentence "allowed: ..."."""
        kind = "a whole number" if self.whole else "a number"
        if self.most < math.inf:
            return f"{kind} from {self.least:g} to {self.most:.15g}"
        return (
            f"{kind} above {self.least:g}" if self.above else f"{kind} of at least {self.least:g}"
        )

    @property
    def schema(self) -> Json:
        """The bounds as JSON Schema."""
        schema: Json = {"type": "integer" if self.whole else "number"}
        schema["exclusiveMinimum" if self.above else "minimum"] = self.least
        return schema if self.most == math.inf else schema | {"maximum": self.most}


PROBABILITY = Bounds(0, 1)
NOT_NEGATIVE = Bounds(0)
POSITIVE = Bounds(0, above=True)
TABLES = Bounds(1, 1_000_000, whole=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An uncertain number; a plain run uses ``likely``, a draw samples between the ends.

    ``as_`` (in files ``as``) names the law that it is sampled from: "pert", "uniform" or
    "loguniform". ``source`` says where the range comes from.
    """

    low: float
    likely: float
    high: float
    as_: str = "pert"
    about: str = ""
    source: str = ""


Number: TypeAlias = float | Range


def likely(number: Number) -> float:
    """The value that a plain run uses."""
    return number.likely if isinstance(number, Range) else number


def lowest(number: Number) -> float:
    """The lowest value that a draw may give."""
    return number.low if isinstance(number, Range) else number


def highest(number: Number) -> float:
    """The highest value that a draw may give."""
    return number.high if isinstance(number, Range) else number


def finite(value: object, at: Place, bounds: Bounds, wanted: str = "") -> float:
    """A plain number from a document, as a float.

    Raises:
        Refused: no number, not finite, or out of bounds.
    """
    wanted = wanted or str(bounds)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise at.refuse(show(value), wanted)
    try:
        number = float(value)
    except OverflowError:
        raise at.refuse("a whole number too large to compute with", wanted) from None
    if not math.isfinite(number):
        raise at.refuse(f"{number} is no finite number", wanted)
    if number not in bounds:
        raise at.refuse(show(value), wanted)
    return number + 0.0  # -0 becomes 0


def plain(value: float) -> float | int:
    """A float as a file would have it: 60, not 60.0."""
    return int(value) if value == math.floor(value) and abs(value) < 1e15 else value


class Plain(Reader[float]):
    """A number that may not be a range."""

    def __init__(self, bounds: Bounds = Bounds(-math.inf)) -> None:
        self.bounds = bounds
        self.wanted = "a number" if bounds.least == -math.inf else str(bounds)

    def read(self, value: object, at: Place) -> float:  # noqa: D102
        return finite(value, at, self.bounds, self.wanted)

    def write(self, value: float) -> float | int:  # noqa: D102
        return plain(value)

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "number"} if self.bounds.least == -math.inf else self.bounds.schema


def _ordered(number: Range, at: Place) -> None:
    if not number.low <= number.likely <= number.high:
        raise at.refuse(
            f"low {number.low:g}, likely {number.likely:g}, high {number.high:g}",
            "low <= likely <= high",
        )
    if number.as_ == "loguniform" and number.low <= 0:
        raise at.refuse(f'low {number.low:g} with as = "loguniform"', "a low above 0")


class Uncertain(Reader[Number]):
    """A number within bounds, or a range within them."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.wanted = f"{bounds}, or a range {{ low, likely, high }}"
        # A sampled number of tables is rounded, so the ends of its range need not be whole.
        end = Plain(replace(bounds, whole=False))
        kind = "share" if bounds == PROBABILITY else "positive" if bounds.above else "number"
        self.range: Table[Range] = Table(
            f"range of a {'delegation' if bounds.whole else kind}",
            Range,
            {
                "low": Field(end, "no draw is lower"),
                "likely": Field(end, "what a plain run uses"),
                "high": Field(end, "no draw is higher"),
                "as": Field(
                    Choice("pert", "uniform", "loguniform"),
                    "the law that draws follow",
                    default="pert",
                    attribute="as_",
                ),
            },
            check=_ordered,
            naming="a range",
        )

    def read(self, value: object, at: Place) -> Number:  # noqa: D102
        if not isinstance(value, dict):
            return finite(value, at, self.bounds, self.wanted)
        number = self.range.read(value, at)
        if not at.sound:
            raise Refused
        return number

    def write(self, value: Number) -> Any:  # noqa: D102
        return self.range.write(value) if isinstance(value, Range) else plain(value)

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"anyOf": [self.bounds.schema, self.range.schema(schemas)]}


# -- durations ------------------------------------------------------------------------------------

# Keys in the order in which the laws take them.
FAMILIES: dict[str, dict[str, Bounds]] = {
    "exponential": {"mean": POSITIVE},
    "lognormal": {"median": POSITIVE, "sigma": POSITIVE},
    "weibull": {"shape": POSITIVE, "scale": POSITIVE},
    "uniform": {"min": NOT_NEGATIVE, "max": NOT_NEGATIVE},
    "pert": {"min": NOT_NEGATIVE, "mode": NOT_NEGATIVE, "max": NOT_NEGATIVE},
    "quantiles": {"p10": POSITIVE, "p50": POSITIVE, "p90": POSITIVE},
}
RANGE_KEYS = ("low", "likely", "high", "as")
ASCENDING = ("uniform", "pert")  # their parameters may be equal
STRICTLY_ASCENDING = ("quantiles",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long something lasts, in days: a law and its parameters.

    Attributes:
        family: "fixed", "exponential", "lognormal", "weibull", "uniform", "pert", "quantiles" or
            "values".
        params: in the order that the laws take them; the one of "fixed" has the key "".
        values: for "values" only, ascending.
    """

    family: str
    params: Mapping[str, Number] = field(default_factory=dict)
    values: tuple[float, ...] = ()
    about: str = ""
    source: str = ""

    @property
    def instant(self) -> bool:
        """Whether a plain run takes no time at all."""
        return self.family == "fixed" and likely(self.params[""]) == 0

    @property
    def bare_range(self) -> bool:
        """Whether this is one fixed length that is uncertain."""
        return self.family == "fixed" and isinstance(self.params[""], Range)


def fixed(days: Number) -> Duration:
    """A duration that is always the same."""
    return Duration(family="fixed", params={"": days})


def bounds_of(family: str, key: str) -> Bounds:
    """The bounds of a parameter of a law of durations."""
    return NOT_NEGATIVE if family == "fixed" else FAMILIES[family][key]


def disorder(duration: Duration) -> str:
    """What is wrong with the order of a law's parameters, ranges included; empty if nothing is."""
    strictly = duration.family in STRICTLY_ASCENDING
    if not strictly and duration.family not in ASCENDING:
        return ""
    for (low_key, low), (high_key, high) in pairwise(duration.params.items()):
        a, b = highest(low), lowest(high)
        if a > b or (strictly and a == b):
            ends = [
                f"{key} {'up to ' if side == 'high' and isinstance(number, Range) else ''}"
                f"{'from ' if side == 'low' and isinstance(number, Range) else ''}{end:g}"
                for key, number, end, side in (
                    (low_key, low, a, "high"),
                    (high_key, high, b, "low"),
                )
            ]
            sign = " < " if strictly else " <= "
            return f"{ends[0]} and {ends[1]}; allowed: {sign.join(duration.params)}" + (
                " in every draw" if isinstance(low, Range) or isinstance(high, Range) else ""
            )
    return ""


class Lasting(Reader[Duration]):
    """A duration, told apart by the keys that are present."""

    FORMS = (
        "a number of days, { mean }, { median, sigma }, { shape, scale }, { min, max }, "
        "{ min, mode, max }, { p10, p50, p90 }, { values = [..] } or { low, likely, high }"
    )
    wanted = FORMS

    def __init__(self) -> None:
        self.days = Uncertain(NOT_NEGATIVE)
        self.text = Text()
        self.params = {
            family: {key: Uncertain(bounds) for key, bounds in keys.items()}
            for family, keys in FAMILIES.items()
        }

    def read(self, value: object, at: Place) -> Duration:  # noqa: D102
        if not isinstance(value, dict):
            return fixed(finite(value, at, NOT_NEGATIVE, self.FORMS))
        keys = [key for key in value if key not in FREE_TEXT]
        if any(key in RANGE_KEYS for key in keys):
            return fixed(self.days.read(value, at))
        about: dict[str, Any] = {
            k: self.text.read(value[k], at / k) for k in FREE_TEXT if k in value
        }
        if keys == ["values"]:
            return Duration(
                family="values", values=_values(value["values"], at / "values"), **about
            )
        for family, readers in self.params.items():
            if set(readers) == set(keys):
                params = {key: one.read(value[key], at / key) for key, one in readers.items()}
                duration = Duration(family=family, params=params, **about)
                if at.sound and (wrong := disorder(duration)):
                    raise at.refuse(wrong)
                return duration
        raise at.refuse(_unknown_law(keys), self.FORMS)

    def write(self, value: Duration) -> Any:  # noqa: D102
        about = {k: getattr(value, k) for k in FREE_TEXT if getattr(value, k)}
        if value.family == "fixed":
            return self.days.write(value.params[""])
        if value.family == "values":
            return {"values": [plain(v) for v in value.values]} | about
        readers = self.params[value.family]
        return {key: readers[key].write(number) for key, number in value.params.items()} | about

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return schemas.table("duration", lambda: self._definition(schemas))

    def _definition(self, schemas: Schemas) -> Json:
        free = {key: {"type": "string"} for key in FREE_TEXT}
        laws = [
            {
                "type": "object",
                "title": family,
                "properties": {key: one.schema(schemas) for key, one in readers.items()} | free,
                **({} if schemas.partial else {"required": list(readers)}),
                "additionalProperties": False,
            }
            for family, readers in self.params.items()
        ]
        values = {
            "type": "object",
            "title": "values",
            "properties": {"values": {"type": "array", "minItems": 1, "items": NOT_NEGATIVE.schema}}
            | free,
            "required": ["values"],
            "additionalProperties": False,
        }
        return {"title": "duration", "anyOf": [self.days.schema(schemas), *laws, values]}


def _values(value: object, at: Place) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise at.refuse(show(value), "a list of numbers of days, not empty")
    days = []
    for index, entry in enumerate(value):
        with suppress(Refused):
            days.append(finite(entry, at / index, NOT_NEGATIVE))
    if len(days) < len(value):
        raise Refused
    return tuple(sorted(days))


def _unknown_law(keys: Sequence[str]) -> str:
    if not keys:
        return "a table that says nothing of a duration"
    forms = {*FAMILIES, "values"}
    best = max(
        (tuple(FAMILIES.get(f, ("values",))) for f in sorted(forms)),
        key=lambda form: (len(set(form) & set(keys)), -len(set(form) ^ set(keys))),
    )
    found = f"a table with {listed(keys, most=6)}"
    missing = [key for key in best if key not in keys]
    if set(best) & set(keys) and missing and set(keys) <= set(best):
        return f"{found} lacks {' and '.join(missing)}"
    return f"{found} is no law of durations"
