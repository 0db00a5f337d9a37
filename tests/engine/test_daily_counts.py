"""Counts by day say what the rows say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim.analysis import attribution, comparison, competing_risks, incidence
from sim.cli.commands import main
from sim.engine import daily_counts, kernel, rows
from sim.engine.program import translate
from sim.errors import InputError

SCENARIO = sim.load("korea-2017")
NAMES = ["proposal", "pressure"]


@pytest.fixture(scope="module")
def both() -> tuple[pd.DataFrame, pd.DataFrame]:
    return tuple(sim.run(SCENARIO, NAMES, 3000, keep=keep).frame for keep in ("rows", "summary"))


def test_the_summary_is_that_of_the_rows(both) -> None:
    rows, counts = (
        incidence.summary(frame, "freeze", "war", SCENARIO.horizon, endpoint)
        for frame in both
        for endpoint in [None]
    )
    assert rows["strategy"].tolist() == counts["strategy"].tolist()
    exact = [c for c in rows if c.startswith(("reached", "outcome", "ruin", "n"))]
    shares = [c for c in exact if not c.startswith("n_")]
    pd.testing.assert_frame_equal(rows[shares], counts[shares], check_exact=True)
    for name in rows.columns.difference([*shares, "strategy", "endpoint"]):
        if not name.startswith("median"):
            assert rows[name].to_numpy() == pytest.approx(counts[name].to_numpy(), abs=2e-3), name


def test_a_median_is_the_end_of_its_day(both) -> None:
    rows, counts = (
        incidence.summary(frame, "freeze", "war", SCENARIO.horizon, "us_dprk.contact")
        for frame in both
    )
    for name in ("median", "median_low", "median_high"):
        assert counts[name].tolist() == np.ceil(rows[name]).tolist()


@pytest.mark.parametrize("endpoint", [None, "moratorium", "war", "us_dprk.contact"])
def test_incidence_on_whole_days_is_that_of_the_rows(both, endpoint) -> None:
    rows, counts = (incidence.incidence(f, endpoint, goal="freeze") for f in both)
    pd.testing.assert_frame_equal(rows, counts, check_exact=True, check_categorical=False)


def test_the_other_tables_are_those_of_the_rows(both) -> None:
    for table in (
        incidence.times,
        incidence.outcomes,
        competing_risks.incidence_by_outcome,
        competing_risks.hazard,
    ):
        rows, counts = (table(frame, goal="freeze") for frame in both)
        pd.testing.assert_frame_equal(rows, counts, check_exact=True, check_categorical=False)


def test_single_runs_cannot_be_asked_for(both) -> None:
    with pytest.raises(ValueError, match="needs rows"):
        comparison.compare(both[1], "proposal", "freeze", "war", SCENARIO.horizon)
    with pytest.raises(ValueError, match="needs rows"):
        attribution.bottlenecks(both[1], goal="freeze")


def counted(program, spans, draw=0) -> daily_counts.Tally:
    counter = daily_counts.Counter(program)
    for first, n in spans:
        counter.add(kernel.simulate(program, 4, first, n), draw)
    return counter.tally


def test_a_tally_depends_neither_on_blocks_nor_on_their_order() -> None:
    program = translate(SCENARIO.strategy("proposal"))
    whole = counted(program, [(0, 900)])
    pieces = [counted(program, [span]) for span in [(500, 400), (0, 120), (120, 380)]]
    together = daily_counts.together(daily_counts.layout(program), pieces)
    pd.testing.assert_frame_equal(
        daily_counts.frame(program, whole), daily_counts.frame(program, together)
    )
    assert daily_counts.encode(whole, "x") == daily_counts.encode(together, "x")


def test_a_tally_is_read_again_as_it_was() -> None:
    program = translate(SCENARIO.strategy("proposal"))
    whole = counted(program, [(0, 300)], draw=7)
    whole.squares[0, 0] = 2**80 + 17  # no 64-bit number
    again, identity = daily_counts.decode(daily_counts.encode(whole, "whose"))
    assert identity == "whose"
    assert again.squares.tolist() == whole.squares.tolist()
    assert again.total.tolist() == whole.total.tolist()
    assert again.draws.tolist() == [7] and again.runs.tolist() == [300]
    with pytest.raises(ValueError, match="cannot be read"):
        daily_counts.decode(b"nothing")


def test_several_draws_are_averaged_by_draw() -> None:
    program = translate(SCENARIO.strategy("all_parallel"))
    tables, frames = [], []
    for draw, success in enumerate((0.3, 0.5, 0.8)):
        drawn = program.with_parameters({"us_dprk.contact.success": success})
        simulated = kernel.simulate(drawn, 1, 0, 500)
        counter = daily_counts.Counter(drawn)
        counter.add(simulated, draw)
        tables.append(daily_counts.frame(drawn, counter.tally))
        frames.append(rows.frame(drawn, simulated, 0, draw))
    counts, whole = pd.concat(tables, ignore_index=True), pd.concat(frames, ignore_index=True)
    one, two = (
        incidence.summary(f, "freeze", "war", SCENARIO.horizon, "us_dprk.contact").iloc[0]
        for f in (whole, counts)
    )
    for name in ("reached", "restricted_mean", "outcome_war"):
        assert one[name] == pytest.approx(two[name], abs=1e-3), name
        # Counts do not say which runs are of one replication: the worst case is allowed for.
        assert two[f"{name}_low"] <= one[f"{name}_low"] + 1e-9
        assert two[f"{name}_high"] >= one[f"{name}_high"] - 1e-9
    assert two["median"] == np.ceil(one["median"]) and two["draws"] == 3
    assert not two["median_high"] < one["median_high"]


def test_counts_are_kept_in_a_folder_that_can_grow(tmp_path) -> None:
    out = tmp_path / "kept"
    sim.run(SCENARIO, NAMES, 300, out=out, keep="summary", block=70)
    assert not list(out.glob("*.parquet"))
    grown = sim.run(SCENARIO, NAMES, 500, out=out, keep="summary", block=90)
    at_once = sim.run(SCENARIO, NAMES, 500, keep="summary")
    pd.testing.assert_frame_equal(grown.frame, at_once.frame)
    pd.testing.assert_frame_equal(sim.read(out).frame, at_once.frame)
    with pytest.raises(InputError, match="keep: summary in the folder, rows now"):
        sim.run(SCENARIO, NAMES, 500, out=out)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(InputError, match="only the summary"):
        sim.run(SCENARIO, NAMES, 10, keep="summary", columns=["time"])
    with pytest.raises(InputError, match=r"allowed: rows, summary"):
        sim.run(SCENARIO, NAMES, 10, keep="all")
    long = sim.loads(
        'title = "Long"\nstart = 2020-01-01\nhorizon = 2e6\ngoal = "goal"\n[conditions.goal]\n'
        '[tracks.t]\n[[tracks.t.stages]]\nname = "s"\nduration = 1\nsuccess = 1\n'
    )
    with pytest.raises(InputError, match="1,000,000"):
        sim.run(long, None, 10, keep="summary")


def test_the_command(tmp_path, capsys) -> None:
    out = str(tmp_path / "out")
    command = ["run", "korea-2017", "--replications", "200", "--keep", "summary", "--out", out]
    assert main(command) == 0
    assert "all_parallel" in capsys.readouterr().out
    assert (tmp_path / "out" / "summary.csv").exists()
    assert (tmp_path / "out" / "incidence.png").exists()
