"""The draw floor: only the random draws of the replications, and nothing of their course.

What replications consume is written down once, while the reference engine simulates them: which
blocks of Philox, and which of their uniforms become durations by which law. The floor is the time
to draw those blocks and to transform those uniforms again, in compiled loops.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from unittest import mock

import numba
import numpy as np
import numpy.typing as npt

from sim.engine import distributions, entities, processes, streams
from sim.engine.program import Program

LAW = np.dtype(
    [("family", np.int64), *((name, np.float64) for name in "abcd"), ("start", np.int64),
     ("size", np.int64), ("u", np.float64)]
)  # fmt: skip


class Draws(NamedTuple):
    """What replications draw."""

    seed: np.uint64
    blocks: npt.NDArray[np.uint64]  # (n, 4) stream, replication, occurrence, block; each once
    laws: npt.NDArray[Any]  # (m,) laws with the uniforms that they transform
    exponentials: npt.NDArray[np.float64]  # (k,) uniforms that become unit exponentials
    table: npt.NDArray[np.float64]


class _Recorder:
    """Stands for distributions and streams, and records the calls."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[int, int, int, int], None] = {}
        self.laws: list[tuple[Any, ...]] = []
        self.exponentials: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(distributions if hasattr(distributions, name) else streams, name)

    def uniforms(self, seed: int, *address: int) -> Any:
        self.blocks[address] = None  # type: ignore[index]
        return streams.uniforms(seed, *address)

    def quantile(self, family: int, *rest: Any) -> float:
        a, b, c, d, _, start, size, u = rest
        self.laws.append((family, a, b, c, d, start, size, u))
        return float(distributions.quantile(family, *rest))

    def unit_exponential(self, u: float) -> float:
        self.exponentials.append(u)
        return float(distributions.unit_exponential(u))


def record(program: Program, seed: int, replications: int) -> Draws:
    """The draws of the first replications of a program."""
    recorder = _Recorder()
    with (
        mock.patch.object(processes, "streams", recorder),
        mock.patch.object(processes, "distributions", recorder),
        mock.patch.object(entities, "distributions", recorder),
    ):
        processes.simulate(program, seed, 0, replications)
    return Draws(
        np.uint64(seed),
        np.array(list(recorder.blocks), np.uint64),
        np.array(recorder.laws, LAW),
        np.array(recorder.exponentials),
        program.code.law_table,
    )


@numba.njit(error_model="numpy", nogil=True)  # type: ignore[untyped-decorator]
def draw(seed, blocks, of_laws, exponentials, table):  # type: ignore[no-untyped-def]
    """Draw and transform everything; a sum, so that nothing is left out by the compiler."""
    total = 0.0
    for i in range(len(blocks)):
        u = streams.uniforms(seed, blocks[i, 0], blocks[i, 1], blocks[i, 2], blocks[i, 3])
        total += u[0] + u[1] + u[2] + u[3]
    for i in range(len(of_laws)):
        law = of_laws[i]
        total += distributions.quantile(
            law.family, law.a, law.b, law.c, law.d, table, law.start, law.size, law.u
        )
    for i in range(len(exponentials)):
        total += distributions.unit_exponential(exponentials[i])
    return total
