"""The time range of a page: named ones that follow the clock, or a start and an end."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HOUR = 3_600_000_000
#: name -> (words, length [us])
RANGES: dict[str, tuple[str | Promise, int]] = {
    "1h": (_("1 h"), HOUR),
    "8h": (_("8 h"), 8 * HOUR),
    "24h": (_("24 h"), 24 * HOUR),
    "7d": (_("7 d"), 168 * HOUR),
    "30d": (_("30 d"), 720 * HOUR),
}
DEFAULT = "8h"
LONGEST = 20 * 366 * 24 * HOUR


@dataclass(frozen=True, slots=True)
class Range:
    """``[start, end)`` us UTC, the moment it was asked, and its name if it follows the clock."""

    start: int
    end: int
    now: int
    name: str

    @property
    def follows(self) -> bool:
        """Whether it moves on with the clock often enough to be worth drawing again."""
        return self.name != "" and self.end - self.start <= 24 * HOUR

    @property
    def start_ms(self) -> int:
        """Start in ms, as browsers count."""
        return self.start // 1000

    @property
    def end_ms(self) -> int:
        """End in ms."""
        return self.end // 1000


def _milliseconds(text: str | None) -> int | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return round(value * 1000) if 0 <= value < 1e14 else None


def read_range(request: HttpRequest, *, now: int | None = None, default: str = DEFAULT) -> Range:
    """Return the range of ``?start&end`` [ms] or ``?range=8h``; whatever cannot be read becomes the default."""
    now = time.time_ns() // 1000 if now is None else now
    start, end = _milliseconds(request.GET.get("start")), _milliseconds(request.GET.get("end"))
    if start is not None and end is not None and 0 < end - start <= LONGEST:
        return Range(start, end, now, "")
    name = request.GET.get("range", default)
    if name not in RANGES:
        name = default
    return Range(now - RANGES[name][1], now, now, name)
