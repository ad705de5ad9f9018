"""Pages on which the plant says what it plans: shift calendars, and what is expected of a machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.factory.actions import machines as actions
from chanye.domains.factory.pages.calendar_draft import TEMPLATES, draft_from, draft_of, pattern_of
from chanye.domains.factory.pages.calendar_form import WEEKDAYS, CalendarDraft, change_rows, read_draft
from chanye.domains.factory.pages.link_form import link_form, take_link
from chanye.domains.factory.queries import settings as queries
from chanye.domains.factory.queries.settings import CalendarView, MachineSettingsView
from chanye.domains.factory.rules.holidays import known_years
from chanye.domains.factory.rules.week import local_day, overlap, week_rows
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.shifts import ShiftPattern, ShiftRun, shift_pattern_to_dict
from chanye.kernel.time import from_us, now_us
from chanye.parties.rules import may, require
from chanye.parties.types import PUBLIC, Viewer
from chanye.spine.types import STATE_CLASSES

MOST_ROWS = 200


def _viewer(request: HttpRequest) -> Viewer:
    return getattr(request, "viewer", PUBLIC)


def _run_words(run: ShiftRun | None, zone: str, now: int) -> dict[str, Any] | None:
    """Return the shift that runs or comes next, by the calendar's own clock."""
    if run is None:
        return None
    start, end = (from_us(at, ZoneInfo(zone)) for at in (run.start, run.end))
    return {
        "name": run.name,
        "running": run.start <= now,
        "day": start.strftime("%m-%d"),
        "weekday": WEEKDAYS[start.weekday()],
        "start": start.strftime("%H:%M"),
        "end": end.strftime("%H:%M"),
    }


@require_safe
def calendar_list(request: HttpRequest) -> HttpResponse:
    """Show the shift calendars, and which of them each place gets."""
    viewer, now = _viewer(request), now_us()
    views = queries.calendar_views(viewer, now=now)
    context = {
        "calendars": [(view, _run_words(view.run, view.pattern.zone, now)) for view in views],
        "places": queries.places(viewer),
        "may_edit": may(viewer, "edit_calendar", viewer.organisation_id),
        "templates": [(name, words) for name, (words, _shifts) in TEMPLATES.items()],
    }
    return render(request, "factory/calendar_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_calendar(request: HttpRequest) -> HttpResponse:
    """Make a calendar from a template."""
    viewer = _viewer(request)
    require(viewer, "edit_calendar", viewer.organisation_id)
    if request.method == "POST":
        return _edit(request, viewer, None)
    template = request.GET.get("template", "")
    template = template if template in TEMPLATES else "two"
    zones = queries.zones(viewer)
    draft = draft_from(template, zones[0] if zones else "Asia/Shanghai")
    free = [
        place.asset.id for place in queries.places(viewer) if place.asset.kind == "site" and not place.calendar_id
    ]
    draft.places = frozenset(free)
    return _form(request, viewer, None, draft, template=template)


@require_http_methods(["GET", "HEAD", "POST"])
def calendar_page(request: HttpRequest, calendar_id: int) -> HttpResponse:
    """Show a calendar; take its changes from those who may."""
    viewer = _viewer(request)
    view = queries.calendar_view(viewer, calendar_id, now=now_us())
    if request.method == "POST":
        require(viewer, "edit_calendar", view.organisation_id)
        return _edit(request, viewer, view)
    draft = draft_of(view.name, view.pattern, [asset.id for asset in view.places])
    return _form(request, viewer, view, draft)


def _edit(request: HttpRequest, viewer: Viewer, view: CalendarView | None) -> HttpResponse:
    """Do what a button of the form says: save, add or drop a row, or look at another week."""
    draft, command = read_draft(request.POST), request.POST.get("do", "save")
    if command != "save":
        fresh = change_rows(draft, command)
        return _form(request, viewer, view, draft, fresh=fresh)
    pattern = pattern_of(draft)
    if pattern is not None:
        try:
            number = _save(viewer, view, draft, pattern)
        except ConfigError as error:
            draft.faults["name"] = str(error)
        else:
            messages.success(request, _("Saved. All figures are reckoned by it from now on, those of the past too."))
            return redirect("calendar", number)
    return _form(request, viewer, view, draft, status=400)


def _save(viewer: Viewer, view: CalendarView | None, draft: CalendarDraft, pattern: ShiftPattern) -> int:
    plain = shift_pattern_to_dict(pattern)
    if view is None:
        return actions.create_calendar(
            actor=viewer,
            organisation_id=viewer.organisation_id or 0,
            name=draft.name,
            pattern=plain,
            places=draft.places,
        )
    actions.change_calendar(actor=viewer, calendar_id=view.id, name=draft.name, pattern=plain, places=draft.places)
    return view.id


def _monday(request: HttpRequest, pattern: ShiftPattern) -> date:
    """Return the Monday of the week to draw: the one asked for, else the present one."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        day = date.fromisoformat(asked.get("week", ""))
    except ValueError:
        day = date.min
    if not 1971 <= day.year <= 2200:
        day = local_day(pattern.zone, now_us())
    day += timedelta(days={"later": 7, "earlier": -7}.get(asked.get("do", ""), 0))
    return day - timedelta(days=day.weekday())


def _form(
    request: HttpRequest,
    viewer: Viewer,
    view: CalendarView | None,
    draft: CalendarDraft,
    *,
    template: str = "",
    fresh: str = "",
    status: int = 200,
) -> HttpResponse:
    pattern = pattern_of(draft)
    if request.method == "POST" and request.POST.get("do", "save") != "save":
        _forget(draft)  # a row that was just added is empty, not wrong
    monday = _monday(request, pattern or ShiftPattern("Asia/Shanghai", ()))
    zones = queries.zones(viewer)
    context = {
        "calendar": view,
        "holiday_years": known_years(),
        "holiday_last": known_years()[-1],
        "may_edit": (view.may_edit if view else True) and draft.fits,
        "draft": draft,
        "wrong": status != 200,
        "fresh": fresh,
        "template": template,
        "templates": [(name, words) for name, (words, _shifts) in TEMPLATES.items()],
        "all_places": queries.places(viewer),
        "zones": zones if draft.zone in zones else [*zones, draft.zone],
        "week": list(zip(WEEKDAYS, week_rows(pattern, monday), strict=True)) if pattern else (),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "clash": WEEKDAYS[day] if pattern and (day := overlap(pattern)) is not None else "",
    }
    return render(request, "factory/calendar.html", context, status=status)


def _forget(draft: CalendarDraft) -> None:
    draft.faults.clear()
    for row in draft.rows():
        row.faults.clear()


@require_POST
def delete_calendar(request: HttpRequest, calendar_id: int) -> HttpResponse:
    """Delete a calendar."""
    view = queries.calendar_view(_viewer(request), calendar_id, now=now_us())
    actions.delete_calendar(actor=_viewer(request), calendar_id=calendar_id)
    messages.success(request, _("Deleted: %(name)s. Its content is kept in the audit log.") % {"name": view.name})
    return redirect("calendars")


@dataclass(slots=True)
class Typed:
    """What was typed on the settings page of a machine, and what is wrong with it."""

    run_time: str = ""
    floor: str = ""
    times: list[tuple[str, str, str]] = field(default_factory=list)
    words: list[tuple[str, str, str]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


@require_http_methods(["GET", "HEAD", "POST"])
def machine_settings(request: HttpRequest, machine_id: int) -> HttpResponse:
    """Show and take what is expected of a machine: planned run times, coverage floor, the meaning of its words."""
    viewer = _viewer(request)
    try:
        view = queries.machine_settings(viewer, machine_id, now=now_us())
    except ConfigError as error:
        raise DeniedError(str(error)) from error
    expected = view.expected
    typed = Typed(_plain(expected.run_time), _plain(round(expected.floor * 100, 6)))
    linked = link_form(viewer, view.asset, request.POST, now=now_us())
    sent: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        require(viewer, "edit_site", view.asset.organisation_id)
        command = request.POST.get("do", "save")
    if request.method == "POST" and command.startswith("link:"):
        if take_link(viewer, view.asset, linked, command):
            messages.success(request, _("Saved. The stops of the last 7 days follow at once."))
            return redirect(reverse("machine-settings", args=[machine_id]) + "#link")
        status = 400 if linked.fault and command == "link:save" else 200
    elif request.method == "POST":
        sent = {name: str(request.POST.get(name, "")).strip() for name in request.POST}
        typed = Typed(sent.get("run_time", ""), sent.get("floor", ""))
        values = _read_settings(view, sent, typed)
        if command.startswith("take:"):
            _take(view, command.removeprefix("take:"), sent, typed)
        elif not typed.faults:
            actions.configure_machine(actor=viewer, asset_id=machine_id, **values)
            messages.success(request, _("Saved. All figures are reckoned by it from now on, those of the past too."))
            return redirect("machine-settings", machine_id)
        else:
            status = 400
    context = {
        "view": view,
        "link": linked,
        "machine": view.asset,
        "here_site": queries.site_of(viewer, view.asset),
        "typed": typed,
        "programs": _program_rows(view, sent, typed),
        "words": _word_rows(view, sent),
        "classes": STATE_CLASSES,
        "fresh": {name: sent.get(f"new-{name}", "") for name in ("name", "time", "text")},
    }
    return render(request, "factory/machine_settings.html", context, status=status)


def _program_rows(view: MachineSettingsView, sent: Mapping[str, str], typed: Typed) -> list[dict[str, Any]]:
    rows = []
    for i, program in enumerate(view.programs[:MOST_ROWS]):
        value = sent.get(f"p{i}-time", "") if sent else _plain(program.run_time)
        rows.append({"i": i, "program": program, "value": value, "fault": typed.faults.get(f"p{i}", "")})
    return rows


def _word_rows(view: MachineSettingsView, sent: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for i, word in enumerate(view.words[:MOST_ROWS]):
        chosen = sent.get(f"w{i}-class", "") if sent else word.chosen
        rows.append({"i": i, "word": word, "chosen": chosen, "meaning": chosen or word.usual or "unknown"})
    return rows


def _seconds(text: str, name: str, typed: Typed) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 < value < 10_000_000:
        typed.faults[name] = _("Write seconds per part, above 0, e.g. 42.5; or leave it empty.")
        return None
    return value


def _read_settings(view: MachineSettingsView, sent: Mapping[str, str], typed: Typed) -> dict[str, Any]:
    """Return what ``configure_machine`` takes; what is wrong goes to ``typed.faults``."""
    run_time = _seconds(typed.run_time, "run_time", typed)
    times: dict[str, float] = {}
    rows = [(f"p{i}", sent.get(f"p{i}-name", ""), sent.get(f"p{i}-time", "")) for i in range(MOST_ROWS)]
    for name, program, text in [*rows, ("new", sent.get("new-name", ""), sent.get("new-time", ""))]:
        seconds = _seconds(text, name, typed)
        if seconds is not None and program:
            times[program] = seconds
        elif seconds is not None and name == "new":
            typed.faults[name] = _("Write the name of the program this time is for.")
    words = [(sent.get(f"w{i}-text", ""), sent.get(f"w{i}-class", "")) for i in range(MOST_ROWS)]
    words.append((sent.get("new-text", ""), sent.get("new-class", "")))
    states = {text: meaning for text, meaning in words if text and meaning in STATE_CLASSES}
    try:
        floor = float(typed.floor.replace(",", ".").rstrip("%％ "))
    except ValueError:
        floor = math.nan
    if not 0 <= floor <= 100:
        typed.faults["floor"] = _("Write a share from 0 to 100 %, e.g. 80.")
    return {"run_time": run_time, "run_times": times, "coverage_floor": floor / 100, "states": states}


def _take(view: MachineSettingsView, which: str, sent: dict[str, str], typed: Typed) -> None:
    """Write the observed time into a field, to be saved or not."""
    typed.faults.clear()
    if which == "all" and view.seen:
        typed.run_time = f"{view.seen.median:.1f}"
    for i, program in enumerate(view.programs[:MOST_ROWS]):
        if which == f"p{i}" and program.seen:
            sent[f"p{i}-time"] = f"{program.seen.median:.1f}"
