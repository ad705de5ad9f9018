"""The board of the pipeline and the list of projects, with its import."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.projects.actions import imports
from chanye.domains.projects.pages.words import short, today
from chanye.domains.projects.queries import oc4ids
from chanye.domains.projects.queries import pipeline as queries
from chanye.domains.projects.rules.pipeline import check_row
from chanye.domains.projects.types.pipeline import AMOUNTS, FLAGS, KINDS, STAGES, STATUSES, ProjectRow
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import, ImportRow
from chanye.spine.api import viewer_of

#: Limit of what is shown of a stage's period in the address.
PERIODS = ("all", "year", "quarter")


def _href(row: ProjectRow) -> str:
    return reverse("project", args=[row.id])


def _percent(name: str, label: Any) -> Column:
    return Column(
        name, label, "quantity", unit="%", decimals=0, imported=False, filter="more",
        read=lambda row: None if getattr(row, name) is None else 100 * getattr(row, name),
        template="projects/cell_share.html",
    )  # fmt: skip


def _day(stage: str, *, imported: bool = True) -> Column:
    label = format_lazy("{} {}", STAGES[stage], pgettext_lazy("after the name of a stage", "day"))
    return Column(f"{stage}_on", label, "date", listed=False, imported=imported)


def _flag(code: str) -> Column:
    return Column(
        code, FLAGS[code], "yes_no", listed=False, imported=False, filter="more", read=lambda row: code in row.flags
    )


PROJECTS = Sheet(
    "projects",
    gettext_lazy("Projects"),
    (
        Column(
            "name", pgettext_lazy("name of", "Project"), required=True, length=200,
            template="projects/cell_name.html", example="新能源电池二期",
        ),
        Column(
            "code", gettext_lazy("Unified code"), required=True, length=64, listed=False,
            example="2301-500112-04-01-123456",
        ),
        Column(
            "status", pgettext_lazy("project", "Status"), "choice", choices=STATUSES, filter="more",
            template="projects/cell_status.html",
        ),
        Column("stage", gettext_lazy("Stage reached"), "choice", choices=STAGES, imported=False, filter="more"),
        Column("sector", gettext_lazy("Sector"), "choice", choices=SECTORS, filter="more", listed=False),
        Column("town", gettext_lazy("Town"), length=64, filter="more", listed=False),
        Column(
            "planned_total", gettext_lazy("Planned total"), "money", minimum=0, required=True,
            template="projects/cell_money.html",
        ),
        Column("signed_amount", gettext_lazy("Contracted"), "money", minimum=0, listed=False, help=AMOUNTS["signed"]),
        Column(
            "paid_in", pgettext_lazy("project stage", "Paid in"), "money", minimum=0,
            template="projects/cell_money.html",
            help=gettext_lazy("Opening balance of a project without payments."),
        ),
        Column("paid_out", gettext_lazy("Paid out"), "money", listed=False, imported=False),
        _percent("financial", pgettext_lazy("project progress", "Financial")),
        _percent("physical", pgettext_lazy("project progress", "Physical")),
        _percent("effective", pgettext_lazy("project progress", "Effective")),
        Column(
            "flags", gettext_lazy("Flags"), read=lambda row: " ".join(str(FLAGS[one]) for one in row.flags),
            imported=False, sortable=False, filter="none", template="projects/cell_flags.html",
        ),
        Column(
            "owner", gettext_lazy("Owner"), length=200, listed=False,
            help=gettext_lazy("Code of the firm, or the owner's name."),
        ),
        Column("kind", pgettext_lazy("project", "Type"), "choice", choices=KINDS, listed=False, filter="more"),
        Column("place", gettext_lazy("Place"), length=200, listed=False),
        Column(
            "latitude", gettext_lazy("Latitude (WGS-84)"), "quantity", unit="deg", minimum=-90, maximum=90,
            listed=False, filter="none",
        ),
        Column(
            "longitude", gettext_lazy("Longitude (WGS-84)"), "quantity", unit="deg", minimum=-180,
            maximum=180, listed=False, filter="none",
        ),
        Column("planned_start", gettext_lazy("Planned start"), "date", listed=False),
        Column("planned_finish", gettext_lazy("Planned finish"), "date", listed=False),
        _day("signed"), _day("paid_in", imported=False), _day("started"), _day("in_statistics"),
        _day("in_production"), _day("above_scale"),
        *(_flag(code) for code in FLAGS),
    ),
    order="name",
    key=("code",),
    href=_href,
)  # fmt: skip


@require_safe
def board(request: HttpRequest) -> HttpResponseBase:
    """Show the stages with their counts and sums, what needs a look, and the list of projects."""
    viewer, day = viewer_of(request), today()
    rows = queries.table(viewer, PROJECTS.read(request.GET), today=day)
    if request.GET.get("as"):
        return PROJECTS.page(request, rows, template="projects/board.html")
    period = request.GET.get("period", "all")
    period = period if period in PERIODS else "all"
    tallies = queries.tallies(viewer, today=day)
    found = queries.funnel(viewer, *bounds(period, day))
    widest = max((one.count for one in found), default=0)
    return PROJECTS.page(
        request,
        rows,
        template="projects/board.html",
        funnel=[
            (
                one,
                STAGES[one.stage],
                AMOUNTS[one.stage],
                round(100 * one.count / widest) if widest else 0,
                short(one.amount),
            )
            for one in found
        ],
        flagged=[(code, FLAGS[code], count) for code, count in tallies["flags"].items() if count],
        period=period,
        flag_words=FLAGS,
        may_edit=may(viewer, "edit_projects", viewer.organisation_id),
    )


def bounds(period: str, day: date) -> tuple[date | None, date | None]:
    """Return the days that a period of the board spans up to today; none for all of time."""
    if period == "year":
        return date(day.year, 1, 1), day
    if period == "quarter":
        return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1), day
    return None, None


@require_http_methods(["GET", "HEAD", "POST"])
def project_import(request: HttpRequest) -> HttpResponseBase:
    """Import projects from XLSX or CSV: preview, then commit."""
    viewer = viewer_of(request)
    require(viewer, "edit_projects", viewer.organisation_id)
    day = today()

    def existing() -> list[ProjectRow]:
        return list(queries.everything(viewer, today=day))

    def check(row: ImportRow) -> list[tuple[str, str]]:
        try:
            check_row(row.values, today=day)
        except ConfigError as error:
            return [("code", str(error))]
        return []

    def commit(found: Import) -> str:
        rows = [row.values for row in found.changes]
        done = imports.import_projects(
            actor=viewer, organisation_id=viewer.organisation_id or 0, rows=rows, today=day
        )
        return _("%(n)s projects were imported.") % {"n": done}

    return PROJECTS.import_page(
        request, existing=existing, check=check, commit=commit, done=reverse("projects"),
        title=_("Import projects"),
    )  # fmt: skip


@require_safe
def oc4ids_file(request: HttpRequest) -> HttpResponseBase:
    """Send the projects as an OC4IDS package."""
    answer = JsonResponse(oc4ids.oc4ids(viewer_of(request), today=today()), json_dumps_params={"ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="oc4ids.json"'
    return answer
