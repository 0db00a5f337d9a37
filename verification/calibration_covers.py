"""Does calibration find draws that are known? Simulation-based calibration on the reference case.

A draw is taken for the truth, a record simulated from it for the record, and the other draws are
narrowed by it. Over many truths the rank of each true number among the draws kept must be even
(Talts and others 2018). It takes some two minutes.

    python verification/calibration_covers.py [--draws 4096] [--truths 200]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.extend([str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles")])
from calibration_ranks import ranks


def main() -> int:
    """Print the least even numbers; 1 where ranks are less even than chance allows."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4096)
    parser.add_argument("--truths", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    places, names = ranks(options.draws, options.truths, options.seed)
    values = np.array([stats.kstest(column, "uniform").pvalue for column in places.T])
    for i in np.argsort(values)[:5]:
        print(f"{names[i]:50} p {values[i]:.4f}  mean rank {places[:, i].mean():.3f}")
    least = 0.01 / len(values)
    print(f"{len(values)} numbers, {len(places)} truths; least p {values.min():.2g}, "
          f"allowed from {least:.2g}; share below 0.05: {(values < 0.05).mean():.3f}")  # fmt: skip
    inside = (np.abs(places - 0.5) < 0.45).mean()
    print(f"middle 90 % of the draws kept holds the truth in {100 * inside:.1f} % of cases")
    return int(values.min() < least)


if __name__ == "__main__":
    sys.exit(main())
