"""Compilation by numba, with its cache in a folder that never holds stale machine code.

numba looks at the file of a function before it takes machine code from its cache, but not at the
files of the functions that are compiled in. So the folder is named by a hash of all these files, of
the compiler and its options, and of the processor: after any change another folder is used.

What numba finds in its cache is executed. So the folder belongs to the user, and nobody else may
write to it; any other folder is passed over.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import pickle
import platform
import re
import shutil
import stat
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

try:
    with warnings.catch_warnings():
        # So numba speaks of a setting that it cannot read, and would go on without it.
        warnings.filterwarnings("error", "Environment variable", RuntimeWarning)
        import numba
except (ValueError, RuntimeWarning) as error:
    given = ", ".join(f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("NUMBA_"))
    reason = str(error).partition("\n")[0].rstrip(".")
    raise ImportError(
        f"environment: numba does not start with {given or 'its settings'} ({reason}); "
        "allowed: other values, or none",
        name="numba",
    ) from None

from llvmlite import binding, ir
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps
from numba.extending import intrinsic, overload

F = TypeVar("F", bound=Callable[..., Any])

# Everything that is compiled, or whose constants are compiled in.
SOURCES = (
    "jit.py",
    "streams.py",
    "elementary.py",
    "distributions.py",
    "program.py",
    "rows.py",
    "daily_counts.py",
    "kernel.py",
)
JIT = not numba.config.DISABLE_JIT
if not JIT:  # the words of Philox are meant to run over
    warnings.filterwarnings("ignore", "overflow encountered in scalar", RuntimeWarning)


# -- the cache folder -----------------------------------------------------------------------------

DAYS_KEPT = 30
ROOM = 8_000_000  # for all engines with and without logs it takes half of that
# By this file, a standard one, a folder is known as a cache of ours; backups leave it out.
TAG = "CACHEDIR.TAG"
TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Machine code compiled by Detente, which removes this folder when it has not been used for\n"
    f"# {DAYS_KEPT} days. It may be deleted at any time.\n"
)


def fingerprint(folder: Path | None = None) -> str:
    """Name of the cache folder: sources, compiler with its options, and processor.

    numba could keep code for several processors in one folder, but not if two of them write to it
    at once.
    """
    folder = folder or Path(__file__).parent
    digest = hashlib.blake2b(digest_size=12)
    for path in (*(folder / name for name in SOURCES), Path(".numba_config.yaml")):
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes() if path.exists() else b"")
    versions = numba.__version__, np.__version__, sys.version, platform.machine()
    options = sorted((name, at) for name, at in os.environ.items() if name.startswith("NUMBA_"))
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    digest.update(repr((versions, options, processor)).encode())
    return digest.hexdigest()


def cache_folder() -> Path | None:
    """A folder for machine code of these sources, private to the user and writable.

    The first that will do of ``$DETENTE_CACHE`` (or else the user's cache folder), a folder below
    that for temporary files, and a new one that lasts as long as the process; None if none will.
    """
    for base in _bases():
        with contextlib.suppress(OSError):
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = base / fingerprint()
            if is_private(base, shared=True) and _is_ready(folder):
                _remove_old(base, folder)
                return folder
    with contextlib.suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix="detente-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _use(folder)
        return folder
    return None


def _bases() -> Iterator[Path]:
    """Where cache folders may be made, the best first."""
    given, caches = (os.environ.get(name) for name in ("DETENTE_CACHE", "XDG_CACHE_HOME"))
    with contextlib.suppress(RuntimeError):  # nobody knows where this user's home is
        if given:
            yield Path(given).expanduser().absolute()
        elif caches and Path(caches).is_absolute():  # as the standard of these folders has it
            yield Path(caches) / "detente"
        else:
            home = Path.home()
            if home.is_absolute():
                yield home / ".cache" / "detente"
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    with contextlib.suppress(OSError):  # there may be no folder for temporary files
        yield Path(tempfile.gettempdir()) / f"detente-{user}"


def is_private(folder: Path, *, shared: bool = False) -> bool:
    """Can nobody but the user (and the system's administrator) put anything into a folder?

    Args:
        folder: a folder; a link to one is none.
        shared: one will do, too, in which everybody may make files but touch only his own.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "getuid"):  # a system on which rights are not written as bits
        return True
    owners = (os.getuid(), 0) if shared else (os.getuid(),)
    others_may_write = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return found.st_uid in owners and (
        not others_may_write or (shared and bool(found.st_mode & stat.S_ISVTX))
    )


def _is_ready(folder: Path) -> bool:
    """Make a cache folder, or see that it is private; then see that it can be used."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not is_private(folder):
            return False
    else:
        (folder / TAG).write_text(TAG_TEXT, encoding="utf-8")
    _use(folder)
    return True


def _use(folder: Path) -> None:
    """See that files can be made in a folder, with room for machine code; it counts as used.

    Raises:
        OSError: they cannot.
    """
    with tempfile.TemporaryFile(dir=folder) as probe:
        if not any(folder.rglob("*.nbc")):
            probe.write(bytes(ROOM))
            probe.flush()
    os.utime(folder)


def _remove_old(base: Path, kept: Path) -> None:
    """Remove cache folders that have not been used for long, and nothing else."""
    for folder in base.iterdir():
        with contextlib.suppress(OSError):
            old = time.time() - folder.lstat().st_mtime > DAYS_KEPT * 86_400
            if old and folder != kept and _is_ours(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    named = re.fullmatch("[0-9a-f]{24}", folder.name) is not None and is_private(folder)
    return named and (folder / TAG).read_text(encoding="utf-8", errors="replace") == TAG_TEXT


FOLDER = cache_folder() if JIT else None


class _WithChecksum(CompileResultCacheImpl):  # type: ignore[misc]
    """Machine code as numba keeps it, with a checksum: bits that changed must not be executed."""

    def reduce(self, result: Any) -> tuple[bytes, bytes]:
        code = dumps(super().reduce(result))
        return _checksum(code), code

    def rebuild(self, context: Any, kept: tuple[bytes, bytes]) -> Any:
        checksum, code = kept
        if checksum != _checksum(code):
            raise ValueError("damaged machine code")
        return super().rebuild(context, pickle.loads(code))


def _checksum(code: bytes) -> bytes:
    return hashlib.blake2b(code, digest_size=16).digest()


class _Cache(FunctionCache):  # type: ignore[misc]
    """numba's cache of a function, in which a damaged file is as good as none."""

    _impl_class = _WithChecksum

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            return super().load_overload(signature, context)
        except Exception:  # the reader of damaged files may raise anything
            self.flush()
            return None


# -- compilation ----------------------------------------------------------------------------------

OPTIONS = {"error_model": "numpy", "forceinline": True, "_nrt": False}
# Wrappers for Python take long to compile, and compiled code does not call them.
BARE = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def compiled(signature: Any = None, kept: bool = False, **options: Any) -> Callable[[F], F]:
    """Compile a function with the project's options; called as a decorator.

    No fast arithmetic, so that bits are portable; no reference counts, so that nothing is
    allocated and arrays cost nothing to pass; always inlined into its caller.

    Args:
        signature: numba's signature where there is only one: compiled at once, and no other.
        kept: for what Python calls, too: its machine code is kept in the cache. Otherwise only
            compiled code can call it.
        options: further options of ``numba.njit``.
    """

    def decorate(function: F) -> F:
        one = numba.njit(**(OPTIONS | ({} if kept else BARE) | options))(function)
        if kept and FOLDER is not None:
            with _own_cache():
                one._cache = _Cache(function)
        if JIT and signature:
            one.compile(signature)
            one.disable_compile()
        return one  # type: ignore[no-any-return]

    return decorate


def engine(function: F) -> F:
    """Compile a function of arrays for Python, which calls it while other threads run on.

    It is called with arguments of one combination of types only: numba's cache may mix up the
    combinations where two processes compile at once.
    """
    return compiled(kept=True, no_cfunc_wrapper=True, nogil=True)(function)


@contextlib.contextmanager
def _own_cache() -> Iterator[None]:
    """Let numba choose our folder for the functions decorated meanwhile, and for no others."""
    ours = {"CACHE_DIR": str(FOLDER or ""), "CACHE_LOCATOR_CLASSES": ""}
    before = {name: getattr(numba.config, name, "") for name in ours}
    try:
        for name, value in ours.items():
            setattr(numba.config, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(numba.config, name, value)


def is_kept(function: Any) -> bool:
    """Is there machine code of an engine, in memory or in the cache?"""
    files = f"{function.__module__.split('.')[-1]}.{function.__name__}-*.nbc"
    return bool(function.signatures) or (FOLDER is not None and any(FOLDER.rglob(files)))


# -- instructions that Python does not have -------------------------------------------------------


def wide_multiply(a: Any, b: Any) -> Any:
    """High and low word of the product of two 64-bit words."""
    product = int(a) * int(b)
    return np.uint64(product >> 64), np.uint64(product & (2**64 - 1))


def trailing_zeros(word: Any) -> int:
    """Number of zero bits below the lowest one of a 64-bit word that is not 0.

    >>> trailing_zeros(0b101000)
    3
    """
    return (int(word) & -int(word)).bit_length() - 1


def bits_of(number: float) -> int:
    """The 64 bits of a float.

    Of floats that are not negative, the order of bits as integers is that of the numbers, by which
    clocks are compared.

    >>> hex(bits_of(1.0)), bits_of(2.5) < bits_of(2.75)
    ('0x3ff0000000000000', True)
    """
    bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return bits


def float_of(bits: int) -> float:
    """The float with these 64 bits.

    >>> float_of(bits_of(0.1))
    0.1
    """
    number: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return number


def _multiply(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    wide = ir.IntType(128)
    product = builder.mul(*(builder.zext(word, wide) for word in args))
    high = builder.lshr(product, ir.Constant(wide, 64))
    words = [builder.trunc(word, ir.IntType(64)) for word in (high, product)]
    return context.make_tuple(builder, signature.return_type, words)


def _count(_: Any, builder: Any, __: Any, args: Any) -> Any:
    return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))


def _to_bits(_: Any, builder: Any, __: Any, args: Any) -> Any:
    return builder.bitcast(args[0], ir.IntType(64))


def _to_float(_: Any, builder: Any, __: Any, args: Any) -> Any:
    return builder.bitcast(args[0], ir.DoubleType())


_word = types.uint64
_two = intrinsic(lambda _, a, b: (types.UniTuple(_word, 2)(_word, _word), _multiply))
_zeros = intrinsic(lambda _, word: (types.int64(types.uint64), _count))
_bits = intrinsic(lambda _, number: (types.int64(types.float64), _to_bits))
_number = intrinsic(lambda _, bits: (types.float64(types.int64), _to_float))
overload(wide_multiply, inline="always")(lambda a, b: lambda a, b: _two(a, b))
overload(trailing_zeros, inline="always")(lambda word: lambda word: _zeros(word))
overload(bits_of, inline="always")(lambda number: lambda number: _bits(number))
overload(float_of, inline="always")(lambda bits: lambda bits: _number(bits))
