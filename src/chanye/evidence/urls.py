"""Addresses of the evidence room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from chanye.evidence.pages import effects, plans

urlpatterns: list[URLPattern | URLResolver] = [
    path("evidence/", plans.plan_list, name="evidence"),
    path("evidence/new/", plans.new_plan, name="evidence-new"),
    path("evidence/shows/", plans.shows, name="evidence-shows"),
    path("evidence/register/", effects.register, name="evidence-register"),
    path("evidence/plans/<int:evidence_id>/", plans.plan_page, name="evidence-plan"),
    path("evidence/plans/<int:evidence_id>/edit/", plans.edit_plan, name="evidence-edit"),
    path("evidence/effects/<int:effect_id>/", effects.certificate, name="evidence-effect"),
    path("evidence/effects/<int:effect_id>/bundle.zip", effects.bundle, name="evidence-bundle"),
]
