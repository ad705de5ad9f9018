"""What the programme asks of the evidence room: how small an effect data can show, and a plan to measure one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from chanye.domains.programme.days import ZONE, day_of, today
from chanye.domains.programme.models import Application
from chanye.evidence import measures
from chanye.evidence import queries as evidence
from chanye.evidence.actions import plans
from chanye.evidence.types import AssetMeasures, PlanDraft
from chanye.kernel.errors import ChanyeError
from chanye.kernel.time import now_us, to_us
from chanye.parties.rules import may
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import queries as spine

BASELINE_DAYS = 365
CONFIDENCE = 0.90
MONTHS = (6, 12)


def _midnight(day: date) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=ZONE))


def baseline(row: Application) -> tuple[int, int]:
    """Return the year before the project starts, or before today if that is earlier; in us UTC."""
    end = min(row.planned_start or today(), today())
    return _midnight(end - timedelta(days=BASELINE_DAYS)), _midnight(end)


def detect(viewer: Viewer, row: Application) -> dict[str, Any]:
    """Return how small a change the data of the asset can show, as plain data: relative, days, coverage, refusals."""
    if row.asset_id is None or not row.measure:
        return {}
    start, end = baseline(row)
    try:
        found = evidence.detectability(
            viewer,
            row.organisation_id,
            row.asset_id,
            row.measure,
            start,
            end,
            months=max(MONTHS),
            confidence=CONFIDENCE,
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
    """Make an unfrozen plan of how the effect of an application will be measured, or change the one it has.

    Returns
    -------
    int
        Its number.
    """
    start, end = baseline(row)
    draft = PlanDraft(
        title=row.title,
        measure=row.measure,
        upgrade_kind=row.upgrade_kind,
        method=row.method,
        baseline_start=start,
        baseline_end=end,
        claim=row.claim or 0.0,
        confidence=CONFIDENCE,
        months=MONTHS,
    )
    who = actor if may(actor, "plan_evidence", row.organisation_id) else SYSTEM
    if row.plan_id is not None and evidence.plan(who, row.plan_id).asset_id == row.asset_id:
        plans.change_plan(actor=who, plan_id=row.plan_id, draft=draft)
        return row.plan_id
    return plans.draft_plan(
        actor=who,
        organisation_id=row.organisation_id,
        asset_id=row.asset_id or 0,
        draft=draft,
        office_id=row.office_id,
        key=f"application:{row.pk}:{row.round}",
    )


def measures_of(viewer: Viewer, organisation_id: int) -> list[AssetMeasures]:
    """Return what can be measured where, as the evidence room answers it."""
    return evidence.assets_and_measures(viewer, organisation_id)


def measure_words() -> dict[str, str]:
    """Return the words of every measure."""
    return {one.code: str(one.label) for one in measures.every()}


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
