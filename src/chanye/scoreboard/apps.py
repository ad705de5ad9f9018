"""Django's handle on the room."""

from django.apps import AppConfig


class ScoreboardConfig(AppConfig):
    """The scoreboard: no tables, only templates."""

    name = "chanye.scoreboard"
    label = "scoreboard"
