"""Figures of what a scenario assumes: a table in, axes out. Nothing is estimated here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from sim.plotting.style import (
    MOST,
    PALETTE,
    colours,
    finish,
    fold,
    label,
    new_axes,
    rows_high,
    sentence,
    strategy,
    style,
)

SHOWN = 15  # parameters in a figure
LOW, HIGH = PALETTE[1], PALETTE[0]


def _names(ax: Axes, rows: np.ndarray, names: Sequence[str]) -> None:
    ax.set_yticks(rows, list(names), fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(-0.7, len(names) - 0.3)


def _titled(ax: Axes, title: str, caption: str | None, pad: float = 12) -> Axes:
    """Title and caption; long names to the left leave the title less room than the figure has."""
    ax = finish(ax, "", caption)
    ax.set_title(fold(sentence(title), 66), loc="left", pad=pad)
    return ax


def tornado(table: pd.DataFrame, ax: Axes | None = None, *, caption: str | None = None) -> Axes:
    """What each parameter does alone, from its low to its high end.

    Args:
        table: from :func:`sim.studies.sensitivity.tornado`, with attributes of, scale and steps.
        ax: where to draw; a figure of its own where None.
        caption: of the run, for the line below.
    """
    with style():
        part = table[:SHOWN]
        scale, steps = table.attrs["scale"], table.attrs["steps"]
        ax = new_axes(ax, 10.5, 2.6 + 0.36 * len(part))
        rows = np.arange(len(part))[::-1]
        ends = [f"{end}{limit}" for end in ("at_low", "at_high") for limit in ("", "_low", "_high")]
        reach = scale * float(part[ends].abs().max().max() or 1)
        for row, one in zip(rows, part.to_dict("records"), strict=True):
            for end, value, colour, hatch in (
                ("at_low", one["from"], LOW, "///"), ("at_high", one["to"], HIGH, ""),
            ):  # fmt: skip
                best = scale * one[end]
                ax.barh(row, best, 0.62, color=colour, alpha=0.75, hatch=hatch, edgecolor="white",
                        lw=0)  # fmt: skip
                limits = [scale * one[f"{end}_low"], scale * one[f"{end}_high"]]
                if np.isfinite(limits).all():
                    ax.plot(limits, [row, row], color="#333333", lw=1.2)
                left = best < 0 or (best == 0 and end == "at_low")
                tip = min([best, *limits]) if left else max([best, *limits])
                tip = best if np.isnan(tip) else tip
                ax.text(tip + (-1 if left else 1) * 0.015 * reach, row + (0 if _apart(one) else
                        (0.2 if end == "at_low" else -0.2)), f"{value:.3g}",
                        ha="right" if left else "left", va="center", fontsize=8, color="#555555",
                        path_effects=[withStroke(linewidth=2, foreground="white")])  # fmt: skip
        ax.axvline(0, color="#333333", lw=1)
        _names(ax, rows, [f"{one.number}  ({one.likely:.3g})" for one in part.itertuples()])
        ax.margins(x=0.12)
        ax.set_xlabel(f"change in the outcome, {steps}")
        ax.legend(
            handles=[
                Patch(facecolor=LOW, alpha=0.75, hatch="///", edgecolor="white",
                      label="parameter at its low end"),
                Patch(facecolor=HIGH, alpha=0.75, label="at its high end (value beside the bar)"),
            ],
            ncols=2, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2,
            fontsize=9,
        )  # fmt: skip
        first = part.iloc[0]
        title = f"{table.attrs['of']}: no parameter moves it"
        if first["swing"] != 0:
            title = (
                f"{table.attrs['of']}: most moved by {first['number']}, "
                f"{abs(scale * first['swing']):.0f} {steps} between its ends"
            )
        return _titled(ax, title, caption, 26)


def _apart(one: dict[str, float]) -> bool:
    """Do the two bars of a parameter point to different sides?"""
    return one["at_low"] * one["at_high"] < 0


def morris(table: pd.DataFrame, ax: Axes | None = None, *, caption: str | None = None) -> Axes:
    """Morris's plane: how far a parameter moves the outcome, and how unevenly.

    Args:
        table: from :func:`sim.studies.sensitivity.morris`, with attributes of, scale and steps.
        ax, caption: as for :func:`tornado`.
    """
    with style():
        scale, steps = table.attrs["scale"], table.attrs["steps"]
        ax = new_axes(ax, 11, 6.2)
        alone = table[table["sigma"].notna()]
        sure = alone["effect_low"].fillna(0) > 0
        for part, colour, mark, label in (
            (alone[~sure], "#9a9a9a", "s", "not distinguished from noise"),
            (alone[sure], PALETTE[0], "o", "moves the outcome"),
        ):
            ax.plot(scale * part["mu_star"], scale * part["sigma"], mark, color=colour, ms=5,
                    alpha=0.75, mfc=colour if mark == "o" else "white", label=label)  # fmt: skip
        top = max(1e-9, scale * float(alone[["mu_star", "sigma"]].max().max())) * 1.12
        ax.plot([0, top], [0, top], ":", color="#999999", lw=1, label="spread = mean size")
        ax.set_xlim(0, top)
        ax.set_ylim(0, max(1e-9, scale * float(alone["sigma"].max())) * 1.12)
        _labels(ax, alone[sure][: len(LETTERS)], scale)
        ax.set_xlabel(f"mu*: mean size of the effect of a parameter, {steps}")
        ax.set_ylabel(f"sigma: spread of the effect, {steps}")
        ax.legend(frameon=False, loc="lower right", fontsize=9)
        title = (
            f"{table.attrs['of']}: {int(sure.sum())} of {len(alone)} parameters are "
            "distinguished from noise"
        )
        return _titled(ax, title, caption)


LETTERS = "ABCDEFGHIJ"


def _labels(ax: Axes, part: pd.DataFrame, scale: float) -> None:
    """A letter beside each point, and a key of letters at the right of the axes."""
    for letter, one in zip(LETTERS, part.itertuples(), strict=False):
        ax.annotate(letter, (scale * one.mu_star, scale * one.sigma), (4, 4), fontsize=9,
                    textcoords="offset points", fontweight="bold", color=PALETTE[0],
                    path_effects=[withStroke(linewidth=2.5, foreground="white")])  # fmt: skip
    key = [f"{letter}  {name}" for letter, name in zip(LETTERS, part["factor"], strict=False)]
    ax.text(1.02, 1.0, "\n".join(key), transform=ax.transAxes, va="top", fontsize=8.5,
            linespacing=1.5)  # fmt: skip


def sobol(table: pd.DataFrame, ax: Axes | None = None, *, caption: str | None = None) -> Axes:
    """First and total indices with their intervals.

    Args:
        table: from :func:`sim.studies.sensitivity.sobol`, with attribute of.
        ax, caption: as for :func:`tornado`.
    """
    with style():
        part = table[: SHOWN + 1]
        ax = new_axes(ax, 10, 2.4 + 0.42 * len(part))
        rows = np.arange(len(part))[::-1]
        for name, shift, colour, hatch in (("total", -0.2, PALETTE[0], "///"),
                                           ("first", 0.2, PALETTE[2], "")):  # fmt: skip
            ax.barh(rows + shift, 100 * part[name], 0.36, color=colour, alpha=0.75, hatch=hatch,
                    edgecolor="white", lw=0)  # fmt: skip
            for row, one in zip(rows, part.to_dict("records"), strict=True):
                ax.plot([100 * one[f"{name}_low"], 100 * one[f"{name}_high"]],
                        [row + shift] * 2, color="#333333", lw=1.2)  # fmt: skip
        _names(ax, rows, list(part["factor"]))
        ax.set_xlim(0)
        ax.set_xlabel("share of the variance between draws, per cent")
        ax.legend(
            handles=[
                Patch(facecolor=PALETTE[2], alpha=0.75, label="alone (first index)"),
                Patch(facecolor=PALETTE[0], alpha=0.75, hatch="///", edgecolor="white",
                      label="with its interactions (total index)"),
            ],
            frameon=False, loc="lower right", fontsize=9,
        )  # fmt: skip
        first = part.sort_values("first", ascending=False).iloc[0]
        title = (
            f"{table.attrs['of']}: {first['factor']} alone explains {100 * first['first']:.0f} % "
            f"({100 * first['first_low']:.0f} to {100 * first['first_high']:.0f})"
        )
        return _titled(ax, title, caption)


def regret(
    table: pd.DataFrame,
    ranking: pd.DataFrame,
    strategies: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """The regrets of each strategy over the draws as boxes, the least regret on top.

    Args:
        table: from :func:`sim.studies.robustness.by_draw`, with attributes label, scale and steps.
        ranking: from :func:`sim.studies.robustness.ranking`.
        strategies: all, in the order that fixes their colours; that of the ranking where None.
        ax, caption: as for :func:`tornado`.
    """
    with style():
        colour_of = colours(ranking, ranking["strategy"] if strategies is None else strategies)
        scale, steps = table.attrs["scale"], table.attrs["steps"]
        ax = new_axes(ax, 10, 2.4 + rows_high(ranking, ranking["strategy"], 0.5))
        rows = np.arange(len(ranking))[::-1]
        boxes = [
            scale * table.loc[table["strategy"] == name, "regret"].to_numpy()
            for name in ranking["strategy"]
        ]
        drawn = ax.boxplot(
            boxes, positions=rows, orientation="horizontal", widths=0.56, whis=(5, 95),
            patch_artist=True, flierprops={"marker": ".", "ms": 3, "mfc": "#777777", "mec": "none"},
            medianprops={"color": "black", "lw": MOST}, manage_ticks=False,
        )  # fmt: skip
        for name, box in zip(ranking["strategy"], drawn["boxes"], strict=True):
            box.set(facecolor=colour_of[name], alpha=0.6, edgecolor="#444444")
        ax.plot(scale * ranking["regret"], rows, "D", color="white", mec="black", ms=6, zorder=4)
        _names(ax, rows, [label(ranking, str(name)) for name in ranking["strategy"]])
        ax.set_xlim(left=-0.01 * max(1e-9, max(float(box.max()) for box in boxes)))
        for row, one in zip(rows, ranking.itertuples(), strict=True):
            ax.text(1.02, row, f"{100 * one.best:.0f} %", va="center", fontsize=10,
                    transform=ax.get_yaxis_transform())  # fmt: skip
        ax.text(1.02, len(ranking) - 0.25, "best in", fontsize=9, color="#555555", va="bottom",
                transform=ax.get_yaxis_transform())  # fmt: skip
        ax.set_xlabel(f"regret, {steps} ({table.attrs['label']})")
        return _titled(ax, _regret_sentence(ranking, scale, steps), caption)


def _regret_sentence(ranking: pd.DataFrame, scale: float, steps: str) -> str:
    least = ranking["regret"].min()
    fewest = ranking.loc[ranking["regret"] <= least + 1e-9, "strategy"]
    first = [strategy(ranking, str(name)) for name in fewest]
    if len(first) == len(ranking):
        return "All strategies have the same regret"
    one = ranking.iloc[0]
    limits = ""
    if np.isfinite(one["regret_low"]):
        limits = f" ({scale * one['regret_low']:.1f} to {scale * one['regret_high']:.1f})"
    names = f"{first[0]} has" if len(first) == 1 else f"{' and '.join(first)} have"
    return f"{names} the least mean regret: {scale * least:.1f}{limits} {steps}"


def best_map(
    table: pd.DataFrame,
    strategies: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """Which strategy is best over the values of two parameters; faded where that is not sure.

    Args:
        table: from :func:`sim.studies.switching_values.best_map`, with attributes numbers, likely
            and label.
        strategies: as for :func:`regret`; those of the map where None.
        ax, caption: as for :func:`tornado`.
    """
    with style():
        ax = new_axes(ax, 9.5, 6.4)
        x, y = np.unique(table["x"]), np.unique(table["y"])
        names = list(dict.fromkeys(table.attrs["among"]))
        colour_of = colours(table, strategies or names)
        wide, high = (float(np.diff(v).mean()) if len(v) > 1 else 1.0 for v in (x, y))
        for one in table.itertuples():
            ax.add_patch(
                Rectangle(
                    (one.x - wide / 2, one.y - high / 2), wide, high,
                    facecolor=colour_of[one.strategy], alpha=0.85 if one.apart else 0.25,
                    hatch=None if one.apart else "//", edgecolor="white", lw=0.8,
                )
            )  # fmt: skip
        ax.set_xlim(x[0] - wide / 2, x[-1] + wide / 2)
        ax.set_ylim(y[0] - high / 2, y[-1] + high / 2)
        ax.plot(*table.attrs["likely"], "P", color="black", mec="white", ms=12)
        ax.set_xlabel(table.attrs["numbers"][0])
        ax.set_ylabel(table.attrs["numbers"][1])
        present = [name for name in names if (table["strategy"] == name).any()]
        handles: list[Patch | Line2D] = [
            Patch(facecolor=colour_of[name], alpha=0.85, label=label(table, name))
            for name in present
        ]
        handles.append(Patch(facecolor="#cccccc", hatch="//", edgecolor="white",
                             label="not distinguished from the next one"))  # fmt: skip
        handles.append(Line2D([], [], marker="P", color="black", mec="white", ms=10, ls="",
                              label="base values"))  # fmt: skip
        ax.legend(handles=handles, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False,
                  borderaxespad=0.3, fontsize=9)  # fmt: skip
        return _titled(ax, _map_sentence(table), caption, 14 + 17 * -(-len(handles) // 3))


def _map_sentence(table: pd.DataFrame) -> str:
    shares = table[table["apart"]]["strategy"].value_counts()
    # One cell in twenty may be significant by chance.
    often = [str(name) for name, count in shares.items() if count > 0.05 * len(table)]
    names = [strategy(table, name) for name in often]
    if not names:
        return "Hardly anywhere is one strategy significantly the best"
    if len(names) == 1:
        return f"Where one strategy is significantly the best, it is {names[0]}"
    return f"{', '.join(names[:-1])} and {names[-1]} are each the best somewhere"


def switching(
    table: pd.DataFrame,
    strategies: Sequence[str],
    ax: Axes | None = None,
    *,
    caption: str | None = None,
) -> Axes:
    """At which value of each parameter another strategy becomes the best, against its range.

    Each range is drawn to its own scale, from its low end over its base value, which stand at
    the same place in every lane, to its high end; hollow marks may be chance.

    Args:
        table: from :func:`sim.studies.switching_values.switching_values`, with attribute leader.
        strategies: all, in their order; it fixes the colours.
        ax, caption: as for :func:`tornado`.
    """
    with style():
        known = table[table["value"].notna()]
        names = list(dict.fromkeys(known["number"]))[:SHOWN]
        known = known[known["number"].isin(names)]
        ax = new_axes(ax, 10.5, 2.7 + 0.46 * max(1, len(names)))
        rows = np.arange(len(names))[::-1]
        ax.barh(rows, 2, 0.5, left=-1, color="#ececec", zorder=0)
        ax.axvline(0, color="#333333", lw=1, zorder=1)
        colour_of = colours(table, strategies)
        for one in known.to_dict("records"):
            _switching_mark(ax, one, rows[names.index(one["number"])], colour_of[one["strategy"]])
        for row, name in zip(rows, names, strict=True):
            one = known[known["number"] == name].iloc[0]
            for x, value, side in ((-1.02, one["from"], "right"), (1.02, one["to"], "left")):
                ax.text(x, row, f"{value:.3g}", ha=side, va="center", fontsize=8, color="#555555")
        likely = known.drop_duplicates("number").set_index("number")["likely"]
        _names(ax, rows, [f"{name}  ({likely[name]:.3g})" for name in names])
        ax.set_xlim(-1.16, 1.16)
        ax.set_xticks([-1, 0, 1], ["low end", "base value", "high end"])
        ax.set_xlabel("the parameter, over its range (base value beside its name)")
        handles = [
            Line2D([], [], marker="D", ls="", mec="black", mfc=colour_of[name], ms=7,
                   label=label(table, name))
            for name in strategies if name in set(known["strategy"])
        ]  # fmt: skip
        if (known["verdict"] != SURE).any():
            handles.append(Line2D([], [], marker="D", ls="", mec="black", mfc="white", ms=7,
                                  label="may be chance"))  # fmt: skip
        ax.legend(handles=handles, title="best from there on", title_fontsize=9, ncols=4,
                  loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2,
                  fontsize=9, alignment="left")  # fmt: skip
        return _titled(ax, _switching_sentence(table), caption, 26 + 16 * -(-len(handles) // 4))


SURE = "switches"


def _switching_mark(ax: Axes, one: dict[str, Any], row: float, colour: str) -> None:
    """A switching value with its interval; an arrow where that reaches beyond the end."""
    x = _in_its_range(one, one["value"])
    down = x < 0
    ends = []
    for side in ("value_low", "value_high"):
        beyond = -1.0 if down else 1.0
        ends.append(beyond if np.isnan(one[side]) else _in_its_range(one, one[side]))
    ax.plot(ends, [row, row], color=colour, lw=MOST + 1, solid_capstyle="butt", zorder=2)
    if np.isnan(one["value_low"]) or np.isnan(one["value_high"]):
        ax.plot(-1 if down else 1, row, "<" if down else ">", color=colour, ms=7, zorder=2)
    sure = one["verdict"] == SURE
    ax.plot(x, row, "D", mec="black", mfc=colour if sure else "white", ms=7, zorder=3)
    ax.annotate(f"{one['value']:.3g}", (x, row), (0, 7), textcoords="offset points", ha="center",
                va="bottom", fontsize=8)  # fmt: skip


def _in_its_range(one: dict[str, Any], value: float) -> float:
    """-1 at the low end of a parameter, 0 at its base value, 1 at its high end."""
    width = (one["likely"] - one["from"]) if value < one["likely"] else one["to"] - one["likely"]
    return float((value - one["likely"]) / width) if width else 0.0


def _switching_sentence(table: pd.DataFrame) -> str:
    sure = table[table["verdict"] == SURE]
    count, numbers = sure["number"].nunique(), table["number"].nunique()
    leader = strategy(table, str(table.attrs["leader"]))
    if not count:
        return (
            f"None of {numbers} parameters alone is shown to make another one better than {leader}"
        )
    verb = "makes" if count == 1 else "make"
    return f"{count} of {numbers} parameters alone {verb} another strategy better than {leader}"
