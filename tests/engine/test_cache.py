"""The cache of machine code: two that compile at once, a package that cannot be written, edits."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sim.engine.jit import JIT

ROOT = Path(__file__).parents[2]
ASK = """
import sys, sim
from sim import kernel
from sim.program import translate
program = translate(sim.load(sys.argv[1]))
print(kernel.simulate(program, 3, 0, 4).time.tolist())
print("numba" in sys.modules)
"""

pytestmark = pytest.mark.skipif(not JIT, reason="nothing is compiled")


def asked(package: Path, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(ROOT / "tests" / "golden" / "scenario.toml")],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), "DETENTE_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> str:
    output, error = process.communicate(timeout=240)
    assert process.returncode == 0, error
    return output


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package in which nothing may be written."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(ROOT / "sim", folder / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "sim", *(folder / "sim").rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    yield folder
    for path in (folder / "sim", *(folder / "sim").rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_two_processes_may_compile_at_once_beside_a_read_only_package(package, cache) -> None:
    both = [asked(package, cache) for _ in range(2)]
    first_two = [answer(process).splitlines() for process in both]
    third = answer(asked(package, cache)).splitlines()  # finds it in the cache
    assert first_two[0][0] == first_two[1][0] == third[0]
    assert [first_two[0][1], first_two[1][1], third[1]] == ["True", "True", "False"]
    assert list(cache.rglob("*.code"))
    # For one who may write everywhere, too: no machine code is written beside the sources.
    assert not [path for path in package.rglob("*") if path.suffix in (".code", ".nbi", ".nbc")]


def test_after_a_law_is_edited_the_engine_gives_other_rows_at_once(
    package, cache, tmp_path
) -> None:
    before = answer(asked(package, cache)).splitlines()[0]
    shutil.copytree(package / "sim", tmp_path / "sim")
    law = tmp_path / "sim" / "engine" / "distributions.py"
    law.chmod(0o644)
    text = law.read_text(encoding="utf-8")
    assert text.count("return -log(1.0 - u)") == 1
    law.write_text(text.replace("return -log(1.0 - u)", "return -2.0 * log(1.0 - u)"))
    assert answer(asked(tmp_path, cache)).splitlines()[0] != before
