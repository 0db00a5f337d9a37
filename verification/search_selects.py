"""Does the search choose the best, or one within the zone, as often as it says? At what price?

    python verification/search_selects.py [--contests 10] [--repeats 200] [--zone 0.02]

Small scenarios without memory, in which the Markov chain gives the exact cost of every order of
three tracks with and without a posture, are searched again and again with other seeds. Exit code 1
if in some scenario fewer than 95 % of the choices are within the zone, or if all in all the search
selected more than a third of the replications of an equal allocation with the same guarantee. The
last column is the least equal allocation that happens to do as well there: what someone would need
who knew the answer beforehand.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.extend([str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles")])

from contests import HORIZON, exact_costs, repeated

PILOT = 1_000  # paired replications from which the equal allocation is computed
POOL = 50_000  # paired replications in which the least one is sought


def main() -> int:
    """Print a line for each contest; and whether all is as promised."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--contests", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--zone", type=float, default=0.02, help="as a share of the span")
    options = parser.parse_args()
    print(
        "case  measure  candidates  best  within zone  replications  equal allocation  ratio  least"
    )
    wrong, spent, equal = 0, 0.0, 0.0
    for number in range(options.first, options.first + options.contests):
        measure = ("days", "share")[number % 2]
        span = HORIZON if measure == "days" else 1.0
        selected = repeated(number, measure, options.zone * span, options.repeats, PILOT)
        least = least_equal(number, measure, options.zone * span)
        good = float((selected.losses <= options.zone * span).mean())
        wrong += good < 0.95
        spent, equal = spent + selected.simulated, equal + selected.equal
        print(
            f"{number:7}  {measure:7}  {selected.candidates:10}  "
            f"{(selected.losses < 1e-6).mean():4.0%}  "
            f"{good:11.1%}  {selected.simulated:9,.0f}  {selected.equal:16,.0f}  "
            f"{selected.simulated / selected.equal:5.2f}  {least:7,.0f}",
            flush=True,
        )
    print(
        f"{wrong} contests below 95 %; {spent / equal:.2f} of the replications of equal allocation"
    )
    return int(wrong > 0 or spent > equal / 3)


def least_equal(number: int, measure: str, zone: float) -> float:
    """The least equal allocation, of a few tried, of which 95 % choose within the zone."""
    from contests import Repeats

    costs, exact = Repeats(number, measure).pool(POOL), exact_costs(number, measure)
    for worlds in (50, 100, 200, 400, 800, 1_600, 3_200):
        blocks = costs[:, : POOL // worlds * worlds].reshape(len(costs), -1, worlds).mean(axis=2)
        losses = exact[blocks.argmin(axis=0)] - exact.min()
        if (losses <= zone).mean() >= 0.95:
            return worlds * len(costs)
    return np.inf


if __name__ == "__main__":
    sys.exit(main())
