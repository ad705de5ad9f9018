"""The report from the site, made for a phone: one milestone, what is seen, photos, where one stands."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chanye.domains.projects.actions.progress import PhotoFile, report_progress
from chanye.domains.projects.pages.words import day_of, number_of, today, whole_of
from chanye.domains.projects.queries import pipeline as queries
from chanye.domains.projects.queries import progress as records
from chanye.domains.projects.types.progress import RULES, Seen
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.rules import require
from chanye.spine.api import viewer_of

MOST_BYTES = 12 << 20


@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest, project_id: int) -> HttpResponse:
    """Choose a milestone, say what is seen by its rule of credit, add photos and the place."""
    viewer, day = viewer_of(request), today()
    row = queries.project(viewer, project_id, today=day)
    require(viewer, "edit_projects", row.organisation_id)
    found = records.record(viewer, project_id, today=day)
    chosen = whole_of(request.POST.get("milestone") or request.GET.get("milestone"))
    milestone = next((one for one in found.milestones if one.id == chosen), None)
    fault = ""
    if request.method == "POST":
        try:
            _report(request, project_id)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Reported. It counts as soon as somebody else verified it."))
            return redirect("project", project_id)
    context = {
        "p": row, "milestones": [(one, round(100 * one.credit)) for one in found.milestones if one.credit < 1],
        "m": milestone, "rule": RULES[milestone.rule] if milestone else "", "fault": fault, "today": day.isoformat(),
        "key": request.POST.get("key") or f"web-{viewer.person_id}-{now_us()}", "sent": request.POST,
    }  # fmt: skip
    return render(request, "projects/report.html", context, status=400 if fault else 200)


def _report(request: HttpRequest, project_id: int) -> None:
    sent = request.POST
    latitude, longitude = number_of(sent.get("latitude")), number_of(sent.get("longitude"))
    files = request.FILES.getlist("photo")
    if any((one.size or 0) > MOST_BYTES for one in files):
        raise ConfigError(_("A photo is larger than 12 MB; send it smaller."))
    state = sent.get("state", "")
    report_progress(
        actor=viewer_of(request), project_id=project_id, milestone_id=whole_of(sent.get("milestone")) or 0,
        key=sent.get("key", "")[:64], on=day_of(sent.get("on")) or today(),
        seen=Seen(
            started=state in ("started", "done"), done=state == "done",
            steps=tuple(sorted({n for one in sent.getlist("step") if (n := whole_of(one)) is not None})),
            units=number_of(sent.get("units")) or 0.0,
        ),
        note=sent.get("note", ""),
        position=None if latitude is None or longitude is None else (latitude, longitude),
        photos=[PhotoFile(one.name or "photo.jpg", one.read()) for one in files], today=today(),
    )  # fmt: skip
