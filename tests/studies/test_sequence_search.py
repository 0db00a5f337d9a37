"""The search: its space, its histories, what it says, and how it refuses."""

from __future__ import annotations

import itertools
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import sim
from command import detente
from contests import contest_text, space_of
from sim.engine import kernel
from sim.engine.program import translate
from sim.errors import InputError, ModelError
from sim.plotting import outcomes, style
from sim.scenario.scenario import Scenario, load, loads
from sim.studies import search, sequence_search
from sim.studies.sequence_evaluation import Outcomes, SequenceEvaluator, chosen
from sim.studies.sequence_space import Space, file_of, fubini, size_of, waits_for_goal, weak_orders
from sim.studies.study import Study

KOREA = load("korea-2017")
FOUR = ("us_dprk", "north_south", "working_group", "ministerial")
POSTURES = tuple(c.name for c in KOREA.conditions.values() if c.posture)
QUICK = {"replications": 50, "workers": 1}


def small(text: str = "", more: str = "") -> Scenario:
    """Two tracks, of which the second is easier after the first."""
    return loads(f"""
title = "Two"
start = 2020-01-01
horizon = 400
goal = "deal"
{text or 'ruin = "war"'}
conditions = {{ deal = {{}}, war = {{}}, bold = {{ posture = true }}, mad = {{ posture = true }} }}
shocks.war = {{ rate = 0.1, raises = ["war"] }}
[[tracks.talks.stages]]
name = "open"
duration = 20
success = 0.5
setbacks = [ {{ name = "no", delay = 10 }} ]
[[tracks.talks.stages]]
name = "more"
duration = {{ mean = 20 }}
success = 1
[[tracks.summit.stages]]
name = "meet"
duration = {{ mean = 20 }}
success = 0.1
raises = ["deal"]
setbacks = [ {{ name = "clash", delay = {{ mean = 200 }} }} ]
[[influences]]
of = "talks.open"
on = "summit.meet"
odds = 30
[[influences]]
of = "mad"
on = "*.*"
odds = 0.1
[[influences]]
of = "bold"
on = "talks.open"
odds = 4
{more}""")


# -- the space ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tracks", "orders"), [(0, 1), (1, 1), (2, 3), (3, 13), (4, 75), (6, 4683)]
)
def test_there_are_as_many_orders_as_fubini_says(tracks, orders) -> None:
    found = list(weak_orders("abcdef"[:tracks]))
    assert len(found) == len(set(found)) == fubini(tracks) == orders


def test_every_weak_order_is_there_by_brute_force() -> None:
    by_rank = {
        tuple(tuple(n for n, r in zip("abcd", ranks, strict=True) if r == level)
              for level in sorted(set(ranks)))
        for ranks in itertools.product(range(4), repeat=4)
    }  # fmt: skip
    assert set(weak_orders("abcd")) == by_rank


def test_the_space_is_orders_times_postures_and_numbered() -> None:
    space = Space(KOREA, FOUR, postures=POSTURES)
    assert len(space) == 75 * 64 == size_of(KOREA, 4, 0, 6)
    assert len({space[number] for number in range(len(space))}) == len(space)
    assert space[0].raises == ()
    assert space.words(0) == "us_dprk + north_south + working_group + ministerial; no posture"


def test_tracks_may_be_left_out() -> None:
    space = Space(KOREA, FOUR, optional=("north_south",), never=("bilateral",))
    assert len(space) == 75 + 13 == size_of(KOREA, 4, 1, 0)
    last = space.strategy(len(space) - 1)
    assert last.never == ("bilateral", "north_south")
    assert "north_south" not in last.starts
    assert "without north_south" in last.about


def test_a_track_may_wait_for_an_earlier_stage() -> None:
    space = Space(small(), ("talks", "summit"), stages=True)
    assert [space.words(n).partition(";")[0] for n in range(len(space))] == [
        "talks + summit",
        "talks > summit",
        "talks.open > summit",
        "summit > talks",
    ]
    assert space.strategy(1).order == (("talks",), ("summit",))
    early = space.strategy(2)
    assert early.order == ()
    assert [literal.text for item in early.starts["summit"] for literal in item] == ["talks.open"]


@pytest.mark.parametrize("stages", [False, True])
def test_saved_candidates_are_read_back_as_they_are(stages, tmp_path) -> None:
    space = Space(KOREA, FOUR, ("settlement",), ("ministerial",), POSTURES[:2], FOUR[1:], stages)
    numbers = range(0, len(space), 37)
    path = tmp_path / "saved.toml"
    path.write_text(file_of([space.strategy(n) for n in numbers], "saved"))
    read = load("korea-2017", [path])
    for number in numbers:
        assert read.strategies[space.name(number)] == space.strategy(number)


def test_names_do_not_meet_those_of_the_file() -> None:
    text = '[strategies.candidate_0]\nraises = ["bold"]'
    space = Space(small(more=text), ("talks",))
    assert space.name(0) == "candidate_new_0"


def test_candidates_that_cannot_differ_do_not() -> None:
    space = Space(KOREA, (*FOUR, "bilateral"), postures=POSTURES[:2])
    first, place = space.distinct
    assert len(first) < len(space)
    assert np.array_equal(place[first], np.arange(len(first)))
    others = np.setdiff1d(np.flatnonzero(place >= 0), first)
    some = np.random.default_rng(5).choice(others, 150, replace=False)
    contest = SequenceEvaluator(space, 3, workers=1)
    ours, theirs = contest.evaluate(some, 0, 30), contest.evaluate(first[place[some]], 0, 30)
    assert np.array_equal(ours.goal, theirs.goal, equal_nan=True)
    assert np.array_equal(ours.ruin, theirs.ruin, equal_nan=True)


def test_a_posture_that_bears_on_nothing_makes_no_difference() -> None:
    # `bold` bears on the talks alone; where they are left out, it does not matter.
    space = Space(small(), ("talks", "summit"), optional=("talks",), postures=("bold", "mad"))
    first, _ = space.distinct
    kept = [space.words(n) for n in first if space[n].order.left_out]
    assert kept == ["summit; without talks; no posture", "summit; without talks; raises mad"]


def test_hopeless_candidates_never_reach_the_goal() -> None:
    space = Space(KOREA, (*FOUR, "bilateral"), optional=("ministerial",))
    _, place = space.distinct
    hopeless = np.flatnonzero(place < 0)
    assert 0 < len(hopeless) < len(space)
    assert np.isnan(SequenceEvaluator(space, 3, workers=1).evaluate(hopeless, 0, 60).goal).all()


def test_tracks_behind_the_goal_are_not_ordered() -> None:
    assert [name for name in KOREA.tracks if waits_for_goal(KOREA, name)] == ["settlement"]


# -- the histories --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "space",
    [
        Space(KOREA, (*FOUR, "bilateral"), postures=POSTURES),
        Space(KOREA, FOUR, ("bilateral",), ("us_dprk",), POSTURES, ("ministerial",), True),
        space_of(loads(contest_text(3))),
    ],
    ids=["korea", "stages, optional, priority", "contest"],
)
def test_a_candidate_tells_what_its_strategy_tells(space) -> None:
    numbers = np.random.default_rng(2).integers(0, len(space), 40)
    simulated = SequenceEvaluator(space, 7, workers=2).evaluate(numbers, 11, 25)
    for number, goal, ruin in zip(numbers, simulated.goal, simulated.ruin, strict=True):
        program = translate(chosen(space, number))
        rows = kernel.simulate(program, 7, 11, 25)
        assert np.array_equal(rows.first[:, program.code.goal], goal, equal_nan=True)
        assert np.array_equal(rows.first[:, program.code.ruin], ruin, equal_nan=True)


def test_histories_do_not_depend_on_how_they_are_cut() -> None:
    space = Space(KOREA, FOUR)
    whole = SequenceEvaluator(space, 1, workers=2).evaluate(range(3), 0, 5_000)
    part = SequenceEvaluator(space, 1, workers=1).evaluate([2], 4_500, 500)
    assert np.array_equal(whole.goal[2, 4_500:], part.goal[0], equal_nan=True)


def test_a_history_without_end_names_the_strategy() -> None:
    with pytest.raises(ModelError, match="candidate_0"):
        SequenceEvaluator(Space(_endless(), ("talks",)), 1, workers=1).evaluate([0], 0, 1)


def _endless() -> Scenario:
    return loads("""
title = "Endless"
start = 2020-01-01
horizon = 9
goal = "deal"
conditions = { deal = {} }
[[tracks.talks.stages]]
name = "open"
duration = 0
success = 1
[[tracks.talks.stages]]
name = "close"
duration = 0
success = 0
setbacks = [ { name = "no", delay = 0, resume = "open" } ]
""")


# -- the search -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found() -> Study:
    return search.search(small(), **QUICK, zone=5)


def test_the_search_finds_the_order_and_the_posture_that_pay(found) -> None:
    row = found.tables["candidates"].iloc[0]
    assert row["words"] == "talks > summit; raises bold"
    assert (row["status"], row["n"]) == ("best", 50)
    assert not found.tables["candidates"]["words"].head(2).str.contains("mad").any()


def test_the_table_has_three_numbers_for_every_estimate(found) -> None:
    table = found.tables["candidates"]
    for name in ("restricted_mean", "reached", "ruin", "difference", "ruin_difference"):
        assert (table[f"{name}_low"] <= table[name]).all(), name
        assert (table[name] <= table[f"{name}_high"]).all(), name
    assert table["difference"].iloc[0] == 0


def test_estimates_come_from_new_replications() -> None:
    space = sequence_search.space_of(small(), None, [], [], None, [], False)
    options = sequence_search.options_of(space, "days", 5, 0.95, 50)
    inner = sequence_search.find(space, options, 1)
    first = inner.counts["first_measured_replication"]
    assert first >= inner.selection.next_replication > 0
    best = int(inner.table["number"].iloc[0])
    assert best == inner.distinct[inner.selection.best]
    goal = SequenceEvaluator(space, 1, workers=1).evaluate([best], first, 50).goal
    mean = float(np.fmin(goal, 400).mean())
    assert inner.table["restricted_mean"].iloc[0] == pytest.approx(mean)


def test_the_front_is_not_dominated(found) -> None:
    own = found.tables["candidates"][found.tables["candidates"]["number"] >= 0]
    costs = own[["restricted_mean", "median", "reached", "ruin"]].to_numpy() * [1, 1, -1, 1]
    costs = np.nan_to_num(costs, nan=np.inf)  # a median that is not reached
    for row, on_front in zip(costs, own["front"], strict=True):
        beaten = ((costs <= row).all(axis=1) & (costs < row).any(axis=1)).any()
        assert not (on_front and beaten)
        alike = (costs == row).all(axis=1).sum() > 1
        assert on_front or beaten or alike


def test_who_is_there_sooner_more_often_than_not_stands_on_the_front() -> None:
    """More days, but the shorter median: half of the histories are there sooner."""
    goal = np.array([[400.0] * 9 + [np.nan], [300.0] * 6 + [800.0] * 3 + [np.nan], [500.0] * 10])
    simulated = Outcomes(goal, np.full(goal.shape, np.nan), goal)
    horizon = SimpleNamespace(days=lambda simulated: np.fmin(simulated.goal, 1000.0))
    objectives = sequence_search._Search.objectives(horizon, simulated)
    assert objectives[:, 1].tolist() == [400, 300, 500] and objectives[0, 0] < objectives[1, 0]
    # The third is slower than both, and never fails.
    assert sequence_search._undominated(objectives).tolist() == [True, True, True]
    assert sequence_search._undominated(np.delete(objectives, 1, axis=1)).tolist() == [
        True,
        False,
        True,
    ]


def test_medians_are_printed_where_one_is_reached(found) -> None:
    assert found.tables["candidates"]["median_low"].notna().any()
    text = found.text
    assert "median days" in text and "front of days, median, share and war" in text
    none = found.tables["candidates"].assign(median_low=np.nan, median=np.nan, median_high=np.nan)
    tables = {"candidates": none, "front": none[none["front"]]}
    assert "median days" not in replace(found, tables=tables).text


def test_first_fronts_peel_one_after_the_other() -> None:
    objectives = np.array([[1.0, 1], [2, 2], [0, 3], [3, 0], [3, 3]])
    assert sequence_search._first_fronts(objectives, 3).tolist() == [0, 2, 3]
    assert sequence_search._first_fronts(objectives, 4).tolist() == [0, 2, 3, 1]


def test_the_same_search_whatever_the_workers(found) -> None:
    again = search.search(small(), replications=50, workers=2, zone=5)
    pd.testing.assert_frame_equal(found.tables["candidates"], again.tables["candidates"])
    assert again.manifest["choice_replications"] == found.manifest["choice_replications"]


def test_share_is_another_measure() -> None:
    found = search.search(small(), **QUICK, measure="share", zone=0.03)
    table = found.tables["candidates"]
    assert table["difference"].to_numpy() == pytest.approx(
        table["reached"].iloc[0] - table["reached"].to_numpy()
    )
    assert "points" in found.text


def test_a_large_space_nominates_candidates_for_the_front() -> None:
    found = search.search(
        KOREA, FOUR[1:], postures=POSTURES[:2], **QUICK, zone=100
    )  # fmt: skip
    assert found.manifest["distinct"] > sequence_search.NEAR
    assert len(found.tables["candidates"]) < found.manifest["candidates"] + len(KOREA.strategies)
    assert found.tables["front"]["restricted_mean"].is_monotonic_increasing
    assert set(
        found.tables["candidates"][found.tables["candidates"]["number"] < 0]["candidate"]
    ) == set(KOREA.strategies)


def test_the_figure_says_what_the_candidate_with_the_least_ruin_reaches(found) -> None:
    drawn = outcomes.front(found.tables["candidates"], "deal", "war")
    texts = [text.get_text().strip() for text in drawn.texts]
    letters = "ABCDEFGHIJKL"[: len(found.tables["front"])]
    assert [text for text in texts if len(text) == 1] == list(letters)
    best = pd.DataFrame(
        {"reached": [0.4, 0.25], "ruin": [0.03, 0.02], "ruin_difference_high": [0.0, -0.001]}
    ).assign(number=[3, 5], front=True)
    sentence = outcomes._front_sentence(best, "deal", "war")
    reach = "The 2 measured candidates reach deal in 40 % of replications at best"
    assert sentence == f"{reach}; the one with the least war (2 %) in 25 %"
    best["ruin_difference_high"] = 0.001
    less = "none on the front has significantly less war than the one chosen"
    assert outcomes._front_sentence(best, "deal", "war") == f"{reach}; {less}"
    assert outcomes._front_sentence(best, "deal", None) == reach
    only = "The only candidate reaches deal in 40 % of replications"
    assert outcomes._front_sentence(best.head(1), "deal", "war") == only


def test_a_crowded_front_is_cut_and_told_so(found) -> None:
    table = pd.concat([found.tables["candidates"].head(1)] * 20, ignore_index=True).assign(
        front=True
    )
    table["number"] = range(20)
    drawn = outcomes.front(table, "deal", "war")
    assert "and 8 more, in front.csv" in drawn.texts[-1].get_text()
    table = table.assign(status="not distinguished")
    many = replace(found, tables={"candidates": table, "front": table})
    assert "The first 12 of 20 are shown; all are in candidates.csv." in many.text


# -- degenerate cases -----------------------------------------------------------------------------


def test_one_candidate_only() -> None:
    found = search.search(small(), ["talks"], postures=[], **QUICK)
    assert (found.tables["candidates"]["number"].iloc[0], len(found.tables["candidates"])) == (0, 1)
    assert "1 candidate" in found.text


def test_no_candidate_ever_reaches_the_goal() -> None:
    late = small().text.replace(
        "duration = { mean = 20 }\nsuccess = 0.1", "duration = 500\nsuccess = 0.1"
    )
    found = search.search(loads(late), **QUICK)
    assert (found.tables["candidates"]["restricted_mean"] == 400).all()
    assert (found.tables["candidates"]["reached"] == 0).all()
    assert found.tables["candidates"]["median"].isna().all()
    text = found.text
    assert "No measured candidate ever reached deal" in text
    assert "nan" not in text


def test_every_history_reaches_the_goal_at_once() -> None:
    sure = small(more='[tracks.now]\n[[tracks.now.stages]]\nname = "s"\nduration = 0\n'
                      'success = 1\nraises = ["deal"]\n')  # fmt: skip
    found = search.search(sure, ["talks", "summit"], **QUICK)
    assert (found.tables["candidates"]["restricted_mean"] == 0).all()
    assert set(found.tables["candidates"]["status"]) == {"best", "alike"}
    assert found.tables["candidates"]["front"].sum() == 1
    assert "nan" not in found.text


def test_without_ruin() -> None:
    found = search.search(small('about = "nothing can be lost"'),
                              **QUICK, zone=20)  # fmt: skip
    assert "ruin" not in found.tables["candidates"]
    assert "war" not in found.text


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tracks": ["talk"]}, 'tracks: unknown track "talk"; did you mean "talks"'),
        ({"tracks": ["talks", "talks"]}, 'tracks: "talks" stands there twice'),
        ({"tracks": ["talks"], "never": ["talks"]}, 'tracks: unknown track "talks"; .*: summit'),
        ({"never": ["x"]}, 'never: unknown track "x"'),
        ({"optional": ["x"]}, 'optional: unknown track "x"'),
        ({"postures": ["war"]}, 'postures: unknown posture "war"; allowed: bold, mad'),
        ({"priority": ["x"]}, 'priority: unknown track "x"'),
        ({"measure": "hope"}, 'measure: found "hope"; allowed: days, share, reached, ruin, '),
        ({"zone": 0}, "zone: found 0; allowed: more than 0 and less than 400"),
        ({"zone": float("nan")}, "zone: found nan"),
        ({"confidence": 1}, "confidence: found 1; allowed: from 0.5 to below 1"),
        ({"replications": 1}, "replications: found 1"),
        ({"seed": -1}, "seed: found -1"),
        ({"never": ["summit"]}, "of talks, nothing that can happen ever raises deal"),
        ({"tracks": [], "never": ["summit"]}, "of none, nothing that can happen"),
    ],
)
def test_what_cannot_be_asked(asked, message) -> None:
    with pytest.raises(InputError, match=message):
        search.search(small(), **asked)


def test_too_many_candidates_are_refused_before_they_are_made() -> None:
    tracks = "".join(
        f'[tracks.t{i}]\n[[tracks.t{i}.stages]]\nname = "s"\nduration = 1\nsuccess = 1\n'
        for i in range(9)
    )
    with pytest.raises(InputError, match=r"11 in every order.*allowed: 1,000,000; order fewer"):
        search.search(small(more=tracks))
    with pytest.raises(InputError, match="or more"):
        search.search(KOREA, list(KOREA.tracks), postures=POSTURES[:4], stages=True)


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture
def scenario_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "two.toml"
    path.write_text(small().text)
    return path


def test_the_command_writes_a_folder_that_can_be_used(scenario_file, tmp_path, capsys) -> None:
    asked = ("search", scenario_file, "--zone", 5, "--replications", 40, "--full", "--out", "out")
    assert detente(*asked, "--save", "saved.toml") == 0
    out = capsys.readouterr().out
    assert "talks > summit; raises bold" in out
    assert "had no part in any choice" in " ".join(out.split())
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"manifest.json", "candidates.csv", "front.csv", "candidates.toml",
                     "front.toml", "best.toml", "front.png", "front.svg"}  # fmt: skip
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["kind"] == "search"
    assert manifest["simulated"] >= sum(stage["simulated"] for stage in manifest["stages"]) > 0
    best = tomllib.loads((tmp_path / "out" / "best.toml").read_text())["strategies"]
    assert list(best) == [manifest["best"]]
    assert (tmp_path / "saved.toml").read_text() == (tmp_path / "out" / "best.toml").read_text()
    assert detente("run", scenario_file, "--strategies", "out/candidates.toml", "--strategy",
                   manifest["best"], "--replications", 9, "--out", "run") == 0  # fmt: skip


def test_a_file_that_cannot_be_written_is_told_before_the_search(scenario_file, capsys) -> None:
    for where in ("nowhere/best.toml", "."):
        assert detente("search", scenario_file, "--save", where, "--out", "out") == 2
        output = capsys.readouterr()
        assert output.out == "" and output.err == (
            f"{where}: cannot be written to; allowed: a file, in a folder that there is\n"
        )
    assert not Path("out").exists()


def test_a_zone_in_points_is_refused_in_points(scenario_file, capsys) -> None:
    for zone in (0, 100, "nan"):
        asked = ("search", scenario_file, "--measure", "share", "--zone", zone, "--out", "out")
        assert detente(*asked) == 2
        assert (
            f"--zone: found {zone}; allowed: more than 0 and less than 100 percentage points"
            in (capsys.readouterr().err)
        )


def test_no_difference_is_minus_nothing() -> None:
    assert search._signed(-0.04, 1) == "+0.0" and search._signed(-0.06, 1) == "-0.1"
    assert search._points((-0.00001, 0.0, 0.02)) == "+0.00 points (+0.00 to +2.00)"


def test_the_same_folder_takes_the_same_search_and_no_other(scenario_file, capsys) -> None:
    asked = ("search", scenario_file, "--zone", 50, "--replications", 20, "--quiet")
    assert detente(*asked, "--out", "out") == 0
    assert detente(*asked, "--out", "out") == 0
    assert detente(*asked, "--out", "out", "--seed", 2) == 2
    assert "holds other results: seed 1 in the folder, 2 now" in capsys.readouterr().err
    assert detente(*asked, "--out", "two.toml") == 2
    assert "two.toml: is a file; allowed: a folder" in capsys.readouterr().err


def test_without_a_folder_named_each_question_has_its_own(scenario_file, capsys) -> None:
    folders = []
    for more in ((), ("--measure", "share", "--zone", "20"), ("--after", "stages")):
        assert detente("search", scenario_file, "--replications", 20, "--quiet", *more) == 0
        line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("results:"))
        folders.append(line.split()[1])
    assert len(set(folders)) == 3
    assert all("-search-" in folder for folder in folders)


def test_the_command_says_what_is_wrong(scenario_file, capsys) -> None:
    assert detente("search", scenario_file, "--tracks", "talks,sumit") == 2
    error = capsys.readouterr().err
    assert error == (
        'tracks: unknown track "sumit"; did you mean "summit"? allowed: talks, summit\n'
    )
    assert detente("search", scenario_file, "--quiet", "--replications", 20, "--postures", "",
                   "--save", "no/such/folder/x.toml") == 2  # fmt: skip
    assert "cannot be written to" in capsys.readouterr().err


def test_the_public_name() -> None:
    assert sim.search is search.search


def test_the_title_of_the_front_tells_candidates_from_strategies_of_the_file() -> None:
    scenario = small(more="[strategies.bold_one]\nraises = ['bold']\n[strategies.plain]\n")
    found = search.search(scenario, postures=[], **QUICK)
    table = found.tables["candidates"]
    candidates, named = (table[table["number"] >= 0], table[table["number"] < 0])
    table.loc[named.index[0], "reached"] = above = candidates["reached"].max() + 0.1
    axes = outcomes.front(table, "deal", "war")
    title = " ".join(axes.get_title(loc="left").split())
    best = style.share_label(candidates["reached"].max())
    assert f"candidates reach deal in {best} of replications at best" in title
    name = style.words(named["candidate"].iloc[0])
    assert f" ({name}, a strategy of the file: {style.share_label(above)})" in title
    table.loc[named.index, "reached"] = 0.0
    assert "of the file" not in outcomes.front(table, "deal", "war").get_title(loc="left")
    assert "the best candidate or within" in " ".join(found.text.split())


# -- any measure ----------------------------------------------------------------------------------


def without(columns):
    return np.fmin(columns["first_deal"], 400.0)


LATE = sim.Measure("late", without, "days", more=False, bounds=(0.0, 400.0))


@pytest.mark.parametrize(
    ("plain", "zone", "measure", "column"),
    [("share", 0.03, "reached", "reached"), ("days", 5, LATE, "restricted_mean"),
     ("days", 5, "restricted_mean", "restricted_mean")],
    ids=["share", "own", "days"],
)  # fmt: skip
def test_a_measure_that_is_the_same_chooses_the_same(plain, zone, measure, column) -> None:
    known = search.search(small(), **QUICK, measure=plain, zone=zone)
    found = search.search(small(), **QUICK, measure=measure, zone=zone)
    ours, theirs = found.tables["candidates"], known.tables["candidates"]
    for end in ("", "_low", "_high"):
        np.testing.assert_array_equal(ours[f"value{end}"], theirs[f"{column}{end}"])
    pd.testing.assert_frame_equal(ours.drop(columns=["value", "value_low", "value_high"]), theirs)
    assert found.manifest["stages"] == known.manifest["stages"]
    assert "value" not in theirs and "measured" not in known.manifest


def test_the_one_chosen_by_ruin_has_the_least() -> None:
    """One posture makes war more frequent, and another one makes it rare."""
    risky = small(
        more='[[influences]]\nof = "bold"\non = "war"\nrate = 9\n'
        '[[influences]]\nof = "mad"\non = "war"\nrate = 0.01'
    )
    found = search.search(risky, **QUICK, measure="ruin", zone=0.03)
    table = found.tables["candidates"]
    row = table[table["number"] >= 0].iloc[0]
    assert row["words"].endswith("raises mad") and row["ruin"] == table["ruin"].min()
    assert row["value"] == row["ruin"]
    text = " ".join(found.brief.split())
    assert "chosen by share of replications with war (less is better), with 95 % confidence" in text
    assert f"share of replications with war {100 * row['ruin']:.1f} (" in text


def test_a_candidate_without_the_goal_may_be_the_best_by_another_measure() -> None:
    text = small().text.replace('name = "meet"', 'name = "meet"\nneeds = ["bold"]')
    text = text.replace("rate = 0.1,", "rate = 2,")
    more = '\n[[influences]]\nof = "bold"\non = "war"\nrate = 9\n'
    scenario = loads(text + more)
    by_days = search.search(scenario, **QUICK, zone=20)
    by_ruin = search.search(scenario, **QUICK, measure="ruin", zone=0.1)
    for found, bold in ((by_days, True), (by_ruin, False)):
        assert ("bold" in found.tables["candidates"]["words"].iloc[0]) is bold
    assert "chosen by share of replications with war" in by_ruin.brief


def test_a_posture_that_bears_on_nothing_else_still_matters_to_its_own_days() -> None:
    still = loads(small().text.replace('of = "bold"\non = "talks.open"', 'of = "mad"\non = "war"')
                  .replace("odds = 4", "rate = 4"))  # fmt: skip
    most = search.search(still, **QUICK, measure="held_bold", zone=20)
    assert "bold" in most.tables["candidates"]["words"].iloc[0]
    assert most.manifest["distinct"] > search.search(still, **QUICK, zone=40).manifest["distinct"]


def test_a_measure_without_bounds_has_a_zone_or_none_is_made() -> None:
    slow = sim.Measure("slow", without, more=False)
    with pytest.raises(InputError, match='zone: not given, and the measure "slow" has no bounds'):
        search.search(small(), measure=slow)
    found = search.search(small(), **QUICK, measure=slow, zone=5)
    assert found.tables["candidates"]["words"].iloc[0] == "talks > summit; raises bold"
    assert "chosen by slow (less is better)" in " ".join(found.brief.split())
    assert "nan" not in found.text


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        ("held_x", 'unknown condition "x"'),
        ("reached@2030-01-01", "allowed after @: a date up to"),
        (5, "measure: found 5"),
        (sim.Measure("days", without), 'there is already "days"'),
        (sim.Measure("x", "n_cla", bounds=(0, 9)), 'measure "x": unknown column "n_cla"'),
        (sim.Measure("x", "first_deal", bounds=(0, 9)), 'measure "x": found replications without'),
        (sim.Measure("x", lambda of: 1, bounds=(0, 9)), r'"x": found values of shape \(\) for 100'),
    ],
)
def test_a_measure_that_cannot_be_is_one_message(measure, message) -> None:
    with pytest.raises(InputError, match=message):
        search.search(small(), **QUICK, measure=measure)


def test_the_command_takes_any_measure(scenario_file, tmp_path, capsys) -> None:
    asked = ("search", scenario_file, "--replications", 40, "--quiet", "--out", "out")
    assert detente(*asked, "--measure", "reached@200", "--zone", 3) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "share of replications that reached deal by day 200 (more is better)" in out
    assert "within 3.0 points of it" in out
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["options"]["zone"] == 0.03 and manifest["better"] == "more"
    for measure in ("nosuch", "held_nosuch", "reached@x"):
        assert detente("search", scenario_file, "--measure", measure, "--out", "none") == 2
        output = capsys.readouterr()
        assert measure in output.err and output.err.count("\n") == 1
    assert not Path("none").exists()
