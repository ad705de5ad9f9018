"""The historian: durable samples, their versions, and reads that say how much is known."""

from __future__ import annotations

from chanye.kernel.time import now_us
from chanye.spine.history.adopt import PartWriter
from chanye.spine.history.facade import History, Reader
from chanye.spine.history.types import (
    Aggregates,
    AuditRow,
    Batch,
    Changes,
    Interpolation,
    Kind,
    Latest,
    Maintenance,
    Problem,
    Quality,
    Receipt,
    Samples,
    SeriesSpec,
    SourceState,
    VerifyReport,
)
from chanye.spine.history.verify import verify

__all__ = [
    "Aggregates",
    "AuditRow",
    "Batch",
    "Changes",
    "History",
    "Interpolation",
    "Kind",
    "Latest",
    "Maintenance",
    "PartWriter",
    "Problem",
    "Quality",
    "Reader",
    "Receipt",
    "Samples",
    "SeriesSpec",
    "SourceState",
    "VerifyReport",
    "now_us",
    "verify",
]
