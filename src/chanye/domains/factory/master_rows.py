"""Codes in rows of master data, checked and resolved. For the actions of the room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

Row = Mapping[str, Any]


def code_of(row: Row, name: str = "code") -> str:
    """Return the code of a row.

    Raises
    ------
    ConfigError
        If it is empty, too long, or holds what a label cannot carry.
    """
    code = str(row.get(name) or "").strip()
    if not 0 < len(code) <= 64 or not code.isprintable():
        raise ConfigError(_("Give a code of 1 to 64 visible characters."))
    return code


def place_of(actor: Viewer, organisation_id: int, code: str) -> int:
    """Return the asset with a code.

    Raises
    ------
    ConfigError
        If there is none, or there are several.
    """
    found = spine.asset_by_code(actor, organisation_id, code)
    if found is None:
        raise ConfigError(_("There is no place %(code)s, or more than one.") % {"code": code})
    return found.id
