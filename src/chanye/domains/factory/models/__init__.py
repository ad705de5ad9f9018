"""Tables of the factory room, by subject."""

from chanye.domains.factory.models.machines import CalendarAssignment, MachineSettings, ShiftCalendar
from chanye.domains.factory.models.master import (
    BillLine,
    Instruction,
    Material,
    PersonSkill,
    Program,
    ProgramVersion,
    Reason,
    Revision,
    Routing,
    RoutingStep,
    Skill,
    Tool,
)
from chanye.domains.factory.models.orders import (
    Booking,
    InboxEntry,
    Operation,
    OperationMaterial,
    Order,
    WorkSpan,
)

__all__ = [
    "BillLine",
    "Booking",
    "CalendarAssignment",
    "InboxEntry",
    "Instruction",
    "MachineSettings",
    "Material",
    "Operation",
    "OperationMaterial",
    "Order",
    "PersonSkill",
    "Program",
    "ProgramVersion",
    "Reason",
    "Revision",
    "Routing",
    "RoutingStep",
    "ShiftCalendar",
    "Skill",
    "Tool",
    "WorkSpan",
]
