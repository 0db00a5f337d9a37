"""Blocks of replications: the task of a worker, its result, and the order in which tasks are sent.

The content of a block follows from its task alone: program, parameters of its draws, seed, first
replication and count. So it does not matter which worker simulates it, when, or how often.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.engine import daily_counts
from sim.engine import rows as row_tables
from sim.engine.program import GOAL, Program
from sim.engine.rows import Rows, empty, slice_rows
from sim.errors import ModelError
from sim.experiment.files import OURS, UNFINISHED, write_through
from sim.experiment.simulation import BASE, AtPoints, Span, batches
from sim.types import Floats, Ints

ROWS_AT_ONCE = 2**14  # rows in memory, and in a row group of a shard


class Block(NamedTuple):
    """Replications ``first .. first + count - 1`` of draws ``draw .. draw + draws - 1``.

    Draw 0 stands for the base values.

    Example:
        >>> block = Block("direct", draw=1, draws=2, first=0, count=100)
        >>> block.replications
        200
        >>> block.address
        'direct, draws 1 to 2, replications 0 to 99'
        >>> block.at(150)
        (2, 50)
    """

    strategy: str
    draw: int
    draws: int
    first: int
    count: int  # type: ignore[assignment]  # not that of tuples

    @property
    def replications(self) -> int:
        """Number of replications, over all draws."""
        return self.draws * self.count

    @property
    def address(self) -> str:
        """Strategy, draws and replications, in words."""
        return f"{self.strategy}, {self.place}"

    @property
    def place(self) -> str:
        """Draws and replications, in words."""
        draws = _span("draw", self.draw, self.draws) + ", " if self.draw else ""
        return f"{draws}{_span('replication', self.first, self.count)}"

    def at(self, place: int) -> tuple[int, int]:
        """Draw and replication of a row, counted from 0; the rows of each draw stand together."""
        draw, replication = divmod(place, self.count)
        return self.draw + draw, self.first + replication

    def without(self, draw: int, replication: int) -> list[Block]:
        """The blocks that remain when a single replication is taken out."""
        strategy, first, last = self.strategy, self.first, self.first + self.count
        around = [
            Block(strategy, self.draw, draw - self.draw, first, self.count),
            Block(strategy, draw, 1, first, replication - first),
            Block(strategy, draw, 1, replication + 1, last - replication - 1),
            Block(strategy, draw + 1, self.draw + self.draws - draw - 1, first, self.count),
        ]
        return [block for block in around if block.replications > 0]


def _span(what: str, first: int, count: int) -> str:
    return f"{what} {first}" if count == 1 else f"{what}s {first} to {first + count - 1}"


@dataclass(frozen=True)
class Failure:
    """Replications that could not be simulated, and the error."""

    block: Block
    error: str

    def __str__(self) -> str:
        """The block and the error, on one line."""
        return f"{self.block.address}: {self.error}"


@dataclass(frozen=True)
class Task:
    """All that a worker needs to simulate a block.

    Attributes:
        program: compiled strategy of the block, at the base values.
        indices, values: parameters of the block's draws, (k,) and (draws, k); k = 0 for draw 0.
        keep: "rows" or "summary".
        columns: columns of the rows to keep; all where None.
        identity: digest that names the run, written into the shard.
        packed: return the content of a shard; otherwise daily counts as an object, for a caller
            that only adds them up.
        spool: a folder shared by worker and caller, to which the content is written, because a
            worker that is killed while it sends much data could leave the caller waiting for the
            rest; None: the content itself is returned.
        user_processes: SimPy processes added by the user.
    """

    block: Block
    program: Program
    indices: Ints
    values: Floats
    seed: int
    engine: str
    keep: str
    columns: list[str] | None
    identity: str
    spool: Path | None
    packed: bool = True
    user_processes: tuple[Any, ...] = ()


@dataclass
class TaskResult:
    """What a worker returns.

    Attributes:
        content: the shard's bytes, or the file that holds them, or counts that are not packed.
        digest: checksum of the content.
        seconds: time that the worker took.
        reached: number of replications that reached the goal.
        failure: a replication that could not be simulated; there is no content then.
    """

    block: Block
    content: bytes | Path | daily_counts.Tally = b""
    digest: str = ""
    seconds: float = 0.0
    reached: int = 0
    failure: Failure | None = None


def simulate(task: Task) -> TaskResult:
    """Simulate the block of a task; a failure is returned, not raised."""
    began = time.perf_counter()
    block = task.block
    result = TaskResult(block)
    parameters = task.indices, task.values
    simulator = AtPoints(task.program, parameters, task.engine, user_processes=task.user_processes)
    recorded = simulator.engine.recorded if task.user_processes else []
    kept = _Rows(task, recorded) if task.keep == "rows" else _Counts(task)
    # Draw 0, the base values, is a block of its own; of others the task has the values.
    points = range(block.draws) if block.draw else [BASE]
    spans = [Span(point, block.first, block.count) for point in points]
    try:
        for place, begin, rows in batches(simulator, spans, task.seed, kept.room):
            result.reached += int(np.count_nonzero(rows.outcome == GOAL))
            kept.add(rows, block.draw + place, block.first + begin)
    except ModelError as error:
        draw = block.draw + max(simulator.point, 0)
        alone = Block(block.strategy, draw, 1, error.replication, 1)
        result.failure = Failure(alone, str(error))
        return result
    result.seconds = time.perf_counter() - began
    if isinstance(kept, _Counts) and not task.packed:
        result.content = kept.counter.tally
        return result
    content = kept.content()
    result.digest = digest_of(content)
    result.content = content if task.spool is None else _spooled(task.spool, content)
    result.seconds = time.perf_counter() - began
    return result


def digest_of(content: bytes) -> str:
    """The checksum that stands in the name of a shard: 16 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


class _Counts:
    """Keeps the daily counts of a block."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.counter = daily_counts.Counter(task.program)
        self.rows = empty(task.program, min(ROWS_AT_ONCE, task.block.count))

    def room(self, wanted: int) -> Rows:
        return slice_rows(self.rows, 0, wanted)

    def add(self, rows: Rows, draw: int, _: int) -> None:
        self.counter.add(rows, draw)

    def content(self) -> bytes:
        return daily_counts.encode(self.counter.tally, self.task.identity)


class _Rows:
    """Keeps the rows of a block, as a Parquet file in memory.

    Args:
        task: whose rows they are.
        recorded: what processes of the user's own record; it grows with the rows.
    """

    def __init__(self, task: Task, recorded: list[dict[str, float]]) -> None:
        self.task, self.recorded = task, recorded
        # Which columns are recorded is known at the end.
        most = task.block.replications if task.user_processes else ROWS_AT_ONCE
        self.rows = empty(task.program, min(most, task.block.replications))
        self.draw, self.replication = (np.zeros(len(self.rows.time), np.int64) for _ in range(2))
        self.used = 0
        self.stream = io.BytesIO()
        self.writer: Any = None

    def room(self, wanted: int) -> Rows:
        return slice_rows(self.rows, self.used, self.used + wanted)

    def add(self, rows: Rows, draw: int, first: int) -> None:
        at, self.used = self.used, self.used + len(rows.time)
        self.draw[at : self.used] = draw
        self.replication[at : self.used] = np.arange(first, first + len(rows.time))
        if self.used == len(self.rows.time):
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        n, task = self.used, self.task
        if n == 0 and self.writer is not None:
            return
        table = row_tables.table(
            task.program,
            slice_rows(self.rows, 0, n),
            self.draw[:n],
            self.replication[:n],
            task.columns,
        ).replace_schema_metadata({"detente": task.identity})
        for name in sorted(set().union(*self.recorded[:n])):
            values = np.array([one.get(name, np.nan) for one in self.recorded[:n]])
            table = table.append_column(name, pa.array(values, from_pandas=True))
        if self.writer is None:
            # Days are all different; a dictionary of them would only take time.
            repeated = [name for name in table.column_names if not _is_days(name)]
            self.writer = pq.ParquetWriter(
                self.stream,
                table.schema,
                compression="snappy",  # a tenth larger than zstd, written and read in half the time
                use_dictionary=repeated,
                write_statistics=["draw", "replication"],
            )
        self.writer.write_table(table, row_group_size=len(self.rows.time))
        self.used = 0

    def content(self) -> bytes:
        self.flush()
        self.writer.close()
        return self.stream.getvalue()


def _is_days(column: str) -> bool:
    return column == "time" or column.startswith(("first_", "held_"))


_SERIAL = itertools.count()


def _spooled(folder: Path, content: bytes) -> Path:
    path = folder / f"{OURS}{os.getpid()}-{next(_SERIAL)}{UNFINISHED}"
    write_through(path, content)
    return path


# -- scheduling -----------------------------------------------------------------------------------

PILOT = {"compiled": 1000, "simpy": 20}  # replications in the first block of a strategy
SECONDS = 2.0  # time that a block should take
GROWTH = 8  # a block is at most this many times as large as the one that was timed
MOST_IN_A_BLOCK = 500_000


class Scheduler:
    """Splits the missing replications into blocks of about two seconds, timed on earlier blocks.

    Args:
        missing: large blocks, strategy by strategy.
        engine: "compiled" or "simpy".
        workers: number of workers that share the blocks.
        size: replications in a block; chosen by the time that earlier blocks took where None.

    Example:
        >>> scheduler = Scheduler([Block("direct", 0, 1, 0, 100)], "compiled", 1, size=80)
        >>> scheduler.next().count, scheduler.next().count, scheduler.next()
        (80, 20, None)
    """

    def __init__(
        self, missing: Sequence[Block], engine: str, workers: int, size: int | None = None
    ) -> None:
        self.queues: dict[str, list[Block]] = {}
        for block in missing:
            self.queues.setdefault(block.strategy, []).append(block)
        self.fixed = size
        self.size = dict.fromkeys(self.queues, size or PILOT[engine])
        self.left = sum(block.replications for block in missing)
        self.workers = workers

    def next(self) -> Block | None:
        """The next block, from each strategy in turn: all have estimates from the start."""
        if not self.queues:
            return None
        strategy = next(iter(self.queues))
        queue = self.queues.pop(strategy)
        block, rest = _split(queue[0], self.fixed or self._size_now(strategy))
        if left := rest + queue[1:]:
            self.queues[strategy] = left
        self.left -= block.replications
        return block

    def _size_now(self, strategy: str) -> int:
        # Towards the end blocks become smaller, so that no worker is idle for long.
        share = -(-self.left // (2 * self.workers))
        return max(1, min(self.size[strategy], max(share, 1000)))

    def put_back(self, blocks: Sequence[Block]) -> None:
        """Return blocks that must be simulated after all."""
        for block in blocks:
            self.queues.setdefault(block.strategy, []).insert(0, block)
            self.left += block.replications

    def measured(self, result: TaskResult) -> None:
        """Adapt the size of blocks to the time that one took."""
        if self.fixed is None and result.seconds > 0:
            wanted = int(SECONDS / result.seconds * result.block.replications)
            most = min(GROWTH * result.block.replications, MOST_IN_A_BLOCK)
            before = self.size[result.block.strategy]
            self.size[result.block.strategy] = max(min(wanted, max(most, before)), 1)


def _split(block: Block, size: int) -> tuple[Block, list[Block]]:
    """The first ``size`` replications, about, of a block as a block; and the remaining blocks."""
    strategy, draw, draws, first, count = block
    if size >= count:
        n = min(draws, max(1, size // count))
        rest = [Block(strategy, draw + n, draws - n, first, count)] if n < draws else []
        return Block(strategy, draw, n, first, count), rest
    rest = [Block(strategy, draw, 1, first + size, count - size)]
    if draws > 1:
        rest.append(Block(strategy, draw + 1, draws - 1, first, count))
    return Block(strategy, draw, 1, first, size), rest


def missing(wanted: Block, done: Sequence[Block]) -> list[Block]:
    """The blocks of a wanted one that others of its strategy leave out; as few as possible.

    Example:
        >>> [b.place for b in missing(Block("direct", 1, 2, 0, 90), [Block("direct", 1, 1, 0, 50)])]
        ['draw 1, replications 50 to 89', 'draw 2, replications 0 to 89']
    """
    found: list[Block] = []
    for draw in range(wanted.draw, wanted.draw + wanted.draws):
        spans = sorted(
            (b.first, b.first + b.count) for b in done if b.draw <= draw < b.draw + b.draws
        )
        at, last = wanted.first, wanted.first + wanted.count
        gaps = []
        for first, end in [*spans, (last, last)]:
            if first > at:
                gaps.append((at, min(first, last) - at))
            at = max(at, end)
            if at >= last:
                break
        for first, count in gaps:
            _append(found, Block(wanted.strategy, draw, 1, first, count))
    return found


def _append(blocks: list[Block], gap: Block) -> None:
    for i, block in enumerate(blocks):
        if block.draw + block.draws == gap.draw and block[3:] == gap[3:]:
            blocks[i] = block._replace(draws=block.draws + 1)
            return
    blocks.append(gap)
