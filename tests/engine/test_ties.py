"""Simultaneous events in another fixed order: both engines follow it, korea-2017 does not mind."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest

import sim
import ties
from agreement import difference
from random_scenarios import scenario_text
from sim.errors import ModelError

KOREA = sim.load("korea-2017")
N = 3000
ORDERS = [None, 1, 2]

RIVALS = """
title = "Two things on one day"
start = 2020-01-01
horizon = 100
goal = "agreed"
[conditions]
agreed = { }
[shocks.clears_it]
on = 2020-02-01
clears = ["agreed"]
[shocks.raises_it]
on = 2020-02-01
raises = ["agreed"]
[tracks.a]
parties = ["X"]
[[tracks.a.stages]]
name = "go"
duration = 5
success = 1
[tracks.b]
parties = ["X"]
[[tracks.b.stages]]
name = "go"
duration = 5
success = 1
[delegations]
X = 1
"""


def test_the_order_of_shocks_is_another_and_that_of_tracks_is_kept() -> None:
    scenario = sim.loads(RIVALS)
    other = ties.reordered(scenario)
    held = [sim.run(one, replications=1).frame["held_agreed"].iloc[0] for one in (scenario, other)]
    assert held == [69.0, 0.0]  # cleared before it is raised, or after
    first = [sim.run(one, replications=1).frame["first_a.go"].iloc[0] for one in (scenario, other)]
    assert first == [5.0, 5.0]  # the priority of tracks is no tie


@pytest.mark.parametrize("number", range(12))
def test_the_engines_agree_in_any_order(number: int) -> None:
    scenario = sim.loads(scenario_text(random.Random(9000 + number)))
    for seed in ORDERS:
        other = ties.reordered(scenario, seed)
        for name in list(other.strategies)[:2]:
            assert difference(sim.translate(other.strategy(name)), 3, 8, logs=1) is None


@pytest.mark.slow
def test_random_scenarios_notice_the_order() -> None:
    """Where ties are forced, another order gives other replications: the option does something."""
    unlike = 0
    for number in range(40):
        scenario = sim.loads(scenario_text(random.Random(9050 + number)))
        try:
            tables = [sim.run(one, None, 20).frame for one in (scenario, ties.reordered(scenario))]
        except ModelError:
            continue
        columns = [c for c in tables[0] if c != "binding"]
        unlike += not tables[0][columns].equals(tables[1][columns])
    assert unlike >= 3


@pytest.fixture(scope="module")
def frames() -> dict[int | str | None, pd.DataFrame]:
    frames = {seed: sim.run(ties.reordered(KOREA, seed), None, N).frame for seed in ORDERS}
    return {"file": sim.run(KOREA, None, N).frame, **frames}


@pytest.mark.slow
@pytest.mark.parametrize("seed", ORDERS)
def test_the_conclusions_of_korea_do_not_hang_on_ties(
    frames: dict[int | str | None, pd.DataFrame], seed: int | None
) -> None:
    file, other = frames["file"], frames[seed]
    assert (file["replication"] == other["replication"]).all()
    unlike = (file["first_freeze"] != other["first_freeze"]) & ~(
        file["first_freeze"].isna() & other["first_freeze"].isna()
    )
    assert unlike.mean() < 0.01  # hardly a replication is touched at all
    tables = [sim.summary(f, "freeze", "war", KOREA.horizon).set_index("strategy")
              for f in (file, other)]  # fmt: skip
    for name in KOREA.strategies:
        first, second = (table.loc[name] for table in tables)
        error = math.sqrt(first["reached"] * (1 - first["reached"]) / N)
        assert abs(first["reached"] - second["reached"]) < error
        assert abs(first["restricted_mean"] - second["restricted_mean"]) < 5
    means = np.array([table.loc[list(KOREA.strategies), "restricted_mean"] for table in tables])
    apart = np.abs(means[0][:, None] - means[0][None, :]) > 10
    ranks = np.sign(means[:, :, None] - means[:, None, :])
    assert (ranks[0] == ranks[1])[apart].all()  # no two strategies that are apart change places
