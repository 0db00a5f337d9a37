"""The study of robustness: strategies over draws, and what would make another strategy the best.

Regret stands in :mod:`sim.studies.regret`, the rules for where a strategy fails in
:mod:`sim.studies.scenario_discovery`, switching values in :mod:`sim.studies.switching_values`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.measures import SHARE, Measure
from sim.errors import DrawsError, InputError, unknown
from sim.experiment import argument_checks, plan
from sim.experiment import draws as drawing
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.evaluator import Evaluator, make_evaluator
from sim.formatting import listed, many
from sim.reporting.cells import interval, plain
from sim.reporting.sections import SHOWN, Bullets, Facts, Figure, Section, figure
from sim.reporting.text_tables import TextTable
from sim.studies import regret, scenario_discovery, sensitivity_indices, switching_values
from sim.studies.study import Manifest, Study, Tables, begun, finished, of_evaluator
from sim.types import Floats

ASKED = ("strategies", "measure")
MOST_REPLICATIONS = 10**7
MAP_STRATEGIES = 4
MAP_FACTOR = 4  # replications of a cell of the map, in terms of those of a draw


def robust(
    scenario: ScenarioLike,
    strategies: str | Sequence[str] | None = None,
    measure: str | Measure = "reached",
    *,
    draws: int | str | Path | Draws = 500,
    replications: int = 200,
    baseline: str | None = None,
    fail: float | None = None,
    margin: float | None = None,
    numbers: tuple[str, str] | None = None,
    better: str | None = None,
    seed: int = 1,
    workers: int | None = None,
    progress: bool = False,
    out: str | Path | None = None,
) -> Study:
    """Regret, chance of being best, where the baseline fails, switching values, and a map.

    Args:
        scenario: what is negotiated.
        strategies: all where None.
        measure, better: see :func:`sim.analysis.measures.parse`.
        draws: how many, or a CSV file of them.
        replications: of each strategy and draw.
        baseline: whose failures are explained; the first strategy where None.
        fail: an outcome of the baseline that is worse than this has failed, in the unit of the
            measure (shares as 0..1); the worst quarter of the draws where None.
        margin: a difference that matters; a percentage point or ten days where None.
        numbers: the two of the map; those that bring the leader's lead lowest where None.
        seed, workers, progress: as for :func:`sim.experiment.evaluator.make_evaluator`.
        out: folder that it is saved to; nothing is written where None.

    Returns:
        The tables ``ranking``, ``regret``, ``draws``, ``rules``, and of two strategies or more
        ``leads``, ``switching``, and ``map`` where there are two uncertain parameters.

    Raises:
        InputError: something unknown, or too many replications.

    Example:
        >>> import sim
        >>> study = sim.robust(
        ...     "korea-2017", ["proposal", "bilateral_only"], draws=16, replications=5,
        ...     numbers=("us_dprk.contact.success", "us_dprk.moratorium.success"),
        ... )
        >>> study.tables["regret"]["strategy"].nunique()
        2
    """
    scenario = argument_checks.scenario(scenario)
    argument_checks.whole("replications", replications, 1, MOST_REPLICATIONS)
    evaluator = make_evaluator(
        scenario, strategies, measure, seed, better=better, workers=workers, progress=progress
    )
    manifest = begun("robust", scenario, seed, out, **of_evaluator(evaluator))
    first = evaluator.strategies[0]
    base = _known(
        "--baseline", "strategy", first if baseline is None else baseline, evaluator.strategies
    )
    _check_pair(numbers, evaluator)
    drawn = _drawn(evaluator, draws)
    m = evaluator.measure
    _within("--fail", fail, m.bounds, m.unit)
    _within("--margin", margin, (0.0, m.bounds[1]), m.unit)
    wanted = m.margin if margin is None else margin
    found = regret.outcomes(evaluator, drawn, replications)
    half = max(2, replications // 2)
    ends = evaluator.evaluate(
        sensitivity_indices.tornado_points(evaluator), half, what="ends of ranges"
    )
    tables = _regrets(evaluator, found, drawn)
    tables["rules"], cases = scenario_discovery.rules_of(
        evaluator, drawn, found, base, ends, fail, wanted
    )
    leader, more = _switching(evaluator, ends, replications, wanted, numbers)
    manifest |= {
        "draws": len(drawn), "draws_from": drawn.origin, "replications": replications,
        "baseline": base, "fail": fail, "margin": wanted, "cases": cases, "leader": leader,
    }  # fmt: skip
    return finished(scenario, tables | more, manifest, out)


def _check_pair(numbers: Sequence[str] | None, evaluator: Evaluator) -> None:
    """See that the two parameters of a map are two uncertain ones."""
    for number in () if numbers is None else argument_checks.names("--map", numbers):
        _known("--map", "parameter", number, evaluator.free)
    if numbers is not None and (len(numbers) != 2 or numbers[0] == numbers[1]):
        given = ", ".join(map(str, numbers))
        raise InputError(f"--map: found {given}; allowed: two different parameters")


def _regrets(evaluator: Evaluator, found: regret.DrawMeans, drawn: Draws) -> Tables:
    m, names = evaluator.measure, evaluator.strategies
    tables = {
        "ranking": regret.ranking(found, names, m.sign, m.bounds, evaluator.random("ranking")),
        "regret": regret.by_draw(found, names, m.sign),
        "draws": drawn.frame,
    }
    for name in ("ranking", "regret"):
        tables[name].attrs = {"label": m.label, "scale": m.scale, "steps": m.steps}
    return tables


def _switching(
    evaluator: Evaluator,
    ends: Floats,
    replications: int,
    margin: float,
    numbers: tuple[str, str] | None,
) -> tuple[str, Tables]:
    """The best strategy at the base values, and what would make another one the best."""
    if len(evaluator.strategies) < 2:
        return evaluator.strategies[0], {}
    known = switching_values.base(evaluator, replications, margin)
    look, leader = switching_values.first_look(known, ends), evaluator.strategies[known.leader]
    half = max(2, replications // 2)
    switches = switching_values.switching_values(known, look, 5 * replications, half)
    switches.attrs = {"leader": leader}
    tables = {"leads": known.leads, "switching": switches}
    if len(evaluator.free) > 1:
        pair = numbers or tuple(switching_values.influential(look, 2))
        tables["map"] = _map(evaluator, known, pair, MAP_FACTOR * replications)
    return leader, tables


def _known(option: str, what: str, name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise InputError(f"{option}: {unknown(what, name, known)}")
    return name


def _within(option: str, value: float | None, bounds: tuple[float, float], unit: str) -> None:
    low, high = bounds
    value = None if value is None else argument_checks.number(option, value)
    if value is not None and not low <= value <= high:  # nan is neither
        of = "as shares are" if unit == SHARE else unit
        raise InputError(f"{option}: found {value:g}; allowed: {low:g} to {high:g}, {of}")


def _drawn(evaluator: Evaluator, draws: int | str | Path | Draws) -> Draws:
    drawn = plan.drawn_from(evaluator.scenario, draws, evaluator.seed)
    if drawn is None:
        raise InputError(f"draws: found {draws}; allowed: 1 to {drawing.MOST_DRAWS:,}")
    try:
        drawing.require_variation(drawn, evaluator.programs)
    except DrawsError as error:
        raise InputError(str(error)) from None
    return drawn


def _map(
    evaluator: Evaluator, known: switching_values.Base, pair: tuple[str, ...], replications: int
) -> pd.DataFrame:
    """The map among the strategies that are best where every parameter has its base value."""
    order = [evaluator.strategies[known.leader], *known.leads["strategy"]][:MAP_STRATEGIES]
    some = replace(evaluator, strategies=tuple(n for n in evaluator.strategies if n in order))
    places = [evaluator.strategies.index(name) for name in some.strategies]
    base = switching_values.Base(some, known.goodness[places], known.margin)
    table = switching_values.best_map(base, (pair[0], pair[1]), replications)
    table.attrs |= {"label": evaluator.measure.label, "among": some.strategies}
    return table


# -- what it says ---------------------------------------------------------------------------------


def sections(study: Study) -> Iterator[Section]:
    """What a study of robustness says."""
    tables, manifest = study.tables, study.manifest
    m = manifest["measured"]
    yield Bullets(_answer(tables, manifest))
    yield _ranking(tables["ranking"], m)
    yield from _on_bad_draws(tables, manifest)
    if len(manifest["strategies"]) > 1:
        yield _regret_figure(study)
    for case in manifest["cases"]:
        yield _on_case(tables["rules"], case)
    if "switching" not in tables:
        return
    table = tables["switching"]
    yield _on_switches(table)
    if (table["verdict"] == switching_values.SWITCHES).any():
        yield _switches(table)
    if table["value"].notna().any():
        yield _switching_figure(study)
    if "map" in tables:
        yield _on_the_map(tables["map"])
        yield _map_figure(study)


def facts(study: Study) -> Facts:
    """What stands around it on a page."""
    manifest = study.manifest
    draws, m = many(manifest["draws"], "draw"), manifest["measured"]
    return Facts(
        "a study of robustness",
        f"{manifest['scenario']}: {m['label']}, {draws} of "
        f"{many(manifest['numbers'], 'uncertain parameter')}",
        {
            "Measure": m["label"],
            "Replications": f"{manifest['replications']:,} at each parameter vector",
            "Strategies": ", ".join(manifest["strategies"]),
            "Draws": f"{manifest['draws']:,}; baseline {manifest['baseline']}",
        },
        parameters="drawn from it, or moved over it",
        interval_scope=", and other draws",
        printed=True,
    )


def _regret_figure(study: Study) -> Figure:
    manifest = study.manifest
    return figure(
        "uncertainty.regret", study.tables["regret"], study.tables["ranking"],
        manifest["strategies"],
        caption=f"{study.origin}, {many(manifest['draws'], 'draw')}, {manifest['replications']:,} "
        "replications of each strategy and draw; boxes hold half of the draws, whiskers nine in "
        "ten; diamonds are means without noise",
    )  # fmt: skip


def _switching_figure(study: Study) -> Figure:
    return figure(
        "uncertainty.switching", study.tables["switching"], study.manifest["strategies"],
        caption=f"{study.origin}, {5 * study.manifest['replications']:,} replications of each "
        "strategy and value, all other parameters at their base values; bars are 95 % intervals, "
        "an arrow says that one reaches beyond the end",
    )  # fmt: skip


def _map_figure(study: Study) -> Figure:
    table = study.tables["map"]
    return figure(
        "uncertainty.best_map", table, study.manifest["strategies"], name="map",
        caption=f"{study.origin}, {MAP_FACTOR * study.manifest['replications']:,} replications of "
        "each strategy and cell, all other parameters at their base values, each cell "
        f"distinguished at 95 %; among {listed(table.attrs['among'])}",
    )  # fmt: skip


def _answer(tables: Tables, manifest: Manifest) -> Iterator[str]:
    """The least regret, the best at the base values, and the parameter nearest to turning that."""
    if "switching" not in tables:
        yield "There is only one strategy: it has no regret, and nothing to switch to."
        return
    yield _on_least_regret(tables, manifest)
    yield _on_the_leader(tables["leads"], manifest)
    yield _on_the_nearest_switch(tables["switching"])


def _on_least_regret(tables: Tables, manifest: Manifest) -> str:
    """Which strategy has the least regret, and which is best most often."""
    m, ranking = manifest["measured"], tables["ranking"]
    if _all_tie(tables, manifest):
        return "All strategies tie in every draw: each is as good as any other."
    first = ranking.iloc[0].to_dict()
    best = ranking.sort_values("best", ascending=False, kind="stable").iloc[0].to_dict()
    least = ranking.loc[ranking["regret"] <= first["regret"] + 1e-9, "strategy"]
    often = ranking.loc[ranking["best"] >= best["best"] - 1e-9, "strategy"]
    said = f"{_first_of(least)} {'has' if len(least) == 1 else 'have'} the least mean regret "
    said += f"over the draws, {interval(first, 'regret', m['scale'])} {m['steps']}; "
    which = "it" if list(often) == list(least) == [first["strategy"]] else _first_of(often)
    verb = "is" if len(often) == 1 else "are each"
    return f"{said}{which} {verb} best most often, in {interval(best, 'best', 100, 0)} % of them."


def _all_tie(tables: Tables, manifest: Manifest) -> bool:
    most = float(tables["regret"]["regret"].max())
    return most <= regret.TIED * float(manifest["measured"]["width"])


def _on_the_nearest_switch(table: pd.DataFrame) -> str:
    """The first parameter that alone makes another strategy the best, within its range."""
    sure = table[table["verdict"] == switching_values.SWITCHES]
    if sure.empty:
        said = "No parameter alone is shown to make another strategy the best within its range"
        if (table["verdict"] == switching_values.PERHAPS).any():
            said += "; for some, more replications are needed to decide"
        return f"{said}."
    first = sure.iloc[0].to_dict()
    return (
        f"{first['number']} alone would turn it: with a base value of {first['likely']:.3g}, "
        f"beyond {_switch(first)} {first['strategy']} is best."
    )


def _on_bad_draws(tables: Tables, manifest: Manifest) -> Iterator[str]:
    """Which does best in unfavourable draws, and what few replications or draws leave open."""
    if len(tables["ranking"]) > 1 and not _all_tie(tables, manifest):
        yield _on_the_worst(tables["ranking"], manifest["measured"], manifest["better"])
    if manifest["replications"] < 2:
        yield (
            "One replication cannot separate noise from effects of parameters: regrets are too "
            "large and chances too even; allowed: more --replications."
        )
    if manifest["draws"] < 2:
        yield "One draw says nothing of other draws: there are no intervals over draws."


def _on_the_worst(ranking: pd.DataFrame, m: dict[str, Any], better: str) -> str:
    """Which strategy does best in its unfavourable draws."""
    tail, worst = m["scale"] * ranking["regret_p90"], m["scale"] * ranking["worst"]
    most = worst.max() if better == "more" else worst.min()
    least = ranking["strategy"][tail <= tail.min() + 1e-9]
    sure = ranking["strategy"][(worst - most).abs() <= 1e-9]
    return (
        f"The 90th percentile of regret is least for {_first_of(least)}, {plain(tail.min())} "
        f"{m['steps']}; the worst draw is the least bad for {_first_of(sure)}, {plain(most)} "
        f"{m['unit']} (maximin)."
    )


def _first_of(names: pd.Series) -> str:
    """Names as words; of many the first."""
    return listed(names) if len(names) <= 3 else f"{names.iloc[0]} and {len(names) - 1} others"


def _ranking(table: pd.DataFrame, m: dict[str, Any]) -> TextTable:
    """Strategies by regret."""
    head = ["strategy", f"mean, {m['unit']}", f"worst, {m['unit']}", f"regret, {m['steps']}",
            "90th", "largest", "best in, %"]  # fmt: skip
    body = [
        [row["strategy"], interval(row, "value", m["scale"]), plain(m["scale"] * row["worst"]),
         interval(row, "regret", m["scale"]), plain(m["scale"] * row["regret_p90"]),
         plain(m["scale"] * row["regret_max"]), interval(row, "best", 100, 0)]
        for row in table.to_dict("records")
    ]  # fmt: skip
    note = (
        "Worst: the outcome in the worst of the draws, noise and all. Regret: what the best "
        "strategy of a draw does better: mean, 90th percentile and largest. Best in: share of the "
        "draws. The noise of finitely many replications is taken off regrets "
        "(ranking.csv has them with it)."
    )
    return TextTable(
        "Strategies by mean regret, the least first", head, body, note, "ranking.csv", SHOWN
    )


def _on_case(rules: pd.DataFrame, case: dict[str, Any]) -> str:
    """Where the baseline fails or loses, with coverage and density of each rule."""
    own = rules[rules["case"] == case["case"]].to_dict("records")
    found = [
        f"{row['rule']} (coverage: it holds {interval(row, 'coverage', 100, 0)} % of these draws; "
        f"density: of all draws in it {interval(row, 'density', 100, 0)} % are such)"
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
    return TextTable("Switching values", head, body, note, "switching.csv", SHOWN)


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
