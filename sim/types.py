"""Types of arrays and the one unit of time that the whole package shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]  # of 64 random bits

DAYS_PER_YEAR = 365.25
