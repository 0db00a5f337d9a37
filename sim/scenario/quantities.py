"""Numbers that an analyst can give: plain, as a range, or as a law of durations.

A plain number is known; a :class:`Range` is uncertain *between* draws; a :class:`Duration` varies
*within* one. So ``{ median = 75, sigma = 0.7 }`` is another duration at each attempt, while
``{ low = 50, likely = 75, high = 120 }`` is one length, the same at every attempt, that is not
known exactly.

The first part of the module holds the types and what can be asked of them, with the readers of the
file beside each.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeAlias

from sim.errors import comma_separated
from sim.scenario.fields import (
    FREE_TEXT,
    NAME,
    Choice,
    Field,
    Json,
    MappingOf,
    Reader,
    Schemas,
    TableReader,
    Text,
)
from sim.scenario.issues import Invalid, Location, show


@dataclass(frozen=True)
class Bounds:
    """The values that a number may take.

    Attributes:
        least, most: both allowed, infinite where there is no bound.
        above: whether ``least`` itself is not allowed.
        whole: whether only whole numbers are allowed.

    >>> 0.5 in Bounds(0, 1), 0 in Bounds(0, above=True), 2.5 in Bounds(1, 9, whole=True)
    (True, False, False)
    >>> print(Bounds(0, above=True))
    a number above 0
    """

    least: float = 0.0
    most: float = math.inf
    above: bool = False  # `least` itself is not allowed
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether a number lies within."""
        if self.whole and value != math.floor(value):
            return False
        return self.least <= value <= self.most and not (self.above and value == self.least)

    def __and__(self, other: Bounds) -> Bounds:
        """The values that lie within both.

        >>> print(Bounds(0, 1) & Bounds(0, above=True))
        a number above 0, up to 1
        """
        least = max(self.least, other.least)
        above = any(one.above and one.least == least for one in (self, other))
        most, whole = min(self.most, other.most), self.whole or other.whole
        return Bounds(least, most, above, whole)

    def __str__(self) -> str:
        """The end of the sentence "allowed: ..."."""
        if self.least == -math.inf:
            return "a number"
        kind = "a whole number" if self.whole else "a number"
        if self.above and self.most < math.inf:
            return f"{kind} above {self.least:g}, up to {self.most:.15g}"
        if self.most < math.inf:
            return f"{kind} from {self.least:g} to {self.most:.15g}"
        return (
            f"{kind} above {self.least:g}" if self.above else f"{kind} of at least {self.least:g}"
        )

    @property
    def schema(self) -> Json:
        """The bounds as JSON Schema."""
        schema: Json = {"type": "integer" if self.whole else "number"}
        if self.least == -math.inf:
            return schema
        schema["exclusiveMinimum" if self.above else "minimum"] = self.least
        return schema if self.most == math.inf else schema | {"maximum": self.most}


PROBABILITY = Bounds(0, 1)
NOT_NEGATIVE = Bounds(0)
POSITIVE = Bounds(0, above=True)
ANY = Bounds(-math.inf)
TABLES = Bounds(1, 1_000_000, whole=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An uncertain parameter: a draw samples between the ends.

    Attributes:
        low, high: the ends.
        likely: its base value, which is used without draws.
        as_: in files ``as``: the law that it is sampled from: "pert", "uniform" or "loguniform".
        about: free text.
        source: where the range comes from.
        quantity: its name in ``[quantities]``, where a use of it was read; else empty.
    """

    low: float
    likely: float
    high: float
    as_: str = "pert"
    about: str = ""
    source: str = ""
    quantity: str = ""


class NamedNumber(float):
    """A plain number where a file has the name of a quantity; it computes as any other.

    >>> NamedNumber(30.0, "pause") + 1, NamedNumber(30.0, "pause").quantity
    (31.0, 'pause')
    """

    quantity: str

    def __new__(cls, value: float, quantity: str) -> NamedNumber:
        """The number, and the quantity that it is."""
        new = super().__new__(cls, value)
        new.quantity = quantity
        return new

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]
        """For copies."""
        return float(self), self.quantity


Number: TypeAlias = float | Range


def quantity_of(value: object) -> str:
    """The name in ``[quantities]`` that a number or duration was read from; empty for none."""
    return str(getattr(value, "quantity", ""))


def named(number: Number, quantity: str) -> Number:
    """A number as the quantity of that name; without a name, a number of its own.

    >>> quantity_of(named(named(5.0, "pause"), ""))
    ''
    """
    if isinstance(number, Range):
        return replace(number, quantity=quantity)
    return NamedNumber(number, quantity) if quantity else float(number)


def _look_up(name: str, at: Location) -> object:
    """What a name stands for at a place where a number or a duration may stand."""
    known = at.report.quantities
    if name not in known:
        raise at.unknown_name("quantity", name, known)
    if known[name] is None:
        raise Invalid  # its own issue is in the report
    return known[name]


def base_value(number: Number) -> float:
    """The value that is used without draws.

    >>> base_value(0.5), base_value(Range(low=8, likely=14, high=24))
    (0.5, 14)
    """
    return number.likely if isinstance(number, Range) else number


def lowest(number: Number) -> float:
    """The lowest value in any draw.

    >>> lowest(0.5), lowest(Range(low=8, likely=14, high=24))
    (0.5, 8)
    """
    return number.low if isinstance(number, Range) else number


def highest(number: Number) -> float:
    """The highest value in any draw.

    >>> highest(0.5), highest(Range(low=8, likely=14, high=24))
    (0.5, 24)
    """
    return number.high if isinstance(number, Range) else number


def finite(value: object, at: Location, bounds: Bounds, wanted: str = "") -> float:
    """A plain number of a document as a float.

    Args:
        value: of the document.
        at: its location.
        bounds: that it must lie within.
        wanted: ends the sentence "allowed: ..."; the bounds where it is empty.

    Raises:
        Invalid: no number, not finite, or out of bounds.
    """
    wanted = wanted or str(bounds)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise at.invalid(show(value), wanted)
    try:
        number = float(value)
    except OverflowError:
        raise at.invalid("a whole number too large to compute with", wanted) from None
    if not math.isfinite(number):
        raise at.invalid(f"{number} is no finite number", wanted)
    if number not in bounds:
        raise at.invalid(show(value), wanted)
    return number + 0.0  # -0 becomes 0


def plain(value: float) -> float | int:
    """A float as a file would have it.

    >>> plain(60.0), plain(0.25)
    (60, 0.25)
    """
    return int(value) if value == math.floor(value) and abs(value) < 1e15 else value


class PlainNumber(Reader[float]):
    """A number that may not be a range.

    Args:
        bounds: that it must lie within; none by default.
    """

    def __init__(self, bounds: Bounds = Bounds(-math.inf)) -> None:
        self.bounds = bounds
        self.wanted = "a number" if bounds.least == -math.inf else str(bounds)

    def read(self, value: object, at: Location) -> float:
        return finite(value, at, self.bounds, self.wanted)

    def write(self, value: float) -> float | int:
        return plain(value)

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "number"} if self.bounds.least == -math.inf else self.bounds.schema


def _ordered(number: Range, at: Location) -> None:
    if not number.low <= number.likely <= number.high:
        raise at.invalid(
            f"low {number.low:g}, likely {number.likely:g}, high {number.high:g}",
            "low <= likely <= high",
        )
    if number.as_ == "loguniform" and number.low <= 0:
        raise at.invalid(f'low {number.low:g} with as = "loguniform"', "a low above 0")


A_NAME: Json = {"type": "string", "pattern": f"^{NAME}$"}  # of a quantity


class UncertainNumber(Reader[Number]):
    """A number, or a range, within bounds.

    Args:
        bounds: that the number, or both ends of the range, must lie within.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.wanted = f"{bounds}, or a range {{ low, likely, high }}"
        # A sampled number of tables is rounded, so the ends of its range need not be whole.
        end = PlainNumber(replace(bounds, whole=False))
        kind = "share" if bounds == PROBABILITY else "positive" if bounds.above else "number"
        kind = "weight of a column" if bounds == ANY else kind
        self.range: TableReader[Range] = TableReader(
            f"range of a {'delegation' if bounds.whole else kind}",
            Range,
            {
                "low": Field(end, "no draw is lower"),
                "likely": Field(end, "the base value, used without draws"),
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

    def read(self, value: object, at: Location) -> Number:
        if isinstance(value, str) and at.report.quantities:
            return self.use(value, _look_up(value, at), at)
        if not isinstance(value, dict):
            return finite(value, at, self.bounds, self.wanted)
        number = self.range.read(value, at)
        if not at.valid:
            raise Invalid
        return number

    def use(self, name: str, found: object, at: Location) -> Number:
        """A quantity as a number here, if it fits.

        Args:
            name: of the quantity.
            found: what it stands for.
            at: the location of its use.
        """
        if isinstance(found, Duration):
            raise at.invalid(f'the quantity "{name}" is a duration', self.wanted)
        assert isinstance(found, float | Range)
        bounds = replace(self.bounds, whole=self.bounds.whole and not isinstance(found, Range))
        for end in (lowest(found), highest(found)):
            if end not in bounds:
                raise at.invalid(f'the quantity "{name}" may be {show(plain(end))}', self.wanted)
        return named(found, name)

    def write(self, value: Number) -> Any:
        if name := quantity_of(value):
            return name
        return self.range.write(value) if isinstance(value, Range) else plain(value)

    def schema(self, schemas: Schemas) -> Json:
        return {"anyOf": [self.bounds.schema, self.range.schema(schemas), A_NAME]}


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
MAX = "max"  # beyond which nothing is drawn; behind the other parameters of a law
TRUNCATED = ("exponential", "lognormal", "weibull", "quantiles")  # laws that may have it
ASCENDING = ("uniform", "pert")  # their parameters may be equal
STRICTLY_ASCENDING = ("quantiles",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long something lasts, in days: a law and its parameters.

    Attributes:
        family: "fixed", "exponential", "lognormal", "weibull", "uniform", "pert", "quantiles" or
            "values".
        params: by key, in the order of :data:`FAMILIES`; the only one of "fixed" has the key "".
            A law of :data:`TRUNCATED` may have a `max` behind them.
        values: for "values" only, in days, ascending.
        about: free text.
        source: where the law comes from.
        quantity: its name in ``[quantities]``, where a use of it was read; else empty.
    """

    family: str
    params: Mapping[str, Number] = field(default_factory=dict)
    values: tuple[float, ...] = ()
    about: str = ""
    source: str = ""
    quantity: str = ""

    @property
    def instant(self) -> bool:
        """Whether it takes no time at all, at its base value."""
        return self.family == "fixed" and base_value(self.params[""]) == 0

    @property
    def bare_range(self) -> bool:
        """Whether this is one fixed length that is uncertain."""
        return self.family == "fixed" and isinstance(self.params[""], Range)


def fixed(days: Number) -> Duration:
    """A duration that is always the same.

    >>> fixed(30).family, fixed(0).instant
    ('fixed', True)
    """
    return Duration(family="fixed", params={"": days})


def bounds_of(family: str, key: str) -> Bounds:
    """The bounds of a parameter of a law of durations.

    >>> print(bounds_of("lognormal", "sigma"))
    a number above 0
    """
    if family == "fixed":
        return NOT_NEGATIVE
    return POSITIVE if family in TRUNCATED and key == MAX else FAMILIES[family][key]


def highest_median(duration: Duration) -> float:
    """The highest median, in any draw, of a law that may be truncated; without its `max`.

    >>> highest_median(Duration(family="lognormal", params={"median": 60, "sigma": 0.7}))
    60
    """
    p = {key: highest(value) for key, value in duration.params.items()}
    match duration.family:
        case "exponential":
            return p["mean"] * math.log(2)
        case "weibull":
            return p["scale"] * math.exp(math.log(math.log(2)) / p["shape"])
        case _:
            return p["median" if "median" in p else "p50"]


def law_of(keys: Collection[str]) -> str | None:
    """The law of durations with these keys, or None.

    >>> law_of(["mean", "max"]), law_of(["min", "max"]), law_of(["min"])
    ('exponential', 'uniform', None)
    """
    for family, own in FAMILIES.items():
        extra = {MAX} if family in TRUNCATED else set()
        if set(keys) - extra == set(own):
            return family
    return None


def disorder(duration: Duration) -> str:
    """What is wrong with the order of a law's parameters, in any draw; empty where nothing is.

    >>> disorder(Duration(family="uniform", params={"min": 9, "max": 5}))
    'min 9 and max 5; allowed: min <= max'
    """
    strictly = duration.family in STRICTLY_ASCENDING
    if duration.family in TRUNCATED and MAX in duration.params:
        median, most = highest_median(duration), lowest(duration.params[MAX])
        if not most > median:
            return f"max {most:g} and a median of {median:.4g}; allowed: a max above the median"
    if not strictly and duration.family not in ASCENDING:
        return ""
    own = [
        (key, value) for key, value in duration.params.items() if key in FAMILIES[duration.family]
    ]
    for (low_key, low), (high_key, high) in pairwise(own):
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
            return f"{ends[0]} and {ends[1]}; allowed: {sign.join(key for key, _ in own)}" + (
                " in every draw" if isinstance(low, Range) or isinstance(high, Range) else ""
            )
    return ""


class DurationReader(Reader[Duration]):
    """A duration; its law is recognised by the keys that are present."""

    FORMS = (
        "a number of days, { mean }, { median, sigma }, { shape, scale }, { min, max }, "
        "{ min, mode, max }, { p10, p50, p90 }, { values = [..] } or { low, likely, high }"
    )
    wanted = FORMS

    def __init__(self) -> None:
        self.days = UncertainNumber(NOT_NEGATIVE)
        self.text = Text()
        self.params = {
            family: {key: UncertainNumber(bounds) for key, bounds in keys.items()}
            for family, keys in FAMILIES.items()
        }
        self.most = UncertainNumber(POSITIVE)

    def read(self, value: object, at: Location) -> Duration:
        if isinstance(value, str) and at.report.quantities:
            found = _look_up(value, at)
            if isinstance(found, Duration):
                return replace(found, quantity=value)
            return fixed(self.days.use(value, found, at))
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
        if (family := law_of(keys)) is None:
            raise at.invalid(_unknown_law(keys), self.FORMS)
        readers = self._readers(family, MAX in keys)
        params = {key: one.read(value[key], at / key) for key, one in readers.items()}
        duration = Duration(family=family, params=params, **about)
        if at.valid and (wrong := disorder(duration)):
            raise at.invalid(wrong)
        return duration

    def _readers(self, family: str, most: bool) -> dict[str, UncertainNumber]:
        own = self.params[family]
        return own | {MAX: self.most} if most and family in TRUNCATED else own

    def write(self, value: Duration) -> Any:
        if value.quantity:
            return value.quantity
        about = {k: getattr(value, k) for k in FREE_TEXT if getattr(value, k)}
        if value.family == "fixed":
            return self.days.write(value.params[""])
        if value.family == "values":
            return {"values": [plain(v) for v in value.values]} | about
        readers = self._readers(value.family, most=True)
        return {key: readers[key].write(number) for key, number in value.params.items()} | about

    def schema(self, schemas: Schemas) -> Json:
        return schemas.table("duration", lambda: self._definition(schemas))

    def _definition(self, schemas: Schemas) -> Json:
        free = {key: {"type": "string"} for key in FREE_TEXT}
        laws = [
            {
                "type": "object",
                "title": family,
                "properties": {
                    key: one.schema(schemas) for key, one in self._readers(family, True).items()
                }
                | free,
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


Quantity: TypeAlias = Number | Duration


class QuantityReader(Reader[Quantity]):
    """A number or a duration that stands in more than one place."""

    def __init__(self) -> None:
        self.number, self.duration = UncertainNumber(ANY), DurationReader()
        self.wanted = f"{self.number.wanted}, or a duration"

    def read(self, value: object, at: Location) -> Quantity:
        is_law = isinstance(value, dict) and not any(key in RANGE_KEYS for key in value)
        return self.duration.read(value, at) if is_law else self.number.read(value, at)

    def write(self, value: Quantity) -> Any:
        if isinstance(value, Duration):
            return self.duration.write(value)
        return self.number.write(value)

    def schema(self, schemas: Schemas) -> Json:
        return {"anyOf": [self.number.schema(schemas), self.duration.schema(schemas)]}


class QuantitiesReader(MappingOf[Quantity]):
    """The table of quantities; what is read behind it may use their names."""

    def read(self, value: object, at: Location) -> dict[str, Quantity]:
        found = super().read(value, at)
        names = value if isinstance(value, dict) else ()
        at.report.quantities = {name: found.get(name) for name in names if name not in FREE_TEXT}
        return found


def _values(value: object, at: Location) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise at.invalid(show(value), "a list of numbers of days, not empty")
    days = []
    for index, entry in enumerate(value):
        with suppress(Invalid):
            days.append(finite(entry, at / index, NOT_NEGATIVE))
    if len(days) < len(value):
        raise Invalid
    return tuple(sorted(days))


def _unknown_law(keys: Sequence[str]) -> str:
    if not keys:
        return "a table without the keys of a duration"
    forms = {*FAMILIES, "values"}
    best = max(
        (tuple(FAMILIES.get(f, ("values",))) for f in sorted(forms)),
        key=lambda form: (len(set(form) & set(keys)), -len(set(form) ^ set(keys))),
    )
    found = f"a table with {comma_separated(keys, most=6)}"
    missing = [key for key in best if key not in keys]
    if set(best) & set(keys) and missing and set(keys) <= set(best):
        return f"{found} lacks {' and '.join(missing)}"
    return f"{found} is no law of durations"
