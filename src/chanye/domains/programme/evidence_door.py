"""What the programme asks of the evidence room: how small an effect a firm's data can show, and a plan to measure it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

from chanye.domains.programme.models import Application
from chanye.kernel.errors import ChanyeError
from chanye.kernel.time import now_us, to_us
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine

ZONE = ZoneInfo("Asia/Shanghai")
BASELINE_DAYS = 365
CONFIDENCE = 0.90
MONTHS = (6, 12)


def today() -> date:
    """Return the day in the district."""
    return datetime.now(ZONE).date()


def day_of(moment: int) -> date:
    """Return the day in the district of a moment [us UTC]."""
    return datetime.fromtimestamp(moment / 1e6, tz=ZONE).date()


def _midnight(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=ZONE))


def baseline(row: Application) -> tuple[int, int]:
    """Return the year before the project starts, or before today if that is earlier. [us UTC]"""
    end = min(row.planned_start or today(), today())
    return _midnight(end - timedelta(days=BASELINE_DAYS)), _midnight(end)


def detect(viewer: Viewer, row: Application) -> dict[str, Any]:
    """Return how small a change the data of the asset can show, as plain data: relative, days, coverage, refusals."""
    if row.asset_id is None or not row.measure:
        return {}
    start, end = baseline(row)
    detectability = import_module("chanye.evidence.queries").detectability
    try:
        found = detectability(
            viewer, row.organisation_id, row.asset_id, row.measure, start, end, months=MONTHS, confidence=CONFIDENCE
        )
    except ChanyeError as error:
        return {"relative": None, "refusals": [str(error)], "at": now_us()}
    return {
        "relative": found.relative,
        "days": found.days,
        "coverage": found.coverage,
        "refusals": [str(one) for one in found.refusals],
        "at": now_us(),
    }


def draft_plan(actor: Viewer, row: Application) -> int:
    """Make an unfrozen plan of how the effect of a submitted application will be measured; return its number."""
    types, actions = import_module("chanye.evidence.types"), import_module("chanye.evidence.actions")
    start, end = baseline(row)
    draft = types.PlanDraft(
        title=row.title,
        measure=row.measure,
        upgrade_kind=row.upgrade_kind,
        method=row.method,
        baseline_start=start,
        baseline_end=end,
        claim=row.claim,
    )
    number: int = actions.draft_plan(
        actor=actor,
        organisation_id=row.organisation_id,
        asset_id=row.asset_id,
        draft=draft,
        office_id=row.office_id,
        key=f"application:{row.pk}:{row.round}",
    )
    return number


def measures_of(viewer: Viewer, organisation_id: int) -> list[Any]:
    """Return what can be measured where, as the evidence room answers it."""
    found: list[Any] = import_module("chanye.evidence.queries").assets_and_measures(viewer, organisation_id)
    return found


def first_signals(asset_ids: Sequence[int]) -> dict[int, date | None]:
    """Return the day of the first sample of each asset, None where there is none.

    Only that day leaves the firm's data: it is what a nameplate is compared with.
    """
    found: dict[int, date | None] = dict.fromkeys(asset_ids)
    for series in spine.series_of(SYSTEM, asset_ids):
        raw = spine.trend(SYSTEM, series.id, 0, 1).raw
        if raw is not None and raw.time.size:
            day = day_of(int(raw.time.min()))
            known = found[series.asset_id]
            found[series.asset_id] = day if known is None or day < known else known
    return found
