"""Rules, failures, pauses that end early and what is done, held against plans that must agree."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pandas as pd
import pytest

import sim
from random_scenarios import scenario_text
from sim.errors import ModelError
from sim.scenario.model import DecisionRule, Literal

NEVER_HOLDS = ((Literal("c0", 10**9, False, "c0>=1000000000"),),)
TALKS = """
title = "Talks"
start = 2019-01-01
horizon = 700
goal = "deal"
[conditions]
deal = {}
envoy = { posture = true }
heat = { max = 3, fades = { mean = 40 } }
[tracks.talks]
[[tracks.talks.stages]]
name = "meet"
duration = { mean = 20 }
success = 0.3
setbacks = [ { name = "rebuff", delay = { mean = 60 }, raises = ["heat"] } ]
[[tracks.talks.stages]]
name = "sign"
duration = { mean = 40 }
success = 0.4
raises = ["deal"]
setbacks = [ { name = "walkout", delay = { mean = 90, max = 400 }, resume = "meet" } ]
[tracks.other]
[[tracks.other.stages]]
name = "quiet"
duration = { mean = 50 }
success = 0.5
raises = ["envoy"]
setbacks = [ { name = "leak", delay = 30 } ]
[shocks.flare]
rate = 3
raises = ["heat"]
breaks = [ { track = "talks", probability = 0.5, delay = { mean = 30 } } ]
[[influences]]
of = "envoy"
on = "talks.*"
odds = 2
[[influences]]
of = "heat"
on = "talks.*"
odds = 0.7
"""


def rows(text: str, strategy: str, replications: int = 200) -> pd.DataFrame:
    scenario = sim.loads(f"{TALKS}[strategies.{strategy}]\n{text}")
    frame = sim.run(scenario, strategy, replications, engine="simpy", workers=1).frame
    frame["binding"] = frame["binding"].astype("object")
    return frame.drop(columns=["strategy", *(c for c in frame if c.startswith("first_rule."))])


@pytest.mark.parametrize("number", range(25))
def test_a_rule_that_never_fires_changes_nothing_but_its_own_column(number: int) -> None:
    scenario = sim.loads(scenario_text(random.Random(f"never {number}")))
    plan = scenario.strategies["a"]
    idle = DecisionRule(
        name="idle", when=NEVER_HOLDS, opens=tuple(scenario.tracks), raises=("c0",), repeats=True
    )
    more = replace(scenario, strategies={"a": replace(plan, rules=(idle, *plan.rules))})
    try:
        alone, both = (
            sim.run(one, "a", 12, engine="simpy", workers=1).frame for one in (scenario, more)
        )
    except (ModelError, sim.errors.RunError):
        return  # two rules that undo one another without end
    assert both.pop("first_rule.idle").isna().all()
    texts = dict.fromkeys(("strategy", "outcome", "binding"), "object")
    pd.testing.assert_frame_equal(alone.astype(texts), both.astype(texts))


def test_a_rule_on_day_0_is_the_posture_that_it_raises() -> None:
    """Attempts that begin on day 0 have their length then: the posture must bear on odds only."""
    pd.testing.assert_frame_equal(
        rows('raises = ["envoy"]', "a"), rows('rules = [{ name = "r", raises = ["envoy"] }]', "a")
    )


def test_a_rule_that_opens_a_track_is_the_start_rule_that_it_waives() -> None:
    gated = rows('starts = { talks = ["other.quiet"] }', "a")
    for own in ('starts = { talks = ["deal"] }', 'never = ["talks"]'):
        rule = 'rules = [{ name = "r", when = ["other.quiet"], opens = ["talks"] }]'
        opened = rows(f"{own}\n{rule}", "a")
        pd.testing.assert_frame_equal(
            gated.drop(columns=["binding"]), opened.drop(columns=["binding"])
        )


def test_a_rule_that_closes_a_track_on_day_0_leaves_it_out() -> None:
    """The track must not begin before the rule fires: its start rule holds later."""
    left_out = rows('never = ["talks"]', "a")
    closed = rows(
        'starts = { talks = ["deal"] }\nrules = [{ name = "r", closes = ["talks"] }]', "a"
    )
    pd.testing.assert_frame_equal(left_out, closed)


def test_learning_never_lowers_the_share_reached() -> None:
    """Common random numbers, better odds after each failure: no goal that came is lost."""
    learning = '[[influences]]\nof = "talks.meet.failures"\non = "talks.meet"\nodds = 1.3\n'
    only = TALKS[: TALKS.index("[tracks.other]")] + TALKS[TALKS.index("[[influences]]") :]
    base, taught = (
        sim.run(sim.loads(text), None, 1500, engine="simpy", workers=1).frame
        for text in (only, only + learning)
    )
    shares = [frame["first_deal"].notna().mean() for frame in (base, taught)]
    assert shares[1] > shares[0] + 0.01
    soon, late = (one["first_talks.meet"].fillna(math.inf) for one in (taught, base))
    assert (soon <= late).all()


def test_all_done_but_the_last_stage_is_that_stage_alone() -> None:
    """A geometric number of attempts and delays, both exponential, seen by their mean and share."""
    text = TALKS[: TALKS.index("[tracks.other]")].replace(', resume = "meet"', "")
    text = text.replace("{ mean = 90, max = 400 }", "0").replace("horizon = 700", "horizon = 5000")
    scenario = sim.loads(text).standing(done=["talks.meet"])
    frame = sim.run(scenario, None, 1500, engine="simpy", workers=1).frame
    assert (frame["first_talks.meet"] == 0.0).all()
    mean = 40 / 0.4  # a geometric sum of exponentials is exponential
    assert frame["first_deal"].mean() == pytest.approx(mean, abs=4 * mean / math.sqrt(1500))
    share = (frame["first_deal"] <= 100).mean()
    assert share == pytest.approx(1 - math.exp(-1), abs=4 * 0.482 / math.sqrt(1500))


def test_truncation_leaves_nothing_beyond() -> None:
    text = TALKS.replace("success = 0.3", "success = 1").replace(
        "duration = { mean = 20 }", "duration = { median = 20, sigma = 3, max = 60 }"
    )
    text = text[: text.index("[shocks.flare]")]
    frame = sim.run(sim.loads(text), None, 800, engine="simpy", workers=1).frame
    days = frame["first_talks.meet"]
    assert days.max() <= 60 and days.quantile(0.9) > 30


def test_a_delay_that_ends_early_never_makes_a_track_later() -> None:
    calls = '[shocks.call]\nrate = 6\nresumes = ["talks"]\n'
    only = TALKS[: TALKS.index("[tracks.other]")].replace(', raises = ["heat"]', "")
    base, called = (
        sim.run(sim.loads(text), None, 400, engine="simpy", workers=1).frame
        for text in (only, only + calls)
    )
    late, soon = (one["first_deal"].fillna(math.inf) for one in (base, called))
    assert (soon <= late).all() and (soon < late).any()


def test_two_rules_that_undo_one_another_are_named() -> None:
    text = f"""{TALKS}[strategies.a]
rules = [ {{ name = "up", when = ["!envoy"], raises = ["envoy"], repeats = true }},
          {{ name = "down", when = ["envoy"], clears = ["envoy"], repeats = true }} ]
"""
    for engine in ("simpy", "compiled"):
        with pytest.raises((ModelError, sim.errors.RunError)) as error:
            sim.run(sim.loads(text), "a", 1, engine=engine, workers=1)
        assert "in rule up, rule down (strategy a" in str(error.value)
