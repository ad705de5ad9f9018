"""The page of the exchange: preview, apply, give out, schemas, and who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import etree

from b2mml_v0700 import FILES
from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions import erp as actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.b2mml.document import NAMESPACE
from chanye.domains.factory.b2mml.writing import write_example_schedule
from chanye.domains.factory.models import Exchange, Material, Order
from chanye.domains.factory.queries.erp import preview_document
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from chanye.parties.models import Person
from chanye.parties.types import Viewer
from mes_kit import Mes

pytestmark = pytest.mark.django_db
T = 1_790_000_000_000_000  # 2026-09-21 22:13:20 in Shanghai
B = {"b": NAMESPACE}


@pytest.fixture
def mes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    yield Mes()
    monkeypatch.undo()
    get_settings.cache_clear()


def client(viewer: Viewer) -> Client:
    one = Client(headers={"accept-language": "en"})
    one.force_login(Person.objects.get(pk=viewer.person_id))
    return one


def send(browser: Client, mes: Mes, data: bytes, **more: str) -> Any:
    file = SimpleUploadedFile("x.xml", data)
    return browser.post("/erp/in/", {"file": file, "site": mes.site.id, **more}, headers={"HX-Request": "true"})


def schedule(mes: Mes, quantity: int = 100, *, document: str = "S-1", due: int = T) -> bytes:
    data = write_example_schedule(document, T, "P-1", due)
    return data.replace(b">100<", f">{quantity}<".encode()).replace(f"{document}-1<".encode(), b"E-1<")


def test_a_document_is_looked_at_then_applied_once(mes: Mes) -> None:
    browser = client(mes.planner)
    assert b"Nothing was exchanged yet" in browser.get("/erp/").content
    seen = send(browser, mes, schedule(mes))
    assert b"not validated" in seen.content
    assert b"is made" in seen.content
    assert not Order.objects.exists()
    preview = preview_document(mes.planner, schedule(mes), site_id=mes.site.id)
    commit = f"{preview.digest}:{mes.site.id}"
    assert commit.encode() in seen.content
    # what is applied is what was looked at: at another site, or of another file, it is looked at anew
    for other in (f"{preview.digest}:0", "x"):
        assert send(browser, mes, schedule(mes), commit=other).status_code == 200
    assert not Order.objects.exists()
    done = send(browser, mes, schedule(mes), commit=commit, release="1")
    assert (done.status_code, done["HX-Redirect"]) == (204, "/orders/")
    order = Order.objects.get()
    assert (order.number, order.state, order.quantity, order.due) == ("E-1", "released", 100, T)
    again = send(browser, mes, schedule(mes))
    assert b"nothing to do" in again.content
    assert b"This very document was taken in" in again.content
    assert (Exchange.objects.count(), Exchange.objects.get().new) == (1, 1)


def test_a_later_document_changes_the_order_that_is_there(mes: Mes) -> None:
    actions.take_schedule(actor=mes.planner, site_id=mes.site.id, data=schedule(mes), release=True)
    later = schedule(mes, 80, document="S-2", due=T + 60_000_000)
    with pytest.raises(ConfigError, match=r"quantity 100 → 80, due .* ask for changes"):
        actions.take_schedule(actor=mes.planner, site_id=mes.site.id, data=later)
    browser = client(mes.planner)
    assert b"<del>100</del> <ins>80</ins>" in send(browser, mes, later).content
    commit = f"{preview_document(mes.planner, later, site_id=mes.site.id).digest}:{mes.site.id}"
    assert send(browser, mes, later, commit=commit).status_code == 204
    order = Order.objects.get()
    assert (order.quantity, order.ordered, order.due, order.reference) == (80, 80, T + 60_000_000, "S-1")
    assert mes.operation(order.pk, 10).arrived == 80
    assert Exchange.objects.order_by("-id")[0].changed == 1
    # the same order in a new document is the same order, whatever revision of the product is now the newest
    same = schedule(mes, 80, document="S-3", due=T + 60_000_000)
    assert actions.take_schedule(actor=mes.planner, site_id=mes.site.id, data=same) == [order.pk]
    at = Report(T, T, person_id=mes.operator.person_id, place_id=mes.mill.id)
    bookings.report_output(actor=mes.operator, operation_id=mes.operation(order.pk, 10).pk, at=at, good=50)
    fewer = schedule(mes, 40, due=T + 60_000_000)
    commit = f"{preview_document(mes.planner, fewer, site_id=mes.site.id).digest}:{mes.site.id}"
    assert b"50 pieces are begun already" in send(browser, mes, fewer, commit=commit).content
    assert Order.objects.get().quantity == 80


def test_all_faults_are_told_with_line_and_path(mes: Mes) -> None:
    one = schedule(mes).decode()
    start, end = one.index("  <OperationsRequest>"), one.index("</OperationsSchedule>")
    request = one[start:end]
    bad = request.replace(">P-1<", ">P-9<").replace("E-1", "E-2") + request.replace(">100<", ">-1<")
    whole = one[:end] + bad + one[end:]
    page = send(client(mes.planner), mes, whole.encode()).content.decode()
    lines = [n for n, text in enumerate(whole.splitlines(), 1) if "<OperationsRequest>" in text]
    assert f"Line {lines[1]}: /OperationsSchedule/OperationsRequest[2]: There is no product P-9" in page
    assert "OperationsRequest[3]/SegmentRequirement/MaterialRequirement/Quantity: A whole number" in page
    assert 'name="commit"' not in page
    for data in (b"", b"<a", b"\xff\xfe", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        answer = send(client(mes.planner), mes, data)
        assert (answer.status_code, b'role="alert"' in answer.content) == (200, True)
    assert client(mes.planner).post("/erp/in/", {}).status_code == 200


def test_materials_come_in_by_the_page(mes: Mes) -> None:
    browser = client(mes.planner)
    example = browser.get("/erp/example/?kind=materials").content
    digest = preview_document(mes.planner, example, site_id=None).digest
    assert send(browser, mes, example, commit=f"{digest}:{mes.site.id}").status_code == 204
    assert set(Material.objects.values_list("code", "unit")) >= {("DEMO-SHAFT", "{part}"), ("DEMO-BAR", "kg")}
    assert preview_document(mes.planner, example, site_id=None).count("same") == 2


def test_documents_go_out_for_a_time(mes: Mes) -> None:
    order = mes.order("W-1", 10)
    place = {"person_id": mes.operator.person_id, "place_id": mes.mill.id}
    for at, good in ((T, 3), (T + 86_400_000_000, 4)):
        operation = mes.operation(order, 10).pk
        bookings.report_output(actor=mes.operator, operation_id=operation, at=Report(at, at, **place), good=good)
    mes.order("W-2", 10)
    browser = client(mes.planner)
    answer = browser.post("/erp/out/", {"kind": "performance", "from": "2026-09-21", "to": "2026-09-21"})
    assert answer["Content-Disposition"].startswith('attachment; filename="b2mml-performance-')
    root = etree.fromstring(answer.content)
    assert root.xpath("b:OperationsResponse/b:ID/text()", namespaces=B) == ["W-1"]
    made = "b:OperationsResponse/b:SegmentResponse[b:PostingDate]/b:MaterialActual/b:Quantity/b:QuantityString/text()"
    assert root.xpath(made, namespaces=B) == ["3"]
    assert root.findtext("b:StartTime", None, B) == "2026-09-20T16:00:00+00:00"
    for sent in (
        {"kind": "performance", "from": "2026-09-21", "to": "2026-09-01"},
        {"kind": "performance", "from": "x", "to": ""},
        {"kind": "performance", "from": "0001-01-01", "to": "9999-12-31"},
        {"kind": "performance", "from": "2001-01-01", "to": "2001-01-01"},
        {"kind": "nothing"},
    ):
        assert browser.post("/erp/out/", sent).status_code == 400
    for kind in ("materials", "lots"):
        assert b"MaterialInformation" in browser.post("/erp/out/", {"kind": kind}).content
    rows = browser.get("/erp/?direction=out&as=csv").getvalue().decode("utf-8-sig")
    assert [line.split(",")[2] for line in rows.splitlines()[1:]] == [
        "Lots",
        "Materials",
        "Performance",
    ]


def test_who_may(mes: Mes) -> None:
    operator, planner, admin = client(mes.operator), client(mes.planner), client(mes.person("admin", "admin"))
    for path in ("/erp/", "/erp/in/", "/erp/out/", "/erp/example/", "/erp/schemas/"):
        assert operator.get(path).status_code in (403, 404), path
        assert planner.get(path).status_code == 200, path
    sent = [SimpleUploadedFile(name, data) for name, data in FILES.items()]
    assert planner.post("/erp/schemas/", {"files": sent}).status_code in (403, 404)
    assert b"An administrator supplies" in planner.get("/erp/schemas/").content
    assert admin.post("/erp/schemas/", {"files": []}).status_code == 400
    sent = [SimpleUploadedFile(name, data) for name, data in FILES.items()]
    assert admin.post("/erp/schemas/", {"files": sent}).status_code == 302
    assert b"B2MML-Common.xsd" in planner.get("/erp/schemas/").content
    assert b"Documents are validated" in planner.get("/erp/").content
    assert b"b> new" in send(planner, mes, schedule(mes)).content
    broken = schedule(mes).replace(b"OperationsSegmentID", b"SegmentID")
    line = next(n for n, text in enumerate(broken.splitlines(), 1) if b"<SegmentID>" in text)
    assert f"Line {line}: SegmentID does not belong here".encode() in send(planner, mes, broken).content
    assert planner.post("/erp/schemas/", {"do": "remove"}).status_code in (403, 404)
    assert admin.post("/erp/schemas/", {"do": "remove"}).status_code == 302
    quality = client(mes.person("inspector", "quality"))
    assert quality.get("/erp/").status_code in (403, 404)
