"""Shards of a run, kept in memory or in a results folder that is valid at every instant.

A results folder holds ``manifest.json`` and shards: Parquet files of rows (``part-*.parquet``), or
files of daily counts (``counts-*.npz``). The name of a shard gives its strategy, draws and
replications, and the checksum of its content; it is written under another name, synced, and
renamed. So a file with the name of a shard is whole, and damage done later is found. Each shard
also holds the identity of its run. Study folders are written by
:mod:`sim.studies.study`.
"""

from __future__ import annotations

import contextlib
import io
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from sim.engine import daily_counts
from sim.errors import InputError
from sim.experiment.files import OURS, UNFINISHED, cannot_be_written, sync, write_file
from sim.experiment.manifests import MANIFEST
from sim.experiment.tasks import Block, TaskResult, digest_of, missing

ENDINGS = {"rows": ".parquet", "summary": ".npz"}
PREFIX = {"rows": "part", "summary": "counts"}  # as in the folders that exist
DRAWS = "draws.csv"
LOCK = f"{OURS}lock"
SECONDS_UNSYNCED = 2.0
PILE = 200_000  # counts in memory before they are added up

_NAME = re.compile(r"(?:part|counts)-([a-z][a-z0-9_]*)-(\d+)-(\d+)-(\d+)-(\d+)-([0-9a-f]{16})")


class Store(ABC):
    """The place where the shards of a run are kept.

    Attributes:
        spool: a folder in which workers may leave their results; None where there is none.
    """

    spool: Path | None = None

    @abstractmethod
    def blocks(self) -> list[Block]:
        """The blocks that exist already."""

    @abstractmethod
    def add(self, result: TaskResult) -> None:
        """Keep the shard of a block.

        Raises:
            RunError: it cannot be written.
        """

    @abstractmethod
    def contents(self, strategy: str) -> Iterator[tuple[Block, bytes]]:
        """The blocks of a strategy in order, with the contents of their shards."""


class MemoryStore(Store):
    """Shards in memory; daily counts are added up.

    Args:
        layouts: of the daily counts, by strategy; None where rows are kept.
    """

    def __init__(self, layouts: dict[str, daily_counts.CountLayout] | None = None) -> None:
        self.layouts = layouts
        self.shards: dict[Block, bytes] = {}
        self.counts: dict[str, list[daily_counts.Tally]] = {}

    def blocks(self) -> list[Block]:  # noqa: D102
        return list(self.shards)

    def add(self, result: TaskResult) -> None:  # noqa: D102
        content = result.content
        if isinstance(content, Path):
            path, content = content, content.read_bytes()
            path.unlink()
        if isinstance(content, bytes):
            self.shards[result.block] = content
            return
        assert self.layouts is not None  # counts are unpacked only where they are added up
        self.shards[result.block] = b""
        pile = self.counts.setdefault(result.block.strategy, [])
        pile.append(content)
        # Added up when the new counts take as much memory as the sum so far.
        if sum(len(t.cell) for t in pile[1:]) > max(len(pile[0].cell), PILE):
            pile[:] = [daily_counts.together(self.layouts[result.block.strategy], pile)]

    def contents(self, strategy: str) -> Iterator[tuple[Block, bytes]]:  # noqa: D102
        if self.layouts is not None:
            for block in self.shards:
                if block.strategy == strategy:
                    whole = daily_counts.together(self.layouts[strategy], self.counts[strategy])
                    yield block, daily_counts.encode(whole, "")
                    return
            return
        for block in sorted(self.shards):
            if block.strategy == strategy:
                yield block, self.shards[block]


class ResultsFolder(Store):
    """Shards in a results folder.

    Args:
        path: the folder.
        keep: "rows" or "summary".

    Attributes:
        files: the valid shards, by block.
        notes: damage that was found and repaired, for the user.
    """

    def __init__(self, path: Path, keep: str) -> None:
        self.path, self.keep, self.spool = path, keep, path
        self.files: dict[Block, Path] = {}
        self.notes: list[str] = []
        self._lock: IO[Any] | None = None
        self._synced = time.monotonic()

    # -- opening

    def open(self) -> None:
        """Check that it is a results folder, and lock it against other runs.

        Raises:
            InputError: it is in use, or is no results folder.
        """
        shards = [path for path in self._listing() if _NAME.fullmatch(path.stem)]
        foreign = any(self.path.glob("*.parquet"))
        if foreign and not shards and not (self.path / MANIFEST).exists():
            raise InputError(
                f"{self.path}: holds Parquet files but no {MANIFEST}; allowed: another folder"
            )
        self._take_lock()
        for unfinished in self.path.glob(f"{OURS}*{UNFINISHED}"):  # of a run that was killed
            unfinished.unlink(missing_ok=True)

    def _take_lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return
        self._lock = (self.path / LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise InputError(
                f"{self.path}: another run is writing to it; allowed: another folder, or wait"
            ) from None
        except OSError:  # some network file systems have none; then nothing is locked
            pass

    def close(self) -> None:
        """Let others write to the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            with contextlib.suppress(OSError):
                (self.path / LOCK).unlink()
        with contextlib.suppress(OSError):
            for unfinished in self.path.glob(f"{OURS}*{UNFINISHED}"):
                unfinished.unlink(missing_ok=True)

    # -- shards

    def _listing(self) -> list[Path]:
        return sorted(self.path.glob(f"{PREFIX[self.keep]}-*{ENDINGS[self.keep]}"))

    def _file(self, block: Block, digest: str) -> Path:
        strategy, draw, draws, first, count = block
        name = f"{PREFIX[self.keep]}-{strategy}-{draw:06}-{draws}-{first:012}-{count}-{digest}"
        return self.path / (name + ENDINGS[self.keep])

    def scan(self, identities: dict[str, str], *, repair: bool) -> None:
        """Find the shards that are whole and belong to this run.

        Args:
            identities: of the run, by strategy.
            repair: rename damaged shards, so that they are simulated again; otherwise raise.

        Raises:
            InputError: a shard of another run; or a damaged one, unless ``repair``.
        """
        self.files = {}
        for path in self._listing():
            match = _NAME.fullmatch(path.stem)
            if match is None:
                continue
            strategy, *numbers = match.groups()[:-1]
            content = path.read_bytes()
            if digest_of(content) != match[6]:
                self._damaged(path, repair)
                continue
            if strategy not in identities:
                continue  # of a strategy that this run leaves alone
            if self._identity(content) != identities[strategy]:
                raise InputError(
                    f"{path}: is of another run; allowed: remove it, or another folder"
                )
            self.files[Block(strategy, *map(int, numbers))] = path

    def _damaged(self, path: Path, repair: bool) -> None:
        if not repair:
            raise InputError(
                f"{path}: is damaged: its content does not have the checksum in its name; the "
                "command that made the folder simulates it again"
            )
        path.replace(path.with_name(path.name + ".damaged"))
        self.notes.append(f"{path}: was damaged; it is set aside and simulated again")

    def _identity(self, content: bytes) -> str:
        if self.keep == "summary":
            return daily_counts.decode(content)[1]
        import pyarrow.parquet as pq

        metadata = pq.read_schema(io.BytesIO(content)).metadata or {}
        return str(metadata.get(b"detente", b"").decode())

    def blocks(self) -> list[Block]:  # noqa: D102
        return list(self.files)

    def add(self, result: TaskResult) -> None:  # noqa: D102
        path = self._file(result.block, result.digest)
        try:
            if isinstance(result.content, Path):
                result.content.replace(path)
                self._sync_now_and_then()
            elif isinstance(result.content, bytes):
                write_file(path, result.content)
        except OSError as error:
            raise cannot_be_written(path, error) from error
        self.files[result.block] = path

    def _sync_now_and_then(self) -> None:
        """Names lost in a power cut are shards to simulate again; the manifest syncs the last."""
        if time.monotonic() - self._synced > SECONDS_UNSYNCED:
            sync(self.path)
            self._synced = time.monotonic()

    def contents(self, strategy: str) -> Iterator[tuple[Block, bytes]]:  # noqa: D102
        for block in sorted(self.files):
            if block.strategy == strategy:
                yield block, self.files[block].read_bytes()


def unfinished_blocks(wanted: Iterable[Block], done: Sequence[Block]) -> list[Block]:
    """The blocks that remain to be simulated."""
    return [
        block
        for whole in wanted
        for block in missing(whole, [b for b in done if b.strategy == whole.strategy])
    ]
