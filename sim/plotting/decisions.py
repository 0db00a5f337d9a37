"""Figures of a comparison and of an explanation: a table in, axes out. No estimate is made here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, PercentFormatter

from sim.formatting import percent
from sim.plotting.outcomes import (
    SETBACK,
    dated_axis,
    dates,
    draw_attempts,
    draw_levels,
    draw_pauses,
    draw_windows,
    strategy_title,
    timeline_handles,
)
from sim.plotting.style import (
    MOST,
    endpoint,
    finish,
    framed,
    label,
    level,
    new_axes,
    new_figure,
    rows_high,
    sentence,
    share_label,
    strategy,
    style,
    words,
)
from sim.tracing.time_budget import ACTIVITIES
from sim.tracing.trace import Trace
from sim.types import DAYS_PER_YEAR

SURE, UNSURE, ADJUSTED = "#0173b2", "#8c8c8c", "#de8f05"
ACTIVITY_COLOURS = dict(
    zip(
        ACTIVITIES,
        (
            *("#029e73", "#de8f05", "#333333", "#cc78bc", "#56b4e9", "#0173b2"),
            *("#b8d8c8", "#8c8c8c", "#e3e3e3", "#b22222"),
        ),
        strict=True,
    )
)
MOST_BARS = 16


def _figure(
    width: float, height: float, rows: int, columns: int, **shared: Any
) -> tuple[Figure, Any]:
    figure = new_figure(width, height)
    return figure, np.atleast_1d(figure.subplots(rows, columns, **shared))


def _named_rows(ax: Axes, names: Sequence[str], rows: Sequence[int]) -> None:
    ax.set_yticks(rows, names)
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def ranking(
    estimates: pd.DataFrame,
    best: pd.DataFrame,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """Mean days without the endpoint by strategy, and which of them may be the best.

    Args:
        estimates: from :func:`sim.analysis.comparison.estimates`.
        best: from :func:`sim.analysis.comparison.with_the_best`.
        ax: where to draw; a figure of its own where None.
        caption: n, seed and scenario, for the line below.
    """
    with style():
        days = estimates[estimates["measure"] == "restricted_mean"]
        fewest_first = days["better"].iloc[0] == "lower"
        days = days.sort_values("best", ascending=fewest_first)
        apart = best[best["measure"] == "restricted_mean"].set_index("strategy")
        ax = new_axes(ax, 9, 1.9 + rows_high(estimates, days["strategy"], 0.4))
        rows = np.arange(len(days))[::-1]
        right = float(np.nanmax([days["high"].max(), days["best"].max()]))
        left = float(np.nanmin([days["low"].min(), days["best"].min()]))
        span = (right - left) or 1.0
        for row, one in zip(rows, days.itertuples(), strict=True):
            may = bool(apart.loc[one.strategy, "may_be_best"])
            colour = SURE if may else UNSURE
            ax.plot([one.low, one.high], [row, row], color=colour, lw=MOST, solid_capstyle="butt")
            ax.plot([one.best], [row], "o" if may else "s", color=colour, ms=7,
                    mfc=colour if may else "white")  # fmt: skip
            chance = float(apart.loc[one.strategy, "chance"])
            ax.text(right + 0.06 * span, row, f"{percent(chance)} %", va="center", fontsize=9)
        ax.text(right + 0.06 * span, len(days) - 0.35, "chance of\nbeing best", fontsize=9,
                va="bottom", color="#555555")  # fmt: skip
        _named_rows(ax, [label(estimates, str(name)) for name in days["strategy"]], list(rows))
        ax.set_xlim(left - 0.05 * span, right + 0.25 * span)
        ax.set_xlabel(f"mean days without {endpoint(best)} (never: {best.attrs['horizon']:,.0f})")
        handles = [
            Line2D([], [], color=SURE, marker="o", ms=7, label="may be the best"),
            Line2D([], [], color=UNSURE, marker="s", mfc="white", ms=7, label="is not the best"),
        ]
        _legend(ax, handles)
        leaders = list(apart.index[apart["may_be_best"]])
        title = f"Any of {len(leaders)} strategies may be the best in days without"
        if len(leaders) == 1:
            most = "fewest" if fewest_first else "most"
            title = sentence(f"{strategy(estimates, leaders[0])} has the {most} days without")
        note = f"{caption}; marked jointly at {level(best)} (Hsu)" if caption else None
        return _above(finish(ax, f"{title} {endpoint(best)}", note))


def _legend(ax: Axes, handles: Sequence[Any]) -> None:
    """A legend between the title and the axes."""
    ax.legend(handles=handles, ncols=len(handles), loc="lower left", bbox_to_anchor=(0, 1.0),
              frameon=False, borderaxespad=0.2, fontsize=9)  # fmt: skip


def _above(ax: Axes, pad: float = 26) -> Axes:
    """Lift the title over the legend."""
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=pad)
    return ax


def forest(table: pd.DataFrame, *, caption: str | None = None) -> Figure:
    """Paired differences to the baseline in every main measure, side by side.

    Thick bars are intervals by themselves, thin ones hold for all strategies together. Orange ones
    below are by themselves too, adjusted by control variates (where there is an adjustment).

    Args:
        table: from :func:`sim.analysis.comparison.differences`.
        caption: as for :func:`ranking`.
    """
    with style():
        goal, ruin = table.attrs["goal"], table.attrs["ruin"]
        wanted = ["reached", "restricted_mean", f"held_{goal}", "ruin"]
        measures = [name for name in wanted if (table["measure"] == name).any()]
        labels = {
            "reached": f"share with {endpoint(table)},\npercentage points",
            "restricted_mean": f"days without\n{endpoint(table)}",
            f"held_{goal}": f"days of {words(goal)}\nheld",
            "ruin": f"share of {words(str(ruin))},\npercentage points",
        }
        names = list(dict.fromkeys(table["strategy"].astype(str)))
        baseline = str(table.attrs["baseline"])
        height = 2.2 + rows_high(table, names, 0.4)
        figure, axes = _figure(11, height, 1, len(measures), sharey=True)
        rows = np.arange(len(names))[::-1]
        adjusted = "adjusted_ratio" in table
        for ax, name in zip(axes, measures, strict=True):
            part = table[table["measure"] == name].set_index("strategy").loc[names]
            times = 100 if part["unit"].iloc[0] == "share" else 1
            up = part["better"].iloc[0] == "higher"
            for row, one in zip(rows, part.itertuples(), strict=True):
                _whisker(ax, row, one, times)
                if adjusted:
                    _bar_below(ax, row, one, times)
            ax.axvline(0, color="#333333", lw=1)
            ax.set_xlabel(f"{labels[name]}\n{'better >' if up else '< better'}")
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+,g}" if x else "0"))
            ax.xaxis.set_major_locator(_few_ticks())
            _named_rows(ax, [label(table, name) for name in names], list(rows))
        main = table[table["measure"].isin(measures)]
        sure = (main["joint_low"] > 0) | (main["joint_high"] < 0)
        title = (
            f"Against {strategy(table, baseline)} in paired replications: {int(sure.sum())} of "
            f"{len(main)} differences are distinguished from 0"
        )
        note = f"{caption}; thin bars hold jointly for all strategies; blue: these exclude 0"
        note += "; orange: adjusted by control variates" if adjusted else ""
        return framed(figure, title, note if caption else None)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4)


def _whisker(ax: Axes, row: int, one: Any, times: float) -> None:
    sure = one.joint_low > 0 or one.joint_high < 0
    colour = SURE if sure else UNSURE
    ax.plot([times * one.joint_low, times * one.joint_high], [row, row], color=colour, lw=1)
    ax.plot([times * one.low, times * one.high], [row, row], color=colour, lw=2 * MOST,
            solid_capstyle="butt")  # fmt: skip
    ax.plot([times * one.best], [row], "o" if sure else "s", color=colour, ms=5,
            mfc="white", zorder=3)  # fmt: skip


def _bar_below(ax: Axes, row: int, one: Any, times: float) -> None:
    """The control-variate adjusted interval of a difference, where there is one."""
    if one.adjusted_ratio < one.variance_ratio:
        below = row - 0.26
        ends = [times * one.adjusted_low, times * one.adjusted_high]
        ax.plot(ends, [below, below], color=ADJUSTED, lw=MOST, solid_capstyle="butt")
        ax.plot([times * one.adjusted], [below], "o", color=ADJUSTED, ms=4.5, mfc="white", zorder=3)


def sooner(table: pd.DataFrame, ax: Axes | None = None, *, caption: str | None = None) -> Axes:
    """Share of pairs in which the strategy of a row is sooner than that of a column, minus later.

    Args:
        table: from :func:`sim.analysis.comparison.pairs`.
        ax, caption: as for :func:`ranking`.
    """
    with style():
        names = list(dict.fromkeys(table["a"].astype(str)))
        win = table.pivot(index="a", columns="b", values="win").reindex(names, columns=names)
        loss = table.pivot(index="a", columns="b", values="loss").reindex(names, columns=names)
        ax = new_axes(ax, max(7.5, 3.2 + 0.72 * len(names)), 2.6 + 0.5 * len(names))
        most = max(0.01, float(np.nanmax(np.abs(win - loss))))
        shown = ax.imshow(win - loss, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto")
        for i, j in np.ndindex(len(names), len(names)):
            if i != j:
                net = abs(win.iloc[i, j] - loss.iloc[i, j])
                text = f"{100 * win.iloc[i, j]:.0f} / {100 * loss.iloc[i, j]:.0f}"
                ax.text(j, i, text, ha="center", va="center", fontsize=8.5,
                        color="white" if net > 0.45 * most else "#222222")  # fmt: skip
        bar = ax.figure.colorbar(shown, ax=ax, shrink=0.6, pad=0.02, aspect=25)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(_points))
        bar.set_label("row sooner minus later, points", fontsize=9)
        bar.outline.set_visible(False)
        above = [label(table, name, 1) for name in names]  # the rows have them whole
        ax.set_xticks(range(len(names)), above, rotation=35, ha="right")
        ax.set_yticks(range(len(names)), [label(table, name) for name in names])
        ax.tick_params(length=0)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        ax.set_xlabel(
            f"row reaches {endpoint(table)} sooner / later, per cent of paired replications; the "
            "rest are ties", loc="left",
        )  # fmt: skip
        return finish(ax, _sooner_sentence(table), caption)


def _points(share: float, _: int) -> str:
    return f"{100 * share:+.0f}" if round(100 * share) else "0"


def _sooner_sentence(table: pd.DataFrame) -> str:
    """Which strategy is significantly sooner more often than later than how many others."""
    each = f"(each pair at {level(table)})"
    ahead = table[table["net_low"] > 0]
    if ahead.empty:
        return f"No strategy is distinguished as sooner more often than later {each}"
    beaten = ahead["a"].astype(str).value_counts()
    first, others = str(beaten.index[0]), table["a"].nunique() - 1
    against = "every other" if beaten.iloc[0] == others else f"{beaten.iloc[0]} of {others} others"
    return sentence(
        f"{strategy(table, first)} is sooner more often than later than {against} {each}"
    )


def durability(table: pd.DataFrame, *, caption: str | None = None) -> Figure:
    """How long the goal lasts once it is reached, a panel a strategy; grey: the others.

    Args:
        table: from :func:`sim.analysis.competing_risks.durability`.
        caption: as for :func:`ranking`.
    """
    with style():
        goal = words(table.attrs.get("goal", "the goal"))
        curves = {str(name): part for name, part in table.groupby("strategy", sort=False)}
        columns = min(3, len(curves))
        rows = -(-len(curves) // columns)
        figure, axes = _figure(
            1.5 + 3.1 * columns, 1.6 + 1.9 * rows, rows, columns, sharex=True, sharey=True
        )
        for ax, (name, part) in zip(axes.flat, curves.items(), strict=False):
            for other in curves.values():
                years = other["time"] / DAYS_PER_YEAR
                ax.step(years, other["best"], where="post", color="#c4c4c4", lw=0.8)
            days = part["time"] / DAYS_PER_YEAR
            ax.fill_between(days, part["low"], part["high"], step="post", color=SURE, alpha=0.2,
                            lw=0)  # fmt: skip
            ax.step(days, part["best"], where="post", color=SURE, lw=MOST / 2)
            ax.set_title(
                f"{label(table, name)}: {_replayed(part.iloc[0])}", loc="left", fontsize=10
            )
            ax.set_ylim(0, 1.02)
            ax.set_xlim(0, None)
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        for ax in axes.flat[len(curves) :]:
            ax.axis("off")
        figure.supylabel(f"share in which {goal} still holds", fontsize=10)
        note = (
            f"across: years since {goal} was first reached; above: replications that reached it "
            "and were replayed; Kaplan-Meier, censored at the horizon and at ruin"
        )
        title = _durability_sentence(table, goal)
        return framed(figure, title, f"{caption}\n{note}" if caption else note)


def _replayed(row: pd.Series) -> str:
    """How many replications a curve is made of, and of how many that reached the goal."""
    some = f"{int(row['replayed']):,}"
    return some if row["replayed"] == row["reached"] else f"{some} of {int(row['reached']):,}"


def _durability_sentence(table: pd.DataFrame, goal: str) -> str:
    """In what share the goal still holds after a year; the strategies followed that long."""
    year = table.loc[table["time"] == np.floor(DAYS_PER_YEAR), "best"]
    if year.empty:
        longest = float(table["time"].max())
        return f"{goal} lasts: no replication is followed for a year after it ({longest:,.0f} days)"
    least, most = share_label(float(year.min())), share_label(float(year.max()))
    span = least if least == most else f"{least} to {most}"
    followed, count = len(year), table["strategy"].nunique()
    whose = "" if followed == count else f" ({followed} of {count} strategies followed so long)"
    return f"A year after {goal} was first reached, it still holds in {span} of replications{whose}"


# -- why it wins ----------------------------------------------------------------------------------


def budget(
    table: pd.DataFrame,
    tracks: dict[str, list[str]],
    goal: str,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """Where the days without the goal go in the tracks that can reach it: a bar a track.

    Args:
        table: from :func:`sim.analysis.attribution.time_budget`, by track and activity.
        tracks: of each strategy, those that can reach the goal.
        goal: its name.
        ax, caption: as for :func:`ranking`.
    """
    with style():
        whole = table.groupby(["strategy", "track"], observed=True)["best"].sum()
        bars = [(name, track) for name, some in tracks.items() for track in some]
        bars.sort(key=lambda bar: float(whole.get(bar, 0.0)))
        ax = new_axes(ax, 10, 2.2 + rows_high(table, [name for name, _ in bars], 0.45))
        if not any(whole.get(bar, 0.0) > 0 for bar in bars):
            ax.axis("off")
            why = f"{words(goal)} holds from day 0" if bars else f"no track can bring {words(goal)}"
            return finish(ax, sentence(why), caption)
        rows = np.arange(len(bars))[::-1]
        left = np.zeros(len(bars))
        days = table.set_index(["strategy", "track", "activity"])["best"]
        used = [a for a in ACTIVITIES if any(days.get((*bar, a), 0.0) > 0 for bar in bars)]
        total = max([1.0, *(sum(days.get((*bar, a), 0.0) for a in used) for bar in bars)])
        for activity in used:
            width = np.array([float(days.get((*bar, activity), 0.0)) for bar in bars])
            colour = ACTIVITY_COLOURS[activity]
            ax.barh(rows, width, left=left, color=colour, edgecolor="white", height=0.72)
            light = activity in ("left out", "completed", "waiting for the window")
            for row, start, one in zip(rows, left, width, strict=True):
                if one >= 0.04 * total:
                    ax.text(start + one / 2, row, f"{one:,.0f}", ha="center", va="center",
                            fontsize=9, color="#222222" if light else "white")  # fmt: skip
            left += width
        counts = {name: len(some) for name, some in tracks.items()}
        labels = [
            label(table, name) if counts[name] == 1 else f"{label(table, name)}: {words(track)}"
            for name, track in bars
        ]
        _named_rows(ax, labels, list(rows))
        ax.set_xlim(0, 1.01 * total)
        ax.set_xlabel(f"mean days until {words(goal)} (to the horizon where it never came)")
        handles = [Patch(color=ACTIVITY_COLOURS[name], label=name) for name in used]
        ax.legend(handles=handles, ncols=4, loc="lower left", bbox_to_anchor=(0, 1.0),
                  frameon=False, borderaxespad=0.2, fontsize=9)  # fmt: skip
        first = {activity: float(days.get((*bars[0], activity), 0.0)) for activity in used}
        most = max(first, key=lambda name: first[name])
        title = (
            f"{strategy(table, bars[0][0])}: of {sum(first.values()):,.0f} days without "
            f"{words(goal)}, {words(bars[0][1])} spends {first[most]:,.0f} {most}"
        )
        return _above(finish(ax, sentence(title), caption), 14 + 15 * -(-len(used) // 4))


def costs(
    table: pd.DataFrame, goal: str, ax: Axes | None = None, *, caption: str | None = None
) -> Axes:
    """What setbacks, shocks and windows cost: days without the goal, paired.

    Args:
        table: from :func:`sim.analysis.attribution.costs`, of one strategy.
        goal: its name.
        ax, caption: as for :func:`ranking`.
    """
    with style():
        main = table[table["how"] != "never drawn"]
        order = main["best"].abs().sort_values(ascending=False, kind="stable").index[:MOST_BARS]
        shown = main.loc[order].sort_values("best", ascending=False, kind="stable")
        ax = new_axes(ax, 10, 1.9 + 0.36 * len(shown))
        rows = np.arange(len(shown))[::-1]
        colours = {"setback": SETBACK, "shock": "#333333", "window": "#56b4e9"}
        for row, one in zip(rows, shown.itertuples(), strict=True):
            colour = colours[str(one.kind)]
            sure = one.joint_low > 0 or one.joint_high < 0
            ax.barh(row, one.best, 0.66, color=colour, alpha=0.85 if sure else 0.3)
            ax.plot([one.joint_low, one.joint_high], [row, row], color="#222222", lw=1.2,
                    path_effects=[withStroke(linewidth=2.6, foreground="white")])  # fmt: skip
        labels = [
            f"{words(str(one.name))} ({one.how})" if one.kind == "window" else words(str(one.name))
            for one in shown.itertuples(index=False)
        ]
        ax.axvline(0, color="#333333", lw=1)
        _named_rows(ax, labels, list(rows))
        ax.set_xlabel(f"mean days without {words(goal)} that the change saves")
        used = [kind for kind in colours if (shown["kind"] == kind).any()]
        kinds = {"setback": "setback costs nothing", "shock": "shock does not happen",
                 "window": "another window"}  # fmt: skip
        _legend(ax, [Patch(color=colours[kind], label=kinds[kind]) for kind in used])
        name = strategy(table, str(table["strategy"].iloc[0]))
        first = shown.iloc[0]
        title = f"{name}: no cost in days is significant"
        if first["joint_low"] > 0:
            title = f"{name}: {first['best']:.0f} days are saved if "
            title += f"{words(str(first['name']))} {is_(str(first['how']))}"
        note = f"{caption}; lines hold jointly, pale bars are not significant" if caption else None
        return _above(finish(ax, sentence(title), note))


def is_(how: str) -> str:
    """What is changed, as a verb: a window *is* always open."""
    return how if how.split()[0] in ("costs", "does") else f"is {how}"


# -- a paired replication -------------------------------------------------------------------------


def side_by_side(a: Trace, b: Trace, divergence: Any) -> Figure:
    """A replication under two strategies, one above the other, on the same lanes and dates.

    Args:
        a, b: from :func:`sim.tracing.trace.trace_of`.
        divergence: from :func:`sim.tracing.divergence.first_divergence`; a line marks its day.
    """
    with style():
        tracks = list(dict.fromkeys([*a.attempts["track"], *b.attempts["track"]]))
        spells = [_plain(trace) for trace in (a, b)]
        conditions = list(dict.fromkeys(name for some in spells for name in some["condition"]))
        lanes = [*tracks, *conditions]
        figure, axes = _figure(13, 2.4 + 2 * 0.27 * len(lanes), 2, 1, sharex=True)
        for ax, trace, levels in zip(axes, (a, b), spells, strict=True):
            _one_of_two(ax, trace, levels, tracks, conditions)
            if not np.isnan(divergence.time):
                day = dates(trace)(divergence.time)
                ax.axvline(day, color="#b22222", lw=1.6, ls="--")
        windows = not (a.windows.empty and b.windows.empty)
        line = Line2D([], [], color="#b22222", ls="--", label="first divergence after day 0")
        axes[0].legend(handles=[*timeline_handles(windows), line], ncols=9, loc="lower right",
                       bbox_to_anchor=(1, 1.09), frameon=False, fontsize=8.5, borderaxespad=0.2,
                       handlelength=1.5, columnspacing=1.2)  # fmt: skip
        axes[0].set_title(axes[0].get_title(loc="left"), loc="left", pad=10, fontsize=11)
        title = "The two replications never diverge after day 0"
        if not np.isnan(divergence.time):
            sides = [words(str(side) or "nothing") for side in (divergence.a, divergence.b)]
            what = f"{strategy_title(a)}: {sides[0]}; {strategy_title(b)}: {sides[1]}"
            where = f"day {divergence.time:.0f}, {words(divergence.entity)}"
            title = f"First divergence after day 0: {where}. {what}"
        return framed(figure, title, f"{a.title}; {a.where}; attempts named by their stage")


def _plain(trace: Trace) -> pd.DataFrame:
    """Spells of declared conditions."""
    return trace.levels[~trace.levels["condition"].str.contains(".", regex=False)]


def _one_of_two(
    ax: Axes, trace: Trace, levels: pd.DataFrame, tracks: Sequence[str], conditions: Sequence[str]
) -> None:
    day = dates(trace)
    lanes = [*tracks, *conditions]
    place = {name: len(lanes) - 1 - i for i, name in enumerate(lanes)}
    draw_windows(ax, trace, day)
    for track in tracks:
        draw_pauses(ax, trace, track, place[track], day)
        draw_attempts(ax, trace, track, place[track], day)
    for condition in conditions:
        part = levels[levels["condition"] == condition]
        draw_levels(ax, part, place[condition], trace, 0.6)
    ax.set_yticks(list(place.values()), [words(name) for name in place], fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.8, len(lanes) - 0.2)
    ax.set_xlim(day(0), day(trace.horizon))
    dated_axis(ax, trace)
    ax.grid(axis="x", color="#eeeeee", zorder=0)
    ax.set_axisbelow(True)
    row = trace.row
    name = f"{strategy_title(trace)}: {words(str(row['outcome']))} on day {row['time']:.0f}"
    ax.set_title(name, loc="left", fontsize=11)
