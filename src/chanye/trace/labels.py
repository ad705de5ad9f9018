"""QR labels: what is in the code, and the code as a picture."""

from __future__ import annotations

import io

from chanye.trace.identify import is_gtin, path_of, uri_of
from chanye.trace.types import ItemRef


def content_of(ref: ItemRef, base: str) -> str:
    """Return what a label says to a scanner: a GS1 digital link where the numbers are GS1's, else our address.

    Parameters
    ----------
    base
        Where this product is reached, e.g. ``https://plant.example``.
    """
    gs1 = is_gtin(ref.material_code) if ref.kind != "container" else len(ref.code) == 18 and ref.code.isdigit()
    return uri_of("", ref.kind, ref.material_code, ref.code) if gs1 else base.rstrip("/") + path_of(ref)


def svg(content: str) -> str:
    """Return the code as SVG to stand in a page, without size of its own."""
    import segno

    return str(segno.make(content, error="m", micro=False).svg_inline(border=2, omitsize=True))


def png(content: str) -> bytes:
    """Return the code as PNG."""
    import segno

    out = io.BytesIO()
    segno.make(content, error="m", micro=False).save(out, kind="png", scale=8, border=4)
    return out.getvalue()
