"""Events told as EPCIS 2.0 in JSON-LD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chanye.kernel.time import format_iso
from chanye.trace.epcis.words import CONTEXT, FORMS, UNITS, Form
from chanye.trace.identify import uri_of
from chanye.trace.rules import amount
from chanye.trace.types import Kind

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """An item in an event; ``quantity`` in 1e-6 unit, None where none was booked."""

    role: str
    kind: Kind
    material: str
    code: str
    unit: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with all its items."""

    uid: str
    verb: str
    step: str
    reference: str
    party: str
    place_id: int | None
    event_at: int
    recorded_at: int
    detail: Mapping[str, Any]
    items: tuple[Told, ...]


def document(organisation: str, events: Iterable[Happened], created_at: int, *, query: bool = False) -> Json:
    """Return a document of events, as for a capture or as the answer to a query."""
    told = [event_of(organisation, one) for one in events]
    body: Json = {"eventList": told}
    if query:
        body = {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": body}}
    return {
        "@context": [CONTEXT],
        "type": "EPCISQueryDocument" if query else "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": format_iso(created_at, decimals=3),
        "epcisBody": body,
    }


def event_of(organisation: str, event: Happened) -> Json:
    """Return one event."""
    form = FORMS[event.verb]
    out: Json = {
        "type": form.type,
        "eventID": event.uid,
        "eventTime": format_iso(event.event_at, decimals=6),
        "recordTime": format_iso(event.recorded_at, decimals=6),
        "eventTimeZoneOffset": "+00:00",
    }
    if form.action:
        out["action"] = form.action
    out |= _items(organisation, form, event)
    step = event.detail.get("bizStep") or form.step
    disposition = event.detail.get("disposition") or form.disposition
    place = f"urn:chanye:place:{event.place_id}" if event.place_id is not None else event.detail.get("place")
    out |= {"bizStep": step} if step else {}
    out |= {"disposition": disposition} if disposition else {}
    out |= {"bizLocation": {"id": place}} if place else {}
    if event.reference:
        out["bizTransactionList"] = [{"bizTransaction": _uri("order", event.reference)}]
    wrong = event.detail.get("wrong")
    if wrong:
        out["errorDeclaration"] = {
            "declarationTime": format_iso(wrong["at"], decimals=6),
            "reason": "incorrect_data",
            "correctiveEventIDs": [wrong["by"]],
        }
    if event.party:
        side = "destination" if event.verb == "ship" else "source"
        out[f"{side}List"] = [{"type": "owning_party", side: _uri("party", event.party)}]
    return out


def _uri(kind: str, text: str) -> str:
    return text if ":" in text else f"urn:chanye:{kind}:{text}"


def _items(organisation: str, form: Form, event: Happened) -> Json:
    names = {
        "TransformationEvent": {
            "input": ("inputEPCList", "inputQuantityList"),
            "output": ("outputEPCList", "outputQuantityList"),
        },
        "AggregationEvent": dict.fromkeys(("object", "content"), ("childEPCs", "childQuantityList")),
        "AssociationEvent": dict.fromkeys(("object", "content"), ("childEPCs", "childQuantityList")),
    }.get(form.type, dict.fromkeys(("object", "output"), ("epcList", "quantityList")))
    out: Json = {}
    for item in event.items:
        uri = uri_of(organisation, item.kind, item.material, item.code)
        if item.role == "parent":
            out["parentID"] = uri
        elif item.role in names and item.kind == "lot":
            out.setdefault(names[item.role][1], []).append(_quantity(uri, item))
        elif item.role in names:  # what moves along inside a container is not told again
            out.setdefault(names[item.role][0], []).append(uri)
    return out


def _quantity(uri: str, item: Told) -> Json:
    out: Json = {"epcClass": uri}
    if item.quantity:
        number = amount(item.quantity)
        out["quantity"] = int(number) if number == number.to_integral_value() else float(number)
        out |= {"uom": UNITS[item.unit]} if item.unit in UNITS else {}
    return out
