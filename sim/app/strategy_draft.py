"""A strategy draft: steps of tracks that can be moved; every move gives a new draft.

    draft = StrategyDraft.of(scenario, "proposal")
    draft = draft.move("ministerial", 1).posture("leaders_attend", True)
    draft.words()      # "us dprk and north south first, then ministerial; .."
    draft.file()       # what `detente run --strategies` takes

Each track stands in one of three places:

* in a **step**: it waits for every track of the step before, for the stage of each that
  :attr:`StrategyDraft.milestones` names; the tracks of the first step start at once;
* under a start condition of its own (:attr:`StrategyDraft.rules`; an empty one: at once);
* left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from unicodedata import normalize

from sim.formatting import listed
from sim.scenario.description import clauses as in_words
from sim.scenario.description import decision_rule
from sim.scenario.model import Clauses, DecisionRule, Literal, Strategy
from sim.scenario.scenario import Scenario, with_text
from sim.studies.sequence_space import file_of as strategy_file
from sim.studies.sequence_space import waits_for_goal

Steps = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class StrategyDraft:
    """One strategy of a workspace, as it is edited.

    Attributes:
        key: its name in tables, figures and strategy files; unlike those of the scenario.
        title: its name for readers, free text.
        base: the strategy of the scenario from which it was opened; empty: none.
        steps: groups of tracks, one after the other.
        milestones: the stage of each track in a step that the next step waits for.
        rules: start conditions of the tracks that stand in no step, in file order.
        left_out: tracks that never start.
        postures: conditions raised on day 0, in order.
        priority: tracks that come first where several could start.
        overrides: other values by parameter path, delegations among them.
        decisions: its rules, what it does in answer to events; kept as they were opened.
        done: stages done before day 0, in place of the scenario's; None: those.
    """

    key: str
    title: str
    base: str = ""
    steps: Steps = ()
    milestones: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Clauses] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    postures: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    overrides: Mapping[str, float] = field(default_factory=dict)
    decisions: tuple[DecisionRule, ...] = ()
    done: tuple[str, ...] | None = None

    @classmethod
    def of(cls, scenario: Scenario, name: str, taken: Sequence[str] = ()) -> StrategyDraft:
        """A strategy of a scenario, opened without loss: it gives the same replications.

        Steps are those of its ``order``; where it has none, those that its start rules amount to.

        Args:
            scenario: whose strategy; "default" is every track at once.
            name: of the strategy.
            taken: keys of other drafts, which its own must not be.

        Raises:
            ScenarioError: no strategy has this name.
        """
        one = scenario.strategy(name).chosen
        last = {track: _last(scenario, track) for track in scenario.tracks}
        steps, milestones = _steps(scenario, one)
        inside = {track for step in steps for track in step}
        key = fresh(f"my_{name}", [*scenario.strategies, *taken])
        return cls(
            key=key,
            title=f"my {one.title}" if one.title else plain(key),
            base=name,
            steps=steps,
            milestones=last | milestones,
            rules={
                track: one.starts.get(track, ())
                for track in scenario.tracks
                if track not in inside and (track in one.starts or track not in one.never)
            },
            left_out=one.never,
            postures=one.raises,
            priority=one.priority,
            overrides=dict(one.overrides),
            decisions=one.rules,
            done=one.done,
        )

    # -- moves ------------------------------------------------------------------------------------

    def move(self, track: str, step: int) -> StrategyDraft:
        """The track alone in a new step before step ``step`` (from 0; the number of steps: last).

        It leaves the step, condition or place among those left out in which it stood; a step that
        it leaves empty goes. ``step`` counts the steps as they are seen before the move.
        """
        before, after = self.steps[:step], self.steps[step:]
        return self._with((*_without(before, track), (track,), *_without(after, track)), track)

    def together(self, track: str, other: str) -> StrategyDraft:
        """The track in the step of another one; nothing changes where that stands in none."""
        if track == other or self.place(other) is None:
            return self
        steps = _without(self.steps, track)
        return self._with(tuple((*step, track) if other in step else step for step in steps), track)

    def leave_out(self, track: str) -> StrategyDraft:
        """The track left out; :meth:`move`, :meth:`together` and :meth:`starts` bring it back."""
        gone = self._with(_without(self.steps, track), track)
        return replace(gone, left_out=(*gone.left_out, track))

    def starts(self, track: str, rule: Clauses) -> StrategyDraft:
        """The track under a start condition of its own, out of the steps; empty: at once."""
        free = self._with(_without(self.steps, track), track)
        return replace(free, rules={**free.rules, track: rule})

    def until(self, track: str, stage: str) -> StrategyDraft:
        """The next step waits for this stage of the track."""
        return replace(self, milestones={**self.milestones, track: stage})

    def posture(self, name: str, on: bool) -> StrategyDraft:
        """The posture raised at the start, or not; one that is raised already keeps its place."""
        if on and name in self.postures:
            return self
        rest = tuple(one for one in self.postures if one != name)
        return replace(self, postures=(*rest, name) if on else rest)

    def delegations(self, party: str, tables: int | None) -> StrategyDraft:
        """So many tables at which the party can sit at once; None: as in the scenario."""
        name = f"delegations.{party}"
        rest = {key: value for key, value in self.overrides.items() if key != name}
        return replace(self, overrides=rest if tables is None else {**rest, name: float(tables)})

    def renamed(self, title: str, taken: Sequence[str] = ()) -> StrategyDraft:
        """With another title, and the key that it makes: its plain letters, or those of the base.

        Args:
            title: free text.
            taken: keys which its own must not be.
        """
        plain_letters = normalize("NFKD", title).encode("ascii", "ignore").decode()
        key = re.sub(r"[^a-z0-9]+", "_", plain_letters.lower()).strip("_")
        if not key:
            key = f"my_{self.base}" if self.base else "strategy"
        key = key if key[:1].isalpha() else f"strategy_{key}"
        return replace(self, title=title, key=fresh(key, taken))

    def _with(self, steps: Steps, track: str) -> StrategyDraft:
        """These steps, and the track neither left out nor under a condition of its own."""
        rules = {name: rule for name, rule in self.rules.items() if name != track}
        out = tuple(name for name in self.left_out if name != track)
        return replace(self, steps=steps, rules=rules, left_out=out)

    # -- what it is -------------------------------------------------------------------------------

    def place(self, track: str) -> int | None:
        """The step in which a track stands, from 0; None: in no step."""
        return next((i for i, step in enumerate(self.steps) if track in step), None)

    def words(self) -> str:
        """What it does, in a line: ``north south first, then us dprk and working group; ..``."""
        groups = [listed(plain(track) for track in step) for step in self.steps]
        parts = []
        if groups:
            first = f"{groups[0]} {'first' if len(groups) > 1 else 'at once'}"
            parts.append(", then ".join([first, *groups[1:]]))
        parts += [
            f"{plain(track)} {plain(in_words(rule)) if rule else 'as soon as it may'}"
            for track, rule in self.rules.items()
            if track not in self.left_out
        ]
        if self.left_out:
            parts.append(f"without {listed(map(plain, self.left_out))}")
        parts += [plain(decision_rule(rule)).removesuffix(".") for rule in self.decisions]
        if self.postures:
            parts.append(f"raises {listed(map(plain, self.postures))}")
        return "; ".join(parts)

    def strategy(self, numbers: Mapping[str, float] | None = None) -> Strategy:
        """The strategy, with the start rules that its steps stand for.

        Args:
            numbers: assumptions that the workspace changed; the draft's own overrides win over
                them.
        """
        starts = dict(self.rules)
        before: Clauses = ()
        for step in self.steps:
            starts |= dict.fromkeys(step, before)
            before = tuple(_done(track, self.milestones[track]) for track in step)
        return Strategy(
            name=self.key,
            starts=starts,
            never=self.left_out,
            raises=self.postures,
            priority=self.priority,
            overrides={**(numbers or {}), **self.overrides},
            rules=self.decisions,
            done=self.done,
            title="" if self.title == plain(self.key) else self.title,
            about=self.words(),
        )

    def file(self, numbers: Mapping[str, float] | None = None) -> str:
        """The strategy as the text of a file that ``detente run --strategies`` takes."""
        return file_of([self], numbers)


def file_of(drafts: Sequence[StrategyDraft], numbers: Mapping[str, float] | None = None) -> str:
    """Several drafts as the text of one strategy file."""
    return strategy_file([draft.strategy(numbers) for draft in drafts], "strategies of a live page")


def opened(scenario: Scenario, text: str, taken: Sequence[str] = ()) -> tuple[StrategyDraft, ...]:
    """The strategies of a strategy file as drafts, in the order of the file.

    Args:
        scenario: for which they are.
        text: of the file; what :func:`file_of` wrote, or any that ``--strategies`` takes.
        taken: keys of other drafts, which theirs must not be.

    Raises:
        ScenarioError: every issue of the file.
    """
    whole, known = with_text(scenario, text, "strategy file"), [*taken]
    drafts: list[StrategyDraft] = []
    for name in whole.strategies:
        if name not in scenario.strategies:
            key = fresh(name, [*scenario.strategies, *known])
            title = whole.titles.get(name, plain(key))
            drafts.append(replace(StrategyDraft.of(whole, name), key=key, title=title, base=""))
            known.append(key)
    return tuple(drafts)


# -- steps ----------------------------------------------------------------------------------------


def _steps(scenario: Scenario, one: Strategy) -> tuple[Steps, dict[str, str]]:
    """The steps of a strategy, and the stages that they wait for."""
    if one.order:
        return one.order, {}
    free = [t for t in scenario.tracks if t not in one.never]
    first = (t for t in free if not one.starts.get(t) and not waits_for_goal(scenario, t))
    steps, milestones = [tuple(first)], dict[str, str]()
    while steps[-1]:
        step, stages = _next(steps[-1], [(t, one.starts.get(t, ())) for t in free])
        if not step:
            break
        steps[-1] = tuple(stages)  # as the rules name them, so that a wait is noted the same
        milestones |= stages
        steps.append(step)
    return tuple(step for step in steps if step), milestones


def _next(
    before: tuple[str, ...], rules: Sequence[tuple[str, Clauses]]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Tracks that wait for one stage of each of these tracks, and for nothing else; the stages."""
    for _, rule in rules:
        pairs = [item[0].condition.partition(".") for item in rule if len(item) == 1]
        stages = {track: stage for track, _, stage in pairs if stage}
        if set(stages) == set(before) and rule == tuple(_done(*pair) for pair in stages.items()):
            return tuple(track for track, other in rules if other == rule), stages
    return (), {}


def _done(track: str, stage: str) -> tuple[Literal, ...]:
    """The test that a stage has succeeded."""
    name = f"{track}.{stage}"
    return (Literal(name, 1, False, name),)


def _last(scenario: Scenario, track: str) -> str:
    return scenario.tracks[track].stages[-1].name if scenario.tracks[track].stages else ""


def _without(steps: Steps, track: str) -> Steps:
    rest = (tuple(name for name in step if name != track) for step in steps)
    return tuple(step for step in rest if step)


def fresh(name: str, taken: Sequence[str], before: str = "_") -> str:
    """The name, with a number behind it where it is taken.

    Args:
        name: as it is wanted.
        taken: names that others have.
        before: stands between the name and its number.

    >>> fresh("talks", ["talks", "talks_2"])
    'talks_3'
    """
    numbered = (name, *(f"{name}{before}{i}" for i in range(2, len(taken) + 3)))
    return next(one for one in numbered if one not in taken)


def plain(name: str) -> str:
    """A name of the scenario in a sentence.

    >>> plain("us_dprk.contact")
    'us dprk contact'
    """
    return re.sub(r"[_.]", " ", name)
