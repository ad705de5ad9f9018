"""What is kept in memory for a few seconds between requests, by key; made once, however many ask at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

MOST = 2_000

_kept: dict[tuple[object, ...], tuple[float, object]] = {}
_making: dict[tuple[object, ...], threading.Lock] = {}
T = TypeVar("T")


def keep(make: Callable[[], T], *key: object, seconds: float) -> T:
    """Return what ``make`` returned for this key up to ``seconds`` ago, or make it now.

    Others that ask for the same key meanwhile wait for it. ``make`` must not ask for its own key.
    """
    found = _kept.get(key)
    if found is None or found[0] < time.monotonic():
        with _making.setdefault(key, threading.Lock()):
            found = _kept.get(key)
            if found is None or found[0] < time.monotonic():
                if len(_kept) > MOST:
                    _kept.clear()
                    _making.clear()
                value = make()
                found = _kept[key] = (time.monotonic() + seconds, value)
    return found[1]  # type: ignore[return-value]  # what make() returned under this key


def forget() -> None:
    """Drop everything."""
    _kept.clear()
    _making.clear()
