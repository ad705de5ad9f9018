"""Addresses of the statistics."""

from __future__ import annotations

from django.urls import path

from chanye.domains.projects.pages import releases, returns, statistics, targets

urlpatterns = [
    path("statistics/", statistics.statistics_page, name="statistics"),
    path("statistics/indicators/adopt", statistics.adopt_indicators, name="statistics-adopt"),
    path("statistics/firms/", statistics.firm_list, name="statistics-firms"),
    path("statistics/firms/import/", statistics.firm_import, name="statistics-firm-import"),
    path("statistics/returns/", statistics.duty_list, name="statistics-returns"),
    path("statistics/returns/single/", returns.office_returns, name="statistics-single-returns"),
    path("statistics/returns/import/", returns.office_import, name="statistics-return-import"),
    path("statistics/months/close", statistics.close_month, name="statistics-close"),
    path("statistics/targets/new/", targets.new_target, name="target-new"),
    path("statistics/targets/<int:target_id>/", targets.target_page, name="target"),
    path("statistics/releases/", releases.release_list, name="releases"),
    path("returns/", returns.own_returns, name="own-returns"),
    path("returns/import/", returns.own_import, name="own-return-import"),
]
