"""Strategies x replications under common random numbers, on all cores, kept in a results folder.

The work is cut into blocks. A block is a function of program, seed, first replication and count
alone, so results depend neither on the number of workers nor on the size of the blocks nor on the
order in which they end. The compiled engine runs in threads, the SimPy engine in processes.

A results folder holds ``manifest.json`` and Parquet parts, one a block. Parts are written under
another name and renamed, so that whatever has the name of a part is whole. The same run in the
same folder goes on where it stopped; another run is refused.

A run that needs only its summary keeps counts by day instead of rows (:mod:`sim.tally`), one file
a strategy: its memory and its folder are as small for ten million histories as for a thousand.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import json
import multiprocessing
import os
import platform
import signal
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import union_categoricals
from tqdm import tqdm

from sim import _compiled, kernel, processes, tally
from sim.program import Program, translate
from sim.rows import Rows, empty, frame
from sim.scenario import Scenario

ENGINES: dict[str, Callable[..., Rows]] = {
    "compiled": kernel.simulate,
    "simpy": processes.simulate,
}
# Histories in a block: about a second of work, so that a stop is soon obeyed.
BLOCK = {"compiled": 20_000, "simpy": 200}
MOST_REPLICATIONS = 10**12
PACKAGES = ("detente", "numpy", "pandas", "numba", "simpy", "pyarrow", "scipy")
MANIFEST = "manifest.json"


class InputError(Exception):
    """What was asked for cannot be done; the message says what is allowed."""


class RunError(Exception):
    """The run failed; what was finished is kept."""


class Stopped(Exception):
    """The run was stopped from outside; what was finished is kept."""


@dataclass(frozen=True)
class Block:
    """Replications ``first .. first + count - 1`` of one strategy."""

    strategy: str
    first: int
    count: int

    @property
    def part(self) -> str:
        """The file name of its part."""
        return f"part-{self.strategy}-{self.first:012d}-{self.count}.parquet"


@dataclass(frozen=True)
class Results:
    """What a run has told.

    Attributes:
        scenario: what was run.
        manifest: as in ``manifest.json``.
        folder: where the parts are, or None where nothing was written.
        frame: all rows, with the columns of :mod:`sim.rows`; strategies in order, then
            replications. With ``keep="summary"`` the counts of :mod:`sim.tally`.
    """

    scenario: Scenario
    manifest: dict[str, Any]
    folder: Path | None = None
    _kept: Rest | None = field(default=None, repr=False)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows; or their counts by day, where the run kept no more."""
        if self._kept is not None:
            parts = self._kept.parts
        elif self.manifest.get("keep") == "summary":
            parts = _read_counts(self)
        else:
            parts = _read_parts(self)
        return combine(parts, list(self.manifest["strategies"]))


def run(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    replications: int = 2000,
    seed: int = 1,
    *,
    engine: str = "compiled",
    workers: int | None = None,
    block: int | None = None,
    out: str | Path | None = None,
    quiet: bool = True,
    user_processes: Sequence[processes.UserProcess] = (),
    columns: Sequence[str] | None = None,
    keep: str = "rows",
) -> Results:
    """Tell histories of a scenario.

    Args:
        scenario: what is negotiated.
        strategies: their names; all of the scenario where None.
        replications: histories of each strategy; replication r meets the same luck in all.
        seed: 0 <= seed < 2**64.
        engine: "compiled" or "simpy"; both tell the same histories.
        workers: threads or processes; one a core where None.
        block: histories in a block; results do not depend on it.
        out: a results folder; nothing is written where None.
        quiet: no progress bar.
        user_processes: SimPy processes of the user's own (SimPy engine, one worker).
        columns: the columns to write, besides strategy, draw and replication; all where None.
        keep: "rows", or "summary" for exact counts by day, in little memory.

    Raises:
        InputError: what was asked for cannot be done.
        RunError: a worker died, or a file could not be written.
        sim.program.ModelError: a history in which time cannot advance.
        Stopped: Ctrl-C; finished parts are kept.
    """
    names = _check(scenario, strategies, replications, seed, engine, workers, block)
    if user_processes and engine != "simpy":
        raise InputError('processes of your own need engine="simpy"')
    if keep not in KEEP:
        raise InputError(f'keep: found "{keep}"; allowed: {", ".join(KEEP)}')
    began = time.time()
    programs = {name: translate(_chosen(scenario, name)) for name in names}
    manifest = _manifest(scenario, names, replications, seed, engine)
    manifest["columns"] = None if columns is None else _known_columns(programs, columns)
    manifest["keep"] = keep
    _check_keep(keep, columns, programs)
    folder = None if out is None else _prepare(Path(out), manifest)
    kept: Rest = KEEP[keep](programs, folder, manifest)
    blocks = list(_cut(names, replications, block or BLOCK[engine], kept.done()))
    crew = 1 if user_processes else min(workers or os.cpu_count() or 1, max(1, len(blocks)))
    total = replications * len(names)
    bar = tqdm(
        total=total,
        initial=total - sum(b.count for b in blocks),
        unit=" histories",
        unit_scale=True,
        disable=quiet,
        desc=scenario.name,
    )
    with bar, contextlib.closing(kept):
        task = Task(programs, seed, engine, keep, tuple(user_processes))
        for finished, told in _tell(task, blocks, crew):
            kept.add(finished, told)
            bar.update(finished.count)
    manifest["finished"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    manifest["seconds"] = round(time.time() - began, 3)
    if folder is not None:
        _write_manifest(folder, manifest)
    return Results(scenario, manifest, folder, None if folder is not None else kept)


# -- what is kept ---------------------------------------------------------------------------------


class Rest(ABC):
    """What remains of the histories told: rows, or counts."""

    def __init__(
        self, programs: dict[str, Program], folder: Path | None, manifest: dict[str, Any]
    ) -> None:
        self.programs, self.folder, self.manifest = programs, folder, manifest

    @abstractmethod
    def done(self) -> list[Block]:
        """The blocks that need not be told again."""

    @abstractmethod
    def add(self, block: Block, told: Any) -> None:
        """Take in a block."""

    @property
    @abstractmethod
    def parts(self) -> list[pd.DataFrame]:
        """Frames of all that is kept, where there is no folder."""

    def close(self) -> None:  # noqa: B027 - most have nothing to do
        """Nothing more will come."""


class RowsKept(Rest):
    """Every row; in a folder as one Parquet part a block."""

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self._parts: list[pd.DataFrame] = []

    def done(self) -> list[Block]:  # noqa: D102
        return [] if self.folder is None else _finished(self.folder, list(self.programs))

    def add(self, block: Block, told: Rows) -> None:  # noqa: D102
        table = frame(self.programs[block.strategy], told, block.first)
        if self.manifest["columns"] is not None:
            table = table[self.manifest["columns"]]
        if self.folder is None:
            self._parts.append(table)
        else:
            _write_part(table, self.folder / block.part)

    @property
    def parts(self) -> list[pd.DataFrame]:  # noqa: D102
        return self._parts


class CountsKept(Rest):
    """Counts by day; in a folder as one file a strategy, written again every few seconds."""

    def __init__(self, *what: Any) -> None:
        super().__init__(*what)
        self.tallies = {name: self._begin(name) for name in self.programs}
        self._changed: set[str] = set()
        self._written = time.monotonic()

    def _begin(self, name: str) -> tally.Tally:
        path = None if self.folder is None else self.folder / _counts_file(name)
        if path is None or not path.exists():
            return tally.blank(self.programs[name])
        return _read_tally(self.programs[name], path)

    def done(self) -> list[Block]:  # noqa: D102
        return [
            Block(name, first, count)
            for name, each in self.tallies.items()
            for first, count in each.done
        ]

    def add(self, block: Block, told: tally.Tally) -> None:  # noqa: D102
        self.tallies[block.strategy].add(told)
        self._changed.add(block.strategy)
        if time.monotonic() - self._written > SECONDS_BETWEEN_COUNTS:
            self.close()

    @property
    def parts(self) -> list[pd.DataFrame]:  # noqa: D102
        return [tally.frame(self.programs[name], each) for name, each in self.tallies.items()]

    def close(self) -> None:  # noqa: D102
        if self.folder is not None:
            for name in sorted(self._changed):
                with _whole(self.folder / _counts_file(name)) as unfinished:
                    tally.write(self.tallies[name], unfinished)
        self._changed.clear()
        self._written = time.monotonic()


KEEP: dict[str, Callable[..., Rest]] = {"rows": RowsKept, "summary": CountsKept}
SECONDS_BETWEEN_COUNTS = 10


def _counts_file(strategy: str) -> str:
    return f"counts-{strategy}.npz"


def _read_tally(program: Program, path: Path) -> tally.Tally:
    try:
        return tally.read(program, path)
    except ValueError as error:
        raise InputError(f"{path}: {error}; remove it, and it is told again") from None


def _check_keep(keep: str, columns: Sequence[str] | None, programs: dict[str, Program]) -> None:
    if keep != "summary":
        return
    if columns is not None:
        raise InputError("columns: there are none where only the summary is kept")
    try:
        tally.blank(next(iter(programs.values())))
    except ValueError as error:
        raise InputError(f"keep summary: {error}") from None


def _chosen(scenario: Scenario, name: str) -> Scenario:
    return scenario.strategy(name) if name in scenario.strategies else scenario


def names_of(scenario: Scenario) -> list[str]:
    """The strategies of a scenario; one called ``default`` where it has none."""
    return list(scenario.strategies) or [scenario.chosen.name]


# -- what was asked for ---------------------------------------------------------------------------


def _check(
    scenario: Scenario,
    strategies: Sequence[str] | None,
    replications: int,
    seed: int,
    engine: str,
    workers: int | None,
    block: int | None,
) -> list[str]:
    known = names_of(scenario)
    names = list(dict.fromkeys(strategies)) if strategies else known
    for name in names:
        if name not in known:
            raise InputError(f'unknown strategy "{name}"{nearest(name, known)}')
    _within("replications", replications, 1, MOST_REPLICATIONS)
    _within("seed", seed, 0, 2**64 - 1)
    if workers is not None:
        _within("workers", workers, 1, 1024)
    if block is not None:
        _within("block", block, 1, 10**7)
    if engine not in ENGINES:
        raise InputError(f'unknown engine "{engine}"{nearest(engine, list(ENGINES))}')
    return names


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{name}: found {value}; allowed: {low} to {high}")


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: the nearest one, and all that are allowed."""
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return f"{hint}; allowed: {', '.join(known)}"


def _known_columns(programs: dict[str, Program], columns: Sequence[str]) -> list[str]:
    program = next(iter(programs.values()))
    known = list(frame(program, empty(program, 0)).columns)
    for name in columns:
        if name not in known:
            raise InputError(f'unknown column "{name}"{nearest(name, known)}')
    keys = ["strategy", "draw", "replication"]
    return [name for name in known if name in keys or name in columns]


# -- blocks ---------------------------------------------------------------------------------------


def _cut(names: Sequence[str], replications: int, size: int, done: list[Block]) -> Iterator[Block]:
    """Blocks for whatever is not done yet, strategy by strategy."""
    for name in names:
        at = 0
        for old in sorted((b for b in done if b.strategy == name), key=lambda b: b.first):
            yield from _pieces(name, at, min(old.first, replications), size)
            at = max(at, old.first + old.count)
        yield from _pieces(name, at, replications, size)


def _pieces(name: str, first: int, last: int, size: int) -> Iterator[Block]:
    for at in range(first, last, size):
        yield Block(name, at, min(size, last - at))


@dataclass(frozen=True)
class Task:
    """What workers do: a block's rows or counts follow from this and the block alone."""

    programs: dict[str, Program]
    seed: int
    engine: str
    keep: str
    user_processes: tuple[processes.UserProcess, ...] = ()

    def of(self, block: Block) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """A function, and its arguments, that can be sent to a process."""
        program = self.programs[block.strategy]
        return _block, (program, self.seed, block.first, block.count, self.engine, self.keep)


def _block(
    program: Program, seed: int, first: int, count: int, engine: str, keep: str
) -> Rows | tally.Tally:
    rows = ENGINES[engine](program, seed, first, count)
    return tally.count(program, rows, first) if keep == "summary" else rows


def _tell(task: Task, blocks: Sequence[Block], workers: int) -> Iterator[tuple[Block, Any]]:
    """Blocks with what was told in them, as they end."""
    if task.user_processes:
        for block in blocks:
            program = task.programs[block.strategy]
            rows = processes.simulate(
                program, task.seed, block.first, block.count, task.user_processes
            )
            yield block, tally.count(program, rows, block.first) if task.keep == "summary" else rows
        return
    if workers == 1 and task.engine == "simpy":
        for block in blocks:
            function, arguments = task.of(block)
            yield block, function(*arguments)
        return
    with _executor(task.engine, workers) as pool:
        try:
            yield from _drain(pool, task, blocks, workers)
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process died (killed, or out of memory); finished parts are kept, "
                "and the same command goes on from there"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _drain(
    pool: Executor, task: Task, blocks: Sequence[Block], workers: int
) -> Iterator[tuple[Block, Any]]:
    # Few blocks wait at a time: rows that are told faster than written would fill the memory.
    queue = iter(blocks)
    waiting: dict[Future[Any], Block] = {}
    while True:
        for block in queue:
            function, arguments = task.of(block)
            waiting[pool.submit(function, *arguments)] = block
            if len(waiting) >= 2 * workers:
                break
        if not waiting:
            return
        ended, _ = wait(waiting, return_when=FIRST)
        # Those that failed come last, so that what ended beside them is kept.
        for future in sorted(ended, key=lambda one: one.exception() is not None):
            yield waiting.pop(future), future.result()


def _executor(engine: str, workers: int) -> Executor:
    if engine == "compiled":
        return ThreadPoolExecutor(workers)
    # A fork would copy the state of threads; workers leave Ctrl-C to their parent.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        workers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )


# -- the results folder ---------------------------------------------------------------------------


def default_folder(scenario: Scenario, seed: int) -> Path:
    """``results/<scenario>-<hash>-seed<seed>`` below the working directory."""
    return Path("results") / f"{scenario.name}-{scenario.hash[:8]}-seed{seed}"


def _manifest(
    scenario: Scenario, names: Sequence[str], replications: int, seed: int, engine: str
) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "hash": scenario.hash,
        "laws": _compiled.fingerprint_of_laws(),
        "seed": seed,
        "horizon": scenario.horizon,
        "goal": scenario.goal,
        "ruin": scenario.ruin,
        "strategies": list(names),
        "replications": replications,
        "draws": 1,
        "engine": engine,
        "command": " ".join(["detente", *sys.argv[1:]]),
        "began": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "finished": None,
        "versions": _versions(),
        "text": scenario.text,
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


IDENTITY = ("scenario", "hash", "laws", "seed", "horizon", "columns", "keep")


def _prepare(folder: Path, manifest: dict[str, Any]) -> Path:
    """Make the folder, or see that it holds the same run; found out before anything is told."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise InputError(f"{folder}: is a file; allowed: a results folder") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to ({error.strerror})") from None
    old = folder / MANIFEST
    if old.exists():
        before = read_manifest(folder)
        for key in IDENTITY:
            if before.get(key) != manifest[key]:
                raise InputError(
                    f"{folder}: holds another run: its {key} is {_short(before.get(key))}, this "
                    f"one's is {_short(manifest[key])}; use --out with another folder, or remove it"
                )
        names = [*before["strategies"], *manifest["strategies"]]
        manifest["strategies"] = list(dict.fromkeys(names))
        manifest["replications"] = max(before["replications"], manifest["replications"])
        for unfinished in folder.glob(".*.unfinished"):  # of a run that was killed
            unfinished.unlink(missing_ok=True)
    elif any(folder.glob("*.parquet")):
        raise InputError(f"{folder}: holds Parquet files but no {MANIFEST}; use another folder")
    _write_manifest(folder, manifest)
    return folder


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 24 else text[:12] + ".."


def _finished(folder: Path, names: Sequence[str]) -> list[Block]:
    """The blocks whose parts are there and hold as many rows as they should."""
    import pyarrow.parquet as pq

    found = []
    for path in sorted(folder.glob("part-*.parquet")):
        _, strategy, first, count = path.stem.split("-")
        block = Block(strategy, int(first), int(count))
        try:
            whole = pq.read_metadata(path).num_rows == block.count
        except Exception:  # pyarrow has many; whatever it is, the part cannot be used
            whole = False
        if whole:
            found.append(block)
        else:
            path.unlink()
    return [block for block in found if block.strategy in names]


def _write_part(table: pd.DataFrame, path: Path) -> None:
    with _whole(path) as unfinished:
        table.to_parquet(unfinished, index=False)


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    with _whole(folder / MANIFEST) as unfinished:
        unfinished.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path`` once all of it is on the disk."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:  # renamed, or failed, or stopped half-way
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a results folder; InputError where there is none that can be read."""
    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); allowed: a results folder") from None
    if not isinstance(manifest, dict):
        raise InputError(f"{path}: is not the manifest of a results folder")
    return manifest


def read(folder: str | Path) -> Results:
    """A results folder that an earlier run has written."""
    from sim.scenario import loads

    manifest = read_manifest(folder)
    scenario = loads(manifest["text"], str(Path(folder) / MANIFEST))
    return Results(scenario, manifest, Path(folder))


def _read_parts(results: Results) -> list[pd.DataFrame]:
    assert results.folder is not None
    blocks = _finished(results.folder, results.manifest["strategies"])
    most = results.manifest["replications"]
    tables = []
    for block in blocks:
        table = pd.read_parquet(results.folder / block.part)
        tables.append(table[table["replication"] < most])
    return tables


def _read_counts(results: Results) -> list[pd.DataFrame]:
    assert results.folder is not None
    tables = []
    for name in results.manifest["strategies"]:
        path = results.folder / _counts_file(name)
        if path.exists():
            program = translate(_chosen(results.scenario, name))
            tables.append(tally.frame(program, _read_tally(program, path)))
    return tables


def combine(parts: Sequence[pd.DataFrame], strategies: Sequence[str]) -> pd.DataFrame:
    """Parts as one frame, strategies in the order given, with one set of categories each."""
    if not parts:
        raise InputError("there are no rows; nothing was finished")
    order = {name: i for i, name in enumerate(strategies)}
    keys = ["strategy", *(key for key in ("draw", "replication") if key in parts[0])]
    parts = sorted(
        parts,
        key=lambda p: (order[p["strategy"].iloc[0]], *(p[key].iloc[0] for key in keys[1:])),
    )
    columns = {}
    for name in parts[0].columns:
        pieces = [part[name] for part in parts]
        if isinstance(pieces[0].dtype, pd.CategoricalDtype):
            columns[name] = pd.Series(union_categoricals(pieces))
        else:
            columns[name] = pd.concat(pieces, ignore_index=True)
    whole = pd.DataFrame(columns)
    whole["strategy"] = whole["strategy"].cat.set_categories(list(strategies))
    return whole
