"""Django's handle on the room."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The evidence room."""

    name = "chanye.evidence"
    label = "evidence"
    default_auto_field = "django.db.models.BigAutoField"
