"""Tables of sums with all their margins, and who contributes what to each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from chanye.engines.linear import F64, Flags, Row, Rows

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dimension:
    """The categories of one side of a table, with the sums over them.

    Parameters
    ----------
    parent
        For each category the one that it is part of; -1 for the total. Categories that are nobody's parent are what
        rows of data may name.
    """

    parent: tuple[int, ...]

    def __post_init__(self) -> None:
        size = len(self.parent)
        if self.parent.count(-1) != 1 or any(not -1 <= one < size or one == i for i, one in enumerate(self.parent)):
            raise ValueError("A dimension has one total, and every other category is part of another one.")
        for i in range(size):
            self.upwards(i)

    def upwards(self, category: int) -> tuple[int, ...]:
        """Return a category and all that it is part of, up to the total."""
        found = [category]
        while self.parent[found[-1]] >= 0:
            found.append(self.parent[found[-1]])
            if len(found) > len(self.parent):
                raise ValueError("A category is part of itself.")
        return tuple(found)

    def parts(self, category: int) -> tuple[int, ...]:
        """Return what a category is the sum of."""
        return tuple(i for i, one in enumerate(self.parent) if one == category)

    @property
    def plain(self) -> bool:
        """Whether there is nothing between the categories and their total, which comes last."""
        return self.parent == (len(self.parent) - 1,) * (len(self.parent) - 1) + (-1,)


def flat(size: int) -> Dimension:
    """Return ``size`` categories and, last, their total."""
    return Dimension((size,) * size + (-1,))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table with margins; cells in C order of the dimensions.

    Parameters
    ----------
    dimensions
        One to three; others are possible and slow.
    value
        Shape (cells,), none below zero.
    contributors
        Shape (cells,): how many different ones.
    cell, contributor, amount
        Shape (n,): who gives how much to which cell, sorted by cell and falling amount.
    relations
        One row for each sum: its parts less the sum is zero.
    """

    dimensions: tuple[Dimension, ...]
    value: F64
    contributors: I64
    cell: I64
    contributor: I64
    amount: F64
    relations: Rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Categories of each dimension, sums among them."""
        return tuple(len(one.parent) for one in self.dimensions)

    @property
    def plain(self) -> bool:
        """Whether no dimension has a hierarchy."""
        return all(one.plain for one in self.dimensions)

    def largest(self, count: int) -> F64:
        """Return the largest amounts in each cell, falling: shape (cells, count), zero where there are fewer."""
        first = np.searchsorted(self.cell, np.arange(len(self.value)))
        place = np.arange(len(self.cell)) - first[self.cell]
        found = np.zeros((len(self.value), count))
        inside = place < count
        found[self.cell[inside], place[inside]] = self.amount[inside]
        return found

    def members(self, cells: Sequence[int] | I64) -> tuple[I64, F64]:
        """Return who contributes to any of some cells, and how much in all."""
        wanted = np.asarray(cells, np.int64)
        first, last = np.searchsorted(self.cell, wanted), np.searchsorted(self.cell, wanted, side="right")
        entries = np.concatenate([np.arange(0), *(np.arange(a, b) for a, b in zip(first, last, strict=True))])
        who, place = np.unique(self.contributor[entries], return_inverse=True)
        return who, np.bincount(place, self.amount[entries], minlength=len(who)).astype(np.float64)


def tabulate(codes: I64, contributor: I64, value: F64, dimensions: Sequence[Dimension]) -> Table:
    """Sum rows of data into a table with all margins.

    Parameters
    ----------
    codes
        Shape (rows, dimensions): the category of each row.
    contributor
        Shape (rows,): whose row it is.
    value
        Shape (rows,): what is summed; not below zero. Ones give a table of counts of rows.
    dimensions
        The sides of the table.

    Raises
    ------
    ValueError
        If shapes differ, a code is no category that can be named, or a value is below zero or not a number.
    """
    codes = np.asarray(codes, np.int64).reshape(len(value), -1 if len(value) else len(dimensions))
    amounts = np.asarray(value, np.float64)
    if codes.shape[1] != len(dimensions) or len(contributor) != len(amounts):
        raise ValueError("Give each row one code a dimension, a contributor and a value.")
    if not np.isfinite(amounts).all() or (amounts < 0).any():
        raise ValueError("Give values that are not below zero: gains and losses cannot be protected together.")
    up = [_upwards(one, codes[:, i]) for i, one in enumerate(dimensions)]
    shape = tuple(len(one.parent) for one in dimensions)
    cells, whose, sums = [], [], []
    for way in product(*(range(one.shape[1]) for one in up)):
        sides = [one[:, level] for one, level in zip(up, way, strict=True)]
        there = np.all([side >= 0 for side in sides], axis=0)
        cells.append(np.ravel_multi_index([side[there] for side in sides], shape))
        whose.append(np.asarray(contributor, np.int64)[there])
        sums.append(amounts[there])
    cell, who, much = _joined(np.concatenate(cells), np.concatenate(whose), np.concatenate(sums))
    size = prod(shape)
    return Table(
        tuple(dimensions),
        np.bincount(cell, much, minlength=size).astype(np.float64),
        np.bincount(cell, minlength=size).astype(np.int64),
        cell,
        who,
        much,
        _relations(dimensions),
    )


def _upwards(dimension: Dimension, codes: I64) -> I64:
    """Return the category of each row and all sums above it: shape (rows, depth), -1 where there is none left."""
    leaf = set(range(len(dimension.parent))) - set(dimension.parent)
    if len(codes) and not set(np.unique(codes).tolist()) <= leaf:
        raise ValueError("A code is no category of its dimension that rows may name.")
    chains = [dimension.upwards(i) for i in range(len(dimension.parent))]
    depth = max(len(one) for one in chains)
    table = np.array([[*one, *[-1] * (depth - len(one))] for one in chains], np.int64)
    found: I64 = table[codes]
    return found


def _joined(cell: I64, who: I64, much: F64) -> tuple[I64, I64, F64]:
    """Sum what one contributor gives to one cell; sort by cell, and by falling amount within it."""
    pairs, place = np.unique(np.stack([cell, who]), axis=1, return_inverse=True)
    total = np.bincount(place.ravel(), much, minlength=pairs.shape[1])
    order = np.lexsort((-total, pairs[0]))
    return pairs[0][order], pairs[1][order], total[order].astype(np.float64)


def _relations(dimensions: Sequence[Dimension]) -> Rows:
    shape = tuple(len(one.parent) for one in dimensions)
    rows: list[Row] = []
    number = np.arange(prod(shape)).reshape(shape)
    for axis, one in enumerate(dimensions):
        lines = np.moveaxis(number, axis, 0).reshape(shape[axis], -1)
        for sum_of, parts in ((c, one.parts(c)) for c in range(shape[axis])):
            if parts:
                signs = [1.0] * len(parts) + [-1.0]
                rows += [
                    (lines[[*parts, sum_of], line].astype(np.int32), signs, 0.0, 0.0)
                    for line in range(lines.shape[1])
                ]
    return Rows.of(rows)


def published(table: Table, suppressed: Flags) -> list[frozenset[int]]:
    """Return the sets of contributors whose sums a reader of the protected table knows, for the log of releases."""
    found = {
        frozenset(table.members([int(c)])[0].tolist()) for c in np.flatnonzero(~suppressed & (table.contributors > 0))
    }
    return sorted(found, key=sorted)
