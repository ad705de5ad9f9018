"""The slowest possible historian: a list. The oracle that frames are tested on without a disk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chanye.spine.history.types import Changes, Samples

Row = tuple[int, int, float, int, int]  # series, time, value, quality, arrival


class MemoryReader:
    """Answers like ``history.Reader`` from rows in memory."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self.rows: list[Row] = []
        self.dictionary = list(texts)
        self.arrival = 0

    def append(self, series: int, samples: Sequence[tuple[int, float, int]]) -> None:
        self.arrival += 1
        self.rows += [(series, t, v, q, self.arrival) for t, v, q in samples]

    def texts(self, series: int) -> list[str]:
        return self.dictionary

    def generation(self) -> int:
        return self.arrival

    def since(self, cursor: int) -> Changes:
        new: dict[int, list[int]] = {}
        for series, time, _, _, arrival in self.rows:
            if arrival > cursor:
                new.setdefault(series, []).append(time)
        keys = sorted(new)
        return Changes(
            np.array(keys, np.uint32),
            np.array([min(new[k]) for k in keys], np.int64),
            np.array([max(new[k]) for k in keys], np.int64),
            self.arrival,
            False,
        )

    def raw(self, series: Sequence[int], start: int, end: int, *, bounds: bool = False, known_at: int | None = None):
        won: dict[tuple[int, int], Row] = {}
        for row in self.rows:
            if row[0] in series and (known_at is None or row[4] <= known_at):
                won[row[0], row[1]] = row
        rows = sorted(won.values())
        inside = [r for r in rows if start <= r[1] < end]
        if bounds:
            inside = [r for r in rows if r[1] < start][-1:] + inside + [r for r in rows if r[1] >= end][:1]
        cols = list(zip(*inside, strict=True)) or [()] * 5
        types = (np.uint32, np.int64, np.float64, np.uint16, np.int64)
        return Samples(*(np.array(c, t) for c, t in zip(cols, types, strict=True)))
