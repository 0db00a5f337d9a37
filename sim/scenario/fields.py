"""Readers: what may stand at a place of a scenario file, told once.

Each reader does three things with the same knowledge: it *reads* a value from a document (or notes
a fault), it *writes* a value back, and it gives the *schema* of what it accepts. A table is a list
of fields, each with its reader and default. A field that cannot be read is noted and stood in for,
so that the reading goes on and finds every other fault as well.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

from sim.scenario.issues import Place, Refused, nearest, show

T = TypeVar("T")

Json = dict[str, Any]

REQUIRED: Final = object()  # as the default of a field: it must be given
FREE_TEXT = ("about", "source")  # allowed in every table

NAME = "[a-z][a-z0-9_]*"
RESERVED = (
    "abandon", "abandoned", "ongoing", "window", "delegation", "delegations", "influences",
    "breaks", "duration", "success", "delay", "weight", "fades",
)  # fmt: skip


@dataclass
class Schemas:
    """The definitions of a JSON Schema in the making.

    ``partial`` asks for tables in which nothing but a name is required: those of a file that
    extends another one.
    """

    partial: bool = False
    definitions: dict[str, Json] = field(default_factory=dict)

    def table(self, title: str, make: Callable[[], Json]) -> Json:
        """A reference to the definition of a table, made on first use."""
        name = title.replace(" ", "_") + ("_extension" if self.partial else "")
        if name not in self.definitions:
            self.definitions[name] = {}  # stands before it is made: a table may hold itself
            self.definitions[name] = make()
        return {"$ref": f"#/$defs/{name}"}


class Reader(ABC, Generic[T]):
    """What may stand at a place."""

    wanted: str  # "a list of names": ends the sentence "allowed: ..."

    @abstractmethod
    def read(self, value: object, at: Place) -> T:
        """The value as the model has it.

        Raises:
            Refused: it is not allowed here; the fault stands in the report.
        """

    def write(self, value: T) -> Any:
        """The value as a document has it."""
        return value

    @abstractmethod
    def schema(self, schemas: Schemas) -> Json:
        """What is allowed, as JSON Schema."""


class Text(Reader[str]):
    """Free text, or a text that must match a pattern."""

    def __init__(self, wanted: str = "a text in quotes", pattern: str | None = None) -> None:
        self.wanted = wanted
        self.pattern = pattern
        self._matches = re.compile(pattern or r"(?s:.*)").fullmatch

    def read(self, value: object, at: Place) -> str:  # noqa: D102
        if not isinstance(value, str) or not self._matches(value):
            raise at.refuse(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "string"} | ({"pattern": f"^{self.pattern}$"} if self.pattern else {})


class Name(Text):
    """The name of an entity: small letters, digits and underscores; some words are reserved."""

    def __init__(self) -> None:
        super().__init__("small letters, digits and _, beginning with a letter", NAME)

    def read(self, value: object, at: Place) -> str:  # noqa: D102
        name = super().read(value, at)
        if name in RESERVED:
            raise at.refuse(
                f'"{name}" is a reserved word', f"a name other than {_either(RESERVED)}"
            )
        return name

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "string", "pattern": f"^{NAME}$", "not": {"enum": list(RESERVED)}}


class Choice(Reader[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.wanted = _either([f'"{word}"' for word in words])

    def read(self, value: object, at: Place) -> str:  # noqa: D102
        if not isinstance(value, str) or value not in self.words:
            raise at.refuse(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"enum": list(self.words)}


class Flag(Reader[bool]):
    """true or false."""

    wanted = "true or false"

    def read(self, value: object, at: Place) -> bool:  # noqa: D102
        if not isinstance(value, bool):
            raise at.refuse(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "boolean"}


class Whole(Reader[int]):
    """A whole number between two others, both allowed."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most
        self.wanted = f"a whole number from {least} to {most}"

    def read(self, value: object, at: Place) -> int:  # noqa: D102
        if isinstance(value, bool) or not isinstance(value, int):
            found = repr(value) if isinstance(value, float) else show(value)  # 2.0, not 2
            raise at.refuse(found, self.wanted)
        if not self.least <= value <= self.most:
            raise at.refuse(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Many(Reader[tuple[T, ...]]):
    """A list; entries that cannot be read are noted and passed over."""

    def __init__(
        self, item: Reader[T], plural: str, least: int = 0, once: bool = False, exactly: int = 0
    ) -> None:
        self.item, self.once = item, once
        self.least = exactly or least
        self.most: int | None = exactly or None
        count = f"{exactly} " if exactly else f"at least {least} " if least > 1 else ""
        self.wanted = f"a list of {count}{plural}" + (", not empty" if least == 1 else "")

    def read(self, value: object, at: Place) -> tuple[T, ...]:  # noqa: D102
        if not isinstance(value, list):
            raise at.refuse(show(value), self.wanted)
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            found = f"a list of {len(value)}" if value else "an empty list"
            raise at.refuse(found, self.wanted)
        items: list[T] = []
        seen: set[T] = set()
        for place, entry in enumerate(value):
            try:
                item = self.item.read(entry, at / place)
            except Refused:
                at.report.drop((*at.path, place))
                continue
            if self.once and item in seen:
                (at / place).refuse(f"{show(entry)} stands here twice", "each once")
            if self.once:
                seen.add(item)
            items.append(item)
        return tuple(items)

    def write(self, value: tuple[T, ...]) -> list[Any]:  # noqa: D102
        return [self.item.write(entry) for entry in value]

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        schema: Json = {"type": "array", "items": self.item.schema(schemas)}
        if self.least:
            schema["minItems"] = self.least
        if self.most is not None:
            schema["maxItems"] = self.most
        return schema | ({"uniqueItems": True} if self.once else {})


class Named(Reader[dict[str, T]]):
    """A table whose keys are names: of conditions, tracks, parties, ...

    A key ``about`` or ``source`` with a text is free text, as in any table.
    """

    def __init__(self, item: Reader[T], key: Text, plural: str, named: bool = False) -> None:
        self.item, self.key, self.named = item, key, named
        self.wanted = f"a table of {plural}"

    def read(self, value: object, at: Place) -> dict[str, T]:  # noqa: D102
        if not isinstance(value, dict):
            raise at.refuse(show(value), self.wanted)
        return {
            name: item
            for name, entry in value.items()
            if not is_free_text(name, entry)
            for item in self._entry(name, entry, at / name)
        }

    def _entry(self, name: str, entry: object, at: Place) -> Iterable[T]:
        with suppress(Refused):  # the content is read all the same
            self.key.read(name, at)
        try:
            if self.named and isinstance(entry, dict) and isinstance(self.item, Table):
                yield self.item.read(entry, at, name=name)
            else:
                yield self.item.read(entry, at)
        except Refused:
            return

    def write(self, value: Mapping[str, T]) -> dict[str, Any]:  # noqa: D102
        return {name: self.item.write(entry) for name, entry in value.items()}

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        item = self.item.schema(schemas)
        return {
            "type": "object",
            "propertyNames": self.key.schema(schemas),
            "properties": {key: {"anyOf": [{"type": "string"}, item]} for key in FREE_TEXT},
            "additionalProperties": item,
        }


def is_free_text(key: object, value: object) -> bool:
    """Whether a key of a table of names is not a name but free text."""
    return key in FREE_TEXT and isinstance(value, str)


@dataclass(frozen=True)
class Field(Generic[T]):
    """A key of a table.

    Attributes:
        reader: what may stand there.
        about: one line for the schema.
        default: the value where the key is absent; REQUIRED refuses that.
        instead: stands in for a value with a fault while the rest is checked.
        attribute: its name in the model, where that is not the key.
    """

    reader: Reader[T]
    about: str = ""
    default: Any = REQUIRED
    instead: Any = None
    attribute: str = ""

    def take(self, table: Mapping[str, object], key: str, at: Place) -> Any:
        """The value of this field in a table of a document."""
        stand_in = self.instead if self.default is REQUIRED else self.default
        if key not in table:
            if self.default is REQUIRED:
                (at / key).refuse(f"missing; needed: {self.reader.wanted}")
            return stand_in
        try:
            return self.reader.read(table[key], at / key)
        except Refused:
            return stand_in


class Table(Reader[T]):
    """A table with known keys; others are refused with the nearest that is known.

    Args:
        title: what it describes: "stage".
        make: makes the thing from its attributes.
        fields: by key. ``about`` and ``source`` are added.
        check: what must hold between the fields; asked where each alone is sound.
        unmake: the attributes of a thing, where those are not its own.
        one_of: keys of which exactly one is given; ``check`` refuses others, the schema tells it.
    """

    def __init__(
        self,
        title: str,
        make: Callable[..., T],
        fields: Mapping[str, Field[Any]],
        check: Callable[[T, Place], None] | None = None,
        unmake: Callable[[T], Mapping[str, Any]] | None = None,
        naming: str = "",
        one_of: Sequence[str] = (),
    ) -> None:
        self.one_of = one_of
        free = {key: Field(Text(), default="") for key in FREE_TEXT}
        self.title, self.make, self.check, self.unmake = title, make, check, unmake
        self.fields = {
            key: replace(one, attribute=one.attribute or key)
            for key, one in {**fields, **free}.items()
        }
        self.naming = naming or f"a {title}"
        needed = [key for key, one in fields.items() if one.default is REQUIRED]
        keys = ", ".join(needed or list(fields)[:4]) + (", ..." if len(fields) > 4 else "")
        self.wanted = f"a table: {{ {keys} }}"

    def read(self, value: object, at: Place, **given: Any) -> T:
        """The thing that the table describes; ``given`` are attributes known from elsewhere."""
        if not isinstance(value, dict):
            raise at.refuse(show(value), self.wanted)
        for key in value:
            if key not in self.fields:
                self._refuse_key(key, at)
        attributes = {one.attribute: one.take(value, key, at) for key, one in self.fields.items()}
        thing = self.make(**attributes, **given)
        if self.check is not None and at.sound:
            self.check(thing, at)
        return thing

    def _refuse_key(self, key: str, at: Place) -> None:
        guess = nearest(key, self.fields)
        hint = f' did you mean "{guess}"?' if guess else ""
        (at / key).refuse(f"unknown key;{hint} {self.naming} has: {', '.join(self.fields)}")

    def write(self, value: T) -> dict[str, Any]:  # noqa: D102
        table = {}
        attributes = self.unmake(value) if self.unmake else None
        for key, one in self.fields.items():
            if attributes is None:
                entry = getattr(value, one.attribute)
            else:
                entry = attributes[one.attribute]
            if one.default is REQUIRED or entry != one.default:
                table[key] = one.reader.write(entry)
        return table

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return schemas.table(self.title, lambda: self._definition(schemas))

    def _definition(self, schemas: Schemas) -> Json:
        properties = {}
        for key, one in self.fields.items():
            about = {"description": one.about} if one.about else {}
            properties[key] = one.reader.schema(schemas) | about
        needed = [key for key, one in self.fields.items() if one.default is REQUIRED]
        if schemas.partial:
            needed = [key for key in needed if key == "name"]
        one_of = () if schemas.partial else self.one_of
        return {
            "type": "object",
            "title": self.title,
            "properties": properties,
            **({"required": needed} if needed else {}),
            **({"oneOf": [{"required": [key]} for key in one_of]} if one_of else {}),
            "additionalProperties": False,
        }


def _either(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
