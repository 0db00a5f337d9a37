"""Every number of a scenario with its unit, range, status and source, in one list.

The status is the first word of the source, in either spelling and in any case: ``record``
(computed from the historical records), ``comparison`` (a case outside), ``op-ed`` (a claim of the
text that the scenario describes), ``judgement``. A number whose source is missing, or begins with
another word, counts as judgement. A number that a file leaves out is ``default``.

Whatever counts the numbers of a file counts the rows of this list: the parameters, and also what is
no parameter (calendar, levels, windows, overrides of strategies).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sim.scenario.model import Condition, MonthDay, ScenarioData, Shock, Stage
from sim.scenario.parameters import Parameter, parameters
from sim.scenario.quantities import Number, Range, base_value, highest, lowest, quantity_of

JUDGEMENT, DEFAULT = "judgement", "default"
STATUSES = ("record", "comparison", "op-ed", JUDGEMENT)
SPELLINGS = {"judgment": JUDGEMENT}
DEFAULTS = {"probability": 1.0, "weight": 1.0, "delay": 0.0}
NO_SOURCE = "judgement, as no source is given"


@dataclass(frozen=True)
class Entry:
    """One number of a scenario.

    Attributes:
        name: the parameter path, or a path such as ``talks.meet.window.from``.
        unit: "days", "share", "a year", "odds ratio", ...
        low, likely, high: the range; all the same where the number is known exactly.
        status: one of :data:`STATUSES`, or "default".
        source: as in the file.
    """

    name: str
    unit: str
    low: float
    likely: float
    high: float
    status: str
    source: str


def entries(content: ScenarioData) -> list[Entry]:
    """Every number of a scenario: parameters in file order, then calendar, levels and overrides.

    >>> from sim import load
    >>> first = entries(load("korea-2017"))[0]
    >>> first.name, first.unit, first.likely
    ('delegations.DPRK', 'tables', 3.0)
    """
    return [*_numbers(content), *_frame(content)]


def declared(source: str) -> str:
    """The status that a source text begins with; empty where it begins with none.

    >>> declared("Record: talks.csv, median gap"), declared("Judgment."), declared("guessed")
    ('record', 'judgement', '')
    """
    first = re.match(r"[a-z-]*", source.strip().lower())
    word = first.group() if first else ""
    word = SPELLINGS.get(word, word)
    return word if word in STATUSES else ""


def source_in_words(status: str, source: str) -> str:
    """A source as it is shown, also where the file gives none.

    >>> source_in_words("judgement", ""), source_in_words("record", "record: talks.csv")
    ('judgement, as no source is given', 'record: talks.csv')
    """
    return source or (NO_SOURCE if status == JUDGEMENT else status)


def counts(statuses: Iterable[str]) -> str:
    """How many numbers have which status, as a sentence.

    >>> counts(["record", "judgement", "record"])
    '3 numbers: 2 record, 1 judgement'
    """
    found = Counter(statuses)
    parts = [f"{found[name]} {name}" for name in (*STATUSES, DEFAULT) if found[name]]
    total = found.total()
    return f"{total} number{'s' * (total != 1)}: {', '.join(parts)}"


def _numbers(content: ScenarioData) -> Iterator[Entry]:
    for parameter in parameters(content).values():
        yield _entry(parameter.path, _unit(parameter), parameter.value, parameter.source)
    unnamed = (one for one in content.influences if not (one.name or quantity_of(one.ratio)))
    for one in unnamed:
        name = f"influences.{one.of.text}-{one.on}.{one.kind}"
        yield _entry(name, f"{one.kind} ratio", one.ratio, one.source)
    for tied in content.correlations:
        name = f"correlations.{'-'.join(tied.between)}"
        yield _entry(name, "rank correlation", tied.rank, tied.source)


def _entry(name: str, unit: str, number: Number, source: str) -> Entry:
    left_out = not source and DEFAULTS.get(name.rpartition(".")[2]) == number
    status = DEFAULT if left_out else declared(source) or JUDGEMENT
    return Entry(name, unit, lowest(number), base_value(number), highest(number), status, source)


def _unit(parameter: Parameter) -> str:
    end = parameter.place.rpartition(".")[2]
    if parameter.place.startswith("delegations."):
        return "tables"
    if parameter.place.startswith("influences."):
        return f"{end} ratio"
    if end in ("sigma", "shape") and parameter.law:
        return "none"
    return {"success": "share", "probability": "share", "weight": "weight", "rate": "a year"}.get(
        end, "days"
    )


# -- what is no number of the file's own: calendar, levels, length --------------------------------


def _frame(content: ScenarioData) -> Iterator[Entry]:
    yield _plain("start", "year", content.start.year, content.source)
    yield _plain("horizon", "days", content.horizon, content.source)
    for condition in content.conditions.values():
        yield from _levels(content, condition)
    for name, stage in content.stages.items():
        yield from _windows(content, name, stage)
    for name, weight in content.utility.items():
        yield _entry(f"utility.{name}", "utility", weight, _weight_source(content, weight))
    for preset in content.presets.values():
        for name, value in preset.overrides.items():
            at = f"presets.{preset.name}.{name}"
            yield _plain(at, "as overridden", value, preset.source)
    for shock in content.shocks.values():
        yield from _dates(content, shock)
    for strategy in content.strategies.values():
        for rule in strategy.rules:
            at = f"strategies.{strategy.name}.rules.{rule.name}.held"
            yield _plain(at, "days", rule.held, rule.source or strategy.source)
        for name, value in strategy.overrides.items():
            at = f"strategies.{strategy.name}.{name}"
            yield _plain(at, "as overridden", value, strategy.source)


def _weight_source(content: ScenarioData, weight: Number) -> str:
    own = weight.source if isinstance(weight, Range) else ""
    return own or content.free_texts.get("utility.source", "")


def _plain(name: str, unit: str, value: float, source: str) -> Entry:
    return _entry(name, unit, float(value), source)


def _levels(content: ScenarioData, one: Condition) -> Iterator[Entry]:
    if one.max != 1:
        yield _plain(f"{one.name}.max", "levels", one.max, one.source)
    if one.initially:
        yield _plain(f"{one.name}.initially", "levels", one.initially, one.source)


def _windows(content: ScenarioData, stage: str, one: Stage) -> Iterator[Entry]:
    for number, window in enumerate(one.window):
        at = f"{stage}.window" + (f"#{number + 1}" if number else "")
        source = window.source or one.source
        yield _plain(f"{at}.from", *_day(window.opens, content.start), source)
        yield _plain(f"{at}.to", *_day(window.closes, content.start), source)


def _dates(content: ScenarioData, one: Shock) -> Iterator[Entry]:
    days: list[MonthDay | dt.date] = [one.yearly] if one.yearly else [*(one.on or ())]
    for number, day in enumerate(days):
        at = f"{one.name}.{'yearly' if one.yearly else 'on'}" + (f"#{number + 1}" if number else "")
        yield _plain(at, *_day(day, content.start), one.source)


def _day(day: MonthDay | dt.date, start: dt.date) -> tuple[str, int]:
    if isinstance(day, MonthDay):
        last = 28 if day.month == 2 else 31  # 29 February is the 28th in a common year
        common = dt.date(2001, day.month, min(day.day, last))
        return "day of a common year", common.timetuple().tm_yday
    return "days from the start", (day - start).days
