"""The choice as a whole-number programme: one column a project, one row a rule."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chanye.engines.allocation.types import InfeasibleError, Programme, Project, Quota
from chanye.engines.linear import F64, INFINITE, Flags, Model, Row, Rows

#: Slack of a bound that is a number with decimals. [1]
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Projects as arrays; ``money`` is in the largest unit that divides every commitment, so that sums stay exact.

    Parameters
    ----------
    ids
        Numbers of the projects.
    unit
        Fen in one unit of money.
    money
        Shape (years, projects). [unit]
    effect, score
        Shape (projects,).
    must, may
        Shape (projects,): mandatory; not above the caps.
    """

    ids: tuple[int, ...]
    unit: int
    money: F64
    effect: F64
    score: F64
    must: Flags
    may: Flags
    groups: dict[str, Flags]
    variants: tuple[tuple[int, ...], ...]

    @property
    def grant(self) -> F64:
        """Shape (projects,): money of all years. [unit]."""
        total: F64 = self.money.sum(0)
        return total


def table_of(projects: Sequence[Project], programme: Programme) -> Table:
    """Check what was given and put it into arrays.

    Raises
    ------
    ValueError
        If a number stands twice, years do not match the envelopes, or an amount or effect makes no sense.
    """
    years = len(programme.envelopes)
    if len({one.id for one in projects}) != len(projects):
        raise ValueError("Give each project a number of its own.")
    if len({one.name for one in programme.quotas}) != len(programme.quotas):
        raise ValueError("Give each quota a name of its own.")
    for one in projects:
        if len(one.commitments) != years or min(one.commitments, default=0) < 0:
            raise ValueError(f"Project {one.id}: give the commitment of each of the {years} years, none below zero.")
        if not math.isfinite(one.effect):
            raise ValueError(f"Project {one.id}: the expected effect must be a number.")
    unit = math.gcd(*(money for one in projects for money in one.commitments)) or 1
    money = np.array([[m // unit for m in one.commitments] for one in projects], np.float64).reshape(-1, years).T
    names = {group for one in projects for group in one.groups}
    same: dict[str, list[int]] = defaultdict(list)
    for i, one in enumerate(projects):
        if one.variant_of:
            same[one.variant_of].append(i)
    return Table(
        tuple(one.id for one in projects),
        unit,
        money,
        np.array([one.effect for one in projects], np.float64),
        np.array([one.score for one in projects], np.float64),
        np.array([one.mandatory for one in projects], np.bool_),
        np.array([one.mandatory or _within_caps(one, programme) for one in projects], np.bool_),
        {name: np.array([name in one.groups for one in projects], np.bool_) for name in names},
        tuple(tuple(several) for several in same.values() if len(several) > 1),
    )


def _within_caps(project: Project, programme: Programme) -> bool:
    caps = programme.caps
    if caps is None:
        return True
    eligible = project.eligible_cost
    return project.grant <= caps.most and (eligible is None or project.grant <= caps.rate * eligible)


def envelope_rows(table: Table, envelopes: Sequence[int]) -> list[Row]:
    """Return one row a year; a part of a unit that no project can use is cut off."""
    rows: list[Row] = []
    for money, envelope in zip(table.money, envelopes, strict=True):
        columns = np.flatnonzero(money).astype(np.int32)
        rows.append((columns, money[columns], -INFINITE, float(envelope // table.unit)))
    return rows


def quota_row(table: Table, quota: Quota) -> Iterator[Row]:
    """Yield the rows of one quota: two where it limits a share on both sides."""
    inside = table.groups.get(quota.group, np.zeros(len(table.ids), np.bool_))
    everything = np.arange(len(table.ids), dtype=np.int32)
    if quota.of == "share":
        for bound, sign in ((quota.low, 1.0), (quota.high, -1.0)):
            if bound is not None:
                yield everything, sign * table.grant * (inside - bound), 0.0, INFINITE
        return
    unit, each = (table.unit, table.grant) if quota.of == "amount" else (1, np.ones(len(table.ids)))
    low = -INFINITE if quota.low is None else math.ceil(quota.low / unit - _EPSILON)
    high = INFINITE if quota.high is None else math.floor(quota.high / unit + _EPSILON)
    columns = np.flatnonzero(inside).astype(np.int32)
    yield columns, each[columns], low, high


def rows_of(table: Table, programme: Programme) -> Rows:
    """Return all rules as rows: envelopes first, in the order of years."""
    rows = envelope_rows(table, programme.envelopes)
    for quota in programme.quotas:
        rows += quota_row(table, quota)
    rows += [(several, [1.0] * len(several), -INFINITE, 1.0) for several in table.variants]
    return Rows.of(rows)


def model_of(table: Table, programme: Programme, *, whole: bool = True) -> Model:
    """Return the programme; with ``whole`` false projects may be taken in part."""
    kinds = np.ones(len(table.ids), np.bool_) if whole else None
    lower, upper = table.must.astype(np.float64), table.may.astype(np.float64)
    return Model(table.effect, rows_of(table, programme), lower, upper, kinds, maximise=True)


def counted(table: Table, quota: Quota, taken: Flags) -> float:
    """Return what a quota counts in a choice: fen, projects, or a share 0..1; NaN for a share of nothing."""
    inside = table.groups.get(quota.group, np.zeros(len(table.ids), np.bool_)) & taken
    if quota.of == "count":
        return float(inside.sum())
    amount = float(table.grant[inside].sum())
    if quota.of == "amount":
        return amount * table.unit
    whole = float(table.grant[taken].sum())
    return amount / whole if whole else math.nan


def keeps(quota: Quota, value: float) -> bool:
    """Say whether a quota is kept at a value; a share within a millionth, and of nothing whatever it asks for."""
    slack = 1e-6 if quota.of == "share" else _EPSILON
    return not (
        (quota.low is not None and value < quota.low - slack)
        or (quota.high is not None and value > quota.high + slack)
    )


def conflict(table: Table, programme: Programme, *, seconds: float) -> InfeasibleError:
    """Return which rules would have to give way where none can be kept together, so that the fewest steps are taken.

    Each side of a quota and each envelope may give way at a price that makes them comparable: per share of itself.
    """
    names: list[tuple[str, float]] = []
    rows: list[Row] = []
    price: list[float] = []
    width = len(table.ids)

    def soften(name: str, row: Row, unit: float) -> None:
        columns, values, low, high = row
        for bound, sign in ((low, 1.0), (high, -1.0)):
            if math.isfinite(bound):
                at = width + len(price)
                sides = (bound, INFINITE) if sign > 0 else (-INFINITE, bound)
                rows.append(([*columns, at], [*values, sign], *sides))
                price.append(1 / max(abs(bound), 1.0))
                names.append((name, unit))

    for year, row in enumerate(envelope_rows(table, programme.envelopes)):
        soften(f"envelope of year {year + 1}", row, table.unit)
    for quota in programme.quotas:
        for row in quota_row(table, quota):
            soften(quota.name, row, 1 if quota.of == "count" else table.unit)
    rows += [(several, [1.0] * len(several), -INFINITE, 1.0) for several in table.variants]
    extra = len(price)
    model = Model(
        np.concatenate([np.zeros(width), price]),
        Rows.of(rows),
        np.concatenate([table.must, np.zeros(extra)]).astype(np.float64),
        np.concatenate([table.may, np.full(extra, INFINITE)]).astype(np.float64),
        np.concatenate([np.ones(width), np.zeros(extra)]).astype(np.bool_),
    )
    model.limit(seconds=seconds)
    found = model.solve()
    broken = found.x[width:] if len(found.x) else np.zeros(0)
    given = [(name, float(much * unit)) for (name, unit), much in zip(names, broken, strict=False) if much > 1e-6]
    if not given:
        given = [("mandatory projects that are variants of each other", 1.0)] if found.infeasible else []
    return InfeasibleError(given)
