"""The dated record of talks, freezes and launches, as typed frames with their sources.

Each table is a CSV file beside this module; what its columns mean is explained in ``README.md``
there, and what was mended in ``CORRECTIONS.md``. Every row has a ``source`` and a ``confidence``
(high, medium or low). Rows that come from a published data set are counts by month only, in
:func:`monthly`.

    talks = history.talks()
    talks[talks["held"] & (talks["track"] == "us_dprk")]

Example:
    >>> import sim
    >>> bool(sim.history.talks()["held"].any())
    True
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent

# Columns that are no text, by their names in all tables. A month stands for its first day where
# months are counted, and for its middle where a day is not known.
DAYS = (
    "start", "end", "talks_from", "phase_from", "reached", "void", "ended", "proposed", "answered",
    "met", "triggered", "contact", "formal", "opens", "closes", "date", "month",
)  # fmt: skip
WHOLE = ("year", "session", "count")
FLAGS = ("held", "exercise_cited", "core", "go_between")


def read(name: str, path: Path | None = None) -> pd.DataFrame:
    """A table of the record, with typed columns.

    Args:
        name: of the table: "talks".
        path: a file in its layout; else the one that ships.
    """
    texts = pd.read_csv(
        path or FOLDER / f"{name}.csv", dtype="string", keep_default_na=False, encoding="utf-8-sig"
    )
    return pd.DataFrame({str(column): _typed(texts[column]) for column in texts})


def _typed(texts: pd.Series) -> pd.Series:
    known = texts.mask(texts == "")
    if texts.name in DAYS:
        first = "-01" if texts.name == "month" else "-15"
        days = known.where(known.str.len() != len("2000-01"), known + first)
        return pd.to_datetime(days, format="%Y-%m-%d").astype("datetime64[ns]")
    if texts.name in WHOLE:
        return known.astype("int64")
    return (known == "1").astype("bool") if texts.name in FLAGS else known


# -- the record -----------------------------------------------------------------------------------


def talks() -> pd.DataFrame:
    """Rounds of talks that stand on a source of their own, held or called off."""
    return read("talks")


def freezes() -> pd.DataFrame:
    """Freezes and moratoria: when talks began, when reached, renounced and ended."""
    return read("freezes")


def attempts() -> pd.DataFrame:
    """Proposals of a moratorium or freeze; ``reached`` is empty where nothing came of one."""
    return read("attempts")


def responses() -> pd.DataFrame:
    """Proposals between Seoul and Pyongyang, with the answer and the meeting that followed."""
    return read("responses")


def contacts() -> pd.DataFrame:
    """Occasions for talks, with the first contact and the first formal round after each."""
    return read("contacts")


def dialogue() -> pd.DataFrame:
    """Periods in which a process of talks was alive, drawn by hand."""
    return read("dialogue")


def exercises() -> pd.DataFrame:
    """Large exercises in the South, by year."""
    return read("exercises")


def assembly() -> pd.DataFrame:
    """General debates of the UN General Assembly, and who came from Pyongyang."""
    return read("assembly")


def changes() -> pd.DataFrame:
    """Changes of leader or policy that stand on a source of their own."""
    return read("changes")


def monthly() -> pd.DataFrame:
    """Counts by month and kind from published data sets: launches, tests, meetings, leaders."""
    return read("monthly")


def episodes() -> pd.DataFrame:
    """Dated facts of the episodes that the model is held against."""
    return read("episodes")


@dataclass(frozen=True, repr=False)
class History:
    """All tables at once, so that a statistic can be asked of a part of the record.

    ``left_out`` holds the first and last day of each episode that was taken out.
    """

    talks: pd.DataFrame
    freezes: pd.DataFrame
    attempts: pd.DataFrame
    responses: pd.DataFrame
    contacts: pd.DataFrame
    dialogue: pd.DataFrame
    exercises: pd.DataFrame
    assembly: pd.DataFrame
    changes: pd.DataFrame
    monthly: pd.DataFrame
    left_out: tuple[tuple[pd.Timestamp, pd.Timestamp], ...] = ()

    def __repr__(self) -> str:
        tables = {name: one for name, one in vars(self).items() if isinstance(one, pd.DataFrame)}
        return f"<History: {', '.join(f'{len(one)} {name}' for name, one in tables.items())}>"

    def without(self, first: pd.Timestamp, last: pd.Timestamp) -> History:
        """The record without an episode, both days included.

        What began in it is taken out, and so is every month that it touches. What began before and
        was not over when the episode began stays, but how it went on is taken out: its later dates
        are empty, and :attr:`left_out` says up to when it was seen. Freezes begin on the day on
        which they were reached.
        """
        kept = {}
        for name, (began, later) in COURSES.items():
            table = getattr(self, name)
            table = table[~table[began].between(first, last)].reset_index(drop=True)
            for column in later:
                ahead = (table[began] < first) & (table[column] >= first)
                table[column] = table[column].mask(ahead)
            kept[name] = table
        month = self.monthly["month"]
        touched = (month + pd.offsets.MonthEnd(0) >= first) & (month <= last)
        kept["monthly"] = self.monthly[~touched].reset_index(drop=True)
        return replace(self, **kept, left_out=(*self.left_out, (first, last)))


# The day on which a row begins, and the days by which one can tell what became of it.
COURSES = {
    "talks": ("start", ()),
    "freezes": ("reached", ("void", "ended")),
    "attempts": ("proposed", ("reached",)),
    "responses": ("proposed", ("met",)),
    "contacts": ("triggered", ("contact", "formal")),
    "changes": ("date", ()),
}


def load() -> History:
    """The whole record."""
    return History(
        **{one.name: read(one.name) for one in fields(History) if one.name != "left_out"}
    )
