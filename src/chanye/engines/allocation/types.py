"""Projects, the rules they compete under, and what comes out. Money is integer fen throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Of = Literal["amount", "count", "share"]
#: The group of projects whose kind nobody has measured yet.
UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class Project:
    """One project, or one variant of it.

    Parameters
    ----------
    id
        Unique among the projects of one choice.
    effect
        Expected measured effect over the whole life of the grant, in any unit common to all; adds up.
    commitments
        Grant that falls due in each year of the programme, as many as it has envelopes. [fen]
    score
        The committee's points: only for what a ranked list would do.
    groups
        What quotas count it under, such as ``sector:robots`` or ``size:small``.
    mandatory
        Agreed in earlier years; chosen whatever it adds.
    variant_of
        At most one of the projects of the same name here is chosen; empty: no variants.
    eligible_cost
        What ``Caps`` are taken of; None: not checked. [fen]
    """

    id: int
    effect: float
    commitments: tuple[int, ...]
    score: float = 0.0
    groups: frozenset[str] = frozenset()
    mandatory: bool = False
    variant_of: str = ""
    eligible_cost: int | None = None

    @property
    def grant(self) -> int:
        """The money of all years. [fen]."""
        return sum(self.commitments)


@dataclass(frozen=True, slots=True)
class Quota:
    """A lower or upper bound, or both, on what the projects of a group take.

    Parameters
    ----------
    name
        What it is called in answers; unique.
    group
        The projects it counts.
    of
        ``amount``: their money [fen]; ``count``: how many; ``share``: their part of all money committed, 0..1.
    low, high
        None: open on that side.
    """

    name: str
    group: str
    of: Of
    low: float | None = None
    high: float | None = None


def exploration(share: float) -> Quota:
    """Return the quota that keeps a share of the money for kinds not measured yet, so that they get measured."""
    return Quota("exploration", UNMEASURED, "share", low=share)


@dataclass(frozen=True, slots=True)
class Caps:
    """No grant above ``rate`` of the eligible cost, nor above ``most`` [fen]."""

    rate: float
    most: int


@dataclass(frozen=True, slots=True)
class Programme:
    """The money there is each year [fen], and the rules it is given under.

    What a year leaves over does not pass to the next.
    """

    envelopes: tuple[int, ...]
    quotas: tuple[Quota, ...] = ()
    caps: Caps | None = None


class InfeasibleError(ValueError):
    """No choice keeps all rules.

    Parameters
    ----------
    rules
        Name of each rule that would have to give way, and by how much, in the choice that breaks them least.
    """

    def __init__(self, rules: Sequence[tuple[str, float]]) -> None:
        self.rules = tuple(rules)
        words = "; ".join(f"{name} by {much:g}" for name, much in rules) or "none was found in the time given"
        super().__init__(f"No choice keeps all rules. Least would have to give way: {words}.")


@dataclass(frozen=True, slots=True)
class Choice:
    """The projects chosen, and how sure it is that no other choice is better.

    Parameters
    ----------
    chosen
        Numbers of the projects, ascending.
    objective, bound
        Effect of the choice, and the proven limit of any other.
    gap
        ``(bound - objective) / |objective|``.
    proved
        Whether the gap is as small as was asked.
    spent
        Committed in each year. [fen]
    over_cap
        Projects that were left out because their grant breaks the caps.
    seconds
        How long it took.
    """

    chosen: tuple[int, ...]
    objective: float
    bound: float
    gap: float
    proved: bool
    spent: tuple[int, ...]
    over_cap: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class EnvelopePrice:
    """What more money in one year would bring.

    Parameters
    ----------
    year
        Index of the envelope.
    marginal
        Effect per fen: the dual of the programme in which projects may be taken in part.
    more, gain
        What ``more`` fen would add to the whole choice, by solving again.
    """

    year: int
    marginal: float
    more: int
    gain: float


@dataclass(frozen=True, slots=True)
class QuotaPrice:
    """What a quota costs: ``price`` is the effect without it less that with it; ``value`` is what it counts now."""

    name: str
    value: float
    low: float | None
    high: float | None
    binding: bool
    price: float


@dataclass(frozen=True, slots=True)
class RankedList:
    """What a committee gets that walks down a list and takes what still fits.

    Parameters
    ----------
    by
        ``ratio``: effect per yuan; ``score``: the committee's points.
    chosen
        Ascending.
    objective, loss
        Its effect, and the share of the best choice's effect that it forgoes.
    missed
        Quotas that the list does not keep: its true loss is larger.
    """

    by: str
    chosen: tuple[int, ...]
    objective: float
    loss: float
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """Which projects come in and go out when all envelopes move by a factor; impossible if ``objective`` is None."""

    factor: float
    objective: float | None
    joins: tuple[int, ...]
    leaves: tuple[int, ...]
