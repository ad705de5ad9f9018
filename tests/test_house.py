"""The command answers, the records migrate."""

import subprocess
import sys

import pytest
from django.core.management import call_command


def test_version() -> None:
    out = subprocess.run(
        [sys.executable, "-m", "chanye", "version", "--short"], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == __import__("chanye").__version__


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True)
