"""What the writer keeps in memory: states of sources, the open segment's rows, the latest values."""

from __future__ import annotations

from pathlib import Path

from chanye.spine.history.flush import FlushJob, SegmentData
from chanye.spine.history.latest import LatestRows, LatestTable, Mark
from chanye.spine.history.seen import IntervalSet
from chanye.spine.history.types import SourceState
from chanye.spine.history.wal import Record


class SourceMemory:
    """What is known of one source."""

    __slots__ = ("arrival", "name", "position", "seen")

    def __init__(self, name: str, seen: str = "", position: str = "", arrival: int = 0) -> None:
        self.name, self.seen, self.position, self.arrival = name, IntervalSet(seen), position, arrival

    def accept(self, sequence: int, position: str, arrival: int) -> None:
        """Note a stored sequence; the position is that of the highest one."""
        self.seen.add(sequence)
        if sequence == self.seen.last:
            self.position = position
        self.arrival = arrival

    def row(self) -> tuple[str, str, str, int]:
        """Return the row of the manifest."""
        return self.name, str(self.seen), self.position, self.arrival


class Memory:
    """Everything that durable records change; rebuilt at start from the manifest and the log."""

    def __init__(self, folder: Path) -> None:
        self.latest = LatestTable(folder)
        self.sources: dict[str, SourceMemory] = {}
        self.data = SegmentData(0)
        self.batch = self.arrival = 0

    def source(self, name: str) -> SourceMemory:
        """Return the state of a source, made if new."""
        state = self.sources.get(name)
        if state is None:
            state = self.sources[name] = SourceMemory(name)
        return state

    def state(self, name: str) -> SourceState:
        """Return what a source asks for at its start."""
        s = self.sources.get(name)
        return SourceState(name, s.seen.last, s.position, s.arrival) if s else SourceState(name, 0, "", 0)

    def knows(self, name: str, sequence: int) -> bool:
        """Tell whether a delivery was stored before."""
        state = self.sources.get(name)
        return state is not None and sequence in state.seen

    def take_in(self, record: Record, source: str, counts: dict[str, int], position: str) -> None:
        """Take in a durable record: sequences seen, latest values, counts."""
        state = self.source(source)
        if record.sequence:
            state.accept(record.sequence, position, record.arrival)
        self.data.add(record, source, counts)
        # adopted parts may have a later number than records of the log
        self.batch, self.arrival = max(self.batch, record.batch), max(self.arrival, record.arrival)
        series, times, value, quality = record.columns()
        if len(series):
            # an append reserved before it wrote; a replay comes to the series numbers of the log here
            self.latest.reserve(int(series.max()))
        mark = self.mark(record.offset + record.size)
        self.latest.update(series, times, value, quality, record.arrival, mark)

    def restore(self, rows: LatestRows) -> None:
        """Take over the latest values of the manifest or of adopted parts."""
        if len(rows.series):
            self.latest.reserve(int(rows.series.max()))
            self.latest.update(rows.series, rows.time, rows.value, rows.quality, rows.arrival, None)

    def mark(self, offset: int) -> Mark:
        """Return how far the log is durable, for the readers."""
        return Mark(self.data.number, offset, self.batch, self.arrival)

    def flush_job(self) -> FlushJob:
        """Return the open segment with the states that belong to its end."""
        rows = [self.sources[name].row() for name in sorted(self.data.sources)]
        return FlushJob(self.data, self.latest.rows(), rows, self.batch, self.arrival)
