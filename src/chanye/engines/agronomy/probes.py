"""Probes that cannot be believed: stuck, spiking, drifting, badly placed, out of range.

Rules look at a probe's own series and at what the balance expected at the same place; each gives a reason, so that a
person can go and look.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from chanye.engines.agronomy.weather import F64
from chanye.kernel.errors import ConfigError


class Fault(IntFlag):
    """What is wrong with a probe or a reading."""

    NONE = 0
    RANGE = 1  #: no soil holds so much or so little
    SPIKE = 2  #: a reading far from those before and after
    STUCK = 4  #: the same reading though the balance moved
    DRIFT = 8  #: leaves the balance steadily in one direction
    DEAF = 16  #: does not answer water that must have reached it: badly placed or dead


@dataclass(frozen=True, slots=True)
class Limits:
    """When a rule speaks.

    Parameters
    ----------
    low, high
        Contents a soil may have [m3/m3].
    spike
        Smallest jump out and back [m3/m3].
    still
        Range within which a probe counts as unmoved over ``window`` readings [m3/m3].
    moved
        Range the balance must have crossed meanwhile [m3/m3].
    window
        Readings looked at.
    noise
        Standard deviation of a good reading against the balance [m3/m3].
    drift
        Standard deviations a day beyond which a slow departure is summed (CUSUM, Page 1954).
    alarm
        Sum at which drift is told [standard deviations].
    rise
        Smallest rise after water that must have reached the probe [m3/m3].
    """

    low: float = 0.0
    high: float = 0.65
    spike: float = 0.06
    still: float = 0.0005
    moved: float = 0.01
    window: int = 7
    noise: float = 0.012
    drift: float = 0.75
    alarm: float = 8.0
    rise: float = 0.008


def examine(
    seen: F64, expected: F64, wetted: npt.NDArray[np.bool_] | None = None, limits: Limits | None = None
) -> npt.NDArray[np.uint8]:
    """Return the faults of each probe at each reading; a fault other than range and spike stays to the end.

    Parameters
    ----------
    seen, expected
        (probes, days) what was read and what the balance says without this probe [m3/m3]; NaN: not read.
    wetted
        (probes, days) whether water must have reached the probe on that day (a confirmed dose, or rain, that fills
        all layers above it).
    """
    if seen.ndim != 2 or seen.shape != expected.shape:
        raise ConfigError("Give readings and expectations as tables of the same probes and days.")
    set_ = limits or Limits()
    found = np.zeros(seen.shape, np.uint8)
    found[(seen < set_.low) | (seen > set_.high)] |= np.uint8(Fault.RANGE)
    found[_spikes(seen, set_)] |= np.uint8(Fault.SPIKE)
    bad = found > 0
    clean = np.where(bad, np.nan, seen)
    found[_lasting(_stuck(clean, expected, set_))] |= np.uint8(Fault.STUCK)
    found[_lasting(_drifts(clean, expected, set_))] |= np.uint8(Fault.DRIFT)
    if wetted is not None:
        found[_lasting(_deaf(clean, wetted, set_))] |= np.uint8(Fault.DEAF)
    return found


def _spikes(seen: F64, set_: Limits) -> npt.NDArray[np.bool_]:
    out = np.zeros(seen.shape, bool)
    before, now, after = seen[:, :-2], seen[:, 1:-1], seen[:, 2:]
    up = (now - before > set_.spike) & (now - after > set_.spike)
    down = (before - now > set_.spike) & (after - now > set_.spike)
    # A wetting rises fast and falls slowly: out and back within two readings is no water.
    back = np.abs(after - before) < 0.5 * np.minimum(np.abs(now - before), np.abs(now - after))
    out[:, 1:-1] = (up | down) & back
    return out


def _stuck(seen: F64, expected: F64, set_: Limits) -> npt.NDArray[np.bool_]:
    out = np.zeros(seen.shape, bool)
    if seen.shape[1] < set_.window:
        return out
    own, model = (np.lib.stride_tricks.sliding_window_view(a, set_.window, axis=1) for a in (seen, expected))
    many = (~np.isnan(own)).sum(axis=-1) >= max(3, set_.window // 2)
    still = np.fmax.reduce(own, axis=-1) - np.fmin.reduce(own, axis=-1) <= set_.still
    moved = np.fmax.reduce(model, axis=-1) - np.fmin.reduce(model, axis=-1) >= set_.moved
    out[:, set_.window - 1 :] = many & still & moved
    return out


def _drifts(seen: F64, expected: F64, set_: Limits) -> npt.NDArray[np.bool_]:
    """Two-sided CUSUM of the departure, less its mean in the first window: a constant offset is no drift."""
    off = (seen - expected) / set_.noise
    head = off[:, : set_.window]
    known = np.maximum((~np.isnan(head)).sum(axis=1, keepdims=True), 1)
    off = off - np.nansum(head, axis=1, keepdims=True) / known
    step = np.nan_to_num(off)
    up, down = np.zeros(len(seen)), np.zeros(len(seen))
    out = np.zeros(seen.shape, bool)
    for day in range(seen.shape[1]):
        read = ~np.isnan(seen[:, day])
        up = np.where(read, np.maximum(up + step[:, day] - set_.drift, 0.0), up)
        down = np.where(read, np.maximum(down - step[:, day] - set_.drift, 0.0), down)
        out[:, day] = np.maximum(up, down) > set_.alarm
    return out


def _deaf(seen: F64, wetted: npt.NDArray[np.bool_], set_: Limits) -> npt.NDArray[np.bool_]:
    """Two waterings in a row that must have been felt and were not."""
    out = np.zeros(seen.shape, bool)
    missed = np.zeros(len(seen), int)
    for day in range(1, seen.shape[1] - 1):
        risen = np.fmax(seen[:, day], seen[:, day + 1]) - seen[:, day - 1]
        told = wetted[:, day] & ~np.isnan(risen)
        missed = np.where(told, np.where(risen < set_.rise, missed + 1, 0), missed)
        out[:, day + 1] = missed >= 2
    return out


def _lasting(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.logical_or.accumulate(found, axis=1)
