"""Tables of the factory room, by subject."""

from chanye.domains.factory.models.certification import Declaration, Equipment
from chanye.domains.factory.models.dispatch import DispatchSetting
from chanye.domains.factory.models.downtime import LinkSettings, OutputSettlement, Stop, StopLabel, StopPart
from chanye.domains.factory.models.energy import (
    EmissionFactor,
    Meter,
    MeterShare,
    TariffPeriod,
)
from chanye.domains.factory.models.erp import Exchange, SchemaFile
from chanye.domains.factory.models.lines import LineLayout
from chanye.domains.factory.models.machines import (
    CalendarAssignment,
    MachineSettings,
    ShiftCalendar,
)
from chanye.domains.factory.models.maintenance import (
    MaintenanceEvent,
    MaintenanceKey,
    MaintenanceLabour,
    MaintenanceOrder,
    MaintenancePlan,
    MaintenanceSettings,
    MaintenanceStep,
    SpareMove,
    SparePart,
)
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
from chanye.domains.factory.models.measures import Rate
from chanye.domains.factory.models.orders import (
    Booking,
    Consumption,
    InboxEntry,
    Operation,
    OperationMaterial,
    Order,
    WorkSpan,
)
from chanye.domains.factory.models.quality import (
    Characteristic,
    CorrectiveAction,
    HoldRule,
    Inspection,
    Measurement,
    Nonconformance,
    Plan,
    PlanLine,
)
from chanye.domains.factory.models.shifts import ShiftReport
from chanye.domains.factory.models.terminal import AndonCall, HandoverNote

__all__ = [
    "AndonCall",
    "BillLine",
    "Booking",
    "CalendarAssignment",
    "Characteristic",
    "Consumption",
    "CorrectiveAction",
    "Declaration",
    "DispatchSetting",
    "EmissionFactor",
    "Equipment",
    "Exchange",
    "HandoverNote",
    "HoldRule",
    "InboxEntry",
    "Inspection",
    "Instruction",
    "LineLayout",
    "LinkSettings",
    "MachineSettings",
    "MaintenanceEvent",
    "MaintenanceKey",
    "MaintenanceLabour",
    "MaintenanceOrder",
    "MaintenancePlan",
    "MaintenanceSettings",
    "MaintenanceStep",
    "Material",
    "Measurement",
    "Meter",
    "MeterShare",
    "Nonconformance",
    "Operation",
    "OperationMaterial",
    "Order",
    "OutputSettlement",
    "PersonSkill",
    "Plan",
    "PlanLine",
    "Program",
    "ProgramVersion",
    "Rate",
    "Reason",
    "Revision",
    "Routing",
    "RoutingStep",
    "SchemaFile",
    "ShiftCalendar",
    "ShiftReport",
    "Skill",
    "SpareMove",
    "SparePart",
    "Stop",
    "StopLabel",
    "StopPart",
    "TariffPeriod",
    "Tool",
    "WorkSpan",
]
