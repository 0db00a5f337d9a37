"""The examples in docstrings of the package run and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import sim

MODULES = [
    one.name
    for one in pkgutil.walk_packages(sim.__path__, "sim.")
    if not one.name.endswith("__main__")
]
ELSEWHERE = {id(getattr(sim, name)) for name in sim.__all__[1:]}
"""Public names; their examples have a test of their own."""


def examples_of(name: str) -> list[doctest.DocTest]:
    """The examples of a module, those of public names aside."""
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module)
    parts = {one.name: one for one in found if one.examples}
    public = [
        f"{name}.{own}" for own, thing in vars(module).items() if id(thing) in ELSEWHERE
    ]  # fmt: skip
    return [
        one
        for at, one in parts.items()
        if not any(at == other or at.startswith(f"{other}.") for other in public)
    ]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner()
    for one in examples_of(name):
        assert runner.run(one).failed == 0, one.name
