"""Figures that are drawn beside a command are those that are drawn here."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sim import easel
from sim.easel import Easel, Sketch, paint


def sketches(folder: Path, count: int = 3) -> list[Sketch]:
    shares = {"freeze": 0.25, "war": 0.05, "abandoned": 0.1, "ongoing": 0.6}
    table = pd.DataFrame(
        [("first", name, share) for name, share in shares.items()],
        columns=["strategy", "outcome", "best"],
    )
    return [Sketch("outcomes", table, f"figure {i}", folder / f"f{i}") for i in range(count)]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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
