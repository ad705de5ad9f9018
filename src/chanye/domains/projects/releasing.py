"""A table through the disclosure gate: sums with margins, what is suppressed, and what earlier releases would add."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from chanye.domains.projects.gating import tokens
from chanye.domains.projects.models import Release
from chanye.domains.projects.panel import LEAST, RULES, Books, books_of
from chanye.domains.projects.rules import growth
from chanye.domains.projects.rules.gate import Flags, Gate
from chanye.domains.projects.types.releases import SIDES, ReleaseDraft, ReleaseRef
from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.engines.disclosure import Table, audit, flat, primary, protect, protection, tabulate
from chanye.engines.disclosure.table import published
from chanye.kernel.errors import ConfigError

#: Time to look for the least to leave out. [s]
SECONDS = 5.0
#: How often cells are left out for what earlier months would add, before the whole table is refused.
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Made:
    """A table that went through the gate: what is published, and the sums it tells."""

    body: dict[str, Any]
    figure: str
    sums: list[list[int]]
    sensitive: int
    suppressed: int
    refused: str


def make(office_id: int, draft: ReleaseDraft) -> Made:
    """Return a table with what may not be published left out.

    Raises
    ------
    ConfigError
        If the draft names what there is not, or a firm has a figure below zero.
    """
    held = books_of(office_id, draft.month)
    one = held.indicators.get(draft.indicator)
    sides = [side for side in (draft.rows, draft.columns) if side]
    if one is None or one.kind == "ratio":
        raise ConfigError(_("Choose an indicator that can be summed."))
    if not sides or len(set(sides)) != len(sides) or set(sides) - set(SIDES):
        raise ConfigError(_("Group the table by sector, town or size, each at most once."))
    values = growth.amounts(held.panel, one, draft.month, year_to_date=True)
    at = held.panel.at(draft.month)
    inside = np.isfinite(values) & held.panel.member[:, at]
    if (values[inside] < 0).any():
        raise ConfigError(_("A firm reports less than nothing: such a table cannot be protected."))
    names = [sorted({str(name) for name in _side(held, side)[inside]}) for side in sides]
    if not inside.any():
        raise ConfigError(_("Nothing is reported for %(month)s.") % {"month": draft.month})
    codes = np.stack(
        [[row.index(str(n)) for n in _side(held, side)[inside]] for row, side in zip(names, sides, strict=True)], 1
    )
    who = np.flatnonzero(inside)
    sizes = [flat(len(row)) for row in names]
    table = tabulate(codes, who, values[inside], sizes)
    year = _Year(office_id, draft, one)
    changes = [tabulate(codes, who, row[inside], sizes) for row in year.between(names)]
    hidden, sensitive, refused = _hidden(table, year, list(zip(changes, year.hidden, strict=True)))
    sums = published(table, hidden)
    shown = np.where(hidden, np.nan, table.value).reshape(table.shape)
    count = np.where(hidden, 0, table.contributors).reshape(table.shape)
    firms = [frozenset(held.firms[i] for i in one_sum) for one_sum in sums]
    figure = f"{draft.indicator}:{draft.month}"
    body = {
        "title": draft.title.strip(), "indicator": one.code, "name": one.name, "name_en": one.name_en,
        "unit": one.unit, "decimals": one.decimals, "month": draft.month, "sides": sides, "labels": names,
        "year_to_date": one.kind in ("flow", "cumulative"), "values": _cells(shown), "firms": _cells(count),
        "members": int(held.panel.member[:, at].sum()), "reported": int(inside.sum()),
        "final": draft.month in held.closed,
    }  # fmt: skip
    return Made(
        body, figure, [sorted(one_sum) for one_sum in firms], sensitive, int(hidden.sum()),
        refused,
    )  # fmt: skip


class _Year:
    """What was published of an indicator in a year beside a new table: as sums over firms and months.

    ``hidden``: for each other month in which the same grouping was published, which cells were left out.
    """

    def __init__(self, office_id: int, draft: ReleaseDraft, one: IndicatorRef) -> None:
        self.summed, self.month, self._one = one.kind in ("flow", "cumulative"), draft.month, one
        rows = Release.objects.filter(office_id=office_id, figure__startswith=f"{draft.indicator}:{draft.month[:4]}-")
        self._log = [(row.figure[-7:], json.loads(row.body), row.sums) for row in rows.order_by("number")]
        if not self.summed:
            self._log = [logged for logged in self._log if logged[0] == draft.month]
        self._last = max([draft.month, *(month for month, _body, _sums in self._log)])
        self._held = books_of(office_id, self._last)
        amounts = tokens(self._held, one, draft.month[:4])
        self.gate, self.month_gate = Gate(amounts, RULES), Gate(amounts, RULES)
        place = {firm: i for i, firm in enumerate(self._held.firms)}
        for month, _body, sums in self._log:
            for one_sum in json.loads(sums):
                told = self.mask([place[i] for i in one_sum], month)
                self.gate.shown_before(told)
                if month == draft.month:
                    self.month_gate.shown_before(told)
        self._sides = [side for side in (draft.rows, draft.columns) if side]
        self.hidden: list[Flags] = []

    def mask(self, firms: list[int], month: str) -> Flags:
        """Return a published sum as firms and months: since January where it adds up, else the month alone."""
        found = np.zeros((len(self._held.firms), int(self._last[5:])), dtype=bool)
        at = int(month[5:])
        found[firms, 0 if self.summed else at - 1 : at] = True
        return found

    def between(self, names: list[list[str]]) -> list[np.ndarray]:
        """Return what each firm did between each other month with the same grouping and this one: [firms]."""
        found, self.hidden = [], []
        now = growth.amounts(self._held.panel, self._one, self.month, year_to_date=True)
        for month, body, _sums in self._log:
            if month == self.month or body["sides"] != self._sides or body["labels"] != names:
                continue
            then = growth.amounts(self._held.panel, self._one, month, year_to_date=True)
            found.append(np.nan_to_num(np.abs(now - then)))
            self.hidden.append(np.array([cell is None for cell in _leaves(body["values"])], dtype=bool))
        return found


def _side(held: Books, side: str) -> np.ndarray:
    return {"sector": held.sector, "town": held.town, "size": held.size}[side]


def _cells(array: np.ndarray) -> list[Any]:
    """Return an array as lists; what is suppressed is None, never a number. An empty cell is 0."""
    if array.ndim > 1:
        return [_cells(row) for row in array]
    return [None if value != value else int(value) for value in array.tolist()]


def _leaves(values: list[Any]) -> list[Any]:
    return [leaf for one in values for leaf in (_leaves(one) if isinstance(one, list) else [one])]


def _hidden(table: Table, year: _Year, changes: list[tuple[Table, Flags]]) -> tuple[Flags, int, str]:
    """Return which cells of a table are left out, how many are sensitive, and why it is refused all the same.

    Left out is, beside what the table itself asks for, what would tell by subtraction what happened between an
    earlier table of the year and this one.
    """
    also = np.zeros(len(table.value), dtype=bool)
    for rounds in range(ROUNDS):
        safe = protect(table, RULES, also=also, seconds=SECONDS / 2)
        more = _opened(table, year, safe.suppressed, changes) & ~also
        if not rounds and _refused(table, year, safe.suppressed).any():
            why = _(
                "Together with a table published before, this one would let the figure of fewer than %(n)d firms be "
                "worked out by subtraction: publish the same grouping again, or wait for the next month."
            )
            return safe.suppressed, int(safe.primary.sum()), why % {"n": LEAST}
        if not more.any():
            return safe.suppressed, int(safe.primary.sum()), ""
        also |= more
    late = _(
        "Together with tables of earlier months this one would tell what few firms did since: choose a coarser "
        "grouping, or wait for the next month."
    )
    return safe.suppressed, int(safe.primary.sum()), late


def _refused(table: Table, year: _Year, hidden: Flags) -> Flags:
    """Return the cells that tell too much beside tables of the same month."""
    return _held_back(table, year, hidden, year.month_gate) if year.month_gate.remembers else np.zeros(0, dtype=bool)


def _held_back(table: Table, year: _Year, hidden: Flags, gate: Gate) -> Flags:
    """Return the cells that a gate does not let through; the finest first: of a sum and its part the sum goes."""
    found, passed = np.zeros(len(table.value), dtype=bool), gate.copy()
    for cell in np.argsort(table.contributors, kind="stable"):
        if not hidden[cell] and table.contributors[cell]:
            found[cell] = not passed.admits(year.mask(table.members([int(cell)])[0].tolist(), year.month))
    return found


def _opened(table: Table, year: _Year, hidden: Flags, changes: list[tuple[Table, Flags]]) -> Flags:
    """Return the cells that tell too much beside the tables of earlier months if all but ``hidden`` is published."""
    found = _held_back(table, year, hidden, year.gate)
    for change, before in changes:
        both = hidden | before | found
        asked, level = primary(change, RULES), protection(change, RULES)
        found |= asked & ~both & (change.contributors > 0)
        found[audit(change, both, level=level, which=asked & both).exposed(change, level, asked)] = True
    return found


def release_ref(row: Release) -> ReleaseRef:
    """Return a release as it crosses the wall, without the sums."""
    return ReleaseRef(
        row.pk, row.office_id, row.number, row.title, json.loads(row.body), row.digest, row.previous,
        row.published_at, row.published_by,
    )  # fmt: skip
