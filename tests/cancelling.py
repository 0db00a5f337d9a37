"""Somebody who waits for some looks only, and sees what is simulated meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from sim.engine.kernel import Simulator


def nothing_is_simulated_afterwards(
    monkeypatch: pytest.MonkeyPatch, looks: int, ask: Callable[[Callable[[], bool]], Iterable[Any]]
) -> None:
    """Fails unless one block is simulated after each look that is not the last, and none after it.

    Args:
        looks: that are answered by "go on".
        ask: a study, given what tells it that nobody waits; it must yield nothing.
    """
    asked: list[bool] = []
    simulated: list[int] = []
    simulate = Simulator.simulate

    def cancelled() -> bool:
        asked.append(len(asked) >= looks)
        return asked[-1]

    def counted(self: Simulator, *histories: Any) -> None:
        simulated.append(len(asked))
        simulate(self, *histories)

    monkeypatch.setattr(Simulator, "simulate", counted)
    assert list(ask(cancelled)) == []
    assert asked[looks]
    assert simulated == list(range(1, looks + 1))
