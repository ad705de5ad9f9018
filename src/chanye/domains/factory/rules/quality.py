"""What is good, when an inspection is due, when an operation is held. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from chanye.domains.factory.types.quality import Asked, Given
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import HOUR, MINUTE

#: Largest value that is believed; what is more (or infinite, or no number) was mistyped.
LARGEST = 1e12


def judge(asked: Asked, sample: int, raw: object, serial: str = "") -> Given:
    """Return a value with its verdict; limits themselves are good.

    Raises
    ------
    ConfigError
        If it is not a value of that characteristic, saying which are.
    """
    if not 0 <= sample < asked.samples:
        raise ConfigError(
            _("%(name)s takes %(samples)s values: there is none after the last.")
            % {"name": asked.name, "samples": asked.samples}
        )
    if asked.kind == "choice":
        good = {code: verdict for code, _words, verdict in asked.choices}
        if not isinstance(raw, str) or raw not in good:
            raise ConfigError(_("%(name)s is chosen from its list.") % {"name": asked.name})
        return Given(asked.code, sample, None, raw, good[raw], serial)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= LARGEST:
        raise ConfigError(_("%(name)s must be a number.") % {"name": asked.name})
    if asked.kind == "count" and (raw < 0 or raw != int(raw)):
        raise ConfigError(_("%(name)s must be a whole number, not negative.") % {"name": asked.name})
    low = asked.lower is None or raw >= asked.lower
    high = asked.upper is None or raw <= asked.upper
    return Given(asked.code, sample, float(raw), "", low and high, serial)


def missing(asked: Sequence[Asked], given: Mapping[tuple[str, int], Given]) -> list[tuple[str, int]]:
    """Return the values that are still to be given, as (characteristic, sample)."""
    return [(one.code, i) for one in asked for i in range(one.samples) if (one.code, i) not in given]


def verdict(asked: Sequence[Asked], given: Mapping[tuple[str, int], Given]) -> str | None:
    """Return ``accepted`` or ``rejected``; None while values are missing and none is bad."""
    if any(not one.good for one in given.values()):
        return "rejected"
    return None if missing(asked, given) else "accepted"


def due_by_count(every: int, pieces: int, last: int) -> int | None:
    """Return the count of pieces at which the newest inspection became due; None if none since the last.

    Parameters
    ----------
    every
        Pieces from one inspection to the next.
    pieces
        Pieces out of the operation now.
    last
        Pieces at which the last inspection became due, 0 before the first.
    """
    newest = pieces // every * every
    return newest if newest > last else None


def too_much_scrap(outputs: Sequence[tuple[int, int]], window: int, least: int, limit: float) -> float | None:
    """Return the scrap ratio among the last pieces if it is above the limit, else None.

    Parameters
    ----------
    outputs
        (pieces, scrap among them) of each booking, newest first.
    window
        How many pieces back are looked at; the booking that crosses the edge counts whole.
    least
        Pieces below which nothing is concluded.
    limit
        Ratio, 0..1.
    """
    pieces = scrap = 0
    for made, bad in outputs:
        pieces, scrap = pieces + made, scrap + bad
        if pieces >= window:
            break
    if pieces < max(least, 1):
        return None
    ratio = scrap / pieces
    return ratio if ratio > limit else None


def require_gauge(code: str, kind: str, state: str, calibrated_until: int | None, at: int) -> None:
    """Go on only if a gauge may be measured with.

    Parameters
    ----------
    calibrated_until
        us UTC; None: it needs no calibration.
    at
        When it is used, us UTC.

    Raises
    ------
    ConfigError
        Saying why not and what to do.
    """
    if kind != "gauge":
        raise ConfigError(_("%(gauge)s is no gauge: choose one from the list.") % {"gauge": code})
    if state in ("worn", "broken", "away"):
        raise ConfigError(_("The gauge %(gauge)s is not fit for use: take another one.") % {"gauge": code})
    if calibrated_until is not None and calibrated_until < at:
        raise ConfigError(
            _("The calibration of gauge %(gauge)s has run out: take another one, or have it calibrated.")
            % {"gauge": code}
        )


def check_limits(kind: str, lower: float | None, nominal: float | None, upper: float | None) -> None:
    """Go on only if limits are numbers in order.

    Raises
    ------
    ConfigError
        Saying which are not.
    """
    known = [one for one in (lower, nominal, upper) if one is not None]
    if any(not abs(one) <= LARGEST for one in known):
        raise ConfigError(_("Limits must be numbers."))
    if known != sorted(known) or (lower is not None and lower == upper and kind == "variable"):
        raise ConfigError(_("The lower limit must be below the nominal, and that below the upper limit."))


def scale_place(value: float, lower: float | None, upper: float | None) -> float:
    """Return where a value lies on a scale whose middle half is the specification, 0..1.

    Where one limit is missing, zero takes its place, or twice the other one.
    """
    low, high = _ends(lower, upper)
    return min(1.0, max(0.0, 0.25 + (value - low) / (high - low) / 2)) if high > low else 0.5


def _ends(lower: float | None, upper: float | None) -> tuple[float, float]:
    if lower is None and upper is None:
        return 0.0, 0.0
    if upper is None and lower is not None:
        return lower, 2 * lower if lower > 0 else 0.0 if lower < 0 else 1.0
    if lower is None and upper is not None:
        return (0.0 if upper > 0 else 2 * upper if upper < 0 else -1.0), upper
    return lower or 0.0, upper or 0.0


#: How long after it became due an inspection of a kind should be done. [us]
PATIENCE = {
    "first_piece": 15 * MINUTE,
    "time": 15 * MINUTE,
    "count": 15 * MINUTE,
    "final": 8 * HOUR,
    "incoming": 24 * HOUR,
}


def is_late(kind: str, state: str, due_at: int, now: int) -> bool:
    """Tell whether an inspection should have been done by now. Times in us UTC."""
    return state == "open" and now > due_at + PATIENCE[kind]


def scrap_share(pieces: int, part: int) -> float | None:
    """Return a part of pieces as a share, 0..1; None without pieces: not measured is not zero."""
    return max(0.0, min(1.0, part / pieces)) if pieces > 0 else None


def read_choices(text: str) -> list[tuple[str, bool]]:
    """Return a pick list written as ``good / good | bad / bad``."""
    good, _bar, bad = text.partition("|")
    return [(word, True) for word in good.split("/")] + [(word, False) for word in bad.split("/")]
