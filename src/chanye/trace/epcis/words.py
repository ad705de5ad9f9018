"""Which words of the vocabularies stand for what is done here. CBV 2.0, section 7; UN/CEFACT recommendation 20."""

from __future__ import annotations

from dataclasses import dataclass

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
ACTIONS = ("ADD", "OBSERVE", "DELETE")
#: Words of CBV 2.0 may be written bare; others are URIs.
_STEPS = """
accepting arriving assembling collecting commissioning consigning creating_class_instance
cycle_counting decommissioning departing destroying disassembling dispensing encoding
entering_exiting holding inspecting installing killing loading other packing picking receiving
removing repackaging repairing replacing reserving retail_selling sampling sensor_reporting shipping
staging_outbound stock_taking stocking storing transporting unloading unpacking void_shipping
"""
STEPS = frozenset(_STEPS.split())
_DISPOSITIONS = """
active available completeness_inferred completeness_verified conformant container_closed
container_open damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive
mismatch_instance mismatch_class mismatch_quantity needs_replacement no_pedigree_match
non_conformant non_sellable_other partially_dispensed recalled reserved retail_sold returned
sellable_accessible sellable_not_accessible stolen unavailable unknown
"""
DISPOSITIONS = frozenset(_DISPOSITIONS.split())
#: What EPCIS says of items that must not be used.
BAD = frozenset({"damaged", "expired", "non_conformant", "non_sellable_other", "recalled", "unavailable"})


@dataclass(frozen=True, slots=True)
class Form:
    """How an event of ours is told."""

    type: str
    action: str
    step: str
    disposition: str


FORMS = {
    "commission": Form("ObjectEvent", "ADD", "commissioning", "active"),
    "consume": Form("TransformationEvent", "", "assembling", "active"),
    "split": Form("TransformationEvent", "", "dispensing", "active"),
    "merge": Form("TransformationEvent", "", "repackaging", "active"),
    "rework": Form("TransformationEvent", "", "repairing", "active"),
    "pack": Form("AggregationEvent", "ADD", "packing", "in_progress"),
    "repack": Form("AggregationEvent", "ADD", "repackaging", "in_progress"),
    "unpack": Form("AggregationEvent", "DELETE", "unpacking", "in_progress"),
    "move": Form("ObjectEvent", "OBSERVE", "storing", "in_progress"),
    "ship": Form("ObjectEvent", "OBSERVE", "shipping", "in_transit"),
    "receive": Form("ObjectEvent", "OBSERVE", "receiving", "in_progress"),
    "block": Form("ObjectEvent", "OBSERVE", "holding", "non_sellable_other"),
    "release": Form("ObjectEvent", "OBSERVE", "inspecting", "conformant"),
    "scrap": Form("ObjectEvent", "DELETE", "destroying", "destroyed"),
    "observe": Form("ObjectEvent", "OBSERVE", "", ""),
    "transact": Form("TransactionEvent", "ADD", "", ""),
    "associate": Form("AssociationEvent", "ADD", "installing", ""),
}

#: UCUM -> UN/CEFACT recommendation 20; pieces have no unit in EPCIS.
UNITS = {
    "kg": "KGM",
    "g": "GRM",
    "mg": "MGM",
    "t": "TNE",
    "L": "LTR",
    "mL": "MLT",
    "m": "MTR",
    "mm": "MMT",
    "cm": "CMT",
    "km": "KMT",
    "m2": "MTK",
    "m3": "MTQ",
    "kW.h": "KWH",
    "h": "HUR",
}
UCUM = {code: unit for unit, code in UNITS.items()} | dict.fromkeys(("", "EA", "H87", "C62", "PCE"), "{part}")
