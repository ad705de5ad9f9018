"""The rooms a viewer can enter: what the rail, the bottom bar and the search show."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chanye.parties.types import Viewer


@dataclass(frozen=True, slots=True)
class Room:
    """A door: the name of its address, its words, its icon and who may open it.

    ``roles`` empty means everybody who is signed in; ``paths`` are the beginnings of addresses that belong to it.
    """

    address: str
    label: str | Promise
    icon: str
    paths: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    foot: bool = False


ROOMS: tuple[Room, ...] = (
    Room("home", _("Machines"), "machines", ("/sites/", "/machines/", "/series/")),
    Room(
        "terminal",
        _("Terminal"),
        "tablet",
        ("/terminal/",),
        frozenset({"operator", "planner", "quality", "maintenance", "engineer", "manager", "admin"}),
    ),
    Room("orders", _("Orders"), "orders", ("/orders/", "/dispatch/")),
    Room("downtime", _("Downtime"), "clock", ("/downtime/",)),
    Room(
        "measures",
        pgettext_lazy("room", "Measures"),
        "trend",
        ("/measures/", "/shifts/"),
        frozenset({"planner", "quality", "maintenance", "engineer", "manager", "finance", "auditor", "admin"}),
    ),
    Room(
        "calls",
        _("Calls"),
        "bell",
        ("/calls/",),
        frozenset({"operator", "planner", "quality", "maintenance", "engineer", "manager", "admin"}),
    ),
    Room(
        "conflicts",
        _("Refused bookings"),
        "warn",
        ("/conflicts/",),
        frozenset({"planner", "quality", "engineer", "manager", "admin"}),
    ),
    Room(
        "master-home",
        _("Master data"),
        "master",
        ("/master/",),
        frozenset({"planner", "engineer", "quality", "manager", "admin"}),
    ),
    Room("quality", pgettext_lazy("room", "Quality"), "shield", ("/quality/", "/inspections/")),
    Room("trace", _("Trace"), "trace", ("/trace/",)),
    Room("connections", _("Connections"), "plug", ("/connections/",), frozenset({"engineer", "manager", "admin"})),
    Room(
        "calendars", _("Shifts"), "calendar", ("/calendars/",), frozenset({"planner", "engineer", "manager", "admin"})
    ),
    Room(
        "maintenance",
        _("Maintenance"),
        "wrench",
        ("/maintenance/",),
        frozenset({"operator", "planner", "quality", "maintenance", "engineer", "manager", "admin"}),
    ),
    Room("energy", _("Energy"), "bolt", ("/energy/",), frozenset({"planner", "engineer", "manager", "admin"})),
    Room("people", _("People"), "people", ("/people/", "/webhooks/"), frozenset({"manager", "admin"})),
    Room("audit", _("Audit log"), "ledger", ("/audit/",), frozenset({"auditor", "manager", "admin"})),
    Room("help", _("Help"), "help", ("/help/",), foot=True),
)


@dataclass(frozen=True, slots=True)
class Door:
    """A room as drawn for one request."""

    url: str
    label: str | Promise
    icon: str
    here: bool
    foot: bool


def doors(viewer: Viewer | None, path: str) -> list[Door]:
    """Return the doors that ``viewer`` can open, in order; ``here`` marks the one that ``path`` is behind."""
    roles = viewer.roles if viewer else frozenset()
    found = []
    for room in ROOMS:
        if room.roles and not (room.roles & roles):
            continue
        try:
            url = reverse(room.address)
        except NoReverseMatch:  # that room is not part of this installation
            continue
        here = path == url or any(path.startswith(beginning) for beginning in room.paths)
        found.append(Door(url, room.label, room.icon, here, room.foot))
    return found
