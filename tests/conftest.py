"""What every test shares: a data folder of its own."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from postgresql import postgresql_url  # noqa: F401  # a fixture for all

#: Tests of a folder or file that one process runs: two browsers starve each other on two cores, what is compiled need
#: not be compiled twice, and a server is started once.
TOGETHER = (
    "tests/browser/", "tests/engines/planning/", "tests/engines/lines/", "tests/engines/agronomy/",
    "tests/contracts/test_append_only.py",
)  # fmt: skip
# How fast the machine draws examples proves nothing.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
# This process has read its settings by now; processes that tests start are to be the product, not a test.
os.environ["DJANGO_SETTINGS_MODULE"] = "chanye.web.settings"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--at-most", type=int, default=0, help="Refuse to run more tests than this.")


class Together(LoadScopeScheduling):
    """Hands out tests one by one, but those that belong together."""

    def _split_scope(self, nodeid: str) -> str:
        return next((one for one in TOGETHER if nodeid.startswith(one)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    most, found = session.config.getoption("--at-most"), len(session.items)
    if 0 < most < found:
        pytest.exit(f"{found} tests failed: too many to be for want of the machine.", returncode=1)


@pytest.fixture(scope="session", autouse=True)
def _migrations_run_once_for_all_processes() -> None:
    """Fill the empty test database from records that are migrated already: each process would need ten seconds."""
    from django.core.management.commands.migrate import Command
    from django.db import connections

    from migrated import fill

    plain = Command.handle

    def handle(self: Command, *args: object, **options: object) -> object:
        connection = connections[str(options["database"])]
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            if not connection.introspection.table_names():
                fill(connection.connection)
        return plain(self, *args, **options)

    Command.handle = handle


@pytest.fixture(scope="session", autouse=True)
def _audit_rows_can_be_flushed_between_tests() -> None:
    """Tests with real transactions empty all tables afterwards; the database refuses it for what is append-only."""
    from django.db import connection

    from chanye.domains.programme.append_only import RULES as LEDGER
    from chanye.domains.projects.append_only import RULES as PROJECTS
    from chanye.evidence.append_only import RULES as EVIDENCE
    from chanye.parties.append_only import AUDIT

    operations, vendor = type(connection.ops), connection.vendor
    plain, rules = operations.sql_flush, (AUDIT, *EVIDENCE, *LEDGER, *PROJECTS)
    lifted = [statement for rule in rules for statement in rule.drop(vendor)]
    put = [statement for rule in rules for statement in rule.create(vendor)]

    def sql_flush(self: object, *args: object, **kwargs: object) -> list[str]:
        return [*lifted, *plain(self, *args, **kwargs), *put]

    operations.sql_flush = sql_flush
