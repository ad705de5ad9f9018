"""How the loops of this engine are compiled.

``kernel`` and ``inlined`` compile without numba's reference counting: such a function may not make
arrays, and is several times faster where it reads many. After a change in a called kernel delete ``__pycache__``:
numba notices changes in the file of the caller only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

#: numba's own annotations leave ``_nrt`` out.
_njit: Any = numba.njit
_F = TypeVar("_F", bound=Callable[..., Any])


def kernel(function: _F) -> _F:
    """Compile a loop that makes no arrays."""
    return cast("_F", _njit(cache=True, nogil=True, _nrt=False)(function))


def inlined(function: _F) -> _F:
    """Compile a step of a loop into the loop."""
    return cast("_F", _njit(cache=True, nogil=True, _nrt=False, forceinline=True)(function))


def spliced(function: _F) -> _F:
    """Put the text of a step where it is called from: compiles faster where that is one place."""
    return cast("_F", _njit(inline="always")(function))


def making(function: _F) -> _F:
    """Compile a function that makes arrays."""
    return cast("_F", _njit(cache=True, nogil=True)(function))


def parallel(function: _F) -> _F:
    """Compile a loop over replications for all of numba's threads."""
    return cast("_F", _njit(cache=True, nogil=True, parallel=True)(function))
