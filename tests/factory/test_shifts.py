"""Shift reports: what they say, what a signature keeps, what came in later."""

from __future__ import annotations

import json

import pytest
from django.utils.translation import override

from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.shifts import sign_shift
from chanye.domains.factory.models import AndonCall, HandoverNote, Reason, ShiftReport
from chanye.domains.factory.queries import shifts as queries
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.models import AuditEntry
from chanye.parties.types import SYSTEM
from factory.test_measure_pages import client_of, mes, text_of  # noqa: F401 - a fixture
from factory.test_measures import HOUR, MINUTE, T, work
from mes_kit import Mes

pytestmark = pytest.mark.django_db
NOW = T + 9 * HOUR


def fill(mes: Mes) -> int:  # noqa: F811
    order = mes.order(quantity=100)
    work(mes, order, 10, T, 120, good=48, scrap=2, reason="burr")
    work(mes, order, 20, T + 2 * HOUR, 60, good=48)
    work(mes, order, 30, T + 3 * HOUR, 30, good=40)
    reason = Reason.objects.get(tree="help", code="maintenance", organisation=mes.firm)
    common = {"organisation": mes.firm, "place_id": mes.mill.id}
    AndonCall.objects.create(**common, key="c", type=reason, raised_at=T, received_at=T, answered_at=T + 4 * MINUTE)
    HandoverNote.objects.create(**common, note="换刀", event_at=T + HOUR, received_at=T + HOUR)
    return order


def test_a_shift_is_told_signed_and_held_against_what_came_later(mes: Mes) -> None:  # noqa: F811
    order = fill(mes)
    view = queries.shift_report(SYSTEM, mes.site.id, T, now=NOW)
    said = view.content
    assert said["pieces"] == {"good": 40, "scrap": 2, "rework": 0}
    assert [(one["number"], one["good"], one["target"]) for one in said["orders"]] == [("W-1", 40, 100)]
    assert [(one["name"], one["length"]) for one in said["people"]] == [("operator", 210 * MINUTE)]
    assert said["calls"]["rows"][0]["answer"] == 4 * MINUTE
    assert said["notes"][0]["note"] == "换刀"
    assert said["late"]["count"] == 0
    boss = mes.person("boss", "manager")
    with override("en"), pytest.raises(ConfigError, match="not over"):
        sign_shift(actor=boss, site_id=mes.site.id, start=T, now=T + 7 * HOUR)
    with override("en"), pytest.raises(ConfigError, match="begins then"):
        sign_shift(actor=boss, site_id=mes.site.id, start=T + 1, now=NOW)
    with pytest.raises(DeniedError):
        sign_shift(actor=mes.operator, site_id=mes.site.id, start=T, now=NOW)
    number = sign_shift(actor=boss, site_id=mes.site.id, start=T, remark="缺料", now=NOW)
    assert sign_shift(actor=boss, site_id=mes.site.id, start=T, now=NOW) == number
    assert AuditEntry.objects.filter(verb="sign_shift").count() == 1
    assert json.loads(json.dumps(said)) == ShiftReport.objects.get().content

    operation = mes.operation(order, 30)
    late = Report(T + 4 * HOUR, T + 10 * HOUR, person_id=mes.operator.person_id)
    bookings.report_output(actor=mes.operator, operation_id=operation.pk, at=late, good=8)
    view = queries.shift_report(SYSTEM, mes.site.id, T, now=NOW + 2 * HOUR)
    assert view.content["pieces"]["good"] == 40  # the signed paper stays
    assert [(one.what, one.signed, one.now) for one in view.changed] == [("pieces.good", 40, 48)]
    assert view.sound
    page = text_of(client_of(boss), f"/shifts/{mes.site.id}/{T}/")
    assert "good pieces: 40 → 48" in page
    assert "缺料" in page
    row = ShiftReport.objects.get()
    row.content["pieces"]["good"] = 99
    row.save()
    assert not queries.shift_report(SYSTEM, mes.site.id, T, now=NOW).sound


def test_pages_of_shifts(mes: Mes) -> None:  # noqa: F811
    fill(mes)
    client = client_of(mes.person("boss", "manager"))
    page = text_of(client, f"/shifts/{mes.site.id}/{T}/")
    assert "Sign this shift" in page
    assert "not signed" in page.lower()
    client.post(f"/shifts/{mes.site.id}/{T}/", {"remark": "ok"})
    assert ShiftReport.objects.get().remark == "ok"
    text_of(client, f"/shifts/{mes.site.id}/{T + 1}/", 404)
    text_of(client, "/shifts/?state=open")
    assert client.get("/shifts/?as=xlsx")["Content-Type"].endswith("sheet")
    other = Mes("other").person("boss", "manager")
    text_of(client_of(other), f"/shifts/{mes.site.id}/{T}/", 404)
