"""Studies of what a scenario assumes: which numbers matter, and what they would flip.

From a scenario to tables, sentences, figures and a folder; the methods stand in
:mod:`sim.sensitivity`, :mod:`sim.robust`, :mod:`sim.discovery` and :mod:`sim.switching`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import discovery, experiment, measures, provenance, robust, sensitivity, switching, wording
from sim import draws as drawing
from sim.draws import Draws, DrawsError
from sim.experiment import InputError, nearest
from sim.folder import MANIFEST, read_manifest
from sim.scenario import Scenario
from sim.worlds import Floats, Worlds, worlds

INFLUENTIAL = 30  # numbers in which rules are looked for
MAP_STRATEGIES = 4
MAP_FACTOR = 4  # replications of a cell of the map, in terms of those of a draw
FAILING = 0.25  # the worst share of the draws, which counts as failing unless a limit is given


@dataclass
class Study:
    """What came of a study.

    Attributes:
        tables: by name; each is a CSV file of the folder.
        text: for the terminal.
        figures: axes by name.
        manifest: how it was made.
    """

    tables: dict[str, pd.DataFrame]
    text: str
    manifest: dict[str, Any]
    figures: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        """Write tables, figures and the manifest; the paths of the figures without endings.

        Raises:
            sim.experiment.RunError: a file could not be written.
        """
        from sim import plots

        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, table in self.tables.items():
                table.to_csv(folder / f"{name}.csv", index=False)
            for name, axes in self.figures.items():
                plots.save(axes.figure, folder / name)
            text = json.dumps(self.manifest, indent=2, ensure_ascii=False, default=str)
            (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise experiment.RunError(
                f"{folder}: cannot be written ({error.strerror or error})"
            ) from error
        return [folder / name for name in self.figures]


def default_folder(scenario: Scenario, seed: int, kind: str) -> Path:
    """Where a study is written unless a folder is named."""
    folder = experiment.default_folder(scenario, seed)
    return folder.with_name(f"{folder.name}-{kind}")


def prepare(folder: Path, kind: str, scenario: Scenario, seed: int) -> Path:
    """See that a study may write there: an empty folder, or one of the same study.

    Raises:
        InputError: it holds other results, which would be lost.
    """
    wanted = {"kind": kind, "hash": scenario.hash, "seed": seed}
    before = read_manifest(folder) if (folder / MANIFEST).exists() else wanted
    others = [key for key, value in wanted.items() if before.get(key) != value]
    if others:
        raise InputError(
            f"{folder}: holds other results: their {others[0]} differs; "
            "use --out with another folder, or remove it"
        )
    return folder


def _manifest(kind: str, told: Worlds, began: float, **how: Any) -> dict[str, Any]:
    scenario = told.scenario
    return {
        "kind": kind,
        "scenario": scenario.name,
        "title": scenario.title,
        "hash": scenario.hash,
        "seed": told.seed,
        "measure": told.measure.name,
        "better": "more" if told.measure.more else "less",
        "strategies": list(told.strategies),
        **how,
        "seconds": round(time.time() - began, 3),
        "command": provenance.command(),
        "versions": provenance.versions(),
        "text": scenario.text,
    }


# -- sensitivity ----------------------------------------------------------------------------------


def study_sensitivity(
    scenario: Scenario,
    strategy: str | None = None,
    measure: str = "reached",
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
        measure: see :mod:`sim.measures`.
        against: another strategy; the lead over it is studied instead of the outcome.
        replications: histories at each point of Morris and Sobol; five times as many for the
            tornado.
        base, trajectories: of the designs; see :mod:`sim.sensitivity`.
        top: factors with indices of their own; all others are one factor.
        seed, workers, progress: as for :func:`sim.worlds.worlds`.

    Raises:
        InputError: an unknown strategy or measure, no uncertain number, a base that is no power
            of 2, or too many histories.
    """
    began = time.time()
    name = strategy or experiment.names_of(scenario)[0]
    told = worlds(scenario, [name, *([against] if against else [])], measure, seed,
                  workers=workers, progress=progress)  # fmt: skip
    if against == name:
        raise InputError(f'--against: found "{against}"; allowed: another strategy')
    tornado = sensitivity.tornado(told, 5 * replications, against)
    grouped = sensitivity.factors(scenario, told.free)

    def evaluate(what: str) -> Any:
        return lambda cube: sensitivity.outcome(
            told, told.points(cube), replications, against, what
        )

    morris = sensitivity.morris(evaluate("Morris"), told.free, grouped, trajectories, seed)
    chosen = screened(morris, grouped, top)
    sobol, noise = sensitivity.sobol(evaluate("Sobol"), told.free, chosen, base, seed)
    likely = _likely(told, against, replications)
    tables = {"tornado": tornado, "morris": morris, "sobol": sobol}
    for table in tables.values():
        table.attrs = {"of": wording.of(told, against), "scale": told.measure.scale,
                       "steps": told.measure.steps}  # fmt: skip
    manifest = _manifest(
        "sensitivity", told, began, against=against, replications=replications, base=base,
        trajectories=trajectories, top=top, numbers=len(told.free), factors=len(grouped),
        noise={"variance": noise.variance, "of_it_noise": noise.noise, "share": noise.share},
    )  # fmt: skip
    text = "\n\n".join(
        [
            wording.head(told, against, likely, len(told.free)),
            wording.tornado(tornado),
            wording.morris(morris, trajectories),
            wording.sobol(sobol, noise, told, base),
        ]
    )
    return Study(tables, text, manifest, _sensitivity_figures(tables, noise, told, manifest))


def screened(morris: pd.DataFrame, grouped: dict[str, list[str]], top: int) -> dict[str, list[str]]:
    """The factors with the largest effects, and one of all others."""
    if len(grouped) <= top:
        return grouped
    first = list(morris["factor"][:top])
    kept = {name: names for name, names in grouped.items() if name in first}
    rest = [number for name, names in grouped.items() if name not in kept for number in names]
    return kept | {f"{sensitivity.OTHERS} ({len(rest)})": rest}


def _likely(told: Worlds, against: str | None, replications: int) -> tuple[float, float, float]:
    from sim.intervals import mean_interval

    here = sensitivity.outcome(told, told.likely[None, :], 20 * replications, against, "likely")[0]
    low, high = told.measure.bounds
    bounds = (low, high) if against is None else (low - high, high - low)
    found = mean_interval(here, bounds)
    return float(found.low), float(found.best), float(found.high)


def _sensitivity_figures(
    tables: dict[str, pd.DataFrame], noise: sensitivity.Noise, told: Worlds, manifest: Any
) -> dict[str, Any]:
    from sim import plots_uncertainty as plots

    seed = f"{told.scenario.name}, seed {told.seed}"
    n = manifest["replications"]
    figures = {
        "tornado": plots.tornado(
            tables["tornado"],
            caption=f"{seed}, {5 * n:,} histories at each value, the same worlds; one number at a "
            "time, all others likely; whiskers are paired 95 % intervals",
        ),
        "morris": plots.morris(
            tables["morris"],
            caption=f"{seed}, {manifest['trajectories']} trajectories, {n:,} histories at each "
            "point; effects over the range from the 1/8 to the 7/8 quantile",
        ),
    }
    if tables["sobol"]["total"].notna().any():
        figures["sobol"] = plots.sobol(
            tables["sobol"],
            caption=f"{seed}, base {manifest['base']:,}, {n:,} histories at each point; "
            f"{100 * noise.share:.0f} % of the variance was noise and is taken off; 95 % intervals",
        )
    return figures


# -- robust ---------------------------------------------------------------------------------------


def study_robust(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    measure: str = "reached",
    *,
    draws: int | str | Path = 500,
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
        measure, better: see :func:`sim.measures.parse`.
        draws: how many, or a CSV file of them.
        replications: histories of each strategy and draw.
        baseline: whose failures are explained; the first strategy where None.
        fail: an outcome of the baseline that is worse than this has failed, in the unit of the
            measure (shares as 0..1); the worst quarter of the draws where None.
        margin: a difference that matters; a percentage point or ten days where None.
        numbers: the two of the map; those that bring the leader's lead lowest where None.
        seed, workers, progress: as for :func:`sim.worlds.worlds`.

    Raises:
        InputError: something unknown, or too many histories.
    """
    began = time.time()
    told = worlds(scenario, strategies, measure, seed, better=better, workers=workers,
                  progress=progress)  # fmt: skip
    base = _known("--baseline", baseline or told.strategies[0], told.strategies)
    for number in numbers or ():
        _known("--map", number, told.free)
    if numbers and numbers[0] == numbers[1]:
        raise InputError(f"--map: found {numbers[0]} twice; allowed: two numbers")
    drawn = _drawn(told, draws)
    m = told.measure
    found = robust.outcomes(told, drawn, replications)
    ranking = robust.ranking(found, told.strategies, m.sign, m.bounds, told.random("ranking"))
    regret = robust.by_draw(found, told.strategies, m.sign)
    tables = {"ranking": ranking, "regret": regret, "draws": drawn.frame}
    text = [
        f"{scenario.name}: {m.label}, {len(drawn)} draws of {len(told.free)} uncertain numbers",
        wording.ranking(ranking, found, told),
    ]
    half = max(2, replications // 2)
    ends = told.tell(sensitivity.tornado_points(told), half, what="ends of ranges")
    rules, said = _rules(told, drawn, found, base, ends, fail, m.margin if margin is None
                         else margin)  # fmt: skip
    tables["rules"] = rules
    text.append(said)
    if len(told.strategies) > 1:
        switches, said, known, look = _switches(told, ends, half, replications, margin)
        tables["switching"] = switches
        text.append(said)
        if len(told.free) > 1:
            pair = numbers or tuple(switching.influential(look, 2))
            tables["map"] = _map(told, known, pair, MAP_FACTOR * replications)
            text.append(wording.best_map(tables["map"]))
    else:
        text.append("There is only one strategy: it has no regret, and nothing to switch to.")
    manifest = _manifest(
        "robust", told, began, draws=len(drawn), draws_from=drawn.origin,
        replications=replications, baseline=base, fail=fail, margin=margin,
    )  # fmt: skip
    for name in ("ranking", "regret"):
        tables[name].attrs = {"label": m.label, "scale": m.scale, "steps": m.steps}
    figures = _robust_figures(tables, told, manifest)
    return Study(tables, "\n\n".join(text), manifest, figures)


def _known(option: str, name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise InputError(f'{option}: unknown "{name}"{nearest(name, list(known))}')
    return name


def _drawn(told: Worlds, draws: int | str | Path) -> Draws:
    try:
        if isinstance(draws, int):
            return drawing.sample(told.scenario, draws, told.seed)
        return drawing.read(draws, told.scenario)
    except DrawsError as error:
        raise InputError(str(error)) from None


def _rules(
    told: Worlds,
    drawn: Draws,
    found: robust.Outcomes,
    base: str,
    ends: Floats,
    fail: float | None,
    margin: float,
) -> tuple[pd.DataFrame, str]:
    """Rules for where the baseline fails and where it loses, in the numbers that move it most."""
    m, place = told.measure, told.strategies.index(base)
    means = robust.shrunk(found.means, found.noise).centre  # so that noise decides no case
    values = m.sign * means[:, place]
    limit = float(np.quantile(values, FAILING)) if fail is None else m.sign * fail
    failing = values < limit
    side = "below" if m.more else "above"
    unit = "%" if m.unit == measures.SHARE else "days"
    what = f"{base} fails ({m.scale * m.sign * limit:.3g} {unit} is the limit; {side} it are"
    cases = [("fails", failing, values, what)]
    if len(told.strategies) > 1:
        regret = robust.regrets(means, m.sign)[:, place]
        what = f"{base} loses by more than {m.scale * margin:g} {m.steps} (in"
        cases.append(("loses", regret > margin, regret, what))
    moved = _moved(told, ends, place)
    columns = [drawn.names.index(name) for name in moved if name in drawn.names]
    names = [drawn.names[i] for i in columns]
    tables, parts = [], []
    for kind, flags, outcome, title in cases:
        rules, why = discovery.discover(
            names, drawn.values[:, columns], flags, told.random(f"rules {kind}"), outcome
        )
        tables.append(rules.assign(case=kind))
        share = 100 * float(flags.mean())
        lines = [f"Where {title} {share:.0f} % of the draws):"]
        lines += wording.rule_lines(rules) if not why else [f"  {why}"]
        parts.append("\n".join(lines))
    kept = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(kept, ignore_index=True), "\n".join(parts)


def _moved(told: Worlds, ends: Floats, place: int) -> list[str]:
    """The numbers that move the baseline, or its difference to another strategy, most."""
    means = ends.mean(axis=2)
    of = [means[place], *(means[place] - means[s] for s in range(len(means)) if s != place)]
    swing = np.max([np.abs(one[2::2] - one[1::2]) for one in of], axis=0)
    order = np.argsort(-swing, kind="stable")[:INFLUENTIAL]
    return [told.free[i] for i in order if swing[i] > 0]


def _switches(
    told: Worlds, ends: Floats, half: int, replications: int, margin: float | None
) -> tuple[pd.DataFrame, str, switching.Base, pd.DataFrame]:
    known = switching.base(told, replications, margin)
    look = switching.first_look(known, ends)
    table = switching.switching_values(known, look, 5 * replications, half)
    return table, wording.switches(known, table), known, look


def _map(
    told: Worlds, known: switching.Base, pair: tuple[str, ...], replications: int
) -> pd.DataFrame:
    """The map among the strategies that are best where every number is likely."""
    order = [told.strategies[known.leader], *known.leads["strategy"]][:MAP_STRATEGIES]
    some = Worlds(told.scenario, tuple(n for n in told.strategies if n in order), told.measure,
                  told.seed, told.workers, told.progress)  # fmt: skip
    places = [told.strategies.index(name) for name in some.strategies]
    base = switching.Base(some, known.told[places], known.margin)
    table = switching.best_map(base, (pair[0], pair[1]), replications)
    table.attrs |= {"label": told.measure.label, "among": some.strategies}
    return table


def _robust_figures(tables: dict[str, pd.DataFrame], told: Worlds, manifest: Any) -> dict[str, Any]:
    from sim import plots_uncertainty as plots

    seed = f"{told.scenario.name}, seed {told.seed}"
    n, draws = manifest["replications"], manifest["draws"]
    figures = {}
    if len(told.strategies) > 1:
        figures["regret"] = plots.regret(
            tables["regret"], tables["ranking"],
            caption=f"{seed}, {draws:,} draws, {n:,} histories of each strategy and draw; boxes "
            "hold half of the draws, whiskers nine in ten; diamonds are means without noise",
        )  # fmt: skip
    if "map" in tables:
        figures["map"] = plots.best_map(
            tables["map"],
            caption=f"{seed}, {MAP_FACTOR * n:,} histories of each strategy and cell, all other "
            "numbers likely, each cell told apart at 95 %; among "
            f"{wording.listed(tables['map'].attrs['among'])}",
        )
    return figures
