"""One command. Subcommands live in modules of this folder and are imported when they run, so that help is fast."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; an error raised on purpose is one line that says what to do, not a traceback."""
    from chanye.cli.app import app
    from chanye.kernel.errors import ChanyeError

    try:
        app()
    except ChanyeError as error:
        print(f"chanye: {error}", file=sys.stderr)
        sys.exit(1)


def setup_django() -> None:
    """Make the records available to a command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chanye.web.settings")
    import django

    django.setup()
