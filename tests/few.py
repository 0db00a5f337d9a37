"""Less work behind each answer of the live table: for tests that do not look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sim.explore import asking, importance

FEW = 20
"""Histories that are followed for the time budget, and at each end of a range."""


@contextmanager
def few_histories() -> Iterator[None]:
    """While these tests run."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(asking, "FOLLOWED", FEW)
        changed.setattr(importance, "SIZES", (FEW,))
        yield
