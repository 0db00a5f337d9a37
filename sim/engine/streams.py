"""Random streams: uniforms at addresses (Philox4x64-10), the same on every machine.

The generator is counter-based: each draw has an address (seed, stream, replication, occurrence,
block) and does not depend on the order of draws. So two strategies meet common random numbers, and
any replication can be simulated alone.

Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw 2011, "Parallel random numbers: as easy
as 1, 2, 3", SC'11.
"""

from __future__ import annotations

import hashlib

import numpy as np

from sim.engine.jit import compiled, wide_multiply

_UNIT = 2.0**-53
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ELEVEN = np.uint64(11)


def stream(name: str) -> int:
    """The key of a named stream: 64 bits, the second half of Philox's key.

    Args:
        name: ``stage:track.stage``, ``shock:name``, ``fade:condition`` or ``user:name``.

    >>> stream("stage:talks.deal")
    4724566071010723337
    """
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


@compiled("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, uint64)", kept=True)
def words(seed, key, replication, occurrence, block):  # type: ignore[no-untyped-def]
    """Four words of Philox4x64-10: key (seed, key), counter (replication, occurrence, block, 0)."""
    k0, k1 = np.uint64(seed), np.uint64(key)
    c0, c1, c2, c3 = np.uint64(replication), np.uint64(occurrence), np.uint64(block), np.uint64(0)
    for _ in range(10):
        high0, low0 = wide_multiply(_M0, c0)
        high1, low1 = wide_multiply(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@compiled("UniTuple(float64, 4)(uint64, uint64, uint64, uint64, uint64)", kept=True)
def uniforms(seed, key, replication, occurrence, block):  # type: ignore[no-untyped-def]
    """Four uniforms at an address: multiples of 2**-53 in [0, 1).

    Args:
        seed, key: the seed and a stream's key; 0 <= x < 2**64, as the others.
        replication, occurrence, block: e.g. of the k-th attempt at a stage: its number k.

    >>> uniforms(1, stream("shock:war"), 7, 0, 0)
    (0.39222975497283374, 0.18426772126438085, 0.43878038355982163, 0.24354700235762283)
    """
    w0, w1, w2, w3 = words(seed, key, replication, occurrence, block)
    return (
        (w0 >> _ELEVEN) * _UNIT,
        (w1 >> _ELEVEN) * _UNIT,
        (w2 >> _ELEVEN) * _UNIT,
        (w3 >> _ELEVEN) * _UNIT,
    )
