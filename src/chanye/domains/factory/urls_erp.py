"""Addresses of the exchange with an ERP."""

from __future__ import annotations

from django.urls import path

from chanye.domains.factory.pages import erp

urlpatterns = [
    path("erp/", erp.exchange_list, name="erp"),
    path("erp/in/", erp.take_in, name="erp-in"),
    path("erp/out/", erp.give_out, name="erp-out"),
    path("erp/example/", erp.example, name="erp-example"),
    path("erp/schemas/", erp.schemas, name="erp-schemas"),
]
