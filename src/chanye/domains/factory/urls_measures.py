"""Addresses of measures, rates, gates and shift reports."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import certification, measure_compare, measures, rates, shifts

urlpatterns = [
    path("measures/", measures.measures_page, name="measures"),
    path("measures/compare/", measure_compare.compare_page, name="compare"),
    path("measures/rates/", rates.rates_page, name="rates"),
    path("measures/figures/<slug:name>/", measures.measure_page, name="measure"),
    path("measures/trends/<slug:name>/", measures.measure_trend, name="measure-trend"),
    path("measures/gates/", certification.gates_page, name="gates"),
    path("measures/equipment/", certification.equipment_list, name="equipment"),
    path("measures/equipment/import/", certification.equipment_import, name="equipment-import"),
    path("shifts/", shifts.shift_list, name="shifts"),
    path("shifts/<int:site_id>/<int:start>/", shifts.shift_page, name="shift-report"),
]
