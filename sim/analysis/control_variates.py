"""Control variates: variance reduction by the martingale residuals of stage attempts.

When an attempt ends, the model knows the probability that it succeeds. Success minus that
probability is the *martingale residual* of the attempt. Its mean is 0 whatever happened before, so
sums of residuals have mean 0 in every strategy (:attr:`sim.engine.rows.Rows.residuals`), and a
multiple of them can be subtracted from any outcome without bias. The multiple that fits best
removes the variance due to single attempts.

Control variates by regression: S. S. Lavenberg and P. D. Welch 1981, Management Science 27,
322-335. Sums of martingale differences as controls: S. G. Henderson and P. W. Glynn 2002,
Mathematics of Operations Research 27, 253-271. The multiples for a replication are
fitted to other replications (cross-fitting), so that the mean stays unbiased.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.types import Floats

FOLDS = 10
"""Folds of replications; the coefficients for one fold are fitted to all others."""
LEAST = 20
"""Replications for each control that is fitted; with fewer there is no adjustment."""


def adjusted_values(
    values: Floats, controls: Floats, replication: npt.NDArray[np.int64]
) -> Floats | None:
    """Outcomes adjusted by control variates: their regression on the residuals is subtracted.

    Args:
        values: (n, m) outcomes of the replications of one strategy, in any units.
        controls: (n, q) residuals of the same replications, of mean 0.
        replication: (n,) their numbers. Those of one number share random numbers in all draws,
            and are never fitted to one another.

    Returns:
        (n, m), in the units of the values and with the same expectation. Controls that are not 0
        in fewer than :data:`LEAST` replications are left out; where none remains, the values as
        they are. None where there are fewer than :data:`LEAST` replications for each that remains.

    >>> generator = np.random.default_rng(1)
    >>> control = generator.normal(size=(400, 1))
    >>> outcome = 3 + 2 * control + generator.normal(scale=0.1, size=(400, 1))
    >>> adjusted = adjusted_values(outcome, control, np.arange(400))
    >>> bool(adjusted.std() < 0.06 * outcome.std())
    True
    """
    replications, place = np.unique(replication, return_inverse=True)
    often = [np.count_nonzero(np.bincount(place, one != 0)) >= LEAST for one in controls.T]
    used = controls[:, often]
    used = used[:, used.std(axis=0) > 0]
    if not used.shape[1]:
        return values
    if len(replications) * (FOLDS - 1) < FOLDS * LEAST * used.shape[1]:
        return None
    scaled = used / used.std(axis=0)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    folds = [place % FOLDS == fold for fold in range(FOLDS)]
    squares = [design[fold].T @ design[fold] for fold in folds]
    products = [design[fold].T @ values[fold] for fold in folds]
    whole, product_of_all = sum(squares), sum(products)
    left = np.empty(values.shape)
    for fold, square, product in zip(folds, squares, products, strict=True):
        # Where two controls are collinear, the smallest multiples of both are taken.
        fit = np.linalg.lstsq(whole - square, product_of_all - product, rcond=None)[0]
        left[fold] = values[fold] - scaled[fold] @ fit[1:]
    return left
