"""Django's handle on the room."""

from django.apps import AppConfig


class PartiesConfig(AppConfig):
    """The parties room."""

    name = "chanye.parties"
    label = "parties"
    default_auto_field = "django.db.models.BigAutoField"
