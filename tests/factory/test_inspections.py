"""Inspections from what makes them due to what becomes of the lot, through trace, inbox and pages."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from chanye.domains.factory.actions import bookings, consumption, incoming, quality, quality_plans
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.models import Inspection, Material, Measurement, Tool
from chanye.domains.factory.queries import inspections as queries
from chanye.domains.factory.rules.quality import is_late, scale_place
from chanye.domains.factory.types.quality import LineDraft, PlanDraft
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, HOUR, now_us
from chanye.parties.models import Person
from chanye.parties.types import Viewer
from chanye.spine.actions import store_file
from chanye.trace import queries as trace
from mes_kit import Mes

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def mes() -> Mes:
    return Mes()


def client_of(viewer: Viewer) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=viewer.person_id))
    return client


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def plan(mes: Mes, kind: str, material: str = "P-1", **more: object) -> int:
    quality_plans.save_characteristic(
        actor=mes.quality,
        organisation_id=mes.firm.pk,
        code="d",
        name="直径",
        kind="variable",
        unit="mm",
        lower=9.9,
        upper=10.1,
        gauge=str(more.pop("gauge", "")),
    )
    draft = PlanDraft(kind, kind, kind, material, lines=(LineDraft("d"),), **more)
    made = quality_plans.save_plan(actor=mes.quality, organisation_id=mes.firm.pk, draft=draft)
    quality_plans.release_plan(actor=mes.quality, plan_id=made)
    return made


def receive(mes: Mes, lot: str = "H-1", quantity: float = 500, key: str = "k1") -> list[int]:
    return incoming.receive_lot(
        actor=mes.operator,
        organisation_id=mes.firm.pk,
        material="STEEL",
        lot=lot,
        quantity=quantity,
        supplier="重钢",
        key=key,
    )


def measure(mes: Mes, number: int, value: object, **more: object) -> str:
    now = now_us()
    return quality.record_values(
        actor=mes.operator, inspection_id=number, values={"d": value}, event_at=now, received_at=now, **more
    )


def use(mes: Mes, order: int, lot: str, quantity: float = 10) -> int:
    at = Report(now_us(), now_us(), mes.mill.id, mes.operator.person_id)
    return consumption.consume_material(
        actor=mes.operator,
        operation_id=mes.operation(order, 10).pk,
        at=at,
        material="STEEL",
        quantity=quantity,
        lot=lot,
    )


def test_a_lot_waits_for_its_inspection_and_is_split_in_trace(mes: Mes) -> None:
    plan(mes, "incoming", "STEEL")
    (number,) = receive(mes)
    assert receive(mes) == [number], "the same key takes in once"
    order = mes.order()
    with pytest.raises(ConfigError, match="is blocked"):
        use(mes, order, "H-1")
    assert measure(mes, number, 10.5) == "rejected"
    with pytest.raises(ConfigError, match="is blocked"):
        use(mes, order, "H-1")
    with pytest.raises(DeniedError):
        quality.split_lot(actor=mes.operator, inspection_id=number, accepted=380, rejected=120)
    quality.split_lot(actor=mes.quality, inspection_id=number, accepted=380, rejected=120, note="表面裂纹")
    with pytest.raises(ConfigError, match="decided already"):
        quality.split_lot(actor=mes.quality, inspection_id=number, accepted=500, rejected=0)
    row = Inspection.objects.get(pk=number)
    good, bad = trace.item(mes.quality, row.item), trace.item(mes.quality, row.rejected_item)
    assert (good.code, float(good.left), good.blocked) == ("H-1", 380.0, "")
    assert (bad.code, float(bad.left)) == ("H-1-R1", 120.0)
    assert bad.blocked
    assert good.left + bad.left == 500
    use(mes, order, "H-1")
    with pytest.raises(ConfigError, match="is blocked"):
        use(mes, order, "H-1-R1")
    record = queries.inspection_record(mes.quality, number)
    assert (record.rejected_lot, record.row.accepted, record.row.rejected) == ("H-1-R1", 380, 120)
    page = text_of(client_of(mes.quality), f"/inspections/{number}/")
    assert "H-1-R1 (blocked)" in page
    assert "✕ not good" in page


def test_an_accepted_lot_is_released_and_one_without_a_plan_is_free(mes: Mes) -> None:
    assert receive(mes, "H-0", key="k0") == []
    plan(mes, "incoming", "STEEL")
    (number,) = receive(mes)
    assert measure(mes, number, 10) == "accepted"
    order = mes.order()
    use(mes, order, "H-0")
    use(mes, order, "H-1")
    for wrong in (0, -1, float("nan"), 1e300):
        with pytest.raises(ConfigError, match="more than 0"):
            receive(mes, "H-2", wrong, "k2")
    with pytest.raises(ConfigError):
        receive(mes, "H-1", key="k3")


def test_the_output_of_an_order_waits_for_its_final_inspection(mes: Mes) -> None:
    Material.objects.filter(code="P-1").update(tracking="lot")
    plan(mes, "final", step=30, gate=True)
    receive(mes)
    order = mes.order(quantity=10)
    use(mes, order, "H-1")
    for number in (10, 20, 30):
        at = Report(now_us(), now_us(), None, mes.operator.person_id)
        bookings.report_output(actor=mes.operator, operation_id=mes.operation(order, number).pk, at=at, good=10)
    (row,) = Inspection.objects.filter(kind="final")
    assert (row.lot, row.quantity) == ("W-1", 10)
    assert trace.item(mes.quality, row.item).blocked
    assert measure(mes, row.pk, 12) == "rejected"
    quality.split_lot(actor=mes.quality, inspection_id=row.pk, accepted=7, rejected=3)
    row.refresh_from_db()
    assert [float(trace.item(mes.quality, n).left) for n in (row.item, row.rejected_item)] == [7, 3]
    assert not trace.item(mes.quality, row.item).blocked


def test_what_a_tablet_sends_twice_is_booked_once_and_nonsense_never(mes: Mes) -> None:
    plan(mes, "first_piece", step=10, gate=True, samples=2)
    order = mes.order()
    operation = mes.operation(order, 10).pk
    at = Report(now_us(), now_us(), mes.mill.id, mes.operator.person_id)
    bookings.start_operation(actor=mes.operator, operation_id=operation, at=at)
    (row,) = Inspection.objects.all()
    entry = {"kind": "measure", "event_at": now_us(), "inspection": row.pk, "place": mes.mill.id}

    def send(actor: Viewer, firm: int, **body: object) -> str:
        (outcome,) = receive_entries(
            actor=actor, organisation_id=firm, terminal="T", entries=[entry | body], now=now_us()
        )
        return f"{outcome.outcome}: {outcome.why}"

    other = Mes("other")
    assert "another organisation" in send(other.operator, other.firm.pk, key="x", place=None, values={"d": 10})
    for key, values, why in (
        ("1", {"d": float("nan")}, "NaN"),
        ("2", {"d": 10**400}, "must be a number"),
        ("3", {"d": 1e30}, "must be a number"),
        ("4", {"weight": 1}, "does not ask for weight"),
        ("5", {"d": [10, 10, 10]}, "none after the last"),
        ("6", {"d": {"²": 10}}, "numbered"),
        ("7", [10], "characteristic by characteristic"),
    ):
        assert why in send(mes.operator, mes.firm.pk, key=key, values=values)
    assert not Measurement.objects.exists()
    whole = {"d": {"0": 10, "1": 10.05}}
    assert send(mes.operator, mes.firm.pk, key="8", values=whole) == "booked: "
    assert send(mes.operator, mes.firm.pk, key="8", values=whole).startswith("already")
    assert "judged already" in send(mes.operator, mes.firm.pk, key="9", values=whole)
    assert Measurement.objects.count() == 2
    row.refresh_from_db()
    assert row.state == "accepted"


def test_a_gauge_out_of_calibration_is_refused(mes: Mes) -> None:
    now = now_us()
    Tool.objects.create(organisation=mes.firm, code="G-1", name="千分尺", kind="gauge", calibrated_until=now - DAY)
    Tool.objects.create(organisation=mes.firm, code="G-2", name="千分尺", kind="gauge", calibrated_until=now + DAY)
    Tool.objects.create(organisation=mes.firm, code="T-1", name="铣刀", kind="tool")
    plan(mes, "incoming", "STEEL", gauge="G-1")
    (number,) = receive(mes)
    with pytest.raises(ConfigError, match="calibration of gauge G-1 has run out"):
        measure(mes, number, 10)
    with pytest.raises(ConfigError, match="is no gauge"):
        measure(mes, number, 10, extra=quality.With(gauges={"d": "T-1"}))
    page = client_of(mes.operator).get(f"/inspections/{number}/inspect/").content.decode()
    task = json.loads(re.search(r'id="task"[^>]*>(.*?)</script>', page)[1])
    assert [(one["code"], one["fit"]) for one in task["gauges"]] == [("G-1", False), ("G-2", True)]
    assert measure(mes, number, 10, extra=quality.With(gauges={"d": "G-2"})) == "accepted"
    assert Measurement.objects.get().gauge.code == "G-2"


def test_pictures_are_pictures_of_the_house(mes: Mes, tmp_path, history) -> None:
    plan(mes, "incoming", "STEEL")
    (number,) = receive(mes)
    mine = store_file(actor=mes.operator, organisation_id=mes.firm.pk, name="a.png", data=PNG).id
    other = Mes("other")
    theirs = store_file(actor=other.operator, organisation_id=other.firm.pk, name="b.png", data=PNG + b"1").id
    program = store_file(
        actor=mes.operator, organisation_id=mes.firm.pk, name="p.nc", data=b"G0 X1\n", kinds=["program"]
    ).id
    for wrong in (theirs, program, 10**30, "1", True):
        with pytest.raises(ConfigError, match="no such picture"):
            measure(mes, number, 10, extra=quality.With(pictures={"d": {"0": wrong}}))
    assert measure(mes, number, 10, extra=quality.With(pictures={"d": {"0": mine}})) == "accepted"
    assert f"/files/{mine}/a.png" in client_of(mes.quality).get(f"/inspections/{number}/").content.decode()


def test_the_list_and_the_forms(mes: Mes) -> None:
    client = client_of(mes.operator)
    assert "No inspection yet" in text_of(client, "/inspections/")
    plan(mes, "incoming", "STEEL")
    form = client.get("/inspections/receive/").content.decode()
    key = re.search(r'name="key" value="(\w+)"', form)[1]
    sent = {"key": key, "material": "STEEL", "lot": "H-9", "quantity": "20", "supplier": "重钢"}
    assert client.post("/inspections/receive/", sent | {"quantity": "much"}).status_code == 400
    for _twice in range(2):
        there = client.post("/inspections/receive/", sent)["Location"]
    row = Inspection.objects.get()
    assert there == f"/inspections/{row.pk}/inspect/"
    assert "H-9" in text_of(client, "/inspections/")
    assert client_of(Mes("other").quality).get(there).status_code == 404
    quality_client = client_of(mes.quality)
    quality_client.post(f"/inspections/{row.pk}/", {"do": "cancel", "note": ""})
    quality_client.post(f"/inspections/{row.pk}/", {"do": "cancel", "note": "重复收货"})
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert not trace.item(mes.quality, row.item).blocked
    assert client.get("/inspections/?as=csv&sort=-due_at&q=").status_code == 200


@pytest.mark.parametrize(
    ("value", "lower", "upper", "place"),
    [
        (9.9, 9.9, 10.1, 0.25),
        (10.1, 9.9, 10.1, 0.75),
        (10, 9.9, 10.1, 0.5),
        (99, 9.9, 10.1, 1.0),
        (0.4, None, 0.8, 0.5),
    ],
)
def test_the_scale_has_the_limits_at_a_quarter_and_three_quarters(value, lower, upper, place) -> None:
    assert scale_place(value, lower, upper) == pytest.approx(place)


def test_when_an_inspection_is_late() -> None:
    assert is_late("first_piece", "open", 0, HOUR)
    assert not is_late("incoming", "open", 0, HOUR)
    assert not is_late("first_piece", "accepted", 0, DAY)
