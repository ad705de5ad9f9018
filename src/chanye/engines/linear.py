"""Linear and whole-number programmes, solved by HiGHS; the one place that knows the solver.

HiGHS: Huangfu and Hall 2018, Math. Prog. Comp. 10:119-142, doi:10.1007/s12532-017-0130-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Flags = NDArray[np.bool_]
#: ``(columns, coefficients, low, high)``: low ≤ sum of coefficient times column ≤ high.
Row = tuple[Sequence[int] | I32, Sequence[float] | F64, float, float]
INFINITE = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Linear conditions, compressed by row.

    Parameters
    ----------
    start
        Shape (rows + 1,): where each row begins in ``column`` and ``value``.
    column, value
        Shape (entries,).
    low, high
        Shape (rows,); infinite where open.
    """

    start: I32
    column: I32
    value: F64
    low: F64
    high: F64

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Rows:
        """Put single conditions together."""
        sizes = [len(columns) for columns, _values, _low, _high in rows]
        empty_column, empty_value = np.empty(0, np.int32), np.empty(0)
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
            np.concatenate([empty_column, *(np.asarray(row[0], np.int32) for row in rows)]),
            np.concatenate([empty_value, *(np.asarray(row[1], np.float64) for row in rows)]),
            np.array([row[2] for row in rows], np.float64),
            np.array([row[3] for row in rows], np.float64),
        )

    def sums(self, x: F64) -> F64:
        """Return the sum of each row at ``x``."""
        which = np.repeat(np.arange(len(self.low)), np.diff(self.start))
        total: F64 = np.bincount(which, self.value * x[self.column], minlength=len(self.low)).astype(np.float64)
        return total


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the solver found.

    Parameters
    ----------
    x
        Shape (columns,); empty where nothing was found.
    objective, bound
        The value of ``x``, and the proven limit of any other.
    optimal
        Whether the two are as near as was asked.
    infeasible
        Proven that no ``x`` keeps all conditions.
    row_price, column_price
        Linear programmes only: what one more unit of a row's limit, or of a column, would add.
    """

    x: F64
    objective: float
    bound: float
    optimal: bool
    infeasible: bool
    row_price: F64
    column_price: F64


class Model:
    """A programme that is kept between solutions, so that the next one starts where the last ended."""

    def __init__(
        self, cost: F64, rows: Rows, lower: F64, upper: F64, whole: Flags | None = None, *, maximise: bool = False
    ) -> None:
        self._columns, self._whole = len(cost), whole is not None
        self._maximise = maximise
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), len(rows.low)
        lp.sense_ = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
        lp.row_lower_, lp.row_upper_ = rows.low, rows.high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.start, rows.column, rows.value
        if whole is not None:
            kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
            lp.integrality_ = [kinds[int(one)] for one in whole]
        self._seconds = INFINITE
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor has no annotation
        self._solver.setOptionValue("output_flag", False)
        if self._solver.passModel(lp) == highspy.HighsStatus.kError:
            raise ValueError("The programme is malformed: a bound or a coefficient is not a number.")

    def limit(self, *, seconds: float = INFINITE, gap: float = 1e-6, **options: float | bool | str) -> None:
        """Set how long one solution may take, how near the bound it must be, and any option of HiGHS."""
        self._seconds = seconds
        for name, value in {"mip_rel_gap": gap, "mip_abs_gap": 1e-9, **options}.items():
            self._solver.setOptionValue(name, value)

    def objective(self, cost: F64) -> None:
        """Ask for another sum of the same columns."""
        self._solver.changeColsCost(self._columns, np.arange(self._columns, dtype=np.int32), cost)

    def bounds(self, lower: F64, upper: F64) -> None:
        """Let the columns move within other limits."""
        self._solver.changeColsBounds(self._columns, np.arange(self._columns, dtype=np.int32), lower, upper)

    def add(self, rows: Rows) -> None:
        """Ask for more conditions."""
        self._solver.addRows(
            len(rows.low), rows.low, rows.high, len(rows.column), rows.start[:-1], rows.column, rows.value
        )

    def begin(self, x: F64) -> None:
        """Offer a solution to start from."""
        self._solver.setSolution(len(x), np.arange(len(x), dtype=np.int32), x)

    def solve(self) -> Solved:
        """Solve."""
        # the clock of HiGHS runs on between solutions
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + self._seconds)
        self._solver.run()
        status, info = self._solver.getModelStatus(), self._solver.getInfo()
        kinds = highspy.HighsModelStatus
        unbounded = status in {kinds.kUnbounded, kinds.kUnboundedOrInfeasible}
        found = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible) and not unbounded
        none = np.empty(0)
        worst = -INFINITE if self._maximise else INFINITE
        if not found:
            never = status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}
            return Solved(none, worst, worst if never else -worst, False, never, none, none)
        solution, objective = self._solver.getSolution(), float(info.objective_function_value)
        optimal = status == kinds.kOptimal
        bound = float(info.mip_dual_bound) if self._whole else objective if optimal else -worst
        prices = (none, none) if self._whole else (np.array(solution.row_dual), np.array(solution.col_dual))
        return Solved(np.array(solution.col_value), objective, bound, optimal, False, *prices)
