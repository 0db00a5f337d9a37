"""What is negotiated: a scenario and its parts, loaded from TOML, checked, overridden, described.

This is the public place of the model; the types stand in :mod:`sim.parts` and
:mod:`sim.numbers`, the format of the file beside them.

    scenario = load("korea-2017").strategy("proposal")
    scenario.tracks["us_dprk"].stages[0].success
    scenario.override({"us_dprk.contact.success": 0.3})
    print(scenario.describe())
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sim.scenario import description, linting, loading
from sim.scenario.issues import (
    Fault,
    Place,
    Refused,
    Report,
    ScenarioError,
    listed,
    nearest,
    show,
)
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
    SCENARIO,
    Break,
    Clauses,
    Condition,
    Content,
    Correlation,
    Effects,
    Influence,
    Literal,
    MonthDay,
    Reopen,
    Setback,
    Shock,
    Stage,
    Strategy,
    Track,
    Window,
    distinct_titles,
    schema,
)
from sim.scenario.parameters import Slot, overridden, revised, slots
from sim.scenario.quantities import (
    Duration,
    Number,
    Plain,
    Range,
    fixed,
    highest,
    likely,
    lowest,
)
from sim.scenario.validation import check_overrides, complete

__all__ = [
    "ABANDON",
    "Break",
    "Clauses",
    "Condition",
    "Correlation",
    "Duration",
    "Effects",
    "Fault",
    "Influence",
    "Literal",
    "MonthDay",
    "Number",
    "Range",
    "Reopen",
    "Scenario",
    "ScenarioError",
    "Setback",
    "Shock",
    "Stage",
    "Strategy",
    "Track",
    "Window",
    "catalog",
    "check",
    "fixed",
    "highest",
    "likely",
    "load",
    "loads",
    "lowest",
    "schema",
]


@dataclass(frozen=True, kw_only=True)
class Scenario(Content):
    """A validated scenario; what changes it returns a new one.

    Attributes:
        name: catalog name, or the stem of the file.
        file: where it came from.
        chosen: the strategy that it runs with; "default", everything at once, where none is
            chosen.
    """

    name: str
    file: str = field(default="", compare=False)
    chosen: Strategy = EVERYTHING_AT_ONCE
    _unchosen: Scenario | None = field(default=None, repr=False, compare=False)

    @cached_property
    def held(self) -> frozenset[str]:
        """Conditions whose level is the number of attempts that hold them."""
        return frozenset(name for stage in self.stages.values() for name in stage.holds)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Names of strategies for readers, of those that have one; each another one."""
        return distinct_titles({one.name: one.title for one in self.strategies.values()})

    @cached_property
    def text(self) -> str:
        """The scenario as TOML, as it stands: extended, overridden, in one canonical way."""
        return toml(SCENARIO.write(self))

    @cached_property
    def hash(self) -> str:
        """Tells contents apart: 32 hexadecimal digits of `text`."""
        return _digest(self.text)

    @cached_property
    def pieces(self) -> tuple[str, dict[str, str]]:
        """Hash of all but the strategies, and the TOML of each strategy by name."""
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

    def _no_strategy(self, name: str) -> Fault:
        names = list(self.strategies) or [EVERYTHING_AT_ONCE.name]
        guess = nearest(name, names)
        hint = f'did you mean "{guess}"? ' if guess else ""
        message = f"unknown strategy {show(name)}; {hint}allowed: {listed(names)}"
        return Fault(self.file or self.name, "strategies", message)

    def override(self, values: Mapping[str, float]) -> Scenario:
        """The scenario with other values at these dotted names, which are then not ranges.

        Raises:
            ScenarioError: a name is unknown, a value out of its bounds, or the values do not fit
                together.
        """
        if not values:
            return self
        good = self._fitting(values, "overrides")
        base = self._unchosen and self._unchosen.override(values)
        return replace(overridden(self, good), _unchosen=base)

    def moved(self, values: Mapping[str, float]) -> Scenario:
        """The scenario with other likely values: ranges keep their ends, plain numbers change.

        What is sampled from a range follows its likely value where its law has one (PERT).

        Raises:
            ScenarioError: as :meth:`override`; also where a value lies outside of its range.
        """
        if not values:
            return self
        good = self._fitting(values, "numbers", within=True)

        def move(slot: Slot, number: Number) -> Number:
            value = good.get(slot.name, likely(number))
            return replace(number, likely=value) if isinstance(number, Range) else value

        base = self._unchosen and self._unchosen.moved(values)
        return replace(revised(self, move), _unchosen=base)

    def _fitting(
        self, values: Mapping[str, float], what: str, *, within: bool = False
    ) -> dict[str, float]:
        """The values as plain numbers, if they fit; ``within``: also within their ranges."""
        report = Report(Origin(self.file or self.name).locate)
        at = Place(report) / what
        good = _plain_numbers(values, at)
        check_overrides(self, good, at)
        ranges = self.ranges() if within else {}
        for name, value in good.items():
            if (ends := ranges.get(name)) and not ends.low <= value <= ends.high:
                (at / name).refuse(f"{value:g}", f"{ends.low:g} to {ends.high:g}")
        if report.faults:
            raise ScenarioError(report.faults)
        return good

    def numbers(self) -> dict[str, Number]:
        """Every number by its dotted name, in file order."""
        return {name: number for name, (_, number) in slots(self).items()}

    def ranges(self) -> dict[str, Range]:
        """The numbers that are uncertain."""
        return {n: number for n, number in self.numbers().items() if isinstance(number, Range)}

    def describe(self, strategy: str | None = None) -> str:
        """The model in plain sentences: its tracks, shocks, influences, and a strategy's rules.

        Args:
            strategy: by name; else the chosen one, where there is one.

        Raises:
            ScenarioError: no strategy has this name.
        """
        told = self if strategy is None else self.strategy(strategy)
        return description.tell(told, None if told._unchosen is None else told.chosen)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain_numbers(values: Mapping[str, Any], at: Place) -> dict[str, float]:
    good = {}
    for name, value in values.items():
        try:
            good[name] = Plain().read(_builtin(value), at / name)
        except Refused:
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
        ScenarioError: every fault at once; also where a file is missing or cannot be read.
    """
    scenario, report = _load(source, strategies)
    if scenario is None:
        raise ScenarioError(report.faults)
    return scenario


def loads(text: str, file: str = "<text>") -> Scenario:
    """A scenario from a TOML text; ``file`` is what its faults call it.

    Raises:
        ScenarioError: every fault at once.
    """
    scenario, report = _build(*_extended(text, file, Path()), file)
    if scenario is None:
        raise ScenarioError(report.faults)
    return scenario


def with_text(scenario: Scenario, text: str, file: str) -> Scenario:
    """A scenario and the strategies of a text, which holds nothing else.

    Args:
        scenario: as it stands; no strategy is chosen in what is returned.
        text: TOML, as in a file that ``--strategies`` takes.
        file: what its faults call it.

    Raises:
        ScenarioError: every fault at once.
    """
    origin = Origin(scenario.file or scenario.name)
    document = loading.with_text(parse(scenario.text, origin.file), origin, text, file)
    found, report = _build(document, origin, scenario.file)
    if found is None:
        raise ScenarioError(report.faults)
    return replace(found, name=scenario.name)


def check(
    source: str | Path, strategies: Sequence[str | Path] = ()
) -> tuple[tuple[Fault, ...], tuple[Fault, ...], tuple[Fault, ...]]:
    """What is wrong with a scenario, what is doubtful about it, and facts an author misjudges.

    Returns:
        Faults, warnings and facts, each with its place; str() of one is a line. Where there are
        faults, there are no warnings and facts.
    """
    try:
        scenario = load(source, strategies)
    except ScenarioError as error:
        return error.faults, (), ()
    return (), linting.warnings(scenario, scenario.file), linting.facts(scenario, scenario.file)


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
    content = SCENARIO.read(document, Place(report))
    content = complete(content, document, report)
    if report.faults:
        return None, report
    parts = {one.name: getattr(content, one.name) for one in fields(content)}
    name = Path(file).stem.strip("<>").encode("utf-8", "replace").decode()  # files are named by it
    return Scenario(**parts, name=name, file=file), report
