"""What is negotiated: a scenario, loaded from TOML, checked, overridden, described.

The types of its parts stand in :mod:`sim.scenario.model` and :mod:`sim.scenario.quantities`, the
format of the file in :mod:`sim.scenario.format`.

>>> scenario = load("korea-2017").strategy("proposal")
>>> scenario.override({"us_dprk.contact.success": 0.3}).tracks["us_dprk"].stages[0].success
0.3
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.errors import Issue, ScenarioError, unknown
from sim.scenario import description, linting, loading, summary, variants
from sim.scenario.format import SCENARIO, schema
from sim.scenario.issues import Invalid, Location, Report
from sim.scenario.loading import (
    Document,
    Origin,
    catalog,
    catalog_hint,
    extended,
    failed,
    find,
    parse,
    text_of,
    toml,
    with_strategies,
)
from sim.scenario.model import (
    ABANDON,
    EVERYTHING_AT_ONCE,
    Break,
    Clauses,
    Condition,
    Correlation,
    Effects,
    Influence,
    Literal,
    MonthDay,
    Reopen,
    ScenarioData,
    Setback,
    Shock,
    Stage,
    Strategy,
    Track,
    Window,
    distinct_titles,
)
from sim.scenario.parameters import Parameter, overridden, parameters, revised
from sim.scenario.quantities import (
    Duration,
    Number,
    PlainNumber,
    Range,
    base_value,
    fixed,
    highest,
    lowest,
)
from sim.scenario.validation import check_overrides, check_standing, complete

__all__ = [
    "ABANDON",
    "Break",
    "Clauses",
    "Condition",
    "Correlation",
    "Duration",
    "Effects",
    "Influence",
    "Literal",
    "MonthDay",
    "Number",
    "Range",
    "Reopen",
    "Scenario",
    "Setback",
    "Shock",
    "Stage",
    "Strategy",
    "Track",
    "Window",
    "base_value",
    "catalog",
    "check",
    "fixed",
    "highest",
    "load",
    "loads",
    "lowest",
    "schema",
]


@dataclass(frozen=True, kw_only=True, repr=False)
class Scenario(ScenarioData):
    """A valid scenario; whatever changes it returns a new one.

    Attributes:
        name: catalog name, or the stem of the file.
        file: where it came from.
        chosen: the strategy that it runs with; "default", everything at once, where none is chosen.

    Example:
        >>> import sim
        >>> scenario = sim.load("korea-2017")
        >>> list(scenario.tracks)[:2], len(scenario.strategies)
        (['us_dprk', 'north_south'], 9)
        >>> scenario.override({"missile_test.rate": 24}).shocks["missile_test"].rate
        24.0
    """

    name: str
    file: str = field(default="", compare=False)
    chosen: Strategy = EVERYTHING_AT_ONCE
    _unchosen: Scenario | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return summary.text_of(self)

    def _repr_html_(self) -> str:
        return summary.html_of(self)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the strategies that have one, by name; no two are alike."""
        return distinct_titles({one.name: one.title for one in self.strategies.values()})

    @cached_property
    def text(self) -> str:
        """The scenario as TOML, as it stands: extended, overridden, in one canonical way."""
        return toml(SCENARIO.write(self))

    @cached_property
    def hash(self) -> str:
        """Identifies the content: 32 hexadecimal digits of a hash of `text`."""
        return _digest(self.text)

    @cached_property
    def pieces(self) -> tuple[str, dict[str, str]]:
        """A hash of everything but the strategies, and the TOML of each strategy by name.

        So a results folder can tell whether only strategies were added.
        """
        document = SCENARIO.write(self)
        strategies = document.pop("strategies", {})
        texts = {name: toml({"strategies": {name: one}}) for name, one in strategies.items()}
        return _digest(toml(document)), texts

    def strategy(self, name: str) -> Scenario:
        """The scenario with a strategy chosen and its overrides applied.

        An earlier choice is undone. "default" is every track at once, unless the file declares
        one of that name.

        Raises:
            ScenarioError: no strategy has this name.
        """
        base = self._unchosen or self
        chosen = base.strategies.get(name)
        if chosen is None:
            if name != EVERYTHING_AT_ONCE.name:
                raise ScenarioError([self._no_strategy(name)])
            chosen = EVERYTHING_AT_ONCE
        return replace(base.override(chosen.overrides), chosen=chosen, _unchosen=base)

    def _no_strategy(self, name: str) -> Issue:
        names = list(self.strategies) or [EVERYTHING_AT_ONCE.name]
        return Issue(self.file or self.name, "strategies", unknown("strategy", name, names))

    def with_strategy(
        self,
        name: str,
        *,
        like: str | None = None,
        title: str | None = None,
        about: str | None = None,
        starts: Mapping[str, Sequence[str | Sequence[str]]] | None = None,
        never: Sequence[str] | None = None,
        order: Sequence[Sequence[str]] | None = None,
        raises: Sequence[str] | None = None,
        priority: Sequence[str] | None = None,
        overrides: Mapping[str, float] | None = None,
        done: Sequence[str] | None = None,
        rules: Sequence[Mapping[str, Any]] | None = None,
    ) -> Scenario:
        """The scenario with a strategy of one's own; it replaces one of that name.

        Args:
            name: as in a file: letters, digits and underscores.
            like: a strategy whose keys it has where they are not given.
            title, about, starts, never, order, raises, priority, overrides, done, rules: as in a
                file.

        Returns:
            A scenario in which no strategy is chosen.

        Raises:
            ScenarioError: what is given is invalid, every issue at once.
            InputError: no strategy is called ``like``.

        Example:
            >>> import sim
            >>> scenario = sim.load("korea-2017").with_strategy(
            ...     "envoy_first", like="proposal", starts={"ministerial": ["moratorium>=1"]}
            ... )
            >>> scenario.strategies["envoy_first"].never
            ('bilateral',)
        """
        base = self._unchosen or self
        given = {
            "title": title,
            "about": about,
            "starts": starts,
            "never": never,
            "order": order,
            "raises": raises,
            "priority": priority,
            "overrides": None if overrides is None else variants.paths_of(base, overrides),
            "done": done,
            "rules": rules,
        }
        document = variants.document_with_strategy(base, name, like, given)
        origin, at = Origin(base.file or base.name), ("strategies", name)
        origin.marks[at] = ("with_strategy", at)
        return _built(document, origin, base)

    def without(self, *names: str) -> Scenario:
        """The scenario without the effect of shocks, setbacks or influences; strategies kept.

        A shock does not happen (its probability is 0), a setback is never drawn (its weight is 0),
        an influence changes nothing (its ratio is 1), whatever strategies say of them. Random
        numbers are the same, so that replications stay paired.

        Args:
            names: of shocks, of influences, or ``track.stage.setback``.

        Raises:
            InputError: no shock, setback or named influence has this name.

        Example:
            >>> import sim
            >>> calm = sim.load("korea-2017").without("war", "missile_test")
            >>> sim.run(calm, "proposal", replications=20).frame["n_missile_test"].sum()
            0
        """
        return variants.without(self, names)

    def override(self, values: Mapping[str, float]) -> Scenario:
        """The scenario with other values of some parameters, which are then known exactly.

        Args:
            values: by parameter path; it may begin with its section, as in a file
                (``shocks.missile_test.rate``).

        Raises:
            ScenarioError: a path is unknown, a value out of its bounds, or the values do not fit
                together.
        """
        if not values:
            return self
        good = self._fitting(variants.paths_of(self, values), "overrides")
        base = self._unchosen and self._unchosen.override(values)
        return replace(overridden(self, good), _unchosen=base)

    def preset(self, name: str) -> Scenario:
        """The scenario with the values of a preset.

        Raises:
            ScenarioError: there is no preset of this name, or its values do not fit.
        """
        if name not in self.presets:
            allowed = list(self.presets)
            message = (
                unknown("preset", name, allowed)
                if allowed
                else f"unknown preset {name}; allowed: none, as there are no presets"
            )
            raise ScenarioError([Issue(self.file or self.name, "presets", message)])
        return self.override(self.presets[name].overrides)

    def standing(
        self,
        *,
        done: Sequence[str] | None = None,
        levels: Mapping[str, int] | None = None,
        start: dt.date | None = None,
    ) -> Scenario:
        """The scenario from another day on: what has happened by then is given.

        Args:
            done: stages that have succeeded before day 0, as ``track.stage``; as in the file where
                None. A strategy that has such a list of its own keeps it.
            levels: of conditions on day 0, by name; others are as in the file.
            start: day 0; the horizon is counted from it.

        Raises:
            ScenarioError: a stage or condition is unknown, a stage before one that is done is
                missing, or a level is out of its bounds.

        >>> load("korea-2017").standing(levels={"crisis": 1}).conditions["crisis"].initially
        1
        """
        given = None if done is None else tuple(dict.fromkeys(done))
        report = Report(Origin(self.file or self.name).locate)
        check_standing(self, given, levels or {}, Location(report))
        if report.issues:
            raise ScenarioError(report.issues)
        base = self._unchosen and self._unchosen.standing(done=done, levels=levels, start=start)
        return replace(
            self,
            done=self.done if given is None else given,
            start=start or self.start,
            conditions={
                name: replace(one, initially=(levels or {}).get(name, one.initially))
                for name, one in self.conditions.items()
            },
            _unchosen=base,
        )

    def with_base_values(self, values: Mapping[str, float]) -> Scenario:
        """The scenario with other base values: ranges keep their ends, plain numbers change.

        Draws from a range follow its base value where its law has one (PERT).

        Args:
            values: by parameter path.

        Raises:
            ScenarioError: as :meth:`override`; also where a value lies outside of its range.
        """
        if not values:
            return self
        good = self._fitting(values, "parameters", within=True)

        def move(one: Parameter) -> Number:
            value = good.get(one.path, base_value(one.value))
            return replace(one.value, likely=value) if isinstance(one.value, Range) else value

        base = self._unchosen and self._unchosen.with_base_values(values)
        return replace(revised(self, move), _unchosen=base)

    def _fitting(
        self, values: Mapping[str, float], what: str, *, within: bool = False
    ) -> dict[str, float]:
        """The values as plain numbers, if they fit; ``within``: also within their ranges."""
        report = Report(Origin(self.file or self.name).locate)
        at = Location(report) / what
        good = _plain_numbers(values, at)
        check_overrides(self, good, at)
        ranges = self.ranges() if within else {}
        for name, value in good.items():
            if (ends := ranges.get(name)) and not ends.low <= value <= ends.high:
                (at / name).invalid(f"{value:g}", f"{ends.low:g} to {ends.high:g}")
        if report.issues:
            raise ScenarioError(report.issues)
        return good

    def parameters(self) -> dict[str, Number]:
        """The values of all parameters by path, in file order; a :class:`Range` where uncertain."""
        return {path: one.value for path, one in parameters(self).items()}

    def ranges(self) -> dict[str, Range]:
        """The uncertain parameters by path."""
        return {path: one for path, one in self.parameters().items() if isinstance(one, Range)}

    def describe(self, strategy: str | None = None) -> str:
        """The model in plain sentences: its tracks, shocks, influences, and a strategy's rules.

        Args:
            strategy: by name; else the chosen one, where there is one.

        Raises:
            ScenarioError: no strategy has this name.
        """
        found = self if strategy is None else self.strategy(strategy)
        return description.describe(found, None if found._unchosen is None else found.chosen)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain_numbers(values: Mapping[str, Any], at: Location) -> dict[str, float]:
    good = {}
    for name, value in values.items():
        try:
            good[name] = PlainNumber().read(_builtin(value), at / name)
        except Invalid:
            continue
    return good


def _builtin(value: Any) -> Any:
    """A NumPy number as Python's own."""
    return value.item() if hasattr(value, "item") else value


# -- loading --------------------------------------------------------------------------------------


def load(source: str | Path, strategies: Sequence[str | Path] = ()) -> Scenario:
    """A scenario from the catalog or from a TOML file.

    Args:
        source: a catalog name, or a path.
        strategies: further files, which hold strategies only.

    Raises:
        ScenarioError: every issue at once; also where a file is missing or cannot be read.

    Example:
        >>> import sim
        >>> sim.load("korea-2017").goal
        'freeze'
    """
    scenario, report = _load(source, strategies)
    if scenario is None:
        raise ScenarioError(report.issues)
    return scenario


def loads(text: str, file: str = "<text>") -> Scenario:
    """A scenario from a TOML text.

    Args:
        text: TOML.
        file: its name in issues.

    Raises:
        ScenarioError: every issue at once.

    Example:
        >>> import sim
        >>> sim.loads('extends = "korea-2017"').hash == sim.load("korea-2017").hash
        True
    """
    scenario, report = _build(*_extended(text, file, Path()), file)
    if scenario is None:
        raise ScenarioError(report.issues)
    return scenario


def with_text(scenario: Scenario, text: str, file: str) -> Scenario:
    """A scenario and the strategies of a text, which holds nothing else.

    Args:
        scenario: as it stands; no strategy is chosen in what is returned.
        text: TOML, as in a file that ``--strategies`` takes.
        file: its name in issues.

    Raises:
        ScenarioError: every issue at once.
    """
    origin = Origin(scenario.file or scenario.name)
    document = loading.with_text(parse(scenario.text, origin.file), origin, text, file)
    return _built(document, origin, scenario)


def _built(document: Document, origin: Origin, like: Scenario) -> Scenario:
    """The scenario of a document, with the name and file of another."""
    found, report = _build(document, origin, like.file)
    if found is None:
        raise ScenarioError(report.issues)
    return replace(found, name=like.name)


def check(
    source: str | Path, strategies: Sequence[str | Path] = ()
) -> tuple[tuple[Issue, ...], tuple[Issue, ...], tuple[Issue, ...]]:
    """What is wrong with a scenario, what is doubtful about it, and what its numbers imply.

    Args:
        source: a catalog name, or a path.
        strategies: further files, which hold strategies only.

    Returns:
        Issues, warnings and notes, each with its place; str() of one is a line. Where there are
        issues, there are no warnings and notes.

    Example:
        >>> import sim
        >>> issues, warnings, notes = sim.check("korea-2017")
        >>> len(issues)
        0
    """
    try:
        scenario = load(source, strategies)
    except ScenarioError as error:
        return error.issues, (), ()
    return (), linting.warnings(scenario, scenario.file), linting.notes(scenario, scenario.file)


def _load(source: str | Path, strategies: Sequence[str | Path]) -> tuple[Scenario | None, Report]:
    if not isinstance(source, str | Path) or source == "":
        found = "an empty name" if source == "" else repr(source)
        raise failed("scenario", f"found {found}; {catalog_hint()}")
    if isinstance(strategies, str | Path):
        strategies = [strategies]
    path = find(source)
    file = str(source) if isinstance(source, Path) or source not in catalog() else path.name
    document, origin = _extended(text_of(path, file), file, path.parent, (path.resolve(),))
    document = with_strategies(document, origin, strategies)
    return _build(document, origin, file)


def _extended(
    text: str, file: str, folder: Path, trail: Sequence[Path] = ()
) -> tuple[Document, Origin]:
    return extended(parse(text, file), file, folder, trail)


def _build(document: Document, origin: Origin, file: str) -> tuple[Scenario | None, Report]:
    report = Report(origin.locate)
    content = SCENARIO.read(document, Location(report))
    content = complete(content, document, report)
    if report.issues:
        return None, report
    parts = {one.name: getattr(content, one.name) for one in fields(content)}
    name = Path(file).stem.strip("<>").encode("utf-8", "replace").decode()  # files are named by it
    return Scenario(**parts, name=name, file=file), report
