"""What hypothesis tries is the same on every machine; ``--hypothesis-profile=new`` tries other.

A browser for the tests of pages; they are skipped, and say so, where none is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from chromium import MISSING, chromium, installed

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("same")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium."""
    if installed() is None:
        pytest.skip(MISSING)
    pytest.importorskip("selenium")
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
