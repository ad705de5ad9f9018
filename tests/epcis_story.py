"""A small chain of events as another system would send it."""

from __future__ import annotations

from typing import Any

# Identifiers of the examples in the EPCIS 2.0 standard and its JSON-LD artefacts.
LINK = "https://id.gs1.org/01/09521141123454"
LOT = "urn:epc:class:lgtin:4012345.012345.998877"
SSCC = "https://id.gs1.org/00/095211411234567892"


def doc(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-04-03T18:33:16Z",
        "epcisBody": {"eventList": list(events)},
    }


def event(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "eventID": f"urn:uuid:0000000{number}-1111-4111-8111-111111111111",
        "eventTime": f"2026-04-03T20:3{number}:47.0+02:00",
        "eventTimeZoneOffset": "+02:00",
        **more,
    }


STORY = doc(
    event(
        "ObjectEvent",
        1,
        action="ADD",
        bizStep="commissioning",
        disposition="active",
        epcList=[],
        quantityList=[{"epcClass": LOT, "quantity": 200, "uom": "KGM"}],
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:4012345000002:PO-1"}],
    ),
    event(
        "TransformationEvent",
        2,
        inputQuantityList=[
            {"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 120.5, "uom": "KGM"}
        ],
        outputEPCList=[f"{LINK}/21/{n}" for n in ("10", "11", "12")],
        bizStep="https://ref.gs1.org/cbv/BizStep-assembling",
        ilmd={"ex:program": "O1234"},
    ),
    event("ObjectEvent", 3, action="ADD", bizStep="commissioning", epcList=[SSCC]),
    event(
        "AggregationEvent",
        4,
        action="ADD",
        parentID=SSCC,
        childEPCs=[f"{LINK}/21/10", "urn:epc:id:sgtin:9521141.012345.11"],
        bizStep="packing",
    ),
    event(
        "ObjectEvent",
        5,
        action="OBSERVE",
        bizStep="shipping",
        disposition="in_transit",
        epcList=[SSCC],
        destinationList=[{"type": "owning_party", "destination": "https://id.gs1.org/417/4012345000115"}],
    ),
    event(
        "TransactionEvent",
        6,
        action="ADD",
        epcList=[f"{LINK}/21/12"],
        bizTransactionList=[{"type": "inv", "bizTransaction": "urn:epcglobal:cbv:bt:4012345000002:INV-9"}],
    ),
    event("AssociationEvent", 7, action="ADD", parentID=SSCC, childEPCs=[f"{LINK}/21/12"], bizStep="installing"),
)
