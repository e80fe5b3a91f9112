"""The door to numba: how the model is compiled and where the machine code is kept.

How compiled code passes the state is said in ``reference.py``.

``_nrt=False`` (no reference counting: the model allocates nothing while it runs) and
``forceinline`` are private options of numba, so they are named here and nowhere else.

numba's cache looks only at the file that holds the cached function and would serve stale
code after a change in a helper of another file.  The cache folder is therefore keyed by a
hash of every source that is compiled in (sources.py), of numba's version and of whether indices are
checked (NUMBA_BOUNDSCHECK=1: the tests run so; a stray index would else be silent).
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import types
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.cpu import CPUContext
from numba.core.lowering import Lower
from numba.core.registry import CPUDispatcher

from zonecma.cache import cache_folder
from zonecma.progress import Progress
from zonecma.sources import digest_of, sources_behind

config: Any = numba.config

F = TypeVar("F", bound=Callable[..., Any])

_COMPILED_BY = ("entry", "jit", "primitive")
"""Who imports one of these has compiled code, and in it the constants of what it imports."""
_CHECKED = "-checked" if config.BOUNDSCHECK else ""


def _machine_code() -> Path | None:
    """The folder of this very model.  What a power failure left empty is compiled anew."""
    key = f"{numba.__version__}-{digest_of(sources_behind(_COMPILED_BY, __name__))}{_CHECKED}"
    folder = cache_folder(f"machine-code-{key}")
    if folder and any(file.stat().st_size == 0 for file in folder.rglob("*.nb[ic]")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)
    return folder


MACHINE_CODE = _machine_code()
"""Folder of the compiled model, or None when no cache folder can be written."""


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Keep other processes out of a folder; where there are no locks, or no folder, let all in."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            opened = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, opened)
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _one_at_a_time(files: Any) -> None:
    """Let one process alone read or write a function's machine code.

    numba's index says which file holds a signature.  Two processes that add one each would take the same
    file: the index would name the one, and the file hold the other.
    """

    def locked(use: F) -> F:
        @functools.wraps(use)
        def alone(*arguments: Any) -> Any:
            with _locked(files._cache_path):
                return use(*arguments)

        return alone  # type: ignore[return-value]

    files.load, files.save = locked(files.load), locked(files.save)


def _compile(function: F, subfolder: str = "", *, cached: bool = True, **options: Any) -> F:
    before, config.CACHE_DIR = config.CACHE_DIR, str(MACHINE_CODE / subfolder if MACHINE_CODE else "")
    try:
        jitted = numba.njit(cache=cached and MACHINE_CODE is not None, nogil=True, **options)(function)
    finally:
        config.CACHE_DIR = before
    if cached and MACHINE_CODE is not None and not config.DISABLE_JIT:
        _one_at_a_time(jitted._cache._cache_file)
    return jitted  # type: ignore[no-any-return]


def _widened(kind: Any) -> Any:
    """An argument's type: integers of up to 64 bits with sign, and constants, are i8; constants no more."""
    kind = types.unliteral(kind)  # type: ignore[no-untyped-call]
    return types.int64 if isinstance(kind, types.Integer) and kind != types.uint64 else kind


_compiling: list[str] = []
"""Functions of the model that numba compiles now, the innermost last."""

_library: Any = JITCodeLibrary
_engine: Any = JITCPUCodegen
_context: Any = CPUContext
_lower: Any = Lower
_optimize_whole, _declare = _library._optimize_final_module, _lower.setup_function


def _optimize_unless_part(library: Any) -> None:
    """Optimize a module as a whole only if nobody links it in.

    Else each function would optimize all that it calls, and so would its callers, level by level.
    """
    if not _compiling:
        _optimize_whole(library)


def _declare_not_inlined(lower: Any, descriptor: Any) -> None:
    """Keep a function of the model out of its callers, which would each optimize a copy of it."""
    _declare(lower, descriptor)
    if _compiling and not lower.flags.forceinline:
        lower.function.attributes.add("noinline")


# Of parts there is no machine code either: numba would generate it for each, and nobody calls it.  That is
# half of the time that compiling takes.
_load, _finish, _executable = _engine._add_module, _library._finalize_specific, _context.get_executable


def _load_unless_part(engine: Any, module: Any) -> Any:
    """Hand a module to the machine-code generator only if Python calls it: the entries hold all the rest."""
    return None if _compiling else _load(engine, module)


def _finish_unless_part(library: Any) -> None:
    if not _compiling:
        _finish(library)


def _executable_unless_part(context: Any, library: Any, descriptor: Any, environment: Any) -> Any:
    """What numba keeps as the way into a function: of a part, some builtin of its own that nobody calls."""
    if not _compiling:
        return _executable(context, library, descriptor, environment)
    library._ensure_finalized()
    return object().__reduce__


_engine._add_module, _library._finalize_specific = _load_unless_part, _finish_unless_part
_context.get_executable = _executable_unless_part
_library._optimize_final_module = _optimize_unless_part
_lower.setup_function = _declare_not_inlined


class _Internal(CPUDispatcher):  # type: ignore[misc]
    """A function of the model that compiled code alone calls: part of each entry that reaches it."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Resolve a call: one version serves all integers, else each constant would have its own."""
        widened = {name: _widened(kind) for name, kind in dict(kws).items()}
        return super().get_call_template(tuple(map(_widened, args)), widened)

    def compile(self, signature: Any) -> Any:
        _compiling.append(self.py_func.__name__)
        try:
            return super().compile(signature)
        finally:
            _compiling.pop()

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        name = self.py_func.__qualname__
        raise TypeError(f"{name} is compiled for the model alone; call from_python({name}) instead")


def _internal(function: F, **options: Any) -> F:
    jitted = _compile(
        function,
        cached=False,  # the entries are
        _nrt=False,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        **options,
    )
    if not config.DISABLE_JIT:
        jitted.__class__ = _Internal  # type: ignore[assignment]
    return jitted


def jit(function: F) -> F:
    """Compile an ordinary function of the model, to be called from compiled code."""
    return _internal(function)


def primitive(function: F) -> F:
    """Compile a primitive of a few instructions into each of its callers."""
    return _internal(function, forceinline=True)


def entry(function: F) -> F:
    """Compile a function that Python calls: few, since their arguments are taken apart each."""
    return _compile(function, _nrt=False, error_model="numpy", no_cfunc_wrapper=True)


def from_python(function: F) -> F:
    """A ``jit`` or ``primitive`` function that Python can call, for tests and notebooks.

    Its machine code has a folder of its own: numba would take the other for the same.
    """
    if config.DISABLE_JIT:
        return function
    plain: F = function.py_func  # type: ignore[attr-defined]
    return _compile(plain, "from-python", _nrt=False, error_model="numpy")


def compile_once(what: str, run: Callable[[], object], progress: Progress) -> None:
    """Call ``run``, which compiles all that ``what`` needs, unless an earlier run left its machine code."""
    if config.DISABLE_JIT or (MACHINE_CODE is not None and (MACHINE_CODE / what).exists()):
        return
    progress("compiling the model, once", 0, 0)
    run()
    if MACHINE_CODE is not None:
        (MACHINE_CODE / what).touch()
