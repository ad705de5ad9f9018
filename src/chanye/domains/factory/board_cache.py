"""What a live board keeps between two looks, so that a look costs what has changed, not what there is.

The machines of a site are read anew when anybody wrote anything; the tile of a machine when one of its series or its
stops changed, when its link went, and once a minute, for figures move while nothing happens. Each process keeps its
own; nothing here is shared or has to be right after a restart.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

from chanye.kernel.settings import get_settings
from chanye.parties import queries as parties
from chanye.parties.types import SYSTEM
from chanye.spine import frame_queries
from chanye.spine.store import reader

T = TypeVar("T")
MINUTE = 60_000_000
#: Processors behind what a tile shows.
BEHIND = ("states", "alarms", "counts")
MOST = 5_000


class Touches:
    """How often each series was touched, as far as its frames are made; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[int, int] = {}
        self._cursor: int | None = None
        self._folder = ""
        self._era = 0

    def look(self) -> tuple[int, dict[int, int]]:
        """Return the era (a new one begins when nothing before counts any more) and the counts by series."""
        with self._lock:
            source = reader()
            made = frame_queries.cursors()
            limit = min((made.get(name, 0) for name in BEHIND), default=0)
            folder = place()
            if self._cursor is None or folder != self._folder or limit < self._cursor:
                self._cursor, self._folder, self._counts = limit, folder, {}
                self._era += 1
            elif limit > self._cursor:
                changes = source.since(self._cursor)
                for number in changes.series.tolist():
                    self._counts[number] = self._counts.get(number, 0) + 1
                self._cursor = min(changes.cursor, limit)
                if changes.more:  # so much that it is quicker to begin anew
                    self._cursor, self._counts = limit, {}
                    self._era += 1
            return self._era, dict(self._counts)


class Kept:
    """Values by key, the oldest forgotten; each with a stamp of its own that no other value ever has."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: dict[Hashable, object] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key, made if there is none."""
        found = self._held.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found  # type: ignore[return-value]  # what was made for this key

    def peek(self, key: Hashable) -> object | None:
        """Return the value of a key, None if there is none."""
        return self._held.get(key)

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()

    def put(self, key: Hashable, value: object) -> None:
        """Keep a value."""
        while len(self._held) >= self._most:
            try:
                self._held.pop(next(iter(self._held)), None)
            except (StopIteration, RuntimeError):  # another thread was quicker
                break
        self._held[key] = value


touches = Touches()
_stamps = itertools.count(1)


def stamp() -> int:
    """Return a number that was never returned before."""
    return next(_stamps)


def minute_of(asset_id: int, now: int) -> int:
    """Return the minute of a machine: each turns at a second of its own, so that not all are drawn at once."""
    return (now + asset_id * 7_919_000 % MINUTE) // MINUTE


def written() -> int:
    """Return a number that changes with anything that anybody wrote."""
    return parties.audit_head(SYSTEM)


def place() -> str:
    """Return where the records and the history that are read are: what is kept is kept for them alone."""
    return str(get_settings().data)
