"""What common random numbers save on the reference case, as docs/statistics.md tells it."""

from pathlib import Path

import pandas as pd
import pytest

import sim

WORLDS = 4000
PAIRS = [
    ("proposal", "all_parallel"),
    ("proposal", "seoul_first"),
    ("cvid_first", "pressure"),
    ("proposal", "bilateral_only"),
]
PAGE = Path(__file__).resolve().parents[1] / "docs" / "statistics.md"


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    scenario = sim.load("korea-2017")
    names = sorted({name for pair in PAIRS for name in pair})
    frame = sim.run(scenario, names, WORLDS, 1).frame
    first = frame.pivot(index="replication", columns="strategy", values="first_freeze")
    return first.fillna(scenario.horizon)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_page_tells_what_pairing_saves(days: pd.DataFrame, a: str, b: str) -> None:
    x, y, horizon = days[a], days[b], sim.load("korea-2017").horizon
    ratio = (x - y).var() / (x.var() + y.var())
    either = (x < horizon) | (y < horizon)
    row = (
        f"| `{a}`, `{b}` | {x.corr(y):.2f} | {ratio:.2f} | {100 * either.mean():.0f} % "
        f"| {100 * (x == y)[either].mean():.0f} % |"
    )
    assert row in PAGE.read_text("utf-8")
    assert 0 < ratio < 1
