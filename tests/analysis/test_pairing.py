"""What common random numbers save on the reference case, as docs/statistics.md reports it."""

import itertools
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.studies import compare

pytestmark = pytest.mark.slow

REPLICATIONS = 4000
PAIRS = [
    ("proposal", "all_parallel"),
    ("proposal", "seoul_first"),
    ("cvid_first", "pressure"),
    ("proposal", "bilateral_only"),
]
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "statistics.md").read_text("utf-8")
# What the ministers wait for, where all else is as in the proposal.
WAITS = {
    "goes_ahead": '"us_dprk.contact"',
    "moratorium": '"moratorium"',
    "principles": '"working_group.principles"',
    "secretariat": '"moratorium", "working_group.secretariat"',
    "everything": '"moratorium", "working_group.principles", "north_south.exchange"',
}
FIFTH = 0.2


def compared(scenario: sim.Scenario, names: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Days without the goal by world and strategy, and what a comparison says of each pair."""
    results = sim.run(scenario, names, REPLICATIONS, 1)
    first = results.frame.pivot(index="replication", columns="strategy", values="first_freeze")
    pairs = compare.compare(results).tables["pairs"].set_index(["a", "b"])
    return first.fillna(scenario.horizon), pairs


@pytest.fixture(scope="module")
def catalog() -> tuple[pd.DataFrame, pd.DataFrame]:
    scenario = sim.load("korea-2017")
    return compared(scenario, list(scenario.strategies))


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_page_tells_what_pairing_saves(catalog, a: str, b: str) -> None:
    days, pairs = catalog
    x, y, horizon = days[a], days[b], sim.load("korea-2017").horizon
    ratio = (x - y).var() / (x.var() + y.var())
    assert pairs.loc[(a, b), "variance_ratio"] == pytest.approx(ratio)
    either = (x < horizon) | (y < horizon)
    row = (
        f"| `{a}`, `{b}` | {x.corr(y):.2f} | {ratio:.2f} "
        f"| {pairs.loc[(a, b), 'adjusted_ratio']:.2f} | {100 * either.mean():.0f} % "
        f"| {100 * (x == y)[either].mean():.0f} % |"
    )
    assert row in PAGE


def test_every_pair_is_reported_and_the_page_tells_their_range(catalog) -> None:
    _, pairs = catalog
    assert len(pairs) == 9 * 8 and pairs["variance_ratio"].notna().all()
    assert (pairs["adjusted_ratio"] < pairs["variance_ratio"]).all()
    low, high = pairs["adjusted_ratio"].min(), pairs["adjusted_ratio"].max()
    assert f"all 36 pairs it is {low:.2f} to {high:.2f}" in " ".join(PAGE.split())
    assert pairs.loc[("proposal", "all_parallel"), "adjusted_ratio"] <= FIFTH


def test_those_that_share_their_opening_have_a_fifth_of_the_variance(tmp_path: Path) -> None:
    file = tmp_path / "waits.toml"
    file.write_text(
        "".join(
            f"[strategies.{name}]\nstarts = {{ ministerial = [{waits}] }}\n"
            'never = ["bilateral"]\nraises = ["broad_mandate", "russian_envoy"]\n'
            'priority = ["us_dprk", "ministerial"]\n'
            for name, waits in WAITS.items()
        ),
        "utf-8",
    )
    scenario = sim.load("korea-2017", [file])
    days, pairs = compared(scenario, ["proposal", *WAITS])
    # Open alike: until the ministers begin somewhere, these strategies are the same.
    proposal = scenario.strategies["proposal"]
    for name in WAITS:
        other = scenario.strategies[name]
        assert (other.raises, other.priority) == (proposal.raises, proposal.priority)
        assert set(other.starts) == set(proposal.starts) == {"ministerial"}
    ratios = pairs.loc[list(itertools.combinations(["proposal", *WAITS], 2))]
    assert days.nunique().min() > 100  # they do reach the goal, on many days
    assert (ratios["adjusted_ratio"] <= FIFTH).all()
    for column, pattern in (
        ("adjusted_ratio", "have {:.2f} to {:.2f} of the variance of independent runs"),
        ("variance_ratio", "pairing alone {:.2f} to {:.2f}"),
    ):
        told_range = pattern.format(ratios[column].min(), ratios[column].max())
        assert told_range in " ".join(PAGE.split())
