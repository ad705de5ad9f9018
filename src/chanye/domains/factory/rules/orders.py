"""How pieces flow through the operations of an order, and what may be done in which state. Pure.

Pieces of an order enter its first main operation and go from main operation to main operation. A piece that fails
at an operation with ``on_fail`` goes to that rework operation; what comes good out of it goes to ``returns_to``.
So at every operation ``arrived = good + scrap + rework + here``, and over the order
``planned = good of the last + all scrap + in rework now + open``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from chanye.domains.factory.types.orders import Balance
from chanye.kernel.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Step:
    """The counts of one operation and where its pieces go."""

    number: int
    kind: str
    on_fail: int | None
    returns_to: int | None
    arrived: int
    good: int
    scrap: int
    rework: int

    @property
    def here(self) -> int:
        """Pieces that wait or are worked on here; negative while the step before is behind in booking."""
        return self.arrived - self.good - self.scrap - self.rework


def main_steps(steps: Mapping[int, Step]) -> list[int]:
    """Return the numbers of the main operations in order."""
    return sorted(number for number, step in steps.items() if step.kind == "main")


def next_main(steps: Mapping[int, Step], number: int) -> int | None:
    """Return the main operation after one; None after the last."""
    later = [other for other in main_steps(steps) if other > number]
    return later[0] if later else None


def balance(planned: int, steps: Mapping[int, Step]) -> Balance:
    """Return where the pieces of an order are."""
    main = main_steps(steps)
    good = steps[main[-1]].good if main else 0
    scrap = sum(step.scrap for step in steps.values())
    rework = sum(step.here for step in steps.values() if step.kind == "rework")
    return Balance(planned, good, scrap, rework)


def feeders(steps: Mapping[int, Step], number: int) -> list[int]:
    """Return the operations whose pieces can still arrive at one."""
    step = steps[number]
    if step.kind == "rework":
        return [other.number for other in steps.values() if other.on_fail == number]
    main = main_steps(steps)
    before = [main[main.index(number) - 1]] if main.index(number) else []
    return before + [other.number for other in steps.values() if other.returns_to == number]


def move_pieces(
    planned: int, steps: Mapping[int, Step], number: int, good: int, scrap: int, rework: int
) -> dict[int, Step]:
    """Return the steps after pieces left an operation; negative numbers take a booking back.

    Parameters
    ----------
    planned
        Pieces of the order.
    steps
        All operations of the order by number.
    good, scrap, rework
        Pieces that left operation ``number``.

    Raises
    ------
    ConfigError
        If there are not so many pieces, or there is nowhere for pieces to be reworked.
    """
    after = dict(steps)
    step = steps[number]
    if rework and step.on_fail not in steps:
        raise ConfigError(
            _("Operation %(number)s has no rework step: book the pieces as scrap, or hold them and ask quality.")
            % {"number": number}
        )
    after[number] = replace(step, good=step.good + good, scrap=step.scrap + scrap, rework=step.rework + rework)
    target = step.returns_to if step.kind == "rework" else next_main(steps, number)
    if target is not None:
        after[target] = replace(after[target], arrived=after[target].arrived + good)
    if rework and step.on_fail is not None:
        fail = after[step.on_fail]
        after[fail.number] = replace(fail, arrived=fail.arrived + rework)
    _check_flow(planned, after, number)
    return after


def _check_flow(planned: int, steps: Mapping[int, Step], number: int) -> None:
    step = steps[number]
    if min(step.good, step.scrap, step.rework) < 0:
        raise ConfigError(_("More would be taken back than was booked."))
    first = main_steps(steps)[0]
    if (number == first or step.kind == "rework") and step.here < 0:
        raise ConfigError(
            _("%(over)s pieces more than there are at operation %(number)s: correct the number, or raise the order.")
            % {"over": -step.here, "number": number}
        )
    for other in steps.values():
        if other.kind == "rework" and other.here < 0:
            raise ConfigError(
                _("Operation %(number)s has already worked these pieces: take its booking back first.")
                % {"number": other.number}
            )
    if balance(planned, steps).open < 0:
        raise ConfigError(
            _("The order would have %(over)s pieces more than planned: correct the number, or raise the order.")
            % {"over": -balance(planned, steps).open}
        )


def is_done(steps: Mapping[int, Step], finished: Sequence[int], number: int) -> bool:
    """Tell whether nothing is left at an operation and nothing can arrive any more."""
    return steps[number].here <= 0 and all(_dry(steps, finished, other, number) for other in feeders(steps, number))


def _dry(steps: Mapping[int, Step], finished: Sequence[int], number: int, target: int) -> bool:
    """Tell whether an operation will send nothing more; an empty rework step is not waited for."""
    step = steps[number]
    if step.kind == "rework" or steps[target].kind == "rework":
        return step.here <= 0
    return number in finished


#: What may be done with an order in which state.
ORDER_MOVES: dict[str, frozenset[str]] = {
    "change": frozenset({"created", "released", "held"}),
    "release": frozenset({"created"}),
    "split": frozenset({"created", "released", "held"}),
    "hold": frozenset({"released"}),
    "resume": frozenset({"held"}),
    "close": frozenset({"released", "held"}),
    "cancel": frozenset({"created", "released", "held"}),
    "book": frozenset({"released"}),
}


def require_move(move: str, state: str, number: str) -> None:
    """Go on only if an order in ``state`` allows ``move``.

    Raises
    ------
    ConfigError
        Saying in which state it is and what to do.
    """
    if state in ORDER_MOVES[move]:
        return
    advice = {
        "created": _("The order %(number)s is not released: release it first."),
        "released": _("The order %(number)s is released already."),
        "held": _("The order %(number)s is on hold: resume it first."),
        "closed": _("The order %(number)s is closed: use a new order, or ask the planner."),
        "cancelled": _("The order %(number)s is cancelled: use a new order, or ask the planner."),
    }
    raise ConfigError(advice[state] % {"number": number})
