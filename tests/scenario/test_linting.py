"""Notes on numbers, against the laws themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sim
from sim.engine import distributions
from sim.engine.program import FAMILIES
from sim.scenario import linting
from sim.scenario.quantities import base_value

HEAD = """
title = "Lengths"
start = 2019-01-01
horizon = 100
goal = "goal"
[conditions.goal]
[tracks.t]
[[tracks.t.stages]]
name = "s"
success = 1
raises = ["goal"]
"""


def duration(text: str) -> sim.scenario.Duration:
    return sim.loads(f"{HEAD}duration = {text}\n").tracks["t"].stages[0].duration


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("12.5", 12.5),
        ("{ low = 1, likely = 4, high = 9 }", 4),
        ("{ mean = 40 }", 40),
        ("{ median = 20, sigma = 0.7 }", 20 * math.exp(0.245)),
        ("{ shape = 2, scale = 30 }", 30 * math.sqrt(math.pi) / 2),
        ("{ min = 5, max = 25 }", 15),
        ("{ min = 1, mode = 4, max = 30 }", 47 / 6),
        ("{ p10 = 10, p50 = 40, p90 = 160 }", None),
        ("{ p10 = 10, p50 = 20, p90 = 160 }", None),
        ("{ mean = 40, max = 100 }", 40 - 100 / math.expm1(2.5)),
        ("{ median = 20, sigma = 0.7, max = 50 }", None),
        ("{ shape = 2, scale = 30, max = 40 }", None),
        ("{ p10 = 10, p50 = 20, p90 = 160, max = 200 }", None),
        ("{ values = [3] }", 3),
        ("{ values = [0, 10, 40] }", 15),
        ("{ median = 1, sigma = 40 }", math.inf),
        ("{ shape = 1e-6, scale = 1 }", math.inf),
    ],
)
def test_the_mean_is_that_of_the_law(text: str, exact: float | None) -> None:
    given = duration(text)
    if exact is not None:
        assert linting.mean(given) == pytest.approx(exact, rel=1e-12)
    if math.isfinite(linting.mean(given)):
        assert linting.mean(given) == pytest.approx(mean_of_quantiles(given), rel=2e-3)


def mean_of_quantiles(given: sim.scenario.Duration) -> float:
    """The area under the quantile function of the engines; its upper tail is cut finest."""
    family = FAMILIES[given.family]
    raw = given.values or [base_value(number) for number in given.params.values()]
    params, table = distributions.prepare(family, np.array(raw, dtype=float))
    v = (np.arange(20_000) + 0.5) / 20_000
    u, slope = 1 - (1 - v) ** 3, 3 * (1 - v) ** 2
    days = [distributions.quantile(family, *params, table, 0, len(table), float(x)) for x in u]
    return float(np.mean(np.array(days) * slope))
