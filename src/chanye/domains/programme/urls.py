"""Addresses of the programme room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from chanye.domains.programme import urls_awards, urls_calls

urlpatterns: list[URLPattern | URLResolver] = [*urls_calls.urlpatterns, *urls_awards.urlpatterns]
