"""Addresses of the room."""

from __future__ import annotations

from django.urls import path

from chanye.trace.pages import items

urlpatterns = [
    path("trace/", items.start, name="trace"),
    path("trace/items/<int:item_id>/", items.item_page, name="trace-item"),
    path("trace/items/<int:item_id>/recall/", items.recall_page, name="trace-recall"),
    path("trace/items/<int:item_id>/label.png", items.label_picture, name="trace-label"),
    path("trace/labels/", items.label_sheet, name="trace-labels"),
    path("trace/of/<path:material>/<str:code>/", items.by_name, name="trace-of"),
]
