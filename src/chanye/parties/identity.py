"""From proof of identity to a viewer: a person and an organisation, or the secret of an API token."""

from __future__ import annotations

import hashlib

from django.utils import timezone

from chanye.parties.models import ApiToken, Membership, Person
from chanye.parties.types import PUBLIC, Viewer


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
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        return PUBLIC
    roles: dict[int, set[str]] = {}
    for organisation, role in (
        Membership.objects.filter(person_id=person_id)
        .order_by("organisation_id")
        .values_list("organisation_id", "role")
    ):
        roles.setdefault(organisation, set()).add(role)
    wanted = (organisation_id, person.organisation_id, *roles)
    chosen = next((o for o in wanted if o in roles), None)
    held = frozenset(roles[chosen]) if chosen is not None else frozenset({"public"})
    return Viewer(person_id=person.pk, organisation_id=chosen, roles=held, name=str(person))


def viewer_for_token(secret: str) -> Viewer | None:
    """Return the viewer of an API token, None if it is unknown, expired, revoked or its person has left."""
    now = timezone.now()
    token = ApiToken.objects.filter(digest=token_digest(secret), revoked_at=None).first()
    if token is None or (token.expires_at is not None and token.expires_at <= now):
        return None
    viewer = viewer_for(token.person_id, token.organisation_id)
    if viewer.organisation_id != token.organisation_id:
        return None
    return Viewer(viewer.person_id, viewer.organisation_id, viewer.roles, name=f"{viewer.name} ({token.name})")


def person_by_username(username: str) -> Person | None:
    """Return the active person of that user name, None if there is none."""
    return Person.objects.filter(username=username, is_active=True).first()
