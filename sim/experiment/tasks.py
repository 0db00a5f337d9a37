"""A block of histories: what a worker is told to do, and what it hands back.

What is in a block follows from its order alone: program, numbers of its draws, seed, first
replication and count. So it does not matter which worker tells it, when, or how often.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.engine import daily_counts, kernel, processes
from sim.engine import rows as row_tables
from sim.engine.program import GOAL, ModelError, Program
from sim.engine.rows import Rows, empty, part_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ENGINES: dict[str, Callable[..., Any]] = {"compiled": kernel.Teller, "simpy": processes.Teller}
ROWS_AT_ONCE = 2**14  # rows in memory, and in a row group of a part
UNFINISHED = ".unfinished"
OURS = ".detente-"  # how names of files begin that are taken away again


class Block(NamedTuple):
    """Replications ``first .. first + count - 1`` of draws ``draw .. draw + draws - 1``."""

    strategy: str
    draw: int
    draws: int
    first: int
    count: int  # type: ignore[assignment]  # not that of tuples

    @property
    def histories(self) -> int:
        """How many there are."""
        return self.draws * self.count

    @property
    def address(self) -> str:
        """Where it lies, in words."""
        return f"{self.strategy}, {self.place}"

    @property
    def place(self) -> str:
        """Where it lies within its strategy, in words."""
        draws = _span("draw", self.draw, self.draws) + ", " if self.draw else ""
        return f"{draws}{_span('replication', self.first, self.count)}"

    def at(self, place: int) -> tuple[int, int]:
        """Draw and replication of the row at a place, from 0: draws in order, each complete."""
        draw, replication = divmod(place, self.count)
        return self.draw + draw, self.first + replication

    def without(self, draw: int, replication: int) -> list[Block]:
        """The blocks around one history of this one."""
        strategy, first, last = self.strategy, self.first, self.first + self.count
        around = [
            Block(strategy, self.draw, draw - self.draw, first, self.count),
            Block(strategy, draw, 1, first, replication - first),
            Block(strategy, draw, 1, replication + 1, last - replication - 1),
            Block(strategy, draw + 1, self.draw + self.draws - draw - 1, first, self.count),
        ]
        return [block for block in around if block.histories > 0]


def _span(what: str, first: int, count: int) -> str:
    return f"{what} {first}" if count == 1 else f"{what}s {first} to {first + count - 1}"


@dataclass(frozen=True)
class Failure:
    """Histories that could not be told, and why."""

    block: Block
    error: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.block.address}: {self.error}"


@dataclass(frozen=True)
class Order:
    """All that a worker needs to tell a block.

    Attributes:
        program: of the block's strategy, with the likely numbers.
        slots, values: numbers of the block's draws, (k,) and (draws, k); none for draw 0.
        keep: "rows" or "summary".
        columns: of the rows; all where None.
        identity: of the run, written into the part.
        packed: hand back the content of a part; otherwise counts as they are, for a caller who
            only adds them up.
        spool: a folder that worker and caller share, into which the content is written, since a
            worker that is killed while it sends much could leave the caller waiting for the rest;
            None: the content is handed back.
        user_processes: SimPy processes of the user's own.
    """

    block: Block
    program: Program
    slots: Ints
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
class Told:
    """What came of an order.

    Attributes:
        content: of the part, or the file in which it lies, or counts that are not packed.
        digest: of the content.
        seconds: that the worker took.
        reached: histories that reached the goal.
        failure: a history that could not be told; there is no content then.
    """

    block: Block
    content: bytes | Path | daily_counts.Tally = b""
    digest: str = ""
    seconds: float = 0.0
    reached: int = 0
    failure: Failure | None = None


def tell(order: Order) -> Told:
    """Tell a block."""
    began = time.perf_counter()
    block = order.block
    kept: _Rows | _Counts = (_Rows if order.keep == "rows" else _Counts)(order)
    told = Told(block)
    try:
        for rows, draw, first in _histories(order, kept.room):
            told.reached += int(np.count_nonzero(rows.outcome == GOAL))
            kept.add(rows, draw, first)
    except _Stuck as stuck:
        one = Block(block.strategy, stuck.draw, 1, stuck.replication, 1)
        told.failure = Failure(one, str(stuck))
        return told
    told.seconds = time.perf_counter() - began
    if isinstance(kept, _Counts) and not order.packed:
        told.content = kept.counter.tally
        return told
    content = kept.content()
    told.digest = digest_of(content)
    told.content = content if order.spool is None else _spooled(order.spool, content)
    told.seconds = time.perf_counter() - began
    return told


def digest_of(content: bytes) -> str:
    """The checksum that stands in the name of a part."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


class _Stuck(Exception):
    def __init__(self, error: ModelError, draw: int) -> None:
        super().__init__(str(error))
        self.draw, self.replication = draw, error.replication


def _histories(order: Order, room: Callable[[int], Rows]) -> Iterator[tuple[Rows, int, int]]:
    """Rows, draw and first replication of pieces of the block, in order."""
    block, program = order.block, order.program
    own = (order.user_processes,) if order.user_processes else ()
    teller = ENGINES[order.engine](program, *own)
    for draw in range(block.draw, block.draw + block.draws):
        if draw:
            teller.take(program.with_slots(order.slots, order.values[draw - block.draw]))
        first, last = block.first, block.first + block.count
        while first < last:
            rows = room(last - first)
            try:
                teller.tell(order.seed, first, rows)
            except ModelError as error:
                raise _Stuck(error, draw) from None
            yield rows, draw, first
            first += len(rows.time)


class _Counts:
    """A block of which the counts are kept."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.counter = daily_counts.Counter(order.program)
        self.rows = empty(order.program, min(ROWS_AT_ONCE, order.block.count))

    def room(self, wanted: int) -> Rows:
        return part_of(self.rows, 0, wanted)

    def add(self, rows: Rows, draw: int, _: int) -> None:
        self.counter.add(rows, draw)

    def content(self) -> bytes:
        return daily_counts.encode(self.counter.tally, self.order.identity)


class _Rows:
    """A block of which the rows are kept, as a Parquet file in memory."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.rows = empty(order.program, min(ROWS_AT_ONCE, order.block.histories))
        self.draw, self.replication = (np.zeros(len(self.rows.time), np.int64) for _ in range(2))
        self.used = 0
        self.stream = io.BytesIO()
        self.writer: Any = None

    def room(self, wanted: int) -> Rows:
        return part_of(self.rows, self.used, self.used + wanted)

    def add(self, rows: Rows, draw: int, first: int) -> None:
        at, self.used = self.used, self.used + len(rows.time)
        self.draw[at : self.used] = draw
        self.replication[at : self.used] = np.arange(first, first + len(rows.time))
        if self.used == len(self.rows.time):
            self.flush()

    def flush(self) -> None:
        import pyarrow.parquet as pq

        n, order = self.used, self.order
        if n == 0 and self.writer is not None:
            return
        table = row_tables.table(
            order.program,
            part_of(self.rows, 0, n),
            self.draw[:n],
            self.replication[:n],
            order.columns,
        ).replace_schema_metadata({"detente": order.identity})
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


def write_through(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk; nothing is left where that fails."""
    try:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


# -- cutting --------------------------------------------------------------------------------------

PILOT = {"compiled": 1000, "simpy": 20}  # histories of the first block of a strategy
SECONDS = 2.0  # that a block should take
GROWTH = 8  # a block is at most so many times larger than what was measured
MOST_IN_A_BLOCK = 500_000


class Cutter:
    """Cuts what is missing into blocks of some seconds, as measured on those told before.

    Args:
        missing: rectangles of histories, strategy by strategy.
        engine: its name.
        workers: among whom the work is shared out.
        size: histories in a block; measured where None.
    """

    def __init__(
        self, missing: Sequence[Block], engine: str, workers: int, size: int | None = None
    ) -> None:
        self.queues: dict[str, list[Block]] = {}
        for block in missing:
            self.queues.setdefault(block.strategy, []).append(block)
        self.fixed = size
        self.size = dict.fromkeys(self.queues, size or PILOT[engine])
        self.left = sum(block.histories for block in missing)
        self.workers = workers

    def next(self) -> Block | None:
        """The next block; from each strategy in turn, so that all are estimated from the start."""
        if not self.queues:
            return None
        strategy = next(iter(self.queues))
        queue = self.queues.pop(strategy)
        block, rest = _cut(queue[0], self.fixed or self._fair(strategy))
        if left := rest + queue[1:]:
            self.queues[strategy] = left
        self.left -= block.histories
        return block

    def _fair(self, strategy: str) -> int:
        # Towards the end blocks grow smaller, so that nobody waits long for the last one.
        share = -(-self.left // (2 * self.workers))
        return max(1, min(self.size[strategy], max(share, 1000)))

    def put_back(self, blocks: Sequence[Block]) -> None:
        """Blocks that must be told after all."""
        for block in blocks:
            self.queues.setdefault(block.strategy, []).insert(0, block)
            self.left += block.histories

    def measured(self, told: Told) -> None:
        """Learn from a block how long one takes."""
        if self.fixed is None and told.seconds > 0:
            wanted = int(SECONDS / told.seconds * told.block.histories)
            most = min(GROWTH * told.block.histories, MOST_IN_A_BLOCK)
            before = self.size[told.block.strategy]
            self.size[told.block.strategy] = max(min(wanted, max(most, before)), 1)


def _cut(block: Block, size: int) -> tuple[Block, list[Block]]:
    """A block of about ``size`` histories from the beginning of another, and the rest of that."""
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
    """What of a block is not covered by others of its strategy; as few rectangles as need be."""
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


def _append(blocks: list[Block], one: Block) -> None:
    for i, block in enumerate(blocks):
        if block.draw + block.draws == one.draw and block[3:] == one[3:]:
            blocks[i] = block._replace(draws=block.draws + 1)
            return
    blocks.append(one)
