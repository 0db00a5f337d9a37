"""The compiled engine against the SimPy engine, which is its definition."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreement import difference
from builders import LOOP
from effort import effort
from random_scenarios import scenario_text
from sim.engine import kernel, processes, program
from sim.engine.jit import JIT
from sim.errors import ModelError
from sim.scenario import scenario

# Without the compiler the engine is two hundred times slower, and a few scenarios must do.
SCENARIOS = effort(300, 1000) if JIT else 20
BATCHES = 10


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_engines_agree_on_random_scenarios(batch: int) -> None:
    for number in range(batch, SCENARIOS, BATCHES):
        text = scenario_text(random.Random(number))
        translated = program.translate(scenario.loads(text).strategy("a"))
        assert difference(translated, number, replications=20) is None, f"number {number}\n{text}"


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples if JIT else 5)
@given(st.randoms(use_true_random=False), st.integers(0, 2**64 - 1))
def test_engines_agree_on_what_hypothesis_finds(rng: random.Random, seed: int) -> None:
    translated = program.translate(scenario.loads(scenario_text(rng)).strategy("a"))
    assert difference(translated, seed, replications=4) is None


MANY_CLOCKS = """
title = "Many"
start = 2020-01-01
horizon = 700
goal = "freeze"
[conditions]
freeze = { max = 100 }
heat = { max = 9, fades = { mean = 20 } }
"""


def many(tracks: int, shocks: int) -> str:
    text = MANY_CLOCKS
    for i in range(tracks):
        text += f"""
[tracks.t{i}]
parties = ["US"]
[[tracks.t{i}.stages]]
name = "only"
duration = {{ mean = 40 }}
success = 0.4
needs = ["!heat>=8"]
raises = ["freeze"]
setbacks = [ {{ name = "no", delay = 10 }} ]
"""
    for i in range(shocks):
        text += f"""
[shocks.k{i}]
rate = {1 + i % 3}
when = ["!t0.only"]
raises = ["heat"]
breaks = [ {{ track = "t{i % tracks}", probability = 0.5 }} ]
"""
    return text + "[delegations]\nUS = 3\n"


@pytest.mark.parametrize(("tracks", "shocks"), [(1, 0), (3, 20), (70, 10), (10, 130)])
def test_engines_agree_beyond_one_word_of_marks(tracks: int, shocks: int) -> None:
    translated = program.translate(
        scenario.loads(many(tracks, shocks).replace("!heat>=8", "!heat"))
    )
    assert difference(translated, 5, replications=6) is None


@pytest.mark.parametrize(("tracks", "shocks"), [(40, 20), (90, 120), (30, 1060)])
def test_of_many_clocks_at_one_instant_the_first_comes_first(tracks: int, shocks: int) -> None:
    dates = 'on = ["2020-01-05", "2020-01-15", "2020-03-01"]'
    text = re.sub(r"rate = \d", dates, many(tracks, shocks)).replace("{ mean = 40 }", "4")
    text = text.replace('needs = ["!heat>=8"]\n', "").replace("US = 3", f"US = {tracks - 1}")
    translated = program.translate(scenario.loads(text))
    assert difference(translated, 5, replications=3) is None


def test_a_shock_with_too_many_levels_for_a_table_has_the_same_speed() -> None:
    conditions = "".join(f"c{i} = {{ max = 3, fades = 20 }}\n" for i in range(8))
    influences = "".join(
        f'[[influences]]\nof = "c{i}"\non = "*"\nrate = {1.01 + i / 100}\n' for i in range(8)
    )
    raisers = "".join(f'[shocks.r{i}]\nrate = 9\nraises = ["c{i}"]\n' for i in range(8))
    text = f"""
title = "Wide"
start = 2020-01-01
horizon = 900
goal = "freeze"
[conditions]
freeze = {{}}
{conditions}
[tracks.t]
[[tracks.t.stages]]
name = "s"
duration = 50
success = 1
raises = ["freeze"]
{raisers}
{influences}
"""
    translated = program.translate(scenario.loads(text))
    assert (kernel.plan(translated.code).shocks.table == program.NOTHING).all()
    assert difference(translated, 5, replications=10) is None


def test_numbers_of_a_draw_reach_both_engines_without_parsing() -> None:
    loaded = scenario.loads(many(2, 2).replace("!heat>=8", "!heat"))
    plain = program.translate(loaded)
    drawn = plain.with_parameters({"t0.only.success": 0.9, "k0.rate": 30.0, "delegations.US": 1.6})
    assert difference(drawn, 1, replications=20) is None
    parsed = program.translate(loaded.override({"t0.only.success": 0.9, "k0.rate": 30.0}))
    parsed = parsed.with_parameters({"delegations.US": 2.0})
    ref, comp = kernel.simulate(parsed, 1, 0, 50), kernel.simulate(drawn, 1, 0, 50)
    assert np.array_equal(ref.first, comp.first, equal_nan=True)
    assert not np.array_equal(kernel.simulate(plain, 1, 0, 50).first, comp.first, equal_nan=True)


def test_an_endless_loop_at_one_instant_has_the_same_clear_error_in_both_engines() -> None:
    translated = program.translate(scenario.loads(LOOP))
    messages = []
    for engine in (processes, kernel):
        with pytest.raises(ModelError) as error:
            engine.simulate(translated, 3, 0, 5)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert "time cannot advance" in messages[0]
    assert "track circle" in messages[0]
    assert "replication 0" in messages[0]


def test_a_history_does_not_depend_on_its_neighbours() -> None:
    translated = program.translate(scenario.loads(many(3, 5).replace("!heat>=8", "!heat")))
    whole = kernel.simulate(translated, 9, 0, 40)
    part = kernel.simulate(translated, 9, 17, 3)
    for all_rows, some in zip(whole, part, strict=True):
        assert np.array_equal(all_rows[17:20], some, equal_nan=some.dtype.kind == "f")


def test_a_long_log_is_told_whole() -> None:
    text = many(2, 60).replace("!heat>=8", "!heat").replace("horizon = 700", "horizon = 10000")
    translated = program.translate(scenario.loads(text))
    _, log = kernel.trace(translated, 1, 0)
    assert len(log) > 4096
    assert log == processes.trace(translated, 1, 0)[1]
