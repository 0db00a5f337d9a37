"""TextTable intervals hold what the Markov chain says, as often as they should: the short form.

So few studies cannot tell 90 from 93 %: a kind of interval fails where its count would be rarer
than one in a thousand, if it held the truth as seldom as is just allowed. ``verification`` is
stricter.
"""

from __future__ import annotations

import pytest
from scipy import stats

from interval_coverage import LEAST, PARTS, covered
from sim.engine.jit import JIT

pytestmark = pytest.mark.slow

REPEATS = {
    "comparison": 40, "rare differences": 150, "pairs": 150, "curves": 150, "durability": 30,
    "explanation": 60, "crossed": 150, "draws": 40, "sobol": 60, "regret": 50, "switching": 30,
}  # fmt: skip


@pytest.mark.skipif(not JIT, reason="without the compiler this takes too long")
@pytest.mark.parametrize("part", PARTS)
def test_intervals_hold_the_truth(part: str) -> None:
    hits = PARTS[part](REPEATS[part])
    for kind, share in covered(hits).items():
        studies = min(REPEATS[part], len(hits[kind]))
        chance = stats.binom.cdf(round(share * studies), studies, LEAST)
        assert chance > 1e-3, f"{kind}: {share:.1%} of {studies} studies"
