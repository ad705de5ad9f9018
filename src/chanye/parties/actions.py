"""Every write of the room: each one transaction, one audit row."""

from __future__ import annotations

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.ids import check_segment
from chanye.kernel.time import from_us
from chanye.parties import audit
from chanye.parties.identity import token_digest
from chanye.parties.models import ApiToken, Membership, Organisation, Person
from chanye.parties.rules import ROLES, require
from chanye.parties.types import Viewer


@transaction.atomic
def create_organisation(*, actor: Viewer, code: str, name: str, kind: str = "firm") -> int:
    """Create a tenant and return its number; only the system (the command line) does.

    Raises
    ------
    ConfigError
        If the code is taken or not usable as a name in paths.
    DeniedError
        If the actor is not the system.
    """
    if not actor.system:
        raise DeniedError(_("Organisations are created on the command line: chanye init."))
    code = check_segment(code, "code")
    if Organisation.objects.filter(code=code).exists():
        raise ConfigError(_("The code %(code)s is taken: choose another one.") % {"code": code})
    row = Organisation.objects.create(code=code, name=_named(name, 200), kind=kind)
    audit.record(
        actor=actor,
        verb="create_organisation",
        target=f"organisation:{row.pk}",
        detail={"code": code, "name": row.name, "kind": kind},
        organisation_id=row.pk,
    )
    return int(row.pk)


@transaction.atomic
def create_person(
    *, actor: Viewer, organisation_id: int, username: str, name: str, role: str, password: str | None = None
) -> int:
    """Create somebody who can sign in, as a member of an organisation, and return the number.

    Without a password nobody can sign in as this person until one is set.

    Raises
    ------
    ConfigError
        If the user name is taken or malformed, the role unknown or the password too weak.
    DeniedError
        If the actor may not manage the members, or not grant this role.
    """
    _require_grant(actor, role, organisation_id)
    username = check_segment(username, "user name")
    if Person.objects.filter(username=username).exists():
        raise ConfigError(_("The user name %(name)s is taken: choose another one.") % {"name": username})
    person = Person(username=username, name=_named(name or username, 100), organisation_id=organisation_id)
    _store_password(person, password)
    person.save()
    Membership.objects.create(person=person, organisation_id=organisation_id, role=role)
    audit.record(
        actor=actor,
        verb="create_person",
        target=f"person:{person.pk}",
        detail={"username": username, "name": person.name, "role": role},
        organisation_id=organisation_id,
    )
    return int(person.pk)


@transaction.atomic
def add_member(*, actor: Viewer, organisation_id: int, person_id: int, role: str) -> None:
    """Give a person a role in an organisation; giving it twice changes nothing.

    Raises
    ------
    ConfigError
        If the role or the person is unknown.
    DeniedError
        If the actor may not manage the members, or not grant this role.
    """
    _require_grant(actor, role, organisation_id)
    if not Person.objects.filter(pk=person_id, is_active=True).exists():
        raise ConfigError(_("There is no such person: create the person first."))
    _row, made = Membership.objects.get_or_create(person_id=person_id, organisation_id=organisation_id, role=role)
    if made:
        audit.record(
            actor=actor,
            verb="add_member",
            target=f"person:{person_id}",
            detail={"role": role},
            organisation_id=organisation_id,
        )


@transaction.atomic
def remove_member(*, actor: Viewer, organisation_id: int, person_id: int, role: str | None = None) -> None:
    """Take one role, or all, of a person in an organisation away.

    Raises
    ------
    ConfigError
        If the person does not have it, or the organisation would be left without an administrator.
    DeniedError
        If the actor may not manage the members, or the role is one the actor may not grant.
    """
    require(actor, "manage_members", organisation_id)
    held = Membership.objects.filter(organisation_id=organisation_id)
    gone = held.filter(person_id=person_id, **({"role": role} if role else {}))
    roles = sorted(gone.values_list("role", flat=True))
    if not roles:
        raise ConfigError(_("The person does not have this role here: reload the page."))
    if "admin" in roles:
        require(actor, "grant_admin", organisation_id)
        if not held.filter(role="admin").exclude(person_id=person_id).exists():
            raise ConfigError(_("This is the last administrator: give somebody else the role first."))
    gone.delete()
    audit.record(
        actor=actor,
        verb="remove_member",
        target=f"person:{person_id}",
        detail={"roles": roles},
        organisation_id=organisation_id,
    )


@transaction.atomic
def switch_organisation(*, actor: Viewer, organisation_id: int) -> None:
    """Let the actor look at another of the person's organisations from now on.

    Raises
    ------
    DeniedError
        If the person is not a member there.
    """
    if not Membership.objects.filter(person_id=actor.person_id or 0, organisation_id=organisation_id).exists():
        raise DeniedError(_("You are not a member of that organisation: ask its administrator."))
    Person.objects.filter(pk=actor.person_id or 0).update(organisation_id=organisation_id)
    audit.record(
        actor=actor,
        verb="switch_organisation",
        target=f"person:{actor.person_id}",
        organisation_id=organisation_id,
    )


@transaction.atomic
def choose_language(*, actor: Viewer, language: str) -> None:
    """Remember the language a person wants to read.

    Raises
    ------
    ConfigError
        If the product does not speak it.
    DeniedError
        If nobody is signed in.
    """
    if actor.person_id is None:
        raise DeniedError(_("Sign in first."))
    if language not in {"zh-hans", "en"}:
        raise ConfigError(_("Choose zh-hans or en."))
    Person.objects.filter(pk=actor.person_id or 0).update(language=language)
    audit.record(
        actor=actor, verb="choose_language", target=f"person:{actor.person_id}", detail={"language": language}
    )


@transaction.atomic
def set_password(*, actor: Viewer, person_id: int, password: str, old_password: str | None = None) -> None:
    """Set a password: one's own with the old one, or that of a member of nothing but one's own organisation.

    Raises
    ------
    ConfigError
        If the person or the old password is not right, or the new one too weak.
    DeniedError
        If the actor may not.
    """
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        raise ConfigError(_("There is no such person: create the person first."))
    if actor.person_id == person_id:
        if not person.check_password(old_password or ""):
            raise ConfigError(_("The old password is not right: type it again."))
    else:
        _require_ward(actor, person_id)
    _store_password(person, password)
    person.save(update_fields=["password"])
    audit.record(actor=actor, verb="set_password", target=f"person:{person_id}")


@transaction.atomic
def create_api_token(*, actor: Viewer, name: str, expires_at: int | None = None) -> tuple[int, str]:
    """Create a key for programs that act as the actor, and return its number and secret.

    Parameters
    ----------
    name
        What it is for.
    expires_at
        When it ends, us UTC; None for never.

    Returns
    -------
    tuple
        Number and secret. The secret is shown this once; only its SHA-256 is kept.

    Raises
    ------
    DeniedError
        If the actor may not create tokens.
    """
    require(actor, "create_token", actor.organisation_id)
    if actor.person_id is None or actor.organisation_id is None:
        raise DeniedError(_("A token acts for a person in an organisation: sign in first."))
    secret = f"chy_{secrets.token_urlsafe(32)}"
    row = ApiToken.objects.create(
        person_id=actor.person_id,
        organisation_id=actor.organisation_id,
        name=_named(name, 100),
        digest=token_digest(secret),
        expires_at=None if expires_at is None else from_us(expires_at),
    )
    audit.record(actor=actor, verb="create_api_token", target=f"token:{row.pk}", detail={"name": row.name})
    return int(row.pk), secret


@transaction.atomic
def revoke_api_token(*, actor: Viewer, token_id: int) -> None:
    """End a token at once: one's own, or any of the organisation for its administrators.

    Raises
    ------
    ConfigError
        If there is no such token to revoke.
    DeniedError
        If it is somebody else's.
    """
    row = ApiToken.objects.filter(pk=token_id, revoked_at=None).first()
    if row is None or (row.organisation_id != actor.organisation_id and not actor.system):
        raise ConfigError(_("There is no such token, or it is revoked already: reload the page."))
    if row.person_id != actor.person_id:
        require(actor, "manage_tokens", row.organisation_id)
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    audit.record(
        actor=actor,
        verb="revoke_api_token",
        target=f"token:{token_id}",
        detail={"name": row.name},
        organisation_id=row.organisation_id,
    )


def _require_grant(actor: Viewer, role: str, organisation_id: int) -> None:
    require(actor, "manage_members", organisation_id)
    if role not in ROLES - {"public"}:
        raise ConfigError(_("There is no role %(role)s: choose one of the list.") % {"role": role})
    if role == "admin":
        require(actor, "grant_admin", organisation_id)
    if not Organisation.objects.filter(pk=organisation_id).exists():
        raise ConfigError(_("There is no such organisation: create it first."))


def _require_ward(actor: Viewer, person_id: int) -> None:
    """Refuse unless the actor governs every organisation the person belongs to, and so everything it could reach."""
    if actor.system:
        return
    homes = list(Membership.objects.filter(person_id=person_id).values_list("organisation_id", "role"))
    permission = "grant_admin" if any(role == "admin" for _home, role in homes) else "manage_members"
    require(actor, permission, actor.organisation_id)
    if not homes or any(home != actor.organisation_id for home, _role in homes):
        raise DeniedError(_("The person belongs to other organisations too and must set the password personally."))


def _store_password(person: Person, password: str | None) -> None:
    if password is None:
        person.set_unusable_password()
        return
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise ConfigError(" ".join(error.messages)) from None
    person.set_password(password)


def _named(name: str, longest: int) -> str:
    clean = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    if not clean or len(clean) > longest:
        raise ConfigError(_("A name has 1 to %(longest)d characters: change it.") % {"longest": longest})
    return clean
