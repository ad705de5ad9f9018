"""The newest sample of every series in shared memory: one slot per series number, any process reads.

The file starts with a page of words: a sequence lock, the capacity, and how far the log is durable. The writer makes
the lock odd, changes slots and words, and makes it even; a reader copies and tries again if the lock moved. The file
is rebuilt at every start of the writer, so it never needs to be durable itself.
"""

from __future__ import annotations

import mmap
import os
import threading
import time as clocks
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chanye.spine.history.types import F64, I64, U16, U32

SLOT = np.dtype(
    [("time", "<i8"), ("value", "<f8"), ("arrival", "<i8"), ("quality", "<u2"), ("pad", "<u2", 3)], align=True
)
PAGE = 4096
MAGIC = 0x6368_6C61_7465_0001
_LOCK, _MAGIC, _CAPACITY, _SEGMENT, _OFFSET, _BATCH, _ARRIVAL, _CHECK = range(8)
Slots = npt.NDArray[np.void]


class Mark(NamedTuple):
    """How far the log is durable: bytes of the newest segment, last batch and arrival."""

    segment: int
    offset: int
    batch: int
    arrival: int


class LatestRows(NamedTuple):
    """Newest samples of some series, as stored in the manifest at each flush."""

    series: U32
    time: I64
    value: F64
    quality: U16
    arrival: I64


def _file_bytes(capacity: int) -> int:
    return PAGE + capacity * SLOT.itemsize


class LatestTable:
    """The writer's side."""

    def __init__(self, folder: Path, capacity: int = 4096) -> None:
        self._path = folder / "latest.bin"
        fresh = folder / "latest.bin.new"
        fresh.unlink(missing_ok=True)
        self._fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._map(capacity)
        self._words[_MAGIC] = MAGIC
        self._fresh: Path | None = fresh

    def _map(self, capacity: int) -> None:
        # reserve the blocks: a store into a hole of a full disk would kill the process
        os.posix_fallocate(self._fd, 0, _file_bytes(capacity))
        memory = mmap.mmap(self._fd, _file_bytes(capacity))
        self._words = np.frombuffer(memory, np.int64, 16)
        self._slots = np.frombuffer(memory, SLOT, capacity, PAGE)
        self._words[_CAPACITY] = capacity

    def reserve(self, series: int) -> None:
        """Make room for a series number; may raise OSError on a full disk, then nothing changed."""
        capacity = len(self._slots)
        if series >= capacity:
            while capacity <= series:
                capacity *= 2
            self._map(capacity)

    def update(self, series: U32, time: I64, value: F64, quality: U16, arrival: int | I64, mark: Mark | None) -> None:
        """Take in samples in their order of arrival and publish how far the log is durable."""
        self._words[_LOCK] += 1
        if len(time):
            slots = self._slots
            newest = slots["time"]
            np.maximum.at(newest, series, time)
            won = time >= newest[series]
            # of equal places the last assignment stays: the newest arrival
            at = series[won]
            slots["value"][at] = value[won]
            slots["quality"][at] = quality[won]
            slots["arrival"][at] = arrival if isinstance(arrival, int) else arrival[won]
        if mark is not None:
            self._say(mark)
        self._words[_LOCK] += 1

    def _say(self, mark: Mark) -> None:
        words = self._words[_SEGMENT : _ARRIVAL + 1]
        words[:] = mark
        self._words[_CHECK] = zlib.crc32(words.tobytes())

    def publish(self, mark: Mark) -> None:
        """Show the table to readers (first call) and how far the log is durable."""
        self._words[_LOCK] += 1
        self._say(mark)
        self._words[_LOCK] += 1
        if self._fresh is not None:
            self._fresh.replace(self._path)
            self._fresh = None

    def rows(self) -> LatestRows:
        """Return a copy of all slots in use."""
        used = np.flatnonzero(self._slots["arrival"])
        slots = self._slots[used]
        return LatestRows(
            used.astype(np.uint32),
            slots["time"].copy(),
            slots["value"].copy(),
            slots["quality"].copy(),
            slots["arrival"].copy(),
        )

    def close(self) -> None:
        """Close the file; readers keep it."""
        os.close(self._fd)


class LatestView:
    """A reader's side; notices when the writer grew or replaced the file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "latest.bin"
        self._lock = threading.Lock()
        self._id: tuple[int, int] = (0, 0)
        self._words: I64 = np.empty(0, np.int64)
        self._slots: Slots = np.empty(0, SLOT)

    def _remap(self) -> bool:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return False
        seen = (stat.st_ino, stat.st_size)
        with self._lock:
            if seen != self._id and stat.st_size >= PAGE + SLOT.itemsize:
                with open(self._path, "rb") as file:  # noqa: PTH123 - the descriptor is all that is needed
                    memory = mmap.mmap(file.fileno(), stat.st_size, prot=mmap.PROT_READ)
                self._words = np.frombuffer(memory, np.int64, 16)
                self._slots = np.frombuffer(memory, SLOT, (stat.st_size - PAGE) // SLOT.itemsize, PAGE)
                self._id = seen
        return len(self._words) > 0 and int(self._words[_MAGIC]) == MAGIC

    @property
    def capacity(self) -> int:
        """Return how many slots there are."""
        return len(self._slots) if self._remap() else 0

    def mark(self) -> Mark | None:
        """Return how far the log is durable, None if no writer ever said so or what it said is damaged."""
        if not self._remap():
            return None
        words = self._words
        for _ in range(10_000):
            before = int(words[_LOCK])
            said = words[_SEGMENT : _CHECK + 1].copy()
            if not before & 1 and before == int(words[_LOCK]):
                return Mark(*said[:-1].tolist()) if zlib.crc32(said[:-1].tobytes()) == said[-1] else None
            clocks.sleep(0)
        return None

    def read(self, series: U32) -> Slots:
        """Return a copy of the slots of some series; zeros where nothing is known."""
        out: Slots = np.zeros(len(series), SLOT)
        if not self._remap():
            return out
        words, slots = self._words, self._slots
        inside = np.flatnonzero(series < len(slots))
        wanted = series[inside]
        for _ in range(10_000):
            before = int(words[_LOCK])
            copy = slots[wanted]
            if not before & 1 and before == int(words[_LOCK]):
                break
            clocks.sleep(0)
        # a writer that died in mid-change leaves the lock odd for ever: its last copy is as good as any
        out[inside] = copy
        return out
