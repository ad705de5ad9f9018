"""Batches for the tests."""

import numpy as np

from chanye.spine.history import Batch

T0 = 1_780_272_000_000_000
S = 1_000_000


def batch(sequence: int, series, time, value, quality=None, source="s", **more) -> Batch:
    n = len(time)
    return Batch(
        source,
        sequence,
        np.asarray(series, np.uint32) if np.ndim(series) else np.full(n, series, np.uint32),
        np.asarray(time, np.int64),
        np.asarray(value, float),
        np.zeros(n, np.uint16) if quality is None else np.asarray(quality, np.uint16),
        **more,
    )
