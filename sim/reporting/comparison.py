"""A comparison in words: its tables as text, and a sentence for each finding.

Every sentence is computed from the limits of its numbers, never from the estimates alone. Tables
come from :mod:`sim.analysis.comparison` and its neighbours; :mod:`sim.studies.compare` says which
of these stand where.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from sim.analysis.dominance import AHEAD, CROSS, DOMINATES, OPEN
from sim.analysis.intervals import LEVEL
from sim.formatting import DASH, days_text, listed, many, percent
from sim.reporting.cells import difference, limits
from sim.reporting.text_tables import TextTable

MOST_IN_MATRIX = 12
MOST_PAIRS = 4
PLAIN, ADJUSTED = ("best", "low", "high"), ("adjusted", "adjusted_low", "adjusted_high")
MEASURES = ("reached", "restricted_mean", "held", "ruin")


def _wanted(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of a measure; ``held`` is that of the goal."""
    wanted = f"held_{table.attrs['goal']}" if name == "held" else name
    return table[table["measure"] == wanted]


# -- tables in print ------------------------------------------------------------------------------


def best_table(table: pd.DataFrame) -> TextTable:
    """Which may be the best: days behind the best of the others, and the chance of being best.

    Args:
        table: from :func:`sim.analysis.comparison.best`: intervals that hold together, and
            bootstrapped chances.
    """
    days = _wanted(table, "restricted_mean")
    names = [name for name in MEASURES if len(_wanted(table, name))]
    head = ["strategy", "days more than the best other", "may be best", *map(_short, names)]
    body = []
    for row in days.itertuples():
        chances = [
            _wanted(table, name).set_index("strategy")["chance"][row.strategy] for name in names
        ]
        shown = difference(row.best, row.low, row.high, "days")
        line = [row.strategy, shown, "yes" if row.may_be_best else "no"]
        body.append([*line, *map(percent, chances)])
    note = (
        f"Multiple comparisons with the best: the intervals hold together at {_level(table)} %. "
        "Last columns: chance in % of being the best by each measure, by bootstrap."
    )
    return TextTable("the best, jointly", head, body, note)


def _short(measure: str) -> str:
    return {
        "reached": "by share",
        "restricted_mean": "by days",
        "held": "by days held",
        "ruin": "by ruin",
    }[measure]


def differences_table(table: pd.DataFrame) -> TextTable:
    """Paired differences to the baseline, a line a strategy.

    Args:
        table: from :func:`sim.analysis.comparison.differences`. Shares are printed in percentage
            points, a star marks what is significant.
    """
    title = f"minus {table.attrs['baseline']}, paired by replication (common random numbers)"
    note = f"In brackets: {_level(table)} % intervals, each by itself; * it excludes 0."
    return _differences(table, PLAIN, title, note)


def adjusted_table(table: pd.DataFrame) -> TextTable:
    """Paired differences adjusted by control variates, a line a strategy.

    Args:
        table: from :func:`sim.analysis.comparison.differences`, with adjusted columns.
    """
    title = f"minus {table.attrs['baseline']}, control-variate adjusted"
    note = (
        "Adjusted by control variates (martingale residuals of stage attempts): unbiased, smaller "
        "variance."
    )
    return _differences(table, ADJUSTED, title, note)


def is_adjusted(table: pd.DataFrame) -> bool:
    """Whether adjustment made any variance of a table of differences or pairs smaller.

    Args:
        table: from :func:`sim.analysis.comparison.differences` or
            :func:`sim.analysis.comparison.pairs`; False where it has no adjusted columns.
    """
    return "adjusted_ratio" in table and bool(
        (table["adjusted_ratio"] < table["variance_ratio"]).any()
    )


def _differences(
    table: pd.DataFrame, columns: tuple[str, str, str], title: str, note: str
) -> TextTable:
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
            line.append(difference(best, low, high, row["unit"]))
        body.append(line)
    head = ["strategy", *(titles[name] for name in names)]
    return TextTable(title, head, body, note)


def pairs_table(table: pd.DataFrame) -> TextTable:
    """Per cent of paired replications in which the row is sooner / later than the column.

    Args:
        table: from :func:`sim.analysis.comparison.pairs`; the first ``MOST_IN_MATRIX`` strategies
            are shown, best first.
    """
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
    note = (
        "Per cent of paired replications: row sooner / row later; the rest are ties, also where "
        "neither got there."
    )
    if not math.isnan(max(halves)):
        note += f" {_level(table)} % intervals are within {100 * max(halves):.1f} points."
    note += (
        f" The best {len(shown)} are shown; {left_out} more are in the file." if left_out else ""
    )
    title = f"which strategy reaches {table.attrs['endpoint']} sooner, paired by replication"
    return TextTable(title, ["", *marks], body, note)


def _whole(share: float) -> str:
    return "<1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def _level(table: pd.DataFrame) -> str:
    return f"{100 * table.attrs.get('level', LEVEL):g}"


# -- sentences ------------------------------------------------------------------------------------


def answer(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Who is best and by how much, what that brings, and what it costs in ruin.

    Args:
        tables: ``best``, ``estimates`` and ``pairs``, of :mod:`sim.analysis.comparison`.

    Returns:
        At most three sentences; one, where nothing can be ranked.
    """
    best, estimates = tables["best"], tables["estimates"]
    if why := _why_no_ranking(estimates, best.attrs["endpoint"]):
        return [why]
    first = _firsts(estimates)[0]
    return [
        _on_the_first(first, best, estimates, tables["pairs"]),
        _on_the_share(first, best, estimates),
        *_on_ruin(first, best, estimates),
    ]


def _why_no_ranking(estimates: pd.DataFrame, goal: str) -> str:
    """Why nothing can be ranked, as a sentence; empty where it can."""
    reached = _wanted(estimates, "reached")
    if int(estimates["n"].max()) == 1:
        return "One replication of each strategy: there are no intervals, and no ranking."
    if reached["high"].isna().all():
        return "One replication in every draw: there are no intervals, and no ranking."
    if (reached["best"] == 0).all():
        limit = percent(float(reached["high"].max()))
        return f"No replication of any strategy reached {goal} (at most {limit} % do): no ranking."
    return ""


def _firsts(estimates: pd.DataFrame) -> list[str]:
    """The strategies with the best mean of days, which may be equal."""
    means = _wanted(estimates, "restricted_mean").set_index("strategy")
    cost = means["best"] if means["better"].iloc[0] == "lower" else -means["best"]
    return [str(name) for name in cost.index[cost <= cost.min() + 1e-9]]


def _on_the_first(
    first: str, best: pd.DataFrame, estimates: pd.DataFrame, pairs: pd.DataFrame
) -> str:
    """The strategy with the best mean of days, and those that may be as good."""
    goal, horizon = best.attrs["endpoint"], best.attrs["horizon"]
    means = _wanted(estimates, "restricted_mean").set_index("strategy")
    most = "fewest" if means["better"].iloc[0] == "lower" else "most"
    firsts, leaders = _firsts(estimates), _leaders(best, "restricted_mean")
    mean = means.loc[first]
    have = "has" if len(firsts) == 1 else "have"
    said = (
        f"{listed(firsts)} {have} the {most} days without {goal}, "
        f"{days_text(mean['best'])}{limits(mean['low'], mean['high'], days_text)} of {horizon:,.0f}"
    )
    others = [name for name in leaders if name not in firsts]
    if len(firsts) == len(means):
        return f"{said}: no difference between strategies was seen."
    if len(leaders) == len(means):
        return f"{said}, but no strategy is distinguished from the best at {_level(best)} %."
    if others:
        return f"{said}, but {listed(others)} may be as good (at {_level(best)} %)."
    return f"{said}{_lead(first, firsts, means, pairs)}."


def _lead(first: str, firsts: Sequence[str], means: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """By how many days the best is ahead of the next, paired by replication."""
    lower = means["better"].iloc[0] == "lower"
    others = means.drop(index=list(firsts))["best"]
    second = others.idxmin() if lower else others.idxmax()
    columns = ADJUSTED if is_adjusted(pairs) else PLAIN
    pair = pairs[(pairs["a"] == first) & (pairs["b"] == second)].iloc[0]
    ahead, *ends = (-pair[name] if lower else pair[name] for name in columns)
    fewer = "fewer" if lower else "more"
    return (
        f": {days_text(ahead)}{limits(min(ends), max(ends), days_text)} {fewer} than the next, "
        f"{second}"
    )


def _leaders(best: pd.DataFrame, measure: str) -> list[str]:
    table = _wanted(best, measure)
    return [str(name) for name in table.loc[table["may_be_best"], "strategy"]]


def _on_the_share(first: str, best: pd.DataFrame, estimates: pd.DataFrame) -> str:
    """The share in which the first one reaches the endpoint, and who may be best by that."""
    goal, leaders = best.attrs["endpoint"], _leaders(best, "reached")
    share = _wanted(estimates, "reached").set_index("strategy").loc[first]
    said = f"Under {first} {goal} comes in {_per_cent(share)} of replications"
    others = [name for name in leaders if name != first]
    if first not in leaders:
        return f"{said}; by that share {listed(others, 'or')} is better."
    if not others:
        return f"{said}; it is the best by that share too."
    if len(leaders) == len(_wanted(best, "reached")):
        return f"{said}; by that share no strategy is distinguished from the best."
    return f"{said}; by that share {listed(others)} may be as good."


def _on_ruin(first: str, best: pd.DataFrame, estimates: pd.DataFrame) -> Iterator[str]:
    """What the first one costs in ruin."""
    if best.attrs["ruin"] is None or best.attrs["endpoint"] == best.attrs["ruin"]:
        return
    shares = _wanted(estimates, "ruin").set_index("strategy")
    if shares.empty:
        return
    ruin, own = best.attrs["ruin"], shares.loc[first]
    said = f"It ends in {ruin} in {_per_cent(own)}"
    if first in _leaders(best, "ruin"):
        yield f"{said}; no strategy is shown to have less."
        return
    least = shares["best"].idxmin()
    yield f"{said}; less often under {least}, in {_per_cent(shares.loc[least])}."


def _per_cent(row: pd.Series) -> str:
    return f"{percent(row['best'])} %{limits(row['low'], row['high'], percent)}"


def on_dominance(table: pd.DataFrame) -> list[str]:
    """A sentence a strategy on those that it dominates, and one on each pair that crosses.

    Args:
        table: from :func:`sim.analysis.dominance.dominance`, a row for each ordered pair.

    Returns:
        Nothing where there is one replication; the last sentence says that all hold together.
    """
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
        found.append(f"Distinguished at no time: {'; '.join(alike)}.")
    return [*found, f"What is said of whole curves holds together at {_level(table)} %."]


def _ahead_at_times(table: pd.DataFrame) -> list[str]:
    """A sentence a strategy on those that it is ahead of, though no dominance is shown."""
    found = []
    for a, some in table[table["verdict"] == AHEAD].groupby("a", sort=False):
        others = [f"{row.b} (days {row.ahead_from:.0f}{DASH}{row.ahead_to:.0f})"
                for row in some.itertuples()]  # fmt: skip
        found.append(
            f"{a} is ahead of {listed(others)} and never shown to be behind, but "
            "dominance is not shown: "
            f"perhaps it is behind by up to {100 * some['behind_at_most'].max():.1f} points at "
            "other times."
        )
    return found


def on_endurance(table: pd.DataFrame | None) -> list[str]:
    """In which share the goal, once reached, held to the end.

    Args:
        table: a row a strategy with low, best and high of that share; None or empty: nothing is
            said.
    """
    if table is None or table.empty:
        return []
    shares = [
        f"{row.strategy} {percent(row.best)} %{limits(row.low, row.high, percent)}"
        for row in table.itertuples()
    ]
    goal = table.attrs["goal"]
    return [f"Once reached, {goal} held without a break to the end in: {', '.join(shares)}."]


def on_variance(table: pd.DataFrame) -> Iterator[str]:
    """How much of the variance of differences in days pairing and adjustment leave.

    Args:
        table: from :func:`sim.analysis.comparison.pairs`; ratios are to independent runs, whose
            difference has the sum of the two variances.
    """
    once = table[[*(row.a < row.b for row in table.itertuples())]]
    fixed = once[once["variance_ratio"] == 0]
    alike, apart = fixed[fixed["best"] == 0], fixed[fixed["best"] != 0]
    if len(alike):
        yield f"Equal in days in every paired replication: {_pairs(alike)}."
    if len(apart):
        yield f"As many days apart in every paired replication: {_pairs(apart)}."
    varied = table[table["variance_ratio"] > 0]
    if varied.empty:
        return
    yield (
        f"Common random numbers: paired differences in days have {_least(varied, 'variance_ratio')}"
        " of the variance of independent runs."
    )
    if "adjusted_ratio" not in table:
        why = "these replications could not be replayed"
    elif not is_adjusted(varied):
        why = "that would leave as much variance, or needs more replications"
    else:
        less = _least(varied, "adjusted_ratio")
        yield f"Control-variate adjusted: {less}."
        yield from _on_one_method_alone(varied)
        return
    yield f"Differences in days are not control-variate adjusted: {why}."


def _pairs(table: pd.DataFrame) -> str:
    shown = "; ".join(f"{row.a} and {row.b}" for row in table.head(MOST_PAIRS).itertuples())
    return shown + _more(len(table))


def _more(count: int) -> str:
    return f"; and {count - MOST_PAIRS} more" if count > MOST_PAIRS else ""


def _least(table: pd.DataFrame, column: str) -> str:
    """The least ratio with its pair of strategies, and the largest ratio."""
    least, most = table.loc[table[column].idxmin()], table[column].max()
    pair = f"{_ratio(least[column])} ({least['a']} and {least['b']})"
    return pair if most == least[column] else f"{pair} to {_ratio(most)}"


def _ratio(value: float) -> str:
    return "less than 0.01" if value < 0.005 else f"{value:.2f}"


def _on_one_method_alone(table: pd.DataFrame) -> Iterator[str]:
    """Pairs distinguished in days with adjustment only, and without adjustment only."""
    for said, (name, low, high), (_, other_low, other_high) in (
        ("With adjustment only", ADJUSTED, PLAIN),
        ("Without adjustment only", PLAIN, ADJUSTED),
    ):
        sooner = table[(table[high] < 0) & (table[other_low] <= 0) & (table[other_high] >= 0)]
        pairs = [
            f"{row['a']} sooner than {row['b']} by {days_text(-row[name])} "
            f"({days_text(-row[high])}{DASH}{days_text(-row[low])})"
            for _, row in sooner.sort_values(name, kind="stable").head(MOST_PAIRS).iterrows()
        ]
        if pairs:
            yield (
                f"{said}, these are distinguished in days, each of "
                f"{many(len(table) // 2, 'pair')} by itself: "
                f"{'; '.join(pairs)}{_more(len(sooner))}."
            )
