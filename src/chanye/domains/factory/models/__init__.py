"""Tables of the factory room, by subject."""

from chanye.domains.factory.models.machines import CalendarAssignment, MachineSettings, ShiftCalendar

__all__ = ["CalendarAssignment", "MachineSettings", "ShiftCalendar"]
