"""A run that is killed at twenty random instants, and goes on, tells the same replications.

python verification/survives_kills.py [--kills 20]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.extend([str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles")])

from survival import difference, killed_again_and_again


def main() -> int:
    """Kill until it has been killed often enough; compare with an undisturbed run."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--replications", type=int, default=300_000)
    options = parser.parse_args()
    killed = rounds = 0
    while killed < options.kills:
        rounds += 1
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            left = options.kills - killed
            killed += killed_again_and_again(out, options.replications, left, seed=rounds)
            if wrong := difference(out, options.replications):
                print(wrong)
                return 1
    print(f"killed {killed} times in {rounds} runs: the same rows in the end, nothing left behind")
    return 0


if __name__ == "__main__":
    sys.exit(main())
