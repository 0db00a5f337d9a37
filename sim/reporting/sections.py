"""Sections of a report: sentences, tables in words and figures, in the order of reading.

A study says its sections once; the terminal (:func:`as_text`) and the page
(:mod:`sim.reporting.html`) show the same ones.
"""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sim.reporting.text_tables import TextTable
from sim.scenario.scenario import Scenario

WIDTH = 100  # characters of a printed line
SHOWN = 12  # rows of a printed table, unless it says otherwise
HELD, DRAWN = "held at its base value", "drawn from it"
OTHER_MODEL = (
    "This folder was made by another version of the model than the one installed, so figures that "
    "need replications to be run again are left out."
)
OF_THE_RANGES = ", and the ranges of the parameters that were drawn"


class Bullets(tuple[str, ...]):
    """Several sentences as one section, printed as a list."""


class Figure(NamedTuple):
    """A figure by the name of its file, drawn when it is asked for."""

    name: str
    draw: Callable[[], Any]


Section = str | Bullets | TextTable | Figure
"""A sentence, several, a table, or a figure."""


def figure(function: str, *tables: Any, name: str = "", **how: Any) -> Figure:
    """A figure by the function that draws it.

    Args:
        function: of :mod:`sim.plotting`, with its module: ``decisions.ranking``.
        tables, how: what it is called with.
        name: of the file; that of the function where empty.
    """
    module, short = function.split(".")

    def draw() -> Any:
        # matplotlib loads slowly: only figures wait for it.
        return getattr(importlib.import_module(f"sim.plotting.{module}"), short)(*tables, **how)

    return Figure(name or short, draw)


def as_text(sections: Iterable[Section]) -> str:
    """Sections for a terminal, with an empty line between them; figures are left out.

    >>> print(as_text(["A sentence.", Bullets(["One.", "Another."])]))
    A sentence.
    <BLANKLINE>
    - One.
    - Another.
    """
    return "\n\n".join(text for section in sections if (text := _printed(section)))


def _printed(section: Section) -> str:
    if isinstance(section, str):
        return textwrap.fill(section, WIDTH)
    if isinstance(section, Bullets):
        return "\n".join(
            textwrap.fill(one, WIDTH, initial_indent="- ", subsequent_indent="  ")
            for one in section
        )
    return "" if isinstance(section, Figure) else section.text(WIDTH)


def save_figures(figures: Iterable[Figure], folder: Path) -> list[Path]:
    """Draw figures into a folder, each as PNG and SVG; their paths without ending."""
    paths = []
    for name, draw in figures:
        from sim.plotting import style  # matplotlib loads slowly: only figures wait for it

        axes = draw()
        style.save(axes.figure if hasattr(axes, "figure") else axes, folder / name)
        paths.append(folder / name)
    return paths


def sentences_of(sections: Iterable[Section]) -> list[str]:
    """The sentences among sections."""
    each = ([one] if isinstance(one, str) else one
            for one in sections if isinstance(one, (str, Bullets)))  # fmt: skip
    return [sentence for some in each for sentence in some]


# -- what stands around the sections of a page ----------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What a page says of a study besides its sections.

    Attributes:
        kind: of study, in a few words.
        about: what was done, in one line.
        how: facts of how it was made, by name.
        notes: what is missing, or must be known before reading on.
        parameters: what was done with a parameter that has a range.
        interval_scope: what the intervals cover besides what more replications would settle.
        printed: whether ``about`` stands above the sections on a terminal too.
    """

    kind: str
    about: str
    how: dict[str, str]
    notes: list[str] = field(default_factory=list)
    parameters: str = HELD
    interval_scope: str = ""
    printed: bool = False


@dataclass(frozen=True)
class Content:
    """What stands on a page, before it is laid out.

    Attributes:
        facts: of the study.
        sections: what it says.
        scenario: whose parameters and sources stand on the page.
        manifest: of the folder.
        strategies: their rules in sentences, by name.
        commands: that make the folder again, or verify it.
        again: what the commands do.
    """

    facts: Facts
    sections: list[Section]
    scenario: Scenario
    manifest: Mapping[str, Any]
    strategies: dict[str, str]
    commands: list[str]
    again: str

    @property
    def sentences(self) -> list[str]:
        """The findings."""
        return sentences_of(self.sections)

    @property
    def tables(self) -> list[TextTable]:
        """Tables in words."""
        return [one for one in self.sections if isinstance(one, TextTable)]

    @property
    def figures(self) -> list[Figure]:
        """Figures, not yet drawn."""
        return [one for one in self.sections if isinstance(one, Figure)]
