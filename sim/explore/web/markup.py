"""Pieces of the page that are text: everything that comes from a file or a user is escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape
from matplotlib.colors import to_hex
from nicegui import ui

from sim.canvas import PALETTE, words
from sim.printing import Printed

__all__ = ["colour", "picture", "put", "svg_address", "table", "text", "words"]


def text(tag: str, content: str, classes: str = "") -> ui.element:
    """An element with a text in it, which is shown as it stands."""
    one = ui.html(str(escape(content)), sanitize=False, tag=tag)
    return one.classes(classes) if classes else one


def put(element: ui.element, content: str) -> None:
    """Another text in an element made by :func:`text`."""
    assert isinstance(element, ui.html)
    element.set_content(str(escape(content)))


def table(printed: Printed, colours: Mapping[str, str] | None = None) -> Markup:
    """A printed table whose rows have headers, with the colours of those that have one."""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(cell) for cell in printed.head)
    body = Markup("").join(_row(cells, (colours or {}).get(cells[0], "")) for cells in printed.body)
    return Markup(
        '<div class="wide"><table><caption>{}</caption><thead><tr>{}</tr></thead>'
        '<tbody>{}</tbody></table></div><p class="note">{}</p>'
    ).format(printed.title, head, body, printed.note)


def _row(cells: Sequence[str], colour: str) -> Markup:
    mark = Markup('<span class="swatch" style="background:{}"></span>').format(colour)
    name = Markup('<th scope="row">{}{}</th>').format(mark if colour else "", cells[0])
    rest = Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells[1:])
    return Markup("<tr>{}{}</tr>").format(name, rest)


def colour(place: int) -> str:
    """The colour of a hand in figures, as the page writes it."""
    return to_hex(PALETTE[place % len(PALETTE)])


def picture(label: str) -> ui.element:
    """A place for a figure, empty until :func:`svg_address` fills it."""
    one = ui.element("img").classes("figure empty")
    one.props["alt"] = label
    return one


def svg_address(svg: bytes) -> str:
    """An SVG as an address; in an image nothing of it can run."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
