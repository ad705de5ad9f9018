"""Operations performance, material definitions and lots, written as B2MML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree

from chanye.domains.factory.b2mml.document import NAMESPACE, Element, tag
from chanye.domains.factory.types.master import MaterialRow
from chanye.domains.factory.types.order_record import BookingRow, OrderRecord
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


def write_performance(document: str, published: int, records: Iterable[OrderRecord]) -> bytes:
    """Return what was made of orders: a response for each, a segment response for each booking of output.

    Parameters
    ----------
    document
        ID of the document.
    published
        us UTC.
    """
    root = _root("OperationsPerformance")
    _add(root, "ID", document)
    _add(root, "PublishedDate", _time(published))
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
        for booking in reversed(record.bookings):
            if booking.kind in ("output", "correct"):
                _booking(_add(response, "SegmentResponse"), record, booking)
    return _bytes(root)


def _balance(segment: Element, record: OrderRecord) -> None:
    """Write where the pieces are, and what was used."""
    order, balance = record.order, record.order.balance
    _add(segment, "ID", f"{order.number}/total")
    for name, value in (
        ("planned", balance.planned),
        ("good", balance.good),
        ("scrap", balance.scrap),
        ("rework", balance.rework),
        ("open", balance.open),
    ):
        _data(segment, name, value)
    _material(segment, order.product, "Produced", balance.good, "{part}")
    for use in record.uses:
        if use.consumed:
            _material(segment, use.code, "Consumed", use.consumed, use.unit)


def _booking(segment: Element, record: OrderRecord, booking: BookingRow) -> None:
    _add(segment, "ID", f"booking:{booking.id}")
    _add(segment, "ProcessSegmentID", str(booking.operation))
    _add(segment, "ActualEndTime", _time(booking.event_at))
    _add(segment, "PostingDate", _time(booking.received_at))
    for name, value in (("scrap", booking.scrap), ("rework", booking.rework)):
        if value:
            _data(segment, name, value)
    if booking.reverses:
        _data(segment, "reverses", booking.reverses)
    if booking.person:
        _add(_add(segment, "PersonnelActual"), "PersonID", booking.person)
    if booking.place:
        _add(_add(segment, "EquipmentActual"), "EquipmentID", booking.place)
    _material(segment, record.order.product, "Produced", booking.good, "{part}", lot=booking.lot)


def _data(segment: Element, name: str, value: int) -> None:
    one = _add(segment, "SegmentData")
    _add(one, "ID", name)
    _quantity(one, value, "{part}", name="Value", member="Value")


def _material(segment: Element, code: str, use: str, value: float, unit: str, *, lot: str = "") -> None:
    one = _add(segment, "MaterialActual")
    _add(one, "MaterialDefinitionID", code)
    if lot:
        _add(one, "MaterialLotID", lot)
    _add(one, "MaterialUse", use)
    _quantity(one, value, unit)


def _time(us: int) -> str:
    return from_us(us).isoformat()


def write_materials(published: int, rows: Sequence[MaterialRow]) -> bytes:
    """Return material definitions; ``published`` in us UTC."""
    root = _root("MaterialInformation")
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


def write_lots(published: int, lots: Iterable[tuple[str, str, float, str]]) -> bytes:
    """Return lots as number, material, what is left of it and its unit; ``published`` in us UTC."""
    root = _root("MaterialInformation")
    _add(root, "PublishedDate", _time(published))
    for number, material, left, unit in lots:
        one = _add(root, "MaterialLot")
        _add(one, "ID", number)
        _add(one, "MaterialDefinitionID", material)
        _quantity(one, left, unit)
    return _bytes(root)
