"""Machine code that is called without numba: its arguments, its files, and what if it cannot be."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest

from sim import _machine_code
from sim.engine import jit
from sim.engine.jit import JIT, Engine, compiled

pytestmark = pytest.mark.skipif(not JIT, reason="nothing is compiled")

PAIR = np.dtype([("whole", np.int64), ("part", np.float64)], align=True)


class Given(NamedTuple):
    pairs: Any
    grid: Any


def weigh(given, log, share, seed, out):  # type: ignore[no-untyped-def]
    """Everything that an engine may be given goes into ``out``."""
    for i in range(len(given.pairs)):
        out[i] = given.pairs[i].whole * given.grid[i, 1] + given.pairs[i].part * share
    if log is not None:
        log[0] = np.float64(seed >> np.uint64(32))
    return len(given.pairs) + given.grid.shape[1]


def arguments(log: bool) -> tuple[Any, ...]:
    pairs = np.array([(2, 0.25), (3, 0.5), (-4, 8.0)], PAIR).view(np.recarray)
    given = Given(pairs, np.arange(12.0).reshape(3, 4))
    return given, np.zeros(1) if log else None, 0.5, np.uint64(2**64 - 1), np.zeros(3)


def same(engine: Any, log: bool) -> None:
    found, wanted = arguments(log), arguments(log)
    assert engine(*found) == weigh(*wanted) == 7
    np.testing.assert_array_equal(found[-1], wanted[-1])
    if log:
        assert found[1] == wanted[1] == 2**32 - 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "FOLDER", tmp_path)
    return tmp_path


def test_an_engine_does_what_its_python_does_for_all_kinds_of_arguments(folder) -> None:
    engine = Engine(weigh)
    assert not engine.is_compiled
    same(engine, log=True)
    same(engine, log=False)
    assert len(list(folder.glob("*.code"))) == 2  # one for each combination of types


def test_machine_code_is_found_again_and_damaged_files_are_not_used(folder, monkeypatch) -> None:
    same(Engine(weigh), log=True)
    (path,) = folder.glob("*.code")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert _machine_code.kept(path) is None
    path.write_bytes(whole[:100])
    same(Engine(weigh), log=True)
    assert _machine_code.kept(path) is not None
    monkeypatch.setattr(jit, "made", None)  # nothing may be compiled any more
    found = Engine(weigh)
    assert found.is_compiled
    same(found, log=True)


def factorials(out):  # type: ignore[no-untyped-def]
    """The gamma function is not among those that machine code may call by itself."""
    for i in range(len(out)):
        out[i] = math.gamma(i + 1.0)
    return len(out)


def test_code_that_calls_what_only_numba_has_is_left_to_numba(folder) -> None:
    engine, out = Engine(factorials), np.zeros(4)
    assert [engine(out), engine(out)] == [4, 4]
    assert out.tolist() == [1, 1, 2, 6]
    assert not list(folder.glob("*.code"))
    assert list(folder.rglob("*.nbc"))


@compiled()
def half(x):  # type: ignore[no-untyped-def]
    return 0.5 * x


@compiled()
def halved_twice(x):  # type: ignore[no-untyped-def]
    return half(half(x))


def quarters(out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = half(half(out[i]))
    return len(out)


def test_laws_and_engines_may_be_compiled_by_several_threads_at_once(folder) -> None:
    engine = Engine(quarters)
    with ThreadPoolExecutor(4) as pool:
        laws = [pool.submit(halved_twice, 4.0 * i) for i in range(4)]
        engines = [pool.submit(engine, np.full(3, 8.0)) for _ in range(4)]
        assert [law.result(60) for law in laws] == [0.0, 1.0, 2.0, 3.0]
        assert [one.result(60) for one in engines] == [3] * 4


def test_arrays_are_described_anew_after_they_are_gone() -> None:
    seen = set()
    for size in range(1, 50):
        _, words = _machine_code.flat((np.zeros(size),))
        seen.add(words[16:24])
    assert len(seen) == 49
    assert not [one for one in _machine_code._arrays.values() if one[0]() is None]


def test_tables_of_many_rows_of_one_and_of_none_share_their_code() -> None:
    """Those of one row or of none lie in two orders at once: no reason to compile again."""
    kinds = {_machine_code.flat((np.zeros((rows, 3, 2)),))[0] for rows in (0, 1, 2)}
    assert len(kinds) == 1
    assert _machine_code.flat((np.zeros((2, 3, 2), order="F"),))[0] not in kinds
