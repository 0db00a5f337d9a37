"""What every figure is drawn on: looks, colours, sizes, files, and its change for a dark page.

Colours are those of seaborn's colour-blind palette, and never the only way to distinguish things.
"""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import cache
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
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

# Without the yellow and the pink, which fade in print.
PALETTE = [
    *(sns.color_palette("colorblind", 10)[i] for i in (0, 1, 2, 3, 4, 5, 7, 9)),
    (0.2, 0.2, 0.2),
    *sns.color_palette("dark", 10),
]
DASHES = ("-", "--", "-.", ":")
FONTS = (
    *("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC"),
    *("Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("Microsoft YaHei", "SimHei", "Yu Gothic", "MS Gothic", "Malgun Gothic"),
    *("PingFang SC", "Hiragino Sans GB", "Heiti TC", "Apple SD Gothic Neo", "Arial Unicode MS"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai"),
    *("Noto Sans", "Nirmala UI", "Segoe UI", "Tahoma", "Unifont"),
)
"""Asked in this order for letters that the font of a figure does not have, where installed."""
MOST = 2.0  # intervals may not be drawn thinner than this, in points


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The looks of all figures, while one is drawn."""
    looks = {
        **sns.axes_style("ticks"),
        "font.family": ["sans-serif", *_installed()],
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
        # A scenario's title in letters that no font here has; the SVG file has them.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


@cache
def _installed() -> tuple[str, ...]:
    """Those of FONTS that this machine has."""
    here = {font.name for font in fontManager.ttflist}
    return tuple(name for name in FONTS if name in here)


@cache
def _letters() -> frozenset[int]:
    """The letters that figures can be written with."""
    with style():
        families = ["sans-serif", *_installed()]
        files = {findfont(FontProperties(family=[name])) for name in families}
    return frozenset().union(*(get_font(file).get_charmap() for file in files))


def is_legible(text: str) -> bool:
    """Does a font of this machine have every letter of a text?"""
    return {ord(letter) for letter in text} <= _letters()


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Axes of a new figure, so many inches wide and high, where none are given."""
    if ax is not None:
        return ax
    return new_figure(width, height).add_subplot()


_BY_PYPLOT: ContextVar[bool] = ContextVar("by_pyplot", default=False)


@contextlib.contextmanager
def by_pyplot() -> Iterator[None]:
    """New figures are those of pyplot, which notebooks show and ``plt.savefig`` finds."""
    token = _BY_PYPLOT.set(True)
    try:
        yield
    finally:
        _BY_PYPLOT.reset(token)


def new_figure(width: float, height: float) -> Figure:
    """A new figure, so many inches wide and high; nothing but its user holds it."""
    if _BY_PYPLOT.get():
        from matplotlib import pyplot

        return pyplot.figure(figsize=(width, height), layout="constrained")
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finish(ax: Axes, title: str, caption: str | None) -> Axes:
    """Say the finding above, and n, seed and scenario below."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    ax.set_title(fold(title, _title_columns(ax, figure.get_figwidth())), pad=12)
    if caption:
        _below(figure, caption)
    return ax


def framed(figure: Figure, title: str, caption: str | None) -> Figure:
    """The same for a figure of several axes."""
    wrapped = fold(title, int(figure.get_figwidth() * 8.5))
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=13, fontweight="bold")
    if caption:
        _below(figure, caption)
    return figure


def _below(figure: Figure, caption: str) -> None:
    width = int(figure.get_figwidth() * 13)
    lines = [line for part in caption.split("\n") for line in textwrap.wrap(part, width)]
    figure.supxlabel("\n".join(lines), fontsize=8.5, color="#555555", x=0.01, ha="left")


def _title_columns(ax: Axes, width: float) -> int:
    """Columns of a title above axes that long names at the left push to the right."""
    lines = (line for name in ax.get_yticklabels() for line in name.get_text().split("\n"))
    longest = max(map(columns, lines), default=0)
    if longest <= 18:
        return int(8.5 * width)
    return int(8.2 * (width - 0.085 * longest))


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


def strategy(table: pd.DataFrame, name: str) -> str:
    """What a strategy is called in a sentence of a figure.

    Its title where the table knows one (attribute titles) and a font has its letters; else the
    words of its name.
    """
    title = str(table.attrs.get("titles", {}).get(name, ""))
    return title if title and is_legible(title) else words(name)


def places(table: pd.DataFrame, names: Iterable[object]) -> dict[str, int]:
    """The place of each strategy, which gives its colour and its dashes.

    That in the scenario, where the table knows its strategies (attribute strategies), so that a
    strategy looks the same in the figures of all commands; else that among ``names``.

    >>> table = pd.DataFrame()
    >>> table.attrs["strategies"] = ["wait", "talk"]
    >>> places(table, ["talk", "new", "wait"])
    {'wait': 0, 'talk': 1, 'new': 2}
    """
    known = dict.fromkeys([*table.attrs.get("strategies", ()), *map(str, names)])
    return {name: i for i, name in enumerate(known)}


def colours(table: pd.DataFrame, names: Iterable[object]) -> dict[str, Any]:
    """The colour of each strategy, by :func:`places`."""
    return {name: PALETTE[i % len(PALETTE)] for name, i in places(table, names).items()}


LABEL = 26  # columns of a strategy's name in a figure; a longer one takes more lines


def label(table: pd.DataFrame, name: str, most: int = 3) -> str:
    """What a strategy is called beside a row or curve, in so many lines at most."""
    return fold(strategy(table, name), LABEL, most)


def rows_high(table: pd.DataFrame, names: Iterable[object], inches: float) -> float:
    """Inches of the rows of strategies: so many each, or more where their labels need it."""
    lines = [1 + label(table, str(name)).count("\n") for name in names]
    return max(inches, 0.18 * max(lines, default=1)) * len(lines)


def sentence(text: str) -> str:
    """With a capital letter; names in it stay as they are."""
    return text[:1].upper() + text[1:]


def columns(text: str) -> int:
    """How wide a text is, in small letters; those of Chinese, Japanese and Korean are two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


_WIDE = "\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60"
_PIECES = re.compile(f"[{_WIDE}][ \\n]*|[^ \\n{_WIDE}]+[ \\n]*")  # never at a no-break space


def fold(text: str, width: int, most: int | None = None) -> str:
    """A text in lines of so many columns; what does not fit in the most lines is left out.

    Args:
        text: of words; one longer than a line is cut.
        width: columns of a line; wide characters take two.
        most: lines at most; all where None.

    >>> print(fold("which strategy is the best by days", 14, most=2))
    which strategy
    is the best ..
    """
    lines = [""]
    for piece in _PIECES.findall(text.strip()):
        if columns((lines[-1] + piece).rstrip()) > width and lines[-1]:
            lines.append("")
        while columns(piece.rstrip()) > width:  # a word longer than a line
            lines[-1:] = [piece[:width], ""]
            piece = piece[width:]
        lines[-1] += piece
    kept = [line.rstrip() for line in lines if line]
    if most is not None and len(kept) > most:
        last = kept[most - 1]
        while columns(last) > width - 3:
            last = last[:-1]
        kept = [*kept[: most - 1], f"{last.rstrip()} .."]
    return "\n".join(kept)


def endpoint(table: pd.DataFrame) -> str:
    """What the table is about; tables of sim.analysis.incidence remember it."""
    return words(table.attrs.get("endpoint", "the goal"))


def level(table: pd.DataFrame) -> str:
    """The confidence of the intervals of a table, in per cent, on one line."""
    return f"{100 * table.attrs.get('level', 0.95):g}\N{NO-BREAK SPACE}%"


def share_label(share: float) -> str:
    """A share as a label of a figure.

    >>> share_label(0.256), share_label(0.004)
    ('26 %', '0.4 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.0095 or share == 0 else f"{100 * share:.1f} %"
