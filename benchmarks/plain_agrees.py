"""Does the plain SimPy model tell the same story as the engine?

Both are run on the strategy `proposal` of korea-2017, with different random numbers. Every share
and every mean is compared in standard errors of the difference. Exits with 1 if one of them is
more than four away.

    python benchmarks/plain_agrees.py
"""

from __future__ import annotations

import argparse
import math
import sys

import numpy as np
import numpy.typing as npt
import pandas as pd
import plain_simpy

import sim

LIMIT = 4.0

Samples = dict[str, npt.NDArray[np.float64]]


def samples(frame: pd.DataFrame) -> Samples:
    """What is compared: one number for each history (or for each that has one)."""
    reached = frame["first_moratorium"].dropna()
    made = {
        "share frozen": frame["first_freeze"].notna(),
        "share of war": frame["n_war"] > 0,
        "share abandoned": frame["outcome"] == "abandoned",
        "share ongoing": frame["outcome"] == "ongoing",
        "share with moratorium": frame["first_moratorium"].notna(),
        "first_moratorium, if reached": reached,
        "first_freeze, if reached": frame["first_freeze"].dropna(),
        "time": frame["time"],
        "held_moratorium": frame["held_moratorium"],
        "held_freeze": frame["held_freeze"],
    }
    for name in (*plain_simpy.SHOCKS, *plain_simpy.SETBACKS, *plain_simpy.BREAKS):
        made[f"n_{name}"] = frame[f"n_{name}"]
    return {name: np.asarray(values, dtype=float) for name, values in made.items()}


def standard_errors_apart(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """The difference of two means in standard errors; 0 where both are constant and equal."""
    difference = float(a.mean() - b.mean())
    error = math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    if error == 0.0:
        return 0.0 if difference == 0.0 else math.inf
    return difference / error


def compare(plain: Samples, engine: Samples) -> list[tuple[str, float, float, float]]:
    """Name, both means, and how far they are apart."""
    return [
        (name, a.mean(), engine[name].mean(), standard_errors_apart(a, engine[name]))
        for name, a in plain.items()
    ]


def print_table(table: list[tuple[str, float, float, float]]) -> None:
    """One line for each quantity, and the sum of it."""
    print(f"{'':30} {'plain':>12} {'engine':>12} {'errors apart':>13}")
    for name, a, b, z in table:
        print(f"{name:30} {a:12.4f} {b:12.4f} {z:13.2f}{'  <--' if abs(z) > LIMIT else ''}")
    apart = [abs(z) for *_, z in table]
    beyond = sum(z > 2.0 for z in apart)
    print(f"{len(table)} quantities: {beyond} beyond 2, the farthest {max(apart):.2f} errors apart")


def main() -> int:
    """Run both, compare, and say whether they agree."""
    parser = argparse.ArgumentParser(description="Does the plain SimPy model agree?")
    parser.add_argument("--plain", type=int, default=4000, help="histories of the plain model")
    parser.add_argument("--engine", type=int, default=20000, help="histories of the engine")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    plain = pd.DataFrame(plain_simpy.simulate(options.plain, options.seed))
    scenario = sim.load("korea-2017")
    engine = sim.run(scenario, ["proposal"], options.engine, seed=options.seed).frame
    table = compare(samples(plain), samples(engine))
    print_table(table)
    return int(any(abs(z) > LIMIT for *_, z in table))


if __name__ == "__main__":
    sys.exit(main())
