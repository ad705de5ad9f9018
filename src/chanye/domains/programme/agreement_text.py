"""What an agreement says: the terms that its call makes, the years its money falls due, the text that is sealed."""

from __future__ import annotations

from datetime import date
from typing import Any

from chanye.domains.programme.models import Agreement, Application, CallRule
from chanye.domains.programme.rules import awards as rules
from chanye.domains.programme.rules import payout
from chanye.domains.programme.types.payout import Terms
from chanye.evidence import queries as evidence
from chanye.parties.types import SYSTEM


def terms_of_case(case: Application) -> Terms:
    """Return the terms of payment that the rules of an application's call make."""
    values = {
        one.kind: one.value
        for one in CallRule.objects.filter(
            call_id=case.call_id, version=case.rules_version, kind__in=("max_share", "max_amount")
        )
    }
    share = round(float(values.get("max_share", {}).get("share", payout.USUAL.share / payout.FULL)) * payout.FULL)
    cap = int(values.get("max_amount", {}).get("amount", payout.USUAL.cap))
    measured = case.plan_id is not None and bool(case.claim and case.claim > 0)
    level = evidence.plan(SYSTEM, case.plan_id).draft.one_sided if measured and case.plan_id else 0.68
    return rules.terms_for(measured=measured, one_sided=level, share=share, cap=cap)


def content_of(row: Agreement) -> dict[str, Any]:
    """Return what an agreement says, as it is sealed."""
    case = row.application
    return {
        "number": row.number,
        "office": case.office.name,
        "firm": case.organisation.name,
        "project": case.title,
        "project_code": case.project_code,
        "call": case.call_id,
        "rules_version": case.rules_version,
        "grant": row.grant,
        "eligible_cost": row.eligible_cost,
        "claim": row.claim,
        "measure": row.measure,
        "plan": row.plan_id,
        "plan_digest": row.plan_digest,
        "terms": row.terms,
        "tranches": [[one.kind, one.year, one.amount] for one in row.tranches.order_by("position")],
        "milestones": [[one.kind, one.title, one.tranche, one.due] for one in row.milestones.order_by("position")],
    }


def spread_of(case: Application, today: date) -> dict[int, int]:
    """Return what of a grant falls due in each year [fen]."""
    terms = terms_of_case(case)
    amount = payout.grant(case.eligible_cost, case.approved or case.requested, terms)
    years = rules.years_of(terms, case.planned_start, case.planned_finish, today)
    found: dict[int, int] = {}
    for kind, part in payout.tranches(amount, terms).items():
        found[years[kind]] = found.get(years[kind], 0) + part
    return found
