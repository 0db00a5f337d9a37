"""What is told of a run while it runs: a bar for people, lines of JSON for machines, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Any, TextIO

from sim.experiment.tasks import Told

SECONDS_BETWEEN = 1.0
KINDS = ("none", "bar", "json")


class Progress:
    """Counts what is done.

    Args:
        kind: "none", "bar", or "json" (one object a line, at most one a second).
        what: the title of the bar.
        goal: the outcome whose share is told.
        total: histories in all.
        done: histories that need not be told again.
        stream: where to; the standard error where None.
    """

    def __init__(
        self, kind: str, what: str, goal: str, total: int, done: int, stream: TextIO | None = None
    ) -> None:
        self.kind, self.goal, self.total, self.done = kind, goal, total, done
        self.stream = stream or sys.stderr
        self.began, self.begun_with = time.monotonic(), done
        self.failed = 0
        self.reached: Counter[str] = Counter()
        self.histories: Counter[str] = Counter()
        self._last = 0.0
        self._bar: Any = None
        if kind == "bar":
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, initial=done, unit=" histories", unit_scale=True, desc=what,
                dynamic_ncols=True, file=self.stream,
            )  # fmt: skip
        self._write("begins", force=True)

    def told(self, told: Told, failed: int = 0) -> None:
        """A block has been told; so many histories have failed so far."""
        self.failed = failed
        self.done += told.block.histories
        self.reached[told.block.strategy] += told.reached
        self.histories[told.block.strategy] += told.block.histories
        if self._bar is not None:
            self._bar.set_postfix_str(self._words(), refresh=False)
            self._bar.update(told.block.histories)
        self._write("progress")

    def close(self) -> None:
        """The run is over."""
        if self._bar is not None:
            self._bar.close()
        self._write("ends", force=True)

    @property
    def best(self) -> tuple[str, float] | None:
        """The strategy that has reached the goal most often so far, and its share."""
        shares = {name: self.reached[name] / n for name, n in self.histories.items()}
        return max(shares.items(), key=lambda one: one[1]) if shares else None

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
