"""Every write of the factory room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.models import CalendarAssignment, MachineSettings, ShiftCalendar
from chanye.domains.factory.rules.kpis import DEFAULT_FLOOR
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.shifts import shift_pattern_from_dict, shift_pattern_to_dict
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import STATE_CLASSES


@transaction.atomic
def save_calendar(*, actor: Viewer, organisation_id: int, name: str, pattern: Mapping[str, Any]) -> int:
    """Make a shift calendar, or change the one of that name; return its number.

    Parameters
    ----------
    pattern
        As ``kernel.shifts.shift_pattern_from_dict`` reads it.

    Raises
    ------
    ConfigError
        If the pattern is wrong, naming the entry.
    DeniedError
        If the actor may not edit calendars there.
    """
    require(actor, "edit_calendar", organisation_id)
    if not name.strip():
        raise ConfigError("The calendar has no name; give it one, e.g. the name of the plant.")
    clean = shift_pattern_to_dict(shift_pattern_from_dict(pattern))
    row, _made = ShiftCalendar.objects.update_or_create(
        organisation_id=organisation_id, name=name.strip(), defaults={"pattern": clean, "changed_at": now_us()}
    )
    record(
        actor=actor,
        verb="save_calendar",
        target=f"calendar:{row.pk}",
        detail={"name": row.name, "pattern": clean},
        organisation_id=organisation_id,
    )
    return int(row.pk)


@transaction.atomic
def create_calendar(
    *, actor: Viewer, organisation_id: int, name: str, pattern: Mapping[str, Any], places: Collection[int] = ()
) -> int:
    """Make a shift calendar that holds for some assets and what is below them; return its number.

    Raises
    ------
    ConfigError
        If the pattern is wrong, or a calendar of that name exists.
    DeniedError
        If the actor may not edit calendars there, or one of the places is not the organisation's.
    """
    require(actor, "edit_calendar", organisation_id)
    clean = _clean(organisation_id, name, pattern, None)
    row = ShiftCalendar.objects.create(
        organisation_id=organisation_id, name=name.strip(), pattern=clean, changed_at=now_us()
    )
    _place(actor, row, places)
    detail = {"name": row.name, "pattern": clean, "places": sorted(places)}
    _record_calendar(actor, "create_calendar", row, detail)
    return int(row.pk)


@transaction.atomic
def change_calendar(
    *, actor: Viewer, calendar_id: int, name: str, pattern: Mapping[str, Any], places: Collection[int]
) -> None:
    """Change a calendar and where it holds. It is reckoned for all time: figures of the past change with it.

    Parameters
    ----------
    places
        Assets for which it holds from now on, and no others; a place leaves the calendar it had.

    Raises
    ------
    ConfigError
        If the pattern is wrong, or another calendar has that name.
    DeniedError
        If there is no such calendar for the actor to edit, or one of the places is not the organisation's.
    """
    row = _calendar(actor, calendar_id)
    clean = _clean(row.organisation_id, name, pattern, row.pk)
    row.name, row.pattern, row.changed_at = name.strip(), clean, now_us()
    row.save()
    _place(actor, row, places)
    detail = {"name": row.name, "pattern": clean, "places": sorted(places)}
    _record_calendar(actor, "change_calendar", row, detail)


@transaction.atomic
def delete_calendar(*, actor: Viewer, calendar_id: int) -> None:
    """Delete a calendar; where it held, the calendar above holds again. The audit row keeps all of it.

    Raises
    ------
    DeniedError
        If there is no such calendar for the actor to edit.
    """
    row = _calendar(actor, calendar_id)
    held = CalendarAssignment.objects.filter(calendar=row)
    detail = {"name": row.name, "pattern": row.pattern, "places": sorted(held.values_list("asset_id", flat=True))}
    _record_calendar(actor, "delete_calendar", row, detail)
    held.delete()
    row.delete()


def _calendar(actor: Viewer, calendar_id: int) -> ShiftCalendar:
    row = ShiftCalendar.objects.filter(id=calendar_id).first()
    if row is None:
        raise DeniedError("There is no such calendar, or it belongs to another organisation.")
    require(actor, "edit_calendar", row.organisation_id)
    return row


def _clean(organisation_id: int, name: str, pattern: Mapping[str, Any], own: int | None) -> dict[str, Any]:
    """Return the pattern as it is stored; refuse a wrong one and a name that is none or taken."""
    if not name.strip():
        raise ConfigError(_("Give it a name, e.g. that of the plant or of the working model."))
    taken = ShiftCalendar.objects.filter(organisation_id=organisation_id, name=name.strip()).exclude(id=own or 0)
    if taken.exists():
        raise ConfigError(_("Another calendar has this name: choose another name, or change that calendar."))
    return shift_pattern_to_dict(shift_pattern_from_dict(pattern))


def _place(actor: Viewer, row: ShiftCalendar, places: Collection[int]) -> None:
    """Let a calendar hold for these assets and no others."""
    for asset_id in places:
        if spine.asset(actor, asset_id).organisation_id != row.organisation_id:
            raise DeniedError("There is no such place in this organisation.")
    present = set(CalendarAssignment.objects.filter(calendar=row).values_list("asset_id", flat=True))
    CalendarAssignment.objects.filter(calendar=row).exclude(asset_id__in=places).delete()
    for asset_id in set(places) - present:
        CalendarAssignment.objects.update_or_create(
            asset_id=asset_id, defaults={"calendar": row, "changed_at": now_us()}
        )


def _record_calendar(actor: Viewer, verb: str, row: ShiftCalendar, detail: Mapping[str, Any]) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"calendar:{row.pk}",
        detail=detail,
        organisation_id=row.organisation_id,
    )


@transaction.atomic
def assign_calendar(*, actor: Viewer, asset_id: int, calendar_id: int | None) -> None:
    """Let a calendar hold for an asset and what is below it; None lets the asset follow what is above it again.

    Raises
    ------
    ConfigError
        If the calendar is not one of the asset's organisation.
    DeniedError
        If the actor may not edit calendars there.
    """
    asset = spine.asset(actor, asset_id)
    require(actor, "edit_calendar", asset.organisation_id)
    if calendar_id is None:
        CalendarAssignment.objects.filter(asset_id=asset.id).delete()
    else:
        if not ShiftCalendar.objects.filter(id=calendar_id, organisation_id=asset.organisation_id).exists():
            raise ConfigError("There is no such calendar in this organisation; save it first, then assign it.")
        CalendarAssignment.objects.update_or_create(
            asset_id=asset.id, defaults={"calendar_id": calendar_id, "changed_at": now_us()}
        )
    record(
        actor=actor,
        verb="assign_calendar",
        target=f"asset:{asset.id}",
        detail={"calendar": calendar_id},
        organisation_id=asset.organisation_id,
    )


@transaction.atomic
def configure_machine(
    *,
    actor: Viewer,
    asset_id: int,
    run_time: float | None = None,
    run_times: Mapping[str, float] | None = None,
    coverage_floor: float = DEFAULT_FLOOR,
    states: Mapping[str, str] | None = None,
) -> None:
    """Say what is expected of a machine; replaces what was said before.

    Parameters
    ----------
    run_time, run_times
        Planned run time per item, PRI: of any program, and of programs by name. [s]
    coverage_floor
        Share of planned time, 0..1, that must be known before a ratio is stated.
    states
        State text -> state class, where this machine's words mean something else.

    Raises
    ------
    ConfigError
        Naming the value that cannot be.
    DeniedError
        If the actor may not edit the site.
    """
    asset = spine.asset(actor, asset_id)
    require(actor, "edit_site", asset.organisation_id)
    times = {str(program): float(seconds) for program, seconds in (run_times or {}).items()}
    for what, seconds in [("planned run time", run_time), *times.items()]:
        if seconds is not None and not 0 < seconds < 10_000_000:
            raise ConfigError(f"{what}: {seconds} s is not a time per item; give seconds above 0.")
    if not 0.0 <= coverage_floor <= 1.0:
        raise ConfigError(f"The coverage floor {coverage_floor} must lie between 0 and 1.")
    unknown = set((states or {}).values()) - set(STATE_CLASSES)
    if unknown:
        raise ConfigError(f"Unknown state class {', '.join(sorted(unknown))}; use {', '.join(STATE_CLASSES)}.")
    values = {
        "run_time": run_time,
        "run_times": times,
        "coverage_floor": coverage_floor,
        "states": dict(states or {}),
    }
    MachineSettings.objects.update_or_create(asset_id=asset.id, defaults=values | {"changed_at": now_us()})
    record(
        actor=actor,
        verb="configure_machine",
        target=f"asset:{asset.id}",
        detail=values,
        organisation_id=asset.organisation_id,
    )
