"""Why it wins: days add up, counterfactuals are the scenarios that they say, first divergences."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

import sim
from builders import TWO_TRACKS as SMALL
from builders import runs
from markovian_scenarios import scenario_text
from random_scenarios import scenario_text as any_scenario
from sim.analysis import attribution, intervals
from sim.engine import kernel
from sim.engine.program import GOAL, What, translate
from sim.errors import ScenarioError
from sim.studies import ablation, diff, explain
from sim.tracing import divergence, time_budget

KOREA = sim.load("korea-2017")
HEAD = 'title = "A case"\nstart = 2019-01-01\nhorizon = 100\ngoal = "goal"\nruin = "ruin"\n'


pytestmark = pytest.mark.filterwarnings("error")


def program_of(text: str, strategy: str | None = None):
    scenario = sim.loads(text)
    return translate(scenario.strategy(strategy) if strategy else scenario)


def logged(program, count: int, seed: int = 1):
    return [(r, *kernel.trace(program, seed, r)) for r in range(count)]


# -- the time budget ------------------------------------------------------------------------------

CERTAIN = (
    HEAD
    + """
[delegations]
A = 1
[conditions]
goal = {}
ruin = {}
ready = {}
[[tracks.first.stages]]
name = "talk"
duration = 10
success = 1
[[tracks.first.stages]]
name = "deal"
duration = 5
success = 1
needs = ["ready"]
raises = ["goal"]
window = [ { from = "02-10", to = "02-20" } ]
[tracks.second]
parties = ["A"]
[[tracks.second.stages]]
name = "try"
duration = 3
success = 0
setbacks = [ { name = "no", delay = 4 } ]
[tracks.third]
parties = ["A"]
[[tracks.third.stages]]
name = "sit"
duration = 20
success = 1
[tracks.fourth]
[[tracks.fourth.stages]]
name = "gone"
duration = 6
success = 0
setbacks = [ { name = "over", delay = 2, resume = "abandon" } ]
[tracks.fifth]
[[tracks.fifth.stages]]
name = "never"
duration = 1
success = 1
[shocks.signal]
on = 2019-01-31
raises = ["ready"]
[shocks.blow]
on = 2019-01-06
breaks = [ { track = "first", delay = 7 } ]
[strategies.only]
never = ["fifth"]
"""
)


def test_a_budget_worked_out_by_hand() -> None:
    program = program_of(CERTAIN, "only")
    table = time_budget.budgets(program, logged(program, 1))
    days = table.set_index(["track", "activity", "item"])["days"]
    # Broken on day 5, back on day 12, talks until 22, ready on day 30, window on day 40, 5 days.
    assert days["first"].to_dict() == {
        (time_budget.TABLE, "talk"): 15.0,
        (time_budget.BREAK, "blow"): 7.0,
        (time_budget.GATE, "ready"): 8.0,
        (time_budget.WINDOW, "deal"): 10.0,
        (time_budget.TABLE, "deal"): 5.0,
    }
    # 3 at the table, 4 away; the third track sits from day 3 to 23 on the one delegation.
    second = days["second"]
    assert second[time_budget.DELEGATION, "A"] == 16.0
    assert second[time_budget.SETBACK, "no"] == 4 * 4.0
    assert second[time_budget.TABLE, "try"] == 4 * 3.0 + 1.0
    assert days["third"].to_dict() == {
        (time_budget.DELEGATION, "A"): 3.0,
        (time_budget.TABLE, "sit"): 20.0,
        (time_budget.COMPLETED, ""): 22.0,
    }
    assert days["fourth"].to_dict() == {
        (time_budget.TABLE, "gone"): 6.0,
        (time_budget.SETBACK, "over"): 2.0,
        (time_budget.ABANDONED, ""): 37.0,
    }
    assert days["fifth"].to_dict() == {(time_budget.LEFT_OUT, ""): 45.0}


@pytest.mark.parametrize("name", ["proposal", "all_parallel", "bilateral_only", "pressure"])
def test_the_days_of_a_track_are_the_days_without_the_goal(name: str) -> None:
    program = translate(KOREA.strategy(name))
    simulated = logged(program, 60)
    table = time_budget.budgets(program, simulated)
    per_track = table.groupby(["replication", "track"])["days"].sum().unstack()
    rows = [rows for _, rows, _ in simulated]
    without = [float(r.time[0]) if r.outcome[0] == GOAL else KOREA.horizon for r in rows]
    for track in KOREA.tracks:
        assert per_track[track].tolist() == pytest.approx(without)
    assert (table["days"] >= 0).all()


def waits_of(log, track: int) -> list[tuple[float, int]]:
    return [(e[0], e[3]) for e in log if e[1] == What.WAITS and e[2] == track]


def test_what_is_waited_for_is_what_the_engine_noted() -> None:
    seen = 0
    for number in range(40):
        try:
            scenario = sim.loads(any_scenario(random.Random(number)))
        except ScenarioError:
            continue
        name = next(iter(scenario.strategies), None)
        program = translate(scenario.strategy(name) if name else scenario)
        reader = time_budget._LogReader(program)
        for _, rows, log in logged(program, 3):
            last = time_budget._end(program, rows)
            state = time_budget._State(reader)
            notes = {t: waits_of(log, t) for t in range(len(program.tracks))}
            for begins, _ in state.spans(log, last):
                for track, activity in enumerate(state.activities):
                    past = [item for time, item in notes[track] if time <= begins]
                    if state.begun[track] or not past or activity.kind not in time_budget.WAITING:
                        continue
                    if reader.windows[state.stage[track]] and past[-1] in (-3, -4):
                        continue  # a window closes without a note
                    text = {-3: time_budget.WINDOW, -4: time_budget.DELEGATION}.get(past[-1])
                    assert (text or program.items[past[-1]]) in activity, (number, track, begins)
                    seen += 1
            assert rows.time[0] <= last
    assert seen > 200


def test_mean_budgets_count_the_histories_that_did_nothing_of_it() -> None:
    rows = [(0, "t", time_budget.TABLE, "x", 10.0), (0, "t", time_budget.GATE, "g", 5.0)]
    rows += [(1, "t", time_budget.TABLE, "x", 30.0)]
    table = pd.DataFrame(rows, columns=["replication", "track", "activity", "item", "days"])
    table.insert(0, "draw", 0)
    table.insert(0, "strategy", "s")
    found = attribution.time_budget(table).set_index("activity")
    assert found.loc[time_budget.TABLE, "best"] == 20 and found.loc[time_budget.GATE, "best"] == 2.5
    student = intervals.mean_interval([10.0, 30.0], (0, np.inf))
    assert found.loc[time_budget.TABLE, ["low", "high"]].tolist() == [student.low, student.high]
    twice = pd.concat([table.assign(draw=draw) for draw in range(3)], ignore_index=True)
    over = attribution.time_budget(twice).set_index("activity")
    pd.testing.assert_frame_equal(over, found)  # equal draws are the same replications


def test_spells_are_those_of_the_rows() -> None:
    program = translate(KOREA.strategy("proposal"))
    simulated = [one for one in logged(program, 300) if one[1].outcome[0] == GOAL]
    table = time_budget.spells(program, simulated)
    goal = program.code.goal
    assert len(table) == len(simulated) > 50 and 0.2 < table["ended"].mean() < 0.9
    for row, (_, rows, _) in zip(table.itertuples(), simulated, strict=True):
        held = float(rows.held[0, goal])
        assert row.begins == rows.first[0, goal]
        if row.ended:
            assert row.days <= held + 1e-9 < KOREA.horizon - row.begins + 1
        else:
            assert row.days == pytest.approx(held, abs=1e-6)


def test_tracks_that_can_reach_the_goal() -> None:
    assert time_budget.goal_tracks(translate(KOREA.strategy("proposal"))) == ["ministerial"]
    assert time_budget.goal_tracks(translate(KOREA.strategy("bilateral_only"))) == ["bilateral"]


# -- counterfactuals ------------------------------------------------------------------------------


def changed(text: str, strategy: str) -> dict[tuple[str, str], np.ndarray]:
    """Days without the goal under every change."""
    scenario = sim.loads(text).strategy(strategy)
    table = ablation.outcomes(scenario, translate(scenario), kernel.simulate, 5, 200)
    return {
        (str(name), str(how)): part["days_without"].to_numpy()
        for (name, how), part in table.groupby(["name", "how"])
    }


def days(text: str, strategy: str) -> np.ndarray:
    frame = sim.run(sim.loads(text), [strategy], 200, 5, workers=1).frame
    horizon = sim.loads(text).horizon
    return np.where(frame["outcome"] == "freeze", frame["time"], horizon)


def test_counterfactuals_are_the_scenarios_that_they_say() -> None:
    text = SMALL.read_text(encoding="utf-8")
    found = changed(text, "direct")
    later = ", ".join(f'{{ from = "{y}-09-19", to = "{y}-09-28" }}' for y in range(2018, 2023))
    off, free = ablation.DOES_NOT_HAPPEN, ablation.COSTS_NOTHING
    edits = {
        ("missile_test", off): ("{ low = 8, likely = 14, high = 24 }", "0"),
        ("spring_exercise", off): ('yearly = "03-01"', 'yearly = "03-01"\nprobability = 0'),
        ("collapse", off): ("rate = 0.35", "rate = 0"),
        ("talks.contact.shut", free): ('{ mean = 200 }, resume = "abandon"', "0"),
        ("talks.deal.walkout", free): (
            '{ mean = 120 }, resume = "contact", raises = ["crisis"]',
            "0",
        ),
        ("talks.contact.shut", ablation.NEVER_DRAWN): (
            '"shut", weight = 1',
            '"shut", weight = 0',
        ),
        ("talks.deal", ablation.ALWAYS_OPEN): (
            'window = [ { from = "09-19", to = "09-28" } ]',
            "",
        ),
        ("talks.deal", ablation.CLOSED_AT_FIRST): (
            '{ from = "09-19", to = "09-28" }',
            later,
        ),
    }
    was = days(text, "direct")
    for key, (old, new) in edits.items():
        assert old in text, old
        other = text.replace(old, new)
        assert found[key].tolist() == days(other, "direct").tolist(), key
    assert sum((found[key] != was).any() for key in edits) >= 7
    assert ("talks.deal.walkout", ablation.NEVER_DRAWN) not in found  # the only one
    assert ("talks.contact.insult", ablation.NEVER_DRAWN) in found


def test_overridden_numbers_stay_in_counterfactuals() -> None:
    text = SMALL.read_text(encoding="utf-8")
    found = changed(text, "hardline")
    other = text.replace('delay = { mean = 200 }, resume = "abandon"', "delay = 0")
    key = ("talks.contact.shut", ablation.COSTS_NOTHING)
    assert found[key].tolist() == days(other, "hardline").tolist()


def test_a_stage_of_no_length_keeps_the_delay() -> None:
    text = (
        HEAD
        + """
conditions = { goal = {}, ruin = {} }
[[tracks.a.stages]]
name = "x"
duration = 0
success = 0.2
raises = ["goal"]
setbacks = [ { name = "no", delay = 9, raises = ["ruin"] } ]
"""
    )
    text = text.replace("[[tracks", "[strategies.s]\n[[tracks", 1)
    scenario = sim.loads(text).strategy("s")
    table = ablation.outcomes(scenario, translate(scenario), kernel.simulate, 1, 50)
    assert (table["days_without"] % 9 == 0).sum() + (table["days_without"] == 100).sum() == 50
    assert table["reached_without"].mean() > table["reached"].mean()


def test_a_window_that_lies_in_the_first_year_alone_stays_shut() -> None:
    text = SMALL.read_text(encoding="utf-8").replace(
        'from = "09-19", to = "09-28"', "from = 2017-09-19, to = 2017-12-28"
    )
    key = ("talks.deal", ablation.CLOSED_AT_FIRST)
    assert (changed(text, "direct")[key] == 1826).all()


def test_costs_are_paired_differences() -> None:
    simulated = pd.DataFrame(
        {
            "strategy": "s", "draw": 0, "replication": range(4), "kind": "shock", "name": "k",
            "how": ablation.DOES_NOT_HAPPEN, "days": [100.0, 50.0, 80.0, 100.0],
            "days_without": [60.0, 50.0, 90.0, 70.0], "reached": [False, True, True, False],
            "reached_without": [True, True, True, True],
        }
    )  # fmt: skip
    row = attribution.costs(simulated).iloc[0]
    student = intervals.mean_interval([40.0, 0.0, -10.0, 30.0], (-100, 100))
    assert (row["low"], row["best"], row["high"]) == tuple(student)
    assert row["share"] == 0.5 and row["changed"] == 0.75
    assert (row["joint_low"], row["joint_high"]) == (row["low"], row["high"])  # one change alone
    drawn = pd.concat(
        [simulated, simulated.assign(draw=1, days_without=simulated["days_without"] - 10)]
    )
    row = attribution.costs(drawn).iloc[0]
    lost = np.array([[40.0, 0.0, -10.0, 30.0], [50.0, 10.0, 0.0, 40.0]])
    margins = [(each - 20) / len(each) for each in (lost.mean(axis=1), lost.mean(axis=0))]
    student = intervals.crossed_mean(20.0, intervals.crossed(20.0, *margins), (-100, 100))
    assert (row["low"], row["best"], row["high"]) == pytest.approx(tuple(student))
    two = pd.concat(
        [simulated, simulated.assign(name="l", days_without=simulated["days"])], ignore_index=True
    )
    table = attribution.costs(two)
    assert table["name"].tolist() == ["k", "l"]
    assert table["joint_low"].iloc[0] < table["low"].iloc[0]
    assert table["low"].iloc[1] < 0 < table["high"].iloc[1]  # no change seen, not none


def test_nothing_to_switch_off() -> None:
    text = HEAD + "conditions = { goal = {}, ruin = {} }\n[strategies.s]\n"
    text += '[[tracks.a.stages]]\nname = "x"\nduration = 5\nsuccess = 1\nraises = ["goal"]\n'
    found = explain.explain(sim.loads(text), replications=3)
    assert found.tables["costs"].empty
    assert "a  " in found.text or "mean days" in found.text


# -- divergences ----------------------------------------------------------------------------------


def test_the_same_history_never_parts() -> None:
    program = translate(KOREA.strategy("proposal"))
    _, log = kernel.trace(program, 1, 4)
    assert divergence.first_divergence(program, log, log).entity == ""
    assert divergence.first_changed_attempt(program, log, log).entity == ""


def test_the_first_divergence_is_the_first_difference() -> None:
    ours, theirs = (translate(KOREA.strategy(name)) for name in ("proposal", "all_parallel"))
    for replication in range(30):
        a, b = (kernel.trace(each, 3, replication)[1] for each in (ours, theirs))
        first = divergence.first_divergence(ours, a, b)
        before = [
            [e[:4] for e in log if 0 < e[0] < first.time and e[1] in divergence.VERBS]
            for log in (a, b)
        ]
        assert [e[:3] for e in before[0]] == [e[:3] for e in before[1]]
        assert first.a != first.b and first.time > 0


def test_divergences_of_a_case_by_hand() -> None:
    text = (
        HEAD
        + """
[conditions]
goal = {}
ruin = {}
help = {}
[[tracks.a.stages]]
name = "x"
duration = 10
success = 0.5
setbacks = [ { name = "no", delay = 3 } ]
raises = ["goal"]
[[influences]]
of = "help"
on = "a.x"
odds = 1e12
[[influences]]
of = "!help"
on = "a.x"
odds = 1e-12
[strategies.with]
raises = ["help"]
[strategies.without]
"""
    )
    scenario = sim.loads(text)
    ours, theirs = (translate(scenario.strategy(name)) for name in ("with", "without"))
    a, b = (kernel.trace(each, 1, 0)[1] for each in (ours, theirs))
    expected = divergence.Divergence(10.0, "a.x", "succeeds", "suffers a setback: no")
    assert divergence.first_divergence(ours, a, b) == expected
    assert divergence.first_changed_attempt(ours, a, b) == expected
    found = diff.diff(scenario, "with", "without", replications=7)
    assert found.tables["partings"]["n"].tolist() == [7]
    assert found.tables["partings"]["median_day"].tolist() == [10.0]
    assert "They diverge on day 10.0. a.x: succeeds (with), suffers a setback: no (without)." in (
        found.text
    )
    side = found.tables["side_by_side"]
    start = side[(side["time"] == 0) & (side["where"] == "a")]
    assert start["entity"].tolist() == ["help"]  # what the strategies differ in


def test_side_by_side_holds_every_event_of_both() -> None:
    stories = [sim.trace(KOREA, name, 5, engine="compiled") for name in ("proposal", "seoul_first")]
    table = divergence.side_by_side(*stories)
    assert table["time"].is_monotonic_increasing
    for story, side in zip(stories, ("a", "b"), strict=True):
        part = table[table["where"].isin(["both", side])]
        assert len(part) == len(story.events)
        assert sorted(part["what"]) == sorted(story.events["what"])


def test_histories_that_never_part_are_counted_as_such() -> None:
    never = pd.DataFrame([(0, *divergence.NO_DIVERGENCE), (1, 5.0, "x", "happens", "")],
                         columns=["replication", "time", "entity", "a", "b"])  # fmt: skip
    table = attribution.commonest_divergences(never)
    assert table["best"].tolist() == [0.5, 0.5]
    assert "never" in diff._commonest(table, ("one", "two"), "partings").text(100)


# -- whole explanations ---------------------------------------------------------------------------


def test_bottlenecks_with_draws_are_ratios() -> None:
    frame = runs("a", [100.0, 900.0] * 4, draws=[0, 0, 1, 1, 2, 2, 3, 3])
    table = attribution.bottlenecks(frame, horizon=1826.0).set_index("binding")
    assert table.loc["window", "best"] == 0.5


@pytest.mark.parametrize("number", [3, 14, 25])
def test_any_scenario_can_be_explained(number: int) -> None:
    text = scenario_text(random.Random(number))
    found = explain.explain(sim.loads(text), replications=30)
    assert "nan" not in found.text
    budgets = found.tables["budget"]
    assert (budgets["best"] >= 0).all()


def test_what_changed_no_history_is_said_so() -> None:
    found = explain.explain(sim.load("iran-2013"), ["experts_first"], 20)
    idle = found.tables["costs"].query("changed == 0 and kind == 'window'")
    assert len(idle) and (idle["best"] == 0).all() and (idle["joint_high"] > 0).all()
    for row in idle.itertuples():
        line = next(x for x in found.text.splitlines() if x.startswith(f"{row.name}: {row.how}"))
        assert "none in any replication" in line
