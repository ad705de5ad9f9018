"""What a machine's own words for its state mean: text -> one of ``STATE_CLASSES``.

The execution words are MTConnect's (Part 2, ``Execution``) and PackML's (ISA-TR88.00.02); a series or a room may say
otherwise, for a plant's own words win over ours.
"""

from __future__ import annotations

from collections.abc import Mapping

EXECUTION: Mapping[str, str] = {
    "ACTIVE": "running",
    "EXECUTE": "running",
    "EXECUTING": "running",
    "RUNNING": "running",
    "SETUP": "setup",
    "CHANGEOVER": "setup",
    "READY": "waiting",
    "IDLE": "waiting",
    "WAIT": "waiting",
    "PROGRAM_COMPLETED": "waiting",
    "PROGRAM_STOPPED": "waiting",
    "STARVED": "waiting",
    "BLOCKED": "waiting",
    "SUSPENDED": "waiting",
    "COMPLETE": "waiting",
    "INTERRUPTED": "stopped",
    "FEED_HOLD": "stopped",
    "STOPPED": "stopped",
    "OPTIONAL_STOP": "waiting",
    "PROGRAM_OPTIONAL_STOP": "waiting",
    "HELD": "stopped",
    "FAULT": "fault",
    "ALARM": "fault",
    "ABORTED": "fault",
    "UNAVAILABLE": "unknown",
    "OFFLINE": "unknown",
}

_BY_ROLE: Mapping[str, Mapping[str, str]] = {
    "execution": EXECUTION,
    "emergency_stop": {"ARMED": "running", "TRIGGERED": "fault"},
    "availability": {"AVAILABLE": "running", "UNAVAILABLE": "unknown"},
    "link": {"CONNECTED": "running", "UP": "running", "LOST": "unknown", "DOWN": "unknown"},
    "mode": {"SETUP": "setup", "MAINTENANCE": "planned_off"},
}


def classify(text: str, *, role: str | None, states: Mapping[str, str] | None = None) -> str:
    """Return the state class of a text: the series' own table first, then the role's default, else unknown.

    Alarm texts start with their level (``FAULT``, ``WARNING``, ``NORMAL``): a fault is ``fault``, a warning leaves
    the machine ``running``.
    """
    if states and text in states:
        return states[text]
    word = text.strip().upper()
    if role == "alarm":
        return {"warning": "running", "": "unknown"}.get(alarm_level(text), "fault")
    return _BY_ROLE.get(role or "", {}).get(word, "unknown")


def alarm_level(text: str) -> str:
    """Return ``fault``, ``warning``, or an empty text where there is no alarm.

    A device that names no level is believed: any text but NORMAL, UNAVAILABLE and silence is a fault.
    """
    word = text.strip().upper()
    if word.startswith("WARNING"):
        return "warning"
    return "" if word.startswith(("NORMAL", "UNAVAILABLE")) or word in ("", "0", "OK", "NONE") else "fault"
