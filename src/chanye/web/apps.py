"""Django's handle on the web shell."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The web shell."""

    name = "chanye.web"
    label = "web"
