"""The pages of shift calendars and machine settings: who may, what is stored, and what the figures become."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.test import Client

from chanye.domains.factory.models import CalendarAssignment, MachineSettings, ShiftCalendar
from chanye.domains.factory.pages.calendar_draft import draft_of, pattern_of, read_time
from chanye.domains.factory.pages.calendar_form import change_rows, read_draft
from chanye.domains.factory.queries import machines as queries
from chanye.kernel.shifts import shift_pattern_from_dict
from chanye.kernel.time import now_us, to_us
from chanye.parties import actions as parties
from chanye.parties.models import AuditEntry, Person
from chanye.parties.types import SYSTEM
from factory_kit import GOOD, HOUR, MINUTE, SECOND, Plant

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: str, clock: str) -> int:
    return to_us(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI))


def client_of(plant: Plant, role: str, name: str = "") -> Client:
    person = parties.create_person(
        actor=SYSTEM,
        organisation_id=plant.firm.pk,
        username=name or f"{plant.firm.code}-{role}",
        name=role,
        role=role,
        password="correct horse 9",
    )
    client = Client()
    client.force_login(Person.objects.get(pk=person))
    return client


#: A night shift over midnight with a break on each side of it, a holiday of three days, a Sunday worked like Monday,
#: an extra shift, and a short day.
SENT = {
    "name": "夜班厂",
    "zone": "Asia/Shanghai",
    "s0-name": "夜班",
    "s0-day": ["0", "1", "2", "3", "4"],
    "s0-start": "２２：００",
    "s0-end": "600",
    "s0b0-start": "23:30",
    "s0b0-end": "0:15",
    "s0b1-start": "3",
    "s0b1-end": "3:30",
    "e0-first": "2026-10-01",
    "e0-last": "2026-10-03",
    "e0-kind": "closed",
    "e1-first": "2026-10-11",
    "e1-last": "",
    "e1-kind": "0",
    "e2-first": "2026-10-13",
    "e2-last": "",
    "e2-kind": "extra",
    "e2s0-name": "加班",
    "e2s0-start": "08:00",
    "e2s0-end": "12:00",
    "e3-first": "2026-10-14",
    "e3-last": "",
    "e3-kind": "instead",
    "e3s0-name": "短班",
    "e3s0-start": "22:00",
    "e3s0-end": "02:00",
    "e3s0b0-start": "23:50",
    "e3s0b0-end": "00:10",
    "do": "save",
}


def as_sent(fields: dict[str, object]) -> QueryDict:
    sent = QueryDict(mutable=True)
    for name, value in fields.items():
        sent.setlist(name, value if isinstance(value, list) else [value])
    return sent


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("8", 480), ("800", 480), ("08:00", 480), ("８：３０", 510), ("24:00", 1440), ("0", 0), ("23.59", 1439)]
    + [(wrong, None) for wrong in ("", "24:01", "8:60", "-1", "8:0:0", "noon", "99999")],
)
def test_times_are_read_as_people_type_them(text: str, minutes: int | None) -> None:
    assert read_time(text) == minutes


def expected_busy() -> list[tuple[int, int]]:
    """The planned time of 2026-09-30 to 2026-10-15, by hand."""

    def night(day: str, following: str) -> list[tuple[int, int]]:
        return [
            (at(day, "22:00"), at(day, "23:30")),
            (at(following, "00:15"), at(following, "03:00")),
            (at(following, "03:30"), at(following, "06:00")),
        ]

    found = night("2026-09-30", "2026-10-01")  # Wednesday; then three days closed, Sunday the 4th free
    for day in (5, 6, 7, 8, 9, 11, 12, 13):  # the 11th is a Sunday worked like a Monday
        if day == 13:
            found.append((at("2026-10-13", "08:00"), at("2026-10-13", "12:00")))
        found += night(f"2026-10-{day:02}", f"2026-10-{day + 1:02}")
    found += [
        (at("2026-10-14", "22:00"), at("2026-10-14", "23:50")),
        (at("2026-10-15", "00:10"), at("2026-10-15", "02:00")),
    ]
    return found


def test_a_calendar_goes_round(plant: Plant) -> None:
    client = client_of(plant, "engineer")
    answer = client.post("/calendars/new/", SENT | {"place": [str(plant.site.id)]})
    assert answer.status_code == 302
    row = ShiftCalendar.objects.get()
    window = at("2026-09-30", "12:00"), at("2026-10-15", "12:00")
    pattern = shift_pattern_from_dict(row.pattern)
    assert list(pattern.planned(*window)) == expected_busy()
    # what the form shows again means the same, and says it in the same words
    draft = draft_of(row.name, pattern)
    assert [(e.first, e.last, e.kind) for e in draft.exceptions] == [
        ("2026-10-01", "2026-10-03", "closed"),
        ("2026-10-11", "", "0"),
        ("2026-10-13", "", "extra"),
        ("2026-10-14", "", "instead"),
    ]
    again = pattern_of(draft)
    assert again is not None
    assert list(again.planned(*window)) == expected_busy()
    assert CalendarAssignment.objects.get().asset_id == plant.site.id
    page = client.get(f"/calendars/{row.pk}/").content.decode()
    assert 'name="s0-start"' in page
    assert 'value="22:00"' in page


def test_who_may_what(plant: Plant, history) -> None:
    machine = plant.machine()
    engineer, operator = client_of(plant, "engineer"), client_of(plant, "operator")
    assert engineer.post("/calendars/new/", SENT).status_code == 302
    number = ShiftCalendar.objects.get().pk
    paths = ("/calendars/", f"/calendars/{number}/", f"/machines/{machine.id}/settings/")
    for path in paths:
        read = operator.get(path)
        assert read.status_code == 200, path
        assert b'name="do"' not in read.content, path
        assert engineer.get(path).status_code == 200, path
    assert operator.get("/calendars/new/").status_code == 404
    for path in ("/calendars/new/", f"/calendars/{number}/", f"/calendars/{number}/delete/", paths[2]):
        assert operator.post(path, SENT).status_code == 404, path
    other = client_of(Plant(history, "other"), "engineer")
    for path in (*paths[1:], "/machines/999999/settings/", "/calendars/999999/"):
        assert other.get(path).status_code == 404, path
        assert other.post(path, SENT).status_code == 404, path
    assert other.post(f"/calendars/{number}/delete/").status_code == 404
    assert other.post("/calendars/new/", SENT | {"place": [str(plant.site.id)]}).status_code == 404
    assert Client().get("/calendars/").status_code == 404
    assert list(ShiftCalendar.objects.values_list("pk", flat=True)) == [number]
    assert not MachineSettings.objects.exists()


def test_every_write_has_one_audit_row(plant: Plant) -> None:
    client = client_of(plant, "planner")
    before = AuditEntry.objects.count()
    client.post("/calendars/new/", SENT | {"place": [str(plant.site.id)]})
    number = ShiftCalendar.objects.get().pk
    assert client.post("/calendars/new/", SENT).status_code == 400  # the name is taken
    assert client.post(f"/calendars/{number}/", SENT | {"name": "新名"}).status_code == 302
    assert ShiftCalendar.objects.get().name == "新名"
    assert not CalendarAssignment.objects.exists()  # nothing was ticked
    assert client.post(f"/calendars/{number}/delete/").status_code == 302
    assert not ShiftCalendar.objects.exists()
    rows = AuditEntry.objects.order_by("sequence")[before:]
    assert [row.verb for row in rows] == ["create_calendar", "change_calendar", "delete_calendar"]
    assert json.loads(rows[2].detail)["pattern"]["shifts"][0]["name"] == "夜班"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Give it a name"),
        ({"s0-start": "25:00"}, "Write a time of day"),
        ({"s0-day": []}, "Choose the days"),
        ({"s0b0-start": "12:00"}, "This break is not inside the shift 22:00–06:00"),
        ({"e0-first": "soon"}, "Choose the date."),
        ({"e0-last": "2026-09-01"}, "0 to 91 days"),
        ({"e1-first": "2026-10-02"}, "2026-10-02 stands above already"),
        ({"e1-kind": "6"}, "No shift starts on that weekday"),
        ({"e1-kind": "<b>"}, "Choose what is done"),
        ({"zone": "Mars/Olympus"}, "Choose the time zone"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(plant: Plant, wrong: dict[str, object], words: str) -> None:
    client = client_of(plant, "engineer")
    client.cookies["django_language"] = "en"
    answer = client.post("/calendars/new/", SENT | wrong)
    zone_hidden = "zone" in wrong
    assert answer.status_code == 400
    if not zone_hidden:
        assert words in answer.content.decode()
    assert not ShiftCalendar.objects.exists()


def test_hostile_forms_never_crash(plant: Plant) -> None:
    client = client_of(plant, "engineer")
    for fields in (
        {},
        {"do": "add:s0b0b"},
        {"do": "drop:s99"},
        {"do": "add:" + "e" * 50},
        {"do": "later", "week": "9999-12-31"},
        SENT | {"do": "earlier", "week": "0001-01-01"},
        SENT | {"s0-start": "\x00", "place": ["x", "9" * 30]},
        SENT | {"do": "drop:e2s0"},
    ):
        assert client.post("/calendars/new/", fields).status_code in (200, 400), fields
    assert client.get("/calendars/new/?template=no&week=x").status_code == 200


def test_rows_come_and_go_without_a_script(plant: Plant) -> None:
    draft = read_draft(as_sent(SENT))
    assert change_rows(draft, "add:s0b") == "s0b2"
    assert change_rows(draft, "add:e2s") == "e2s1"
    assert change_rows(draft, "drop:e0") == ""
    assert [e.prefix for e in draft.exceptions] == ["e0", "e1", "e2"]
    assert draft.exceptions[1].shifts[0].prefix == "e1s0"
    page = client_of(plant, "engineer").post("/calendars/new/", SENT | {"do": "add:s"}).content.decode()
    assert 'name="s1-start"' in page
    assert "短班" in page
    assert not ShiftCalendar.objects.exists()


def test_what_each_place_gets(plant: Plant) -> None:
    area = plant.asset(plant.site, "area", "hall-1")
    inside, outside = plant.asset(area, "work_unit", "in"), plant.machine("out")
    client = client_of(plant, "manager")
    client.post("/calendars/new/", SENT | {"name": "A", "place": [str(plant.site.id)]})
    client.post("/calendars/new/", SENT | {"name": "B", "place": [str(area.id)]})
    from chanye.domains.factory.queries.settings import places

    got = {place.asset.id: (place.calendar, place.source) for place in places(plant.viewer)}
    assert got == {
        plant.site.id: ("A", ""),
        area.id: ("B", ""),
        inside.id: ("B", area.name),
        outside.id: ("A", plant.site.name),
    }


def work_a_day(plant: Plant, machine, start: int) -> None:
    """Eight hours by hand: 4 h ACTIVE, 1 h FEED_HOLD, 3 h READY; a part each 6 min while active, by two programs."""
    execution = plant.series(machine, "execution", states={"FEED_HOLD": "stopped"})
    program, parts = plant.series(machine, "program"), plant.series(machine, "part_count")
    scrap = plant.series(machine, "scrap_count")
    rows = [(0, "ACTIVE"), (4 * HOUR, "FEED_HOLD"), (5 * HOUR, "READY"), (8 * HOUR, "READY")]
    plant.write(execution, [(start + t, word, GOOD) for t, word in rows], work=False)
    plant.write(program, [(start, "O1", GOOD), (start + 2 * HOUR, "O2", GOOD)], work=False)
    counts = [(start + i * 6 * MINUTE, float(i), GOOD) for i in range(41)]
    plant.write(parts, [*counts, (start + 8 * HOUR, 40.0, GOOD)], work=False)
    plant.write(scrap, [(start, 0.0, GOOD), (start + 3 * HOUR, 10.0, GOOD), (start + 8 * HOUR, 10.0, GOOD)])


def test_the_figures_follow_what_is_set(plant: Plant) -> None:
    machine = plant.machine()
    start = now_us() // HOUR * HOUR - 30 * HOUR
    end = start + 8 * HOUR
    work_a_day(plant, machine, start)
    client = client_of(plant, "engineer")
    path = f"/machines/{machine.id}/settings/"
    before = queries.machine_kpis(plant.viewer, machine.id, start, end)
    assert (before.oee.value, before.oee.why) == (None, "no_rate")
    client.cookies["django_language"] = "en"
    page = client.get(path).content.decode()
    assert "<b>360.0</b> s/part" in page  # 6 min of production a part, the idle hours left out
    assert "median of 19 parts" in page  # O2 made 20; before its first rise the program changed
    sent = {"run_time": "300", "floor": "50", "p0-name": "O1", "p0-time": "180", "do": "save"}
    for wrong in ({"run_time": "0"}, {"floor": "101"}, {"new-time": "5"}, {"p0-time": "fast"}):
        assert client.post(path, sent | wrong).status_code == 400
    assert client.post(path, sent).status_code == 302
    # A = 4 h / 8 h; the part at 2 h still belongs to O1: E = (20 x 180 s + 20 x 300 s) / 4 h; Q = 30 / 40
    kpis = queries.machine_kpis(plant.viewer, machine.id, start, end)
    assert kpis.availability.value == pytest.approx(0.5)
    assert kpis.effectiveness.value == pytest.approx(9600 / 14400)
    assert kpis.oee.value == pytest.approx(0.5 * (9600 / 14400) * 0.75)
    # its words: the hold is planned; the state stored in the frames is overruled when it is read
    assert client.post(path, sent | {"w0-text": "FEED_HOLD", "w0-class": "planned_off"}).status_code == 302
    kpis = queries.machine_kpis(plant.viewer, machine.id, start, end)
    assert kpis.elements.adet == 0
    assert kpis.elements.pbt == 7 * HOUR
    assert kpis.availability.value == pytest.approx(4 / 7)
    # a calendar over midnight or not: planned from 1 h to 7 h of the window with half an hour of break in the READY
    clock = [
        datetime.fromtimestamp((start + t) / SECOND, SHANGHAI).strftime("%H:%M")
        for t in (HOUR, 7 * HOUR, 6 * HOUR, 6 * HOUR + 30 * MINUTE)
    ]
    fields = {"name": "K", "zone": "Asia/Shanghai", "s0-name": "S", "s0-day": list("0123456"), "do": "save"}
    fields |= {"s0-start": clock[0], "s0-end": clock[1], "s0b0-start": clock[2], "s0b0-end": clock[3]}
    assert client.post("/calendars/new/", fields | {"place": [str(plant.site.id)]}).status_code == 302
    kpis = queries.machine_kpis(plant.viewer, machine.id, start, end)
    # planned 6 h less the break and the hold that counts as planned off; 3 h of it active
    assert kpis.elements.pbt == 6 * HOUR - 30 * MINUTE - HOUR
    assert kpis.availability.value == pytest.approx(3 / 4.5)


def test_an_observed_time_is_only_offered(plant: Plant) -> None:
    machine = plant.machine()
    work_a_day(plant, machine, now_us() // HOUR * HOUR - 30 * HOUR)
    client = client_of(plant, "engineer")
    path = f"/machines/{machine.id}/settings/"
    page = client.post(path, {"floor": "80", "do": "take:all"}).content.decode()
    assert 'value="360.0"' in page
    assert not MachineSettings.objects.exists()


def test_a_machine_that_never_spoke_has_settings_too(plant: Plant) -> None:
    machine = plant.machine()
    client = client_of(plant, "engineer")
    path = f"/machines/{machine.id}/settings/"
    assert client.get(path).status_code == 200
    sent = {
        "run_time": "",
        "floor": "80",
        "new-text": "<i>",
        "new-class": "setup",
        "new-name": "O9",
        "new-time": "12,5",
    }
    assert client.post(path, sent).status_code == 302
    row = MachineSettings.objects.get()
    assert (row.states, row.run_times) == ({"<i>": "setup"}, {"O9": 12.5})
    assert "&lt;i&gt;" in client.get(path).content.decode()
    assert client.get(f"/machines/{plant.site.id}/settings/").status_code == 404
