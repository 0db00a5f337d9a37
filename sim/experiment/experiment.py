"""Strategies x draws x replications under common random numbers, on all cores.

    results = run(scenario, replications=10_000, draws=100, out="study")
    results = extend("study", replications=20_000)
    results.frame

The replications are split into blocks (:mod:`sim.experiment.tasks`), which an executor simulates
(:mod:`sim.experiment.executors`), and whose shards are kept in memory or in a results folder
(:mod:`sim.experiment.results_folder`). Results depend neither on the number of workers nor on the
size of the blocks nor on the order in which they end.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.engine import daily_counts
from sim.engine.processes import UserProcess
from sim.engine.program import MAX_EVENTS, Program, translate
from sim.errors import InputError, RunError
from sim.experiment import argument_checks, executors, provenance
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import AS_IN_FILE, Draws
from sim.experiment.files import OURS, UNFINISHED, writable_folder
from sim.experiment.manifests import (
    MANIFEST,
    difference,
    identities,
    identity_of,
    kind_of,
    manifest_of,
    planned_blocks,
    run_manifest,
    write_manifest,
)
from sim.experiment.plan import (
    MOST_REPLICATIONS,
    REPLICATIONS,
    RunPlan,
    checked,
    chosen,
    known_columns,
    names_of,
    varied_from,
)
from sim.experiment.progress import Progress
from sim.experiment.results import Incomplete, Results, read, stored_draws
from sim.experiment.results_folder import (
    DRAWS,
    MemoryStore,
    ResultsFolder,
    Store,
    unfinished_blocks,
)
from sim.experiment.tasks import Block, Scheduler, Task
from sim.scenario.scenario import Scenario, loads


def run(
    scenario: ScenarioLike,
    strategies: str | Sequence[str] | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    *,
    draws: int | str | Path | Draws = 0,
    design: str = "sobol",
    law: str = AS_IN_FILE,
    engine: str = "compiled",
    user_processes: Sequence[UserProcess] = (),
    workers: int | None = None,
    pool: str | None = None,
    dask: str | None = None,
    executor: Executor | None = None,
    block: int | None = None,
    progress: str = "none",
    columns: str | Sequence[str] | None = None,
    keep: str = "rows",
    most_events: int = MAX_EVENTS,
    out: str | Path | None = None,
) -> Results:
    """Simulate replications of a scenario under each strategy.

    Args:
        scenario: a catalog name, a path, or a scenario.
        strategies: a name, or a list of names; all of the scenario where None.
        replications: number for each strategy and draw; replication r has the same random numbers
            in all of them (common random numbers).
        seed: 0 <= seed < 2**64.
        draws: how many parameter vectors to sample (0: the base values alone), the CSV file of a
            table of them, or :class:`sim.experiment.draws.Draws`.
        design, law: of the draws; see :func:`sim.experiment.draws.sample`.
        engine: "compiled" or "simpy"; both simulate the same replications.
        user_processes: SimPy processes of the user's own (SimPy engine); they run here, or, where
            ``workers``, ``pool``, ``dask`` or ``executor`` is given, as copies in the workers.
        workers: threads or processes; one a core where None.
        pool: "threads" (the compiled engine's choice) or "processes" (the SimPy engine's).
        dask: address of a Dask scheduler, or "local" for a cluster on this machine.
        executor: any ``concurrent.futures.Executor``, which is left open.
        block: replications in a task; results do not depend on it. About two seconds' work where
            None.
        progress: "none", "bar" or "json".
        columns: the columns to keep, besides strategy, draw and replication; all where None.
        keep: "rows", or "summary" for exact counts by day, in little memory.
        most_events: in a replication; it fails where there are more.
        out: a results folder; nothing is written where None. The same run in the same folder goes
            on where it stopped; more strategies, draws or replications extend it.

    Raises:
        InputError: what was asked for cannot be done.
        Incomplete: some replications could not be simulated; its ``results`` hold the others.
        RunError: a file could not be written.
        KeyboardInterrupt: stopped; finished shards are kept.

    Example:
        >>> import sim
        >>> results = sim.run("korea-2017", ["proposal", "pressure"], replications=20)
        >>> results.frame.groupby("strategy", observed=True).size().to_dict()
        {'proposal': 20, 'pressure': 20}
    """
    plan = RunPlan(
        strategies=strategies,
        replications=replications,
        seed=seed,
        draws=draws,
        design=design,
        law=law,
        engine=engine,
        workers=workers,
        pool=pool,
        dask=dask,
        executor=executor,
        block=block,
        progress=progress,
        user_processes=user_processes,
        columns=columns,
        keep=keep,
        most_events=most_events,
    )
    folder = None if out is None else ResultsFolder(argument_checks.path("out", out), plan.keep)
    return _run(argument_checks.scenario(scenario), plan, folder)


def extend(
    results: Results | str | Path,
    *,
    strategies: str | Sequence[str] | None = None,
    replications: int | None = None,
    draws: int | None = None,
    engine: str | None = None,
    workers: int | None = None,
    pool: str | None = None,
    dask: str | None = None,
    executor: Executor | None = None,
    block: int | None = None,
    progress: str | None = None,
) -> Results:
    """Continue a run: simulate missing replications, or more strategies, draws or replications.

    Args:
        results: of an earlier run, or their folder.
        strategies, replications, draws: as for :func:`run`; as before where None.
        engine, workers, pool, dask, executor, block, progress: as for :func:`run`; as before where
            None.

    Raises:
        As :func:`run`.

    Example:
        >>> import sim
        >>> few = sim.run("korea-2017", "proposal", replications=10)
        >>> len(sim.extend(few, strategies=["pressure"], replications=20).frame)
        40
    """
    how: dict[str, Any] = {
        "engine": engine,
        "workers": workers,
        "pool": pool,
        "dask": dask,
        "executor": executor,
        "block": block,
        "progress": progress,
    }
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
        **{name: value for name, value in how.items() if value is not None},
    )
    store = ResultsFolder(before.folder, plan.keep) if before.folder is not None else before._store
    return replace(_run(before.scenario, plan, store), measures=before.measures)


def _run(scenario: Scenario, plan: RunPlan, store: Store | None) -> Results:
    plan, names = checked(scenario, plan)
    began = time.time()
    drawn = varied_from(scenario, names, plan.draws, plan.seed, plan.design, plan.law)
    manifest = run_manifest(scenario, plan, names, drawn)
    folder = store if isinstance(store, ResultsFolder) else None
    with contextlib.ExitStack() as closing:
        if folder is not None:
            closing.enter_context(writable_folder(folder.path))
            folder.open()
            closing.callback(folder.close)
            scenario, drawn = _merge(folder, scenario, manifest, plan, drawn)
        names = manifest["strategies"]
        programs = {
            name: translate(chosen(scenario, name)).limited(plan.most_events) for name in names
        }
        manifest["columns"] = known_columns(next(iter(programs.values())), plan.columns)
        manifest["identity"]["columns"] = manifest["columns"]
        layouts = _layouts(programs) if plan.keep == "summary" else None
        if folder is not None:
            folder.scan(identities(manifest), repair=True)
            for note in folder.notes:
                print(note, file=sys.stderr)
            if drawn is not None:
                _write_draws(folder, drawn)
            write_manifest(folder.path, manifest)
        kept: Store = store if store is not None else MemoryStore(layouts)
        _simulate_missing(scenario, plan, manifest, programs, drawn, kept)
        manifest["seconds"] = round(time.time() - began, 3)
        if folder is not None:
            write_manifest(folder.path, manifest)
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


def _simulate_missing(
    scenario: Scenario,
    plan: RunPlan,
    manifest: dict[str, Any],
    programs: dict[str, Program],
    drawn: Draws | None,
    store: Store,
) -> None:
    """Simulate all missing replications; failures are noted in the manifest."""
    wanted = planned_blocks(manifest)
    blocks = unfinished_blocks(wanted, store.blocks())
    total = sum(block.replications for block in wanted)
    left = sum(block.replications for block in blocks)
    progress = Progress(plan.progress, scenario.name, scenario.goal, total, total - left)
    with contextlib.closing(progress):
        if not left:
            manifest["finished"] = provenance.now()
            return
        with contextlib.closing(_task_executor(plan, left)) as workers:
            scheduler = Scheduler(blocks, plan.engine, workers.workers, plan.block)
            spool = store.spool if workers.shared_disk else None
            packed = plan.keep == "rows" or isinstance(store, ResultsFolder)
            make_task = _task_maker(plan, manifest, programs, drawn, spool, packed)
            work = executors.Dispatcher(workers, scheduler, make_task)
            try:
                for result in work:
                    store.add(result)
                    progress.add(result, sum(f.block.replications for f in work.failures))
            except KeyboardInterrupt:
                for result in work.finished():
                    store.add(result)
                raise
    manifest["failures"] = [
        {"block": list(failure.block), "error": failure.error} for failure in work.failures
    ]
    manifest["finished"] = provenance.now()


def _task_maker(
    plan: RunPlan,
    manifest: dict[str, Any],
    programs: dict[str, Program],
    drawn: Draws | None,
    spool: Path | None,
    packed: bool,
) -> Callable[[Block], Task]:
    none = np.zeros(0, np.int64), np.zeros((1, 0))
    numbers = {
        name: none if drawn is None else drawn.uncertain_in(program)
        for name, program in programs.items()
    }

    def make_task(block: Block) -> Task:
        indices, values = numbers[block.strategy]
        at = block.draw - 1 if block.draw else 0
        return Task(
            block=block,
            program=programs[block.strategy],
            indices=indices,
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

    return make_task


def _task_executor(plan: RunPlan, replications: int) -> executors.TaskExecutor:
    if plan.executor is not None:
        return executors.ExternalExecutor(plan.executor, plan.workers)
    if plan.dask is not None:
        return executors.DaskExecutor(plan.dask, plan.workers)
    kind = plan.pool or ("threads" if plan.engine == "compiled" else "processes")
    # What processes of the user's own leave in the script's objects stays, unless asked otherwise.
    usual = 1 if plan.user_processes else os.cpu_count() or 1
    workers = min(plan.workers or usual, replications)
    if workers == 1 and plan.pool is None and plan.engine == "simpy":
        return executors.SerialExecutor()
    if kind == "threads":
        return executors.ThreadExecutor(workers)
    # A worker of multiprocessing.Pool may not start others: the run is its own worker.
    return (
        executors.SerialExecutor()
        if multiprocessing.current_process().daemon
        else executors.ProcessExecutor(workers)
    )


# -- results that exist already -------------------------------------------------------------------


def _merge(
    folder: ResultsFolder,
    scenario: Scenario,
    manifest: dict[str, Any],
    plan: RunPlan,
    drawn: Draws | None,
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
        if kind := kind_of(folder.path):
            raise InputError(
                f"{folder.path}: holds the results of detente {kind}; allowed: another folder "
                "(--out), or remove it"
            ) from None
        # Each shard holds the identity of its run: nothing is lost with the manifest.
        path.replace(path.with_name(MANIFEST + ".damaged"))
        folder.notes.append(f"{path}: was damaged; it is set aside and written anew")
        return scenario, drawn
    columns = known_columns(translate(chosen(scenario, manifest["strategies"][0])), plan.columns)
    manifest["identity"]["columns"] = columns
    if differs := difference(before, manifest):
        raise InputError(
            f"{folder.path}: holds another run:\n{differs}\nallowed: another folder (--out), or "
            "remove it"
        )
    if "question" in before:
        manifest["question"] = before["question"]
    manifest["strategy_texts"] = before["strategy_texts"] | manifest["strategy_texts"]
    manifest["strategies"] = list(dict.fromkeys([*before["strategies"], *manifest["strategies"]]))
    manifest["replications"] = max(before["replications"], manifest["replications"])
    strategies = {**loads(before["text"]).strategies, **scenario.strategies}
    scenario = replace(scenario, strategies=strategies)
    manifest["text"], manifest["hash"] = scenario.text, scenario.hash
    if drawn is not None and before["draws"] > len(drawn):
        drawn = stored_draws(folder.path, scenario, before)
    manifest["draws"] = 0 if drawn is None else len(drawn)
    return scenario, drawn


def _write_draws(folder: ResultsFolder, drawn: Draws) -> None:
    path = folder.path / DRAWS
    unfinished = path.with_name(f"{OURS}{DRAWS}{UNFINISHED}")
    try:
        drawn.write(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror or error})") from error


def _layouts(programs: dict[str, Program]) -> dict[str, daily_counts.CountLayout]:
    try:
        return {name: daily_counts.layout(program) for name, program in programs.items()}
    except ValueError as error:
        raise InputError(f"keep summary: {error}") from None
