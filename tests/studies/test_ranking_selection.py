"""The selection: who is chosen, how often rightly, and at what price."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from contests import repeated
from sim.studies import ranking_selection
from sim.studies.ranking_selection import Selection, equal_allocation, eta, select


class Normal:
    """Costs with these means, equally correlated, in replications that can be repeated."""

    def __init__(self, means, deviation=1.0, correlation=0.5, seed=0) -> None:
        self.means = np.asarray(means, float)
        self.own = deviation * np.sqrt(1 - correlation)
        self.common = deviation * np.sqrt(correlation)
        self.seed, self.simulated = seed, 0

    def __call__(self, who, first, count):
        self.simulated += len(who) * count
        normals = [
            np.random.default_rng([self.seed, w]).normal(size=len(self.means) + 1)
            for w in range(first, first + count)
        ]
        noise = np.array(normals).T
        return self.means[who, np.newaxis] + self.own * noise[who] + self.common * noise[-1]


def test_the_constant_of_kn_bounds_the_chance_of_a_wrong_exit() -> None:
    # It solves (1 + 2 eta)^(-(n - 1) / 2) / 2 = alpha / (k - 1).
    for k, n, alpha in ((2, 10, 0.05), (30, 50, 0.025), (5_000, 50, 0.01)):
        x = eta(k, n, alpha)
        assert (1 + 2 * x) ** (-(n - 1) / 2) / 2 == pytest.approx(alpha / (k - 1))


def test_the_screening_step_of_kn_by_hand() -> None:
    # W = max(0, zone / 2r (h2 S2 / zone2 - r)) = 1 / 8 (10 * 0.8 - 4) = 0.5 for all pairs but one.
    variance = np.array([[0, 0.8, 0.8], [0.8, 0, 0.4], [0.8, 0.4, 0]])
    kept = ranking_selection._in_contention(np.array([1.0, 1.4, 1.6]), variance, 1.0, 10.0, 4)
    assert kept.tolist() == [True, True, False]
    kept = ranking_selection._in_contention(np.array([1.0, 1.4, 1.4]), variance, 1.0, 10.0, 4)
    assert kept.tolist() == [True, True, False]  # the two have used up their margin


def test_screening_is_a_paired_t_test_with_one_more_history() -> None:
    costs = np.random.default_rng(3).normal([[0.0], [0.4]], 1, (2, 60))
    difference = costs[1] - costs[0]
    variance = difference.var(ddof=1) + 2.0**2 / 60
    t = difference.mean() / np.sqrt(variance / 60)
    assert not ranking_selection._clearly_worse(costs, 2.0, t + 1e-9).any()
    assert ranking_selection._clearly_worse(costs, 2.0, t - 1e-9).tolist() == [False, True]


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_best_is_chosen_where_all_others_are_just_one_zone_behind(correlation) -> None:
    means = np.r_[0.0, np.full(7, 0.3)]
    right = sum(
        select(Normal(means, 1, correlation, seed), 8, 0.3, 8.0).best == 0 for seed in range(60)
    )
    # With 57 of 60 expected at worst, fewer than 51 would have a chance of 1 in 300.
    assert right >= stats.binom.ppf(0.003, 60, 0.95)


def test_bad_candidates_get_few_worlds() -> None:
    means = np.r_[0.0, np.full(40, 3.0), 0.05]
    costs = Normal(means, 1, 0.5)
    found = select(costs, 42, 0.1, 12.0)
    assert found.simulated == costs.simulated
    assert found.replications[1:41].max() < 500 < found.replications[0]
    assert set(found.survivors) == {0, 41}
    # Those simulated last are known better, and what is said of their means is true.
    assert found.means[1:41] == pytest.approx(means[1:41], abs=0.5)


def test_a_rare_gain_is_not_taken_for_none() -> None:
    def sample(who, first, count):
        # Candidate 1 costs a little more in every replication, and saves much in a few.
        numbers = np.arange(first, first + count)
        saved = np.random.default_rng(8).random(10**6)[numbers] < 0.02
        both = np.vstack([np.full(count, 500.0), np.where(saved, 0.0, 501.0)])
        return both[who]

    assert select(sample, 2, 5.0, 1000.0).best == 1


def test_ties_everywhere_are_told_as_such() -> None:
    found = select(lambda who, first, count: np.ones((len(who), count)), 5, 0.1, 1.0)
    assert found.best == 0
    assert found.tied.tolist() == [0, 1, 2, 3, 4]
    assert len(found.survivors) == 5


def test_equal_ones_are_handed_back_with_the_best() -> None:
    def sample(who, first, count):
        costs = Normal([0.5, 0.0, 0.5, 0.0])([0, 1, 2, 1], first, count)
        return costs[who]

    found = select(sample, 4, 0.1, 8.0)
    assert found.best == 1
    assert found.tied.tolist() == [1, 3]


def test_a_single_candidate_needs_no_history() -> None:
    found = select(Normal([1.0]), 1, 0.1, 1.0)
    assert isinstance(found, Selection)
    assert (found.best, found.simulated, found.next_replication) == (0, 0, 0)


@pytest.mark.parametrize(
    ("candidates", "zone", "span", "confidence"),
    [(0, 1, 2, 0.9), (3, 0, 2, 0.9), (3, 2, 2, 0.9), (3, 1, 2, 1.0)],
)
def test_what_cannot_be_asked(candidates, zone, span, confidence) -> None:
    with pytest.raises(ValueError, match="allowed"):
        select(Normal([0.0] * 3), candidates, zone, span, confidence)


def test_equal_allocation_by_hand() -> None:
    costs = Normal([0.0, 0.5, 0.5], 1, 0.5)(np.arange(3), 0, 200)
    differences = [costs[i] - costs[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    largest = max(d.var(ddof=1) for d in differences)
    needed = stats.t.ppf(0.975, 199) ** 2 * largest / 0.05**2
    assert equal_allocation(costs, 0.05) == np.ceil(needed)
    assert equal_allocation(costs, 0.5) == 200  # no fewer than it has seen


@pytest.mark.parametrize("number", [0, 1])
def test_the_search_finds_what_the_markov_chain_knows(number) -> None:
    """The short form of verification/search_selects.py."""
    measure = ("days", "share")[number]
    zone = 0.02 * (600 if measure == "days" else 1)
    outcomes = repeated(number, measure, zone, 40)
    assert (outcomes.losses <= zone).mean() >= 0.95
    assert outcomes.simulated < outcomes.equal / 3
