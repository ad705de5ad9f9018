"""Prepared queries give what the queryset itself gives, whatever the values."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count, Q
from django.test.utils import CaptureQueriesContext

from chanye.parties.models import AuditEntry, Membership, Organisation, Person, Webhook
from chanye.parties.prepared import Prepared

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Person]:
    firms = [Organisation.objects.create(name=f"厂 {i}", code=f"f{i}") for i in range(3)]
    made = []
    for i in range(7):
        person = Person.objects.create(
            username=f"p{i}", name=f"人 {i}", organisation=firms[i % 3], is_active=i % 4 != 0
        )
        Membership.objects.create(person=person, organisation=firms[i % 3], role="operator")
        made.append(person)
    return made


def test_rows_are_those_of_the_queryset(people: list[Person]) -> None:
    def wanted(firm: int, name: str) -> object:
        rows = Person.objects.filter(Q(organisation_id=firm) | Q(username=name), is_active=True).order_by("username")
        return rows.values_list("id", "username", "is_active", "date_joined", "memberships__role")

    prepared = Prepared(wanted)
    for firm in {person.organisation_id for person in people}:
        for name in ("p1", "p2", "none", "prepared value name -1", "'; --"):
            assert prepared(firm=firm, name=name) == list(wanted(firm, name))
    assert prepared.one(firm=-1, name="nobody") is None


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 7])
def test_a_list_of_any_length(people: list[Person], count: int) -> None:
    prepared = Prepared(lambda people: Person.objects.filter(id__in=people).order_by("id").values_list("id"))
    ids = [person.pk for person in people[:count]]
    assert prepared(people=ids) == [(number,) for number in ids]
    named = Prepared(lambda names: Person.objects.filter(username__in=names).order_by("id").values_list("username"))
    assert named(names=[person.username for person in people[:count]]) == [(p.username,) for p in people[:count]]


def test_objects_come_whole_with_what_they_stand_beside(people: list[Person]) -> None:
    prepared = Prepared(
        lambda person: Membership.objects.filter(person_id=person).select_related("person__organisation")
    )
    for person in people:
        (found,) = prepared(person=person.pk)
        with CaptureQueriesContext(connection) as asked:
            assert (found.person.name, found.person.organisation.code) == (person.name, person.organisation.code)
        assert len(asked) == 0
        found.role = "manager"
        found.save()
        assert Membership.objects.get(person=person).role == "manager"


def test_values_are_turned_into_what_the_fields_hold() -> None:
    firm = Organisation.objects.create(name="f", code="f")
    hook = Webhook.objects.create(
        organisation=firm, name="h", url="https://e.org", kinds=["order.released"], created_at=1
    )
    prepared = Prepared(lambda firm: Webhook.objects.filter(organisation_id=firm).values_list("id", "kinds"))
    assert prepared(firm=firm.pk) == [(hook.pk, ["order.released"])]
    assert prepared(firm=firm.pk)[0][1] is not prepared(firm=firm.pk)[0][1]  # nobody's list is another's


def test_sums_and_limits(people: list[Person]) -> None:
    prepared = Prepared(
        lambda least: (
            Membership.objects.filter(person_id__gte=least)
            .values_list("organisation_id")
            .annotate(n=Count("id"))
            .order_by("organisation_id")[:2]
        )
    )
    for person in people:
        rows = Membership.objects.filter(person_id__gte=person.pk).values_list("organisation_id")
        assert prepared(least=person.pk) == list(rows.annotate(n=Count("id")).order_by("organisation_id")[:2])


def test_it_is_written_once(people: list[Person]) -> None:
    calls = []

    def wanted(person: int) -> object:
        calls.append(person)
        return Person.objects.filter(id=person)

    prepared = Prepared(wanted)
    assert [prepared.one(person=person.pk) for person in people] == people
    assert len(calls) == 1


def test_a_value_that_is_not_compared_as_it_is_is_refused() -> None:
    with pytest.raises(TypeError, match="text"):
        Prepared(lambda text: AuditEntry.objects.filter(verb__startswith=text).values_list("verb"))(text="a")
