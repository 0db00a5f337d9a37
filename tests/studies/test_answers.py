"""The answer that stands before the tables: every claim is computed again from the rows alone."""

from __future__ import annotations

import random
import re

import pandas as pd
import pytest

import sim
from sim.cli import commands
from sim.reporting import comparison

TEXT = """
title = "A deal"
start = 2020-01-01
horizon = 400
goal = "deal"
ruin = "war"
[conditions]
deal = {{}}
war = {{}}
hard_line = {{ posture = true }}
eve = {{ initially = 1, fades = {late} }}
[shocks]
clash = {{ rate = {war}, raises = ["war"] }}
[[tracks.talks.stages]]
name = "round"
duration = {{ mean = {mean} }}
success = {success}
raises = ["deal"]
setbacks = [ {{ name = "no", delay = 20 }} ]
[[influences]]
name = "hard"
of = "hard_line"
on = "talks.round"
odds = {odds}
[[influences]]
name = "clash"
of = "hard_line"
on = "clash"
rate = {rate}
[strategies.open]
[strategies.hard]
raises = ["hard_line"]
[strategies.late]
starts = {{ talks = ["!eve"] }}
"""
NUMBER = r"([\d,.<>]+)"
INTERVAL = rf"{NUMBER} \({NUMBER}–{NUMBER}\)"


def random_study(seed: int) -> sim.Results:
    rng = random.Random(seed)
    text = TEXT.format(
        war=rng.choice([0, 0.05, 0.4]),
        mean=rng.choice([30, 90, 300]),
        success=rng.choice([0.05, 0.3, 0.9]),
        odds=rng.choice([0.2, 1, 3]),
        rate=rng.choice([1, 4]),
        late=rng.choice([1, 60, 200]),
    )
    return sim.run(sim.loads(text), replications=rng.choice([2, 30, 300]), seed=seed)


def days_without(frame: pd.DataFrame) -> pd.Series:
    """Mean days without the deal, from the rows."""
    days = frame["first_deal"].fillna(400.0).clip(upper=400.0)
    return days.groupby(frame["strategy"].astype(str)).mean()


def shares(frame: pd.DataFrame, outcome: str) -> pd.Series:
    reached = frame[f"first_{outcome}"].notna()
    return 100 * reached.groupby(frame["strategy"].astype(str)).mean()


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\b(?:open|hard|late)\b", text))


def read(text: str) -> float:
    return float(text.replace(",", "").lstrip("<>"))


@pytest.mark.parametrize("seed", range(40))
def test_each_claim_holds_of_the_rows(seed: int) -> None:
    results = random_study(seed)
    study = sim.compare(results)
    said, frame, best = study.answer, results.frame, study.tables["best"]
    assert 2 <= len(said) <= 4
    assert "rest on judgement" in said[-1]
    days, deal, war = days_without(frame), shares(frame, "deal"), shares(frame, "war")
    if "no ranking" in said[0]:
        assert deal.max() == 0
        return
    may = {
        measure: set(some.loc[some["may_be_best"], "strategy"])
        for measure, some in best.groupby("measure")
    }
    found = re.fullmatch(
        rf"(.+) (?:has|have) the fewest days without deal, {INTERVAL} of 400(.*)\.", said[0]
    )
    assert found, said[0]
    firsts, mean, low, high, rest = found.groups()
    assert names_in(firsts) == {name for name in days.index if days[name] <= days.min() + 1e-9}
    assert read(mean) == pytest.approx(days.min(), abs=0.51)
    assert read(low) <= read(mean) <= read(high)
    if "fewer than the next" in rest:
        ahead, least, most, second = re.search(rf"{INTERVAL} fewer .*, (\w+)$", rest).groups()
        others = days.drop(list(names_in(firsts)))
        assert second == others.idxmin() and may["restricted_mean"] == names_in(firsts)
        assert 0 <= read(least) <= read(ahead) <= read(most)
    elif "may be as good" in rest:
        assert names_in(rest) == may["restricted_mean"] - names_in(firsts) != set()
    else:
        assert "no difference" in rest or may["restricted_mean"] == set(days.index)

    share = re.match(rf"Under (\w+) deal comes in {NUMBER} % \({NUMBER}–{NUMBER}\)", said[1])
    assert share, said[1]
    first = share[1]
    assert first in names_in(firsts)
    assert read(share[2]) == pytest.approx(deal[first], abs=0.51)
    if "may be as good" in said[1]:
        assert names_in(said[1].split("share", 1)[1]) == may["reached"] - {first}
    if "it is the best" in said[1]:
        assert may["reached"] == {first}

    ruin = re.match(rf"It ends in war in {NUMBER} %", said[2])
    assert ruin and read(ruin[1]) == pytest.approx(war[first], abs=0.51)
    assert ("no strategy is shown to have less" in said[2]) == (first in may["ruin"])
    if less := re.search(r"less often under (\w+), in ([\d.<]+) %", said[2]):
        assert war[less[1]] == war.min() < war[first]


def test_the_adjusted_lead_has_the_sign_of_the_plain_one() -> None:
    study = sim.compare(random_study(3))
    lead = comparison.answer(study.tables)[0]
    assert "--" not in lead and "(-" not in lead


GOLDEN = """\
- bilateral_only has the fewest days without freeze, 1,584 (1,565–1,604) of 1,826: 59 (48–69) fewer
  than the next, all_parallel.
- Under bilateral_only freeze comes in 30 % (28–32) of replications; it is the best by that share
  too.
- It ends in war in 2 % (1–3); no strategy is shown to have less.
"""


def test_compare_answers_in_forty_lines(tmp_path, capsys) -> None:
    words = ["compare", "korea-2017", "--baseline", "proposal", "--quiet", "--no-figures"]
    assert commands.main([*words, "--out", str(tmp_path / "o")]) == 0
    brief = capsys.readouterr().out
    assert brief.startswith(GOLDEN)
    # Eight figures more are a line each.
    assert len(brief.splitlines()) + 8 <= 40
    assert commands.main([*words, "--full", "--out", str(tmp_path / "o")]) == 0
    full = capsys.readouterr().out
    assert full.startswith(GOLDEN) and "the best, jointly" in full and "Whatever the" in full
    assert "the best, jointly" not in brief
