"""Names of the gates and of what they ask, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

GATES = {"workshop": gettext_lazy("Digital workshop"), "factory": gettext_lazy("Smart factory")}
#: Rule -> (name, numerator, denominator).
RULES = {
    "digital_equipment": (
        gettext_lazy("Share of digital equipment"),
        gettext_lazy("digital equipment in use"),
        gettext_lazy("equipment in use by the register"),
    ),
    "upload_rate": (
        gettext_lazy("Upload rate of equipment data"),
        gettext_lazy("planned time of digital equipment with known state"),
        gettext_lazy("planned time of digital equipment"),
    ),
    "monitoring": (
        gettext_lazy("Monitoring in real time"),
        gettext_lazy("digital equipment whose states arrive"),
        gettext_lazy("digital equipment in use"),
    ),
    "planning": (
        gettext_lazy("Planning in the system"),
        gettext_lazy("days on which orders were released"),
        gettext_lazy("days with bookings"),
    ),
    "execution": (
        gettext_lazy("Execution in the system"),
        gettext_lazy("days with output booked at terminals or by machines"),
        gettext_lazy("days with bookings"),
    ),
    "logistics": (
        gettext_lazy("Material in the system"),
        gettext_lazy("days on which material was booked"),
        gettext_lazy("days with bookings"),
    ),
    "quality": (
        gettext_lazy("Quality in the system"),
        gettext_lazy("days on which inspections were judged"),
        gettext_lazy("days with bookings"),
    ),
    "equipment": (
        gettext_lazy("Equipment in the system"),
        gettext_lazy("days on which maintenance orders were made"),
        gettext_lazy("days with bookings"),
    ),
    "erp": (
        gettext_lazy("Integration with the ERP"),
        gettext_lazy("days on which orders with a number of another system were released"),
        gettext_lazy("days with bookings"),
    ),
    "workshops": (
        gettext_lazy("Digital workshops"),
        gettext_lazy("workshops with enough digital equipment and upload"),
        gettext_lazy("workshops in the register"),
    ),
    "design_tools": (
        gettext_lazy("Use of design tools"),
        gettext_lazy("declared: design tasks done with tools"),
        gettext_lazy("declared: design tasks"),
    ),
    "operating_cost": (
        gettext_lazy("Operating cost of a piece"),
        gettext_lazy("after less before"),
        gettext_lazy("before"),
    ),
    "efficiency": (
        gettext_lazy("Production efficiency"),
        gettext_lazy("after less before"),
        gettext_lazy("before"),
    ),
}
