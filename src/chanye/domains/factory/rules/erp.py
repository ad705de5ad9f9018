"""What a line of a document that comes in would do to what is there. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chanye.domains.factory.b2mml.reading import Request
from chanye.domains.factory.rules.orders import ORDER_MOVES
from chanye.domains.factory.types.erp import Line
from chanye.domains.factory.types.master import MaterialRow


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """What is there under the number of a request."""

    id: int
    site_id: int
    product: str
    ordered: int
    due: int | None
    priority: int
    note: str
    state: str


def judge_request(one: Request, known: KnownOrder | None, site_id: int, products: Container[str]) -> Line:
    """Return what a request would do: a new order, a change of one, nothing, or why it cannot be taken.

    What a request does not say (due date, priority, description) stays as it is.
    """
    line = Line(one.number, "new", one.product, one.quantity, one.due, place=one.path)
    if known is None:
        if one.product in products:
            return line
        return _wrong(line, _("There is no product %(product)s with a released revision.") % {"product": one.product})
    if (known.product, known.site_id) != (one.product, site_id):
        said = _("Order %(number)s is there for another product or site (%(product)s): give this one another number.")
        return _wrong(line, said % {"number": one.number, "product": known.product})
    changes = [
        (name, str(was), str(becomes))
        for name, was, becomes in (
            ("quantity", known.ordered, one.quantity),
            ("due", known.due or "", known.due or "" if one.due is None else one.due),
            ("priority", known.priority, one.priority or known.priority),
            ("note", known.note, one.note or known.note),
        )
        if was != becomes
    ]
    if changes and known.state not in ORDER_MOVES["change"]:
        said = _("Order %(number)s is closed or cancelled and cannot be changed: give this one another number.")
        return _wrong(line, said % {"number": one.number})
    state = "changed" if changes else "same"
    return Line(one.number, state, one.product, one.quantity, one.due, tuple(changes), place=one.path)


def judge_material(place: str, row: Mapping[str, str], known: MaterialRow | None) -> Line:
    """Return what a material definition would do."""
    if known is None:
        return Line(row["code"], "new", row["name"], place=place)
    changes = tuple(
        (name, getattr(known, name), row[name])
        for name in ("name", "kind", "unit", "tracking")
        if name in row and row[name] != getattr(known, name)
    )
    return Line(row["code"], "changed" if changes else "same", row["name"], changes=changes, place=place)


def _wrong(line: Line, why: str) -> Line:
    return Line(line.number, "fault", line.what, line.quantity, line.due, why=why, place=line.place)
