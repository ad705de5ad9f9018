"""Every address and every operation: closed to strangers, and to the people of another organisation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from chanye.domains.factory.actions import documents, master, nonconformance, orders, quality, quality_plans, routings
from chanye.domains.factory.actions.inbox import receive_entries
from chanye.domains.factory.actions.machines import save_calendar
from chanye.domains.factory.actions.maintenance import create_order
from chanye.domains.factory.actions.maintenance_plans import save_plan
from chanye.domains.factory.models import Material, Stop
from chanye.domains.factory.queries import master as master_queries
from chanye.domains.factory.queries import orders as refused
from chanye.domains.factory.types.quality import LineDraft, PlanDraft
from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us
from chanye.parties import actions as parties
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM, Viewer
from chanye.parties.webhooks import actions as webhooks
from chanye.parties.webhooks import queries
from chanye.spine import actions as spine
from chanye.spine.types import SeriesDraft
from chanye.trace.actions import commission_lot
from chanye.web.api import api
from web import office_doors

pytestmark = pytest.mark.django_db
#: An hour in which something stood still. [us UTC]
START, END = 1_700_000_000_000_000, 1_700_003_600_000_000
#: What anybody may open: it shows nothing of any organisation.
OPEN = {"health", "icon", "home", "search", "help", "set_language", "sign-in", "sign-out"} | office_doors.OPEN
#: Pages about the viewer's own organisation: no number in the address could name another's.
OWN = {"switch-organisation", "tokens", "people", "password", "audit", "connections", "new-connection",
       "calendars", "new-calendar", "maintenance", "maintenance-orders", "maintenance-new", "maintenance-due",
       "maintenance-plan-new", "spare-parts", "reliability", "energy", "files", "webhooks",
       "quality", "quality-plans", "new-quality-plan", "plan-import", "characteristics", "new-characteristic",
       "characteristic-import", "hold-rules", "inspections", "receive-lot", "cases", "new-case",
       "orders", "new-order", "release-orders", "order-import", "dispatch-board", "dispatch-paper", "master-home",
       "programs", "skills", "starter-reasons", "release-drafts",
       "terminal", "terminal-place", "terminal-worker", "terminal-inbox", "calls", "conflicts",
       "trace", "trace-labels", "downtime", "pareto", "waterfall", "unassigned", "measures", "compare", "rates",
       "measure", "measure-trend", "gates", "equipment", "equipment-import", "shifts",
       "master", "master-import", "master-new",
       "erp", "erp-in", "erp-out", "erp-example", "erp-schemas"} | office_doors.OWN  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    get_settings().run_folder.mkdir(parents=True)
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def patterns(resolver: URLResolver, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            if getattr(one, "app_name", "") or "api/" in str(one.pattern):
                continue
            yield from patterns(one, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern), one


ADDRESSES = [(path, one.name or "") for path, one in patterns(get_resolver())]


class Firm:
    """An organisation with a machine, a series and a connection, and somebody who may do everything there."""

    def __init__(self, code: str) -> None:
        from chanye.connectors import actions

        self.id = parties.create_organisation(actor=SYSTEM, code=code, name=f"Firm {code}")
        self.person = parties.create_person(
            actor=SYSTEM, organisation_id=self.id, username=code, name=code, role="admin", password="correct horse 9"
        )
        parties.add_member(actor=SYSTEM, organisation_id=self.id, person_id=self.person, role="engineer")
        self.site = spine.ensure_asset(
            actor=SYSTEM, organisation_id=self.id, parent_id=None, kind="site", code=code, name=f"SECRET {code}"
        )
        self.machine = spine.ensure_asset(
            actor=SYSTEM, organisation_id=self.id, parent_id=self.site.id, kind="work_unit", code="m", name="SECRET M"
        )
        draft = SeriesDraft("execution", "state", "1", role="execution")
        self.series = spine.ensure_series(actor=SYSTEM, asset_id=self.machine.id, draft=draft)
        viewer = Viewer(self.person, self.id, frozenset({"engineer", "admin"}), name=code)
        self.connection = actions.add_connection(
            actor=viewer, site_id=self.site.id, name=f"c-{code}", kind="shdr", options={"port": 7878}
        )
        self.viewer = viewer
        shifts = [{"name": "day", "start": "08:00", "end": "16:00"}]
        self.calendar = save_calendar(
            actor=SYSTEM,
            organisation_id=self.id,
            name=f"SECRET {code}",
            pattern={"zone": "Asia/Shanghai", "shifts": shifts},
        )

        self.file = spine.store_file(
            actor=viewer, organisation_id=self.id, name="SECRET.png", data=b"\x89PNG\r\n\x1a\nSECRET " + code.encode()
        ).id

        self.office = {name: number for one in office_doors.SUBJECTS for name, number in one.numbers(self).items()}
        self._orders(viewer)
        self._quality(viewer)
        self.webhook, _ = webhooks.add_webhook(
            actor=viewer, organisation_id=self.id, name=f"SECRET {code}", url="https://erp.example/", kinds="*"
        )
        webhooks.ping_webhook(actor=viewer, webhook_id=self.webhook)
        self.event = queries.deliveries(viewer, self.webhook)[0].id

        sent = {"key": code, "kind": "output", "event_at": now_us(), "place": "m", "note": f"SECRET {code}"}
        receive_entries(actor=viewer, organisation_id=self.id, terminal="T", entries=[sent])
        self.entry = refused.conflicts(viewer, self.id)[0].pk

        self.item = commission_lot(
            actor=viewer, organisation_id=self.id, material_code="SECRET", lot=f"SECRET {code}", quantity=1, key=code
        ).item
        self.stop = Stop.objects.create(
            organisation_id=self.id, asset_id=self.machine.id, start=START, end=END, until=END, state="fault",
            text=f"SECRET {code}", alarm=f"SECRET {code}"
        ).pk  # fmt: skip

        self.work = create_order(actor=viewer, asset_id=self.machine.id, title=f"SECRET {code}")
        plan = {"name": f"SECRET {code}", "trigger": "time", "every": 1}
        self.plan = save_plan(actor=viewer, asset_id=self.machine.id, **plan)

    def _quality(self, viewer: Viewer) -> None:
        self.characteristic = quality_plans.save_characteristic(
            actor=viewer,
            organisation_id=self.id,
            code="SECRET",
            name=f"SECRET {viewer.name}",
            kind="variable",
            upper=1,
        )
        Material.objects.create(organisation_id=self.id, code="M", name=f"SECRET {viewer.name}", kind="raw")
        draft = PlanDraft("P", f"SECRET {viewer.name}", "incoming", "M", lines=(LineDraft("SECRET"),))
        self.inspection_plan = quality_plans.save_plan(actor=viewer, organisation_id=self.id, draft=draft)
        quality_plans.release_plan(actor=viewer, plan_id=self.inspection_plan)
        self.inspection = quality.open_inspection(
            actor=viewer, plan_id=self.inspection_plan, lot=f"SECRET {viewer.name}", quantity=1
        )
        self.case = nonconformance.report_nonconformance(
            actor=viewer, organisation_id=self.id, title=f"SECRET {viewer.name}"
        )

    def _orders(self, viewer: Viewer) -> None:
        mine = {"actor": viewer, "organisation_id": self.id}
        master.save_materials(**mine, rows=[{"code": "GOOD", "name": f"SECRET {viewer.name}", "kind": "product"}])
        step = {"product": "GOOD", "revision": "A", "step": 10, "name": "SECRET", "work_centre": "m", "run_time": 1.0}
        routings.import_routings(**mine, rows=[step])
        self.revision = master_queries.revisions(viewer)[0].id
        self.material = master_queries.revisions(viewer)[0].material_id
        routings.release_revision(actor=viewer, revision_id=self.revision)
        self.order = orders.create_order(
            actor=SYSTEM, site_id=self.site.id, number=f"SECRET {viewer.name}", product="GOOD", quantity=1
        )
        orders.release_order(actor=SYSTEM, order_id=self.order)
        self.program = documents.save_program(**mine, code=f"SECRET {viewer.name}")
        page = {"text": f"SECRET {viewer.name}", "file": None, "confirm": False}
        self.instruction = documents.save_instruction(
            actor=viewer, revision_id=self.revision, step=10, title="SECRET", pages=[page]
        )

    def address(self, pattern: str) -> str:
        names = {"/master/": "materials", "/measures/": "oee"}
        named = next((name for room, name in names.items() if pattern.startswith(room)), "availability")
        numbers = {
            "<int:series_id>": self.series.id, "<int:site_id>": self.site.id, "<int:machine_id>": self.machine.id,
            "<int:line_id>": self.site.id,
            "<int:connection_id>": self.connection, "<str:form>": "csv", "<slug:name>": named,
            "<int:webhook_id>": self.webhook, "<int:delivery_id>": self.event,
            "<int:calendar_id>": self.calendar, "<int:file_id>": self.file, "<str:name>": "x.png",
            "<int:order_id>": self.order, "<int:centre_id>": self.machine.id, "<int:material_id>": self.material,
            "<int:revision_id>": self.revision, "<int:program_id>": self.program, "<int:step>": 10,
            "<int:instruction_id>": self.instruction, "<int:row_id>": self.material,
            "<path:code>": "m", "<int:entry_id>": self.entry,
            "<int:work_id>": self.work, "<int:plan_id>": self.plan, "<int:asset_id>": self.machine.id,
            "<int:inspection_plan_id>": self.inspection_plan, "<int:characteristic_id>": self.characteristic,
            "<int:inspection_id>": self.inspection, "<int:case_id>": self.case,
            "<int:item_id>": self.item, "<path:material>": "SECRET", "<str:code>": f"SECRET {self.viewer.name}",
            "<int:stop_id>": self.stop, "<int:start>": START,
        }  # fmt: skip
        numbers |= {f"<{kind}:{name}>": here for kind in ("int", "str") for name, here in self.office.items()}
        for word, number in numbers.items():
            pattern = pattern.replace(word, str(number))
        return pattern

    def client(self, **more: object) -> Client:
        client = Client(**more)
        client.force_login(Person.objects.get(pk=self.person))
        return client


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_is_closed(method: str) -> None:
    mine, other = Firm("mine"), Firm("other")
    doors = Doors(mine, other)
    faults = [fault for pattern, name in ADDRESSES for fault in doors.faults(pattern, name, method)]
    assert not faults, "\n".join(faults)
    if method == "get":
        # The marks that must not be seen are there to be seen: else all of this would prove nothing.
        seen = [name for pattern, name in ADDRESSES if doors.shows(pattern)]
        assert len(seen) > 60, seen


class Doors:
    """The addresses of one firm, knocked at by a stranger and by somebody of another firm."""

    def __init__(self, mine: Firm, other: Firm) -> None:
        self.mine = mine
        self.owner, self.stranger, self.foreigner = mine.client(), Client(), other.client()
        numbers = {"site": mine.site.id, "scope": mine.machine.id, "machine": mine.machine.id, "order": mine.order,
                   "asset": mine.machine.id, "centre": mine.machine.id, "item": mine.item, "first": mine.item,
                   "count": 2, "plan": mine.plan}  # fmt: skip
        #: Our numbers where a page takes a filter.
        self.query = "?" + urlencode(numbers)

    def shows(self, pattern: str) -> bool:
        """Tell whether an address shows our marks to ourselves."""
        return b"SECRET mine" in self.owner.get(self.mine.address(pattern)).getvalue()

    def faults(self, pattern: str, name: str, method: str) -> Iterator[str]:
        """Tell what is open that should not be."""
        address = self.mine.address(pattern)
        assert "<" not in address, f"teach Firm.address about {pattern}"
        stranger = getattr(self.stranger, method)(address)
        foreign = getattr(self.foreigner, method)(address)
        narrowed = getattr(self.foreigner, method)(address + self.query)
        for answer in (stranger, foreign, narrowed):
            if answer.status_code >= 500:
                yield f"{address} breaks: {answer}"
            if b"SECRET mine" in answer.getvalue():
                yield f"{address} shows what is ours{self.query * (answer is narrowed)}"
        if name in OPEN:
            return
        if stranger.status_code not in (302, 401, 403, 404, 405):
            yield f"{address} is open to strangers"
        if stranger.status_code == 302 and not stranger["Location"].startswith("/sign-in/"):
            yield f"{address} leads strangers to {stranger['Location']}"
        if name not in OWN and foreign.status_code not in (404, 405):
            yield f"{address} is open to another organisation: {foreign.status_code}"


def test_no_foreign_page_can_post() -> None:
    mine = Firm("mine")
    client = mine.client(enforce_csrf_checks=True)
    taken = []
    for pattern, _ in ADDRESSES:
        answer = client.post(mine.address(pattern), {"kind": "shdr", "on": "0"})
        if answer.status_code not in (403, 405):
            taken.append(f"{pattern} takes a post without the token: {answer.status_code}")
    assert not taken, "\n".join(taken)


@cache
def schema() -> dict[str, Any]:
    return dict(api.get_openapi_schema())


def operations() -> list[tuple[str, str]]:
    return [(path, method) for path, methods in schema()["paths"].items() for method in methods]


def test_every_operation_is_closed() -> None:
    mine, other = Firm("mine"), Firm("other")
    _, secret = parties.create_api_token(actor=other.viewer, name="t", expires_at=None)
    assert len(operations()) > 5
    faults = [fault for path, method in operations() for fault in operation_faults(mine, secret, path, method)]
    assert not faults, "\n".join(faults)


def example(of: dict[str, Any]) -> Any:
    """Return something that fits a schema, so that a refusal is one of the viewer, not of the body."""
    if "$ref" in of:
        return example(schema()["components"]["schemas"][of["$ref"].rpartition("/")[2]])
    if "default" in of or "enum" in of or "const" in of:
        return of.get("default", of.get("const", (of.get("enum") or [None])[0]))
    if "anyOf" in of or "allOf" in of:
        return example((of.get("anyOf") or of["allOf"])[0])
    if of.get("type") == "object":
        wanted = of.get("required", [])
        return {name: example(one) for name, one in of.get("properties", {}).items() if name in wanted}
    if of.get("type") == "array":
        return [example(of["items"])] if of.get("minItems") else []
    if of.get("format") == "date":
        return "2026-01-01"
    if of.get("type") == "string":
        return "x" * max(1, of.get("minLength", 1))
    return of.get("minimum", 1) if of.get("type") in ("integer", "number") else True


def ask(method: str, address: str, body: Any, secret: str = "") -> Any:
    sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return getattr(Client(), method)(address, headers=headers, **sent)


def operation_faults(mine: Firm, secret: str, path: str, method: str) -> Iterator[str]:
    address = path
    for word, number in {"asset_id": mine.machine.id, "series_id": mine.series.id, "machine_id": mine.machine.id,
                         "site_id": mine.site.id, "name": "availability", "webhook_id": mine.webhook, "deed": "test",
                         "event_number": mine.event, "item_id": mine.item, "work_id": mine.work, "plan_id": mine.plan,
                         "work_centre_id": mine.machine.id, "order_id": mine.order, "revision_id": mine.revision,
                         "position": 1, "line_id": mine.machine.id, "start": START, "case_id": mine.case,
                         "inspection_id": mine.inspection, **mine.office}.items():  # fmt: skip
        address = address.replace("{" + word + "}", str(number))
    assert "{" not in address, path
    operation = schema()["paths"][path][method]
    wanted = operation.get("requestBody")
    body = example(next(iter(wanted["content"].values()))["schema"]) if wanted else None
    query = f"?series={mine.series.id}&asset={mine.machine.id}&machine={mine.machine.id}&site={mine.site.id}"
    query += f"&site_id={mine.site.id}&q=x&below={mine.site.id}&start={START}&end={END}&step=60000000"
    query += f"&before_start={START}&before_end={END}&after_start={START}&after_end={END}"
    if ask(method, address + query, body).status_code != 401:
        yield f"{method} {path} is open without a token"
    answer = ask(method, address + query, body, secret)
    if answer.status_code not in ((200, 404) if method == "get" else (200, 201, 204, 404, 422)):
        yield f"{method} {path} answers {answer.status_code}: {answer.content!r}"
    if b"SECRET mine" in answer.content:
        yield f"{method} {path} shows what is ours"
    if "{" in path and answer.status_code != 404:
        yield f"{method} {path} is answered for a foreign number: {answer.status_code} {answer.content!r}"
    elif answer.status_code == 200 and b"SECRET mine" in ask(method, address, body, secret).content:
        yield f"{method} {path} shows what is ours"


def test_cookies_headers_and_hosts() -> None:
    mine = Firm("mine")
    client = Client()
    answer = client.post("/sign-in/", {"username": "mine", "password": "correct horse 9"})
    assert answer.status_code == 302
    cookie = answer.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    page = client.get(f"/machines/{mine.machine.id}/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert page["X-Frame-Options"] == "DENY"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert Client().get("/sign-in/", headers={"host": "evil.example"}).status_code == 400
    assert "*" not in settings.ALLOWED_HOSTS


@pytest.mark.parametrize(
    "path", ["../../../../etc/passwd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cx", "/etc/passwd"]
)
def test_static_files_end_at_their_folder(path: str) -> None:
    answer = Client().get(f"/static/{path}")
    assert answer.status_code in (400, 404)
    assert b"root:" not in answer.getvalue()
