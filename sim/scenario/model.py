"""The types that a scenario consists of: tracks, stages, shocks, conditions, strategies, ...

How a file says them stands in :mod:`sim.scenario.format`; whether their names refer to anything is
checked in :mod:`sim.scenario.validation`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from sim.scenario.quantities import Duration, Number, Quantity, fixed, lowest

ABANDON = "abandon"  # as `resume`: the track is given up
TIMINGS = ("rate", "after", "yearly", "on")  # a shock has one of them
KINDS = ("odds", "time", "rate")  # of an influence
FAILURES = ".failures"  # behind "track.stage": how often an attempt at it has failed
MAX_LEVEL = 100


@dataclass(frozen=True, slots=True)
class Literal:
    """One test of a condition.

    ``"x"`` is (x, 1, False), ``"!x"`` is (x, 1, True), ``"x>=2"`` is (x, 2, False).

    Attributes:
        condition: a declared condition, a stage condition ``track.stage``, or the number of failed
            attempts at a stage, ``track.stage.failures``.
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
    """A day of every year; 29 February is the 28th in a common year.

    >>> print(MonthDay(5, 9))
    05-09
    """

    month: int
    day: int

    def __str__(self) -> str:
        """As in a file: MM-DD."""
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days in which an attempt may start; month-days, or dates, not mixed.

    Attributes:
        opens: the first day.
        closes: the last day, included.
    """

    opens: MonthDay | dt.date
    closes: MonthDay | dt.date
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """A completed track waits again at one of its stages."""

    track: str
    stage: str
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a stage (on success), setback or shock does, in this order.

    Attributes:
        clears: conditions that are set to 0.
        lowers: conditions that lose a level.
        raises: conditions that gain a level, twice where they are named twice.
        reopens: completed tracks that wait again.
        resumes: tracks whose delay ends now, unless they are abandoned at its end.
    """

    clears: tuple[str, ...] = ()
    lowers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    reopens: tuple[Reopen, ...] = ()
    resumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback(Effects):
    """A way in which an attempt fails.

    Attributes:
        delay: before the track resumes.
        weight: how likely it is, in proportion to the others that are possible.
        resume: the stage where the track resumes; None for the same one, "abandon" for none.
        when: what must hold for it to be possible.
    """

    name: str
    delay: Duration
    weight: Number = 1.0
    resume: str | None = None
    when: Clauses = ()
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Effects):
    """A step of a track, which is attempted until it succeeds.

    Attributes:
        duration: of one attempt.
        success: probability that an attempt succeeds, before influences.
        needs: what must hold for an attempt to start.
        window: when an attempt may start; any time where empty.
        holds: conditions that are raised while an attempt is in progress.
        setbacks: how an attempt may fail.
    """

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
    """One negotiation channel.

    Attributes:
        stages: one after the other.
        parties: each needs a free delegation during an attempt.
    """

    name: str
    stages: tuple[Stage, ...]
    parties: tuple[str, ...] = ()
    about: str = ""
    source: str = ""

    def place(self, stage: str) -> int | None:
        """The place of a stage in the track, from 0; None where the track has no such stage."""
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
        probability: with which an occurrence takes effect.
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
class DecisionRule(Effects):
    """What a strategy does when something holds; in files an entry of ``rules``.

    Attributes:
        when: what must hold; empty: always.
        held: days for which it must have held without a break.
        opens: tracks whose start rules are waived from then on; one that was left out comes in.
        closes: tracks that are left out, or abandoned once no attempt is in progress.
        repeats: whether it may fire again once `when` has failed.
    """

    name: str
    when: Clauses = ()
    held: float = 0.0
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    repeats: bool = False
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """When each track may start, plus postures, priority, rules and overrides.

    Attributes:
        starts: start rules by track: those of the file and those that ``order`` stands for; a
            track that is not listed starts at once.
        never: tracks that are left out.
        order: groups of tracks, one after the other, as in the file.
        raises: postures, raised on day 0.
        priority: tracks that come first where several could start.
        done: stages that have succeeded before day 0, in place of the scenario's; None: those.
        rules: what it does in answer to events.
        overrides: values by parameter path.
        title: its name for readers, in figures; empty: the words of its name.
    """

    name: str
    starts: Mapping[str, Clauses] = field(default_factory=dict)
    never: tuple[str, ...] = ()
    order: tuple[tuple[str, ...], ...] = ()
    raises: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    done: tuple[str, ...] | None = None
    rules: tuple[DecisionRule, ...] = ()
    overrides: Mapping[str, float] = field(default_factory=dict)
    title: str = ""
    about: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Other values of parameters that a reader may want to try on any strategy."""

    name: str
    overrides: Mapping[str, float] = field(default_factory=dict)
    about: str = ""
    source: str = ""


EVERYTHING_AT_ONCE = Strategy(name="default", about="every track as soon as it may")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Two uncertain parameters, by path, whose draws have this rank correlation."""

    between: tuple[str, ...]
    rank: float
    about: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class ScenarioData:
    """All that a scenario file says.

    Attributes:
        start: day 0.
        horizon: the end of the run, in days.
        goal: the condition that is wanted.
        ruin: the condition that ends the run, or None.
        done: stages that have succeeded before day 0, as ``track.stage``.
        milestones: conditions that are shown beside the goal.
        utility: weights of what a row holds; see :data:`sim.analysis.measures.REGISTRY`.
        presets: sets of overrides by name.
        quantities: numbers and durations that stand in several places, by name.
        delegations: by party, at how many tables it can sit at once.
        free_texts: of tables of names: "delegations.source".
    """

    title: str
    start: dt.date
    horizon: float
    goal: str
    ruin: str | None = None
    milestones: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    delegations: Mapping[str, Number] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    tracks: Mapping[str, Track] = field(default_factory=dict)
    shocks: Mapping[str, Shock] = field(default_factory=dict)
    influences: tuple[Influence, ...] = ()
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    correlations: tuple[Correlation, ...] = ()
    utility: Mapping[str, Number] = field(default_factory=dict)
    presets: Mapping[str, Preset] = field(default_factory=dict)
    about: str = ""
    source: str = ""
    free_texts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def held(self) -> frozenset[str]:
        """Conditions whose level is the number of attempts that hold them."""
        return frozenset(name for stage in self.stages.values() for name in stage.holds)

    @property
    def stages(self) -> dict[str, Stage]:
        """All stages by ``track.stage``, in file order."""
        return {
            f"{track.name}.{stage.name}": stage
            for track in self.tracks.values()
            for stage in track.stages
        }


def done_under(content: ScenarioData, strategy: Strategy) -> tuple[str, ...]:
    """The stages that have succeeded before day 0 under a strategy."""
    return content.done if strategy.done is None else strategy.done


def rule_names(strategies: Iterable[Strategy]) -> tuple[str, ...]:
    """The names of the rules of several strategies, each once; rules of one name share a column.

    >>> rule_names([Strategy(name="a", rules=(DecisionRule(name="call"),)), Strategy(name="b")])
    ('call',)
    """
    return tuple(dict.fromkeys(rule.name for strategy in strategies for rule in strategy.rules))


def clauses_of(content: ScenarioData, strategies: Iterable[Strategy]) -> Iterator[Clauses]:
    """All lists of clauses of a scenario, with those of the rules of these strategies."""
    for stage in content.stages.values():
        yield stage.needs
        yield from (setback.when for setback in stage.setbacks)
    yield from (shock.when for shock in content.shocks.values())
    for strategy in strategies:
        yield from strategy.starts.values()
        yield from (rule.when for rule in strategy.rules)


def failures_read(content: ScenarioData, strategies: Iterable[Strategy]) -> list[str]:
    """Stages whose failures are read by a clause or influence, as ``track.stage``, in file order.

    Args:
        content: the scenario.
        strategies: whose rules count.
    """
    read = {test.condition for rule in clauses_of(content, strategies) for i in rule for test in i}
    read |= {influence.of.condition for influence in content.influences}
    return [name for name in content.stages if name + FAILURES in read]


def distinct_titles(titles: Mapping[str, str]) -> dict[str, str]:
    """Titles by name, without empty ones; a title that occurs twice is followed by the name.

    >>> distinct_titles({"a": "Talks", "b": "Talks", "c": "Pressure", "d": ""})
    {'a': 'Talks (a)', 'b': 'Talks (b)', 'c': 'Pressure'}
    """
    often = Counter(titles.values())
    return {
        name: title if often[title] == 1 else f"{title} ({name})"
        for name, title in titles.items()
        if title
    }
