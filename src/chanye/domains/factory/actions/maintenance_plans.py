"""Writes of maintenance plans, and the orders that plans make."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction

from chanye.domains.factory.actions.maintenance import create_order
from chanye.domains.factory.models import MaintenancePlan, SparePart
from chanye.domains.factory.queries import maintenance_plans as queries
from chanye.domains.factory.rules.maintenance import CALENDAR_UNITS, TRIGGERS, read_steps
from chanye.domains.factory.types.maintenance import PlanView
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MINUTE = 60_000_000


@transaction.atomic
def save_plan(
    *,
    actor: Viewer,
    asset_id: int,
    name: str,
    trigger: str,
    every: float = 0.0,
    unit: str = "d",
    lead: float = 0.0,
    series_id: int | None = None,
    limit: float | None = None,
    above: bool = True,
    hold: int = 10 * MINUTE,
    order_kind: str = "preventive",
    steps: Sequence[Mapping[str, Any]] = (),
    parts: Sequence[Mapping[str, Any]] = (),
    minutes: int = 0,
    lockout: str = "",
    permit: bool = False,
    stops_machine: bool = True,
    active: bool = True,
    last_at: int | None = None,
) -> int:
    """Make a plan of an asset, or change the one of that name; return its id.

    Parameters
    ----------
    trigger
        ``time``: every so many ``unit`` (``d``, ``w``, ``mo``); ``counter``: every so many of ``series_id``, the part
        counter of the asset if none is named; ``run_hours``: every so many hours in the state running;
        ``condition``: when ``series_id`` was above (or below) ``limit`` for ``hold``.
    every, lead
        Interval, and how long before its end the order is made, both in the plan's own unit.
    hold
        [us]
    last_at
        When it was last done; now for a new plan, unchanged for an old one. [us UTC]
    """
    asset = spine.asset(actor, asset_id)
    require(actor, "plan_maintenance", asset.organisation_id)
    _check_plan(name, order_kind, last_at)
    _check_trigger(trigger, every, unit, lead, limit, hold)
    now = now_us()
    values = {
        "trigger": trigger,
        "order_kind": order_kind,
        "every": float(every) if trigger != "condition" else 0.0,
        "unit": unit if trigger == "time" else "",
        "lead": float(lead) if trigger != "condition" else 0.0,
        "series_id": _series(actor, asset_id, trigger, series_id),
        "limit": limit if trigger == "condition" else None,
        "above": above,
        "hold": hold if trigger == "condition" else 0,
        "steps": [asdict(step) for step in read_steps(steps)],
        "parts": _parts(parts, asset.organisation_id),
        "minutes": min(max(int(minutes), 0), 100_000),
        "lockout": lockout.strip()[:2000],
        "permit": permit,
        "stops_machine": stops_machine,
        "active": active,
        "changed_at": now,
    }
    if last_at is not None:
        values["last_at"] = last_at
    row, _made = MaintenancePlan.objects.update_or_create(
        asset_id=asset.id,
        name=name.strip(),
        defaults=values,
        create_defaults={"last_at": now, **values, "organisation_id": asset.organisation_id},
    )
    record(
        actor=actor,
        verb="save_maintenance_plan",
        target=f"maintenance_plan:{row.pk}",
        detail=values | {"asset": asset.path, "name": name},
        organisation_id=asset.organisation_id,
    )
    return int(row.pk)


def _check_plan(name: str, order_kind: str, last_at: int | None) -> None:
    if not name.strip() or len(name) > 200:
        raise ConfigError("A plan needs a name of at most 200 characters, e.g. what is done.")
    if order_kind not in ("preventive", "inspection"):
        raise ConfigError("A plan makes preventive orders or inspections; choose one of the two.")
    now = now_us()
    if last_at is not None and not now - 20 * 366 * DAY < last_at <= now + 120_000_000:
        raise ConfigError("It was last done in the past 20 years and not in the future; correct that date.")


def _check_trigger(trigger: str, every: float, unit: str, lead: float, limit: float | None, hold: int) -> None:
    if trigger not in TRIGGERS:
        raise ConfigError(f"Unknown trigger {trigger[:40]!r}; use one of {', '.join(TRIGGERS)}.")
    if trigger == "condition":
        if limit is None or not math.isfinite(limit):
            raise ConfigError("A plan by condition needs a limit; type the value beyond which it is due.")
        if not MINUTE <= hold <= 30 * DAY:
            raise ConfigError("A condition must hold for at least a minute and at most 30 days.")
        return
    if not (math.isfinite(every) and 0 < every <= 1e9):
        raise ConfigError("The interval must be above zero, e.g. 500 hours or 3 months.")
    if not (math.isfinite(lead) and 0 <= lead < every):
        raise ConfigError("The order is made before the interval ends: the lead must be shorter than the interval.")
    if trigger == "time":
        _check_calendar(every, unit, lead)


def _check_calendar(every: float, unit: str, lead: float) -> None:
    if unit not in CALENDAR_UNITS:
        raise ConfigError(f"Unknown unit {unit[:20]!r}; use d (days), w (weeks) or mo (months).")
    if unit == "mo" and (every != int(every) or lead != int(lead)):
        raise ConfigError("Months are whole; use weeks or days for parts of a month.")
    if every * {"d": 1, "w": 7, "mo": 31}[unit] > 20 * 366:
        raise ConfigError("The interval is longer than 20 years; choose a shorter one.")


def _series(actor: Viewer, asset_id: int, trigger: str, series_id: int | None) -> int | None:
    """Return the series a plan reads; the asset's part counter where a counter is wanted and none is named."""
    if trigger in ("time", "run_hours"):
        return None
    if series_id is None and trigger == "counter":
        found = spine.series_of(actor, [asset_id], roles=("part_count",))
        if not found:
            raise ConfigError("This asset has no part counter; name the series that counts.")
        return found[0].id
    if series_id is None:
        raise ConfigError("A plan by condition needs a series; choose what is measured.")
    ref = spine.series(actor, series_id)
    if trigger == "counter" and ref.kind != "counter":
        raise ConfigError(f"{ref.name or ref.code} does not count; choose a series of the kind counter.")
    if trigger == "condition" and ref.kind not in ("analog", "counter"):
        raise ConfigError(f"{ref.name or ref.code} is not a measured value; choose one that has a number.")
    return ref.id


def _parts(raw: Sequence[Mapping[str, Any]], organisation_id: int) -> list[dict[str, int]]:
    wanted: dict[int, int] = {}
    for one in raw:
        part, quantity = one.get("part"), one.get("quantity", 1)
        if not isinstance(part, int) or not isinstance(quantity, int) or not 0 < quantity <= 10_000:
            raise ConfigError("A planned spare part is its number and a whole quantity from 1 to 10,000.")
        wanted[part] = quantity
    known = SparePart.objects.filter(organisation_id=organisation_id, id__in=wanted).count()
    if known != len(wanted):
        raise ConfigError("One of the planned spare parts does not exist in this organisation; choose another.")
    return [{"part": part, "quantity": quantity} for part, quantity in wanted.items()]


@transaction.atomic
def switch_plan(*, actor: Viewer, plan_id: int, active: bool) -> None:
    """Let a plan make orders, or rest. A plan that wakes up counts from when it was last done."""
    rows = MaintenancePlan.objects.select_for_update().filter(id=plan_id)
    row = (rows if actor.system else rows.filter(organisation_id=actor.organisation_id or 0)).first()
    if row is None:
        raise DeniedError("There is no such maintenance plan, or it belongs to another organisation.")
    require(actor, "plan_maintenance", row.organisation_id)
    row.active, row.changed_at = active, now_us()
    row.save(update_fields=["active", "changed_at"])
    record(
        actor=actor,
        verb="switch_maintenance_plan",
        target=f"maintenance_plan:{row.pk}",
        detail={"active": active},
        organisation_id=row.organisation_id,
    )


def raise_due_orders(*, actor: Viewer, now: int | None = None) -> list[int]:
    """Make an order of each active plan that calls for one and has none open; return the orders' ids.

    Runs again and again in the work process: what is due makes one order, however often it is asked. Reads first,
    and opens a transaction for each order alone.
    """
    moment = now_us() if now is None else now
    due = [view for view in queries.plans(actor, now=moment, active=True) if view.due.call and not view.open_order]
    return [order_of_plan(actor=actor, view=view, now=moment) for view in due]


def order_of_plan(*, actor: Viewer, view: PlanView, now: int) -> int:
    """Make the order of a plan that is due; the same interval of a plan makes one order only."""
    due = view.due.at if view.due.at is not None else now
    return create_order(
        actor=actor,
        asset_id=view.asset_id,
        title=view.name,
        kind=view.order_kind,
        priority=1 if view.trigger == "condition" else 2,
        due_at=max(due, now - 3 * 365 * DAY),
        steps=view.steps,
        lockout=view.lockout,
        permit=view.permit,
        stops_machine=view.stops_machine,
        minutes=view.minutes,
        source="plan",
        source_ref=f"plan:{view.id}:{view.last_at}",
        plan_id=view.id,
    )
