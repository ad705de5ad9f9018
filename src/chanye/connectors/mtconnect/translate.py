"""From what a machine says to readings: addresses, numbers, qualities, counted refusals.

Times come from the device. What is known ends at the *high-water mark*, the newest time heard of; a gap begins
one microsecond after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chanye.connectors.types import Readings, TagDraft
from chanye.protocols.mtconnect.mapping import Meaning, meaning_of
from chanye.protocols.mtconnect.model import DataItem, Device, decimal
from chanye.protocols.mtconnect.streams import UNAVAILABLE
from chanye.spine.history.types import Quality
from chanye.spine.types import SeriesDraft

StateClass = Literal["running", "setup", "waiting", "stopped", "fault", "planned_off", "unknown"]

#: A reading later than this after now comes from a clock that is wrong. [us]
FUTURE = 86_400_000_000

_UNSAFE = re.compile(r"[\s/+#>*$\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Item:
    """A data item under the address by which it is read."""

    address: str
    item: DataItem
    meaning: Meaning

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.meaning.kind in {"analog", "counter"}

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its address, or one for each axis."""
        return tuple(f"{self.address}.{axis}" for axis in self.meaning.axes) or (self.address,)


def slug(name: str) -> str:
    """Return a name as a code that fits every path and topic; Chinese stays."""
    return _UNSAFE.sub("-", name.strip()).strip("-").lower() or "device"


def items_of(device: Device, address: Callable[[DataItem], str], names: Mapping[str, str]) -> list[Item]:
    """Return the items of a device that have an address."""
    found = (Item(names.get(address(one), address(one)), one, meaning_of(one)) for one in device.all_items())
    return [one for one in found if one.address]


def drafts_of(device: Device, items: Sequence[Item], states: Mapping[str, str]) -> list[TagDraft]:
    """Return what to declare for a device: every item whose unit is understood.

    ``states`` says what words of execution mean on this machine, where that is not the standard's meaning.
    A role belongs to the first item that claims it, so that a board finds one program and one spindle; alarms
    may be many.
    """
    asset = (("work_unit", slug(device.name), device.description or device.name),)
    roles: set[str] = set()
    codes: set[str] = set()
    drafts: list[TagDraft] = []
    for one in items:
        meaning = one.meaning
        if not meaning.unit:
            continue
        role = meaning.role if meaning.role == "alarm" or meaning.role not in roles else None
        roles.add(role or "")
        code = one.item.name if one.item.name and one.item.name not in codes else one.item.id
        codes.add(code)
        for address, axis in zip(one.addresses, meaning.axes or ("",), strict=True):
            series = SeriesDraft(
                code=f"{code}.{axis}" if axis else code,
                kind=meaning.kind,
                unit=meaning.unit,
                name=code,
                role=role,
                span=_span(one.item),
                states={**meaning.states, **states} if role == "execution" else dict(meaning.states),
            )
            drafts.append(TagDraft(address, series, asset))
    return drafts


def _span(item: DataItem) -> tuple[float, float] | None:
    low, high = item.constraints.minimum, item.constraints.maximum
    return None if low is None or high is None or low >= high else (low, high)


@dataclass(slots=True)
class Translator:
    """Fills ``Readings`` for one session and keeps the high-water mark.

    Parameters
    ----------
    items
        Address as the device names it -> item.
    clock
        The present, us UTC.
    native
        Whether values come in native units (an adapter) or already converted (an agent).
    ignored
        What is left out on purpose: neither stored nor counted.
    """

    items: Mapping[str, Item]
    clock: Callable[[], int]
    native: bool
    readings: Readings = field(default_factory=Readings)
    high: int = 0
    ignored: frozenset[str] = frozenset()
    _last: dict[str, int] = field(default_factory=dict)

    def take(self) -> Readings:
        """Hand over what was collected and begin anew."""
        full, self.readings = self.readings, Readings()
        return full

    def raise_high(self, time: int) -> None:
        """Something was heard of this time: knowledge reaches so far. Times of a wrong clock do not count."""
        if self.high < time <= self.clock() + FUTURE:
            self.high = time

    def rewind(self) -> None:
        """What comes next is older than what was added, and rightly so."""
        self._last.clear()

    def add(self, key: str, time: int, text: str, rate: float | None = None, *, rise: bool = True) -> None:
        """Add one observation of the device.

        Parameters
        ----------
        key, time, text
            What was observed, when (us UTC), as it was sent.
        rate
            Of a time series. [Hz]
        rise
            Whether it raises the high-water mark.
        """
        item = self.items.get(key)
        if item is None:
            if key not in self.ignored:
                self.readings.count("rejected:unknown_tag")
            return
        if not item.meaning.unit:
            self.readings.count("rejected:wrong_unit")
            return
        if time < self._last.get(key, 0):
            self.readings.count("noted:clock_backwards")
        self._last[key] = time
        if rise:
            self.raise_high(time)
        self.put(item, time, text, rate)

    def heal(self, key: str, time: int, text: str) -> None:
        """Say that an item's value was in force at ``time``, where a gap was marked."""
        item = self.items.get(key)
        if item is not None and item.meaning.unit and item.item.representation != "TIME_SERIES":
            self.put(item, time, text)

    def put(self, item: Item, time: int, text: str, rate: float | None = None) -> None:
        """Add a value at a time without looking at clocks."""
        if text.upper() == UNAVAILABLE:
            for address in item.addresses:
                self.readings.add(address, time, None, Quality.BAD_NOT_CONNECTED)
        elif not item.numeric:
            self.readings.add(item.address, time, text.upper() if item.meaning.kind == "state" else text)
        elif not text.strip():
            self.readings.count("noted:empty_value")
            for address in item.addresses:
                self.readings.add(address, time, None, Quality.BAD_NO_DATA)
        elif item.item.representation == "TIME_SERIES":
            self._put_series(item, time, text, rate or item.item.sample_rate)
        else:
            self._put_numbers(item, time, text)

    def _put_numbers(self, item: Item, time: int, text: str) -> None:
        """Add a number, or one for each axis; ``value:RESET`` is a value with the reason of its reset."""
        parts = text.split() if item.meaning.axes else [text.partition(":")[0]]
        numbers = [self._scaled(item, decimal(part)) for part in parts]
        if len(numbers) != len(item.addresses):
            self.readings.count("rejected:bad_value")
            return
        for address, number in zip(item.addresses, numbers, strict=True):
            if number is None:
                self.readings.count("rejected:bad_value")
            else:
                self.readings.add(address, time, number)

    def _put_series(self, item: Item, time: int, text: str, rate: float | None) -> None:
        """Add evenly spaced values; the stamp is the last one's time (MTConnect Part 2, "Time Series")."""
        numbers = [decimal(part) for part in text.split()]
        if not rate or rate <= 0:
            self.readings.count("rejected:no_rate", len(numbers))
            return
        for back, number in enumerate(reversed(numbers)):
            scaled = self._scaled(item, number)
            if scaled is None:
                self.readings.count("rejected:bad_value")
            else:
                self.readings.add(item.address, time - round(back * 1e6 / rate), scaled)

    def _scaled(self, item: Item, number: float | None) -> float | None:
        if number is None or not self.native:
            return number
        return item.meaning.from_native(number)
