"""A plant that makes more, or less, than in its baseline: what the baseline cannot know of it.

A regression carries on what runs idle as it was. A plant that grows by another line has more of it, one that closes a
line has less, and nothing measured tells which: within the baseline the plant had one size. IPMVP takes such a change
of a static factor for a non-routine adjustment (EVO 10000-1:2022); ASHRAE Guideline 14-2002, 5.3.2.2, applies a
baseline from 90 % of the least to 110 % of the most that it has seen. Here that is asked of its months, for days
scatter too much to show a size. Within these limits the interval holds both answers as soon as production has moved:
that what runs idle stayed, and that it changed as much as production did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.effects.panel import F64, I64

MONTH = 28
#: Days of work that make a month one.
LEAST = 10
#: Change of mean production from which on the plant may have another size: less is what plants do by themselves.
STEADY = 0.03


@dataclass(frozen=True, slots=True)
class Growth:
    """How production since the upgrade lies to that of the baseline.

    Parameters
    ----------
    change
        Mean of a day of work since, over that of the baseline, less one.
    beyond
        By how much that mean is above the largest month of the baseline or below the least, as a share; 0 within.
    """

    change: float
    beyond: float

    @property
    def moved(self) -> bool:
        """Tell whether the plant may have another size."""
        return abs(self.change) > STEADY


def growth(made: F64, ordinal: I64, made_since: F64) -> Growth:
    """Return how production has changed.

    Parameters
    ----------
    made, made_since
        Production of each day of work in the baseline and since the upgrade, shapes (n,) and (m,); positive.
    ordinal
        Numbers of the days of the baseline, ascending.
    """
    before, since = float(made.mean()), float(made_since.mean())
    _, month, count = np.unique((ordinal - ordinal[0]) // MONTH, return_inverse=True, return_counts=True)
    months = (np.bincount(month, made) / count)[count >= LEAST]
    low, high = (float(months.min()), float(months.max())) if len(months) else (before, before)
    return Growth(since / before - 1, max(since / high - 1, 1 - since / low, 0.0))


__all__ = ["Growth", "growth"]
