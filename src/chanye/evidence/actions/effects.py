"""Effects: measured from history as it was known at a moment, kept with everything they rest on."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.evidence import inputs
from chanye.evidence.access import plan_for
from chanye.evidence.blame import MISSING, blamed
from chanye.evidence.bundle import canonical, digest_of, make, plain, table_digest
from chanye.evidence.models import Declaration, Effect, Plan
from chanye.evidence.refs import effect_ref, effects_with_all, target_of
from chanye.evidence.types import EffectRef
from chanye.kernel.errors import ConfigError, PermanentError
from chanye.kernel.time import DAY, now_us
from chanye.parties.audit import record
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import store_file

_FIGURES = ("estimate", "lower", "upper", "least", "error", "before_days", "after_days", "coverage", "verdict")


def measure_effect(
    *,
    actor: Viewer,
    plan_id: int,
    start: int,
    end: int,
    known_at: int | None = None,
    now: int | None = None,
) -> EffectRef:
    """Measure the effect of an upgrade over ``[start, end)`` and keep it with its bundle.

    Parameters
    ----------
    start, end
        Days since the upgrade was finished. [us UTC]
    known_at
        Use what was known at this moment; now if not given. With the same moment the answer is the same, bit for bit.
    now
        Moment of the act; the clock if not given. [us UTC]

    Returns
    -------
    EffectRef
        Its verdict is "not_measurable" where the data do not suffice, with the reasons in words.

    Raises
    ------
    ConfigError
        If the plan is not frozen, the upgrade not recorded, or the time cannot be.
    DeniedError
        If the actor may not measure here.
    PermanentError
        If the history answers otherwise than it did at the same moment before.
    """
    row = plan_for(actor, plan_id, "run_evidence", office=True)
    moment = now_us() if known_at is None else known_at
    _check(row, start, end, moment)
    since = inputs.since_of(row, start, end, moment)
    content = json.loads(row.content)
    table = inputs.gather(row, content, since)
    # no lock is held while history is read and the effect computed
    data, result = make(row.content, since, table)
    blame = blamed(row.organisation_id, content, since, table) if MISSING & set(result["reasons"]) else ""
    digests = {"inputs_digest": table_digest(table), "result_digest": digest_of(canonical(plain(result)))}
    known = Effect.objects.filter(plan=row, start=start, end=end, known_at=moment).first()
    if known is not None:
        if {name: getattr(known, name) for name in digests} != digests:
            raise PermanentError(_("The history answers otherwise than before: run “chanye verify”."))
        return _ref(known.pk)
    file = store_file(
        actor=SYSTEM,
        organisation_id=row.organisation_id,
        name=f"evidence-{row.pk}-{moment}.zip",
        data=data,
        kinds=("bundle",),
    )
    with transaction.atomic():
        effect = Effect.objects.create(
            plan=row,
            start=start,
            end=end,
            known_at=moment,
            computed_at=now_us() if now is None else now,
            computed_by=actor.name[:200],
            reasons=_reasons(result),
            blame=blame,
            plan_digest=row.digest,
            file_id=file.id,
            **digests,
            **{name: result[name] for name in _FIGURES},
        )
        detail = {"effect": effect.pk, "verdict": effect.verdict, "bundle": file.sha256, **digests}
        record(
            actor=actor,
            verb="measure_effect",
            target=target_of(row.pk),
            detail=detail,
            organisation_id=row.organisation_id,
        )
    return _ref(effect.pk)


@transaction.atomic
def declare_blame(*, actor: Viewer, effect_id: int, blame: str, reason: str, now: int | None = None) -> None:
    """Declare whose fault it is that an effect could not be measured: of the office the plan was given to.

    Raises
    ------
    ConfigError
        If the effect was measured, there is no such fault, or no reason is given.
    DeniedError
        If the actor does not act for that office.
    """
    effect = Effect.objects.filter(pk=effect_id).first()
    row = plan_for(actor, effect.plan_id if effect else 0, "verify_claims", office=True)
    assert effect is not None
    if effect.verdict != "not_measurable":
        raise ConfigError(_("This effect was measured: there is nobody to blame."))
    if blame not in ("firm", "platform") or not reason.strip() or len(reason) > 500:
        raise ConfigError(_("Say “firm” or “platform”, and why, in at most 500 characters."))
    Declaration.objects.create(
        effect=effect,
        blame=blame,
        reason=reason.strip(),
        declared_at=now_us() if now is None else now,
        declared_by=actor.name[:200],
    )
    record(
        actor=actor,
        verb="declare_blame",
        target=target_of(row.pk),
        detail={"effect": effect_id, "blame": blame, "reason": reason.strip()},
        organisation_id=row.organisation_id,
    )


def _check(row: Plan, start: int, end: int, known_at: int) -> None:
    if not row.digest:
        raise ConfigError(_("Freeze the plan first: what is measured is agreed before it is looked at."))
    upgrade = getattr(row, "upgrade", None)
    if upgrade is None:
        raise ConfigError(_("Record when the upgrade began and was finished first."))
    if not upgrade.finished <= start < end:
        raise ConfigError(_("The time measured begins after the upgrade is finished, and ends after it begins."))
    if end - start < DAY or end > known_at:
        raise ConfigError(_("The time measured must be over, and one day long at least."))
    if known_at > now_us():
        raise ConfigError(_("What will be known in the future cannot be measured with: leave the moment away."))


def _reasons(result: dict[str, Any]) -> list[dict[str, object]]:
    """Return the reasons with what was found and what it takes."""
    gates = {gate["name"]: gate for gate in result["gates"]}
    return [
        {"name": name, "found": gates.get(name, {}).get("found"), "limit": gates.get(name, {}).get("limit")}
        for name in result["reasons"]
    ]


def _ref(effect_id: int) -> EffectRef:
    return effect_ref(effects_with_all(Effect.objects.filter(pk=effect_id)).get())
