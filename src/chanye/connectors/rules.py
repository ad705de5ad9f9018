"""What a connection's name must look like."""

from __future__ import annotations

import re

from chanye.kernel.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")


def check_name(name: str) -> str:
    """Return the name; it is the source's name in the historian for ever, so it is plain.

    Raises
    ------
    ConfigError
        If it is not.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"The name {name!r} cannot be used: letters, digits, dot, colon, underscore and dash, at most 100."
        )
    return name
