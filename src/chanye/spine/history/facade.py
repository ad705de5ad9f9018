"""The two classes others use."""

from __future__ import annotations

from chanye.spine.history.analysis import AnalysisReader
from chanye.spine.history.writer import Writer


class History(Writer):
    """The one writer of a folder."""


class Reader(AnalysisReader):
    """Reads of a folder: any number, any process, thread-safe."""
