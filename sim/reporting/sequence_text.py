"""What a search found, in words: its table and manifest in, sentences and tables out.

Nothing is told again: a results folder says the same as the command that made it.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd

from sim.reporting.text_tables import NOT_REACHED, Part, Printed, days_text, listed, many

KIND = "search"
BEST, ALIKE, OPEN, WORSE, BETTER = "best", "alike", "not told apart", "worse", "better"
WIDTH = 100
MOST_LINES = 12  # of a list
IN_RUIN = ("ruin_difference_low", "ruin_difference", "ruin_difference_high")

Manifest = dict[str, Any]


def caption(table: pd.DataFrame, manifest: Manifest) -> str:
    """What the figure says of its search."""
    return (
        f"{manifest['scenario']}: {manifest['candidates']:,} candidates, "
        f"{len(table):,} shown, each measured in {manifest['options']['replications']:,} new "
        f"histories, seed {manifest['seed']}; bars are 95 % intervals, grey points other "
        "candidates, diamonds strategies of the file"
    )


def figures(table: pd.DataFrame, manifest: Manifest) -> dict[str, Any]:
    """The trade-off front, by name."""
    # matplotlib takes its time: only who draws waits for it.
    from sim.plotting import outcomes

    about = caption(table, manifest)
    return {"front": outcomes.front(table, manifest["goal"], manifest["ruin"], caption=about)}


def front_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the trade-off front, least days first."""
    return table[table["front"]].sort_values("restricted_mean", kind="stable")


# -- for the terminal -----------------------------------------------------------------------------


def as_text(table: pd.DataFrame, manifest: Manifest) -> str:
    """What was found, with what a candidate is below its numbers."""
    kinds = (_best, _file) if _never(table, manifest) else (_best, _near, _front, _file)
    lists = (part(table, manifest) for part in kinds)
    parts = [_wrapped(_how(manifest)), *lists, _wrapped(_fresh(manifest))]
    return "\n\n".join(part for part in parts if part)


def _fresh(manifest: Manifest) -> str:
    return (
        f"Estimates come from {manifest['options']['replications']:,} new histories each, which "
        "had no part in any choice, with 95 % intervals; all numbers at their likely values."
    )


def _how(manifest: Manifest) -> str:
    options, stages, candidates = (manifest[key] for key in ("options", "stages", "candidates"))
    text = (
        f"{manifest['scenario']}: {many(candidates, 'candidate')}, "
        f"{many(manifest['orders'], 'order')} of {many(len(options['tracks']), 'track')} with "
        f"{many(1 << len(options['postures']), 'set')} of postures"
    )
    if manifest["distinct"] + manifest["hopeless"] < candidates:
        text += f"; {manifest['distinct']:,} of them can differ"
    if manifest["hopeless"]:
        text += f"; under {manifest['hopeless']:,} {manifest['goal']} can never come"
    if stages:
        screened = [stage for stage in stages if stage["name"] == "screening"][-1]
        text += (
            f". Screening left {screened['left']:,} after {screened['worlds']:,} worlds; the "
            f"choice took {many(manifest['choice_histories'], 'history')}, all in all "
            f"{manifest['histories']:,} were told"
        )
    return text + "."


def _never(table: pd.DataFrame, manifest: Manifest) -> str:
    """What is said where there is nothing to choose; empty where there is."""
    if table.loc[table["number"] >= 0, "reached"].any():
        return ""
    goal = manifest["goal"]
    return f"no measured candidate ever reached {goal}, so there is none to choose"


def _chosen(table: pd.DataFrame, manifest: Manifest) -> str:
    """With what guarantee the first row was chosen."""
    zone = _amount(manifest, manifest["options"]["zone"]).lstrip("+-")
    sure = f"{100 * manifest['options']['confidence']:g} %"
    others = int(table["stands_for"].iloc[0]) - 1
    text = f"chosen, with {sure} confidence the best candidate or within {zone} of it"
    if manifest["distinct"] == 1:
        text = "the only candidate"
    if others:
        text += f" (for {others:,} more, which cannot differ from it)"
    return text


def _best(table: pd.DataFrame, manifest: Manifest) -> str:
    never = _never(table, manifest)
    return never or f"{_chosen(table, manifest)}:\n{_lines(table, table.head(1), manifest)}"


HEADS = {
    BETTER: "better than it in the new histories",
    ALIKE: "no history tells these from it",
    OPEN: "not told apart from it",
}
ALL_TOLD = "every other candidate that was measured is told apart from it"


def _near(table: pd.DataFrame, manifest: Manifest) -> str:
    """Whom nothing tells from the one chosen; and whom new histories show to be better."""
    own = table[table["number"] >= 0]
    if len(own) == 1:
        return ""
    parts = []
    for status, head in HEADS.items():
        rows = own[own["status"] == status]
        if len(rows):
            parts.append(f"{head} ({len(rows)}):\n{_lines(table, rows, manifest)}")
    return "\n\n".join(parts) or ALL_TOLD


def _front(table: pd.DataFrame, manifest: Manifest) -> str:
    front = front_of(table)
    if manifest["distinct"] == 1:
        return ""
    return f"{_traded(manifest)} ({len(front)}):\n" + _lines(
        table, front, manifest, manifest["ruin"]
    )


def _traded(manifest: Manifest) -> str:
    ruin = manifest["ruin"]
    against = f"days, median, share and {ruin}" if ruin is not None else "days, median and share"
    return f"trade-off front of {against}"


def _file(table: pd.DataFrame, manifest: Manifest) -> str:
    rows = table[table["number"] < 0]
    if rows.empty:
        return ""
    return f"strategies of the file, in the same worlds:\n{_lines(table, rows, manifest)}"


def _lines(
    table: pd.DataFrame, rows: pd.DataFrame, manifest: Manifest, against: str | None = None
) -> str:
    """Rows as a small table, the words of a candidate below its numbers.

    Args:
        table: of the search.
        rows: of it.
        manifest: of the search.
        against: the ruin, where differences in it are told instead of those in the measure.
    """
    shown = rows.head(MOST_LINES)
    heads, *cells = _cells_of(shown, manifest, against)
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    lines = []
    for line, number, words in zip(
        [["", *heads[1:]], *cells], [-1, *shown["number"]], ["", *shown["words"]], strict=True
    ):
        first, *others = (cell.ljust(w) for cell, w in zip(line, widths, strict=True))
        lines.append("  ".join(["", first, *others]).rstrip())
        lines += [f"      {words}"] if number >= 0 else []
    if len(rows) > MOST_LINES:
        lines.append(f"  .. and {len(rows) - MOST_LINES} more, in candidates.csv")
    return "\n".join(lines)


# -- for the page ---------------------------------------------------------------------------------


def said(table: pd.DataFrame, manifest: Manifest) -> Iterator[Part]:
    """What was found, as sentences and tables.

    Args:
        table: of :class:`sim.sequencing.Found`.
        manifest: of the search.
    """
    yield _how(manifest)
    never, own = _never(table, manifest), table[table["number"] >= 0]
    if never:
        yield f"{never.capitalize()}."
    else:
        yield _on_the_chosen(own.iloc[0], table, manifest)
    if len(own) > 1 and not never:
        yield _on_the_near(own)
    if manifest["distinct"] > 1 and not never:
        yield _on_the_front(table, manifest)
        near = own[own["status"].isin([BEST, ALIKE, OPEN, BETTER])]
        yield _table("The one chosen, and those not told from it", near, manifest)
        front = front_of(table)
        yield _table(_traded(manifest).capitalize(), front, manifest, manifest["ruin"])
    else:
        yield _table("What was measured", own, manifest)
    of_the_file = table[table["number"] < 0]
    if len(of_the_file):
        if not never:
            yield _on_the_file(of_the_file, manifest)
        yield _table("Strategies of the file, in the same worlds", of_the_file, manifest)
    yield _fresh(manifest)


def _on_the_chosen(row: pd.Series, table: pd.DataFrame, manifest: Manifest) -> str:
    how = _chosen(table, manifest)
    text = (
        f"{row['candidate']} ({row['words']}) is {how}: {_range(row, 'restricted_mean', days_text)}"
        f" days without {manifest['goal']}, which {_range(row, 'reached', _percent)} % reach"
    )
    if manifest["ruin"] is not None:
        text += f"; {_range(row, 'ruin', _percent)} % end in {manifest['ruin']}"
    return f"{text}."


def _on_the_near(own: pd.DataFrame) -> str:
    counts = {status: int((own["status"] == status).sum()) for status in HEADS}
    told = [f"{head}: {counts[status]}" for status, head in HEADS.items() if counts[status]]
    if not told:
        return f"{ALL_TOLD.capitalize()}."
    return f"Of {len(own) - 1} other candidates that were measured, {'; '.join(told)}."


def _on_the_front(table: pd.DataFrame, manifest: Manifest) -> str:
    front = front_of(table)
    ruin = manifest["ruin"]
    if len(front) < 2 or ruin is None:
        stand = "stands" if len(front) == 1 else "stand"
        return f"On the {_traded(manifest)} {many(len(front), 'candidate')} {stand}."
    least = front.sort_values("ruin", kind="stable").iloc[0]
    return (
        f"On the {_traded(manifest)} {many(len(front), 'candidate')} stand; {least['candidate']} "
        f"has the least {ruin}, {_points(least[name] for name in IN_RUIN)} against the one "
        f"chosen, at {_range(least, 'reached', _percent)} % with {manifest['goal']}."
    )


def _on_the_file(rows: pd.DataFrame, manifest: Manifest) -> str:
    """Which strategies of the file are better than the one chosen: no order that was searched."""
    better = rows[rows["status"] == BETTER]
    if better.empty:
        return "No strategy of the file is told to be better than the one chosen."
    said = [
        f"{row['candidate']} ({_difference(manifest, row).removesuffix(f', {BETTER}')})"
        for _, row in better.iterrows()
    ]
    return f"Better than the one chosen, of the strategies of the file: {listed(said)}."


def _table(
    title: str, rows: pd.DataFrame, manifest: Manifest, against: str | None = None
) -> Printed:
    head, *body = _cells_of(rows, manifest, against)
    words = [[*cells, str(what)] for cells, what in zip(body, rows["words"], strict=True)]
    note = "In brackets: 95 % intervals; those of differences in the measure hold for all together."
    return Printed(title, [*head, "what it is"], words, note, "candidates.csv")


# -- cells ----------------------------------------------------------------------------------------


def _cells_of(rows: pd.DataFrame, manifest: Manifest, against: str | None) -> list[list[str]]:
    """Head and cells of rows."""
    ruin, medians = manifest["ruin"], bool(rows["median_low"].notna().any())
    heads = ["candidate", "days without", *(["median days"] if medians else [])]
    heads += [f"{manifest['goal']} %", *([f"{ruin} %"] if ruin is not None else [])]
    cells = [_cells(manifest, row, against, medians) for _, row in rows.iterrows()]
    if any(line[-1] for line in cells):
        heads.append("difference" if against is None else f"difference in {against}")
    return [heads, *(line[: len(heads)] for line in cells)]


def _cells(manifest: Manifest, row: pd.Series, against: str | None, medians: bool) -> list[str]:
    cells = [str(row["candidate"]), _range(row, "restricted_mean", days_text)]
    cells += [_median(row)] if medians else []
    cells += [_range(row, "reached", _percent)]
    cells += [_range(row, "ruin", _percent)] if manifest["ruin"] is not None else []
    if row["status"] == BEST:
        return [*cells, ""]
    if against is None:
        return [*cells, _difference(manifest, row)]
    return [*cells, _points(row[name] for name in IN_RUIN)]


def _range(row: pd.Series, name: str, show: Callable[[float], str]) -> str:
    best, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return f"{show(best)} ({show(low)} to {show(high)})"


def _median(row: pd.Series) -> str:
    """A day by which half have reached the goal; its upper limit may lie beyond the horizon."""
    if math.isnan(row["median_low"]):
        return NOT_REACHED
    return _range(row, "median", lambda day: NOT_REACHED if math.isnan(day) else days_text(day))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _difference(manifest: Manifest, row: pd.Series) -> str:
    if row["status"] == ALIKE:
        return "none in any history"
    low, high = row["difference_low"], row["difference_high"]
    if manifest["options"]["measure"] == "share":  # of those that reach it, not of the others
        low, high = high, low
    amount = _amount(manifest, row["difference"])
    unit = amount.split(" ")[1]
    limits = (_amount(manifest, limit).removesuffix(f" {unit}") for limit in (low, high))
    return f"{amount} ({' to '.join(limits)}), {row['status']}"


def _amount(manifest: Manifest, cost: float) -> str:
    """A difference in cost, in the unit of the measure."""
    days = manifest["options"]["measure"] == "days"
    return f"{_signed(cost, 1)} days" if days else f"{_signed(-100 * cost, 1)} points"


def _signed(value: float, digits: int) -> str:
    """With its sign, but never minus nothing."""
    return f"{round(value, digits) + 0.0:+,.{digits}f}"


def _points(values: Iterable[float]) -> str:
    """A difference of shares with its limits: low, best, high."""
    low, best, high = (_signed(100 * value, 2) for value in values)
    return f"{best} points ({low} to {high})"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH)
