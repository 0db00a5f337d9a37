"""What the tables of the record must hold: columns, types, units, order of dates, no duplicates."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd

from sim.errors import Issue, ScenarioError, comma_separated, did_you_mean
from sim.scenario.issues import show
from sim.scenario.loading import decoded

TRACKS = (
    "us_dprk", "north_south", "six_party", "working_group", "ministerial", "four_party",
    "comparison_iran",
)  # fmt: skip
UNITS = {
    "launch_day": "days", "strategic_day": "days", "nuclear_test": "events",
    "provocation": "events", "crisis": "events", "meeting": "meetings",
    "contact_within_120_days": "triggers", "contact_within_a_year": "triggers",
    "contact_later": "triggers", "leader_change_toward": "changes",
    "leader_change_neutral": "changes", "leader_change_against": "changes",
    "policy_turn_toward": "changes",
}  # fmt: skip
FIRST_YEAR, LAST_YEAR = 1950, 2100


# -- columns --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """What may stand in a column.

    Attributes:
        wanted: the end of the sentence "allowed: ...".
        value: the typed value of a text; raises ValueError where it is not one.
        dtype: of the column in a frame.
        empty: whether nothing may stand there.
    """

    wanted: str
    value: Callable[[str], object]
    dtype: str
    empty: bool = False


def _day(text: str) -> pd.Timestamp:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError
    date = pd.Timestamp(text)
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        raise ValueError
    return date


def _month(text: str) -> pd.Timestamp:
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise ValueError
    return _day(f"{text}-01")


def _day_or_month(text: str) -> pd.Timestamp:
    """A month stands for its middle."""
    return _day(text) if len(text) == 10 else _month(text) + pd.Timedelta(days=14)


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise ValueError
    return int(text)


def _flag(text: str) -> bool:
    return {"0": False, "1": True}[text]


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_/+]*", text):
        raise ValueError
    return text


def _catalog_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", text):
        raise ValueError
    return text


def _endpoint(text: str) -> str:
    for part in text.removeprefix("!").split("."):
        _word(part)
    return text


def _text(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


DAY = Column("a date YYYY-MM-DD", _day, "datetime64[ns]")
MONTH = Column("a month YYYY-MM", _month, "datetime64[ns]")
DAY_OR_MONTH = Column("a date YYYY-MM-DD or a month YYYY-MM", _day_or_month, "datetime64[ns]")
WHOLE = Column("a whole number from 1 to 999999999", _whole, "int64")
FLAG = Column("0 or 1", _flag, "bool")
NAME = Column("a name of letters, digits and _", _word, "string")
TEXT = Column("a line of text", _text, "string")


def _maybe(column: Column) -> Column:
    return replace(column, empty=True)


def _one_of(*words: str) -> Column:
    def value(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Column(comma_separated(words), value, "string")


SOURCE = {"source": TEXT, "confidence": _one_of("high", "medium", "low")}


# -- tables ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """The columns of a table, and what must hold within a row and between rows.

    Attributes:
        columns: in the order of the file.
        key: columns that no two rows share.
        ordered: columns whose dates may not run backwards.
    """

    columns: Mapping[str, Column]
    key: tuple[str, ...]
    ordered: tuple[str, ...] = ()


LAYOUTS = {
    "talks": Layout(
        {
            "track": _one_of(*TRACKS), "kind": NAME, "start": DAY, "end": DAY,
            "outcome": _one_of("agreement", "progress", "no_progress", "breakdown", "none"),
            "held": FLAG, "precision": _one_of("day", "year"), "exercise_cited": FLAG, **SOURCE,
        },
        ("track", "kind", "start"),
        ("start", "end"),
    ),
    "freezes": Layout(
        {
            "name": NAME, "place": _one_of("korea", "iran"), "kind": NAME,
            "scope": _one_of("bilateral", "multilateral", "north_south"), "core": FLAG,
            "talks_from": DAY, "phase_from": DAY, "reached": DAY, "void": _maybe(DAY),
            "ended": _maybe(DAY), "cause": NAME, **SOURCE,
        },
        ("name",),
        ("talks_from", "phase_from", "reached", "void", "ended"),
    ),
    "attempts": Layout(
        {
            "name": NAME, "place": _one_of("korea", "iran"), "proposer": NAME,
            "form": _one_of("swap", "exercise_package", "other"), "proposed": DAY,
            "reached": _maybe(DAY), **SOURCE,
        },
        ("name",),
        ("proposed", "reached"),
    ),
    "responses": Layout(
        {
            "proposer": _one_of("ROK", "DPRK"), "proposed": DAY, "answered": DAY,
            "met": _maybe(DAY),
            "answer": _one_of("accepted", "accepted_late", "accepted_then_cancelled",
                              "no_response_then_reversed", "rejected"), **SOURCE,
        },
        ("proposer", "proposed"),
        ("proposed", "answered", "met"),
    ),
    "contacts": Layout(
        {
            "trigger": NAME, "triggered": DAY, "contact": _maybe(DAY_OR_MONTH),
            "formal": _maybe(DAY), "format": _one_of("us_dprk", "six_party", "trilateral"),
            "go_between": FLAG, **SOURCE,
        },
        ("trigger",),
        ("triggered", "contact", "formal"),
    ),
    "dialogue": Layout({"start": DAY, "end": DAY, **SOURCE}, ("start",), ("start", "end")),
    "exercises": Layout(
        {
            "name": NAME, "kind": _one_of("command_post", "field"), "year": WHOLE,
            "start": _maybe(DAY), "end": _maybe(DAY), "held": FLAG,
            "dated": _one_of("year", "typical"), **SOURCE,
        },
        ("name", "year"),
        ("start", "end"),
    ),
    "assembly": Layout(
        {
            "year": WHOLE, "session": WHOLE, "opens": DAY, "closes": DAY,
            "level": _one_of("foreign_minister", "vice_foreign_minister", "ambassador"), **SOURCE,
        },
        ("year",),
        ("opens", "closes"),
    ),
    "changes": Layout(
        {
            "country": NAME, "date": DAY, "kind": _one_of("leader", "policy_turn"),
            "turn": _one_of("toward", "neutral", "against"), **SOURCE,
        },
        ("country", "date"),
    ),
    "monthly": Layout(
        {
            "month": MONTH, "kind": _one_of(*UNITS), "of": _maybe(NAME), "count": WHOLE,
            "unit": _one_of(*dict.fromkeys(UNITS.values())), **SOURCE,
        },
        ("month", "kind", "of"),
    ),
    "episodes": Layout(
        {
            "episode": Column("a catalog name", _catalog_name, "string"), "fact": NAME,
            "endpoint": Column("a condition, or a stage track.stage", _endpoint, "string"),
            "since": _maybe(Column("a condition, or a stage", _endpoint, "string")),
            "date": _maybe(DAY), "reference": _maybe(NAME), **SOURCE,
        },
        ("episode", "fact"),
    ),
}  # fmt: skip


def issues(path: Path) -> list[Issue]:
    """Everything that is wrong with a file, which is named as its table.

    Rows are counted as in a spreadsheet: the header is 1.
    """
    layout = LAYOUTS[path.stem]
    try:
        rows = _rows(path)
    except ScenarioError as error:
        return list(error.issues)
    found = list(_wrong_header(rows[0] if rows else [], layout, path.name))
    if not found:
        found = [*_wrong_cells(rows[1:], layout, path.name)]
    return found or [*_wrong_rows(rows[1:], layout, path.name, path.stem)]


def _rows(path: Path) -> list[list[str]]:
    try:
        text = decoded(path.read_bytes())
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ScenarioError([Issue(path.name, "", f"cannot be read: {reason}")]) from None
    except UnicodeDecodeError:
        raise ScenarioError([Issue(path.name, "", "no UTF-8 text")]) from None
    except csv.Error as error:
        raise ScenarioError([Issue(path.name, "", f"not CSV: {error}")]) from None


def _wrong_header(header: list[str], layout: Layout, file: str) -> Iterator[Issue]:
    known = list(layout.columns)
    for name in header:
        if name not in known:
            hint = did_you_mean(name, known)
            message = f"unknown column; {hint}allowed: {comma_separated(known)}"
            yield Issue(file, f"row 1, column {name}", message)
    for name in known:
        if name not in header:
            yield Issue(file, f"row 1, column {name}", "missing; needed")
    if sorted(header) == sorted(known) and header != known:
        yield Issue(file, "row 1", f"columns in another order; allowed: {comma_separated(known)}")
    for name in {one for one in header if header.count(one) > 1}:
        yield Issue(file, f"row 1, column {name}", "stands there twice")


def _wrong_cells(rows: list[list[str]], layout: Layout, file: str) -> Iterator[Issue]:
    for number, cells in enumerate(rows, start=2):
        if len(cells) != len(layout.columns):
            found = f"{len(cells)} cells; allowed: {len(layout.columns)}"
            yield Issue(file, f"row {number}", found)
            continue
        for (name, column), cell in zip(layout.columns.items(), cells, strict=True):
            if not _fits(column, cell):
                wanted = column.wanted + (", or nothing" if column.empty else "")
                found = f"{show(cell)}; allowed: {wanted}"
                yield Issue(file, f"row {number}, column {name}", found)


def _fits(column: Column, cell: str) -> bool:
    if not cell:
        return column.empty
    try:
        column.value(cell)
    except (ValueError, KeyError):
        return False
    return True


def _wrong_rows(rows: list[list[str]], layout: Layout, file: str, table: str) -> Iterator[Issue]:
    names = list(layout.columns)
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in enumerate(rows, start=2):
        row = dict(zip(names, cells, strict=True))
        key = tuple(row[name] for name in layout.key)
        if key in seen:
            at = f"row {number}, column {layout.key[-1]}"
            yield Issue(file, at, f"the same {', '.join(layout.key)} as row {seen[key]}")
        seen.setdefault(key, number)
        yield from _backwards(row, layout, file, number)
        if table == "monthly" and row["unit"] != UNITS[row["kind"]]:
            found = f"{show(row['unit'])} of {row['kind']}; allowed: {UNITS[row['kind']]}"
            yield Issue(file, f"row {number}, column unit", found)


def _backwards(row: Mapping[str, str], layout: Layout, file: str, number: int) -> Iterator[Issue]:
    dated = [(name, row[name]) for name in layout.ordered if row[name]]
    for (early, first), (late, second) in pairwise(dated):
        length = min(len(first), len(second))  # a month is compared as a month
        if second[:length] < first[:length]:
            found = f"{second} is before {early}, {first}"
            yield Issue(file, f"row {number}, column {late}", found)
