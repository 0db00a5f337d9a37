"""Where parts are kept: in memory, or in a results folder that is valid at every instant.

A results folder holds ``manifest.json`` and parts: Parquet files of rows, or ``.npz`` files of
counts. The name of a part says which histories it holds and the checksum of its content; it is
written under another name, synced, and renamed. So what has the name of a part is whole, and
whatever happened to it later is found. Each part also says of which run it is.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import io
import json
import os
import re
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from sim.engine import daily_counts
from sim.experiment.tasks import (
    OURS,
    UNFINISHED,
    Block,
    Told,
    digest_of,
    missing,
    write_through,
)
from sim.scenario.loading import decoded

MANIFEST = "manifest.json"
ENDINGS = {"rows": ".parquet", "summary": ".npz"}
PREFIX = {"rows": "part", "summary": "counts"}
DRAWS = "draws.csv"
LOCK = f"{OURS}lock"
RESULTS_FOLDER = "allowed: a results folder, as run, compare and the other commands write it"
AS_WRITTEN = "allowed: the manifest as the command wrote it"
MOST_NAMES = 3  # of files that are named where a results folder should be
MOST_LINES = 20  # of a difference that is printed
SECONDS_UNSYNCED = 2.0
PILE = 200_000  # counts in memory before they are added up

_NAME = re.compile(r"(?:part|counts)-([a-z][a-z0-9_]*)-(\d+)-(\d+)-(\d+)-(\d+)-([0-9a-f]{16})")


class InputError(Exception):
    """What was asked for cannot be done; the message says what is allowed."""


class RunError(Exception):
    """The run failed; what was finished is kept."""


class Store(ABC):
    """Where the parts of a run are kept."""

    spool: Path | None = None  # a folder in which workers may leave what they have told

    @abstractmethod
    def blocks(self) -> list[Block]:
        """The blocks that need not be told again."""

    @abstractmethod
    def add(self, told: Told) -> None:
        """Keep a block."""

    @abstractmethod
    def contents(self, strategy: str) -> Iterator[tuple[Block, bytes]]:
        """Blocks of a strategy with the contents of their parts."""


class Memory(Store):
    """Parts in memory; counts are added up."""

    def __init__(self, layouts: dict[str, daily_counts.Layout] | None = None) -> None:
        self.layouts = layouts  # of the strategies' tallies, where counts are kept
        self.parts: dict[Block, bytes] = {}
        self.counts: dict[str, list[daily_counts.Tally]] = {}

    def blocks(self) -> list[Block]:  # noqa: D102
        return list(self.parts)

    def add(self, told: Told) -> None:  # noqa: D102
        content = told.content
        if isinstance(content, Path):
            path, content = content, content.read_bytes()
            path.unlink()
        if isinstance(content, bytes):
            self.parts[told.block] = content
            return
        assert self.layouts is not None  # only who adds counts up asks for them
        self.parts[told.block] = b""
        pile = self.counts.setdefault(told.block.strategy, [])
        pile.append(content)
        # Added up when what has come since weighs as much as the sum so far.
        if sum(len(t.cell) for t in pile[1:]) > max(len(pile[0].cell), PILE):
            pile[:] = [daily_counts.together(self.layouts[told.block.strategy], pile)]

    def contents(self, strategy: str) -> Iterator[tuple[Block, bytes]]:  # noqa: D102
        if self.layouts is not None:
            for block in self.parts:
                if block.strategy == strategy:
                    whole = daily_counts.together(self.layouts[strategy], self.counts[strategy])
                    yield block, daily_counts.encode(whole, "")
                    return
            return
        for block in sorted(self.parts):
            if block.strategy == strategy:
                yield block, self.parts[block]


class Folder(Store):
    """Parts in a results folder."""

    def __init__(self, path: Path, keep: str) -> None:
        self.path, self.keep, self.spool = path, keep, path
        self.files: dict[Block, Path] = {}
        self.notes: list[str] = []  # what was found damaged
        self._lock: IO[Any] | None = None
        self._synced = time.monotonic()

    # -- opening

    def open(self) -> None:
        """See that the folder is one of results, and that nobody else writes to it.

        Raises:
            InputError: it is in use, or is no results folder.
        """
        parts = [path for path in self._listing() if _NAME.fullmatch(path.stem)]
        foreign = any(self.path.glob("*.parquet"))
        if foreign and not parts and not (self.path / MANIFEST).exists():
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
        except OSError:  # some network file systems have none; then nobody is kept out
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

    # -- parts

    def _listing(self) -> list[Path]:
        return sorted(self.path.glob(f"{PREFIX[self.keep]}-*{ENDINGS[self.keep]}"))

    def _file(self, block: Block, digest: str) -> Path:
        strategy, draw, draws, first, count = block
        name = f"{PREFIX[self.keep]}-{strategy}-{draw:06}-{draws}-{first:012}-{count}-{digest}"
        return self.path / (name + ENDINGS[self.keep])

    def look(self, identities: dict[str, str], *, mend: bool) -> None:
        """Take stock of the parts: those that are whole and of this run.

        Args:
            identities: of the run, by strategy.
            mend: set damaged parts aside, so that they are told again; otherwise refuse them.

        Raises:
            InputError: a part of another run; a damaged one where nothing is mended.
        """
        self.files = {}
        for path in self._listing():
            match = _NAME.fullmatch(path.stem)
            if match is None:
                continue
            strategy, *numbers = match.groups()[:-1]
            content = path.read_bytes()
            if digest_of(content) != match[6]:
                self._damaged(path, mend)
                continue
            if strategy not in identities:
                continue  # of a strategy that this run leaves alone
            if self._identity(content) != identities[strategy]:
                raise InputError(
                    f"{path}: is of another run; allowed: remove it, or another folder"
                )
            self.files[Block(strategy, *map(int, numbers))] = path

    def _damaged(self, path: Path, mend: bool) -> None:
        if not mend:
            raise InputError(
                f"{path}: is damaged: its content does not have the checksum in its name; the "
                "command that made the folder tells it again"
            )
        path.replace(path.with_name(path.name + ".damaged"))
        self.notes.append(f"{path}: was damaged; it is set aside and told again")

    def _identity(self, content: bytes) -> str:
        if self.keep == "summary":
            return daily_counts.decode(content)[1]
        import pyarrow.parquet as pq

        metadata = pq.read_schema(io.BytesIO(content)).metadata or {}
        return str(metadata.get(b"detente", b"").decode())

    def blocks(self) -> list[Block]:  # noqa: D102
        return list(self.files)

    def add(self, told: Told) -> None:  # noqa: D102
        path = self._file(told.block, told.digest)
        try:
            if isinstance(told.content, Path):
                told.content.replace(path)
                self._sync_now_and_then()
            elif isinstance(told.content, bytes):
                _write(path, told.content)
        except OSError as error:
            raise cannot_be_written(path, error) from error
        self.files[told.block] = path

    def _sync_now_and_then(self) -> None:
        """Names that are lost with the power are parts told again; the manifest syncs the last."""
        if time.monotonic() - self._synced > SECONDS_UNSYNCED:
            _sync(self.path)
            self._synced = time.monotonic()

    def contents(self, strategy: str) -> Iterator[tuple[Block, bytes]]:  # noqa: D102
        for block in sorted(self.files):
            if block.strategy == strategy:
                yield block, self.files[block].read_bytes()

    # -- the manifest

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, whole or not at all."""
        path = self.path / MANIFEST
        text = json.dumps(manifest, indent=2, allow_nan=False) + "\n"
        try:
            _write(path, text.encode())
        except OSError as error:
            raise cannot_be_written(path, error) from error


def cannot_be_written(path: Path, error: OSError) -> RunError:
    """The error of a file that cannot be written."""
    if not path.parent.exists():
        return RunError(f"{path.parent}: is gone; the run needs the folder that it writes to")
    return RunError(
        f"{path}: cannot be written ({error.strerror or error}); what was finished is kept"
    )


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f"{OURS}{path.name}{UNFINISHED}")
    write_through(unfinished, content)
    unfinished.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class _Manifest(dict[str, Any]):
    """A table of a manifest, which says in one sentence what it lacks."""

    def __init__(self, content: dict[str, Any], path: Path) -> None:
        super().__init__(content)
        self.path = path

    def __missing__(self, key: str) -> NoReturn:
        raise InputError(f'{self.path}: lacks "{key}"; {AS_WRITTEN}')


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a results folder; whoever needs a key that it lacks gets an InputError.

    Raises:
        InputError: there is no such folder, or no manifest in it that can be read.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        text = decoded(path.read_bytes())
        manifest = json.loads(text, object_hook=lambda table: _Manifest(table, path))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder}: {_instead(folder)}; {RESULTS_FOLDER}") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}); {RESULTS_FOLDER}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is damaged ({error}); {AS_WRITTEN}") from None
    if not isinstance(manifest, dict):
        raise InputError(f"{path}: is not the manifest of a results folder; {RESULTS_FOLDER}")
    return manifest


def _instead(folder: Path) -> str:
    """What stands where a results folder should."""
    if not os.path.lexists(folder):
        return "no such folder"
    if not folder.is_dir():
        return "is a file" if folder.exists() else "is a link to nothing"
    names = sorted(one.name for one in folder.iterdir())
    shown = ", ".join([*names[:MOST_NAMES], *([".."] if len(names) > MOST_NAMES else [])])
    return f"has no {MANIFEST}; it holds {shown}" if names else "is empty"


# -- a place to write to --------------------------------------------------------------------------


@contextlib.contextmanager
def made(folder: str | Path) -> Iterator[Path]:
    """A folder that can be written to, made where there is none.

    Whatever happens, what was made and is still empty at the end is removed again.

    Raises:
        InputError: it cannot be written to, or its name is a file's or no name.
    """
    path = Path(folder)
    new: list[Path] = []
    try:
        _make(path, new)
        yield path
    finally:
        for one in new:
            with contextlib.suppress(OSError, ValueError):
                one.rmdir()


def _make(path: Path, new: list[Path]) -> None:
    """Make a folder; those that there were not are noted, innermost first."""
    try:
        str(path).encode()
        new += [one for one in (path, *path.parents) if not one.exists()]
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except FileExistsError:
        raise InputError(f"{path}: is a file; allowed: a folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror})") from None
    except ValueError:
        raise InputError(f"{str(path)!r}: no name of a folder; allowed: a name in UTF-8") from None


def writable(folder: str | Path) -> Path:
    """The path of a folder in which files can be written; nothing is left there.

    Raises:
        InputError: as :func:`made`.
    """
    with made(folder) as path:
        return path


# -- which run it is ------------------------------------------------------------------------------


def identity_of(manifest: dict[str, Any], strategy: str) -> str:
    """What the parts of a strategy say of their run: 32 hexadecimal digits."""
    told = [manifest["identity"], manifest["strategy_texts"].get(strategy, "")]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """In what two manifests are of different runs; empty where they are not."""
    lines = []
    for key, value in now["identity"].items():
        old = before["identity"].get(key)
        if old != value and key != "model":
            label = key.replace("_", " ")
            lines.append(f"  {label}: {_short(old)} in the folder, {_short(value)} now")
    if before["identity"].get("model") != now["identity"]["model"]:
        lines.append(f"  scenario: {before.get('scenario')} in the folder, {now['scenario']} now")
        lines += _lines(before["text"], now["text"])
    for name, text in now["strategy_texts"].items():
        old_text = before.get("strategy_texts", {}).get(name, text)
        if old_text != text:
            lines.append(f"  strategy {name}:")
            lines += _lines(old_text, text)
    return "\n".join(lines)


def _lines(old: str, new: str) -> list[str]:
    changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    changed = [f"    {line}" for line in changed if not line.startswith("@@")]
    if len(changed) > MOST_LINES:
        changed = [*changed[:MOST_LINES], f"    .. and {len(changed) - MOST_LINES} lines more"]
    return changed


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + ".."


def unfinished_blocks(wanted: Iterable[Block], done: Sequence[Block]) -> list[Block]:
    """What of the wanted blocks is not done."""
    return [
        block
        for one in wanted
        for block in missing(one, [b for b in done if b.strategy == one.strategy])
    ]
