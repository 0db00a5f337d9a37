"""Strategies x draws x replications under common random numbers, on all cores, whatever happens.

    results = run(scenario, replications=10_000, draws=100, out="study")
    results = extend("study", replications=20_000)
    results.frame

The work is cut into blocks (:mod:`sim.blocks`), which a crew tells (:mod:`sim.crew`), and whose
parts are kept in memory or in a results folder (:mod:`sim.folder`). Results depend neither on the
number of workers nor on the size of the blocks nor on the order in which they end.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.engine import daily_counts
from sim.engine.processes import UserProcess
from sim.engine.program import MAX_EVENTS, Program, translate
from sim.engine.rows import from_table, names_of_columns, part_of
from sim.engine.version import MODEL_VERSION
from sim.experiment import argument_checks, executors, provenance
from sim.experiment import draws as drawing
from sim.experiment.draws import Draws, DrawsError
from sim.experiment.progress import KINDS, Progress
from sim.experiment.results_folder import (
    AS_WRITTEN,
    DRAWS,
    MANIFEST,
    Folder,
    InputError,
    Memory,
    RunError,
    Store,
    difference,
    identity_of,
    made,
    read_manifest,
    unfinished_blocks,
)
from sim.experiment.tasks import ENGINES, OURS, UNFINISHED, Block, Cutter, Failure, Order
from sim.scenario.scenario import Scenario, loads

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as pads

__all__ = ["Incomplete", "InputError", "Results", "RunError", "extend", "read", "run"]

KEEP = ("rows", "summary")
OF_A_MANIFEST: dict[str, type] = {
    "identity": dict,
    "strategies": list,
    "strategy_texts": dict,
    "replications": int,
    "draws": int,
    "seed": int,
    "keep": str,
    "text": str,
}
MOST_REPLICATIONS = 10**12


class Incomplete(RunError):
    """Some histories could not be told; all others are kept.

    Attributes:
        results: what there is.
    """

    def __init__(self, results: Results) -> None:
        failures, histories = results.failures, sum(f.block.histories for f in results.failures)
        shown = "\n".join(f"  {failure}" for failure in failures[:5])
        more = f"\n  .. and {len(failures) - 5} more" if len(failures) > 5 else ""
        super().__init__(
            f"{histories:,} histories could not be told; the rest is kept:\n{shown}{more}\n"
            f"this tells them again: {results.command}"
        )
        self.results = results


@dataclass(frozen=True)
class Plan:
    """What a run is to tell, and how; see :func:`run`."""

    strategies: Sequence[str] | None = None
    replications: int = 2000
    seed: int = 1
    draws: int | str | Path | Draws = 0
    design: str = "sobol"
    law: str = drawing.AS_IN_FILE
    engine: str = "compiled"
    workers: int | None = None
    pool: str | None = None
    dask: str | None = None
    executor: Executor | None = None
    block: int | None = None
    progress: str = "none"
    user_processes: Sequence[UserProcess] = ()
    columns: Sequence[str] | None = None
    keep: str = "rows"
    most_events: int = MAX_EVENTS


@dataclass(frozen=True)
class Results:
    """What a run has told.

    Attributes:
        scenario: what was run.
        manifest: as in ``manifest.json``.
        folder: where the parts are, or None where nothing was written.
        failures: what could not be told.
    """

    scenario: Scenario
    manifest: dict[str, Any]
    folder: Path | None = None
    _store: Store = field(default_factory=Memory, repr=False)
    _plan: Plan = field(default_factory=Plan, repr=False)

    @property
    def failures(self) -> list[Failure]:
        """What could not be told, and why."""
        return [Failure(Block(*one["block"]), one["error"]) for one in self.manifest["failures"]]

    @property
    def command(self) -> str:
        """What goes on with this run."""
        if self.folder is not None and self.manifest["command"] is None:
            return f"sim.extend({str(self.folder)!r})"
        return self.manifest["command"] or "sim.extend(results)"

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows, with the columns of :mod:`sim.rows`; or, where no more was kept, counts.

        Strategies stand in their order, then draws, then replications.
        """
        if self.manifest["keep"] == "summary":
            return self.counts
        return as_frame(self.table(), self.manifest["strategies"])

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows as an Arrow table, or some of their columns; strategies in order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._need_rows("table")
        parts = [
            pq.ParquetFile(io.BytesIO(content)).read(None if columns is None else [*columns])
            for _, content in self.parts()
        ]
        if not parts:
            raise InputError("there are no rows; nothing was finished")
        return pa.concat_tables(parts).unify_dictionaries()

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Exact counts by day (:mod:`sim.tally`), read part by part, in little memory."""
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

    def parts(self) -> Iterator[tuple[Block, bytes]]:
        """The parts of all strategies with their contents, one after the other."""
        for strategy in self.manifest["strategies"]:
            yield from self._store.contents(strategy)

    @property
    def blocks(self) -> list[Block]:
        """Which replications are there, in the order of :meth:`parts`."""
        order = {name: i for i, name in enumerate(self.manifest["strategies"])}
        return sorted(self._store.blocks(), key=lambda block: (order[block.strategy], block))

    def _tally(self, program: Program, content: bytes) -> daily_counts.Tally:
        if self.manifest["keep"] == "summary":
            return daily_counts.decode(content)[0]
        return _count(program, content)

    @property
    def draws(self) -> pd.DataFrame | None:
        """The numbers of each draw, by dotted name; None where all were the likely ones."""
        return None if self.drawn is None else self.drawn.frame

    @cached_property
    def drawn(self) -> Draws | None:
        """The draws, as :mod:`sim.draws` has them; None where all numbers were the likely ones."""
        if isinstance(self._plan.draws, Draws):
            return self._plan.draws
        if self.folder is None or self.manifest["draws"] == 0:
            return None
        return _stored_draws(self.folder, self.scenario, self.manifest)

    @property
    def dataset(self) -> pads.Dataset:
        """The rows of a results folder as an Arrow dataset, which need not fit into memory."""
        import pyarrow.dataset as pads

        self._need_rows("dataset")
        if not isinstance(self._store, Folder):
            raise InputError("dataset: these results are in memory; allowed: those of a folder")
        files = [str(self._store.files[block]) for block in sorted(self._store.files)]
        return pads.dataset(files, format="parquet")

    def query(self, sql: str) -> pd.DataFrame:
        """Ask the rows, which SQL calls ``rows``, through DuckDB; they need not fit into memory.

        Raises:
            InputError: DuckDB is not installed, or does not understand the question.
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


def run(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    replications: int = 2000,
    seed: int = 1,
    *,
    out: str | Path | None = None,
    **options: Any,
) -> Results:
    """Tell histories of a scenario.

    Args:
        scenario: what is negotiated.
        strategies: a name, or a list of names; all of the scenario where None.
        replications: histories of each strategy and draw; replication r meets the same luck in all.
        seed: 0 <= seed < 2**64.
        out: a results folder; nothing is written where None. The same run in the same folder goes
            on where it stopped; more strategies, draws or replications extend it.
        draws: how many sets of uncertain numbers to sample (0: the likely value of each), the CSV
            file of a table of them, or :class:`sim.draws.Draws`.
        design, law: of the draws; see :func:`sim.draws.sample`.
        engine: "compiled" or "simpy"; both tell the same histories.
        workers: threads or processes; one a core where None.
        pool: "threads" (the compiled engine's choice) or "processes" (the SimPy engine's).
        dask: address of a Dask scheduler, or "local" for a cluster on this machine.
        executor: any ``concurrent.futures.Executor``, which is left open.
        block: histories in a block; results do not depend on it. Some seconds' work where None.
        progress: "none", "bar" or "json".
        user_processes: SimPy processes of the user's own (SimPy engine); they run here, or, where
            ``workers``, ``pool``, ``dask`` or ``executor`` is given, as copies in the workers.
        columns: the columns to keep, besides strategy, draw and replication; all where None.
        keep: "rows", or "summary" for exact counts by day, in little memory.
        most_events: of one history; one with more fails.

    Raises:
        InputError: what was asked for cannot be done.
        Incomplete: some histories could not be told; its ``results`` hold the rest.
        RunError: a file could not be written.
        KeyboardInterrupt: stopped; finished parts are kept.
    """
    plan = Plan(strategies, replications, seed, **options)
    folder = None if out is None else Folder(argument_checks.path("out", out), plan.keep)
    return _tell(scenario, plan, folder)


def extend(
    results: Results | str | Path,
    *,
    strategies: Sequence[str] | None = None,
    replications: int | None = None,
    draws: int | None = None,
    **options: Any,
) -> Results:
    """Go on with a run: tell what is missing, and more strategies, draws or replications.

    Args:
        results: of an earlier run, or their folder.
        strategies, replications, draws: as for :func:`run`; as before where None.
        options: workers, pool, dask, executor, block, progress and engine, as for :func:`run`.

    Raises:
        As :func:`run`.
    """
    before = (
        results if isinstance(results, Results) else read(argument_checks.path("results", results))
    )
    manifest = before.manifest
    count = manifest["replications"] if replications is None else replications
    more = (
        []
        if strategies is None
        else argument_checks.strategies(strategies, names_of(before.scenario))
    )
    plan = replace(
        before._plan,
        strategies=[*dict.fromkeys([*manifest["strategies"], *more])],
        replications=max(
            argument_checks.whole("replications", count, 1, MOST_REPLICATIONS),
            manifest["replications"],
        ),
        draws=before._plan.draws if draws is None else draws,
        **options,
    )
    store = Folder(before.folder, plan.keep) if before.folder is not None else before._store
    return _tell(before.scenario, plan, store)


def read(folder: str | Path) -> Results:
    """A results folder that an earlier run has written.

    Raises:
        InputError: there is none, or a part is damaged.
    """
    folder = argument_checks.path("folder", folder)
    manifest = manifest_of(folder)
    scenario = loads(manifest["text"], str(Path(folder) / MANIFEST))
    scenario = replace(scenario, name=manifest["scenario"])
    store = Folder(Path(folder), manifest["keep"])
    store.look(_identities(manifest), mend=False)
    plan = Plan(
        strategies=manifest["strategies"],
        replications=manifest["replications"],
        seed=manifest["seed"],
        draws=_stored_draws(Path(folder), scenario, manifest) if manifest["draws"] else 0,
        design=manifest["design"],
        law=manifest["law"],
        engine=manifest["engine"],
        columns=manifest["columns"],
        keep=manifest["keep"],
        most_events=manifest["most_events"],
    )
    return Results(scenario, manifest, Path(folder), store, plan)


def manifest_of(folder: str | Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        InputError: there is none that can be read, or it is that of something else.
    """
    manifest = read_manifest(folder)
    path, kind = Path(folder) / MANIFEST, manifest.get("kind")
    if kind is not None or not set(manifest) & set(OF_A_MANIFEST):
        raise InputError(
            f"{path}: is not the manifest of a run (it is of kind {kind or 'unknown'}); allowed: a "
            "folder made by detente run or compare"
        )
    for key, of in OF_A_MANIFEST.items():
        if not isinstance(manifest[key], of):
            raise InputError(f"{path}, {key}: found {manifest[key]!r}; {AS_WRITTEN}")
    if manifest["keep"] not in KEEP:
        raise InputError(f"{path}, keep: found {manifest['keep']}; allowed: {', '.join(KEEP)}")
    return manifest


def _stored_draws(folder: Path, scenario: Scenario, manifest: dict[str, Any]) -> Draws:
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


# -- at work --------------------------------------------------------------------------------------


def _tell(scenario: Scenario, plan: Plan, store: Store | None) -> Results:
    plan, names = _checked(scenario, plan)
    began = time.time()
    drawn = varied_from(scenario, names, plan.draws, plan.seed, plan.design, plan.law)
    manifest = _manifest(scenario, plan, names, drawn)
    folder = store if isinstance(store, Folder) else None
    with contextlib.ExitStack() as closing:
        if folder is not None:
            closing.enter_context(made(folder.path))
            folder.open()
            closing.callback(folder.close)
            scenario, drawn = _join(folder, scenario, manifest, plan, drawn)
        names = manifest["strategies"]
        programs = {
            name: translate(chosen(scenario, name)).limited(plan.most_events) for name in names
        }
        manifest["columns"] = _known_columns(next(iter(programs.values())), plan.columns)
        manifest["identity"]["columns"] = manifest["columns"]
        layouts = _layouts(programs) if plan.keep == "summary" else None
        if folder is not None:
            folder.look(_identities(manifest), mend=True)
            for note in folder.notes:
                print(note, file=sys.stderr)
            if drawn is not None:
                _write_draws(folder, drawn)
            folder.write_manifest(manifest)
        kept: Store = store if store is not None else Memory(layouts)
        _at_work(scenario, plan, manifest, programs, drawn, kept)
        manifest["seconds"] = round(time.time() - began, 3)
        if folder is not None:
            folder.write_manifest(manifest)
    results = Results(
        scenario,
        manifest,
        None if folder is None else folder.path,
        kept,
        replace(plan, strategies=names, draws=0 if drawn is None else drawn),
    )
    if results.failures:
        raise Incomplete(results)
    return results


def _at_work(
    scenario: Scenario,
    plan: Plan,
    manifest: dict[str, Any],
    programs: dict[str, Program],
    drawn: Draws | None,
    store: Store,
) -> None:
    """Have everything told that is missing; what failed is noted in the manifest."""
    wanted = promised(manifest)
    blocks = unfinished_blocks(wanted, store.blocks())
    total = sum(block.histories for block in wanted)
    left = sum(block.histories for block in blocks)
    progress = Progress(plan.progress, scenario.name, scenario.goal, total, total - left)
    with contextlib.closing(progress):
        if not left:
            manifest["finished"] = provenance.now()
            return
        with contextlib.closing(_crew(plan, left)) as workers:
            cutter = Cutter(blocks, plan.engine, workers.workers, plan.block)
            spool = store.spool if workers.shared_disk else None
            packed = plan.keep == "rows" or isinstance(store, Folder)
            orders = _orders(plan, manifest, programs, drawn, spool, packed)
            work = executors.Work(workers, cutter, orders)
            try:
                for told in work:
                    store.add(told)
                    progress.told(told, sum(f.block.histories for f in work.failures))
            except KeyboardInterrupt:
                for told in work.finished():
                    store.add(told)
                raise
    manifest["failures"] = [
        {"block": list(failure.block), "error": failure.error} for failure in work.failures
    ]
    manifest["finished"] = provenance.now()


def _orders(
    plan: Plan,
    manifest: dict[str, Any],
    programs: dict[str, Program],
    drawn: Draws | None,
    spool: Path | None,
    packed: bool,
) -> Callable[[Block], Order]:
    none = np.zeros(0, np.int64), np.zeros((1, 0))
    numbers = {
        name: none if drawn is None else drawn.slots(program) for name, program in programs.items()
    }

    def order(block: Block) -> Order:
        slots, values = numbers[block.strategy]
        at = block.draw - 1 if block.draw else 0
        return Order(
            block=block,
            program=programs[block.strategy],
            slots=slots,
            values=values[at : at + block.draws],
            seed=plan.seed,
            engine=plan.engine,
            keep=plan.keep,
            columns=manifest["columns"],
            identity=identity_of(manifest, block.strategy),
            spool=spool,
            packed=packed,
            user_processes=tuple(plan.user_processes),
        )

    return order


def _crew(plan: Plan, histories: int) -> executors.Crew:
    if plan.executor is not None:
        return executors.Foreign(plan.executor, plan.workers)
    if plan.dask is not None:
        return executors.Dask(plan.dask, plan.workers)
    kind = plan.pool or ("threads" if plan.engine == "compiled" else "processes")
    # What processes of the user's own leave in the script's objects stays, unless asked otherwise.
    usual = 1 if plan.user_processes else os.cpu_count() or 1
    workers = min(plan.workers or usual, histories)
    if workers == 1 and plan.pool is None and plan.engine == "simpy":
        return executors.Inline()
    if kind == "threads":
        return executors.Threads(workers)
    # A worker of multiprocessing.Pool may not start others: the run is its own worker.
    return (
        executors.Inline()
        if multiprocessing.current_process().daemon
        else executors.Processes(workers)
    )


def _join(
    folder: Folder, scenario: Scenario, manifest: dict[str, Any], plan: Plan, drawn: Draws | None
) -> tuple[Scenario, Draws | None]:
    """Fit a run and what its folder holds already together.

    The manifest, the scenario and the draws are those of both, when this returns.

    Raises:
        InputError: the folder holds another run.
    """
    path = folder.path / MANIFEST
    if not path.exists():
        return scenario, drawn
    try:
        before = manifest_of(folder.path)
    except InputError:
        if kind := _kind_of(folder.path):
            raise InputError(
                f"{folder.path}: holds the results of detente {kind}; allowed: another folder "
                "(--out), or remove it"
            ) from None
        # The parts say themselves of which run they are: nothing is lost with the manifest.
        path.replace(path.with_name(MANIFEST + ".damaged"))
        folder.notes.append(f"{path}: was damaged; it is set aside and written anew")
        return scenario, drawn
    columns = _known_columns(translate(chosen(scenario, manifest["strategies"][0])), plan.columns)
    manifest["identity"]["columns"] = columns
    if differs := difference(before, manifest):
        raise InputError(
            f"{folder.path}: holds another run:\n{differs}\nallowed: another folder (--out), or "
            "remove it"
        )
    manifest["strategy_texts"] = before["strategy_texts"] | manifest["strategy_texts"]
    manifest["strategies"] = list(dict.fromkeys([*before["strategies"], *manifest["strategies"]]))
    manifest["replications"] = max(before["replications"], manifest["replications"])
    strategies = {**loads(before["text"]).strategies, **scenario.strategies}
    scenario = replace(scenario, strategies=strategies)
    manifest["text"], manifest["hash"] = scenario.text, scenario.hash
    if drawn is not None and before["draws"] > len(drawn):
        drawn = _stored_draws(folder.path, scenario, before)
    manifest["draws"] = 0 if drawn is None else len(drawn)
    return scenario, drawn


def _kind_of(path: Path) -> str | None:
    """The kind of study that a folder holds; None of a run, and where the manifest is damaged."""
    try:
        return read_manifest(path).get("kind")
    except InputError:
        return None


def _write_draws(folder: Folder, drawn: Draws) -> None:
    path = folder.path / DRAWS
    unfinished = path.with_name(f"{OURS}{DRAWS}{UNFINISHED}")
    try:
        drawn.write(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror or error})") from error


# -- what was asked for ---------------------------------------------------------------------------


def chosen(scenario: Scenario, name: str) -> Scenario:
    """The scenario with a strategy chosen; "default" is that of a scenario that has none.

    Raises:
        InputError: an unknown strategy.
    """
    argument_checks.one_of("strategy", name, names_of(scenario))
    return scenario.strategy(name) if name in scenario.strategies else scenario


def names_of(scenario: Scenario) -> list[str]:
    """The strategies of a scenario; one called ``default`` where it has none."""
    return list(scenario.strategies) or [scenario.chosen.name]


def _checked(scenario: Scenario, plan: Plan) -> tuple[Plan, list[str]]:
    """A plan of which everything is of its kind, and its strategies."""
    names = argument_checks.strategies(
        plan.strategies, names_of(argument_checks.scenario(scenario))
    )
    plan = replace(
        plan,
        replications=argument_checks.whole("replications", plan.replications, 1, MOST_REPLICATIONS),
        seed=argument_checks.seed(plan.seed),
        most_events=argument_checks.whole("most_events", plan.most_events, 1, 10**15),
        workers=argument_checks.workers(plan.workers),
        block=None if plan.block is None else argument_checks.whole("block", plan.block, 1, 10**7),
    )
    argument_checks.one_of("engine", plan.engine, ENGINES)
    argument_checks.one_of("keep", plan.keep, KEEP)
    argument_checks.one_of("progress", plan.progress, KINDS)
    if plan.pool is not None:
        argument_checks.one_of("pool", plan.pool, executors.POOLS)
    if plan.dask is not None:
        argument_checks.text("dask", plan.dask)
    if plan.user_processes and plan.engine != "simpy":
        raise InputError('processes of your own need engine="simpy"')
    if plan.keep == "summary" and plan.columns is not None:
        raise InputError("columns: there are none where only the summary is kept")
    return plan, names


def _known_columns(program: Program, columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    known = names_of_columns(program)
    columns = [
        argument_checks.one_of("column", name, known)
        for name in argument_checks.names("columns", columns)
    ]
    keys = ["strategy", "draw", "replication"]
    return [name for name in known if name in keys or name in columns]


def drawn_from(
    scenario: Scenario,
    draws: int | str | Path | Draws,
    seed: int,
    design: str = "sobol",
    law: str = drawing.AS_IN_FILE,
) -> Draws | None:
    """The table of the draws that are asked for: how many, a file, or a table; None for 0.

    Raises:
        InputError: they cannot be made or read.
    """
    try:
        if isinstance(draws, Draws):
            return draws
        if isinstance(draws, str | os.PathLike):
            return drawing.read(argument_checks.path("draws", draws), scenario)
        count = argument_checks.whole("draws", draws, 0, drawing.MOST_DRAWS)
        return drawing.sample(scenario, count, seed, design, law) if count else None
    except DrawsError as error:
        raise InputError(str(error)) from None


def varied_from(
    scenario: Scenario, names: Sequence[str], draws: int | str | Path | Draws, *how: Any
) -> Draws | None:
    """As :func:`drawn_from`, for a study of the strategies named, for one of which draws differ.

    Raises:
        InputError: they cannot be made or read, or all strategies see the same values in all.
    """
    drawn = drawn_from(scenario, draws, *how)
    if drawn is not None:
        try:
            drawing.require_variation(drawn, [translate(chosen(scenario, name)) for name in names])
        except DrawsError as error:
            raise InputError(str(error)) from None
    return drawn


def of_draw(
    program: Program, draw: int, draws: str | Path | Draws | None = None, seed: int = 1
) -> Program:
    """The program with the numbers of one draw, of a table or as a run samples them.

    Raises:
        InputError: there is no such draw.
    """
    argument_checks.whole("draw", draw, 0, drawing.MOST_DRAWS)
    table = drawn_from(program.scenario, draw if draws is None else draws, seed)
    try:
        return program if table is None else table.applied(program, draw)
    except DrawsError as error:
        raise InputError(str(error)) from None


def _layouts(programs: dict[str, Program]) -> dict[str, daily_counts.Layout]:
    try:
        return {name: daily_counts.layout(program) for name, program in programs.items()}
    except ValueError as error:
        raise InputError(f"keep summary: {error}") from None


# -- the manifest ---------------------------------------------------------------------------------


def promised(manifest: dict[str, Any]) -> list[Block]:
    """All replications that a run is to hold, as its manifest says: a block for each strategy."""
    draw, draws = (1, manifest["draws"]) if manifest["draws"] else (0, 1)
    count = manifest["replications"]
    return [Block(name, draw, draws, 0, count) for name in manifest["strategies"]]


def default_folder(scenario: Scenario, seed: int) -> Path:
    """``results/<scenario>-<hash>-seed<seed>`` below the working directory."""
    return Path("results") / f"{scenario.name}-{scenario.hash[:8]}-seed{seed}"


def _manifest(
    scenario: Scenario, plan: Plan, names: Sequence[str], drawn: Draws | None
) -> dict[str, Any]:
    model, texts = scenario.pieces
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "hash": scenario.hash,
        "seed": plan.seed,
        "horizon": scenario.horizon,
        "goal": scenario.goal,
        "ruin": scenario.ruin,
        "strategies": list(names),
        "replications": plan.replications,
        "draws": 0 if drawn is None else len(drawn),
        "design": plan.design,
        "law": plan.law,
        "engine": plan.engine,
        "keep": plan.keep,
        "columns": None,
        "most_events": plan.most_events,
        "command": provenance.command(),
        "began": provenance.now(),
        "finished": None,
        "failures": [],
        "versions": provenance.versions(),
        "identity": {
            "model": model,
            "horizon": scenario.horizon,
            "seed": plan.seed,
            "model_version": MODEL_VERSION,
            "draws": None if drawn is None else drawn.origin,
            "keep": plan.keep,
            "columns": None,
        },
        "strategy_texts": {name: texts[name] for name in names if name in texts},
        "text": scenario.text,
    }


def _identities(manifest: dict[str, Any]) -> dict[str, str]:
    return {name: identity_of(manifest, name) for name in manifest["strategies"]}


# -- parts as frames ------------------------------------------------------------------------------


def as_frame(table: pa.Table, strategies: Sequence[str]) -> pd.DataFrame:
    """A table of rows with the fixed types, in order; the columns of a type lie together."""
    frame: pd.DataFrame = table.to_pandas(self_destruct=True)
    frame["strategy"] = frame["strategy"].cat.set_categories(list(strategies))
    keys = [frame[name].to_numpy() for name in ("replication", "draw")]
    order = np.lexsort([*keys, frame["strategy"].cat.codes.to_numpy()])
    if not (order[:-1] < order[1:]).all():
        frame = frame.iloc[order].reset_index(drop=True)
    return frame


def pieces(content: bytes) -> Iterator[pa.Table]:
    """The rows of a part, some thousands at a time."""
    import pyarrow.parquet as pq

    part = pq.ParquetFile(io.BytesIO(content))
    for group in range(part.num_row_groups):
        yield part.read_row_group(group)


def _count(program: Program, content: bytes) -> daily_counts.Tally:
    """The counts of a part of rows."""
    counter = daily_counts.Counter(program)
    for piece in pieces(content):
        draws = piece["draw"].to_numpy()
        rows = from_table(program, piece)
        for draw in np.unique(draws):
            first, last = np.searchsorted(draws, [draw, draw + 1])
            counter.add(part_of(rows, first, last), int(draw))
    return counter.tally
