"""What happened besides the upgrade: logged intervals are left out, or get a step of their own with its own interval.

IPMVP calls it a non-routine adjustment (EVO 10000-1:2022, static factors): a hall is let, a line is down, a meter is
swapped. Each is logged with a reason before the effect is looked at. Excluded, it counts neither in what is expected
nor in what was taken; as a step, what the plant takes moves by one size while it lasts, which the data tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chanye.engines.effects import autoregression
from chanye.engines.effects.baseline import Avoided, avoided
from chanye.engines.effects.panel import F64, I64, Mask

#: A step needs this many measured in it, and as many outside of it.
LEAST = 5


@dataclass(frozen=True, slots=True)
class Event:
    """A logged interval: from ``start`` up to, not with, ``end``, in the unit of the times given; why."""

    start: int
    end: int
    kind: Literal["exclude", "step"]
    reason: str


@dataclass(frozen=True, slots=True)
class Size:
    """What an event changed in each step while it lasted, in units of the outcome, with its interval."""

    event: Event
    value: float
    low: float
    high: float
    steps: int


def kept(time: I64, events: Sequence[Event]) -> Mask:
    """Return which steps no excluding event touches, shape (n,); ``time`` is where each step begins."""
    found = np.ones(len(time), bool)
    for one in _checked(events):
        if one.kind == "exclude":
            found &= (time < one.start) | (time >= one.end)
    return found


def columns(time: I64, events: Sequence[Event]) -> F64:
    """Return a column for each event that is a step: 1 while it lasts; shape (n, steps)."""
    chosen = [one for one in _checked(events) if one.kind == "step"]
    parts = [((time >= one.start) & (time < one.end)).astype(np.float64) for one in chosen]
    return np.column_stack(parts) if parts else np.zeros((len(time), 0))


def avoided_beside(
    before: F64,
    design_before: F64,
    time_before: I64,
    after: F64,
    design_after: F64,
    time_after: I64,
    events: Sequence[Event],
    *,
    level: float = 0.9,
    step: int = 1,
) -> tuple[Avoided, list[Size]]:
    """Carry the baseline forward beside logged events; return what was avoided, and the size of each step.

    Parameters
    ----------
    before, after, design_before, design_after
        As for ``baseline.avoided``.
    time_before, time_after
        Where each step begins, ascending, in the unit of the events; a multiple of ``step`` apart.
    step
        Length of a step.

    Raises
    ------
    ValueError
        If an event ends before it begins, a step is not told by the data, or see ``baseline.avoided``.

    Notes
    -----
    With a step since the upgrade its size and the saving are found together, the saving as a share of what is
    expected: while the event lasts the upgrade is taken to save the same share. ``Avoided.actual`` is then what would
    have been taken without the events.
    """
    time = np.concatenate([np.asarray(time_before, np.int64), np.asarray(time_after, np.int64)])
    if len(time) > 1 and (np.diff(time).min() < 1 or (np.diff(time) % step).any()):
        raise ValueError("Times must ascend by whole steps.")
    stays = kept(time, events)
    time = time[stays]
    y, x = np.concatenate([before, after])[stays], np.concatenate([design_before, design_after])[stays]
    cut = int(stays[: len(before)].sum())
    apart = np.diff(time, prepend=time[0] - step) // step
    shocks = columns(time, events)
    chosen = [one for one in events if one.kind == "step"]
    _told(shocks, chosen, cut)
    if not shocks[cut:].any():  # steps of the baseline alone are columns of it like any other
        base = np.column_stack([x, shocks])
        found = avoided(y[:cut], base[:cut], y[cut:], base[cut:], level=level, steps=[apart[:cut], apart[cut:]])
        fitted = autoregression.fit(y[:cut], base[:cut], apart[:cut])
        return found, _sizes(fitted, chosen, shocks, x.shape[1], level)
    at_first = shocks[:cut].any(axis=0)
    plain = autoregression.fit(y[:cut], np.column_stack([x, shocks[:, at_first]])[:cut], apart[:cut])
    expected = x @ plain.coefficient[: x.shape[1]]
    fitted, saved = _share_saved(y, np.column_stack([x, shocks]), expected, apart, cut, level)
    return saved, _sizes(fitted, chosen, shocks, x.shape[1], level)


def _share_saved(
    y: F64, columns_: F64, expected: F64, apart: I64, cut: int, level: float
) -> tuple[autoregression.Fit, Avoided]:
    """Fit steps and the share saved together over all that is measured."""
    share = np.where(np.arange(len(y)) >= cut, expected, 0.0)
    fitted = autoregression.fit(y, np.column_stack([columns_, -share]), apart)
    value, low, high = fitted.interval(np.append(np.zeros(columns_.shape[1]), 1.0), level=level)
    whole = float(expected[cut:].sum())
    saved = Avoided(
        expected=whole,
        actual=whole * (1 - value),
        saved=whole * value,
        low=whole * low,
        high=whole * high,
        relative=value,
        relative_low=low,
        relative_high=high,
        prediction=expected[cut:],
        residual=(y - expected)[:cut],
        rho=fitted.rho,
    )
    return fitted, saved


def _sizes(fitted: autoregression.Fit, events: list[Event], shocks: F64, at: int, level: float) -> list[Size]:
    out = []
    for i, event in enumerate(events):
        contrast = np.zeros(len(fitted.coefficient))
        contrast[at + i] = 1.0
        out.append(Size(event, *fitted.interval(contrast, level=level), int(shocks[:, i].sum())))
    return out


def _told(shocks: F64, events: list[Event], cut: int) -> None:
    """Refuse a step that the data cannot tell from the baseline or from the upgrade."""
    for event, column in zip(events, shocks.T, strict=True):
        for part in (column[:cut], column[cut:]):
            if part.any() and (1 - part).sum() < LEAST:
                raise ValueError(f"The event {event.reason!r} covers all that is measured there: exclude it instead.")
        if column.sum() < LEAST:
            raise ValueError(f"The event {event.reason!r} is too short to be measured: exclude it instead.")


def _checked(events: Sequence[Event]) -> Sequence[Event]:
    for one in events:
        if one.end <= one.start or one.kind not in {"exclude", "step"} or not one.reason.strip():
            raise ValueError("An event has a reason, is excluded or a step, and ends after it begins.")
    return events
