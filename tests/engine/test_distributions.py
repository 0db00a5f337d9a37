"""The scalar laws against NumPy, mpmath and SciPy, and their bits on other processors."""

from __future__ import annotations

import hashlib
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import stats

from sim.engine import distributions, elementary, streams
from sim.engine.jit import JIT

mpmath.mp.dps = 40
ROOT = Path(__file__).parents[2]
EDGES = [0, 1, 2, 2**32, 2**63 - 1, 2**63, 2**64 - 1]


def philox(seed: int, key: int, replication: int, occurrence: int, block: int) -> list[int]:
    counter = replication | occurrence << 64 | block << 128
    generator = np.random.Philox(counter=(counter - 1) % 2**256, key=seed | key << 64)
    return [int(word) for word in generator.random_raw(4)]


def test_philox_word_for_word() -> None:
    rng = np.random.default_rng(1)
    addresses = [tuple(map(int, rng.integers(0, 2**64, 5, dtype=np.uint64))) for _ in range(300)]
    addresses += [(a, b, b, a, a) for a in EDGES for b in EDGES]
    for address in addresses:
        expected = philox(*address)
        assert [int(word) for word in streams.words(*address)] == expected
        assert list(streams.uniforms(*address)) == [(word >> 11) * 2.0**-53 for word in expected]


def test_streams_are_named_by_blake2b() -> None:
    digest = hashlib.blake2b(b"stage:talks.deal", digest_size=8).digest()
    assert streams.stream("stage:talks.deal") == int.from_bytes(digest, "little")


def ulps(found: float, exact: mpmath.mpf) -> float:
    if float(exact) == found:
        return 0.0
    if not math.isfinite(found):
        return math.inf
    return float(abs(mpmath.mpf(found) - exact) / mpmath.mpf(math.ulp(float(exact))))


def test_log_is_within_one_ulp_over_its_whole_range() -> None:
    rng = np.random.default_rng(2)
    points = np.concatenate(
        [rng.random(800), 1 - rng.random(400) * 1e-3, np.exp(rng.uniform(-744, 709, 800)),
         rng.uniform(0.6, 1.6, 800), [5e-324, 1e-310, 1.7e308, 2.0**-53, 0.5, 2.0]]
    )  # fmt: skip
    assert max(ulps(elementary.log(x), mpmath.log(mpmath.mpf(x))) for x in map(float, points)) < 1
    assert elementary.log(1.0) == 0.0
    assert elementary.log(0.0) == -math.inf
    assert elementary.log(math.inf) == math.inf
    assert math.isnan(elementary.log(-1.0))


def test_exp_is_within_one_ulp_over_its_whole_range() -> None:
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.uniform(-745, 709.7, 1500), rng.uniform(-3, 3, 1500), [0, 1e-300]])
    assert max(ulps(elementary.exp(x), mpmath.exp(mpmath.mpf(x))) for x in map(float, points)) <= 1
    largest = 709.782712893384  # of those whose exponential is finite
    assert ulps(elementary.exp(largest), mpmath.exp(mpmath.mpf(largest))) <= 1
    assert elementary.exp(math.nextafter(largest, math.inf)) == math.inf
    assert elementary.exp(710.0) == math.inf
    assert elementary.exp(math.inf) == math.inf
    assert elementary.exp(-746.0) == 0.0
    assert math.isnan(elementary.exp(math.nan))


def exact_normal_quantile(p: float) -> mpmath.mpf:
    z = mpmath.mpf(stats.norm.ppf(p))
    for _ in range(4):
        upper = p > 0.5
        tail = 1 - mpmath.mpf(p) if upper else mpmath.mpf(p)
        excess = mpmath.erfc(abs(z) / mpmath.sqrt(2)) / 2 - tail
        step = excess / (mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi))
        z = z + step if upper else z - step
    return z


def test_normal_quantile_is_within_two_ulps_over_its_whole_range() -> None:
    rng = np.random.default_rng(4)
    points = np.concatenate(
        [rng.random(700), rng.uniform(0, 0.13, 700), 2.0 ** -rng.uniform(3, 54, 500),
         1 - 2.0 ** -rng.uniform(3, 52, 400), 0.125 + rng.normal(size=200) * 1e-3]
    )  # fmt: skip
    worst = max(
        ulps(elementary.normal_quantile(p), exact_normal_quantile(p))
        for p in map(float, points)
        if p != 0.5
    )
    assert worst <= 2
    assert elementary.normal_quantile(0.5) == 0.0
    assert elementary.normal_quantile(0.0) == elementary.normal_quantile(2.0**-54)


FAMILIES = [
    (distributions.EXPONENTIAL, [40.0], stats.expon(scale=40)),
    (distributions.LOGNORMAL, [75.0, 0.7], stats.lognorm(0.7, scale=75)),
    (distributions.WEIBULL, [0.8, 30.0], stats.weibull_min(0.8, scale=30)),
    (distributions.WEIBULL, [3.0, 30.0], stats.weibull_min(3, scale=30)),
    (distributions.UNIFORM, [5.0, 25.0], stats.uniform(5, 20)),
    (distributions.PERT, [1.0, 4.0, 30.0], stats.beta(1 + 12 / 29, 5 - 12 / 29, 1, 29)),
    (distributions.PERT, [0.0, 0.0, 1.0], stats.beta(1, 5)),
    (distributions.PERT, [0.0, 1.0, 1.0], stats.beta(5, 1)),
]


def draw(family: int, raw: list[float], uniforms: np.ndarray) -> np.ndarray:
    params, table = distributions.prepare(family, np.array(raw))
    return np.array(
        [distributions.quantile(family, *params, table, 0, len(table), u) for u in uniforms]
    )


@pytest.mark.parametrize(("family", "raw", "law"), FAMILIES)
def test_a_family_is_the_inverse_of_its_distribution_function(family, raw, law) -> None:
    uniforms = np.concatenate([np.linspace(0.0005, 0.9995, 1000), [1e-9, 1e-6, 1 - 1e-6]])
    scale = max(raw)
    assert np.abs(draw(family, raw, uniforms) - law.ppf(uniforms)).max() < 2e-8 * scale * 30
    sample = draw(family, raw, np.random.default_rng(5).random(4000))
    assert stats.kstest(sample, law.cdf).pvalue > 1e-3


@pytest.mark.parametrize(("family", "raw", "law"), FAMILIES[:4])
@pytest.mark.parametrize("share", [0.55, 0.9, 0.999])
def test_a_truncated_law_is_the_law_below_its_max(family, raw, law, share) -> None:
    most = float(law.ppf(share))
    uniforms = np.concatenate([np.linspace(0.0, 0.9995, 500), [1 - 2.0**-53]])
    found = draw(family, [*raw, most], uniforms)
    assert found[1:] == pytest.approx(law.ppf(uniforms * share)[1:], rel=1e-9)
    assert found.max() <= most and found[-1] == pytest.approx(most, rel=1e-9)


def test_a_truncated_two_piece_law_keeps_its_quantiles_in_proportion() -> None:
    whole = draw(distributions.QUANTILES, [20.0, 60.0, 180.5], np.linspace(0, 0.9, 91))
    below = draw(distributions.QUANTILES, [20.0, 60.0, 180.5, 180.5], np.linspace(0, 1, 91)[:-1])
    assert below[1:] == pytest.approx(whole[1:-1], rel=1e-9)


def test_a_max_that_is_never_reached_changes_no_bit_to_speak_of() -> None:
    uniforms = np.random.default_rng(8).random(500)
    whole, cut = (draw(distributions.EXPONENTIAL, raw, uniforms) for raw in ([9.0], [9.0, 1e9]))
    assert cut == pytest.approx(whole, rel=1e-12)


def test_the_pert_table_is_accurate_for_every_mode() -> None:
    uniforms = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 500), 10.0 ** -np.linspace(1, 9, 50)])
    for mode in np.linspace(0, 1, 21):
        exact = stats.beta.ppf(uniforms, 1 + 4 * mode, 5 - 4 * mode)
        assert (
            np.abs(draw(distributions.PERT, [0.0, float(mode), 1.0], uniforms) - exact).max() < 1e-7
        )
    assert (draw(distributions.PERT, [7.0, 7.0, 7.0], uniforms) == 7.0).all()


def test_three_quantiles_are_met() -> None:
    found = draw(distributions.QUANTILES, [20.0, 60.0, 180.5], np.array([0.1, 0.5, 0.9]))
    assert found == pytest.approx([20.0, 60.0, 180.5], rel=1e-14)


def test_values_are_interpolated_as_numpy_does() -> None:
    values = [1.0, 2.5, 2.5, 9.0, 40.0]
    uniforms = np.random.default_rng(6).random(500)
    assert np.array_equal(
        draw(distributions.VALUES, values, uniforms), np.quantile(values, uniforms)
    )
    assert (draw(distributions.VALUES, [3.0], uniforms) == 3.0).all()


def test_a_fixed_number_is_itself() -> None:
    assert (draw(distributions.FIXED, [12.5], np.array([0.0, 0.5, 0.999])) == 12.5).all()


def test_odds_are_exact_at_the_ends_and_never_nan() -> None:
    assert distributions.success_probability(0.5, 2.0) == pytest.approx(2 / 3)
    for ratio in (1e-300, 0.3, 1.0, 7.0, 1e300, math.inf):
        assert distributions.success_probability(0.0, ratio) == 0.0
        assert distributions.success_probability(1.0, ratio) == 1.0
        assert 0.0 <= distributions.success_probability(0.5, ratio) <= 1.0


# -- bits -----------------------------------------------------------------------------------------

FINGERPRINT = """
import hashlib, struct
import numpy as np
from sim.engine import distributions, elementary, streams
from sim.engine.jit import JIT
rng = np.random.default_rng(7)
digest = hashlib.blake2b(digest_size=16)
for u in rng.random(400):
    u = float(u)
    values = [elementary.log(u), elementary.exp(100 * u - 50)]
    values += [elementary.normal_quantile(u), elementary.power(u, 1.7)]
    values += list(streams.uniforms(3, 2**63 + 5, int(u * 2**60), 4, 1))
    digest.update(struct.pack(f"<{len(values)}d", *values))
table = np.zeros(distributions.table_size(distributions.PERT, 3))
distributions.fill_pert(2.3, table)
digest.update(table.tobytes())
print(digest.hexdigest())
"""
PINNED = "348f9a3750bb2ae9cc05eca2eb6b3bbe"


def bits(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINT],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="as without the compiler, whatever is asked for")
def test_the_bits_are_pinned() -> None:
    assert bits() == PINNED


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="as without the compiler, whatever is asked for")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of x86-64 processors")
@pytest.mark.parametrize("processor", ["x86-64", "x86-64-v3"])
def test_the_bits_are_the_same_on_another_processor(processor: str, tmp_path: Path) -> None:
    environment = {"NUMBA_CPU_NAME": processor, "DETENTE_CACHE": str(tmp_path)}
    assert bits(NUMBA_CPU_FEATURES="", **environment) == PINNED


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="as without the compiler, whatever is asked for")
def test_the_bits_are_the_same_without_compilation() -> None:
    assert bits(NUMBA_DISABLE_JIT="1") == PINNED
