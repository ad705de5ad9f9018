"""Every write of the evidence room."""

from chanye.evidence.actions.effects import declare_blame, measure_effect
from chanye.evidence.actions.plans import change_plan, draft_plan, freeze_plan, log_event, record_upgrade

__all__ = [
    "change_plan",
    "declare_blame",
    "draft_plan",
    "freeze_plan",
    "log_event",
    "measure_effect",
    "record_upgrade",
]
