"""Compilation, and a cache of machine code that can never be stale.

numba's own cache looks at the file of a function, not at the files of those that it calls, so an
edited law would go unnoticed in an engine compiled before. Here the cache folder is named by a
hash of the sources of everything that is compiled in, of the versions of the compiler, and of the
processor for which it compiles: after any change another folder is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

# Everything that is compiled, or whose constants are compiled in.
SOURCES = ("_compiled.py", "laws.py", "program.py", "rows.py", "tally.py", "kernel.py")
DAYS_KEPT = 30
JIT = not numba.config.DISABLE_JIT
if not JIT:  # the words of Philox are meant to run over
    warnings.filterwarnings("ignore", "overflow encountered in scalar", RuntimeWarning)


def fingerprint(folder: Path | None = None) -> str:
    """Name of the cache folder: sources, compiler and processor."""
    folder = folder or Path(__file__).parent
    digest = hashlib.blake2b(digest_size=12)
    for name in SOURCES:
        path = folder / name
        digest.update(name.encode() + b"\0")
        digest.update(path.read_bytes() if path.exists() else b"")
    versions = (numba.__version__, llvmlite.__version__, sys.version, platform.machine())
    processor = (numba.config.CPU_NAME, numba.config.CPU_FEATURES)
    digest.update(repr((versions, processor)).encode())
    return digest.hexdigest()


def fingerprint_of_laws() -> str:
    """Version of all that decides what a history is; results of different ones are not mixed."""
    digest = hashlib.blake2b(digest_size=8)
    for name in ("laws.py", "program.py", "processes.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """A folder for machine code, writable, private to this version of the sources."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    given = os.environ.get("DETENTE_CACHE")
    bases = [Path(given)] if given else [Path(home) / "detente"]
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    bases.append(Path(tempfile.gettempdir()) / f"detente-{user}")
    for base in bases:
        folder = base / fingerprint()
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                _remove_old(base, folder)
                os.utime(folder)
                return folder
    return Path(tempfile.mkdtemp(prefix="detente-"))


def _remove_old(base: Path, kept: Path) -> None:
    for folder in base.iterdir():
        with contextlib.suppress(OSError):
            old = time.time() - folder.stat().st_mtime > DAYS_KEPT * 86_400
            if old and folder != kept and folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)


FOLDER = cache_folder() if JIT else None


def compiled(*signature: Any, kept: bool = False, **options: Any) -> Callable[[F], F]:
    """Compile a function with the project's options; called as a decorator.

    No fast arithmetic, so that bits are portable; no reference counts, so that nothing is
    allocated and arrays cost nothing to pass; always inlined into its caller.

    Args:
        signature: numba's signature where the function is compiled at once.
        kept: keep its machine code in the cache; for what Python calls, since what is called
            from there is compiled in.
        options: further options of ``numba.njit``.
    """
    options = {"error_model": "numpy", "forceinline": True, "_nrt": False} | options
    if not (kept or signature):
        # Called from compiled code alone: no wrappers for Python, which take long to compile.
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def decorate(function: F) -> F:
        if not JIT:
            return function
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(FOLDER)
        try:
            dispatcher: F = numba.njit(*signature, cache=kept, **options)(function)
        finally:
            numba.config.CACHE_DIR = before
        return dispatcher

    return decorate


# -- instructions that Python does not have -------------------------------------------------------

if JIT:

    @intrinsic
    def wide_multiply(_context: Any, a: Any, b: Any) -> Any:
        """High and low word of the product of two 64-bit words."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            wide = ir.IntType(128)
            product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
            high = builder.lshr(product, ir.Constant(wide, 64))
            words = [builder.trunc(word, ir.IntType(64)) for word in (high, product)]
            return context.make_tuple(builder, signature.return_type, words)

        word = types.uint64
        return types.UniTuple(word, 2)(word, word), generate

    @intrinsic
    def trailing_zeros(_context: Any, word: Any) -> Any:
        """Number of zero bits below the lowest one of a 64-bit word that is not 0."""

        def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
            return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.uint64), generate

    @intrinsic
    def bits_of(_context: Any, number: Any) -> Any:
        """The 64 bits of a float."""

        def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
            return builder.bitcast(args[0], ir.IntType(64))

        return types.int64(types.float64), generate

    @intrinsic
    def float_of(_context: Any, bits: Any) -> Any:
        """The float with these 64 bits."""

        def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
            return builder.bitcast(args[0], ir.DoubleType())

        return types.float64(types.int64), generate

else:
    import struct

    import numpy as np

    def wide_multiply(a: Any, b: Any) -> Any:
        """High and low word of the product of two 64-bit words."""
        product = int(a) * int(b)
        return np.uint64(product >> 64), np.uint64(product & (2**64 - 1))

    def trailing_zeros(word: Any) -> int:
        """Number of zero bits below the lowest one of a 64-bit word that is not 0."""
        return (int(word) & -int(word)).bit_length() - 1

    def bits_of(number: float) -> int:
        """The 64 bits of a float."""
        bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
        return bits

    def float_of(bits: int) -> float:
        """The float with these 64 bits."""
        number: float = struct.unpack("<d", struct.pack("<q", bits))[0]
        return number
