"""The pages of connections: who may see and change what, and that what is shown is what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from chanye.connectors import actions, queries
from chanye.connectors.desk import Desk
from chanye.connectors.link import RunnerLink, link_tag
from chanye.connectors.models import Connection
from chanye.connectors.options import form_fields, read_form
from chanye.connectors.port import LocalPort
from chanye.connectors.status import write_statuses
from chanye.connectors.types import ConnectionStatus, Readings
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us
from chanye.parties import actions as parties
from chanye.parties.models import AuditEntry, Person
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine import actions as spine
from chanye.spine.history import History
from connectors import demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    get_settings().run_folder.mkdir(parents=True)
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()


class Firm:
    """An organisation with a site and a person in a role."""

    def __init__(self, code: str, role: str) -> None:
        self.id = parties.create_organisation(actor=SYSTEM, code=code, name=code)
        self.person = parties.create_person(
            actor=SYSTEM, organisation_id=self.id, username=code, name=code, role=role, password="correct horse 9"
        )
        self.site = spine.ensure_asset(
            actor=SYSTEM, organisation_id=self.id, parent_id=None, kind="site", code=code, name=code
        )
        self.viewer = Viewer(self.person, self.id, frozenset({role}), name=code)

    def client(self) -> Client:
        client = Client()
        client.force_login(Person.objects.get(pk=self.person))
        return client

    def add(self, name: str = "c1", **options: object) -> int:
        return actions.add_connection(
            actor=self.viewer, site_id=self.site.id, name=name, kind="shdr", options={"port": 7878} | options
        )


def test_only_who_may_configures(folder: Path) -> None:
    one, other, operator = Firm("one", "engineer"), Firm("other", "engineer"), Firm("third", "operator")
    number = one.add()
    assert [c.name for c in queries.connections(one.viewer)] == ["c1"]
    assert queries.connections(other.viewer) == []
    for attempt in (
        lambda: actions.set_enabled(actor=other.viewer, connection_id=number, enabled=False),
        lambda: actions.change_connection(actor=other.viewer, connection_id=number, options={}),
        lambda: queries.connection(other.viewer, number),
        lambda: queries.connections(operator.viewer),
        lambda: operator.add("c2"),
        lambda: actions.add_connection(actor=one.viewer, site_id=other.site.id, name="x", kind="shdr", options={}),
    ):
        with pytest.raises(DeniedError):
            attempt()


@pytest.mark.parametrize(("name", "kind"), [("", "shdr"), ("a b", "shdr"), ("../x", "shdr"), ("ok", "telex")])
def test_wrong_names_and_kinds_are_refused(folder: Path, name: str, kind: str) -> None:
    firm = Firm("one", "engineer")
    with pytest.raises(ConfigError):
        actions.add_connection(actor=firm.viewer, site_id=firm.site.id, name=name, kind=kind, options={})
    assert not Connection.objects.exists()


def test_every_write_has_one_audit_row(folder: Path) -> None:
    firm = Firm("one", "engineer")
    before = AuditEntry.objects.count()
    number = firm.add()
    with pytest.raises(ConfigError, match="taken"):
        firm.add()
    actions.change_connection(actor=firm.viewer, connection_id=number, options={"port": 7879})
    actions.set_enabled(actor=firm.viewer, connection_id=number, enabled=False)
    actions.set_enabled(actor=firm.viewer, connection_id=number, enabled=False)
    verbs = list(AuditEntry.objects.order_by("sequence").values_list("verb", flat=True))[before:]
    assert verbs == ["add_connection", "change_connection", "disable_connection"]


def collect(firm: Firm, number: int) -> None:
    """Store some readings of a connection as collect would, and write the status."""
    row = Connection.objects.get(pk=number)
    tags = [demo.TAG, demo.STATE, link_tag(row.name, ())]

    class Book:
        def declare(self, name: str, tags_: object) -> dict[str, int]:
            return {tag.address: series[tag.address] for tag in tags_}  # type: ignore[attr-defined]

    from chanye.connectors.binding import RecordsBook

    series = RecordsBook().declare(row.name, [*tags, link_tag(row.name, demo.TAG.asset)])
    with History(get_settings().history_folder) as history:
        desk = Desk(history, Book())  # type: ignore[arg-type]  # the records are locked by the test's transaction

        async def story() -> None:
            link = RunnerLink(row.name, LocalPort(desk), history.source(row.name))
            await link.declare([demo.TAG, demo.STATE])
            readings = Readings()
            readings.add("n", now_us() - 1000, 42.0)
            readings.add("s", now_us() - 1000, "<b>RUN</b>")
            readings.add("nobody", now_us(), 1.0)
            await link.send(readings)

        asyncio.run(story())
    status = ConnectionStatus(row.name, row.kind, "degraded", "No <adapter> answers.", now_us(), now_us(), 2)
    write_statuses(get_settings().run_folder, [status], now_us(), {})


def test_the_page_shows_state_counts_and_values(folder: Path) -> None:
    firm = Firm("one", "engineer")
    number = firm.add()
    collect(firm, number)
    detail = queries.connection(firm.viewer, number)
    assert (detail.view.state, detail.view.why) == ("degraded", "No <adapter> answers.")
    (hour,) = detail.hours
    assert (hour.received, hour.stored, hour.rejected) == (3, 2, 1)
    assert hour.reasons == {"rejected:unknown_tag": 1}
    assert [(t.address, t.value, t.text) for t in detail.tags] == [("n", 42.0, ""), ("s", 0.0, "<b>RUN</b>")]
    client = firm.client()
    for address in ("/connections/", f"/connections/{number}/", f"/connections/{number}/?part=live"):
        page = client.get(address)
        assert page.status_code == 200
        text = page.content.decode()
        assert "&lt;adapter&gt;" in text
        assert "<b>RUN" not in text
    assert "rejected:unknown_tag" in client.get(f"/connections/{number}/").content.decode()
    assert client.get(f"/connections/{number + 1}/").status_code == 404
    assert Firm("other", "engineer").client().get(f"/connections/{number}/").status_code == 404


def test_a_connection_through_the_browser(folder: Path) -> None:
    firm = Firm("one", "engineer")
    client = firm.client()
    assert client.get("/connections/").status_code == 200
    assert client.get("/connections/new/?kind=shdr").status_code == 200
    sent = {"kind": "shdr", "name": "lathe", "site": firm.site.id, "port": "7879", "names": '{"a": "b"}'}
    assert client.post("/connections/new/", sent | {"port": "x"}).status_code == 400
    assert client.post("/connections/new/", sent).status_code == 302
    row = Connection.objects.get(name="lathe")
    assert row.options["names"] == {"a": "b"}
    address = f"/connections/{row.pk}/"
    assert client.post(address, {"port": "99999"}).status_code == 400
    assert client.post(address, {"names": "{"}).status_code == 400
    assert client.post(address, {"port": "7880"}).status_code == 302
    row.refresh_from_db()
    assert row.options["port"] == "7880"
    assert "names" not in row.options
    client.post(f"{address}switch/", {"on": "0"})
    row.refresh_from_db()
    assert not row.enabled
    assert queries.connections(firm.viewer)[0].why == "off"


def test_numbers_among_choices_stay_numbers(folder: Path) -> None:
    rule = {"topic": "a/{asset}", "values": [{"code": "v", "unit": "1"}]}
    fields = {field.name: field for field in form_fields("mqtt", {"rules": [rule], "qos": 0})}
    assert (fields["qos"].widget, fields["qos"].value, fields["tls"].widget) == ("select", "0", "checkbox")
    options = read_form("mqtt", {"qos": "0", "rules": fields["rules"].value}, {})
    assert options["qos"] == 0
    assert options["rules"] == [rule]


def test_binding_by_hand(folder: Path) -> None:
    firm, other = Firm("one", "engineer"), Firm("other", "engineer")
    number = firm.add()
    mine = spine.ensure_series(actor=SYSTEM, asset_id=firm.site.id, draft=demo.TAG.series)
    theirs = spine.ensure_series(actor=SYSTEM, asset_id=other.site.id, draft=demo.TAG.series)
    actions.bind_tag(actor=firm.viewer, connection_id=number, address="n", series_id=mine.id)
    with pytest.raises(DeniedError):
        actions.bind_tag(actor=firm.viewer, connection_id=number, address="n", series_id=theirs.id)
    from chanye.connectors.binding import RecordsBook

    assert RecordsBook().declare("c1", [demo.TAG]) == {"n": mine.id}
    with pytest.raises(ConfigError, match="bound"):
        RecordsBook().declare("c1", [demo.TagDraft("n", demo.STATE.series)])
