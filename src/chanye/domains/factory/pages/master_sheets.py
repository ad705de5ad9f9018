"""The tables of master data: their columns, declared once for lists, files and forms."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chanye.domains.factory.pages.words import (
    ELEMENTS,
    MATERIAL_KINDS,
    RELEASE_STATES,
    STEP_KINDS,
    TOOL_KINDS,
    TOOL_STATES,
    TRACKING,
    TREES,
)
from chanye.sheets import Column, Sheet

_CODE = pgettext_lazy("of a thing", "Code")

MATERIALS = Sheet(
    "materials",
    _("Materials"),
    (
        Column("code", _CODE, required=True, length=64, example="P-100"),
        Column("name", _("Name"), required=True, length=200, example="壳体"),
        Column("kind", _("Kind"), "choice", choices=MATERIAL_KINDS, required=True, example="product"),
        Column("unit", _("Unit"), required=True, length=32, help=_("UCUM code: {part}, kg, m, L."), example="{part}"),
        Column("tracking", _("Tracking"), "choice", choices=TRACKING, example="lot"),
        Column("cost", _("Standard cost"), "money", minimum=0, example=1250),
        Column("revision", _("Revision"), imported=False),
        Column("active", _("In use"), "yes_no", example=True),
    ),
    order="code",
    key=("code",),
    href=lambda row: reverse("material", args=[row.id]),
)
TOOLS = Sheet(
    "tools",
    _("Tools and gauges"),
    (
        Column("code", _CODE, required=True, length=64, example="T-020"),
        Column("name", _("Name"), required=True, length=200, example="立铣刀 D20"),
        Column("kind", _("Kind"), "choice", choices=TOOL_KINDS, required=True, example="tool"),
        Column(
            "state",
            _("State"),
            "choice",
            choices=TOOL_STATES,
            example="ready",
            template="factory/tool_state.html",
        ),
        Column("life", _("Life"), "integer", unit="{part}", minimum=1, example=400),
        Column("used", _("Used"), "integer", unit="{part}", minimum=0, example=0),
        Column("calibrated_until", _("Calibrated until"), "moment"),
        Column("place", _("Place"), "reference", filter="more"),
        Column("due", _("To be changed or calibrated"), "yes_no", imported=False, listed=False),
    ),
    order="code",
    key=("code",),
    href=lambda row: reverse("master-row", args=["tools", row.id]),
)
SKILLS = Sheet(
    "skills",
    _("Skills"),
    (
        Column("code", _CODE, required=True, length=64, example="weld"),
        Column("name", _("Name"), required=True, length=200, example="焊接"),
        Column("people", _("People who can"), "integer", imported=False),
    ),
    order="code",
    key=("code",),
    href=lambda row: reverse("master-row", args=["skills", row.id]),
)
QUALIFICATIONS = Sheet(
    "qualifications",
    _("Who can do what"),
    (
        Column("person", _("User name"), "reference", required=True),
        Column("name", _("Name"), imported=False),
        Column("skill", _("Skill"), "reference", required=True),
        Column(
            "level",
            _("Level"),
            "integer",
            minimum=0,
            maximum=4,
            required=True,
            example=2,
            help=_("1 learns, 2 works alone, 3 sets up, 4 teaches; 0 takes it away."),
        ),
        Column("until", _("Until"), "moment"),
    ),
    order="person",
    key=("person", "skill"),
)
REASONS = Sheet(
    "reasons",
    _("Reasons"),
    (
        Column("tree", pgettext_lazy("reasons", "Tree"), "choice", choices=TREES, required=True, example="scrap"),
        Column("code", _CODE, required=True, length=64, example="burr"),
        Column("name", _("Name"), required=True, length=200, example="毛刺", template="factory/reason_name.html"),
        Column("name_en", _("English name"), length=200, example="Burr"),
        Column("parent", _("Below"), length=64, help=_("Code of the reason above; empty at the top.")),
        Column("element", _("Counts as"), "choice", choices=ELEMENTS),
        Column("position", _("Position"), "integer", minimum=0),
        Column("active", _("In use"), "yes_no", example=True),
    ),
    key=("tree", "code"),
    href=lambda row: reverse("master-row", args=["reasons", row.id]),
)
PROGRAMS = Sheet(
    "programs",
    _("NC programs"),
    (
        Column("code", _CODE, required=True, length=64),
        Column("name", _("Name")),
        Column("released", _("Released version"), "integer", imported=False),
        Column("versions", _("Versions"), "integer", imported=False),
        Column("digest", _("SHA-256"), imported=False, template="factory/digest.html", sortable=False),
    ),
    order="code",
    key=("code",),
    href=lambda row: reverse("program", args=[row.id]),
)
_STATE = Column("state", _("State"), "choice", choices=RELEASE_STATES, imported=False)
BILL_COLUMNS = (
    Column("component", _("Component"), "reference", required=True),
    Column("quantity", _("Quantity per piece"), "quantity", above=0, required=True, example=1.5),
    Column("scrap_share", _("Loss"), "quantity", minimum=0, maximum=0.99, help=_("Share, 0 to 1."), example=0.02),
    Column("step", _("Used at step"), "integer", minimum=1, help=_("Empty: the first."), example=10),
)
BILLS = Sheet(
    "bills",
    _("Bills of materials"),
    (
        Column("product", _("Product"), "reference", required=True),
        Column("revision", _("Revision"), required=True, length=16, example="A"),
        _STATE,
        *BILL_COLUMNS[:1],
        Column("component_name", _("Name"), imported=False),
        *BILL_COLUMNS[1:2],
        Column("unit", _("Unit"), imported=False),
        *BILL_COLUMNS[2:],
    ),
    key=("product", "revision", "component", "step"),
)
STEP_COLUMNS = (
    Column("step", _("Step"), "integer", minimum=1, required=True, example=10),
    Column("name", _("Name"), required=True, length=200, example="铣削"),
    Column("kind", _("Kind"), "choice", choices=STEP_KINDS, example="main"),
    Column("work_centre", _("Work centre"), "reference", required=True),
    Column("run_time", _("Run time per piece"), "quantity", unit="s", minimum=0, required=True, example=60.0),
    Column("setup_time", _("Set-up time"), "quantity", unit="s", minimum=0, example=600.0),
    Column("on_fail", _("Failed pieces go to"), "integer", minimum=1),
    Column("returns_to", _("Gives back to"), "integer", minimum=1),
    Column("skill", _("Skill"), "reference"),
    Column("tool", _("Tool"), "reference"),
    Column("gauge", _("Gauge"), "reference"),
    Column("program", _("Program"), "reference"),
    Column("scrap_share", _("Planned scrap"), "quantity", minimum=0, maximum=0.99, help=_("Share, 0 to 1.")),
    Column("setup_family", _("Set-up family"), length=64),
    Column("alternatives", _("Alternatives"), help=_("Code, run time and set-up time in s; more after a semicolon.")),
)
ROUTINGS = Sheet(
    "routings",
    _("Routings"),
    (
        Column("product", _("Product"), "reference", required=True),
        Column("revision", _("Revision"), required=True, length=16, example="A"),
        _STATE,
        Column("routing", _("Routing"), required=True, length=32, example="main"),
        Column("default", _("Default"), "yes_no", example=True),
        *STEP_COLUMNS,
    ),
    key=("product", "revision", "routing", "step"),
)
