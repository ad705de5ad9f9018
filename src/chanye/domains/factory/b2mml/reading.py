"""Operations schedules and material definitions, read into values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from lxml import etree

from chanye.domains.factory.b2mml.document import MOST, Element, children, fault, path_of, read_document, text_of
from chanye.domains.factory.types.master import MATERIAL_KINDS, TRACKING
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import to_us

#: Faults that are looked for in one document.
MOST_FAULTS = 100
#: Times without an offset are by this clock.
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Request:
    """An ``OperationsRequest``: an order. ``due`` in us UTC; ``path``: where it stands in the document."""

    number: str
    product: str
    quantity: int
    due: int | None
    priority: int | None
    note: str
    path: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """An ``OperationsSchedule``: what could be read of it, and what is wrong with the rest."""

    id: str
    requests: tuple[Request, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Materials:
    """The definitions of a ``MaterialInformation`` as rows of ``save_materials``, each with where it stands."""

    id: str
    rows: tuple[tuple[str, dict[str, str]], ...]
    faults: tuple[str, ...] = ()


def read_schedule(data: bytes, check: Callable[[Element], object] | None = None) -> Schedule:
    """Return the orders of an operations schedule.

    What is to be made stands in the ``MaterialRequirement`` with the use ``Produced`` of a segment; without one,
    ``OperationsDefinitionID`` names the product. The due date is ``EndTime``, else the last ``LatestEndTime``.

    Raises
    ------
    ConfigError
        If it is no such document; what is wrong with single requests stands in ``faults``.
    """
    root = read_document(data, "OperationsSchedule", check)
    number = text_of(root, "ID", required=True, most=100)
    found = list(children(root, "OperationsRequest"))
    if not 0 < len(found) <= MOST:
        raise fault(root, _("1 to %(most)s requests are expected: send more in parts.") % {"most": MOST})
    requests: list[Request] = []
    faults: list[str] = []
    seen: set[str] = set()
    for element, place in _placed(root, found):
        if len(faults) == MOST_FAULTS:
            break
        try:
            one = _request(element, place)
            if one.number in seen:
                raise fault(element, _("The ID %(id)s stands twice.") % {"id": one.number})
        except ConfigError as error:
            faults.append(str(error))
        else:
            seen.add(one.number)
            requests.append(one)
    return Schedule(number, tuple(requests), tuple(faults))


def _placed(root: Element, found: list[Element]) -> Iterator[tuple[Element, str]]:
    """Yield elements below the root with line and path; counted, not searched: there may be thousands."""
    above = path_of(root)
    for i, one in enumerate(found, 1):
        name = etree.QName(one).localname
        path = f"{above}/{name}[{i}]" if len(found) > 1 else f"{above}/{name}"
        yield one, _("Line %(n)d: %(why)s") % {"n": one.sourceline or 0, "why": path}


def _request(element: Element, place: str) -> Request:
    segments = list(children(element, "SegmentRequirement"))
    made = [
        one
        for segment in segments
        for one in children(segment, "MaterialRequirement")
        if text_of(one, "MaterialUse") in ("Produced", "Material Produced")
    ]
    if not made:
        raise fault(element, _("No MaterialRequirement has the MaterialUse Produced: say what is to be made."))
    product = text_of(made[-1], "MaterialDefinitionID") or text_of(element, "OperationsDefinitionID")
    if not product:
        raise fault(made[-1], _("%(name)s is missing.") % {"name": "MaterialDefinitionID"})
    ends = [_moment(element, "EndTime"), *(_moment(one, "LatestEndTime") for one in segments)]
    return Request(
        text_of(element, "ID", required=True, most=64),
        product,
        _quantity(made[-1]),
        ends[0] if ends[0] is not None else max((end for end in ends if end is not None), default=None),
        _priority(element),
        text_of(element, "Description", most=500),
        place,
    )


def _quantity(element: Element) -> int:
    values = list(children(element, "Quantity"))
    text = text_of(values[0], "QuantityString") if values else ""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not (0 < number < 1e9 and number == int(number)):
        raise fault(values[0] if values else element, _("A whole number of pieces above 0 is expected."))
    return int(number)


def _priority(element: Element) -> int | None:
    text = text_of(element, "Priority")
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= number <= 99:
        raise fault(element, _("Priority is a number from 1 (first) to 99 (last)."))
    return number


def _moment(element: Element, name: str) -> int | None:
    text = text_of(element, name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return to_us(found if found.tzinfo else found.replace(tzinfo=ZONE))
    except (ValueError, OverflowError) as error:
        raise fault(element, _("%(name)s: a date and time is expected.") % {"name": name}) from error


def read_materials(data: bytes, check: Callable[[Element], object] | None = None) -> Materials:
    """Return the ``MaterialDefinition`` of a ``MaterialInformation``.

    ``MaterialClassID`` is the kind, the properties ``unit`` and ``tracking`` are what they say; others are left
    alone.

    Raises
    ------
    ConfigError
        If it is no such document; what is wrong with single definitions stands in ``faults``.
    """
    root = read_document(data, "MaterialInformation", check)
    found = list(children(root, "MaterialDefinition"))
    if not 0 < len(found) <= MOST:
        raise fault(root, _("1 to %(most)s material definitions are expected: send more in parts.") % {"most": MOST})
    rows: list[tuple[str, dict[str, str]]] = []
    faults: list[str] = []
    seen: set[str] = set()
    for element, place in _placed(root, found):
        if len(faults) == MOST_FAULTS:
            break
        try:
            row = _material(element)
            if row["code"] in seen:
                raise fault(element, _("The ID %(id)s stands twice.") % {"id": row["code"]})
        except ConfigError as error:
            faults.append(str(error))
        else:
            seen.add(row["code"])
            rows.append((place, row))
    return Materials(text_of(root, "ID", most=100), tuple(rows), tuple(faults))


def _material(element: Element) -> dict[str, str]:
    code = text_of(element, "ID", required=True, most=64)
    row = {"code": code, "name": text_of(element, "Description") or code}
    kind = text_of(element, "MaterialClassID")
    if kind:
        row["kind"] = _one_of(element, kind, MATERIAL_KINDS)
    for prop in children(element, "MaterialDefinitionProperty"):
        name, value = text_of(prop, "ID", required=True), ""
        for one in children(prop, "Value"):
            value = text_of(one, "ValueString")
        if name == "tracking" and value:
            row["tracking"] = _one_of(prop, value, TRACKING)
        elif name == "unit" and value:
            row["unit"] = value[:32]
    return row


def _one_of(element: Element, word: str, known: tuple[str, ...]) -> str:
    if word not in known:
        said = _("%(value)s is not one of %(choices)s.") % {"value": word, "choices": ", ".join(known)}
        raise fault(element, said)
    return word
