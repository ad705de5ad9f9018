"""Aggregates of what firms reported: the only thing of it that leaves the statistics.

Every figure goes through the gate (`gating`): a sum over at least ``LEAST`` firms none of which makes up too much of
it, and that gives none away beside the other figures of the month, or it is not shown: who reads one must not
read a firm.
"""

from __future__ import annotations

from dataclasses import replace

from chanye.domains.projects import panel
from chanye.domains.projects.gating import Shown, shown_of
from chanye.domains.projects.panel import TREND, books_of
from chanye.domains.projects.rules import growth as rules
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.types.statistics import Growth, Headline
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def newest_month(viewer: Viewer, office_id: int) -> str:
    """Return the last month for which anything is reported; the last that is over if nothing is."""
    require(viewer, "read_statistics", office_id)
    return panel.newest_month(office_id)


def headlines(viewer: Viewer, office_id: int, month: str, *, year_to_date: bool) -> list[Headline]:
    """Return every indicator of the district in a month: level, both growths, what is missing, nowcast.

    Raises
    ------
    DeniedError
        If the viewer does not read the office's statistics.
    """
    require(viewer, "read_statistics", office_id)
    held = books_of(office_id, month)
    gate = shown_of(held, month)
    shown = calendar.between(calendar.shift(month, 1 - TREND), month)
    found = []
    for one in held.indicators.values():
        now = rules.growth(held.panel, one, held.indicators, month, year_to_date=year_to_date)
        ahead = None if year_to_date else rules.nowcast(held.panel, one, month)
        line = rules.trend(held.panel, one, held.indicators, shown, year_to_date=year_to_date)
        now = _guarded(gate, one.code, now, year_to_date=year_to_date)
        line = tuple((m, x if shown_of(held, m).scopes.get((one.code, year_to_date)) else None) for m, x in line)
        if not gate.nowcasts.get(one.code) or not gate.levels.get((one.code, False)):
            ahead = None
        stage = "final" if month in held.closed else "first"
        found.append(Headline(one, month, year_to_date, now, ahead, stage, line))
    return found


def _guarded(gate: Shown, code: str, found: Growth, *, year_to_date: bool) -> Growth:
    """Take away what would show few firms."""
    key = code, year_to_date
    if not gate.levels.get(key):
        found = replace(found, current=None, levels=None)
    if not gate.bases.get(key):
        found = replace(found, base=None, levels=None)
    if not gate.scopes.get(key):
        found = replace(found, same_scope=None, matched_current=None, matched_base=None)
    return found
