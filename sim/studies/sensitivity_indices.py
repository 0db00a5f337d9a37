"""Which uncertain parameters move an outcome, and by how much: tornado, Morris, Sobol.

* :func:`tornado`: each parameter alone from its low to its high end, all others at their base
  values, under common random numbers; in natural units.
* :func:`morris`: elementary effects (M. D. Morris 1991; F. Campolongo et al. 2007) of every
  parameter while all others vary too: a screen of hundreds of parameters.
* :func:`sobol`: first and total indices (I. M. Sobol 2001; A. Saltelli et al. 2010) of the
  parameters that matter; the others are one factor together, so that nothing is left out unseen.

Samples and estimators are those of SALib; parameters are sampled from the laws of their ranges.
Parameters tied by a correlation are one factor: an index of one of them alone has no meaning.

**Noise.** An outcome is a mean over finitely many replications. As replication r has the same
random numbers at every point, an outcome over draws x replications is a two-way table, and the
residual mean square s2 of its analysis of variance is the interaction of random numbers and
parameters. So

    variance of the draws' means = parameter variance + s2 / replications

and each estimate is given as SALib has it and again with the expectation of its noise taken off:
a product of two means has the expectation of the product of the true ones plus their covariance
over replications, which is estimated within each draw.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from sim.analysis.intervals import mean_interval
from sim.engine import streams
from sim.errors import InputError
from sim.experiment.evaluator import Evaluator
from sim.scenario.scenario import Scenario
from sim.types import Floats

LEVELS = 4  # of Morris's grid
MARGIN = 1 / (2 * LEVELS)  # the grid stands at the middles of quarters, not at the ends of ranges
STEP = LEVELS / (2 * (LEVELS - 1))  # of an elementary effect, in units of the grid's width
RESAMPLES = 400
BATCHES = 10  # of replications, for the jackknife
TOO_NOISY = 0.5  # share of the variance that may be noise before indices are not to be trusted
OTHERS = "all others"


# -- factors --------------------------------------------------------------------------------------


def factors(scenario: Scenario, free: Sequence[str]) -> dict[str, list[str]]:
    """Numbers that vary together, by a name for each such set.

    Numbers tied by correlations, also through third ones, are one factor, named ``a + b``.
    """
    group = {name: [name] for name in free}
    for one in scenario.correlations:
        a, b = one.between
        if one.rank and a in group and b in group and group[a] is not group[b]:
            group[a].extend(group[b])
            for name in group[b]:
                group[name] = group[a]
    unique = {id(names): names for names in group.values()}
    return {" + ".join(names): names for names in unique.values()}


def _problem(free: Sequence[str], grouped: dict[str, list[str]], bounds: list[float]) -> Any:
    """What SALib calls a problem; its groups have plain names, in the order of the factors."""
    of = {name: f"g{i}" for i, names in enumerate(grouped.values()) for name in names}
    ordered = [name for names in grouped.values() for name in names]
    return {
        "num_vars": len(free),
        "names": ordered,
        "groups": [of[name] for name in ordered],
        "bounds": [bounds] * len(free),
    }


def _in_order(free: Sequence[str], problem: Any, cube: Floats) -> Floats:
    """Columns of SALib's sample in the order of the free numbers."""
    return np.ascontiguousarray(cube[:, [problem["names"].index(name) for name in free]])


def _seed(seed: int, purpose: str) -> int:
    """A seed that SALib takes; it takes 0 for none."""
    random = np.random.default_rng([seed, streams.stream(purpose)])
    return int(random.integers(1, 2**31))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # What SALib warns of, constant outcomes, is said in words by those who call it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# -- tornado --------------------------------------------------------------------------------------


def tornado_points(evaluator: Evaluator) -> Floats:
    """The base values, then each free parameter at its low and at its high end.

    Returns:
        Parameter vectors, (1 + 2 free, k).
    """
    points = [evaluator.base]
    for name in evaluator.free:
        number = evaluator.ranges[name]
        points += [
            evaluator.with_values({name: number.low}),
            evaluator.with_values({name: number.high}),
        ]
    return np.array(points)


def tornado(
    evaluator: Evaluator, replications: int = 1000, against: str | None = None
) -> pd.DataFrame:
    """One-at-a-time swings of the first strategy's outcome (or of its lead over another).

    Returns:
        A row for each free number, the largest swing first: number, from, likely, to (its values);
        then as low, best, high: the change at its low end (at_low), at its high end (at_high), and
        from the one to the other (swing). Intervals are paired, and NaN with one replication.
    """
    outcomes = outcome(evaluator, tornado_points(evaluator), replications, against, "tornado")
    return swings(evaluator, outcomes, against is not None)


def swings(evaluator: Evaluator, outcomes: Floats, difference: bool = False) -> pd.DataFrame:
    """The table of :func:`tornado` from what was simulated at its points.

    Args:
        evaluator: of the strategy and the measure.
        outcomes: at :func:`tornado_points`, (points, replications), by common random numbers.
        difference: whether they are differences of two strategies, which reach twice as far.

    Returns:
        One row for each free parameter, the largest swing first: its range and base value, and the
        paired changes ``at_low``, ``at_high`` and ``swing``, each with its 95 % interval.
    """
    low, high = outcomes[1::2], outcomes[2::2]
    reach = (2 if difference else 1) * evaluator.measure.width
    table: dict[str, Any] = {
        "number": evaluator.free,
        "from": [evaluator.ranges[name].low for name in evaluator.free],
        "likely": [evaluator.ranges[name].likely for name in evaluator.free],
        "to": [evaluator.ranges[name].high for name in evaluator.free],
    }
    changes = (
        ("at_low", low - outcomes[0]),
        ("at_high", high - outcomes[0]),
        ("swing", high - low),
    )
    for name, change in changes:
        interval = mean_interval(change.T, (-reach, reach))
        table |= {f"{name}_low": interval.low, name: interval.best, f"{name}_high": interval.high}
    frame = pd.DataFrame(table)
    frame = frame.assign(size=frame["swing"].abs()).sort_values(
        ["size", "number"], ascending=[False, True], ignore_index=True
    )
    return frame.drop(columns="size")


def outcome(
    evaluator: Evaluator, points: Floats, replications: int, against: str | None, what: str
) -> Floats:
    """What is studied, (points, replications): an outcome, or the lead over another strategy.

    Args:
        evaluator: its first strategy is studied.
        points: parameter vectors, (points, k).
        replications: at each point, with random numbers common to all points.
        against: a strategy whose outcome is subtracted; nothing is where None.
        what: said of the progress.
    """
    if against is None:
        alone: Floats = evaluator.evaluate(points, replications, 0, evaluator.strategies[:1], what)[
            0
        ]
        return alone
    outcomes = evaluator.evaluate(points, replications, 0, [evaluator.strategies[0], against], what)
    lead: Floats = outcomes[0] - outcomes[1]
    return lead


# -- Morris ---------------------------------------------------------------------------------------


def morris(
    evaluate: Callable[[Floats], Floats],
    free: Sequence[str],
    grouped: dict[str, list[str]],
    trajectories: int = 20,
    seed: int = 1,
) -> pd.DataFrame:
    """Elementary effects, screened for noise.

    Args:
        evaluate: from points of the unit cube, (n, free), to outcomes, (n, replications).
        free: numbers, in the order of the cube's columns.
        grouped: factors; see :func:`factors`.
        trajectories: r; (factors + 1) r points are evaluated.
        seed: of the design.

    Returns:
        A row for each factor, the largest effect first. Effects are what the outcome would change
        over the whole grid, which reaches from the 1/8 to the 7/8 quantile of a number: mu,
        mu_star (with limits) and sigma as SALib has them (mu and sigma are NaN for a factor of
        several numbers); noise: what mu_star would be of a factor that does nothing but disturb;
        effect_low, effect, effect_high: root mean square effect with the noise taken off.
    """
    from SALib.analyze import morris as analysis
    from SALib.sample import morris as sampling

    problem = _problem(free, grouped, [MARGIN, 1 - MARGIN])
    with _quiet():
        cube = sampling.sample(problem, trajectories, LEVELS, seed=_seed(seed, "morris"))
    outcomes = evaluate(_in_order(free, problem, cube))
    with _quiet():
        found = analysis.analyze(
            problem,
            cube,
            outcomes.mean(axis=1),
            num_levels=LEVELS,
            seed=_seed(seed, "morris again"),
        )
    several = np.array([len(names) > 1 for names in grouped.values()])
    star, half = _plain(found["mu_star"]), _plain(found["mu_star_conf"])
    mean, noise = _effects(problem, cube, outcomes, len(grouped))
    square = mean * mean - noise
    limits = _resampled(square, np.random.default_rng(_seed(seed, "morris effects")))
    table = pd.DataFrame(
        {
            "factor": list(grouped),
            "numbers": [len(names) for names in grouped.values()],
            "mu": np.where(several, np.nan, _plain(found["mu"])),
            "mu_star_low": np.maximum(star - half, 0),
            "mu_star": star,
            "mu_star_high": star + half,
            "sigma": np.where(several, np.nan, _plain(found["sigma"])),
            "noise": np.sqrt(2 / np.pi * noise.mean(axis=0)),
            "effect_low": np.sqrt(np.maximum(limits[0], 0)),
            "effect": np.sqrt(np.maximum(square.mean(axis=0), 0)),
            "effect_high": np.sqrt(np.maximum(limits[1], 0)),
        }
    )
    return table.sort_values(["effect", "mu_star", "factor"], ascending=[False, False, True],
                             ignore_index=True)  # fmt: skip


def _plain(values: Any) -> Floats:
    filled: Floats = np.ma.filled(np.ma.asarray(values, float), np.nan)
    return filled


def _effects(problem: Any, cube: Floats, outcomes: Floats, count: int) -> tuple[Floats, Floats]:
    """Elementary effects, (trajectories, factors), and the variance that noise gives each."""
    steps = outcomes.reshape(-1, count + 1, outcomes.shape[1])
    moves = np.diff(cube.reshape(-1, count + 1, cube.shape[1]), axis=1)
    group = np.array([int(name[1:]) for name in problem["groups"]])
    which = group[np.abs(moves).argmax(axis=2)]
    change = np.diff(steps, axis=1) / STEP
    mean, noise = np.zeros(which.shape), np.zeros(which.shape)
    rows = np.arange(len(which))[:, None]
    mean[rows, which] = change.mean(axis=2)
    if outcomes.shape[1] > 1:
        noise[rows, which] = change.var(axis=2, ddof=1) / outcomes.shape[1]
    return mean, noise


def _resampled(values: Floats, random: np.random.Generator) -> Floats:
    """Bootstrap limits of means over rows, (2, columns)."""
    if len(values) < 2:
        return np.full((2, values.shape[1]), np.nan)
    weights = random.multinomial(len(values), np.full(len(values), 1 / len(values)), RESAMPLES)
    limits: Floats = np.quantile(weights @ values / len(values), [0.025, 0.975], axis=0)
    return limits


# -- Sobol ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noise:
    """How much of the variance between draws is that of finitely many replications.

    Attributes:
        variance: of the draws' means.
        noise: the part of it that comes from finitely many replications.
        replications: behind each mean.
    """

    variance: float
    noise: float
    replications: int

    @property
    def parameters(self) -> float:
        """The part that the numbers bring in; at least 0."""
        return max(0.0, self.variance - self.noise)

    @property
    def share(self) -> float:
        """Noise as a share of the variance, at most 1; NaN where it is not known."""
        if self.replications < 2:
            return math.nan
        return min(1.0, self.noise / self.variance) if self.variance > 0 else 0.0

    @property
    def too_noisy(self) -> bool:
        """Is what the numbers do lost in noise?"""
        return self.replications > 1 and self.share > TOO_NOISY

    def enough(self, share: float = 0.1) -> float:
        """Replications at which noise would be this share of the variance; inf: never."""
        if self.parameters == 0:
            return math.inf
        return math.ceil(self.noise * self.replications * (1 - share) / (share * self.parameters))


def noise_of(outcomes: Floats) -> Noise:
    """The decomposition of the top of this module, from (draws, replications).

    The variance is unbiased; so is its noise part.
    """
    draws, replications = outcomes.shape
    means = outcomes.mean(axis=1)
    variance = float(means.var(ddof=1)) if draws > 1 else 0.0
    if draws < 2 or replications < 2:
        return Noise(variance, 0.0, replications)
    residual = outcomes - means[:, None] - outcomes.mean(axis=0) + outcomes.mean()
    square = float((residual * residual).sum()) / ((draws - 1) * (replications - 1))
    return Noise(variance, square / replications, replications)


def sobol(
    evaluate: Callable[[Floats], Floats],
    free: Sequence[str],
    grouped: dict[str, list[str]],
    base: int = 512,
    seed: int = 1,
) -> tuple[pd.DataFrame, Noise]:
    """First and total indices with intervals.

    Args:
        evaluate, free, grouped, seed: as for :func:`morris`.
        base: N, a power of 2; N (factors + 2) points are evaluated.

    Returns:
        A row for each factor, the largest total index first: factor, numbers, then first_low,
        first, first_high, total_low, total, total_high with the noise taken off and kept within
        0..1, and first_raw, total_raw with their first_raw_half and total_raw_half as SALib has
        them. Where noise is too much, or nothing varies, the corrected ones are NaN.

    Raises:
        InputError: a base that is no power of 2.
    """
    from SALib.sample import sobol as sampling

    if base < 2 or base & (base - 1):
        raise InputError(f"base: found {base}; allowed: a power of 2, as 256, 512, 1024")
    problem = _problem(free, grouped, [0.0, 1.0])
    with _quiet():
        cube = sampling.sample(
            problem, base, calc_second_order=False, seed=_seed(seed, "sobol indices")
        )
    outcomes = evaluate(_in_order(free, problem, cube))
    outcomes = outcomes.reshape(base, len(grouped) + 2, -1)
    noise = noise_of(np.concatenate([outcomes[:, 0], outcomes[:, -1]]))
    raw = _by_salib(problem, outcomes.mean(axis=2), seed) if noise.variance > 0 else {}
    table = pd.DataFrame({"factor": list(grouped), "numbers": list(map(len, grouped.values()))})
    shaken = _jackknifed(outcomes)
    for name, key in (("first", "S1"), ("total", "ST")):
        best = _corrected(outcomes)[name]
        half = np.full(len(grouped), np.nan)
        if raw:
            stretch = noise.variance / noise.parameters if noise.parameters > 0 else math.nan
            half = np.hypot(raw[f"{key}_conf"] * stretch, shaken[name])
        usable = bool(raw) and not noise.too_noisy
        for ending, values in (("_low", best - half), ("", best), ("_high", best + half)):
            table[name + ending] = np.clip(values, 0, 1) if usable else np.nan
        table[f"{name}_raw"] = raw.get(key, np.nan)
        table[f"{name}_raw_half"] = raw.get(f"{key}_conf", np.nan)
    order = ["total", "total_raw", "factor"]
    table = table.sort_values(order, ascending=[False, False, True], ignore_index=True)
    return table, noise


def _by_salib(problem: Any, means: Floats, seed: int) -> Any:
    from SALib.analyze import sobol as analysis

    with _quiet():
        return analysis.analyze(
            problem, means.ravel(), calc_second_order=False, num_resamples=RESAMPLES,
            seed=_seed(seed, "sobol resamples"),
        )  # fmt: skip


def _corrected(outcomes: Floats) -> dict[str, Floats]:
    """Indices without their noise, from (base, factors + 2, replications), A first and B last.

    The estimators are those of Saltelli 2010 (first) and Jansen (total), as in SALib.
    """
    a, mixed, b = outcomes[:, :1], outcomes[:, 1:-1], outcomes[:, -1:]
    replications = outcomes.shape[2]
    change = mixed - a
    means, ends = change.mean(axis=2), b.mean(axis=2)
    centre = outcomes[:, [0, -1]].mean()
    first = ((ends - centre) * means).mean(axis=0)
    total = (means * means).mean(axis=0) / 2
    noise = noise_of(np.concatenate([outcomes[:, 0], outcomes[:, -1]]))
    if replications > 1:
        spread = change - means[:, :, None]
        together = (spread * (b - ends[:, :, None])).sum(axis=2) / (replications - 1)
        first -= together.mean(axis=0) / replications
        total -= (spread * spread).sum(axis=2).mean(axis=0) / (replications - 1) / replications / 2
    parameters = noise.parameters
    if parameters == 0:
        return {"first": np.full(len(first), np.nan), "total": np.full(len(first), np.nan)}
    return {"first": first / parameters, "total": total / parameters}


def _jackknifed(outcomes: Floats) -> dict[str, Floats]:
    """Half-widths that the choice of replications adds, by leaving out a tenth of them at a time.

    The draws resampled by the bootstrap share their random numbers, so that it cannot show this.
    """
    replications = outcomes.shape[2]
    batches = min(BATCHES, replications)
    if batches < 3:
        none = np.zeros(outcomes.shape[1] - 2)
        return {"first": none, "total": none}
    which = np.arange(replications) % batches
    left = [_corrected(outcomes[:, :, which != i]) for i in range(batches)]
    t = float(stats.t.ppf(0.975, batches - 1))
    found = {}
    for name in ("first", "total"):
        values = np.array([one[name] for one in left])
        found[name] = t * np.sqrt((batches - 1) * values.var(axis=0))
    return found
