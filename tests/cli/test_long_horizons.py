"""A horizon of thousands of years ends in reasonable time and memory, or in one clear message."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest

import sim
from builders import TWO_TRACKS as TWO
from readable import assert_readable
from sim.analysis import competing_risks, incidence
from sim.cli import commands
from sim.engine import daily_counts
from sim.engine.program import translate
from sim.errors import InputError
from sim.experiment import replay, result_tables
from sim.plotting import decisions, outcomes
from sim.reporting import summary
from sim.studies import compare, diff, explain, study
from sim.tracing.divergence import NO_DIVERGENCE
from sim.types import DAYS_PER_YEAR

DAYS = 3_000_000
TEXT = re.sub(r"(?m)^horizon = \d+", f"horizon = {DAYS}", TWO.read_text(encoding="utf-8"), count=1)
FEW = 12  # replications
A_CENTURY = re.sub(r"(?m)^horizon = \d+", "horizon = 36525", TEXT, count=1)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> sim.Results:
    return sim.run(sim.loads(TEXT), replications=FEW, out=tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("years", [0.01, 0.5, 1.9, 2, 5, 12, 40, 150, 8213.6, 1e6])
def test_ticks_of_years_are_few_and_even(years: float) -> None:
    days = years * DAYS_PER_YEAR
    table = pd.DataFrame({"strategy": "a", "time": [0.0, days], "low": 0.0, "best": 0.1,
                          "high": 0.2})  # fmt: skip
    axes = outcomes.incidence(table)
    ticks = axes.get_xticks() / DAYS_PER_YEAR
    assert 1 <= len(ticks) <= outcomes.MOST_YEARS + 1
    assert np.allclose(np.diff(ticks), np.diff(ticks)[:1])
    assert_readable(axes)
    assert axes.xaxis.label.get_text() == "years since the start"


def test_a_five_year_axis_has_a_tick_a_year() -> None:
    assert outcomes._years_apart(1826 / DAYS_PER_YEAR) == 1 and outcomes._years_apart(1) == 0.25


def test_figures_of_a_run_have_few_ticks(results) -> None:
    for name, draw in summary.figures_of(results):
        axes = draw()
        assert len(axes.get_xticks()) <= outcomes.MOST_YEARS + 1, name
        assert_readable(axes)


def test_hazards_are_given_for_few_spans(results) -> None:
    frame = results.frame.copy()
    frame["outcome"], frame["time"] = frame["outcome"].mask(frame["time"] > 0, "ongoing"), DAYS
    for span, count in ((None, competing_risks.MOST_SPANS), (DAYS / 10, 10)):
        table = competing_risks.hazard(frame, goal="freeze", horizon=DAYS, span=span)
        spans = table.groupby(["strategy", "outcome"], observed=True).size()
        assert (spans == count).all() and table["closes"].max() == DAYS


def test_a_timeline_draws_what_can_be_seen(results) -> None:
    story = summary.trace(results.scenario, "direct", engine="compiled")
    assert len(story.levels) > 10 * outcomes.PLACES  # far more than can be seen apart
    axes = outcomes.timeline(story)
    bars = sum(len(each.get_paths()) for each in axes.collections)
    marks = sum(len(line.get_xdata()) for line in axes.lines)
    lanes = len(axes.get_yticks())
    assert bars + len(axes.patches) + marks <= 6 * lanes * outcomes.PLACES
    assert len(axes.patches) < 50
    assert_readable(axes)
    figure = decisions.side_by_side(story, story, NO_DIVERGENCE)
    assert sum(len(c.get_paths()) for ax in figure.axes for c in ax.collections) < 2 * (
        6 * lanes * outcomes.PLACES
    )


def test_levels_too_many_to_be_seen_apart_keep_their_mean() -> None:
    ends = np.sort(np.random.default_rng(3).uniform(0, 1e6, 20_000)).reshape(-1, 2)
    level = np.arange(len(ends)) % 3 + 1
    spells = pd.DataFrame({"begin": ends[:, 0], "end": ends[:, 1], "level": level})
    mean = outcomes._mean_levels(spells, 1e6)
    assert len(mean) <= outcomes.PLACES
    held = (mean["level"] * (mean["end"] - mean["begin"])).sum()
    assert held == pytest.approx((level * (ends[:, 1] - ends[:, 0])).sum())


def test_few_replications_of_many_events_are_replayed(monkeypatch) -> None:
    monkeypatch.setattr(compare, "MOST_REPLAYED_EVENTS", 1)
    results = sim.run(sim.loads(A_CENTURY), replications=FEW)
    table = compare.compare(results).tables["durability"]
    assert (table["replayed"] == 1).all()
    reached = (
        (results.frame["outcome"] == "freeze").groupby(results.frame["strategy"].astype(str)).sum()
    )
    for name, part in table.groupby("strategy"):
        assert part["reached"].iloc[0] == reached[name]


def test_what_would_be_replayed_for_hours_is_refused(monkeypatch) -> None:
    scenario = sim.loads(A_CENTURY)
    message = r"replications: found 1,000,000, of about [\d,]+ events each .* 36,525 days"
    with pytest.raises(InputError, match=message):
        explain.explain(scenario, ["direct"], 1_000_000)
    with pytest.raises(InputError, match=message):
        diff.diff(scenario, "direct", "in_order", replications=1_000_000)
    monkeypatch.setattr(study, "MOST_EVENTS", 10**12)
    pulled = []
    logs = replay.with_logs

    def counted(program, seed, replications):
        for telling in logs(program, seed, replications):
            pulled.append(len(pulled))
            yield telling

    monkeypatch.setattr(replay, "with_logs", counted)
    seen: list[int] = []
    divergences = diff.divergence_tables.divergences

    def watched(program, both, *finds):
        def one_by_one():
            for pair in both:
                seen.append(len(pulled))
                yield pair

        return divergences(program, one_by_one(), *finds)

    monkeypatch.setattr(diff.divergence_tables, "divergences", watched)
    diff.diff(scenario, "direct", "in_order", replications=3)
    # Logs are held for one pair at a time.
    assert [b - a for a, b in itertools.pairwise(seen)] == [2, 2]


def test_counts_by_day_take_memory_of_a_column_not_of_all() -> None:
    text = TEXT.replace(f"horizon = {DAYS}", f"horizon = {daily_counts.MOST_DAYS}")
    program = translate(sim.loads(text).strategy("direct"))
    counter = daily_counts.Counter(program)
    dense = len(counter.layout.names) * counter.layout.days
    assert counter._count.size <= 4 * counter.layout.days < dense / 2
    assert counter._cell.size <= len(counter.layout.names) * daily_counts.MOST_AT_ONCE
    rows, counts = (
        sim.run(sim.loads(text), ["direct"], 30, keep=keep).frame for keep in ("rows", "summary")
    )
    for frame in (rows, counts):
        assert incidence.summary(frame, "freeze", "war", daily_counts.MOST_DAYS)["n"].tolist() == [
            30
        ]
    pd.testing.assert_frame_equal(
        *(
            incidence.incidence(f, goal="freeze", horizon=daily_counts.MOST_DAYS)
            for f in (rows, counts)
        ),
        check_exact=True, check_categorical=False,
    )  # fmt: skip


def test_too_many_rows_over_too_long_a_horizon_are_refused(
    results, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(result_tables, "MOST_ROWS", 10)
    with pytest.raises(InputError, match="too long to count them by day; allowed: at most 10 rows"):
        summary.summarise(results)
    file = tmp_path / "long.toml"
    file.write_text(TEXT, encoding="utf-8")
    out = tmp_path / "out"
    command = ["run", str(file), "--replications", "8", "--quiet", "--out", str(out)]
    assert commands.main(command) == 2
    assert "too many to be read at once" in capsys.readouterr().err
    assert list(out.glob("*.parquet"))  # what was simulated is kept
    assert commands.main(["report", str(out)]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "too many to be read at once" in page
