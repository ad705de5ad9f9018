"""One material with its revisions; one revision with bill, routings and work instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chanye.domains.factory.actions import master as master_actions
from chanye.domains.factory.actions import routings as actions
from chanye.domains.factory.pages.books import bill_references, step_references
from chanye.domains.factory.pages.forms import draw_grid, draw_row, read_grid, read_row
from chanye.domains.factory.pages.master_sheets import BILL_COLUMNS, MATERIALS, STEP_COLUMNS
from chanye.domains.factory.pages.words import DEEDS, MATERIAL_KINDS, RELEASE_STATES
from chanye.domains.factory.queries import master as queries
from chanye.domains.factory.rules.routing import FlowStep, draw_flow
from chanye.domains.factory.types.master import RevisionRow, RoutingRow
from chanye.kernel.errors import ConfigError
from chanye.parties import queries as parties
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.spine.api import viewer_of


@require_http_methods(["GET", "HEAD", "POST"])
def material_page(request: HttpRequest, material_id: int) -> HttpResponse:
    """Show a material and its revisions; change it, make a new revision."""
    viewer = viewer_of(request)
    row = queries.material(viewer, material_id)
    columns = [column for column in MATERIALS.columns if column.imported]
    fault, fields = "", draw_row(columns, row, {})
    if request.method == "POST":
        require(viewer, "edit_master", viewer.organisation_id)
        try:
            if request.POST.get("do") == "revise":
                made = actions.make_revision(
                    actor=viewer, material_id=material_id, code=request.POST.get("revision", "")
                )
                return redirect("revision", made)
            values, fields, well = read_row(columns, request.POST, {})
            if well:
                rows = [values | {"code": row.code}]
                organisation = viewer.organisation_id or 0
                master_actions.save_materials(actor=viewer, organisation_id=organisation, rows=rows)
                messages.success(request, _("Saved."))
                return redirect("material", material_id)
        except ConfigError as error:
            fault = str(error)
    own = queries.revisions(viewer, material_id=material_id)
    context = {
        "row": row,
        "fields": fields,
        "fault": fault,
        "revisions": own,
        "next_code": _next(own),
        "states": RELEASE_STATES,
        "kinds": MATERIAL_KINDS,
        "may_edit": may(viewer, "edit_master", viewer.organisation_id),
    }
    return render(request, "factory/material.html", context, status=400 if request.method == "POST" else 200)


def _next(own: list[RevisionRow]) -> str:
    """Return the code after the newest one: B after A."""
    last = own[0].code if own else ""
    if len(last) == 1 and "A" <= last.upper() < "Z":
        return chr(ord(last) + 1)
    return str(int(last) + 1) if last.isdecimal() else "" if last else "A"


@require_http_methods(["GET", "HEAD", "POST"])
def revision_page(request: HttpRequest, revision_id: int) -> HttpResponse:
    """Show a revision with bill, drawn routings and instructions; edit them while it is a draft."""
    viewer = viewer_of(request)
    row = queries.revision(viewer, revision_id)
    fault, grids = "", dict[str, Any]()
    if request.method == "POST":
        require(viewer, "edit_master", viewer.organisation_id)
        try:
            there, grids = _do(viewer, row, request.POST)
        except ConfigError as error:
            fault, there = str(error), None
            grids = _typed(viewer, request.POST)
        if there is not None:
            return there
    edit = row.state == "draft" and may(viewer, "edit_master", viewer.organisation_id)
    context = {
        "row": row,
        "fault": fault,
        "edit": edit,
        "may_edit": may(viewer, "edit_master", viewer.organisation_id),
        "states": RELEASE_STATES,
        "bill": queries.bills(viewer, revision_id=revision_id),
        "bill_columns": BILL_COLUMNS,
        "bill_grid": _bill_grid(viewer, revision_id, grids) if edit else [],
        "step_columns": STEP_COLUMNS,
        "routings": _routings(viewer, revision_id, grids, edit=edit),
        "instructions": queries.instructions(viewer, revision_id=revision_id),
        "deeds": DEEDS,
        "history": parties.history_of(viewer, viewer.organisation_id or 0, f"revision:{row.id}", limit=20),
    }
    return render(request, "factory/revision.html", context, status=400 if request.method == "POST" else 200)


def _bill_grid(viewer: Viewer, revision_id: int, grids: dict[str, Any]) -> list[Any]:
    if "bill" in grids:
        drawn: list[Any] = grids["bill"]
        return drawn
    return draw_grid(BILL_COLUMNS, queries.bills(viewer, revision_id=revision_id), bill_references(viewer))


def _routings(viewer: Viewer, revision_id: int, grids: dict[str, Any], *, edit: bool) -> list[dict[str, Any]]:
    """Return the routings of a revision with drawing and grid; a draft without one gets an empty one."""
    by_code: dict[str, list[RoutingRow]] = {}
    for step in queries.routings(viewer, revision_id=revision_id):
        by_code.setdefault(step.routing, []).append(step)
    if edit and not by_code:
        by_code["main"] = []
    references = step_references(viewer) if edit else {}
    found = []
    for code, steps in by_code.items():
        flow = draw_flow([FlowStep(s.step, s.name, s.kind, s.on_fail, s.returns_to) for s in steps])
        grid = grids.get(f"routing:{code}") or (draw_grid(STEP_COLUMNS, steps, references) if edit else [])
        default = any(step.default for step in steps) or not steps
        found.append({"code": code, "steps": steps, "flow": flow, "grid": grid, "default": default})
    return found


def _typed(viewer: Viewer, post: QueryDict) -> dict[str, Any]:
    """Return the grid that was sent, so that nothing typed is lost."""
    todo = post.get("do", "")
    if todo == "bill":
        return {"bill": read_grid(BILL_COLUMNS, post, bill_references(viewer))[1]}
    if todo == "routing":
        return {f"routing:{post.get('routing', '')}": read_grid(STEP_COLUMNS, post, step_references(viewer))[1]}
    return {}


def _do(viewer: Viewer, row: RevisionRow, post: QueryDict) -> tuple[HttpResponse | None, dict[str, Any]]:
    """Do what a button says; return where to go, or the grid with its faults."""
    todo = post.get("do", "")
    if todo in _DEEDS:
        _DEEDS[todo](viewer, row.id)
        return redirect("material", row.material_id) if todo == "delete" else redirect("revision", row.id), {}
    if todo == "bill":
        rows, drawn, well = read_grid(BILL_COLUMNS, post, bill_references(viewer))
        if not well:
            return None, {"bill": drawn}
        actions.save_bill(actor=viewer, revision_id=row.id, rows=rows)
    elif todo == "routing":
        code = post.get("routing", "").strip()
        rows, drawn, well = read_grid(STEP_COLUMNS, post, step_references(viewer))
        if not well:
            return None, {f"routing:{code}": drawn}
        default = bool(post.get("default")) or None
        actions.save_routing(actor=viewer, revision_id=row.id, code=code, rows=rows, default=default)
    elif todo == "copy":
        _copy(viewer, row, post)
    else:
        raise Http404
    return redirect("revision", row.id), {}


def _copy(viewer: Viewer, row: RevisionRow, post: QueryDict) -> None:
    """Make another routing, with the steps of one that is there."""
    code, new = post.get("routing", ""), post.get("new", "").strip()
    own = queries.routings(viewer, revision_id=row.id)
    if any(step.routing == new for step in own):
        raise ConfigError(_("There is a routing %(code)s already.") % {"code": new})
    steps = [{column.name: column.value(step) for column in STEP_COLUMNS} for step in own if step.routing == code]
    actions.save_routing(actor=viewer, revision_id=row.id, code=new, rows=steps)


_DEEDS: dict[str, Callable[[Viewer, int], object]] = {
    "release": lambda viewer, number: actions.release_revision(actor=viewer, revision_id=number),
    "retire": lambda viewer, number: actions.retire_revision(actor=viewer, revision_id=number),
    "delete": lambda viewer, number: actions.delete_revision(actor=viewer, revision_id=number),
}
