"""Figures of a comparison and of an explanation: readable, and true to their tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

import sim
from readable import assert_readable
from sim.analysis import comparison, intervals
from sim.plotting import decisions, style
from sim.studies import compare, explain
from sim.tracing.divergence import NO_DIVERGENCE

SCENARIO = sim.load("korea-2017")
CAPTION = "korea-2017: 600 replications of each strategy, seed 1"


pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def tables():
    results = sim.run(SCENARIO, None, 600, seed=1)
    found = compare.compare(results, baseline="proposal").tables
    return found | explain.explain(SCENARIO, ["proposal", "bilateral_only"], 40).tables


@pytest.fixture(scope="module")
def figures(tables):
    tracks = {"proposal": ["ministerial"], "bilateral_only": ["bilateral"]}
    costs = tables["costs"][tables["costs"]["strategy"] == "proposal"]
    return {
        "ranking": decisions.ranking(tables["estimates"], tables["best"], caption=CAPTION),
        "forest": decisions.forest(tables["differences"], caption=CAPTION),
        "sooner": decisions.sooner(tables["pairs"], caption=CAPTION),
        "durability": decisions.durability(tables["durability"], caption=CAPTION),
        "budget": decisions.budget(tables["budget"], tracks, "freeze", caption=CAPTION),
        "costs": decisions.costs(costs, "freeze", caption=CAPTION),
    }


@pytest.mark.parametrize("name", ["ranking", "forest", "sooner", "durability", "budget", "costs"])
def test_figures_are_readable(figures, name: str) -> None:
    assert_readable(figures[name])


@pytest.mark.slow
def test_long_titles_are_folded_and_nothing_is_cut_off(tables) -> None:
    titles = {
        name: f"The way round by Geneva, Vienna and then {i}; v2.0_b of the text"
        for i, name in enumerate(SCENARIO.strategies)
    }
    known = {}
    for name, table in tables.items():
        known[name] = table.copy()
        known[name].attrs = table.attrs | {"titles": titles}
    tracks = {"proposal": ["ministerial"], "bilateral_only": ["bilateral"]}
    costs = known["costs"][known["costs"]["strategy"] == "proposal"]
    for drawn in (
        decisions.ranking(known["estimates"], known["best"], caption=CAPTION),
        decisions.forest(known["differences"], caption=CAPTION),
        decisions.sooner(known["pairs"], caption=CAPTION),
        decisions.durability(known["durability"], caption=CAPTION),
        decisions.budget(known["budget"], tracks, "freeze", caption=CAPTION),
        decisions.costs(costs, "freeze", caption=CAPTION),
    ):
        assert_readable(drawn)


def test_the_legend_does_not_lie_on_the_title(figures) -> None:
    for name in ("ranking", "budget", "costs"):
        axes = figures[name]
        axes.figure.canvas.draw()
        legend, title = axes.get_legend().get_window_extent(), axes._left_title.get_window_extent()
        assert legend.y1 <= title.y0 + 2, name


def test_the_ranking_draws_the_intervals_of_its_table(figures, tables) -> None:
    days = tables["estimates"].query("measure == 'restricted_mean'")
    lines = [tuple(line.get_xdata()) for line in figures["ranking"].lines]
    for row in days.itertuples():
        assert any(np.allclose(line, (row.low, row.high)) for line in lines if len(line) == 2)


def test_the_forest_marks_what_differs_from_0(figures, tables) -> None:
    shown = ["reached", "restricted_mean", "held_freeze", "ruin"]
    part = tables["differences"][tables["differences"]["measure"].isin(shown)]
    sure = ((part["joint_low"] > 0) | (part["joint_high"] < 0)).sum()
    assert f"{sure} of {len(part)} differences" in figures["forest"]._suptitle.get_text()


def test_bars_of_the_budget_add_up_to_the_days_without(figures, tables) -> None:
    part = tables["budget"].query("strategy == 'proposal' and track == 'ministerial'")
    axes = figures["budget"]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    (row,) = [
        tick
        for tick, text in zip(axes.get_yticks(), labels, strict=True)
        if text.lower().startswith("proposal")
    ]
    widths = [p.get_width() for p in axes.patches if round(p.get_y() + 0.36) == round(row)]
    assert sum(widths) == pytest.approx(part["best"].sum())


@pytest.mark.slow
@pytest.mark.parametrize("replication", [7, 8])
def test_paired_replications_side_by_side_share_lanes_and_dates(replication: int) -> None:
    stories = [
        sim.trace(SCENARIO, n, replication, engine="compiled") for n in ("proposal", "pressure")
    ]
    divergence = sim.diff(SCENARIO, "proposal", "pressure", replication, 2).tables["side_by_side"]
    figure = decisions.side_by_side(*stories, NO_DIVERGENCE._replace(time=20.0, entity="x", a="y"))
    assert_readable(figure)
    above, below = figure.axes
    assert above.get_xlim() == below.get_xlim() and above.get_ylim() == below.get_ylim()
    labels = [[t.get_text() for t in ax.get_yticklabels()] for ax in figure.axes]
    assert labels[0] == labels[1] and len(divergence)
    assert "never diverge" in decisions.side_by_side(*stories, NO_DIVERGENCE)._suptitle.get_text()


def test_few_replications_and_no_intervals() -> None:
    frame = sim.run(SCENARIO, ["proposal", "pressure"], 1).frame
    paired = comparison.paired_samples(frame, "freeze", "war", SCENARIO.horizon)
    best = comparison.with_the_best(paired)
    axes = decisions.ranking(comparison.estimates(paired), best)
    assert_readable(axes)
    assert "may be the best" in axes.get_title(loc="left")
    assert_readable(decisions.forest(comparison.differences(paired, "proposal")))
    sooner = decisions.sooner(comparison.pairs(paired))
    assert_readable(sooner)
    assert sooner.get_title(loc="left").startswith("No strategy is distinguished")
    assert math.isclose(best["chance"].iloc[0], 0.5)


def test_where_no_track_can_bring_the_goal_the_budget_says_so(tables):
    axes = decisions.budget(tables["budget"], {"proposal": []}, "freeze")
    assert axes.get_title("left") == "No track can bring freeze"


def test_where_the_goal_holds_from_day_0_the_budget_says_so(tables):
    none = tables["budget"].assign(best=0.0)
    axes = decisions.budget(none, {"proposal": ["ministerial"]}, "freeze")
    assert axes.get_title("left") == "Freeze holds from day 0"


def test_a_title_in_letters_that_no_font_has_is_drawn_without_a_word(tmp_path):
    title = "\N{CJK UNIFIED IDEOGRAPH-671D} \N{DOVE OF PEACE} costs $5_{ and 7 $"
    with style.style():
        axes = style.finish(style.new_axes(None, 4, 3), title, title)
    for path in style.save(axes.figure, tmp_path / "figure"):
        assert path.stat().st_size > 0
    assert title[:3] in (tmp_path / "figure.svg").read_text(encoding="utf-8")


def test_how_long_the_goal_lasts_has_a_panel_a_strategy(figures, tables) -> None:
    names = tables["durability"]["strategy"].astype(str).unique()
    titles = [ax.get_title(loc="left") for ax in figures["durability"].axes]
    assert [title.split(":")[0] for title in titles if title] == [style.words(n) for n in names]
    alone = tables["durability"][tables["durability"]["strategy"] == names[0]]
    assert_readable(decisions.durability(alone))


def test_how_many_were_replayed_of_how_many_that_reached_the_goal(monkeypatch) -> None:
    monkeypatch.setattr(compare, "MOST_REPLAYED", 25)
    results = sim.run(SCENARIO, ["bilateral_only", "cvid_first"], 200)
    table = compare.compare(results).tables["durability"]
    reached = results.frame.query("outcome == 'freeze'").groupby("strategy", observed=True).size()
    assert reached["bilateral_only"] > 25 > reached["cvid_first"]
    figure = decisions.durability(table, caption=CAPTION)
    assert_readable(figure)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert f"bilateral only: 25 of {reached['bilateral_only']}" in titles
    assert f"cvid first: {reached['cvid_first']}" in titles
    # After a year is after 365 days, whatever the grid.
    year = table[table["time"] == 365.0].set_index("strategy")["best"]
    assert style.share_label(year["bilateral_only"]) in figure._suptitle.get_text()


def test_a_year_is_not_claimed_where_nobody_was_followed_so_long(tables) -> None:
    few = tables["durability"].query("time <= 100")
    title = decisions.durability(few)._suptitle.get_text()
    assert "no replication is followed for a year" in title and "holds" not in title


def test_sooner_more_often_than_later_is_a_paired_test(tables) -> None:
    """Intervals of wins and losses that overlap say nothing; that of their difference does."""
    pairs = tables["pairs"]
    n, wins, losses = (pairs["n"], *(pairs[name] * pairs["n"] for name in ("win", "loss")))
    paired = intervals.paired_share(wins.round(), losses.round(), int(n.iloc[0]))
    np.testing.assert_allclose(pairs["net_low"], paired.low)
    ahead = pairs[pairs["net_low"] > 0]
    overlap = ahead[ahead["win_low"] <= ahead["loss_high"]]
    assert len(ahead) and len(overlap) >= 0
    most = ahead["a"].value_counts()
    title = decisions.sooner(pairs).get_title(loc="left")
    assert title.lower().startswith(str(most.index[0]).replace("_", " "))
    assert "each pair at 95 %" in " ".join(title.split())


def test_titles_of_narrow_figures_are_wrapped(tables) -> None:
    durability = tables["durability"]
    for count in (1, 2):
        names = durability["strategy"].unique()[:count]
        figure = decisions.durability(durability[durability["strategy"].isin(names)])
        figure.canvas.draw()
        for text in (figure._suptitle, figure._supxlabel):
            assert text.get_window_extent().x1 <= figure.bbox.x1 + 1, text.get_text()
