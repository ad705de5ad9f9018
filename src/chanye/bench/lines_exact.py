"""The exact throughput of reliable lines with exponential times, from the stationary law of their Markov chain."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

State = tuple[tuple[str, ...], tuple[int, ...]]


def throughput(rates: list[float], spaces: list[int]) -> float:
    """Return parts per unit of time of a saturated line with blocking after service.

    A state is, for each station, ``w`` (working), ``b`` (blocked) or ``i`` (starved), and what stands in each buffer.
    """
    many = len(rates)
    start: State = (("w", *("i",) * (many - 1)), (0,) * (many - 1))
    number, todo, rows = {start: 0}, [start], []
    while todo:
        state = todo.pop()
        for j in range(many):
            if state[0][j] == "w":
                after = _finish(state, j, spaces)
                if after not in number:
                    number[after] = len(number)
                    todo.append(after)
                rows.append((number[state], number[after], rates[j], j))
    size = len(number)
    source, target, rate, station = (np.array(one) for one in zip(*rows, strict=True))
    out = np.bincount(source, rate, size)
    matrix = coo_matrix((np.r_[rate, -out], (np.r_[target, np.arange(size)], np.r_[source, np.arange(size)])))
    matrix = matrix.tolil()
    matrix[0, :] = 1.0
    law = spsolve(matrix.tocsc(), np.eye(1, size)[0])
    return float((law[source] * rate)[station == many - 1].sum())


def _finish(state: State, j: int, spaces: list[int]) -> State:
    what, full = list(state[0]), list(state[1])
    many = len(what)

    def leave(j: int) -> None:
        """Station j has a finished part: pass it on if there is room, and take the next."""
        if j < many - 1:
            if what[j + 1] == "i":
                what[j + 1] = "w"
            elif full[j] < spaces[j]:
                full[j] += 1
            else:
                what[j] = "b"
                return
        take(j)

    def take(j: int) -> None:
        """Station j is free: take the next part, and let whoever is blocked in front move up."""
        if j == 0:
            what[0] = "w"
        elif full[j - 1] > 0:
            full[j - 1] -= 1
            what[j] = "w"
            if what[j - 1] == "b":
                full[j - 1] += 1
                take(j - 1)
        elif what[j - 1] == "b":
            what[j] = "w"
            take(j - 1)
        else:
            what[j] = "i"

    leave(j)
    return tuple(what), tuple(full)
