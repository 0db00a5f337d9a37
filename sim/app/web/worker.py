"""The worker of one browser tab, which answers the newest state.

An older request gives way at once: what was refining it stops at the next block of replications.
Only a first answer is always finished and shown, so that a curve moves while a slider is dragged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from dataclasses import replace
from typing import TypeVar

from sim.app.progressive import Answer, answers
from sim.app.scenario_library import Library
from sim.app.session import State

T = TypeVar("T")
Show = Callable[[Answer], Awaitable[None]]


class Worker:
    """The requests of one tab.

    Args:
        state: what is asked first.
        library: of scenarios.
        show: called with every answer, in the event loop; the next one is made once it returns.
        after: called with the last answer, for what takes longer.
    """

    def __init__(self, state: State, library: Library, show: Show, after: Show) -> None:
        self.state = self._requested = state
        self.left = False
        self._library, self._show, self._after = library, show, after
        self._changed = asyncio.Event()

    def request(self, state: State) -> None:
        """Ask something else, or the same again."""
        self.state = self._requested = replace(state)  # a new one, even where it is equal
        self._changed.set()

    def look(self, state: State) -> None:
        """Look at the same answers in another way: a state that asks nothing else."""
        self.state = replace(state)

    def leave(self) -> None:
        """Nobody waits any more: the worker ends."""
        self.left = True
        self._changed.set()

    def stale(self, state: State) -> Callable[[], bool]:
        """To be asked, from any thread, whether a state is stale."""
        return lambda: self.is_stale(state)

    async def steps(
        self, study: Generator[T, None, None], state: State, *, first: bool = False
    ) -> AsyncIterator[T]:
        """What a study yields, made in a thread; it ends once its state is stale.

        Args:
            study: what is made.
            state: of what it is a study.
            first: whether the first step is yielded though the state is stale.
        """
        try:
            while (found := await asyncio.to_thread(next, study, None)) is not None:
                if self.left or (self.is_stale(state) and not first):
                    break
                yield found
                first = False
        except asyncio.CancelledError:
            self.left = True  # the thread that simulates stops by itself
            raise
        study.close()

    def is_stale(self, state: State) -> bool:
        """Is something else asked by now than with this state?"""
        return self.left or self._requested is not state

    async def work(self) -> None:
        """Answer until the tab is left."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self.left:
                return
            await self._answer(self._requested)

    async def _answer(self, state: State) -> None:
        await self.guarded(state, self._refine(state))

    async def guarded(self, state: State, work: Awaitable[None]) -> None:
        """Do something for a request; what goes wrong is shown as its answer."""
        try:
            await work
        except Exception as error:  # whatever it is: it is said, and the next request is answered
            if self.left:  # the page on which it would be said is gone, which is all that failed
                return
            why = f"the engine failed: {error or type(error).__name__}"
            await self._show(Answer(state, done=True, message=why))

    async def _refine(self, state: State) -> None:
        shown = False

        def cancelled() -> bool:
            return self.left or (shown and self.is_stale(state))

        answer = None
        async for answer in self.steps(answers(state, cancelled, self._library), state, first=True):
            await self._show(answer)
            shown = True
        if answer is not None and answer.done and not answer.message and not self.is_stale(state):
            await self._after(answer)
