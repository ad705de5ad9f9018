"""The one table of how an application moves from state to state."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from chanye.domains.programme.words import MOVES_DONE, STATE_WORDS
from chanye.kernel.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Move:
    """A step of a case.

    Parameters
    ----------
    sources, target
        States it goes from and to.
    side
        Whose step it is: ``firm`` or ``office``.
    permission
        That the actor must hold on that side.
    duty
        That the actor takes in the case by doing it; empty if none.
    reason
        Whether the actor must say why.
    """

    sources: frozenset[str]
    target: str
    side: str
    permission: str
    duty: str = ""
    reason: bool = False


def _move(sources: str, target: str, side: str, permission: str, duty: str = "", reason: bool = False) -> Move:
    return Move(frozenset(sources.split()), target, side, permission, duty, reason)


MOVES: dict[str, Move] = {
    "submit": _move("draft returned", "submitted", "firm", "apply_funds", "enter"),
    "withdraw": _move("draft submitted returned eligible reviewed approved", "withdrawn", "firm", "apply_funds"),
    "return": _move("submitted eligible", "returned", "office", "check_applications", "enter", reason=True),
    "refuse": _move("submitted", "refused", "office", "check_applications", "enter", reason=True),
    "accept": _move("submitted", "eligible", "office", "check_applications", "enter"),
    "conclude": _move("eligible", "reviewed", "office", "check_applications", "enter"),
    "approve": _move("reviewed", "approved", "office", "approve_awards", "approve"),
    "decline": _move("reviewed", "declined", "office", "approve_awards", "approve", reason=True),
    "agree": _move("approved", "agreed", "office", "approve_awards", "approve"),
    "close": _move("agreed", "closed", "office", "run_calls"),
}

#: States in which the office has given money or promised to: a project code in one of them is taken.
GRANTED = frozenset({"approved", "agreed", "closed"})
#: States in which the firm may change what it wrote.
OPEN_TO_FIRM = frozenset({"draft", "returned"})
#: States that count against a second application for the same project.
ALIVE = frozenset({"submitted", "returned", "eligible", "reviewed"}) | GRANTED


def require_move(move: str, state: str) -> Move:
    """Return a move if it can be made from a state.

    Raises
    ------
    ConfigError
        If there is no such move, or not from there; it says from where.
    """
    found = MOVES.get(move)
    if found is None:
        raise ConfigError(_("There is no step “%(move)s”.") % {"move": move[:40]})
    if state not in found.sources:
        sources = ", ".join(str(words) for one, words in STATE_WORDS.items() if one in found.sources)
        raise ConfigError(
            _("%(move)s is not possible: the application is %(state)s, it would have to be %(sources)s.")
            % {"move": MOVES_DONE[move], "state": STATE_WORDS[state], "sources": sources}
        )
    return found


def moves_from(state: str, side: str) -> list[str]:
    """Return what can be done from a state on one side, in the order of the table."""
    return [name for name, move in MOVES.items() if move.side == side and state in move.sources]
