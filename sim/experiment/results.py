"""Results of a run, in memory or in a results folder: rows, daily counts, draws, manifest."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sim.analysis import comparison, incidence
from sim.analysis.measures import Measure
from sim.engine import daily_counts
from sim.engine.program import Program, rules_of, translate
from sim.engine.rows import names_of_columns
from sim.errors import InputError, RunError
from sim.experiment import argument_checks, result_tables, shard_rows
from sim.experiment.draws import Draws
from sim.experiment.manifests import MANIFEST, identities, manifest_of
from sim.experiment.plan import RunPlan, chosen, drawn_from
from sim.experiment.results_folder import DRAWS, MemoryStore, ResultsFolder, Store
from sim.experiment.tasks import Block, Failure
from sim.scenario.model import rule_names
from sim.scenario.scenario import Scenario, loads
from sim.types import Floats

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

    from sim.reporting.notebook import ResultFigures


class Incomplete(RunError):
    """Some replications could not be simulated; all others are kept.

    Attributes:
        results: what there is.
    """

    def __init__(self, results: Results) -> None:
        failures, count = results.failures, sum(f.block.replications for f in results.failures)
        shown = "\n".join(f"  {failure}" for failure in failures[:5])
        more = f"\n  .. and {len(failures) - 5} more" if len(failures) > 5 else ""
        super().__init__(
            f"{count:,} replications could not be simulated; the rest is kept:\n{shown}{more}\n"
            f"this simulates them again: {results.command}"
        )
        self.results = results


@dataclass(frozen=True, repr=False)
class Results:
    """The replications of a run, which knows its question: goal, ruin and horizon.

    Attributes:
        scenario: the scenario, with all strategies that were run.
        manifest: as in ``manifest.json``.
        folder: the results folder; None where nothing was written.
        failures: blocks that could not be simulated.
        measures: the user's own, each a column of the frame; see :meth:`measure`.

    Example:
        >>> import sim
        >>> results = sim.run(sim.load("korea-2017"), ["proposal"], replications=20)
        >>> results.frame.shape[0], list(results.frame.columns[:4])
        (20, ['strategy', 'draw', 'replication', 'outcome'])
        >>> results.times("moratorium")[["duration", "event"]].shape
        (20, 2)
    """

    scenario: Scenario
    manifest: dict[str, Any]
    folder: Path | None = None
    _store: Store = field(default_factory=MemoryStore, repr=False)
    _plan: RunPlan = field(default_factory=RunPlan, repr=False)
    measures: tuple[Measure, ...] = ()

    def __repr__(self) -> str:
        from sim.reporting import notebook

        return notebook.text_of(self)

    def _repr_html_(self) -> str:
        from sim.reporting import notebook

        return notebook.html_of(self)

    @property
    def plot(self) -> ResultFigures:
        """The figures of the run: ``results.plot.incidence()``."""
        from sim.reporting.notebook import ResultFigures

        return ResultFigures(self)

    @property
    def failures(self) -> list[Failure]:
        """Blocks that could not be simulated, with the errors."""
        return [Failure(Block(*one["block"]), one["error"]) for one in self.manifest["failures"]]

    @property
    def command(self) -> str:
        """The command that continues this run."""
        if self.folder is not None and self.manifest["command"] is None:
            return f"sim.extend({str(self.folder)!r})"
        return self.manifest["command"] or "sim.extend(results)"

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows, with the columns of :mod:`sim.engine.rows`; or the daily counts (keep=summary).

        Ordered by strategy (as in the scenario), draw, replication.
        """
        if self.manifest["keep"] == "summary":
            return self.counts
        frame = shard_rows.as_frame(self.table(), self.manifest["strategies"])
        for one in self.measures:
            frame[one.name] = one.values(frame)
        return frame

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows as an Arrow table, strategies in order.

        Args:
            columns: names; all where None.

        Raises:
            InputError: daily counts were kept, or nothing was finished.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._need_rows("table")
        tables = [
            pq.ParquetFile(io.BytesIO(content)).read(None if columns is None else [*columns])
            for _, content in self.shards()
        ]
        if not tables:
            raise InputError("there are no rows; nothing was finished")
        # A shard from before a strategy with rules was added lacks their columns.
        whole = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
        whole = whole.drop_columns([name for name in self._unused if name in whole.column_names])
        if self.manifest["engine"] != "simpy":
            return whole
        program = translate(chosen(self.scenario, self.manifest["strategies"][0]))
        fixed = [name for name in names_of_columns(program) if name in whole.column_names]
        recorded = sorted(set(whole.column_names) - set(fixed))  # by processes of the user's own
        return whole.select([*fixed, *recorded])

    @property
    def _unused(self) -> list[str]:
        """Columns of rules that no strategy of these results has."""
        used = [self.scenario.strategies.get(name) for name in self.manifest["strategies"]]
        rules = rule_names(one for one in used if one is not None)
        return [f"first_rule.{name}" for name in rules_of(self.scenario) if name not in rules]

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Exact daily counts (:mod:`sim.engine.daily_counts`), made shard by shard."""
        tables = []
        for name in self.manifest["strategies"]:
            program = translate(chosen(self.scenario, name))
            found = [self._tally(program, content) for _, content in self._store.contents(name)]
            whole = daily_counts.together(daily_counts.layout(program), found)
            if len(whole.draws):
                tables.append(daily_counts.frame(program, whole))
        if not tables:
            raise InputError("there are no counts; nothing was finished")
        frame = pd.concat(tables, ignore_index=True)
        frame["strategy"] = pd.Categorical(
            np.concatenate([t["strategy"].astype(object) for t in tables]),
            categories=self.manifest["strategies"],
        )
        return frame

    # -- tables of the run, each with its question

    def summary(self, endpoint: str | None = None) -> pd.DataFrame:
        """One row a strategy, best first; see :func:`sim.analysis.incidence.summary`.

        Args:
            endpoint: the condition that the summary is about, and that ranks the strategies; by
                default the goal.

        Raises:
            InputError: a condition that the scenario does not have.
        """
        scenario, frame = self.scenario, result_tables.frame_of(self)
        question = scenario.goal, scenario.ruin, scenario.horizon, endpoint
        with result_tables.refusing():
            level = result_tables.level_of(self)
            return incidence.summary(frame, *question, level=level, own=self.measures)

    def incidence(
        self, endpoint: str | None = None, *, grid: npt.ArrayLike | None = None
    ) -> pd.DataFrame:
        """Share that has reached the endpoint by each day: strategy, time, low, best, high.

        Args:
            endpoint: a condition or stage condition; by default the goal.
            grid: days; by default some 200 up to the horizon.

        Raises:
            InputError: a condition that the scenario does not have.
        """
        with result_tables.refusing():
            return incidence.incidence(
                result_tables.frame_of(self), endpoint, grid=grid, **self._question
            )

    def outcomes(self, endpoint: str | None = None) -> pd.DataFrame:
        """Share of every outcome: strategy, outcome, low, best, high; ``endpoint`` orders them."""
        with result_tables.refusing():
            return incidence.outcomes(
                result_tables.frame_of(self), endpoint=endpoint, **self._question
            )

    def shares_by_time(self, endpoint: str | None = None) -> pd.DataFrame:
        """When the endpoint was reached; see :func:`sim.analysis.incidence.times`."""
        with result_tables.refusing():
            return incidence.times(result_tables.frame_of(self), endpoint, **self._question)

    def compare(self, baseline: str | None = None, endpoint: str | None = None) -> pd.DataFrame:
        """Every strategy minus the baseline, replication by replication, in every measure.

        Args:
            baseline: by default the first strategy.
            endpoint: by default the goal.

        Returns:
            strategy, baseline, measure, unit, low, best, high, ..; see
            :func:`sim.analysis.comparison.differences`.

        Raises:
            InputError: one strategy alone, an unknown name, or a run that kept counts.
        """
        base = result_tables.baseline_of(self, baseline)
        return comparison.differences(result_tables.paired_samples_of(self, endpoint), base)

    def measure(
        self,
        name: str,
        function: str | Callable[[Any], npt.ArrayLike],
        *,
        unit: str = "",
        better: str = "more",
        bounds: tuple[float, float] = (-math.inf, math.inf),
        label: str = "",
    ) -> Results:
        """The same results with a measure of one's own: a number of each replication.

        It is a column of the frame, and a row of the summary and of every comparison. The measure
        itself, ``results.measures[-1]``, is what ``measure=`` of ``sim.sensitivity``,
        ``sim.robust`` and ``sim.search`` takes.

        Args:
            name: of the column.
            function: from the frame to the values, (n,), which names columns as ``frame["time"]``;
                or the name of a column.
            unit: "share" (0 or 1 in each replication), "days", or another.
            better: "more" or "less".
            bounds: between which every value lies; they bound its intervals.
            label: a phrase for readers.

        Raises:
            InputError: a name that there is already, or not a number in each replication.

        Example:
            >>> import sim
            >>> results = sim.run("korea-2017", ["proposal", "pressure"], replications=50)
            >>> results = results.measure("calm", lambda frame: frame["held_crisis"] < 365)
            >>> results.compare("proposal")["measure"].iloc[-1]
            'calm'
        """
        self._need_rows("measure")
        argument_checks.one_of("better", better, ("more", "less"))
        own = Measure(name, function, unit, better == "more", bounds, label)
        known = [*self.frame, *self.compared]
        values = result_tables.measured(self.frame, own, known)
        new = replace(self, measures=(*self.measures, own))
        new.__dict__["frame"] = self.frame.assign(**{name: values})  # not read again
        return new

    @property
    def compared(self) -> list[str]:
        """Names of the measures by which strategies are compared."""
        paired = result_tables.paired_samples_of(self, None)
        return [one.name for one in paired.measures]

    def times(self, endpoint: str | None = None, *, competing: bool = False) -> pd.DataFrame:
        """Duration and event of every replication, for a fitter of survival curves.

        A replication that ends in ruin never reaches the endpoint: it counts as without event at
        the horizon, so that 1 - Kaplan-Meier is the incidence. With ``competing`` the ruin is an
        event of its own, for Aalen-Johansen.

        Args:
            endpoint: a condition or stage condition; by default the goal.
            competing: event is 1 (endpoint), 2 (ruin came first) or 0 (neither by the horizon).

        Returns:
            strategy, draw, replication, duration (days), event (True or False).

        Raises:
            InputError: a condition that the scenario does not have, or a run that kept counts.
        """
        return result_tables.times(self, endpoint, competing)

    def to_experiments(self) -> tuple[pd.DataFrame, dict[str, Floats]]:
        """Inputs and outcomes of each strategy and draw, as the EMA workbench holds them.

        Returns:
            The inputs: a column for each drawn parameter, then ``scenario`` (the draw), ``policy``
            (the strategy) and ``model``; and the outcomes by name, means over replications, (n,).

        Example:
            >>> import sim
            >>> inputs, outcomes = sim.run("korea-2017", "proposal", 5, draws=4).to_experiments()
            >>> len(inputs), outcomes["reached"].shape
            (4, (4,))
        """
        self._need_rows("to_experiments")
        return result_tables.experiments(self)

    def to_text(self, endpoint: str | None = None) -> str:
        """The summary as a text table with its legend, as ``detente run`` prints it."""
        from sim.reporting import notebook

        return notebook.full_text_of(self, endpoint)

    def save(self, baseline: str | None = None, endpoint: str | None = None) -> list[Path]:
        """Save ``summary.csv``, ``differences.csv`` and the figures into the results folder.

        Args:
            baseline, endpoint: as for :meth:`compare`.

        Returns:
            The paths of the figures, each without its endings (``.png``, ``.svg``).

        Raises:
            InputError: the run has no folder.
        """
        from sim.reporting import notebook

        return notebook.save(self, baseline, endpoint)

    @property
    def _question(self) -> dict[str, Any]:
        return {"goal": self.scenario.goal, "horizon": self.scenario.horizon}

    # -- what lies below

    def shards(self) -> Iterator[tuple[Block, bytes]]:
        """All blocks with the contents of their shards, in the order of the strategies."""
        for strategy in self.manifest["strategies"]:
            yield from self._store.contents(strategy)

    @property
    def blocks(self) -> list[Block]:
        """The blocks that exist, in the order of :meth:`shards`."""
        order = {name: i for i, name in enumerate(self.manifest["strategies"])}
        return sorted(self._store.blocks(), key=lambda block: (order[block.strategy], block))

    def _tally(self, program: Program, content: bytes) -> daily_counts.Tally:
        if self.manifest["keep"] == "summary":
            return daily_counts.decode(content)[0]
        return shard_rows.count(program, content)

    @property
    def draws(self) -> pd.DataFrame | None:
        """The parameters of each draw, by path; None where there were no draws."""
        return None if self.drawn is None else self.drawn.frame

    @cached_property
    def drawn(self) -> Draws | None:
        """The draws as :class:`sim.experiment.draws.Draws`; None where there were none."""
        if isinstance(self._plan.draws, Draws):
            return self._plan.draws
        if self.folder is None or self.manifest["draws"] == 0:
            return None
        return stored_draws(self.folder, self.scenario, self.manifest)

    @property
    def dataset(self) -> pads.Dataset:
        """The rows of a results folder as an Arrow dataset, which need not fit into memory."""
        import pyarrow.dataset as pads

        self._need_rows("dataset")
        if not isinstance(self._store, ResultsFolder):
            raise InputError("dataset: these results are in memory; allowed: those of a folder")
        files = [str(self._store.files[block]) for block in sorted(self._store.files)]
        return pads.dataset(files, format="parquet")

    def query(self, sql: str) -> pd.DataFrame:
        """Query the table ``rows`` by SQL, through DuckDB; it need not fit into memory.

        Raises:
            InputError: DuckDB is not installed, or rejects the query.
        """
        try:
            import duckdb
        except ImportError:
            raise InputError(
                'query: the package "duckdb" is not installed; '
                "allowed: pip install 'detente[query]'"
            ) from None
        with duckdb.connect() as connection:
            source = self.table() if self.folder is None else self.dataset
            connection.register("rows", source)
            try:
                answer: pd.DataFrame = connection.execute(sql).df()
            except duckdb.Error as error:
                raise InputError(f"query: {error}") from None
        return answer

    def _need_rows(self, what: str) -> None:
        if self.manifest["keep"] == "summary":
            raise InputError(f"{what}: this run kept counts, not rows; allowed: keep=rows")


def read(folder: str | Path) -> Results:
    """Read a results folder that an earlier run has written.

    Args:
        folder: its path.

    Returns:
        The results; rows are read when they are used.

    Raises:
        InputError: there is no such folder, or a shard is damaged.

    Example:
        >>> import sim, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = sim.run(sim.load("korea-2017"), ["proposal"], 20, out=folder)
        ...     sim.read(folder).frame.equals(made.frame)
        True
    """
    folder = argument_checks.path("folder", folder)
    manifest = manifest_of(folder)
    scenario = loads(manifest["text"], str(Path(folder) / MANIFEST))
    scenario = replace(scenario, name=manifest["scenario"])
    store = ResultsFolder(Path(folder), manifest["keep"])
    store.scan(identities(manifest), repair=False)
    plan = RunPlan(
        strategies=manifest["strategies"],
        replications=manifest["replications"],
        seed=manifest["seed"],
        draws=stored_draws(Path(folder), scenario, manifest) if manifest["draws"] else 0,
        design=manifest["design"],
        law=manifest["law"],
        engine=manifest["engine"],
        columns=manifest["columns"],
        keep=manifest["keep"],
        most_events=manifest["most_events"],
    )
    return Results(scenario, manifest, Path(folder), store, plan)


def stored_draws(folder: Path, scenario: Scenario, manifest: dict[str, Any]) -> Draws:
    """The draws of a results folder.

    Raises:
        InputError: they are missing, damaged, or fewer than the manifest promises.
    """
    stored = drawn_from(scenario, folder / DRAWS, manifest["seed"])
    assert stored is not None  # a file was named
    if len(stored) < manifest["draws"]:
        raise InputError(
            f"{folder / DRAWS}: holds {len(stored)} draws; the manifest promises "
            f"{manifest['draws']}; the command that made the folder writes them again"
        )
    return replace(stored, origin=manifest["identity"]["draws"])
