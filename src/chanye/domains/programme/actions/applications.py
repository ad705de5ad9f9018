"""Moving an application from state to state."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.actions.checks import require_clear
from chanye.domains.programme.actions.duties import take_in
from chanye.domains.programme.actions.reviews import close_reviews
from chanye.domains.programme.case_rows import locked_row
from chanye.domains.programme.models import Application
from chanye.domains.programme.rules.moves import MOVES, Move, require_move
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def advance(*, actor: Viewer, application_id: int, move: str, reason: str = "", amount: int | None = None) -> str:
    """Move an application on and return its new state.

    Parameters
    ----------
    move
        A key of ``rules.moves.MOVES`` other than ``submit`` (see ``submit_application``).
    reason
        Why; needed to return, refuse and decline.
    amount
        What is approved, with ``approve``; what was requested if not given. [fen]

    Raises
    ------
    ConfigError
        If the state does not allow it, the reason is missing, a rule or finding stands against it, or the person
        has another duty in the case.
    DeniedError
        If the actor may not see the application, or may not do it.
    """
    row = locked_row(actor, application_id)
    if move == "submit":
        raise ConfigError(_("An application is submitted from its form."))
    require_move(move, row.state)
    _require_side(actor, row, MOVES[move])
    if move == "approve":
        row.approved = _approved(row, amount)
    if move == "accept":
        require_clear(row)
    if move == "conclude":
        close_reviews(row)
    return step(actor, row, move, reason)


def _approved(row: Application, amount: int | None) -> int:
    wanted = row.requested if amount is None else amount
    if not 0 < wanted <= row.requested:
        raise ConfigError(_("Approve more than nothing, and no more than was requested."))
    return wanted


def step(actor: Viewer, row: Application, move: str, reason: str = "", **detail: object) -> str:
    """Move a row that is held by this transaction, with permission, duty and audit row."""
    found = require_move(move, row.state)
    _require_side(actor, row, found)
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


def _require_side(actor: Viewer, row: Application, move: Move) -> None:
    require(actor, move.permission, row.organisation_id if move.side == "firm" else row.office_id)


def _tell(actor: Viewer, row: Application, verb: str, detail: dict[str, object]) -> None:
    record(
        actor=actor,
        verb=f"{verb}_application",
        target=f"application:{row.pk}",
        detail=detail,
        organisation_id=row.office_id if row.submitted_at else row.organisation_id,
    )
