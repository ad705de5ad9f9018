"""A district with an office, its people, and firms that apply, for tests of the programme."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

from chanye.domains.programme import days
from chanye.domains.programme.actions import calls, drafts
from chanye.domains.programme.models import Application, Call
from chanye.domains.programme.starter import starter_rules
from chanye.domains.programme.types.applications import ApplicationDraft, CostDraft, Lines
from chanye.domains.programme.types.calls import Rule
from chanye.kernel.time import now_us
from chanye.parties.models import Membership, Organisation, Person
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import ensure_asset

YUAN = 100
MILLION = 1_000_000 * YUAN


class Party:
    """An organisation and its people."""

    def __init__(self, code: str, kind: str = "firm") -> None:
        self.row = Organisation.objects.create(name=f"Org {code}", code=code, kind=kind)
        self.id = int(self.row.pk)

    def person(self, name: str, *roles: str) -> Viewer:
        """Make somebody who works here in some roles."""
        row = Person.objects.create(username=f"{self.row.code}-{name}", name=name)
        for role in roles:
            Membership.objects.create(person=row, organisation=self.row, role=role)
        return Viewer(row.pk, self.id, frozenset(roles), name=name, kind=self.row.kind)


class Office(Party):
    """The office of a district with one person of each role."""

    def __init__(self, code: str = "office") -> None:
        super().__init__(code, "district")
        self.officer = self.person("officer", "officer")
        self.reviewers = [self.person(f"reviewer{i}", "reviewer") for i in range(3)]
        self.manager = self.person("manager", "manager")
        self.finance = self.person("finance", "finance")
        self.auditor = self.person("auditor", "auditor")


class Firm(Party):
    """A firm with a site and somebody who may apply."""

    def __init__(self, code: str = "firm") -> None:
        super().__init__(code)
        self.manager = self.person("boss", "manager")
        self.operator = self.person("worker", "operator")
        self.site = ensure_asset(
            actor=SYSTEM, organisation_id=self.id, parent_id=None, kind="site", code=code, name=f"Plant {code}"
        )


def make_case(office: Office, firm: Firm, state: str = "submitted", **values: Any) -> Application:
    """Put an application in a state, as it would be after the steps before."""
    now = now_us()
    call, _new = Call.objects.get_or_create(
        office_id=office.id,
        code="C1",
        defaults={"title": "Smart upgrade", "state": "open", "created_at": now, "changed_at": now},
    )
    given = {
        "number": f"C1-{Application.objects.count() + 1:03d}",
        "title": "Robot cell",
        "project_code": f"2601-500112-04-02-{Application.objects.count() + 1:06d}",
        "sector": "equipment",
        "upgrade_kind": "robots",
        "total_cost": 10 * MILLION,
        "eligible_cost": 10 * MILLION,
        "requested": 5 * MILLION,
        "claim": 0.12,
        "measure": "factory.energy_per_piece",
        "planned_start": date(2026, 3, 1),
        "planned_finish": date(2026, 9, 1),
        "round": 1,
        "submitted_at": None if state == "draft" else now,
        "created_at": now,
        "changed_at": now,
        "asset_id": firm.site.id,
    }
    return Application.objects.create(
        call=call, office_id=office.id, organisation_id=firm.id, state=state, **(given | values)
    )


def open_call(office: Office, *, code: str = "SU26", drop: tuple[str, ...] = (), **rules: dict[str, Any]) -> int:
    """Open the starter call of this year, with some rules taken out or changed; two reviews are enough."""
    year = days.today().year
    kept = [
        Rule(one.kind, rules.get(one.kind, one.value), one.clause)
        for one in starter_rules(year)
        if one.kind not in drop and one.kind != "reviews"
    ]
    kept.append(Rule("reviews", rules.get("reviews", {"least": 2}), "Art. 14"))
    call = calls.create_call(actor=office.officer, office_id=office.id, code=code, title=f"Call {code}", rules=kept)
    calls.set_call_state(actor=office.officer, call_id=call, state="open")
    return call


def fill(firm: Firm, call: int, **values: Any) -> int:
    """Start an application and fill in everything that it needs; return its id."""
    year = days.today().year
    number = drafts.start_application(actor=firm.manager, call_id=call)
    given: dict[str, Any] = {
        "asset_id": firm.site.id,
        "title": f"Robot cell of {firm.row.code}",
        "project_code": f"2601-500112-04-02-{100000 + number}",
        "sector": "equipment",
        "upgrade_kind": "robots",
        "summary": "Robots load the lathes.",
        "requested": 4 * MILLION,
        "measure": "factory.output",
        "method": "baseline",
        "claim": 0.12,
        "planned_start": date(year, 3, 1),
        "planned_finish": date(year + 1, 3, 1),
    }
    drafts.save_draft(actor=firm.manager, application_id=number, draft=ApplicationDraft(**(given | values)))
    costs = (CostDraft("equipment", "Robots", 8 * MILLION), CostDraft("wages", "Wages", MILLION, eligible=False))
    drafts.set_lines(actor=firm.manager, application_id=number, lines=Lines(costs=costs))
    for kind in ("licence", "filing", "plan"):
        paper = BytesIO(f"%PDF-1.7 {kind} {firm.row.code} {number if kind != 'licence' else ''}".encode())
        drafts.add_document(actor=firm.manager, application_id=number, kind=kind, name=f"{kind}.pdf", data=paper)
    return number


def submitted(firm: Firm, call: int, **values: Any) -> int:
    """Fill an application in and submit it."""
    number = fill(firm, call, **values)
    drafts.submit_application(actor=firm.manager, application_id=number)
    return number
