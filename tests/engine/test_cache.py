"""The cache of machine code: which folders are used and removed, two that compile at once."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from effort import PATIENCE
from sim.engine import daily_counts, distributions, jit, kernel
from sim.engine.jit import JIT, cache_folder, compiled, engine
from sim.engine.program import translate

ROOT = Path(__file__).parents[2]
GOLDEN = str(ROOT / "tests" / "golden" / "scenario.toml")
# The engine of the kernel that compiles fastest; its law stands in another module.
ASK = """
import sys, sim
from sim.engine import kernel
from sim.engine.program import translate
plan = kernel.plan(translate(sim.load(sys.argv[1])).code)
print(plan.speeds.tolist())
print(sum(kernel._fill_speeds.stats.cache_misses.values()))
"""

pytestmark = pytest.mark.skipif(not JIT, reason="nothing is compiled")


def asked(package: Path, cache: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(package), "DETENTE_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", ASK, GOLDEN],
        cwd=package,
        env=env | {"NUMBA_CACHE_DIR": str(cache / "of_others")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> str:
    output, error = process.communicate(timeout=PATIENCE)
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


@pytest.mark.slow
def test_two_processes_may_compile_at_once_beside_a_read_only_package(package, cache) -> None:
    both = [asked(package, cache) for _ in range(2)]
    first_two = [answer(process).splitlines() for process in both]
    third = answer(asked(package, cache)).splitlines()  # finds it in the cache
    assert not (cache / "of_others").exists()
    assert first_two[0][0] == first_two[1][0] == third[0]
    assert [first_two[0][1], first_two[1][1], third[1]] == ["1", "1", "0"]
    assert list(cache.rglob("*.nbc"))
    # For one who may write everywhere, too: no machine code is written beside the sources.
    assert not [path for path in package.rglob("*") if path.suffix in (".nbi", ".nbc")]


@pytest.mark.slow
def test_after_a_law_is_edited_its_old_machine_code_is_not_used(package, cache, tmp_path) -> None:
    before = json.loads(answer(asked(package, cache)).splitlines()[0])
    shutil.copytree(package / "sim", tmp_path / "sim")
    law = tmp_path / "sim" / "engine" / "distributions.py"
    law.chmod(0o644)
    text = law.read_text(encoding="utf-8")
    assert text.count("min(speed, FASTEST)") == 1
    law.write_text(text.replace("min(speed, FASTEST)", "min(speed, FASTEST) + 1.0"))
    after = json.loads(answer(asked(tmp_path, cache)).splitlines()[0])
    assert after[0] == before[0] + 1.0


# -- which folders are used -----------------------------------------------------------------------

as_root = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives folders away"
)


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """A folder for temporary files that everybody may write to, and no other place for a cache."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    folder.chmod(0o1777)
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(jit.tempfile, "tempdir", str(folder))
    return folder


def fallback(temporary: Path) -> Path:
    return temporary / f"detente-{os.getuid()}"


def test_the_folder_belongs_to_the_user_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "new"))
    folder = cache_folder()
    assert folder == tmp_path / "new" / jit.fingerprint() == cache_folder()
    for path in (folder, folder.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert (
        (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806")
    )


def test_a_folder_that_cannot_be_written_to_is_passed_over(temporary) -> None:
    assert cache_folder() == fallback(temporary) / jit.fingerprint()
    assert stat.S_IMODE(fallback(temporary).stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
@pytest.mark.parametrize("deep", [False, True])
def test_a_folder_that_others_may_write_to_is_not_used(temporary, mode, deep) -> None:
    made = fallback(temporary)
    made.mkdir(0o700)
    if deep:
        made = made / jit.fingerprint()
        made.mkdir()
    made.chmod(mode)
    found = cache_folder()
    assert found.parent == temporary and found != fallback(temporary)
    assert stat.S_IMODE(found.stat().st_mode) == 0o700
    assert not list(made.iterdir())


@as_root
@pytest.mark.parametrize("deep", [False, True])
def test_a_folder_of_somebody_else_is_not_used(temporary, deep) -> None:
    made = fallback(temporary) / jit.fingerprint() if deep else fallback(temporary)
    made.mkdir(0o700, parents=True)
    os.chown(made, 12345, 12345)
    found = cache_folder()
    assert found.parent == temporary and found != fallback(temporary)


def test_a_link_to_a_folder_is_not_used(temporary, tmp_path) -> None:
    (tmp_path / "elsewhere").mkdir(0o700)
    fallback(temporary).symlink_to(tmp_path / "elsewhere")
    assert cache_folder().parent == temporary


LAW = "from sim.engine import distributions as d, jit; print(jit.FOLDER, d.bounded_speed(2.0))"


def a_law(**environment: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", environment.pop("code", LAW)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip


@pytest.mark.slow
def test_without_any_good_folder_a_private_one_lasts_as_long_as_the_process(temporary) -> None:
    fallback(temporary).mkdir()
    fallback(temporary).chmod(0o777)
    folder, speed = a_law(TMPDIR=str(temporary))
    assert Path(folder).parent == temporary and speed == "2.0"
    assert list(temporary.iterdir()) == [fallback(temporary)]


@pytest.mark.slow
def test_where_there_is_no_room_nothing_is_kept(temporary) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000,) * 2); "
    assert a_law(TMPDIR=str(temporary), code=limit + LAW) == ["None", "2.0"]


def test_a_user_without_a_home_gets_no_folder_named_tilde(temporary, monkeypatch) -> None:
    import pwd

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(temporary)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for given in (None, "~/cache"):
        if given:
            monkeypatch.setenv("DETENTE_CACHE", given)
        else:
            monkeypatch.delenv("DETENTE_CACHE")
        assert cache_folder().parent == fallback(temporary)
    monkeypatch.setenv("XDG_CACHE_HOME", "~/.cache")  # relative ones do not count
    assert cache_folder().parent == fallback(temporary)
    assert list(temporary.iterdir()) == [fallback(temporary)]
    monkeypatch.setenv("HOME", str(temporary / "home"))
    assert cache_folder().parent == temporary / "home" / "cache"


def test_only_old_folders_that_detente_made_are_removed(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    named, tag = "0123456789abcdef01234567", jit.TAG
    for name in ("thesis", named, named[::-1], "a" * 24):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.csv").write_text("precious")
    for name in ("thesis", named):
        (tmp_path / name / tag).write_text(jit.TAG_TEXT)
    (tmp_path / ("a" * 24) / tag).write_text("Signature: of another program")
    (tmp_path / ("b" * 24)).symlink_to(tmp_path / "thesis")
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    young = tmp_path / ("c" * 24)
    shutil.copytree(tmp_path / named, young)
    os.utime(young)
    folder = cache_folder()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"thesis", named[::-1], "a" * 24, "b" * 24, young.name, folder.name}
    assert (tmp_path / "thesis" / "data.csv").read_text() == "precious"


# -- what numba is asked for ----------------------------------------------------------------------


@pytest.mark.slow
def test_each_engine_is_compiled_for_one_combination_of_types() -> None:
    """numba's cache may mix up several of them where two processes compile at once."""
    scenario = sim.load("korea-2017")
    for name in list(scenario.strategies)[:2]:
        program = translate(scenario.strategy(name))
        rows = kernel.simulate(program, 1, 0, 20)
        kernel.simulate(program, 1, 0, 20, residuals=True)
        kernel.trace(program, 1, 3)
        daily_counts.Counter(program).add(rows, 0)
    sim.search(scenario, list(scenario.tracks)[:1], replications=20)
    sim.run(sim.load(GOLDEN), replications=5, draws=3, keep="summary", seed=2)
    engines = [
        kernel.run_all, kernel.run_all_logged, kernel._fill_speeds, daily_counts.count_rows,
        distributions.prepare_all, distributions.quantiles,
    ]  # fmt: skip
    assert [len(one.signatures) for one in engines] == [1] * len(engines)


@pytest.mark.slow
def test_an_engine_lets_other_threads_run() -> None:
    program = translate(sim.load(GOLDEN))
    kernel.simulate(program, 3, 0, 1)
    with ThreadPoolExecutor(1) as pool:
        work, turns = pool.submit(kernel.simulate, program, 3, 0, 100_000), 0
        while not work.done():
            turns += 1
            time.sleep(0.001)
    assert turns > 10


@compiled()
def half(x):  # type: ignore[no-untyped-def]
    return 0.5 * x


@pytest.mark.slow
def test_engines_may_be_compiled_by_several_threads_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(jit, "FOLDER", tmp_path)

    @engine
    def quarters(out):  # type: ignore[no-untyped-def]
        for i in range(len(out)):
            out[i] = half(half(out[i]))
        return len(out)

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(quarters, np.full(3, 8.0)) for _ in range(4)]
        assert [one.result(PATIENCE) for one in done] == [3] * 4
    assert len(list(tmp_path.rglob("*.nbc"))) == 1


DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "one bit": lambda content: content[:-200] + bytes([content[-200] ^ 1]) + content[-199:],
    "of something else": lambda content: b"\x80\x05K\x07.",
}


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_dropped_and_compiled_again(
    tmp_path, monkeypatch, ending, damage
) -> None:
    monkeypatch.setattr(jit, "FOLDER", tmp_path)

    def tripled() -> Any:
        @compiled("float64(float64)", kept=True)
        def triple(x):  # type: ignore[no-untyped-def]
            return 3.0 * x

        return triple

    tripled()
    (path,) = tmp_path.rglob(f"*.{ending}")
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[damage](whole))
    found = [tripled() for _ in range(2)]
    assert [one(2.0) for one in found] == [6.0, 6.0]
    assert [sum(one.stats.cache_misses.values()) for one in found] == [1, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"), [("NUM_THREADS", "0"), ("DISABLE_JIT", "true"), ("OPT", "high")]
)
def test_a_setting_that_numba_cannot_read_is_one_message(tmp_path, name, value) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", GOLDEN, "--out", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(ROOT), f"NUMBA_{name}": value},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"environment: numba does not start with NUMBA_{name}={value} (")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("value", ["no.such.Locator", "InTreeCacheLocator"])
def test_settings_of_other_caches_do_not_matter(value) -> None:
    assert a_law(NUMBA_CACHE_LOCATOR_CLASSES=value)[1] == "2.0"
