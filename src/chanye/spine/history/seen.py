"""Which sequence numbers of a source were stored: sorted, disjoint, closed intervals."""

from __future__ import annotations

from bisect import bisect_right


class IntervalSet:
    """A set of integers that stays small while they arrive nearly in order."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, text: str = "") -> None:
        pairs = [p.split("-") for p in text.split(",") if p]
        self._starts = [int(p[0]) for p in pairs]
        self._ends = [int(p[-1]) for p in pairs]

    def __contains__(self, number: int) -> bool:
        i = bisect_right(self._starts, number) - 1
        return i >= 0 and number <= self._ends[i]

    def __str__(self) -> str:
        return ",".join(f"{a}-{b}" if a != b else str(a) for a, b in zip(self._starts, self._ends, strict=True))

    @property
    def last(self) -> int:
        """Return the greatest member, 0 if empty."""
        return self._ends[-1] if self._ends else 0

    def add(self, number: int) -> None:
        """Add one number, joining the intervals it touches."""
        i = bisect_right(self._starts, number)
        left = i > 0 and number <= self._ends[i - 1] + 1
        if left and number <= self._ends[i - 1]:
            return
        right = i < len(self._starts) and self._starts[i] == number + 1
        if left and right:
            self._ends[i - 1] = self._ends.pop(i)
            del self._starts[i]
        elif left:
            self._ends[i - 1] = number
        elif right:
            self._starts[i] = number
        else:
            self._starts.insert(i, number)
            self._ends.insert(i, number)
