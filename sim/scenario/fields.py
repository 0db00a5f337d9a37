"""Readers: what may stand at a place of a scenario file, declared once.

Each reader does three things with the same declaration: it *reads* a value of a document (or adds
an issue to the report), it *writes* a value back, and it gives the *schema* of what it accepts. A
table is a set of fields, each with a reader and a default. An invalid field is replaced by its
fallback, so that reading goes on and every other issue is found as well.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

from sim.errors import did_you_mean
from sim.formatting import listed
from sim.scenario.issues import Invalid, Location, show

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
    """The definitions of a JSON Schema while it is being made.

    Attributes:
        partial: whether tables need nothing but their names, as in a file that extends another.
        definitions: schemas of tables, by title.
    """

    partial: bool = False
    definitions: dict[str, Json] = field(default_factory=dict)

    def table(self, title: str, make: Callable[[], Json]) -> Json:
        """A reference to the schema of a table, which is made on first use.

        Args:
            title: of the table.
            make: gives its schema.
        """
        name = title.replace(" ", "_") + ("_extension" if self.partial else "")
        if name not in self.definitions:
            self.definitions[name] = {}  # stands before it is made: a table may hold itself
            self.definitions[name] = make()
        return {"$ref": f"#/$defs/{name}"}


class Reader(ABC, Generic[T]):
    """What may stand at a place of a document.

    Attributes:
        wanted: ends the sentence "allowed: ...", such as "a list of names".
    """

    wanted: str  # "a list of names": ends the sentence "allowed: ..."

    @abstractmethod
    def read(self, value: object, at: Location) -> T:
        """The value as the model has it.

        Raises:
            Invalid: it is not allowed here; the issue is in the report.
        """

    def write(self, value: T) -> Any:
        """The value as a document has it."""
        return value

    @abstractmethod
    def schema(self, schemas: Schemas) -> Json:
        """What is allowed, as JSON Schema."""


class Text(Reader[str]):
    """A text, free or of a given form.

    Args:
        wanted: ends the sentence "allowed: ...".
        pattern: a regular expression that the whole text must match.
    """

    def __init__(self, wanted: str = "a text in quotes", pattern: str | None = None) -> None:
        self.wanted = wanted
        self.pattern = pattern
        self._matches = re.compile(pattern or r"(?s:.*)").fullmatch

    def read(self, value: object, at: Location) -> str:
        if not isinstance(value, str) or not self._matches(value):
            raise at.invalid(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "string"} | ({"pattern": f"^{self.pattern}$"} if self.pattern else {})


class Name(Text):
    """The name of an entity: small letters, digits and underscores; some words are reserved."""

    def __init__(self) -> None:
        super().__init__("small letters, digits and _, beginning with a letter", NAME)

    def read(self, value: object, at: Location) -> str:
        name = super().read(value, at)
        if name in RESERVED:
            raise at.invalid(
                f'"{name}" is a reserved word', f"a name other than {listed(RESERVED, 'or')}"
            )
        return name

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "string", "pattern": f"^{NAME}$", "not": {"enum": list(RESERVED)}}


class Choice(Reader[str]):
    """One of a few words.

    >>> Choice("more", "less").wanted
    '"more" or "less"'
    """

    def __init__(self, *words: str) -> None:
        self.words = words
        self.wanted = listed([f'"{word}"' for word in words], "or")

    def read(self, value: object, at: Location) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise at.invalid(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:
        return {"enum": list(self.words)}


class Flag(Reader[bool]):
    """true or false."""

    wanted = "true or false"

    def read(self, value: object, at: Location) -> bool:
        if not isinstance(value, bool):
            raise at.invalid(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "boolean"}


class WholeNumber(Reader[int]):
    """A whole number.

    Args:
        least, most: the smallest and the largest that are allowed.
    """

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most
        self.wanted = f"a whole number from {least} to {most}"

    def read(self, value: object, at: Location) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            found = repr(value) if isinstance(value, float) else show(value)  # 2.0, not 2
            raise at.invalid(found, self.wanted)
        if not self.least <= value <= self.most:
            raise at.invalid(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class ListOf(Reader[tuple[T, ...]]):
    """A list of values of one kind; invalid entries are reported and dropped.

    Args:
        item: reads an entry.
        plural: what the entries are, for messages: "stages".
        least: how many entries there must be at least.
        once: whether an entry may stand in the list only once.
        exactly: how many entries there must be; 0 leaves it open.
    """

    def __init__(
        self, item: Reader[T], plural: str, least: int = 0, once: bool = False, exactly: int = 0
    ) -> None:
        self.item, self.once = item, once
        self.least = exactly or least
        self.most: int | None = exactly or None
        count = f"{exactly} " if exactly else f"at least {least} " if least > 1 else ""
        self.wanted = f"a list of {count}{plural}" + (", not empty" if least == 1 else "")

    def read(self, value: object, at: Location) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise at.invalid(show(value), self.wanted)
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            found = f"a list of {len(value)}" if value else "an empty list"
            raise at.invalid(found, self.wanted)
        items: list[T] = []
        seen: set[T] = set()
        for place, entry in enumerate(value):
            try:
                item = self.item.read(entry, at / place)
            except Invalid:
                at.report.drop((*at.path, place))
                continue
            if self.once and item in seen:
                (at / place).invalid(f"{show(entry)} stands here twice", "each once")
            if self.once:
                seen.add(item)
            items.append(item)
        return tuple(items)

    def write(self, value: tuple[T, ...]) -> list[Any]:
        return [self.item.write(entry) for entry in value]

    def schema(self, schemas: Schemas) -> Json:
        schema: Json = {"type": "array", "items": self.item.schema(schemas)}
        if self.least:
            schema["minItems"] = self.least
        if self.most is not None:
            schema["maxItems"] = self.most
        return schema | ({"uniqueItems": True} if self.once else {})


class MappingOf(Reader[dict[str, T]]):
    """A table whose keys are names: of conditions, tracks, parties, ...

    A key ``about`` or ``source`` with a text is free text, as in any table.

    Args:
        item: reads the value of a key.
        key: reads a key.
        plural: what the values are, for messages: "start rules by track".
        named: whether the value is a table that gets its key as the attribute ``name``.
    """

    def __init__(self, item: Reader[T], key: Text, plural: str, named: bool = False) -> None:
        self.item, self.key, self.named = item, key, named
        self.wanted = f"a table of {plural}"

    def read(self, value: object, at: Location) -> dict[str, T]:
        if not isinstance(value, dict):
            raise at.invalid(show(value), self.wanted)
        return {
            name: item
            for name, entry in value.items()
            if not is_free_text(name, entry)
            for item in self._entry(name, entry, at / name)
        }

    def _entry(self, name: str, entry: object, at: Location) -> Iterable[T]:
        with suppress(Invalid):  # the content is read all the same
            self.key.read(name, at)
        try:
            if self.named and isinstance(entry, dict) and isinstance(self.item, TableReader):
                yield self.item.read(entry, at, name=name)
            else:
                yield self.item.read(entry, at)
        except Invalid:
            return

    def write(self, value: Mapping[str, T]) -> dict[str, Any]:
        return {name: self.item.write(entry) for name, entry in value.items()}

    def schema(self, schemas: Schemas) -> Json:
        item = self.item.schema(schemas)
        return {
            "type": "object",
            "propertyNames": self.key.schema(schemas),
            "properties": {key: {"anyOf": [{"type": "string"}, item]} for key in FREE_TEXT},
            "additionalProperties": item,
        }


def is_free_text(key: object, value: object) -> bool:
    """Whether a key in a table of names is no name but free text.

    >>> is_free_text("source", "judgement"), is_free_text("source", {"success": 0.5})
    (True, False)
    """
    return key in FREE_TEXT and isinstance(value, str)


@dataclass(frozen=True)
class Field(Generic[T]):
    """A key of a table.

    Attributes:
        reader: what may stand there.
        about: one line for the schema.
        default: the value where the key is absent; REQUIRED if it must be given.
        fallback: stands in for an invalid value while the rest is checked.
        attribute: its name in the model, where that is not the key.
    """

    reader: Reader[T]
    about: str = ""
    default: Any = REQUIRED
    fallback: Any = None
    attribute: str = ""

    def take(self, table: Mapping[str, object], key: str, at: Location) -> Any:
        """The value of this field in a table, or its default or fallback."""
        fallback = self.fallback if self.default is REQUIRED else self.default
        if key not in table:
            if self.default is REQUIRED:
                (at / key).invalid(f"missing; needed: {self.reader.wanted}")
            return fallback
        try:
            return self.reader.read(table[key], at / key)
        except Invalid:
            return fallback


def _shared(value: object) -> bool:
    """Whether a value is written as the name of a quantity, also where it equals the default."""
    params = getattr(value, "params", {})
    return any(getattr(one, "quantity", "") for one in (value, *params.values()))


class TableReader(Reader[T]):
    """A table with known keys; any other key is invalid.

    Args:
        title: what it describes: "stage".
        make: makes the object from its attributes.
        fields: by key; ``about`` and ``source`` are added.
        check: reports what does not hold between fields, where each of them is valid.
        unmake: gives the attributes of an object, where they are not those of its class.
        naming: the title with its article, where that is not "a".
        one_of: keys of which exactly one is given, for the schema; ``check`` enforces it.
    """

    def __init__(
        self,
        title: str,
        make: Callable[..., T],
        fields: Mapping[str, Field[Any]],
        check: Callable[[T, Location], None] | None = None,
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

    def read(self, value: object, at: Location, **given: Any) -> T:
        """The object that a table describes.

        Args:
            value: of the document.
            at: its location.
            given: attributes that are known from elsewhere: the name of a track is a key above it.

        Raises:
            Invalid: it is no table. What is wrong inside is reported and replaced by fallbacks.
        """
        if not isinstance(value, dict):
            raise at.invalid(show(value), self.wanted)
        for key in value:
            if key not in self.fields:
                self._unknown_key(key, at)
        attributes = {one.attribute: one.take(value, key, at) for key, one in self.fields.items()}
        thing = self.make(**attributes, **given)
        if self.check is not None and at.valid:
            self.check(thing, at)
        return thing

    def _unknown_key(self, key: str, at: Location) -> None:
        hint = did_you_mean(key, self.fields)
        (at / key).invalid(f"unknown key; {hint}{self.naming} has: {', '.join(self.fields)}")

    def write(self, value: T) -> dict[str, Any]:
        table = {}
        attributes = self.unmake(value) if self.unmake else None
        for key, one in self.fields.items():
            if attributes is None:
                entry = getattr(value, one.attribute)
            else:
                entry = attributes[one.attribute]
            if one.default is REQUIRED or entry != one.default or _shared(entry):
                table[key] = one.reader.write(entry)
        return table

    def schema(self, schemas: Schemas) -> Json:
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
