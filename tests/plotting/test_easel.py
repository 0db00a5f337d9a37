"""Figures that are drawn beside a command are those that are drawn here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from sim import easel
from sim.easel import Easel, Sketch, paint

IS_OWN_PROGRAM = easel._is_own_program


def sketches(folder: Path, count: int = 3) -> list[Sketch]:
    shares = {"freeze": 0.25, "war": 0.05, "abandoned": 0.1, "ongoing": 0.6}
    table = pd.DataFrame(
        [("first", name, share) for name, share in shares.items()],
        columns=["strategy", "outcome", "best"],
    )
    return [Sketch("outcomes", table, f"figure {i}", folder / f"f{i}") for i in range(count)]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def own_program(monkeypatch) -> None:
    """The tests stand for the command."""
    monkeypatch.setattr(easel, "_is_own_program", lambda: True)


@pytest.mark.parametrize("processors", [1, 2, 3])
def test_figures_are_the_same_whoever_draws_them(tmp_path, monkeypatch, processors: int) -> None:
    paint(sketches(tmp_path / "here"))
    monkeypatch.setattr(easel, "_processors", lambda: processors)
    beside = Easel()
    beside.begin(sketches(tmp_path / "there"))
    beside.finish()
    assert files(tmp_path / "here") == files(tmp_path / "there")
    assert len(files(tmp_path / "there")) == 6


def test_what_a_painter_could_not_draw_is_drawn_here(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(easel, "_processors", lambda: 2)
    beside = Easel()
    beside.begin(sketches(tmp_path))
    for painter, _ in beside._at_work:
        painter.terminate()
    beside.finish()
    assert len(files(tmp_path)) == 6


def test_without_a_server_everything_is_drawn_here(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(easel, "_processors", lambda: 2)
    monkeypatch.setattr(easel.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    beside = Easel()
    beside.begin(sketches(tmp_path, 1))
    assert len(files(tmp_path)) == 2


def test_an_error_of_a_painter_is_met_here_without_a_word_of_its_own(
    tmp_path, monkeypatch, capfd
) -> None:
    monkeypatch.setattr(easel, "_processors", lambda: 2)
    beside = Easel()
    (tmp_path / "file").write_text("no folder")
    beside.begin([one._replace(path=tmp_path / "file" / "f") for one in sketches(tmp_path, 2)])
    with pytest.raises(OSError):
        beside.finish()
    assert capfd.readouterr().err == ""


SCRIPT = """
import sys
from sim import cli, easel

easel._processors = lambda: 2
print("imported")
sys.exit(cli.main(["run", "korea-2017", "--replications", "20", "--quiet", "--out", sys.argv[1]]))
"""


def test_a_script_that_calls_the_command_is_not_run_again_to_draw(tmp_path) -> None:
    script = tmp_path / "calls.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("imported") == 1
    assert list((tmp_path / "out").glob("*.png"))


@pytest.mark.parametrize(
    ("spec", "file", "own"),
    [
        ("sim.__main__", "/somewhere/sim/__main__.py", True),
        (None, "/somewhere/bin/detente", True),
        (None, "/somewhere/calls.py", False),
        ("pytest.__main__", "/somewhere/pytest/__main__.py", False),
        (None, None, False),
    ],
)
def test_only_the_commands_themselves_draw_beside(monkeypatch, spec, file, own) -> None:
    main = SimpleNamespace(__spec__=spec and SimpleNamespace(name=spec), __file__=file)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert IS_OWN_PROGRAM() is own
