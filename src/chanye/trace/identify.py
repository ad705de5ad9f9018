"""Identifiers as they are typed, scanned and sent: numbers, GS1 digital links, EPC URIs, our own addresses."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

#: GS1 application identifiers of a digital link: 00 SSCC, 01 GTIN, 10 lot, 21 serial.
_LINK = re.compile(
    r"/(?:00/(?P<sscc>\d{18})|01/(?P<gtin>\d{14})(?:/10/(?P<lot>[^/?]+))?(?:/21/(?P<serial>[^/?]+))?)/?$"
)
_OWN = re.compile(r"/trace/of/(?P<material>[^/]+)/(?P<code>[^/]+)/?$")
_URN = re.compile(r"urn:chanye:item:[^:]+:(?P<material>[^:]+):(?P<code>[^:]+)")


def parse(text: str) -> tuple[str, str]:
    """Return the code and, if it says so, the material code of an identifier."""
    text = text.strip()[:500]
    found = _URN.fullmatch(text)
    if found:
        return unquote(found["code"]), unquote(found["material"])
    if text.lower().startswith(("http://", "https://")):
        path = urlsplit(text).path
        own = _OWN.search(path)
        if own:
            return unquote(own["code"]), unquote(own["material"])
        link = _LINK.search(path)
        if link:
            code = link["sscc"] or link["serial"] or link["lot"] or ""
            return unquote(code), link["gtin"] or ""
    return text, ""
