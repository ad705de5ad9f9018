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


#: Kind of an organisation that is the office of a district: it runs calls, projects, targets and the ranking.
DISTRICT = "district"


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
    kind
        What the organisation is: ``firm``, ``district`` (the office of a district), ``hub`` …
    """

    person_id: int | None
    organisation_id: int | None
    roles: frozenset[str] = field(default_factory=frozenset)
    system: bool = False
    name: str = ""
    kind: str = "firm"

    @property
    def office(self) -> bool:
        """Tell whether the viewer acts for the office of a district (or is the system)."""
        return self.system or self.kind == DISTRICT


SYSTEM = Viewer(person_id=None, organisation_id=None, roles=frozenset({"admin"}), system=True, name="system")
PUBLIC = Viewer(person_id=None, organisation_id=None, roles=frozenset({"public"}), name="public")


@dataclass(frozen=True, slots=True)
class OrganisationRef:
    """A tenant, and the roles the viewer's person holds there."""

    id: int
    code: str
    name: str
    kind: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A person with the roles held in one organisation."""

    person_id: int
    username: str
    name: str
    roles: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class TokenRef:
    """An API token without its secret. Times in us UTC."""

    id: int
    person_id: int
    person: str
    name: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of the audit log as it is shown. ``at`` in us UTC."""

    sequence: int
    at: int
    actor: str
    person_id: int | None
    verb: str
    target: str
    detail: dict[str, object]


@dataclass(frozen=True, slots=True)
class SignIn:
    """What became of an attempt to sign in: a person, or how long to wait before the next try [s]."""

    person_id: int | None
    wait_seconds: int = 0
