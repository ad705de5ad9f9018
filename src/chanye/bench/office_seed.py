"""A district for the bench, straight into the tables: firms, projects, applications, awards, returns, effects.

Rows go in by the thousand past the actions, which would take an hour for it; so the audit log does not tell of them,
and papers are only named. Pages read them as they read any others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from chanye.kernel.time import now_us
from chanye.parties.types import DISTRICT, SYSTEM

FIRMS, PROJECTS, APPLICATIONS, AWARDS, MONTHS = 300, 5_000, 1_500, 400, 24
PASSWORD = "a bench of the office"
DAY_US = 86_400_000_000
YUAN = 100
_STAGES = ("signed", "paid_in", "started", "in_statistics", "in_production", "above_scale")
_STATUS = ("identification", "preparation", "implementation", "completion", "completed")
_STATES = ("submitted", "returned", "eligible", "reviewed", "declined", "refused", "agreed", "closed")


@dataclass(frozen=True, slots=True)
class District:
    """What was made: the office, its officer's name, and one number of each kind that addresses name."""

    office: int
    username: str
    ids: Mapping[str, int]


class _Making:
    """The rows so far, and the dice."""

    def __init__(self) -> None:
        self.draw = np.random.default_rng(7)
        self.now = now_us()
        self.today = date.today()  # noqa: DTZ011 - the day where the machine stands is good enough here

    def day(self, back: int) -> date:
        return self.today - timedelta(days=back)

    def pick(self, from_: Iterable[Any]) -> Any:
        values = list(from_)
        return values[int(self.draw.integers(len(values)))]

    def money(self, low: float, high: float) -> int:
        """Return an amount, log-uniform between two of yuan. [fen]."""
        return int(np.exp(self.draw.uniform(np.log(low), np.log(high)))) * YUAN


def _store(label: str, rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """Insert rows of a table by the thousand; return their numbers."""
    from django.apps import apps

    table = apps.get_model(label)
    made = table.objects.bulk_create([table(**row) for row in rows], batch_size=1_000)
    return [int(one.pk) for one in made]


def make() -> District:
    """Fill the records and return what addresses can name."""
    from django.db import transaction

    from chanye.parties.actions import create_organisation, create_person
    from chanye.parties.sectors import SECTORS

    making = _Making()
    office = create_organisation(actor=SYSTEM, code="district", name="开发区", kind=DISTRICT)
    create_person(
        actor=SYSTEM, organisation_id=office, username="officer", name="Officer", role="officer", password=PASSWORD
    )
    sectors = list(SECTORS)
    with transaction.atomic():
        firms = _store(
            "parties.Organisation",
            ({"name": f"企业 {i:03}", "code": f"firm-{i:03}", "kind": "firm"} for i in range(FIRMS)),
        )
        sites = _store("spine.Asset", _sites(firms))
        profiles = _profiles(making, office, firms, sectors)
        projects = _projects(making, office, firms, sectors)
        _evidence(making, office, firms, sites)
        applications = _applications(making, office, firms, sites, sectors)
    _returns(making, office, profiles)
    rankings = _office_acts(making, office, applications)
    return District(
        office,
        "officer",
        {
            "project_id": projects[17],
            "application_id": applications[3],
            "organisation_id": firms[5],
            "firm_id": firms[5],
            "profile_id": profiles[5],
            **rankings,
        },
    )


def _sites(firms: list[int]) -> Iterator[dict[str, Any]]:
    for firm in firms:
        yield {
            "organisation_id": firm, "kind": "site", "code": "site", "name": "厂区", "path": f"bench/{firm}",
            "simulated": True,
        }  # fmt: skip


def _profiles(making: _Making, office: int, firms: list[int], sectors: list[str]) -> list[int]:
    rows = [
        {
            "office_id": office, "organisation_id": firm, "sector": making.pick(sectors), "town": f"街道{firm % 12}",
            "size": making.pick(("large", "medium", "small", "micro")),
            "latitude": 29.7 + float(making.draw.normal(0, 0.05)),
            "longitude": 106.6 + float(making.draw.normal(0, 0.05)),
        }
        for firm in firms
    ]  # fmt: skip
    profiles = _store("projects.FirmProfile", rows)
    since = f"{making.today.year - 3}-01"
    _store("projects.ScopePeriod", ({"profile_id": one, "since": since} for i, one in enumerate(profiles) if i % 5))
    return profiles


def _projects(making: _Making, office: int, firms: list[int], sectors: list[str]) -> list[int]:
    rows, reached = [], []
    for i in range(PROJECTS):
        total, stage, start = (
            making.money(5e6, 2e9),
            int(making.draw.integers(0, 7)),
            int(making.draw.integers(30, 900)),
        )
        dates = {f"{name}_on": making.day(max(1, start - 60 * k)) for k, name in enumerate(_STAGES[:stage])}
        amounts = {f"{name}_amount": total for name in _STAGES[:stage] if name != "paid_in"}
        paid = int(total * making.draw.uniform(0.1, 1.0)) if stage >= 2 else 0
        owner = making.pick(firms)
        rows.append({
            "organisation_id": office, "code": f"2026-500112-{i:06}", "name": f"项目 {i:04}", "owner_id": owner,
            "status": _STATUS[min(stage, 4)], "sector": making.pick(sectors), "town": f"街道{owner % 12}",
            "latitude": 29.7 + float(making.draw.normal(0, 0.05)),
            "longitude": 106.6 + float(making.draw.normal(0, 0.05)),
            "planned_total": total, "first_total": total, "planned_start": making.day(start),
            "planned_finish": making.day(start - 700), "paid_in": paid, "paid_out": paid * 4 // 5,
            "physical": int(making.draw.integers(0, 1_000_001)) if stage >= 3 else None,
            "next_due": making.day(int(making.draw.integers(-300, 60))), "overdue": int(making.draw.integers(0, 3)),
            "reported_on": making.day(int(making.draw.integers(1, 120))), "baseline_version": 1,
            "created_at": making.now, "changed_at": making.now, **dates, **amounts,
        })  # fmt: skip
        reached.append((stage, total, start, paid))
    projects = _store("projects.Project", rows)
    pairs = list(zip(projects, reached, strict=True))
    _store("projects.StageRecord", (
        {"project_id": one, "stage": name, "on": making.day(max(1, start - 60 * k)), "amount": total,
         "evidence": f"证 {one}-{k}", "recorded_at": making.now, "recorded_by": "Officer"}
        for one, (stage, total, start, _paid) in pairs for k, name in enumerate(_STAGES[:stage])
    ))  # fmt: skip
    _store("projects.Payment", (
        {"project_id": one, "key": f"{one}-{k}", "kind": ("in", "out")[k % 2],
         "on": making.day(max(1, start - 45 * k)), "amount": paid // 3,
         "evidence": f"回单 {one}-{k}", "recorded_at": making.now, "recorded_by": "Officer"}
        for one, (_stage, _total, start, paid) in pairs if paid for k in range(4)
    ))  # fmt: skip
    _store("projects.Milestone", (
        {"project_id": one, "position": k, "title": f"节点 {k + 1}", "rule": "0/100", "budget": total // 4,
         "start": making.day(start - 170 * k), "finish": making.day(start - 170 * (k + 1)),
         "status": "met" if start - 170 * (k + 1) > 0 else "scheduled",
         "credit": 1_000_000 if start - 170 * (k + 1) > 0 else 0}
        for one, (_stage, total, start, _paid) in pairs for k in range(4)
    ))  # fmt: skip
    year = making.today.year
    _store("projects.ProjectYear", (
        {"project_id": one, "year": year + k, "amount": total // 3}
        for one, (_stage, total, _start, _paid) in pairs for k in (-1, 0, 1)
    ))  # fmt: skip
    return projects


def _evidence(making: _Making, office: int, firms: list[int], sites: list[int]) -> None:
    """Store a measured plan for each firm. Without bundles: the pages of one plan cannot be drawn from them."""
    measures = ("factory.energy_per_piece", "factory.output", "factory.defect_rate", "factory.labour_per_piece")
    kinds = ("robots", "equipment", "line", "mes", "energy")
    began = making.now - 500 * DAY_US
    plans = _store("evidence.Plan", (
        {"organisation_id": firm, "office_id": office, "asset_id": site, "title": f"升级 {i:03}",
         "measure": measures[i % 4], "upgrade_kind": kinds[i % 5], "method": "baseline",
         "baseline_start": began - 365 * DAY_US, "baseline_end": began, "claim": 0.05 + 0.01 * (i % 15),
         "confidence": 0.9, "one_sided": 0.68, "months": [6, 12], "drafted_at": began, "content": "{}",
         "digest": f"{i:064x}", "frozen_at": began, "frozen_by": "Officer"}
        for i, (firm, site) in enumerate(zip(firms, sites, strict=True))
    ))  # fmt: skip
    _store("evidence.Upgrade", (
        {"plan_id": one, "began": began, "finished": began + 30 * DAY_US, "recorded_at": began,
         "recorded_by": "Officer"}
        for one in plans
    ))  # fmt: skip
    files = _store("spine.StoredFile", (
        {"organisation_id": firm, "sha256": f"{i:064x}", "kind": "document", "media_type": "application/zip",
         "size": 1000, "name": f"bundle-{i}.zip", "stored_at": making.now}
        for i, firm in enumerate(firms)
    ))  # fmt: skip
    rows = []
    for i, (plan, file) in enumerate(zip(plans, files, strict=True)):
        middle, half = float(making.draw.normal(0.08, 0.05)), float(making.draw.uniform(0.01, 0.06))
        verdict = "not_measurable" if i % 9 == 0 else "confirmed" if middle - half > 0 else "below"
        known = verdict != "not_measurable"
        rows.append({
            "plan_id": plan, "start": began + 30 * DAY_US, "end": began + 395 * DAY_US, "known_at": making.now,
            "computed_at": making.now, "computed_by": "Officer", "estimate": middle if known else None,
            "lower": middle - half if known else None, "upper": middle + half if known else None,
            "least": middle - half / 3 if known else None, "error": half / 1.645 if known else None,
            "before_days": 365, "after_days": 365, "coverage": 0.97, "verdict": verdict, "plan_digest": f"{i:064x}",
            "inputs_digest": f"{i:064x}", "result_digest": f"{i:064x}", "file_id": file,
        })  # fmt: skip
    _store("evidence.Effect", rows)


def _applications(making: _Making, office: int, firms: list[int], sites: list[int], sectors: list[str]) -> list[int]:
    from chanye.domains.programme.actions.calls import create_starter_call, set_call_state

    call = create_starter_call(actor=SYSTEM, office_id=office, code="SMART", year=making.today.year)
    set_call_state(actor=SYSTEM, call_id=call, state="open")
    rows = []
    for i in range(APPLICATIONS):
        cost, firm = making.money(2e6, 8e7), i % FIRMS
        state = "approved" if i < AWARDS else _STATES[i % len(_STATES)]
        rows.append({
            "call_id": call, "office_id": office, "organisation_id": firms[firm], "asset_id": sites[firm],
            "number": f"SMART-{i:04}", "title": f"智能化改造 {i:04}", "project_code": f"2026-500112-{i:06}",
            "sector": making.pick(sectors), "upgrade_kind": making.pick(("robots", "equipment", "line", "mes")),
            "rules_version": 1, "total_cost": cost, "eligible_cost": cost, "requested": cost * 2 // 5,
            "measure": "factory.energy_per_piece", "method": "baseline", "claim": 0.1,
            "planned_start": making.day(60), "planned_finish": making.day(-200), "state": state, "round": 1,
            "score": float(making.draw.uniform(50, 95)), "approved": cost * 2 // 5 if i < AWARDS else None,
            "created_at": making.now, "changed_at": making.now, "submitted_at": making.now,
            "decided_at": making.now if i < AWARDS else None,
        })  # fmt: skip
    applications = _store("programme.Application", rows)
    _store("programme.CostLine", (
        {"application_id": one, "kind": "equipment", "text": f"设备 {k}", "amount": 100_000_000}
        for one in applications for k in range(3)
    ))  # fmt: skip
    _store("programme.Quote", (
        {"application_id": one, "supplier": f"供应商 {(one * 7 + k) % 180}",
         "supplier_code": f"S{(one * 7 + k) % 180}", "item": "设备",
         "amount": 100_000_000 + k, "number": f"Q{one}-{k}", "plain_number": f"q{one}{k}",
         "chosen": k == 0}
        for one in applications for k in range(3)
    ))  # fmt: skip
    _store("programme.AppliedEquipment", (
        {"application_id": one, "name": f"机床 {k}", "model": f"M{one % 40}", "serial": f"SN{one}-{k}",
         "plain_serial": f"sn{one}{k}", "supplier": f"供应商 {one % 180}", "price": 50_000_000}
        for one in applications for k in range(2)
    ))  # fmt: skip
    return applications


def _returns(making: _Making, office: int, profiles: list[int]) -> None:
    """File two years of monthly returns."""
    from chanye.domains.projects.actions.returns import adopt_standard
    from chanye.domains.projects.rules.returns import STANDARD

    adopt_standard(actor=SYSTEM, office_id=office)
    codes = [one.code for one in STANDARD if one.kind != "ratio"]
    months = []
    year, month = making.today.year, making.today.month
    for _ in range(MONTHS):
        month -= 1
        if not month:
            year, month = year - 1, 12
        months.append(f"{year}-{month:02}")
    rows = []
    for profile in profiles:
        base = {code: making.money(1e5, 1e7) for code in codes}
        for name in months:
            values = {code: int(base[code] * making.draw.uniform(0.8, 1.2)) for code in codes}
            rows.append({
                "office_id": office, "profile_id": profile, "month": name, "revision": 1,
                "values": json.dumps(values), "filed_at": making.now, "by_office": True,
            })  # fmt: skip
    _store("projects.MonthlyReturn", rows)


def _office_acts(making: _Making, office: int, applications: list[int]) -> dict[str, int]:
    """Do by the actions themselves what the office does rarely; return numbers."""
    from chanye.domains.programme.actions.agreements import commit_award, draw_up_agreement
    from chanye.domains.programme.actions.ledger import grant_envelope
    from chanye.domains.projects.actions.ranking import publish_ranking
    from chanye.domains.projects.queries.ranking import formula_in_force

    found: dict[str, int] = {}
    for year in range(making.today.year, making.today.year + 4):
        grant_envelope(actor=SYSTEM, office_id=office, year=year, amount=10_000_000_000 * YUAN)
    for one in applications[:AWARDS]:
        commit_award(actor=SYSTEM, application_id=one)
        found["agreement_id"] = draw_up_agreement(actor=SYSTEM, application_id=one)
    _version, formula = formula_in_force(SYSTEM)
    found["ranking_id"] = publish_ranking(
        actor=SYSTEM, organisation_id=office, formula=formula, period=str(making.today.year), as_of=making.today
    )
    return found
