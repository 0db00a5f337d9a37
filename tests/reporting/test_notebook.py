"""What a run, a scenario and a trace show of themselves, and the figures of a run as methods."""

from __future__ import annotations

import html.parser

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

import sim

HOSTILE = "<script>alert(1)</script> & co"
SCENARIO = """
title = "TITLE"
start = 2026-01-01
horizon = 730
goal = "deal"
ruin = "war"
conditions = { deal = {}, war = {} }
shocks.war = { rate = 0.4, raises = ["war"] }
[[tracks.talks.stages]]
name = "round"
duration = { mean = 60 }
success = 0.3
raises = ["deal"]
setbacks = [ { name = "deadlock", delay = { mean = 45 } } ]
[strategies.plain]
title = "TITLE"
about = "TITLE"
[strategies.eager]
overrides = { "war.rate" = 0.1 }
""".replace("TITLE", HOSTILE)
FIGURES = ("incidence", "outcomes", "times", "differences", "ranking", "sooner")


@pytest.fixture(scope="module")
def results() -> sim.Results:
    return sim.run(sim.loads(SCENARIO), replications=100)


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


class Reader(html.parser.HTMLParser):
    """Tags and their nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.open = set(), []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs) -> None:
        assert not attrs  # nothing is asked of the network
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def shown(results) -> list[object]:
    trace = sim.trace(results.scenario, replication=3)
    first = results.scenario.strategy(next(iter(results.scenario.strategies)))
    return [results, results.scenario, first, trace, results.plot]


def test_what_is_printed_is_short_and_says_what_it_is(results) -> None:
    for thing in [*shown(results), *shown(sim.run("korea-2017", replications=20))]:
        assert 10 < len(repr(thing)) < 1000, repr(thing)
    drawn = sim.run("korea-2017", "proposal", 2, draws=4)
    program = sim.translate(sim.load("korea-2017").strategy("proposal"))
    for thing in (program, drawn.drawn, drawn.blocks, sim.history.load(), sim.Measure("x", "time")):
        assert 10 < len(repr(thing)) < 1000
    text = repr(results)
    assert "100 replications of each strategy, seed 1" in text.splitlines()[0]
    share = results.summary().set_index("strategy")["reached"]["eager"]
    assert any(line.split()[:2] == ["eager", f"{100 * share:.0f}"] for line in text.splitlines())
    assert repr(sim.run("korea-2017", replications=20)).endswith("and 1 more: results.summary()")


def test_long_names_stay_short() -> None:
    strategies = "".join(f"[strategies.s{i}_{'long' * 20}]\n" for i in range(30))
    scenario = sim.loads(SCENARIO.split("[strategies")[0] + strategies)
    assert len(repr(scenario)) < 1000 and len(repr(sim.run(scenario, replications=2))) < 1000


def test_what_a_notebook_shows_is_escaped_and_asks_for_nothing(results) -> None:
    for thing in shown(results)[:-1]:
        text = thing._repr_html_()
        assert Reader(text).tags <= {"p", "b", "small", "table", "tr", "th", "td"}
        assert "&lt;script&gt;" in text or thing is results
    assert "reaches deal most often" in results._repr_html_()


def test_a_run_that_cannot_be_summed_up_still_shows_what_it_is(results) -> None:
    few = sim.run(results.scenario, replications=3, columns=["time"])
    assert repr(few) == "text: 3 replications of each strategy, seed 1"
    assert "3 replications" in few._repr_html_()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_on_the_axes_given_or_on_new_ones_of_pyplot(results, name) -> None:
    looks = dict(mpl.rcParams)
    figure, ax = plt.subplots()
    assert getattr(results.plot, name)(ax) is ax and ax.get_title(loc="left")
    assert plt.get_fignums() == [figure.number]
    new = getattr(results.plot, name)()
    assert new.figure.number in plt.get_fignums() and new is not ax
    assert dict(mpl.rcParams) == looks


def test_a_figure_of_several_panels_gives_the_axes_of_each(results) -> None:
    panels = results.plot.forest(baseline="plain")
    assert len(panels) == 4 and {ax.figure.number for ax in panels} == set(plt.get_fignums())


def test_figures_of_files_are_not_those_of_pyplot(results) -> None:
    assert sim.compare(results).figures
    assert plt.get_fignums() == []


def test_every_figure_of_the_package_is_public() -> None:
    from sim.plotting import decisions, outcomes, plots, uncertainty

    for module in (outcomes, decisions, uncertainty):
        for name, function in vars(module).items():
            annotated = getattr(function, "__annotations__", {}).get("return")
            own = getattr(function, "__module__", "") == module.__name__
            if own and annotated in ("Axes", "Figure") and not name.startswith("_"):
                assert name in plots.__all__, name
    assert all(getattr(sim.plots, name).__doc__ for name in plots.__all__)


def test_a_study_shows_itself_too(results) -> None:
    own = results.measure("calm", lambda frame: frame["held_war"] < 1, unit="share")
    study = sim.compare(own)
    assert (study.tables["differences"]["measure"] == "calm").any()
    assert 10 < len(repr(study)) < 1000
    text = study._repr_html_()
    assert "<script" not in text and "<link" not in text and "src=" not in text
    assert "&lt;script&gt;" in text and study.text
