"""Nonconformances: reported, contained in trace, decided with their bookings, acted on, closed; the board."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chanye.domains.factory.actions import bookings, incoming, nonconformance
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.disposition import Decision
from chanye.domains.factory.models import CorrectiveAction, HoldRule, Nonconformance, Order
from chanye.domains.factory.queries import cases, quality_board
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.actions import create_api_token
from chanye.parties.models import Person
from chanye.parties.types import Viewer
from chanye.trace import queries as trace
from mes_kit import Mes

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def client_of(viewer: Viewer) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def mes() -> Mes:
    return Mes()


def lot(mes: Mes, code: str = "H-1", quantity: float = 100) -> int:
    incoming.receive_lot(
        actor=mes.operator,
        organisation_id=mes.firm.pk,
        material="STEEL",
        lot=code,
        quantity=quantity,
        supplier="重钢",
        key=code,
    )
    return trace.find(mes.operator, code)[0].id


def report(mes: Mes, **more: object) -> int:
    return nonconformance.report_nonconformance(
        actor=mes.operator, organisation_id=mes.firm.pk, title="表面裂纹", **more
    )


def contained(mes: Mes, **more: object) -> Nonconformance:
    number = report(mes, **more)
    nonconformance.contain_nonconformance(actor=mes.quality, case_id=number, containment="隔离")
    return Nonconformance.objects.get(pk=number)


def decide(mes: Mes, row: Nonconformance, disposition: str, **more: object) -> dict[str, object]:
    nonconformance.dispose_nonconformance(
        actor=mes.quality, case_id=row.pk, disposition=disposition, decision=Decision(**more)
    )
    row.refresh_from_db()
    return row.booked


def output(mes: Mes, order: int, **counts: object) -> None:
    at = Report(now_us(), now_us(), None, mes.operator.person_id)
    bookings.report_output(actor=mes.operator, operation_id=mes.operation(order, 10).pk, at=at, **counts)


@pytest.mark.parametrize(
    ("disposition", "decision", "left", "blocked"),
    [
        ("use_as_is", {"party": "总工"}, 100, False),
        ("scrap", {"quantity": 30.0}, 70, True),
        ("scrap", {}, 0, True),
        ("return", {}, 100, False),
        ("return", {"quantity": 40.0}, 60, True),
        ("sort", {"quantity": 25.0}, 75, False),
    ],
)
def test_a_decision_is_booked_in_trace(mes: Mes, disposition: str, decision, left: float, blocked: bool) -> None:
    item = lot(mes)
    row = contained(mes, material="STEEL", lot="H-1")
    assert (row.item, row.blocked) == (item, [item])
    assert trace.item(mes.quality, item).blocked.startswith("NC-00001")
    decide(mes, row, disposition, **decision)
    now = trace.item(mes.quality, item)
    assert (float(now.left), bool(now.blocked)) == (left, blocked)
    part = trace.find(mes.quality, "H-1-R1")
    assert now.left + now.scrapped + sum(one.made for one in part) == 100, "nothing is lost"
    if disposition == "return":
        gone = part[0] if part else now
        assert (gone.status, gone.holder) == ("shipped", "重钢")
    if disposition == "sort":
        assert part[0].blocked


@pytest.mark.parametrize(
    ("disposition", "decision", "why"),
    [
        ("use_as_is", {}, "who allowed it"),
        ("sort", {"quantity": 100.0}, "nothing is left to sort"),
        ("scrap", {"quantity": 101.0}, "Only 100 of H-1"),
        ("scrap", {"quantity": float("nan")}, "more than 0"),
        ("rework", {"quantity": 5.0}, "Only pieces of an order"),
        ("burn", {}, "Choose what becomes"),
    ],
)
def test_what_cannot_be_booked_decides_nothing(mes: Mes, disposition: str, decision, why: str) -> None:
    item = lot(mes)
    row = contained(mes, material="STEEL", lot="H-1")
    with pytest.raises(ConfigError, match=why):
        decide(mes, row, disposition, **decision)
    row.refresh_from_db()
    assert (row.state, float(trace.item(mes.quality, item).left)) == ("contained", 100)


def test_pieces_of_an_operation_are_scrapped_or_reworked(mes: Mes) -> None:
    HoldRule.objects.create(organisation=mes.firm, kind="nonconformance")
    order = mes.order()
    output(mes, order, good=50)
    row = contained(mes, operation_id=mes.operation(order, 10).pk)
    assert mes.operation(order, 10).state == "held"
    assert decide(mes, row, "scrap", quantity=5.0, reason="burr")["scrap"] == 5
    assert Order.objects.get(pk=order).scrap == 5
    again = contained(mes, operation_id=mes.operation(order, 30).pk)
    HoldRule.objects.all().delete()
    made = decide(mes, again, "rework", quantity=3.0, reason="polish")
    assert made["rework"] == 3
    third = contained(mes, operation_id=mes.operation(order, 20).pk)
    booked = decide(mes, third, "rework", quantity=4.0)
    assert Order.objects.get(pk=booked["order"]).quantity == 4


def test_only_what_is_whole_and_ours_is_reported(mes: Mes) -> None:
    other = Mes("other")
    for wrong, why in (
        ({"quantity": float("inf")}, "more than 0"),
        ({"severity": "huge"}, "minor, major or critical"),
        ({"files": [10**9]}, "no such picture"),
        ({"detail": "\x00"}, "cannot be stored"),
    ):
        with pytest.raises(ConfigError, match=why):
            report(mes, **wrong)
    with pytest.raises(DeniedError):
        report(mes, operation_id=other.operation(other.order(), 10).pk)
    number = report(mes)
    with pytest.raises(DeniedError):
        nonconformance.contain_nonconformance(actor=other.quality, case_id=number, containment="x")
    with pytest.raises(ConfigError, match="no lot or piece X-1"):
        nonconformance.contain_nonconformance(actor=mes.quality, case_id=number, containment="x", lots=["X-1"])


def test_an_action_is_done_by_one_and_looked_at_by_another_with_what_was_measured(mes: Mes, history) -> None:
    order = mes.order()
    output(mes, order, good=80, scrap=10, reason="burr")
    row = contained(mes, operation_id=mes.operation(order, 10).pk, material="P-1")
    now = now_us()
    plan = {
        "case_id": row.pk,
        "action": "换刀",
        "due_at": now - 2 * DAY,
        "check_at": now - DAY,
        "causes": ["磨损", ""],
    }
    stranger = Mes("other").operator.person_id
    with pytest.raises(ConfigError, match="does not work here"):
        nonconformance.plan_action(actor=mes.quality, responsible_id=stranger, **plan)
    made = nonconformance.plan_action(actor=mes.quality, responsible_id=mes.operator.person_id, **plan)
    (late,) = cases.overdue_actions(mes.quality)
    assert (late.id, late.causes, late.late) == (made, ("磨损",), True)
    nonconformance.finish_action(actor=mes.operator, action_id=made, note="已换")
    CorrectiveAction.objects.filter(pk=made).update(done_at=now_us() - 10_000_000)
    found = cases.effect(mes.quality, made, now=now_us())
    assert found is not None
    client = client_of(mes.quality)
    client.post(
        f"/quality/cases/{row.pk}/", {"do": "check", "action": str(made), "effective": "1", "evidence": "0/500"}
    )
    checked = CorrectiveAction.objects.get(pk=made)
    assert checked.effective
    assert set(checked.measured) >= {"before_rate", "after_rate", "before_coverage"}
    decide(mes, row, "scrap", quantity=1.0, reason="burr")
    client.post(f"/quality/cases/{row.pk}/", {"do": "close"})
    row.refresh_from_db()
    assert row.state == "closed"
    paper = text_of(client, f"/quality/cases/{row.pk}/print/")
    assert "D8 Closing" in paper
    assert "磨损" in paper


def test_a_case_by_form_with_a_photo(mes: Mes, history) -> None:
    client = client_of(mes.operator)
    assert "No nonconformance yet" in text_of(client, "/quality/cases/")
    lot(mes)
    sent = {"title": "划伤", "severity": "major", "material": "STEEL", "lot": "H-1", "quantity": "5"}
    no_picture = SimpleUploadedFile("x.png", b"not a picture", "image/png")
    assert client.post("/quality/cases/new/", sent | {"photo": no_picture}).status_code == 400
    there = client.post("/quality/cases/new/", sent | {"photo": SimpleUploadedFile("x.png", PNG)})["Location"]
    page = client.get(there).content.decode()
    assert re.search(r"/files/\d+/x.png", page)
    assert client.post(there, {"do": "contain", "containment": "x"}).status_code in (302, 404)
    boss = client_of(mes.quality)
    boss.post(there, {"do": "contain", "containment": "隔离", "block": "1"})
    item = Nonconformance.objects.get().item
    assert trace.item(mes.quality, item).blocked
    boss.post(there, {"do": "release", "item": str(item), "reason": "复检合格"})
    assert not trace.item(mes.quality, item).blocked
    assert "lot released: 复检合格" in text_of(boss, there)
    assert client_of(Mes("other").quality).get(there).status_code == 404


def test_the_board_counts_by_hand(mes: Mes) -> None:
    client = client_of(mes.quality)
    assert "nothing was booked" in text_of(client, "/quality/")
    HoldRule.objects.create(organisation=mes.firm, kind="scrap_rate", window=20, least=10, limit=0.1)
    order = mes.order()
    output(mes, order, good=16, scrap=4, reason="burr")
    operation = mes.operation(order, 10)
    assert operation.state == "held"
    now = now_us()
    found = quality_board.scrap(mes.quality, now - now % DAY, now - now % DAY + DAY)
    assert (found.total.pieces, found.total.scrap, found.total.rate) == (20, 4, pytest.approx(0.2))
    assert (found.limit, found.yields, found.reasons[0].name) == (0.1, (("P-1", pytest.approx(0.8)),), "毛刺")
    page = text_of(client, "/quality/?days=7")
    assert "Scrap rate 20.00 %: 4 of 20 pieces" in page
    client.post("/quality/", {"do": "release", "operation": str(operation.pk), "reason": ""})
    assert mes.operation(order, 10).state == "held"
    client.post("/quality/", {"do": "release", "operation": str(operation.pk), "reason": "换刀后首件合格"})
    assert mes.operation(order, 10).state == "paused"
    output(mes, order, good=1)
    assert mes.operation(order, 10).state != "held", "what was looked at at the release does not hold it again"


def with_token(mes: Mes) -> Client:
    _number, secret = create_api_token(actor=mes.person("boss", "manager"), name="t", expires_at=None)
    return Client(headers={"authorization": f"Bearer {secret}"})


def test_over_http(mes: Mes) -> None:
    client = with_token(mes)
    lot(mes)
    body = {"title": "裂纹", "material": "STEEL", "lot": "H-1", "quantity": 100}
    here = "/api/v1/factory/nonconformances"
    made = client.post(here, body, content_type="application/json").json()
    assert (made["state"], made["lot"]) == ("open", "H-1")
    number = made["id"]
    client.post(f"{here}/{number}/containment", {"containment": "隔离"}, content_type="application/json")
    wrong = client.post(f"{here}/{number}/disposition", {"disposition": "burn"}, content_type="application/json")
    assert wrong.status_code == 422
    done = client.post(f"{here}/{number}/disposition", {"disposition": "scrap"}, content_type="application/json")
    assert done.json()["state"] == "disposed"
    assert trace.find(mes.quality, "H-1")[0].status == "scrapped"
    assert [one["id"] for one in client.get(here).json()] == [number]
    assert client.get("/api/v1/factory/inspections").json() == []
    assert client.get("/api/v1/factory/inspection-plans").json() == []
    assert with_token(Mes("other")).get(f"{here}/{number}").status_code == 404
