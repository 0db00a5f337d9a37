"""How far from exact are log, exp and the normal quantile? In ulps, over their whole range.

    python verification/laws_in_ulps.py [--points 20000]

Many points of each stretch of the range against mpmath; the long form of tests/engine/test_laws.py. Exit
code 1 if one is further off than promised.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_laws import exact_normal_quantile, ulps

from sim.engine import laws

RNG = np.random.default_rng(11)
Draw = Callable[[int], np.ndarray]
# law, exact value, ulps promised, stretch of its range, points of the stretch
STRETCHES: list[tuple[str, Callable, Callable, float, str, Draw]] = [
    ("log", laws.log, mpmath.log, 1, "subnormal", lambda n: RNG.random(n) * 2.0**-1022),
    ("log", laws.log, mpmath.log, 1, "all normal", lambda n: np.exp(RNG.uniform(-708, 709.7, n))),
    ("log", laws.log, mpmath.log, 1, "0 to 1", lambda n: RNG.random(n)),
    ("log", laws.log, mpmath.log, 1, "around 1", lambda n: 1 + RNG.normal(size=n) * 0.01),
    ("exp", laws.exp, mpmath.exp, 1, "to subnormal", lambda n: RNG.uniform(-745.1, -708, n)),
    ("exp", laws.exp, mpmath.exp, 1, "all normal", lambda n: RNG.uniform(-708, 709.78, n)),
    ("exp", laws.exp, mpmath.exp, 1, "around 0", lambda n: RNG.normal(size=n)),
    ("quantile", laws.normal_quantile, exact_normal_quantile, 2, "low tail",
     lambda n: 2.0 ** -RNG.uniform(3, 54, n)),
    ("quantile", laws.normal_quantile, exact_normal_quantile, 2, "middle",
     lambda n: RNG.uniform(0.1, 0.9, n)),
    ("quantile", laws.normal_quantile, exact_normal_quantile, 2, "high tail",
     lambda n: 1 - 2.0 ** -RNG.uniform(3, 52.9, n)),
]  # fmt: skip


def main() -> int:
    """Print the largest and the mean error of each law on each stretch."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--points", type=int, default=20_000)
    options = parser.parse_args()
    far = False
    print("law       stretch        largest error   mean   promised (ulps)")
    for name, law, exact, promised, stretch, draw in STRETCHES:
        points = [x for x in map(float, draw(options.points)) if x not in (0.0, 0.5)]
        errors = [ulps(law(x), exact(mpmath.mpf(x) if name != "quantile" else x)) for x in points]
        print(f"{name:9} {stretch:14} {max(errors):13.3f} {np.mean(errors):6.3f} {promised:10.0f}")
        far = far or max(errors) > promised
    return int(far)


if __name__ == "__main__":
    sys.exit(main())
