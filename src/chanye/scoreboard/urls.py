"""Addresses of the scoreboard."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from chanye.scoreboard.pages import district, public

urlpatterns: list[URLPattern | URLResolver] = [
    path("scoreboard/", district.district_page, name="scoreboard"),
    path("scoreboard/firms/<int:firm_id>/", district.firm_page, name="scoreboard-firm"),
    path("public/", public.public_page, name="public"),
    path("public/releases/<int:number>/", public.release_page, name="public-release"),
    path("public/data/releases/<int:number>.<str:form>", public.release_file, name="public-release-file"),
    path("public/data/rankings/<int:number>.json", public.ranking_file, name="public-ranking"),
    path("public/data/oc4ids.json", public.project_file, name="public-oc4ids"),
]
