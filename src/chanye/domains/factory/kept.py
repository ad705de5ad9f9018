"""What is kept in memory for a few seconds between requests, by key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

MOST = 2_000

_kept: dict[tuple[object, ...], tuple[float, object]] = {}
T = TypeVar("T")


def keep(make: Callable[[], T], *key: object, seconds: float) -> T:
    """Return what ``make`` returned for this key up to ``seconds`` ago, or make it now."""
    found = _kept.get(key)
    if found is None or found[0] < time.monotonic():
        if len(_kept) > MOST:
            _kept.clear()
        found = _kept[key] = (time.monotonic() + seconds, make())
    return found[1]  # type: ignore[return-value]  # what make() returned under this key


def forget() -> None:
    """Drop everything."""
    _kept.clear()
