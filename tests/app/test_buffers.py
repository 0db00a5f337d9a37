"""What answers keep: enough for their tables, as a run has it, and no more as time goes on."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.analysis import attribution, comparison
from sim.app import progressive
from sim.app.buffers import ReplicationBuffer
from sim.app.progressive import answers
from sim.app.session import State
from sim.app.strategy_draft import StrategyDraft, file_of
from sim.app.workspace import Workspace, workspace_of
from sim.engine import kernel
from sim.engine.rows import slice_rows
from sim.scenario.scenario import catalog

NUMBER = "us_dprk.contact.success"


def laid(source: str, names: tuple[str, ...]) -> Workspace:
    scenario = sim.load(source)
    drafts = tuple(StrategyDraft.of(scenario, name) for name in names)
    return workspace_of(State(scenario=source, seed=5, drafts=drafts))


def kept(table: Workspace, n: int) -> pd.DataFrame:
    """Kept in two steps, each of blocks out of order."""
    found = ReplicationBuffer(table.programs)
    for begin, end in ((0, n // 3), (n // 3, n)):
        found.make_room(end)
        for draft, program in enumerate(table.programs):
            rows = kernel.simulate(program, 5, begin, end - begin)
            half = (end - begin) // 2
            found.keep(draft, begin + half, slice_rows(rows, half, end - begin))
            found.keep(draft, begin, slice_rows(rows, 0, half))
    return found.frame()


@pytest.mark.parametrize("source", catalog())
def test_what_is_kept_is_what_a_run_has(source: str, tmp_path: Path) -> None:
    table = laid(source, tuple(sim.load(source).strategies)[:3])
    file = tmp_path / "drafts.toml"
    file.write_text(file_of(table.state.drafts), encoding="utf-8")
    whole = sim.run(sim.load(source, [file]), list(table.keys), 100, 5).frame
    frame = kept(table, 100)
    about = (table.scenario.goal, table.scenario.ruin, table.scenario.horizon)
    assert set(frame) < set(whole)
    for name in frame:
        np.testing.assert_array_equal(np.asarray(frame[name]), np.asarray(whole[name]), name)
    for tell in (sim.summary, lambda *of: comparison.compare(of[0], table.keys[0], *of[1:])):
        pd.testing.assert_frame_equal(tell(frame, *about), tell(whole, *about), check_exact=True)
    bound = [attribution.bottlenecks(one, goal=about[0]) for one in (frame, whole)]
    pd.testing.assert_frame_equal(*bound, check_exact=True)


def test_a_history_takes_less_than_half_of_its_row() -> None:
    table = laid("korea-2017", ("proposal", "seoul_first"))
    whole = sim.run(sim.load("korea-2017"), ["proposal", "seoul_first"], 100, 5).frame
    assert kept(table, 100).memory_usage().sum() < whole.memory_usage().sum() / 2


def test_memory_is_flat_while_a_slider_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progressive, "FIRST", 100)
    state = laid("korea-2017", ("proposal",)).state

    def move(times: int) -> int:
        for i in range(times):
            moved = state.with_number(NUMBER, 0.3 + 0.001 * i)
            assert next(answers(moved)).n == 100
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = move(5)
        assert (
            move(20) - before < 200_000
        )  # bytes; the replications of all moves take four times that
    finally:
        tracemalloc.stop()
