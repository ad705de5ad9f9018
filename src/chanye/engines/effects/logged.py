"""Logged events of a plant alone, not left out but measured: the effect with their days, and what each one took.

The effect that is paid for leaves the days of events out. This is the other way to look at it, of ``nonroutine``, and
stands beside it: if both agree it matters little how the events are taken; if not, the certificate shows by how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chanye.engines.effects.alone import designs
from chanye.engines.effects.days import Days, span_mask
from chanye.engines.effects.nonroutine import LEAST, Event, avoided_beside
from chanye.engines.effects.panel import Mask


def beside(
    days: Days, before: Mask, after: Mask, spans: Sequence[Mapping[str, Any]], *, level: float
) -> dict[str, Any] | None:
    """Return the relative change with each event as a step of its own; None if the data do not tell it.

    Parameters
    ----------
    before, after
        Days that count, those of events too, shape (n,).
    spans
        The events: ``start`` and ``end`` [us UTC], ``kind``, ``note``.

    Returns
    -------
    dict
        ``change``, ``low``, ``high``: relative, up is positive; ``events``: of each its ``start``, ``end``, ``kind``,
        ``note``, ``days`` that count, and ``share``, ``low``, ``high``: what it added to a day, as a share of a mean
        day of the baseline; None for events too short to be told, whose days are left out.
    """
    one, two = days.usable & before, days.usable & after
    known, met = designs(days, one, two)
    ordinal = days.ordinal
    events: list[Event] = []
    rows: list[dict[str, Any]] = []
    for number, span in enumerate(spans):
        inside = span_mask(days.day, [span]) & (one | two)
        at = ordinal[inside]
        rows.append({name: span[name] for name in ("start", "end", "kind", "note")} | {"days": len(at)} | _UNTOLD)
        if len(at):
            told = len(at) >= LEAST and span["kind"] != "meter"  # another meter is no other day
            events.append(Event(int(at[0]), int(at[-1]) + 1, "step" if told else "exclude", str(number)))
    try:
        found, sizes = avoided_beside(
            known.outcome, known.columns, ordinal[one], met.outcome, met.columns, ordinal[two], events, level=level
        )
    except (ValueError, np.linalg.LinAlgError):
        return None
    if not np.isfinite([found.relative, found.relative_low, found.relative_high]).all():
        return None
    mean = float(known.outcome.mean())
    for size in sizes:
        parts = {"share": size.value / mean, "low": size.low / mean, "high": size.high / mean}
        rows[int(size.event.reason)] |= parts
    return {"change": -found.relative, "low": -found.relative_high, "high": -found.relative_low, "events": rows}


_UNTOLD: dict[str, float | None] = {"share": None, "low": None, "high": None}

__all__ = ["beside"]
