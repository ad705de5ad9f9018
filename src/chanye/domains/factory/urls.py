"""Addresses of the factory room."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory import (
    urls_care,
    urls_downtime,
    urls_erp,
    urls_master,
    urls_measures,
    urls_orders,
    urls_quality,
)
from chanye.domains.factory.pages import andon, board, conflicts, line, machine, settings, terminal

urlpatterns = [
    path("sites/<int:site_id>/", board.site_board, name="site"),
    path("machines/<int:machine_id>/", machine.machine_page, name="machine"),
    path("machines/<int:machine_id>/figures/<slug:name>/", machine.figure_page, name="figure"),
    path("machines/<int:machine_id>/settings/", settings.machine_settings, name="machine-settings"),
    path("lines/<int:line_id>/", line.line_page, name="line"),
    *terminal.urlpatterns,
    *andon.urlpatterns,
    *conflicts.urlpatterns,
    path("calendars/", settings.calendar_list, name="calendars"),
    path("calendars/new/", settings.new_calendar, name="new-calendar"),
    path("calendars/<int:calendar_id>/", settings.calendar_page, name="calendar"),
    path("calendars/<int:calendar_id>/delete/", settings.delete_calendar, name="delete-calendar"),
    *urls_orders.urlpatterns,
    *urls_master.urlpatterns,
    *urls_erp.urlpatterns,
    *urls_care.urlpatterns,
    *urls_downtime.urlpatterns,
    *urls_quality.urlpatterns,
    *urls_measures.urlpatterns,
]
