"""What is paid, when, and why: the grant, its tranches, and the part that follows the measured effect. Pure.

Grant = min(share x audited eligible cost, cap, approved). It is paid in tranches: at the start, at acceptance, and
one that is measured: tranche x clip(Lq / claim, 0, 1), where Lq is the one-sided lower bound of the evidence at an
agreed confidence. Payment by verified results with time to cure follows output-based aid (World Bank GPOBA, note 43)
and the partial payments of the European recovery facility (COM(2023) 99, annex); the confidence of 68 % is the one of
ASHRAE Guideline 14. Every amount is whole fen; shares are basis points, so nothing is lost to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from chanye.domains.programme.types.payout import Due, Found, Terms, TrancheTerms
from chanye.kernel.errors import ConfigError
from chanye.kernel.money import allocate

FULL = 10_000
KINDS = ("start", "acceptance", "measured")
#: Terms that an agreement begins with; all of it is data of the agreement.
USUAL = Terms(
    version="2026-1",
    share=5_000,
    cap=50_000_000_00,
    tranches=(TrancheTerms("start", 3_000), TrancheTerms("acceptance", 4_000), TrancheTerms("measured", 3_000)),
    months=((6, 5_000), (12, FULL)),
    cure_days=180,
    one_sided=0.68,
)


def check_terms(terms: Terms) -> None:
    """Go on only if terms can be agreed on.

    Raises
    ------
    ConfigError
        Naming what cannot be.
    """
    if not 0 < terms.share <= FULL or terms.cap <= 0:
        raise ConfigError("The grant is a share of the cost above 0 and at most 100 %, up to a cap above nothing.")
    kinds = [one.kind for one in terms.tranches]
    if not kinds or len(set(kinds)) != len(kinds) or set(kinds) - set(KINDS):
        raise ConfigError(f"Tranches are of the kinds {', '.join(KINDS)}, each at most once.")
    if sum(one.share for one in terms.tranches) != FULL or min(one.share for one in terms.tranches) < 0:
        raise ConfigError("The shares of the tranches must make 100 % together.")
    months = [month for month, _share in terms.months]
    shares = [share for _month, share in terms.months]
    if months != sorted(set(months)) or shares != sorted(shares) or not shares or shares[-1] != FULL:
        raise ConfigError("What can be paid by the months of measuring grows, and ends with 100 %.")
    if not 0.5 <= terms.one_sided < 1 or not 0 <= terms.cure_days <= 730:
        raise ConfigError("The confidence lies between 50 and 100 %, the time to cure between 0 and 730 days.")


def grant(eligible_cost: int, approved: int, terms: Terms) -> int:
    """Return the grant [fen] on eligible cost [fen]: never above the share, the cap, or what was approved."""
    return max(0, min(eligible_cost * terms.share // FULL, terms.cap, approved))


def tranches(amount: int, terms: Terms) -> dict[str, int]:
    """Return the amount of each tranche [fen]; together they are the grant, to the fen."""
    parts = allocate(amount, [one.share for one in terms.tranches])
    return {one.kind: part for one, part in zip(terms.tranches, parts, strict=True)}


def factor(least: float, claim: float) -> Fraction:
    """Return clip(least / claim, 0, 1), exactly; both are relative effects, better is positive.

    Raises
    ------
    ConfigError
        If nothing was claimed: then there is nothing to measure against.
    """
    if not claim > 0:
        raise ConfigError("An effect above nothing must be claimed, else no part of the grant can follow it.")
    return min(max(Fraction(str(least)) / Fraction(str(claim)), Fraction(0)), Fraction(1))


def share_of(found: Found, claim: float) -> Fraction | None:
    """Return the part of the measured tranche that evidence earns; None if it was not measurable.

    What could not be measured because the platform failed is paid in full: the firm has done its part.
    """
    if found.least is not None:
        return factor(found.least, claim)
    return Fraction(1) if found.blame == "platform" else None


def measured(amount: int, paid: int, found: Found, claim: float, terms: Terms, *, cured: bool = False) -> Due:
    """Return what becomes of the measured tranche on one measurement.

    Parameters
    ----------
    amount
        The whole tranche. [fen]
    paid
        What was paid of it before. [fen]
    found
        The evidence at some month after the upgrade.
    cured
        The time to cure is over: what is not earned now is lost, what was paid too much comes back.

    Returns
    -------
    Due
        ``0 <= earned <= amount``. Before the last month only the part that may be paid by then can be earned, and
        nothing is taken back; at the last month what is not earned is kept for the time to cure.
    """
    open_share = max((share for month, share in terms.months if month <= found.months), default=0)
    last = found.months >= terms.months[-1][0]
    share = share_of(found, claim)
    earned = 0 if share is None else int(amount * Fraction(open_share, FULL) * share)
    reason = _reason(found, share)
    if not last:
        return Due("interim", earned, max(0, earned - paid), 0, 0, reason)
    if share == 1:
        return Due("full", earned, max(0, earned - paid), 0, 0, reason)
    if not cured and terms.cure_days:
        return Due("cure", earned, max(0, earned - paid), 0, amount - max(earned, paid), reason)
    state = "lost" if earned == 0 else "reduced"
    return Due(state, earned, max(0, earned - paid), max(0, paid - earned), 0, reason)


def _reason(found: Found, share: Fraction | None) -> str:
    if found.least is None:
        return "platform" if found.blame == "platform" else "withheld" if found.blame == "firm" else "unmeasurable"
    if share == 1:
        return "confirmed"
    return "below" if share else "nothing"


def audited(
    amounts: Mapping[str, int], paid: int, cost: int, approved: int, terms: Terms
) -> tuple[dict[str, int], Due]:
    """Return the tranches on the audited eligible cost, and what is due at acceptance.

    Parameters
    ----------
    amounts
        Tranches as agreed. [fen]
    paid
        What was paid before. [fen]
    cost
        Audited eligible cost. [fen]
    approved
        The grant that was approved. [fen]
    """
    new = tranches(grant(cost, approved, terms), terms)
    earned = new.get("start", 0) + new.get("acceptance", 0)
    agreed = sum(amounts.values())
    state = "full" if sum(new.values()) == agreed else "reduced"
    return new, Due(state, earned, max(0, earned - paid), max(0, paid - earned), 0, "accepted")


def eligible_sum(invoices: Iterable[int], limit: int, counted: int = 0) -> int:
    """Return the sum of what is invoiced [fen].

    Raises
    ------
    ConfigError
        If together with what was ``counted`` before it is above the eligible cost: it is refused, not cut.
    """
    total = sum(invoices)
    if counted + total > limit:
        raise ConfigError(
            f"The invoices come to {(counted + total) / 100:,.2f} yuan, more than the eligible cost of "
            f"{limit / 100:,.2f} yuan in the agreement: leave out what is not eligible."
        )
    return total


def check_shares(values: Sequence[int]) -> None:
    """Go on only if values are shares in basis points."""
    if any(not 0 <= value <= FULL for value in values):
        raise ConfigError("A share lies between 0 and 100 %.")
