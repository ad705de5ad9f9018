"""Words for what is done to items, and the columns of the lists."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chanye.sheets import Column, Sheet

KINDS = {
    "lot": pgettext_lazy("item", "Lot"),
    "serial": pgettext_lazy("item", "Serial"),
    "container": pgettext_lazy("item", "Container"),
}
STATUSES = {
    "active": pgettext_lazy("item", "Here"),
    "consumed": pgettext_lazy("item", "Used up"),
    "shipped": pgettext_lazy("item", "Shipped"),
    "scrapped": pgettext_lazy("item", "Scrapped"),
}
TONES = {"active": "running", "consumed": "planned_off", "shipped": "setup", "scrapped": "stopped"}
VERBS = {
    "commission": pgettext_lazy("item", "Registered"),
    "consume": pgettext_lazy("item", "Made from"),
    "split": pgettext_lazy("item", "Divided"),
    "merge": pgettext_lazy("item", "Merged"),
    "rework": pgettext_lazy("item", "Reworked"),
    "pack": pgettext_lazy("item", "Packed"),
    "repack": pgettext_lazy("item", "Repacked"),
    "unpack": pgettext_lazy("item", "Unpacked"),
    "move": pgettext_lazy("item", "Moved"),
    "ship": pgettext_lazy("item", "Shipped"),
    "receive": pgettext_lazy("item", "Came back"),
    "block": pgettext_lazy("item", "Blocked"),
    "release": pgettext_lazy("item", "Released"),
    "scrap": pgettext_lazy("item", "Scrapped"),
    "observe": pgettext_lazy("item", "Seen"),
    "transact": pgettext_lazy("item", "Put on a document"),
    "associate": pgettext_lazy("item", "Fitted to"),
}
ROLES = {
    "input": pgettext_lazy("item", "In"),
    "output": pgettext_lazy("item", "Out"),
    "object": pgettext_lazy("item", "Item"),
    "parent": pgettext_lazy("item", "Container"),
    "content": pgettext_lazy("item", "Inside"),
    "void_input": pgettext_lazy("item", "In, wrong"),
    "void_output": pgettext_lazy("item", "Out, wrong"),
}


def _item(row: Any) -> str:
    return reverse("trace-item", args=[row.id])


STOCK = Sheet(
    "lots",
    _("Lots and containers"),
    (
        Column("code", pgettext_lazy("item", "Number"), width=24),
        Column("kind", _("Kind"), "choice", choices={k: KINDS[k] for k in ("lot", "container")}, field="sort"),
        Column("material", pgettext_lazy("item", "Material"), field="material__code"),
        Column("name", _("Name"), field="material__name"),
        Column("left", pgettext_lazy("item", "Left"), "quantity", field="quantity"),
        Column("unit", _("Unit"), field="material__unit", filter="none", template="trace/unit.html"),
        Column("status", _("State"), "choice", choices=STATUSES, field="state", template="trace/state.html"),
        Column("blocked", _("Blocked because")),
        Column("place", _("Place"), filter="none", sortable=False),
        Column("holder", _("Shipped to")),
        Column("made_at", _("Since"), "moment"),
    ),
    order="-made_at",
    href=_item,
)

RECALL = Sheet(
    "recall",
    _("Recall"),
    (
        Column("stage", _("Stage"), "integer"),
        Column("material_code", pgettext_lazy("item", "Material")),
        Column("material_name", _("Name")),
        Column("kind", _("Kind"), "choice", choices=KINDS),
        Column("status", _("State"), "choice", choices=STATUSES),
        Column("blocked", _("Blocked"), "yes_no"),
        Column("place", _("Place")),
        Column("holder", _("Shipped to")),
        Column("container", _("In container"), read=lambda row: row.container.code if row.container else ""),
        Column("count", _("Items"), "integer", total=True),
        Column("quantity", pgettext_lazy("item", "Left"), "quantity", read=lambda row: float(row.quantity)),
        Column("unit", _("Unit")),
        Column("attributed", _("Of the recalled"), "quantity", total=True),
    ),
)

RECALL_ITEMS = Sheet(
    "recall-items",
    _("Items of the recall"),
    (
        Column("code", pgettext_lazy("item", "Number"), width=24),
        Column("material", pgettext_lazy("item", "Material")),
        Column("name", _("Name")),
        Column("stage", _("Stage"), "integer"),
        Column("status", _("State"), "choice", choices=STATUSES),
        Column("blocked", _("Blocked because")),
        Column("place", _("Place")),
        Column("holder", _("Shipped to")),
        Column("container", _("In container")),
        Column("left", pgettext_lazy("item", "Left"), "quantity"),
        Column("unit", _("Unit")),
        Column("attributed", _("Of the recalled"), "quantity"),
    ),
)
