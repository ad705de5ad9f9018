"""What may be done to items, decided on plain values."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import MINUTE
from chanye.trace.types import Amount, Items, Kind, Role, SerialsDraft, Status

#: One unit of a material as it is stored.
ONE = 1_000_000
#: Stored numbers fit 63 bits; this leaves room for sums over many items.
MOST = 10**17
#: Items in one call; positions of one event stay below 2**20.
MOST_ITEMS = 100_000
LONGEST = 100
#: How far the clock of a terminal may be ahead. [us]
AHEAD = 5 * MINUTE

KINDS: tuple[Kind, ...] = ("lot", "serial", "container")
STATUSES: tuple[Status, ...] = ("active", "consumed", "shipped", "scrapped")
LOT, SERIAL, CONTAINER = range(3)
ACTIVE, CONSUMED, SHIPPED, SCRAPPED = range(4)
INPUT, OUTPUT, OBJECT, PARENT, CONTENT = range(5)
ROLES: tuple[Role, ...] = ("input", "output", "object", "parent", "content", "void_input", "void_output")
#: Added to the role of inputs and outputs of an event that turned out wrong: no walk sees them any more.
VOID = 5


@dataclass(frozen=True, slots=True)
class State:
    """The state of ``count`` items from ``first`` on, as the table of runs holds it. Quantities in 1e-6 unit."""

    first: int
    count: int
    batch_id: int
    organisation_id: int
    material_id: int
    kind: int
    made: int
    left: int
    scrapped: int
    status: int
    blocked: str
    place_id: int | None
    holder: str
    container_id: int | None
    made_at: int
    changed_at: int

    @property
    def end(self) -> int:
        """The number after the last item."""
        return self.first + self.count

    def holds(self, item: int) -> bool:
        """Tell whether an item is one of them."""
        return self.first <= item < self.end


def micro(value: Amount) -> int:
    """Return an amount in millionths of its unit.

    Raises
    ------
    ConfigError
        If it is no number, negative, too large, or has more than six decimal places.
    """
    try:
        number = round(Decimal(repr(value)), 6) if isinstance(value, float) else Decimal(value)
        scaled = number.scaleb(6)
        if not number.is_finite() or scaled != scaled.to_integral_value():
            raise InvalidOperation
    except (InvalidOperation, ValueError, TypeError):
        raise ConfigError(
            _("%(value)s is not a quantity: give a number with at most six decimal places.")
            % {"value": repr(value)[:40]}
        ) from None
    if not 0 <= scaled <= MOST:
        raise ConfigError(
            _("The quantity %(value)s is negative or too large: correct it.") % {"value": str(value)[:40]}
        )
    return int(scaled)


def positive(value: Amount) -> int:
    """Return an amount above zero in millionths of its unit.

    Raises
    ------
    ConfigError
        If it is none.
    """
    found = micro(value)
    if not found:
        raise ConfigError(_("The quantity is 0: give what was really booked."))
    return found


def amount(stored: int) -> Decimal:
    """Return a stored quantity in its unit, without trailing zeros."""
    number = Decimal(stored).scaleb(-6)
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def clean_code(code: str, what: str) -> str:
    """Return an identifier without white space around it.

    Raises
    ------
    ConfigError
        If it is empty, too long or holds characters that nobody can see.
    """
    text = code.strip() if isinstance(code, str) else ""
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ConfigError(
            _("The %(what)s %(code)s cannot be used: give 1 to 100 visible characters.")
            % {"what": what, "code": repr(code)[:40]}
        )
    return text


def clean_text(text: str, what: str) -> str:
    """Return a text that must be given, at most 200 characters.

    Raises
    ------
    ConfigError
        If there is none.
    """
    found = " ".join(text.split())[:200] if isinstance(text, str) else ""
    if not found:
        raise ConfigError(_("The %(what)s is missing: say it in a few words.") % {"what": what})
    return found.replace("\x00", "")


def serial_codes(draft: SerialsDraft) -> list[str]:
    """Return the serial numbers that a draft asks for.

    Raises
    ------
    ConfigError
        If it asks for none, too many, or one twice.
    """
    count = len(draft.serials) or draft.count
    if not 0 < count <= MOST_ITEMS:
        raise ConfigError(
            _("%(count)s serials cannot be made in one call: make 1 to %(most)s at a time.")
            % {"count": count, "most": MOST_ITEMS}
        )
    if draft.serials:
        codes = [clean_code(code, _("serial number")) for code in draft.serials]
        twice = [code for code, times in Counter(codes).items() if times > 1]
        if twice:
            raise ConfigError(_("The serial number %(code)s is in the list twice: remove one.") % {"code": twice[0]})
        return codes
    last = draft.start + draft.count - 1
    if draft.start < 0 or last >= 10**30:
        raise ConfigError(_("Serial numbers begin at 0 or above: correct the first number."))
    width = max(draft.width, len(str(last)))
    clean_code(f"{draft.prefix}{last:0{width}d}", _("serial number"))
    clean_code(draft.prefix or "0", _("prefix"))
    return [f"{draft.prefix}{number:0{width}d}" for number in range(draft.start, last + 1)]


def ranges_of(items: Items) -> list[range]:
    """Return items as ranges in the order given, neighbours joined.

    Raises
    ------
    ConfigError
        If there is none, or one twice.
    """
    given: Sequence[int | range] = [items] if isinstance(items, int | range) else items
    out: list[range] = []
    for one in given:
        piece = range(one, one + 1) if isinstance(one, int) else one
        if piece.step != 1 or piece.start < 0:
            raise ConfigError(_("Items are named by their numbers: give a number or a range of numbers."))
        if out and piece and out[-1].stop == piece.start:
            out[-1] = range(out[-1].start, piece.stop)
        elif piece:
            out.append(piece)
    if not out:
        raise ConfigError(_("No item is named: name at least one."))
    ordered = sorted(out, key=lambda piece: piece.start)
    if any(a.stop > b.start for a, b in pairwise(ordered)):
        raise ConfigError(_("An item is named twice: name each once."))
    return out


def without(pieces: Iterable[range], named: Iterable[range]) -> list[range]:
    """Return what is in ``pieces`` and not in ``named``."""
    out: list[range] = []
    cuts = sorted(named, key=lambda piece: piece.start)
    for piece in pieces:
        low = piece.start
        for cut in cuts:
            if low < cut.stop and cut.start < piece.stop:
                out.append(range(low, cut.start))
                low = cut.stop
        out.append(range(low, piece.stop))
    return [piece for piece in out if piece]


#: What becomes of some items alike.
Change = Callable[[State], State]


def paint(states: Iterable[State], items: range, change: Change) -> list[State]:
    """Return the runs that take the place of ``states`` when ``items`` among them change.

    ``states`` ascend, do not overlap and cover ``items``. Neighbours that become alike are joined.
    """
    out: list[State] = []
    for state in states:
        low, high = max(state.first, items.start), min(state.end, items.stop)
        pieces = [state]
        if low < high:
            cut = [(state.first, low), (low, high), (high, state.end)]
            pieces = [replace(state, first=a, count=b - a) for a, b in cut if a < b]
            pieces = [change(piece) if piece.first == low else piece for piece in pieces]
        for piece in pieces:
            joined = join(out[-1], piece) if out else None
            if joined:
                out[-1] = joined
            else:
                out.append(piece)
    return out


def join(one: State, two: State) -> State | None:
    """Return two runs as one if nothing tells them apart."""
    same = one.end == two.first and replace(two, first=one.first, count=one.count) == one
    return replace(one, count=one.count + two.count) if same else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where ``count`` items from ``first`` on stand in an event: at ``span`` positions from ``pos`` on."""

    first: int
    count: int
    pos: int
    span: int


def align(items: Sequence[range], positions: int) -> list[Place]:
    """Spread items evenly over the positions of an event, in order.

    With one position all items stand there. With more, each position gets the same number of items, or each item
    the same number of positions.

    Raises
    ------
    ConfigError
        If they cannot be spread evenly.
    """
    if positions == 1:
        return [Place(r.start, len(r), 0, 1) for r in items]
    total = sum(len(r) for r in items)
    if total % positions and positions % total:
        raise ConfigError(
            _("%(items)s items cannot be spread evenly over %(positions)s pieces: book them in groups that fit.")
            % {"items": total, "positions": positions}
        )
    out: list[Place] = []
    at = 0
    for piece in items:
        if total <= positions:
            each = positions // total
            out.append(Place(piece.start, len(piece), at * each, len(piece) * each))
        else:
            out += _grouped(piece, at, total // positions)
        at += len(piece)
    return out


def _grouped(piece: range, at: int, each: int) -> list[Place]:
    """Place items of which ``each`` share a position, the first of them being the ``at``-th of all."""
    if at % each == 0 and len(piece) % each == 0:
        return [Place(piece.start, len(piece), at // each, len(piece) // each)]
    return [Place(item, 1, (at + i) // each, 1) for i, item in enumerate(piece)]


def size_of(count: int) -> int:
    """Return the power of two that a number of items fits into."""
    return (count - 1).bit_length()


def check_usable(state: State, name: object) -> None:
    """Go on only if items may be used.

    Raises
    ------
    ConfigError
        Saying why not and what to do.
    """
    words = {"name": name, "why": state.blocked, "holder": state.holder}
    if state.blocked:
        raise ConfigError(_("%(name)s is blocked (%(why)s): have it released first, or use another.") % words)
    if state.status == SHIPPED:
        raise ConfigError(_("%(name)s was shipped to %(holder)s: book its return first.") % words)
    if state.status == SCRAPPED:
        raise ConfigError(_("%(name)s was scrapped: check the number.") % words)
    if state.status == CONSUMED:
        raise ConfigError(_("%(name)s is used up: nothing is left of it. Check the number.") % words)


def take(state: State, quantity: Amount | None, name: object, unit: object) -> tuple[int, State]:
    """Return what is taken, and the run of one lot or of some serials after it.

    Raises
    ------
    ConfigError
        If more is asked for than is there, or the items may not be used.
    """
    check_usable(state, name)
    if state.kind == CONTAINER:
        raise ConfigError(_("%(name)s is a container: unpack it and use what it holds.") % {"name": name})
    wanted = state.left if quantity is None else positive(quantity)
    if state.kind == SERIAL and wanted != state.left:
        raise ConfigError(_("%(name)s is one piece: it is used whole.") % {"name": name})
    if wanted > state.left:
        raise ConfigError(
            _("Only %(left)s %(unit)s of %(name)s are left, not %(wanted)s: book less, or another lot beside it.")
            % {"left": amount(state.left), "unit": unit, "name": name, "wanted": amount(wanted)}
        )
    left = state.left - wanted
    if left:
        return wanted, replace(state, left=left)
    return wanted * state.count, replace(state, left=0, status=CONSUMED, container_id=None)


def check_time(event_at: int, now: int) -> int:
    """Return the time of an event if it can be one: late is fine, ahead of the clock is not.

    Raises
    ------
    ConfigError
        If it lies in the future or before 1970.
    """
    if not 0 < event_at <= now + AHEAD:
        raise ConfigError(_("The time of the event lies ahead of the server's clock: set the clock of the terminal."))
    return event_at


def digest_of(content: object) -> str:
    """Return the SHA-256 of what a call asks for, to tell a repetition from another call with the same key."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, range):
        return [value.start, value.stop]
    if isinstance(value, Decimal):
        return str(value.normalize())
    return str(value)


def check_sscc(code: str) -> None:
    """Refuse what looks like an SSCC, 18 digits, but has a wrong check digit (GS1 General Specifications 7.9).

    Raises
    ------
    ConfigError
        Naming the digit that it should end with.
    """
    if len(code) == 18 and code.isascii() and code.isdigit() and check_digit(code[:-1]) != code[-1]:
        raise ConfigError(
            _("The SSCC %(code)s should end with %(digit)s: scan it again.")
            % {"code": code, "digit": check_digit(code[:-1])}
        )


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of the digits before it: weights 3 and 1 from the right, modulo 10."""
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(digits)))
    return str(-total % 10)
