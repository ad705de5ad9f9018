"""NC programs with their versions, work instructions with their pages, and the matrix of skills."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import documents as actions
from chanye.domains.factory.actions import master as master_actions
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.master import tabs
from chanye.domains.factory.pages.master_sheets import PROGRAMS
from chanye.domains.factory.pages.words import RELEASE_STATES, SKILL_LEVELS
from chanye.domains.factory.queries import master as queries
from chanye.domains.factory.types.master import InstructionRow
from chanye.kernel.errors import ConfigError
from chanye.parties import queries as parties
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.spine import actions as spine_actions
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of


@require_http_methods(["GET", "HEAD", "POST"])
def program_list(request: HttpRequest) -> HttpResponseBase:
    """Show the programs; make one with its first version."""
    viewer = viewer_of(request)
    if request.method == "POST":
        try:
            made = actions.save_program(
                actor=viewer,
                organisation_id=viewer.organisation_id or 0,
                code=request.POST.get("code", ""),
                name=request.POST.get("name", ""),
            )
            _upload(request, viewer, made, required=False)
        except ConfigError as error:
            messages.error(request, str(error))
            return redirect("programs")
        return redirect("program", made)
    rows = PROGRAMS.read(request.GET).apply(queries.programs(viewer))
    return PROGRAMS.page(
        request,
        rows,
        template="factory/program_list.html",
        tabs=tabs(),
        book="programs",
        may_edit=may(viewer, "edit_master", viewer.organisation_id),
    )


def _upload(request: HttpRequest, viewer: Viewer, program_id: int, *, required: bool) -> None:
    upload = request.FILES.get("file")
    if upload is None or upload.file is None:
        if required:
            raise ConfigError(_("Choose a file first."))
        return
    actions.add_version(
        actor=viewer, program_id=program_id, name=upload.name or "", data=cast("BinaryIO", upload.file)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def program_page(request: HttpRequest, program_id: int) -> HttpResponse:
    """Show a program with its versions; upload, release and retire them."""
    viewer = viewer_of(request)
    row = queries.program(viewer, program_id)
    if request.method == "POST":
        todo = request.POST.get("do", "")
        try:
            if todo == "upload":
                _upload(request, viewer, program_id, required=True)
            elif todo in ("release", "retire"):
                deed = actions.release_version if todo == "release" else actions.retire_version
                deed(actor=viewer, version_id=inputs.whole(request.POST, "version", _("Version")))
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect("program", program_id)
    context = {
        "row": row,
        "versions": queries.versions(viewer, program_id),
        "states": RELEASE_STATES,
        "may_edit": may(viewer, "edit_master", viewer.organisation_id),
        "history": parties.history_of(viewer, viewer.organisation_id or 0, f"program:{row.id}", limit=20),
    }
    return render(request, "factory/program.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def skill_matrix(request: HttpRequest) -> HttpResponse:
    """Show who can do what, people by skills; take levels from those who may."""
    viewer = viewer_of(request)
    organisation = viewer.organisation_id or 0
    skills, people = queries.skills(viewer), parties.members(viewer, organisation)
    held = {(one.person, one.skill): one for one in queries.qualifications(viewer)}
    if request.method == "POST":
        rows = _levels(request.POST, held, [one.username for one in people], [one.code for one in skills])
        if rows:
            master_actions.save_qualifications(actor=viewer, organisation_id=organisation, rows=rows)
        messages.success(request, _("Saved."))
        return redirect("skills")
    matrix = [
        (
            one,
            [
                (skill, held[one.username, skill.code].level if (one.username, skill.code) in held else 0)
                for skill in skills
            ],
        )
        for one in people
    ]
    context = {
        "skills": skills,
        "matrix": matrix,
        "levels": SKILL_LEVELS,
        "tabs": tabs(),
        "book": "skills",
        "may_edit": may(viewer, "edit_master", viewer.organisation_id),
    }
    return render(request, "factory/skill_matrix.html", context)


def _levels(post: QueryDict, held: dict[tuple[str, str], Any], people: list[str], skills: list[str]) -> list[Any]:
    """Return the levels that were changed in the matrix."""
    rows = []
    for person in people:
        for skill in skills:
            text = post.get(f"{person}|{skill}", "")
            before = held.get((person, skill))
            level = int(text) if text in ("0", "1", "2", "3", "4") else None
            if level is not None and level != (before.level if before else 0):
                until = before.until if before else None
                rows.append({"person": person, "skill": skill, "level": level, "until": until})
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def instruction_form(request: HttpRequest, revision_id: int, step: int) -> HttpResponse:
    """Edit the work instruction of a step: pages with words and pictures, some to be confirmed."""
    viewer = viewer_of(request)
    row = queries.revision(viewer, revision_id)
    require(viewer, "edit_master", viewer.organisation_id)
    known = [one for one in queries.instructions(viewer, revision_id=revision_id) if one.step == step]
    newest = known[0] if known else None
    pages = (
        [{"text": text, "file": file, "confirm": confirm} for text, file, confirm in newest.pages] if newest else []
    )
    title, fault = newest.title if newest else "", ""
    if request.method == "POST":
        title = request.POST.get("title", "")
        try:
            pages = _pages(request, viewer)
            made = actions.save_instruction(
                actor=viewer, revision_id=revision_id, step=step, title=title, pages=pages
            )
            if request.POST.get("do") == "release":
                actions.release_instruction(actor=viewer, instruction_id=made)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("instruction", made)
    context = {
        "row": row,
        "step": step,
        "title": title,
        "pages": [*pages, {"text": "", "file": None, "confirm": False}],
        "files": spine.files_by_id(viewer, [int(page["file"]) for page in pages if page["file"]]),
        "fault": fault,
        "newest": newest,
    }
    return render(request, "factory/instruction_form.html", context, status=400 if fault else 200)


def _known_pages(newest: InstructionRow | None) -> list[dict[str, Any]]:
    pages = newest.pages if newest else ()
    return [{"text": text, "file": file, "confirm": confirm} for text, file, confirm in pages]


def _pages(request: HttpRequest, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the pages that were sent, with new pictures stored; empty ones and those to drop are left out."""
    found = []
    for i in range(actions.MOST_PAGES):
        if f"p{i}-text" not in request.POST:
            break
        upload = request.FILES.get(f"p{i}-picture")
        number = inputs.whole(request.POST, f"p{i}-file", _("Picture"), empty=0) or None
        if upload is not None and upload.file is not None:
            kept = spine_actions.store_file(
                actor=viewer,
                organisation_id=viewer.organisation_id or 0,
                name=upload.name or "",
                data=cast("BinaryIO", upload.file),
            )
            number = kept.id
        text = request.POST[f"p{i}-text"].strip()
        if (text or number) and not request.POST.get(f"p{i}-drop"):
            found.append({"text": text, "file": number, "confirm": bool(request.POST.get(f"p{i}-confirm"))})
    return found


@require_safe
def instruction_page(request: HttpRequest, instruction_id: int) -> HttpResponse:
    """Show a work instruction as the floor sees it."""
    viewer = viewer_of(request)
    row = queries.instruction(viewer, instruction_id)
    files = spine.files_by_id(viewer, [file for _text, file, _confirm in row.pages if file])
    context = {
        "row": row,
        "revision": queries.revision(viewer, row.revision_id),
        "pages": [(text, files.get(file or 0), confirm) for text, file, confirm in row.pages],
        "states": RELEASE_STATES,
        "may_edit": may(viewer, "edit_master", viewer.organisation_id),
    }
    return render(request, "factory/instruction.html", context)
