"""Tables in, words out: what a comparison or an explanation says, with its uncertainty.

Every sentence is computed from the limits of its numbers, never from the estimates alone.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from sim.analysis.dominance import AHEAD, CROSS, DOMINATES, OPEN
from sim.analysis.intervals import LEVEL
from sim.reporting.text_tables import (
    DASH,
    Part,
    Printed,
    as_paragraphs,
    days_text,
    listed,
    many,
    percent,
)
from sim.studies.ablation import COSTS_NOTHING
from sim.tracing.divergence import BOTH, ONLY_A, divergence
from sim.tracing.time_budget import ACTIVITIES

WIDTH = 100
MOST_IN_MATRIX = 12
MOST_COSTS = 12
MOST_PAIRS = 4
MOST_WINDOWS = 8
PLAIN, LESS_LUCK = ("best", "low", "high"), ("adjusted", "adjusted_low", "adjusted_high")
MEASURES = ("reached", "restricted_mean", "held", "ruin")


def compare_text(tables: dict[str, pd.DataFrame]) -> str:
    """A whole comparison in print: the best, differences, who is sooner, and what it says.

    Args:
        tables: ``best``, ``differences``, ``pairs``, ``dominance``, ``estimates`` and, where they
            could be made, ``endurance``; from :mod:`sim.comparison` and its neighbours.
    """
    blocks = [table.text(WIDTH) for table in compare_tables(tables)]
    return "\n\n".join([*blocks, "\n".join(map(_paragraph, sentences(tables)))])


def compare_tables(tables: dict[str, pd.DataFrame]) -> list[Printed]:
    """The tables of a comparison in print."""
    differences = tables["differences"]
    printed = [best_table(tables["best"]), differences_table(differences)]
    if _is_adjusted(differences):
        printed.append(adjusted_table(differences))
    return [*printed, pairs_table(tables["pairs"])]


def _paragraph(sentence: str) -> str:
    return textwrap.fill(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _wanted(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of a measure; ``held`` is that of the goal."""
    wanted = f"held_{table.attrs['goal']}" if name == "held" else name
    return table[table["measure"] == wanted]


# -- tables in print ------------------------------------------------------------------------------


def best_table(table: pd.DataFrame) -> Printed:
    """Who may be the best: days behind the best of the others, and the chance of being best."""
    days = _wanted(table, "restricted_mean")
    names = [name for name in MEASURES if len(_wanted(table, name))]
    head = ["strategy", "days more than the best other", "may be best", *map(_short, names)]
    body = []
    for row in days.itertuples():
        chances = [
            _wanted(table, name).set_index("strategy")["chance"][row.strategy] for name in names
        ]
        shown = _with_limits(row.best, row.low, row.high, "days")
        line = [row.strategy, shown, "yes" if row.may_be_best else "no"]
        body.append([*line, *map(percent, chances)])
    note = (
        f"Multiple comparisons with the best: the intervals hold together at {_level(table)} %. "
        "Last columns: chance in % of being the best by each measure, from resampled worlds."
    )
    return Printed("the best, jointly", head, body, note)


def _short(measure: str) -> str:
    return {
        "reached": "by share",
        "restricted_mean": "by days",
        "held": "by days held",
        "ruin": "by ruin",
    }[measure]


def differences_table(table: pd.DataFrame) -> Printed:
    """Paired differences to the baseline, a line a strategy."""
    title = f"minus {table.attrs['baseline']}, run by run in the same worlds"
    note = f"In brackets: {_level(table)} % intervals, each by itself; * it excludes 0."
    return _differences(table, PLAIN, title, note)


def adjusted_table(table: pd.DataFrame) -> Printed:
    """The same with the surprises taken out."""
    title = f"minus {table.attrs['baseline']}, with the luck of single attempts taken out"
    note = "What attempts did beyond their chances is subtracted: no less fair, and less luck."
    return _differences(table, LESS_LUCK, title, note)


def _is_adjusted(table: pd.DataFrame) -> bool:
    """Was anything taken out of a table of differences or pairs?"""
    return "adjusted_ratio" in table and bool(
        (table["adjusted_ratio"] < table["variance_ratio"]).any()
    )


def _differences(
    table: pd.DataFrame, columns: tuple[str, str, str], title: str, note: str
) -> Printed:
    names = [name for name in MEASURES if len(_wanted(table, name))]
    ruin, goal = table.attrs["ruin"], table.attrs["endpoint"]
    titles = {
        "reached": f"{goal}, points",
        "restricted_mean": "days without",
        "held": f"days of {table.attrs['goal']}",
        "ruin": f"{ruin}, points",
    }
    body = []
    for strategy in dict.fromkeys(table["strategy"]):
        line = [str(strategy)]
        for name in names:
            row = _wanted(table, name).set_index("strategy").loc[strategy]
            best, low, high = (row[column] for column in columns)
            line.append(_with_limits(best, low, high, row["unit"]))
        body.append(line)
    head = ["strategy", *(titles[name] for name in names)]
    return Printed(title, head, body, note)


def _with_limits(best: float, low: float, high: float, unit: str) -> str:
    """A difference with its sign and limits, and a star where it is told from 0."""
    times, digits = (100, 1) if unit == "share" else (1, 0)
    shown = [_signed(times * value, digits) for value in (best, low, high)]
    if math.isnan(low) or math.isnan(high):
        return shown[0]
    star = "*" if low > 0 or high < 0 else " "
    return f"{shown[0]} ({shown[1]} to {shown[2]}){star}"


def _signed(value: float, digits: int) -> str:
    if math.isnan(value):
        return DASH
    text = f"{value:+,.{digits}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text


def pairs_table(table: pd.DataFrame) -> Printed:
    """Who is sooner in the same world, as a matrix: per cent of worlds, row sooner / row later."""
    names = list(dict.fromkeys(table["a"]))
    shown = names[:MOST_IN_MATRIX]
    cells = {(row.a, row.b): f"{_whole(row.win)}/{_whole(row.loss)}" for row in table.itertuples()}
    marks = [chr(ord("A") + i) for i in range(len(shown))]
    body = [
        [f"{mark} {name}", *(cells.get((name, other), ".") for other in shown)]
        for mark, name in zip(marks, shown, strict=True)
    ]
    halves = [(table[f"{x}_high"] - table[f"{x}_low"]).max() / 2 for x in ("win", "loss")]
    left_out = len(names) - len(shown)
    note = "Of 100 worlds: row sooner / row later; the rest are ties, also where neither got there."
    if not math.isnan(max(halves)):
        note += f" {_level(table)} % intervals are within {100 * max(halves):.1f} points."
    note += (
        f" The best {len(shown)} are shown; {left_out} more are in the file." if left_out else ""
    )
    title = f"who reaches {table.attrs['endpoint']} sooner in the same world"
    return Printed(title, ["", *marks], body, note)


def _whole(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def _level(table: pd.DataFrame) -> str:
    return f"{100 * table.attrs.get('level', LEVEL):g}"


# -- sentences ------------------------------------------------------------------------------------


def sentences(tables: dict[str, pd.DataFrame]) -> list[str]:
    """What a comparison says, one finding a sentence."""
    found = [
        *_on_the_best(tables["best"], tables["estimates"]),
        *_on_dominance(tables["dominance"]),
        *_on_endurance(tables.get("endurance")),
        *_on_common_luck(tables["pairs"]),
    ]
    return [sentence for sentence in found if sentence]


def summary_sentences(table: pd.DataFrame) -> list[str]:
    """What a summary says by itself, strategy by strategy, where none can be compared.

    Args:
        table: from :func:`sim.statistics.summary`.
    """
    return [_on_one(row) for _, row in table.iterrows()]


def _on_one(row: pd.Series) -> str:
    goal, runs, name = row["endpoint"], int(row["n"]), row["strategy"]
    share = _of(row, "reached", percent, " %")
    if row["reached"] == 0:
        said = f"None of {runs:,} histories of {name} reached {goal}"
        said += f" (at most {percent(row['reached_high'])} % do)"
    else:
        said = f"Under {name} {share} of {runs:,} histories reached {goal}"
        said += f"; {_of(row, 'restricted_mean', days_text, '')} days of {row['horizon']:,.0f} "
        said += "passed without it on average, runs that never reached it counted"
    if "ruin" in row:
        said += f"; {_of(row, 'ruin', percent, ' %')} ended in ruin"
    return f"{said}."


def _of(row: pd.Series, name: str, show: Any, unit: str) -> str:
    """An estimate with its limits, where it has any."""
    limits = _limits(row[f"{name}_low"], row[f"{name}_high"], show)
    return f"{show(row[name])}{unit}{limits}"


def _limits(low: float, high: float, show: Callable[[float], str]) -> str:
    """The limits of an estimate in brackets; nothing where it has none."""
    return "" if math.isnan(low) else f" ({show(low)}{DASH}{show(high)})"


def _on_the_best(best: pd.DataFrame, estimates: pd.DataFrame) -> list[str]:
    goal, horizon = best.attrs["endpoint"], best.attrs["horizon"]
    runs, reached = int(estimates["n"].max()), _wanted(estimates, "reached")
    if runs == 1:
        return ["One history of each strategy: there are no intervals, and nothing can be told."]
    if reached["high"].isna().all():
        return ["One replication in every draw: there are no intervals, and no ranking."]
    days = _wanted(best, "restricted_mean").set_index("strategy")
    means = _wanted(estimates, "restricted_mean").set_index("strategy")
    if (reached["best"] == 0).all():
        limit = percent(float(reached["high"].max()))
        return [f"No history of any strategy reached {goal} (at most {limit} % do): no ranking."]
    leaders = list(days.index[days["may_be_best"]])
    sign = 1 if means["better"].iloc[0] == "lower" else -1  # of a ruin, the latest is the best
    firsts = list(means.index[sign * means["best"] <= (sign * means["best"]).min() + 1e-9])
    mean = means.loc[firsts[0]]
    have = "has" if len(firsts) == 1 else "have"
    found = [
        f"{listed(firsts)} {have} the {'fewest' if sign > 0 else 'most'} days without {goal}: "
        f"{days_text(mean['best'])}{_limits(mean['low'], mean['high'], days_text)} "
        f"of {horizon:,.0f}. " + _who_may_be_best(leaders, firsts, len(days), _level(best))
    ]
    for name, what in (
        ("reached", f"the share that reaches {goal}"),
        ("ruin", "the share of ruin"),
    ):
        table = _wanted(best, name)
        if len(table):
            may = list(table.loc[table["may_be_best"], "strategy"])
            every = len(may) == len(table)
            who = "any strategy" if every else listed(may)
            found.append(f"By {what}, {who} may be the best at {_level(best)} %.")
    return found


def _who_may_be_best(leaders: Sequence[str], firsts: Sequence[str], count: int, level: str) -> str:
    others = [name for name in leaders if name not in firsts]
    they, are = ("It", "is") if len(firsts) == 1 else ("They", "are")
    if len(firsts) == count:
        return "No difference between them was seen."
    if not others:
        return f"{they} {are} the best of {count} at {level} %, all comparisons taken together."
    if len(leaders) == count:
        return f"No strategy can be told from the best at {level} %; more histories might."
    return (
        f"At {level} % {they.lower()} {are} not told from {listed(others)}; the others are worse."
    )


def _on_dominance(table: pd.DataFrame) -> list[str]:
    """A sentence a strategy on those that it dominates, and one on each pair that crosses."""
    goal = table.attrs["endpoint"]
    if table.empty or int(table["n"].iloc[0]) == 1:
        return []
    found = []
    slower = "slower" if goal == table.attrs["ruin"] else "worse"
    for a, some in table.groupby("a", sort=False):
        beaten = some[some["verdict"] == DOMINATES]
        if len(beaten):
            most = math.ceil(1000 * max(0.0, float(beaten["behind_at_most"].max()))) / 10
            found.append(
                f"Whatever the deadline, {a} is no {slower} than {listed(beaten['b'])} at reaching "
                f"{goal}, and sooner from day {beaten['ahead_from'].max():.0f} at the latest "
                f"(dominance: at no time behind by more than {most:g} points)."
            )
    once = table[[*(row.a < row.b for row in table.itertuples())]]
    for row in table.itertuples():
        if row.verdict == CROSS and row.ahead_from > row.behind_from:
            found.append(
                f"The curves of {row.a} and {row.b} cross: {row.b} is ahead at first (by up to "
                f"{100 * row.behind_most:.1f} points, from day {row.behind_from:.0f}), {row.a} "
                f"later (by up to {100 * row.ahead_most:.1f}, from day {row.ahead_from:.0f})."
            )
    found += _ahead_at_times(table)
    alike = [f"{row.a} and {row.b}" for row in once.itertuples() if row.verdict == OPEN]
    if alike:
        found.append(f"At no time told apart: {'; '.join(alike)}.")
    return [*found, f"What is said of whole curves holds together at {_level(table)} %."]


def _ahead_at_times(table: pd.DataFrame) -> list[str]:
    """A sentence a strategy on those that it is ahead of, though no dominance is shown."""
    found = []
    for a, some in table[table["verdict"] == AHEAD].groupby("a", sort=False):
        told = [f"{row.b} (days {row.ahead_from:.0f}{DASH}{row.ahead_to:.0f})"
                for row in some.itertuples()]  # fmt: skip
        found.append(
            f"{a} is ahead of {listed(told)} and never told behind, but dominance is not shown: "
            f"perhaps it is behind by up to {100 * some['behind_at_most'].max():.1f} points at "
            "other times."
        )
    return found


def _on_endurance(table: pd.DataFrame | None) -> list[str]:
    if table is None or table.empty:
        return []
    shares = [
        f"{row.strategy} {percent(row.best)} %{_limits(row.low, row.high, percent)}"
        for row in table.itertuples()
    ]
    goal = table.attrs["goal"]
    return [f"Once reached, {goal} held without a break to the end in: {', '.join(shares)}."]


def _on_common_luck(table: pd.DataFrame) -> Iterator[str]:
    """What pairing and the surprises of attempts left of the variance of differences in days."""
    once = table[[*(row.a < row.b for row in table.itertuples())]]
    fixed = once[once["variance_ratio"] == 0]
    alike, apart = fixed[fixed["best"] == 0], fixed[fixed["best"] != 0]
    if len(alike):
        yield f"Alike in days in every world told: {_pairs(alike)}."
    if len(apart):
        yield f"As many days apart in every world told: {_pairs(apart)}."
    varied = table[table["variance_ratio"] > 0]
    if varied.empty:
        return
    yield (
        f"Common random numbers: paired differences in days have {_least(varied, 'variance_ratio')}"
        " of the variance of independent runs."
    )
    if "adjusted_ratio" not in table:
        why = "these histories could not be told again"
    elif not _is_adjusted(varied):
        why = "that would leave as much of them, or needs more histories"
    else:
        less = _least(varied, "adjusted_ratio")
        yield f"With the luck of single attempts taken out: {less}."
        yield from _told_by_one(varied)
        return
    yield f"The luck of single attempts is not taken out of differences in days: {why}."


def _pairs(table: pd.DataFrame) -> str:
    shown = "; ".join(f"{row.a} and {row.b}" for row in table.head(MOST_PAIRS).itertuples())
    return shown + _more(len(table))


def _more(count: int) -> str:
    return f"; and {count - MOST_PAIRS} more" if count > MOST_PAIRS else ""


def _least(table: pd.DataFrame, column: str) -> str:
    """The least of the ratios, of whom, and the largest."""
    least, most = table.loc[table[column].idxmin()], table[column].max()
    pair = f"{_ratio(least[column])} ({least['a']} and {least['b']})"
    return pair if most == least[column] else f"{pair} to {_ratio(most)}"


def _ratio(value: float) -> str:
    return "less than 0.01" if value < 0.005 else f"{value:.2f}"


def _told_by_one(table: pd.DataFrame) -> Iterator[str]:
    """Who is told from whom in days with the surprises taken out, but not without, or only so."""
    for said, (name, low, high), (_, other_low, other_high) in (
        ("Only so", LESS_LUCK, PLAIN),
        ("Without that alone", PLAIN, LESS_LUCK),
    ):
        sooner = table[(table[high] < 0) & (table[other_low] <= 0) & (table[other_high] >= 0)]
        pairs = [
            f"{row['a']} sooner than {row['b']} by {days_text(-row[name])} "
            f"({days_text(-row[high])}{DASH}{days_text(-row[low])})"
            for _, row in sooner.sort_values(name, kind="stable").head(MOST_PAIRS).iterrows()
        ]
        if pairs:
            yield (
                f"{said} told apart in days, each of {many(len(table) // 2, 'pair')} by itself: "
                f"{'; '.join(pairs)}{_more(len(sooner))}."
            )


# -- why it wins ----------------------------------------------------------------------------------


def explain_text(tables: dict[str, pd.DataFrame], goal: str, tracks: dict[str, list[str]]) -> str:
    """An explanation in print.

    Args:
        tables: ``budget``, ``items``, ``bottlenecks``, ``costs``; from :mod:`sim.explanation`.
        goal: its name.
        tracks: of each strategy, those that can reach the goal.
    """
    return as_paragraphs(explained(tables, goal, tracks), WIDTH, MOST_COSTS + MOST_WINDOWS)


def explained(
    tables: dict[str, pd.DataFrame], goal: str, tracks: dict[str, list[str]]
) -> Iterator[Part]:
    """What an explanation says, strategy by strategy; see :func:`explain_text`."""
    for strategy in tracks:
        own = {name: table[table["strategy"] == strategy] for name, table in tables.items()}
        yield _budget(own["budget"], strategy, goal)
        yield from _on_waits(own["items"], strategy, tracks[strategy])
        yield _on_bottlenecks(own["bottlenecks"], strategy, goal)
        level = tables["costs"].attrs.get("level", LEVEL)
        yield from _on_costs(own["costs"], strategy, goal, level)


def _budget(table: pd.DataFrame, strategy: str, goal: str) -> Printed:
    used = [name for name in ACTIVITIES if table.loc[table["activity"] == name, "best"].sum() > 0]
    days = table.set_index(["track", "activity"])["best"]
    tracks = list(dict.fromkeys(table["track"]))
    body = [
        [name, *(days_text(float(days.get((track, name), 0.0))) for track in tracks)]
        for name in used
    ]
    title = f"{strategy}: where the days without {goal} go"
    return Printed(title, ["mean days", *tracks], body, "", "budget.csv")


def _on_waits(table: pd.DataFrame, strategy: str, tracks: Sequence[str]) -> Iterator[str]:
    for track in tracks:
        part = table[(table["track"] == track) & table["activity"].str.startswith("waiting")]
        waits = [
            f"{row.item or row.activity.removeprefix('waiting for ')} {days_text(row.best)} days"
            f"{_limits(row.low, row.high, days_text)}"
            for row in part[part["best"] >= 0.5].head(4).itertuples()
        ]
        if waits:
            yield f"Under {strategy} {track} waits for {listed(waits)}."


def _on_bottlenecks(table: pd.DataFrame, strategy: str, goal: str) -> str:
    if table.empty:
        return f"No history of {strategy} reached {goal}, so none tells what it waited for."
    shares = [
        f"{row.binding or 'nothing'} {percent(row.best)} %{_limits(row.low, row.high, percent)}"
        for row in table.head(4).itertuples()
    ]
    return (
        f"Last waited for under {strategy} where {goal} came (n = {table['n'].iloc[0]}): "
        f"{', '.join(shares)}."
    )


def _on_costs(table: pd.DataFrame, strategy: str, goal: str, level: float) -> Iterator[Part]:
    """The dearest setbacks and shocks, then the windows."""
    if table.empty:
        yield f"No setback, shock or window can be switched off under {strategy}."
        return
    main = table[(table["how"] == COSTS_NOTHING) | (table["kind"] != "setback")]
    windows = main["kind"] == "window"
    shown = pd.concat([main[~windows].head(MOST_COSTS), main[windows].head(MOST_WINDOWS)])
    sure = main[main["joint_low"] > 0]
    yield _dearest(sure, strategy, goal)
    head = ["the same histories without", f"days without {goal} saved", "points gained"]
    body = [
        [
            f"{row.name}: {row.how}" if row.kind == "window" else str(row.name),
            _with_limits(row.best, row.joint_low, row.joint_high, "days")
            if row.changed > 0
            else "none in any history",
            _with_limits(row.share, row.share_low, row.share_high, "share"),
        ]
        for row in shown.itertuples(index=False)
    ]
    several = f"{len(table)} change{'s' * (len(table) != 1)}"
    told = len(sure) + int((main["joint_high"] < 0).sum())
    note = (
        f"Days: intervals that hold together for {several} at {100 * level:g} %; "
        f"points each by itself; * it excludes 0. {told} of {len(main)} are told from 0; "
        "all are in costs.csv. Without a setback: the attempt fails as it did, but without delay "
        "and effects. Windows: the same histories with another one."
    )
    yield Printed(f"{strategy}: what costs most", head, body, note, "costs.csv")


def _dearest(sure: pd.DataFrame, strategy: str, goal: str) -> str:
    if sure.empty:
        return f"Nothing that can be switched off is shown to cost {strategy} days without {goal}."
    row = sure.iloc[0]
    what = f"with another window of {row['name']} ({row['how']})"
    what = what if row["kind"] == "window" else f"without {row['name']}"
    return (
        f"The dearest under {strategy}: {what}, the same histories have {days_text(row['best'])} "
        f"days less without {goal} ({days_text(row['joint_low'])}{DASH}"
        f"{days_text(row['joint_high'])})."
    )


# -- side by side ---------------------------------------------------------------------------------


def diff_text(
    table: pd.DataFrame,
    names: tuple[str, str],
    partings: tuple[Any, Any],
    milestones: Any,
    endings: Sequence[str] = (),
) -> str:
    """Two histories of one world in print, what they share in the middle.

    Args:
        table: from :func:`sim.partings.side_by_side`.
        names: of the two strategies.
        partings: from :func:`sim.partings.first_parting` and :func:`sim.partings.first_turn`.
        milestones: which rows are told, as flags; the file has all.
        endings: of the two histories, from :func:`ending`.
    """
    parting, turn = partings
    told = (*_on_the_parting(parting, turn, names), *_on_the_endings(names, endings))
    said = [_paragraph(sentence) for sentence in told]
    before = table[(table["time"] < parting.time) & (table["where"] == BOTH) & (table["time"] > 0)]
    lines = [f"{names[0]} and {names[1]} in the same world", *said, ""]
    lines += [_side(row, names) for row in table[(table["time"] == 0) & milestones].itertuples()]
    if len(before):
        lines.append(f"  .. {len(before)} events that both share ..")
    shown = table[(table["time"] >= parting.time) & (table["time"] > 0) & milestones]
    for row in shown.itertuples():
        lines.append(_side(row, names, first=row.time == parting.time and row.where != BOTH))
    return "\n".join(lines)


def _on_the_parting(parting: Any, turn: Any, names: tuple[str, str]) -> Iterator[str]:
    """The first event at which two histories part, and the first attempt that ends otherwise."""
    if math.isnan(parting.time):
        yield "After day 0 the two histories are the same to the end."
    else:
        yield f"They part on day {parting.time:.1f}. {parting_text(parting, names)}."
    if not math.isnan(turn.time):
        yield (
            f"The first attempt that both make and that ends otherwise, day {turn.time:.1f}: "
            f"{parting_text(turn, names)}."
        )


def ending(outcome: str, time: float, goal: str, ruin: str | None) -> str:
    """How a history ends, in words."""
    if outcome in (goal, ruin):
        return f"{outcome} on day {time:,.0f}"
    neither = f"no {goal}" if ruin is None else f"neither {goal} nor {ruin}"
    if outcome == "abandoned":
        return f"{neither}, and no track goes on after day {time:,.0f}"
    return f"{neither} in {time:,.0f} days"


def _on_the_endings(names: tuple[str, str], endings: Sequence[str]) -> Iterator[str]:
    if endings:
        told = (f"{name}: {what}" for name, what in zip(names, endings, strict=True))
        yield f"{'; '.join(told)}."


def diff_parts(
    tables: dict[str, pd.DataFrame],
    names: tuple[str, str],
    partings: tuple[Any, Any],
    milestones: Any,
    endings: Sequence[str] = (),
) -> Iterator[Part]:
    """What a diff says, as sentences and tables; see :func:`diff_text`."""
    yield from _on_the_parting(*partings, names)
    yield from _on_the_endings(names, endings)
    for kind, title in PARTINGS.items():
        table = tables[kind]
        first, worlds = table.iloc[0], int(table["n"].sum())
        share = f"{percent(first['best'])} %{_limits(first['low'], first['high'], percent)}"
        if first["entity"]:
            what = f"the commonest is {parting_text(first, names)}, in {share}"
            yield f"Of the {title} in {many(worlds, 'world')} {what}."
        else:
            yield f"Most often, in {share} of {many(worlds, 'world')}, there are no {title}."
    told = tables["side_by_side"][milestones]
    who = {BOTH: "both", ONLY_A: names[0]}
    first = divergence(told, partings[0])
    yield Printed(
        f"the same world under {names[0]} and {names[1]}",
        ["day", "date", "under", "who", "what"],
        [
            [
                f"{row.time:.1f}",
                str(row.date),
                who.get(row.where, names[1]),
                row.entity,
                row.what + " (first divergence after day 0)" * (i == first),
            ]
            for i, row in enumerate(told.itertuples())
        ],
        "What tracks do, postures, and the conditions of the end.",
        "side_by_side.csv",
    )
    for kind, title in PARTINGS.items():
        table = tables[kind]
        body = [
            [f"{percent(row.best)}{_limits(row.low, row.high, percent)}",
             days_text(row.median_day), parting_text(row, names) if row.entity else "never"]
            for row in table.itertuples()
        ]  # fmt: skip
        note = "In brackets: 95 % intervals."
        yield Printed(title, ["of worlds, %", "median day", "what"], body, note, f"{kind}.csv")


PARTINGS = {"partings": "first partings", "turns": "first attempts that end otherwise"}


def _side(row: Any, names: tuple[str, str], first: bool = False) -> str:
    mark = ">>" if first else "  "
    who = {BOTH: "both", ONLY_A: names[0]}.get(row.where, names[1])
    wide = max(len(names[0]), len(names[1]), 4)
    return f"{mark} {row.date}  day {row.time:7.1f}  {who:{wide}}  {row.entity}: {row.what}"


def parting_text(parting: Any, names: tuple[str, str]) -> str:
    """A first parting in words."""
    ours, theirs = (str(side) or "nothing of it" for side in (parting.a, parting.b))
    return f"{parting.entity}: {ours} ({names[0]}), {theirs} ({names[1]})"


def partings_text(
    table: pd.DataFrame, names: tuple[str, str], kind: str = "partings", most: int = 8
) -> str:
    """The commonest first partings (or ``turns``: attempts that end otherwise), a line each."""
    worlds = int(table["n"].sum())
    body = []
    for row in table.head(most).itertuples():
        what = f"day {row.median_day:.0f}  {parting_text(row, names)}" if row.entity else "never"
        share = f"{percent(row.best)} % ({percent(row.low)}{DASH}{percent(row.high)})"
        body.append(textwrap.fill(f"{share}  {what}", WIDTH, subsequent_indent="    "))
    more = len(table) - most
    tail = [f"and {more} others, in the file"] if more > 0 else []
    return "\n".join([f"{PARTINGS[kind]} in {worlds:,} worlds (median day)", *body, *tail])
