"""Marks, the budget of hypothesis, what is measured for coverage, and a browser.

``slow``: more than a second or so. ``browser``: needs Chromium; skipped, with the reason, where
none is installed. Tests that run many replications or read many files are not measured for
coverage, which would double their time.

What hypothesis tries is the same on every machine; with ``LONG_TESTS=1``, as in ``make verify``,
it tries much more, and other examples each time.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from chromium import MISSING, chromium, installed
from effort import LONG
from sim.engine.jit import JIT

settings.register_profile("same", derandomize=True, deadline=None, max_examples=20)
settings.register_profile(
    "long", deadline=None, max_examples=300, suppress_health_check=list(HealthCheck)
)
settings.load_profile("long" if LONG else "same")

UNMEASURED = {
    "test_closed_form", "test_coverage", "test_degenerate", "test_exact", "test_fuzz",
    "test_golden", "test_kernel", "test_korea", "test_korea_2017", "test_markov_chain",
    "test_mutations", "test_page", "test_pairing", "test_randomness", "test_ties",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


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
