"""Sets of time as arrays of half-open intervals ``[start, end)`` in us UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Disjoint, sorted, non-empty intervals that do not touch; make them with ``of``.

    Parameters
    ----------
    start, end
        Shape (n,), ``start < end`` and ``end[i] < start[i + 1]``. [us UTC]
    """

    start: I64
    end: I64

    @staticmethod
    def of(start: npt.ArrayLike, end: npt.ArrayLike) -> Intervals:
        """Return the set covered by any intervals: overlapping and touching ones are joined, empty ones dropped.

        Raises
        ------
        ValueError
            If the columns differ in length.
        """
        first = np.atleast_1d(np.asarray(start, np.int64))
        last = np.atleast_1d(np.asarray(end, np.int64))
        if first.shape != last.shape or first.ndim != 1:
            msg = f"interval columns must be one-dimensional and equally long, not {first.shape} and {last.shape}"
            raise ValueError(msg)
        keep = last > first
        first, last = first[keep], last[keep]
        order = np.argsort(first, kind="stable")
        first, last = first[order], last[order]
        if len(first) == 0:
            return Intervals(first, last)
        reach = np.maximum.accumulate(last)
        opens = np.concatenate([[True], first[1:] > reach[:-1]])
        closes = np.concatenate([opens[1:], [True]])
        return Intervals(first[opens], reach[closes])

    @staticmethod
    def from_pairs(pairs: Iterable[tuple[int, int]]) -> Intervals:
        """Return the set covered by ``(start, end)`` pairs."""
        table = np.array(list(pairs), np.int64).reshape(-1, 2)
        return Intervals.of(table[:, 0], table[:, 1])

    def __len__(self) -> int:
        """Return the number of intervals."""
        return len(self.start)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield ``(start, end)`` pairs in order."""
        return zip(self.start.tolist(), self.end.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        """Tell whether both cover the same time."""
        if not isinstance(other, Intervals):
            return NotImplemented
        return np.array_equal(self.start, other.start) and np.array_equal(self.end, other.end)

    __hash__ = None  # type: ignore[assignment]  # arrays can change, so a set of time is not a key

    @property
    def total(self) -> int:
        """Covered time [us]."""
        return int((self.end - self.start).sum())

    def contains(self, times: npt.ArrayLike) -> Mask:
        """Return for each time (us UTC) whether it is inside; same shape as ``times``."""
        t = np.asarray(times, np.int64)
        if len(self.start) == 0:
            return np.zeros(t.shape, np.bool_)
        at = np.searchsorted(self.start, t, side="right") - 1
        return np.asarray((at >= 0) & (t < self.end[np.maximum(at, 0)]))

    def union(self, other: Intervals) -> Intervals:
        """Return the time in either."""
        return Intervals.of(np.concatenate([self.start, other.start]), np.concatenate([self.end, other.end]))

    def intersect(self, other: Intervals) -> Intervals:
        """Return the time in both."""
        cuts = self._cuts(other)
        return self._pieces(cuts, self.contains(cuts[:-1]) & other.contains(cuts[:-1]))

    def subtract(self, other: Intervals) -> Intervals:
        """Return the time in this one and not in the other."""
        cuts = self._cuts(other)
        return self._pieces(cuts, self.contains(cuts[:-1]) & ~other.contains(cuts[:-1]))

    def clip(self, start: int, end: int) -> Intervals:
        """Return the part inside ``[start, end)`` [us UTC]."""
        return Intervals.of(np.maximum(self.start, start), np.minimum(self.end, end))

    def complement(self, start: int, end: int) -> Intervals:
        """Return the time of ``[start, end)`` that is not covered [us UTC]."""
        return Intervals.from_pairs([(start, end)]).subtract(self)

    def _cuts(self, other: Intervals) -> I64:
        """Return all boundaries: between two neighbours both sets are constant."""
        return np.unique(np.concatenate([self.start, self.end, other.start, other.end]))

    @staticmethod
    def _pieces(cuts: I64, keep: Mask) -> Intervals:
        return Intervals.of(cuts[:-1][keep], cuts[1:][keep])


EMPTY = Intervals.of([], [])
