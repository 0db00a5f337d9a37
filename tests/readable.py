"""Whether a figure can be read: no text is cut off, none lies upon another."""

from __future__ import annotations

import itertools

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def drawn(axes: Axes) -> Axes:
    axes.figure.canvas.draw()
    return axes


def texts(axes: Axes) -> list:
    found = [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        shown = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
        found += [label for at, label in shown if min(limits) <= at <= max(limits)]
    if axes.get_legend() is not None:
        found += axes.get_legend().get_texts()
    return [text for text in found if text.get_text().strip() and text.get_visible()]


def assert_readable(drawing: Axes | Figure) -> None:
    """Every axes of a figure, and its titles."""
    all_axes = drawing.axes if isinstance(drawing, Figure) else [drawing]
    for axes in all_axes:
        _assert_readable(axes)


def _assert_readable(axes: Axes) -> None:
    figure = drawn(axes).figure
    edge = figure.bbox
    boxes = {text: Text.get_window_extent(text) for text in texts(axes)}  # without arrows
    for text, box in boxes.items():
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= edge.x1 + 1 and box.y1 <= edge.y1 + 1
        assert inside, f"cut off: {text.get_text()!r}"
    labels = [(text, box) for text, box in boxes.items() if text in axes.texts]
    for (one, a), (two, b) in itertools.combinations(labels, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 3
        assert not overlap, f"{one.get_text()!r} lies on {two.get_text()!r}"
