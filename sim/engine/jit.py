"""Compilation, and a cache of machine code that can never be stale.

numba's own cache looks at the file of a function, not at the files of those that it calls, so an
edited law would go unnoticed in an engine compiled before. Here the cache folder is named by a
hash of the sources of everything that is compiled in, of the compiler and its options, and of the
processor for which it compiles: after any change another folder is used.

numba takes half a second to load. It is loaded when something must be compiled, or when Python
calls a law; who finds an engine in the cache does without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import shutil
import struct
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from llvmlite import binding

from sim._machine_code import Loaded, Types, file_of, flat, keep, kept, made

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
CALLED = "_machine_code.py"  # how it is called
DAYS_KEPT = 30
JIT = not int(os.environ.get("NUMBA_DISABLE_JIT") or 0)
if not JIT:  # the words of Philox are meant to run over
    warnings.filterwarnings("ignore", "overflow encountered in scalar", RuntimeWarning)


def fingerprint(folder: Path | None = None) -> str:
    """Name of the cache folder: sources, compiler with its options, and processor."""
    folder = folder or Path(__file__).parent
    digest = hashlib.blake2b(digest_size=12)
    for path in (*(folder / name for name in (CALLED, *SOURCES)), Path(".numba_config.yaml")):
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes() if path.exists() else b"")
    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    options = sorted((name, at) for name, at in os.environ.items() if name.startswith("NUMBA_"))
    processor = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    digest.update(repr((versions, sys.version, platform.machine(), options, processor)).encode())
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


OPTIONS = {"error_model": "numpy", "forceinline": True, "_nrt": False}
# Wrappers for Python take long to compile, and compiled code does not call them.
BARE = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
# Taken in this order: an engine is loaded by one thread, which may wait for numba's own lock.
_loading_an_engine, _loading_numba = threading.RLock(), threading.RLock()


def compiled(*signature: Any, kept: bool = False, **options: Any) -> Callable[[F], F]:
    """Compile a function with the project's options; called as a decorator.

    No fast arithmetic, so that bits are portable; no reference counts, so that nothing is
    allocated and arrays cost nothing to pass; always inlined into its caller.

    Args:
        signature: numba's signature where there is only one.
        kept: keep its machine code in the cache; for what Python calls, since what is called
            from there is compiled in.
        options: further options of ``numba.njit``.
    """
    options = OPTIONS | options

    def decorate(function: F) -> F:
        return Compiled(function, signature, kept, options) if JIT else function  # type: ignore[return-value]

    return decorate


def engine(function: F) -> F:
    """Compile a function of arrays for Python, which returns a whole number or nothing.

    Its machine code is kept in the cache and called without numba, while other threads run on.
    """
    return Engine(function) if JIT else function  # type: ignore[return-value]


class Compiled:
    """Stands for a compiled function, and has it made when it is needed."""

    def __init__(
        self,
        function: Callable[..., Any],
        signature: tuple[Any, ...],
        kept: bool,
        options: dict[str, Any],
    ) -> None:
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self._function, self._signature, self._options = function, signature, options
        self._kept = kept
        self._made: dict[str, Any] = {}

    @property
    def dispatcher(self) -> Any:
        """The function as Python calls it."""
        found = self._once("dispatcher", {"cache": self._kept})
        places = self._function.__globals__
        if places.get(self.__name__) is self:  # from now on it is called directly
            places[self.__name__] = found
        return found

    @property
    def inner(self) -> Any:
        """The function as compiled code calls it."""
        return self._once("inner", BARE)

    def _once(self, which: str, options: dict[str, Any]) -> Any:
        if which not in self._made:
            numba = _numba()
            with numba.core.compiler_lock.global_compiler_lock:
                if which not in self._made:
                    make = numba.njit(*self._signature, **self._options, **options)
                    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(FOLDER)
                    try:
                        self._made[which] = make(self._function)
                    finally:
                        numba.config.CACHE_DIR = before
        return self._made[which]

    def __call__(self, *arguments: Any) -> Any:  # noqa: D102
        return self.dispatcher(*arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.inner, name)


class Engine:
    """A function of arrays: for each combination of their types its machine code."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self.py_func = function
        self._name = f"{function.__module__.split('.')[-1]}.{function.__name__}"
        self._loaded: dict[Types, Loaded] = {}
        # Where machine code cannot be called without numba.
        self._dispatcher: Compiled | None = None

    def __call__(self, *arguments: Any) -> Any:  # noqa: D102
        if self._dispatcher is not None:
            return self._dispatcher(*arguments)
        types, words = flat(arguments)
        loaded = self._loaded.get(types)
        if loaded is None:
            with _loading_an_engine:
                loaded = self._loaded.get(types) or self._load(arguments, types)
            if loaded is None:
                return self(*arguments)
        return loaded(words)

    def _load(self, arguments: tuple[Any, ...], types: Types) -> Loaded | None:
        path = file_of(Path(str(FOLDER)), self._name, types)
        code = kept(path)
        if code is None:
            numba = _numba()
            dispatcher = numba.njit(**OPTIONS, **BARE)(self.py_func)
            code = made(dispatcher, tuple(map(numba.typeof, arguments)), types)
            if code is None:
                self._dispatcher = Compiled(self.py_func, (), True, OPTIONS | {"nogil": True})
                return None
            with contextlib.suppress(OSError):
                keep(path, code)
        self._loaded[types] = Loaded(code)
        return self._loaded[types]

    @property
    def is_compiled(self) -> bool:
        """Is its machine code at hand, in memory or in the cache?"""
        return bool(self._loaded) or any(Path(str(FOLDER)).glob(f"{self._name}-*.code"))


# -- instructions that Python does not have -------------------------------------------------------


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


def _numba() -> Any:
    """numba, once it knows what stands for compiled functions here, and the instructions."""
    with _loading_numba:
        return _numba_that_knows()


@cache
def _numba_that_knows() -> Any:
    import numba
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic, overload, typeof_impl

    typeof_impl.register(Compiled)(lambda one, context: typeof_impl(one.inner, context))

    def multiply(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(word, wide) for word in args))
        high = builder.lshr(product, ir.Constant(wide, 64))
        words = [builder.trunc(word, ir.IntType(64)) for word in (high, product)]
        return context.make_tuple(builder, signature.return_type, words)

    def count(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    def to_bits(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    def to_float(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    word = types.uint64
    two = intrinsic(lambda _, a, b: (types.UniTuple(word, 2)(word, word), multiply))
    zeros = intrinsic(lambda _, word: (types.int64(types.uint64), count))
    bits = intrinsic(lambda _, number: (types.int64(types.float64), to_bits))
    number = intrinsic(lambda _, bits: (types.float64(types.int64), to_float))
    overload(wide_multiply, inline="always")(lambda a, b: lambda a, b: two(a, b))
    overload(trailing_zeros, inline="always")(lambda word: lambda word: zeros(word))
    overload(bits_of, inline="always")(lambda number: lambda number: bits(number))
    overload(float_of, inline="always")(lambda bits: lambda bits: number(bits))
    return numba
