"""A function for every figure: a table in, axes out.

Each draws on the axes that it is given, or on a new figure of pyplot, so that a notebook shows it
and ``plt.savefig`` finds it. Nothing is closed or saved, and the looks apply to this figure alone.
Figures of several panels return the list of their axes.

Example:
    >>> import matplotlib.pyplot as plt
    >>> import sim
    >>> results = sim.run("korea-2017", ["proposal", "bilateral_only"], replications=50)
    >>> figure, axes = plt.subplots()
    >>> sim.plots.incidence(results.incidence("moratorium"), axes) is axes
    True
    >>> plt.close(figure)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.plotting import decisions, style, uncertainty
from sim.plotting import outcomes as of_runs

P = ParamSpec("P")
T = TypeVar("T")


def _shown(draw: Callable[P, T]) -> Callable[P, T]:
    """The same function, whose new figures are those of pyplot."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with style.by_pyplot():
            return draw(*args, **kwargs)

    return drawn


def _panels(draw: Callable[P, Figure]) -> Callable[P, list[Axes]]:
    """The same function of a figure of several panels, which returns their axes."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> list[Axes]:
        with style.by_pyplot():
            return list(draw(*args, **kwargs).axes)

    return drawn


# -- of a run
incidence = _shown(of_runs.incidence)
outcomes = _shown(of_runs.outcomes)
times = _shown(of_runs.times)
differences = _shown(of_runs.differences)
sweep = _shown(of_runs.sweep)
timeline = _shown(of_runs.timeline)

# -- of a comparison, an explanation, a search
ranking = _shown(decisions.ranking)
forest = _panels(decisions.forest)
sooner = _shown(decisions.sooner)
durability = _panels(decisions.durability)
budget = _shown(decisions.budget)
costs = _shown(decisions.costs)
side_by_side = _panels(decisions.side_by_side)
front = _shown(of_runs.front)

# -- of the uncertain parameters
tornado = _shown(uncertainty.tornado)
morris = _shown(uncertainty.morris)
sobol = _shown(uncertainty.sobol)
regret = _shown(uncertainty.regret)
switching = _shown(uncertainty.switching)
best_map = _shown(uncertainty.best_map)

# -- of the historical records
lengths = _shown(of_runs.lengths)
counts = _shown(of_runs.counts)
calibration = _shown(of_runs.calibration)
intervals = _shown(of_runs.intervals)
narrowed = _shown(of_runs.narrowed)

save = style.save

__all__ = [
    "best_map",
    "budget",
    "calibration",
    "costs",
    "counts",
    "differences",
    "durability",
    "forest",
    "front",
    "incidence",
    "intervals",
    "lengths",
    "morris",
    "narrowed",
    "outcomes",
    "ranking",
    "regret",
    "save",
    "side_by_side",
    "sobol",
    "sooner",
    "sweep",
    "switching",
    "timeline",
    "times",
    "tornado",
]
