"""Report text of sensitivity and robustness studies: tables and manifest in, sentences out.

Nothing is simulated again: a results folder says the same as the command that made it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from sim.analysis.measures import SHARE, Measure
from sim.experiment.study_folder import Tables
from sim.formatting import listed, many
from sim.reporting.text_tables import ReportItem, TextTable
from sim.studies import robustness, sensitivity, switching_values

WIDTH = 100  # columns of what is printed
SHOWN = 12  # rows of a printed table

Manifest = dict[str, Any]


def measured(m: Measure) -> dict[str, Any]:
    """What the words and figures of a study need to know of its measure."""
    return {
        "label": m.label,
        "unit": "%" if m.unit == SHARE else m.unit,
        "steps": m.steps,
        "scale": m.scale,
        "width": m.width if math.isfinite(m.width) else 0.0,
    }


def of(strategy: str, against: str | None, label: str) -> str:
    """What is studied."""
    words = strategy.replace("_", " ")
    if against is None:
        return f"{words}: {label}"
    return f"{words} less {against.replace('_', ' ')}: {label}"


# -- sensitivity ----------------------------------------------------------------------------------


def head_of_sensitivity(manifest: Manifest) -> str:
    """What is studied."""
    return f"{manifest['scenario']}, {manifest['of']}"


def of_sensitivity(tables: Tables, manifest: Manifest) -> Iterator[ReportItem]:
    """What a study of sensitivity says.

    Args:
        tables: ``tornado``, ``morris``, ``sobol``.
        manifest: of the study.
    """
    m = manifest["measured"]
    unit = m["steps"] if manifest["against"] else m["unit"]
    low, best, high = (f"{m['scale'] * x:.1f}" for x in manifest["likely"])
    yield (
        f"{best} {unit} ({low} to {high}) with all {manifest['numbers']} uncertain parameters at "
        "their base values."
    )
    yield _on_the_tornado(tables["tornado"], m)
    yield _tornado(tables["tornado"], m)
    if separates_noise(manifest):
        yield _on_morris(tables["morris"])
        yield _morris(tables["morris"], m, manifest["trajectories"])
    yield _on_noise(manifest)
    if separates_noise(manifest) and tables["sobol"]["total"].notna().any():
        yield _on_sobol(tables["sobol"])
        yield _sobol(tables["sobol"])


def separates_noise(manifest: Manifest) -> bool:
    """Whether effects can be distinguished from noise, for which one replication is too few."""
    return bool(manifest["replications"] > 1)


def _on_the_tornado(table: pd.DataFrame, m: Manifest) -> str:
    first = table.iloc[0].to_dict()
    if not table["swing"].any():
        return "No parameter alone moves it, from one end of its range to the other."
    clear = int(((table["swing_low"] > 0) | (table["swing_high"] < 0)).sum())
    return (
        f"Most moved by {first['number']}: from {first['from']:.4g} to {first['to']:.4g} it "
        f"changes by {_signed_interval(first, 'swing', m['scale'])} {m['steps']}. {clear} of "
        f"{len(table)} parameters move it surely (each at 95 %, so that about "
        f"{0.05 * len(table):.0f} "
        "would by chance)."
    )


def _tornado(table: pd.DataFrame, m: Manifest) -> TextTable:
    head = ["parameter", "low", "high", f"at low, {m['steps']}", "at high", "from low to high"]
    body = [
        [row["number"], f"{row['from']:.4g}", f"{row['to']:.4g}",
         _signed(m["scale"] * row["at_low"]), _signed(m["scale"] * row["at_high"]),
         _signed_interval(row, "swing", m["scale"])]
        for row in table.to_dict("records")
    ]  # fmt: skip
    title = "One parameter alone, from its low to its high end"
    note = (
        "All others at their base values; common random numbers. In brackets: paired 95 "
        "% intervals."
    )
    return TextTable(title, head, body, note, "tornado.csv")


def _on_morris(table: pd.DataFrame) -> str:
    sure = int((table["effect_low"] > 0).sum())
    return (
        f"With all parameters varied at once, {sure} of {len(table)} are "
        "distinguished from noise (by "
        "the lower limit of their effect)."
    )


def _morris(table: pd.DataFrame, m: Manifest, trajectories: int) -> TextTable:
    head = ["parameter", f"effect, {m['steps']}", "mu", "mu*", "sigma", "noise"]
    body = [
        [row["factor"], _interval(row, "effect", m["scale"]),
         *(_plain(m["scale"] * row[c], c == "mu") for c in ("mu", "mu_star", "sigma", "noise"))]
        for row in table.to_dict("records")
    ]  # fmt: skip
    title = f"All parameters varied at once (Morris, {trajectories} trajectories)"
    note = (
        "What the outcome changes when a parameter goes from its 1/8 to its 7/8 quantile. effect: "
        "root mean square without noise, with its 95 % interval; mu: mean; mu*: mean of sizes; "
        "sigma: spread, from interactions, bends and noise; noise: mu* of a parameter that only "
        "disturbs."
    )
    return TextTable(title, head, body, note, "morris.csv")


def _on_sobol(table: pd.DataFrame) -> str:
    alone = table.sort_values("first", ascending=False, kind="stable").iloc[0].to_dict()
    whole = table.iloc[0].to_dict()
    said = (
        f"Of the variance between draws {alone['factor']} alone explains most, "
        f"{_interval(alone, 'first', 100)} %"
    )
    total = f"{_interval(whole, 'total', 100)} %"
    if whole["factor"] == alone["factor"]:
        return f"{said}; with its interactions {total}, also the most."
    return f"{said}; with interactions {whole['factor']} has most, {total}."


def _sobol(table: pd.DataFrame) -> TextTable:
    head = ["parameter", "alone", "with its interactions"]
    body = [
        [row["factor"], _interval(row, "first", 100), _interval(row, "total", 100)]
        for row in table.to_dict("records")
    ]
    title = "Shares of the variance between draws (Sobol, noise taken off), per cent"
    return TextTable(title, head, body, "In brackets: 95 % intervals.", "sobol.csv")


def _on_noise(manifest: Manifest) -> str:
    """How much of the variance is noise, and how many replications would do."""
    kept, m = manifest["noise"], manifest["measured"]
    noise = sensitivity.Noise(kept["variance"], kept["of_it_noise"], manifest["replications"])
    if not separates_noise(manifest):
        return (
            "One replication cannot separate noise from effects of parameters: no "
            "effect and no index "
            "is given; allowed: --replications of at least 2. morris.csv and sobol.csv have those "
            "of SALib, noise and all."
        )
    if noise.variance == 0:
        return "The outcome is the same in every draw: there is no variance to be shared out."
    spread = m["scale"] * math.sqrt(noise.parameters)
    text = (
        f"The parameters move the outcome by {_two(spread)} {m['steps']} (standard deviation); "
        f"{100 * noise.share:.0f} % of the variance between the means of {2 * manifest['base']:,} "
        f"draws is noise of {noise.replications:,} replications each."
    )
    if noise.too_noisy:
        wanted = noise.enough(0.3)
        more = "" if math.isinf(wanted) else f": --replications {wanted:,.0f} would do"
        return f"{text} That is too much for indices{more}. sobol.csv has those of SALib."
    if noise.share > 0.1:
        text += f" {noise.enough():,.0f} replications would bring it to 10 %."
    return text


# -- robust ---------------------------------------------------------------------------------------


def head_of_robust(manifest: Manifest) -> str:
    """What is studied."""
    return (
        f"{manifest['scenario']}: {manifest['measured']['label']}, "
        f"{many(manifest['draws'], 'draw')} of {many(manifest['numbers'], 'uncertain parameter')}"
    )


def of_robust(tables: Tables, manifest: Manifest) -> Iterator[ReportItem]:
    """What a study of robustness says.

    Args:
        tables: ``ranking``, ``regret``, ``rules``, and with two strategies or more ``leads``,
            ``switching``, and ``map`` where there are two numbers.
        manifest: of the study.
    """
    m = manifest["measured"]
    yield from _on_regret(tables, manifest)
    yield _ranking(tables["ranking"], m)
    for case in manifest["cases"]:
        yield _on_case(tables["rules"], case)
    if "switching" not in tables:
        yield "There is only one strategy: it has no regret, and nothing to switch to."
        return
    table = tables["switching"]
    yield _on_the_leader(tables["leads"], manifest)
    yield _on_switches(table)
    if (table["verdict"] == switching_values.SWITCHES).any():
        yield _switches(table)
    if "map" in tables:
        yield _on_the_map(tables["map"])


def _on_regret(tables: Tables, manifest: Manifest) -> Iterator[str]:
    """Which strategy has the least regret, and what few replications or draws leave open."""
    m, ranking = manifest["measured"], tables["ranking"]
    tied = float(tables["regret"]["regret"].max()) <= robustness.TIED * m["width"]
    if len(ranking) > 1 and tied:
        yield "All strategies tie in every draw: each is as good as any other."
    elif len(ranking) > 1:
        first = ranking.iloc[0].to_dict()
        best = ranking.sort_values("best", ascending=False, kind="stable").iloc[0].to_dict()
        least = ranking.loc[ranking["regret"] <= first["regret"] + 1e-9, "strategy"]
        often = ranking.loc[ranking["best"] >= best["best"] - 1e-9, "strategy"]
        said = f"{_first_of(least)} {'has' if len(least) == 1 else 'have'} the least mean regret "
        said += f"over the draws, {_interval(first, 'regret', m['scale'])} {m['steps']}; "
        which = "it" if list(often) == list(least) == [first["strategy"]] else _first_of(often)
        verb = "is" if len(often) == 1 else "are each"
        often_in = _interval(best, "best", 100, 0)
        yield f"{said}{which} {verb} best most often, in {often_in} % of them."
        yield _on_bad_draws(ranking, m, manifest["better"])
    if manifest["replications"] < 2:
        yield (
            "One replication cannot separate noise from effects of parameters: "
            "regrets are too large "
            "and chances too even; allowed: more --replications."
        )
    if manifest["draws"] < 2:
        yield "One draw says nothing of other draws: there are no intervals over draws."


def _on_bad_draws(ranking: pd.DataFrame, m: Manifest, better: str) -> str:
    """Which strategy does best in its unfavourable draws."""
    tail, worst = m["scale"] * ranking["regret_p90"], m["scale"] * ranking["worst"]
    most = worst.max() if better == "more" else worst.min()
    least = ranking["strategy"][tail <= tail.min() + 1e-9]
    sure = ranking["strategy"][(worst - most).abs() <= 1e-9]
    return (
        f"The 90th percentile of regret is least for {_first_of(least)}, {_plain(tail.min())} "
        f"{m['steps']}; the worst draw is the least bad for {_first_of(sure)}, {_plain(most)} "
        f"{m['unit']} (maximin)."
    )


def _first_of(names: pd.Series) -> str:
    """Names as words; of many the first."""
    return listed(names) if len(names) <= 3 else f"{names.iloc[0]} and {len(names) - 1} others"


def _ranking(table: pd.DataFrame, m: Manifest) -> TextTable:
    """Strategies by regret."""
    head = ["strategy", f"mean, {m['unit']}", f"worst, {m['unit']}", f"regret, {m['steps']}",
            "90th", "largest", "best in, %"]  # fmt: skip
    body = [
        [row["strategy"], _interval(row, "value", m["scale"]), _plain(m["scale"] * row["worst"]),
         _interval(row, "regret", m["scale"]), _plain(m["scale"] * row["regret_p90"]),
         _plain(m["scale"] * row["regret_max"]), _interval(row, "best", 100, 0)]
        for row in table.to_dict("records")
    ]  # fmt: skip
    note = (
        "Worst: the outcome in the worst of the draws, noise and all. Regret: what the best "
        "strategy of a draw does better: mean, 90th percentile and largest. Best in: share of the "
        "draws. The noise of finitely many replications is taken off regrets "
        "(ranking.csv has them with it)."
    )
    return TextTable("Strategies by mean regret, the least first", head, body, note, "ranking.csv")


def _on_case(rules: pd.DataFrame, case: Manifest) -> str:
    """Where the baseline fails or loses, with coverage and density of each rule."""
    own = rules[rules["case"] == case["case"]].to_dict("records")
    found = [
        f"{row['rule']} (coverage: it holds {_interval(row, 'coverage', 100, 0)} % of these draws; "
        f"density: of all draws in it {_interval(row, 'density', 100, 0)} % are such)"
        for row in own
    ]
    where = f"Where {case['title']} {100 * case['share']:.0f} % of the draws)"
    return f"{where}: {'; or '.join(found) or case['why']}."


def _on_the_leader(leads: pd.DataFrame, manifest: Manifest) -> str:
    """The leader, and what is tied with it."""
    m, leader = manifest["measured"], manifest["leader"]
    tied, near = list(leads.loc[leads["tied"], "strategy"]), leads.iloc[0]
    wanted = f"only when better by {m['scale'] * manifest['margin']:g} {m['steps']}"
    if not leads[["best", "low", "high"]].to_numpy().any():
        return (
            "With every parameter at its base value, all strategies are equally "
            "good; another one counts as "
            f"taking over {wanted}."
        )
    lead, low, high = (m["scale"] * near[name] for name in ("best", "low", "high"))
    behind = f"{lead:.2f} {m['steps']} behind ({low:.2f} to {high:.2f})"
    if not tied:
        return (
            f"With every parameter at its base value, {leader} is best; the next is "
            f"{near['strategy']}, {behind}."
        )
    return (
        f"With every parameter at its base value, {leader} has the best mean, but it "
        "is not distinguished from "
        f"{listed(tied)}, counted as taking over {wanted}; the nearest is {near['strategy']}, "
        f"{behind}."
    )


def _on_switches(table: pd.DataFrame) -> str:
    sure = table[table["verdict"] == switching_values.SWITCHES]
    open_ = table[
        (table["verdict"] == switching_values.PERHAPS) & ~table["number"].isin(sure["number"])
    ]
    stay = int((table["verdict"] == switching_values.STAYS).sum())
    numbers = len(set(table["number"]))
    said = f"{len(set(sure['number']))} of {many(numbers, 'parameter')} alone "
    said += "makes" if sure["number"].nunique() == 1 else "make"
    said += f" another strategy the best between low and high; {stay} "
    said += "does not" if stay == 1 else "do not"
    if len(open_):
        said += f"; for {len(set(open_['number']))} more replications are needed to decide"
    said += "."
    if len(sure):
        first = sure.iloc[0].to_dict()
        said += f" The first to do so: {first['number']}, base value {first['likely']:.3g}; beyond "
        said += f"{_switch(first)} {first['strategy']} is best."
    nearest_open = list(dict.fromkeys(open_["number"]))[:3]
    if nearest_open:
        verb = "is" if len(nearest_open) == 1 else "are"
        said += f" Of those that need more the nearest {verb} {listed(nearest_open)}."
    return said


def _switches(table: pd.DataFrame) -> TextTable:
    sure = table[table["verdict"] == switching_values.SWITCHES]
    head = ["another strategy is best when", "low", "base", "high", "switches at", "to"]
    body = [
        [row["number"], *(f"{row[c]:.4g}" for c in ("from", "likely", "to")), _switch(row),
         row["strategy"]]
        for row in sure.to_dict("records")
    ]  # fmt: skip
    note = (
        "All other parameters at their base values. In brackets: 95 % intervals; beyond: "
        "past the end."
    )
    return TextTable("Switching values", head, body, note, "switching.csv")


def _switch(row: dict[str, Any]) -> str:
    low, high = (
        f"{row[c]:.3g}" if not math.isnan(row[c]) else "beyond" for c in ("value_low", "value_high")
    )
    return f"{row['value']:.3g} ({low} to {high})"


def _on_the_map(table: pd.DataFrame) -> str:
    """In how many cells of a map which strategy is best."""
    a, b = table.attrs["numbers"]
    apart = table[table["apart"]]
    said = [f"{name} is best in {n}" for name, n in apart["strategy"].value_counts().items()]
    rest = len(table) - len(apart)
    cells = listed([*said, f"in {rest} none is distinguished"] if rest or not said else said)
    return f"Map of {a} and {b}, {len(table)} cells: {cells}."


# -- numbers --------------------------------------------------------------------------------------


def _two(value: float) -> str:
    """With two significant digits; a large one whole."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


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
