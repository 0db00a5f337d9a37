"""Do the engines follow the exact law, where nothing has a memory? The long form.

    python verification/markov_chain_agrees.py [--scenarios 200] [--replications 200000]

Random scenarios without memory are simulated by the compiled engine, and every first passage and
outcome is compared with its Markov chain. Exit code 1 if the differences are too large.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.extend(
    [str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles", "tests/engine")]
)

from test_markov_chain import differences, expected, scenarios

import sim


def main() -> int:
    """Print the worst difference of each scenario that is off by more than 3.5 errors."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", type=int, default=200)
    parser.add_argument("--replications", type=int, default=200_000)
    options = parser.parse_args()
    scores: list[float] = []
    for number, text, chain in scenarios(options.scenarios, first=10_000):
        frame = sim.run(sim.loads(text), ["a"], options.replications, number).frame
        z = differences(frame, expected(chain, text))
        worst = max(z, key=lambda name: abs(z[name]))
        scores += z.values()
        if abs(z[worst]) > 3.5:
            print(f"scenario {number}: {worst} is off by {z[worst]:.2f} standard errors")
    largest = float(np.abs(scores).max())
    # The chance that one of so many independent differences is as large (they are not: smaller).
    chance = min(1.0, len(scores) * 2 * float(stats.norm.sf(largest)))
    print(f"{len(scores)} comparisons in {options.scenarios} scenarios of {options.replications:,} "
          f"replications; largest {largest:.2f} standard errors (chance {chance:.2g})")  # fmt: skip
    return int(chance < 1e-4)


if __name__ == "__main__":
    sys.exit(main())
