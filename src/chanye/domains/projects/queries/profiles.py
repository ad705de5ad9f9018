"""Reads of the list of firms."""

from __future__ import annotations

from chanye.domains.projects.models import FirmProfile, ScopePeriod
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.types.statistics import FirmRow
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def firms(viewer: Viewer, office_id: int | None = None, *, month: str = "") -> list[FirmRow]:
    """Return the firms that an office lists, by name; nothing of what they reported.

    Parameters
    ----------
    month
        In which it is asked whether they are above scale; now if empty.

    Raises
    ------
    DeniedError
        If the viewer does not read the office's statistics.
    """
    office = office_id or viewer.organisation_id
    require(viewer, "read_statistics", office)
    return _rows(list(FirmProfile.objects.filter(office_id=office).select_related("organisation")), month)


def firm(viewer: Viewer, organisation_id: int) -> FirmRow | None:
    """Return how a firm is listed, to itself or to an office that lists it; None if it is not."""
    rows = FirmProfile.objects.filter(organisation_id=organisation_id).select_related("organisation")
    if not viewer.system:
        if viewer.office:
            require(viewer, "read_statistics", viewer.organisation_id)
            rows = rows.filter(office_id=viewer.organisation_id)
        else:
            require(viewer, "read_organisation", organisation_id)
    found = _rows(list(rows.order_by("pk")[:1]), "")
    return found[0] if found else None


def office_of(viewer: Viewer) -> int | None:
    """Return the office that lists the viewer's firm, None if none does."""
    row = FirmProfile.objects.filter(organisation_id=viewer.organisation_id or 0).order_by("pk").first()
    return None if row is None else int(row.office_id)


def known_codes(viewer: Viewer) -> list[str]:
    """Return the codes of all firms that could be listed; none for whoever is no office."""
    return [one.code for one in parties.firms(viewer)]


def towns(viewer: Viewer) -> list[str]:
    """Return the towns where listed firms are, by name."""
    return sorted({one.town for one in firms(viewer)})


def public_office(viewer: Viewer) -> int | None:
    """Return the office that the public pages are about, whoever looks: the one whose list of firms is the oldest."""
    row = FirmProfile.objects.order_by("pk").values_list("office_id", flat=True).first()
    return None if row is None else int(row)


def _rows(profiles: list[FirmProfile], month: str) -> list[FirmRow]:
    month = month or calendar.month_at(now_us())
    scopes: dict[int, tuple[str, str]] = {}
    ids = [row.pk for row in profiles]
    for profile, since, until in (
        ScopePeriod.objects.filter(profile_id__in=ids).order_by("since").values_list("profile_id", "since", "until")
    ):
        if profile not in scopes or since <= month:
            scopes[profile] = since, until
    found = []
    for row in profiles:
        since, until = scopes.get(row.pk, ("", ""))
        above = bool(since) and since <= month and (not until or month <= until)
        found.append(
            FirmRow(
                row.pk,
                row.organisation_id,
                row.organisation.code,
                row.organisation.name,
                row.sector,
                row.town,
                row.size,
                row.latitude,
                row.longitude,
                above,
                since,
                until,
            )
        )
    return sorted(found, key=lambda one: (one.name, one.id))
