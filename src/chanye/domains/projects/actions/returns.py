"""Writes of indicators and monthly returns. A return is never changed: what is corrected is one more row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import ClosedMonth, FirmProfile, Indicator, MonthlyReturn
from chanye.domains.projects.panel import indicator_ref
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.rules.returns import STANDARD, check_return
from chanye.domains.projects.types.statistics import KINDS, IndicatorRef
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@dataclass(frozen=True, slots=True)
class Filing:
    """What a firm reports for a month: code of an indicator -> steps."""

    profile_id: int
    month: str
    values: Mapping[str, int]
    reason: str = ""


@transaction.atomic
def save_indicator(*, actor: Viewer, office_id: int, draft: IndicatorRef, position: int = 0) -> int:
    """Add an indicator, or change its words and limits; kind, unit and steps stay once it is there.

    Raises
    ------
    ConfigError
        If its kind is not known, or what was reported under it would change its meaning.
    """
    require(actor, "edit_statistics", office_id)
    if draft.kind not in KINDS or not draft.code or not draft.name or not draft.unit or not draft.jump > 1:
        raise ConfigError(_("An indicator needs a code, a name, a unit, a kind, and a plausible factor above 1."))
    if draft.kind == "ratio" and not (draft.numerator and draft.denominator):
        raise ConfigError(_("A ratio needs the indicators it is made of."))
    row = Indicator.objects.filter(office_id=office_id, code=draft.code).first()
    if row is not None and (row.kind, row.unit, row.decimals) != (draft.kind, draft.unit, draft.decimals):
        raise ConfigError(_("Kind, unit and decimals of an indicator stay: add a new one under another code."))
    words = {
        "name": draft.name, "name_en": draft.name_en or draft.name, "unit": draft.unit, "decimals": draft.decimals,
        "kind": draft.kind, "direction": draft.direction, "numerator": draft.numerator,
        "denominator": draft.denominator, "factor": draft.factor, "jump": draft.jump, "required": draft.required,
        "position": position,
    }  # fmt: skip
    row, _new = Indicator.objects.update_or_create(office_id=office_id, code=draft.code, defaults=words)
    record(
        actor=actor, verb="save_indicator", target=f"indicator:{row.pk}", detail={"code": draft.code},
        organisation_id=office_id,
    )  # fmt: skip
    return int(row.pk)


def adopt_standard(*, actor: Viewer, office_id: int) -> int:
    """Add the indicators that most offices collect, leaving what is there; return how many were added."""
    require(actor, "edit_statistics", office_id)
    known = set(Indicator.objects.filter(office_id=office_id).values_list("code", flat=True))
    added = [(i, one) for i, one in enumerate(STANDARD) if one.code not in known]
    for position, one in added:
        save_indicator(actor=actor, office_id=office_id, draft=one, position=position)
    return len(added)


@transaction.atomic
def file_returns(*, actor: Viewer, office_id: int, filings: Sequence[Filing]) -> int:
    """Take what firms report, all or nothing; return how many rows were added.

    Whatever is as it was reported before adds no row, so that the same file may come twice.

    Parameters
    ----------
    filings
        In any order; a month is checked against the month before, of the same filings too.

    Raises
    ------
    ConfigError
        If a month is final or to come, or a figure breaks a rule.
    DeniedError
        If the actor neither handles returns nor reports for that very firm.
    """
    profiles = _profiles_of(actor, office_id, {one.profile_id for one in filings})
    indicators = [indicator_ref(row) for row in Indicator.objects.filter(office_id=office_id).order_by("position")]
    closed = set(ClosedMonth.objects.filter(office_id=office_id).values_list("month", flat=True))
    newest = _newest(set(profiles))
    now, added = now_us(), []
    for one in sorted(filings, key=lambda filing: filing.month):
        before = newest.get((one.profile_id, one.month))
        if before is not None and before[1] == dict(one.values):
            continue
        _check_month(one.month, calendar.month_at(now), closed)
        last = newest.get((one.profile_id, calendar.shift(one.month, -1)))
        _check_values(one, indicators, last[1] if last else None)
        if before is not None and not one.reason.strip():
            raise ConfigError(
                _("%(month)s was reported before: say in Explanation why it changes.") % {"month": one.month}
            )
        revision = before[0] + 1 if before else 1
        newest[one.profile_id, one.month] = revision, dict(one.values)
        added.append(_row(actor, office_id, one, revision, now))
    MonthlyReturn.objects.bulk_create(added)
    if added:
        detail = {"rows": len(added), "months": sorted({row.month for row in added})}
        target = f"profile:{added[0].profile_id}" if len(profiles) == 1 else f"organisation:{office_id}"
        record(actor=actor, verb="file_returns", target=target, detail=detail)
    return len(added)


def _profiles_of(actor: Viewer, office_id: int, wanted: set[int]) -> dict[int, FirmProfile]:
    found = {row.pk: row for row in FirmProfile.objects.filter(pk__in=wanted, office_id=office_id)}
    own = all(row.organisation_id == actor.organisation_id for row in found.values()) and found
    if own and not actor.office:
        require(actor, "file_returns", actor.organisation_id)
    else:
        require(actor, "handle_returns", office_id)
    if set(found) != wanted:
        raise ConfigError(_("There is no such firm in the statistics."))
    return found


def _newest(profiles: set[int]) -> dict[tuple[int, str], tuple[int, dict[str, int]]]:
    rows = MonthlyReturn.objects.filter(profile_id__in=profiles).order_by("revision")
    found = rows.values_list("profile_id", "month", "revision", "values")
    return {(profile, month): (revision, json.loads(text)) for profile, month, revision, text in found}


def _check_month(month: str, today: str, closed: set[str]) -> None:
    if month > today:
        raise ConfigError(_("%(month)s has not been yet: report a month that has.") % {"month": month})
    if month in closed:
        raise ConfigError(
            _("%(month)s is final: nothing more is taken for it; put the difference into the month of now.")
            % {"month": month}
        )


def _check_values(one: Filing, indicators: Sequence[IndicatorRef], last: Mapping[str, int] | None) -> None:
    names = {indicator.code: indicator.name for indicator in indicators}
    unknown = set(one.values) - set(names)
    if unknown:
        raise ConfigError(_("There is no indicator %(code)s.") % {"code": sorted(unknown)[0]})
    january = one.month.endswith("-01")
    for code, rule in check_return(indicators, one.values, last, january=january, reason=one.reason.strip()):
        raise ConfigError(
            _("%(month)s, %(name)s: %(rule)s.") % {"month": one.month, "name": names[code], "rule": rule}
        )


def _row(actor: Viewer, office_id: int, one: Filing, revision: int, now: int) -> MonthlyReturn:
    return MonthlyReturn(
        office_id=office_id,
        profile_id=one.profile_id,
        month=one.month,
        revision=revision,
        values=json.dumps(dict(sorted(one.values.items())), separators=(",", ":")),
        reason=one.reason.strip()[:500],
        filed_at=now,
        filed_by_id=actor.person_id,
        by_office=actor.office,
    )


@transaction.atomic
def close_month(*, actor: Viewer, office_id: int, month: str) -> None:
    """Make the figures of a month final: nothing more is taken for it.

    Raises
    ------
    ConfigError
        If the month is not over or is final already.
    """
    require(actor, "edit_statistics", office_id)
    month = calendar.read_month(month)
    if month >= calendar.month_at(now_us()):
        raise ConfigError(_("%(month)s is not over: its figures cannot be final.") % {"month": month})
    if ClosedMonth.objects.filter(office_id=office_id, month=month).exists():
        raise ConfigError(_("%(month)s is final already.") % {"month": month})
    ClosedMonth.objects.create(office_id=office_id, month=month, closed_at=now_us(), closed_by_id=actor.person_id)
    record(actor=actor, verb="close_month", target=f"month:{month}", organisation_id=office_id)
