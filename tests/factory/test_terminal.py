"""What a terminal shows, and what it may do: calls, notes, badges, permissions, answers that cost little."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pydantic import TypeAdapter

from chanye.domains.factory.actions import andon
from chanye.domains.factory.actions.bookings import Report, leave_operation
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.kept import forget
from chanye.domains.factory.models import AndonCall, Booking, HandoverNote, Instruction, Material, WorkSpan
from chanye.domains.factory.queries import terminal as queries
from chanye.domains.factory.queries.andon import open_calls
from chanye.domains.factory.types.terminal import TerminalState
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import AuditEntry, Person
from chanye.parties.types import SYSTEM, Viewer
from chanye.trace.actions import commission_lot
from chanye.trace.queries.stock import newest_lots
from mes_kit import Mes

pytestmark = pytest.mark.django_db


@pytest.fixture
def mes() -> Mes:
    return Mes()


@pytest.fixture(autouse=True)
def _english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


def client(viewer: Viewer, **more: Any) -> Client:
    made = Client(**more)
    made.force_login(Person.objects.get(pk=viewer.person_id))
    made.cookies["django_language"] = "en"
    return made


def send(mes: Mes, kind: str, *, by: Viewer | None = None, **members: Any) -> tuple[str, str]:
    entry = {"key": f"{kind}{now_us()}", "kind": kind, "event_at": now_us(), "place": mes.mill.id, **members}
    (out,) = receive_entries(actor=by or mes.operator, organisation_id=mes.firm.pk, terminal="T", entries=[entry])
    return out.outcome, out.why or out.target


def state(mes: Mes, code: str = "mes-mill") -> TerminalState:
    forget()
    return queries.terminal(mes.operator, code, now=now_us())


def test_a_terminal_shows_what_runs_first_and_then_what_can(mes: Mes) -> None:
    first, second = mes.order("W-1", 5), mes.order("W-2", 5)
    mes.order("W-3", 5, release=False)
    run = mes.operation(second, 10).pk
    assert send(mes, "start", operation=run)[0] == "booked"
    assert send(mes, "output", operation=run, good=2, scrap=1, reason="size")[0] == "booked"
    shown = state(mes)
    assert [(task.order, task.state, task.here) for task in shown.tasks] == [
        ("W-2", "running", 2),
        ("W-1", "ready", 5),
    ]
    assert (shown.tasks[0].good, shown.tasks[0].scrap, shown.tasks[0].planned) == (2, 1, 5)
    assert [(one.good, one.scrap, one.person) for one in shown.booked] == [(2, 1, "mes-operator")]
    assert [one.code for one in shown.reasons["scrap"]] == ["size", "burr"]  # most used first
    assert {one.badge for one in shown.people} == {"mes-planner", "mes-operator", "mes-quality"}
    assert {task.order for task in state(mes, "mes-mill2").tasks} == {"W-1", "W-2"}  # an alternative machine
    assert state(mes, "mes-mill2").tasks[-1].place == "mes-mill"
    bench = state(mes, "mes-bench").tasks
    assert [(one.order, one.number, one.here) for one in bench if one.here] == [("W-2", 20, 2)]
    assert mes.operation(first, 10).state == "ready"


def test_steel_that_is_not_there_is_said(mes: Mes) -> None:
    order = mes.order("W-1", 5)
    _receive(mes, "S-1", 4)
    assert "STEEL" in state(mes).tasks[0].warnings[0]  # 8.25 kg are needed
    assert send(mes, "consume", operation=mes.operation(order, 10).pk, material="STEEL", lot="S-1", quantity=4)
    (said,) = state(mes).tasks[0].missing
    assert "STEEL" in said
    assert "4.25 kg are needed" in said
    _receive(mes, "S-2", 4.25)
    assert send(mes, "consume", operation=mes.operation(order, 10).pk, material="STEEL", lot="S-2", quantity=4.25)
    assert (state(mes).tasks[0].missing, state(mes).tasks[0].warnings) == ((), ())  # all of it is in


def test_instructions_come_with_the_task(mes: Mes) -> None:
    mes.order("W-1", 5)
    for version, release in ((1, "released"), (2, "released"), (3, "draft")):
        Instruction.objects.create(
            revision=mes.product,
            step=10,
            version=version,
            state=release,
            title=f"v{version}",
            pages=[{"text": "Clamp", "file": 7, "confirm": True}, "nonsense", {"text": None}],
        )
    task = state(mes).tasks[0]
    assert send(mes, "confirm", operation=task.id, version=2)[0] == "booked"
    (read,) = AuditEntry.objects.filter(verb="confirm_instruction")
    assert json.loads(read.detail)["person"] == mes.operator.person_id
    assert "no version 3" in send(mes, "confirm", operation=task.id, version=3)[1]
    assert send(mes, "confirm", operation=10**9, version=2)[0] == "refused"
    assert (task.instruction_version, len(task.instruction)) == (2, 2)
    assert (task.instruction[0].file, task.instruction[0].confirm) == ("/files/7/page", True)


def test_the_badge_says_who_and_another_firms_badge_is_refused(mes: Mes) -> None:
    other = Mes("other")
    order = mes.order("W-1", 5)
    number = mes.operation(order, 10).pk
    second = mes.person("second", "operator")
    assert send(mes, "start", operation=number, person="mes-second")[0] == "booked"
    assert send(mes, "pause", operation=number, person="mes-second")[0] == "booked"
    span = WorkSpan.objects.get()
    assert (span.person_id, span.end is not None) == (second.person_id, True)
    outcome, why = send(mes, "output", operation=number, good=1, person="other-operator")
    assert (outcome, "badge other-operator" in why) == ("refused", True)
    with pytest.raises(DeniedError):
        send(mes, "output", operation=number, good=1, by=other.operator)
    with pytest.raises(DeniedError):
        queries.terminal(other.operator, "mes-mill", now=now_us())
    assert not Booking.objects.filter(kind="output").exists()


def test_a_call_is_raised_answered_and_closed_once(mes: Mes) -> None:
    entry = {"key": "c1", "kind": "call", "event_at": now_us(), "place": "mes-mill", "type": "maintenance"}
    for _ in range(2):
        receive_entries(actor=mes.operator, organisation_id=mes.firm.pk, terminal="T", entries=[entry])
    assert send(mes, "call", type="maintenance")[1] == f"call:{AndonCall.objects.get().pk}"  # it is open already
    (call,) = open_calls(mes.planner)
    assert (call.type, call.place_name, call.raised_by) == ("maintenance", "mes-mill", "operator")
    assert send(mes, "call_answer", call="c1", person="mes-quality")[0] == "booked"
    assert state(mes).calls[0].answered_by == "quality"
    assert send(mes, "call_close", call=call.id, note="belt changed")[0] == "booked"
    assert open_calls(mes.planner) == []
    assert "closed already" in send(mes, "call_close", call=call.id)[1]
    assert send(mes, "call", type="maintenance")[0] == "booked"
    assert AndonCall.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "members", "why"),
    [
        ("call", {"type": "pizza"}, "kind of help pizza"),
        ("call", {"type": "maintenance", "place": None}, "at which machine"),
        ("call_answer", {"call": 10**9}, "no such call"),
        ("call_close", {"call": True}, "number of a call"),
        ("call_close", {"call": "x" * 65}, "number of a call"),
        ("handover", {"note": " "}, "next shift"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(mes: Mes, kind: str, members: Any, why: str) -> None:
    outcome, said = send(mes, kind, **members)
    assert (outcome, why in said) == ("refused", True), said


def test_calls_of_another_firm_are_not_there(mes: Mes) -> None:
    send(mes, "call", type="maintenance")
    other, at = Mes("other"), Report(now_us(), now_us())
    number = AndonCall.objects.get().pk
    assert open_calls(other.planner) == []
    with pytest.raises(DeniedError, match="no such call"):
        andon.close_call(actor=other.operator, organisation_id=other.firm.pk, call=number, at=at)
    with pytest.raises(DeniedError):
        andon.close_call(actor=other.operator, organisation_id=mes.firm.pk, call=number, at=at)
    auditor = mes.person("auditor", "auditor")
    with pytest.raises(DeniedError):
        andon.answer_call(actor=auditor, organisation_id=mes.firm.pk, call=number, at=at)
    with pytest.raises(DeniedError):
        andon.raise_call(actor=auditor, organisation_id=mes.firm.pk, key="k", kind="maintenance", at=at)
    with pytest.raises(ConfigError, match="at which machine"):
        andon.raise_call(actor=mes.operator, organisation_id=mes.firm.pk, key="k", kind="maintenance", at=at)


def test_a_note_is_there_for_the_next_shift_and_gone_after_a_day(mes: Mes) -> None:
    assert send(mes, "handover", note="Tool 3 is new", shift="early")[0] == "booked"
    (note,) = state(mes).handovers
    assert (note.note, note.badge) == ("Tool 3 is new", "mes-operator")
    HandoverNote.objects.update(event_at=now_us() - 90_000_000_000)
    assert state(mes).handovers == ()


def test_the_answer_fits_its_schema_and_costs_little_when_nothing_changed(mes: Mes) -> None:
    order = mes.order("W-1", 5)
    tablet = client(mes.operator)
    path = "/api/v1/factory/terminal?place=mes-mill"
    first = tablet.get(path)
    parsed = TypeAdapter(TerminalState).validate_json(first.content)
    assert (parsed.place.code, parsed.viewer.badge) == ("mes-mill", "mes-operator")
    assert abs(int(first["Server-Time"]) - now_us()) < 60_000_000
    with CaptureQueriesContext(
        connection,
    ) as seen:
        again = tablet.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "Server-Time" in again
    assert len(seen) <= 6, [one["sql"] for one in seen]
    send(mes, "output", operation=mes.operation(order, 10).pk, good=1)
    with CaptureQueriesContext(connection) as seen:
        changed = tablet.get(path, headers={"if-none-match": first["ETag"]})
    assert (changed.status_code, changed.json()["tasks"][0]["good"]) == (200, 1)
    assert len(seen) <= 30
    assert tablet.get("/api/v1/factory/terminal?place=moon").status_code == 404
    assert {one["code"] for one in tablet.get("/api/v1/factory/terminal").json()["places"]} == {
        "mes-mill",
        "mes-mill2",
        "mes-bench",
    }
    assert client(Mes("other").operator).get(path).status_code == 404


def test_the_door_of_the_terminal_takes_a_session_with_its_token_only(mes: Mes) -> None:
    order = mes.order("W-1", 5)
    entry = {"key": "k", "kind": "output", "event_at": now_us(), "operation": mes.operation(order, 10).pk, "good": 1}

    def post(who: Client, body: Any, **more: Any) -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return who.post("/terminal/inbox", text, content_type="application/json", **more)

    assert post(client(mes.operator, enforce_csrf_checks=True), {"entries": [entry]}).status_code == 403
    assert post(Client(), {"entries": [entry]}).status_code == 401
    assert post(client(mes.person("audit", "auditor")), {"entries": [entry]}).status_code == 403
    for wrong in ("", "[]", '{"entries": 3}', '{"entries": [3]}', "\xff", "[" * 100_000, '{"entries": []}' + " x"):
        assert post(client(mes.operator), wrong).status_code == 422, wrong[:20]
    assert post(client(mes.operator), {"entries": [{}] * 501}).status_code == 422
    assert not Booking.objects.exists()
    nested: list[Any] = []
    for _ in range(700):
        nested = [nested]
    deep = post(client(mes.operator), {"entries": [{"key": "d", "kind": "output", "note": nested}]}).json()
    assert deep["outcomes"][0]["outcome"] == "refused"
    answer = post(client(mes.operator), {"terminal": 7, "entries": [entry]}).json()
    assert answer["outcomes"][0]["outcome"] == "booked"
    assert abs(answer["now"] - now_us()) < 60_000_000


def test_the_worker_names_its_files_and_its_version(mes: Mes) -> None:
    answer = client(mes.operator).get("/terminal/worker.js")
    head = answer.content.decode().splitlines()[0]
    assert answer["Content-Type"].startswith("text/javascript")
    assert "/static/chanye/terminal/queue.js" in head
    assert answer["Service-Worker-Allowed"] == "/terminal/"
    page = client(mes.operator).get("/terminal/mes-mill/").content.decode()
    version = head.partition('VERSION = "')[2][:16]
    assert f'data-version="{version}"' in page
    assert "<script>" not in page
    assert Client().get("/terminal/worker.js").status_code == 401
    assert Client().get("/terminal/mes-mill/")["Location"].startswith("/sign-in/")


def test_pages_of_calls_and_refusals(mes: Mes) -> None:
    send(mes, "call", type="maintenance", note="smoke <b>")
    send(mes, "output", operation=1, good=3)
    leader = client(mes.planner)
    assert "smoke &lt;b&gt;" in leader.get("/calls/").content.decode()
    number = open_calls(mes.planner)[0].id
    for do in ("answer", "close", "close"):
        assert leader.post("/calls/", {"call": number, "do": do, "note": "done"}).status_code == 302
    assert AndonCall.objects.get().closing_note == "done"
    page = leader.get("/conflicts/").content.decode()
    assert "3 good" in page
    address = page.partition('data-href="')[2].partition('"')[0]
    assert leader.post(address, {"note": " ", "do": "discard"}).status_code == 422
    assert leader.post(address, {"note": "typed twice", "do": "discard"}).status_code == 302
    assert "typed twice" in leader.get(address).content.decode()
    assert client(mes.operator).get("/conflicts/").status_code == 404
    for form in ("xlsx", "csv"):
        assert leader.get(f"/calls/?as={form}").status_code == 200
        assert leader.get(f"/conflicts/?as={form}").status_code == 200


def test_a_second_person_joins_and_leaves_and_the_work_goes_on(mes: Mes) -> None:
    order = mes.order("W-1", 5)
    number = mes.operation(order, 10).pk
    second = mes.person("second", "operator")
    assert "join it first" in send(mes, "leave", operation=number)[1]
    assert send(mes, "start", operation=number)[0] == "booked"
    assert send(mes, "start", operation=number, person="mes-second")[0] == "booked"
    assert state(mes).tasks[0].people == ("mes-operator", "mes-second")
    assert send(mes, "leave", operation=number, person="mes-second") == ("booked", f"operation:{number}")
    assert "join it first" in send(mes, "leave", operation=number, person="mes-second")[1]
    assert WorkSpan.objects.get(person_id=second.person_id).end is not None
    assert WorkSpan.objects.get(person_id=mes.operator.person_id).end is None
    assert (mes.operation(order, 10).state, state(mes).tasks[0].people) == ("running", ("mes-operator",))
    assert AuditEntry.objects.filter(verb="leave_operation").count() == 1
    at = Report(now_us(), now_us())
    with pytest.raises(ConfigError, match="join it first"):  # nobody is nobody, not everybody
        leave_operation(actor=mes.operator, operation_id=number, at=at)
    outcome, target = send(mes, "leave", operation=number)  # the last one
    assert (outcome, target) == ("booked", f"booking:{Booking.objects.get(kind='pause').pk}")
    assert (mes.operation(order, 10).state, state(mes).tasks[0].people) == ("paused", ())
    assert not WorkSpan.objects.filter(end=None).exists()


def _receive(mes: Mes, lot: str, quantity: float = 100, material: str = "STEEL") -> None:
    commission_lot(
        actor=SYSTEM,
        organisation_id=mes.firm.pk,
        material_code=material,
        lot=lot,
        quantity=quantity,
        unit="kg",
        key=f"{material} {lot}",
    )


def test_materials_come_with_the_task_and_their_lots_beside(mes: Mes) -> None:
    order = mes.order("W-1", 20)
    number = mes.operation(order, 10).pk
    for n in range(32):
        _receive(mes, f"S-{n}")
    _receive(mes, "X", material="OTHER")
    shown = state(mes)
    (steel,) = shown.tasks[0].materials
    assert (steel.code, steel.tracking, steel.unit, steel.needed, steel.used) == ("STEEL", "lot", "kg", 33, 0)
    assert [one.code for one in shown.lots["STEEL"]] == [f"S-{n}" for n in range(31, 1, -1)]
    assert set(shown.lots) == {"STEEL"}
    assert "scan the lot" in send(mes, "consume", operation=number, material="STEEL", quantity=3)[1]
    assert send(mes, "consume", operation=number, material="STEEL", lot="S-30", quantity=12.5)[0] == "booked"
    shown = state(mes)
    assert shown.tasks[0].materials[0].used == 12.5
    assert [(one.code, one.left) for one in shown.lots["STEEL"][:2]] == [("S-31", 100), ("S-30", 87.5)]
    assert newest_lots(Mes("other").operator, mes.firm.pk, ["STEEL"], most=3) == {}


def test_serials_are_asked_for_at_the_last_operation(mes: Mes) -> None:
    Material.objects.filter(code="P-1").update(tracking="serial")
    order = mes.order("W-1", 2)
    assert [task.serial for task in state(mes).tasks] == [False]
    for step in (10, 20):
        assert send(mes, "output", operation=mes.operation(order, step).pk, good=2, place=None)[0] == "booked"
    (task,) = state(mes, "mes-bench").tasks
    assert (task.number, task.serial) == (30, True)
    send(mes, "output", operation=task.id, good=1, serials=["N-1"], place=mes.bench.id)
    (booked,) = state(mes, "mes-bench").booked
    assert booked.serials == ("N-1",)
