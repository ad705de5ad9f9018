"""The rooms a viewer can enter: what the rail, the bottom bar and the search show."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chanye.parties.types import DISTRICT, Viewer


@dataclass(frozen=True, slots=True)
class Room:
    """A door: the name of its address, its words, its icon and who may open it.

    ``roles`` empty means everybody who is signed in; ``kind`` is what it is for, empty for all but
    the district's office; ``paths`` are the beginnings of addresses that belong to it;
    ``group`` stands above the rooms that belong together.
    """

    address: str
    label: str | Promise
    icon: str
    paths: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    kind: str = ""
    foot: bool = False
    group: str | Promise = ""


_FLOOR, _OFFICE = _("Floor"), _("Preparation")
_GOODS, _PLANT = pgettext_lazy("group of rooms", "Quality"), _("Equipment")
_RESULT, _HOUSE = _("Results"), _("House")
_EFFECT, _DISTRICT = _("Upgrades"), _("District")

_SHOP = frozenset({"operator", "planner", "quality", "maintenance", "engineer", "manager", "admin"})
_DESK = frozenset({"planner", "quality", "engineer", "manager", "admin"})
_PLANNERS = frozenset({"planner", "engineer", "manager", "admin"})
_ENGINEERS = frozenset({"engineer", "manager", "admin"})
_READERS = _SHOP - {"operator"} | {"finance", "auditor"}

_APPLICANTS = frozenset({"engineer", "manager", "finance", "auditor", "admin"})
_EVIDENCE = _APPLICANTS | {"quality", "planner", "officer", "reviewer"}
_OFFICERS = frozenset({"officer", "reviewer", "finance", "auditor", "manager", "admin"})

ROOMS: tuple[Room, ...] = (
    Room("home", _("Machines"), "machines", ("/sites/", "/machines/", "/series/"), group=_FLOOR),
    Room("terminal", _("Terminal"), "tablet", ("/terminal/",), _SHOP, group=_FLOOR),
    Room("downtime", _("Downtime"), "clock", ("/downtime/",), group=_FLOOR),
    Room("calls", _("Calls"), "bell", ("/calls/",), _SHOP, group=_FLOOR),
    Room("conflicts", _("Refused bookings"), "warn", ("/conflicts/",), _DESK, group=_FLOOR),
    Room("orders", _("Orders"), "orders", ("/orders/", "/dispatch/"), group=_OFFICE),
    Room("master-home", _("Master data"), "master", ("/master/",), _DESK, group=_OFFICE),
    Room("erp", "ERP", "swap", ("/erp/",), _PLANNERS, group=_OFFICE),
    Room("calendars", _("Shifts"), "calendar", ("/calendars/",), _PLANNERS, group=_OFFICE),
    Room("quality", pgettext_lazy("room", "Quality"), "shield", ("/quality/", "/inspections/"), group=_GOODS),
    Room("trace", _("Trace"), "trace", ("/trace/",), group=_GOODS),
    Room("maintenance", _("Maintenance"), "wrench", ("/maintenance/",), _SHOP, group=_PLANT),
    Room("energy", _("Energy"), "bolt", ("/energy/",), _PLANNERS, group=_PLANT),
    Room("connections", _("Connections"), "plug", ("/connections/",), _ENGINEERS, group=_PLANT),
    Room("measures", pgettext_lazy("room", "Measures"), "trend", ("/measures/", "/shifts/"), _READERS, group=_RESULT),
    Room("evidence", _("Evidence"), "gauge", ("/evidence/",), _EVIDENCE, "any", group=_EFFECT),
    Room("funding", _("Funding"), "coins", ("/programme/",), _APPLICANTS, group=_EFFECT),
    Room(
        "own-returns", _("Returns"), "sum", ("/returns/",), frozenset({"manager", "finance", "admin"}), group=_EFFECT
    ),
    Room("scoreboard", _("Scoreboard"), "flag", ("/scoreboard/",), _OFFICERS, DISTRICT, group=_DISTRICT),
    Room("projects", _("Projects"), "crane", ("/projects/",), _OFFICERS, DISTRICT, group=_DISTRICT),
    Room("ranking", _("Ranking"), "podium", ("/ranking/",), _OFFICERS, DISTRICT, group=_DISTRICT),
    Room("programme", _("Programme"), "coins", ("/programme/",), _OFFICERS, DISTRICT, group=_DISTRICT),
    Room("statistics", _("Statistics"), "sum", ("/statistics/",), _OFFICERS, DISTRICT, group=_DISTRICT),
    Room(
        "people",
        _("People"),
        "people",
        ("/people/", "/webhooks/"),
        frozenset({"manager", "admin"}),
        "any",
        group=_HOUSE,
    ),
    Room(
        "audit",
        _("Audit log"),
        "ledger",
        ("/audit/",),
        frozenset({"auditor", "manager", "admin"}),
        "any",
        group=_HOUSE,
    ),
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
    group: str | Promise = ""


def doors(viewer: Viewer | None, path: str) -> list[Door]:
    """Return the doors that ``viewer`` can open, in order; ``here`` marks the one that ``path`` is behind."""
    roles = viewer.roles if viewer else frozenset()
    office = viewer is not None and viewer.kind == DISTRICT
    found = []
    for room in ROOMS:
        if room.roles and not (room.roles & roles):
            continue
        if not room.foot and room.kind != "any" and (room.kind == DISTRICT) != office:
            continue
        try:
            url = reverse(room.address)
        except NoReverseMatch:  # that room is not part of this installation
            continue
        here = path == url or any(path.startswith(beginning) for beginning in room.paths)
        found.append(Door(url, room.label, room.icon, here, room.foot, room.group))
    return found
