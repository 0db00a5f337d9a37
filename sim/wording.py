"""What studies of the assumptions print: a table in, lines of at most 100 columns out."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sim import measures, robust, sensitivity, switching
from sim.worlds import Worlds

WIDTH = 100  # columns of what is printed
NAME = 43  # of them for the name of a number
SHOWN = 12  # rows of a printed table


def of(told: Worlds, against: str | None) -> str:
    """What is studied."""
    words = told.strategies[0].replace("_", " ")
    if against is None:
        return f"{words}: {told.measure.label}"
    return f"{words} less {against.replace('_', ' ')}: {told.measure.label}"


def head(told: Worlds, against: str | None, likely: Sequence[float], numbers: int) -> str:
    """The outcome where every number is likely; ``likely``: low, best, high."""
    m = told.measure
    show = [f"{m.scale * x:.1f}" for x in likely]
    unit = "%" if m.unit == measures.SHARE else "days"
    if against is not None:
        unit = m.steps
    return (
        f"{told.scenario.name}, {of(told, against)}\n"
        f"{show[1]} {unit} ({show[0]} to {show[2]}) where all {numbers} uncertain numbers are "
        "likely"
    )


def tornado(table: pd.DataFrame) -> str:
    """The largest swings."""
    scale, steps = table.attrs["scale"], table.attrs["steps"]
    head = ["number", "low", "high", f"at low, {steps}", "at high", "from low to high"]
    body = []
    for row in table[:SHOWN].to_dict("records"):
        body.append(
            [short(row["number"]), f"{row['from']:.4g}", f"{row['to']:.4g}",
             _signed(scale * row["at_low"]), _signed(scale * row["at_high"]),
             _signed_interval(row, "swing", scale)]
        )  # fmt: skip
    clear = int(((table["swing_low"] > 0) | (table["swing_high"] < 0)).sum())
    return (
        "One number alone from its low to its high end, all others likely, in the same worlds:\n"
        + aligned(head, body)
        + f"\n{clear} of {len(table)} numbers move it surely (each at 95 %, so that about "
        f"{0.05 * len(table):.0f} would by luck)"
    )


def morris(table: pd.DataFrame, trajectories: int) -> str:
    """The largest effects."""
    scale, steps = table.attrs["scale"], table.attrs["steps"]
    head = ["factor", f"effect, {steps}", "mu", "mu*", "sigma", "noise"]
    body = []
    for row in table[:SHOWN].to_dict("records"):
        body.append(
            [short(row["factor"]), _interval(row, "effect", scale),
             *(_plain(scale * row[c], c == "mu") for c in ("mu", "mu_star", "sigma", "noise"))]
        )  # fmt: skip
    return (
        f"All numbers varied at once (Morris, {trajectories} trajectories): what the outcome "
        "changes when one\nof them goes from its 1/8 to its 7/8 quantile:\n"
        + aligned(head, body)
        + "\neffect: root mean square without noise; mu: mean; mu*: mean of sizes; sigma: spread,"
        "\nfrom interactions, bends and noise; noise: mu* of a number that only disturbs"
    )


def sobol(table: pd.DataFrame, noise: sensitivity.Noise, told: Worlds, base: int) -> str:
    """The largest indices, or why there are none, and how much was noise."""
    title = "Shares of the variance between draws (Sobol, noise taken off), per cent:"
    said = noise_in_words(noise, told, base)
    if table["total"].isna().all():
        return f"{title}\n{said}"
    head = ["factor", "alone", "with its interactions"]
    body = [
        [short(row["factor"]), _interval(row, "first", 100), _interval(row, "total", 100)]
        for row in table[: SHOWN + 1].to_dict("records")
    ]
    return f"{title}\n{aligned(head, body)}\n{said}"


def noise_in_words(noise: sensitivity.Noise, told: Worlds, base: int) -> str:
    """How much of the variance is noise, and how many replications would do."""
    m = told.measure
    if noise.replications < 2:
        text = (
            "One replication cannot tell noise from what the numbers do: no index is given "
            "without noise; allowed: --replications of at least 2. sobol.csv has SALib's indices."
        )
    elif noise.variance == 0:
        text = "The outcome is the same in every draw: there is no variance to be shared out."
    else:
        spread = m.scale * math.sqrt(noise.parameters)
        text = (
            f"The numbers move the outcome by {spread:.2g} {m.steps} (standard deviation); "
            f"{100 * noise.share:.0f} % of the variance between the means of {2 * base:,} draws is "
            f"noise of {noise.replications:,} histories each."
        )
        if noise.too_noisy:
            wanted = noise.enough(0.3)
            more = "" if math.isinf(wanted) else f": --replications {wanted:,.0f} would do"
            text += f" That is too much for indices{more}. sobol.csv has those of SALib."
        elif noise.share > 0.1:
            text += f" {noise.enough():,.0f} replications would bring it to 10 %."
    return textwrap.fill(text, WIDTH)


def ranking(table: pd.DataFrame, found: robust.Outcomes, told: Worlds) -> str:
    """Strategies by regret, with what thin data cannot tell."""
    m = told.measure
    unit = "%" if m.unit == measures.SHARE else "days"
    head = ["strategy", f"mean, {unit}", f"regret, {m.steps}", "90th perc.", "largest",
            "best in, %"]  # fmt: skip
    body = [
        [short(row["strategy"], 20), _interval(row, "value", m.scale),
         _interval(row, "regret", m.scale), _plain(m.scale * row["regret_p90"]),
         _plain(m.scale * row["regret_max"]), _interval(row, "best", 100, 0)]
        for row in table.to_dict("records")
    ]  # fmt: skip
    notes = ["Regret: what the best strategy of a draw does better. Best in: share of the draws. "
             "Noise of finite histories is taken off (ranking.csv has it without)."]  # fmt: skip
    if found.replications < 2:
        notes = ["One replication cannot tell noise from what the numbers do: regrets are too "
                 "large and chances too even; allowed: more --replications."]  # fmt: skip
    if len(found.means) < 2:
        notes.append("One draw says nothing of other draws: there are no intervals over draws.")
    regret = robust.regrets(found.means, m.sign)
    if len(told.strategies) > 1 and float(regret.max()) <= robust.TIED * m.bounds[1]:
        notes.append("All strategies tie in every draw: each is as good as any other.")
    return aligned(head, body) + "\n" + textwrap.fill(" ".join(notes), WIDTH)


def rule_lines(rules: pd.DataFrame) -> list[str]:
    """Rules with their coverage and density."""
    lines = []
    for row in rules.to_dict("records"):
        lines += textwrap.wrap(row["rule"], WIDTH - 4, initial_indent="  ",
                               subsequent_indent="    ")  # fmt: skip
        lines.append(
            f"      holds {_interval(row, 'coverage', 100, 0)} % of these draws; of the draws in "
            f"it {_interval(row, 'density', 100, 0)} %"
        )
    return lines


def switches(known: switching.Base, table: pd.DataFrame) -> str:
    """The leader, what is tied with it, and which numbers switch it."""
    m, told = known.worlds.measure, known.worlds
    leader = told.strategies[known.leader]
    leads = known.leads
    tied = list(leads.loc[leads["tied"], "strategy"])
    near = leads.iloc[0]
    first = (
        f"With every number likely, {leader} is best; the next is {near['strategy']}, "
        f"{m.scale * near['best']:.2f} {m.steps} behind ({m.scale * near['low']:.2f} to "
        f"{m.scale * near['high']:.2f})."
    )
    if not leads[["best", "low", "high"]].to_numpy().any():
        first = "With every number likely, all strategies are equally good."
    lines = [first]
    if tied:
        lines[0] += (
            f" Not told apart from it: {listed(tied)}, counted as taking over only when better "
            f"by {m.scale * known.margin:g} {m.steps}."
        )
    lines = textwrap.wrap(" ".join(lines), WIDTH)
    sure = table[table["verdict"] == switching.SWITCHES]
    open_ = table[(table["verdict"] == switching.PERHAPS) & ~table["number"].isin(sure["number"])]
    stay = int((table["verdict"] == switching.STAYS).sum())
    if len(sure):
        head = ["another strategy is best when", "low", "likely", "high", "switches at",
                "to"]  # fmt: skip
        body = [
            [short(row["number"]), *(f"{row[c]:.4g}" for c in ("from", "likely", "to")),
             _switch(row), short(row["strategy"], 18)]
            for row in sure[: 2 * SHOWN].to_dict("records")
        ]  # fmt: skip
        lines.append(aligned(head, body))
    numbers = len(set(table["number"]))
    said = f"{len(set(sure['number']))} of {numbers} numbers switch it"
    if len(open_):
        said += f"; for {len(set(open_['number']))} finite histories leave it open"
    said += f"; {stay} do not within low..high."
    nearest_open = list(dict.fromkeys(open_["number"]))[:3]
    if nearest_open:
        said += f" The nearest of the open ones: {listed(nearest_open)}."
    lines += textwrap.wrap(said, WIDTH)
    return "\n".join(lines)


def _switch(row: dict[str, Any]) -> str:
    low, high = (
        f"{row[c]:.3g}" if not math.isnan(row[c]) else "beyond" for c in ("value_low", "value_high")
    )
    return f"{row['value']:.3g} ({low} to {high})"


def best_map(table: pd.DataFrame) -> str:
    """In how many cells of a map which strategy is best."""
    a, b = table.attrs["numbers"]
    apart = table[table["apart"]]
    said = [f"{name} is best in {n}" for name, n in apart["strategy"].value_counts().items()]
    rest = len(table) - len(apart)
    cells = listed([*said, f"in {rest} none is told apart"])
    return textwrap.fill(f"Map of {a} and {b}, {len(table)} cells: {cells}.", WIDTH)


def short(name: str, width: int = NAME) -> str:
    """A name, with its middle left out where it is too long."""
    if len(name) <= width:
        return name
    tail = (width - 2) * 3 // 5
    return f"{name[: width - 2 - tail]}..{name[-tail:]}"


def aligned(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Cells as a table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, ["-" * width for width in widths], *body)
    ]
    return "\n".join(line.rstrip() for line in lines)


def _plain(value: float, signed: bool = False) -> str:
    if math.isnan(value):
        return "-"
    return _signed(value) if signed else f"{value:.1f}"


def _signed(value: float) -> str:
    return f"{value:+.1f}" if round(value, 1) else "0.0"


def _interval(row: dict[str, Any], name: str, scale: float, digits: int = 1) -> str:
    best, low, high = (scale * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(best):
        return "-"
    if math.isnan(low):
        return f"{best:.{digits}f} (not known)"
    return f"{best:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _signed_interval(row: dict[str, Any], name: str, scale: float) -> str:
    best, low, high = (scale * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if math.isnan(low):
        return f"{_signed(best)} (not known)"
    return f"{_signed(best)} ({_signed(low)} to {_signed(high)})"


def listed(names: Sequence[str]) -> str:
    """Names as an enumeration."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
