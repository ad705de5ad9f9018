"""EPCIS documents taken over: every event of one, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.trace import rules
from chanye.trace.actions import hold, make, move, note, use
from chanye.trace.epcis.read import Amount, Told, read_document
from chanye.trace.epcis.words import BAD
from chanye.trace.identify import Identity
from chanye.trace.ledger import Origin, load_states, told_by
from chanye.trace.models import Event, Item, Material
from chanye.trace.rules import SHIPPED
from chanye.trace.types import Booked, ContainerDraft, LotDraft, More, Output, SerialsDraft, Use


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of a document: events booked, events known before, and what they contradict."""

    captured: int
    repeated: int
    contradictions: tuple[str, ...]


def capture(*, actor: Viewer, organisation_id: int, document: object) -> Captured:
    """Book every event of an EPCIS 2.0 document, or none of them; events known by their identifier are passed over.

    Raises
    ------
    ConfigError
        Naming the member of the document that is wrong, and what to do.
    DeniedError
        If the actor may not.
    """
    require(actor, "book_item", organisation_id)
    told = read_document(document)
    said: list[str] = []
    repeated = 0
    with transaction.atomic():
        for event in told:
            booked = _capture(actor, organisation_id, event)
            repeated += booked is None
            said += booked.contradictions if booked else ()
    return Captured(len(told) - repeated, repeated, tuple(said))


def _capture(actor: Viewer, organisation_id: int, told: Told) -> Booked | None:
    """Book one event; None if it was known."""
    before = Event.objects.filter(organisation_id=organisation_id, uid=told.uid).first()
    if before:
        if before.detail.get("digest", told.digest) != told.digest:
            why = _("an event with this identifier says something else: give a correction an identifier of its own.")
            raise ConfigError(_at(told, f"eventID: {why}"))
        if told.wrong and "wrong" not in before.detail:
            why = _("this event is declared wrong, and was booked here: correct it by hand, then leave it out.")
            raise ConfigError(_at(told, why))
        return None
    if told.wrong:  # what stands for it comes as an event of its own
        return None
    detail = {"digest": told.digest, "bizStep": told.step, "disposition": told.disposition, "place": told.place}
    desk = _Desk(actor, organisation_id, told)
    try:
        with told_by(Origin(told.uid, {k: v for k, v in detail.items() if v})):
            return _BOOK[told.type](desk)
    except DeniedError as error:
        raise ConfigError(_at(told, str(error))) from None
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if told.path and text.startswith(told.path) else _at(told, text)) from None


def _at(told: Told, why: str) -> str:
    return f"{told.path}: {why}" if told.path else why


class _Desk:
    """One event and what its identifiers mean here."""

    def __init__(self, actor: Viewer, organisation_id: int, told: Told) -> None:
        self.actor, self.organisation_id, self.told = actor, organisation_id, told
        # A key of its own kind: no caller's key can be taken for it.
        self.key = f"epcis-{rules.digest_of(told.uid)}"
        self.place_id = _place_id(told.place)

    def known(self, item: Identity) -> int | None:
        """Return the item that an identifier names, None if it is not known here."""
        rows = Item.objects.filter(organisation_id=self.organisation_id, code=item.code)
        if item.material:
            materials = Material.objects.filter(organisation_id=self.organisation_id, code=item.material)
            rows = rows.filter(material_id__in=materials.values("id"))
        found = list(rows.values_list("id", flat=True)[:2])
        if len(found) > 1:
            raise ConfigError(_("%s is the number of several materials: say which one.") % item.code)
        return found[0] if found else None

    def item(self, item: Identity, path: str) -> int:
        """Return the item that an identifier names."""
        found = self.known(item)
        if found is None:
            raise ConfigError(f"{path}: " + _("%s is not known here: send its commissioning first.") % item.code)
        return found

    def items(self) -> list[int]:
        """Return all items of the event."""
        told = self.told
        return [self.item(*one) for one in told.epcs] + [self.item(a.item, a.path) for a in told.amounts]

    def holder(self) -> int:
        """Return the container."""
        assert self.told.parent is not None
        return self.item(self.told.parent, f"{self.told.path}.parentID".lstrip("."))

    def facts(self, *names: str) -> dict[str, Any]:
        """Return what is said of the event, by the names of an action's parameters."""
        every = {
            "key": self.key,
            "actor": self.actor,
            "event_at": self.told.event_at,
            "reference": self.told.reference,
            "step": self.told.step,
            "place_id": self.place_id,
        }
        return {name: every[name] for name in ("key", "actor", "event_at", *names)}


def _place_id(place: str) -> int | None:
    number = place.removeprefix("urn:chanye:place:")
    return int(number) if number != place and number.isdigit() and len(number) < 15 else None


def _object(desk: _Desk) -> Booked:
    told = desk.told
    if told.action == "ADD":
        return _add(desk)
    if told.action == "DELETE":
        return _delete(desk)
    if told.step == "receiving" and not any(desk.known(one) for one, _path in told.epcs):
        return _add(desk)
    items = desk.items()
    if told.step in ("shipping", "departing"):
        return move.ship(items=items, to=told.party or _("unknown"), **desk.facts("reference", "step"))
    if told.step in ("receiving", "arriving") and desk.place_id and _all_shipped(items):
        return move.receive(items=items, source=told.party, **desk.facts("reference", "step", "place_id"))
    if told.step == "holding" and told.disposition in BAD:
        return hold.block(items=items, reason=told.disposition, **desk.facts("reference"))
    if told.step == "inspecting" and told.disposition == "conformant" and _all_blocked(items):
        return hold.release(items=items, reason=told.disposition, **desk.facts("reference"))
    if desk.place_id and told.step in ("storing", "stocking", "transporting", "accepting", "staging_outbound"):
        return move.move(items=items, **desk.facts("reference", "step", "place_id"))
    return _noted("observe", desk)


def _delete(desk: _Desk) -> Booked:
    amounts = desk.told.amounts
    if len(amounts) == 1 and not desk.told.epcs and amounts[0].quantity is not None:
        item = desk.item(amounts[0].item, amounts[0].path)
        return hold.scrap(items=item, quantity=amounts[0].quantity, **desk.facts("reference"))
    return hold.scrap(items=desk.items(), **desk.facts("reference"))


def _add(desk: _Desk) -> Booked:
    told = desk.told
    boxes = [one for one, _path in told.epcs if one.kind == "container"]
    if boxes:
        if len(boxes) < len(told.epcs) or told.amounts:
            raise ConfigError(_("Containers are commissioned in an event of their own."))
        drafts = [ContainerDraft(one.code, one.material or "container") for one in boxes]
        facts = desk.facts("reference", "place_id")
        return make.commission_containers(organisation_id=desk.organisation_id, containers=drafts, **facts)
    outputs = _drafts(desk, told.epcs, told.amounts)
    facts = desk.facts("reference", "place_id")
    return make.commission(organisation_id=desk.organisation_id, drafts=outputs, source=told.party, **facts)


def _drafts(
    desk: _Desk, epcs: Sequence[tuple[Identity, str]], amounts: Sequence[Amount]
) -> list[LotDraft | SerialsDraft]:
    """Return drafts of what identifiers name: serials by material in order, lots one by one."""
    serials: dict[str, list[str]] = {}
    for one, path in epcs:
        if not one.material or one.kind == "lot":
            raise ConfigError(f"{path}: " + _("the identifier of a piece names its material and its serial number."))
        serials.setdefault(one.material, []).append(one.code)
    for amount in amounts:
        if not amount.item.material or amount.quantity is None:
            raise ConfigError(f"{amount.path}: " + _("a new lot needs its material, its number and a quantity."))
    attributes = desk.told.attributes
    out: list[LotDraft | SerialsDraft] = [
        SerialsDraft(material, tuple(codes), attributes=attributes) for material, codes in serials.items()
    ]
    return out + [
        LotDraft(a.item.material, a.item.code, a.quantity or 0, a.unit, attributes=attributes) for a in amounts
    ]


def _aggregation(desk: _Desk) -> Booked:
    told = desk.told
    holder = desk.holder()
    items = desk.items()
    facts = desk.facts("reference", "step")
    if told.action == "OBSERVE":
        return _noted("observe", desk)
    if told.action == "DELETE":
        return move.unpack(container=holder, items=items or None, **facts)
    act = move.repack if told.step == "repackaging" else move.pack
    return act(container=holder, items=items, **facts)


def _transformation(desk: _Desk) -> Booked:
    told = desk.told
    facts = desk.facts("reference", "step", "place_id")
    known = [desk.known(one) for one, _path in told.made]
    inputs = [Use(desk.item(one, path)) for one, path in told.epcs]
    inputs += [Use(desk.item(a.item, a.path), a.quantity) for a in told.amounts]
    if told.step == "repairing" and len(known) == 1 and known[0] is not None:
        added = [one for one in inputs if one.items != known[0]]
        return use.rework(item=known[0], added=added, **facts)
    fresh = [a for a in told.made_amounts if desk.known(a.item) is None]
    outputs: list[Output] = [*_drafts(desk, told.made, fresh)]
    for amount in told.made_amounts:
        lot = desk.known(amount.item)
        if lot is not None:
            if amount.quantity is None:
                raise ConfigError(f"{amount.path}.quantity: " + _("say how much the lot grows."))
            outputs.append(More(lot, amount.quantity))
    return use.consume(inputs=inputs, outputs=outputs, **facts)


def _transaction(desk: _Desk) -> Booked:
    return _noted("transact", desk)


def _association(desk: _Desk) -> Booked:
    return _noted("associate", desk)


def _noted(verb: Literal["observe", "transact", "associate"], desk: _Desk) -> Booked:
    parent = desk.holder() if desk.told.parent else None
    facts = desk.facts("reference", "step", "place_id")
    return note.note(verb=verb, items=desk.items(), parent=parent, party=desk.told.party, **facts)


def _all_shipped(items: Sequence[int]) -> bool:
    return all(state.status == SHIPPED for state in _states(items))


def _all_blocked(items: Sequence[int]) -> bool:
    return all(bool(state.blocked) for state in _states(items))


def _states(items: Sequence[int]) -> list[rules.State]:
    return load_states([range(n, n + 1) for n in items])


_BOOK: dict[str, Callable[[_Desk], Booked]] = {
    "ObjectEvent": _object,
    "AggregationEvent": _aggregation,
    "TransactionEvent": _transaction,
    "TransformationEvent": _transformation,
    "AssociationEvent": _association,
}
