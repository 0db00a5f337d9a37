"""Studies of what a scenario assumes: which numbers matter, and what they would flip.

From a scenario to tables, sentences, figures and a folder; the methods stand in
:mod:`sim.sensitivity`, :mod:`sim.robust`, :mod:`sim.discovery` and :mod:`sim.switching`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis.measures import SHARE, Measure
from sim.errors import DrawsError, InputError, RunError, unknown
from sim.experiment import argument_checks, plan, provenance, study_folder
from sim.experiment import draws as drawing
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.evaluator import Evaluator, make_evaluator
from sim.experiment.study_folder import Tables
from sim.formatting import listed, many
from sim.reporting import study_text
from sim.reporting.text_tables import ReportItem, as_paragraphs
from sim.scenario.scenario import Scenario
from sim.studies import robustness, scenario_discovery, sensitivity, switching_values
from sim.types import Floats

MOST_REPLICATIONS = 10**7
INFLUENTIAL = 30  # numbers in which rules are looked for
MAP_STRATEGIES = 4
MAP_FACTOR = 4  # replications of a cell of the map, in terms of those of a draw
FAILING = 0.25  # the worst share of the draws, which counts as failing unless a limit is given


@dataclass
class Study:
    """What came of a study.

    Attributes:
        tables: by name; each is a CSV file of the folder.
        manifest: how it was made, and what its words need to know.
    """

    tables: Tables
    manifest: dict[str, Any]

    @property
    def head(self) -> str:
        """What was studied."""
        return HEADS[self.manifest["kind"]](self.manifest)

    @property
    def parts(self) -> list[ReportItem]:
        """What it says, as sentences and tables."""
        return list(PARTS[self.manifest["kind"]](self.tables, self.manifest))

    @property
    def text(self) -> str:
        """What it says, for the terminal."""
        return as_paragraphs([self.head, *self.parts], study_text.WIDTH, study_text.SHOWN)

    @property
    def figures(self) -> dict[str, Any]:
        """Axes by name."""
        return FIGURES[self.manifest["kind"]](self.tables, self.manifest)

    def write(self, folder: Path) -> list[Path]:
        """Write tables, figures and the manifest; the paths of the figures without endings.

        Raises:
            sim.errors.RunError: a file could not be written.
        """
        from sim.plotting import style

        study_folder.write(folder, self.tables, self.manifest)
        drawn = self.figures
        try:
            for name, axes in drawn.items():
                style.save(axes.figure, folder / name)
        except OSError as error:
            raise RunError(f"{folder}: cannot be written ({error.strerror or error})") from error
        return [folder / name for name in drawn]


HEADS = {"sensitivity": study_text.head_of_sensitivity, "robust": study_text.head_of_robust}
PARTS = {"sensitivity": study_text.of_sensitivity, "robust": study_text.of_robust}


def read(folder: str | Path) -> Study:
    """A study that an earlier command has written.

    Raises:
        InputError: there is none, or a table is missing or damaged.
    """
    return Study(*study_folder.read(folder))


def prepare(folder: Path, kind: str, scenario: Scenario, seed: int, **question: Any) -> Path:
    """See that a study may write there: an empty folder, or one of the same study.

    Args:
        folder: whose results would be replaced.
        kind, scenario, seed: of the study.
        question: what else its manifest must say, as ``measure``; a study with more histories
            replaces one with few.

    Raises:
        InputError: it holds other results, which would be lost.
    """
    same = {"kind": kind, "hash": scenario.hash, "seed": seed}
    return study_folder.prepare(folder, same | question)


def _manifest(kind: str, evaluator: Evaluator, began: float, **how: Any) -> dict[str, Any]:
    return {
        **study_folder.about(kind, evaluator.scenario, evaluator.seed),
        "began": provenance.at(began),
        "measure": evaluator.measure.name,
        "better": "more" if evaluator.measure.more else "less",
        "measured": study_text.measured(evaluator.measure),
        "strategies": list(evaluator.strategies),
        "numbers": len(evaluator.free),
        **how,
        "finished": provenance.now(),
        "seconds": round(time.time() - began, 3),
    }


# -- sensitivity ----------------------------------------------------------------------------------


def study_sensitivity(
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
) -> Study:
    """Tornado, Morris and Sobol for one strategy.

    Args:
        scenario: what is negotiated.
        strategy: whose outcome; the first one where None.
        measure: a name, see :mod:`sim.analysis.measures`, or a measure of one's own.
        against: another strategy; the lead over it is studied instead of the outcome.
        replications: histories at each point of Morris and Sobol; five times as many for the
            tornado.
        base, trajectories: of the designs; see :mod:`sim.sensitivity`.
        top: factors with indices of their own; all others are one factor.
        seed, workers, progress: as for :func:`sim.experiment.evaluator.make_evaluator`.

    Raises:
        InputError: an unknown strategy or measure, no uncertain number, a base that is no power
            of 2, or too many histories.

    Example:
        >>> import sim
        >>> few = {"replications": 5, "base": 2, "trajectories": 2}
        >>> found = sim.sensitivity("korea-2017", "proposal", **few)
        >>> list(found.tables)
        ['tornado', 'morris', 'sobol']
    """
    began = time.time()
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
    tornado = sensitivity.tornado(evaluator, 5 * replications, against)
    grouped = sensitivity.factors(scenario, evaluator.free)

    def evaluate(what: str) -> Any:
        return lambda cube: sensitivity.outcome(
            evaluator, evaluator.from_unit_cube(cube), replications, against, what
        )

    morris = sensitivity.morris(evaluate("Morris"), evaluator.free, grouped, trajectories, seed)
    chosen = screened(morris, grouped, top)
    sobol, noise = sensitivity.sobol(evaluate("Sobol"), evaluator.free, chosen, base, seed)
    likely = _likely(evaluator, against, replications)
    made = {"tornado": tornado, "morris": morris, "sobol": sobol}
    of = study_text.of(name, against, evaluator.measure.label)
    for table in made.values():
        table.attrs = {"of": of, "scale": evaluator.measure.scale, "steps": evaluator.measure.steps}
    manifest = _manifest(
        "sensitivity", evaluator, began, against=against, of=of, likely=likely,
        replications=replications, base=base, trajectories=trajectories, top=top,
        factors=len(grouped),
        noise={"variance": noise.variance, "of_it_noise": noise.noise,
               "share": None if math.isnan(noise.share) else noise.share},
    )  # fmt: skip
    return Study(made, manifest)


def screened(morris: pd.DataFrame, grouped: dict[str, list[str]], top: int) -> dict[str, list[str]]:
    """The factors with the largest effects, and one of all others."""
    if len(grouped) <= top:
        return grouped
    first = list(morris["factor"][:top])
    kept = {name: names for name, names in grouped.items() if name in first}
    rest = [number for name, names in grouped.items() if name not in kept for number in names]
    return kept | {f"{sensitivity.OTHERS} ({len(rest)})": rest}


def _likely(
    evaluator: Evaluator, against: str | None, replications: int
) -> tuple[float, float, float]:
    from sim.analysis.intervals import mean_interval

    here = sensitivity.outcome(
        evaluator, evaluator.base[None, :], 20 * replications, against, "likely"
    )[0]
    low, high = evaluator.measure.bounds
    bounds = (low, high) if against is None else (low - high, high - low)
    found = mean_interval(here, bounds)
    return float(found.low), float(found.best), float(found.high)


def _sensitivity_figures(tables: Tables, manifest: dict[str, Any]) -> dict[str, Any]:
    from sim.plotting import uncertainty as plots

    seed = f"{manifest['scenario']}, seed {manifest['seed']}"
    n, noise = manifest["replications"], manifest["noise"]["share"]
    figures = {
        "tornado": plots.tornado(
            tables["tornado"],
            caption=f"{seed}, {5 * n:,} histories at each value, the same worlds; one number at a "
            "time, all others likely; whiskers are paired 95 % intervals",
        ),
    }
    if not study_text.separates_noise(manifest):
        return figures
    figures["morris"] = plots.morris(
        tables["morris"],
        caption=f"{seed}, {manifest['trajectories']} trajectories, {n:,} histories at each "
        "point; effects over the range from the 1/8 to the 7/8 quantile",
    )
    if tables["sobol"]["total"].notna().any():
        figures["sobol"] = plots.sobol(
            tables["sobol"],
            caption=f"{seed}, base {manifest['base']:,}, {n:,} histories at each point; "
            f"{100 * noise:.0f} % of the variance was noise and is taken off; 95 % intervals",
        )
    return figures


# -- robust ---------------------------------------------------------------------------------------


def study_robust(
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
) -> Study:
    """Regret, chance of being best, where the baseline fails, switching values, and a map.

    Args:
        scenario: what is negotiated.
        strategies: all where None.
        measure, better: see :func:`sim.analysis.measures.parse`.
        draws: how many, or a CSV file of them.
        replications: histories of each strategy and draw.
        baseline: whose failures are explained; the first strategy where None.
        fail: an outcome of the baseline that is worse than this has failed, in the unit of the
            measure (shares as 0..1); the worst quarter of the draws where None.
        margin: a difference that matters; a percentage point or ten days where None.
        numbers: the two of the map; those that bring the leader's lead lowest where None.
        seed, workers, progress: as for :func:`sim.experiment.evaluator.make_evaluator`.

    Raises:
        InputError: something unknown, or too many histories.

    Example:
        >>> import sim
        >>> found = sim.robust(
        ...     "korea-2017", ["proposal", "bilateral_only"], draws=16, replications=5,
        ...     numbers=("us_dprk.contact.success", "us_dprk.moratorium.success"),
        ... )
        >>> found.tables["regret"]["strategy"].nunique()
        2
    """
    began = time.time()
    scenario = argument_checks.scenario(scenario)
    argument_checks.whole("replications", replications, 1, MOST_REPLICATIONS)
    evaluator = make_evaluator(
        scenario, strategies, measure, seed, better=better, workers=workers, progress=progress
    )
    base = _known(
        "--baseline",
        "strategy",
        evaluator.strategies[0] if baseline is None else baseline,
        evaluator.strategies,
    )
    for number in () if numbers is None else argument_checks.names("--map", numbers):
        _known("--map", "parameter", number, evaluator.free)
    if numbers is not None and (len(numbers) != 2 or numbers[0] == numbers[1]):
        given = ", ".join(map(str, numbers))
        raise InputError(f"--map: found {given}; allowed: two different parameters")
    drawn = _drawn(evaluator, draws)
    m = evaluator.measure
    _within("--fail", fail, m.bounds, m.unit)
    _within("--margin", margin, (0.0, m.bounds[1]), m.unit)
    found = robustness.outcomes(evaluator, drawn, replications)
    wanted = m.margin if margin is None else margin
    made = {
        "ranking": robustness.ranking(
            found, evaluator.strategies, m.sign, m.bounds, evaluator.random("ranking")
        ),
        "regret": robustness.by_draw(found, evaluator.strategies, m.sign),
        "draws": drawn.frame,
    }
    half = max(2, replications // 2)
    ends = evaluator.evaluate(sensitivity.tornado_points(evaluator), half, what="ends of ranges")
    made["rules"], cases = _rules(evaluator, drawn, found, base, ends, fail, wanted)
    leader = evaluator.strategies[0]
    if len(evaluator.strategies) > 1:
        known = switching_values.base(evaluator, replications, wanted)
        look = switching_values.first_look(known, ends)
        leader, made["leads"] = evaluator.strategies[known.leader], known.leads
        made["switching"] = switching_values.switching_values(known, look, 5 * replications, half)
        made["switching"].attrs = {"leader": leader}
        if len(evaluator.free) > 1:
            pair = numbers or tuple(switching_values.influential(look, 2))
            made["map"] = _map(evaluator, known, pair, MAP_FACTOR * replications)
    manifest = _manifest(
        "robust", evaluator, began, draws=len(drawn), draws_from=drawn.origin,
        replications=replications, baseline=base, fail=fail, margin=wanted, cases=cases,
        leader=leader,
    )  # fmt: skip
    for name in ("ranking", "regret"):
        made[name].attrs = {"label": m.label, "scale": m.scale, "steps": m.steps}
    return Study(study_folder.with_titles(made, scenario), manifest)


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


def _rules(
    evaluator: Evaluator,
    drawn: Draws,
    found: robustness.Outcomes,
    base: str,
    ends: Floats,
    fail: float | None,
    margin: float,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Rules for where the baseline fails and where it loses, in the numbers that move it most.

    And what is said of each of the two cases: case, title, share of the draws, why there are none.
    """
    m, place = evaluator.measure, evaluator.strategies.index(base)
    means = robustness.shrunk(found.means, found.noise).centre  # so that noise decides no case
    values = m.sign * means[:, place]
    limit = float(np.quantile(values, FAILING)) if fail is None else m.sign * fail
    failing = values < limit
    side = "below" if m.more else "above"
    unit = "%" if m.unit == SHARE else m.unit
    what = f"{base} fails ({m.scale * m.sign * limit:.3g} {unit} is the limit; {side} it are"
    cases = [("fails", failing, values, what)]
    if len(evaluator.strategies) > 1:
        regret = robustness.regrets(means, m.sign)[:, place]
        what = f"{base} loses by more than {m.scale * margin:g} {m.steps} (in"
        cases.append(("loses", regret > margin, regret, what))
    moved = _moved(evaluator, ends, place)
    columns = [drawn.names.index(name) for name in moved if name in drawn.names]
    names = [drawn.names[i] for i in columns]
    found_rules, said = [], []
    for kind, flags, outcome, title in cases:
        rules, why = scenario_discovery.discover(
            names, drawn.values[:, columns], flags, evaluator.random(f"rules {kind}"), outcome
        )
        found_rules.append(rules.assign(case=kind))
        said.append({"case": kind, "title": title, "share": float(flags.mean()), "why": why})
    kept = [table for table in found_rules if len(table)] or found_rules[:1]
    return pd.concat(kept, ignore_index=True), said


def _moved(evaluator: Evaluator, ends: Floats, place: int) -> list[str]:
    """The numbers that move the baseline, or its difference to another strategy, most."""
    means = ends.mean(axis=2)
    of = [means[place], *(means[place] - means[s] for s in range(len(means)) if s != place)]
    swing = np.max([np.abs(one[2::2] - one[1::2]) for one in of], axis=0)
    order = np.argsort(-swing, kind="stable")[:INFLUENTIAL]
    return [evaluator.free[i] for i in order if swing[i] > 0]


def _map(
    evaluator: Evaluator, known: switching_values.Base, pair: tuple[str, ...], replications: int
) -> pd.DataFrame:
    """The map among the strategies that are best where every number is likely."""
    order = [evaluator.strategies[known.leader], *known.leads["strategy"]][:MAP_STRATEGIES]
    some = replace(evaluator, strategies=tuple(n for n in evaluator.strategies if n in order))
    places = [evaluator.strategies.index(name) for name in some.strategies]
    base = switching_values.Base(some, known.told[places], known.margin)
    table = switching_values.best_map(base, (pair[0], pair[1]), replications)
    table.attrs |= {"label": evaluator.measure.label, "among": some.strategies}
    return table


def _robust_figures(tables: Tables, manifest: dict[str, Any]) -> dict[str, Any]:
    from sim.plotting import uncertainty as plots

    seed = f"{manifest['scenario']}, seed {manifest['seed']}"
    n, draws = manifest["replications"], manifest["draws"]
    figures = {}
    if len(manifest["strategies"]) > 1:
        figures["regret"] = plots.regret(
            tables["regret"], tables["ranking"], manifest["strategies"],
            caption=f"{seed}, {many(draws, 'draw')}, {n:,} histories of each strategy and draw; "
            "boxes hold half of the draws, whiskers nine in ten; diamonds are means without noise",
        )  # fmt: skip
    if "switching" in tables and tables["switching"]["value"].notna().any():
        figures["switching"] = plots.switching(
            tables["switching"], manifest["strategies"],
            caption=f"{seed}, {5 * n:,} histories of each strategy and value, all other numbers "
            "likely; bars are 95 % intervals, an arrow says that one reaches beyond the end",
        )  # fmt: skip
    if "map" in tables:
        figures["map"] = plots.best_map(
            tables["map"],
            manifest["strategies"],
            caption=f"{seed}, {MAP_FACTOR * n:,} histories of each strategy and cell, all other "
            "numbers likely, each cell told apart at 95 %; among "
            f"{listed(tables['map'].attrs['among'])}",
        )
    return figures


FIGURES = {"sensitivity": _sensitivity_figures, "robust": _robust_figures}
