"""A seat at the table: what one browser tab asks, and the worker that answers the newest of it.

An older question gives way at once: what was refining it stops at the next block of histories.
Only a first answer is always finished and shown, so that a curve moves while a slider is dragged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sim.explore.asking import Answer, answers
from sim.explore.state import State

Show = Callable[[Answer], Awaitable[None]]


class Seat:
    """One tab's question.

    Args:
        state: what is asked first.
        show: called with every answer, in the event loop; the next one is made once it returns.
    """

    def __init__(self, state: State, show: Show) -> None:
        self.state = state
        self.left = False
        self._show = show
        self._asked = asyncio.Event()

    def ask(self, state: State) -> None:
        """Ask something else, or the same again."""
        self.state = replace(state)  # a new one, even where it is equal
        self._asked.set()

    def leave(self) -> None:
        """Nobody waits any more: the worker ends."""
        self.left = True
        self._asked.set()

    def is_stale(self, state: State) -> bool:
        """Is something else asked by now?"""
        return self.left or self.state is not state

    async def work(self) -> None:
        """Answer until the seat is left."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self.left:
                return
            await self._answer(self.state)

    async def _answer(self, state: State) -> None:
        try:
            await self._refine(state)
        except Exception as error:  # whatever it is: it is said, and the next question is answered
            why = f"the engine failed: {error or type(error).__name__}"
            await self._show(Answer(state, done=True, message=why))

    async def _refine(self, state: State) -> None:
        shown = False

        def cancelled() -> bool:
            return self.left or (shown and self.is_stale(state))

        found = answers(state, cancelled)
        try:
            while (answer := await asyncio.to_thread(next, found, None)) and not self.left:
                await self._show(answer)
                shown = True
                if self.is_stale(state):
                    break
        except asyncio.CancelledError:
            self.left = True  # the thread that tells stops by itself
            raise
        found.close()
