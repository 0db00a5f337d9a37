"""The reference scenario: what it must hold, and whether it behaves as anybody would expect."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from sim.scenario.loading import toml
from sim.scenario.quantities import Range, likely

N = 6000
SCENARIO = sim.load("korea-2017")
STRATEGIES = [
    "proposal", "sequential", "seoul_first", "multilateral_first", "all_parallel",
    "bilateral_only", "ministerial_first", "cvid_first", "pressure",
]  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return sim.run(SCENARIO, None, N).frame


def share(frame: pd.DataFrame, strategy: str | None = None, condition: str = "freeze") -> float:
    chosen = frame if strategy is None else frame[frame["strategy"] == strategy]
    return float(chosen[f"first_{condition}"].notna().mean())


def changed(changes: dict[str, float], strategy: str = "proposal") -> pd.DataFrame:
    return sim.run(SCENARIO.override(changes), [strategy], N).frame


def waiting(frame: pd.DataFrame) -> float:
    """Mean days without a freeze, up to the horizon."""
    return float(frame["first_freeze"].fillna(SCENARIO.horizon).mean())


# -- what it holds --------------------------------------------------------------------------------


def test_every_claim_has_its_place() -> None:
    stages = {name: [s.name for s in track.stages] for name, track in SCENARIO.tracks.items()}
    assert stages["us_dprk"] == ["contact", "moratorium"]
    assert stages["working_group"] == ["reconvene", "principles", "secretariat"]
    assert stages["ministerial"] == ["prepare", "convene", "freeze"]
    assert stages["settlement"] == ["production_cap", "security_regime", "denuclearisation"]
    assert {"north_south", "bilateral"} <= set(stages)
    assert (SCENARIO.goal, SCENARIO.ruin) == ("freeze", "war")
    postures = {name for name, c in SCENARIO.conditions.items() if c.posture}
    assert postures >= {
        "broad_mandate", "cvid_first", "seoul_raises_nuclear", "russian_envoy", "leaders_attend",
        "pressure",
    }  # fmt: skip
    assert {"moratorium", "freeze", "sanctions_eased", "crisis", "dialogue", "exercise"} <= set(
        SCENARIO.conditions
    )
    assert {"missile_test", "strategic_test", "nuclear_test", "show_of_force", "china_pressure"} < (
        set(SCENARIO.shocks)
    )
    assert list(SCENARIO.strategies) == STRATEGIES


def test_the_window_is_that_of_the_general_assembly() -> None:
    convene = SCENARIO.tracks["ministerial"].stages[1]
    assert [(w.opens.month, w.opens.day, w.closes.month, w.closes.day) for w in convene.window] == [
        (9, 19, 10, 3)
    ]


def test_every_number_has_a_source() -> None:
    sim_numbers = SCENARIO.numbers()
    uncertain = {n: number for n, number in sim_numbers.items() if isinstance(number, Range)}
    assert len(uncertain) > 150
    unsourced = [name for name, number in uncertain.items() if not number.source.strip()]
    assert unsourced == []
    vague = [
        name
        for name, number in uncertain.items()
        if not number.source.startswith(("record", "judgement", "op-ed", "comparison"))
    ]
    assert vague == []
    bare = [
        name for name, number in uncertain.items()
        if number.source.startswith("judgement") and len(number.source) < len("judgement: x x")
    ]  # fmt: skip
    assert bare == []
    # What is not a range is certain by nature: shares of 0 and 1, weights and delays not given.
    certain = {number for n, number in sim_numbers.items() if n not in uncertain}
    assert certain <= {0.0, 1.0}


def test_it_has_neither_faults_nor_warnings_of_substance() -> None:
    faults, warnings, _ = sim.check("korea-2017")
    assert faults == ()
    assert [str(w) for w in warnings if "never" in w.message or "ignored" in w.message] == []


# -- how it behaves -------------------------------------------------------------------------------


def test_no_strategy_is_certain_or_impossible(rows: pd.DataFrame) -> None:
    shares = {name: share(rows, name) for name in STRATEGIES}
    assert all(0.01 < value < 0.6 for value in shares.values()), shares
    war = rows.groupby("strategy", observed=True)["first_war"].apply(lambda c: c.notna().mean())
    assert war.between(0.01, 0.05).all(), war


def test_what_the_record_says(rows: pd.DataFrame) -> None:
    proposal = rows[rows["strategy"] == "proposal"]
    years = SCENARIO.horizon / 365.25
    assert 5 < proposal["n_missile_test"].mean() / years + proposal["n_test_campaign"].mean() < 25
    frozen = proposal[proposal["first_freeze"].notna()]
    assert 250 < frozen["held_freeze"].mean() < 1100  # some two years, cut off by the horizon
    assert share(proposal, condition="us_dprk.contact") > 0.5
    assert 90 < proposal["first_us_dprk.contact"].median() < 500
    made = proposal["first_ministerial.convene"]
    assert made.notna().mean() < 0.5


def test_denuclearisation_first_is_worse_than_the_proposal(rows: pd.DataFrame) -> None:
    cvid, proposal = (share(rows, name) for name in ("cvid_first", "proposal"))
    error = np.sqrt((cvid * (1 - cvid) + proposal * (1 - proposal)) / N)
    assert proposal - cvid > 5 * error


@pytest.mark.parametrize("strategy", ["proposal", "all_parallel"])
def test_more_hostile_shocks_bring_later_and_fewer_freezes(strategy: str) -> None:
    hostile = ("missile_test", "strategic_test", "nuclear_test", "show_of_force")
    rates = {f"{name}.rate": likely(SCENARIO.numbers()[f"{name}.rate"]) for name in hostile}
    tables = [
        changed({name: rate * factor for name, rate in rates.items()}, strategy)
        for factor in (0.25, 1, 4)
    ]
    shares = [share(table) for table in tables]
    assert shares[0] > shares[1] > shares[2]
    delays = [waiting(table) for table in tables]
    assert delays[0] < delays[1] < delays[2]
    gain = tables[0]["first_freeze"].notna() * 1.0 - tables[2]["first_freeze"].notna()
    assert stats.ttest_1samp(gain, 0, alternative="greater").pvalue < 1e-4


def test_without_the_window_freezes_come_sooner() -> None:
    text = without_windows(SCENARIO.text)
    free = sim.run(sim.loads(text, "korea-2017"), ["proposal"], N).frame
    bound = changed({})
    assert waiting(free) < waiting(bound)
    assert share(free) > share(bound)
    gain = bound["first_freeze"].fillna(SCENARIO.horizon) - free["first_freeze"].fillna(
        SCENARIO.horizon
    )
    assert stats.ttest_1samp(gain, 0, alternative="greater").pvalue < 1e-3


def without_windows(text: str) -> str:
    document = tomllib.loads(text)
    for track in document["tracks"].values():
        for stage in track["stages"]:
            stage.pop("window", None)
    return toml(document)


def test_a_second_delegation_never_hurts_all_parallel() -> None:
    one, two = (changed({"delegations.DPRK": n}, "all_parallel") for n in (1, 2))
    assert share(two) >= share(one)
    assert waiting(two) <= waiting(one)


def test_war_comes_more_often_in_a_crisis() -> None:
    calm = changed(
        {"missile_test.rate": 0.5, "strategic_test.rate": 0.1, "show_of_force.rate": 0.1}
    )
    tense = changed({"missile_test.rate": 60, "strategic_test.rate": 8, "show_of_force.rate": 12})
    assert share(calm, condition="war") < share(tense, condition="war")


def test_the_moratorium_lowers_testing(rows: pd.DataFrame) -> None:
    proposal = rows[rows["strategy"] == "proposal"]
    tests = proposal["n_missile_test"]
    longest = proposal["held_moratorium"] > 365
    assert tests[longest].mean() < tests[proposal["held_moratorium"] == 0].mean()
