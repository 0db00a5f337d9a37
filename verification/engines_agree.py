"""Do the engines agree, to the last bit? The long form of tests/engine/test_kernel.py.

    python verification/engines_agree.py [--scenarios 20000] [--replications 50] [--catalog 10000]

Many random scenarios, and every strategy of every scenario in the catalog. Exit code 1 if a row
or an event log differs; the first event that does is printed.
"""

from __future__ import annotations

import argparse
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.extend([str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles")])

from agreement import difference
from random_scenarios import scenario_text
from sim.engine import program
from sim.scenario import scenario


def check(number: int, replications: int) -> str | None:
    """What differs in one random scenario, or None."""
    text = scenario_text(random.Random(f"verification {number}"))
    translated = program.translate(scenario.loads(text).strategy("a"))
    return difference(translated, number, replications, logs=2)


def check_catalog(name: str, strategy: str, replications: int) -> str | None:
    """What differs in a strategy of the catalog, or None."""
    translated = program.translate(scenario.load(name).strategy(strategy))
    return difference(translated, 1, replications, logs=20)


def main() -> int:
    """Check them all and print the first differences."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--scenarios", type=int, default=20_000)
    parser.add_argument("--replications", type=int, default=50)
    parser.add_argument("--catalog", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    numbers = range(options.scenarios)
    unlike = 0
    with ProcessPoolExecutor(options.workers) as pool:
        found = pool.map(check, numbers, [options.replications] * len(numbers), chunksize=20)
        for number, what in enumerate(found):
            if what is not None:
                unlike += 1
                print(f"scenario {number}: {what}")
        print(
            f"{options.scenarios} scenarios x {options.replications} replications: {unlike} differ"
        )
        cases = [
            (name, own) for name in scenario.catalog() for own in scenario.load(name).strategies
        ]
        names, strategies = zip(*cases, strict=True)
        found = pool.map(check_catalog, names, strategies, [options.catalog] * len(cases))
        for case, what in zip(cases, found, strict=True):
            print(f"{'/'.join(case)}, {options.catalog} replications: {what or 'the same'}")
            unlike += what is not None
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
