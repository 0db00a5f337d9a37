"""Do the two engines tell the same histories? If not: the first event that differs."""

from __future__ import annotations

import numpy as np

from sim.engine import kernel, processes
from sim.engine.program import ModelError, Program
from sim.engine.rows import Rows


def difference(program: Program, seed: int, histories: int, logs: int = 2) -> str | None:
    """None where rows (and the event logs of the first histories) agree, else what differs."""
    reference = _rows(processes, program, seed, histories)
    compiled = _rows(kernel, program, seed, histories)
    if isinstance(reference, str) or isinstance(compiled, str):
        return None if reference == compiled else f"simpy: {reference}; compiled: {compiled}"
    suspects = list(range(min(logs, histories)))
    for column, ref, comp in zip(reference._fields, reference, compiled, strict=True):
        unlike = ref.view(f"i{ref.itemsize}") != comp.view(f"i{comp.itemsize}")
        if unlike.any():
            replication = int(np.argwhere(unlike)[0][0])
            where = _first_difference(program, seed, replication)
            return f"{column} of replication {replication}: {where}"
    for replication in suspects:
        where = _first_difference(program, seed, replication)
        if where:
            return f"log of replication {replication}: {where}"
    return None


def _rows(engine: object, program: Program, seed: int, histories: int) -> Rows | str:
    try:
        rows: Rows = engine.simulate(  # type: ignore[attr-defined]
            program, seed, 0, histories, surprise=True
        )
    except ModelError as error:
        return str(error)
    return rows


def _first_difference(program: Program, seed: int, replication: int) -> str | None:
    ref_row, reference = processes.trace(program, seed, replication)
    comp_row, compiled = kernel.trace(program, seed, replication)
    for i, (ref, comp) in enumerate(zip(reference, compiled, strict=False)):
        if ref != comp:
            return f"entry {i}: simpy {ref}, compiled {comp}"
    if len(reference) != len(compiled):
        return f"simpy tells {len(reference)} entries, compiled {len(compiled)}"
    same = all(np.array_equal(r, c, equal_nan=r.dtype.kind == "f")
               for r, c in zip(ref_row, comp_row, strict=True))  # fmt: skip
    return None if same else "same log, other rows"
