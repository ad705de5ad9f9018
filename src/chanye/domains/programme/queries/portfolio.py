"""Reading choices of a portfolio, and trying other envelopes without keeping anything."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chanye.domains.programme.models import PortfolioRun
from chanye.domains.programme.rules import portfolio as rules
from chanye.domains.programme.rules.awards import digest_of
from chanye.domains.programme.types.portfolio import PortfolioRef
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def _seen(viewer: Viewer) -> QuerySet[PortfolioRun]:
    require(viewer, "read_ledger", viewer.organisation_id)
    rows = PortfolioRun.objects.select_related("call")
    return rows if viewer.system else rows.filter(office_id=viewer.organisation_id or 0)


def runs(viewer: Viewer) -> list[PortfolioRef]:
    """Return the newest hundred choices of the viewer's office."""
    return [_ref(row) for row in _seen(viewer).order_by("-pk")[:100]]


def run(viewer: Viewer, run_id: int) -> PortfolioRef:
    """Return one choice.

    Raises
    ------
    DeniedError
        If there is none for the viewer.
    """
    row = _seen(viewer).filter(pk=run_id).first()
    if row is None:
        raise DeniedError(_("There is no such choice, or it is not open to you."))
    return _ref(row)


def what_if(viewer: Viewer, run_id: int, factor: float) -> dict[str, Any]:
    """Return what would be chosen if all envelopes were so many times as large; nothing is kept.

    Raises
    ------
    ConfigError
        If the factor is not between 0.1 and 3, or no choice keeps all rules.
    """
    if not 0.1 <= factor <= 3:
        raise ConfigError(_("Try envelopes between 10 and 300 % of what there is."))
    return rules.solve(run(viewer, run_id).inputs, factor=factor, whole=False)


def _ref(row: PortfolioRun) -> PortfolioRef:
    return PortfolioRef(
        row.pk,
        row.call_id,
        row.call.title,
        row.state,
        row.digest,
        row.at,
        row.by,
        row.proposed_by,
        row.approved_by,
        json.loads(row.inputs),
        row.result,
        digest_of(row.inputs) == row.digest,
    )
