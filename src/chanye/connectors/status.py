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


def write_statuses(folder: Path, statuses: Iterable[ConnectionStatus], at: int, problems: dict[str, str]) -> None:
    """Replace the status file at once; readers see the old or the new, never half.

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
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def read_statuses(folder: Path) -> tuple[int, dict[str, ConnectionStatus], dict[str, str]]:
    """Return when it was written (us UTC, 0 if never), the statuses by name, and problems of ``collect``."""
    try:
        held: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        statuses = {row["name"]: ConnectionStatus(**row) for row in held["connections"]}
        return int(held["at"]), statuses, dict(held["problems"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, {}, {}
