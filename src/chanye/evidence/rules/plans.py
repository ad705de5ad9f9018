"""What makes a plan: its canonical form, what may stand in it, and how far it has come. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from chanye.engines.effects.gates import Limits
from chanye.evidence.bundle import digest_of
from chanye.evidence.types import EVENT_KINDS, METHODS, UPGRADE_KINDS, PlanDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY

#: Form of the canonical content.
FORM = 1
#: Longest baseline or time since. [us]
LONGEST = 1100 * DAY


def content_of(
    draft: PlanDraft, measure: Mapping[str, object], *, asset: str, controls: Sequence[str], timezone: str
) -> dict[str, Any]:
    """Return what is frozen of a plan as plain data.

    Parameters
    ----------
    measure
        Code, unit, direction, kind, floor and normalisers as they are now: a later change of the code of the product
        must not change the plan.
    asset
        Path of the asset.
    controls
        Names of the plants to compare with; whose they are is not told.
    """
    return {
        "form": FORM,
        "title": draft.title,
        "asset": asset,
        "timezone": timezone,
        "measure": dict(measure),
        "upgrade_kind": draft.upgrade_kind,
        "method": draft.method,
        "baseline": {"start": draft.baseline_start, "end": draft.baseline_end},
        "exclusions": [{"start": a, "end": b, "reason": why} for a, b, why in draft.exclusions],
        "controls": sorted(controls),
        "claim": float(draft.claim),
        "confidence": float(draft.confidence),
        "one_sided": float(draft.one_sided),
        "months": list(draft.months),
        "limits": asdict(Limits()),
    }


def check_draft(draft: PlanDraft, *, now: int) -> None:
    """Refuse what cannot be a plan.

    Raises
    ------
    ConfigError
        Naming the first thing that cannot be and what to do.
    """
    for holds, words in _conditions(draft, now):
        if not holds:
            raise ConfigError(words)


def _conditions(draft: PlanDraft, now: int) -> list[tuple[bool, str]]:
    start, end = draft.baseline_start, draft.baseline_end
    methods = ", ".join(METHODS)
    found = [
        (
            bool(draft.title.strip()) and len(draft.title) <= 200,
            _("Give the plan a title of at most 200 characters."),
        ),
        (draft.method in METHODS, _("A method is one of %(known)s.") % {"known": methods}),
        (
            draft.upgrade_kind in UPGRADE_KINDS,
            _("A kind of upgrade is one of %(known)s.") % {"known": ", ".join(UPGRADE_KINDS)},
        ),
        (0 < end - start <= LONGEST, _("The baseline ends after it begins, and lasts three years at most.")),
        (start >= 0 and end <= now + LONGEST, _("The baseline lies too far in the future: correct its dates.")),
        (0 < draft.claim < 10, _("The claim is a relative improvement above 0: 12 % better is 0.12.")),
        (0.5 < draft.confidence < 1, _("The confidence lies between 50 % and 100 %.")),
        (0.5 < draft.one_sided < 1, _("The confidence of the lower bound lies between 50 % and 100 %.")),
        (
            0 < len(draft.months) <= 6 and all(0 < month <= 36 for month in draft.months),
            _("Name one to six months after the upgrade, up to 36."),
        ),
        (len(draft.controls) <= 500, _("At most 500 plants can be compared with.")),
        (len(draft.normalisers) <= 8, _("At most 8 normalisers can be used.")),
        (len(draft.exclusions) <= 50, _("At most 50 stretches can be excluded.")),
    ]
    for a, b, why in draft.exclusions:
        found.append(
            (
                start <= a < b <= end and bool(why.strip()),
                _("An exclusion lies within the baseline, ends after it begins, and says why."),
            )
        )
    return found


def check_event(kind: str, start: int, end: int, note: str) -> None:
    """Refuse what cannot be logged as a non-routine event.

    Raises
    ------
    ConfigError
        Naming what to correct.
    """
    if kind not in EVENT_KINDS:
        raise ConfigError(_("A kind of event is one of %(known)s.") % {"known": ", ".join(EVENT_KINDS)})
    if not 0 <= start < end or end - start > LONGEST:
        raise ConfigError(_("An event ends after it begins."))
    if not note.strip() or len(note) > 500:
        raise ConfigError(_("Say in at most 500 characters what happened: somebody will ask."))


def check_upgrade(*, frozen_at: int | None, baseline_end: int, began: int, finished: int, now: int) -> None:
    """Refuse an upgrade that the plan cannot measure.

    Raises
    ------
    ConfigError
        Naming the rule.
    """
    if frozen_at is None:
        raise ConfigError(_("Freeze the plan before the upgrade: what is measured is agreed before it happens."))
    if began < frozen_at:
        raise ConfigError(
            _("The upgrade began before the plan was frozen: it cannot be measured by a plan made afterwards.")
        )
    if began < baseline_end:
        raise ConfigError(_("The upgrade began within the baseline: days of the baseline must lie before it."))
    if not began <= finished <= now:
        raise ConfigError(_("The upgrade is finished after it began, and not in the future."))


def control_name(salt: str, asset_id: int) -> str:
    """Return the name a plant has in the bundles of a plan: it tells nothing to whoever does not know the salt."""
    return f"p{digest_of(f'{salt}:{asset_id}')[:15]}"
