"""Where the HTTP API answers."""

from __future__ import annotations

from django.urls import path

from chanye.web.api import api

urlpatterns = [path("api/v1/", api.urls)]
