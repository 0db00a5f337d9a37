"""The examples in docstrings run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import sim.scenario

MODULES = [f"sim.scenario.{one.name}" for one in pkgutil.iter_modules(sim.scenario.__path__)]


@pytest.mark.parametrize("module", ["sim.errors", "sim.formatting", *MODULES])
def test_examples(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0
