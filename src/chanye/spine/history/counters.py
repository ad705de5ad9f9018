"""What a counter's readings add: one rule for aggregates, roll-ups and frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chanye.spine.history.types import F64


def counter_steps(before: F64, after: F64) -> tuple[F64, npt.NDArray[np.bool_]]:
    """Return what each reading of a counter adds to the one before it, and where the counter fell.

    A counter that falls below half of what it showed has restarted from zero: what it shows was made since.
    A smaller fall is a correction by hand: it adds nothing, and counting goes on from the new value.

    Parameters
    ----------
    before, after
        Raw readings that follow each other, shape (n,).

    Returns
    -------
    tuple of arrays
        Added quantity and whether the counter fell, each of shape (n,).
    """
    fell = after < before
    restarted = fell & (after < before / 2)
    added = np.where(fell, np.where(restarted, np.maximum(after, 0.0), 0.0), after - before)
    return added, fell
