"""A district with an office, its people, and firms that apply, for tests of the programme."""

from __future__ import annotations

from datetime import date
from typing import Any

from chanye.domains.programme.models import Application, Call
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
