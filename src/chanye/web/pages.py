"""Pages that belong to no room: the start page, search, help and errors."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chanye.parties.types import DISTRICT, PUBLIC, Viewer
from chanye.spine import queries as spine
from chanye.spine.types import STATE_CLASSES
from chanye.web.rooms import doors

MACHINES = ("work_unit", "work_centre")
FOUND = 8


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who looks; the middleware put it there."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    return viewer


def health(request: HttpRequest) -> HttpResponse:
    """Answer that the process serves."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that look for an icon of a plain answer to ours; a page of error would cost them their token."""
    return redirect(static("chanye/icon.svg"))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the sites; the only one directly. Whoever is not signed in is asked to."""
    viewer = viewer_of(request)
    if viewer.person_id is None and not viewer.system:
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}")
    if viewer.kind == DISTRICT:
        return redirect("scoreboard")
    sites = spine.sites(viewer)
    if len(sites) == 1 and "all" not in request.GET:
        try:
            return redirect("site", sites[0].id)
        except NoReverseMatch:  # an installation without the factory room
            pass
    cards = [(site, len(spine.assets(viewer, below=site.id, kinds=("work_unit",)))) for site in sites]
    return render(request, "web/home.html", {"cards": cards})


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    url: str
    text: str | Promise
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind that were found."""

    title: str
    icon: str
    hits: list[Hit]


def _matches(wanted: str, *texts: str) -> bool:
    """Whether every word of ``wanted`` occurs in one of the texts."""
    hay = " ".join(texts).casefold()
    return all(word in hay for word in wanted.casefold().split())


def _find(viewer: Viewer, wanted: str) -> list[Group]:
    rooms = [Hit(door.url, door.label) for door in doors(viewer, "") if _matches(wanted, str(door.label))]
    assets = {asset.id: asset for asset in spine.assets(viewer)}
    sites, machines = [], []
    for asset in assets.values():
        if not _matches(wanted, asset.name, asset.code):
            continue
        if asset.kind == "site":
            sites.append(Hit(f"/sites/{asset.id}/", asset.name, asset.code))
        elif asset.kind in MACHINES:
            machines.append(Hit(f"/machines/{asset.id}/", asset.name, asset.code))
    series = []
    if wanted:
        for one in spine.series_of(viewer, assets):
            owner = assets[one.asset_id].name
            if _matches(wanted, one.name, one.code, owner):
                series.append(Hit(reverse("series", args=[one.id]), one.name or one.code, owner))
            if len(series) >= FOUND:
                break
    return [
        Group(_("Pages"), "page", rooms),
        Group(_("Sites"), "site", sites[:FOUND]),
        Group(_("Machines"), "machines", machines[:FOUND]),
        Group(_("Series"), "trend", series),
    ]


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find a page, a site, a machine or a series by any words of its name."""
    wanted = request.GET.get("q", "").strip()[:100]
    groups = _find(viewer_of(request), wanted)
    context = {"groups": groups, "nothing": not any(group.hits for group in groups), "wanted": wanted}
    return render(request, "web/found.html" if request.GET.get("part") else "web/search.html", context)


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Say in a screenful how to read the product."""
    return render(request, "web/help.html", {"states": STATE_CLASSES})


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that this is not for the viewer."""
    context = {
        "title": _("This is not open to you"),
        "text": _("Ask a manager of your organisation for the role it needs, or sign in as somebody else."),
    }
    return render(request, "web/message.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is nothing here, or nothing the viewer may see; ask whoever is not signed in to sign in."""
    viewer: Viewer = getattr(request, "viewer", PUBLIC)
    signed_in = viewer.person_id is not None or viewer.system
    context = {
        "sign_in_next": "" if signed_in else request.get_full_path(),
        "title": _("There is nothing at this address"),
        "text": _("It may have been removed, or it belongs to another organisation. Search finds all you can open."),
    }
    return render(request, "web/message.html", context, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Say that the fault is ours; needs neither records nor templates to work."""
    title = _("Something went wrong here")
    text = _("The fault is the program's, not yours; it has been written to the log. Try again in a moment.")
    page = (
        f'<!doctype html><meta charset="utf-8"><title>{title}</title><h1>{title}</h1><p>{text}</p><a href="/">/</a>'
    )
    return HttpResponse(page, status=500)
