"""Progress of a run while it runs: a bar or lines for people, JSON for machines, or nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from sim.experiment.tasks import TaskResult

SECONDS_BETWEEN = 1.0
KINDS = ("none", "bar", "lines", "json")


class Lines:
    """Lines on what is done, for a log or a pipe: none in the first ten seconds, then ever fewer.

    Args:
        what: how each line begins.
        total: number of replications; None: unknown.
        done: number of replications that exist already.
        stream: where to write; standard error where None.
    """

    FIRST = 10.0  # seconds

    def __init__(
        self, what: str, total: int | None = None, done: int = 0, stream: TextIO | None = None
    ) -> None:
        self.what, self.total, self.done = what, total, done
        self.stream = stream or sys.stderr
        self.begun_with, self.began, self.due = done, time.monotonic(), self.FIRST

    def update(self, replications: int, more: str = "") -> None:
        """Count further replications; ``more`` ends the line, if it is time for one."""
        self.done += replications
        seconds = time.monotonic() - self.began
        if seconds < self.due:
            return
        self.due = 1.25 * seconds + self.FIRST
        print(f"{self.what}: {self._words(seconds)}{more and f'; {more}'}", file=self.stream,
              flush=True)  # fmt: skip

    def _words(self, seconds: float) -> str:
        if self.total is None:
            return f"{self.done:,} replications in {seconds:,.0f} s"
        rate = (self.done - self.begun_with) / seconds
        left = f", {(self.total - self.done) / rate:,.0f} s left" if rate else ""
        share = self.done / max(1, self.total)
        return f"{self.done:,} of {self.total:,} replications ({share:.0%}){left}"


@contextlib.contextmanager
def counting(what: str, total: int | None, shown: bool) -> Iterator[Callable[[int], object]]:
    """Show how many replications are done; gives the function that counts further ones.

    A bar on a terminal, else lines.

    Args:
        what: title of the bar, or how each line begins.
        total: number of replications; None: unknown.
        shown: whether anything is.
    """
    if not shown:
        yield lambda _: None
    elif sys.stderr.isatty():
        from tqdm.auto import tqdm

        with tqdm(
            total=total, desc=what, unit=" replications", unit_scale=True, leave=False
        ) as bar:
            yield bar.update
    else:
        yield Lines(what, total).update


class Progress:
    """Counts and shows the replications that are done.

    Args:
        kind: "none", "bar", "lines" (see :class:`Lines`), or "json" (one object a line, at most
            one a second).
        what: the title of the bar.
        goal: the outcome whose share is shown.
        total: number of replications of the whole run.
        done: number of replications that exist already.
        stream: where to write; standard error where None.

    Example:
        >>> from sim.experiment.tasks import Block, TaskResult
        >>> progress = Progress("none", "korea", "freeze", total=200, done=0)
        >>> progress.add(TaskResult(Block("direct", 0, 1, 0, 100), reached=30))
        >>> progress.best
        ('direct', 0.3)
    """

    def __init__(
        self, kind: str, what: str, goal: str, total: int, done: int, stream: TextIO | None = None
    ) -> None:
        self.kind, self.goal, self.total, self.done = kind, goal, total, done
        self.stream = stream or sys.stderr
        self.began, self.begun_with = time.monotonic(), done
        self.failed = 0
        self.reached: Counter[str] = Counter()
        self.replications: Counter[str] = Counter()
        self._last = 0.0
        self._bar: Any = None
        self._lines = Lines(what, total, done, self.stream) if kind == "lines" else None
        if kind == "bar":
            from tqdm.auto import tqdm

            self._bar = tqdm(
                total=total, initial=done, unit=" replications", unit_scale=True, desc=what,
                dynamic_ncols=True, file=self.stream,
            )  # fmt: skip
        self._write("begins", force=True)

    def add(self, result: TaskResult, failed: int = 0) -> None:
        """Add the result of a block; ``failed`` replications have failed so far."""
        self.failed = failed
        self.done += result.block.replications
        self.reached[result.block.strategy] += result.reached
        self.replications[result.block.strategy] += result.block.replications
        if self._bar is not None:
            self._bar.set_postfix_str(self._words(), refresh=False)
            self._bar.update(result.block.replications)
        if self._lines is not None:
            self._lines.update(result.block.replications, self._words())
        self._write("progress")

    def close(self) -> None:
        """Show the end of the run."""
        if self._bar is not None:
            self._bar.close()
        self._write("ends", force=True)

    @property
    def best(self) -> tuple[str, float] | None:
        """The strategy with the largest share of replications that reached the goal; its share."""
        shares = {name: self.reached[name] / n for name, n in self.replications.items()}
        return max(shares.items(), key=lambda item: item[1]) if shares else None

    def _words(self) -> str:
        words = [] if self.best is None else [f"{self.goal} {self.best[1]:.0%} in {self.best[0]}"]
        if self.failed:
            words.append(f"{self.failed} failed")
        return "; ".join(words)

    def _write(self, event: str, force: bool = False) -> None:
        now = time.monotonic()
        if self.kind != "json" or not (force or now - self._last >= SECONDS_BETWEEN):
            return
        self._last = now
        rate = (self.done - self.begun_with) / max(now - self.began, 1e-9)
        best = None if self.best is None else {"strategy": self.best[0], "share": self.best[1]}
        line = {
            "event": event,
            "done": self.done,
            "total": self.total,
            "per_second": round(rate, 1),
            "seconds_left": round((self.total - self.done) / rate, 1) if rate else None,
            "failed": self.failed,
            "best": best,
        }
        print(json.dumps(line), file=self.stream, flush=True)
