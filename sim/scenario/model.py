"""The parts of a scenario: what is negotiated, what happens to it, and how a file says so.

First the types, then, at the end of the module, the tables of the file format that they are read
from. Whether names refer to anything is looked at later, in :mod:`sim.consistency`.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sim.scenario.fields import (
    FREE_TEXT,
    NAME,
    Field,
    Flag,
    Json,
    Many,
    Name,
    Named,
    Reader,
    Schemas,
    Table,
    Text,
    Whole,
    is_free_text,
)
from sim.scenario.issues import Place, show
from sim.scenario.quantities import (
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    TABLES,
    Bounds,
    Duration,
    Lasting,
    Number,
    Plain,
    Uncertain,
    fixed,
    lowest,
)

ABANDON = "abandon"  # as `resume`: the track is given up
MAX_LEVEL = 100
MANY = 10**9  # a level in a clause is cut to this: it is above every `max` all the same


@dataclass(frozen=True, slots=True)
class Literal:
    """One test of a condition.

    ``"x"`` is (x, 1, False), ``"!x"`` is (x, 1, True), ``"x>=2"`` is (x, 2, False).

    Attributes:
        condition: a declared condition, or a stage condition ``track.stage``.
        at_least: the level from which it holds (or, negated, below which).
        text: as written.
    """

    condition: str
    at_least: int
    negated: bool
    text: str

    @property
    def per_level(self) -> bool:
        """As `of` of an influence: whether its ratio is taken once for every level."""
        return self.text == self.condition


Clauses: TypeAlias = tuple[tuple[Literal, ...], ...]  # all items; any literal of an item


@dataclass(frozen=True, slots=True, order=True)
class MonthDay:
    """A day of every year; 29 February is the 28th in a common year."""

    month: int
    day: int

    def __str__(self) -> str:
        """As in a file: MM-DD."""
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days in which an attempt may start, both included; month-days, or dates, not mixed."""

    opens: MonthDay | dt.date
    closes: MonthDay | dt.date
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """A completed track waits again at a stage."""

    track: str
    stage: str
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a stage (on success), setback or shock does, in this order."""

    clears: tuple[str, ...] = ()
    lowers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    reopens: tuple[Reopen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback(Effects):
    """A way in which an attempt fails; ``resume`` None is the same stage, "abandon" none."""

    name: str
    delay: Duration
    weight: Number = 1.0
    resume: str | None = None
    when: Clauses = ()
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Effects):
    """A piece of a track that is attempted until it succeeds."""

    name: str
    duration: Duration
    success: Number
    needs: Clauses = ()
    window: tuple[Window, ...] = ()
    holds: tuple[str, ...] = ()
    setbacks: tuple[Setback, ...] = ()
    about: str = ""
    source: str = ""

    @property
    def may_fail(self) -> bool:
        """Whether some draw gives it a chance of success below 1."""
        return lowest(self.success) < 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One negotiation channel; ``parties`` sit at its table during attempts."""

    name: str
    stages: tuple[Stage, ...]
    parties: tuple[str, ...] = ()
    about: str = ""
    source: str = ""

    def place(self, stage: str) -> int | None:
        """The place of a stage in the track, or None."""
        return next((i for i, one in enumerate(self.stages) if one.name == stage), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What a shock does to an attempt in progress on a track, or on one stage of it.

    ``resume`` None is the broken stage, "abandon" gives the track up.
    """

    track: str
    stage: str | None = None
    probability: Number = 1.0
    delay: Duration = fixed(0.0)  # noqa: RUF009  (frozen)
    resume: str | None = None
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock(Effects):
    """An event from outside the tracks; exactly one of rate, after, yearly, on is not None.

    Attributes:
        rate: occurrences a year.
        after: once, after this time.
        yearly: on this day of every year.
        on: on these dates, ascending, each once.
        probability: with which an occurrence really happens.
        when: what must hold for it to happen (and for the clock of an undated one to run).
    """

    name: str
    rate: Number | None = None
    after: Duration | None = None
    yearly: MonthDay | None = None
    on: tuple[dt.date, ...] | None = None
    probability: Number = 1.0
    when: Clauses = ()
    breaks: tuple[Break, ...] = ()
    about: str = ""
    source: str = ""

    @property
    def dated(self) -> bool:
        """Whether it comes at dates, so that no rate ratio can bear on it."""
        return self.yearly is not None or self.on is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """How a condition changes the odds or duration of stages, or the rate of shocks.

    Attributes:
        of: the condition; its ratio is taken once a level, or once while a test holds.
        on: as written: a name or a pattern.
        targets: what `on` names: stages ("track.stage") or undated shocks, in file order.
        kind: "odds", "time" or "rate".
        name: the name by which its ratio can be overridden, or None.
    """

    of: Literal
    on: str
    kind: str
    ratio: Number
    targets: tuple[str, ...] = ()
    name: str | None = None
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A named level from 0 to ``max``; a search may raise a posture on day 0."""

    name: str
    max: int = 1
    initially: int = 0
    fades: Duration | None = None
    posture: bool = False
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """When each track may start, plus postures, priority and overrides.

    Attributes:
        starts: start rules by track: those of the file and those that ``order`` stands for; a
            track that is not listed starts at once.
        never: tracks that are left out.
        order: groups of tracks, one after the other, as in the file.
        raises: postures, raised on day 0.
        priority: tracks that come first where several could start.
        overrides: values by dotted name.
        title: its name for readers, in figures; empty: the words of its name.
    """

    name: str
    starts: Mapping[str, Clauses] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    order: tuple[tuple[str, ...], ...] = ()
    raises: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    overrides: Mapping[str, float] = field(default_factory=dict)
    title: str = ""
    about: str = ""
    source: str = ""


EVERYTHING_AT_ONCE = Strategy(name="default", about="every track as soon as it may")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Two uncertain numbers, by dotted name, whose draws have this rank correlation."""

    between: tuple[str, ...]
    rank: float
    about: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that a scenario file says.

    Attributes:
        start: day 0.
        horizon: the end of the run, in days.
        goal: the condition that is wanted.
        ruin: the condition that ends the run, or None.
        delegations: by party, at how many tables it can sit at once.
        notes: free texts of tables of names: "delegations.source".
    """

    title: str
    start: dt.date
    horizon: float
    goal: str
    ruin: str | None = None
    delegations: Mapping[str, Number] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    tracks: Mapping[str, Track] = field(default_factory=dict)
    shocks: Mapping[str, Shock] = field(default_factory=dict)
    influences: tuple[Influence, ...] = ()
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    correlations: tuple[Correlation, ...] = ()
    about: str = ""
    source: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> dict[str, Stage]:
        """All stages by ``track.stage``, in file order."""
        return {
            f"{track.name}.{stage.name}": stage
            for track in self.tracks.values()
            for stage in track.stages
        }


# -- readers of single values ---------------------------------------------------------------------

_LITERAL = re.compile(rf"(!?)({NAME}(?:\.{NAME})?)(?:>=([0-9]+))?")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MONTH_DAY = r"[0-9]{2}-[0-9]{2}"


class LiteralText(Reader[Literal]):
    """A test of a condition."""

    wanted = '"x", "!x" or "x>=2", where x is a condition or a stage, "track.stage"'

    def read(self, value: object, at: Place) -> Literal:  # noqa: D102
        found = _LITERAL.fullmatch(value) if isinstance(value, str) else None
        if found is None or (found[1] and found[3]):
            raise at.refuse(show(value), self.wanted)
        digits = (found[3] or "1").lstrip("0") or "0"
        level = int(digits) if len(digits) < 10 else MANY
        if level < 1:
            raise at.refuse(f"{show(value)} holds always", "a level of at least 1")
        return Literal(found[2], level, bool(found[1]), found[0])

    def write(self, value: Literal) -> str:  # noqa: D102
        return value.text

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        condition = rf"{NAME}(\.{NAME})?"
        return {"type": "string", "pattern": rf"^(!?{condition}|{condition}>=0*[1-9][0-9]*)$"}


class Item(Reader[tuple[Literal, ...]]):
    """A test, or a list of tests of which one must hold."""

    wanted = f"{LiteralText.wanted}, or a list of those, one of which must hold"

    def __init__(self) -> None:
        self.test = LiteralText()
        self.any_of = Many(self.test, "tests", least=1)

    def read(self, value: object, at: Place) -> tuple[Literal, ...]:  # noqa: D102
        if isinstance(value, str):
            return (self.test.read(value, at),)
        if not isinstance(value, list) or not value:
            raise at.refuse(show(value), self.wanted)
        return self.any_of.read(value, at)

    def write(self, value: tuple[Literal, ...]) -> Any:  # noqa: D102
        return self.any_of.write(value) if len(value) != 1 else self.test.write(value[0])

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"anyOf": [self.test.schema(schemas), self.any_of.schema(schemas)]}


class Date(Reader[dt.date]):
    """A date, bare or in quotes."""

    wanted = "a date, YYYY-MM-DD"

    def read(self, value: object, at: Place) -> dt.date:  # noqa: D102
        if isinstance(value, str) and re.fullmatch(_DATE, value):
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                raise at.refuse(f"{show(value)} is on no calendar", self.wanted) from None
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise at.refuse(show(value), self.wanted)
        return value

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "string", "format": "date", "pattern": f"^{_DATE}$"}


class Dates(Reader[tuple[dt.date, ...]]):
    """A date, or several."""

    wanted = "a date, YYYY-MM-DD, or a list of dates, not empty"

    def __init__(self) -> None:
        self.date = Date()
        self.dates = Many(self.date, "dates", least=1)

    def read(self, value: object, at: Place) -> tuple[dt.date, ...]:  # noqa: D102
        if isinstance(value, list) and value:
            return tuple(sorted(set(self.dates.read(value, at))))
        if isinstance(value, str | dt.date):
            return (self.date.read(value, at),)
        raise at.refuse(show(value), self.wanted)

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"anyOf": [self.date.schema(schemas), self.dates.schema(schemas)]}


class DayOfYear(Reader[MonthDay]):
    """A month and a day."""

    wanted = 'a day of the year in quotes, "MM-DD"'

    def read(self, value: object, at: Place) -> MonthDay:  # noqa: D102
        if not isinstance(value, str) or not re.fullmatch(_MONTH_DAY, value):
            raise at.refuse(show(value), self.wanted)
        month, day = int(value[:2]), int(value[3:])
        if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(2000, month)[1]):
            raise at.refuse(f"{show(value)} is on no calendar", self.wanted)
        return MonthDay(month, day)

    def write(self, value: MonthDay) -> str:  # noqa: D102
        return str(value)

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"type": "string", "pattern": f"^{_MONTH_DAY}$"}


class WindowEnd(Reader[MonthDay | dt.date]):
    """The first or last day of a window."""

    wanted = 'a day of the year, "MM-DD", or a date, YYYY-MM-DD'

    def __init__(self) -> None:
        self.day, self.date = DayOfYear(), Date()

    def read(self, value: object, at: Place) -> MonthDay | dt.date:  # noqa: D102
        if isinstance(value, str) and re.fullmatch(_MONTH_DAY, value):
            return self.day.read(value, at)
        if isinstance(value, dt.date) or (isinstance(value, str) and re.fullmatch(_DATE, value)):
            return self.date.read(value, at)
        raise at.refuse(show(value), self.wanted)

    def write(self, value: MonthDay | dt.date) -> Any:  # noqa: D102
        return str(value) if isinstance(value, MonthDay) else value

    def schema(self, schemas: Schemas) -> Json:  # noqa: D102
        return {"anyOf": [self.day.schema(schemas), self.date.schema(schemas)]}


# -- the tables of the file -----------------------------------------------------------------------


def _spanning(window: Window, at: Place) -> None:
    opens, closes = window.opens, window.closes
    yearly = isinstance(opens, MonthDay)
    if yearly != isinstance(closes, MonthDay):
        at.refuse(f"from {opens} to {closes}", "two days of the year, or two dates")
    elif not yearly and closes < opens:  # type: ignore[operator]
        (at / "to").refuse(f"{closes} is before {opens}", 'a date not before "from"')


def _once(reader: Reader[Any], plural: str) -> Many[Any]:
    return Many(reader, plural, once=True)


_KEY = Text("small letters, digits and _, beginning with a letter", NAME)
_CONDITION = Text("the name of a condition", rf"{NAME}(\.{NAME})?")
_CONDITIONS = Many(_CONDITION, "conditions")
_STAGE = Text("the name of a stage", NAME)
_TRACK = Text("the name of a track", NAME)
_PARTY = Text("letters only", "[A-Za-z]+")
_DOTTED = Text("the dotted name of a number")
_CLAUSES = Many(Item(), "tests, all of which must hold")
_RESUME = Text('the name of a stage of this track, or "abandon"', NAME)
_DELAY = Lasting()
_NO_TIME = fixed(0.0)

WINDOW: Table[Window] = Table(
    "window",
    Window,
    {
        "from": Field(WindowEnd(), "the first day", attribute="opens"),
        "to": Field(WindowEnd(), "the last day, open as well", attribute="closes"),
    },
    check=_spanning,
)
REOPEN: Table[Reopen] = Table(
    "reopening",
    Reopen,
    {
        "track": Field(_TRACK, "a track that may be completed", instead=""),
        "stage": Field(_STAGE, "the stage at which it waits again", instead=""),
    },
)
EFFECTS: dict[str, Field[Any]] = {
    "clears": Field(_CONDITIONS, "conditions set to 0", default=()),
    "lowers": Field(_CONDITIONS, "conditions that lose a level", default=()),
    "raises": Field(_CONDITIONS, "conditions that gain a level", default=()),
    "reopens": Field(Many(REOPEN, "reopenings"), "completed tracks that wait again", default=()),
}
SETBACK: Table[Setback] = Table(
    "setback",
    Setback,
    {
        "name": Field(Name(), "the failure mode", instead=""),
        "weight": Field(Uncertain(NOT_NEGATIVE), "how often, beside the others", default=1.0),
        "delay": Field(_DELAY, "before the track resumes", instead=fixed(1.0)),
        "resume": Field(_RESUME, 'a stage not after this one, or "abandon"', default=None),
        "when": Field(_CLAUSES, "what must hold for it to be possible", default=()),
        **EFFECTS,
    },
)
STAGE: Table[Stage] = Table(
    "stage",
    Stage,
    {
        "name": Field(Name(), instead=""),
        "duration": Field(Lasting(), "of one attempt", instead=fixed(1.0)),
        "success": Field(Uncertain(PROBABILITY), "chance that an attempt succeeds", instead=1.0),
        "needs": Field(_CLAUSES, "what must hold for an attempt to start", default=()),
        "window": Field(
            Many(WINDOW, "windows { from, to }"), "when an attempt may start", default=()
        ),
        "holds": Field(
            _once(_CONDITION, "conditions"), "conditions that an attempt keeps up", default=()
        ),
        **EFFECTS,
        "setbacks": Field(Many(SETBACK, "setbacks"), "how an attempt may fail", default=()),
    },
)
TRACK: Table[Track] = Table(
    "track",
    Track,
    {
        "parties": Field(_once(_PARTY, "parties"), "who sits at its table", default=()),
        "stages": Field(Many(STAGE, "stages", least=1), "one after the other", instead=()),
    },
)


def _break(track: str, **attributes: Any) -> Break:
    name, _, stage = track.partition(".")
    return Break(track=name, stage=stage or None, **attributes)


def _unmade_break(one: Break) -> dict[str, Any]:
    whole = {key: getattr(one, key) for key in ("probability", "delay", "resume", *FREE_TEXT)}
    return whole | {"track": f"{one.track}.{one.stage}" if one.stage else one.track}


BREAK: Table[Break] = Table(
    "break",
    _break,
    {
        "track": Field(
            Text("a track, or a stage as track.stage", rf"{NAME}(\.{NAME})?"),
            "a track, or one stage of it, whose attempts may end",
            instead="",
        ),
        "probability": Field(Uncertain(PROBABILITY), "that it does", default=1.0),
        "delay": Field(_DELAY, "before the track resumes", default=_NO_TIME),
        "resume": Field(_RESUME, 'a stage, or "abandon"; else the broken one', default=None),
    },
    unmake=_unmade_break,
)
TIMINGS = ("rate", "after", "yearly", "on")


def _timed_once(shock: Shock, at: Place) -> None:
    given = [key for key in TIMINGS if getattr(shock, key) is not None]
    if len(given) != 1:
        found = " and ".join(given) if given else "no timing"
        at.refuse(found, "exactly one of rate, after, yearly, on")


SHOCK: Table[Shock] = Table(
    "shock",
    Shock,
    {
        "rate": Field(Uncertain(NOT_NEGATIVE), "occurrences a year", default=None),
        "after": Field(Lasting(), "once, after this time", default=None),
        "yearly": Field(DayOfYear(), "on this day of every year", default=None),
        "on": Field(Dates(), "on this date, or these", default=None),
        "probability": Field(Uncertain(PROBABILITY), "that it really happens", default=1.0),
        "when": Field(_CLAUSES, "what must hold for it to happen", default=()),
        **EFFECTS,
        "breaks": Field(Many(BREAK, "breaks"), "attempts that it may end", default=()),
    },
    check=_timed_once,
    one_of=TIMINGS,
)
KINDS = ("odds", "time", "rate")


def _influence(of: Literal, on: str, **attributes: Any) -> Influence:
    given = [(kind, r) for kind in KINDS if (r := attributes.pop(kind)) is not None]
    kind = " and ".join(kind for kind, _ in given)
    return Influence(of=of, on=on, kind=kind, ratio=given[0][1] if given else 1.0, **attributes)


def _unmade_influence(one: Influence) -> dict[str, Any]:
    whole = {key: getattr(one, key) for key in ("of", "on", "name", *FREE_TEXT)}
    return whole | {kind: one.ratio if kind == one.kind else None for kind in KINDS}


def _one_ratio(influence: Influence, at: Place) -> None:
    if influence.kind not in KINDS:
        at.refuse(influence.kind or "no ratio", "exactly one of odds, time, rate")


INFLUENCE: Table[Influence] = Table(
    "influence",
    _influence,
    {
        "name": Field(Name(), "needed where it is ranged or overridden", default=None),
        "of": Field(LiteralText(), "the condition"),
        "on": Field(
            Text('a stage "track.stage", a shock, or a pattern with *', "[a-z0-9_.*]+"),
            "a stage, a shock, or a pattern in which * stands for any characters",
            instead="",
        ),
        "odds": Field(Uncertain(POSITIVE), "ratio of a stage's odds of success", default=None),
        "time": Field(Uncertain(POSITIVE), "ratio of a stage's duration", default=None),
        "rate": Field(Uncertain(POSITIVE), "ratio of a shock's rate", default=None),
    },
    check=_one_ratio,
    one_of=KINDS,
    unmake=_unmade_influence,
    naming="an influence",
)


def _within_max(condition: Condition, at: Place) -> None:
    if condition.initially > condition.max:
        (at / "initially").refuse(
            str(condition.initially), f"a whole number from 0 to its max, {condition.max}"
        )


CONDITION: Table[Condition] = Table(
    "condition",
    Condition,
    {
        "max": Field(Whole(1, MAX_LEVEL), "the highest level", default=1),
        "initially": Field(Whole(0, MAX_LEVEL), "the level on day 0", default=0),
        "fades": Field(Lasting(), "until a level is lost", default=None),
        "posture": Field(Flag(), "whether search may raise it at the start", default=False),
    },
    check=_within_max,
)


def _unmade_strategy(one: Strategy) -> dict[str, Any]:
    ordered = {track for group in one.order for track in group}
    own = {track: clauses for track, clauses in one.starts.items() if track not in ordered}
    keys = ("never", "order", "raises", "priority", "overrides", "title", *FREE_TEXT)
    return {key: getattr(one, key) for key in keys} | {"starts": own}


def distinct_titles(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles by name, without empty ones; a title that occurs twice is followed by the name."""
    often = Counter(titles.values())
    return {
        name: title if often[title] == 1 else f"{title} ({name})"
        for name, title in titles.items()
        if title
    }


MOST_LETTERS = 100
TITLE = Text(f"1 to {MOST_LETTERS} letters in one line", f"[^\\x00-\\x1f]{{1,{MOST_LETTERS}}}")
"""The name of a strategy for readers."""

STRATEGY: Table[Strategy] = Table(
    "strategy",
    Strategy,
    {
        "starts": Field(
            Named(_CLAUSES, _KEY, "start rules by track"), "what each track waits for", default={}
        ),
        "never": Field(_once(_TRACK, "tracks"), "tracks left out", default=()),
        "order": Field(
            Many(Many(_TRACK, "tracks", least=1), "groups of tracks"),
            "groups of tracks, one after the other",
            default=(),
        ),
        "raises": Field(_CONDITIONS, "postures, raised at the start", default=()),
        "priority": Field(_once(_TRACK, "tracks"), "tracks that come first", default=()),
        "overrides": Field(
            Named(Plain(), _DOTTED, "numbers by dotted name"), "other values", default={}
        ),
        "title": Field(TITLE, "its name for readers, in figures", default=""),
    },
    unmake=_unmade_strategy,
)


def _inside(correlation: Correlation, at: Place) -> None:
    if abs(correlation.rank) == 1:
        (at / "rank").refuse(f"{correlation.rank:g}", "a number between -1 and 1")


CORRELATION: Table[Correlation] = Table(
    "correlation",
    Correlation,
    {
        "between": Field(
            Many(_DOTTED, "dotted names of numbers", exactly=2), "two ranged numbers", instead=()
        ),
        "rank": Field(Plain(Bounds(-1, 1)), "Spearman's, between -1 and 1", instead=0.0),
    },
    check=_inside,
)

_ENTITY = Name()
_TABLES_OF_NAMES = ("delegations", "conditions", "tracks", "shocks", "strategies")

FIELDS: dict[str, Field[Any]] = {
    "title": Field(Text(), "what the scenario is called", instead=""),
    "start": Field(Date(), "day 0", instead=dt.date(2000, 1, 1)),
    "horizon": Field(Plain(POSITIVE), "days until the end of the run", instead=1.0),
    "goal": Field(Text("the name of a condition", NAME), "what is wanted", instead=""),
    "ruin": Field(Text("the name of a condition", NAME), "what ends the run", default=None),
    "delegations": Field(
        Named(Uncertain(TABLES), _PARTY, "parties"),
        "tables that a party can sit at at once",
        default={},
    ),
    "conditions": Field(Named(CONDITION, _ENTITY, "conditions", named=True), instead={}),
    "tracks": Field(Named(TRACK, _ENTITY, "tracks", named=True), default={}),
    "shocks": Field(Named(SHOCK, _ENTITY, "shocks", named=True), default={}),
    "influences": Field(Many(INFLUENCE, "influences"), default=()),
    "correlations": Field(
        Many(CORRELATION, "correlations"), "between uncertain numbers", default=()
    ),
    "strategies": Field(Named(STRATEGY, _ENTITY, "strategies", named=True), default={}),
}


class _Scenario(Table[Content]):
    """The whole file. Free texts inside tables of names are kept as notes."""

    def read(self, value: object, at: Place, **given: Any) -> Content:
        notes = {}
        for key in _TABLES_OF_NAMES:
            table = value.get(key) if isinstance(value, dict) else None
            for free, text in table.items() if isinstance(table, dict) else ():
                if is_free_text(free, text):
                    notes[f"{key}.{free}"] = text
        return super().read(value, at, notes=notes)

    def write(self, value: Content) -> dict[str, Any]:
        table = super().write(value)
        for dotted, text in value.notes.items():
            key, free = dotted.split(".")
            table[key] = {free: text} | table.get(key, {})
        return table


SCENARIO = _Scenario("scenario", Content, FIELDS)


def schema() -> Json:
    """The format of a scenario file as JSON Schema (dates as texts YYYY-MM-DD).

    A file that extends another one may leave out whatever the other one says.
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
