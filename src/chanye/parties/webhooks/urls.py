"""Addresses of webhooks."""

from __future__ import annotations

from django.urls import path

from chanye.parties.webhooks import pages

urlpatterns = [
    path("webhooks/", pages.webhooks_page, name="webhooks"),
    path("webhooks/<int:webhook_id>/", pages.webhook_page, name="webhook"),
    path("webhooks/<int:webhook_id>/do/", pages.webhook_deed, name="webhook-deed"),
    path("webhooks/events/<int:delivery_id>/", pages.event_page, name="webhook-event"),
    path("webhooks/events/<int:delivery_id>/again/", pages.send_again, name="send-event-again"),
]
