"""The register of assumptions: every number of a scenario, with its unit, status and source.

What a status means is said in :mod:`sim.scenario.register`. Which statistic a
``record`` number rests on is said in ``catalog/evidence.csv``; :func:`reproduced` computes them
again and holds them against the file.

Example:
    >>> import sim
    >>> table = sim.assumptions.register(sim.load("korea-2017"))
    >>> bool(table["status"].isin(["record", "judgement"]).any())
    True
"""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pandas as pd

from sim.errors import Issue, ScenarioError
from sim.evidence.fitting import Estimate
from sim.evidence.korea.statistics import estimate
from sim.evidence.records import History
from sim.scenario.loading import CATALOG, decoded
from sim.scenario.register import DEFAULT, JUDGEMENT, Entry, entries, source_in_words
from sim.scenario.register import counts as counts_of
from sim.scenario.scenario import Scenario

COLUMNS = ["name", "unit", "low", "likely", "high", "status", "source", "statistic"]


@dataclass(frozen=True)
class Assumption(Entry):
    """One number of the register, with the key of the statistic that it rests on."""

    statistic: str


def register(scenario: Scenario) -> pd.DataFrame:
    """Every number of a scenario, in file order; calendar and levels come last.

    Returns:
        name, unit, low, likely, high, status, source, statistic (key, for
        :func:`sim.record.estimate`; empty where there is none).
    """
    rows = [
        (*astuple(one), _statistic(scenario.name, one.name) if one.status == "record" else "")
        for one in entries(scenario)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


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
        return estimate(key, of)
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


def caution(scenario: Scenario) -> str:
    """One sentence for every comparison: how much of it rests on judgement."""
    table = entries(scenario)
    judged = [one for one in table if one.status == JUDGEMENT]
    unsourced = sum(not one.source for one in judged)
    defaults = sum(one.status == DEFAULT for one in table)
    said = (
        f"{100 * len(judged) / len(table):.0f} % of the {len(table)} numbers of {scenario.name} "
        "rest on judgement"
    )
    if defaults:
        said += f", {100 * defaults / len(table):.0f} % on defaults of the format"
    return f"{said}; {unsourced} of them have no source" if unsourced else said


def as_text(table: pd.DataFrame) -> str:
    """A register for the terminal: a line a number, then how many have which status."""
    width = max((len(name) for name in table["name"]), default=0)
    lines = [
        f"{row.name:{width}}  {_ends(row.low, row.likely, row.high):>22} {row.unit:20}  "
        f"{source_in_words(row.status, row.source)}"
        for row in table.itertuples()
    ]
    return "\n".join([*lines, "", counts(table)])


def _ends(low: float, best: float, high: float) -> str:
    return f"{best:g}" if low == best == high else f"{low:g} / {best:g} / {high:g}"


def counts(table: pd.DataFrame) -> str:
    """How many numbers of a register have which status, as a sentence."""
    return counts_of(table["status"])


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
        raise ScenarioError([Issue(str(path), "", "allowed: a name that ends in .csv or .md")])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            table.to_csv(path, index=False)
        else:
            path.write_text(as_markdown(table), encoding="utf-8")
    except OSError as error:
        reason = f"cannot be written to ({error.strerror})"
        raise ScenarioError([Issue(str(path), "", reason)]) from None
