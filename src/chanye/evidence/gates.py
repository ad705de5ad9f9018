"""Gates that a site can be held against: each domain room declares its gates here, once, when it starts.

A gate is a query: it says of a window what was looked at, what was found and whether each criterion holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer

STATES = ("holds", "fails", "unknown")


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion: ``value >= least`` (``<=`` where ``lower``); ``state`` one of ``STATES``.

    ``value`` is numerator over denominator or None where it was not measurable; ``coverage`` 0..1; ``ours``: the
    number that is asked is not of the source.
    """

    code: str
    least: float
    unit: str
    lower: bool
    ours: bool
    value: float | None
    numerator: float
    denominator: float
    coverage: float
    state: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A gate of a site over ``[start, end)`` us UTC; it holds if all its checks do. ``digest``: of all looked at."""

    gate: str
    state: str
    edition: str
    source: str
    start: int
    end: int
    checks: tuple[Check, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate of a domain room.

    Parameters
    ----------
    code
        ``room.name``, e.g. ``factory.workshop``.
    look
        ``look(viewer, site_id, start, end) -> Outcome`` for a window in us UTC.
    words
        Code of a check -> its name.
    """

    code: str
    label: str | Promise
    look: Callable[[Viewer, int, int, int], Outcome]
    words: Callable[[str], str | Promise]


_GATES: dict[str, Gate] = {}


def register(gate: Gate) -> None:
    """Declare a gate; a later declaration of the same code takes its place."""
    _GATES[gate.code] = gate


def get(code: str) -> Gate:
    """Return the gate of a code.

    Raises
    ------
    ConfigError
        If no room has declared it.
    """
    if code not in _GATES:
        message = _("There is no gate %(code)s: choose one of %(known)s.")
        raise ConfigError(message % {"code": code[:100], "known": ", ".join(sorted(_GATES))})
    return _GATES[code]


def every() -> list[Gate]:
    """Return all gates, by code."""
    return [_GATES[code] for code in sorted(_GATES)]
