"""Moments by the clock on the wall: what people read in a list and write in a file."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

from chanye.kernel.time import from_us, to_us


def local(us: int) -> datetime:
    """Return a moment (us UTC) by the product's clock, Asia/Shanghai."""
    return from_us(us, timezone.get_default_timezone())


def moment(clock: datetime) -> int:
    """Return a date and time as us UTC; without a zone it is by the product's clock."""
    if clock.tzinfo is None:
        clock = clock.replace(tzinfo=timezone.get_default_timezone())
    return to_us(clock.astimezone(UTC))
