"""The scenario file: what may stand at each place of it, as readers and tables of fields.

A reader turns a value of a TOML document into a part of the model, and back; together they give
the JSON Schema of the file. Names are only checked for their form here; whether they refer to
anything is checked in :mod:`sim.scenario.validation`.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any

from sim.scenario.fields import (
    FREE_TEXT,
    NAME,
    Field,
    Flag,
    Json,
    ListOf,
    MappingOf,
    Name,
    Reader,
    Schemas,
    TableReader,
    Text,
    WholeNumber,
    is_free_text,
)
from sim.scenario.issues import Location, show
from sim.scenario.model import (
    FAILURES,
    KINDS,
    MAX_LEVEL,
    TIMINGS,
    Break,
    Condition,
    Correlation,
    DecisionRule,
    Influence,
    Literal,
    MonthDay,
    Preset,
    Reopen,
    ScenarioData,
    Setback,
    Shock,
    Stage,
    Strategy,
    Track,
    Window,
)
from sim.scenario.quantities import (
    ANY,
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    TABLES,
    Bounds,
    DurationReader,
    PlainNumber,
    QuantitiesReader,
    QuantityReader,
    UncertainNumber,
    fixed,
)

MAX_WRITTEN = 10**9  # a level in a clause is cut to this, which is above every `max`

# -- readers of single values ---------------------------------------------------------------------

_LITERAL = re.compile(rf"(!?)({NAME}(?:\.{NAME}(?:\{FAILURES})?)?)(?:>=([0-9]+))?")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MONTH_DAY = r"[0-9]{2}-[0-9]{2}"


class LiteralReader(Reader[Literal]):
    """A test of a condition."""

    wanted = (
        '"x", "!x" or "x>=2", where x is a condition, a stage, "track.stage", or '
        'its failures, "track.stage.failures"'
    )

    def read(self, value: object, at: Location) -> Literal:
        found = _LITERAL.fullmatch(value) if isinstance(value, str) else None
        if found is None or (found[1] and found[3]):
            raise at.invalid(show(value), self.wanted)
        digits = (found[3] or "1").lstrip("0") or "0"
        level = int(digits) if len(digits) < 10 else MAX_WRITTEN
        if level < 1:
            raise at.invalid(f"{show(value)} holds always", "a level of at least 1")
        return Literal(found[2], level, bool(found[1]), found[0])

    def write(self, value: Literal) -> str:
        return value.text

    def schema(self, schemas: Schemas) -> Json:
        condition = rf"{NAME}(\.{NAME}(\{FAILURES})?)?"
        return {"type": "string", "pattern": rf"^(!?{condition}|{condition}>=0*[1-9][0-9]*)$"}


class Alternatives(Reader[tuple[Literal, ...]]):
    """A test, or a list of tests of which one must hold."""

    wanted = f"{LiteralReader.wanted}, or a list of those, one of which must hold"

    def __init__(self) -> None:
        self.test = LiteralReader()
        self.any_of = ListOf(self.test, "tests", least=1)

    def read(self, value: object, at: Location) -> tuple[Literal, ...]:
        if isinstance(value, str):
            return (self.test.read(value, at),)
        if not isinstance(value, list) or not value:
            raise at.invalid(show(value), self.wanted)
        return self.any_of.read(value, at)

    def write(self, value: tuple[Literal, ...]) -> Any:
        return self.any_of.write(value) if len(value) != 1 else self.test.write(value[0])

    def schema(self, schemas: Schemas) -> Json:
        return {"anyOf": [self.test.schema(schemas), self.any_of.schema(schemas)]}


class Date(Reader[dt.date]):
    """A date, bare or in quotes."""

    wanted = "a date, YYYY-MM-DD"

    def read(self, value: object, at: Location) -> dt.date:
        if isinstance(value, str) and re.fullmatch(_DATE, value):
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                raise at.invalid(f"{show(value)} is on no calendar", self.wanted) from None
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise at.invalid(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "string", "format": "date", "pattern": f"^{_DATE}$"}


class Dates(Reader[tuple[dt.date, ...]]):
    """A date, or several."""

    wanted = "a date, YYYY-MM-DD, or a list of dates, not empty"

    def __init__(self) -> None:
        self.date = Date()
        self.dates = ListOf(self.date, "dates", least=1)

    def read(self, value: object, at: Location) -> tuple[dt.date, ...]:
        if isinstance(value, list) and value:
            return tuple(sorted(set(self.dates.read(value, at))))
        if isinstance(value, str | dt.date):
            return (self.date.read(value, at),)
        raise at.invalid(show(value), self.wanted)

    def schema(self, schemas: Schemas) -> Json:
        return {"anyOf": [self.date.schema(schemas), self.dates.schema(schemas)]}


class DayOfYear(Reader[MonthDay]):
    """A month and a day."""

    wanted = 'a day of the year in quotes, "MM-DD"'

    def read(self, value: object, at: Location) -> MonthDay:
        if not isinstance(value, str) or not re.fullmatch(_MONTH_DAY, value):
            raise at.invalid(show(value), self.wanted)
        month, day = int(value[:2]), int(value[3:])
        if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(2000, month)[1]):
            raise at.invalid(f"{show(value)} is on no calendar", self.wanted)
        return MonthDay(month, day)

    def write(self, value: MonthDay) -> str:
        return str(value)

    def schema(self, schemas: Schemas) -> Json:
        return {"type": "string", "pattern": f"^{_MONTH_DAY}$"}


class WindowEnd(Reader[MonthDay | dt.date]):
    """The first or last day of a window."""

    wanted = 'a day of the year, "MM-DD", or a date, YYYY-MM-DD'

    def __init__(self) -> None:
        self.day, self.date = DayOfYear(), Date()

    def read(self, value: object, at: Location) -> MonthDay | dt.date:
        if isinstance(value, str) and re.fullmatch(_MONTH_DAY, value):
            return self.day.read(value, at)
        if isinstance(value, dt.date) or (isinstance(value, str) and re.fullmatch(_DATE, value)):
            return self.date.read(value, at)
        raise at.invalid(show(value), self.wanted)

    def write(self, value: MonthDay | dt.date) -> Any:
        return str(value) if isinstance(value, MonthDay) else value

    def schema(self, schemas: Schemas) -> Json:
        return {"anyOf": [self.day.schema(schemas), self.date.schema(schemas)]}


# -- the tables of the file -----------------------------------------------------------------------


def _spanning(window: Window, at: Location) -> None:
    opens, closes = window.opens, window.closes
    yearly = isinstance(opens, MonthDay)
    if yearly != isinstance(closes, MonthDay):
        at.invalid(f"from {opens} to {closes}", "two days of the year, or two dates")
    elif not yearly and closes < opens:  # type: ignore[operator]
        (at / "to").invalid(f"{closes} is before {opens}", 'a date not before "from"')


def _once(reader: Reader[Any], plural: str) -> ListOf[Any]:
    return ListOf(reader, plural, once=True)


_KEY = Text("small letters, digits and _, beginning with a letter", NAME)
_CONDITION = Text("the name of a condition", rf"{NAME}(\.{NAME})?")
_CONDITIONS = ListOf(_CONDITION, "conditions")
_STAGE = Text("the name of a stage", NAME)
_TRACK = Text("the name of a track", NAME)
_STAGE_CONDITION = Text('a stage, "track.stage"', rf"{NAME}\.{NAME}")
_PARTY = Text("letters only", "[A-Za-z]+")
_PATH = Text("the path of a parameter")
_CLAUSES = ListOf(Alternatives(), "tests, all of which must hold")
_RESUME = Text('the name of a stage of this track, or "abandon"', NAME)
_DELAY = DurationReader()
_NO_TIME = fixed(0.0)

WINDOW: TableReader[Window] = TableReader(
    "window",
    Window,
    {
        "from": Field(WindowEnd(), "the first day", attribute="opens"),
        "to": Field(WindowEnd(), "the last day, open as well", attribute="closes"),
    },
    check=_spanning,
)
REOPEN: TableReader[Reopen] = TableReader(
    "reopening",
    Reopen,
    {
        "track": Field(_TRACK, "a track that may be completed", fallback=""),
        "stage": Field(_STAGE, "the stage at which it waits again", fallback=""),
    },
)
EFFECTS: dict[str, Field[Any]] = {
    "clears": Field(_CONDITIONS, "conditions set to 0", default=()),
    "lowers": Field(_CONDITIONS, "conditions that lose a level", default=()),
    "raises": Field(_CONDITIONS, "conditions that gain a level", default=()),
    "reopens": Field(ListOf(REOPEN, "reopenings"), "completed tracks that wait again", default=()),
    "resumes": Field(ListOf(_TRACK, "tracks"), "tracks whose delay ends now", default=()),
}
SETBACK: TableReader[Setback] = TableReader(
    "setback",
    Setback,
    {
        "name": Field(Name(), "the failure mode", fallback=""),
        "weight": Field(UncertainNumber(NOT_NEGATIVE), "how often, beside the others", default=1.0),
        "delay": Field(_DELAY, "before the track resumes", fallback=fixed(1.0)),
        "resume": Field(_RESUME, 'a stage not after this one, or "abandon"', default=None),
        "when": Field(_CLAUSES, "what must hold for it to be possible", default=()),
        **EFFECTS,
    },
)
STAGE: TableReader[Stage] = TableReader(
    "stage",
    Stage,
    {
        "name": Field(Name(), fallback=""),
        "duration": Field(DurationReader(), "of one attempt", fallback=fixed(1.0)),
        "success": Field(
            UncertainNumber(PROBABILITY), "chance that an attempt succeeds", fallback=1.0
        ),
        "needs": Field(_CLAUSES, "what must hold for an attempt to start", default=()),
        "window": Field(
            ListOf(WINDOW, "windows { from, to }"), "when an attempt may start", default=()
        ),
        "holds": Field(
            _once(_CONDITION, "conditions"), "conditions that an attempt keeps up", default=()
        ),
        **EFFECTS,
        "setbacks": Field(ListOf(SETBACK, "setbacks"), "how an attempt may fail", default=()),
    },
)
TRACK: TableReader[Track] = TableReader(
    "track",
    Track,
    {
        "parties": Field(_once(_PARTY, "parties"), "whose delegations negotiate on it", default=()),
        "stages": Field(ListOf(STAGE, "stages", least=1), "one after the other", fallback=()),
    },
)


def _break(track: str, **attributes: Any) -> Break:
    name, _, stage = track.partition(".")
    return Break(track=name, stage=stage or None, **attributes)


def _unmade_break(one: Break) -> dict[str, Any]:
    whole = {key: getattr(one, key) for key in ("probability", "delay", "resume", *FREE_TEXT)}
    return whole | {"track": f"{one.track}.{one.stage}" if one.stage else one.track}


BREAK: TableReader[Break] = TableReader(
    "break",
    _break,
    {
        "track": Field(
            Text("a track, or a stage as track.stage", rf"{NAME}(\.{NAME})?"),
            "a track, or one stage of it, whose attempts may end",
            fallback="",
        ),
        "probability": Field(UncertainNumber(PROBABILITY), "that it does", default=1.0),
        "delay": Field(_DELAY, "before the track resumes", default=_NO_TIME),
        "resume": Field(_RESUME, 'a stage, or "abandon"; else the broken one', default=None),
    },
    unmake=_unmade_break,
)


def _timed_once(shock: Shock, at: Location) -> None:
    given = [key for key in TIMINGS if getattr(shock, key) is not None]
    if len(given) != 1:
        found = " and ".join(given) if given else "no timing"
        at.invalid(found, "exactly one of rate, after, yearly, on")


SHOCK: TableReader[Shock] = TableReader(
    "shock",
    Shock,
    {
        "rate": Field(UncertainNumber(NOT_NEGATIVE), "occurrences a year", default=None),
        "after": Field(DurationReader(), "once, after this time", default=None),
        "yearly": Field(DayOfYear(), "on this day of every year", default=None),
        "on": Field(Dates(), "on this date, or these", default=None),
        "probability": Field(UncertainNumber(PROBABILITY), "that it takes effect", default=1.0),
        "when": Field(_CLAUSES, "what must hold for it to happen", default=()),
        **EFFECTS,
        "breaks": Field(ListOf(BREAK, "breaks"), "attempts that it may end", default=()),
    },
    check=_timed_once,
    one_of=TIMINGS,
)


def _influence(of: Literal, on: str, **attributes: Any) -> Influence:
    given = [(kind, r) for kind in KINDS if (r := attributes.pop(kind)) is not None]
    kind = " and ".join(kind for kind, _ in given)
    return Influence(of=of, on=on, kind=kind, ratio=given[0][1] if given else 1.0, **attributes)


def _unmade_influence(one: Influence) -> dict[str, Any]:
    whole = {key: getattr(one, key) for key in ("of", "on", "name", *FREE_TEXT)}
    return whole | {kind: one.ratio if kind == one.kind else None for kind in KINDS}


def _one_ratio(influence: Influence, at: Location) -> None:
    if influence.kind not in KINDS:
        at.invalid(influence.kind or "no ratio", "exactly one of odds, time, rate")


INFLUENCE: TableReader[Influence] = TableReader(
    "influence",
    _influence,
    {
        "name": Field(Name(), "needed where it is ranged or overridden", default=None),
        "of": Field(LiteralReader(), "the condition"),
        "on": Field(
            Text('a stage "track.stage", a shock, or a pattern with *', "[a-z0-9_.*]+"),
            "a stage, a shock, or a pattern in which * stands for any characters",
            fallback="",
        ),
        "odds": Field(
            UncertainNumber(POSITIVE), "ratio of a stage's odds of success", default=None
        ),
        "time": Field(UncertainNumber(POSITIVE), "ratio of a stage's duration", default=None),
        "rate": Field(UncertainNumber(POSITIVE), "ratio of a shock's rate", default=None),
    },
    check=_one_ratio,
    one_of=KINDS,
    unmake=_unmade_influence,
    naming="an influence",
)


def _within_max(condition: Condition, at: Location) -> None:
    if condition.initially > condition.max:
        (at / "initially").invalid(
            str(condition.initially), f"a whole number from 0 to its max, {condition.max}"
        )


CONDITION: TableReader[Condition] = TableReader(
    "condition",
    Condition,
    {
        "max": Field(WholeNumber(1, MAX_LEVEL), "the highest level", default=1),
        "initially": Field(WholeNumber(0, MAX_LEVEL), "the level on day 0", default=0),
        "fades": Field(DurationReader(), "until a level is lost", default=None),
        "posture": Field(Flag(), "whether search may raise it at the start", default=False),
    },
    check=_within_max,
)


def _unmade_strategy(one: Strategy) -> dict[str, Any]:
    ordered = {track for group in one.order for track in group}
    own = {track: clauses for track, clauses in one.starts.items() if track not in ordered}
    keys = (
        "never", "order", "raises", "priority", "done", "rules", "overrides", "title", *FREE_TEXT
    )  # fmt: skip
    return {key: getattr(one, key) for key in keys} | {"starts": own}


RULE: TableReader[DecisionRule] = TableReader(
    "rule",
    DecisionRule,
    {
        "name": Field(Name(), "its column is first_rule.NAME", fallback=""),
        "when": Field(_CLAUSES, "what must hold; empty: always", default=()),
        "held": Field(
            PlainNumber(NOT_NEGATIVE), "days for which it must have held unbroken", default=0.0
        ),
        **EFFECTS,
        "closes": Field(_once(_TRACK, "tracks"), "tracks that are given up", default=()),
        "opens": Field(_once(_TRACK, "tracks"), "tracks whose start rules are waived", default=()),
        "repeats": Field(Flag(), "whether it may fire again", default=False),
    },
)

MOST_LETTERS = 100
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
TITLE = Text(
    f"1 to {MOST_LETTERS} letters in one line, not all of them spaces",
    rf"(?=.*\S)[^{_CONTROLS}]{{1,{MOST_LETTERS}}}",
)
"""The name of a strategy for readers."""

STRATEGY: TableReader[Strategy] = TableReader(
    "strategy",
    Strategy,
    {
        "starts": Field(
            MappingOf(_CLAUSES, _KEY, "start rules by track"),
            "what each track waits for",
            default={},
        ),
        "never": Field(_once(_TRACK, "tracks"), "tracks left out", default=()),
        "order": Field(
            ListOf(ListOf(_TRACK, "tracks", least=1), "groups of tracks"),
            "groups of tracks, one after the other",
            default=(),
        ),
        "raises": Field(_CONDITIONS, "postures, raised at the start", default=()),
        "priority": Field(_once(_TRACK, "tracks"), "tracks that come first", default=()),
        "done": Field(
            _once(_STAGE_CONDITION, "stages"),
            "stages that have succeeded before day 0, in place of the scenario's",
            default=None,
        ),
        "rules": Field(ListOf(RULE, "rules"), "what it does in answer to events", default=()),
        "overrides": Field(
            MappingOf(PlainNumber(), _PATH, "numbers by parameter path"), "other values", default={}
        ),
        "title": Field(TITLE, "its name for readers, in figures", default=""),
    },
    unmake=_unmade_strategy,
)


PRESET: TableReader[Preset] = TableReader(
    "preset",
    Preset,
    {
        "overrides": Field(
            MappingOf(PlainNumber(), _PATH, "numbers by parameter path"),
            "values to try on any strategy",
            fallback={},
        ),
    },
)


def _inside(correlation: Correlation, at: Location) -> None:
    if abs(correlation.rank) == 1:
        (at / "rank").invalid(f"{correlation.rank:g}", "a number between -1 and 1")


CORRELATION: TableReader[Correlation] = TableReader(
    "correlation",
    Correlation,
    {
        "between": Field(
            ListOf(_PATH, "parameter paths", exactly=2), "two uncertain parameters", fallback=()
        ),
        "rank": Field(PlainNumber(Bounds(-1, 1)), "Spearman's, between -1 and 1", fallback=0.0),
    },
    check=_inside,
)

_ENTITY = Name()
_WEIGHED = Text(
    "reached, days_without, a condition, a stage, or a column held_* or n_*", rf"{NAME}(\.{NAME})?"
)
_TABLES_OF_NAMES = (
    "quantities", "delegations", "conditions", "tracks", "shocks", "utility", "presets",
    "strategies",
)  # fmt: skip

FIELDS: dict[str, Field[Any]] = {
    "title": Field(Text(), "what the scenario is called", fallback=""),
    "start": Field(Date(), "day 0", fallback=dt.date(2000, 1, 1)),
    "horizon": Field(PlainNumber(POSITIVE), "days until the end of the run", fallback=1.0),
    "goal": Field(Text("the name of a condition", NAME), "what is wanted", fallback=""),
    "ruin": Field(Text("the name of a condition", NAME), "what ends the run", default=None),
    "milestones": Field(
        _once(_CONDITION, "conditions"), "endpoints that are shown beside the goal", default=()
    ),
    "done": Field(
        _once(_STAGE_CONDITION, "stages"), "stages that have succeeded before day 0", default=()
    ),
    "quantities": Field(
        QuantitiesReader(QuantityReader(), _ENTITY, "numbers and durations by name"),
        "numbers and durations that stand in several places",
        default={},
    ),
    "delegations": Field(
        MappingOf(UncertainNumber(TABLES), _PARTY, "parties"),
        "tables that a party can sit at at once",
        default={},
    ),
    "conditions": Field(MappingOf(CONDITION, _ENTITY, "conditions", named=True), fallback={}),
    "tracks": Field(MappingOf(TRACK, _ENTITY, "tracks", named=True), default={}),
    "shocks": Field(MappingOf(SHOCK, _ENTITY, "shocks", named=True), default={}),
    "influences": Field(ListOf(INFLUENCE, "influences"), default=()),
    "correlations": Field(
        ListOf(CORRELATION, "correlations"), "between uncertain numbers", default=()
    ),
    "utility": Field(
        MappingOf(UncertainNumber(ANY), _WEIGHED, "weights of what happened"),
        "weights whose sum is the measure `utility`",
        default={},
    ),
    "presets": Field(
        MappingOf(PRESET, _ENTITY, "presets", named=True),
        "values to try on any strategy",
        default={},
    ),
    "strategies": Field(MappingOf(STRATEGY, _ENTITY, "strategies", named=True), default={}),
}


class _Scenario(TableReader[ScenarioData]):
    """The whole file; free texts inside tables of names are kept."""

    def read(self, value: object, at: Location, **given: Any) -> ScenarioData:
        free_texts = {}
        for key in _TABLES_OF_NAMES:
            table = value.get(key) if isinstance(value, dict) else None
            for free, text in table.items() if isinstance(table, dict) else ():
                if is_free_text(free, text):
                    free_texts[f"{key}.{free}"] = text
        return super().read(value, at, free_texts=free_texts)

    def write(self, value: ScenarioData) -> dict[str, Any]:
        table = super().write(value)
        for path, text in value.free_texts.items():
            key, free = path.split(".")
            table[key] = {free: text} | table.get(key, {})
        return table


SCENARIO = _Scenario("scenario", ScenarioData, FIELDS)


def schema() -> Json:
    """The format of a scenario file as JSON Schema (dates as texts YYYY-MM-DD).

    A file that extends another one may leave out what the other file gives.
    """
    whole, part = Schemas(), Schemas(partial=True)
    root = SCENARIO.schema(whole)
    extending = SCENARIO.schema(part)
    source = {"type": "string", "description": "a catalog name, or a path beside this file"}
    part.definitions["scenario_extension"]["properties"]["extends"] = source
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Detente scenario",
        "if": {"required": ["extends"]},
        "then": extending,
        "else": root,
        "$defs": whole.definitions | part.definitions,
    }
