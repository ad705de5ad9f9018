"""A sheet with a column of every kind."""

from __future__ import annotations

from chanye.sheets import Column, Sheet

STATES = {"open": "Open", "closed": "Closed", "held": "On hold"}
SHEET = Sheet(
    "operations",
    "工艺路线",
    (
        Column("code", "Order"),
        Column("product", "Product", "reference"),
        Column("run", "Run time", "duration", unit="s", above=0),
        Column("state", "State", "choice", choices=STATES),
        Column("planned", "Planned", "integer", minimum=0),
        Column("mass", "Mass", "quantity", unit="kg"),
        Column("cost", "Cost", "money"),
        Column("at", "Changed", "moment"),
        Column("due", "Due", "date"),
        Column("urgent", "Urgent", "yes_no"),
    ),
    key=("code",),
)
