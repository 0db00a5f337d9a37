"""What is taken away from the table: CSV, figures, a results folder, and its script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.experiment import Results
from sim.explore.asking import Answer
from sim.explore.table import Table


def csv(answer: Answer) -> str:
    """The summary of an answer as CSV, with a first column for the titles of the hands."""
    raise NotImplementedError


def figure(axes: Any, ending: str) -> bytes:
    """A figure as the content of a file.

    Args:
        axes: a Matplotlib figure, or axes of one.
        ending: "svg" or "png".

    Raises:
        InputError: another ending.
    """
    raise NotImplementedError


def folder(table: Table, replications: int, out: Path) -> Results:
    """A results folder of the table, as ``detente run`` writes it.

    Raises:
        InputError, RunError, Incomplete: as :func:`sim.run`.
    """
    raise NotImplementedError


def script(table: Table, replications: int) -> str:
    """A Python script that makes the same results folder; it runs as it stands."""
    raise NotImplementedError
