"""Writes of the equipment register and of declarations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.models import Declaration, Equipment
from chanye.domains.factory.types.certification import CONNECTIONS
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.actions import store_file

_FIELDS = ("name", "workshop", "digital", "connection", "since", "value", "retired")
#: What may be declared with a document.
DECLARED = ("design_tools",)


@transaction.atomic
def import_equipment(*, actor: Viewer, site_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Take lines of the equipment register, new or changed, found by their code; return how many.

    Parameters
    ----------
    rows
        ``code`` and any of ``name, workshop, digital, connection, since`` [us UTC]``, value`` [fen]``, retired,
        asset`` (code of a machine).

    Raises
    ------
    ConfigError
        If a line cannot be.
    """
    site = spine.asset(actor, site_id)
    require(actor, "edit_equipment", site.organisation_id)
    machines = {one.code: one.id for one in spine.assets(actor, below=site_id)}
    for row in rows:
        code = str(row.get("code") or "").strip()
        if not code:
            raise ConfigError(_("Equipment needs a code."))
        if row.get("connection") not in (None, "", *CONNECTIONS):
            raise ConfigError(_("%(code)s: there is no such way to connect.") % {"code": code})
        if row.get("asset") and row["asset"] not in machines:
            raise ConfigError(
                _("%(code)s: the site has no machine %(asset)s.") % {"code": code, "asset": row["asset"]}
            )
        values = {name: row[name] for name in _FIELDS if row.get(name) is not None}
        values |= {"site_id": site_id}
        if "asset" in row:
            values["asset_id"] = machines.get(row["asset"]) if row["asset"] else None
        if not values.get("name"):
            known = Equipment.objects.filter(organisation_id=site.organisation_id, code=code).first()
            values["name"] = known.name if known else code
        Equipment.objects.update_or_create(organisation_id=site.organisation_id, code=code, defaults=values)
    record(
        actor=actor,
        verb="import_equipment",
        target=f"site:{site_id}",
        detail={"rows": len(rows)},
        organisation_id=site.organisation_id,
    )
    return len(rows)


@transaction.atomic
def declare_share(
    *,
    actor: Viewer,
    site_id: int,
    criterion: str,
    numerator: float,
    denominator: float,
    document: tuple[str, bytes | BinaryIO] | None,
    note: str = "",
) -> int:
    """Declare a share that cannot be measured here, with the document that shows it; return the row.

    Raises
    ------
    ConfigError
        If the numbers cannot be, or there is no document.
    """
    site = spine.asset(actor, site_id)
    require(actor, "edit_equipment", site.organisation_id)
    if criterion not in DECLARED:
        raise ConfigError(_("This is measured here and cannot be declared."))
    if not 0 <= numerator <= denominator or denominator <= 0:
        raise ConfigError(_("Give how many there are, and how many of them count: not more than there are."))
    if document is None:
        raise ConfigError(_("Add the document that shows it."))
    kept = store_file(
        actor=actor,
        organisation_id=site.organisation_id,
        name=document[0],
        data=document[1],
        kinds=("document", "picture"),
    )
    row = Declaration.objects.create(
        organisation_id=site.organisation_id,
        site_id=site_id,
        criterion=criterion,
        numerator=numerator,
        denominator=denominator,
        file=kept.id,
        note=note.strip()[:500],
        declared_at=now_us(),
        declared_by_id=actor.person_id,
    )
    record(
        actor=actor,
        verb="declare_share",
        target=f"declaration:{row.pk}",
        detail={"criterion": criterion, "numerator": numerator, "denominator": denominator, "file": kept.id},
        organisation_id=site.organisation_id,
    )
    return int(row.pk)
