"""A scenario at several values of some parameters, under common random numbers.

Replication r has the same random numbers at every point and under every strategy, so that rows of
one replication are pairs, across points as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.engine.processes import UserProcess
from sim.errors import InputError
from sim.experiment import argument_checks
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.experiment import run
from sim.experiment.plan import REPLICATIONS
from sim.experiment.results import Results
from sim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 10_000
Points = Mapping[str, Sequence[float]] | Sequence[Mapping[str, float]]


@dataclass(frozen=True, repr=False)
class Sweep:
    """The results of a sweep: a run for each point.

    Attributes:
        scenario: as it stands without the values of a point.
        points: the values, a row a point, a column a parameter.
        runs: the results of each point.

    Example:
        >>> import sim
        >>> found = sim.sweep("korea-2017", {"missile_test.rate": [8, 24]}, "proposal", 20)
        >>> found.summary()[["missile_test.rate", "strategy", "n"]].values.tolist()
        [[8, 'proposal', 20], [24, 'proposal', 20]]
    """

    scenario: Scenario
    points: pd.DataFrame
    runs: list[Results] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[dict[str, float], Results]]:
        """The values of each point with its results."""
        values = ({str(k): v for k, v in one.items()} for one in self.points.to_dict("records"))
        return zip(values, self.runs, strict=True)

    def __len__(self) -> int:
        """Number of points."""
        return len(self.runs)

    def __repr__(self) -> str:
        from sim.reporting import notebook

        return notebook.text_of_sweep(self)

    def _repr_html_(self) -> str:
        from sim.reporting import notebook

        return notebook.html_of_sweep(self)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows of all points; the values of the parameters are the first columns."""
        return self._stacked([one.frame for one in self.runs])

    def summary(self, endpoint: str | None = None) -> pd.DataFrame:
        """The values of each point, then the columns of :meth:`Results.summary`.

        Args:
            endpoint: by default the goal.
        """
        return self._stacked([one.summary(endpoint) for one in self.runs])

    def compare(self, baseline: str | None = None, endpoint: str | None = None) -> pd.DataFrame:
        """The values of each point, then the columns of :meth:`Results.compare`.

        Args:
            baseline: a strategy; by default the first.
            endpoint: by default the goal.
        """
        return self._stacked([one.compare(baseline, endpoint) for one in self.runs])

    def plot(
        self,
        measure: str = "reached",
        x: str | None = None,
        ax: Axes | None = None,
        *,
        endpoint: str | None = None,
    ) -> Axes:
        """A measure over one of the parameters, a line for each strategy and other value.

        Args:
            measure: a column of the summary that has limits, as "reached" or "ruin".
            x: the parameter on the horizontal axis; the first one where None.
            ax: where to draw; a new figure where None.
            endpoint: by default the goal.

        Raises:
            InputError: an unknown measure or parameter.
        """
        from sim.reporting import notebook

        return notebook.plot_sweep(self, measure, x, ax, endpoint)

    def _stacked(self, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
        stacked = pd.concat(tables, ignore_index=True)
        sizes = [len(table) for table in tables]
        values = self.points.loc[self.points.index.repeat(sizes)].reset_index(drop=True)
        whole = pd.concat([values, stacked], axis=1).copy()  # one block a type
        whole.attrs = tables[0].attrs
        return whole


def sweep(
    scenario: ScenarioLike,
    values: Points,
    strategies: str | Sequence[str] | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    *,
    draws: int | str | Path | Draws = 0,
    engine: str = "compiled",
    user_processes: Sequence[UserProcess] = (),
    workers: int | None = None,
    columns: str | Sequence[str] | None = None,
) -> Sweep:
    """Run a scenario at several values of some parameters, under common random numbers.

    A strategy that overrides a parameter keeps its own value of it.

    Args:
        scenario: a catalog name, a path, or a scenario.
        values: a grid, as a list of values by parameter path; or a list of points, each a value by
            parameter path.
        strategies, replications, seed, draws, engine, user_processes, workers, columns: of each
            point; see :func:`sim.experiment.experiment.run`.

    Raises:
        sim.errors.ScenarioError: an unknown parameter, or a value out of its bounds.
        InputError: no point, too many, or points with different parameters.

    Example:
        >>> import sim
        >>> grid = {"shocks.missile_test.rate": [8, 14, 24], "delegations.DPRK": [1, 2]}
        >>> found = sim.sweep("korea-2017", grid, "proposal", replications=10)
        >>> len(found), found.frame.shape[0]
        (6, 60)
    """
    base = argument_checks.scenario(scenario)
    points = _points(values)
    variants = [base.override(point) for point in points]  # all are valid before the first is run
    runs = [
        run(
            one, strategies, replications, seed, draws=draws, engine=engine,
            user_processes=user_processes, workers=workers, columns=columns,
        )
        for one in variants
    ]  # fmt: skip
    return Sweep(base, pd.DataFrame(points), runs)


def _points(values: Points) -> list[dict[str, Any]]:
    """The points of a grid or of a list, all with the same parameters."""
    if isinstance(values, Mapping):
        for path, those in values.items():
            if isinstance(those, str) or not hasattr(those, "__iter__"):
                raise InputError(f"values, {path}: found {those!r}; allowed: a list of values")
        found = [dict(zip(values, one, strict=True)) for one in itertools.product(*values.values())]
    else:
        found = [dict(one) for one in values]
    if not found or not found[0]:
        raise InputError("values: found no point; allowed: at least one value of one parameter")
    if any(set(one) != set(found[0]) for one in found):
        raise InputError("values: points differ in their parameters; allowed: the same in all")
    if len(found) > MOST_POINTS:
        raise InputError(f"values: found {len(found):,} points; allowed: at most {MOST_POINTS:,}")
    return found
