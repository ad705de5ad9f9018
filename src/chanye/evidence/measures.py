"""What can be measured: each domain room declares its measures here, once, when it starts.

A measure says what it is, in which unit, which way is better, and how its values of the days are read from history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """Values of days, in the order of time; all of shape (n,).

    Parameters
    ----------
    day
        Local midnight of the asset's site. [us UTC]
    value
        The measure, NaN where it is not known; also where there was nothing it could be per, then ``weight`` is 0.
    weight
        What it is per, e.g. pieces of the day; 1 if nothing.
    coverage
        Share of the day that is known, 0..1.
    """

    day: I64
    value: F64
    weight: F64
    coverage: F64


Read = Callable[[Viewer, int, int, int, int | None], Daily]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a domain room.

    Parameters
    ----------
    code
        ``room.name``, e.g. ``factory.energy_per_piece``.
    unit
        UCUM.
    direction
        +1 if higher is better, -1 if lower is.
    kind
        ratio: so much per weight; sum: an amount of the day; mean: a level of the day.
    floor
        Least coverage at which a day counts as known.
    normalisers
        Codes of measures that explain it beside an upgrade, where they can be read.
    read
        ``read(viewer, asset_id, start, end, known_at) -> Daily`` for the local days in ``[start, end)`` us UTC.
    roles
        Roles of series that it needs at or below an asset; empty if that cannot be said so.
    """

    code: str
    label: str | Promise
    unit: str
    direction: Literal[1, -1]
    kind: Literal["ratio", "sum", "mean"]
    floor: float
    normalisers: tuple[str, ...]
    read: Read
    roles: tuple[str, ...] = ()


_MEASURES: dict[str, Measure] = {}


def register(measure: Measure) -> None:
    """Declare a measure; a later declaration of the same code takes its place."""
    _MEASURES[measure.code] = measure


def get(code: str) -> Measure:
    """Return the measure of a code.

    Raises
    ------
    ConfigError
        If no room has declared it.
    """
    if code not in _MEASURES:
        message = _("There is no measure %(code)s: choose one of %(known)s.")
        raise ConfigError(message % {"code": code[:100], "known": ", ".join(sorted(_MEASURES))})
    return _MEASURES[code]


def every() -> list[Measure]:
    """Return all measures, by code."""
    return [_MEASURES[code] for code in sorted(_MEASURES)]
