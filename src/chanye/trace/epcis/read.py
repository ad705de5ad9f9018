"""EPCIS documents read into plain events; whatever is wrong is refused with the path of the member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from chanye.kernel.errors import PeerError
from chanye.kernel.time import parse_iso
from chanye.trace.epcis.nodes import Node
from chanye.trace.epcis.words import ACTIONS, DISPOSITIONS, STEPS, TYPES, UCUM
from chanye.trace.identify import Identity, identity
from chanye.trace.rules import digest_of

#: Events in one document, and items in one event.
MOST_EVENTS = 5_000
MOST_ITEMS = 100_000
#: Members that do not belong to what an event says.
_NOT_TOLD = ("recordTime", "@context", "errorDeclaration")


@dataclass(frozen=True, slots=True)
class Amount:
    """A lot with a quantity, as ``quantityList`` tells it; ``quantity`` None says all of it. [unit]."""

    item: Identity
    quantity: float | int | None
    unit: str
    path: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event of a document. ``epcs``: identifier and path of each; ``wrong``: it carries an error declaration."""

    path: str
    type: str
    action: str
    uid: str
    digest: str
    event_at: int
    step: str
    disposition: str
    reference: str
    party: str
    place: str
    parent: Identity | None
    epcs: tuple[tuple[Identity, str], ...]
    amounts: tuple[Amount, ...]
    made: tuple[tuple[Identity, str], ...]
    made_amounts: tuple[Amount, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    wrong: bool = False


def read_document(document: object) -> list[Told]:
    """Return the events of a document, or of a bare event.

    Raises
    ------
    ConfigError
        Naming the member that is wrong.
    """
    root = Node(document)
    kind = root.get("type").text()
    if kind in TYPES:
        return [_event(root)]
    if kind != "EPCISDocument":
        root.get("type").refuse(_("EPCISDocument or the type of an event is expected, not “%s”.") % kind[:40])
    version = root.get("schemaVersion")
    if not version.text().startswith("2."):
        version.refuse(_("only version 2 is read here."))
    told = root.get("epcisBody").get("eventList")
    if not isinstance(told.value, list) or not told.value:
        told.refuse(_("a list of events is expected here."))
    if len(told.value) > MOST_EVENTS:
        told.refuse(_("at most %s events fit one document: send several.") % MOST_EVENTS)
    return [_event(node) for node in told.items()]


def _event(node: Node) -> Told:
    kind = _word(node.get("type"), frozenset(TYPES))
    action = "" if kind == "TransformationEvent" else _word(node.get("action"), frozenset(ACTIONS))
    before = {
        "AggregationEvent": ("childEPCs", "childQuantityList"),
        "AssociationEvent": ("childEPCs", "childQuantityList"),
        "TransformationEvent": ("inputEPCList", "inputQuantityList"),
    }.get(kind, ("epcList", "quantityList"))
    parent = node.get("parentID")
    told = Told(
        path=node.path,
        type=kind,
        action=action,
        uid=_uid(node),
        digest=digest_of({k: v for k, v in node.value.items() if k not in _NOT_TOLD}),
        event_at=_moment(node.get("eventTime")),
        step=_vocabulary(node.get("bizStep"), STEPS, "BizStep"),
        disposition=_vocabulary(node.get("disposition"), DISPOSITIONS, "Disp"),
        reference=_first(node, "bizTransactionList", "bizTransaction"),
        party=_first(node, "destinationList", "destination") or _first(node, "sourceList", "source"),
        place=_place(node),
        parent=identity(parent.text()) if parent.value is not None else None,
        epcs=_epcs(node.get(before[0])),
        amounts=_amounts(node.get(before[1])),
        made=_epcs(node.get("outputEPCList")),
        made_amounts=_amounts(node.get("outputQuantityList")),
        attributes=_attributes(node),
        wrong=node.get("errorDeclaration").value is not None,
    )
    _check(node, told)
    return told


def _check(node: Node, told: Told) -> None:
    if told.type in ("AggregationEvent", "AssociationEvent") and told.parent is None:
        node.get("parentID").refuse(_("the container is missing."))
    if told.type == "TransformationEvent" and not (told.made or told.made_amounts):
        node.get("outputEPCList").refuse(_("a transformation makes something: name its outputs."))
    if not (told.epcs or told.amounts or told.made or told.made_amounts or told.parent):
        node.get("epcList").refuse(_("the event names no item."))
    if len(told.epcs) + len(told.made) > MOST_ITEMS:
        node.refuse(_("at most %s items fit one event: send several.") % MOST_ITEMS)


def _uid(node: Node) -> str:
    """Return the event's identifier; an event without one is known by its content."""
    if node.get("eventID").value is None:
        body = {k: v for k, v in node.value.items() if k not in _NOT_TOLD}
        return f"ni:///sha-256;{digest_of(body)}?ver=chanye"
    uid = node.get("eventID")
    if len(uid.text()) > 190 or ":" not in uid.text():
        uid.refuse(_("the identifier of an event is a URI of at most 190 characters."))
    return uid.text()


def _moment(node: Node) -> int:
    text = node.text()
    try:
        if "T" not in text or not (text.endswith("Z") or "+" in text[10:] or "-" in text[10:]):
            raise ValueError
        return parse_iso(text)
    except (ValueError, PeerError):
        node.refuse(_("a date and time with an offset is expected, such as 2026-05-04T08:30:00Z."))


def _word(node: Node, words: frozenset[str]) -> str:
    found = node.text()
    if found not in words:
        node.refuse(_("one of %s is expected here.") % ", ".join(sorted(words)))
    return found


def _vocabulary(node: Node, words: frozenset[str], kind: str) -> str:
    """Return a word of CBV, written bare or as a web URI or URN, or a URI of another vocabulary."""
    if node.value is None:
        return ""
    text = node.text()
    for start in (f"https://ref.gs1.org/cbv/{kind}-", f"urn:epcglobal:cbv:{kind.lower()}:", "cbv:" + kind + "-"):
        text = text.removeprefix(start)
    if text not in words and ":" not in text:
        near = ", ".join(sorted(words)[:6])
        node.refuse(_("“%(word)s” is no word of CBV (%(near)s, …) and no URI.") % {"word": text[:40], "near": near})
    return text[:200]


def _first(node: Node, name: str, member: str) -> str:
    return next((one.get(member).text()[:200] for one in node.get(name).items()), "")


def _place(node: Node) -> str:
    name = "bizLocation" if node.has("bizLocation") else "readPoint"
    return node.get(name).get("id").text()[:200] if node.has(name) else ""


def _epcs(node: Node) -> tuple[tuple[Identity, str], ...]:
    out = []
    for one in node.items():
        text = one.text()
        if ":" not in text:
            one.refuse(_("the identifier of an item is a URI."))
        out.append((identity(text), one.path))
    return tuple(out)


def _amounts(node: Node) -> tuple[Amount, ...]:
    out = []
    for one in node.items():
        unit = one.get("uom")
        code = unit.text("")
        if code not in UCUM:
            unit.refuse(
                _("“%s” is no unit that is known here: use a code of UN/CEFACT recommendation 20.") % code[:20]
            )
        quantity = one.get("quantity").number() if one.has("quantity") or one.get("quantity").value == 0 else None
        out.append(Amount(identity(one.get("epcClass").text()), quantity, UCUM[code], one.path))
    return tuple(out)


def _attributes(node: Node) -> dict[str, Any]:
    """Return what is said of all items made: ``ilmd``."""
    ilmd = node.get("ilmd")
    if ilmd.value is None:
        return {}
    if not isinstance(ilmd.value, dict):
        ilmd.refuse(_("an object is expected here."))
    return dict(ilmd.value)
