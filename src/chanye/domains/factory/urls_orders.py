"""Addresses of orders and dispatch lists."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import dispatch, orders

urlpatterns = [
    path("orders/", orders.order_list, name="orders"),
    path("orders/new/", orders.new_order, name="new-order"),
    path("orders/release/", orders.release_page, name="release-orders"),
    path("orders/import/", orders.order_import, name="order-import"),
    path("orders/<int:order_id>/", orders.order_page, name="order"),
    path("dispatch/", dispatch.dispatch_board, name="dispatch-board"),
    path("dispatch/print/", dispatch.dispatch_paper, name="dispatch-paper"),
    path("dispatch/<int:centre_id>/", dispatch.dispatch_page, name="dispatch"),
]
