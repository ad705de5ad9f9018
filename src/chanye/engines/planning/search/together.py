"""Two cores, one plan: local search on one, CP-SAT on the other, each going on from what the other found.

Local search is fast to good plans and proves nothing; CP-SAT proves, and closes small and tight shops. It cannot be
told of better plans while it runs, so it is started several times, each time from the best so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from ortools.sat.python import cp_model

from chanye.engines.planning.search.exact import Model, size
from chanye.engines.planning.search.improve import Progress, improve
from chanye.engines.planning.search.runs import Run
from chanye.engines.planning.search.shop import Found, Objective, Shop, cost, decode, order_of

#: Models of more constraints are left to local search on both cores.
LARGEST = 120_000
#: The share of the time, and the most [s], that local search has alone, and the ends of the turns of CP-SAT.
ALONE, ALONE_S, TURNS = 0.1, 2.0, (0.4, 0.7, 1.0)


class Board:
    """What both have found so far; written by either under the interpreter's lock."""

    def __init__(
        self, shop: Shop, objective: Objective, found: Found, progress: Progress | None, began: float
    ) -> None:
        self.shop, self.objective, self._progress, self._began = shop, objective, progress, began
        self.best, self.bound = found, found.bound
        self.trace = list(found.trace)

    def see(self, start: np.ndarray, mode: np.ndarray) -> None:
        """Take over a plan if it is better."""
        start = decode(self.shop, mode, order_of(self.shop, start, mode))
        value = cost(self.shop, start, mode, self.objective)
        if value < self.best.value:
            self.best = Found(start, mode, value, self.bound)
            self.trace.append((time.monotonic() - self._began, value))
            self._tell()

    def raise_bound(self, bound: float) -> None:
        """Take over a better bound."""
        if bound > self.bound:
            self.bound = bound
            self._tell()

    def proved(self) -> bool:
        """Say whether nothing can be better."""
        return self.best.value <= self.bound + 1e-9

    def found(self) -> Found:
        """Return the best plan with the best bound."""
        one = self.best
        return Found(one.start, one.mode, one.value, min(self.bound, one.value), tuple(self.trace))

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(time.monotonic() - self._began, self.best.value, self.bound)


class _Partner(cp_model.CpSolverSolutionCallback):
    """Puts CP-SAT's plans on the board."""

    def __init__(self, model: Model, board: Board) -> None:
        super().__init__()
        self._model, self._board = model, board

    def on_solution_callback(self) -> None:
        """See OR-Tools."""
        self._board.see(*self._model.read(self.value))


def prove(
    shop: Shop,
    *,
    objective: Objective,
    seconds: float,
    seed: int = 1,
    workers: int = 1,
    board: Board | None = None,
    stop: Callable[[cp_model.CpSolver], None] | None = None,
) -> tuple[Found | None, float]:
    """Let CP-SAT work on a shop, from the board's best plan if there is one; return its plan and its bound.

    Parameters
    ----------
    stop
        Is given the solver before it runs, to stop it from elsewhere.
    """
    hint = None if board is None else board.best
    model = Model(shop, objective, below=None if hint is None else hint.value)
    if hint is not None:
        model.hint(hint)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds, 0.01)
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    if workers == 1:
        # otherwise a single worker would never look around a plan
        solver.parameters.interleave_search = True
    if stop is not None:
        stop(solver)
    callback = None
    if board is not None:
        callback = _Partner(model, board)
        solver.best_bound_callback = lambda bound: board.raise_bound(bound / model.scale)
    status = solver.solve(model.cp, callback)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, solver.best_objective_bound / model.scale if status == cp_model.UNKNOWN else -np.inf
    start, mode = model.read(solver.value)
    start = decode(shop, mode, order_of(shop, start, mode))
    bound = solver.best_objective_bound / model.scale
    found = Found(start, mode, cost(shop, start, mode, objective), bound)
    if board is not None:
        board.see(start, mode)
        board.raise_bound(bound)
    return found, bound


def together(
    shop: Shop,
    *,
    objective: Objective = "makespan",
    seconds: float,
    seed: int = 1,
    hint: Found | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Found:
    """Search with two threads and return the best plan with the best bound.

    Parameters are those of ``improve``. Not repeatable: which of the two is faster depends on the machine.
    """
    pair = _Pair(shop, objective, seconds, seed, progress, cancelled or (lambda: False))
    pair.begin(hint)
    if not pair.done():
        with ThreadPoolExecutor(1) as pool:
            other: Future[object] = pool.submit(pair.prove if size(shop) <= LARGEST else pair.second)
            pair.first()
            other.result()
    return pair.board.found()


class _Pair:
    """What the two threads of one call share."""

    def __init__(
        self,
        shop: Shop,
        objective: Objective,
        seconds: float,
        seed: int,
        progress: Progress | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self._shop, self._objective, self._seed = shop, objective, seed
        self._began, self._seconds = time.monotonic(), seconds
        self._progress, self._cancelled = progress, cancelled
        self._solvers: list[cp_model.CpSolver] = []
        self._over = False
        self.board: Board

    def left(self, share: float = 1.0) -> float:
        """Return what is left of a share of the time. [s]."""
        return self._seconds * share - (time.monotonic() - self._began)

    def done(self) -> bool:
        """Say whether both shall stop."""
        return self._over or self.board.proved() or self._cancelled()

    def begin(self, hint: Found | None) -> None:
        """Search alone for a while."""
        found = improve(
            self._shop,
            objective=self._objective,
            seconds=min(self._seconds * ALONE, ALONE_S),
            seed=self._seed,
            hint=hint,
            progress=self._progress,
            cancelled=self._cancelled,
        )
        self.board = Board(self._shop, self._objective, found, self._progress, self._began)

    def first(self) -> None:
        """Search until time is up, then stop the other."""
        self._search(1)
        self._over = True
        for solver in self._solvers:
            solver.stop_search()

    def second(self) -> None:
        """Search beside, with other draws."""
        self._search(2)

    def prove(self) -> None:
        """Run CP-SAT in turns, each from the best so far."""
        for part in TURNS:
            if self.left(part) > 0.05 and not self.done():
                prove(
                    self._shop,
                    objective=self._objective,
                    seconds=self.left(part),
                    seed=self._seed,
                    board=self.board,
                    stop=self._solvers.append,
                )

    def _search(self, number: int) -> None:
        found = improve(
            self._shop,
            objective=self._objective,
            seconds=max(self.left(), 0.01),
            seed=self._seed + number,
            hint=self.board.best,
            cancelled=self.done,
            exchange=self._exchange,
        )
        self.board.see(found.start, found.mode)

    def _exchange(self, run: Run) -> None:
        best = self.board.best
        if run.value < best.value:
            order, mode = run.best()
            self.board.see(decode(self._shop, mode, order), mode)
        elif best.value < run.value:
            run.take(order_of(self._shop, best.start, best.mode), best.mode)
        if self._solvers and self.done():
            self._solvers[-1].stop_search()
