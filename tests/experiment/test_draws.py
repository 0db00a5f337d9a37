"""Draws: they follow the laws of their ranges, continue each other, and can be read again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from sim.cli import commands
from sim.engine.program import translate
from sim.errors import DrawsError, InputError
from sim.experiment import draws
from sim.studies import explain

TEXT = """
title = "Uncertain"
start = 2020-01-01
horizon = 800
goal = "deal"
conditions = { deal = {} }
[delegations]
DPRK = { low = 1, likely = 2, high = 4 }
[tracks.talks]
parties = ["US", "DPRK"]
[[tracks.talks.stages]]
name = "round"
duration = { p10 = { low = 10, likely = 20, high = 30 }, p50 = 60, p90 = 200 }
success = { low = 0.1, likely = 0.3, high = 0.6 }
raises = ["deal"]
setbacks = [ { name = "no", weight = { low = 1, likely = 2, high = 8, as = "loguniform" }, @ } ]
[shocks.incident]
rate = { low = 2, likely = 2, high = 2 }
raises = []
[[correlations]]
between = ["talks.round.success", "talks.round.no.weight"]
rank = -0.6
[strategies.now]
[strategies.sure]
overrides = { "talks.round.success" = 0.9 }
"""


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    delay = 'delay = { mean = { low = 0.5, likely = 30, high = 90, as = "uniform" } }'
    return sim.loads(TEXT.replace("@", delay), "uncertain.toml")


@pytest.fixture(scope="module")
def drawn(scenario) -> draws.Draws:
    return draws.sample(scenario, 4096, seed=3)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("talks.round.success", stats.beta(1 + 4 * 0.4, 5 - 4 * 0.4, 0.1, 0.5)),
        ("talks.round.no.delay.mean", stats.uniform(0.5, 89.5)),
        ("talks.round.no.weight", stats.loguniform(1, 8)),
        ("delegations.DPRK", stats.beta(1 + 4 / 3, 5 - 4 / 3, 1, 3)),
    ],
)
@pytest.mark.parametrize("design", draws.DESIGNS)
def test_draws_follow_the_law_of_their_range(scenario, name, law, design) -> None:
    table = draws.sample(scenario, 2048, seed=5, design=design).frame
    assert stats.kstest(table[name], law.cdf).statistic < 0.02
    assert (table["incident.rate"] == 2).all()


def test_more_draws_continue_the_first_ones(scenario, drawn) -> None:
    for count in (1, 2, 100, 1000):
        few = draws.sample(scenario, count, seed=3)
        assert few.origin == drawn.origin
        assert np.array_equal(few.values, drawn.values[:count])
    assert draws.sample(scenario, 8, 3, "lhs").origin != draws.sample(scenario, 9, 3, "lhs").origin


def test_another_seed_gives_other_draws(scenario, drawn) -> None:
    other = draws.sample(scenario, 64, seed=4)
    assert not np.isin(other.values[:, 1], drawn.values[:, 1]).any()


def test_tied_numbers_have_their_rank_correlation(drawn) -> None:
    table = drawn.frame
    pair = table["talks.round.success"], table["talks.round.no.weight"]
    assert stats.spearmanr(*pair).statistic == pytest.approx(-0.6, abs=0.02)
    free = table["talks.round.duration.p10"]
    assert abs(stats.spearmanr(pair[0], free).statistic) < 0.03


def test_one_law_for_all(scenario) -> None:
    table = draws.sample(scenario, 2048, 1, law="uniform").frame
    assert stats.kstest(table["talks.round.no.weight"], stats.uniform(1, 7).cdf).statistic < 0.02
    table = draws.sample(scenario, 2048, 1, law="loguniform").frame
    law = stats.loguniform(0.1, 0.6)
    assert stats.kstest(table["talks.round.success"], law.cdf).statistic < 0.02


def test_what_a_strategy_overrides_is_not_sampled(scenario, drawn) -> None:
    now, sure = (translate(scenario.strategy(name)) for name in ("now", "sure"))
    slot = now.parameter_index["talks.round.success"]
    assert slot in drawn.uncertain_in(now)[0]
    assert slot not in drawn.uncertain_in(sure)[0]
    assert (
        len(drawn.uncertain_in(now)[0]) == len(drawn.names) == drawn.uncertain_in(now)[1].shape[1]
    )


def test_a_delegation_is_rounded(scenario, drawn) -> None:
    program = translate(scenario.strategy("now"))
    slots, values = drawn.uncertain_in(program)
    found = {int(program.with_parameters_at(slots, row).code.capacity[0]) for row in values[:200]}
    assert found == {1, 2, 3, 4} or found == {1, 2, 3}


def test_a_table_is_read_again_to_the_last_bit(scenario, drawn, tmp_path) -> None:
    few = draws.sample(scenario, 50, seed=3)
    few.write(tmp_path / "draws.csv")
    again = draws.read(tmp_path / "draws.csv", scenario)
    assert again.names == few.names
    assert np.array_equal(again.values, few.values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found 0 columns"),
        ("draw\n1\n", "found 0 columns and 1 rows"),
        ("talks.round.sucess\n0.3\n", 'row 1: "talks.round.sucess" is no uncertain parameter'),
        ("talks.round.duration.p50\n70\n", "is no uncertain parameter"),
        ("talks.round.success\n0.3,4\n", "row 2: found 2 columns; allowed: 1"),
        ("talks.round.success\n0.3\nhalf\n", 'row 3, talks.round.success: found "half"'),
        ("talks.round.success\nnan\n", 'found "nan"'),
        ("talks.round.success\n1.5\n", "row 2:"),
        ("draw,talks.round.success\n2,0.5\n", 'row 2, draw: found "2"; allowed: 1'),
        ("talks.round.duration.p10\n75\n", "row 2:"),
    ],
)
def test_a_wrong_table_is_refused_with_its_place(scenario, tmp_path, text, message) -> None:
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(DrawsError) as error:
        draws.read(tmp_path / "d.csv", scenario)
    assert message in str(error.value)
    assert "d.csv" in str(error.value)


def test_what_cannot_be_drawn_is_said(scenario, tmp_path) -> None:
    for options, message in (
        ({"count": 0}, "allowed: 1 to"),
        ({"count": 5, "design": "grid"}, "allowed: sobol, lhs"),
        ({"count": 5, "law": "normal"}, "allowed: as in the file, pert"),
    ):
        with pytest.raises(DrawsError, match=message):
            draws.sample(scenario, **options)
    certain = scenario.override({name: r.likely for name, r in scenario.ranges().items()})
    with pytest.raises(DrawsError, match="no uncertain parameter"):
        draws.sample(certain, 5)
    with pytest.raises(DrawsError, match="cannot be read"):
        draws.read(tmp_path, scenario)


# -- draws that do not differ ---------------------------------------------------------------------

OVERRIDDEN = """
title = "Overridden"
start = 2026-01-01
horizon = 400
goal = "deal"
[conditions]
deal = {}
[tracks.talks]
[[tracks.talks.stages]]
name = "round"
duration = 30
success = { low = 0.1, likely = 0.3, high = 0.5 }
raises = ["deal"]
setbacks = [ { name = "no", delay = { mean = 60 } } ]
[strategies.a]
overrides = { "talks.round.success" = 0.3 }
[strategies.b]
overrides = { "talks.round.success" = 0.4 }
[strategies.open]
"""
ALIKE = "a, b leave no uncertain parameter open, so all 32 draws are the same"


@pytest.mark.parametrize(
    "study",
    [
        lambda s: sim.run(s, ["a", "b"], 20, draws=32),
        lambda s: sim.run(s, ["a", "b"], 20, draws=draws.sample(s, 32), keep="summary"),
        lambda s: explain.explain(s, ["a", "b"], 5, draws=32),
    ],
)
def test_draws_that_change_no_strategy_are_refused(study) -> None:
    with pytest.raises(InputError, match=ALIKE):
        study(sim.loads(OVERRIDDEN))


@pytest.mark.parametrize("command", ["run", "compare", "robust", "explain"])
def test_commands_refuse_draws_that_do_not_differ(command, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.toml").write_text(OVERRIDDEN)
    (tmp_path / "d.csv").write_text("talks.round.success\n0.2\n0.4\n0.2\n")
    options = ["--strategy", "a", "--strategy", "b", "--replications", "20"]
    assert commands.main([command, "o.toml", *options, "--draws", "32", "--out", "r"]) == 2
    said = capsys.readouterr().err
    assert "a, b leave no" in said or "a or b leaves open" in said
    with_open = ["--strategy", "open", "--strategy", "a"]
    assert commands.main([command, "o.toml", *with_open, "--draws", "d.csv"]) == 2
    assert "d.csv, row 4: repeats row 2; allowed: each draw once" in capsys.readouterr().err


def test_ranges_without_width_and_rounded_delegations_do_not_differ(scenario) -> None:
    flat = sim.loads(OVERRIDDEN.replace("low = 0.1, likely = 0.3, high = 0.5",
                                        "low = 0.3, likely = 0.3, high = 0.3"))  # fmt: skip
    with pytest.raises(DrawsError, match="low < high"):
        draws.sample(flat, 8)
    tables = draws.Draws(("delegations.DPRK",), np.array([[1.6], [2.0], [2.4]]), "by hand")
    assert not tables.vary(translate(scenario.strategy("now")))
    with pytest.raises(DrawsError, match="draw 3 repeats draw 1"):
        draws.require_variation(
            draws.Draws(("delegations.DPRK",), np.array([[1.0], [2.0], [1.0]]), "by hand"),
            [translate(scenario.strategy("now"))],
        )


def summary_of(frame: pd.DataFrame) -> pd.DataFrame:
    return sim.summary(frame, "deal", None, 400.0).set_index("strategy")


def test_a_strategy_that_draws_do_not_change_is_counted_once(tmp_path, capsys) -> None:
    scenario = sim.loads(OVERRIDDEN)
    table = summary_of(sim.run(scenario, None, 20, draws=32).frame)
    alone = summary_of(sim.run(scenario, ["a"], 20).frame)
    assert table["n"].to_dict() == {"a": 20, "b": 20, "open": 640}
    for name in ("reached_low", "reached_high", "restricted_mean_low", "median_high"):
        assert table.loc["a", name] == alone.loc["a", name]
    assert table.loc["open", "reached_high"] - table.loc["open", "reached_low"] > 0.2
    counts = sim.run(scenario, None, 20, draws=32, keep="summary").frame
    kept = summary_of(counts)
    assert kept["n"].to_dict() == table["n"].to_dict()
    assert kept.loc["open", "reached_low"] <= table.loc["open", "reached_low"]
    (tmp_path / "o.toml").write_text(OVERRIDDEN)
    asked = ["run", tmp_path / "o.toml", "--draws", 32, "--replications", 20, "--no-figures"]
    assert commands.main([*map(str, asked), "--out", str(tmp_path / "r"), "--quiet"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "over 32 draws and 20 replications" in said
    assert "the same replications in every draw, counted once" in said
