"""First-order stochastic dominance of incidence curves, with its uncertainty.

A strategy dominates another where its cumulative incidence is at no time lower and at some time
higher: whatever the deadline, at least as many of its replications have got there. Replications
that never got there are part of the curves, which need not reach one.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from sim.analysis.comparison import PairedSamples, batch_size, in_batches, resampled
from sim.analysis.samples import grid_of
from sim.types import Floats

RESAMPLES = 1000
TOLERANCE = 0.01
"""A share by which a curve may be lower unnoticed, and still be said to dominate."""
DOMINATES, DOMINATED, CROSS = "dominates", "is dominated", "curves cross"
AHEAD, BEHIND, OPEN = "ahead at times", "behind at times", "not distinguished"


def dominance(paired: PairedSamples, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """For each two strategies, what the difference of their incidence curves says.

    The band around each difference is simultaneous over all times and over all pairs: estimate
    plus and minus c standard errors, c being the quantile of the largest studentised deviation
    among paired bootstrap resamples of the paired replications, or of draws and of replications (J.
    L. Montiel Olea and M. Plagborg-Moller 2019, Journal of Applied Econometrics 34, 1-17; with few
    draws c is stretched from the normal to Student's law). So all verdicts hold together at the
    level:

    - "dominates": the band lies above zero at some time, and nowhere reaches further below it
      than the tolerance. No number of replications can show that a curve is *nowhere* lower by a
      hair; what they can show is almost dominance (M. Leshno and H. Levy 2002, Management Science
      48, 1074-1085), here by the largest shortfall;
    - "ahead at times": above zero at some time, below it at none, but b could be ahead by more
      than the tolerance at another;
    - "is dominated", "behind at times": the other way round;
    - "curves cross": above zero at some time and below zero at another;
    - "not distinguished": it holds zero throughout.

    Args:
        paired: runs of two strategies or more.
        tolerance: a share.

    Returns:
        One row for each ordered pair ``a``, ``b`` (best first): n, ``verdict``, and

        - ``ahead_from``, ``ahead_to``: the first and last day at which a is found ahead (NaN:
          none), ``ahead_most`` the largest difference a - b of the estimates, as a share;
        - ``behind_from``, ``behind_to``, ``behind_most``: the same for b ahead of a;
        - ``ahead_at_most``, ``behind_at_most``: upper limits of how far a can be ahead of b, and
          behind it, at any time.
    """
    times, estimate, error, factor = _process(paired)
    names = paired.names
    rows = []
    for a, b in itertools.permutations(range(len(names)), 2):
        apart = estimate[a] - estimate[b]
        half = factor * error[a, b]
        row: dict[str, Any] = {"a": names[a], "b": names[b], "n": paired.runs(a, b)}
        row |= _verdict(times, apart, apart - half, apart + half, tolerance)
        rows.append(row)
    return paired.valid.table(rows)


def bands(paired: PairedSamples, baseline: str) -> pd.DataFrame:
    """The band of each strategy's incidence minus the baseline's, that of :func:`dominance`.

    Returns:
        strategy (best first), baseline, time (days), low, best, high.
    """
    times, estimate, error, factor = _process(paired)
    base = paired.names.index(baseline)
    tables = [
        pd.DataFrame(
            {
                "strategy": name,
                "baseline": baseline,
                "time": times,
                "low": np.maximum(estimate[a] - estimate[base] - factor * error[a, base], -1.0),
                "best": estimate[a] - estimate[base],
                "high": np.minimum(estimate[a] - estimate[base] + factor * error[a, base], 1.0),
            }
        )
        for a, name in enumerate(paired.names)
        if a != base
    ]
    table = pd.concat(tables, ignore_index=True)
    table.attrs = paired.valid.table([]).attrs | {"baseline": baseline}
    return table


def _verdict(
    times: Floats, best: Floats, low: Floats, high: Floats, tolerance: float
) -> dict[str, Any]:
    ahead, behind = low > 0, high < 0
    most_ahead, most_behind = min(1.0, float(high.max())), min(1.0, float((-low).max()))
    verdict = OPEN
    if ahead.any() and behind.any():
        verdict = CROSS
    elif ahead.any():
        verdict = DOMINATES if most_behind <= tolerance else AHEAD
    elif behind.any():
        verdict = DOMINATED if most_ahead <= tolerance else BEHIND
    return {
        "verdict": verdict,
        "ahead_from": _first(times, ahead),
        "ahead_to": _first(times[::-1], ahead[::-1]),
        "ahead_most": max(0.0, float(best.max())),
        "behind_from": _first(times, behind),
        "behind_to": _first(times[::-1], behind[::-1]),
        "behind_most": max(0.0, float(-best.min())),
        "ahead_at_most": most_ahead,
        "behind_at_most": most_behind,
    }


def _first(times: Floats, where: Any) -> float:
    return float(times[where][0]) if where.any() else np.nan


def _process(paired: PairedSamples) -> tuple[Floats, Floats, Floats, float]:
    """Grid (G,), curves (k, G), standard errors of differences (k, k, G), and the band's factor."""
    valid = paired.valid
    times = grid_of(None, valid.horizon)
    curves = _by_unit(paired, times)
    estimate, units = curves[0].mean(axis=1), min(kind.shape[1] for kind in curves)
    k, span = estimate.shape
    error = np.zeros((k, k, span))
    for a, b in itertools.combinations(range(k), 2):
        # Two disagreements are added, one each way: early, where none is seen yet, they may be
        # rare. Those of a replication may be in all draws, and those of a draw in all replications.
        least = 2.0 / ((paired.runs(a, b) if paired.single(a, b) else units) + 2) ** 2
        apart = [kind[a] - kind[b] for kind in curves]
        spread = sum(one.var(axis=0, ddof=1) / len(one) if units > 1 else 0.0 for one in apart)
        error[a, b] = error[b, a] = np.sqrt(spread + least)
    if k < 2 or units < 2:
        return times, estimate, error, np.inf
    return times, estimate, error, _factor(curves, estimate, error, valid.level)


def _by_unit(paired: PairedSamples, times: Floats) -> list[Floats]:
    """Which share of each unit is there by each time: (strategies, units, times).

    Units are runs, or batches of them; with several draws the draws, and then the replications, of
    which it is by how much they are ahead.
    """
    names, valid = paired.names, paired.valid
    if paired.single(*range(len(names))):
        return [np.stack([_of_runs(paired, name, times) for name in names])]
    draws, replications = [], []
    for sample in paired.samples.values():
        counts = sample.counts_by(valid.endpoint, valid.goal, times)
        every = sample.everyone.by_replication
        assert counts.by_replication is not None and every is not None
        shares = counts.by_draw / sample.sizes[:, None]
        ahead = len(every) * (counts.by_replication - shares.mean(axis=0) * every)
        draws.append(in_batches(shares))
        replications.append(in_batches(ahead))
    return [np.stack(draws), np.stack(replications)]


def _of_runs(paired: PairedSamples, name: str, times: Floats) -> Floats:
    """Runs of a strategy, or batches of them: the share that is there by each time."""
    sample, valid = paired.samples[name], paired.valid
    when = paired.of_first_draw(sample.times(valid.endpoint, valid.goal))
    place = np.searchsorted(times, when)
    size = batch_size(len(place))
    count, span = len(place) // size, len(times) + 1
    where = np.arange(count * size) // size * span + place[: count * size]
    come = np.bincount(where, minlength=count * span).reshape(count, span)[:, :-1]
    there: Floats = come.cumsum(axis=1) / size
    return there


def _factor(curves: list[Floats], estimate: Floats, error: Floats, level: float) -> float:
    """The quantile of the largest studentised deviation over all times and pairs."""
    k, span = estimate.shape
    flat: list[npt.NDArray[Any]] = [
        kind.transpose(1, 0, 2).reshape(kind.shape[1], k * span).astype(np.float32)
        for kind in curves
    ]
    largest = []
    for means in resampled(*flat, resamples=RESAMPLES):
        gone = means.reshape(len(means), k, span) - estimate
        most = np.zeros(len(means))
        for a, b in itertools.combinations(range(k), 2):
            most = np.maximum(most, np.abs((gone[:, a] - gone[:, b]) / error[a, b]).max(axis=1))
        largest.append(most)
    normal = float(np.quantile(np.concatenate(largest), level))
    units = min(map(len, flat))
    return float(stats.t.isf(stats.norm.sf(normal), units - 1))
