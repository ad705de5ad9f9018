"""Addresses of inspection and nonconformance."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import cases, inspections, quality_board
from chanye.domains.factory.pages import quality_plans as plans

urlpatterns = [
    path("quality/", quality_board.board, name="quality"),
    path("quality/cases/", cases.case_list, name="cases"),
    path("quality/cases/new/", cases.new_case, name="new-case"),
    path("quality/cases/<int:case_id>/", cases.case_page, name="case"),
    path("quality/cases/<int:case_id>/print/", cases.case_paper, name="case-paper"),
    path("quality/plans/", plans.plan_list, name="quality-plans"),
    path("quality/plans/new/", plans.plan_page, name="new-quality-plan"),
    path("quality/plans/import/", plans.plan_import, name="plan-import"),
    path("quality/plans/<int:inspection_plan_id>/", plans.plan_page, name="quality-plan"),
    path("quality/characteristics/", plans.characteristic_list, name="characteristics"),
    path("quality/characteristics/new/", plans.characteristic_page, name="new-characteristic"),
    path("quality/characteristics/import/", plans.characteristic_import, name="characteristic-import"),
    path("quality/characteristics/<int:characteristic_id>/", plans.characteristic_page, name="characteristic"),
    path("inspections/", inspections.inspection_list, name="inspections"),
    path("inspections/receive/", inspections.receive_lot, name="receive-lot"),
    path("inspections/<int:inspection_id>/", inspections.inspection_page, name="inspection"),
    path("inspections/<int:inspection_id>/inspect/", inspections.inspect, name="inspect"),
    path("quality/rules/", plans.hold_rules, name="hold-rules"),
]
