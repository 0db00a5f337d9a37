"""The address of every draw, by NumPy's own Philox; what common random numbers promise."""

from __future__ import annotations

import math
from hashlib import blake2b

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim

SEED, ENGINES = 2**64 - 3, ("simpy", "compiled")


def uniforms(name: str, replication: int, occurrence: int = 0, block: int = 0) -> np.ndarray:
    h = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    counter = (replication | occurrence << 64 | block << 128) - 1
    words = np.random.Philox(counter=counter % 2**256, key=SEED | h << 64).random_raw(4)
    return (words >> np.uint64(11)) * 2.0**-53


def rows(text: str, engine: str, n: int = 5, strategy: str | None = None) -> pd.DataFrame:
    head = 'title = "Draws"\nstart = 2019-01-01\nhorizon = 5000\ngoal = "goal"\n'
    scenario = sim.loads(head + "[conditions.goal]\n" + text)
    return sim.run(scenario, strategy and [strategy], n, SEED, engine=engine).frame


STAGE = """
[tracks.t]
parties = ["US"]
[[tracks.t.stages]]
name = "s"
duration = { median = 20, sigma = 0.7 }
success = 0.2
raises = ["goal"]
setbacks = [ { name = "short", weight = 3, delay = { min = 2, max = 8 } },
             { name = "long", weight = 1, delay = { shape = 2, scale = 50 } } ]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_an_attempt_draws_duration_success_setback_delay(engine: str) -> None:
    for _, row in rows(STAGE, engine, 8).iterrows():
        day, setbacks = 0.0, {"short": 0, "long": 0}
        for attempt in range(1000):
            u = uniforms("stage:t.s", row["replication"], attempt)
            day += stats.lognorm.ppf(u[0], 0.7, scale=20)
            if u[1] < 0.2:
                break
            name = "short" if u[2] * 4 < 3 else "long"
            setbacks[name] += 1
            short = stats.uniform.ppf(u[3], 2, 6)
            day += short if name == "short" else stats.weibull_min.ppf(u[3], 2, scale=50)
        assert row["first_goal"] == pytest.approx(day, rel=1e-12)
        assert {name: row[f"n_{name}"] for name in setbacks} == setbacks


SHOCKS = """
[conditions.x]
[conditions.y]
[conditions.b]
[conditions.often]
max = 100
[shocks.k]
rate = 4
probability = 0.3
raises = ["x"]
[shocks.once]
after = { mean = 60 }
raises = ["y"]
[shocks.dated]
yearly = "05-09"
probability = 0.5
raises = ["often"]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_shock_draws_its_waiting_time_and_its_chance(engine: str) -> None:
    for _, row in rows(SHOCKS, engine, 8).iterrows():
        r = row["replication"]
        day, happened, first = 0.0, 0, math.inf
        for k in range(10_000):
            u = uniforms("shock:k", r, k)
            day += -math.log1p(-u[0]) / (4 / 365.25)
            if day >= 5000:
                break
            if u[1] < 0.3:
                happened, first = happened + 1, min(first, day)
        assert row["n_k"] == happened
        assert row["first_x"] == pytest.approx(first, rel=1e-11)
        once = -60 * math.log1p(-uniforms("shock:once", r)[0])
        assert row["first_y"] == pytest.approx(once, rel=1e-12)
        assert row["n_dated"] == sum(uniforms("shock:dated", r, k)[1] < 0.5 for k in range(14))


BREAKS = """
[conditions.x]
fades = { p10 = 5, p50 = 20, p90 = 100 }
[tracks.a]
parties = ["US"]
[[tracks.a.stages]]
name = "s"
duration = 30
success = 1
[tracks.b]
parties = ["US"]
[[tracks.b.stages]]
name = "s"
duration = 30
success = 1
[shocks.k]
on = [2019-01-11, 2019-01-21]
raises = ["x"]
breaks = [ { track = "a", probability = 0.5, delay = { mean = 7 } },
           { track = "b", probability = 0.5, delay = { mean = 7 } } ]
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_breaks_and_fades_have_addresses_of_their_own(engine: str) -> None:
    z = 1.2815515655446004
    for _, row in rows(BREAKS, engine, 16).iterrows():
        r = row["replication"]
        for i, track in enumerate("ab"):
            end = 30.0
            for k, day in enumerate((10.0, 20.0)):
                u = uniforms("shock:k", r, k, 1 + i)
                if day > end - 30 and u[0] < 0.5:
                    end = day - 7 * math.log1p(-u[1]) + 30
            assert row[f"first_{track}.s"] == pytest.approx(end, rel=1e-12)
        fades = []
        for k in range(2):
            u = uniforms("fade:x", r, k)[0]
            sigma = math.log(20 / 5) / z if u < 0.5 else math.log(100 / 20) / z
            fades.append(20 * math.exp(sigma * stats.norm.ppf(u)))
        assert row["held_x"] == pytest.approx(min(fades[0], 10) + fades[1], rel=1e-10)


# -- common random numbers ------------------------------------------------------------------------

NOISE = """
[conditions.idle]
[tracks.aside]
parties = ["EU"]
[[tracks.aside.stages]]
name = "s"
duration = { mean = 10 }
success = 0.5
setbacks = [ { name = "aside_fails", delay = { mean = 10 } } ]
[shocks.nothing]
rate = 30
raises = ["idle"]
"""
STRATEGIES = """
[strategies.now]
[strategies.later]
starts = { t = ["y"] }
"""
SAME = ["outcome", "time", "first_goal", "first_x", "first_y", "held_x", "n_k", "n_short", "n_long"]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_touches_nothing_changes_nothing(engine: str) -> None:
    text = SHOCKS + STAGE
    plain = rows(text + STRATEGIES, engine, 40, "now")
    noisy = rows(NOISE + text + STRATEGIES, engine, 40, "now")
    pd.testing.assert_frame_equal(plain[SAME], noisy[SAME])
    alone = rows(text + "[strategies.now]\n", engine, 40, "now")
    pd.testing.assert_frame_equal(plain[SAME], alone[SAME])
    assert not plain["first_goal"].equals(
        rows(text + STRATEGIES, engine, 40, "later")["first_goal"]
    )


def test_results_depend_on_the_seed_and_replications_are_not_shared_between_seeds() -> None:
    scenario = sim.loads(
        'title = "Draws"\nstart = 2019-01-01\nhorizon = 5000\ngoal = "goal"\n[conditions.goal]\n'
        + STAGE
    )
    one, two = (sim.run(scenario, None, 200, seed).frame["first_goal"] for seed in (1, 2))
    assert not set(one.dropna()) & set(two.dropna())


def test_strategies_meet_the_same_luck() -> None:
    frame = sim.run(sim.load("korea-2017"), ["proposal", "pressure"], 2000).frame
    pressed = frame.pivot(index="replication", columns="strategy", values="n_china_pressure")
    assert (pressed["proposal"] == pressed["pressure"]).mean() > 0.9
