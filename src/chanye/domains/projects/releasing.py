"""A table through the disclosure gate: sums with margins, what is suppressed, and what earlier releases would add."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Release
from chanye.domains.projects.panel import LEAST, Books, books_of
from chanye.domains.projects.rules import growth
from chanye.domains.projects.types.releases import SIDES, ReleaseDraft, ReleaseRef
from chanye.engines.disclosure import Rules, flat, protect, refusals, tabulate
from chanye.engines.disclosure.table import published
from chanye.kernel.errors import ConfigError

#: The rules of the gate. They stay inside: whoever knows them learns more from what is left out.
RULES = Rules(threshold=LEAST, dominance=(2, 0.90), p_percent=0.10)
#: Time to look for the least to leave out. [s]
SECONDS = 5.0


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
    table = tabulate(codes, who, values[inside], [flat(len(row)) for row in names])
    safe = protect(table, RULES, seconds=SECONDS)
    sums = published(table, safe.suppressed)
    shown = np.where(safe.suppressed, np.nan, table.value).reshape(table.shape)
    count = np.where(safe.suppressed, 0, table.contributors).reshape(table.shape)
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
        body, figure, [sorted(one_sum) for one_sum in firms], int(safe.primary.sum()), int(safe.suppressed.sum()),
        _against_log(office_id, figure, firms),
    )  # fmt: skip


def _side(held: Books, side: str) -> np.ndarray:
    return {"sector": held.sector, "town": held.town, "size": held.size}[side]


def _cells(array: np.ndarray) -> list[Any]:
    """Return an array as lists; what is suppressed is None, never a number. An empty cell is 0."""
    if array.ndim > 1:
        return [_cells(row) for row in array]
    return [None if value != value else int(value) for value in array.tolist()]


def _against_log(office_id: int, figure: str, sums: list[frozenset[int]]) -> str:
    """Return why a table would tell too much beside those published before, empty if it would not."""
    log = [
        frozenset(one)
        for text in Release.objects.filter(office_id=office_id, figure=figure).values_list("sums", flat=True)
        for one in json.loads(text)
    ]
    known = set(log)
    found = refusals([one for one in sums if one not in known], log, threshold=LEAST) if log else ()
    if not found:
        return ""
    return _(
        "Together with a table published before, this one would let the figure of fewer than %(n)d firms be worked "
        "out by subtraction: publish the same grouping again, or wait for the next month."
    ) % {"n": LEAST}


def release_ref(row: Release) -> ReleaseRef:
    """Return a release as it crosses the wall, without the sums."""
    return ReleaseRef(
        row.pk, row.office_id, row.number, row.title, json.loads(row.body), row.digest, row.previous,
        row.published_at, row.published_by,
    )  # fmt: skip
