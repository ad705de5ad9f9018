"""Addresses of measures, rates, gates and shift reports."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import measure_compare, measures, rates

urlpatterns = [
    path("measures/", measures.measures_page, name="measures"),
    path("measures/compare/", measure_compare.compare_page, name="compare"),
    path("measures/rates/", rates.rates_page, name="rates"),
    path("measures/figures/<slug:name>/", measures.measure_page, name="measure"),
    path("measures/trends/<slug:name>/", measures.measure_trend, name="measure-trend"),
]
