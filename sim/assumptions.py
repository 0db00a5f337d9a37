"""The register of assumptions: every number of a scenario, with its unit, status and source.

The status is the first word of the source: ``record`` (computed from the tables of
:mod:`sim.history`), ``comparison`` (a case outside), ``op-ed`` (a claim of the text that the
scenario tells), ``judgement``. A number that a file leaves out is ``default``. Which statistic a
``record`` number rests on is said in ``catalog/evidence.csv``; :func:`reproduced` computes them
again and holds them against the file.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pandas as pd

from sim import record
from sim.dotted import Slot, slots
from sim.faults import Fault, ScenarioError
from sim.files import CATALOG, decoded
from sim.fitting import Estimate
from sim.history import History
from sim.numbers import Number, highest, likely, lowest
from sim.parts import Condition, MonthDay, Shock, Stage
from sim.scenario import Scenario

STATUSES = ("record", "comparison", "op-ed", "judgement")
DEFAULTS = {"probability": 1.0, "weight": 1.0, "delay": 0.0}
COLUMNS = ["name", "unit", "low", "likely", "high", "status", "source", "statistic"]


@dataclass(frozen=True)
class Assumption:
    """One number: its dotted name, unit, ends, status, source, and the statistic behind it."""

    name: str
    unit: str
    low: float
    likely: float
    high: float
    status: str
    source: str
    statistic: str


def register(scenario: Scenario) -> pd.DataFrame:
    """Every number of a scenario, in file order; calendar and levels come last.

    Returns:
        name, unit, low, likely, high, status ("none" where a number has no source), source,
        statistic (key, for :func:`sim.record.estimate`; empty where there is none).
    """
    rows = [*_numbers(scenario), *_frame(scenario)]
    return pd.DataFrame([astuple(row) for row in rows], columns=COLUMNS)


def _numbers(scenario: Scenario) -> Iterator[Assumption]:
    for name, (slot, number) in slots(scenario).items():
        yield _assumption(scenario, name, _unit(slot), number, slot.source)
    unnamed = (one for one in scenario.influences if one.name is None)
    for one in unnamed:
        name = f"influences.{one.of.text}-{one.on}.{one.kind}"
        yield _assumption(scenario, name, f"{one.kind} ratio", one.ratio, one.source)
    for tied in scenario.correlations:
        name = f"correlations.{'-'.join(tied.between)}"
        yield _assumption(scenario, name, "rank correlation", tied.rank, tied.source)


def _assumption(
    scenario: Scenario, name: str, unit: str, number: Number, source: str
) -> Assumption:
    status = status_of(source)
    if status == "none" and DEFAULTS.get(name.rpartition(".")[2]) == number:
        status = "default"
    key = _statistic(scenario.name, name) if status == "record" else ""
    return Assumption(
        name, unit, lowest(number), likely(number), highest(number), status, source, key
    )


def status_of(source: str) -> str:
    """The status that a source text begins with, or "none"."""
    return next((word for word in STATUSES if source.startswith(word)), "none")


def _unit(slot: Slot) -> str:
    end = slot.name.rpartition(".")[2]
    if slot.name.startswith("delegations."):
        return "tables"
    if slot.name.startswith("influences."):
        return f"{end} ratio"
    if end in ("sigma", "shape") and slot.law:
        return "none"
    return {"success": "share", "probability": "share", "weight": "weight", "rate": "a year"}.get(
        end, "days"
    )


# -- what is no number of the file's own: calendar, levels, length --------------------------------


def _frame(scenario: Scenario) -> Iterator[Assumption]:
    yield _plain(scenario, "start", "year", scenario.start.year, scenario.source)
    yield _plain(scenario, "horizon", "days", scenario.horizon, scenario.source)
    for condition in scenario.conditions.values():
        yield from _levels(scenario, condition)
    for name, stage in scenario.stages.items():
        yield from _windows(scenario, name, stage)
    for shock in scenario.shocks.values():
        yield from _dates(scenario, shock)
    for strategy in scenario.strategies.values():
        for name, value in strategy.overrides.items():
            at = f"strategies.{strategy.name}.{name}"
            yield _plain(scenario, at, "as overridden", value, strategy.source)


def _plain(scenario: Scenario, name: str, unit: str, value: float, source: str) -> Assumption:
    return _assumption(scenario, name, unit, float(value), source)


def _levels(scenario: Scenario, one: Condition) -> Iterator[Assumption]:
    if one.max != 1:
        yield _plain(scenario, f"{one.name}.max", "levels", one.max, one.source)
    if one.initially:
        yield _plain(scenario, f"{one.name}.initially", "levels", one.initially, one.source)


def _windows(scenario: Scenario, stage: str, one: Stage) -> Iterator[Assumption]:
    for number, window in enumerate(one.window):
        at = f"{stage}.window" + (f"#{number + 1}" if number else "")
        source = window.source or one.source
        yield _plain(scenario, f"{at}.from", *_day(window.opens, scenario.start), source)
        yield _plain(scenario, f"{at}.to", *_day(window.closes, scenario.start), source)


def _dates(scenario: Scenario, one: Shock) -> Iterator[Assumption]:
    days: list[MonthDay | dt.date] = [one.yearly] if one.yearly else [*(one.on or ())]
    for number, day in enumerate(days):
        at = f"{one.name}.{'yearly' if one.yearly else 'on'}" + (f"#{number + 1}" if number else "")
        yield _plain(scenario, at, *_day(day, scenario.start), one.source)


def _day(day: MonthDay | dt.date, start: dt.date) -> tuple[str, int]:
    if isinstance(day, MonthDay):
        return "day of a common year", dt.date(2001, day.month, day.day).timetuple().tm_yday
    return "days from the start", (day - start).days


# -- evidence -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """Which statistic the numbers of a pattern rest on, and to how many digits.

    ``otherwise`` stands in for it where a part of the record holds too few cases.
    """

    scenario: str
    name: str
    statistic: str
    otherwise: str
    digits: int


@cache
def evidence(path: Path = CATALOG / "evidence.csv") -> tuple[Evidence, ...]:
    """The lines of ``evidence.csv``; the first that fits a name holds."""
    text = decoded(path.read_bytes())
    return tuple(
        Evidence(
            row["scenario"], row["name"], row["statistic"], row["otherwise"], int(row["digits"])
        )
        for row in csv.DictReader(io.StringIO(text, newline=""))
    )


def _line(scenario: str, name: str) -> Evidence | None:
    return next(
        (
            one
            for one in evidence()
            if fnmatchcase(scenario, one.scenario) and fnmatchcase(name, one.name)
        ),
        None,
    )


def _statistic(scenario: str, name: str) -> str:
    """The key of a number's statistic; ``{key}`` stands for the end of its name."""
    line = _line(scenario, name)
    return _key(line.statistic, name) if line else ""


def _key(statistic: str, name: str) -> str:
    return statistic.replace("{key}", name.rpartition(".")[2])


def rounded(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits}g}")


def estimates(scenario: Scenario, of: History | None = None) -> dict[str, Estimate]:
    """What a part of the record says of each ``record`` number, to the stated digits.

    A number that it says nothing of is left out.

    Args:
        scenario: a catalog scenario, or one that extends it.
        of: a part of the record; else the whole.
    """
    found = {}
    table = register(scenario)
    for row in table[table["statistic"] != ""].itertuples():
        line = _line(scenario.name, row.name)
        assert line is not None
        keys = [row.statistic]
        if of is not None and line.otherwise:
            keys.append(_key(line.otherwise, row.name))
        value = next((v for v in (_estimate(key, of) for key in keys) if v is not None), None)
        if value is not None:
            found[row.name] = Estimate(*(rounded(end, line.digits) for end in value))
    return found


def _estimate(key: str, of: History | None) -> Estimate | None:
    try:
        return record.estimate(key, of)
    except ValueError:  # an unknown statistic, or too few cases
        return None


def reproduced(scenario: Scenario) -> pd.DataFrame:
    """The ``record`` numbers of a scenario beside what the tables give.

    Returns:
        name, statistic, low, likely, high (in the file), found_low, found_best, found_high, and
        agrees. A number without a statistic does not agree.
    """
    table = register(scenario)
    table = table[table["status"] == "record"].drop(columns=["unit", "status", "source"])
    found = estimates(scenario)
    nothing = Estimate(float("nan"), float("nan"), float("nan"))
    ends = [found.get(name, nothing) for name in table["name"]]
    table[["found_low", "found_best", "found_high"]] = ends
    table["agrees"] = (
        table[["low", "likely", "high"]].to_numpy()
        == table[["found_low", "found_best", "found_high"]].to_numpy()
    ).all(axis=1)
    return table.reset_index(drop=True)


# -- telling --------------------------------------------------------------------------------------


def share_of_judgement(scenario: Scenario) -> float:
    """The share of a scenario's numbers, defaults left out, that rest on judgement."""
    status = register(scenario)["status"]
    return float((status == "judgement").sum() / max((status != "default").sum(), 1))


def caution(scenario: Scenario) -> str:
    """One sentence for every comparison: how much of it rests on judgement."""
    status = register(scenario)["status"]
    given, unsourced = int((status != "default").sum()), int((status == "none").sum())
    share = f"{100 * share_of_judgement(scenario):.0f} %"
    said = f"{share} of the {given} numbers of {scenario.name} rest on judgement"
    return f"{said}; {unsourced} of them have no source" if unsourced else said


def as_text(table: pd.DataFrame) -> str:
    """A register for the terminal: a line a number, then how many have which status."""
    width = max((len(name) for name in table["name"]), default=0)
    lines = [
        f"{row.name:{width}}  {_ends(row.low, row.likely, row.high):>22} {row.unit:20}  "
        f"{row.source or row.status}"
        for row in table.itertuples()
    ]
    return "\n".join([*lines, "", counts(table)])


def _ends(low: float, best: float, high: float) -> str:
    return f"{best:g}" if low == best == high else f"{low:g} / {best:g} / {high:g}"


def counts(table: pd.DataFrame) -> str:
    """How many numbers have which status, as a sentence."""
    found = table["status"].value_counts()
    parts = [f"{found[name]} {name}" for name in (*STATUSES, "default", "none") if name in found]
    return f"{len(table)} numbers: {', '.join(parts)}"


def as_markdown(table: pd.DataFrame) -> str:
    """A register as a Markdown table."""
    head = "| name | low | likely | high | unit | status | source | statistic |"
    rule = "|:--|--:|--:|--:|:--|:--|:--|:--|"
    lines = [
        f"| {row.name} | {row.low:g} | {row.likely:g} | {row.high:g} | {row.unit} | {row.status} "
        f"| {row.source.replace('|', chr(92) + '|')} | {row.statistic} |"
        for row in table.itertuples()
    ]
    return "\n".join([head, rule, *lines, "", counts(table), ""])


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a register as CSV or Markdown, by the ending of the path.

    Raises:
        ScenarioError: another ending, or a path that cannot be written to.
    """
    if path.suffix not in (".csv", ".md"):
        raise ScenarioError([Fault(str(path), "", "allowed: a name that ends in .csv or .md")])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            path.write_text(as_markdown(table), encoding="utf-8")
    except OSError as error:
        reason = f"cannot be written to ({error.strerror})"
        raise ScenarioError([Fault(str(path), "", reason)]) from None
