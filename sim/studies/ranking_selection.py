"""The best of many candidates by simulation, with a guarantee: screening, then the procedure KN.

Every candidate has a cost in every replication; less is better, and the k-th replication has the
same random numbers for all.

1. **Screening** (subset selection: Gupta 1965; Nelson, Swann, Goldsman and Song 2001, Operations
   Research 49, 950-963). After 100, 200, 400 .. replications a candidate is dropped when another is
   clearly less costly: with k candidates and R rounds, by a one-sided t test of the paired
   differences at level alpha / 2 / R / (k - 1). By Bonferroni's inequality the best one survives
   all rounds with a probability of at least 1 - alpha / 2, however close the others are. To test
   a candidate against some of the others only, as is done here, can but keep more of them.
2. **KN** (Kim and Nelson 2001, ACM TOMACS 11, 251-273, with c = 1) among the survivors, in new
   replications, so that their number is that of the candidates ("restarting": Boesel, Nelson and
   Kim 2003, Operations Research 51, 814-825). If the best one is better than all others by the
   indifference zone, it is chosen with a probability of at least 1 - alpha / 2. The procedure is
   valid under common random numbers: only variances of paired differences enter it.

Together the best one is chosen with a probability of at least 1 - alpha if it leads by the zone.
Where others are closer, one of those within the zone should be chosen; that is no theorem for KN
(Eckman and Henderson 2018 discuss it), and ``verification/search_selects.py`` measures it.

**What is not normal.** Both steps suppose normal differences. Under common random numbers most
differences are zero and a few are large, up to the width of the bounds of a cost. So KN takes
means of batches for its observations, and every variance is that of the replications *and one
more*, in which the two differ by as much as any two can. A pair that was equal so far is thus never
taken to be equal for sure. Where a cost has no bounds, the largest difference simulated takes their
place; then what is rarer than anything that was simulated is not allowed for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

from sim.types import Flags, Floats, Ints

Sample = Callable[[Ints, int, int], Floats]
"""Costs of candidates in the replications ``first .. first + count - 1``: (candidates, count)."""

ROUNDS = tuple(100 * 2**i for i in range(8))  # replications by the end of each round of screening
FEW = 20  # survivors for whom KN is cheaper than more screening
ENOUGH = 800  # replications of screening, unless there are too many survivors
MANY = 2_000  # survivors whose pairs are too many for KN
LEADERS = 64  # least costly candidates, against which all are tested
BATCH = 20  # replications in an observation of KN
FIRST_STAGE = 50  # observations of KN from which variances are taken


class SelectionStep(NamedTuple):
    """What one look at the candidates cost, and whom it left."""

    name: str  # "screening" or "KN"
    replications: int  # of each contender so far, in this step
    contenders: int  # before
    left: int
    simulated: int  # simulated since the stage before


@dataclass(frozen=True)
class Selection:
    """Who was chosen, and how the field thinned out.

    Attributes:
        best: the candidate chosen.
        survivors: whom screening left: with confidence 1 - alpha / 2 the best one is among them.
        tied: candidates that cost the same as the best one in every replication of KN; it included.
        means: mean cost of each candidate, and
        replications: over how many replications; those of its last step.
        next_replication: the first replication that nobody has seen.
        stages: in order.
    """

    best: int
    survivors: Ints
    tied: Ints
    means: Floats
    replications: Ints
    next_replication: int
    stages: tuple[SelectionStep, ...]

    @property
    def simulated(self) -> int:
        """How many replications were simulated."""
        return sum(stage.simulated for stage in self.stages)


def select(
    sample: Sample, candidates: int, zone: float, span: float, confidence: float = 0.95
) -> Selection:
    """Choose the candidate with the least mean cost.

    Args:
        sample: simulates costs.
        candidates: how many there are; at least one.
        zone: a difference in mean cost that does not matter; > 0.
        span: the largest difference in cost that there can be; zone < span. Where it is infinite,
            the largest difference between any two costs of the same step stands for it.
        confidence: 1 - alpha; between 0 and 1.
    """
    if not (candidates >= 1 and 0 < zone < span and 0 < confidence < 1):
        raise ValueError(
            f"candidates {candidates}, zone {zone}, span {span}, confidence {confidence}; "
            "allowed: at least 1, 0 < zone < span, 0 < confidence < 1"
        )
    alpha = 1 - confidence
    book = _Book(np.full(candidates, np.nan), np.zeros(candidates, np.int64), [])
    everyone = np.arange(candidates)
    if candidates == 1:
        return Selection(0, everyone, everyone, book.means, book.replications, 0, ())
    survivors, seen = screen(sample, everyone, span, alpha / 2, book)
    tied, last = survivors, seen
    if len(survivors) > 1:
        tied, last = fully_sequential(sample, survivors, zone, span, alpha / 2, seen, book)
    return Selection(
        int(tied[0]), survivors, tied, book.means, book.replications, last, tuple(book.stages)
    )


class _Book(NamedTuple):
    """What is known of each candidate, and what was done."""

    means: Floats
    replications: Ints
    stages: list[SelectionStep]

    def note(self, name: str, who: Ints, kept: Flags, costs: Floats, simulated: int) -> None:
        replications = costs.shape[1] * (BATCH if name == "KN" else 1)
        self.means[who], self.replications[who] = costs.mean(axis=1), replications
        self.stages.append(SelectionStep(name, replications, len(who), int(kept.sum()), simulated))


# -- screening ------------------------------------------------------------------------------------


def screen(
    sample: Sample, candidates: Ints, span: float, alpha: float, book: _Book
) -> tuple[Ints, int]:
    """Drop those that are clearly more costly than another; the rest, and replications done.

    Args:
        sample, span: as for :func:`select`.
        candidates: at least two.
        alpha: the chance that the best one is dropped.
        book: where it is written down.
    """
    left, costs = candidates, np.empty((len(candidates), 0))
    each = alpha / len(ROUNDS) / (len(candidates) - 1)
    for replications in ROUNDS:
        seen = costs.shape[1]
        costs = np.hstack([costs, sample(left, seen, replications - seen)])
        quantile = float(stats.t.isf(each, replications - 1))
        kept = ~_clearly_worse(costs, _known(span, costs), quantile)
        book.note("screening", left, kept, costs, len(left) * (replications - seen))
        left, costs = left[kept], costs[kept]
        kinds = len(_first_of_kind(costs))
        # Those that no replication distinguishes, more screening will hardly distinguish.
        if kinds <= FEW or (kinds <= MANY and replications >= ENOUGH):
            break
    return left, costs.shape[1]


def _clearly_worse(costs: Floats, span: float, critical: float) -> Flags:
    """Who is more costly than one of the leaders by more than chance allows.

    Args:
        costs: (m, replications).
        span: the largest difference in cost.
        critical: quantile of Student's t.
    """
    n = costs.shape[1]
    means = costs.mean(axis=1)
    centred = costs - means[:, np.newaxis]
    leaders = np.argsort(means, kind="stable")[:LEADERS]
    own = np.einsum("ij,ij->i", centred, centred)
    products = centred @ centred[leaders].T
    squares = own[:, np.newaxis] + own[leaders] - 2 * products
    variance = np.maximum(squares, 0) / (n - 1) + span * span / n
    gap = means[:, np.newaxis] - means[leaders]
    return np.asarray((gap > critical * np.sqrt(variance / n)).any(axis=1))


def _first_of_kind(costs: Floats) -> Ints:
    """The first of each set of equal rows."""
    kinds: dict[bytes, int] = {}
    for i, row in enumerate(costs):
        kinds.setdefault(row.tobytes(), i)
    return np.array(list(kinds.values()), np.int64)


# -- the procedure KN -----------------------------------------------------------------------------


def eta(candidates: int, first_stage: int, alpha: float) -> float:
    """KN's constant for c = 1 (Kim and Nelson 2001, section 3).

    >>> round(eta(2, 10, 0.05), 4)
    0.3341
    """
    return float(((2 * alpha / (candidates - 1)) ** (-2 / (first_stage - 1)) - 1) / 2)


def fully_sequential(
    sample: Sample,
    candidates: Ints,
    zone: float,
    span: float,
    alpha: float,
    first: int,
    book: _Book,
) -> tuple[Ints, int]:
    """KN: one more look after another, until one candidate is left; it, and the next replication.

    A pair is decided for good after N replications, N a multiple of the variance of its difference;
    at equal cost the candidate with the smaller number is kept. Those equal to it in every
    replication are handed back behind it.

    Args:
        sample, zone, span: as for :func:`select`.
        candidates: at least two.
        alpha: the chance of a wrong choice, where one leads by the zone.
        first: the first replication that nobody has seen.
        book: where it is written down.
    """
    h2 = 2 * eta(len(candidates), FIRST_STAGE, alpha) * (FIRST_STAGE - 1)
    single = sample(candidates, first, FIRST_STAGE * BATCH)
    everyone, span = _batch_means(single), _known(span, single)
    place = _first_of_kind(everyone)
    costs, simulated = everyone[place], everyone.size * BATCH
    variance = _pair_variances(costs, span)
    while True:
        r = costs.shape[1]
        kept = _in_contention(costs.mean(axis=1), variance, zone, h2, r)
        book.note("KN", candidates[place], kept, costs, simulated)
        place, costs, variance = place[kept], costs[kept], variance[np.ix_(kept, kept)]
        if len(place) == 1:
            break
        # Looks may be rare: of a symmetric boundary it only makes errors rarer.
        more = max(1, r // 10)
        seen = _batch_means(sample(candidates[place], first + r * BATCH, more * BATCH))
        costs, simulated = np.hstack([costs, seen]), seen.size * BATCH
    winner = place[0]
    alike = np.flatnonzero((everyone == everyone[winner]).all(axis=1))
    order = [winner, *(i for i in alike if i != winner)]
    return candidates[order], first + costs.shape[1] * BATCH


def _batch_means(costs: Floats) -> Floats:
    """Mean costs of batches: (candidates, replications) -> (candidates, batches)."""
    means: Floats = costs.reshape(len(costs), -1, BATCH).mean(axis=2)
    return means


def _known(span: float, costs: Floats) -> float:
    """The largest difference in cost; of those simulated, where nothing bounds it."""
    return span if math.isfinite(span) else float(np.ptp(costs))


def _pair_variances(costs: Floats, span: float) -> Floats:
    """Variances of the differences of all pairs, between batches; zero for a pair of one."""
    centred = costs - costs.mean(axis=1, keepdims=True)
    own = np.einsum("ij,ij->i", centred, centred)
    squares = own[:, np.newaxis] + own - 2 * centred @ centred.T
    variance: Floats = np.maximum(squares, 0) / (costs.shape[1] - 1)
    variance += span * span / (costs.shape[1] * BATCH) / BATCH
    np.fill_diagonal(variance, 0)
    return variance


def _in_contention(means: Floats, variance: Floats, zone: float, h2: float, r: int) -> Flags:
    """Whom nobody beats by more than W (Kim and Nelson 2001, screening step)."""
    margin = np.maximum(0, zone / (2 * r) * (h2 * variance / zone**2 - r))
    beaten = (means[:, np.newaxis] - means > margin).any(axis=1)
    # Of those equal to the last bit, whose margin is used up, the first remains.
    even = (means[:, np.newaxis] == means) & (margin == 0)
    return np.asarray(~beaten & ~np.tril(even, -1).any(axis=1))


# -- to compare with ------------------------------------------------------------------------------


def equal_allocation(costs: Floats, zone: float, confidence: float = 0.95) -> int:
    """Replications of each candidate if all get as many, with the same guarantee as :func:`select`.

    Bonferroni's one-step procedure under common random numbers (after Clark and Yang 1986):
    n = t^2 S^2 / zone^2, with the largest variance S^2 of a paired difference.

    Args:
        costs: (candidates, replications) of a first stage.
        zone, confidence: as for :func:`select`.
    """
    k, n = costs.shape
    covariance = np.cov(costs)
    own = np.diag(covariance)
    largest = float((own[:, np.newaxis] + own - 2 * covariance).max())
    critical = float(stats.t.isf((1 - confidence) / (k - 1), n - 1))
    return int(max(n, math.ceil(critical * critical * largest / zone / zone)))
