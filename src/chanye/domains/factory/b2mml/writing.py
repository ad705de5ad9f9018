"""Operations performance, material definitions and lots, written as B2MML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from chanye.domains.factory.b2mml.document import NAMESPACE, Element, tag
from chanye.domains.factory.types.erp import Made, MadeBooking
from chanye.domains.factory.types.master import MaterialRow
from chanye.kernel.time import from_us

#: State of an order -> ``ResponseState``.
STATES = {
    "created": "Waiting",
    "released": "Running",
    "held": "Held",
    "closed": "Completed",
    "cancelled": "Aborted",
}


_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]")


def _root(name: str) -> Element:
    default: Any = {None: NAMESPACE}  # the stubs do not know the default namespace
    return etree.Element(tag(name), nsmap=default)


def _add(above: Element, name: str, text: object = "") -> Element:
    one = etree.SubElement(above, tag(name))
    if text != "":
        one.text = _plain(str(text))
    return one


def _plain(text: str) -> str:
    """Leave out what XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def _quantity(above: Element, value: float, unit: str, *, name: str = "Quantity", member: str = "Quantity") -> None:
    one = _add(above, name)
    _add(one, f"{member}String", f"{value:.10g}")
    _add(one, "DataType", "double")
    _add(one, "UnitOfMeasure", unit)


def _bytes(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def write_performance(
    document: str, published: int, records: Iterable[Made], span: tuple[int, int] | None = None
) -> bytes:
    """Return what was made of orders: a response for each, a segment response for each booking of output.

    Parameters
    ----------
    document
        ID of the document.
    published
        us UTC.
    span
        The time the bookings are of, us UTC; none: all of an order.
    """
    root = _root("OperationsPerformance")
    _add(root, "ID", document)
    _add(root, "PublishedDate", _time(published))
    if span:
        _add(root, "StartTime", _time(span[0]))
        _add(root, "Endtime", _time(span[1]))  # spelled like that in the schema of V0700, and here alone
    for record in records:
        order = record.order
        response = _add(root, "OperationsResponse")
        _add(response, "ID", order.number)
        if order.started_at:
            _add(response, "StartTime", _time(order.started_at))
        if order.closed_at:
            _add(response, "EndTime", _time(order.closed_at))
        _add(response, "OperationsRequestID", order.number)
        _add(response, "ResponseState", STATES[order.state])
        _balance(_add(response, "SegmentResponse"), record)
        for booking in record.bookings:
            _booking(_add(response, "SegmentResponse"), record, booking)
    return _bytes(root)


def _balance(segment: Element, record: Made) -> None:
    """Write where the pieces are, and what was used."""
    order, balance = record.order, record.order.balance
    name = f"{order.number}/total"
    _add(segment, "ID", name)
    for what, value in (
        ("planned", balance.planned),
        ("good", balance.good),
        ("scrap", balance.scrap),
        ("rework", balance.rework),
        ("open", balance.open),
    ):
        _data(segment, what, value)
    _material(segment, f"{name}/produced", order.product, "Produced", balance.good, "{part}")
    for i, (code, unit, consumed) in enumerate(record.uses, 1):
        _material(segment, f"{name}/consumed/{i}", code, "Consumed", consumed, unit)


def _booking(segment: Element, record: Made, booking: MadeBooking) -> None:
    """Write one booking, in the order of ``OpSegmentResponseType``."""
    name = f"booking:{booking.id}"
    _add(segment, "ID", name)
    _add(segment, "PostingDate", _time(booking.received_at))
    _add(segment, "ActualEndTime", _time(booking.event_at))
    _add(segment, "ProcessSegmentID", str(booking.operation))
    for what, value in (("scrap", booking.scrap), ("rework", booking.rework)):
        if value:
            _data(segment, what, value)
    if booking.reverses:
        _data(segment, "reverses", booking.reverses)
    for element, ident, who in (
        ("PersonnelActual", "PersonID", booking.person),
        ("EquipmentActual", "EquipmentID", booking.place),
    ):
        if who:
            actual = _add(segment, element)
            _add(actual, "ID", f"{name}/{ident}")
            _add(actual, ident, who)
    _material(segment, f"{name}/produced", record.order.product, "Produced", booking.good, "{part}", lot=booking.lot)


def _data(segment: Element, name: str, value: int) -> None:
    one = _add(segment, "SegmentData")
    _add(one, "ID", name)
    _quantity(one, value, "{part}", name="Value", member="Value")


def _material(segment: Element, ident: str, code: str, use: str, value: float, unit: str, *, lot: str = "") -> None:
    one = _add(segment, "MaterialActual")
    _add(one, "ID", ident)
    _add(one, "MaterialDefinitionID", code)
    if lot:
        _add(one, "MaterialLotID", lot)
    _add(one, "MaterialUse", use)
    _quantity(one, value, unit)


def _time(us: int) -> str:
    return from_us(us).isoformat()


def write_materials(document: str, published: int, rows: Iterable[MaterialRow]) -> bytes:
    """Return material definitions; ``published`` in us UTC."""
    root = _root("MaterialInformation")
    _add(root, "ID", document)
    _add(root, "PublishedDate", _time(published))
    for row in rows:
        one = _add(root, "MaterialDefinition")
        _add(one, "ID", row.code)
        _add(one, "Description", row.name)
        for name, value in (("unit", row.unit), ("tracking", row.tracking)):
            prop = _add(one, "MaterialDefinitionProperty")
            _add(prop, "ID", name)
            holds = _add(prop, "Value")
            _add(holds, "ValueString", value)
            _add(holds, "DataType", "string")
        _add(one, "MaterialClassID", row.kind)
    return _bytes(root)


def write_lots(document: str, published: int, lots: Iterable[tuple[str, str, float, str]]) -> bytes:
    """Return lots as number, material, what is left of it and its unit; ``published`` in us UTC."""
    root = _root("MaterialInformation")
    _add(root, "ID", document)
    _add(root, "PublishedDate", _time(published))
    for number, material, left, unit in lots:
        one = _add(root, "MaterialLot")
        _add(one, "ID", number)
        _add(one, "MaterialDefinitionID", material)
        _quantity(one, left, unit)
    return _bytes(root)


def write_example_schedule(document: str, published: int, product: str, due: int) -> bytes:
    """Return a small operations schedule with one order, to begin from: every element that V0700 requires is there.

    Parameters
    ----------
    product
        Code of the product that is ordered.
    published, due
        us UTC.
    """
    root = _root("OperationsSchedule")
    _add(root, "ID", document)
    _add(root, "PublishedDate", _time(published))
    order = _add(root, "OperationsRequest")
    _add(order, "ID", f"{document}-1")
    _add(order, "Description", "示例 example")
    _add(order, "EndTime", _time(due))
    _add(order, "Priority", "50")
    segment = _add(order, "SegmentRequirement")
    _add(segment, "ID", "1")
    _add(segment, "LatestEndTime", _time(due))
    _add(segment, "ProcessSegmentID", "make")
    _add(segment, "OperationsDefinitionID", product)
    _add(segment, "OperationsSegmentID", "make")
    made = _add(segment, "MaterialRequirement")
    _add(made, "ID", "1")
    _add(made, "MaterialDefinitionID", product)
    _add(made, "MaterialUse", "Produced")
    _quantity(made, 100, "{part}")
    return _bytes(root)


def write_example_materials(document: str, published: int) -> bytes:
    """Return a small material information with one product and one raw material, to begin from."""
    rows = [
        MaterialRow(0, "DEMO-SHAFT", "示例轴 example shaft", "product", "{part}", "lot", None, True, ""),
        MaterialRow(0, "DEMO-BAR", "示例圆钢 example bar", "raw", "kg", "lot", None, True, ""),
    ]
    return write_materials(document, published, rows)
