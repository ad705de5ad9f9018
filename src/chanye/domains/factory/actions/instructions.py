"""Work instructions at the terminal: who has read which version."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.models import Instruction, Operation
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def confirm_instruction(*, actor: Viewer, organisation_id: int, operation_id: int, version: int, at: Report) -> int:
    """Record that ``at.person_id`` has read the pages to confirm of an operation's instruction; return it.

    Raises
    ------
    ConfigError
        If there is no such version, or it was never released.
    DeniedError
        If there is no such operation for the actor.
    """
    require(actor, "report_output", organisation_id)
    row = Operation.objects.filter(id=operation_id, order__organisation_id=organisation_id).select_related("order")
    operation = row.first()
    if operation is None:
        raise DeniedError(_("There is no such operation, or it belongs to another organisation."))
    found = (
        Instruction.objects.filter(revision_id=operation.order.revision_id, step=operation.number, version=version)
        .exclude(state="draft")
        .first()
    )
    if found is None:
        raise ConfigError(
            _("There is no version %(version)s of this instruction: read it again.") % {"version": version}
        )
    record(
        actor=actor,
        verb="confirm_instruction",
        target=f"instruction:{found.pk}",
        detail={
            "order": operation.order.number,
            "operation": operation.number,
            "version": version,
            "person": at.person_id,
            "event_at": at.event_at,
        },
        organisation_id=organisation_id,
    )
    return int(found.pk)
