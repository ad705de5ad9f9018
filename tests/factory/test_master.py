"""Master data: drafts, release and revision; files out and in change nothing; wrong cells are named."""

from __future__ import annotations

import hashlib
import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chanye.domains.factory.actions import documents, machines, master, orders, routings
from chanye.domains.factory.demo_orders import seed_orders
from chanye.domains.factory.models import (
    BillLine,
    Instruction,
    Material,
    Order,
    PersonSkill,
    Program,
    ProgramVersion,
    Reason,
    Revision,
    Routing,
    RoutingStep,
    ShiftCalendar,
    Skill,
    Tool,
)
from chanye.domains.factory.pages.books import BOOKS
from chanye.domains.factory.pages.forms import draw_grid
from chanye.domains.factory.pages.master_sheets import BILL_COLUMNS
from chanye.domains.factory.pages.orders import ORDERS
from chanye.domains.factory.queries import master as queries
from chanye.domains.factory.queries import order_book
from chanye.domains.factory.rules.routing import FlowStep, draw_flow, faults_of
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.kernel.shifts import shift_pattern_from_dict
from chanye.parties.actions import create_organisation
from chanye.parties.models import AuditEntry, Person
from chanye.parties.types import SYSTEM
from chanye.spine.actions import ensure_asset
from mes_kit import Mes

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000154a24f5d0000000049454e44ae426082"
)


@pytest.fixture
def mes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    plant = Mes()
    firm = plant.firm
    skill = Skill.objects.create(organisation=firm, code="mill", name="铣工")
    tool = Tool.objects.create(organisation=firm, code="T1", name="D20", kind="tool", life=50)
    Tool.objects.create(organisation=firm, code="G1", name="卡尺", kind="gauge", calibrated_until=10**15)
    PersonSkill.objects.create(person_id=plant.operator.person_id, skill=skill, level=3)
    RoutingStep.objects.filter(number=10).update(skill=skill, tool=tool)
    master.take_starter_reasons(actor=plant.planner, organisation_id=firm.pk)
    plant.order("W-1", 10, release=False)
    yield plant
    monkeypatch.undo()
    get_settings.cache_clear()


def client_of(mes: Mes, who: str = "planner") -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=getattr(mes, who).person_id))
    return client


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("name", [*BOOKS, "orders"])
def test_a_file_that_went_out_comes_in_and_changes_nothing(mes: Mes, name: str, form: str) -> None:
    if name == "orders":
        sheet, rows = ORDERS, order_book.all_orders(mes.planner)
        found = sheet.import_file(b"".join(sheet.write(rows, form)), f"x.{form}", existing=rows)
    else:
        book = BOOKS[name]
        sheet, rows = book.sheet, book.rows(mes.planner)
        data = b"".join(sheet.write(rows, form))
        found = sheet.import_file(
            data,
            f"x.{form}",
            existing=rows,
            references=book.references(mes.planner),
            check=book.check(mes.planner),
        )
    assert rows
    assert [str(fault) for fault in found.faults] == []
    assert (found.count("same"), found.count("new"), found.count("changed")) == (len(rows), 0, 0)


def _csv(*lines: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("in.csv", "\n".join(lines).encode(), "text/csv")


def _import(client: Client, name: str, *lines: str) -> str:
    """Send a file, commit what the preview shows, answer the page of the preview."""
    address, data = f"/master/{name}/import/", "\n".join(lines).encode()
    text = client.post(address, {"file": _csv(*lines)}).content.decode()
    client.post(address, {"file": _csv(*lines), "commit": hashlib.sha256(data).hexdigest()})
    return text


def test_a_product_comes_in_by_files_is_released_and_made(mes: Mes) -> None:
    client = client_of(mes)
    _import(client, "materials", "code,name,kind,unit,tracking,cost", "P-7,泵盖,product,{part},serial,12.50")
    _import(client, "bills", "product,revision,component,quantity,scrap_share,step", "P-7,A,STEEL,0.8,0.05,10")
    _import(
        client,
        "routings",
        "product,revision,routing,default,step,name,kind,work_centre,run_time,setup_time,on_fail,returns_to,alternatives",
        "P-7,A,main,yes,10,铣,main,mes-mill,45,300,,,mes-mill2 50 600",
        "P-7,A,main,yes,20,检,main,mes-bench,10,,25,,",
        "P-7,A,main,yes,25,修,rework,mes-bench,30,,,20,",
    )
    material = Material.objects.get(code="P-7")
    assert (material.cost, material.tracking) == (1250, "serial")
    revision = Revision.objects.get(material=material)
    assert revision.state == "draft"
    client.post("/master/routings/release/")
    revision.refresh_from_db()
    assert revision.state == "released"
    made = orders.create_order(
        actor=mes.planner, site_id=mes.site.id, number="W-7", product="P-7", quantity=5, revision="A"
    )
    orders.release_order(actor=mes.planner, order_id=made)
    assert mes.operation(made, 20).on_fail == 25
    assert mes.operation(made, 10).alternatives == [
        {"work_centre": mes.second_mill.id, "run_time": 50, "setup_time": 600}
    ]
    seen = _import(client, "bills", "product,revision,component,quantity", "P-7,A,STEEL,0.9")
    assert "is released and cannot be changed" in seen
    assert BillLine.objects.get(revision=revision).quantity == 0.8


def test_wrong_cells_are_named_and_nothing_comes_in(mes: Mes) -> None:
    before = Tool.objects.count()
    seen = _import(client_of(mes), "tools", "code,name,kind,life", "T8,好,tool,10", "T9,坏,spoon,-3")
    assert "C3" in seen
    assert "D3" in seen
    assert Tool.objects.count() == before
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["code", "name", "kind", "place"])
    sheet.append(["T9", "坏", "tool", "nowhere"])
    data = io.BytesIO()
    book.save(data)
    tools = BOOKS["tools"]
    found = tools.sheet.import_file(data.getvalue(), "x.xlsx", references=tools.references(mes.planner))
    assert found.faults[0].cell.endswith("D2")


def test_drafts_are_edited_released_ones_revised(mes: Mes) -> None:
    revision = mes.product.pk
    with pytest.raises(ConfigError, match="make a new revision"):
        routings.save_bill(actor=mes.planner, revision_id=revision, rows=[])
    new = routings.make_revision(actor=mes.planner, material_id=mes.product.material_id, code="B")
    assert BillLine.objects.filter(revision_id=new).count() == 1
    assert [step.number for step in RoutingStep.objects.filter(routing__revision_id=new)] == [10, 20, 30, 35]
    routings.save_bill(actor=mes.planner, revision_id=new, rows=[{"component": "STEEL", "quantity": 2.0, "step": 10}])
    assert BillLine.objects.get(revision_id=revision).quantity == 1.5
    routings.release_revision(actor=mes.planner, revision_id=new)
    order = mes.order("W-2", 1)
    assert order_book.order_record(mes.planner, order).order.revision == "B"
    routings.retire_revision(actor=mes.planner, revision_id=new)
    assert order_book.order_record(mes.planner, mes.order("W-3", 1)).order.revision == "A"
    with pytest.raises(DeniedError):
        routings.make_revision(actor=mes.operator, material_id=mes.product.material_id, code="C")
    with pytest.raises(DeniedError):
        routings.release_revision(actor=Mes("other").planner, revision_id=new)
    verbs = AuditEntry.objects.filter(target=f"revision:{new}").values_list("verb", flat=True)
    assert list(verbs) == ["make_revision", "save_bill", "release_revision", "retire_revision"]


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([], "at least one main step"),
        ([FlowStep(10, "a", "rework", None, 10)], "at least one main step"),
        ([FlowStep(10, "a", "main", 20)], "go to a rework step"),
        ([FlowStep(10, "a", "main", 15), FlowStep(15, "r", "rework")], "gives pieces back to a main step"),
        ([FlowStep(10, "a", "main"), FlowStep(15, "r", "rework", None, 10)], "No step sends pieces"),
        ([FlowStep(10, "a", "main", None, 10)], "Only rework steps give pieces back"),
    ],
)
def test_routings_that_cannot_work_are_refused(steps: list[FlowStep], why: str) -> None:
    assert any(why in rule for _number, _member, rule in faults_of(steps))


def test_a_routing_is_drawn_with_its_loop() -> None:
    steps = [FlowStep(10, "铣", "main"), FlowStep(30, "检", "main", 35), FlowStep(35, "修", "rework", None, 30)]
    assert list(faults_of(steps)) == []
    flow = draw_flow(steps)
    assert [(box.number, box.y > 0) for box in flow.boxes] == [(10, False), (30, False), (35, True)]
    assert (len(flow.main), len(flow.fail), len(flow.back)) == (1, 1, 1)
    assert flow.boxes[2].x == flow.boxes[1].x


def test_programs_have_versions_bound_by_their_digest(mes: Mes) -> None:
    made = documents.save_program(actor=mes.planner, organisation_id=mes.firm.pk, code="O1234", name="壳体")
    first = documents.add_version(actor=mes.planner, program_id=made, name="O1234.nc", data=b"G0 X0\n")
    assert documents.add_version(actor=mes.planner, program_id=made, name="again.nc", data=b"G0 X0\n") == first
    RoutingStep.objects.filter(number=10).update(program=Program.objects.get(pk=made))
    order = mes.order("W-9", 1, release=False)
    with pytest.raises(ConfigError, match="no released version"):
        orders.release_order(actor=mes.planner, order_id=order)
    documents.release_version(actor=mes.planner, version_id=first)
    orders.release_order(actor=mes.planner, order_id=order)
    second = documents.add_version(actor=mes.planner, program_id=made, name="O1234.nc", data=b"G0 X1\n")
    documents.release_version(actor=mes.planner, version_id=second)
    row = order_book.order_record(mes.planner, order).operations[0]
    assert (row.program, row.digest) == ("O1234 v1", ProgramVersion.objects.get(pk=first).digest)
    assert row.digest == hashlib.sha256(b"G0 X0\n").hexdigest()
    with pytest.raises(ConfigError):
        documents.add_version(actor=mes.planner, program_id=made, name="x.png", data=PNG)
    client = client_of(mes)
    client.post(f"/master/programs/{made}/", {"do": "retire", "version": str(second)})
    assert "O1234.nc" in client.get(f"/master/programs/{made}/").content.decode()


def test_instructions_have_pages_versions_and_pictures(mes: Mes) -> None:
    client, address = client_of(mes), f"/master/revisions/{mes.product.pk}/instructions/10/"
    refused = client.post(address, {"title": "装夹", "p0-text": ""})
    assert refused.status_code == 400
    sent = {"title": "装夹", "p0-text": "清理定位面", "p0-confirm": "1", "p1-text": "", "do": "release"}
    picture = SimpleUploadedFile("a.png", PNG, "image/png")
    made = client.post(address, sent | {"p1-picture": picture})
    row = Instruction.objects.get()
    assert made["Location"] == f"/master/instructions/{row.pk}/"
    assert (row.state, row.version, [page["confirm"] for page in row.pages]) == ("released", 1, [True, False])
    assert "<img" in client.get(made["Location"]).content.decode()
    client.post(address, {"title": "装夹", "p0-text": "先吹气", "p0-drop": ""})
    assert [(one.version, one.state) for one in Instruction.objects.order_by("version")] == [
        (1, "released"),
        (2, "draft"),
    ]


def test_reason_trees_hold_together(mes: Mes) -> None:
    assert master.take_starter_reasons(actor=mes.planner, organisation_id=mes.firm.pk) == 0
    rows = queries.reasons(mes.planner)
    assert next(row.depth for row in rows if row.code == "tool_break") == 1
    assert Reason.objects.get(tree="scrap", code="burr").name == "毛刺"
    loop = [{"tree": "downtime", "code": "equipment", "name": "设备", "parent": "tool_break"}]
    with pytest.raises(ConfigError, match="below itself"):
        master.save_reasons(actor=mes.planner, organisation_id=mes.firm.pk, rows=loop)
    wrong = [{"tree": "luck", "code": "x", "name": "x"}]
    with pytest.raises(ConfigError, match="is not one of"):
        master.save_reasons(actor=mes.planner, organisation_id=mes.firm.pk, rows=wrong)


def test_the_pages_of_master_data(mes: Mes) -> None:
    client = client_of(mes)
    for name in (*BOOKS, "programs"):
        assert client.get(f"/master/{name}/").status_code == 200
        if name in BOOKS:
            assert client.get(f"/master/{name}/import/?as=template").status_code == 200
    assert client.get("/master/nothing/").status_code == 404
    assert client.get("/master/")["Location"] == "/master/materials/"
    sent = {"code": "SAW", "name": "锯片", "kind": "tool", "state": "ready", "life": "x", "used": "0"}
    assert client.post("/master/tools/new/", sent).status_code == 400
    assert client.post("/master/tools/new/", sent | {"life": "90"}).status_code == 302
    tool = Tool.objects.get(code="SAW")
    client.post(f"/master/tools/{tool.pk}/", sent | {"code": "other", "life": "80"})
    tool.refresh_from_db()
    assert (tool.code, tool.life) == ("SAW", 80)
    client.post("/master/skills/", {f"{mes.planner.name}|mill": "2", f"{mes.operator.name}|mill": "0"})
    assert [one.person for one in queries.qualifications(mes.planner)] == [mes.planner.name]
    page = client.post(f"/master/materials/{mes.product.material_id}/", {"do": "revise", "revision": "B"})
    draft = page["Location"]
    assert client.get(draft).status_code == 200
    steps = {"do": "routing", "routing": "main", "default": "1"}
    steps |= {"r0-step": "10", "r0-name": "铣", "r0-kind": "main", "r0-work_centre": "mes-mill", "r0-run_time": "x"}
    assert "number" in client.post(draft, steps).content.decode()
    assert client.post(draft, steps | {"r0-run_time": "33.5"}).status_code == 302
    assert [step.run_time for step in RoutingStep.objects.filter(routing__revision__code="B")] == [33.5]
    grid = draw_grid(BILL_COLUMNS, [], {"component": ["STEEL"]})
    sent = {field.name: field.text for fields in grid for field in fields}
    assert client.post(draft, sent | {"do": "bill"}).status_code == 302
    assert not BillLine.objects.filter(revision__code="B").exists()
    client.post(draft, {"do": "copy", "routing": "main", "new": "second"})
    assert Routing.objects.filter(revision__code="B").count() == 2
    assert client.post(draft, {"do": "release"}).status_code == 302
    assert "it stays as it is" in client.get(draft).content.decode()
    assert client_of(mes, "operator").get("/master/tools/new/").status_code == 404
    assert client_of(Mes("other")).get(draft).status_code == 404


def test_the_demo_has_orders_in_every_state_and_makes_them_once(mes: Mes) -> None:
    firm = create_organisation(actor=SYSTEM, code="shop", name="Shop", kind="firm")
    site = ensure_asset(actor=SYSTEM, organisation_id=firm, parent_id=None, kind="site", code="shop").id
    for _again in range(2):
        seed_orders(actor=SYSTEM, site_id=site)
    found = Order.objects.filter(organisation_id=firm)
    assert sorted(found.values_list("state", flat=True)) == ["created"] * 3 + ["released"] * 6
    assert all(row.good + row.scrap + row.rework <= row.quantity for row in found)
    assert Revision.objects.filter(material__organisation_id=firm, state="released").count() == 3


def test_public_holidays_of_2026_as_the_state_council_published_them(mes: Mes) -> None:
    """国办发明电〔2025〕7号: seven holidays, six weekend days worked instead; a hand-made exception stays."""
    pattern = {
        "zone": "Asia/Shanghai",
        "shifts": [{"name": "早班", "days": [0, 1, 2, 3, 4], "start": "08:00", "end": "16:00", "breaks": []}],
        "exceptions": {"2026-10-07": [{"name": "加班", "days": [2], "start": "08:00", "end": "12:00", "breaks": []}]},
    }
    number = machines.save_calendar(actor=mes.planner, organisation_id=mes.firm.pk, name="厂历", pattern=pattern)
    client = client_of(mes)
    client.post(f"/calendars/{number}/holidays/", {"year": "2026"})
    found = shift_pattern_from_dict(ShiftCalendar.objects.get(pk=number).pattern).exceptions
    spans = [("01-01", 3), ("02-15", 9), ("04-04", 3), ("05-01", 5), ("06-19", 3), ("09-25", 3), ("10-01", 6)]
    off = {date.fromisoformat(f"2026-{start}") + timedelta(days=i) for start, days in spans for i in range(days)}
    worked = {date.fromisoformat(f"2026-{day}") for day in ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")}
    assert {day for day, shifts in found.items() if not shifts} == off
    assert {day for day, shifts in found.items() if shifts} == worked | {date(2026, 10, 7)}
    assert [shift.name for shift in found[date(2026, 10, 7)]] == ["加班"]
    refused = client.post(f"/calendars/{number}/holidays/", {"year": "2099"}, follow=True)
    assert "Holidays are known from" in refused.content.decode()
