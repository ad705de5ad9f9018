"""Words of master data, and what of it may cross the wall."""

from __future__ import annotations

MATERIAL_KINDS = ("raw", "component", "product", "consumable", "packaging")
TRACKING = ("none", "lot", "serial")
RELEASE_STATES = ("draft", "released", "retired")
TOOL_KINDS = ("tool", "gauge", "fixture", "mould")
TOOL_STATES = ("ready", "in_use", "worn", "broken", "away")
TREES = ("downtime", "scrap", "rework", "hold", "help")
#: What a stop counts as (ISO 22400-2): delay, set-up, not used, planned; empty leaves the machine's own state.
ELEMENTS = ("fault", "stopped", "setup", "waiting", "planned_off")
