"""Words of the room's codes, as lists and records show them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ORDER_STATES = {
    "created": pgettext_lazy("work order", "Created"),
    "released": pgettext_lazy("work order", "Released"),
    "held": _("On hold"),
    "closed": pgettext_lazy("work order", "Closed"),
    "cancelled": _("Cancelled"),
}
OPERATION_STATES = {
    "waiting": _("Waiting"),
    "ready": pgettext_lazy("operation", "Ready"),
    "setup": pgettext_lazy("operation", "Set-up"),
    "running": pgettext_lazy("operation", "Running"),
    "paused": _("Paused"),
    "held": _("On hold"),
    "finished": _("Finished"),
}
#: State of an order or operation -> class of colour and pattern.
TONES = {
    "created": "planned_off",
    "released": "running",
    "held": "fault",
    "closed": "planned_off",
    "cancelled": "planned_off",
    "waiting": "planned_off",
    "ready": "waiting",
    "setup": "setup",
    "running": "running",
    "paused": "stopped",
    "finished": "planned_off",
}
RULES = {
    "edd": _("Earliest due date"),
    "spt": _("Shortest time here"),
    "cr": _("Critical ratio"),
    "fifo": _("First come, first served"),
}
RULE_HINTS = {
    "edd": _("What is due first runs first: least lateness of the worst order."),
    "spt": _("What takes least time here runs first: most orders through, long ones wait."),
    "cr": _("Time to the due date over work left in the whole routing; below 1 it will be late."),
    "fifo": _("In the order of release."),
}
NEEDS = {
    "hold": _("Hold"),
    "pieces": _("Pieces"),
    "machine": pgettext_lazy("need", "Machine"),
    "material": _("Material"),
    "tool": _("Tool"),
    "gauge": _("Gauge"),
    "program": _("Program"),
    "skill": _("Skill"),
}
MATERIAL_KINDS = {
    "raw": _("Raw material"),
    "component": _("Component"),
    "product": _("Product"),
    "consumable": _("Consumable"),
    "packaging": _("Packaging"),
}
TRACKING = {"none": _("Not tracked"), "lot": _("By lot"), "serial": _("By serial")}
RELEASE_STATES = {
    "draft": pgettext_lazy("revision", "Draft"),
    "released": pgettext_lazy("revision", "Released"),
    "retired": pgettext_lazy("revision", "Retired"),
}
TOOL_KINDS = {
    "tool": _("Tool"),
    "gauge": _("Gauge"),
    "fixture": _("Fixture"),
    "mould": _("Mould"),
}
TOOL_STATES = {
    "ready": pgettext_lazy("tool", "Ready"),
    "in_use": _("In use"),
    "worn": _("Worn"),
    "broken": _("Broken"),
    "away": pgettext_lazy("tool", "Away"),
}
TREES = {
    "downtime": _("Downtime"),
    "scrap": _("Scrap"),
    "rework": _("Rework"),
    "hold": _("Hold"),
    "help": pgettext_lazy("andon", "Help"),
}
ELEMENTS = {
    "fault": pgettext_lazy("element", "Fault"),
    "stopped": pgettext_lazy("element", "Stopped"),
    "setup": pgettext_lazy("element", "Set-up"),
    "waiting": pgettext_lazy("element", "Waiting"),
    "planned_off": pgettext_lazy("element", "Planned off"),
}
STEP_KINDS = {"main": pgettext_lazy("step", "Main"), "rework": _("Rework")}
SKILL_LEVELS = {1: _("learns"), 2: _("works alone"), 3: _("sets up"), 4: _("teaches")}
#: What was done to a revision or program, by the verb of the audit log.
DEEDS = {
    "make_revision": _("made"),
    "save_bill": _("bill of materials changed"),
    "save_routing": _("routing changed"),
    "delete_routing": _("routing deleted"),
    "release_revision": pgettext_lazy("revision", "Released"),
    "retire_revision": pgettext_lazy("revision", "Retired"),
    "save_instruction": _("work instruction changed"),
    "release_instruction": _("work instruction released"),
}
