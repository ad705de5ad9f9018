"""Which projects somebody may see and change: the office its own, a firm those it owns. One place says it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Project
from chanye.domains.projects.rules.flags import Facts
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer


def visible(viewer: Viewer) -> QuerySet[Project]:
    """Return the projects a viewer may see: all for the system, an office's own, else those the firm owns."""
    rows = Project.objects.all()
    if viewer.system:
        return rows
    if viewer.organisation_id is None:
        return rows.none()
    if viewer.office:
        allowed = may(viewer, "read_projects", viewer.organisation_id)
        return rows.filter(organisation_id=viewer.organisation_id) if allowed else rows.none()
    allowed = may(viewer, "read_applications", viewer.organisation_id)
    return rows.filter(owner_id=viewer.organisation_id) if allowed else rows.none()


def held(actor: Viewer, project_id: int, permission: str) -> Project:
    """Return a project, locked until the transaction ends, for somebody who may do this to it.

    Raises
    ------
    DeniedError
        If there is none that the actor may see, or the permission is not held.
    """
    row = visible(actor).select_for_update().filter(pk=project_id).first()
    if row is None:
        raise DeniedError(_("There is no such project, or it belongs to another organisation."))
    require(actor, permission, row.organisation_id)
    return row


def facts_of(row: Project) -> Facts:
    """Return what flags are raised from."""
    return Facts(
        row.status, row.planned_total, row.first_total, row.paid_out, row.physical, row.started_on,
        row.in_production_on, row.next_due, row.reported_on, row.baseline_version, row.photo_faults, row.falsified,
    )  # fmt: skip
