"""The two classes others use."""

from __future__ import annotations

from chanye.spine.history.reader import RawReader
from chanye.spine.history.writer import Writer


class History(Writer):
    """The one writer of a folder."""


class Reader(RawReader):
    """Reads of a folder: any number, any process, thread-safe."""
