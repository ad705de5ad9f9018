"""Who may see and touch a plan: its firm, and the office it was given to; used inside the room only."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from chanye.evidence.models import Plan
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer


def seen(viewer: Viewer) -> QuerySet[Plan]:
    """Return the plans the viewer may read: of their firm, or given to their office."""
    if viewer.system:
        return Plan.objects.all()
    mine = viewer.organisation_id or 0
    if not may(viewer, "read_evidence", mine):
        return Plan.objects.none()
    # an office reads what was given to it; a plan is given with its number, not with the firm's other plans
    given = Q(office_id=mine) if viewer.office else Q(pk__in=[])
    return Plan.objects.filter(Q(organisation_id=mine) | given)


def plan_for(actor: Viewer, plan_id: int, permission: str, *, office: bool = False) -> Plan:
    """Return a plan that the actor may act on; ``office``: the office it was given to may as well.

    Raises
    ------
    DeniedError
        If there is none, or the actor holds no such permission.
    """
    row = Plan.objects.select_related("asset", "organisation", "upgrade").filter(pk=plan_id).first()
    if row is None or not _theirs(actor, row):
        raise DeniedError(_("There is no such plan, or it belongs to another organisation."))
    given = office and row.office_id is not None and actor.office and actor.organisation_id == row.office_id
    require(actor, permission, row.office_id if given else row.organisation_id)
    return row


def _theirs(actor: Viewer, row: Plan) -> bool:
    given = actor.office and row.office_id is not None and row.office_id == actor.organisation_id
    return actor.system or row.organisation_id == actor.organisation_id or given
