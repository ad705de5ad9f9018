"""Degree-days of a day by a single sine through its extremes (Baskerville and Emin 1969; Zalom et al. 1983)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from chanye.engines.agronomy.weather import F64
from chanye.kernel.errors import ConfigError

Cutoff = Literal["horizontal", "intermediate", "vertical"]


def degree_days(tmin: F64, tmax: F64, lower: float, upper: float = np.inf, cutoff: Cutoff = "horizontal") -> F64:
    """Return degree-days of each day, NaN where an extreme is missing.

    Parameters
    ----------
    tmin, tmax
        Extremes of days [°C, or °F as the thresholds].
    lower, upper
        Thresholds of development.
    cutoff
        What heat above ``upper`` does: nothing more (horizontal), takes off as much again (intermediate), stops
        development while it lasts (vertical).
    """
    low, high = np.asarray(tmin, float), np.asarray(tmax, float)
    if not lower < upper:
        raise ConfigError("The upper threshold must lie above the lower one.")
    if (low > high).any():
        raise ConfigError("A day's lowest temperature lies above its highest: exchange them or leave the day out.")
    above, _ = _above(low, high, lower)
    if np.isinf(upper):
        return above
    over, hot = _above(low, high, upper)
    if cutoff == "horizontal":
        return np.asarray(above - over)
    if cutoff == "intermediate":
        return np.asarray(above - 2.0 * over)
    return np.asarray(above - over - (upper - lower) * hot)


def _above(low: F64, high: F64, threshold: float) -> tuple[F64, F64]:
    """Mean excess of the sine over a threshold, and share of the day above it."""
    mean, half = (low + high) / 2.0, np.maximum((high - low) / 2.0, 1e-12)
    angle = np.arcsin(np.clip((threshold - mean) / half, -1.0, 1.0))
    share = 0.5 - angle / np.pi
    return np.asarray((mean - threshold) * share + half * np.cos(angle) / np.pi), np.asarray(share)
