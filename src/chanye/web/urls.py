"""Every address of the product. Rooms bring their own ``urls``; they are named here, not imported."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from chanye.web import files, pages, trends

ROOMS = (
    "chanye.parties.urls",
    "chanye.connectors.urls",
    "chanye.trace.urls",
    "chanye.evidence.urls",
    "chanye.domains.factory.urls",
    "chanye.domains.programme.urls",
    "chanye.domains.projects.urls",
    "chanye.scoreboard.urls",
    "chanye.web.api_urls",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", login_not_required(pages.health), name="health"),
    path("favicon.ico", login_not_required(pages.icon), name="icon"),
    path("", login_not_required(pages.home), name="home"),
    path("search", login_not_required(pages.search), name="search"),
    path("help/", login_not_required(pages.help_page), name="help"),
    path("language", login_not_required(set_language), name="set_language"),
    path("series/<int:series_id>/", trends.trend_page, name="series"),
    path("series/<int:series_id>/points", trends.points, name="series-points"),
    path("series/<int:series_id>/export.<str:form>", trends.export, name="series-export"),
    path("files/", files.put, name="files"),
    path("files/<int:file_id>/<str:name>", files.show, name="file"),
    *(path("", include(room)) for room in ROOMS if find_spec(room)),
]

handler403 = "chanye.web.pages.forbidden"
handler404 = "chanye.web.pages.not_found"
handler500 = "chanye.web.pages.broken"
