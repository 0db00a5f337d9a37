"""The cases of tests/oracles/closed_form at scale: estimates, exact values, and their distance.

python verification/closed_forms.py --replications 200000
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.extend(
    [
        str(Path(__file__).parents[1] / at)
        for at in ("tests", "tests/oracles", "tests/oracles/closed_form")
    ]
)

from test_closed_form import CASES, Case, simulated

LIMIT = 4.5


def check(case: Case, replications: int, seed: int) -> bool:
    """Print one case; is it within the limit?"""
    found = case.measure(simulated(case.file, case.strategy, "compiled", replications, seed))
    print(f"{found.z:7.2f}  {found.estimate:12.6g}  {found.exact:12.6g}  {case}", flush=True)
    return abs(found.z) <= LIMIT


def main() -> int:
    """Check them all."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__)
    parser.add_argument("--replications", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    print("      z      estimate         exact  case")
    off = [case for case in CASES if not check(case, options.replications, options.seed)]
    n = options.replications
    print(f"{len(CASES)} cases of {n} replications: {len(off)} beyond {LIMIT} errors")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
