"""The order of imports is held by import-linter; here stands what it cannot say."""

from __future__ import annotations

from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
SIM = ROOT / "sim"


def test_packages_import_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_everything_that_is_compiled_decides_the_cache() -> None:
    from sim.engine import jit

    for path in SIM.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "@compiled" in text or "@engine" in text:
            assert path.parent.name == "engine" and path.name in jit.SOURCES


def test_modules_stand_in_packages_that_say_what_they_are_for() -> None:
    assert {path.name for path in SIM.glob("*.py")} <= {"__init__.py", "__main__.py", "errors.py",
                                                       "types.py", "formatting.py"}  # fmt: skip
    for package in SIM.glob("*/__init__.py"):
        text = package.read_text(encoding="utf-8")
        assert text.startswith('"""') and "Read first" in text.split('"""')[1]


def test_experiments_are_short() -> None:
    for path in (ROOT / "experiments").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 60, path.name
