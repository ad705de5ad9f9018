"""The shop's MTConnect device model: one description, from which probe documents and streams are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from chanye.twin.parts import Machine

VERSION = "1.8"
DEVICES = f"urn:mtconnect.org:MTConnectDevices:{VERSION}"


@dataclass(frozen=True, slots=True)
class Item:
    """A data item: where it sits, what it is, and the element name it has in a stream."""

    id: str
    name: str
    device: str
    component: str
    component_id: str
    component_name: str
    category: str
    type: str
    sub_type: str = ""
    units: str = ""

    @property
    def tag(self) -> str:
        """Element name in a stream: the type in Pascal case (MTConnect part 1, observation naming)."""
        return "".join(word.capitalize() for word in self.type.split("_"))


#: item of the shop -> (component, name of the component, category, type, subtype, units)
ITEMS: dict[str, tuple[str, str, str, str, str, str]] = {
    "avail": ("Device", "", "EVENT", "AVAILABILITY", "", ""),
    "estop": ("Controller", "controller", "EVENT", "EMERGENCY_STOP", "", ""),
    "system": ("Controller", "controller", "CONDITION", "SYSTEM", "", ""),
    "execution": ("Path", "path", "EVENT", "EXECUTION", "", ""),
    "mode": ("Path", "path", "EVENT", "CONTROLLER_MODE", "", ""),
    "fmode": ("Path", "path", "EVENT", "FUNCTIONAL_MODE", "", ""),
    "program": ("Path", "path", "EVENT", "PROGRAM", "", ""),
    "tool": ("Path", "path", "EVENT", "TOOL_NUMBER", "", ""),
    "part_count": ("Path", "path", "EVENT", "PART_COUNT", "ALL", ""),
    "part_bad": ("Path", "path", "EVENT", "PART_COUNT", "BAD", ""),
    "Fact": ("Path", "path", "SAMPLE", "PATH_FEEDRATE", "ACTUAL", "MILLIMETER/SECOND"),
    "Srpm": ("Rotary", "S", "SAMPLE", "ROTARY_VELOCITY", "ACTUAL", "REVOLUTION/MINUTE"),
    "Sload": ("Rotary", "S", "SAMPLE", "LOAD", "", "PERCENT"),
}


def items_of(machine: Machine) -> dict[str, Item]:
    """Return the data items of a machine by their name in the shop."""
    wanted = {key: ITEMS[key] for key in machine.says} if machine.says else ITEMS
    return {
        key: Item(
            f"{machine.code}_{key}",
            key,
            machine.code,
            component,
            machine.code if component == "Device" else f"{machine.code}_{name}",
            name,
            category,
            kind,
            sub_type,
            units,
        )
        for key, (component, name, category, kind, sub_type, units) in wanted.items()
    }


def _data_item(parent: etree._Element, item: Item) -> None:
    node = etree.SubElement(parent, "DataItem", id=item.id, name=item.name, category=item.category, type=item.type)
    if item.sub_type:
        node.set("subType", item.sub_type)
    if item.units:
        node.set("units", item.units)
        node.set("nativeUnits", item.units)


def device_element(machine: Machine) -> etree._Element:
    """Return the ``Device`` element of a machine, without namespace."""
    device = etree.Element("Device", id=machine.code, uuid=f"chanye-twin-{machine.code}", name=machine.code)
    description = etree.SubElement(
        device, "Description", manufacturer="chanye twin", model=machine.model, serialNumber=machine.serial
    )
    description.text = machine.name
    items = items_of(machine).values()

    def put(parent: etree._Element, component: str) -> None:
        box = etree.SubElement(parent, "DataItems")
        for item in items:
            if item.component == component:
                _data_item(box, item)

    put(device, "Device")
    components = etree.SubElement(device, "Components")
    if any(item.component == "Rotary" for item in items):
        axes = etree.SubElement(components, "Axes", id=f"{machine.code}_axes", name="base")
        rotary = etree.SubElement(
            etree.SubElement(axes, "Components"), "Rotary", id=f"{machine.code}_S", name="S", nativeName="S1"
        )
        put(rotary, "Rotary")
    controller = etree.SubElement(components, "Controller", id=f"{machine.code}_controller", name="controller")
    put(controller, "Controller")
    path = etree.SubElement(
        etree.SubElement(controller, "Components"), "Path", id=f"{machine.code}_path", name="path"
    )
    put(path, "Path")
    return device


def devices_element(machines: Iterable[Machine]) -> etree._Element:
    """Return the ``Devices`` element of the shop, without namespace (paths of requests are asked against it)."""
    root = etree.Element("Devices")
    root.extend([device_element(machine) for machine in machines])
    return root


def select(devices: etree._Element, path: str) -> set[str]:
    """Return the ids of the data items that an XPath of a request selects, at or below its nodes.

    Raises
    ------
    ValueError
        If the path is not an XPath that selects elements.
    """
    try:
        found = devices.getroottree().xpath(path)
    except etree.XPathError as error:
        raise ValueError(str(error)) from error
    nodes = found if isinstance(found, list) else [found]
    ids: set[str] = set()
    for node in nodes:
        if not isinstance(node, etree._Element):  # noqa: SLF001  # lxml's only name for it
            raise ValueError("the path selects no elements")
        ids.update(str(item.get("id")) for item in node.iter("DataItem"))
    return ids
