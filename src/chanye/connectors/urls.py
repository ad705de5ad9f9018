"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from chanye.connectors import pages

urlpatterns = [
    path("connections/", pages.connection_list, name="connections"),
    path("connections/new/", pages.new_connection, name="new-connection"),
    path("connections/<int:connection_id>/", pages.connection_page, name="connection"),
    path("connections/<int:connection_id>/switch/", pages.switch_connection, name="switch-connection"),
]
