"""Addresses of maintenance and energy."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import energy, maintenance, maintenance_plans

urlpatterns = [
    path("maintenance/", maintenance.my_orders, name="maintenance"),
    path("maintenance/orders/", maintenance.order_list, name="maintenance-orders"),
    path("maintenance/orders/new/", maintenance.new_order, name="maintenance-new"),
    path("maintenance/orders/<int:work_id>/", maintenance.order_page, name="maintenance-order"),
    path("maintenance/orders/<int:work_id>/change/", maintenance.change_order, name="maintenance-change"),
    path("maintenance/due/", maintenance_plans.due_list, name="maintenance-due"),
    path("maintenance/plans/new/", maintenance_plans.plan_page, name="maintenance-plan-new"),
    path("maintenance/plans/<int:plan_id>/", maintenance_plans.plan_page, name="maintenance-plan"),
    path("maintenance/plans/<int:plan_id>/order/", maintenance_plans.make_order, name="maintenance-plan-order"),
    path("maintenance/parts/", maintenance_plans.spare_list, name="spare-parts"),
    path("maintenance/reliability/", maintenance_plans.reliability_list, name="reliability"),
    path("maintenance/assets/<int:asset_id>/", maintenance_plans.asset_page, name="maintenance-asset"),
    path("energy/", energy.energy_home, name="energy"),
    path("energy/sites/<int:site_id>/", energy.site_page, name="energy-site"),
    path("energy/sites/<int:site_id>/settings/", energy.settings_page, name="energy-settings"),
    path("energy/machines/<int:asset_id>/", energy.machine_page, name="energy-machine"),
    path("energy/orders/<int:order_id>/", energy.order_page, name="energy-order"),
]
