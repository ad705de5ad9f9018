"""Addresses of the factory room."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory import boards, pages

urlpatterns = [
    path("sites/<int:site_id>/", boards.site_board, name="site"),
    path("machines/<int:machine_id>/", pages.machine_page, name="machine"),
    path("machines/<int:machine_id>/figures/<slug:name>/", pages.figure_page, name="figure"),
]
