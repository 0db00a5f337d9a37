"""A track as a picture: its stages, the gates before them, and where each setback leads.

python docs/diagrams.py SCENARIO [FOLDER]      # one SVG a track
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import sim
from sim.scenario.model import ABANDON, Effects, Setback, Stage, Track, Window
from sim.scenario.quantities import Duration, likely

WIDTH, GAP, MARGIN = 216, 44, 24  # of a box, between boxes, around all, in pixels
LINE, LANE = 17, 30  # heights of a line of text and of the lane of a setback
PORT, STEP = 14, 9  # from the edge of a box to the outermost arrow, and between arrows
INK, QUIET, GATE, BACK, END = "#263238", "#607d8b", "#00796b", "#b26a00", "#b71c1c"
MIDDLE = {"exponential": "mean", "lognormal": "median", "quantiles": "p50", "pert": "mode"}


@dataclass(frozen=True)
class Arrow:
    """A setback: from a stage to the one where the track resumes (None: to its end)."""

    setback: Setback
    source: int
    target: int | None
    lane: int
    rank: int  # among those that leave the stage, from the inside out


def draw(scenario: sim.Scenario, track: Track) -> str:
    """One track as SVG."""
    above = max(len(gates(stage)) for stage in track.stages)
    inside = max(len(_inside(stage)) for stage in track.stages)
    top = MARGIN + LINE + above * LINE + 10
    height = inside * LINE + 14
    arrows = laid_out(track)
    lanes = max((arrow.lane for arrow in arrows), default=-1) + 1
    breaks = broken_by(scenario, track)
    bottom = top + height + lanes * LANE + 22
    size = (_left(len(track.stages)) - GAP + MARGIN, bottom + LINE * len(breaks) + MARGIN)
    parts = [*_head(track, size)]
    for place, stage in enumerate(track.stages):
        parts += _stage(stage, place, top, height, last=place == len(track.stages) - 1)
    for arrow in arrows:
        parts += _arrow(arrow, top + height, arrows)
    parts += [_text(MARGIN, bottom + LINE * (n + 1), text, QUIET) for n, text in enumerate(breaks)]
    return "\n".join([*parts, "</svg>", ""])


def _left(place: int) -> int:
    return MARGIN + place * (WIDTH + GAP)


def _head(track: Track, size: tuple[int, int]) -> Iterator[str]:
    width, height = size
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="Helvetica, Arial, sans-serif" '
        'font-size="12">'
    )
    yield f"<title>Track {track.name}</title>"
    yield f'<rect width="{width}" height="{height}" fill="white"/>'
    for name, colour in (("ink", INK), ("back", BACK)):
        yield (
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            f'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
        )
    who = f"  ({', '.join(track.parties)})" if track.parties else ""
    yield _text(MARGIN, MARGIN, f"{track.name}{who}", INK, "bold")


def _text(x: float, y: float, text: str, colour: str, weight: str = "", anchor: str = "") -> str:
    more = f' font-weight="{weight}"' * bool(weight) + f' text-anchor="{anchor}"' * bool(anchor)
    # The white edge keeps a label readable where an arrow passes behind it.
    halo = ' paint-order="stroke" stroke="white" stroke-width="4"'
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}"{halo}{more}>{escape(text)}</text>'


# -- stages ---------------------------------------------------------------------------------------


def gates(stage: Stage) -> list[str]:
    """What must hold before an attempt may start: a line an item."""
    lines = [" or ".join(one.text for one in item) for item in stage.needs]
    return [f"needs {line}" for line in lines] + [f"window {_days(one)}" for one in stage.window]


def _days(window: Window) -> str:
    return f"{window.opens} to {window.closes}"


def _inside(stage: Stage) -> list[str]:
    share = f"{100 * likely(stage.success):g} % of attempts"
    lines = [f"{share}, {middle(stage.duration)}"]
    if stage.holds:
        lines.append(f"holds {', '.join(stage.holds)}")
    return [stage.name, *lines, *effects(stage)]


def middle(duration: Duration) -> str:
    """A duration by one number: "65 d"."""
    if duration.family == "values":
        return f"{duration.values[len(duration.values) // 2]:g} d"
    if duration.family == "uniform":
        low, high = (likely(value) for value in duration.params.values())
        return f"{low:g} to {high:g} d"
    key = MIDDLE.get(duration.family, "")
    return f"{likely(duration.params.get(key, [*duration.params.values()][-1])):g} d"


def effects(of: Effects) -> list[str]:
    """What is changed: a line a change."""
    signs = (("0", of.clears), ("−", of.lowers), ("+", of.raises))
    changes = [
        f"{sign}{n if (n := names.count(name)) > 1 else ''} {name}"
        for sign, names in signs
        for name in dict.fromkeys(names)
    ]
    return changes + [f"reopens {one.track}.{one.stage}" for one in of.reopens]


def _stage(stage: Stage, place: int, top: int, height: int, last: bool) -> Iterator[str]:
    left = _left(place)
    lines = gates(stage)
    for number, line in enumerate(lines):
        y = top - 10 - LINE * (len(lines) - 1 - number)
        yield _text(left + 4, y, f"◇ {line}", GATE)
    edge = GATE if lines else INK
    yield (
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{height}" rx="6" fill="#eceff1" '
        f'stroke="{edge}" stroke-width="1.5"/>'
    )
    name, *rest = _inside(stage)
    middle_of_box = left + WIDTH / 2
    yield _plain(middle_of_box, top + LINE, name, INK, "bold")
    for number, line in enumerate(rest):
        yield _plain(middle_of_box, top + LINE * (number + 2), line, INK if number else QUIET)
    if not last:
        y = top + height / 2
        yield (
            f'<path d="M{left + WIDTH} {y:g}h{GAP - 2}" stroke="{INK}" stroke-width="1.5" '
            'fill="none" marker-end="url(#ink)"/>'
        )


def _plain(x: float, y: float, text: str, colour: str, weight: str = "normal") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-weight="{weight}" '
        f'text-anchor="middle">{escape(text)}</text>'
    )


# -- setbacks -------------------------------------------------------------------------------------


def laid_out(track: Track) -> list[Arrow]:
    """Every setback in a lane below the boxes, short ways above long ones, none over another."""
    ways = []
    for source, stage in enumerate(track.stages):
        for one in stage.setbacks:
            target = None if one.resume == ABANDON else track.place(one.resume or stage.name)
            ways.append((source - (source if target is None else target), source, one, target))
    used = [0] * len(track.stages)
    leaving = [0] * len(track.stages)
    arrows = []
    for span, source, one, target in sorted(ways, key=lambda way: way[:2]):
        reach = range(source - span, source + 1)
        lane = max(used[place] for place in reach)
        for place in reach:
            used[place] = lane + 1
        arrows.append(Arrow(one, source, target, lane, leaving[source]))
        leaving[source] += 1
    return arrows


def _arrow(arrow: Arrow, bottom: int, arrows: list[Arrow]) -> Iterator[str]:
    most = sum(other.source == arrow.source for other in arrows)
    right = _left(arrow.source) + WIDTH - PORT - STEP * (most - 1 - arrow.rank)
    y = bottom + LANE * (arrow.lane + 1)
    label = f"{arrow.setback.name} {likely(arrow.setback.weight):g}"
    changes = "  ".join(effects(arrow.setback))
    label += f"  ({changes})" if changes else ""
    if arrow.target is None:
        left = _left(arrow.source) + 30
        yield _way(f"M{right} {bottom}V{y}H{left + 8}", END)
        yield _text(left, y + 4, "×", END, "bold", "middle")
    else:
        arriving = [o for o in arrows if o.target == arrow.target]
        left = _left(arrow.target) + PORT + STEP * (len(arriving) - 1 - arriving.index(arrow))
        yield _way(f"M{right} {bottom}V{y}H{left}V{bottom + 2}", BACK, "back")
    colour = END if arrow.target is None else BACK
    if arrow.target == arrow.source:
        yield _text(_left(arrow.source) + WIDTH / 2, y - 5, label, colour, "", "middle")
    else:  # there is room to the left of it
        yield _text(right - 6, y - 5, label, colour, "", "end")


def _way(path: str, colour: str, marker: str = "") -> str:
    end = f' marker-end="url(#{marker})"' if marker else ""
    return f'<path d="{path}" stroke="{colour}" stroke-width="1.2" fill="none"{end}/>'


def broken_by(scenario: sim.Scenario, track: Track) -> list[str]:
    """The shocks that may end an attempt: a line a shock."""
    return [
        f"broken by {shock.name} ({one.stage or 'any stage'}, "
        f"{100 * likely(one.probability):g} % of them)"
        for shock in scenario.shocks.values()
        for one in shock.breaks
        if one.track == track.name
    ]


def main(source: str, folder: Path) -> None:
    """Write one file a track."""
    scenario = sim.load(source)
    folder.mkdir(parents=True, exist_ok=True)
    for track in scenario.tracks.values():
        path = folder / f"{scenario.name}-{track.name}.svg"
        path.write_text(draw(scenario, track), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "results"))
