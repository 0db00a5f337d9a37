"""Machine code on disk, called without numba, which takes half a second to load.

Compiled functions take arrays and named tuples apart: each argument is some words of 64 bits (see
"Numba's calling convention" in its notes for developers). Beside such a function lies a shell, a
function that takes the address of all these words instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import hashlib
import os
import re
import struct
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SHELL = "detente_shell"
OWNED = 4  # a flag of arrays that compiled code does not see
FORTRAN = 2  # another, of arrays that lie in C's order too: those of one row, or of none
FINE = (0, -2)  # what a function returns beside its result: there is one, or there is none
# Functions that may be called by machine code: every process has them.
OF_C = {"ceil", "floor", "rint", "sqrt", "memcpy", "memmove", "memset"}

Types = tuple[Any, ...]


# -- arguments ------------------------------------------------------------------------------------


def flat(arguments: tuple[Any, ...]) -> tuple[Types, bytes]:
    """The types of arguments, and the words of which they consist."""
    types: list[Any] = []
    words: list[bytes] = []
    _flatten(arguments, types, words)
    return tuple(types), b"".join(words)


def _flatten(arguments: tuple[Any, ...], types: list[Any], words: list[bytes]) -> None:
    for one in arguments:
        if isinstance(one, np.ndarray):
            seen = _arrays.get(id(one))
            if seen is None or seen[0]() is not one:
                seen = _described(one)
            types.append(seen[1])
            words.append(seen[2])
        elif isinstance(one, tuple):
            types.append(type(one))
            _flatten(one, types, words)
        else:
            types.append(type(one))
            kind = "d" if isinstance(one, float) else "Q" if isinstance(one, np.uint64) else "q"
            words.append(struct.pack(kind, 0 if one is None else one))


# Arrays are passed again and again: what was found out of those that still live, by identity.
_arrays: dict[int, tuple[Any, Any, bytes]] = {}


def _described(array: Any) -> tuple[Any, Any, bytes]:
    """An array that is only lent: no owner, no parent, size, itemsize, address, shape, strides."""
    key, shape = id(array), array.shape
    plain = array.view(np.ndarray)  # attributes of arrays of records are looked up in Python
    flags, size = plain.flags, 2 * len(shape)
    if flags.writeable and flags.c_contiguous:
        address = ctypes.addressof(Nothing.from_buffer(array))
    else:
        address = plain.ctypes.data
    words = struct.pack(
        f"{5 + size}q", 0, 0, plain.size, plain.itemsize, address, *shape, *plain.strides
    )
    of = weakref.ref(array, lambda _: _arrays.pop(key, None))
    unseen = OWNED | FORTRAN if flags.c_contiguous else OWNED
    _arrays[key] = found = of, (array.dtype, len(shape), flags.num & ~unseen), words
    return found


Nothing = ctypes.c_char * 0  # where a buffer begins, at half the cost of asking the array


# -- machine code ---------------------------------------------------------------------------------


class Code(NamedTuple):
    """Two object files: a function, and its shell."""

    function: bytes
    shell: bytes


def made(dispatcher: Any, signature: tuple[Any, ...], types: Types) -> Code | None:
    """What numba makes of a function; None where that cannot be called without numba."""
    with _no_search_for_garbage():
        dispatcher.compile(signature)
    text = dispatcher.inspect_llvm(signature)
    called = set(re.findall(r"^declare [^@]*@\"?([\w.]+)", text, re.MULTILINE))
    if not all(name in OF_C or name.startswith("llvm.") for name in called):
        return None
    compiled = dispatcher.overloads[signature]
    try:
        function = compiled.library._get_compiled_object()
    except (AttributeError, RuntimeError, ValueError):  # a numba that keeps it elsewhere
        return None
    return Code(function, _shell(compiled.fndesc.llvm_func_name, types))


@contextlib.contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """A compiler makes millions of objects that stay: to look through them takes a second of 15."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _shell(name: str, types: Types) -> bytes:
    """The machine code of ``shell(result, error, words)``, which calls a function with words."""
    from llvmlite import binding, ir

    word, status = ir.IntType(64), ir.IntType(32)
    kinds = [ir.DoubleType() if kind == "d" else word for kind in _kinds(types)]
    module = ir.Module()
    module.triple = binding.get_process_triple()
    function = ir.Function(module, ir.FunctionType(status, [word, word, *kinds]), name)
    shell = ir.Function(module, ir.FunctionType(status, [word, word, word.as_pointer()]), SHELL)
    builder = ir.IRBuilder(shell.append_basic_block())
    result, error, words = shell.args
    given = []
    for place, kind in enumerate(kinds):
        at = builder.gep(words, [ir.Constant(word, place)])
        given.append(builder.load(builder.bitcast(at, kind.as_pointer())))
    builder.ret(builder.call(function, [result, error, *given]))
    return bytes(_machine().emit_object(binding.parse_assembly(str(module))))


def _kinds(types: Types) -> Iterator[str]:
    for one in types:
        if isinstance(one, tuple):
            yield from "q" * (5 + 2 * one[1])
        elif not issubclass(one, tuple):
            yield "d" if issubclass(one, float) else "q"


def _machine() -> Any:
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(codemodel="jitdefault")


class Loaded:
    """A function of which only the machine code is there."""

    def __init__(self, code: Code) -> None:
        from llvmlite import binding

        machine = _machine()
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
        for content in code:
            self._engine.add_object_file(binding.ObjectFileRef.from_data(content))
        self._engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(
            ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p
        )
        self._shell = prototype(self._engine.get_function_address(SHELL))

    def __call__(self, words: bytes) -> int:
        """Call it, while other threads run on; its result, or 0 where it has none."""
        result, error = ctypes.c_int64(), ctypes.c_void_p()
        status = self._shell(ctypes.addressof(result), ctypes.addressof(error), words)
        if status not in FINE:
            raise RuntimeError(f"machine code failed with status {status}")
        return result.value


# -- files ----------------------------------------------------------------------------------------


def file_of(folder: Path, name: str, types: Types) -> Path:
    """Where the machine code of a function for arguments of these types is kept."""
    return (
        folder / f"{name}-{hashlib.blake2b(repr(types).encode(), digest_size=8).hexdigest()}.code"
    )


def keep(path: Path, code: Code) -> None:
    """Write machine code; whoever reads meanwhile finds all of it or nothing."""
    content = struct.pack("<Q", len(code.function)) + b"".join(code)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(_digest(content) + content)
    os.replace(file.name, path)


def kept(path: Path) -> Code | None:
    """Machine code that was written; None where there is none, or it is not whole."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    content = whole[DIGEST:]
    if whole[:DIGEST] != _digest(content):
        return None
    (size,) = struct.unpack_from("<Q", content)
    return Code(content[8 : 8 + size], content[8 + size :])


DIGEST = 16


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST).digest()
