"""One event being booked: the items it makes, the items it changes, and who took part in it.

``book`` is the frame of every write of the room: permission, lock, repetition by key, the event's row, its audit row.
The work itself is a function that is given the open ``Ledger``.
"""

from __future__ import annotations

import json
import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import astuple, dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.ids import uuid7
from chanye.kernel.time import from_us, now_us
from chanye.kernel.units import parse_unit
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.trace import ranges, rules
from chanye.trace.models import Counter, Event, Item, Material, Run
from chanye.trace.rules import Place, State
from chanye.trace.types import Booked

# Every booking asks these; written out they cost a tenth of what they cost through the mapper.
_COUNTER = "SELECT next_item, next_event FROM trace_counter WHERE id = 1"
_LOCK = {"sqlite": "", "postgresql": " FOR UPDATE"}
_SET_COUNTER = "UPDATE trace_counter SET next_item = %s, next_event = %s WHERE id = 1"
_KNOWN_KEY = 'SELECT id FROM trace_event WHERE organisation_id = %s AND "key" = %s'
_MATERIAL = (
    "SELECT id, organisation_id, code, name, unit FROM trace_material WHERE organisation_id = %s AND code = %s"
)
_INSERT_ITEM = "INSERT INTO trace_item (id, organisation_id, material_id, code) VALUES (%s, %s, %s, %s)"
_INSERT_BATCH = (
    "INSERT INTO trace_batch (first, count, event_id, reference, source, attributes) VALUES (%s, %s, %s, %s, %s, %s)"
)
_DELETE_RUN = "DELETE FROM trace_run WHERE first = %s"
_INSERT_RUN = (
    'INSERT INTO trace_run (first, count, batch_id, organisation_id, material_id, kind, made, "left", scrapped, '
    "status, blocked, place_id, holder, container_id, made_at, changed_at) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_INSERT_PART = (
    "INSERT INTO trace_part (event_id, role, size, first, count, pos, span, quantity, weight) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_RUNS = (
    'SELECT r.first, r.count, r.batch_id, r.organisation_id, r.material_id, r.kind, r.made, r."left", r.scrapped, '
    "r.status, r.blocked, r.place_id, r.holder, r.container_id, r.made_at, r.changed_at FROM {ranges} "
    "CROSS JOIN trace_run r WHERE r.first <= f.hi AND r.first >= "
    "COALESCE((SELECT max(p.first) FROM trace_run p WHERE p.first <= f.lo), f.lo)"
)
_MATERIAL_FIELDS = ("id", "organisation_id", "code", "name", "unit")
MOST_CONTRADICTIONS = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of an event besides its items.

    Parameters
    ----------
    content
        All that the call asks for: a repetition with the same key must ask for the same.
    """

    organisation_id: int
    verb: str
    key: str
    content: object
    permission: str = "book_item"
    event_at: int | None = None
    place_id: int | None = None
    step: str = ""
    reference: str = ""
    party: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    uid: str = ""


def contents(containers: Iterable[int]) -> list[State]:
    """Return the runs of all that lies in containers now, and in containers inside them; the outer ones first."""
    out: list[State] = []
    seen = set(containers)
    fresh = list(seen)
    while fresh:
        rows = Run.objects.filter(container_id__in=fresh).order_by("first").values_list(*State.__dataclass_fields__)
        found = [State(*row) for row in rows]
        inner = {n for state in found if state.kind == rules.CONTAINER for n in range(state.first, state.end)}
        out += found
        fresh = sorted(inner - seen)
        seen |= inner
    return out


@dataclass(frozen=True, slots=True)
class Origin:
    """The document an event comes from: its own identifier, and what else it says."""

    uid: str
    detail: Mapping[str, object]


_origin: ContextVar[Origin | None] = ContextVar("trace_origin", default=None)


@contextmanager
def told_by(origin: Origin) -> Iterator[None]:
    """Let the event booked inside carry the identifier and words of the document that told of it."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def load_states(items: Iterable[range]) -> list[State]:
    """Return the runs that cover items, ascending, whole."""
    low, high = ranges.bounds(items)
    found = {row[0]: State(*row) for row in ranges.rows(_RUNS, low, high)}
    return [found[first] for first in sorted(found)]


def owner_of(actor: Viewer, items: Sequence[range]) -> int:
    """Return the organisation that items belong to.

    Raises
    ------
    DeniedError
        If there is none that the actor may see.
    """
    states = load_states([range(items[0].start, items[0].start + 1)])
    owner = states[0].organisation_id if states and states[0].end > items[0].start else None
    if owner is None or not (actor.system or actor.organisation_id == owner):
        raise DeniedError(_("There is no such item, or it belongs to another organisation."))
    return owner


class Name:
    """The name of an item, looked up only if a message needs it."""

    def __init__(self, item: int) -> None:
        self.item = item

    def __str__(self) -> str:
        return Item.objects.filter(id=self.item).values_list("code", flat=True).first() or f"#{self.item}"


class Unit:
    """The unit of a material, looked up only if a message needs it."""

    def __init__(self, material_id: int) -> None:
        self.material_id = material_id

    def __str__(self) -> str:
        return Material.objects.filter(id=self.material_id).values_list("unit", flat=True).first() or ""


class Ledger:
    """What one event does; written to the database by ``close``."""

    def __init__(self, entry: Entry, next_item: int, next_event: int, now: int) -> None:
        self.entry = entry
        self.organisation_id = entry.organisation_id
        self.event_id = next_event
        self.now = now
        self.event_at = rules.check_time(now if entry.event_at is None else entry.event_at, now)
        self.next_item = next_item
        self.made: list[range] = []
        self.materials: dict[str, Material] = {}
        self.contradictions: list[str] = []
        self._items: list[tuple[int, int, int, str]] = []
        self._batches: list[tuple[object, ...]] = []
        self._parts: list[tuple[int, ...]] = []
        self._before: dict[int, State] = {}
        self._runs: dict[int, State] = {}
        self._firsts: list[int] = []

    def material(self, code: str, name: str, unit: str) -> Material:
        """Return a material, made when it is first named; its unit never changes."""
        code = rules.clean_code(code, _("material code"))
        row = self.materials.get(code)
        if row is None:
            parse_unit(unit)
            found = _row(_MATERIAL, self.organisation_id, code)
            row = (
                Material.from_db(connection.alias, _MATERIAL_FIELDS, found)
                if found
                else Material.objects.create(
                    organisation_id=self.organisation_id, code=code, name=name[:200] or code, unit=unit
                )
            )
            self.materials[code] = row
        if row.unit != unit:
            raise ConfigError(
                _("%(code)s is counted in %(unit)s, not in %(other)s: convert the quantity.")
                % {"code": code, "unit": row.unit, "other": unit}
            )
        return row

    def unit(self, material_id: int) -> str:
        """Return the unit of a material."""
        return str(Unit(material_id))

    def material_of(self, item: int) -> Material:
        """Return what an item is that was loaded before."""
        return Material.objects.get(id=self.states(range(item, item + 1))[0].material_id)

    def make(
        self, kind: int, material: Material, codes: Sequence[str], quantity: int, attributes: Mapping[str, object]
    ) -> range:
        """Make items alike, with consecutive numbers; ``quantity`` is of each, in 1e-6 unit."""
        first = self.next_item
        items = range(first, first + len(codes))
        self.next_item = items.stop
        self._items += zip(
            items, [self.organisation_id] * len(codes), [material.pk] * len(codes), codes, strict=False
        )
        source = self.entry.party if self.entry.verb == "commission" else ""
        self._batches.append(
            (first, len(codes), self.event_id, self.entry.reference, source, json.dumps(dict(attributes)))
        )
        self._put(
            State(
                first=first,
                count=len(codes),
                batch_id=first,
                organisation_id=self.organisation_id,
                material_id=material.pk,
                kind=kind,
                made=quantity,
                left=quantity,
                scrapped=0,
                status=rules.ACTIVE,
                blocked="",
                place_id=self.entry.place_id,
                holder="",
                container_id=None,
                made_at=self.event_at,
                changed_at=self.event_at,
            )
        )
        self.made.append(items)
        return items

    def _put(self, state: State) -> None:
        self._runs[state.first] = state
        self._firsts.insert(bisect_left(self._firsts, state.first), state.first)

    def load(self, items: Iterable[range]) -> None:
        """Read the states of items that are to be looked at or changed.

        Raises
        ------
        DeniedError
            If one does not exist, or is not the organisation's.
        """
        wanted = [r for r in items if r.start < self.next_item]
        for state in load_states(wanted):
            if state.first not in self._runs and not self._covered(state.first):
                self._before[state.first] = state
                self._put(state)
        for piece in items:
            states = self.states(piece)
            known = sum(min(s.end, piece.stop) - max(s.first, piece.start) for s in states)
            if known < len(piece) or any(s.organisation_id != self.organisation_id for s in states):
                raise DeniedError(_("There is no such item, or it belongs to another organisation."))

    def _covered(self, item: int) -> bool:
        at = bisect_right(self._firsts, item) - 1
        return at >= 0 and self._runs[self._firsts[at]].end > item

    def states(self, items: range) -> list[State]:
        """Return the present runs that hold any of the items, whole."""
        low = max(0, bisect_right(self._firsts, items.start) - 1)
        high = bisect_left(self._firsts, items.stop)
        return [s for s in (self._runs[f] for f in self._firsts[low:high]) if s.end > items.start]

    def paint(self, items: range, change: Callable[[State], State]) -> None:
        """Change the state of items; ``change`` gets runs that lie wholly inside them."""
        old = self.states(items)
        new = rules.paint(old, items, change)
        at = bisect_left(self._firsts, old[0].first)
        for state in old:
            del self._runs[state.first]
        self._runs.update((state.first, state) for state in new)
        self._firsts[at : at + len(old)] = [state.first for state in new]

    def part(self, role: int, place: Place, quantity: int = 0, weight: int | None = None) -> None:
        """Say that items took part; ``quantity`` is of all of them together."""
        size = rules.size_of(place.count)
        share = quantity if weight is None else weight
        self._parts.append(
            (self.event_id, role, size, place.first, place.count, place.pos, place.span, quantity, share)
        )

    def contradict(self, items: range) -> None:
        """Note what was booked about items that does not fit the time of this event."""
        for state in self.states(items):
            words: dict[str, object] = {"name": Name(max(state.first, items.start))}
            if self.event_at < state.made_at:
                words["at"] = _moment(state.made_at)
                self._say(_("%(name)s was made later than this, at %(at)s.") % words)
            elif self.event_at < state.changed_at:
                words["at"] = _moment(state.changed_at)
                self._say(_("%(name)s was moved or changed later than this, at %(at)s: that stands.") % words)

    def _say(self, text: str) -> None:
        if len(self.contradictions) < MOST_CONTRADICTIONS and text not in self.contradictions:
            self.contradictions.append(text)

    def is_news(self, state: State) -> bool:
        """Tell whether the event is newer than what is known of where items are."""
        return self.event_at >= state.changed_at

    def close(self) -> None:
        """Write all of it."""
        changed = [run for first, run in self._runs.items() if self._before.get(first) != run]
        gone = [(first,) for first, run in self._before.items() if self._runs.get(first) != run]
        with connection.cursor() as cursor:
            _many(cursor, _INSERT_ITEM, self._items)
            _many(cursor, _INSERT_BATCH, self._batches)
            _many(cursor, _DELETE_RUN, gone)
            _many(cursor, _INSERT_RUN, [astuple(run) for run in changed])
            _many(cursor, _INSERT_PART, self._parts)
            cursor.execute(_SET_COUNTER, [self.next_item, self.event_id + 1])

    def taken(self) -> str:
        """Return what to do about the name that is in use already; asked when the records refused it."""
        named: dict[int, list[str]] = {}
        for _id, _org, material_id, code in self._items:
            named.setdefault(material_id, []).append(code)
        for material_id, codes in named.items():
            at = Item.objects.filter(organisation_id=self.organisation_id, material_id=material_id)
            seen: set[str] = set()
            for i in range(0, len(codes), 500):
                taken = at.filter(code__in=codes[i : i + 500]).values_list("code", flat=True).first()
                if taken:
                    return _(
                        "The number %(code)s is in use for this material: scan it again; if it is another piece, "
                        "give that one a new number."
                    ) % {"code": taken}
            twice = next((code for code in codes if code in seen or seen.add(code)), "")  # type: ignore[func-returns-value]  # add returns nothing, which is false
            if twice:
                return _("The number %(code)s is given twice: name each item once.") % {"code": twice}
        return _("A number is in use already: reload and try again.")


def _row(statement: str, *values: str | int) -> tuple[Any, ...] | None:
    """Return the first row of an answer."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found


def _many(cursor: Any, statement: str, values: Sequence[Sequence[object]]) -> None:
    if values:
        cursor.executemany(statement, values)


def _moment(us: int) -> str:
    return from_us(us).strftime("%Y-%m-%d %H:%M:%S UTC")


def book(actor: Viewer, entry: Entry, fill: Callable[[Ledger], None]) -> Booked:
    """Book one event, or answer again what was booked with this key.

    Raises
    ------
    ConfigError
        If the key is missing or was used for something else, or ``fill`` refuses.
    DeniedError
        If the actor may not, or the place is not the organisation's.
    """
    require(actor, entry.permission, entry.organisation_id)
    key = rules.clean_code(entry.key, _("key"))
    _check_texts(entry)
    digest = rules.digest_of([entry.verb, entry.content])
    ledger: Ledger | None = None
    try:
        with transaction.atomic():
            ledger, repeated = _open(actor, entry, key, digest)
            if repeated:
                return repeated
            fill(ledger)
            ledger.close()
            _write_event(actor, entry, ledger, key, digest)
    except IntegrityError:
        raise ConfigError(ledger.taken() if ledger else _("This was booked just now: reload and look.")) from None
    return Booked(ledger.event_id, tuple(ledger.made), tuple(ledger.contradictions))


def _open(actor: Viewer, entry: Entry, key: str, digest: str) -> tuple[Ledger, Booked | None]:
    """Lock the room and open a ledger; also return what the key booked before, if it did."""
    counter = _row(_COUNTER + _LOCK[connection.vendor])
    if counter is None:
        made = Counter.objects.create(id=1)
        counter = made.next_item, made.next_event
    known = _row(_KNOWN_KEY, entry.organisation_id, key)
    ledger = Ledger(entry, counter[0], counter[1], now_us())
    if known:
        return ledger, _again(Event.objects.get(id=known[0]), digest)
    place = entry.place_id
    if place is not None and spine.asset(actor, place).organisation_id != entry.organisation_id:
        raise DeniedError(_("There is no such place in this organisation."))
    return ledger, None


def _check_texts(entry: Entry) -> None:
    for text in (entry.step, entry.reference, entry.party):
        if len(text) > 200 or "\x00" in text:
            raise ConfigError(_("The text %(text)s is too long: use at most 200 characters.") % {"text": text[:40]})


def _again(before: Event, digest: str) -> Booked:
    if before.digest != digest:
        raise ConfigError(
            _("This key was used for another booking (%(verb)s): send a new booking with a new key.")
            % {"verb": before.verb}
        )
    made = tuple(range(first, first + count) for first, count in before.answer)
    return Booked(before.pk, made, tuple(before.contradictions), repeated=True)


def _write_event(actor: Viewer, entry: Entry, ledger: Ledger, key: str, digest: str) -> None:
    origin = _origin.get()
    uid = origin.uid if origin else f"urn:uuid:{uuid7(ledger.now, secrets.token_bytes(10))}"
    Event(
        id=ledger.event_id,
        organisation_id=entry.organisation_id,
        uid=uid,
        verb=entry.verb,
        step=entry.step,
        reference=entry.reference,
        place_id=entry.place_id,
        party=entry.party,
        event_at=ledger.event_at,
        recorded_at=ledger.now,
        actor=(actor.name or f"person:{actor.person_id}")[:200],
        key=key,
        digest=digest,
        answer=[[r.start, len(r)] for r in ledger.made],
        contradictions=ledger.contradictions,
        detail={**entry.detail, **(origin.detail if origin else {})},
    ).save(force_insert=True)
    record(
        actor=actor,
        verb=f"{entry.verb}_items",
        target=f"event:{ledger.event_id}",
        detail={
            "made": [[r.start, len(r)] for r in ledger.made],
            "step": entry.step,
            "reference": entry.reference,
            "digest": digest,
        },
        organisation_id=entry.organisation_id,
    )
