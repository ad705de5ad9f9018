"""From proof of identity to a viewer: a person and an organisation, or the secret of an API token."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from django.utils import timezone

from chanye.parties.models import ApiToken, Person
from chanye.parties.prepared import Prepared
from chanye.parties.types import PUBLIC, Viewer

#: Name, user name, organisation chosen last, and each membership of an active person.
_person = Prepared(
    lambda person: (
        Person.objects.filter(pk=person, is_active=True)
        .order_by("memberships__organisation_id")
        .values_list(
            "name",
            "username",
            "organisation_id",
            "memberships__organisation_id",
            "memberships__organisation__kind",
            "memberships__role",
        )
    )
)
_token = Prepared(
    lambda digest: ApiToken.objects.filter(digest=digest, revoked_at=None).values_list(
        "person_id", "organisation_id", "name", "expires_at"
    )
)


def token_digest(secret: str) -> str:
    """Return the form in which a token is kept: SHA-256. It is 256 random bits, so a slow hash adds nothing."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def viewer_for(person_id: int, organisation_id: int | None = None) -> Viewer:
    """Return the viewer of a person.

    Parameters
    ----------
    person_id
        Who.
    organisation_id
        For which organisation; if None or the person is no member of it: the one chosen last, else the first
        one the person is a member of, else none.
    """
    rows = _person(person=person_id)
    if not rows:
        return PUBLIC
    name, username, last = rows[0][:3]
    roles: dict[int, set[str]] = {}
    kinds: dict[int | None, str] = {None: "firm"}
    for *_who, organisation, kind, role in rows:
        if organisation is not None:
            roles.setdefault(organisation, set()).add(role)
            kinds[organisation] = kind
    wanted = (organisation_id, last, *roles)
    chosen = next((o for o in wanted if o in roles), None)
    held = frozenset(roles[chosen]) if chosen is not None else frozenset({"public"})
    return Viewer(person_id=person_id, organisation_id=chosen, roles=held, name=name or username, kind=kinds[chosen])


def viewer_for_token(secret: str) -> Viewer | None:
    """Return the viewer of an API token, None if it is unknown, expired, revoked or its person has left."""
    token = _token.one(digest=token_digest(secret))
    if token is None:
        return None
    person, organisation, name, expires = token
    if expires is not None and expires <= timezone.now():
        return None
    viewer = viewer_for(person, organisation)
    if viewer.organisation_id != organisation:
        return None
    return replace(viewer, name=f"{viewer.name} ({name})")


def person_by_username(username: str) -> Person | None:
    """Return the active person of that user name, None if there is none."""
    return Person.objects.filter(username=username, is_active=True).first()
