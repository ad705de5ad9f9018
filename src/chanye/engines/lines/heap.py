"""A binary heap of events on arrays: the earliest first, and of those the first that was pushed."""

from __future__ import annotations

from typing import NamedTuple

from chanye.engines.jit import inlined
from chanye.engines.lines.draws import F64, I64


class Heap(NamedTuple):
    """Times, numbers in order of arrival, what happens, and (size, numbers given)."""

    time: F64
    number: I64
    what: I64
    size: I64


@inlined
def push(h: Heap, time: float, what: int) -> None:
    """Put an event in."""
    k, number = h.size[0], h.size[1]
    h.size[0], h.size[1] = k + 1, number + 1
    while k > 0:
        up = (k - 1) >> 1
        if h.time[up] <= time:
            break
        h.time[k], h.number[k], h.what[k] = h.time[up], h.number[up], h.what[up]
        k = up
    h.time[k], h.number[k], h.what[k] = time, number, what


@inlined
def drop(h: Heap) -> None:
    """Take the first event out."""
    many = h.size[0] - 1
    h.size[0] = many
    time, number, what = h.time[many], h.number[many], h.what[many]
    k = 0
    while True:
        down = 2 * k + 1
        if down >= many:
            break
        right = down + 1
        if right < many and (
            h.time[right] < h.time[down] or (h.time[right] == h.time[down] and h.number[right] < h.number[down])
        ):
            down = right
        if time < h.time[down] or (time == h.time[down] and number < h.number[down]):
            break
        h.time[k], h.number[k], h.what[k] = h.time[down], h.number[down], h.what[down]
        k = down
    h.time[k], h.number[k], h.what[k] = time, number, what
