"""What people may do to people: roles, members, tokens, passwords; every deed leaves a row."""

import hashlib

import pytest
from django.http import QueryDict

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import actions, queries
from chanye.parties.audit import verify_chain
from chanye.parties.identity import viewer_for, viewer_for_token
from chanye.parties.models import ApiToken, AuditEntry, Person
from chanye.parties.pages import AUDIT
from chanye.parties.rules import MEMBERS, PERMISSIONS, may, permissions_of
from chanye.parties.types import PUBLIC, SYSTEM, Viewer
from parties.firms import PASSWORD, Firms


def test_roles_count_only_in_the_own_organisation(firms: Firms) -> None:
    assert may(firms.admin, "manage_members", firms.a)
    assert not may(firms.admin, "manage_members", firms.b)
    assert not may(firms.operator, "manage_members", firms.a)
    assert may(SYSTEM, "manage_members", firms.b)
    assert not may(firms.admin, "manage_members", None)
    assert permissions_of(PUBLIC) == frozenset()
    with pytest.raises(KeyError):
        may(SYSTEM, "manage_membres", firms.a)


def test_every_permission_is_a_verb_and_a_noun_for_known_roles() -> None:
    assert all(name.count("_") == 1 and name.islower() for name in PERMISSIONS)
    assert all(roles and roles <= MEMBERS for roles in PERMISSIONS.values())


def test_only_the_system_creates_organisations(firms: Firms) -> None:
    with pytest.raises(DeniedError, match=r"command line|命令行"):
        actions.create_organisation(actor=firms.admin, code="c", name="C")
    with pytest.raises(ConfigError):
        actions.create_organisation(actor=SYSTEM, code="b", name="again")
    with pytest.raises(ConfigError, match="space"):
        actions.create_organisation(actor=SYSTEM, code="a b", name="C")


def test_a_manager_gives_roles_but_never_the_administrators(firms: Firms) -> None:
    number = firms.operator.person_id or 0
    actions.add_member(actor=firms.manager, organisation_id=firms.a, person_id=number, role="quality")
    actions.add_member(actor=firms.manager, organisation_id=firms.a, person_id=number, role="quality")
    assert viewer_for(number).roles == {"operator", "quality"}
    assert AuditEntry.objects.filter(verb="add_member").count() == 1
    for organisation, role in ((firms.a, "admin"), (firms.b, "quality")):
        with pytest.raises(DeniedError):
            actions.add_member(actor=firms.manager, organisation_id=organisation, person_id=number, role=role)
    with pytest.raises(ConfigError):
        actions.add_member(actor=firms.manager, organisation_id=firms.a, person_id=number, role="king")
    with pytest.raises(ConfigError):
        actions.add_member(actor=firms.manager, organisation_id=firms.a, person_id=10**9, role="quality")


def test_the_last_administrator_stays(firms: Firms) -> None:
    admin = firms.admin.person_id or 0
    with pytest.raises(ConfigError):
        actions.remove_member(actor=firms.admin, organisation_id=firms.a, person_id=admin)
    with pytest.raises(DeniedError):
        actions.remove_member(actor=firms.manager, organisation_id=firms.a, person_id=admin)
    actions.add_member(
        actor=firms.admin, organisation_id=firms.a, person_id=firms.engineer.person_id or 0, role="admin"
    )
    actions.remove_member(actor=firms.admin, organisation_id=firms.a, person_id=admin)
    assert viewer_for(admin).organisation_id is None
    assert viewer_for(admin).roles == {"public"}


def test_a_token_is_shown_once_and_ends(firms: Firms) -> None:
    number, secret = actions.create_api_token(actor=firms.engineer, name="line PC")
    assert ApiToken.objects.get(pk=number).digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(list(ApiToken.objects.values())) + str(list(AuditEntry.objects.values()))
    viewer = viewer_for_token(secret)
    assert viewer is not None
    assert (viewer.person_id, viewer.organisation_id, viewer.roles) == (
        firms.engineer.person_id,
        firms.a,
        frozenset({"engineer"}),
    )
    assert viewer_for_token(secret + "x") is None
    for stranger in (firms.stranger, firms.operator):
        with pytest.raises((ConfigError, DeniedError)):
            actions.revoke_api_token(actor=stranger, token_id=number)
    actions.revoke_api_token(actor=firms.admin, token_id=number)
    assert viewer_for_token(secret) is None
    _, old = actions.create_api_token(actor=firms.engineer, name="old", expires_at=now_us() - 1)
    assert viewer_for_token(old) is None
    with pytest.raises(DeniedError):
        actions.create_api_token(actor=firms.operator, name="mine")


def test_a_token_ends_with_the_membership(firms: Firms) -> None:
    _, secret = actions.create_api_token(actor=firms.engineer, name="line PC")
    actions.add_member(
        actor=firms.stranger, organisation_id=firms.b, person_id=firms.engineer.person_id or 0, role="engineer"
    )
    actions.remove_member(actor=firms.admin, organisation_id=firms.a, person_id=firms.engineer.person_id or 0)
    assert viewer_for_token(secret) is None


def test_switching_needs_membership(firms: Firms) -> None:
    with pytest.raises(DeniedError):
        actions.switch_organisation(actor=firms.engineer, organisation_id=firms.b)
    number = firms.engineer.person_id or 0
    actions.add_member(actor=firms.stranger, organisation_id=firms.b, person_id=number, role="planner")
    actions.switch_organisation(actor=firms.engineer, organisation_id=firms.b)
    now = viewer_for(number)
    assert (now.organisation_id, now.roles) == (firms.b, {"planner"})
    assert {(o.code, o.roles) for o in queries.memberships(now)} == {("甲", ("engineer",)), ("b", ("planner",))}
    assert viewer_for(number, firms.a).roles == {"engineer"}


def test_passwords(firms: Firms) -> None:
    number = firms.engineer.person_id or 0
    with pytest.raises(ConfigError):
        actions.set_password(actor=firms.engineer, person_id=number, password="another long one", old_password="no")
    with pytest.raises(ConfigError):
        actions.set_password(actor=firms.engineer, person_id=number, password="short", old_password=PASSWORD)
    actions.set_password(actor=firms.engineer, person_id=number, password="another long one", old_password=PASSWORD)
    assert Person.objects.get(pk=number).check_password("another long one")
    actions.set_password(actor=firms.manager, person_id=number, password="set by manager")
    with pytest.raises(DeniedError):  # a manager must not become administrator by setting the password of one
        actions.set_password(actor=firms.manager, person_id=firms.admin.person_id or 0, password="set by manager")
    with pytest.raises(DeniedError):
        actions.set_password(actor=firms.stranger, person_id=number, password="set by stranger")
    actions.add_member(actor=firms.stranger, organisation_id=firms.b, person_id=number, role="planner")
    with pytest.raises(DeniedError):  # nor reach another organisation that way
        actions.set_password(actor=firms.manager, person_id=number, password="set by manager")


def test_the_audit_trail_shows_the_own_organisation_only(firms: Firms) -> None:
    rows = list(queries.audit_trail(firms.admin, AUDIT.read(QueryDict())))
    assert {row.verb for row in rows} == {"create_organisation", "create_person"}
    assert all("organisation:2" not in row.target for row in rows)
    assert [row.sequence for row in rows] == sorted((row.sequence for row in rows), reverse=True)
    assert queries.audit_trail(firms.admin, AUDIT.read(QueryDict("q=engineer"))).count == 0  # deeds, not details
    assert queries.audit_trail(SYSTEM, AUDIT.read(QueryDict())).count > len(rows)
    with pytest.raises(DeniedError):
        queries.audit_trail(firms.operator, AUDIT.read(QueryDict()))
    assert verify_chain().sound


def test_members_are_seen_by_members(firms: Firms) -> None:
    assert len(queries.members(firms.operator, firms.a)) == 4
    for viewer in (firms.stranger, PUBLIC, Viewer(None, None)):
        with pytest.raises(DeniedError):
            queries.members(viewer, firms.a)
