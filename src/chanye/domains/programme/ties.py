"""Ties of a person of the office to an application, by what both are known by. For the room itself."""

from __future__ import annotations

from django.utils.translation import gettext as _

from chanye.domains.programme.case_facts import quote_identities
from chanye.domains.programme.case_rows import dossier_of
from chanye.domains.programme.models import Application, Conflict, Identity
from chanye.domains.programme.rules.conflicts import TIE_WORDS
from chanye.domains.programme.rules.plain import IDENTITIES, plain_identity
from chanye.parties import queries as parties
from chanye.parties.types import SYSTEM


def ties_of(row: Application, person_id: int) -> list[str]:
    """Return why a person must keep away from an application, in words; empty if nothing is known.

    That is a tie declared earlier, work for the firm, or an identity (phone, address, account, name of a firm of
    the person or its family) that the firm or one of its suppliers has too.
    """
    told = [one.text for one in Conflict.objects.filter(application=row, person_id=person_id)]
    if any(one.person_id == person_id for one in parties.members(SYSTEM, row.organisation_id)):
        told.append(_("works for %(firm)s") % {"firm": row.organisation.name})
    theirs = {
        (one.kind, one.value): row.organisation.name for one in Identity.objects.filter(organisation=row.organisation)
    }
    theirs["name", plain_identity("name", row.organisation.name)] = row.organisation.name
    for quote in dossier_of(row).quotes:
        for kind, value, _shown in quote_identities(quote):
            theirs.setdefault((kind, value), quote.supplier)
    told += [
        _("shares %(kind)s with %(who)s: %(value)s")
        % {"kind": IDENTITIES[one.kind], "who": theirs[one.kind, one.value], "value": one.shown}
        for one in Identity.objects.filter(person_id=person_id)
        if (one.kind, one.value) in theirs
    ]
    return list(dict.fromkeys(told))


def told_ties(row: Application, person_id: int) -> tuple[str, ...]:
    """Return the ties of a person to a case that are on record."""
    rows = Conflict.objects.filter(application=row, person_id=person_id).order_by("pk")
    return tuple(one.text or str(TIE_WORDS.get(one.kind, one.kind)) for one in rows)
