"""A state laid out: its scenario with the hands as strategies, and a program of each hand.

A scenario is read once, and hands are translated once; a changed assumption only changes slots of
the programs, as in :mod:`sim.worlds`. The values that a hand overrides win over the table's, as in
a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import MOST_HANDS, State
from sim.app.strategy_draft import Hand
from sim.engine.program import Program, translate
from sim.scenario.issues import Fault, ScenarioError, listed, show
from sim.scenario.loading import failed
from sim.scenario.quantities import likely
from sim.scenario.scenario import Scenario, loads


@dataclass(frozen=True)
class Table:
    """What a state amounts to.

    Attributes:
        state: what was laid.
        base: the scenario as read.
        programs: one of each hand, with the changed assumptions.
    """

    state: State
    base: Scenario
    programs: tuple[Program, ...]

    @property
    def scenario(self) -> Scenario:
        """As a run takes it: the hands as strategies, which override what the table changed."""
        return _with_hands(self.base, self.state.hands, self.state.numbers)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the hands."""
        return tuple(hand.key for hand in self.state.hands)

    def ranged(self, keys: Collection[str]) -> Scenario:
        """As a study of the numbers takes it: likely is where the sliders stand.

        Args:
            keys: of the hands that are studied. What one of them overrides is not uncertain.
        """
        moved = _with_hands(self.base, self.state.hands, {}).moved(self.state.numbers)
        numbers = moved.numbers()
        own = {name for hand in self.state.hands if hand.key in keys for name in hand.overrides}
        return moved.override({name: likely(numbers[name]) for name in own})


def lay(state: State, library: Library = SHIPPED) -> Table:
    """The table of a state.

    Args:
        state: what is asked.
        library: in which its scenario is looked up.

    Raises:
        ScenarioError: every fault: an unknown scenario, track, condition or number, a track in no
            place or in two, a value out of its bounds or its range, values that do not fit
            together, too many hands or none.
    """
    _check(state)
    base, numbers = library.scenario(state.scenario), state.numbers
    _check_places(state, base)
    base.moved(numbers)  # refuses what does not fit
    if not set(numbers) <= set(base.ranges()):  # a range fits at all of its values, in every hand
        for hand in state.hands:
            base.override({**numbers, **hand.overrides})
    programs = _programs(base, state.hands)
    return Table(state, base, tuple(_changed(one, numbers) for one in programs))


def _check(state: State) -> None:
    keys = [hand.key for hand in state.hands]
    if not 1 <= len(keys) <= MOST_HANDS or len(set(keys)) < len(keys):
        message = f"{len(keys)} hands; allowed: 1 to {MOST_HANDS}, each with a key of its own"
        raise ScenarioError([Fault("state", "hands", message)])
    for i, hand in enumerate(state.hands):
        for track in {track for step in hand.steps for track in step} - set(hand.milestones):
            message = f"missing for {show(track)}; allowed: a stage of each track in a step"
            raise failed("state", message, ("hands", i, "milestones"))


def _check_places(state: State, base: Scenario) -> None:
    """Every track of the scenario stands where the table shows it, and nowhere else."""
    for i, hand in enumerate(state.hands):
        _check_names(hand, i, base)
        inside = [track for step in hand.steps for track in step]
        beside = {*hand.rules, *hand.left_out}
        for track in base.tracks:
            found = inside.count(track) + (track in beside)
            if found != 1:
                allowed = "in one step, or under rules or left_out"
                message = f"{show(track)} in {found} places; allowed: {allowed}"
                raise failed("state", message, ("hands", i, "steps"))


def _check_names(hand: Hand, i: int, base: Scenario) -> None:
    """The key is none of the scenario's, and milestones are stages that it has."""
    if hand.key in ("default", *base.strategies):
        message = f"{show(hand.key)} is a strategy of the scenario; allowed: a key of its own"
        raise failed("state", message, ("hands", i, "key"))
    for track, stage in hand.milestones.items():
        place = ("hands", i, "milestones", track)
        if track not in base.tracks:
            raise failed("state", f"unknown track; allowed: {listed(base.tracks)}", place)
        stages = [one.name for one in base.tracks[track].stages]
        if stage not in stages:
            raise failed("state", f"{show(stage)}; allowed: {listed(stages)}", place)


def _changed(program: Program, numbers: Mapping[str, float]) -> Program:
    own = program.scenario.chosen.overrides
    free = {name: value for name, value in numbers.items() if name not in own}
    return program.with_numbers(free) if free else program


_LAID: dict[tuple[str, ...], tuple[Program, ...]] = {}
MOST_LAID = 64
_ONE_AT_A_TIME = Lock()


def _programs(base: Scenario, hands: tuple[Hand, ...]) -> tuple[Program, ...]:
    """Programs of hands, translated once; hands are told apart by the text of their files."""
    key = (base.name, base.hash, *(hand.file() for hand in hands))
    with _ONE_AT_A_TIME:
        if key not in _LAID:
            if len(_LAID) >= MOST_LAID:
                _LAID.clear()
            scenario = _with_hands(base, hands, {})
            _LAID[key] = tuple(translate(scenario.strategy(hand.key)) for hand in hands)
        return _LAID[key]


def _with_hands(base: Scenario, hands: tuple[Hand, ...], numbers: Mapping[str, float]) -> Scenario:
    strategies = {hand.key: hand.strategy(numbers) for hand in hands}
    text = replace(base, strategies=strategies).text
    return replace(loads(text, base.file), name=base.name)
