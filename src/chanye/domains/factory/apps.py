"""Django's handle on the room."""

from django.apps import AppConfig


class FactoryConfig(AppConfig):
    """The factory room."""

    name = "chanye.domains.factory"
    label = "factory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare what can be measured of an upgrade."""
        from chanye.domains.factory.evidence_measures import register_measures

        register_measures()
