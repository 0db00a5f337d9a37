"""The workspace of a state: its scenario with the drafts as strategies, and a program of each.

A scenario is read once, and drafts are translated once; a changed assumption only changes
parameters of the programs, as in :mod:`sim.experiment.evaluator`. The values that a draft overrides
win over the workspace's, as in a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import MOST_DRAFTS, State
from sim.app.strategy_draft import StrategyDraft
from sim.engine.program import Program, translate
from sim.errors import Issue, ScenarioError, comma_separated, unknown
from sim.scenario.issues import show
from sim.scenario.loading import failed
from sim.scenario.quantities import base_value
from sim.scenario.scenario import Scenario, loads


@dataclass(frozen=True)
class Workspace:
    """What a state amounts to.

    Attributes:
        state: of the workspace.
        base: the scenario as read.
        programs: one of each draft, with the changed assumptions.
    """

    state: State
    base: Scenario
    programs: tuple[Program, ...]

    @property
    def scenario(self) -> Scenario:
        """As a run takes it: drafts are strategies that override the changed assumptions."""
        return _with_drafts(self.base, self.state.drafts, self.state.numbers)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the drafts."""
        return tuple(draft.key for draft in self.state.drafts)

    def ranged(self, keys: Collection[str]) -> Scenario:
        """As a study of the parameters takes it: base values are where the sliders stand.

        Args:
            keys: of the drafts that are studied. What one of them overrides is not uncertain.
        """
        moved = _with_drafts(self.base, self.state.drafts, {}).with_base_values(self.state.numbers)
        numbers = moved.parameters()
        own = {name for draft in self.state.drafts if draft.key in keys for name in draft.overrides}
        return moved.override({name: base_value(numbers[name]) for name in own})


def workspace_of(state: State, library: Library = SHIPPED) -> Workspace:
    """The workspace of a state.

    Args:
        state: what is asked.
        library: in which its scenario is looked up.

    Raises:
        ScenarioError: every issue: an unknown scenario, track, condition or number, a track in no
            place or in two, a value out of its bounds or its range, values that do not fit
            together, too many drafts or none.
    """
    _check(state)
    base, numbers = library.scenario(state.scenario), state.numbers
    _check_places(state, base)
    base.with_base_values(numbers)  # raises where it does not fit
    if not set(numbers) <= set(base.ranges()):  # a range fits at all of its values, in every draft
        for draft in state.drafts:
            base.override({**numbers, **draft.overrides})
    programs = _programs(base, state.drafts)
    return Workspace(state, base, tuple(_changed(one, numbers) for one in programs))


def _check(state: State) -> None:
    keys = [draft.key for draft in state.drafts]
    if not 1 <= len(keys) <= MOST_DRAFTS or len(set(keys)) < len(keys):
        message = f"{len(keys)} drafts; allowed: 1 to {MOST_DRAFTS}, each with a key of its own"
        raise ScenarioError([Issue("state", "drafts", message)])
    for i, draft in enumerate(state.drafts):
        for track in {track for step in draft.steps for track in step} - set(draft.milestones):
            message = f"missing for {show(track)}; allowed: a stage of each track in a step"
            raise failed("state", message, ("drafts", i, "milestones"))


def _check_places(state: State, base: Scenario) -> None:
    """Every track of the scenario stands where the page shows it, and nowhere else."""
    for i, draft in enumerate(state.drafts):
        _check_names(draft, i, base)
        inside = [track for step in draft.steps for track in step]
        beside = {*draft.rules, *draft.left_out}
        for track in base.tracks:
            found = inside.count(track) + (track in beside)
            if found != 1:
                allowed = "in one step, or under rules or left_out"
                message = f"{show(track)} in {found} places; allowed: {allowed}"
                raise failed("state", message, ("drafts", i, "steps"))


def _check_names(draft: StrategyDraft, i: int, base: Scenario) -> None:
    """The key is none of the scenario's, and milestones are stages that it has."""
    if draft.key in ("default", *base.strategies):
        message = f"{show(draft.key)} is a strategy of the scenario; allowed: a key of its own"
        raise failed("state", message, ("drafts", i, "key"))
    for track, stage in draft.milestones.items():
        place = ("drafts", i, "milestones", track)
        if track not in base.tracks:
            raise failed("state", unknown("track", track, base.tracks), place)
        stages = [one.name for one in base.tracks[track].stages]
        if stage not in stages:
            raise failed("state", f"{show(stage)}; allowed: {comma_separated(stages)}", place)


def _changed(program: Program, numbers: Mapping[str, float]) -> Program:
    own = program.scenario.chosen.overrides
    free = {name: value for name, value in numbers.items() if name not in own}
    return program.with_parameters(free) if free else program


_TRANSLATED: dict[tuple[str, ...], tuple[Program, ...]] = {}
MOST_TRANSLATED = 64
_ONE_AT_A_TIME = Lock()


def _programs(base: Scenario, drafts: tuple[StrategyDraft, ...]) -> tuple[Program, ...]:
    """Programs of drafts, translated once; drafts are distinguished by the text of their files."""
    key = (base.name, base.hash, *(draft.file() for draft in drafts))
    with _ONE_AT_A_TIME:
        if key not in _TRANSLATED:
            if len(_TRANSLATED) >= MOST_TRANSLATED:
                _TRANSLATED.clear()
            scenario = _with_drafts(base, drafts, {})
            _TRANSLATED[key] = tuple(translate(scenario.strategy(draft.key)) for draft in drafts)
        return _TRANSLATED[key]


def _with_drafts(
    base: Scenario, drafts: tuple[StrategyDraft, ...], numbers: Mapping[str, float]
) -> Scenario:
    strategies = {draft.key: draft.strategy(numbers) for draft in drafts}
    text = replace(base, strategies=strategies).text
    return replace(loads(text, base.file), name=base.name)
