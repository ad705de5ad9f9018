"""Plans, orders, parts and reliability on real records and the real historian."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from chanye.domains.factory.actions import maintenance as actions
from chanye.domains.factory.actions import maintenance_plans as plan_actions
from chanye.domains.factory.actions import maintenance_work as work
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.models import MaintenanceOrder, MaintenancePlan, Reason, SpareMove, SparePart
from chanye.domains.factory.queries import maintenance as queries
from chanye.domains.factory.queries import maintenance_plans as plan_queries
from chanye.domains.factory.queries.maintenance import OrderFilter
from chanye.domains.factory.queries.reliability import asset_health, site_health, together
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.models import AuditEntry, Membership, Organisation, Person
from chanye.parties.types import SYSTEM, Viewer
from factory_kit import GOOD, HOUR, MINUTE

STEPS = [
    {"text": "检查油位"},
    {"text": "主轴振动", "kind": "value", "unit": "mm/s", "high": 4.5},
    {"text": "备注", "kind": "note", "required": False},
]


@pytest.fixture(autouse=True)
def _english(settings) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def shop(plant):
    people = {}
    for role in ("maintenance", "manager", "operator"):
        person = Person.objects.create(username=role, name=role)
        Membership.objects.create(person=person, organisation=plant.firm, role=role)
        people[role] = Viewer(person.pk, plant.firm.pk, frozenset({role}), name=role)
    return SimpleNamespace(plant=plant, machine=plant.machine(), **people)


def an_order(shop, **options) -> int:
    values = {"asset_id": shop.machine.id, "title": "主轴异响", "steps": STEPS} | options
    return actions.create_order(actor=shop.operator, **values)


def test_an_order_from_the_call_to_the_verification(shop) -> None:
    work.configure_maintenance(actor=shop.manager, organisation_id=shop.plant.firm.pk, labour_rate=12_000)
    began = now_us() - HOUR
    number = an_order(shop, lockout="断开主电源 Q1", permit=True, down_from=began)
    with pytest.raises(DeniedError):
        actions.start_order(actor=shop.operator, order_id=number)
    with pytest.raises(ConfigError, match="断开主电源"):
        actions.start_order(actor=shop.maintenance, order_id=number, permit_number="P-7")
    with pytest.raises(ConfigError, match="permit"):
        actions.start_order(actor=shop.maintenance, order_id=number, locked_out=True)
    actions.start_order(actor=shop.maintenance, order_id=number, locked_out=True, permit_number="P-7")
    with pytest.raises(ConfigError, match="1, 2"):
        actions.finish_order(actor=shop.maintenance, order_id=number)
    assert work.record_step(actor=shop.maintenance, order_id=number, position=1, result="pass") == "pass"
    assert work.record_step(actor=shop.maintenance, order_id=number, position=2, value=4.6) == "fail"
    with pytest.raises(ConfigError, match="asks for a value"):
        work.record_step(actor=shop.maintenance, order_id=number, position=2)
    part = work.save_part(
        actor=shop.manager, organisation_id=shop.plant.firm.pk, code="6204", name="轴承", price=2_550
    )
    with pytest.raises(ConfigError, match="Only 0"):
        work.use_part(actor=shop.maintenance, order_id=number, part_id=part, quantity=1)
    assert work.move_part(actor=shop.manager, part_id=part, quantity=5, note="到货", key="in-1") == 5
    assert work.move_part(actor=shop.manager, part_id=part, quantity=5, note="到货", key="in-1") == 5
    assert work.use_part(actor=shop.maintenance, order_id=number, part_id=part, quantity=2, key="u1") == 3
    assert work.use_part(actor=shop.maintenance, order_id=number, part_id=part, quantity=2, key="u1") == 3
    with pytest.raises(ConfigError, match="Only 2"):
        work.use_part(actor=shop.maintenance, order_id=number, part_id=part, quantity=-3)
    work.add_labour(actor=shop.maintenance, order_id=number, start=began, end=began + 30 * MINUTE)
    actions.wait_order(actor=shop.maintenance, order_id=number, waiting_for="轴承 6204")
    actions.start_order(actor=shop.maintenance, order_id=number)
    actions.finish_order(actor=shop.maintenance, order_id=number, remedy="更换轴承", key="f")
    actions.finish_order(actor=shop.maintenance, order_id=number, remedy="更换轴承", key="f")
    with pytest.raises(ConfigError, match="does not verify"):
        actions.verify_order(actor=shop.maintenance, order_id=number)
    actions.verify_order(actor=shop.operator, order_id=number)

    seen = queries.order(shop.manager, number, now=now_us())
    assert (seen.row.state, seen.lockout_by, seen.permit_number) == ("verified", "maintenance", "P-7")
    # two bearings at 25.50 yuan; half an hour at 120 yuan an hour, and some seconds of this test
    assert seen.row.cost.parts == 5_100
    assert 6_000 <= seen.row.cost.labour <= 6_100
    assert seen.row.down_to is not None
    assert seen.row.down_to - began >= HOUR
    verbs = [event.verb for event in seen.events]
    assert verbs == [
        "create", "start", "step", "step", "use_part", "labour", "wait", "start", "finish", "verify",
    ]  # fmt: skip
    stock = SparePart.objects.get(id=part).stock
    assert stock == sum(SpareMove.objects.filter(part_id=part).values_list("quantity", flat=True)) == 3
    written = AuditEntry.objects.filter(target=f"maintenance:{number}").values_list("verb", flat=True)
    assert len(written) == len(verbs)


def test_a_key_books_once_and_refuses_other_content(shop) -> None:
    first = an_order(shop, key="tap")
    assert an_order(shop, key="tap") == first
    with pytest.raises(ConfigError, match="used before"):
        an_order(shop, key="tap", title="别的")
    assert an_order(shop, source="call", source_ref="call:7") == an_order(shop, source="call", source_ref="call:7")
    assert list(MaintenanceOrder.objects.values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": "  "}, "no title"),
        ({"title": "x" * 300}, "300 characters"),
        ({"kind": "party"}, "kind of order"),
        ({"priority": 9}, "priority"),
        ({"minutes": -1}, "minutes"),
        ({"down_from": 1}, "went down"),
        ({"due_at": 1 << 60}, "three years"),
        ({"key": "k" * 65}, "64 characters"),
    ],
)
def test_what_cannot_be_is_refused_in_words(shop, values, words) -> None:
    with pytest.raises(ConfigError, match=words):
        an_order(shop, **values)
    assert not MaintenanceOrder.objects.exists()


def test_others_see_and_change_nothing(shop) -> None:
    number = an_order(shop)
    other = Organisation.objects.create(name="other", code="other")
    stranger = Viewer(99, other.pk, frozenset({"admin", "maintenance"}), name="stranger")
    assert queries.orders(stranger, now=now_us()) == []
    assert plan_queries.plans(stranger, now=now_us()) == []
    for call in (
        lambda: queries.order(stranger, number, now=now_us()),
        lambda: actions.start_order(actor=stranger, order_id=number),
        lambda: actions.create_order(actor=stranger, asset_id=shop.machine.id, title="x"),
        lambda: asset_health(stranger, shop.machine.id, 0, 1, now=2),
    ):
        with pytest.raises(DeniedError):
            call()


def test_planned_windows_are_there_for_planning(shop) -> None:
    number, start = an_order(shop), now_us() + DAY
    actions.plan_order(
        actor=shop.manager, order_id=number, start=start, end=start + HOUR, assignee_id=shop.maintenance.person_id
    )
    ask = lambda a, b: queries.planned_windows(shop.manager, [shop.machine.id], a, b)  # noqa: E731 - two words to ask
    (window,) = ask(start, start + 1)
    assert (window.start, window.end, window.stops_machine) == (start, start + HOUR, True)
    assert ask(start + HOUR, start + DAY) == []
    assert [row.assignee for row in queries.orders(shop.maintenance, OrderFilter(mine=True), now=now_us())] == [
        "maintenance"
    ]
    with pytest.raises(ConfigError, match="not a member"):
        actions.plan_order(actor=shop.manager, order_id=number, assignee_id=12345)
    actions.cancel_order(actor=shop.manager, order_id=number, reason="重复")
    assert ask(start, start + DAY) == []


def test_a_plan_by_time_makes_one_order_each_interval(shop) -> None:
    now = now_us()
    plan = plan_actions.save_plan(
        actor=shop.maintenance, asset_id=shop.machine.id, name="周点检", trigger="time", every=1, unit="w",
        order_kind="inspection", steps=STEPS, last_at=now - 8 * DAY,
    )  # fmt: skip
    assert len(plan_actions.raise_due_orders(actor=SYSTEM)) == 1
    assert plan_actions.raise_due_orders(actor=SYSTEM) == []
    (row,) = queries.orders(shop.manager, now=now)
    assert (row.kind, row.source, row.steps, row.late(now)) == ("inspection", "plan", 3, True)
    actions.start_order(actor=shop.maintenance, order_id=row.id)
    for position in (1, 2):
        work.record_step(actor=shop.maintenance, order_id=row.id, position=position, result="skip", note="停机")
    actions.finish_order(actor=shop.maintenance, order_id=row.id)
    assert MaintenancePlan.objects.get(id=plan).last_at > now - MINUTE
    assert plan_actions.raise_due_orders(actor=SYSTEM) == []
    assert len(plan_actions.raise_due_orders(actor=SYSTEM, now=now + 8 * DAY)) == 1


def test_plans_by_run_hours_pieces_and_condition_read_the_spine(shop) -> None:
    plant, machine = shop.plant, shop.machine
    now = now_us()
    begin = now // HOUR * HOUR - 48 * HOUR
    state = plant.series(machine, "execution", states={"ACTIVE": "running", "READY": "waiting"})
    # two days: of each four hours it runs three
    rows = [(begin + i * HOUR, "READY" if i % 4 == 3 else "ACTIVE", GOOD) for i in range(48)]
    plant.write(state, [*rows, (now - MINUTE, "READY", GOOD)], work=False)
    parts = plant.series(machine, "part_count")
    plant.write(parts, [(begin + i * HOUR, 10 * i, GOOD) for i in range(48)], work=False)
    heat = plant.series(machine, "power", interpolation="stepped")
    plant.write(heat, [(now - 3 * HOUR, 60.0, GOOD), (now - HOUR, 90.0, GOOD), (now - 1, 90.0, GOOD)])

    def plan(name, **options) -> int:
        return plan_actions.save_plan(
            actor=shop.maintenance, asset_id=machine.id, name=name, last_at=begin, **options
        )

    hours = plan("润滑", trigger="run_hours", every=40)
    pieces = plan("换刀", trigger="counter", every=1000, lead=500)
    hot = plan("降温", trigger="condition", series_id=heat.id, limit=80.0, hold=30 * MINUTE)
    cold = plan("加热", trigger="condition", series_id=heat.id, limit=80.0, hold=2 * HOUR)
    seen = {view.id: view for view in plan_queries.plans(shop.manager, now=now)}
    assert seen[hours].due.used == pytest.approx(36.0, abs=0.02)
    assert seen[pieces].due.used == 470
    assert [seen[one].due.call for one in (hours, pieces, hot, cold)] == [False, False, True, False]
    # 36 of 40 h in two days: at 18 h a day the rest takes four hours of eighteen, from now
    assert seen[hours].due.at - now == pytest.approx(4 / 18 * DAY, rel=0.03)
    assert plan_queries.plans(shop.manager, now=now)[0].id == hot
    rise = plan("换刀", trigger="counter", every=500, lead=40)
    assert rise == pieces
    assert plan_queries.plan(shop.manager, rise, now=now).due.call


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"trigger": "moon"}, "trigger"),
        ({"trigger": "time", "every": 0}, "above zero"),
        ({"trigger": "time", "every": float("nan")}, "above zero"),
        ({"trigger": "time", "every": 1.5, "unit": "mo"}, "Months are whole"),
        ({"trigger": "time", "every": 5, "unit": "y"}, "unit"),
        ({"trigger": "time", "every": 5, "lead": 5}, "lead"),
        ({"trigger": "counter", "every": 5}, "no part counter"),
        ({"trigger": "condition"}, "limit"),
        ({"trigger": "condition", "limit": 5}, "needs a series"),
        ({"trigger": "time", "every": 5, "parts": [{"part": 99}]}, "does not exist"),
    ],
)
def test_a_wrong_plan_is_refused_in_words(shop, values, words) -> None:
    with pytest.raises(ConfigError, match=words):
        plan_actions.save_plan(actor=shop.maintenance, asset_id=shop.machine.id, name="x", **values)


def test_reliability_of_frames_and_orders_together(shop) -> None:
    plant, machine = shop.plant, shop.machine
    end = now_us() // HOUR * HOUR
    begin = end - 100 * HOUR
    state = plant.series(machine, "execution", states={"ACTIVE": "running", "FAULT": "fault", "READY": "waiting"})
    faults = [(20, 22), (50, 51), (80, 83)]
    rows = [(begin, "ACTIVE", GOOD)]
    for a, b in faults:
        rows += [(begin + a * HOUR, "FAULT", GOOD), (begin + b * HOUR, "ACTIVE", GOOD)]
    # a minor stop of two minutes, and the end
    rows += [
        (begin + 90 * HOUR, "FAULT", GOOD),
        (begin + 90 * HOUR + 2 * MINUTE, "ACTIVE", GOOD),
        (end, "READY", GOOD),
    ]
    plant.write(state, rows)
    found = asset_health(shop.manager, machine.id, begin, end, now=end)
    ran = 100 - 6 - 2 / 60
    assert (found.figures.failures, found.coverage) == (3, 1.0)
    assert found.figures.mtbf.value == pytest.approx(ran / 3)
    assert found.figures.mttr.value == pytest.approx(2.0)
    # the same fault reported by an order is one failure; the order makes it longer
    number = an_order(shop, down_from=begin + 50 * HOUR, steps=[])
    MaintenanceOrder.objects.filter(id=number).update(down_to=begin + 53 * HOUR, state="done")
    again = asset_health(shop.manager, machine.id, begin, end, now=end)
    assert (again.figures.failures, again.figures.mttr.value) == (3, pytest.approx(8 / 3))
    # a window that begins inside a fault does not count it as begun
    later = asset_health(shop.manager, machine.id, begin + 21 * HOUR, end, now=end)
    assert later.figures.failures == 2
    (alone,) = site_health(shop.manager, plant.site.id, begin, end, now=end)
    assert together(shop.manager, [alone, alone]).mtbf.value == pytest.approx(ran / 3)


def test_a_call_makes_an_order_and_a_terminal_works_on_it(shop) -> None:
    organisation = shop.plant.firm.pk
    Reason.objects.create(organisation_id=organisation, tree="help", code="maintenance", name="维修")
    now = now_us()

    def send(actor, **entry):
        entry |= {"event_at": now}
        (found,) = receive_entries(actor=actor, organisation_id=organisation, terminal="T-1", entries=[entry])
        return found.outcome, found.why or found.target

    call = {"key": "c1", "kind": "call", "type": "maintenance", "place": "m1", "note": "主轴异响"}
    assert send(shop.operator, **call)[0] == "booked"
    assert send(shop.operator, **call)[0] == "already"
    row = MaintenanceOrder.objects.get()
    assert (row.title, row.priority, row.source) == ("主轴异响", 1, "call")
    does = {"kind": "maintenance", "work_order": row.pk, "place": "m1"}
    assert send(shop.operator, key="c2", do="start", **does)[0] == "refused"
    badge = shop.maintenance.name
    assert send(shop.operator, key="c3", do="start", person=badge, **does) == ("booked", f"maintenance:{row.pk}")
    assert send(shop.operator, key="c4", do="dance", person=badge, **does)[0] == "refused"
    assert send(shop.operator, key="c5", do="finish", person=badge, note="已调整", **does)[0] == "booked"
    assert send(shop.operator, key="c5", do="finish", person=badge, note="已调整", **does)[0] == "already"
    row.refresh_from_db()
    assert (row.state, row.done_by, row.remedy) == ("done", "maintenance", "已调整")
