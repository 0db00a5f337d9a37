"""One function a figure: a table in, axes out. Nothing is estimated here.

Every figure says its finding in the title, its units on the axes, and its run in a caption line.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator, PercentFormatter

from sim.plotting.style import (
    DASHES,
    MOST,
    PALETTE,
    colours,
    endpoint,
    finish,
    fold,
    is_legible,
    label,
    level,
    new_axes,
    places,
    rows_high,
    sentence,
    share_label,
    strategy,
    style,
    words,
)
from sim.tracing.time_budget import DELAYS, WAITING
from sim.types import DAYS_PER_YEAR

if TYPE_CHECKING:
    from sim.tracing.trace import Trace

# goal, ruin, abandoned, ongoing
OUTCOME_COLOURS = ("#0173b2", "#b22222", "#8c8c8c", "#e3e3e3")
ENDINGS = {"success": "#029e73", "broken": "#000000", "ongoing": "#bdbdbd"}
SETBACK = "#f0b44c"  # light, so that it differs from success in grey as well


MOST_YEARS = 15  # with a tick of their own


def _years(ax: Axes, horizon: float) -> None:
    unit = DAYS_PER_YEAR * _years_apart(horizon / DAYS_PER_YEAR)
    whole = unit * round(horizon / unit)  # five years are 1826 days, and have a tick
    end = whole if whole > 0 and abs(whole - horizon) < 1 else horizon
    ax.set_xlim(0, end)
    ax.set_xticks(np.arange(0, end + 1, unit))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda days, _: f"{days / DAYS_PER_YEAR:,g}"))
    ax.set_xlabel("years since the start")


def _years_apart(years: float) -> float:
    """Years from tick to tick: a quarter, one, or as many as leave room for the labels."""
    if years < 2:
        return 0.25
    ticks = MaxNLocator(MOST_YEARS, steps=[1, 2, 5, 10]).tick_values(0, years)
    return max(1.0, float(ticks[1] - ticks[0]))


def _spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels, as near as can be to those wanted and at least ``gap`` apart."""
    order = np.argsort(places)
    placed = np.array(places, dtype=float)[order]
    for _ in range(200):
        moved = False
        for i in range(len(placed) - 1):
            lack = gap - (placed[i + 1] - placed[i])
            if lack > 1e-9:
                placed[i] -= lack / 2
                placed[i + 1] += lack / 2
                moved = True
        placed += max(0.0, low - placed.min()) if len(placed) else 0.0
        placed -= max(0.0, placed.max() - high) if len(placed) else 0.0
        if not moved:
            break
    result = np.empty_like(placed)
    result[order] = placed
    return [float(y) for y in result]


# -- the figures of a run -------------------------------------------------------------------------


def incidence(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """Cumulative incidence by strategy, with bands and a label at the end of each curve.

    Args:
        table: from :func:`sim.analysis.incidence.incidence`; its attribute ``paired``, where it has
            one, is how far the largest share lies above another: other (a strategy), low, best,
                high.
        ax: where to draw; a figure of its own where None.
        caption: n, seed and scenario, for the line below.
    """
    with style():
        ax = new_axes(ax, 9, 5.6)
        strategies = list(dict.fromkeys(table["strategy"].astype(str)))
        ends, place_of, colour_of = {}, places(table, strategies), colours(table, strategies)
        for name in strategies:
            curve, colour = table[table["strategy"] == name], colour_of[name]
            ax.fill_between(
                curve["time"], curve["low"], curve["high"], color=colour, alpha=0.16, lw=0
            )
            dashes = DASHES[place_of[name] % len(DASHES)]
            ax.plot(curve["time"], curve["best"], color=colour, ls=dashes, lw=1.8)
            ends[name] = float(curve["best"].iloc[-1])
        horizon = float(table["time"].max())
        top = max(0.05, 1.12 * float(table[["best", "high"]].max(axis=None)))
        ax.set_ylim(0, min(1.0, top))
        _years(ax, horizon)
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.set_ylabel(f"share of replications that reached {endpoint(table)}")
        high = ax.get_ylim()[1]
        most = next((n for n in (3, 2) if (1 + 0.7 * (n - 1)) * len(strategies) < 18), 1)
        labels = [f"{label(table, name, most)}  {share_label(ends[name])}" for name in strategies]
        lines = 1 + max(text.count("\n") for text in labels)
        gap = 0.052 * (1 + 0.7 * (lines - 1)) * high
        heights = _spread(list(ends.values()), gap, 0.012 * lines * high, 0.99 * high)
        for i, (name, place) in enumerate(zip(strategies, heights, strict=True)):
            colour = colour_of[name]
            right = ax.get_xlim()[1]
            ax.plot([horizon, 1.025 * right], [ends[name], place], color=colour, lw=0.7,
                    clip_on=False)  # fmt: skip
            ax.text(
                1.03 * right,
                place,
                labels[i],
                color=[0.75 * part for part in colour],
                va="center",
            )
        return finish(ax, best_sentence(table), caption)


def best_sentence(table: pd.DataFrame) -> str:
    """The largest share, and how far it is from another one where their difference is known."""
    last = table.groupby("strategy", sort=False)[["low", "best", "high"]].last()
    what, span = endpoint(table), f"within {float(table['time'].max()) / DAYS_PER_YEAR:,.3g} years"
    most = float(last["best"].max())
    if most == 0:
        return f"No replication reached {what} {span}"
    names = [strategy(table, str(name)) for name in last.index[last["best"] == most]]
    verb = "reaches" if len(names) == 1 else "reach"
    often = " most often" if len(last) > len(names) else ""
    said = f"{' and '.join(names)} {verb} {what}{often}: {share_label(most)}"
    paired = table.attrs.get("paired")
    if paired is None:
        low, high = (share_label(float(last[end].iloc[0])) for end in ("low", "high"))
        said += f" ({low} to {high}) {span}" if len(last) == 1 else f" {span}"
    else:
        best, low, high = (f"{100 * paired[end]:.1f}" for end in ("best", "low", "high"))
        other = strategy(table, paired["other"])
        said += f" {span}, {best} points ({low} to {high}) more than {other}"
    return sentence(said)


def outcomes(table: pd.DataFrame, ax: Axes | None = None, *, caption: str | None = None) -> Axes:
    """Stacked shares of the outcomes by strategy, best strategy on top.

    Args:
        table: from :func:`sim.analysis.incidence.outcomes`.
        ax, caption: as for :func:`incidence`.
    """
    with style():
        strategies = list(dict.fromkeys(table["strategy"].astype(str)))
        names = list(dict.fromkeys(table["outcome"].astype(str)))
        ax = new_axes(ax, 9, 1.9 + rows_high(table, strategies, 0.42))
        colour_of = dict(zip(names, _outcome_colours(names), strict=True))
        shares = table.assign(strategy=table["strategy"].astype(str)).pivot(
            index="strategy", columns="outcome", values="best"
        )
        left = np.zeros(len(strategies))
        rows = np.arange(len(strategies))[::-1]
        for name in names:
            width = shares.loc[strategies, name].to_numpy(dtype=float)
            ax.barh(rows, width, left=left, color=colour_of[name], edgecolor="white", height=0.72)
            dark = name in names[:2] or name == "abandoned"
            for row, start, share in zip(rows, left, width, strict=True):
                if share >= 0.035:
                    ax.text(
                        start + share / 2, row, share_label(share), ha="center", va="center",
                        fontsize=9, color="white" if dark else "#222222",
                    )  # fmt: skip
            left += width
        for row, one in zip(rows, strategies, strict=True):
            small = [name for name in names if 0 < float(shares.loc[one, name]) < 0.035]
            note = ", ".join(f"{words(n)} {share_label(shares.loc[one, n])}" for n in small)
            ax.annotate(note, (1, row), (8, 0), textcoords="offset points", va="center",
                        fontsize=9, color="#444444", annotation_clip=False)  # fmt: skip
        ax.set_yticks(rows, [label(table, name) for name in strategies])
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        ax.set_xlabel("share of replications, by what came first")
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        used = [name for name in names if float(shares[name].max()) > 0]
        handles = [Patch(facecolor=colour_of[n], edgecolor="#999999", label=words(n)) for n in used]
        ax.legend(handles=handles, ncols=4, loc="lower left", bbox_to_anchor=(0, 1.0),
                  frameon=False, borderaxespad=0)  # fmt: skip
        ends = {name: float(shares.loc[name, names[0]]) for name in strategies}
        ruins = shares[names[1]] if len(names) > 3 else None
        title = _outcome_sentence(ends, names[0], ruins, names[1])
        drawn = finish(ax, title, caption)
        ax.title.set_position((0, 1))
        ax.set_title(ax.get_title(loc="left"), loc="left", pad=30)
        return drawn


def _outcome_colours(names: Sequence[str]) -> list[str]:
    if len(names) == 3:  # no ruin
        return [OUTCOME_COLOURS[0], *OUTCOME_COLOURS[2:]]
    return list(OUTCOME_COLOURS)


def _outcome_sentence(ends: dict[str, float], goal: str, ruins: pd.Series | None, ruin: str) -> str:
    low, high = min(ends.values()), max(ends.values())
    first = (
        f"{words(goal)} comes first in {share_label(low)} to {share_label(high)} of replications"
    )
    if len(ends) == 1 or share_label(low) == share_label(high):
        first = f"{words(goal)} comes first in {share_label(high)} of replications"
    if ruins is None:
        return sentence(first)
    worst = float(ruins.max())
    return sentence(f"{first}, {words(ruin)} in at most {share_label(worst)}")


def times(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """When it came, by strategy, and beside it the share of replications in which it never came.

    Areas are shares: those of the ridge and of the bar of a strategy add up to the same for all.

    Args:
        table: from :func:`sim.analysis.incidence.times`.
        ax, caption: as for :func:`incidence`.
    """
    with style():
        strategies = list(dict.fromkeys(table["strategy"].astype(str)))
        ax = new_axes(ax, 9, 1.9 + 0.62 * len(strategies))
        finite = table[np.isfinite(table["closes"])]
        horizon = float(finite["closes"].max())
        tallest = float(finite["best"].max()) or 1.0
        bar_left, bar_width = 1.06 * horizon, 0.3 * horizon
        never, colour_of = {}, colours(table, strategies)
        for i, name in enumerate(strategies):
            base, colour = len(strategies) - 1 - i, colour_of[name]
            part = finite[finite["strategy"] == name]
            edges = [*part["opens"], horizon]
            height = 0.84 * part["best"].to_numpy(dtype=float) / tallest
            ax.stairs(base + height, edges, baseline=base, fill=True, color=colour, alpha=0.75)
            ax.plot([0, horizon], [base, base], color=colour, lw=0.8)
            share = float(
                table[(table["strategy"] == name) & ~np.isfinite(table["closes"])]["best"].iloc[0]
            )
            never[name] = share
            ax.barh(base + 0.22, bar_width, 0.36, left=bar_left, color="#f0f0f0")
            ax.barh(base + 0.22, share * bar_width, 0.36, left=bar_left, color="#9a9a9a")
            ax.text(
                bar_left + bar_width * 1.04,
                base + 0.22,
                share_label(share),
                va="center",
                fontsize=9,
            )
        ax.set_yticks(
            [len(strategies) - 1 - i + 0.25 for i in range(len(strategies))],
            [label(table, name) for name in strategies],
        )
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_ylim(-0.15, len(strategies))
        _years(ax, horizon)
        ax.set_xlim(0, bar_left + 1.2 * bar_width)
        column = f"{share_label(tallest)} of all replications in {edges[1] - edges[0]:.0f} days"
        ax.set_xlabel(f"years until {endpoint(table)} (highest column: {column})", loc="left")
        ax.text(bar_left, len(strategies) - 0.02, "never", fontsize=10, va="top", color="#555555")
        least = min(never, key=lambda name: never[name])
        name = strategy(table, least)
        title = f"Even with {name}, {share_label(never[least])} of replications never reach "
        if never[least] == 0:
            title = f"With {name} every replication reaches "
        return finish(ax, title + endpoint(table), caption)


def differences(table: pd.DataFrame, ax: Axes | None = None, *, caption: str | None = None) -> Axes:
    """Paired differences in the share reached, to the baseline, with their intervals; best on top.

    Args:
        table: from :func:`sim.analysis.comparison.compare`.
        ax, caption: as for :func:`incidence`.
    """
    with style():
        part = table[table["measure"] == "reached"]
        more_is_better = part["better"].iloc[0] == "higher"
        part = part.sort_values("best", ascending=not more_is_better)
        baseline = strategy(table, str(part["baseline"].iloc[0]))
        ax = new_axes(ax, 9, 1.8 + rows_high(table, part["strategy"], 0.4))
        rows = np.arange(len(part))[::-1]
        for row, one in zip(rows, part.itertuples(), strict=True):
            sure = one.low > 0 or one.high < 0
            colour = "#0173b2" if sure else "#8c8c8c"
            ax.plot([one.low, one.high], [row, row], color=colour, lw=MOST, solid_capstyle="butt")
            ax.plot([one.best], [row], "o" if sure else "s", color=colour, ms=6,
                    mfc=colour if sure else "white")  # fmt: skip
        ax.axvline(0, color="#333333", lw=1)
        ax.set_yticks(rows, [label(table, str(name)) for name in part["strategy"]])
        ax.set_ylim(-0.7, len(part) - 0.3)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_formatter(FuncFormatter(_signed))
        what = (
            f"difference to {baseline}, percentage points of paired replications that "
            f"reached {endpoint(table)}"
        )
        ax.set_xlabel(fold(what, 80))
        higher, lower = int((part["low"] > 0).sum()), int((part["high"] < 0).sum())
        title = (
            f"Against {baseline}: share with {endpoint(table)} higher for {higher}, lower "
            f"for {lower}, not distinguished for {len(part) - higher - lower} "
            f"(each at {level(table)})"
        )
        return finish(ax, title, caption)


def _signed(share: float, _: int) -> str:
    points = round(100 * share, 6)
    return "0" if points == 0 else f"{points:+g}".replace("-", "\N{MINUS SIGN}")


def sweep(
    table: pd.DataFrame, x: str, label: str, ax: Axes | None = None, *, caption: str | None = None
) -> Axes:
    """An estimate over a swept quantity, with its band; a line for each series.

    Args:
        table: columns ``x``, low, best, high; ``series`` names the lines where there are several.
        x: the name of the swept column; dates are drawn as dates.
        label: of the vertical axis, which shows per cent where it begins with "share".
        ax, caption: as for :func:`incidence`.
    """
    with style():
        ax = new_axes(ax, 9, 5)
        several = "series" in table
        lines = table.groupby("series", sort=False) if several else [("", table)]
        for i, (name, line) in enumerate(lines):
            colour = PALETTE[i % len(PALETTE)]
            ax.fill_between(line[x], line["low"], line["high"], color=colour, alpha=0.2, lw=0)
            ax.plot(line[x], line["best"], f"o{DASHES[i % len(DASHES)]}", color=colour, ms=4,
                    label=str(name))  # fmt: skip
        if several:
            ax.legend(frameon=False)
        ax.set_ylabel(label)
        ax.set_xlabel(words(x))
        ax.set_ylim(0, max(1e-9, 1.1 * float(table[["best", "high"]].max(axis=None))))
        share = label.startswith("share")
        if share:
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        band = "bands are 95 % intervals" if several else "the band is the 95 % interval"
        return finish(
            ax, _ends_of_sweep(table, x, share), f"{caption}; {band}" if caption else band
        )


def _ends_of_sweep(table: pd.DataFrame, x: str, share: bool) -> str:
    """Where the estimate is least, and where it is most."""

    def at(place: Any) -> str:
        row = table.loc[place]
        of = f"{row['series']}, " if "series" in table else ""
        best = share_label(row["best"]) if share else f"{row['best']:,.0f}"
        value = f"{row[x]:g}" if isinstance(row[x], float) else f"{row[x]}"
        return f"{of}{words(x)} {value} ({best})"

    return f"Least with {at(table['best'].idxmin())}, most with {at(table['best'].idxmax())}"


def front(
    table: pd.DataFrame,
    goal: str,
    ruin: str | None,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """Share that reached the goal against ruin (or against days, where there is none).

    The front has letters, from the fewest days on, which the key below spells out; strategies of
    the file carry their names.

    Args:
        table: from :class:`sim.studies.sequence_search.Found`.
        goal, ruin: their names.
        ax, caption: as for :func:`incidence`.
    """
    with style():
        x = "restricted_mean" if ruin is None else "ruin"
        best = table[table["front"]].sort_values("restricted_mean", kind="stable")
        shown, left = best.head(len(LETTERS)), max(0, len(best) - len(LETTERS))
        ax = new_axes(ax, 10, 5.6 + 0.24 * len(shown))
        others = table[~table["front"] & (table["number"] >= 0)]
        ax.plot(others[x], others["reached"], "o", color="#c4c4c4", ms=4, mew=0)
        own = table[table["number"] < 0]
        _cross(ax, own, x, "#de8f05", "D")
        _cross(ax, best, x, "#0173b2", "o")
        names = [label(table, name) for name in own["candidate"]]
        looks = [("#9c5f00", "normal")] * len(own) + [("#0173b2", "bold")] * len(shown)
        _label(ax, pd.concat([own, shown]), x, [*names, *LETTERS[: len(shown)]], looks)
        percent = FuncFormatter(lambda share, _: f"{100 * share:g} %")
        ax.yaxis.set_major_formatter(percent)
        ax.set_ylabel(f"share of replications that reach {words(goal)}")
        if ruin is None:
            ax.set_xlabel(f"mean days without {words(goal)} (less is better)")
        else:
            ax.xaxis.set_major_formatter(percent)
            ax.set_xlabel(f"share of replications that end in {words(ruin)} (less is better)")
        key = [
            textwrap.fill(f"{letter}  {row.restricted_mean:,.0f} days  {row.words}", 148)
            for letter, row in zip(LETTERS, shown.itertuples(), strict=False)
        ]
        key += [f"and {left} more, in front.csv"] if left else []
        ax.text(0, -0.17, "\n".join(key), transform=ax.transAxes, va="top", fontsize=8.5)
        return finish(ax, _front_sentence(table, goal, ruin), caption)


def _front_sentence(table: pd.DataFrame, goal: str, ruin: str | None) -> str:
    """The largest share of the candidates, that with the least ruin, and that of the file."""
    searched, of_the_file = table[table["number"] >= 0], table[table["number"] < 0]
    most = float(searched["reached"].max())
    title = f"The {len(searched)} measured candidates reach {words(goal)} in "
    title += f"{share_label(most)} of replications at best"
    if len(searched) == 1:
        title = f"The only candidate reaches {words(goal)} in {share_label(most)} of replications"
    if len(of_the_file) and float(of_the_file["reached"].max()) > most:
        above = of_the_file.loc[of_the_file["reached"].idxmax()]
        name, share = words(str(above["candidate"])), share_label(above["reached"])
        title += f" ({name}, a strategy of the file: {share})"
    front = searched[searched["front"]]
    if ruin is None or len(front) < 2:
        return title
    less = front[front["ruin_difference_high"] < 0]
    if less.empty:
        than = "than the one chosen"
        return f"{title}; none on the front has significantly less {words(ruin)} {than}"
    least = less.loc[less["ruin"].idxmin()]
    title += f"; the one with the least {words(ruin)} ({share_label(least['ruin'])}) in "
    return title + share_label(least["reached"])


LETTERS = "ABCDEFGHIJKL"


def _cross(ax: Axes, part: pd.DataFrame, x: str, colour: str, mark: str) -> None:
    """Points with the intervals of both quantities."""
    for row in part.to_dict("records"):
        y = row["reached"]
        ax.plot([row[f"{x}_low"], row[f"{x}_high"]], [y, y], color=colour, lw=0.8, alpha=0.45)
        ax.plot([row[x]] * 2, [row["reached_low"], row["reached_high"]], color=colour, lw=0.8,
                alpha=0.45)  # fmt: skip
        ax.plot([row[x]], [y], mark, color=colour, ms=6, zorder=5)  # above all labels


def _label(
    ax: Axes, part: pd.DataFrame, x: str, texts: Sequence[str], looks: Sequence[tuple[str, str]]
) -> None:
    """Labels beside points, kept apart from each other, in a colour and weight each."""
    if part.empty:
        return
    low, high = ax.get_ylim()
    places = _spread(list(part["reached"]), 0.035 * (high - low), low, high)
    for at, text, place, (colour, weight) in zip(part[x], texts, places, looks, strict=True):
        ax.text(at, place, f"   {text}", color=colour, fontsize=9, va="center", fontweight=weight,
                path_effects=[withStroke(linewidth=3, foreground="white")])  # fmt: skip


# -- one replication ------------------------------------------------------------------------------


def timeline(trace: Trace, ax: Axes | None = None) -> Axes:
    """One replication: tracks as lanes, shocks as marks, conditions as bands, windows shaded.

    Args:
        trace: from :func:`sim.trace`.
        ax: as for :func:`incidence`.
    """
    with style():
        spells = trace.levels[~trace.levels["condition"].str.contains(".", regex=False)]
        tracks = list(dict.fromkeys(trace.attempts["track"]))
        shocks = list(dict.fromkeys(trace.shocks["shock"]))
        conditions = list(dict.fromkeys(spells["condition"]))
        lanes = _lanes(tracks=tracks, shocks=shocks, conditions=conditions)
        ax = new_axes(ax, 13, 2.2 + 0.33 * len(lanes))
        row = {lane: len(lanes) - 1 - i for i, lane in enumerate(lanes)}
        day = dates(trace)
        windows = draw_windows(ax, trace, day)
        for track in tracks:
            draw_pauses(ax, trace, track, row["tracks", track], day)
            draw_attempts(ax, trace, track, row["tracks", track], day)
        for shock, times in trace.shocks.groupby("shock")["time"]:
            marks = np.unique(_places(times, trace.horizon)) if len(times) > PLACES else times
            ax.plot(day(marks), [row["shocks", shock]] * len(marks), "|",
                    color="#444444", ms=9, mew=1.3)  # fmt: skip
        for condition, part in spells.groupby("condition"):
            draw_levels(ax, part, row["conditions", condition], trace)
        _name_lanes(ax, row)
        ax.set_xlim(day(0), day(max(1.0, trace.horizon)))
        dated_axis(ax, trace)
        ax.grid(axis="x", color="#eeeeee", zorder=0)
        ax.set_axisbelow(True)
        _timeline_legend(ax, windows)
        about = textwrap.shorten(trace.title, 200, placeholder=" ...")
        caption = f"{about}; seed {trace.seed}; attempts are named by their stage"
        finish(ax, _trace_sentence(trace), caption)
        ax.set_title(ax.get_title(loc="left"), loc="left", pad=28)
        return ax


def _lanes(**groups: Sequence[str]) -> list[tuple[str, str]]:
    """Group and name of each lane, from the top; an empty name is the heading of its group."""
    return [(group, name) for group, names in groups.items() if names for name in ("", *names)]


def _name_lanes(ax: Axes, row: dict[tuple[str, str], int]) -> None:
    ax.set_yticks(list(row.values()), [words(name or group) for group, name in row])
    for text, (_, name) in zip(ax.get_yticklabels(), row, strict=True):
        if not name:
            text.set(fontweight="bold", color="#666666")
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.8, len(row) - 0.2)


def _trace_sentence(trace: Trace) -> str:
    outcome, time = str(trace.row["outcome"]), float(trace.row["time"])
    last = trace.start + dt.timedelta(days=min(int(time), (dt.date.max - trace.start).days))
    when = f"{last.day} {last:%B} {last.year}, day {time:.0f}"
    if outcome in ("ongoing", "abandoned"):
        how = "talks abandoned, " if outcome == "abandoned" else ""
        result = f"{how}no {words(trace.goal)} by {when}"
    else:
        result = f"{words(outcome)} on {when}"
    return sentence(f"{strategy_title(trace)}, replication {trace.replication}: {result}")


def strategy_title(trace: Trace) -> str:
    """The title of the strategy of a trace."""
    return trace.called if is_legible(trace.called) else words(trace.strategy)


def _ends_before_year_10000(trace: Trace) -> bool:
    return trace.horizon < (dt.date.max - trace.start).days


def dates(trace: Trace) -> Any:
    """What turns days of a replication into places on its axis."""
    first = mdates.date2num(trace.start) if _ends_before_year_10000(trace) else 0.0
    return lambda days: first + days


def dated_axis(ax: Axes, trace: Trace) -> None:
    """Dates along the axis, or days where the calendar ends."""
    if not _ends_before_year_10000(trace):  # no calendar goes further
        ax.set_xlabel("days since the start")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda days, _: f"{days:,.0f}"))
        return
    ax.xaxis_date()
    ax.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=12))
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(ax.xaxis.get_major_locator()))


PLACES = 2000
"""Along the axis of a timeline; of more bars than these, what falls on a place is drawn as one."""


def _places(days: Any, span: float) -> Any:
    """Days, each at the beginning of its place on the axis."""
    return np.floor(np.asarray(days, float) / span * PLACES) * (span / PLACES)


def draw_windows(ax: Axes, trace: Trace, day: Any) -> bool:
    """Shade the windows of the calendar; none, where they are too many to be distinguished."""
    spans = trace.windows.drop_duplicates(["opens", "closes"])
    if spans.empty or len(spans) > PLACES:
        return False
    bars = list(zip(day(spans["opens"]), spans["closes"] - spans["opens"], strict=True))
    ax.broken_barh(bars, (0, 1), transform=ax.get_xaxis_transform(), color="#cfe3f2", lw=0,
                   zorder=0)  # fmt: skip
    return True


def draw_levels(
    ax: Axes, spells: pd.DataFrame, row: int, trace: Trace, height: float = 0.62
) -> None:
    """The levels of a condition as bars in a row, darker where they are higher.

    Spells that are too many to be distinguished are drawn as their mean level at each place.
    """
    if spells.empty:
        return
    most, day = max(1, int(spells["level"].max())), dates(trace)
    shown = spells if len(spells) <= PLACES else _mean_levels(spells, trace.horizon)
    bars = list(zip(day(shown["begin"]), shown["end"] - shown["begin"], strict=True))
    colours = [(*PALETTE[4], 0.3 + 0.6 * level / most) for level in shown["level"]]
    ax.broken_barh(bars, (row - height / 2, height), facecolors=colours, lw=0)


def _mean_levels(spells: pd.DataFrame, span: float) -> pd.DataFrame:
    """Spells of one condition, in order, as the mean level at each place of the axis."""
    edges = np.linspace(0.0, span, PLACES + 1)
    ends = spells[["begin", "end"]].to_numpy(float)
    total = np.append(0.0, np.cumsum(spells["level"].to_numpy(float) * np.diff(ends, axis=1)[:, 0]))
    both = np.column_stack([total[:-1], total[1:]])
    mean = np.diff(np.interp(edges, ends.ravel(), both.ravel())) / np.diff(edges)
    table = pd.DataFrame({"begin": edges[:-1], "end": edges[1:], "level": mean})
    return table[mean > 1e-12]


def _seen(attempts: pd.DataFrame, span: float) -> pd.DataFrame:
    """Attempts, or the longest of each ending at each place where they are too many."""
    if len(attempts) <= PLACES:
        return attempts
    length = attempts["end"] - attempts["begin"]
    longest = length.groupby([_places(attempts["begin"], span), attempts["ending"]]).idxmax()
    return attempts.loc[longest.sort_values()]


LETTERS_ACROSS, SMALLEST = 165, 5.5  # of 7.5 points on a timeline; smaller ones are left out
PAUSES = {"delay": "#f8deb0", "waiting": "#dcdcdc"}


def draw_pauses(ax: Axes, trace: Trace, track: str, row: int, day: Any) -> None:
    """The delays and waits of a track as thin bars in its row."""
    mine = trace.activities[trace.activities["track"] == track]
    for name, kinds in (("delay", DELAYS), ("waiting", WAITING)):
        some = mine[mine["activity"].isin(kinds)]
        if 0 < len(some) <= PLACES:
            bars = list(zip(day(some["begin"]), some["end"] - some["begin"], strict=True))
            ax.broken_barh(bars, (row - 0.09, 0.18), color=PAUSES[name], lw=0, zorder=1)


def draw_attempts(ax: Axes, trace: Trace, track: str, row: int, day: Any) -> None:
    """The attempts of a track as bars in a row, coloured by how they end."""
    span = trace.horizon
    attempts = _seen(trace.attempts[trace.attempts["track"] == track], span)
    lengths = np.maximum(attempts["end"] - attempts["begin"], span / 800)
    ax.broken_barh(
        list(zip(day(attempts["begin"]), lengths, strict=True)), (row - 0.35, 0.7),
        facecolors=[ENDINGS.get(ending, SETBACK) for ending in attempts["ending"]],
        edgecolor="white", lw=0.5 if len(attempts) <= 200 else 0,
    )  # fmt: skip
    for attempt in attempts.itertuples():
        begin, end = day(attempt.begin), day(attempt.end)
        letters = (end - begin) / span * LETTERS_ACROSS
        size = min(7.5, 7.5 * letters / max(1, len(attempt.stage)))
        if size >= SMALLEST:
            light = attempt.ending == "ongoing" or attempt.ending not in ENDINGS
            ax.text((begin + end) / 2, row, words(attempt.stage), ha="center", va="center",
                    fontsize=size, color="black" if light else "white", clip_on=True)  # fmt: skip


def timeline_handles(windows: bool) -> list[Any]:
    """What the marks of a timeline mean, for its legend."""
    handles = [
        Patch(color=ENDINGS["success"], label="success"),
        Patch(color=SETBACK, label="setback"),
        Patch(color=ENDINGS["broken"], label="broken by a shock"),
        Patch(color=ENDINGS["ongoing"], label="still going on"),
        Line2D([], [], color=PAUSES["delay"], lw=3, label="delay"),
        Line2D([], [], color=PAUSES["waiting"], lw=3, label="waiting"),
        Patch(color=PALETTE[4], alpha=0.7, label="condition (darker: higher level)"),
    ]
    if windows:
        handles.append(Patch(color="#cfe3f2", label="window open"))
    return handles


def _timeline_legend(ax: Axes, windows: bool) -> None:
    ax.legend(handles=timeline_handles(windows), ncols=8, loc="lower left",
              bbox_to_anchor=(0, 1.0), frameon=False, borderaxespad=0.2, fontsize=9,
              handlelength=1.5, columnspacing=1.2)  # fmt: skip


# -- the record -----------------------------------------------------------------------------------


def lengths(table: pd.DataFrame, title: str, ax: Axes | None = None) -> Axes:
    """How long dated spells of the record lasted, by sample; dashes are the fitted laws.

    Args:
        table: sample, n, days, still, fitted, open
            (:func:`sim.evidence.korea.statistics.survival`), samples one below the other.
        title: the finding.
        ax: as for :func:`incidence`.
    """
    with style():
        ax = new_axes(ax, 9, 5.2)
        for (name, spells), colour in zip(
            table.groupby("sample", sort=False), PALETTE, strict=False
        ):
            days = np.concatenate([[0.4], spells["days"]])
            still = np.concatenate([[1.0], spells["still"]])
            label = f"{words(str(name))} (n = {spells['n'].iloc[0]})"
            ax.step(days, still, where="post", color=colour, lw=2, label=label)
            ax.plot(spells["days"], spells["fitted"], "--", color=colour, lw=1.2)
            left = spells[spells["open"]]
            ax.plot(left["days"], left["still"], "|", color=colour, ms=14, mew=2)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.set_xlabel("days (logarithmic)")
        ax.set_ylabel("share that lasted longer")
        ax.set_ylim(0, 1.02)
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.legend(frameon=False, fontsize=9)
        caption = (
            "steps: historical records; dashes: law with the least AIC; upright marks: still open"
        )
        return finish(ax, title, caption)


def counts(table: pd.DataFrame, what: str, title: str, ax: Axes | None = None) -> Axes:
    """Counts of months as bars, with the months of dialogue shaded.

    Args:
        table: month, count, dialogue (share of the month;
            :func:`sim.evidence.korea.statistics.by_month`).
        what: label of the vertical axis.
        title: the finding.
        ax: as for :func:`incidence`.
    """
    with style():
        ax = new_axes(ax, 11, 4.4)
        for month in table.loc[table["dialogue"] >= 0.5, "month"]:
            ax.axvspan(month, month + pd.DateOffset(months=1), color=PALETTE[2], alpha=0.25, lw=0)
        ax.bar(table["month"], table["count"], width=28, align="edge", color=PALETTE[0])
        ax.set_ylabel(what)
        ax.yaxis.set_major_locator(MultipleLocator(2))
        ax.set_xlim(table["month"].iloc[0], table["month"].iloc[-1] + pd.DateOffset(months=1))
        shade = Patch(color=PALETTE[2], alpha=0.25, label="a month of dialogue")
        ax.legend(handles=[shade], frameon=False, loc="upper left")
        return finish(ax, title, "counts by month from published data sets, named in the tables")


def calibration(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Percentiles of what happened among replications, against even ones.

    Args:
        table: episode, percentile (:func:`sim.evidence.korea.backcast.held_against`).
        ax: as for :func:`incidence`.
    """
    from scipy.stats import beta  # takes a second to load

    with style():
        ax = new_axes(ax, 6.4, 5.8)
        ordered = table.sort_values("percentile", ignore_index=True)
        n = len(ordered)
        expected = (np.arange(n) + 0.5) / n
        # The 95 % band of an even sample: the i-th of n is Beta(i, n + 1 - i).
        ends = np.array([beta.ppf([0.025, 0.975], i + 1, n - i) for i in range(n)])
        ax.fill_betweenx(expected, ends[:, 0], ends[:, 1], color="#8c8c8c", alpha=0.25, lw=0)
        ax.plot([0, 1], [0, 1], color="#555555", lw=1)
        markers = ("o", "s", "^", "D", "v", "P", "X")
        for (name, colour), marker in zip(
            zip(table["episode"].unique(), PALETTE, strict=False), markers, strict=False
        ):
            here = (ordered["episode"] == name).to_numpy()
            ax.plot(ordered["percentile"][here], expected[here], marker, color=colour, label=name)
        ax.set_xlabel("percentile of what happened among replications")
        ax.set_ylabel("share of facts below")
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.legend(frameon=False, fontsize=9, loc="lower right")
        middle = float(ordered["percentile"].median())
        title = (
            f"What happened lies at percentile {100 * middle:.0f} of what was simulated (median)"
        )
        caption = f"{n} facts; band: 95 % of even samples, were the facts independent"
        return finish(ax, title, caption)


def intervals(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Simulated intervals of dated facts, with what happened marked on them.

    Args:
        table: episode, fact, unit, actual, q2.5 to q97.5; only facts in days are drawn.
        ax: as for :func:`incidence`.
    """
    with style():
        shown = table[table["unit"] == "days"].reset_index(drop=True)
        end = 2 * float(np.nanmax(shown["actual"].replace(np.inf, np.nan)))
        ax = new_axes(ax, 9, 0.32 * len(shown) + 1.6)
        for row, fact in enumerate(shown.to_dict("records")):
            for low, high, width in (("q2.5", "q97.5", 2), ("q10", "q90", 5), ("q25", "q75", 9)):
                ends = [min(max(fact[q], 0.7), end) for q in (low, high)]
                ax.plot(ends, [row, row], color=PALETTE[0], lw=width, alpha=0.45,
                        solid_capstyle="butt")  # fmt: skip
            out = not 0.025 <= fact["percentile"] <= 0.975
            happened = min(max(fact["actual"], 0.7), end)
            marker = "o" if fact["actual"] < end else ">"
            colour = PALETTE[1] if out else "black"  # orange
            ax.plot(happened, row, marker, color=colour, ms=7, zorder=3)
        labels = [f"{one.episode}: {words(one.fact)}" for one in shown.itertuples()]
        ax.set_yticks(range(len(shown)), labels)
        ax.invert_yaxis()
        ax.set_xscale("log")
        ax.set_xlim(0.7, 1.1 * end)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.set_xlabel("days (logarithmic; the right edge is never or later)")
        held = int(shown["percentile"].between(0.025, 0.975).sum())
        title = f"{held} of {len(shown)} dated facts lie inside their 95 % interval"
        caption = "bars: 50, 80, 95 % of replications; points: what happened, orange outside"
        return finish(ax, title, caption)


def narrowed(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Parameters before and after calibration to the record, each within its prior.

    Args:
        table: name, prior and posterior quantiles (:func:`sim.evidence.narrowing.moved`).
        ax: as for :func:`incidence`.
    """
    looks = (("prior", "#8c8c8c", -0.17), ("posterior", PALETTE[0], 0.17))
    with style():
        ax = new_axes(ax, 9.5, 0.5 * len(table) + 1.6)
        for row, one in enumerate(table.to_dict("records")):
            for when, colour, offset in looks:
                low, best, high = (_place(one, f"{when}_{end}") for end in ("low", "best", "high"))
                ax.plot([low, high], [row + offset] * 2, color=colour, lw=4, alpha=0.5,
                        label=None if row else when, solid_capstyle="butt")  # fmt: skip
                ax.plot(best, row + offset, "o", color=colour, ms=6)
                ax.text(high + 0.015, row + offset, f"{one[f'{when}_best']:.3g}", color=colour,
                        fontsize=8, va="center")  # fmt: skip
        ax.set_yticks(range(len(table)), list(table["name"]))
        ax.invert_yaxis()
        ax.set_xlabel("place within the middle 90 % of the prior; the median beside it")
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
        return finish(ax, "Before and after: medians and middle 90 %", None)


def _place(one: dict[str, Any], end: str) -> float:
    width = (one["prior_high"] - one["prior_low"]) or 1.0
    return float((one[end] - one["prior_low"]) / width)
