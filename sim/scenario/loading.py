"""Scenario files as documents: found, read, extended, and written in one canonical way.

A document is what TOML gives: tables, lists, texts, numbers, dates. What it means is said in
:mod:`sim.scenario.format`. Reading is guarded against files that are no scenarios: too large,
nested too deeply, not UTF-8.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from sim.errors import Issue, ScenarioError, comma_separated, did_you_mean
from sim.scenario.fields import FREE_TEXT
from sim.scenario.issues import Path, place, show
from sim.scenario.model import KINDS, TIMINGS
from sim.scenario.quantities import RANGE_KEYS, law_of

CATALOG = FilePath(__file__).parents[1] / "catalog"
MAX_BYTES = 16_000_000
MAX_DEPTH = 40  # tables within tables
MAX_PARTS = 100  # of a key with dots: the parser takes time quadratic in them

Document = dict[str, Any]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONG_KEY = re.compile(
    r"""(?<![A-Za-z0-9_"'-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"""
    f"{{{MAX_PARTS}}}"
)


@dataclass
class Origin:
    """Which file each part of a document came from.

    Attributes:
        file: where a part without a mark came from.
        marks: for the topmost paths that came from elsewhere: file, and path within it.
    """

    file: str
    marks: dict[Path, tuple[str, Path]] = field(default_factory=dict)

    def locate(self, path: Path) -> tuple[str, Path]:
        """The file that a path came from, and the path within that file.

        >>> Origin("own.toml", {("shocks",): ("base.toml", ("shocks",))}).locate(("shocks", "test"))
        ('base.toml', ('shocks', 'test'))
        """
        for length in range(len(path), 0, -1):
            if path[:length] in self.marks:
                file, own = self.marks[path[:length]]
                return file, own + path[length:]
        return self.file, path


def failed(file: str, message: str, at: Path = ()) -> ScenarioError:
    """The error of a file that cannot be used at all.

    Args:
        file: as the user named it.
        message: what is wrong.
        at: path of what is wrong; empty for the file as a whole.
    """
    return ScenarioError([Issue(file, place(at), message)])


# -- finding and reading --------------------------------------------------------------------------


def catalog() -> list[str]:
    """Names of the scenarios that ship, in alphabetical order.

    Example:
        >>> import sim
        >>> "korea-2017" in sim.catalog()
        True
    """
    return sorted(path.stem for path in CATALOG.glob("*.toml"))


def find(source: str | FilePath, beside: FilePath | None = None) -> FilePath:
    """The path of a scenario; it need not exist.

    Args:
        source: a catalog name, or a path.
        beside: the folder where a relative path starts; the current one by default.
    """
    if isinstance(source, str) and source in catalog():
        return CATALOG / f"{source}.toml"
    return (beside or FilePath()) / source


def without_mark(text: str) -> str:
    r"""A text without the byte order mark that some editors and spreadsheets put before it.

    >>> without_mark("\ufeffname")
    'name'
    """
    return text.removeprefix("\ufeff")


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    return without_mark(content.decode())


def text_of(path: FilePath, file: str) -> str:
    """The text of a file.

    Args:
        path: of the file.
        file: its name in messages.

    Raises:
        ScenarioError: it is missing, a directory, unreadable, too large, or not UTF-8.
    """
    try:
        if path.is_dir():
            raise failed(file, "a directory; allowed: a TOML file, or a catalog name")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise failed(file, f"no such file; {catalog_hint(file)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise failed(file, f"cannot be read: {reason.lower()}") from None
    if len(content) > MAX_BYTES:
        raise failed(file, f"a file of more than {MAX_BYTES // 1_000_000} MB is no scenario")
    try:
        return decoded(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise failed(file, f"no UTF-8 text: see line {line}; allowed: TOML in UTF-8") from None


def catalog_hint(name: str = "") -> str:
    """What a scenario may be called, with the nearest name of the catalog."""
    names = catalog()
    return (
        f"{did_you_mean(name, names)}allowed: a path, or a catalog name: {comma_separated(names)}"
    )


def parse(text: str, file: str) -> Document:
    """A TOML text as a document.

    Args:
        text: with or without a byte order mark.
        file: its name in messages.

    Raises:
        ScenarioError: it is not TOML, or nested beyond reason.

    >>> parse('title = "Talks"', "talks.toml")
    {'title': 'Talks'}
    """
    text = without_mark(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise failed(file, "the text holds half a character (a surrogate)") from None
    if text.count(".") > MAX_PARTS and _LONG_KEY.search(text):
        raise failed(file, f"a key of more than {MAX_PARTS} parts")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise failed(file, f"not TOML: {_one_line(str(error))}") from None
    except ValueError:  # Python's limit on the digits of a whole number
        raise failed(file, "not TOML: a whole number of too many digits") from None
    except RecursionError:
        raise failed(file, "tables or lists nested too deeply") from None
    if _too_deep(document):
        raise failed(file, "tables or lists nested too deeply")
    return document


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _too_deep(document: Document) -> bool:
    layer: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        layer = [
            below
            for one in layer
            for below in (one.values() if isinstance(one, dict) else one)
            if isinstance(below, dict | list)
        ]
        if not layer:
            return False
    return True


# -- extending ------------------------------------------------------------------------------------


def extended(
    document: Document, file: str, folder: FilePath, trail: Sequence[FilePath] = ()
) -> tuple[Document, Origin]:
    """A document merged over the one that it extends, and so on.

    Tables are merged key by key, lists of named tables entry by entry. Anything else replaces what
    it extends, and so does a duration with another law.

    Args:
        document: may have a key ``extends``.
        file: its name in issues.
        folder: where a relative path starts.
        trail: the files that led here, to find circles.

    Returns:
        The merged document, and where its parts came from.

    Raises:
        ScenarioError: what it extends is missing, unreadable, or leads in a circle.
    """
    if "extends" not in document:
        return document, Origin(file)
    source = document["extends"]
    if not isinstance(source, str) or not source:
        raise failed(file, f"{show(source)}; allowed: a catalog name or a path", ("extends",))
    path = find(source, folder)
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # missing, forbidden, too long, a loop of links
        raise failed(
            file, f"no file {show(source)}; {catalog_hint(source)}", ("extends",)
        ) from None
    if real.is_dir():
        message = f"{show(source)} is a directory; {catalog_hint(source)}"
        raise failed(file, message, ("extends",))
    if real in trail:
        names = [one.name for one in (*trail, path)]
        raise failed(file, f"extends in a circle: {' -> '.join(names)}", ("extends",))
    below = parse(text_of(path, str(path)), str(path))
    base, origin = extended(below, str(path), path.parent, (*trail, real))
    own = {key: value for key, value in document.items() if key != "extends"}
    marks = {(key,): (origin.file, (key,)) for key in base} | origin.marks
    merged = _merged(base, own, (), (), _Marking(file, marks))
    return merged, Origin(file, marks)


@dataclass
class _Marking:
    file: str
    marks: dict[Path, tuple[str, Path]]

    def replace(self, path: Path, own: Path) -> None:
        for below in [one for one in self.marks if one[: len(path)] == path]:
            del self.marks[below]
        self.marks[path] = (self.file, own)


def _merged(
    base: Mapping[str, Any], over: Mapping[str, Any], path: Path, own: Path, marking: _Marking
) -> Document:
    result = dict(base)
    for rival in _rivals(over, path):
        result.pop(rival, None)
    for key, value in over.items():
        at, there, old = (*path, key), (*own, key), result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _another_law(old, value):
            result[key] = _merged(old, value, at, there, marking)
        elif _are_named(value) and isinstance(old, list):
            result[key] = _merged_lists(old, value, at, there, marking)
        else:
            marking.replace(at, there)
            result[key] = value
    return result


def _rivals(over: Mapping[str, Any], path: Path) -> set[str]:
    """Keys of the base that cannot stand beside those that the extension gives."""
    groups = {"shocks": TIMINGS, "influences": KINDS}
    group = groups.get(str(path[0]), ()) if len(path) == 2 else ()
    return set(group) - set(over) if any(key in group for key in over) else set()


def _another_law(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a table gives a whole law of durations that cannot be merged into another one."""
    return _law(old) is not None and _law(new) is not None and _law({**old, **new}) is None


def _law(table: Mapping[str, Any]) -> str | None:
    keys = {key for key in table if key not in FREE_TEXT and key != "as"}
    others = {"values": {"values"}, "range": set(RANGE_KEYS) - {"as"}}
    return law_of(keys) or next((name for name, form in others.items() if form == keys), None)


def _are_named(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in value)
    )


def _merged_lists(
    base: list[Any], over: list[Document], path: Path, own: Path, marking: _Marking
) -> list[Any]:
    result = list(base)
    places = {one["name"]: i for i, one in enumerate(base) if _are_named([one])}
    for index, entry in enumerate(over):
        there = (*own, index)
        at = places.pop(entry["name"], None)
        if at is None:
            marking.replace((*path, len(result)), there)
            result.append(entry)
        else:
            result[at] = _merged(result[at], entry, (*path, at), there, marking)
    return result


def with_strategies(
    document: Document, origin: Origin, sources: Sequence[str | FilePath]
) -> Document:
    """A document with the strategies of further files, which hold nothing else.

    Args:
        document: of a scenario.
        origin: where its parts came from; the new strategies are added.
        sources: paths of the files.

    Raises:
        ScenarioError: all issues of all files: unreadable, other content, a strategy twice.
    """
    issues: list[Issue] = []
    for source in sources:
        try:
            document = _with_file(document, origin, FilePath(source))
        except ScenarioError as error:
            issues += error.issues
    if issues:
        raise ScenarioError(issues)
    return document


def _with_file(document: Document, origin: Origin, path: FilePath) -> Document:
    return with_text(document, origin, text_of(path, str(path)), str(path))


def with_text(document: Document, origin: Origin, text: str, file: str) -> Document:
    """A document with the strategies of a text, which holds nothing else.

    Args:
        document: of a scenario.
        origin: where its parts came from; the new strategies are added.
        text: TOML.
        file: its name in issues.

    Raises:
        ScenarioError: it is no TOML, has other content, or a strategy of the document again.
    """
    own = parse(text, file)
    issues = [
        Issue(
            file, place((key,)), "unknown key; a file of strategies has: strategies, about, source"
        )
        for key in own
        if key not in ("strategies", *FREE_TEXT)
    ]
    strategies = own.get("strategies")
    if not isinstance(strategies, dict):
        found = f"{show(strategies)}; allowed" if "strategies" in own else "missing; needed"
        issues.append(Issue(file, "strategies", f"{found}: a table of strategies"))
    if issues or not isinstance(strategies, dict):
        raise ScenarioError(issues)
    known = document.get("strategies", {})
    if not isinstance(known, dict):
        return document  # an issue of its own, found when it is read
    for name in strategies:
        at = ("strategies", name)
        if name in known and name not in FREE_TEXT:
            other = origin.locate(at)[0]
            issues.append(Issue(file, place(at), f"stands in {other} too; allowed: a new name"))
        origin.marks[at] = (file, at)
    if issues:
        raise ScenarioError(issues)
    return {**document, "strategies": {**known, **strategies}}


# -- writing --------------------------------------------------------------------------------------

_HEADED = ("tracks", "shocks", "presets", "strategies")  # tables of tables with a header each


def toml(document: Mapping[str, Any]) -> str:
    """A document as TOML, in one way only: the same content gives the same text.

    >>> print(toml({"title": "Talks", "shocks": {"test": {"rate": 0.5}}}))
    title = "Talks"
    <BLANKLINE>
    [shocks.test]
    rate = 0.5
    <BLANKLINE>
    """
    lines = [f"{key} = {_inline(value)}" for key, value in document.items() if not _headed(value)]
    for key, value in document.items():
        if isinstance(value, dict) and key in _HEADED:
            lines += _header_each(key, value)
        elif isinstance(value, dict):
            lines += ["", f"[{key}]", *_pairs(value)]
        elif _headed(value):
            for entry in value:
                lines += ["", f"[[{key}]]", *_pairs(entry)]
    return "\n".join(lines) + "\n"


def _headed(value: object) -> bool:
    tables = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    return isinstance(value, dict) or tables


def _header_each(section: str, tables: Mapping[str, Any]) -> list[str]:
    free = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    lines = ["", f"[{section}]", *_pairs(free)] if free else []
    for name, table in tables.items():
        if name in free:
            continue
        stages = table.get("stages", []) if section == "tracks" else []
        plain = {k: v for k, v in table.items() if not (section == "tracks" and k == "stages")}
        lines += ["", f"[{section}.{name}]", *_pairs(plain)]
        for stage in stages:
            lines += ["", f"[[{section}.{name}.stages]]", *_pairs(stage)]
    return lines


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_inline(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(_pairs(value))
        return f"{{ {inside} }}" if inside else "{ }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    return _text(value) if isinstance(value, str) else repr(value)
