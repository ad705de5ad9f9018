"""Reading what firms and people are known by: each its own."""

from __future__ import annotations

from collections.abc import Iterable

from chanye.domains.programme.models import Identity
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def of_firm(viewer: Viewer) -> dict[str, list[str]]:
    """Return what the viewer's firm is known by: kind -> values as they were typed.

    Raises
    ------
    DeniedError
        If the viewer may not read the firm's applications.
    """
    require(viewer, "read_applications", viewer.organisation_id)
    return _by_kind(Identity.objects.filter(organisation_id=viewer.organisation_id or 0).values_list("kind", "shown"))


def of_person(viewer: Viewer) -> dict[str, list[str]]:
    """Return what the viewer's own person is known by, and the firms of the family.

    Raises
    ------
    DeniedError
        If the viewer does not work for the office.
    """
    require(viewer, "read_programme", viewer.organisation_id)
    return _by_kind(Identity.objects.filter(person_id=viewer.person_id or 0).values_list("kind", "shown"))


def _by_kind(rows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, shown in rows:
        found.setdefault(kind, []).append(shown)
    return found
