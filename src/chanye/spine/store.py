"""The historian of this installation: one reader per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from chanye.kernel.settings import get_settings

if TYPE_CHECKING:
    from chanye.spine.history import Reader


@lru_cache(maxsize=4)
def _reader(folder: Path) -> Reader:
    from chanye.spine.history import Reader  # loads the column engine: only when something is read

    return Reader(folder)


def reader() -> Reader:
    """Return this process's reader of the historian; cheap to call again."""
    return _reader(get_settings().history_folder)
