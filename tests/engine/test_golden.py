"""Twenty replications, pinned to the last bit.

Rows may change only together with ``MODEL_VERSION``: raise it, then
``python tests/engine/test_golden.py`` writes the table anew and notes its digest for the new
version. Say it in the changelog.
"""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import effort
import sim
from sim.engine.jit import JIT
from sim.engine.version import MODEL_VERSION

ROOT = Path(__file__).parents[2]
SCENARIO = Path(__file__).parents[1] / "golden" / "scenario.toml"
TABLE = SCENARIO.with_name("rows.csv")
VERSIONS = SCENARIO.with_name("versions.csv")


def simulated(engine: str) -> pd.DataFrame:
    frame = sim.run(sim.load(SCENARIO), None, 10, 20191105, engine=engine, workers=1).frame
    texts = {name: frame[name].astype(str) for name in ("strategy", "outcome", "binding")}
    return frame.assign(**texts)


def pinned() -> pd.DataFrame:
    table = pd.read_csv(TABLE, dtype=str, keep_default_na=False)
    for name in table:
        if name.startswith(("first_", "held_")) or name == "time":
            table[name] = [float(text or "nan") for text in table[name]]  # exact, as to_csv writes
        elif name not in ("strategy", "outcome", "binding"):
            table[name] = table[name].astype("int64")
    return table


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_twenty_replications(engine: str) -> None:
    pd.testing.assert_frame_equal(simulated(engine), pinned(), check_exact=True)


def digest() -> str:
    return hashlib.blake2b(TABLE.read_bytes(), digest_size=16).hexdigest()


def digests() -> dict[int, str]:
    """The digest of the golden rows of each version of the model so far."""
    with VERSIONS.open(encoding="utf-8", newline="") as file:
        return {int(row["model_version"]): row["rows"] for row in csv.DictReader(file)}


def test_rows_change_only_with_the_model_version() -> None:
    assert digests()[MODEL_VERSION] == digest()
    assert list(digests()) == list(range(1, MODEL_VERSION + 1))
    assert len(set(digests().values())) == MODEL_VERSION


def write() -> None:
    """Write the golden rows of a new version of the model."""
    if MODEL_VERSION in digests():
        sys.exit(f"raise MODEL_VERSION first: the rows of version {MODEL_VERSION} are fixed")
    simulated("simpy").to_csv(TABLE, index=False)
    with VERSIONS.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow([MODEL_VERSION, digest()])


def test_the_table_has_something_to_show() -> None:
    table = pinned()
    assert len(table) == 20
    assert set(table["outcome"]) == {"deal", "rupture", "ongoing", "abandoned"}
    same = {name for name in table if table[name].nunique(dropna=False) == 1}
    idle = {name for name in same if not name.endswith("_breaks")}
    assert idle <= {"draw", "first_tension", "first_contact", "held_rupture"}


@pytest.mark.slow
@pytest.mark.skipif(not JIT, reason="as without the compiler, whatever is asked for")
@pytest.mark.parametrize(
    "processor", [{"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
                  {"NUMBA_CPU_NAME": "x86-64-v3"}, {"NUMBA_DISABLE_JIT": "1"}],
    ids=["plain", "x86-64-v3", "no_compiler"],
)  # fmt: skip
def test_the_bits_are_the_same_on_other_processors(processor: dict[str, str]) -> None:
    if processor.get("NUMBA_CPU_NAME") == "x86-64-v3":
        if not effort.LONG:
            pytest.skip("it compiles everything once more: make verify")
        if not avx2():
            pytest.skip("this processor does not run code for x86-64-v3")
    code = "import test_golden as t, pandas as pd; " + (
        "pd.testing.assert_frame_equal(t.simulated('compiled'), t.pinned(), check_exact=True)"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **processor, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def avx2() -> bool:
    try:
        return "avx2" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


if __name__ == "__main__":
    write()
