"""How much a test tries: what fits into every change, or what ``make verify`` has time for."""

from __future__ import annotations

import os

LONG = os.environ.get("LONG_TESTS") == "1"


PATIENCE = 300
"""Seconds after which a test gives up waiting: far more than a loaded machine needs."""


def effort(short: int, long: int) -> int:
    """The short number, or the long one where ``LONG_TESTS=1`` asks for the long form."""
    return long if LONG else short
