"""How a run shows itself in a console and in a notebook, and its figures as methods."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sim.analysis import comparison
from sim.errors import InputError, unknown
from sim.experiment import result_tables
from sim.formatting import days_text, html_table, many, percent, short
from sim.reporting.summary import caption, figures, summarise, with_titles
from sim.reporting.text_tables import aligned_text, as_text, cells, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.experiment.results import Results
    from sim.experiment.sweep import Sweep

MOST_ROWS = 200_000  # that are summed up only to be shown
MOST_LINES = 8  # strategies
MOST_POINTS = 20  # of a sweep
HEAD = ["strategy", "reached %", "days without", "ruin %"]


def text_of(results: Results) -> str:
    """A run in a few lines: how many replications, and the first rows of its summary."""
    lines = [caption(results)]
    if (table := _summary(results)) is not None:
        columns = ["reached", "restricted_mean", *(["ruin"] if "ruin" in table else [])]
        rows = [
            [short(str(row["strategy"]), 30), percent(row["reached"])]
            + [days_text(row["restricted_mean"])]
            + ([percent(row["ruin"])] if "ruin" in columns else [])
            for _, row in table.head(MOST_LINES).iterrows()
        ]
        lines.append(aligned_text(HEAD[: 1 + len(columns)], rows))
        if len(table) > MOST_LINES:
            lines.append(f"and {len(table) - MOST_LINES} more: results.summary()")
    return "\n".join(lines)


def full_text_of(results: Results, endpoint: str | None) -> str:
    """The summary of a run as a text table with its legend."""
    return as_text(results.summary(endpoint))


def save(results: Results, baseline: str | None, endpoint: str | None) -> list[Path]:
    """Write tables and figures of a run into its folder; the figures' paths without endings."""
    drawn = figures(results, baseline, endpoint)
    summarise(results, endpoint)
    return drawn


def html_of(results: Results) -> str:
    """A run as a table for a notebook, with the sentence of its figure above."""
    table = _summary(results)
    if table is None:
        return html_table([], [], above=text_of(results))
    from sim.plotting import outcomes  # matplotlib takes its time: only who shows waits for it

    curves = _titled(results, results.incidence(grid=[results.scenario.horizon]))
    below = f"{caption(results)}. {legend(table)}"
    return html_table(*cells(table), above=outcomes.best_sentence(curves), below=below)


def _summary(results: Results) -> pd.DataFrame | None:
    """The summary of a run; None where it is too large, or lacks what is needed."""
    rows = result_tables.rows_of(results.manifest)
    if rows > MOST_ROWS and results.manifest["keep"] == "rows":
        return None
    try:
        return results.summary()
    except InputError:
        return None


def _titled(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    return with_titles({"shown": table}, results.scenario)["shown"]


class ResultFigures:
    """The figures of a run, as methods: ``results.plot.incidence()``.

    Each draws on the axes ``ax``, or on a new figure where None, and returns what it has drawn on;
    nothing is closed or saved. The functions themselves are those of ``sim.plots``.

    Args:
        results: of the run.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> import sim
        >>> results = sim.run("korea-2017", ["proposal", "bilateral_only"], replications=50)
        >>> figure, axes = plt.subplots(1, 2)
        >>> results.plot.incidence(axes[0]) is axes[0]
        True
        >>> plt.close(figure)
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def __repr__(self) -> str:
        return f"figures of {caption(self._results)}"

    def incidence(self, ax: Axes | None = None, *, endpoint: str | None = None) -> Axes:
        """Share that has reached the endpoint by each day, with bands."""
        from sim.plotting import plots

        table = self._titled(self._results.incidence(endpoint))
        return plots.incidence(table, ax, caption=f"{self._caption}; bands are 95 % intervals")

    def outcomes(self, ax: Axes | None = None, *, endpoint: str | None = None) -> Axes:
        """Share of every outcome, a bar for each strategy."""
        from sim.plotting import plots

        table = self._titled(self._results.outcomes(endpoint))
        return plots.outcomes(table, ax, caption=self._caption)

    def times(self, ax: Axes | None = None, *, endpoint: str | None = None) -> Axes:
        """When the endpoint was reached, and how often never."""
        from sim.plotting import plots

        table = self._titled(self._results.shares_by_time(endpoint))
        return plots.times(table, ax, caption=self._caption)

    def differences(
        self, ax: Axes | None = None, *, baseline: str | None = None, endpoint: str | None = None
    ) -> Axes:
        """Paired differences to the baseline in the share reached."""
        from sim.plotting import plots

        table = self._titled(self._results.compare(baseline, endpoint))
        return plots.differences(table, ax, caption=f"{self._caption}; bars are 95 % intervals")

    def ranking(self, ax: Axes | None = None, *, endpoint: str | None = None) -> Axes:
        """Mean days without the endpoint, and which strategies may be the best."""
        from sim.plotting import plots

        paired = result_tables.paired_samples_of(self._results, endpoint)
        tables = (comparison.estimates(paired), comparison.with_the_best(paired))
        estimates, best = (self._titled(table) for table in tables)
        return plots.ranking(estimates, best, ax, caption=self._caption)

    def forest(self, *, baseline: str | None = None, endpoint: str | None = None) -> list[Axes]:
        """Paired differences to the baseline in every main measure; the axes of each panel."""
        from sim.plotting import plots

        table = self._titled(self._results.compare(baseline, endpoint))
        return plots.forest(table, caption=self._caption)

    def sooner(self, ax: Axes | None = None, *, endpoint: str | None = None) -> Axes:
        """In how many paired replications each strategy is sooner than each other one."""
        from sim.plotting import plots

        table = self._titled(
            comparison.pairs(result_tables.paired_samples_of(self._results, endpoint))
        )
        return plots.sooner(table, ax, caption=self._caption)

    def _titled(self, table: pd.DataFrame) -> pd.DataFrame:
        return _titled(self._results, table)

    @property
    def _caption(self) -> str:
        return caption(self._results)


# -- a sweep --------------------------------------------------------------------------------------


def text_of_sweep(sweep: Sweep) -> str:
    """A sweep in a few lines: its points, and the run of each."""
    values = ", ".join(
        f"{short(str(path), 60)} ({many(column.nunique(), 'value')})"
        for path, column in list(sweep.points.items())[:MOST_LINES]
    )
    first = caption(sweep.runs[0])
    return f"{many(len(sweep), 'point')}: {values}\nat each: {first}"


def html_of_sweep(sweep: Sweep) -> str:
    """A sweep as a table for a notebook: the summary of each point."""
    head: list[str] = []
    rows: list[list[str]] = []
    for values, results in itertools.islice(sweep, MOST_POINTS):
        if (table := _summary(results)) is not None:
            own, body = cells(table)
            head = [*values, *own]
            rows += [[*(f"{one:g}" for one in values.values()), *row] for row in body]
    return html_table(head, rows, above=text_of_sweep(sweep))


def plot_sweep(
    sweep: Sweep, measure: str, x: str | None, ax: Axes | None, endpoint: str | None
) -> Axes:
    """The figure of a sweep; see :meth:`sim.experiment.sweep.Sweep.plot`."""
    from sim.plotting import plots

    table, paths = sweep.summary(endpoint), [str(path) for path in sweep.points]
    known = [str(name) for name in table if f"{name}_low" in table]
    if measure not in known:
        raise InputError(unknown("measure", measure, known))
    if x is not None and x not in paths:
        raise InputError(unknown("parameter", x, paths))
    along = paths[0] if x is None else x
    shown = table[[*paths, "strategy"]].assign(
        low=table[f"{measure}_low"], best=table[measure], high=table[f"{measure}_high"]
    )
    others = [path for path in paths if path != along]
    if table["strategy"].nunique() > 1 or others:
        shown["series"] = [
            ", ".join([str(row["strategy"]), *(f"{path} {row[path]:g}" for path in others)])
            for _, row in shown.iterrows()
        ]
    of = str(table["endpoint"].iloc[0])
    return plots.sweep(
        shown.sort_values(along, kind="stable"), along, _label(measure, of), ax,
        caption=caption(sweep.runs[0]),
    )  # fmt: skip


def _label(measure: str, endpoint: str) -> str:
    """A column of the summary in words, for an axis."""
    if measure.startswith("reached"):
        by = measure.removeprefix("reached").removeprefix("_").removesuffix("y")
        return f"share that reached {endpoint}" + (f" within {by} years" if by else "")
    if measure == "ruin" or measure.startswith("outcome_"):
        return f"share with {measure.removeprefix('outcome_')}"
    if measure == "restricted_mean":
        return f"mean days without {endpoint}"
    return measure.replace("_", " ")
