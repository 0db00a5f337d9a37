"""Less work behind each answer of the live table: for tests that do not look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sim.app import progressive, tornado

FEW = 20
"""Histories that are followed for the time budget, and at each end of a range."""


@contextmanager
def few_histories() -> Iterator[None]:
    """While these tests run."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(progressive, "FOLLOWED", FEW)
        changed.setattr(tornado, "SIZES", (FEW,))
        yield
