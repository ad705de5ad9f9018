"""By what firms, suppliers and people of the office are known: checks for relatives and ties compare these."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.models import Identity
from chanye.domains.programme.rules.plain import IDENTITIES, plain, plain_identity
from chanye.kernel.errors import ConfigError
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

MOST = 50


def _rows(values: Sequence[tuple[str, str]]) -> list[Identity]:
    if len(values) > MOST:
        raise ConfigError(_("At most %(n)s lines.") % {"n": MOST})
    rows = {}
    for kind, text in values:
        value = plain_identity(kind, text)
        if kind not in IDENTITIES or not value:
            raise ConfigError(
                _("“%(text)s” cannot be one: type it as it stands in the licence.") % {"text": text[:40]}
            )
        rows[kind, value] = Identity(kind=kind, value=value, shown=text.strip()[:200])
    return list(rows.values())


@transaction.atomic
def set_firm_identities(*, actor: Viewer, organisation_id: int, values: Sequence[tuple[str, str]]) -> None:
    """Replace what a firm is known by: (kind, value) of ``rules.plain.IDENTITIES``.

    Raises
    ------
    ConfigError
        If a value cannot be.
    DeniedError
        If the actor may not apply for the firm.
    """
    require(actor, "apply_funds", organisation_id)
    rows = _rows(values)
    Identity.objects.filter(organisation_id=organisation_id).delete()
    for row in rows:
        row.organisation_id = organisation_id
    Identity.objects.bulk_create(rows)
    _tell(actor, f"organisation:{organisation_id}", rows, organisation_id)


@transaction.atomic
def set_own_identities(*, actor: Viewer, values: Sequence[tuple[str, str]]) -> None:
    """Replace what the actor, a person of the office, is known by, and the firms that employ them or their family.

    Raises
    ------
    ConfigError
        If a value cannot be.
    DeniedError
        If the actor does not work for the office.
    """
    require(actor, "read_programme", actor.organisation_id)
    rows = _rows(values)
    Identity.objects.filter(person_id=actor.person_id or 0).delete()
    for row in rows:
        row.person_id = actor.person_id
    Identity.objects.bulk_create(rows)
    _tell(actor, f"person:{actor.person_id}", rows, actor.organisation_id)


@transaction.atomic
def set_supplier_identities(*, actor: Viewer, supplier: str, values: Sequence[tuple[str, str]]) -> None:
    """Replace what a supplier (credit code or name) is known by, as an officer found out.

    Raises
    ------
    ConfigError
        If a value cannot be.
    DeniedError
        If the actor may not check applications.
    """
    require(actor, "check_applications", actor.organisation_id)
    who = plain(supplier)[:200]
    if not who:
        raise ConfigError(_("Name the supplier by its credit code or name."))
    rows = _rows(values)
    Identity.objects.filter(supplier=who).delete()
    for row in rows:
        row.supplier = who
    Identity.objects.bulk_create(rows)
    _tell(actor, f"supplier:{who}", rows, actor.organisation_id)


def _tell(actor: Viewer, target: str, rows: list[Identity], organisation_id: int | None) -> None:
    detail = {"kinds": sorted({row.kind for row in rows})}
    record(actor=actor, verb="set_identities", target=target, detail=detail, organisation_id=organisation_id)
