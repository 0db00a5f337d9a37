"""How often the intervals of `detente sensitivity` and `robust` hold a truth known by a formula.

One study a repeat, each with luck of its own. Kinds are kept apart, so that one that fails cannot
hide behind others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import sim
from sim.experiment import evaluator
from sim.studies import robustness, sensitivity, switching_values

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
HISTORIES = 30

Hits = dict[str, list[bool]]


def _note(hits: Hits, kind: str, row: object, name: str, truth: float) -> None:
    low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    hits.setdefault(f"{kind}: {name}", []).append(bool(low <= truth <= high))


# -- Sobol ----------------------------------------------------------------------------------------


def of_sobol(repeats: int) -> Hits:
    """Indices of a weighted sum, with noise, and with luck that all points share."""
    weights = np.array(list(WEIGHTS.values()))
    whole = float((weights**2).sum())
    hits: Hits = {}
    for repeat in range(repeats):
        alone = {name: [name] for name in WEIGHTS}
        table, noise = sensitivity.sobol(
            _lucky(weights, np.random.default_rng(repeat)), list(WEIGHTS), alone, 128,
            seed=repeat + 1,
        )  # fmt: skip
        assert not noise.too_noisy
        for row in table.itertuples():
            for name in ("first", "total"):
                _note(hits, "Sobol", row, name, WEIGHTS[row.factor] ** 2 / whole)
    return hits


def _lucky(weights: np.ndarray, luck: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    # Slopes differ from history to history, as do levels.
    common, tilt = luck.normal(size=HISTORIES), luck.normal(size=(len(weights), HISTORIES))

    def evaluate(cube: np.ndarray) -> np.ndarray:
        own = luck.normal(size=(len(cube), HISTORIES))
        return (cube @ weights)[:, None] + cube @ (3 * tilt) + 5 * common + 2 * own

    return evaluate


# -- regret ---------------------------------------------------------------------------------------


def outcomes(random: np.random.Generator, draws: int, noise: float) -> tuple:
    """Outcomes of three strategies, and the truth behind them."""
    common = random.normal(0.5, 0.1, (draws, 1))
    truth = common + random.normal([0.03, 0.0, -0.1], 0.05, (draws, 3))
    means = truth + noise * random.normal(size=truth.shape)
    return robustness.Outcomes(means, noise**2 * np.eye(3), 100), truth


def of_regret(repeats: int) -> Hits:
    """Mean and 90th percentile of the regret, chance of being best, and the outcome itself."""
    _, truth = outcomes(np.random.default_rng(0), 200_000, 0)
    regret = robustness.regrets(truth)
    known_ = {
        "regret": regret.mean(axis=0),
        "regret_p90": np.quantile(regret, 0.9, axis=0),
        "best": robustness.shares_of_best(truth, 1, 0).mean(axis=0),
        "value": truth.mean(axis=0),
    }
    hits: Hits = {}
    for repeat in range(repeats):
        random = np.random.default_rng(100 + repeat)
        found, _ = outcomes(random, 150, 0.04)
        for row in robustness.ranking(found, ("a", "b", "c"), 1, (-9, 9), random).itertuples():
            for name, values in known_.items():
                _note(hits, "robust", row, name, values["abc".index(row.strategy)])
    return hits


# -- switching values -----------------------------------------------------------------------------


def known(measure: str = "reached", **how: object) -> tuple:
    told = evaluator.worlds(SCENARIO, None, measure, **how)
    base = switching_values.base(told, 100)
    ends = told.tell(sensitivity.tornado_points(told), 200)
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


PARTS: dict[str, Callable[[int], Hits]] = {
    "sobol": of_sobol,
    "regret": of_regret,
    "switching": of_switching,
}
