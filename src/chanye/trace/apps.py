"""Django's handle on the room."""

from django.apps import AppConfig


class TraceConfig(AppConfig):
    """The trace room."""

    name = "chanye.trace"
    label = "trace"
    default_auto_field = "django.db.models.BigAutoField"
