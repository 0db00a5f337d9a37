"""What hypothesis tries is the same on every machine; ``--hypothesis-profile=new`` tries other.

A browser for the tests of pages; they are skipped, and say so, where none is installed. Tests that
tell many histories or read many files are not measured for coverage, which would double their time.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import settings

from chromium import MISSING, chromium, installed
from sim.engine.jit import JIT

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("same")

UNMEASURED = {
    "test_closed_form", "test_coverage", "test_degenerate", "test_exact", "test_explore_page",
    "test_fuzz", "test_golden", "test_kernel", "test_korea", "test_markov_chain",
    "test_mutations", "test_randomness", "test_ties",
}  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    tracer = sys.gettrace()
    if not JIT or item.path.stem not in UNMEASURED:  # without the compiler: few, for coverage
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium."""
    if installed() is None:
        pytest.skip(MISSING)
    pytest.importorskip("selenium")
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
