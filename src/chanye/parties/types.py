"""Who looks: the one value that every query and action takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal[
    "operator",
    "planner",
    "quality",
    "maintenance",
    "engineer",
    "manager",
    "grower",
    "dispatcher",
    "warehouse",
    "driver",
    "officer",
    "reviewer",
    "finance",
    "auditor",
    "admin",
    "public",
]


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person (or the system, or the public) acting for one organisation.

    Parameters
    ----------
    person_id
        None for the system and the public.
    organisation_id
        The tenant whose data may be seen; None sees no tenant's data unless ``system``.
    roles
        Roles held in that organisation.
    system
        True for the product's own processes: sees all organisations, is named in the audit log.
    name
        Shown in the audit log.
    """

    person_id: int | None
    organisation_id: int | None
    roles: frozenset[str] = field(default_factory=frozenset)
    system: bool = False
    name: str = ""


SYSTEM = Viewer(person_id=None, organisation_id=None, roles=frozenset({"admin"}), system=True, name="system")
PUBLIC = Viewer(person_id=None, organisation_id=None, roles=frozenset({"public"}), name="public")
