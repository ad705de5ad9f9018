"""Exchange with an ERP: B2MML in and out, hostile XML, the API, and events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from lxml import etree

from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.b2mml.document import NAMESPACE
from chanye.domains.factory.models import Exchange, Material, Order
from chanye.kernel.settings import get_settings
from chanye.parties.actions import create_api_token
from chanye.parties.models import WebhookDelivery
from chanye.parties.webhooks.actions import add_webhook
from mes_kit import Mes

pytestmark = pytest.mark.django_db
T = 1_790_000_000_000_000
B = {"b": NAMESPACE}


@pytest.fixture
def mes() -> Mes:
    return Mes()


class Caller:
    """Another system with a token."""

    def __init__(self, mes: Mes) -> None:
        admin = mes.person("erp", "engineer", "planner")
        _number, secret = create_api_token(actor=admin, name="erp")
        self.client = Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})

    def post(self, path: str, body: Any, kind: str = "application/json") -> Any:
        """Send a body, answer status and content."""
        data = body if kind == "application/xml" else json.dumps(body)
        answer = self.client.post(f"/api/v1/factory/{path}", data, content_type=kind)
        return answer.status_code, answer.json()

    def put(self, path: str, body: Any) -> Any:
        """Put a body, answer status and content."""
        answer = self.client.put(f"/api/v1/factory/{path}", json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    def get(self, path: str) -> Any:
        """Return what is there."""
        answer = self.client.get(f"/api/v1/factory/{path}")
        return answer.json() if "json" in answer["Content-Type"] else answer.content


def schedule(*requests: str, namespace: str = NAMESPACE, head: str = "") -> bytes:
    body = "".join(requests)
    return (
        f'<?xml version="1.0"?>{head}<OperationsSchedule xmlns="{namespace}"><ID>S-1</ID>{body}</OperationsSchedule>'
    ).encode()


def request(number: str, product: str = "P-1", quantity: str = "60", more: str = "") -> str:
    return (
        f"<OperationsRequest><ID>{number}</ID><Description>急件</Description>{more}"
        "<SegmentRequirement><ID>1</ID><LatestEndTime>2026-10-01T17:00:00+08:00</LatestEndTime>"
        "<ProcessSegmentID>make</ProcessSegmentID>"
        f"<MaterialRequirement><MaterialDefinitionID>{product}</MaterialDefinitionID><MaterialUse>Produced</MaterialUse>"
        f"<Quantity><QuantityString>{quantity}</QuantityString><DataType>int</DataType>"
        "<UnitOfMeasure>pcs</UnitOfMeasure></Quantity></MaterialRequirement></SegmentRequirement></OperationsRequest>"
    )


def test_a_schedule_comes_in_once_and_what_was_made_goes_out(mes: Mes) -> None:
    erp = Caller(mes)
    data = schedule(request("E-1", more="<Priority>10</Priority>"), request("E-2", quantity="5"))
    address = f"b2mml/schedule?site_id={mes.site.id}&release=true"
    for _again in range(2):
        status, said = erp.post(address, data, "application/xml")
        assert status == 200
        assert [(one["number"], one["state"], one["priority"]) for one in said["orders"]] == [
            ("E-1", "released", 10),
            ("E-2", "released", 50),
        ]
    assert Order.objects.count() == 2
    order = Order.objects.get(number="E-2")
    assert (order.quantity, order.reference, order.note) == (5, "S-1", "急件")
    assert order.due == 1_790_845_200_000_000  # date -d 2026-10-01T17:00+08:00 +%s
    at = Report(T, T, person_id=mes.operator.person_id, place_id=mes.mill.id)
    operation = mes.operation(order.pk, 10).pk
    bookings.report_output(actor=mes.operator, operation_id=operation, at=at, good=4, scrap=1, reason="burr")
    root = etree.fromstring(erp.get("b2mml/performance?reference=S-1"))
    assert root.xpath("b:OperationsResponse/b:OperationsRequestID/text()", namespaces=B) == ["E-1", "E-2"]
    total = root.xpath("b:OperationsResponse[2]/b:SegmentResponse[1]/b:SegmentData", namespaces=B)
    values = {one.findtext("b:ID", None, B): one.findtext("b:Value/b:ValueString", None, B) for one in total}
    assert values == {"planned": "5", "good": "0", "scrap": "1", "rework": "0", "open": "4"}
    (booked,) = root.xpath("b:OperationsResponse[2]/b:SegmentResponse[2]", namespaces=B)
    assert [etree.QName(one).localname for one in booked] == [
        "ID",
        "PostingDate",
        "ActualEndTime",
        "ProcessSegmentID",
        "SegmentData",
        "PersonnelActual",
        "EquipmentActual",
        "MaterialActual",
    ]  # in the order of OpSegmentResponseType, B2MML-OperationsPerformanceTypes.xsd V0700 (2020)
    assert booked.findtext("b:MaterialActual/b:Quantity/b:QuantityString", None, B) == "4"


def inside(verb: str, *documents: bytes) -> bytes:
    """Put documents into a transaction."""
    bodies = b"".join(one.partition(b"?>")[2] for one in documents)
    name = f"{verb}OperationsSchedule".encode()
    return b"<%s xmlns='%s'><DataArea>%s</DataArea></%s>" % (name, NAMESPACE.encode(), bodies, name)


def test_a_transaction_brings_a_schedule_too(mes: Mes) -> None:
    data = inside("Process", schedule(request("E-1"), request("E-2")))
    status, said = Caller(mes).post(f"b2mml/schedule?site_id={mes.site.id}", data, "application/xml")
    assert (status, [one["number"] for one in said["orders"]]) == (200, ["E-1", "E-2"])


def test_a_time_is_given_out_by_the_api(mes: Mes) -> None:
    erp = Caller(mes)
    order = mes.order("W-1", 10)
    for at in (T, T + 10):
        operation = mes.operation(order, 10).pk
        bookings.report_output(actor=mes.operator, operation_id=operation, at=Report(at, at), good=1)
    for query, n in ((f"start={T}", 2), (f"start={T}&end={T + 10}", 1), (f"end={T + 11}&number=W-1", 2)):
        root = etree.fromstring(erp.get(f"b2mml/performance?{query}"))
        assert len(root.xpath("b:OperationsResponse/b:SegmentResponse[b:PostingDate]", namespaces=B)) == n
    for query, status in ((f"start={T + 11}", 404), (f"start={T}&end={T}", 422), (f"start={10**30}", 422)):
        answer = erp.client.get(f"/api/v1/factory/b2mml/performance?{query}")
        assert (answer.status_code, "what_to_do" in answer.json()) == (status, True), answer.content
    assert Exchange.objects.filter(direction="out", kind="performance").count() == 3


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 100 + '"><!ENTITY c "' + "&b;" * 100 + '">]>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b"\x00\xff", "not well-formed"),
        (schedule(request("&c;"), head=BOMB), "DOCTYPE"),
        (schedule(request("&x;"), head='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "DOCTYPE"),
        (schedule(request("E-1"), head='<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'), "DOCTYPE"),
        (schedule(request("E-1"), namespace="http://www.mesa.org/xml/B2MML-V0600"), "namespace must be"),
        (f'<Cancel xmlns="{NAMESPACE}"/>'.encode(), "OperationsSchedule is expected, not Cancel"),
        (inside("Cancel", schedule(request("E-1"))), "OperationsSchedule is expected, not CancelOperationsSchedule"),
        (inside("Get", schedule(request("E-1"))), "is expected, not GetOperationsSchedule"),
        (inside("Sync", schedule(request("E-1")), schedule(request("E-2"))), "There are 2 OperationsSchedule in it"),
        (inside("Sync"), "is expected, not SyncOperationsSchedule"),
        (schedule(), "requests are expected"),
        (schedule(*[request(f"E-{n}") for n in range(1_001)]), "1 to 1000 requests are expected"),
        (schedule(request("E-1"), request("E-1")), "stands twice"),
        (schedule(request("E-1"), request("E-2", "P-9")), "/OperationsSchedule/OperationsRequest[2]: There is no"),
        (schedule(request("E-1", quantity="-3")), "MaterialRequirement/Quantity: A whole number"),
        (schedule(request("E-1", quantity="1.5")), "A whole number"),
        (schedule(request("E-1", quantity="inf")), "A whole number"),
        (schedule(request("")), "OperationsRequest: ID is missing"),
        (schedule(request("E-1", more="<EndTime>soon</EndTime>")), "EndTime: a date and time"),
        (schedule(request("E-1", more="<Priority>0</Priority>")), "Priority is a number"),
        (schedule("<OperationsRequest><ID>1</ID></OperationsRequest>"), "MaterialUse Produced"),
    ],
)
def test_hostile_and_wrong_documents_are_refused_whole_with_the_path(mes: Mes, data: bytes, why: str) -> None:
    status, said = Caller(mes).post(f"b2mml/schedule?site_id={mes.site.id}", data, "application/xml")
    assert (status, Order.objects.count()) == (422, 0)
    assert why in said["what_to_do"]


def test_the_plants_own_schemas_are_asked_where_they_are_given(
    mes: Mes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a schema of its own that wants a Version, as a stand-in for the files of MESA."""
    (tmp_path / "AllSchemas.xsd").write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}" '
        'elementFormDefault="qualified"><xs:element name="OperationsSchedule"><xs:complexType><xs:sequence>'
        '<xs:element name="ID"/><xs:element name="Version"/><xs:any maxOccurs="unbounded" processContents="skip"/>'
        "</xs:sequence></xs:complexType></xs:element></xs:schema>"
    )
    monkeypatch.setenv("CHANYE_B2MML_SCHEMAS", str(tmp_path))
    get_settings.cache_clear()
    try:
        status, said = Caller(mes).post(
            f"b2mml/schedule?site_id={mes.site.id}", schedule(request("E-1")), "application/xml"
        )
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert status == 422
    assert "Version" in said["what_to_do"]


def test_materials_go_out_and_come_in_unchanged(mes: Mes) -> None:
    erp = Caller(mes)
    out = erp.get("b2mml/materials")
    assert erp.post("b2mml/materials", out, "application/xml") == (200, {"count": 2})
    again = erp.get("b2mml/materials")
    definitions = out.index(b"<MaterialDefinition>")
    assert again[again.index(b"<MaterialDefinition>") :] == out[definitions:]
    changed = out.replace("钢棒".encode(), "圆钢".encode())
    erp.post("b2mml/materials", changed, "application/xml")
    assert Material.objects.get(code="STEEL").name == "圆钢"
    status, said = erp.post("b2mml/materials", out.replace(b">raw<", b">air<"), "application/xml")
    assert status == 422
    assert "MaterialDefinition[2]: air is not one of" in said["what_to_do"]
    assert b"MaterialInformation" in erp.get("b2mml/lots")


def test_what_the_pages_do_the_api_does(mes: Mes) -> None:
    erp = Caller(mes)
    order = mes.order("W-1", 100)
    assert erp.post(f"orders/{order}/hold", {"reason": "图纸"})[1]["hold_reason"] == "图纸"
    assert erp.post(f"orders/{order}/resume", {})[1]["state"] == "released"
    part = erp.post(f"orders/{order}/split", {"quantity": 30, "number": "W-1-2"})[1]
    assert (part["split_from"], part["balance"]["planned"]) == ("W-1", 30)
    (mill,) = erp.get(f"dispatch?work_centre_id={mes.mill.id}")
    assert [(row["order"], row["left"], row["can_run"]) for row in mill["rows"]] == [
        ("W-1", 70, True),
        ("W-1-2", 30, True),
    ]
    turned = [row["operation_id"] for row in reversed(mill["rows"])]
    assert erp.put(f"dispatch/{mes.mill.id}", {"operations": turned}) == (200, {"count": 2})
    assert len(erp.get("dispatch")) == 2
    assert erp.get(f"dispatch?work_centre_id={mes.mill.id}")[0]["planned"]
    assert erp.post(f"orders/{part['id']}/withdraw", {})[1]["state"] == "created"
    assert erp.post(f"orders/{part['id']}/cancel", {"reason": "多余"})[1]["state"] == "cancelled"
    assert erp.post(f"orders/{order}/close", {"short": False})[0] == 422
    assert erp.put("materials", [{"code": "P-8", "name": "支架", "kind": "product"}]) == (200, {"count": 1})
    line = {"product": "P-8", "revision": "A", "component": "STEEL", "quantity": 0.5}
    step = {"product": "P-8", "revision": "A", "step": 10, "name": "铣", "work_centre": "mes-mill", "run_time": 30}
    assert erp.put("bills", [line])[0] == 200
    assert erp.put("routings", [step])[0] == 200
    (draft,) = [row for row in erp.get("revisions") if row["product"] == "P-8"]
    assert erp.post(f"revisions/{draft['id']}/release", {}) == (200, {"count": 1})
    assert erp.put("bills", [line])[0] == 422
    for path in ("materials", "tools", "reasons", "qualifications", "bills", "routings"):
        assert isinstance(erp.get(path), list)
    assert erp.put("reasons", [{"tree": "scrap", "code": "crack", "name": "裂纹"}])[0] == 200
    assert erp.put("tools", [{"code": "T1", "name": "刀", "place": "nowhere"}])[0] == 422


def test_other_systems_are_told_of_orders_and_output(mes: Mes) -> None:
    admin = mes.person("admin", "admin", "engineer")
    add_webhook(actor=admin, organisation_id=mes.firm.pk, name="erp", url="https://erp.example/in", kinds="*")
    order = mes.order("W-1", 10)
    for number in (10, 20, 30):
        bookings.report_output(
            actor=mes.operator, operation_id=mes.operation(order, number).pk, at=Report(T, T), good=10
        )
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("pk")]
    kinds = [
        body["type"] for body in bodies if body["type"] in ("order.released", "output.booked", "operation.finished")
    ]
    assert kinds == ["order.released", *["output.booked", "operation.finished"] * 3]
    assert bodies[-1]["data"]["good"] == 10
