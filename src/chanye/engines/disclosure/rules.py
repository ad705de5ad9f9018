"""Which cells tell too much about one contributor by themselves, and how wide each must stay open.

Sources: Hundepool et al. 2012, Statistical Disclosure Control (Wiley), section 4.2: dominance and p-percent rules and
the protection levels that follow from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.disclosure.table import Table
from chanye.engines.linear import F64, Flags


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a cell sensitive; any of them does.

    Parameters
    ----------
    threshold
        Fewer contributors than this; 0: not asked.
    dominance
        ``(n, share)``: the n largest hold more than this share of the cell; None: not asked.
    p_percent
        The second largest, who knows its own part, could work out the largest within this share of it; 0: not asked.
        Also how far a suppressed sensitive cell must stay open to each side, as a share of its value.
    """

    threshold: int = 3
    dominance: tuple[int, float] | None = None
    p_percent: float = 0.10

    def __post_init__(self) -> None:
        n, share = self.dominance or (1, 0.5)
        if self.threshold < 0 or n < 1 or not 0 < share < 1 or not 0 <= self.p_percent < 1:
            raise ValueError("Give a threshold not below 0, n from 1, and shares between 0 and 1.")


def primary(table: Table, rules: Rules) -> Flags:
    """Return which cells are sensitive by themselves, shape (cells,)."""
    n, _share = rules.dominance or (1, 0.5)
    return sensitive(table.contributors, table.value, table.largest(max(2, n)), rules)


def sensitive(
    contributors: np.ndarray[tuple[int, ...], np.dtype[np.int64]], value: F64, largest: F64, rules: Rules
) -> Flags:
    """Return which sums are sensitive; ``largest`` has shape (sums, at least 2), falling."""
    found = (contributors > 0) & (contributors < rules.threshold)
    inside = contributors > 0
    if rules.dominance:
        n, share = rules.dominance
        found |= inside & (largest[:, :n].sum(1) > share * value)
    if rules.p_percent:
        found |= inside & (value - largest[:, :2].sum(1) < rules.p_percent * largest[:, 0])
    return found


def protection(table: Table, rules: Rules) -> F64:
    """Return how far each cell must stay open to each side if it is sensitive, in units of the value.

    The largest of: what each rule asks for (a total as far away would no longer break it), and the share
    ``p_percent`` of the cell. A cell of zero takes the share of the smallest cell that is not.
    """
    n, _share = rules.dominance or (1, 0.5)
    largest = table.largest(max(2, n))
    level = rules.p_percent * table.value
    if rules.p_percent:
        level = np.maximum(level, rules.p_percent * largest[:, 0] - (table.value - largest[:, :2].sum(1)))
    if rules.dominance:
        level = np.maximum(level, largest[:, :n].sum(1) / rules.dominance[1] - table.value)
    some = table.value[table.value > 0]
    least = max(rules.p_percent, 0.01) * (float(some.min()) if len(some) else 1.0)
    asked: F64 = np.maximum(level, least)
    return asked
