"""The words of the historian.

A sample is ``(series u32, time i64 us UTC, value f64, quality u16, arrival i64 us UTC)``. ``arrival`` is given by
the historian, strictly increasing per stored batch, and doubles as the cursor by which processors pull.
Quality is the upper half of an OPC UA StatusCode (Part 4, 7.39): 0x0000 good, 0x4000 uncertain, 0x8000 bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
U16 = npt.NDArray[np.uint16]

Kind = Literal["analog", "state", "counter", "text"]
Interpolation = Literal["stepped", "sloped"]


class Quality(IntEnum):
    """Upper half of the OPC UA StatusCodes the product writes (Part 6, annex A.2)."""

    GOOD = 0x0000
    UNCERTAIN = 0x4000
    UNCERTAIN_LAST_USABLE = 0x4090
    UNCERTAIN_SENSOR = 0x4093
    UNCERTAIN_UNIT_RANGE = 0x4094
    BAD = 0x8000
    BAD_NO_COMMUNICATION = 0x8031
    BAD_NOT_CONNECTED = 0x808A
    BAD_DEVICE_FAILURE = 0x808B
    BAD_SENSOR_FAILURE = 0x808C
    BAD_OUT_OF_SERVICE = 0x808D
    BAD_NO_DATA = 0x809B
    BAD_DATA_LOST = 0x809D

    @staticmethod
    def is_good(quality: U16) -> npt.NDArray[np.bool_]:
        """Return a mask of samples whose severity bits are 00."""
        return np.asarray((quality & 0xC000) == 0)

    @staticmethod
    def is_bad(quality: U16) -> npt.NDArray[np.bool_]:
        """Return a mask of samples whose severity bits are 10."""
        return np.asarray((quality & 0xC000) == 0x8000)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one source delivers at once; durable and acknowledged as a whole.

    Parameters
    ----------
    source
        Name of the source, stable over restarts, e.g. ``mtconnect:shop``.
    sequence
        Number of the batch within its source, from 1; the pair makes a repeated delivery harmless.
    series, time, value, quality
        Columns of equal length n (may be 0). Times in microseconds UTC; value is NaN where quality is bad;
        state, text series hold codes of their dictionary, counters are stored raw.
    counts
        What this delivery saw besides the samples: ``{"rejected:bad_line": 3, "noted:clock_backwards": 1}``.
        ``rejected:*`` counts samples received but refused; ``noted:*`` counts stored samples worth a remark.
    position
        Opaque place in the device's own stream (sequence, file offset); given back to the source on start.
    """

    source: str
    sequence: int
    series: U32
    time: I64
    value: F64
    quality: U16
    counts: Mapping[str, int] = field(default_factory=dict)
    position: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The acknowledgement of a durable batch."""

    arrival: int
    stored: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class SourceState:
    """What the historian knows of a source when it starts again."""

    name: str
    last_sequence: int
    position: str
    last_arrival: int


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """How a series is read between its samples.

    Parameters
    ----------
    id
        Number of the series in the historian.
    stepped
        True: a value holds until the next sample; False: straight line between samples.
    hold
        Longest time a value is trusted without a new sample, in us; None: until the next sample.
    """

    id: int
    stepped: bool = True
    hold: int | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """Columns sorted by (series, time); one row per (series, time), the newest arrival."""

    series: U32
    time: I64
    value: F64
    quality: U16
    arrival: I64

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest sample (by event time) of each asked series, in the order asked.

    ``time`` is 0 where a series has no sample yet.
    """

    series: U32
    time: I64
    value: F64
    quality: U16
    arrival: I64


@dataclass(frozen=True, slots=True)
class Changes:
    """What arrived after a cursor: per series the touched interval.

    ``series, first, last`` have one row per series (times in us); ``cursor`` is where to go on; ``more`` says
    that the limit cut the answer.
    """

    series: U32
    first: I64
    last: I64
    cursor: int
    more: bool


@dataclass(frozen=True, slots=True)
class Aggregates:
    """One aggregate table: for each asked series (axis 0) and interval (axis 1).

    ``start``: i64 us, shape (k,), the interval starts; ``end`` likewise. ``columns``: name -> f64 array of
    shape (n_series, k), NaN where unknown. ``percent_good`` (of time) and ``percent_known`` are always there. [%]
    """

    series: U32
    start: I64
    end: I64
    columns: Mapping[str, F64]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What happened to the samples of one source in one hour of arrival (``hour``: start, us UTC).

    ``received == stored + duplicates + sum of reasons that start with "rejected:"``; ``noted:*`` reasons are
    remarks on stored samples and do not add up.
    """

    source: str
    hour: int
    received: int
    stored: int
    duplicates: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What one step of maintenance did; ``more`` says that another step would find work at once."""

    flushed_rows: int = 0
    compacted_parts: int = 0
    rolled_hours: int = 0
    retired_rows: int = 0
    deleted_files: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One damaged or missing thing: ``file`` is relative to the history folder, ``offset`` in bytes or -1."""

    file: str
    offset: int
    what: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The proof: counts that must match and everything that does not."""

    parts: int
    log_records: int
    rows_stored: int
    rows_in_parts: int
    rows_in_log: int
    rows_merged: int
    rows_retired: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Nothing is damaged, missing or miscounted."""
        return not self.problems
