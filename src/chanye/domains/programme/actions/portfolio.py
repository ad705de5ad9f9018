"""Writes of portfolios: tried, proposed, approved; approval commits the money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.programme.actions.agreements import commit_award
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.agreement_text import spread_of, terms_of_case
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Application, Call, PortfolioRun, Posting
from chanye.domains.programme.rules import payout
from chanye.domains.programme.rules import portfolio as rules
from chanye.domains.programme.rules.awards import digest_of, seal
from chanye.domains.programme.types.portfolio import QuotaDraft
from chanye.evidence import queries as evidence
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import SYSTEM, Viewer


def try_portfolio(*, actor: Viewer, call_id: int, quotas: Sequence[QuotaDraft] = ()) -> int:
    """Choose among the reviewed applications of a call, keep the run with its inputs, and return its id.

    Envelopes are what is free in the ledger, year by year.

    Raises
    ------
    ConfigError
        If nothing is reviewed, or no choice keeps all rules.
    DeniedError
        If the actor does not run calls here.
    """
    call = Call.objects.filter(pk=call_id).first()
    if call is None:
        raise DeniedError(_("There is no such call, or it is not open to you."))
    require(actor, "run_calls", call.office_id)
    inputs = _inputs(call, quotas)
    if not inputs["projects"]:
        raise ConfigError(_("No application of this call is reviewed: there is nothing to choose from."))
    # Solved before the transaction: nothing is locked meanwhile.
    result = rules.solve(inputs)
    text, digest = seal(inputs)
    with transaction.atomic():
        row = PortfolioRun.objects.create(
            call=call, office_id=call.office_id, inputs=text, digest=digest, result=result, at=now_us(),
            by=actor.name[:200],
        )  # fmt: skip
        _record(actor, row, "try_portfolio", {"digest": digest, "chosen": result["chosen"]})
    return row.pk


def _inputs(call: Call, quotas: Sequence[QuotaDraft]) -> dict[str, Any]:
    rows = list(Application.objects.filter(call=call, state="reviewed").order_by("pk"))
    day = today()
    spreads = {row.pk: spread_of(row, day) for row in rows}
    years = sorted({year for spread in spreads.values() for year in spread})
    free = dict(
        Posting.objects.filter(office_id=call.office_id, account="envelope", year__in=years)
        .order_by("year", "id")
        .values_list("year", "after")
    )  # the last line of a year says what is left
    known = {(one.upgrade_kind, one.measure): (one.estimate, one.sites) for one in evidence.pooled(SYSTEM)}
    terms = terms_of_case(rows[0]) if rows else payout.USUAL
    projects = []
    for row in rows:
        measured, sites = known.get((row.upgrade_kind, row.measure), (None, 0))
        share = rules.expected(row.claim or 0.0, measured, sites)
        groups = [f"sector:{row.sector}", f"kind:{row.upgrade_kind}", *([] if sites else ["unmeasured"])]
        projects.append(
            {
                "id": row.pk,
                "effect": round(share * row.eligible_cost / 100, 2),
                "commitments": [spreads[row.pk].get(year, 0) for year in years],
                "score": row.score or 0.0,
                "groups": groups,
                "eligible_cost": row.eligible_cost,
            }
        )
    return {
        "call": call.pk,
        "version": call.version,
        "day": day.isoformat(),
        "envelopes": [[year, free.get(year, 0)] for year in years],
        "rate": terms.share / payout.FULL,
        "most": terms.cap,
        "quotas": rules.quotas_of(quotas),
        "projects": projects,
    }


def _held(actor: Viewer, run_id: int, permission: str, state: str) -> PortfolioRun:
    row = PortfolioRun.objects.select_for_update().filter(pk=run_id).first()
    if row is None:
        raise DeniedError(_("There is no such choice, or it is not open to you."))
    require(actor, permission, row.office_id)
    if row.state != state:
        raise ConfigError(_("This choice is not at that step: somebody has moved it on, or not yet."))
    if digest_of(row.inputs) != row.digest:
        raise ConfigError(_("The inputs of this choice are not those it was made from: try it anew."))
    return row


@transaction.atomic
def propose_portfolio(*, actor: Viewer, run_id: int) -> None:
    """Propose a choice to the manager.

    Raises
    ------
    ConfigError
        If it is proposed already.
    """
    row = _held(actor, run_id, "run_calls", "tried")
    row.state, row.proposed_at, row.proposed_by = "proposed", now_us(), actor.name[:200]
    row.save(update_fields=["state", "proposed_at", "proposed_by"])
    _record(actor, row, "propose_portfolio", {"digest": row.digest})


@transaction.atomic
def approve_portfolio(*, actor: Viewer, run_id: int) -> int:
    """Approve a proposed choice: every application in it is approved and its money committed; return how many.

    All or nothing: a tie of the manager to one firm, or another duty in one case, stops it and says which.

    Raises
    ------
    ConfigError
        If an application has moved on, the manager may not decide one, or an envelope does not hold it.
    """
    row = _held(actor, run_id, "approve_awards", "proposed")
    inputs = json.loads(row.inputs)
    granted = {one["id"]: sum(one["commitments"]) for one in inputs["projects"]}
    for number in row.result["chosen"]:
        try:
            advance(actor=actor, application_id=number, move="approve", amount=granted[number])
            commit_award(actor=actor, application_id=number)
        except ConfigError as error:
            case = Application.objects.get(pk=number)
            raise ConfigError(f"{case.number or case.title}: {error}") from error
    row.state, row.approved_at, row.approved_by = "approved", now_us(), actor.name[:200]
    row.save(update_fields=["state", "approved_at", "approved_by"])
    _record(actor, row, "approve_portfolio", {"digest": row.digest, "chosen": row.result["chosen"]})
    return len(row.result["chosen"])


def _record(actor: Viewer, row: PortfolioRun, verb: str, detail: dict[str, object]) -> None:
    record(actor=actor, verb=verb, target=f"portfolio:{row.pk}", detail=detail, organisation_id=row.office_id)
