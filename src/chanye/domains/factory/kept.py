"""What is kept in memory for a few seconds between requests, by key; made once, however many ask at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

#: From so many values on what is over is thrown away, each time their number has doubled.
SWEEP_FROM = 256

_kept: dict[tuple[object, ...], tuple[float, object]] = {}
_making: dict[tuple[object, ...], threading.Lock] = {}
_sweep_at = SWEEP_FROM
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
                if len(_kept) >= _sweep_at:
                    _sweep()
                value = make()
                found = _kept[key] = (time.monotonic() + seconds, value)
    return found[1]  # type: ignore[return-value]  # what make() returned under this key


def _sweep() -> None:
    """Throw away what is over: most keys name how things stood once, and never come up again."""
    global _sweep_at  # noqa: PLW0603  # the size at which to look again belongs to what is kept
    now = time.monotonic()
    for key, (until, _value) in list(_kept.items()):
        if until < now:
            _kept.pop(key, None)
            _making.pop(key, None)
    _sweep_at = max(SWEEP_FROM, 2 * len(_kept))


def forget() -> None:
    """Drop everything."""
    _kept.clear()
    _making.clear()
