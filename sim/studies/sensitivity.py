"""The study of sensitivity: which uncertain parameters move an outcome, and by how much.

The methods stand in :mod:`sim.studies.sensitivity_indices`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.intervals import mean_interval
from sim.analysis.measures import Measure
from sim.errors import InputError
from sim.experiment import argument_checks, plan
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.evaluator import Evaluator, make_evaluator
from sim.reporting.cells import interval, plain, signed, signed_interval, two_digits
from sim.reporting.sections import SHOWN, Bullets, Facts, Section, figure
from sim.reporting.text_tables import TextTable
from sim.studies import sensitivity_indices as indices
from sim.studies.study import Manifest, Study, begun, finished, of_evaluator
from sim.types import Floats

ASKED = ("strategies", "measure")
MOST_REPLICATIONS = 10**7


def sensitivity(
    scenario: ScenarioLike,
    strategy: str | None = None,
    measure: str | Measure = "reached",
    *,
    against: str | None = None,
    replications: int = 100,
    base: int = 512,
    trajectories: int = 20,
    top: int = 20,
    seed: int = 1,
    workers: int | None = None,
    progress: bool = False,
    out: str | Path | None = None,
) -> Study:
    """Tornado, Morris and Sobol for one strategy.

    Args:
        scenario: what is negotiated.
        strategy: whose outcome; the first one where None.
        measure: a name, see :mod:`sim.analysis.measures`, or a measure of one's own.
        against: another strategy; the lead over it is studied instead of the outcome.
        replications: at each parameter vector of Morris and Sobol; five times as many for the
            tornado.
        base, trajectories: of the designs; see :mod:`sim.studies.sensitivity_indices`.
        top: factors with indices of their own; all others are one factor.
        seed, workers, progress: as for :func:`sim.experiment.evaluator.make_evaluator`.
        out: folder that it is saved to; nothing is written where None.

    Returns:
        The tables ``tornado``, ``morris`` and ``sobol``.

    Raises:
        InputError: an unknown strategy or measure, no uncertain parameter, a base that is no power
            of 2, or too many replications.

    Example:
        >>> import sim
        >>> few = {"replications": 5, "base": 2, "trajectories": 2}
        >>> study = sim.sensitivity("korea-2017", "proposal", **few)
        >>> list(study.tables)
        ['tornado', 'morris', 'sobol']
    """
    scenario = argument_checks.scenario(scenario)
    known = plan.names_of(scenario)
    name = known[0] if strategy is None else argument_checks.one_of("strategy", strategy, known)
    if against is not None:
        argument_checks.one_of("strategy", against, known)
    argument_checks.whole("replications", replications, 1, MOST_REPLICATIONS)
    argument_checks.whole("base", base, 2, 2**20)
    argument_checks.whole("trajectories", trajectories, 2, 10**5)
    argument_checks.whole("top", top, 1, 10**4)
    evaluator = make_evaluator(
        scenario, [name, *([against] if against else [])], measure, seed,
        workers=workers, progress=progress,
    )  # fmt: skip
    if against == name:
        raise InputError(f'--against: found "{against}"; allowed: another strategy')
    manifest = begun("sensitivity", scenario, seed, out, **of_evaluator(evaluator))
    tables, grouped, noise = _simulated(evaluator, against, replications, base, trajectories, top)
    likely = _at_base_values(evaluator, against, replications)
    of = _of(name, against, evaluator.measure.label)
    for table in tables.values():
        table.attrs = {"of": of, "scale": evaluator.measure.scale, "steps": evaluator.measure.steps}
    manifest |= {
        "against": against, "of": of, "likely": likely, "replications": replications,
        "base": base, "trajectories": trajectories, "top": top, "factors": len(grouped),
        "noise": {"variance": noise.variance, "of_it_noise": noise.noise,
                  "share": None if math.isnan(noise.share) else noise.share},
    }  # fmt: skip
    return finished(scenario, tables, manifest, out)


def _simulated(
    evaluator: Evaluator,
    against: str | None,
    replications: int,
    base: int,
    trajectories: int,
    top: int,
) -> tuple[dict[str, pd.DataFrame], dict[str, list[str]], indices.Noise]:
    """The tables, the factors, and the noise of the outcomes behind the Sobol indices."""

    def evaluate(what: str) -> Callable[[Floats], Floats]:
        return lambda cube: indices.outcome(
            evaluator, evaluator.from_unit_cube(cube), replications, against, what
        )

    tornado = indices.tornado(evaluator, 5 * replications, against)
    grouped, seed = indices.factors(evaluator.scenario, evaluator.free), evaluator.seed
    morris = indices.morris(evaluate("Morris"), evaluator.free, grouped, trajectories, seed)
    factors = screened(morris, grouped, top)
    sobol, noise = indices.sobol(evaluate("Sobol"), evaluator.free, factors, base, seed)
    return {"tornado": tornado, "morris": morris, "sobol": sobol}, grouped, noise


def screened(morris: pd.DataFrame, grouped: dict[str, list[str]], top: int) -> dict[str, list[str]]:
    """The factors with the largest effects, and one of all others.

    Args:
        morris: the table of Morris's screening, the largest mean effect first.
        grouped: names of parameters by factor.
        top: factors that are kept by themselves.

    Returns:
        All factors where there are no more than ``top``; otherwise one more, of the rest together.

    >>> ranked = pd.DataFrame({"factor": ["a", "c", "b"]})
    >>> screened(ranked, {"a": ["a"], "b": ["b"], "c": ["c"]}, 1)
    {'a': ['a'], 'all others (2)': ['b', 'c']}
    """
    if len(grouped) <= top:
        return grouped
    first = list(morris["factor"][:top])
    kept = {name: names for name, names in grouped.items() if name in first}
    rest = [number for name, names in grouped.items() if name not in kept for number in names]
    return kept | {f"{indices.OTHERS} ({len(rest)})": rest}


def _at_base_values(
    evaluator: Evaluator, against: str | None, replications: int
) -> tuple[float, float, float]:
    here = indices.outcome(evaluator, evaluator.base[None, :], 20 * replications, against, "likely")
    low, high = evaluator.measure.bounds
    bounds = (low, high) if against is None else (low - high, high - low)
    found = mean_interval(here[0], bounds)
    return float(found.low), float(found.best), float(found.high)


def _of(strategy: str, against: str | None, label: str) -> str:
    """What is studied."""
    words = strategy.replace("_", " ")
    if against is None:
        return f"{words}: {label}"
    return f"{words} less {against.replace('_', ' ')}: {label}"


# -- what it says ---------------------------------------------------------------------------------


def sections(study: Study) -> Iterator[Section]:
    """What a study of sensitivity says."""
    tables, manifest = study.tables, study.manifest
    m, n, seed = manifest["measured"], manifest["replications"], study.origin
    yield Bullets([_on_base_values(manifest), *_on_the_tornado(tables["tornado"], m)])
    yield _tornado(tables["tornado"], m)
    yield figure(
        "uncertainty.tornado", tables["tornado"],
        caption=f"{seed}, {5 * n:,} replications at each value, common random numbers; one "
        "parameter at a time, all others at their base values; whiskers are paired 95 % intervals",
    )  # fmt: skip
    yield from _all_at_once(study)


def _all_at_once(study: Study) -> Iterator[Section]:
    """Morris, noise and Sobol; one replication cannot distinguish effects from noise."""
    tables, manifest, seed = study.tables, study.manifest, study.origin
    m, n, known = manifest["measured"], manifest["replications"], manifest["replications"] > 1
    if known:
        yield _on_morris(tables["morris"])
        yield _morris(tables["morris"], m, manifest["trajectories"])
        yield figure(
            "uncertainty.morris", tables["morris"],
            caption=f"{seed}, {manifest['trajectories']} trajectories, {n:,} replications at each "
            "parameter vector; effects over the range from the 1/8 to the 7/8 quantile",
        )  # fmt: skip
    yield _on_noise(manifest)
    if known and tables["sobol"]["total"].notna().any():
        yield _on_sobol(tables["sobol"])
        yield _sobol(tables["sobol"])
        yield figure(
            "uncertainty.sobol", tables["sobol"],
            caption=f"{seed}, base {manifest['base']:,}, {n:,} replications at each parameter "
            f"vector; {100 * manifest['noise']['share']:.0f} % of the variance was noise and is "
            "taken off; 95 % intervals",
        )  # fmt: skip


def facts(study: Study) -> Facts:
    """What stands around it on a page."""
    manifest = study.manifest
    designs = f"Sobol with base {manifest['base']:,}, {manifest['trajectories']} trajectories of "
    return Facts(
        "a study of sensitivity",
        f"{manifest['scenario']}, {manifest['of']}",
        {
            "Measure": manifest["measured"]["label"],
            "Replications": f"{manifest['replications']:,} at each parameter vector",
            "Strategies": ", ".join(manifest["strategies"]),
            "Designs": f"{designs}Morris",
        },
        parameters="moved over it",
        printed=True,
    )


def _on_base_values(manifest: Manifest) -> str:
    m = manifest["measured"]
    unit = m["steps"] if manifest["against"] else m["unit"]
    low, best, high = (f"{m['scale'] * x:.1f}" for x in manifest["likely"])
    return (
        f"{best} {unit} ({low} to {high}) with all {manifest['numbers']} uncertain parameters at "
        "their base values."
    )


def _on_the_tornado(table: pd.DataFrame, m: dict[str, Any]) -> Iterator[str]:
    first = table.iloc[0].to_dict()
    if not table["swing"].any():
        yield "No parameter alone moves it, from one end of its range to the other."
        return
    clear = int(((table["swing_low"] > 0) | (table["swing_high"] < 0)).sum())
    yield (
        f"Most moved by {first['number']}: from {first['from']:.4g} to {first['to']:.4g} it "
        f"changes by {signed_interval(first, 'swing', m['scale'])} {m['steps']}."
    )
    yield (
        f"{clear} of {len(table)} parameters move it surely (each at 95 %, so that about "
        f"{0.05 * len(table):.0f} would by chance)."
    )


def _tornado(table: pd.DataFrame, m: dict[str, Any]) -> TextTable:
    head = ["parameter", "low", "high", f"at low, {m['steps']}", "at high", "from low to high"]
    body = [
        [row["number"], f"{row['from']:.4g}", f"{row['to']:.4g}",
         signed(m["scale"] * row["at_low"]), signed(m["scale"] * row["at_high"]),
         signed_interval(row, "swing", m["scale"])]
        for row in table.to_dict("records")
    ]  # fmt: skip
    title = "One parameter alone, from its low to its high end"
    note = (
        "All others at their base values; common random numbers. In brackets: paired 95 "
        "% intervals."
    )
    return TextTable(title, head, body, note, "tornado.csv", SHOWN)


def _on_morris(table: pd.DataFrame) -> str:
    sure = int((table["effect_low"] > 0).sum())
    return (
        f"With all parameters varied at once, {sure} of {len(table)} are "
        "distinguished from noise (by "
        "the lower limit of their effect)."
    )


def _morris(table: pd.DataFrame, m: dict[str, Any], trajectories: int) -> TextTable:
    head = ["parameter", f"effect, {m['steps']}", "mu", "mu*", "sigma", "noise"]
    body = [
        [row["factor"], interval(row, "effect", m["scale"]),
         *(plain(m["scale"] * row[c], c == "mu") for c in ("mu", "mu_star", "sigma", "noise"))]
        for row in table.to_dict("records")
    ]  # fmt: skip
    title = f"All parameters varied at once (Morris, {trajectories} trajectories)"
    note = (
        "What the outcome changes when a parameter goes from its 1/8 to its 7/8 quantile. effect: "
        "root mean square without noise, with its 95 % interval; mu: mean; mu*: mean of sizes; "
        "sigma: spread, from interactions, bends and noise; noise: mu* of a parameter that only "
        "disturbs."
    )
    return TextTable(title, head, body, note, "morris.csv", SHOWN)


def _on_sobol(table: pd.DataFrame) -> str:
    alone = table.sort_values("first", ascending=False, kind="stable").iloc[0].to_dict()
    whole = table.iloc[0].to_dict()
    said = (
        f"Of the variance between draws {alone['factor']} alone explains most, "
        f"{interval(alone, 'first', 100)} %"
    )
    total = f"{interval(whole, 'total', 100)} %"
    if whole["factor"] == alone["factor"]:
        return f"{said}; with its interactions {total}, also the most."
    return f"{said}; with interactions {whole['factor']} has most, {total}."


def _sobol(table: pd.DataFrame) -> TextTable:
    head = ["parameter", "alone", "with its interactions"]
    body = [
        [row["factor"], interval(row, "first", 100), interval(row, "total", 100)]
        for row in table.to_dict("records")
    ]
    title = "Shares of the variance between draws (Sobol, noise taken off), per cent"
    return TextTable(title, head, body, "In brackets: 95 % intervals.", "sobol.csv", SHOWN)


def _on_noise(manifest: Manifest) -> str:
    """How much of the variance is noise, and how many replications would do."""
    kept, m = manifest["noise"], manifest["measured"]
    noise = indices.Noise(kept["variance"], kept["of_it_noise"], manifest["replications"])
    if manifest["replications"] < 2:
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
        f"The parameters move the outcome by {two_digits(spread)} {m['steps']} (standard "
        f"deviation); {100 * noise.share:.0f} % of the variance between the means of "
        f"{2 * manifest['base']:,} draws is noise of {noise.replications:,} replications each."
    )
    if noise.too_noisy:
        wanted = noise.enough(0.3)
        more = "" if math.isinf(wanted) else f": --replications {wanted:,.0f} would do"
        return f"{text} That is too much for indices{more}. sobol.csv has those of SALib."
    if noise.share > 0.1:
        text += f" {noise.enough():,.0f} replications would bring it to 10 %."
    return text
