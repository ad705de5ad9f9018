"""Reading calls, and how much of their money is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum

from chanye.domains.programme.call_rows import call_ref, call_refs, seen_call, seen_calls
from chanye.domains.programme.case_rows import visible
from chanye.domains.programme.types.calls import CallRef
from chanye.parties.types import Viewer


def call(viewer: Viewer, call_id: int, *, version: int = 0) -> CallRef:
    """Return one call with the rules of a version, those in force if it is 0.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    return call_ref(seen_call(viewer, call_id), version)


def calls(viewer: Viewer) -> list[CallRef]:
    """Return the calls the viewer may see, newest first."""
    return call_refs(seen_calls(viewer).select_related("office").order_by("-pk"))


@dataclass(frozen=True, slots=True)
class Asked:
    """How many applications are in a state, and what they ask for and got, in fen."""

    count: int
    requested: int
    approved: int


def asked(viewer: Viewer) -> Mapping[tuple[int, str], Asked]:
    """Return per call and state what the applications that the viewer may see ask for."""
    rows = (
        visible(viewer)
        .order_by()
        .values_list("call_id", "state")
        .annotate(n=Count("pk"), requested=Sum("requested"), approved=Sum("approved"))
    )
    return {(call, state): Asked(n, wanted or 0, given or 0) for call, state, n, wanted, given in rows}
