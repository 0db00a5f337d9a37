"""How often each printed interval holds the truth, which the Markov chain knows.

One long run is cut into many small studies. Each study makes its tables as the commands do, and
every interval in them is asked whether it holds what the chain says. Intervals that are to
hold together are counted as one: all of them, or a miss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.integrate import simpson

import sim
import study_coverage
from markov_chain import Chain
from sim.analysis import attribution, comparison, competing_risks, dominance
from sim.analysis import incidence as st
from sim.engine import kernel
from sim.engine.program import Program, translate
from sim.studies import ablation
from sim.tracing import time_budget

TEXT = """
title = "No memory"
start = 2019-01-01
horizon = 730
goal = "freeze"
ruin = "war"
[conditions]
freeze = {}
war = {}
lost = {}
table = {}
crisis = { fades = { mean = 40 } }
[[tracks.one.stages]]
name = "talk"
duration = { mean = 50 }
success = 0.5
setbacks = [ { name = "rebuff", delay = { mean = 60 }, raises = ["crisis"] } ]
[[tracks.one.stages]]
name = "deal"
duration = { mean = 60 }
success = 0.5
raises = ["freeze"]
setbacks = [ { name = "walkout", delay = { mean = 90 }, resume = "talk" },
             { name = "shut", delay = { mean = 30 }, resume = "abandon" } ]
[[tracks.two.stages]]
name = "prepare"
duration = { mean = 60 }
success = 0.6
holds = ["table"]
setbacks = [ { name = "unprepared", delay = { mean = 40 } } ]
[[tracks.two.stages]]
name = "convene"
duration = { mean = 90 }
success = 0.5
holds = ["table"]
raises = ["freeze"]
setbacks = [ { name = "stood_up", delay = { mean = 120 }, resume = "prepare" } ]
[shocks.test]
rate = 4
raises = ["crisis"]
[shocks.collapse]
rate = 0.8
when = ["freeze"]
clears = ["freeze"]
raises = ["lost"]
[shocks.war]
rate = 0.15
raises = ["war"]
[[influences]]
of = "crisis"
on = "one.*"
odds = 0.5
[strategies.one]
never = ["two"]
[strategies.two]
never = ["one"]
[strategies.late]
never = ["two"]
starts = { one = ["crisis"] }
[strategies.parallel]
starts = { two = ["one.talk"] }
"""
# The first track's last stage hardly ever succeeds, so that two of its strategies seldom differ.
RARE_GOAL = TEXT.replace(
    'success = 0.5\nraises = ["freeze"]', 'success = 0.03\nraises = ["freeze"]', 1
)
# One attempt decides: its residual explains all, but for an event that few studies see.
ONE_ATTEMPT = """
title = "One attempt"
start = 2020-01-01
horizon = 100
goal = "deal"
conditions = { deal = {}, scandal = {} }
[[tracks.left.stages]]
name = "sign"
duration = { mean = 2 }
success = 0.5
raises = ["deal"]
setbacks = [ { name = "no", delay = 0, resume = "abandon" } ]
[[tracks.right.stages]]
name = "sign"
duration = { mean = 2 }
success = 0.4
raises = ["deal"]
setbacks = [ { name = "no", delay = 0, resume = "abandon" } ]
[shocks.leak]
on = 2020-01-01
probability = 0.01
raises = ["scandal"]
[[influences]]
of = "scandal"
on = "left.sign"
odds = 0.001
[strategies.left]
never = ["right"]
[strategies.right]
never = ["left"]
"""
PEACE = TEXT.replace("rate = 0.15", "rate = 0")
NAMES = ["one", "two", "late", "parallel"]
HORIZON = 730.0
DAYS = np.linspace(0.0, HORIZON, 731)
REPLICATIONS = 200
RARE = ["reached", "restricted_mean", "held_freeze"]
SEED = 11
FEW = 30  # simulated with their logs, which takes its time
LEVEL = 0.95
LEAST = 0.95 * LEVEL
"""An interval of a level of 95 % must hold the truth in at least 95 % of 95 % of the studies."""

Hits = dict[str, list[bool]]


class Truth:
    """What the chain says of one strategy."""

    def __init__(self, text: str, name: str) -> None:
        self.chain = Chain(text, name)
        came = np.array(self.chain.incidence(list(DAYS)))
        self.goal, self.ruin = came[:, 0], came[:, 1]
        self.restricted_mean = float(simpson(1 - self.goal, x=DAYS))
        self.held = self.chain.days("freeze")[0]
        self.war = self.chain.passage("war", [HORIZON])[0]

    def of(self, measure: str) -> float:
        """The value of a measure of :mod:`sim.analysis.comparison`."""
        if measure.startswith("reached"):
            day = HORIZON if measure == "reached" else float(int(365.25 * int(measure[8:-1])))
            return float(np.interp(day, DAYS, self.goal))
        return {
            "restricted_mean": self.restricted_mean,
            "held_freeze": self.held,
            "ruin": self.war,
        }[measure]


def studies(
    text: str, repeats: int, names: list[str] = NAMES, size: int = REPLICATIONS
) -> Iterator[pd.DataFrame]:
    """Small studies of the same strategies, cut from one run."""
    frame = sim.run(sim.loads(text), names, repeats * size, seed=SEED).frame
    study = frame["replication"] // size
    for _, part in frame.groupby(study, sort=True):
        yield part.reset_index(drop=True)


def within(low: float, truth: float, high: float) -> bool:
    """Does an interval hold it? A limit that is not known (NaN) is none."""
    return not (truth < low - 1e-9 or truth > high + 1e-9)


def hold(table: pd.DataFrame, truths: list[float], low: str = "low", high: str = "high") -> bool:
    """Do all intervals of a table hold theirs?"""
    limits = zip(table[low], truths, table[high], strict=True)
    return all(within(*one) for one in limits)


# -- what is printed, one function a table --------------------------------------------------------


def of_comparison(repeats: int) -> Hits:
    """Estimates, differences by themselves and jointly, the best, and the bands."""
    truths = {name: Truth(TEXT, name) for name in NAMES}
    hits: Hits = {}
    programs = {name: translate(sim.loads(TEXT).strategy(name)) for name in NAMES}
    for at, frame in enumerate(studies(TEXT, repeats)):
        paired = comparison.paired_samples(frame, "freeze", "war", HORIZON)
        paired = replace(paired, residuals=_residuals(programs, at))
        for row in comparison.estimates(paired).itertuples():
            truth = truths[row.strategy].of(row.measure)
            hits.setdefault(f"estimate: {row.measure}", []).append(within(row.low, truth, row.high))
        apart = comparison.differences(paired, "one")
        best = comparison.with_the_best(paired)
        for measure, part in apart.groupby("measure"):
            base = truths["one"].of(measure)
            gaps = [truths[name].of(measure) - base for name in part["strategy"]]
            for prefix, what in (("", "difference"), ("adjusted_", "difference, adjusted")):
                limits = zip(part[f"{prefix}low"], gaps, part[f"{prefix}high"], strict=True)
                hits.setdefault(f"{what}: {measure}", []).extend(within(*one) for one in limits)
            jointly = hold(part, gaps, "joint_low", "joint_high")
            hits.setdefault(f"differences jointly: {measure}", []).append(jointly)
            of_best = best[best["measure"] == measure]
            behind = _behind_the_best(of_best, truths)
            hits.setdefault(f"the best: {measure}", []).append(hold(of_best, behind))
        bands = dominance.bands(paired, "one")
        curves = [
            np.interp(row.time, DAYS, truths[row.strategy].goal - truths["one"].goal)
            for row in bands.itertuples()
        ]
        hits.setdefault("bands of incidence, jointly", []).append(hold(bands, curves))
    return hits


def of_rare_differences(repeats: int) -> Hits:
    """Differences that few replications carry; residuals explain all but a rare event."""
    hits: Hits = {}
    chance = 0.99 * 0.5 + 0.01 * 0.0005 / 0.5005  # odds of 0.001, where there is a scandal
    gap = 0.4 - chance
    gained = 100 - 2 * (1 - math.exp(-50))  # days, by a success
    one = {"reached": gap, "restricted_mean": -gap * gained, "held_deal": gap * gained}
    _differ(hits, "one attempt", ONE_ATTEMPT, ["left", "right"], one, repeats, size=100)
    truths = [Truth(RARE_GOAL, name) for name in ("one", "late")]
    rare = {name: truths[1].of(name) - truths[0].of(name) for name in RARE}
    _differ(hits, "rare goal", RARE_GOAL, ["one", "late"], rare, repeats, size=REPLICATIONS)
    return hits


def _differ(
    hits: Hits,
    kind: str,
    text: str,
    names: list[str],
    truth: dict[str, float],
    repeats: int,
    size: int,
) -> None:
    """Differences of the second strategy to the first, plain and adjusted."""
    scenario = sim.loads(text)
    programs = {name: translate(scenario.strategy(name)) for name in names}
    for at, frame in enumerate(studies(text, repeats, names, size)):
        known = comparison.paired_samples(frame, scenario.goal, scenario.ruin, scenario.horizon)
        known = replace(known, residuals=_residuals(programs, at, size))
        for row in comparison.differences(known, names[0]).itertuples():
            if row.measure in truth:
                gap = truth[row.measure]
                for what, low, high in (
                    ("", row.low, row.high),
                    (", adjusted", row.adjusted_low, row.adjusted_high),
                ):
                    held = within(low, gap, high)
                    hits.setdefault(f"{kind}{what}: {row.measure}", []).append(held)


def _residuals(
    programs: dict[str, Program], at: int, size: int = REPLICATIONS
) -> dict[str, np.ndarray]:
    """Martingale residuals of the histories of a study."""
    return {
        name: kernel.simulate(program, SEED, at * size, size, residuals=True).residuals.reshape(
            size, -1
        )
        for name, program in programs.items()
    }


def _behind_the_best(table: pd.DataFrame, truths: dict[str, Truth]) -> list[float]:
    measure, better = table["measure"].iloc[0], table["better"].iloc[0]
    values = {name: truths[name].of(measure) for name in table["strategy"]}
    best = max if better == "higher" else min
    return [
        values[name] - best(value for other, value in values.items() if other != name)
        for name in table["strategy"]
    ]


def of_pairs(repeats: int) -> Hits:
    """Win, tie and loss of two strategies with independent random numbers, by two chains."""
    one, two = (Truth(PEACE, name) for name in ("one", "two"))
    density = np.gradient(one.goal, DAYS)
    win = float(simpson(density * (1 - two.goal), x=DAYS))
    tie = float((1 - one.goal[-1]) * (1 - two.goal[-1]))
    truth = {"win": win, "tie": tie, "loss": 1 - win - tie}
    hits: Hits = {}
    for frame in studies(PEACE, repeats, ["one", "two"]):
        table = comparison.pairs(comparison.paired_samples(frame, "freeze", "war", HORIZON))
        row = table[table["a"] == "one"].iloc[0]
        for name, share in truth.items():
            held = within(row[f"{name}_low"], share, row[f"{name}_high"])
            hits.setdefault(f"pair: {name}", []).append(held)
    return hits


def of_curves(repeats: int) -> Hits:
    """Incidence, incidence by cause, hazard a quarter, and the median; strategy ``two``."""
    truth = Truth(TEXT, "two")
    median = float(np.interp(0.5, truth.goal, DAYS))
    causes = {"freeze": truth.goal, "war": truth.ruin}
    open_ = 1 - truth.goal - truth.ruin
    grid = [100.0, 250.0, 500.0, HORIZON]
    hits: Hits = {}
    for frame in studies(TEXT, repeats, ["two"]):
        for row in competing_risks.incidence_by_outcome(
            frame, horizon=HORIZON, grid=grid
        ).itertuples():
            if row.outcome in causes:
                share = float(np.interp(row.time, DAYS, causes[row.outcome]))
                held = within(row.low, share, row.high)
                hits.setdefault(f"incidence by cause: {row.outcome}", []).append(held)
        for row in competing_risks.hazard(frame, horizon=HORIZON, span=91.0).itertuples():
            if row.outcome in causes:
                cause = causes[row.outcome]
                begun, ended = (np.interp(day, DAYS, cause) for day in (row.opens, row.closes))
                chance = (ended - begun) / np.interp(row.opens, DAYS, open_)
                held = within(row.low, float(chance), row.high)
                hits.setdefault(f"hazard: {row.outcome}", []).append(held)
        row = st.summary(frame, "freeze", "war", HORIZON).iloc[0]
        hits.setdefault("median", []).append(within(row["median_low"], median, row["median_high"]))
    return hits


def of_durability(repeats: int) -> Hits:
    """How long a freeze lasts, and whether to the end; without war, so that the chain is small."""
    held_at_once = PEACE.replace("freeze = {}", "freeze = { initially = 1 }")
    ages = [60.0, 150.0, 300.0, 450.0]
    lost = Chain(held_at_once, "two").passage("lost", ages)
    chain = Chain(PEACE, "two")
    broken = chain.passage("lost", [HORIZON])[0] / chain.passage("freeze", [HORIZON])[0]
    program = translate(sim.loads(PEACE).strategy("two"))
    hits: Hits = {}
    for i, frame in enumerate(studies(PEACE, repeats, ["two"])):
        endurance = competing_risks.endurance(frame, "freeze", "war", HORIZON).iloc[0]
        held = within(endurance["low"], 1 - broken, endurance["high"])
        hits.setdefault("endurance", []).append(held)
        simulated = (
            (r, *kernel.trace(program, SEED, r))
            for r in range(i * REPLICATIONS, (i + 1) * REPLICATIONS)
        )
        table = competing_risks.durability(time_budget.spells(program, simulated), grid=ages)
        for row in table.itertuples():
            share = 1 - lost[ages.index(row.time)]
            hits.setdefault("durability", []).append(within(row.low, share, row.high))
    return hits


def of_explanation(repeats: int) -> Hits:
    """Days at the table, and what a shock, a setback and a window cost."""
    without = TEXT.replace('raises = ["freeze"]', "")
    table_days = Chain(without, "two").days("table")[0]
    program = translate(sim.loads(without).strategy("two"))
    scenario = sim.loads(TEXT).strategy("one")
    whole = ablation.outcomes(
        scenario, translate(scenario), kernel.simulate, SEED, repeats * REPLICATIONS
    )
    saved = _saved()
    hits: Hits = {}
    studied = whole.groupby(whole["replication"] // REPLICATIONS)
    for i, (_, part) in enumerate(studied):
        for row in attribution.costs(part).itertuples():
            key = (row.name, row.how)
            if key in saved:
                held = within(row.low, saved[key], row.high)
                hits.setdefault(f"cost: {row.name} {row.how}", []).append(held)
        first = i * REPLICATIONS
        simulated = ((r, *kernel.trace(program, SEED, r)) for r in range(first, first + FEW))
        days = attribution.time_budget(time_budget.budgets(program, simulated))
        row = days[(days["track"] == "two") & (days["activity"] == time_budget.TABLE)].iloc[0]
        hits.setdefault("budget", []).append(within(row["low"], table_days, row["high"]))
    return hits


def _saved() -> dict[tuple[str, str], float]:
    """Days saved by some changes: the difference of two chains."""
    was = Truth(TEXT, "one").restricted_mean
    changed = {
        ("test", ablation.DOES_NOT_HAPPEN): TEXT.replace("rate = 4", "rate = 0"),
        ("one.talk.rebuff", ablation.COSTS_NOTHING): TEXT.replace(
            'delay = { mean = 60 }, raises = ["crisis"]', "delay = 0"
        ),
        ("one.deal.shut", ablation.NEVER_DRAWN): TEXT.replace(
            'name = "shut",', 'name = "shut", weight = 0,'
        ),
    }
    return {key: was - Truth(text, "one").restricted_mean for key, text in changed.items()}


PARTS: dict[str, Callable[[int], Hits]] = {
    "comparison": of_comparison,
    "rare differences": of_rare_differences,
    "pairs": of_pairs,
    "curves": of_curves,
    "durability": of_durability,
    "explanation": of_explanation,
    **study_coverage.PARTS,
}


def covered(hits: Hits) -> dict[str, float]:
    """The share of intervals that held the truth, by kind."""
    return {name: float(np.mean(held)) for name, held in hits.items()}
