"""``run/connectors.json``: how every connection is doing, for readers in other processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chanye.connectors.types import ConnectionStatus

FILE = "connectors.json"
BLOCK = 4096


def write_statuses(folder: Path, statuses: Iterable[ConnectionStatus], at: int, problems: dict[str, str]) -> None:
    """Replace the status file at once; readers see the old or the new, never half.

    On a full disk the old file is written over: its room is its own, and a status is wanted then more than ever.

    Parameters
    ----------
    at
        When it was written, us UTC: readers tell from it whether ``collect`` runs.
    problems
        What ails ``collect`` itself, by subject, in words for a person.
    """
    text = json.dumps(
        {"at": at, "pid": os.getpid(), "problems": problems, "connections": [asdict(s) for s in statuses]}
    )
    path = folder / FILE
    fresh = path.with_suffix(".json.new")
    data = text.encode()
    # blanks behind the text are room for a longer one
    padded = data.ljust(-(-len(data) * 2 // BLOCK) * BLOCK)
    try:
        fresh.write_bytes(padded)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        with path.open("r+b", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if len(data) > size:
                raise
            file.write(data.ljust(size))


def read_statuses(folder: Path) -> tuple[int, dict[str, ConnectionStatus], dict[str, str]]:
    """Return when it was written (us UTC, 0 if never), the statuses by name, and problems of ``collect``."""
    try:
        held: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        statuses = {row["name"]: ConnectionStatus(**row) for row in held["connections"]}
        return int(held["at"]), statuses, dict(held["problems"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, {}, {}
