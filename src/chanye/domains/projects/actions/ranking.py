"""Writes of the ranking: to publish is an act of the office, and what is published stays."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Formula, Ranking
from chanye.domains.projects.queries.ranking import inputs
from chanye.domains.projects.rules.bundle import ranking_digest, results_text
from chanye.domains.projects.rules.ranking import body_of, canonical, check_formula, digest_of, rank
from chanye.domains.projects.types.ranking import RankingFormula
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

GENESIS = "0" * 64
PERIOD = re.compile(r"20\d\d(-Q[1-4]|-(0[1-9]|1[0-2]))?")


@transaction.atomic
def publish_ranking(
    *, actor: Viewer, organisation_id: int, formula: RankingFormula, period: str, as_of: date, note: str = ""
) -> int:
    """Freeze the inputs of now, rank them, and publish; return the ranking's number in the database.

    A formula that differs from the one in force becomes its next version. The same period may be published again:
    as another ranking beside the first, which stays.

    Raises
    ------
    ConfigError
        If the formula or the period cannot be, nothing can be ranked, or another formula comes without a reason.
    """
    require(actor, "publish_ranking", organisation_id)
    check_formula(formula)
    if not PERIOD.fullmatch(period):
        raise ConfigError(_("Type a period like 2026-Q3, 2026-09 or 2026."))
    held = inputs(actor, as_of=as_of, period=period)
    if not held["projects"]:
        raise ConfigError(_("No project is signed and has a planned total: there is nothing to rank."))
    version = _formula(actor, organisation_id, formula, note)
    last = Ranking.objects.filter(organisation_id=organisation_id).order_by("-number").first()
    documents = version.body, canonical(held), results_text(rank(formula, held))
    head: dict[str, Any] = {
        "number": last.number + 1 if last else 1, "period": period, "as_of": as_of.isoformat(),
        "previous": last.digest if last else GENESIS, "formula_version": version.version,
    }  # fmt: skip
    made = Ranking.objects.create(
        organisation_id=organisation_id, formula=version, number=head["number"], period=period, as_of=as_of,
        inputs=documents[1], inputs_digest=digest_of(documents[1]), results=documents[2],
        results_digest=digest_of(documents[2]), previous=head["previous"],
        digest=ranking_digest(head, *documents), note=note.strip()[:300], published_at=now_us(),
        published_by=actor.name[:150],
    )  # fmt: skip
    record(
        actor=actor, verb="publish_ranking", target=f"ranking:{made.pk}",
        detail={**head, "digest": made.digest, "inputs": made.inputs_digest, "note": made.note},
        organisation_id=organisation_id,
    )  # fmt: skip
    return int(made.pk)


def _formula(actor: Viewer, organisation_id: int, formula: RankingFormula, note: str) -> Formula:
    """Return the version of the formula in force, or the next one if this differs."""
    body = body_of(formula)
    last = Formula.objects.filter(organisation_id=organisation_id).order_by("-version").first()
    if last is not None and last.body == body:
        return last
    if last is not None and not note.strip():
        raise ConfigError(_("The formula changes: say why. It becomes another version, and everybody sees it."))
    return Formula.objects.create(
        organisation_id=organisation_id, version=last.version + 1 if last else 1, body=body, digest=digest_of(body),
        note=note.strip()[:300], made_at=now_us(), made_by=actor.name[:150],
    )  # fmt: skip
