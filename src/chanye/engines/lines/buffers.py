"""Where to put buffer spaces: search on the recursion, all variants under the same random numbers.

From an even spread (or a given one) one lot of spaces at a time moves from one link to another, first in large lots,
then space by space; every round tries all pairs of links, or only near ones where there are many, and
takes the best. Local search on throughput, which is nearly concave in the spaces: Shanthikumar and Yao (1989),
Queueing Systems 4:359-390; what balanced lines want (a little more in the middle): Hillier, So and Boling (1993),
Management Science 39:126-133, doi 10.1287/mnsc.39.1.126.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chanye.engines.lines.draws import F64, I64
from chanye.engines.lines.recursion import Flow, compile_flow, trace
from chanye.engines.lines.types import Line, Runs
from chanye.kernel.errors import ConfigError

#: Up to this many links spaces move between every pair; beyond it between links that are at most two apart.
ALL_PAIRS = 10
#: More spaces than this for a target are not tried.
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Allocation:
    """Spaces of each link, in the order of ``Line.links``, and what they reach.

    Parameters
    ----------
    throughput
        Shape (replications,). [parts/h]
    tried
        How many allocations were simulated.
    """

    spaces: tuple[int, ...]
    throughput: F64
    tried: int


def evaluate(flow: Flow, spaces: I64, runs: Runs) -> F64:
    """Return the throughput of allocations, shape (allocations, replications). [parts/h]."""
    many = len(spaces)
    which = np.tile(np.arange(runs.replications), many)
    warm = runs.parts // 10 if runs.warm_up is None else runs.warm_up
    found = np.empty(len(which))
    lot = max(1, 2**24 // runs.parts)
    every = np.repeat(spaces, runs.replications, axis=0)
    for at in range(0, len(which), lot):
        part = slice(at, at + lot)
        left = trace(flow, parts=runs.parts, seed=runs.seed, replications=which[part], spaces=every[part]).left
        begin = np.fmax.reduce(left[:, :warm], axis=1, initial=0.0)
        good = (~np.isnan(left[:, warm:])).sum(1)
        found[part] = good / np.maximum(np.fmax.reduce(left, axis=1) - begin, 1e-9) * 3600
    return found.reshape(many, runs.replications)


def allocate(line: Line, total: int, runs: Runs, *, start: tuple[int, ...] | None = None) -> Allocation:
    """Return how to spread ``total`` spaces over the links with finite space.

    Raises
    ------
    ConfigError
        If there is nothing to spread over, or the line needs the event engine.
    """
    flow = compile_flow(line)
    open_links = np.flatnonzero(flow.space >= 0)
    if total < 0 or not len(open_links):
        raise ConfigError("Give 0 or more spaces, and a line with at least one link whose space is finite.")
    if start is not None and (len(start) != len(open_links) or min(start) < 0 or sum(start) != total):
        raise ConfigError(f"The start needs {len(open_links)} numbers of 0 or more that add up to {total}.")
    many = len(open_links)
    even = np.array([total // many + (_middle(k, many) < total % many) for k in range(many)], np.int64)
    return _search(flow, open_links, np.array(start, np.int64) if start else even, runs)


def _middle(k: int, many: int) -> int:
    """Return the rank of a link by how near it is to the middle."""
    return sorted(range(many), key=lambda i: (abs(2 * i - many + 1), i)).index(k)


def _search(flow: Flow, links: I64, spaces: I64, runs: Runs) -> Allocation:
    def reach(rows: list[I64]) -> F64:
        full = np.tile(flow.space, (len(rows), 1))
        full[:, links] = rows
        return evaluate(flow, full, runs)

    best, value, tried = spaces, reach([spaces])[0], 1
    lot = max(1, int(spaces.max(initial=0)) // 2)
    known = {tuple(spaces)}
    while lot:
        rows = [row for row in _moves(best, lot) if tuple(row) not in known]
        known |= {tuple(row) for row in rows}
        values = reach(rows) if rows else np.empty((0, runs.replications))
        tried += len(rows)
        top = int(values.mean(axis=1).argmax()) if rows else -1
        if top >= 0 and values[top].mean() > value.mean():
            best, value = rows[top], values[top]
        else:
            lot //= 2
    return Allocation(tuple(map(int, best)), value, tried)


def _moves(spaces: I64, lot: int) -> list[I64]:
    many = len(spaces)
    found = []
    for i in range(many):
        for j in range(many):
            near = many <= ALL_PAIRS or abs(i - j) <= 2
            if i != j and spaces[i] >= lot and near:
                row = spaces.copy()
                row[i] -= lot
                row[j] += lot
                found.append(row)
    return found


def allocate_for(line: Line, throughput: float, runs: Runs) -> Allocation:
    """Return the fewest spaces, well spread, whose mean throughput reaches a target. [parts/h].

    Raises
    ------
    ConfigError
        If no number of spaces reaches it.
    """
    flow = compile_flow(line)
    endless = np.where(flow.space >= 0, runs.parts, flow.space)[None, :].clip(max=MOST)
    if evaluate(flow, endless, runs).mean() < throughput:
        raise ConfigError("No buffer reaches this throughput: make the slowest station faster or more reliable.")
    low, high, tried = -1, 1, 0
    found = allocate(line, high, runs)
    while found.throughput.mean() < throughput:
        low, high, tried = high, high * 2, tried + found.tried
        if high > MOST:
            raise ConfigError("More than a million spaces would be needed: lower the target.")
        found = allocate(line, high, runs)
    while high - low > 1:
        middle = (low + high) // 2
        other = allocate(line, middle, runs)
        tried += other.tried
        low, high, found = (low, middle, other) if other.throughput.mean() >= throughput else (middle, high, found)
    return Allocation(found.spaces, found.throughput, tried)
