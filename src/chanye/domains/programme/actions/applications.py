"""Moving an application from state to state."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.actions.ledger import post_journal
from chanye.domains.programme.award_rows import bound
from chanye.domains.programme.case_findings import require_clear
from chanye.domains.programme.case_rows import locked_row
from chanye.domains.programme.case_steps import require_side, step
from chanye.domains.programme.models import Application
from chanye.domains.programme.review_rows import close_reviews
from chanye.domains.programme.rules import ledger
from chanye.domains.programme.rules.moves import MOVES, require_move
from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer


@transaction.atomic
def advance(*, actor: Viewer, application_id: int, move: str, reason: str = "", amount: int | None = None) -> str:
    """Move an application on and return its new state. Money committed to one that is withdrawn is free again.

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
    require_side(actor, row, MOVES[move])
    if move == "approve":
        row.approved = _approved(row, amount)
    if move == "accept":
        require_clear(row)
    if move == "conclude":
        close_reviews(row)
    if move == "withdraw":
        _free_commitment(actor, row)
    return step(actor, row, move, reason)


def _free_commitment(actor: Viewer, row: Application) -> None:
    """Give what is committed to a project back to the envelopes of the years it came from."""
    about = {"application_id": row.pk, "organisation_id": row.organisation_id}
    years = bound(row.pk, "commitment")
    if years:
        lines = ledger.joined(*(ledger.move("uncommit", year, amount, **about) for year, amount in years.items()))
        words = row.number or row.title
        post_journal(actor=actor, office_id=row.office_id, kind="uncommit", words=words, entries=lines)


def _approved(row: Application, amount: int | None) -> int:
    wanted = row.requested if amount is None else amount
    if not 0 < wanted <= row.requested:
        raise ConfigError(_("Approve more than nothing, and no more than was requested."))
    return wanted
