"""Each rule of the process on a scenario whose replications follow by hand, in both engines."""

from __future__ import annotations

import math
from functools import cache
from types import ModuleType

import pytest

import contingent_cases
import exact_cases
from exact_cases import Case
from sim import loads
from sim.engine import kernel, processes
from sim.engine.program import Program, translate
from sim.engine.rows import frame

CASES = [*exact_cases.CASES, *contingent_cases.CASES]
REPLICATIONS = 12


@cache
def program_of(toml: str, rule: str) -> Program:
    """The program of a case, under its first strategy."""
    scenario = loads(toml, rule)
    strategy = next(iter(scenario.strategies), None)
    return translate(scenario.strategy(strategy) if strategy else scenario)


def broken(case: Case, engine: ModuleType) -> list[str]:
    """What a row of the case holds against expectation; empty where the rule is kept."""
    program = program_of(case.toml, case.rule)
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
