"""Django's handle on the room."""

from django.apps import AppConfig


class FactoryConfig(AppConfig):
    """The factory room."""

    name = "chanye.domains.factory"
    label = "factory"
    default_auto_field = "django.db.models.BigAutoField"
