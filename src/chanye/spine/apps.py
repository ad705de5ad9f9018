"""Django's handle on the room."""

from django.apps import AppConfig


class SpineConfig(AppConfig):
    """The spine room."""

    name = "chanye.spine"
    label = "spine"
    default_auto_field = "django.db.models.BigAutoField"
