"""Each rule of the process on a scenario whose replications follow by hand, in both engines."""

from __future__ import annotations

import math
from types import ModuleType

import pytest

import contingent_cases
import exact_cases
from exact_cases import Case
from sim import loads
from sim.engine import kernel, processes
from sim.engine.program import translate
from sim.engine.rows import frame

CASES = [*exact_cases.CASES, *contingent_cases.CASES]
REPLICATIONS = 12


def broken(case: Case, engine: ModuleType) -> list[str]:
    """What a row of the case holds against expectation; empty where the rule is kept."""
    scenario = loads(case.toml, case.rule)
    strategy = next(iter(scenario.strategies), None)
    program = translate(scenario.strategy(strategy) if strategy else scenario)
    table = frame(program, engine.simulate(program, 5, 0, REPLICATIONS), 0)
    found = []
    for column, value in case.expect.items():
        for got in table[column].unique():
            same = got == value or (isinstance(value, float) and math.isnan(value) and got != got)
            if not same:
                found.append(f"{column}: {got}, not {value}")
    return found


@pytest.mark.parametrize("engine", [processes, kernel], ids=["simpy", "compiled"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule.replace(" ", "_"))
def test_rule(case: Case, engine: ModuleType) -> None:
    assert broken(case, engine) == []
