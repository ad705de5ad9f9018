"""``chanye backup``: a consistent copy of one data folder while everything runs; to restore, start with --data at it.

Why it is consistent: parts are written once and never changed, and no part or log segment goes away before the
manifest says so. While the copy is made, a write lock on the manifest keeps it from saying anything new; samples
go on being written to the log meanwhile. On the same disk parts and stored files are linked, which takes no space:
against a failing disk choose a folder on another one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import Settings


def backup(settings: Settings, target: Path) -> list[str]:
    """Copy records, secrets, history and files into ``target`` and return what was copied, one line each.

    Raises
    ------
    ConfigError
        If ``target`` is not empty, lies inside the data folder, or the records are in PostgreSQL.
    """
    source = settings.data.resolve()
    target = target.resolve()
    if settings.database:
        raise ConfigError("The records are in PostgreSQL: use pg_dump, then copy the folders history and files.")
    if target.is_relative_to(source):
        raise ConfigError(f"{target} is inside the data folder: choose a folder outside it.")
    if target.exists() and any(target.iterdir()):
        raise ConfigError(f"{target} is not empty: choose a new folder.")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    said = []
    if (source / "secrets").exists():
        shutil.copytree(source / "secrets", target / "secrets")
        said.append("secrets")
    # History first: records never speak of a series whose samples the copy lacks for want of its manifest.
    if (source / "history" / "manifest.sqlite3").exists():
        said.append(_copy_history(source / "history", target / "history"))
    if (source / "records.sqlite3").exists():
        _copy_sqlite(source / "records.sqlite3", target / "records.sqlite3")
        said.append("records")
    # Files last: they are on the disk before their rows, so the copy holds every file that its records speak of.
    if (source / "files").exists():
        said.append(_link_files(source / "files", target / "files"))
    return said


def _link_files(source: Path, target: Path) -> str:
    files = [path.relative_to(source) for path in source.glob("[0-9a-f][0-9a-f]/*")]
    for file in files:
        _link(source / file, target / file)
    return f"files: {len(files)}"


def _copy_sqlite(source: Path, target: Path) -> None:
    reading, writing = sqlite3.connect(source), sqlite3.connect(target)
    try:
        reading.backup(writing)
    finally:
        reading.close()
        writing.close()


def _copy_history(source: Path, target: Path) -> str:
    lock = sqlite3.connect(source / "manifest.sqlite3", timeout=60, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        target.mkdir()
        _copy_sqlite(source / "manifest.sqlite3", target / "manifest.sqlite3")
        files = [row[0] for row in lock.execute("SELECT file FROM parts UNION SELECT file FROM rollups")]
        for file in files:
            _link(source / file, target / file)
        segments = sorted(path for path in (source / "wal").glob("*") if path.is_file())
        for path in segments:
            (target / "wal").mkdir(exist_ok=True)
            shutil.copy2(path, target / "wal" / path.name)
        lock.execute("ROLLBACK")
    finally:
        lock.close()
    return f"history: {len(files)} files, {len(segments)} log segments"


def _link(source: Path, target: Path) -> None:
    """Link a file that never changes, copy it where the target is on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
