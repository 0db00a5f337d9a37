"""Numbers as cells of printed tables."""

from __future__ import annotations

import random
import re

from sim.reporting.cells import difference


def test_a_star_never_stands_beside_a_limit_printed_as_zero() -> None:
    rng = random.Random(4)
    for _ in range(2000):
        low, best, high = sorted(rng.choice([-1, 1]) * 10 ** rng.uniform(-4, 3) for _ in range(3))
        unit = rng.choice(["share", "days"])
        text = difference(best, low, high, unit)
        significant = low > 0 or high < 0
        assert text.endswith("*") == significant
        limits = [float(x.replace(",", "")) for x in re.findall(r"[(o] ?([+-]?[\d.,]+)", text)]
        if significant:
            assert min(map(abs, limits)) > 0, text
    assert difference(0.1, -0.2, 0.3, "days") == "0 (0 to 0) "
