"""Writes of the list of firms: sector, town, size, place, and the months above scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import FirmProfile, ScopePeriod
from chanye.domains.projects.rules.months import read_month
from chanye.domains.projects.types.statistics import SIZES
from chanye.kernel.errors import ConfigError
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer


@transaction.atomic
def save_profiles(*, actor: Viewer, office_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """List firms, or change what is listed, found by the code of the organisation; return how many.

    Parameters
    ----------
    rows
        ``code, sector, town, size``; and any of ``latitude, longitude`` (WGS-84 [deg]), ``since, until`` (months
        above scale).

    Raises
    ------
    ConfigError
        If a firm is not known or something of it cannot be.
    """
    require(actor, "edit_statistics", office_id)
    firms = {one.code: one.id for one in parties.firms(actor)}
    for row in rows:
        code = str(row.get("code") or "")
        if code not in firms:
            raise ConfigError(
                _("There is no firm with the code %(code)s: create the organisation first.") % {"code": code[:80]}
            )
        _save(office_id, firms[code], code, row)
    record(
        actor=actor, verb="save_profiles", target=f"organisation:{office_id}", detail={"rows": len(rows)},
        organisation_id=office_id,
    )  # fmt: skip
    return len(rows)


def _save(office_id: int, organisation_id: int, code: str, row: Mapping[str, Any]) -> None:
    known = FirmProfile.objects.filter(office_id=office_id, organisation_id=organisation_id).first()
    profile = known or FirmProfile(office_id=office_id, organisation_id=organisation_id)
    for name in ("sector", "town", "size", "latitude", "longitude"):
        if row.get(name) is not None:
            setattr(profile, name, row[name])
    if profile.sector not in SECTORS or profile.size not in SIZES or not profile.town.strip():
        raise ConfigError(_("%(code)s: give its sector, town and size.") % {"code": code})
    if (profile.latitude is None) != (profile.longitude is None) or not (
        -90 <= (profile.latitude or 0) <= 90 and -180 <= (profile.longitude or 0) <= 180
    ):
        raise ConfigError(_("%(code)s: give latitude and longitude in degrees, or neither.") % {"code": code})
    profile.save()
    if row.get("since"):
        _keep_scope(profile, read_month(row["since"]), read_month(row["until"]) if row.get("until") else "")


def _keep_scope(profile: FirmProfile, since: str, until: str) -> None:
    if until and until < since:
        raise ConfigError(_("The months above scale end before they begin."))
    others = ScopePeriod.objects.filter(profile=profile).exclude(since=since)
    for one in others:
        if since <= (one.until or "9999-12") and one.since <= (until or "9999-12"):
            raise ConfigError(
                _("The months above scale overlap those from %(since)s: end those first.") % {"since": one.since}
            )
    ScopePeriod.objects.update_or_create(profile=profile, since=since, defaults={"until": until})


@transaction.atomic
def set_scope(*, actor: Viewer, profile_id: int, since: str, until: str = "") -> None:
    """Say from when to when a firm is above scale; ``until`` empty means still.

    Raises
    ------
    ConfigError
        If the months overlap others.
    """
    profile = FirmProfile.objects.select_for_update().filter(pk=profile_id).first()
    require(actor, "edit_statistics", profile.office_id if profile else None)
    if profile is None:
        raise ConfigError(_("There is no such firm in the statistics."))
    _keep_scope(profile, read_month(since), read_month(until) if until else "")
    record(
        actor=actor, verb="set_scope", target=f"profile:{profile_id}", detail={"since": since, "until": until},
        organisation_id=profile.office_id,
    )  # fmt: skip
