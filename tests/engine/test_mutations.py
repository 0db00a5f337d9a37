"""Would the tests notice? The engine is broken one rule at a time, and each time a case must fail.

A mutant is the source of the SimPy engine with one passage replaced; it is distinguished by the
exact cases alone, without the other engine to compare with.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import NamedTuple

import pytest
import simpy
from test_exact import CASES, broken

from sim.engine import processes
from sim.errors import ModelError

pytestmark = pytest.mark.slow


class Mutant(NamedTuple):
    """A rule that is broken, by putting one passage for another."""

    breaks: str
    passage: str
    instead: str


MUTANTS = [
    Mutant("fades after shocks", "entities.fade_streams[i], fades + i)",
           "entities.fade_streams[i], shocks + len(entities.shocks) - 0.5)"),
    Mutant("shocks after tracks", "tracks = shocks + len(entities.shocks)", "tracks = FIRST_RANK"),
    Mutant("windows last", "replication.now, FIRST_RANK + stage)", "replication.now, 10**6)"),
    Mutant("tracks in reverse order", "TrackState(env, track, tracks + i)",
           "TrackState(env, track, tracks + 99 - i)"),
    Mutant("shocks in reverse order", "ShockState(env, shock, shocks + i)",
           "ShockState(env, shock, shocks + 0.5 - i / 1000)"),
    Mutant("fades in reverse order", "entities.fade_streams[i], fades + i)",
           "entities.fade_streams[i], fades + 0.5 - i / 1000)"),
    Mutant("the settle is last in its instant", "Alarm(self.env, 0, SETTLE)",
           "Alarm(self.env, 0, 10**7)"),
    Mutant("priority is ignored", "for i in self.entities.by_priority:",
           "for i in range(len(self.tracks)):"),
    Mutant("one track begins at a settle", "while self._begin_one():\n            pass",
           "self._begin_one()"),
    Mutant("clocks are wound before tracks begin",
           "        while self._begin_one():\n            pass\n"
           "        for k in sorted(self.to_rescale):\n"
           "            self._rescale(self.shocks[k])\n        self.to_rescale.clear()\n",
           "        for k in sorted(self.to_rescale):\n"
           "            self._rescale(self.shocks[k])\n        self.to_rescale.clear()\n"
           "        while self._begin_one():\n            pass\n"),
    Mutant("a residual is not rescaled",
           "shock.residual = (shock.due - self.env.now) * shock.speed", "pass"),
    Mutant("a residual forgets the old speed",
           "(shock.due - self.env.now) * shock.speed", "shock.due - self.env.now"),
    Mutant("rate ratios are ignored",
           "distributions.bounded_speed(self._times(speed, entity.ratios))",
           "distributions.bounded_speed(speed)"),
    Mutant("an undated shock strikes while its rule fails",
           "if not self._holds(entity.when):\n            return 0.0", "pass"),
    Mutant("a dated shock strikes while its rule fails",
           "if entity.timing == DATED and not self._holds(entity.when):", "if False:"),
    Mutant("a clamped raise draws no fade",
           "        self._set_level(i, min(self.entities.maximum[i], self.levels[i] + 1))\n"
           "        self._set_fade(i)",
           "        if self.levels[i] < self.entities.maximum[i]:\n"
           "            self._set_level(i, self.levels[i] + 1)\n            self._set_fade(i)"),
    Mutant("raises are not clamped", "min(self.entities.maximum[i], self.levels[i] + 1)",
           "self.levels[i] + 1"),
    Mutant("an initial level does not fade",
           "                self._set_level(i, level)\n                self._set_fade(i)",
           "                self._set_level(i, level)"),
    Mutant("a fade fades once", "        if self.levels[condition.place] > 0:\n"
           "            self._set_fade(condition.place)\n", ""),
    Mutant("a fade goes on at level 0", "            fading.clock.stop()", "            pass"),
    Mutant("lowering draws a fade", "        self._set_level(i, max(0, self.levels[i] - by))\n",
           "        self._set_level(i, max(0, self.levels[i] - by))\n        self._set_fade(i)\n"),
    Mutant("a break keeps holds and delegations",
           "self._record(What.BREAKS, track.stage, shock.entity.place)\n"
           "        self._release(track)",
           "pass"),
    Mutant("a break ends a delay too", "track.state == AT_TABLE and one.stage",
           "track.state in (AT_TABLE, DELAYED) and one.stage"),
    Mutant("a break looks at no stage", "one.stage in (NOTHING, track.stage)", "True"),
    Mutant("a break resumes later",
           "if resume == NOTHING or resume > track.stage:", "if resume == NOTHING:"),
    Mutant("a break costs nothing", "self._delay(track, resume, one.delay.days(u[1]))",
           "self._delay(track, resume, 0.0)"),
    Mutant("breaks are not counted", "self.counts[shock.entity.breaks_column] += 1", "pass"),
    Mutant("delegations are not seized", "self.free[party] -= 1", "pass"),
    Mutant("delegations are kept after an attempt", "self.free[party] += 1", "pass"),
    Mutant("holds are not held", "self._hold(stage, +1)", "pass"),
    Mutant("holds do not count", "min(self.entities.maximum[i], self.holders[i])",
           "int(self.holders[i] > 0)"),
    Mutant("success is decided with holds released",
           "        chance = distributions.success_probability(",
           "        self._release(track)\n        chance = distributions.success_probability("),
    Mutant("setbacks ignore what they depend on", "if s.weight > 0.0 and self._holds(s.when)]",
           "if s.weight > 0.0]"),
    Mutant("weights are ignored", "            reached += setback.weight",
           "            reached += whole / len(possible)"),
    Mutant("odds ratios are ignored",
           "distributions.success_probability(stage.success, self._times(1.0, stage.odds))",
           "stage.success"),
    Mutant("time ratios are ignored", "ratio = self._times(1.0, stage.times)", "ratio = 1.0"),
    Mutant("time ratios lengthen delays too",
           "setback.delay.days(u[3]))",
           "setback.delay.days(u[3]) * self._times(1.0, stage.times))"),
    Mutant("an influence counts levels always", "level if per_level else", "level if True else"),
    Mutant("an influence counts once", "level if per_level else (level", "(level"),
    Mutant("abandoned before the delay",
           "        track.state, track.resume_at = DELAYED, resume\n",
           "        track.state, track.resume_at = DELAYED, resume\n"
           "        if resume == ABANDON:\n            days = 0.0\n"),
    Mutant("a stage condition falls with the failure",
           "        self.counts[setback.column] += 1\n",
           "        self.counts[setback.column] += 1\n"
           "        for later in range(max(setback.resume, 0), track.entity.last + 1):\n"
           "            self._set_level(self.conditions + later, 0)\n"),
    Mutant("a stage condition never falls",
           "            self._set_level(self.conditions + later, 0)", "            pass"),
    Mutant("abandonment clears the stage conditions",
           "            self._end(track, GONE)\n",
           "            self._go_back(track, track.entity.first)\n"
           "            self._end(track, GONE)\n"),
    Mutant("an abandoned track is reopened",
           "if track.state == COMPLETED:\n            self._record",
           "if track.state in (COMPLETED, GONE):\n            self._record"),
    Mutant("a running track is reopened", "if track.state == COMPLETED:\n            self._record",
           "if True:\n            self._record"),
    Mutant("a track is completed before its effects",
           "        self._take_effect(stage.effects)\n        self.actor = None\n",
           "        if track.stage == track.entity.last:\n            track.state = COMPLETED\n"
           "        self._take_effect(stage.effects)\n        self.actor = None\n"
           "        if track.stage == track.entity.last and track.state == WAITING:\n"
           "            return self._settle_soon()\n"),
    Mutant("a start rule is asked at every attempt", "() if track.admitted else track.entity.start",
           "track.entity.start"),
    Mutant("start rules are never asked", "() if track.admitted else track.entity.start", "()"),
    Mutant("gates are never asked", "track.entity.start, stage.gate):", "track.entity.start):"),
    Mutant("windows are always open", "if stage.windows and not", "if False and not"),
    Mutant("a window includes the instant after its last day", "a <= self.env.now < b",
           "a <= self.env.now <= b"),
    Mutant("a window excludes its first instant", "a <= self.env.now < b", "a < self.env.now < b"),
    Mutant("alternatives must all hold", "return any((levels[i]", "return all((levels[i]"),
    Mutant("the run ends at the goal", "        elif i == self.entities.goal and self.actor",
           "        if i == self.entities.goal:\n            self.over = True\n"
           "        elif i == self.entities.goal and self.actor"),
    Mutant("the run goes on after ruin", "            self.over = True\n", "            pass\n"),
    Mutant("the goal comes before ruin at one instant", "and not goal < ruin:",
           "and not goal <= ruin:"),
    Mutant("setbacks are no failures",
           "        self._note_failure(stage)\n        self._take_effect",
           "        self._take_effect"),
    Mutant("breaks are no failures",
           "self._note_failure(self.entities.stages[track.stage])", "pass"),
    Mutant("failures are clamped at 1", "min(most, self.levels[stage.failures] + 1)", "1"),
    Mutant("failures have no end", "min(most, self.levels[stage.failures] + 1)",
           "self.levels[stage.failures] + 1"),
    Mutant("no delay ends early", "            track.delay.set(0.0)\n", ""),
    Mutant("the delay before abandonment ends early",
           "track.state == DELAYED and track.resume_at != ABANDON", "track.state == DELAYED"),
    Mutant("a track resumes before its place in the order", "            track.delay.set(0.0)",
           "            self._record(What.RESUMES, 0)\n"
           "            self._go_back(track, track.stage)"),
    Mutant("rules before tracks", "decisions = tracks + len(entities.tracks)",
           "decisions = tracks - 0.5"),
    Mutant("rules in reverse order", "DecisionState(env, rule, decisions + i)",
           "DecisionState(env, rule, decisions + 99 - i)"),
    Mutant("a rule fires when what it waits for has held for no time",
           "decision.clock.set(decision.entity.held)", "decision.clock.set(0.0)"),
    Mutant("the clock of a rule is not stopped",
           "            decision.running = False\n            decision.clock.stop()",
           "            decision.running = False"),
    Mutant("the clock of a rule is kept while what it waits for fails",
           "        elif not holds and decision.running:\n            decision.running = False\n"
           "            decision.clock.stop()\n", ""),
    Mutant("every rule repeats", "decision.armed = decision.entity.repeats and not holds",
           "decision.armed = not holds"),
    Mutant("no rule repeats", "decision.armed = decision.entity.repeats and not holds", "pass"),
    Mutant("a rule is armed while what it waits for holds",
           "decision.armed = decision.entity.repeats and not holds",
           "decision.armed = decision.entity.repeats"),
    Mutant("rules are looked at before tracks begin",
           "        self.settling = False\n        while",
           "        self.settling = False\n        for decision in self.decisions:\n"
           "            self._arm(decision)\n        while"),
    Mutant("rules without effects", "self._take_effect(decision.entity.effects)", "pass"),
    Mutant("first is the last firing", "if math.isnan(decision.first):", "if True:"),
    Mutant("no rule opens a track that was left out",
           "if track.state == OUT or (track.state == WAITING", "if (track.state == WAITING"),
    Mutant("no rule waives a start rule", "track.state == WAITING and not track.admitted", "False"),
    Mutant("an abandoned track is opened", "if track.state == OUT or",
           "if track.state in (OUT, GONE) or"),
    Mutant("an attempt ends when its track is closed",
           "            track.closing = True\n", "            track.process.interrupt()\n"
           "            self._release(track)\n            self._end(track, GONE)\n"),
    Mutant("no track is closed at the table", "            track.closing = True\n", ""),
    Mutant("closing is not revoked", "        track.closing = False\n        if track.state == OUT",
           "        if track.state == OUT"),
    Mutant("a completed track stays closed",
           "            self._end(track, COMPLETED)\n            track.closing = False",
           "            self._end(track, COMPLETED)"),
    Mutant("a closed track that has not begun is abandoned",
           "elif track.state == WAITING and not track.begun:",
           "elif False:"),
    Mutant("a closed track that waits is only left out",
           "elif track.state == WAITING and not track.begun:",
           "elif track.state == WAITING:"),
    Mutant("a delay goes on when its track is closed", "track.state in (WAITING, DELAYED):",
           "track.state == WAITING:"),
    Mutant("a setback of a closed track costs a delay",
           "        if track.closing:\n            self._end(track, GONE, BY_RULE)\n        else:",
           "        if True:"),
    Mutant("nothing is done before day 0",
           "            self._set_level(self.conditions + stage, 1)", "            pass"),
    Mutant("all tracks begin at their first stage", "self.stage = entity.begins_at",
           "self.stage = entity.first"),
    Mutant("a start rule is asked though a stage is done",
           "self.begun = self.admitted = entity.begins_at > entity.first",
           "self.begun = self.admitted = False"),
    Mutant("an event at the horizon happens", "env.peek() < horizon", "env.peek() <= horizon"),
    Mutant("dated shocks of day 0 come before the settle",
           "        self._settle_soon()\n\n    def run(", "\n    def run("),
    Mutant("what is held at the end is not counted",
           "end - self.risen[c] if self.levels[c] > 0 else 0.0", "0.0"),
    Mutant("first is the last rise", "if math.isnan(self.first[i]):", "if True:"),
    Mutant("who waits takes no new note", "if note != track.note:", "if track.note == NOTHING:"),
    Mutant("bottlenecks are noted after the first attempt, too",
           "            if track.state == WAITING and not track.begun:",
           "            if track.state == GONE:"),
    Mutant("ruin before the effects are complete",
           "        for kind, of in effects:\n",
           "        for kind, of in effects:\n            if self.over:\n                return\n"),
]  # fmt: skip


def broken_engine(mutant: Mutant) -> ModuleType:
    """The SimPy engine with one passage replaced."""
    source = inspect.getsource(processes)
    assert source.count(mutant.passage) == 1, f"{mutant.passage!r} stands not once in the engine"
    module = ModuleType("sim.broken")
    exec(compile(source.replace(mutant.passage, mutant.instead), "broken.py", "exec"), vars(module))
    return module


def noticed(engine: ModuleType) -> bool:
    for case in CASES:
        try:
            if broken(case, engine):
                return True
        except (ModelError, simpy.Interrupt):
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.breaks.replace(" ", "_"))
def test_a_broken_engine_is_noticed(mutant: Mutant) -> None:
    assert noticed(broken_engine(mutant))


def test_the_engine_itself_is_not() -> None:
    assert not noticed(broken_engine(Mutant("nothing", "SETTLE = NORMAL + 1", "SETTLE = NORMAL+1")))
