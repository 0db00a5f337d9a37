"""Where results come from: versions, command, time; what every manifest says."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import platform
import shlex
import sys
from pathlib import Path

PACKAGES = ("detente", "numpy", "pandas", "numba", "simpy", "pyarrow", "scipy")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter, and the kind of machine."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def command() -> str | None:
    """The command that was given, where it was one of ours."""
    given = Path(sys.argv[0])
    as_module = given.absolute() == Path(__file__).parents[1] / "__main__.py"
    ours = as_module or given.name in ("detente", "detente.exe")
    return shlex.join(["detente", *sys.argv[1:]]) if ours else None


def now() -> str:
    """The time, in UTC, to the second."""
    return at(dt.datetime.now(dt.UTC).timestamp())


def at(seconds: float) -> str:
    """A time, given in seconds since 1970, in UTC, to the second."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")
