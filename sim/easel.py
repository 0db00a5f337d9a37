"""Figures drawn beside a command: matplotlib is loaded elsewhere while the histories are told.

Loading matplotlib takes as long as telling ten thousand histories, and drawing the figures of a
run takes longer. Here a server process loads it as soon as a command begins; when there is
something to draw, painters are forked from the server, one a processor.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

MOST = 4  # painters
LOADED = ["sim.plots"]  # before there is anything to draw


class Sketch(NamedTuple):
    """A figure to be drawn: a function of :mod:`sim.plots`, its table, what stands below, where."""

    name: str
    table: Any
    caption: str
    path: Path


def paint(sketches: Sequence[Sketch]) -> None:
    """Draw figures into their files, here and now."""
    from sim.plotting import (  # matplotlib takes its time: only who draws waits for it
        outcomes,
        style,
    )

    for sketch in sketches:
        axes = getattr(outcomes, sketch.name)(sketch.table, caption=sketch.caption)
        style.save(axes.figure, sketch.path)


class Easel:
    """Where figures are drawn: by painters where there are processors for them, or else here."""

    def __init__(self) -> None:
        self._painters = min(_processors(), MOST)
        self._context = _server() if self._painters > 1 else None
        self._at_work: list[tuple[Any, Sequence[Sketch]]] = []

    def begin(self, sketches: Sequence[Sketch]) -> None:
        """Have figures drawn; those that are most work come first."""
        if self._context is None:
            paint(sketches)
            return
        turns = 2 * self._painters
        for i in range(min(self._painters, len(sketches))):
            # As teams are chosen, 1 2 2 1, so that the shares are alike.
            share = [s for n, s in enumerate(sketches) if n % turns in (i, turns - 1 - i)]
            painter = self._context.Process(target=_paint_alone, args=(share,), daemon=True)
            with contextlib.suppress(OSError, EOFError):  # the server has died
                painter.start()
            self._at_work.append((painter, share))

    def finish(self) -> None:
        """Wait until all is drawn. What a painter could not draw is drawn here, or says why not."""
        while self._at_work:
            painter, share = self._at_work.pop()
            if painter.pid is not None:
                painter.join()
            if painter.exitcode != 0:
                paint(share)


def _paint_alone(sketches: Sequence[Sketch]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command
    try:
        paint(sketches)
    except Exception:  # the command meets it as well, and tells it
        sys.exit(1)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _server() -> Any:
    """What starts painters; None where they cannot be forked from a server."""
    if "forkserver" not in multiprocessing.get_all_start_methods() or not _is_own_program():
        return None
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    forkserver.ensure_running()
    return context


def _is_own_program() -> bool:
    """Whether ``detente`` or ``python -m sim`` runs: painters import the main module again.

    A script that calls :func:`sim.cli.main` would be run a second time.
    """
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    return (spec is not None and spec.name == "sim.__main__") or Path(file or "").stem == "detente"
