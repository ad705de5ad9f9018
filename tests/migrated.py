"""Records with every migration applied, made once for this state of the migrations, copied where they are needed.

What the migrations do from nothing is proved by ``tests/cli/test_init.py``, ``test_up.py`` and ``test_demo.py``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from subprocess_environment import ROOT, environment


@lru_cache(maxsize=1)
def records() -> Path:
    """Return a file of migrated records, to be copied and never opened; other runs of the tests share it."""
    import django

    digest = hashlib.sha256(f"{django.VERSION} {sys.version} {os.getuid()}".encode())
    for path in sorted((ROOT / "src").rglob("*.py")):
        if "migrations" in path.parts or path.name == "append_only.py":
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    made = Path(tempfile.gettempdir()) / f"chanye-test-records-{digest.hexdigest()[:24]}.sqlite3"
    with made.with_suffix(".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(made)
    return made


def _make(made: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        migrate = [sys.executable, "-m", "chanye", "manage", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env=environment(folder), cwd=folder, check=True)
        # all of it must be in the one file that is copied
        connection = sqlite3.connect(folder / "records.sqlite3")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        coming = made.with_suffix(".coming")
        shutil.copy(folder / "records.sqlite3", coming)
        coming.replace(made)


def give_records(folder: Path) -> Path:
    """Put migrated records into a data folder and return their path."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(records(), folder / "records.sqlite3"))


def fill(connection: sqlite3.Connection) -> None:
    """Copy migrated records into an empty database."""
    with sqlite3.connect(records()) as source:
        source.backup(connection)
    source.close()
