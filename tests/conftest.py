"""What every test shares: a data folder of its own."""

from __future__ import annotations

import os

import pytest

# This process has read its settings by now; processes that tests start are to be the product, not a test.
os.environ["DJANGO_SETTINGS_MODULE"] = "chanye.web.settings"


@pytest.fixture(scope="session", autouse=True)
def _audit_rows_can_be_flushed_between_tests() -> None:
    """Tests with real transactions empty all tables afterwards, which the database refuses for the audit log."""
    from django.db import connection

    from chanye.parties.append_only import create_statements, drop_statements

    operations, vendor = type(connection.ops), connection.vendor
    plain = operations.sql_flush

    def sql_flush(self: object, *args: object, **kwargs: object) -> list[str]:
        return [*drop_statements(vendor), *plain(self, *args, **kwargs), *create_statements(vendor)]

    operations.sql_flush = sql_flush
