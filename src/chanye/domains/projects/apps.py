"""Django's handle on the room."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """The projects room."""

    name = "chanye.domains.projects"
    label = "projects"
    default_auto_field = "django.db.models.BigAutoField"
