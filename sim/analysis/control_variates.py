"""The luck of single attempts, taken out of what is compared: control variates.

When an attempt ends, the model knows with what chance it succeeds. Success minus that chance is
the *surprise* of the attempt. Its mean is 0 whatever happened before, so sums of surprises have
mean 0 in every strategy (:attr:`sim.rows.Rows.surprise`), and a multiple of them can be subtracted
from any outcome without moving its mean. The multiple that fits best takes away the spread that
single attempts have put in: who failed at a chance of nine in ten was unlucky, not worse.

Control variates by regression: S. S. Lavenberg and P. D. Welch 1981, Management Science 27,
322-335. Sums of martingale differences as controls: S. G. Henderson and P. W. Glynn 2002,
Mathematics of Operations Research 27, 253-271. The multiples for a world are fitted to other
worlds, so that the mean is not moved at all, and its spread is that of any other mean.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.analysis.intervals import Floats

FOLDS = 10
"""Parts into which worlds are cut; what fits one part is found from all others."""
LEAST = 20
"""Worlds for each control that is fitted; with fewer nothing is taken out."""


def taken_out(
    values: Floats, controls: Floats, replication: npt.NDArray[np.int64]
) -> Floats | None:
    """Outcomes without what surprises explain of them.

    Args:
        values: (n, m) outcomes of the histories of one strategy, in any units.
        controls: (n, q) numbers of mean 0 of the same histories.
        replication: (n,) their numbers. Histories of one number have luck in common, in whatever
            draw they are, and are never fitted to one another.

    Returns:
        (n, m), in the units of the values and with their means, but for chance. Controls that are 0
        in all worlds but fewer than :data:`LEAST` are left out; where none remains, the values as
        they are. None where there are fewer than :data:`LEAST` worlds for each that remains.
    """
    worlds, world = np.unique(replication, return_inverse=True)
    often = [np.count_nonzero(np.bincount(world, one != 0)) >= LEAST for one in controls.T]
    told = controls[:, often]
    told = told[:, told.std(axis=0) > 0]
    if not told.shape[1]:
        return values
    if len(worlds) * (FOLDS - 1) < FOLDS * LEAST * told.shape[1]:
        return None
    scaled = told / told.std(axis=0)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    parts = [world % FOLDS == fold for fold in range(FOLDS)]
    squares = [design[part].T @ design[part] for part in parts]
    products = [design[part].T @ values[part] for part in parts]
    whole, product_of_all = sum(squares), sum(products)
    left = np.empty(values.shape)
    for part, square, product in zip(parts, squares, products, strict=True):
        # Where two controls say the same, the smallest multiples of both are taken.
        fit = np.linalg.lstsq(whole - square, product_of_all - product, rcond=None)[0]
        left[part] = values[part] - scaled[part] @ fit[1:]
    return left
