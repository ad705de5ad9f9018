"""Identifiers as they are typed, scanned and sent: numbers, GS1 digital links, EPC URIs, our own addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from chanye.trace.rules import check_digit
from chanye.trace.types import ItemRef, Kind

#: GS1 application identifiers of a digital link: 00 SSCC, 01 GTIN, 10 lot, 21 serial.
_LINK = re.compile(
    r"/(?:00/(?P<sscc>\d{18})|01/(?P<gtin>\d{14})(?:/10/(?P<lot>[^/?]+))?(?:/21/(?P<serial>[^/?]+))?)/?$"
)
_OWN = re.compile(r"/trace/of/(?P<material>[^/]+)/(?P<code>[^/]+)/?$")
_URN = re.compile(r"urn:chanye:(?P<kind>item|container):[^:]+:(?P<material>[^:]+):(?P<code>[^:]+)")
#: EPC tag data standard 6: company prefix and reference have 13 (SGTIN) or 17 (SSCC) digits together.
_SGTIN = re.compile(
    r"urn:epc:(?P<form>id:sgtin|class:lgtin):(?P<prefix>\d{6,12})\.(?P<reference>\d{1,7})\.(?P<code>.+)"
)
_SSCC = re.compile(r"urn:epc:id:sscc:(?P<prefix>\d{6,12})\.(?P<reference>\d{5,11})")
_CONTAINER: Kind = "container"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identifier says; ``kind`` and ``material`` are empty where it says nothing."""

    code: str
    material: str = ""
    kind: Kind | None = None


def identity(text: str) -> Identity:
    """Read an identifier; what has no known form is a number alone."""
    text = text.strip()[:500]
    if text.lower().startswith("urn:"):
        return _urn(text) or Identity(text)
    if text.lower().startswith(("http://", "https://")):
        path = urlsplit(text).path
        own, link = _OWN.search(path), _LINK.search(path)
        if own:
            return Identity(unquote(own["code"]), unquote(own["material"]))
        if link and link["sscc"]:
            return Identity(link["sscc"], "", _CONTAINER)
        if link and (link["serial"] or link["lot"]):
            kind: Kind = "serial" if link["serial"] else "lot"
            return Identity(unquote(link["serial"] or link["lot"]), link["gtin"], kind)
    return Identity(text)


def _urn(text: str) -> Identity | None:
    own, gtin, sscc = _URN.fullmatch(text), _SGTIN.fullmatch(text), _SSCC.fullmatch(text)
    if own:
        box = _CONTAINER if own["kind"] == _CONTAINER else None
        return Identity(unquote(own["code"]), unquote(own["material"]), box)
    if gtin and len(gtin["prefix"] + gtin["reference"]) == 13:
        digits = gtin["reference"][0] + gtin["prefix"] + gtin["reference"][1:]
        kind: Kind = "serial" if gtin["form"] == "id:sgtin" else "lot"
        return Identity(unquote(gtin["code"]), digits + check_digit(digits), kind)
    if sscc and len(sscc["prefix"] + sscc["reference"]) == 17:
        digits = sscc["reference"][0] + sscc["prefix"] + sscc["reference"][1:]
        return Identity(digits + check_digit(digits), "", _CONTAINER)
    return None


def is_gtin(code: str) -> bool:
    """Tell whether a material code is a GTIN with 14 digits."""
    return len(code) == 14 and code.isascii() and code.isdigit() and check_digit(code[:-1]) == code[-1]


def uri_of(organisation: str, kind: Kind, material: str, code: str) -> str:
    """Return the URI of an item: a GS1 digital link where its numbers are GS1's, else a name of our own."""
    if kind == _CONTAINER and len(code) == 18 and code.isdigit():
        return f"https://id.gs1.org/00/{code}"
    if kind != _CONTAINER and is_gtin(material):
        return f"https://id.gs1.org/01/{material}/{'21' if kind == 'serial' else '10'}/{quote(code, safe='')}"
    form = "container" if kind == _CONTAINER else "item"
    return ":".join(["urn:chanye", form, *(quote(part, safe="") for part in (organisation, material, code))])


def path_of(ref: ItemRef) -> str:
    """Return the address of an item below this product's own, as its label says it."""
    return f"/trace/of/{quote(ref.material_code, safe='')}/{quote(ref.code, safe='')}/"
