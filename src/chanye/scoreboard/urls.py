"""Addresses of the scoreboard."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from chanye.scoreboard.pages import district

urlpatterns: list[URLPattern | URLResolver] = [
    path("scoreboard/", district.district_page, name="scoreboard"),
    path("scoreboard/firms/<int:firm_id>/", district.firm_page, name="scoreboard-firm"),
]
