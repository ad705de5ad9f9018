"""Duties: nobody has two of enter, review, approve, pay, verify in one case. The database has the last word."""

from __future__ import annotations

from django.db import transaction

from chanye.domains.programme.case_duties import take_in
from chanye.domains.programme.case_rows import locked_row
from chanye.parties.types import Viewer


@transaction.atomic
def take_duty(*, actor: Viewer, application_id: int, duty: str) -> None:
    """Let a person take a duty in a case; the same duty again is nothing new.

    Parameters
    ----------
    duty
        enter, review, approve, pay or verify.

    Raises
    ------
    ConfigError
        If the person has another duty in this case already, or a tie to its firm.
    DeniedError
        If the actor may not see the case.
    """
    take_in(actor, locked_row(actor, application_id), duty)
