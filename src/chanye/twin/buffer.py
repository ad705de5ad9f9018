"""An agent's memory: the newest N observations, each with its sequence number, and what was said before them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from chanye.twin.devices import Item
from chanye.twin.shop import UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation: ``time`` us UTC, ``value`` as text."""

    sequence: int
    item: str
    time: int
    value: str


@dataclass(frozen=True, slots=True)
class Window:
    """What a request gets from the buffer."""

    observations: list[Observation]
    first: int
    last: int
    next: int


class OutOfRangeError(Exception):
    """The asked sequence is not in the buffer."""

    def __init__(self, what: str, value: int, first: int, last: int) -> None:
        super().__init__(f"'{what}' {value} must be between {first} and {last}")


class Buffer:
    """Bounded, thread-safe.

    Parameters
    ----------
    items
        Data items by id; all say UNAVAILABLE at ``time`` (us UTC) until told otherwise.
    size
        Observations kept.
    """

    def __init__(self, items: Mapping[str, Item], size: int, time: int) -> None:
        self.items = items
        self.size = size
        self.changed = threading.Condition()
        self._kept: deque[Observation] = deque()
        self._before: dict[str, Observation] = {}
        self._latest: dict[str, Observation] = {}
        self._next = 1
        self.add([(item, time, UNAVAILABLE) for item in items])

    @property
    def first(self) -> int:
        """Sequence of the oldest observation kept."""
        return self._next - len(self._kept)

    def add(self, news: Iterable[tuple[str, int, str]]) -> None:
        """Add ``(item id, time, text)`` in order; an event or condition that repeats its value is left out."""
        with self.changed:
            for item, time, value in news:
                latest = self._latest.get(item)
                same = latest is not None and latest.value == value
                if same and (self.items[item].category != "SAMPLE" or value == UNAVAILABLE):
                    continue
                observation = Observation(self._next, item, time, value)
                self._next += 1
                self._latest[item] = observation
                self._kept.append(observation)
                if len(self._kept) > self.size:
                    oldest = self._kept.popleft()
                    self._before[oldest.item] = oldest
            self.changed.notify_all()

    def current(self, at: int | None = None) -> Window:
        """Return the newest observation of every item, as of sequence ``at`` if given.

        Raises
        ------
        OutOfRangeError
            If ``at`` is not in the buffer.
        """
        with self.changed:
            first, last = self.first, self._next - 1
            if at is None:
                return Window(list(self._latest.values()), first, last, self._next)
            if not first <= at <= last:
                raise OutOfRangeError("at", at, first, last)
            state = dict(self._before)
            for observation in islice(self._kept, at - first + 1):
                state[observation.item] = observation
            return Window(list(state.values()), first, last, self._next)

    def sample(self, start: int | None, count: int, wanted: set[str] | None = None) -> Window:
        """Return up to ``count`` observations from ``start`` on (default: the oldest).

        Raises
        ------
        OutOfRangeError
            If ``start`` is older than the buffer or beyond its next sequence.
        """
        with self.changed:
            first, last = self.first, self._next - 1
            begin = first if start is None else start
            if not first <= begin <= self._next:
                raise OutOfRangeError("from", begin, first, self._next)
            found: list[Observation] = []
            upto = begin
            for observation in islice(self._kept, begin - first, None):
                if len(found) >= count:
                    break
                upto = observation.sequence + 1
                if wanted is None or observation.item in wanted:
                    found.append(observation)
            return Window(found, first, last, upto)
