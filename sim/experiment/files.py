"""Files that are whole or not there at all, and folders that can be written to."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sim.errors import InputError, RunError

UNFINISHED = ".unfinished"
OURS = ".detente-"  # how the names of files begin that may be removed again


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


def cannot_be_written(path: Path, error: OSError) -> RunError:
    """The error of a file that cannot be written."""
    if not path.parent.exists():
        return RunError(f"{path.parent}: is gone; the run needs the folder that it writes to")
    return RunError(
        f"{path}: cannot be written ({error.strerror or error}); what was finished is kept"
    )


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: under another name, which is then changed."""
    unfinished = path.with_name(f"{OURS}{path.name}{UNFINISHED}")
    write_through(unfinished, content)
    unfinished.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def writable_folder(folder: str | Path) -> Iterator[Path]:
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
        InputError: as :func:`writable_folder`.
    """
    with writable_folder(folder) as path:
        return path
