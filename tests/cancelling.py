"""Somebody who waits for some looks only, and sees what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from sim.engine.kernel import Teller


def nothing_is_told_afterwards(
    monkeypatch: pytest.MonkeyPatch, looks: int, ask: Callable[[Callable[[], bool]], Iterable[Any]]
) -> None:
    """Fails unless one block is told after each look that is not the last, and none after it.

    Args:
        looks: that are answered by "go on".
        ask: a study, given what tells it that nobody waits; it must yield nothing.
    """
    asked: list[bool] = []
    told: list[int] = []
    tell = Teller.tell

    def cancelled() -> bool:
        asked.append(len(asked) >= looks)
        return asked[-1]

    def counted(self: Teller, *histories: Any) -> None:
        told.append(len(asked))
        tell(self, *histories)

    monkeypatch.setattr(Teller, "tell", counted)
    assert list(ask(cancelled)) == []
    assert asked[looks]
    assert told == list(range(1, looks + 1))
