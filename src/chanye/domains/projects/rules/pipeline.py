"""What a project and its stages may be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from chanye.domains.projects.types.pipeline import KINDS, STAGES, STATUSES, ProjectDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.geo import check_position
from chanye.parties.sectors import SECTORS

#: Largest amount of one project. [fen]
MOST = 10**16
#: A unified project code has letters, digits and hyphens, e.g. 2301-500112-04-01-123456.
CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._/-]{0,63}")
#: Stages that are recorded by hand; capital paid in is booked payment by payment.
RECORDED = tuple(one for one in STAGES if one != "paid_in")

#: What is said of a project, beside its code, its years and what it is part of.
FIELDS = (
    "name", "owner_id", "owner_name", "asset_id", "status", "kind", "sector", "town", "place",
    "latitude", "longitude", "scope", "planned_total", "planned_start", "planned_finish", "foreign_capital",
)  # fmt: skip
#: What a row of an import may bring, beside the days of stages; what it leaves out stays as it is.
TAKEN = frozenset(FIELDS) - {"owner_id", "owner_name", "asset_id", "scope", "foreign_capital"}


def check_project(draft: ProjectDraft) -> None:
    """Raise ConfigError naming what a project cannot be."""
    if not CODE.fullmatch(draft.code):
        raise ConfigError(_("Type the unified project code: letters, digits and hyphens, at most 64."))
    if not draft.name.strip() or len(draft.name) > 200:
        raise ConfigError(_("A project needs a name of at most 200 characters."))
    for value, known in ((draft.status, STATUSES), (draft.kind, KINDS), (draft.sector, {"": "", **SECTORS})):
        if value not in known:
            raise ConfigError(
                _("“%(value)s” is not known here; choose one of: %(known)s.")
                % {"value": value[:40], "known": ", ".join(filter(None, known))}
            )
    _check_place(draft)
    _check_money(draft)


def _check_place(draft: ProjectDraft) -> None:
    if draft.planned_start and draft.planned_finish and draft.planned_finish < draft.planned_start:
        raise ConfigError(_("A project cannot finish before it starts."))
    if (draft.latitude is None) != (draft.longitude is None):
        raise ConfigError(_("A place needs both latitude and longitude."))
    if draft.latitude is not None and draft.longitude is not None:
        check_position(draft.latitude, draft.longitude)


def _check_money(draft: ProjectDraft) -> None:
    if not 0 <= draft.planned_total <= MOST or any(not 0 <= one <= MOST for one in draft.years.values()):
        raise ConfigError(_("An amount of a project is between zero and 100 trillion yuan."))
    if any(not 1990 <= year <= 2100 for year in draft.years):
        raise ConfigError(_("A year of the plan is between 1990 and 2100."))
    if sum(draft.years.values()) > draft.planned_total:
        raise ConfigError(_("The years together plan more than the planned total."))


def check_stage(stage: str, on: date | None, amount: int, evidence: str, *, today: date) -> None:
    """Raise ConfigError if a stage cannot be recorded so."""
    if stage not in RECORDED:
        raise ConfigError(_("Choose a stage. Capital paid in is booked as a payment."))
    if on is not None and not date(1990, 1, 1) <= on <= today:
        raise ConfigError(_("The day of a stage cannot be in the future, nor before 1990."))
    if not evidence.strip():
        raise ConfigError(_("Name what shows it: the number of the contract, permit, registration or certificate."))
    if not 0 <= amount <= MOST:
        raise ConfigError(_("An amount of a project is between zero and 100 trillion yuan."))


def stage_of(dates: Mapping[str, date | None]) -> str:
    """Return the furthest stage that was reached, empty if none."""
    return next((stage for stage in reversed(STAGES) if dates.get(stage) is not None), "")


def share(part: int | None, whole: int) -> float | None:
    """Return part of whole as a share, None where either is not known."""
    return None if part is None or whole <= 0 or not math.isfinite(part) else part / whole


def check_row(values: Mapping[str, Any], *, today: date) -> None:
    """Raise ConfigError if a row of an import cannot be a project."""
    given = {name: values[name] for name in TAKEN if values.get(name) is not None}
    check_project(ProjectDraft(**{"code": values.get("code") or "", "name": "", **given}))
    for stage in RECORDED:
        on = values.get(f"{stage}_on")
        if on is not None:
            check_stage(stage, on, values.get(f"{stage}_amount") or 0, "import", today=today)
