"""Four words that decide what the machine does next.

``ConfigError`` - a person must change something; ``TransientError`` - try again with back-off;
``PermanentError`` - stop, trying again is useless; ``PeerError`` - the other side broke the rules: count it
by its reason and go on. Every message says what to do next, in words a user may read.
"""

from __future__ import annotations


class ChanyeError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(ChanyeError):
    """A setting, mapping or file must be changed by a person."""


class TransientError(ChanyeError):
    """The same call may succeed later: retry with back-off."""


class PermanentError(ChanyeError):
    """Trying again is useless: stop and report."""


class PeerError(ChanyeError):
    """The peer sent something that breaks its protocol: count it by ``reason`` and go on.

    Parameters
    ----------
    reason
        Short machine word under which the case is counted, e.g. ``bad_line``.
    detail
        What was seen, for the log; never shown without escaping.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class DeniedError(ChanyeError):
    """The viewer may not see or do this."""
