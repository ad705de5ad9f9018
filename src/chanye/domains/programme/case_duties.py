"""Duties within a transaction that holds the case already. For the room itself."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.models import Application, CaseDeed
from chanye.domains.programme.ties import ties_of
from chanye.domains.programme.types.applications import DUTIES
from chanye.domains.programme.words import DUTY_WORDS
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.types import Viewer


def take_in(actor: Viewer, row: Application, duty: str) -> None:
    """Take a duty in a case whose row is held by this transaction."""
    if duty not in DUTIES:
        raise ConfigError(_("There is no duty “%(duty)s”.") % {"duty": duty[:20]})
    if actor.person_id is None:
        raise ConfigError(_("A duty in a case is a person's: sign in as one."))
    if actor.organisation_id != row.organisation_id:
        _refuse_tied(actor, row)
    has = CaseDeed.objects.filter(application=row, person_id=actor.person_id).values_list("duty", flat=True).first()
    if has is None:
        try:
            with transaction.atomic():
                CaseDeed.objects.create(application=row, person_id=actor.person_id, duty=duty, at=now_us())
        except IntegrityError:
            # Somebody wrote for the same person meanwhile: the database has refused the second row.
            has = CaseDeed.objects.get(application=row, person_id=actor.person_id).duty
        else:
            _record(actor, row, duty)
            return
    if has != duty:
        raise ConfigError(
            _(
                "You have the duty “%(has)s” in this case, so you cannot take “%(duty)s”: "
                "nobody acts twice on one case. Ask a colleague."
            )
            % {"has": DUTY_WORDS[has], "duty": DUTY_WORDS[duty]}
        )


def _record(actor: Viewer, row: Application, duty: str) -> None:
    record(
        actor=actor,
        verb="take_duty",
        target=f"application:{row.pk}",
        detail={"duty": duty},
        organisation_id=row.office_id,
    )


def _refuse_tied(actor: Viewer, row: Application) -> None:
    ties = ties_of(row, actor.person_id or 0)
    if ties:
        raise ConfigError(
            _("You have a tie to this application (%(why)s): it is for a colleague to act on it.")
            % {"why": "; ".join(ties)}
        )
