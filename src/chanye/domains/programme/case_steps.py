"""Moving a case that is held by the transaction. For the room itself."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.programme.case_duties import take_in
from chanye.domains.programme.models import Application
from chanye.domains.programme.rules.moves import Move, require_move
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def step(actor: Viewer, row: Application, move: str, reason: str = "", **detail: object) -> str:
    """Move a row that is held by this transaction, with permission, duty and audit row."""
    found = require_move(move, row.state)
    require_side(actor, row, found)
    reason = reason.strip()[:2000]
    if found.reason and not reason:
        raise ConfigError(_("Say why: the firm reads it."))
    if found.duty:
        take_in(actor, row, found.duty)
    was, now = row.state, now_us()
    row.state, row.changed_at = found.target, now
    row.reason = reason if found.reason else ""
    if found.target in ("refused", "approved", "declined", "withdrawn"):
        row.decided_at = now
    row.save()
    _tell(actor, row, move, {"from": was, "to": row.state, **({"reason": reason} if reason else {}), **detail})
    return row.state


def require_side(actor: Viewer, row: Application, move: Move) -> None:
    """Go on only if the actor may make a move on the side it belongs to."""
    require(actor, move.permission, row.organisation_id if move.side == "firm" else row.office_id)


def _tell(actor: Viewer, row: Application, verb: str, detail: dict[str, object]) -> None:
    record(
        actor=actor,
        verb=f"{verb}_application",
        target=f"application:{row.pk}",
        detail=detail,
        organisation_id=row.office_id if row.submitted_at else row.organisation_id,
    )
