"""Django's handle on the room."""

from django.apps import AppConfig


class ProgrammeConfig(AppConfig):
    """The programme room."""

    name = "chanye.domains.programme"
    label = "programme"
    default_auto_field = "django.db.models.BigAutoField"
