"""Addresses of stops, losses and production with no order."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import downtime, losses

urlpatterns = [
    path("downtime/", downtime.stop_list, name="downtime"),
    path("downtime/pareto/", losses.pareto_page, name="pareto"),
    path("downtime/waterfall/", losses.waterfall_page, name="waterfall"),
    path("downtime/unassigned/", downtime.unassigned_page, name="unassigned"),
    path("downtime/<int:stop_id>/", downtime.stop_page, name="stop"),
]
