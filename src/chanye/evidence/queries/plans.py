"""Reads of plans, and what data could show before one is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from chanye.engines.effects import alone
from chanye.engines.effects.days import Days, days_of
from chanye.engines.effects.gates import Limits, data_gates
from chanye.evidence import access, inputs, measures
from chanye.evidence.daily import nearest
from chanye.evidence.measures import F64, I64
from chanye.evidence.refs import plan_ref, target_of, with_all
from chanye.evidence.rules.words import reason_words
from chanye.evidence.types import AssetMeasures, Detectable, PlanRef
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties import queries as parties
from chanye.parties.rules import require
from chanye.parties.types import SYSTEM, AuditRow, Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine

#: Days of a month, on average.
MONTH = 30.4375
LONGEST = 1100 * DAY


def plan(viewer: Viewer, plan_id: int) -> PlanRef:
    """Return one plan with its events.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = with_all(access.seen(viewer)).filter(pk=plan_id).first()
    if row is None:
        raise DeniedError(_("There is no such plan, or it belongs to another organisation."))
    return plan_ref(row, events=True)


def plans(viewer: Viewer) -> list[PlanRef]:
    """Return the plans the viewer may see, the newest first."""
    return [plan_ref(row) for row in with_all(access.seen(viewer)).order_by("-id")]


def plans_table(viewer: Viewer, view: View) -> Rows:
    """Return the plans that a view asks for."""
    fields = {"state": "stage"} | {name: f"newest_{name}" for name in ("estimate", "lower", "upper", "verdict")}
    return view.apply(with_all(access.seen(viewer)), fields=fields, make=plan_ref)


def history_of(viewer: Viewer, plan_id: int) -> list[AuditRow]:
    """Return what was done to a plan, the newest first; its office reads it too, for the plan was given to it."""
    found = plan(viewer, plan_id)
    return parties.history_of(SYSTEM, found.organisation_id, target_of(plan_id))


def assets_and_measures(viewer: Viewer, organisation_id: int) -> list[AssetMeasures]:
    """Return the assets of an organisation at which something can be measured, and what; in the order of the tree."""
    require(viewer, "read_evidence", organisation_id)
    assets = [one for one in spine.assets(viewer) if one.organisation_id == organisation_id]
    roles: dict[int, set[str]] = {}
    for ref in spine.series_of(viewer, [one.id for one in assets]):
        if ref.role:
            roles.setdefault(ref.asset_id, set()).add(ref.role)
    found = []
    for one in sorted(assets, key=lambda asset: asset.path):
        below = {
            role
            for other in assets
            if other.id == one.id or other.path.startswith(f"{one.path}/")
            for role in roles.get(other.id, ())
        }
        able = tuple(measure.code for measure in measures.every() if measure.roles and below >= set(measure.roles))
        if able:
            found.append(AssetMeasures(one.id, one.path, able))
    return found


def detectability(
    viewer: Viewer,
    organisation_id: int,
    asset_id: int,
    measure: str,
    start: int,
    end: int,
    *,
    months: int = 12,
    confidence: float = 0.9,
    normalisers: tuple[str, ...] | None = None,
) -> Detectable:
    """Return the smallest relative effect that the data could show, before anything is granted or built.

    Parameters
    ----------
    start, end
        The baseline looked at. [us UTC]
    months
        How long after the upgrade is measured.
    normalisers
        Codes; those of the measure that can be read if not given.

    Raises
    ------
    ConfigError
        If there is no such measure, or the time cannot be.
    DeniedError
        If the viewer may not read the evidence of the organisation.
    """
    return look(
        viewer,
        organisation_id,
        asset_id,
        measure,
        start,
        end,
        months=months,
        confidence=confidence,
        normalisers=normalisers,
    ).detectable


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a baseline holds and could show: days (local midnight, us UTC), values, and which of them are known."""

    detectable: Detectable
    day: I64
    value: F64
    known: npt.NDArray[np.bool_]
    normalisers: tuple[str, ...]


def look(
    viewer: Viewer,
    organisation_id: int,
    asset_id: int,
    measure: str,
    start: int,
    end: int,
    *,
    months: int = 12,
    confidence: float = 0.9,
    normalisers: tuple[str, ...] | None = None,
) -> Look:
    """Return the days of a baseline with what they could show; see ``detectability``."""
    require(viewer, "read_evidence", organisation_id)
    asset = spine.asset(viewer, asset_id)
    if asset.organisation_id != organisation_id:
        raise DeniedError(_("There is no such asset, or it belongs to another organisation."))
    possible = 0 < end - start <= LONGEST and 0 <= start < now_us() and 0 < months <= 60 and 0.5 < confidence < 1
    if not possible:
        raise ConfigError(_("The baseline ends after it begins, and lasts three years at most."))
    chosen = readable(viewer, asset_id, measure) if normalisers is None else normalisers
    frozen = inputs.frozen_measure(measure, chosen)
    rows = inputs.own_rows(inputs.eye_of(organisation_id), asset_id, frozen, [(start, end)], now_us())
    table = rows.table()
    if not len(table["time"]):
        none = Detectable(None, 0, 0.0, (reason_words({"name": "inputs"}),), None, None)
        return Look(none, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool), chosen)
    days = days_of(frozen, table)
    return Look(_detectable(days, months, confidence), days.day, days.value, days.known, chosen)


def _detectable(days: Days, months: int, confidence: float) -> Detectable:
    limits, every = Limits(), np.ones(len(days.day), bool)
    gates = data_gates(days.known, np.ones(limits.after, bool), days.value[days.usable], limits)
    refusals = tuple(
        reason_words({"name": one.name, "found": one.found, "limit": one.limit}) for one in gates if not one.holds
    )
    coverage, usable = float(days.known.mean()), int(days.usable.sum())
    after = int(months * MONTH * usable / len(days.day))
    found = alone.detectable(days, every, after=after, level=confidence) if usable else None
    if found is None:
        return Detectable(None, usable, coverage, refusals or (reason_words({"name": "model"}),), None, None)
    least, rho, sigma = found
    return Detectable(None if refusals else least.relative, usable, coverage, refusals, rho, sigma)


def readable(viewer: Viewer, asset_id: int, code: str) -> tuple[str, ...]:
    """Return the normalisers of a measure that can be read at an asset."""
    return tuple(
        one
        for one in measures.get(code).normalisers
        if all(nearest(viewer, asset_id, role) for role in measures.get(one).roles)
    )
