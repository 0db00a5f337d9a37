"""Figures: nothing is cut off or lies upon another, and what they say is what the table says."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from functools import lru_cache
from pathlib import Path

import matplotlib.image as mpimg
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

import sim
from readable import assert_readable
from sim.analysis import comparison, incidence
from sim.plotting import outcomes, style
from sim.reporting import summary
from sim.types import DAYS_PER_YEAR

SCENARIO = sim.load("korea-2017")
WITH = {"goal": "freeze", "horizon": SCENARIO.horizon}


@lru_cache
def rows() -> pd.DataFrame:
    return sim.run(SCENARIO, None, 800).frame


@pytest.fixture(scope="module")
def figures() -> dict[str, Axes]:
    caption = "korea-2017: 800 replications, seed 1"
    table = comparison.compare(rows(), "proposal", "freeze", "war", SCENARIO.horizon)
    return {
        "incidence": outcomes.incidence(incidence.incidence(rows(), **WITH), caption=caption),
        "outcomes": outcomes.outcomes(incidence.outcomes(rows(), **WITH), caption=caption),
        "times": outcomes.times(incidence.times(rows(), **WITH), caption=caption),
        "differences": outcomes.differences(table, caption=caption),
        "timeline": outcomes.timeline(summary.trace(SCENARIO, "proposal", 3)),
    }


@pytest.mark.parametrize("name", ["incidence", "outcomes", "times", "differences", "timeline"])
def test_figures_are_readable(figures, name: str) -> None:
    axes = figures[name]
    assert_readable(axes)
    assert axes.get_title(loc="left")
    assert axes.get_xlabel() or name == "timeline"  # dates speak for themselves


LONG = "The way round by Geneva, Vienna and then {}; v2.0_b of the text"  # 60 letters and more


def titled(table: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    table.attrs["titles"] = titles
    return table


@pytest.mark.parametrize("strategies", [2, 4, 9])
def test_long_titles_are_folded_and_nothing_is_cut_off(strategies: int) -> None:
    names = list(SCENARIO.strategies)[:strategies]
    frame = rows()[rows()["strategy"].isin(names)]
    titles = {name: LONG.format(i) for i, name in enumerate(names)}
    paired = comparison.compare(frame, names[0], "freeze", "war", SCENARIO.horizon)
    drawn = {
        "incidence": outcomes.incidence(titled(incidence.incidence(frame, **WITH), titles)),
        "outcomes": outcomes.outcomes(titled(incidence.outcomes(frame, **WITH), titles)),
        "times": outcomes.times(titled(incidence.times(frame, **WITH), titles)),
        "differences": outcomes.differences(titled(paired, titles)),
    }
    for axes in drawn.values():
        assert_readable(axes)
    for name in ("outcomes", "times", "differences"):
        labels = [text.get_text().replace("\n", " ") for text in drawn[name].get_yticklabels()]
        assert set(labels) <= {*titles.values()} and labels
        boxes = [text.get_window_extent() for text in drawn[name].get_yticklabels()]
        ends = sorted((box.y0, box.y1) for box in boxes)
        assert all(one[1] <= two[0] + 2 for one, two in itertools.pairwise(ends)), name
    assert any(title in drawn["incidence"].get_title(loc="left").replace("\n", " ")
               for title in titles.values())  # fmt: skip


def test_a_title_in_letters_that_no_font_has_gives_way_to_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = titled(incidence.outcomes(rows(), **WITH), {"proposal": "北京方案", "pressure": "Süd"})
    latin = frozenset(range(0x250))
    for letters, shown in ((latin, "proposal"), (latin | {*map(ord, "北京方案")}, "北京方案")):
        monkeypatch.setattr(style, "_letters", lambda letters=letters: letters)
        labels = [text.get_text() for text in outcomes.outcomes(table).get_yticklabels()]
        assert {shown, "Süd", "seoul first"} <= set(labels)


def test_texts_are_folded_by_what_their_letters_take() -> None:
    assert style.fold("direct talks first, then all others", 12) == (
        "direct talks\nfirst, then\nall others"
    )
    assert style.fold("北京方案第二稿", 8) == "北京方案\n第二稿"
    assert style.fold("x" * 30, 12, 2) == f"{'x' * 12}\n{'x' * 9} .."
    assert all(style.columns(line) <= 26 for line in style.fold("案" * 60, 26, 3).split("\n"))


def test_every_strategy_is_labelled_at_its_curve(figures) -> None:
    labels = " ".join(text.get_text() for text in figures["incidence"].texts)
    assert all(style.words(name) in labels for name in SCENARIO.strategies)


def test_the_title_says_the_finding(figures) -> None:
    best = incidence.rank(rows(), "freeze", SCENARIO.horizon)[0]
    title = figures["incidence"].get_title(loc="left").replace("\n", " ")
    assert style.words(best) in title.lower() and "freeze" in title


def test_curves_are_those_of_the_table(figures) -> None:
    table = incidence.incidence(rows(), **WITH)
    for name, curve in table.groupby("strategy"):
        drawn_as = [
            line for line in figures["incidence"].lines
            if len(line.get_ydata()) == len(curve)
            and np.allclose(line.get_ydata(), curve["best"])
        ]  # fmt: skip
        assert drawn_as, name


def test_bars_of_outcomes_add_up_to_all_runs(figures) -> None:
    rows: dict[float, float] = {}
    for patch in figures["outcomes"].patches:
        middle = round(patch.get_y() + patch.get_height() / 2, 3)
        rows[middle] = rows.get(middle, 0.0) + patch.get_width()
    assert [total for total in rows.values() if total > 0] == pytest.approx([1.0] * 9)


@pytest.mark.parametrize("n", [1, 2])
def test_few_strategies_and_few_runs(n: int) -> None:
    names = ["proposal", "pressure"][:n]
    frame = sim.run(SCENARIO, names, 3).frame
    assert_readable(outcomes.incidence(incidence.incidence(frame, **WITH)))
    assert_readable(outcomes.outcomes(incidence.outcomes(frame, **WITH)))
    assert_readable(outcomes.times(incidence.times(frame, **WITH)))


def test_another_endpoint_is_named() -> None:
    axes = outcomes.incidence(incidence.incidence(rows(), "moratorium", **WITH))
    assert "moratorium" in axes.get_title(loc="left") + axes.get_ylabel()


def test_a_sweep() -> None:
    table = pd.DataFrame({
        "start": pd.date_range("2017-01-01", periods=6, freq="MS"),
        "low": np.linspace(0.1, 0.3, 6), "best": np.linspace(0.2, 0.4, 6),
        "high": np.linspace(0.3, 0.5, 6),
    })  # fmt: skip
    assert_readable(outcomes.sweep(table, "start", "start of the process"))


def test_figures_are_saved_alike_each_time(figures, tmp_path: Path) -> None:
    one = style.save(figures["outcomes"].figure, tmp_path / "new" / "a")
    two = style.save(figures["outcomes"].figure, tmp_path / "b")
    assert [path.suffix for path in one] == [".png", ".svg"]
    assert one[1].read_bytes() == two[1].read_bytes()
    picture = mpimg.imread(one[0])
    assert picture.shape[1] > 2000 and picture.std() > 0.05


def test_labels_keep_their_distance() -> None:
    places = outcomes._spread([0.5, 0.5, 0.51, 0.1], 0.05, 0.0, 1.0)
    assert np.diff(sorted(places)).min() >= 0.05 - 1e-6
    assert places[3] == pytest.approx(0.1)


TWO = (Path(__file__).parents[1] / "corpus" / "valid" / "two_tracks.toml").read_text(
    encoding="utf-8"
)


@pytest.mark.parametrize(
    ("strategy", "outcome", "sentence"),
    [
        ("proposal", "freeze", "freeze on {date}, day {day}"),
        ("proposal", "war", "war on {date}, day {day}"),
        ("bilateral_only", "ongoing", "no freeze by 15 June 2022, day 1826"),
    ],
)
def test_a_timeline_says_how_its_replication_ended(strategy, outcome, sentence) -> None:
    row = rows()[(rows()["strategy"] == strategy) & (rows()["outcome"] == outcome)].iloc[0]
    axes = outcomes.timeline(summary.trace(SCENARIO, strategy, int(row["replication"])))
    date = SCENARIO.start + dt.timedelta(days=math.floor(row["time"]))
    ended = sentence.format(date=f"{date.day} {date:%B %Y}", day=f"{row['time']:.0f}")
    name = strategy.replace("_", " ").capitalize()
    title = " ".join(axes.get_title(loc="left").split())
    assert title.startswith(f"{name}, replication {row['replication']}: {ended}")
    windows = any(text.get_text() == "window open" for text in axes.get_legend().get_texts())
    assert windows == (strategy != "bilateral_only")  # it leaves the ministers out


@pytest.mark.parametrize("title", ["$\\\\frac{$ and a $ more", "word " * 20_000, "x" * 20_000])
def test_a_title_is_text_and_not_more_than_a_line(title: str) -> None:
    axes = outcomes.timeline(
        summary.trace(sim.loads(f'title = "{title}"\n' + TWO[TWO.index("start") :]))
    )
    assert_readable(axes)
    assert len(axes.figure._supxlabel.get_text()) < 300


def test_beyond_the_calendar_a_timeline_counts_days() -> None:
    late = TWO.replace("start = 2017-06-15", "start = 9999-12-30")
    axes = outcomes.timeline(summary.trace(sim.loads(late)))
    assert_readable(axes)
    assert axes.get_xlabel() == "days since the start" and "9999" in axes.get_title(loc="left")


def curves_of(*ends: tuple[float, float, float]) -> pd.DataFrame:
    rows = [
        {"strategy": name, "time": time, "low": low, "best": best, "high": high}
        for name, (low, best, high) in zip("abcde", ends, strict=False)
        for time in (0.0, 730.5)
    ]
    table = pd.DataFrame(rows)
    table.attrs["endpoint"] = "peace"
    return table


def test_the_title_reads_no_overlap_of_bands_as_a_test() -> None:
    clear, near, far = (0.48, 0.5, 0.52), (0.45, 0.47, 0.49), (0.1, 0.2, 0.3)
    sentence = outcomes.best_sentence
    assert sentence(curves_of(far, clear)) == "B reaches peace most often: 50 % within 2 years"
    assert sentence(curves_of(near, clear)) == "B reaches peace most often: 50 % within 2 years"
    assert sentence(curves_of(clear, clear)) == "A and b reach peace: 50 % within 2 years"
    assert sentence(curves_of(far)) == "A reaches peace: 20 % (10 % to 30 %) within 2 years"
    never = (0.0, 0.0, 0.1)
    assert sentence(curves_of(never, never)) == "No replication reached peace within 2 years"
    table = curves_of(near, clear)
    table.attrs["paired"] = {"other": "a", "low": 0.012, "best": 0.03, "high": 0.048}
    ahead = "B reaches peace most often: 50 % within 2 years, 3.0 points (1.2 to 4.8) more than a"
    assert sentence(table) == ahead


@pytest.mark.parametrize("baseline", ["proposal", "pressure", "all_parallel", "bilateral_only"])
def test_the_title_of_a_comparison_has_the_paired_difference(tmp_path, baseline) -> None:
    results = sim.run(SCENARIO, None, 200, out=tmp_path)
    table = comparison.compare(results.frame, baseline, "freeze", "war", SCENARIO.horizon)
    drawn = dict(summary.figures_of(results, None, table))
    title = drawn["incidence"]().get_title(loc="left")
    shares = results.frame.groupby("strategy", observed=True)["outcome"].agg(
        lambda outcome: (outcome == "freeze").mean()
    )
    first, second = shares.sort_values(ascending=False, kind="stable").index[:2]
    other = second if first == baseline else baseline
    title = " ".join(title.split())
    apart = 100 * (shares[first] - shares[other])
    assert title.lower().startswith(f"{style.words(first)} reaches freeze most often")
    assert f"{apart:.1f} points" in title and title.endswith(f"more than {style.words(other)}")


def test_small_shares_and_the_last_year_are_shown(figures) -> None:
    beside = [text.get_text() for text in figures["outcomes"].texts]
    assert sum("war " in text for text in beside) == 9  # one of each strategy
    assert figures["incidence"].get_xlim()[1] == pytest.approx(5 * DAYS_PER_YEAR)
    assert outcomes._signed(0.0, 0) == "0" and outcomes._signed(-0.05, 0) == "\N{MINUS SIGN}5"


def test_a_figure_of_any_canvas_is_saved_and_stays_what_it_was(tmp_path: Path) -> None:
    figure = Figure(figsize=(3, 2), dpi=90)
    its_own = FigureCanvasSVG(figure)
    figure.add_subplot().plot([0, 1])
    paths = style.save(figure, tmp_path / "f")
    assert all(path.stat().st_size > 500 for path in paths)
    assert figure.canvas is its_own and figure.dpi == 90
