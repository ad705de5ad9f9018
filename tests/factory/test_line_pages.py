"""The page of a line and the link of a machine: who may, what is stored, what is shown of the last days."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from chanye.domains.factory.actions.link import update_stops
from chanye.domains.factory.models import LineLayout, LinkSettings, Stop
from chanye.domains.factory.queries.lines import line_losses
from chanye.domains.factory.queries.link_settings import link_view
from chanye.kernel.time import now_us
from chanye.parties.models import AuditEntry, Membership, Person
from chanye.parties.types import SYSTEM
from chanye.spine.types import AssetRef
from downtime_kit import Floor
from factory_kit import GOOD, MINUTE, Plant


def client_of(plant: Plant, role: str) -> Client:
    person = Person.objects.create(username=f"line-{role}", name=role)
    Membership.objects.create(person=person, organisation=plant.firm, role=role)
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(person)
    return client


@pytest.fixture
def floor(plant: Plant) -> Floor:
    """Stops of 1, 3 and 30 minutes, and one of 90 seconds."""
    made = Floor(plant)
    rows = [(60, 1.0), (90, 3.0), (150, 30.0), (240, 1.5)]
    made.show((0, "ACTIVE"), *(one for at, long in rows for one in ((at, "FAULT"), (at + long, "ACTIVE"))))
    return made


def stored(line: AssetRef) -> list[list[int]]:
    return [one["machines"] for one in LineLayout.objects.get(asset_id=line.id).stations]


def test_a_threshold_is_tried_and_then_does_what_was_said(floor: Floor) -> None:
    client = client_of(floor.plant, "engineer")
    address = f"/machines/{floor.machine.id}/settings/"
    assert [stop.end - stop.start for stop in Stop.objects.order_by("start") if stop.end] == [3 * MINUTE, 30 * MINUTE]
    shown = link_view(floor.plant.viewer, floor.machine, now=now_us())
    assert sorted(shown.lost) == [1 * MINUTE, 1.5 * MINUTE, 3 * MINUTE, 30 * MINUTE]
    for seconds, wanting, minor in ((60, 4, 0), (61, 3, 1), (1800, 1, 3)):
        answer = client.post(address, {"do": "link:look", "threshold": str(seconds)})
        made = answer.context["link"].effect
        assert (answer.status_code, made.wanting, made.minor) == (200, wanting, minor)
    assert client.post(address, {"do": "link:take:90", "threshold": "x"}).context["link"].threshold == "90"
    assert LinkSettings.objects.get(asset_id=floor.machine.id).threshold == 120  # looking stores nothing
    page = client.post(address, {"do": "link:save", "threshold": "90", "auto_book": "on"}, follow=True)
    assert page.status_code == 200
    assert "The stops of the last 7 days follow at once" in page.content.decode()
    assert Stop.objects.count() == 3
    row = LinkSettings.objects.get(asset_id=floor.machine.id)
    assert (row.threshold, row.auto_book) == (90, True)
    deed = AuditEntry.objects.filter(verb="configure_link").get()
    assert json.loads(deed.detail) == {"threshold": 90, "auto_book": True}
    floor.say(Stop.objects.earliest("start").pk, "breakdown")
    client.post(address, {"do": "link:save", "threshold": "3600"})
    assert Stop.objects.count() == 1  # what somebody spoke of is kept
    assert not LinkSettings.objects.get(asset_id=floor.machine.id).auto_book


@pytest.mark.parametrize("text", ["", "-1", "1.5", "86401", "9" * 40, "１２０", "\x00", "<b>", "1e3"])
def test_a_threshold_that_cannot_be_is_refused_in_words(plant: Plant, text: str) -> None:
    machine = plant.machine()
    answer = client_of(plant, "engineer").post(
        f"/machines/{machine.id}/settings/", {"do": "link:save", "threshold": text}
    )
    assert answer.status_code == 400
    assert "Write whole seconds from 0 to 86400" in answer.content.decode()
    assert not LinkSettings.objects.exists()


@pytest.fixture
def three(plant: Plant) -> tuple[AssetRef, list[AssetRef]]:
    line = plant.asset(plant.site, "area", "line")
    return line, [plant.asset(line, "work_unit", code) for code in ("a", "b", "c")]


def sent(*stations: str, **more: str) -> dict[str, object]:
    return {"station": list(stations), "minimum": ["1"] * len(stations), "key": "", "mode": "key", **more}


def test_a_line_is_laid_out_saved_and_taken_back(plant: Plant, three: tuple[AssetRef, list[AssetRef]]) -> None:
    line, (a, b, c) = three
    client, address = client_of(plant, "engineer"), f"/lines/{line.id}/"
    assert "These machines are no line yet" in client.get(address).content.decode()
    assert line_losses(plant.viewer, line.id, 0, 1) is None
    draft = client.post(address, {"do": "all"}).context["draft"]
    assert draft.machines == (a.id, b.id, c.id)
    draft = client.post(address, sent(f"{a.id}", f"{b.id}", f"{c.id}", do="up:2")).context["draft"]
    assert draft.machines == (a.id, c.id, b.id)
    assert not LineLayout.objects.exists()  # nothing is stored until it is saved
    client.post(address, sent(f"{a.id}", f"{c.id}", f"{b.id}", do="save"))
    assert stored(line) == [[a.id], [c.id], [b.id]]
    client.post(address, sent(f"{a.id},{c.id}", f"{b.id}", do="save", key="0", mode="initial"))
    row = LineLayout.objects.get()
    assert (row.stations, row.key, row.mode) == (
        [{"machines": [a.id, c.id], "minimum": 1}, {"machines": [b.id], "minimum": 1}],
        0,
        "initial",
    )
    page = client.get(address)
    assert "a ∥ c" in page.content.decode()
    assert "feeds b" in page.content.decode()
    older = page.context["former"][1]["row"].sequence
    client.post(address, {"do": f"restore:{older}"})
    row.refresh_from_db()
    assert (stored(line), row.key, row.mode) == ([[a.id], [c.id], [b.id]], None, "key")
    client.post(address, {"do": "remove"})
    assert not LineLayout.objects.exists()
    assert AuditEntry.objects.filter(verb="configure_line", target=f"asset:{line.id}").count() == 4


def test_who_may_and_what_is_refused(plant: Plant, three: tuple[AssetRef, list[AssetRef]]) -> None:
    line, (a, b, _c) = three
    other = Plant(plant.history, "other")
    theirs = other.machine()
    address = f"/lines/{line.id}/"
    operator = client_of(plant, "operator")
    assert 'value="all"' not in operator.get(address).content.decode()
    assert operator.post(address, sent(f"{a.id}", do="save")).status_code in (403, 404)
    client = client_of(plant, "engineer")
    assert client.get(f"/lines/{a.id}/").status_code == 404  # a machine is no line
    assert client.get(f"/lines/{other.site.id}/").status_code == 404
    bad: list[dict[str, object]] = [
        sent(do="save"),
        sent(f"{a.id},{a.id}", do="save"),
        sent(f"{a.id}", f"{a.id}", do="look"),
        sent(f"{theirs.id}", do="look"),
        sent(f"{a.id}", do=f"add:{theirs.id}"),
        sent("x", do="save"),
        sent("", do="up:0"),
        sent("9" * 40, do="save"),
        sent(f"{a.id}", do="save", key="7"),
        sent(f"{a.id}", do="save", key="-1"),
        sent(*[f"{a.id}"] * 200, do="save"),
        {"station": [f"{a.id}", f"{b.id}"], "minimum": ["1"], "do": "save"},
        {"do": "restore:999"},
        {"do": "restore:\x00"},
    ]
    for one in bad:
        answer = client.post(address, one)
        assert answer.status_code == 400, one
        assert 'role="alert"' in answer.content.decode()
        assert "SECRET" not in answer.content.decode()
    assert client.post(address, {}).status_code == 200
    assert not LineLayout.objects.exists()


def test_a_draft_is_tried_on_the_last_days(plant: Plant) -> None:
    floor = Floor(plant)
    second = plant.machine("m2")
    series = plant.series(second, "execution")
    floor.show((0, "ACTIVE"), (60, "READY"), (90, "ACTIVE"), (200, "ACTIVE"))
    plant.write(
        series, [(floor.at(m), w, GOOD) for m, w in ((0, "ACTIVE"), (60, "FAULT"), (90, "ACTIVE"), (200, "ACTIVE"))]
    )
    while update_stops(actor=SYSTEM, source=plant.reader()):
        pass
    client, address = client_of(plant, "engineer"), f"/lines/{plant.site.id}/"
    both = sent(f"{floor.machine.id}", f"{second.id}", do="look")
    tried = client.post(address, both).context["tried"]
    assert (tried.lost, tried.stations[1].line_lost, tried.stations[0].blocked) == (30 * MINUTE,) * 3
    turned = client.post(address, {**both, "do": "up:1"}).context["tried"]  # m2 feeds m1 now
    assert (turned.stations[0].line_lost, turned.stations[1].starved) == (30 * MINUTE, 30 * MINUTE)
    page = client.get(f"/downtime/pareto/?scope={plant.site.id}&range=7d").content.decode()
    assert f"/lines/{plant.site.id}/" in page  # it is no line yet, and the page says how to make it one
    client.post(address, {**both, "do": "save"})
    page = client.get(f"/downtime/pareto/?scope={plant.site.id}&range=7d").content.decode()
    assert f"/lines/{plant.site.id}/" in page
    assert "What made the line stand" in page


def test_a_stop_that_goes_on_counts_as_long_as_it_lasts(plant: Plant) -> None:
    floor = Floor(plant)
    floor.show((0, "ACTIVE"), (300, "FAULT"))
    (shown,) = link_view(plant.viewer, floor.machine, now=floor.at(420)).lost
    assert shown == 120 * MINUTE
    silent = plant.machine("m9")
    assert (link_view(plant.viewer, silent, now=now_us()).connected, silent.kind) == (False, "work_unit")
    page = client_of(plant, "engineer").get(f"/machines/{silent.id}/settings/").content.decode()
    assert "Nothing is connected to this machine" in page
    assert (
        'value="link:save"'
        not in client_of(plant, "operator").get(f"/machines/{silent.id}/settings/").content.decode()
    )
