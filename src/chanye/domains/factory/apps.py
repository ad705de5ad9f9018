"""Django's handle on the room."""

from django.apps import AppConfig


class FactoryConfig(AppConfig):
    """The factory room."""

    name = "chanye.domains.factory"
    label = "factory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare what can be measured of an upgrade, and the gates a site can be certified by."""
        from chanye.domains.factory.evidence_gates import register_gates
        from chanye.domains.factory.evidence_measures import register_measures

        register_measures()
        register_gates()
