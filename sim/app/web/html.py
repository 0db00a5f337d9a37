"""Pieces of the page that are text: everything that comes from a file or a user is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from markupsafe import Markup, escape
from matplotlib.colors import to_hex
from nicegui import ui

from sim.plotting.style import PALETTE, words
from sim.reporting.text_tables import TextTable

__all__ = ["colour", "menu", "picture", "put", "svg_address", "table", "text", "words"]

ARROWS = """(event) => {
  const items = [...event.currentTarget.querySelectorAll("[role=menuitem]")];
  const here = items.indexOf(document.activeElement), last = items.length - 1;
  const next = {
    ArrowDown: here === last ? 0 : here + 1, ArrowUp: here <= 0 ? last : here - 1,
    Home: 0, End: last,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[next].focus();
}"""
FIRST_ITEM = """() => {
  const menu = getHtmlElement(%d);
  if (!menu.querySelector("[role=menuitem]:focus")) menu.querySelector("[role=menuitem]")?.focus();
}"""


def text(tag: str, content: str, classes: str = "") -> ui.element:
    """An element with a text in it, which is shown as it stands."""
    one = ui.html(str(escape(content)), sanitize=False, tag=tag)
    return one.classes(classes) if classes else one


def put(element: ui.element, content: str) -> None:
    """Another text in an element made by :func:`text`."""
    assert isinstance(element, ui.html)
    element.set_content(str(escape(content)))


@contextmanager
def menu(button: ui.button) -> Iterator[None]:
    """A menu that a button opens; its items are made within.

    The arrow keys, Home and End go through the items; the first one is focused when it opens.
    """
    button.props["aria-haspopup"] = "menu"
    with button, ui.menu().props("auto-close") as opened:
        opened.on("keydown", js_handler=ARROWS)
        opened.on("show", js_handler=FIRST_ITEM % opened.id)
        yield
    for item in opened.default_slot.children:
        item.props["role"] = "menuitem"


def table(printed: TextTable, colours: Mapping[str, str] | None = None) -> Markup:
    """A printed table whose rows have headers, with the colours of those that have one."""
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(cell) for cell in printed.head)
    body = Markup("").join(_row(cells, (colours or {}).get(cells[0], "")) for cells in printed.body)
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{}"><table>'
        "<caption>{}</caption><thead><tr>{}</tr></thead>"
        '<tbody>{}</tbody></table></div><p class="note">{}</p>'
    ).format(printed.title, printed.title, head, body, printed.note)


def _row(cells: Sequence[str], colour: str) -> Markup:
    mark = Markup('<span class="swatch" style="background:{}"></span>').format(colour)
    name = Markup('<th scope="row">{}{}</th>').format(mark if colour else "", cells[0])
    rest = Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells[1:])
    return Markup("<tr>{}{}</tr>").format(name, rest)


def colour(place: int) -> str:
    """The colour of a draft in figures, as the page writes it."""
    return to_hex(PALETTE[place % len(PALETTE)])


def picture(label: str) -> ui.element:
    """A place for a figure, empty until :func:`svg_address` fills it."""
    one = ui.element("img").classes("figure empty")
    one.props["alt"] = label
    return one


def svg_address(svg: bytes) -> str:
    """An SVG as an address; in an image nothing of it can run."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
