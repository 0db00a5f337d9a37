"""How often the intervals of `detente sensitivity` and `robust` hold a truth known by a formula.

One study a repeat, each with random numbers of its own. Kinds are kept apart, so that one that
fails cannot hide behind others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

import sim
from sim.analysis import comparison, incidence, intervals
from sim.analysis.samples import Counts, CountSample
from sim.experiment import draws
from sim.experiment import evaluator as evaluation
from sim.studies import regret as regret_
from sim.studies import sensitivity_indices as indices
from sim.studies import switching_values

# Two ways to a deal, each tried once: "left" succeeds with p, "right" with q.
TWO_WAYS = """
title = "Two ways"
start = 2020-01-01
horizon = 100
goal = "deal"
conditions = { deal = {} }
[delegations]
A = { low = 1, likely = 2, high = 3 }
[[tracks.left.stages]]
name = "sign"
duration = 1
success = { low = 0.2, likely = 0.6, high = 0.9, as = "uniform" }
raises = ["deal"]
setbacks = [ { name = "no", delay = 0, resume = "abandon", weight = { low = 1, likely = 2, high = 3 } } ]
[[tracks.right.stages]]
name = "sign"
duration = 1
success = { low = 0.3, likely = 0.4, high = 0.5, as = "uniform" }
raises = ["deal"]
setbacks = [ { name = "no", delay = 0, resume = "abandon" } ]
[tracks.left]
parties = ["A"]
[strategies.left]
never = ["right"]
[strategies.right]
never = ["left"]
"""  # noqa: E501
P, Q, W, TABLES = "left.sign.success", "right.sign.success", "left.sign.no.weight", "delegations.A"
SCENARIO = sim.loads(TWO_WAYS, "two_ways.toml")

WEIGHTS = {"a": 3.0, "b": 2.0, "c": 1.0}
REPLICATIONS = 30

Hits = dict[str, list[bool]]
Table = npt.NDArray[np.float64]


def _note(hits: Hits, kind: str, row: object, name: str, truth: float) -> None:
    low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    hits.setdefault(f"{kind}: {name}", []).append(bool(low <= truth <= high))


# -- Sobol ----------------------------------------------------------------------------------------


def of_sobol(repeats: int) -> Hits:
    """Indices of a weighted sum, with noise of its own and noise that all points share."""
    weights = np.array(list(WEIGHTS.values()))
    whole = float((weights**2).sum())
    hits: Hits = {}
    for repeat in range(repeats):
        alone = {name: [name] for name in WEIGHTS}
        table, noise = indices.sobol(
            _noisy(weights, np.random.default_rng(repeat)), list(WEIGHTS), alone, 128,
            seed=repeat + 1,
        )  # fmt: skip
        assert not noise.too_noisy
        for row in table.itertuples():
            for name in ("first", "total"):
                _note(hits, "Sobol", row, name, WEIGHTS[row.factor] ** 2 / whole)
    return hits


def _noisy(
    weights: np.ndarray, generator: np.random.Generator
) -> Callable[[np.ndarray], np.ndarray]:
    # Slopes differ from replication to replication, as do levels.
    common, tilt = (
        generator.normal(size=REPLICATIONS),
        generator.normal(size=(len(weights), REPLICATIONS)),
    )

    def evaluate(cube: np.ndarray) -> np.ndarray:
        own = generator.normal(size=(len(cube), REPLICATIONS))
        return (cube @ weights)[:, None] + cube @ (3 * tilt) + 5 * common + 2 * own

    return evaluate


# -- regret ---------------------------------------------------------------------------------------


def outcomes(random: np.random.Generator, count: int, noise: float) -> tuple:
    """Outcomes of three strategies, and the truth behind them."""
    common = random.normal(0.5, 0.1, (count, 1))
    truth = common + random.normal([0.03, 0.0, -0.1], 0.05, (count, 3))
    means = truth + noise * random.normal(size=truth.shape)
    return regret_.DrawMeans(means, noise**2 * np.eye(3), 100), truth


def of_regret(repeats: int) -> Hits:
    """Mean and 90th percentile of the regret, chance of being best, and the outcome itself."""
    _, truth = outcomes(np.random.default_rng(0), 200_000, 0)
    regret = regret_.regrets(truth)
    known_ = {
        "regret": regret.mean(axis=0),
        "regret_p90": np.quantile(regret, 0.9, axis=0),
        "best": regret_.shares_of_best(truth, 1, 0).mean(axis=0),
        "value": truth.mean(axis=0),
    }
    hits: Hits = {}
    for repeat in range(repeats):
        random = np.random.default_rng(100 + repeat)
        found, _ = outcomes(random, 150, 0.04)
        for row in regret_.ranking(found, ("a", "b", "c"), 1, (-9, 9), random).itertuples():
            for name, values in known_.items():
                _note(hits, "robust", row, name, values["abc".index(row.strategy)])
    return hits


# -- switching values -----------------------------------------------------------------------------


def known(measure: str = "reached", **how: object) -> tuple:
    evaluator = evaluation.make_evaluator(SCENARIO, None, measure, **how)
    base = switching_values.base(evaluator, 100)
    ends = evaluator.evaluate(indices.tornado_points(evaluator), 200)
    return base, switching_values.first_look(base, ends)


def of_switching(repeats: int) -> Hits:
    """The value of `left`'s success at which `right` is as good: that of its own, 0.4."""
    hits: Hits = {}
    for seed in range(1, repeats + 1):
        base, look = known(seed=seed)
        table = switching_values.switching_values(base, look, 300, 200)
        row = next(row for row in table.itertuples() if row.number == P)
        assert row.verdict == "switches"
        _note(hits, "switching", row, "value", 0.4)
    return hits


# -- draws and replications -----------------------------------------------------------------------

COMPONENTS = {  # of variance: of draws, of replications, and of what is left
    "draws and replications": (1.0, 1.0, 1.0),
    "hardly by draws": (0.1, 1.0, 1.0),
    "hardly by replications": (1.0, 0.1, 1.0),
    "by replications alone": (0.0, 1.0, 0.1),
    "draws as if independent": (0.0, 0.0, 1.0),
}
CUTS = {"a half": 0.0, "5 %": 1.645, "1 %": 2.326}
CROSSED = (40, 100)  # draws x replications


def of_crossed(repeats: int) -> Hits:
    """Means, shares and shares from counts, over a table of draws x replications, both random."""
    random, part = np.random.default_rng(5), _counted(*CROSSED)
    hits: Hits = {}
    for _ in range(repeats):
        for kind, parts in COMPONENTS.items():
            table = _table(random, *parts)
            found = intervals.crossed_mean(table.mean(), _spread(table))
            _hold(hits, f"mean, {kind}", found, 0.0)
            for share, cut in CUTS.items():
                came = (table > cut * np.sqrt(sum(parts))).astype(float)
                truth = float(stats.norm.sf(cut))
                found = intervals.crossed_share(came.mean(), _spread(came))
                _hold(hits, f"share of {share}, {kind}", found, truth)
                counts = Counts(came.sum(axis=1).astype(np.int64)[:, None], None)
                _hold(hits, f"share of {share} from counts, {kind}", part.share_of(counts), truth)
    return hits


def _table(random: np.random.Generator, draws: float, replications: float, left: float) -> Table:
    """Normal values with these components of variance."""
    d, r = CROSSED
    table: Table = (
        np.sqrt(draws) * random.normal(size=(d, 1))
        + np.sqrt(replications) * random.normal(size=r)
        + np.sqrt(left) * random.normal(size=CROSSED)
    )
    return table


def _spread(table: Table) -> intervals.Spread:
    best, margins = table.mean(), (table.mean(axis=1), table.mean(axis=0))
    by_draw, by_replication = ((each - best) / len(each) for each in margins)
    return intervals.crossed(best, by_draw, by_replication)


def _counted(draws_: int, replications: int) -> CountSample:
    """Runs of which only the counts of each draw are known."""
    runs = pd.DataFrame({"n": [replications]}, ["runs"])
    return CountSample("counted", (runs,) * draws_, True, intervals.LEVEL)


def _hold(hits: Hits, kind: str, found: intervals.Interval, truth: float) -> None:
    hits.setdefault(f"crossed: {kind}", []).append(bool(found.low <= truth <= found.high))


def of_draws(repeats: int) -> Hits:
    """What a run over draws prints, where `left` succeeds with p, uniform from 0.2 to 0.9."""
    truth = {"left": 0.55, "right": 0.4}
    days = {name: 1 + 99 * (1 - share) for name, share in truth.items()}
    hits: Hits = {}
    for seed in range(1, repeats + 1):
        design = draws.sample(SCENARIO, 32, seed, "lhs")
        random = np.random.default_rng(seed)  # neither a design nor its balance: draws by chance
        points = random.uniform(size=design.values.shape)
        chance = draws.Draws(design.names, draws.transform(SCENARIO, points), "by chance")
        frame = sim.run(SCENARIO, None, 60, seed, draws=chance).frame
        summary = incidence.summary(frame, "deal", None, 100.0)
        for row in summary.itertuples():
            _note(hits, "draws", row, "reached", truth[row.strategy])
            _note(hits, "draws", row, "restricted_mean", days[row.strategy])
        paired = comparison.paired_samples(frame, "deal", None, 100.0)
        gaps = comparison.differences(paired, "left").set_index("measure").loc
        for name, value in (("reached", -0.15), ("restricted_mean", 0.15 * 99)):
            row = gaps[name]
            hits.setdefault(f"draws: difference, {name}", []).append(
                bool(row["low"] <= value <= row["high"])
            )
    return hits


PARTS: dict[str, Callable[[int], Hits]] = {
    "crossed": of_crossed,
    "draws": of_draws,
    "sobol": of_sobol,
    "regret": of_regret,
    "switching": of_switching,
}
