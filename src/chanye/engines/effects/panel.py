"""The data of many units over time, some of which are upgraded, each once and for good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: First period of a unit that is never upgraded.
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A balanced panel; make it with ``of``.

    Parameters
    ----------
    outcome
        Shape (units, periods), finite.
    first
        Shape (units,): column of ``outcome`` from which on a unit is upgraded; ``NEVER`` for controls.
    covariates
        Shape (units, k): known before any upgrade; without the constant.
    weight
        Shape (units,), positive, mean 1.
    """

    outcome: F64
    first: I64
    covariates: F64
    weight: F64

    @staticmethod
    def of(
        outcome: npt.ArrayLike,
        first: npt.ArrayLike,
        covariates: npt.ArrayLike | None = None,
        weight: npt.ArrayLike | None = None,
    ) -> Panel:
        """Return a panel of these columns.

        Raises
        ------
        ValueError
            If shapes do not fit, a value is missing, or a weight is not positive.
        """
        y = np.asarray(outcome, np.float64)
        if y.ndim != 2 or not np.isfinite(y).all():
            raise ValueError("The outcome is a table of finite numbers, one row for each unit, one column a period.")
        units = len(y)
        begun = np.asarray(first, np.int64)
        known = np.zeros((units, 0)) if covariates is None else np.asarray(covariates, np.float64)
        heavy = np.ones(units) if weight is None else np.asarray(weight, np.float64)
        if begun.shape != (units,) or known.ndim != 2 or len(known) != units or heavy.shape != (units,):
            raise ValueError(
                f"There are {units} units: the first period, covariates and weights need a row for each."
            )
        if not np.isfinite(known).all() or not (np.isfinite(heavy).all() and (heavy > 0).all()):
            raise ValueError("Covariates and weights must be known, and weights positive.")
        return Panel(y, begun, known, heavy / heavy.mean())

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.outcome)

    @property
    def periods(self) -> int:
        """How many periods there are."""
        return int(self.outcome.shape[1])

    @property
    def groups(self) -> I64:
        """First periods of upgraded units, ascending; those upgraded from the beginning are no use and left out."""
        known = np.unique(self.first)
        return known[(known > 0) & (known < self.periods)]
