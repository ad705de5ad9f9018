"""Terms of payment and what comes of them. Amounts in fen, shares in basis points (10,000 is all)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrancheTerms:
    """A part of the grant: ``start``, ``acceptance`` or ``measured``."""

    kind: str
    share: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How a grant is paid: part of the agreement, so that other terms need no other program.

    Parameters
    ----------
    version
        Name of these terms.
    share, cap
        At most this share of the eligible cost, at most this much. [basis points; fen]
    tranches
        Parts of the grant.
    months
        Months after the upgrade at which is measured, and the share of the measured tranche that can be paid by then.
    cure_days
        Time to put right what was not reached. [d]
    one_sided
        Confidence of the lower bound that is paid on.
    """

    version: str
    share: int
    cap: int
    tranches: tuple[TrancheTerms, ...]
    months: tuple[tuple[int, int], ...]
    cure_days: int
    one_sided: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a measurement gave, ``months`` after the upgrade.

    ``least``: one-sided lower bound of the relative effect, None if it could not be measured; ``blame``: then whose
    fault that is, ``firm``, ``platform`` or empty.
    """

    months: int
    least: float | None
    blame: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due: ``earned`` so far, to ``pay`` and to ``claw_back`` now, ``held`` for the time to cure. [fen].

    ``state``: interim, full, cure, reduced, lost. ``reason``: confirmed, below, nothing, withheld (data by the firm's
    fault), platform (data by the platform's fault), unmeasurable, accepted.
    """

    state: str
    earned: int
    pay: int
    claw_back: int
    held: int
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule of payment does on average, as shares of the measured tranche.

    ``honest``: paid to a firm whose effect is as claimed; ``half``: to one with half of it; ``cheat``: to one with
    none. ``cost`` is what the rule costs the honest one, ``gain`` what it gives the cheat.
    """

    rule: str
    honest: float
    half: float
    cheat: float

    @property
    def cost(self) -> float:
        """Part of its measured tranche that an honest firm loses."""
        return 1 - self.honest

    @property
    def gain(self) -> float:
        """Part of the measured tranche that a cheat gets."""
        return self.cheat
