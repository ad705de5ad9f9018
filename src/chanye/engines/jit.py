"""How loops are compiled, and where the machine code is kept.

numba keeps machine code by the file of the outermost function and does not notice a change in a function that it
calls from another file: after an upgrade it would run the old one. So each engine has a folder of its own, named by a
digest of all its source; another text is another folder. It is kept in ``NUMBA_CACHE_DIR``, else in the user's cache
folder, for its owner only (what lies in it is run). Where none can be written, every process compiles for itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

#: numba's own annotations leave ``_nrt``, ``forceinline`` and its settings out.
_njit: Any = numba.njit
_config: Any = numba.config
_F = TypeVar("_F", bound=Callable[..., Any])
_HERE = Path(__file__)


def digest(folder: Path) -> str:
    """Return 16 hexadecimal digits that change with any line of the source in a folder, and with this file."""
    every = hashlib.sha256(_HERE.read_bytes())
    for path in sorted(folder.rglob("*.py")):
        every.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return every.hexdigest()[:16]


def _root() -> Path:
    """Return the folder for all engines."""
    own = os.environ.get("NUMBA_CACHE_DIR")
    return (
        Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "chanye" / "kernels"
    )


@cache
def folder_of(engine: Path) -> str:
    """Return the folder with the machine code of an engine, or "" where none can be kept."""
    try:
        folder = _root() / f"{engine.name}-{digest(engine)}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mine = folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return ""
    return str(folder) if mine else ""


def compiled(function: _F, **options: Any) -> _F:
    """Compile a function when it is first called, or take the machine code that was kept of the same source."""
    path = Path(function.__code__.co_filename)
    engine = next((one for one in path.parents if one.parent == _HERE.parent), path.parent)
    folder = folder_of(engine)
    before, _config.CACHE_DIR = _config.CACHE_DIR, folder  # read while the function is decorated
    try:
        return cast("_F", _njit(cache=bool(folder), nogil=True, **options)(function))
    finally:
        _config.CACHE_DIR = before


def kernel(function: _F) -> _F:
    """Compile a loop; it may make arrays."""
    return compiled(function)


def lean(function: _F) -> _F:
    """Compile a loop that makes no arrays, without counting references: much faster where it reads many arrays."""
    return compiled(function, _nrt=False)


def inlined(function: _F) -> _F:
    """Compile a step that makes no arrays into the loop that calls it."""
    return compiled(function, _nrt=False, forceinline=True)


def spliced(function: _F) -> _F:
    """Put the text of a step where it is called from: compiles faster where that is one place."""
    return cast("_F", _njit(inline="always")(function))


def parallel(function: _F) -> _F:
    """Compile a loop over replications for all of numba's threads."""
    return compiled(function, parallel=True)
