"""One HTML page that needs nothing else: no network, no other file.

What stands on the page of each kind of folder: :mod:`sim.studies.pages`. Here it is laid out.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from sim import formatting
from sim.evidence import assumptions
from sim.plotting.captions import HOW_TO_READ
from sim.reporting.sections import Bullets, Content, Figure, Section
from sim.reporting.text_tables import TextTable

MOST_ROWS = 60  # of a table; its file has all
WORD = re.compile(rf"(?!{formatting.NOT_REACHED}|beyond |below )[^\W\d]")  # at the start of a cell
REFERENCE = re.compile(r"(?<=url\(#)[^)]+")


@dataclass(frozen=True)
class Picture:
    """A figure as inline SVG, with its finding in words for readers with a screen reader."""

    name: str
    svg: Markup
    finding: str
    how_to_read: str


def page(content: Content) -> str:
    """A page of HTML; nothing is written.

    Args:
        content: notes, tables, figures and sentences, from :mod:`sim.studies.pages`.

    Returns:
        One document with its pictures, styles and scripts inside; nothing is loaded from elsewhere.
    """
    scenario = content.scenario
    register = assumptions.register(scenario)
    script = _template("report.js")
    return _environment().get_template("report.html.j2").render(
        manifest=content.manifest,
        content=content,
        tables=[(table.first(MOST_ROWS), _of_words(table)) for table in content.tables],
        pictures=[_picture(name, draw()) for name, draw in content.figures],
        caution=assumptions.caution(scenario),
        register=register.assign(range=_ranges(register)).to_dict("records"),
        counts=assumptions.counts(register),
        description=scenario.describe(),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip


def fragment(sections: Iterable[Section]) -> str:
    """Sections as HTML without a page around them, for a notebook; figures are drawn.

    >>> fragment(["Fewer than 5 & more"])
    '<p>Fewer than 5 &amp; more</p>'
    """
    return "\n".join(map(_in_a_notebook, sections))


def _in_a_notebook(section: Section) -> str:
    if isinstance(section, str):
        return f"<p>{escape(section)}</p>"
    if isinstance(section, Bullets):
        return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in section)}</ul>"
    if isinstance(section, Figure):
        return str(_picture(section.name, section.draw()).svg)
    cut = section.first(MOST_ROWS)
    return formatting.html_table(cut.head, cut.body, above=cut.title, below=cut.note)


def _of_words(table: TextTable) -> list[bool]:
    """Which columns hold words, and stand to the left; numbers, and what stands for one, do not."""
    cells = zip(*table.body, strict=True) if table.body else ([] for _ in table.head)
    return [any(WORD.match(cell) for cell in column) for column in cells]


def _ranges(register: pd.DataFrame) -> list[str]:
    ends = zip(register["low"], register["likely"], register["high"], strict=True)
    return ["" if low == high else f"{low:g} to {high:g}" for low, _, high in ends]


# -- figures --------------------------------------------------------------------------------------


def _picture(name: str, axes: Any) -> Picture:
    figure = axes.figure if hasattr(axes, "figure") else axes
    finding = _finding(figure)
    how = HOW_TO_READ.get(name.split("-")[0], "")
    return Picture(name, inline_svg(figure, name, f"{finding}. {how}"), finding, how)


def _finding(figure: Any) -> str:
    """The title of a figure: what it says, in words."""
    over = figure.get_suptitle()
    titles = [over] if over else [axes.get_title(loc="left") for axes in figure.axes]
    return " / ".join(" ".join(title.split()) for title in titles if title)


def inline_svg(figure: Any, name: str, label: str) -> Markup:
    """A figure as an SVG element for a page that holds several: its ids begin with its name.

    Args:
        figure: of matplotlib.
        name: unlike that of any other figure of the page.
        label: what a screen reader reads out.
    """
    from sim.plotting import style

    root = ElementTree.fromstring(style.as_svg(figure))
    for parent in list(root.iter()):
        for child in list(parent):
            # A style element would hold for the whole page.
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _renamed(key.rpartition("}")[2], value, name)
            for key, value in element.attrib.items()
        }
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-label": label}
    with io.StringIO() as stream:
        ElementTree.ElementTree(root).write(stream, encoding="unicode")
        return Markup(stream.getvalue())


def _renamed(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href" and value.startswith("#"):  # others are pictures, which stand in the page
        return f"#{name}-{value[1:]}"
    if key == "href":
        return value
    return REFERENCE.sub(lambda found: f"{name}-{found.group()}", value)


# -- how it is laid out ---------------------------------------------------------------------------


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sim", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    return loader.get_source(_environment(), name)[0]


__all__: Sequence[str] = ("fragment", "inline_svg", "page")
