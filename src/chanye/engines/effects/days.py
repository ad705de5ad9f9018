"""The days of an upgraded plant, as every method of ``measured`` reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chanye.engines.effects.gates import Gate
from chanye.engines.effects.panel import F64, I64, Mask

#: [us]
DAY = 86_400_000_000
#: Name of the upgraded plant in the table of inputs.
OWN = "plant"

Table = Mapping[str, Any]
Column = Mask


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Days of the plant, in the order of time.

    Parameters
    ----------
    day
        Local midnight, shape (n,). [us UTC]
    value
        The measure; NaN where unknown or where there is nothing it could be per.
    weight
        What it is per, e.g. pieces; 1 if nothing.
    known
        Whether what was measured covers enough of the day, the normalisers too.
    ratio
        Whether the measure is so much per ``weight``.
    normaliser
        Shape (n, k), and the code and unit of each.
    """

    day: I64
    value: F64
    weight: F64
    known: Mask
    ratio: bool
    normaliser: F64
    names: tuple[tuple[str, str], ...]

    @property
    def usable(self) -> Mask:
        """Tell which days are known and have a value: a day without pieces has no energy per piece."""
        found: Mask = self.known & np.isfinite(self.value)
        return found

    @property
    def ordinal(self) -> I64:
        """Number of the day; local midnight lies within half a day of it."""
        found: I64 = (self.day + DAY // 2) // DAY
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a method found: the relative change of the measure, up is positive, with its interval.

    ``least_low`` and ``least_high`` are ends of the one-sided bounds; ``reasons`` say why nothing can be said.
    """

    change: float = np.nan
    low: float = np.nan
    high: float = np.nan
    least_low: float = np.nan
    least_high: float = np.nan
    error: float = np.nan
    gates: list[Gate] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    series: dict[str, list[float | int | None]] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)


def rows_of(table: Table, unit: str, variable: str) -> dict[str, npt.NDArray[Any]]:
    """Return time, value, weight and coverage of one variable of one unit, in the order of time."""
    mine = (np.asarray(table["unit"]) == unit) & (np.asarray(table["variable"]) == variable)
    at = np.flatnonzero(mine)
    at = at[np.argsort(np.asarray(table["time"], np.int64)[at], kind="stable")]
    found: dict[str, npt.NDArray[Any]] = {"time": np.asarray(table["time"], np.int64)[at]}
    for name in ("value", "weight", "coverage"):
        found[name] = np.asarray(table[name], np.float64)[at]
    return found


def days_of(measure: Mapping[str, Any], table: Table) -> Days:
    """Return the days of the upgraded plant.

    Raises
    ------
    ValueError
        If the table has no day of it, or one twice.
    """
    own = rows_of(table, OWN, measure["code"])
    if not len(own["time"]) or len(np.unique(own["time"])) != len(own["time"]):
        raise ValueError("The table of inputs needs each day of the plant once.")
    floor, ratio = float(measure["floor"]), measure["kind"] == "ratio"
    idle = (own["weight"] == 0) if ratio else np.zeros(len(own["time"]), bool)
    known = (own["coverage"] >= floor) & (np.isfinite(own["value"]) | idle)
    columns, names = [], []
    for one in measure["normalisers"]:
        rows = rows_of(table, OWN, one["code"])
        at = {int(time): i for i, time in enumerate(rows["time"].tolist())}
        pick = np.array([at.get(int(time), -1) for time in own["time"].tolist()])
        value = np.where(pick >= 0, np.append(rows["value"], np.nan)[pick], np.nan)
        cover = np.where(pick >= 0, np.append(rows["coverage"], 0.0)[pick], 0.0)
        known &= np.isfinite(value) & (cover >= floor)
        columns.append(value)
        names.append((str(one["code"]), str(one["unit"])))
    normaliser = np.column_stack(columns) if columns else np.zeros((len(known), 0))
    value = np.where(idle, np.nan, own["value"])
    return Days(own["time"], value, own["weight"], known, ratio, normaliser, tuple(names))


def span_mask(day: I64, spans: Sequence[Mapping[str, Any]]) -> Mask:
    """Tell which days touch one of the spans, each with ``start`` and ``end`` in us UTC."""
    found: Mask = np.zeros(len(day), bool)
    for span in spans:
        found |= (day < span["end"]) & (day + DAY > span["start"])
    return found
