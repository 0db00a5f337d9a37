"""Where nothing has a memory, the exact law is known; both engines must follow it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from scipy import stats

import sim
from markov_chain import Chain, Endless, TooLarge
from markovian_scenarios import HORIZON, scenario_text
from sim.engine.jit import JIT
from sim.errors import ScenarioError

TIMES = [60.0, 250.0, float(HORIZON) - 1e-9]
SCENARIOS = 40
MOST_STATES = 1500
REPLICATIONS = {"compiled": 20_000, "simpy": 600}
EVERY = {"compiled": 1, "simpy": 2}  # of the scenarios; the engines agree on all, bit for bit
SLACK = 1e-9  # of the matrix exponential


def scenarios(count: int, first: int = 0) -> Iterator[tuple[int, str, Chain]]:
    """Random scenarios whose chain is small enough, with their numbers."""
    number, found = first, 0
    while found < count:
        text = scenario_text(random.Random(number))
        try:
            sim.loads(text)
            chain = Chain(text, "a", MOST_STATES)
            found += 1
            yield number, text, chain
        except (TooLarge, Endless, ScenarioError):
            pass
        number += 1


def expected(chain: Chain, text: str) -> dict[str, float]:
    """Every probability that is compared."""
    scenario = sim.loads(text)
    names = [*scenario.conditions, *scenario.stages]
    names += [f"rule.{rule.name}" for rule in scenario.strategies["a"].rules]
    shares = {
        f"{name} by {time:.0f}": p
        for name in names
        for time, p in zip(TIMES, chain.passage(name, TIMES), strict=True)
    }
    return shares | {f"outcome {name}": p for name, p in chain.outcomes().items()}


def observed(frame: pd.DataFrame, share: str) -> float:
    name, _, time = share.partition(" by ")
    if time:
        bound = next(t for t in TIMES if f"{t:.0f}" == time)
        return float((frame[f"first_{name}"] <= bound).mean())
    return float((frame["outcome"] == share.removeprefix("outcome ")).mean())


def differences(frame: pd.DataFrame, shares: dict[str, float]) -> dict[str, float]:
    """Differences in standard errors; infinite where the certain did not come true."""
    found = {}
    for name, p in shares.items():
        gap = observed(frame, name) - p
        error = math.sqrt(max(p * (1 - p), 0.0) / len(frame))
        if error * len(frame) < 1e-3:  # as good as certain
            found[name] = 0.0 if abs(gap) < 1e-4 else math.inf
        else:
            found[name] = gap / error
    return found


@lru_cache
def cases() -> list[tuple[int, str, Chain]]:
    return list(scenarios(SCENARIOS))


@pytest.mark.slow
@pytest.mark.parametrize("engine", REPLICATIONS)
def test_first_passages_and_outcomes_follow_the_chain(engine: str) -> None:
    if engine == "compiled" and not JIT:
        pytest.skip("without the compiler this takes too long")
    squares, freedom = 0.0, 0
    for number, text, chain in cases()[:: EVERY[engine]]:
        shares = expected(chain, text)
        assert abs(sum(p for n, p in shares.items() if n.startswith("outcome")) - 1) < 1e-6
        frame = sim.run(
            sim.loads(text), ["a"], REPLICATIONS[engine], number, engine=engine, workers=1
        ).frame
        z = differences(frame, shares)
        worst = max(z, key=lambda name: abs(z[name]))
        assert abs(z[worst]) < 4, f"number {number}: {worst} off by {z[worst]:.1f}\n{text}"
        for name in sim.loads(text).conditions:
            mean, deviation = chain.days(name)
            error = deviation / math.sqrt(len(frame))
            gap = frame[f"held_{name}"].mean() - mean
            assert abs(gap) < 4.5 * error + 1e-6, f"number {number}: days of {name}\n{text}"
        goal = [name for name in z if name.startswith("goal by")]
        squares += sum(z[name] ** 2 for name in goal[:1] if math.isfinite(z[name]))
        freedom += sum(z[name] != 0 for name in goal[:1])
    assert stats.chi2.sf(squares, freedom) > 1e-4


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="without the compiler this takes too long")
@settings(suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_first_passages_of_scenarios_that_hypothesis_finds(rng: random.Random) -> None:
    text = scenario_text(rng)
    try:
        scenario = sim.loads(text)
        shares = expected(Chain(text, "a", MOST_STATES), text)
    except (TooLarge, Endless, ScenarioError):
        reject()
    z = differences(sim.run(scenario, ["a"], 20_000, workers=1).frame, shares)
    worst = max(z, key=lambda name: abs(z[name]))
    assert abs(z[worst]) < 4, f"{worst} off by {z[worst]:.1f}\n{text}"


@pytest.mark.slow
def test_the_scenarios_have_something_to_say() -> None:
    texts = "".join(text for _, text, _ in cases())
    for word in ("reopens", "breaks", "abandon", "holds", "when =", "odds", "time =", "rate =",
                 "priority", "fades", "duration = 0", "after =", "starts", "lowers", "resumes",
                 "failures", "done =", "never", "rules =", "closes", "opens",
                 "repeats"):  # fmt: skip
        assert word in texts, word
    goals = [chain.passage("goal", [HORIZON])[0] for _, _, chain in cases()]
    assert sum(0.02 < p < 0.98 for p in goals) > SCENARIOS / 3
    assert max(len(chain.states) for _, _, chain in cases()) > 300


# -- the oracle itself, by hand -------------------------------------------------------------------

RETRIES = """
title = "Retries"
start = 2019-01-01
horizon = 700
goal = "goal"
ruin = "ruin"
[conditions]
goal = {}
ruin = {}
[tracks.t]
[[tracks.t.stages]]
name = "s"
duration = { mean = 20 }
success = 0.25
raises = ["goal"]
setbacks = [ { name = "no", delay = 0 } ]
[shocks.end]
rate = 3.6525
raises = ["ruin"]
"""


def test_a_geometric_sum_of_exponentials_is_exponential() -> None:
    chain = Chain(RETRIES)
    for time, p in zip(TIMES, chain.passage("goal", TIMES), strict=True):
        rates = 0.25 / 20, 0.01
        together = sum(rates)
        assert p == pytest.approx(rates[0] / together * -math.expm1(-together * time), rel=1e-7)
    shares = chain.outcomes()
    assert shares["goal"] + shares["ruin"] + shares["ongoing"] == pytest.approx(1)
    mean, _ = chain.days("goal")
    until = np.linspace(0, HORIZON, 200_001)
    up = np.exp(-0.01 * until) - np.exp(-(0.01 + 0.0125) * until)
    assert mean == pytest.approx(np.trapezoid(up, until), rel=1e-5)


def test_a_fading_level_is_a_queue() -> None:
    text = (
        'title = "Queue"\nstart = 2019-01-01\nhorizon = 100000\ngoal = "goal"\n[conditions]\n'
        "goal = {}\nx = { max = 3, fades = { mean = 30 } }\n"
        '[shocks.k]\nrate = 12\nraises = ["x"]\n'
        '[tracks.t]\n[[tracks.t.stages]]\nname = "s"\nduration = { mean = 9 }\nsuccess = 1\n'
    )
    load = 12 / 365.25 * 30
    weights = [load**i for i in range(4)]
    mean, _ = Chain(text).days("x")
    assert mean / 100_000 == pytest.approx(1 - weights[0] / sum(weights), rel=1e-3)
