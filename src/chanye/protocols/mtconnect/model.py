"""MTConnectDevices, the answer to ``probe``: what a machine is made of and what it tells.

Elements are found by their local names, so every schema version from 1.0 to 2.x is read alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, cast

from lxml import etree

from chanye.kernel.errors import PeerError

MAX_DOCUMENT = 64 << 20
MAX_DEPTH = 100

Category = Literal["SAMPLE", "EVENT", "CONDITION"]


@dataclass(frozen=True, slots=True)
class Constraints:
    """Limits the device model sets on an item's values."""

    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class DataItem:
    """One thing a device reports. ``path`` names the components above it, outermost first."""

    id: str
    name: str
    category: Category
    type: str
    sub_type: str = ""
    units: str = ""
    native_units: str = ""
    native_scale: float | None = None
    representation: str = "VALUE"
    sample_rate: float | None = None
    source: str = ""
    reset_trigger: str = ""
    constraints: Constraints = field(default_factory=Constraints)
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a device."""

    id: str
    name: str
    kind: str
    items: tuple[DataItem, ...] = ()
    components: tuple[Component, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A machine: its own items and its components. ``kind`` is ``Agent`` where the agent speaks of itself."""

    id: str
    uuid: str
    name: str
    description: str
    manufacturer: str
    model: str
    items: tuple[DataItem, ...] = ()
    components: tuple[Component, ...] = ()
    kind: str = "Device"

    def all_items(self) -> Iterator[DataItem]:
        """Yield every data item of the device in document order."""
        yield from self.items
        stack = list(reversed(self.components))
        while stack:
            component = stack.pop()
            yield from component.items
            stack.extend(reversed(component.components))


@dataclass(frozen=True, slots=True)
class Probe:
    """The whole answer: the agent's instance and its devices."""

    instance: int
    version: str
    devices: tuple[Device, ...]


def parse_xml(document: bytes) -> etree._Element:
    """Parse an XML document of a peer safely: no entities, no network, bounded size and depth.

    Raises
    ------
    PeerError
        ``bad_xml`` for anything that is not a well-formed document within the limits.
    """
    if len(document) > MAX_DOCUMENT:
        raise PeerError("bad_xml", f"document of {len(document)} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, dtd_validation=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PeerError("bad_xml", str(error)[:200]) from None
    # MTConnect documents have no document type; one that brings its own entities is an attack or a mistake.
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise PeerError("bad_xml", "document type declaration")
    return root


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def header_of(root: etree._Element) -> etree._Element | None:
    """Return the Header element, if any."""
    return next((child for child in root if local(child) == "Header"), None)


def parse_probe(document: bytes) -> Probe:
    """Read an MTConnectDevices document.

    Raises
    ------
    PeerError
        ``bad_xml`` if it is no such document, or an item lacks its id, type or category.
    """
    root = parse_xml(document)
    if local(root) != "MTConnectDevices":
        raise PeerError("bad_xml", f"expected MTConnectDevices, got {local(root)[:60]}")
    header = header_of(root)
    devices = [
        _device(element)
        for group in root
        if local(group) == "Devices"
        for element in group
        if local(element) in {"Device", "Agent"}
    ]
    instance = whole(header, "instanceId") or 0
    version = header.get("version", "") if header is not None else ""
    return Probe(instance, version, tuple(devices))


def whole(element: etree._Element | None, name: str) -> int | None:
    """Return an attribute as a number of at most 19 digits, None where it is absent or not one."""
    text = element.get(name, "") if element is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None


def _device(element: etree._Element) -> Device:
    text = maker = model = ""
    for child in element:
        if local(child) == "Description":
            text, maker, model = (child.text or "").strip(), child.get("manufacturer", ""), child.get("model", "")
    items, components = _content(element, (), 0)
    return Device(
        element.get("id", ""), element.get("uuid", ""), element.get("name", "") or element.get("id", ""),
        text, maker, model, items, components, local(element),
    )  # fmt: skip


def _content(
    element: etree._Element, path: tuple[str, ...], depth: int
) -> tuple[tuple[DataItem, ...], tuple[Component, ...]]:
    if depth > MAX_DEPTH:
        raise PeerError("bad_xml", "components nested too deeply")
    items: list[DataItem] = []
    components: list[Component] = []
    for group in element:
        if local(group) == "DataItems":
            items += [_item(child, path) for child in group if local(child) == "DataItem"]
        elif local(group) == "Components":
            components += [_component(child, path, depth + 1) for child in group if local(child)]
    return tuple(items), tuple(components)


def _component(element: etree._Element, path: tuple[str, ...], depth: int) -> Component:
    name = element.get("name", "") or local(element)
    items, components = _content(element, (*path, name), depth)
    return Component(element.get("id", ""), name, local(element), items, components)


def _item(element: etree._Element, path: tuple[str, ...]) -> DataItem:
    id_, kind, category = element.get("id", ""), element.get("type", ""), element.get("category", "")
    if not id_ or not kind or category not in {"SAMPLE", "EVENT", "CONDITION"}:
        raise PeerError("bad_xml", f"data item {id_[:60]!r} lacks id, type or category")
    source, limits = "", Constraints()
    for child in element:
        if local(child) == "Source":
            source = (child.text or "").strip()
        elif local(child) == "Constraints":
            limits = _constraints(child)
    return DataItem(
        id_, element.get("name", ""), cast("Category", category), kind, element.get("subType", ""),
        element.get("units", ""), element.get("nativeUnits", ""), decimal(element.get("nativeScale", "")),
        element.get("representation", "VALUE"), decimal(element.get("sampleRate", "")), source,
        next(((c.text or "").strip() for c in element if local(c) == "ResetTrigger"), ""), limits, path,
    )  # fmt: skip


def _constraints(element: etree._Element) -> Constraints:
    values: list[str] = []
    low = high = None
    for child in element:
        text = (child.text or "").strip()
        if local(child) == "Value":
            values.append(text)
        elif local(child) == "Minimum":
            low = decimal(text)
        elif local(child) == "Maximum":
            high = decimal(text)
    return Constraints(tuple(values), low, high)


def decimal(text: str) -> float | None:
    """Return a finite number, or None where the text is not one."""
    if "_" in text or not text.isascii():  # Python reads more as a number than machines write
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
