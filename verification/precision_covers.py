"""Intervals that end a run by their precision hold the truth as often as they say.

python verification/precision_covers.py [--repeats 500]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.extend([str(Path(__file__).parents[1] / at) for at in ("tests", "tests/oracles")])

from coverage_of_precision import TRUTH, covered


def main() -> int:
    """Repeat runs with other seeds and count."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=500)
    options = parser.parse_args()
    enough = True
    for half_width in (0.04, 0.02, 0.01):
        found = covered(options.repeats, half_width)
        enough &= found >= 0.95 * options.repeats
        print(
            f"half-width {half_width:g}: {found} of {options.repeats} intervals hold {TRUTH} "
            f"({100 * found / options.repeats:.1f} %, 95 % wanted)"
        )
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
