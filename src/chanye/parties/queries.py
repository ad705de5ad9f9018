"""Every read of the room."""

from __future__ import annotations

import json
from datetime import datetime

from chanye.kernel.time import to_us
from chanye.parties.models import ApiToken, AuditEntry, Membership, Organisation, Person
from chanye.parties.prepared import Prepared
from chanye.parties.rules import may, require
from chanye.parties.types import DISTRICT, AuditRow, MemberRef, OrganisationRef, TokenRef, Viewer
from chanye.sheets import Rows, View

_head = Prepared(lambda: AuditEntry.objects.order_by("-sequence").values_list("sequence")[:1])
_head_of = Prepared(
    lambda organisation: (
        AuditEntry.objects.filter(organisation_id_at=organisation).order_by("-sequence").values_list("sequence")[:1]
    )
)
_deeds = Prepared(
    lambda organisation, after: (
        AuditEntry.objects.filter(organisation_id_at=organisation, sequence__gt=after)
        .order_by("-sequence")
        .values_list("sequence", "verb")[:500]
    )
)


def memberships(viewer: Viewer) -> list[OrganisationRef]:
    """Return the organisations of the viewer's person, each with the roles held there."""
    roles: dict[int, list[str]] = {}
    rows = Membership.objects.filter(person_id=viewer.person_id or 0).order_by("role")
    for organisation_id, role in rows.values_list("organisation_id", "role"):
        roles.setdefault(organisation_id, []).append(role)
    found = Organisation.objects.filter(pk__in=roles).order_by("name")
    return [_organisation(row, tuple(roles[row.pk])) for row in found]


def organisations(viewer: Viewer) -> list[OrganisationRef]:
    """Return the organisations the viewer may look at: all for the system, else those of the person."""
    if not viewer.system:
        return memberships(viewer)
    return [_organisation(row) for row in Organisation.objects.order_by("name")]


def organisation(viewer: Viewer) -> OrganisationRef | None:
    """Return the organisation the viewer looks at, None if there is none."""
    row = Organisation.objects.filter(pk=viewer.organisation_id).first() if viewer.organisation_id else None
    return _organisation(row, tuple(sorted(viewer.roles))) if row else None


def organisation_by_code(viewer: Viewer, code: str) -> OrganisationRef | None:
    """Return an organisation by its code if the viewer may look at it, else None."""
    return next((row for row in organisations(viewer) if row.code == code), None)


def offices(viewer: Viewer) -> list[OrganisationRef]:
    """Return the offices of the district, which everybody who is signed in may know, by name."""
    if viewer.person_id is None and not viewer.system:
        return []
    return [_organisation(row) for row in Organisation.objects.filter(kind=DISTRICT).order_by("name", "pk")]


def firms(viewer: Viewer) -> list[OrganisationRef]:
    """Return the organisations that an office serves, by name: all but offices; none for whoever is no office."""
    if not viewer.office:
        return []
    return [_organisation(row) for row in Organisation.objects.exclude(kind=DISTRICT).order_by("name", "pk")]


def is_new(viewer: Viewer) -> bool:
    """Return whether nobody can sign in yet, which anybody may know: the sign-in page then says what to do."""
    return not Person.objects.filter(is_active=True).exists()


def person_id_of(viewer: Viewer, username: str) -> int | None:
    """Return the number of an active person by user name; only for those who manage members.

    Raises
    ------
    DeniedError
        If the viewer does not manage members.
    """
    require(viewer, "manage_members", viewer.organisation_id)
    return Person.objects.filter(username=username, is_active=True).values_list("pk", flat=True).first()


def members(viewer: Viewer, organisation_id: int) -> list[MemberRef]:
    """Return the members of an organisation with their roles, by name.

    Raises
    ------
    DeniedError
        If the viewer does not look at that organisation.
    """
    require(viewer, "read_members", organisation_id)
    roles: dict[int, list[str]] = {}
    rows = Membership.objects.filter(organisation_id=organisation_id).order_by("role")
    for person_id, role in rows.values_list("person_id", "role"):
        roles.setdefault(person_id, []).append(role)
    people = Person.objects.filter(pk__in=roles).order_by("name", "username")
    return [MemberRef(p.pk, p.username, str(p), tuple(roles[p.pk]), p.is_active) for p in people]


def member_by_badge(viewer: Viewer, organisation_id: int, badge: str) -> int | None:
    """Return the person with a badge (the name they sign in with) who works in an organisation; None if nobody."""
    require(viewer, "read_members", organisation_id)
    found = Membership.objects.filter(
        organisation_id=organisation_id, person__username=badge, person__is_active=True
    ).values_list("person_id", flat=True)
    number = found.first()
    return None if number is None else int(number)


def newest_deed(viewer: Viewer) -> int:
    """Return a number that grows with everything that is done in the viewer's organisation; 0 if nothing was.

    Every action writes a row of the audit log, so what was read stays true as long as this number does.
    """
    found = _head.one() if viewer.system else _head_of.one(organisation=viewer.organisation_id or 0)
    return int(found[0]) if found else 0


def deeds_since(viewer: Viewer, sequence: int) -> list[tuple[int, str]]:
    """Return number and verb of the deeds in the viewer's organisation after one, newest first, the newest 500."""
    return [(number, verb) for number, verb in _deeds(organisation=viewer.organisation_id or 0, after=sequence)]


def badge_of(viewer: Viewer) -> tuple[str, str] | None:
    """Return the badge (the name one signs in with) and the name of the viewer's person; None if it is nobody."""
    row = Person.objects.filter(pk=viewer.person_id or 0).first()
    return None if row is None else (row.username, str(row))


def tokens(viewer: Viewer) -> list[TokenRef]:
    """Return the tokens of the organisation looked at: all for its administrators, else the viewer's own."""
    found = ApiToken.objects.filter(organisation_id=viewer.organisation_id or 0).select_related("person")
    if not may(viewer, "manage_tokens", viewer.organisation_id):
        found = found.filter(person_id=viewer.person_id or 0)
    return [
        TokenRef(t.pk, t.person_id, str(t.person), t.name, to_us(t.created_at), _us(t.expires_at), _us(t.revoked_at))
        for t in found.order_by("-created_at")
    ]


def audit_head(viewer: Viewer) -> int:
    """Return the number of the newest row of the audit log, whoever looks: it grows with all that anybody does."""
    found = _head.one()
    return int(found[0]) if found else 0


def audit_trail(viewer: Viewer, view: View) -> Rows:
    """Return the audit rows of the organisation looked at that a view asks for; the system sees those of all.

    Raises
    ------
    DeniedError
        If the viewer may not read the audit log.
    """
    require(viewer, "read_audit", viewer.organisation_id)
    rows = AuditEntry.objects.order_by("-sequence")
    if not viewer.system:
        rows = rows.filter(organisation_id_at=viewer.organisation_id)
    return view.apply(rows, make=_audit_row)


def history_of(viewer: Viewer, organisation_id: int, target: str, *, limit: int = 100) -> list[AuditRow]:
    """Return what was done to one thing (``kind:id``), newest first; everybody who works there may know.

    Raises
    ------
    DeniedError
        If the viewer does not look at that organisation.
    """
    require(viewer, "read_organisation", organisation_id)
    rows = AuditEntry.objects.filter(organisation_id_at=organisation_id, target=target).order_by("-sequence")
    return [_audit_row(row) for row in rows[:limit]]


def _audit_row(row: AuditEntry) -> AuditRow:
    detail = json.loads(row.detail)
    return AuditRow(row.sequence, row.at, row.actor, row.person_id_at, row.verb, row.target, detail)


def _organisation(row: Organisation, roles: tuple[str, ...] = ()) -> OrganisationRef:
    return OrganisationRef(row.pk, row.code, row.name, row.kind, roles)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)
