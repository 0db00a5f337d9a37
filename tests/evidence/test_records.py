"""The record: what its tables hold, and how bad ones are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import sim
from record_layouts import LAYOUTS, UNITS, issues
from sim.evidence import records

TABLES = list(LAYOUTS)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reads_typed_and_sourced(name: str) -> None:
    assert issues(records.FOLDER / f"{name}.csv") == []
    frame = getattr(records, name)()
    assert len(frame) > 5
    assert list(frame.columns) == list(LAYOUTS[name].columns)
    assert frame["source"].str.len().gt(8).all()
    assert frame["confidence"].isin(["high", "medium", "low"]).all()
    unread = frame["source"].str.startswith("general knowledge") & (frame["confidence"] == "high")
    assert not unread.any()
    for column, kind in LAYOUTS[name].columns.items():
        assert str(frame[column].dtype) == kind.dtype


def test_the_package_gives_the_tables() -> None:
    assert len(sim.history.talks()) == len(records.talks())


@pytest.mark.parametrize("name", [name for name in TABLES if name != "monthly"])
def test_rows_of_published_sets_are_counts_only(name: str) -> None:
    assert not records.read(name)["source"].str.startswith("github:").any()


def test_no_notes_came_along() -> None:
    for name in TABLES:
        frame = records.read(name).drop(columns="source")
        texts = frame.select_dtypes("string").fillna("")
        longest = texts.apply(lambda column: column.str.len().max()).max()
        assert longest <= 40, name
        assert not texts.apply(lambda column: column.str.contains(r"\s").any()).any(), name


def test_the_dictionary_knows_every_table_and_column() -> None:
    text = (records.FOLDER / "README.md").read_text(encoding="utf-8")
    for name, layout in LAYOUTS.items():
        section = text.split(f"**{name}**")[1].split("\n**")[0]
        for column in layout.columns:
            if column not in ("source", "confidence"):
                assert f"`{column}`" in section, f"{name}.{column}"
    for kind in UNITS:
        assert kind.split("_")[0] in text


def test_tables_agree_with_each_other() -> None:
    record = records.load()
    made = record.attempts.dropna(subset="reached").set_index("name")["reached"]
    freezes = record.freezes.set_index("name")["reached"]
    both = made.index.intersection(freezes.index)
    assert len(both) >= 7
    assert (made[both] == freezes[both]).all()
    assert record.monthly.loc[record.monthly["kind"] == "nuclear_test", "count"].sum() == 6
    assert record.freezes["core"].sum() == 7


def test_a_part_of_the_record() -> None:
    record = records.load()
    part = record.without(pd.Timestamp("2003-01-01"), pd.Timestamp("2009-12-31"))
    assert "action_plan_2007" not in set(part.freezes["name"])
    assert not (part.talks["track"] == "six_party").any()
    assert set(part.monthly["month"].dt.year).isdisjoint(range(2003, 2010))
    assert len(part.talks) < len(record.talks)
    assert part.exercises is record.exercises


# -- bad data -------------------------------------------------------------------------------------


def broken(tmp_path: Path, name: str, change: tuple[str, str]) -> list[str]:
    text = (records.FOLDER / f"{name}.csv").read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / f"{name}.csv"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    return [str(issue) for issue in issues(path)]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("talks", ("outcome", "outcom"),
         r'talks.csv: row 1, column outcom: unknown column; did you mean "outcome"\?'),
        ("talks", ("2013-09-26,2013-09-26", "2013-9-26,2013-09-26"),
         'row 2, column start: "2013-9-26"; allowed: a date YYYY-MM-DD'),
        ("talks", ("2013-09-26,2013-09-26", "2013-02-30,2013-09-26"),
         'row 2, column start: "2013-02-30"'),
        ("talks", ("2013-10-15,2013-10-16", "2013-10-15,2013-10-14"),
         "row 3, column end: 2013-10-14 is before start, 2013-10-15"),
        ("talks", ("agreement", "agreed"),
         'row 2, column outcome: "agreed"; allowed: agreement, progress'),
        ("talks", (",1,day,", ",yes,day,"), 'row 2, column held: "yes"; allowed: 0 or 1'),
        ("monthly", (",days,", ",weeks,"), 'column unit: "weeks"; allowed: days, events'),
        ("monthly", (",days,", ",events,"),
         'column unit: "events" of launch_day; allowed: days'),
        ("monthly", ("1993-03,contact", "1993-13,contact"), 'column month: "1993-13"'),
        ("freezes", ("1992-01-07", ""), 'row 2, column reached: ""; allowed: a date'),
        ("contacts", ("1994-06-15,1994-06-15", "1994-06-15,1994-05"),
         "row 2, column contact: 1994-05 is before triggered"),
        ("assembly", ("2014,69", "2015,69"), "row 3, column year: the same year as row 2"),
        ("assembly", ("2014,69", "2014,sixty-nine"),
         'row 2, column session: "sixty-nine"; allowed: a whole number'),
        ("assembly", ("2014,69,", "2014,69,,"), "row 2: 8 cells; allowed: 7"),
    ],
)  # fmt: skip
def test_bad_data_is_one_message_with_file_row_and_column(
    tmp_path: Path, name: str, change: tuple[str, str], message: str
) -> None:
    lines = broken(tmp_path, name, change)
    at = message if message.startswith(name) else rf"{name}\.csv: .*{re.escape(message)}"
    assert any(re.search(at, line) for line in lines), lines


def test_a_row_twice_is_refused(tmp_path: Path) -> None:
    text = (records.FOLDER / "talks.csv").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    path = tmp_path / "talks.csv"
    path.write_text("".join([*lines[:5], lines[2], *lines[5:]]), encoding="utf-8")
    (issue,) = issues(path)
    assert "row 6, column start: the same track, kind, start" in str(issue)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "row 1, column year: missing"),
        (b"\xff\xfe", "no UTF-8"),
        (b'year\n"2014\n', "not CSV"),
        (b"source,year,session,opens,closes,level,confidence\n", "another order"),
        (b"year,year,session,opens,closes,level,source,confidence\n", "stands there twice"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "assembly.csv"
    if content is not None:
        path.write_bytes(content)
    assert any(message in str(issue) for issue in issues(path))


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "assembly.csv"
    path.write_text(",".join(LAYOUTS["assembly"].columns) + "\n", encoding="utf-8")
    assert issues(path) == []
    frame = records.read("assembly", path)
    assert len(frame) == 0
    assert str(frame["opens"].dtype) == "datetime64[ns]"
