"""Addresses of the projects room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from chanye.domains.projects import urls_pipeline, urls_statistics

urlpatterns: list[URLPattern | URLResolver] = [*urls_pipeline.urlpatterns, *urls_statistics.urlpatterns]
