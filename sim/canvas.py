"""What every figure is drawn on: looks, colours, sizes, files, and its change for a dark page.

Colours are those of seaborn's colour-blind palette, and never the only way to tell things apart.
"""

from __future__ import annotations

import contextlib
import io
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

YEAR = 365.25
# Without the yellow and the pink, which fade in print.
PALETTE = [
    *(sns.color_palette("colorblind", 10)[i] for i in (0, 1, 2, 3, 4, 5, 7, 9)),
    (0.2, 0.2, 0.2),
    *sns.color_palette("dark", 10),
]
DASHES = ("-", "--", "-.", ":")
MOST = 2.0  # intervals may not be drawn thinner than this, in points


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The looks of all figures, while one is drawn."""
    looks = {
        **sns.axes_style("ticks"),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 13,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 11,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "font.size": 10,
        "text.parse_math": False,  # a title is the analyst's own text, dollars and all
        "text.usetex": False,  # for the same reason, whatever the user's own settings are
        "svg.fonttype": "none",
        "svg.hashsalt": "detente",
    }
    with rc_context(looks), warnings.catch_warnings():
        # A title in letters that no font here has is drawn with boxes; the SVG file has them.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Axes of a new figure, so many inches wide and high, where none are given."""
    if ax is not None:
        return ax
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def finish(ax: Axes, title: str, caption: str | None) -> Axes:
    """Say the finding above, and n, seed and scenario below."""
    width = ax.get_figure().get_size_inches()[0]  # type: ignore[union-attr]
    ax.set_title("\n".join(textwrap.wrap(title, int(width * 8.5))), pad=12)
    if caption:
        ax.get_figure().supxlabel(  # type: ignore[union-attr]
            "\n".join(textwrap.wrap(caption, int(width * 13))),
            fontsize=8.5, color="#555555", x=0.01, ha="left",
        )  # fmt: skip
    return ax


DOTS = 300  # an inch of a figure on disk
PACKED = {"compress_level": 3}  # from 4 on it takes twice as long, for a fifth less


def save(figure: Any, path: str | Path) -> list[Path]:
    """Write a figure as PNG (300 dots an inch) and SVG; the paths, which are ``path`` with endings.

    Missing folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    paths = [path.with_name(f"{path.name}.{ending}") for ending in ("png", "svg")]
    with style():
        figure.savefig(paths[0], dpi=DOTS, pil_kwargs=PACKED)
        # Everything has its place now; to find it once more would take as long as to draw.
        figure.set_layout_engine("none")
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def as_png(figure: Any, dots: int = 150) -> bytes:
    """A figure as the content of a PNG file, with so many dots an inch."""
    with style(), io.BytesIO() as stream:
        figure.savefig(stream, format="png", dpi=dots, pil_kwargs=PACKED)
        return stream.getvalue()


def as_svg(figure: Any) -> str:
    """A figure as the text of an SVG file, the same for the same figure."""
    with style(), io.StringIO() as stream:
        figure.savefig(stream, format="svg", metadata={"Date": None})
        return stream.getvalue()


NIGHT, DAYLIGHT = "#15191e", "#e6e6e6"


def darken(figure: Any) -> Any:
    """The same figure for a dark page: greys turned over, coloured words lighter, the rest kept."""
    for artist in figure.findobj(include_self=False):
        if isinstance(artist, Text) and to_hex(artist.get_color()) != "#ffffff":
            artist.set_color(_at_night(artist.get_color(), lighter=True))
        elif isinstance(artist, Line2D):
            artist.set_markerfacecolor(_at_night(artist.get_markerfacecolor()))
            artist.set_markeredgecolor(_at_night(artist.get_markeredgecolor()))
            artist.set_color(_at_night(artist.get_color()))
        elif isinstance(artist, Patch | Collection):
            alpha, face, edge = artist.get_alpha(), artist.get_facecolor(), artist.get_edgecolor()
            artist.set_facecolor(_all_at_night(face))
            artist.set_edgecolor(_all_at_night(edge))
            artist.set_alpha(alpha)
    for ax in figure.axes:
        ax.tick_params(colors=DAYLIGHT)
    return figure


def _all_at_night(colours: Any) -> Any:
    if np.ndim(colours) == 2:
        return [_at_night(tuple(one)) for one in colours]
    return _at_night(colours)


def _at_night(colour: Any, lighter: bool = False) -> Any:
    """A colour on a dark ground; what is not drawn stays so."""
    if isinstance(colour, str) and colour in ("none", "auto"):
        return colour
    *rgb, alpha = to_rgba(colour)
    ground, light = (np.array(to_rgb(one)) for one in (NIGHT, DAYLIGHT))
    if max(rgb) - min(rgb) < 0.06:
        return (*(light + np.mean(rgb) * (ground - light)), alpha)
    return (*(0.55 * np.array(rgb) + 0.45 * light), alpha) if lighter else colour


def words(name: str) -> str:
    """A name of the scenario as words: ``seoul_first`` -> ``seoul first``."""
    return name.replace("_", " ").replace(".", ": ")


def endpoint(table: pd.DataFrame) -> str:
    """What the table is about; tables of sim.statistics remember it."""
    return words(table.attrs.get("endpoint", "the goal"))


def share_label(share: float) -> str:
    """A share as a label of a figure."""
    return f"{100 * share:.0f} %" if share >= 0.0095 or share == 0 else f"{100 * share:.1f} %"
