"""One command. Subcommands live in modules of this folder and are imported when they run, so that help is fast."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line."""
    from chanye.cli.app import app

    app()


def setup_django() -> None:
    """Make the records available to a command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chanye.web.settings")
    import django

    django.setup()
