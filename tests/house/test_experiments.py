"""Every experiment is short, uses public names alone, and runs without a warning."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import effort

ROOT = Path(__file__).parents[2]
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.py"))
MOST_LINES = {"a_simpy_users_hand": 60, "a_whole_study": 80}
LIBRARIES = {"sim", "lifelines", "matplotlib", "numpy", "pandas", "scipy", "seaborn"}
FEW = {"REPLICATIONS": 20, "DRAWS": 2, "SHOWN": 3, "SWEEPS": 2}
LONG = {"backcast", "what_the_record_leaves", "what_the_record_says"}


def scripts(long: bool) -> list[Path]:
    return [path for path in EXPERIMENTS if (path.stem in LONG) == long]


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_it_is_short_and_uses_public_names_alone(path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES.get(path.stem, 40)
    assert text.startswith('"""') or text.startswith("# %% [markdown]")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
            assert all(name == "sim" or not name.startswith("sim.") for name in names)
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
            assert not names[0].startswith("sim")
        else:
            continue
        assert {name.split(".")[0] for name in names} <= LIBRARIES | set(sys.stdlib_module_names)
    assert not re.search(r"\bsim\.\w*\._|results\._", text)


def run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script, or the cells of a notebook one after the other, with few replications."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(sys, "argv", [str(path), *ARGUMENTS.get(path.stem, [])])
    text = path.read_text(encoding="utf-8")
    for name, few in FEW.items():
        text = re.sub(rf"^{name} = [\d_]+$", f"{name} = {few}", text, flags=re.M)
    names: dict[str, object] = {"__name__": "__main__", "__doc__": "An experiment."}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for cell in re.split(r"^# %%.*$", text, flags=re.M):
            exec(compile(cell, str(path), "exec"), names)
    plt.close("all")


ARGUMENTS = {"compare_sequencing": ["--replications", "20", "--out", "main-job"]}


@pytest.mark.slow
@pytest.mark.parametrize("path", scripts(long=False), ids=lambda path: path.stem)
def test_it_runs_without_a_warning(path, tmp_path, monkeypatch, capsys) -> None:
    run(path, tmp_path, monkeypatch)
    assert capsys.readouterr().out
    assert list(tmp_path.rglob("*.png"))[:1] or path.stem == "a_process_of_your_own"


@pytest.mark.slow
@pytest.mark.parametrize("path", scripts(long=True), ids=lambda path: path.stem)
def test_one_that_takes_minutes_runs_too(path, tmp_path, monkeypatch, capsys) -> None:
    if path.stem == "what_the_record_leaves" and not effort.LONG:
        pytest.skip("it takes three minutes: make verify")
    try:
        run(path, tmp_path, monkeypatch)
    except SystemExit as ended:
        assert ended.code == 0
    assert capsys.readouterr().out


@pytest.mark.slow
def test_the_main_job_leaves_its_folder(tmp_path, monkeypatch, capsys) -> None:
    run(ROOT / "experiments" / "compare_sequencing.py", tmp_path, monkeypatch)
    names = {path.name for path in (tmp_path / "main-job").iterdir()}
    assert {"summary.csv", "differences.csv", "manifest.json", "incidence.png"} <= names
    printed = capsys.readouterr().out
    assert "Best here: " in printed and re.search(r"^summary: .*summary.csv$", printed, re.M)
    assert printed.startswith("strategy")
