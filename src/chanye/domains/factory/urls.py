"""Addresses of the factory room."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory import boards, pages, setting_pages

urlpatterns = [
    path("sites/<int:site_id>/", boards.site_board, name="site"),
    path("machines/<int:machine_id>/", pages.machine_page, name="machine"),
    path("machines/<int:machine_id>/figures/<slug:name>/", pages.figure_page, name="figure"),
    path("machines/<int:machine_id>/settings/", setting_pages.machine_settings, name="machine-settings"),
    path("calendars/", setting_pages.calendar_list, name="calendars"),
    path("calendars/new/", setting_pages.new_calendar, name="new-calendar"),
    path("calendars/<int:calendar_id>/", setting_pages.calendar_page, name="calendar"),
    path("calendars/<int:calendar_id>/delete/", setting_pages.delete_calendar, name="delete-calendar"),
]
