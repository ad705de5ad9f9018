"""Reading applications: one, a table, those that a choice is made from."""

from __future__ import annotations

from chanye.domains.programme.case_rows import application_ref, dossier_of, seen_row, visible
from chanye.domains.programme.models import CaseDeed
from chanye.domains.programme.types.applications import ApplicationRef, DeedRef, Dossier
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View


def application(viewer: Viewer, application_id: int) -> ApplicationRef:
    """Return one application.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    return application_ref(seen_row(viewer, application_id))


def dossier(viewer: Viewer, application_id: int) -> Dossier:
    """Return one application with its costs, papers, quotes and equipment.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    return dossier_of(seen_row(viewer, application_id))


def table(viewer: Viewer, view: View) -> Rows:
    """Return the applications that a view asks for."""
    rows = visible(viewer).select_related("call", "organisation", "asset").order_by("-changed_at")
    return view.apply(rows, make=application_ref)


def open_for_portfolio(viewer: Viewer, call_id: int) -> list[ApplicationRef]:
    """Return the reviewed applications of a call, from which a portfolio is chosen, best score first."""
    rows = visible(viewer).select_related("call", "organisation", "asset").filter(call_id=call_id, state="reviewed")
    return sorted(map(application_ref, rows), key=lambda one: (-(one.score or 0.0), one.id))


def by_state(
    viewer: Viewer, states: tuple[str, ...], *, call_id: int | None = None, organisation_id: int | None = None
) -> list[ApplicationRef]:
    """Return the applications in some states, of one call or one firm if it is given, in the order they came."""
    rows = visible(viewer).select_related("call", "organisation", "asset").filter(state__in=states)
    if call_id is not None:
        rows = rows.filter(call_id=call_id)
    if organisation_id is not None:
        rows = rows.filter(organisation_id=organisation_id)
    return [application_ref(row) for row in rows.order_by("pk")]


def deeds(viewer: Viewer, application_id: int) -> list[DeedRef]:
    """Return who has which duty in a case, in the order they took it.

    Raises
    ------
    DeniedError
        If the viewer may not see the case.
    """
    row = seen_row(viewer, application_id)
    found = CaseDeed.objects.filter(application=row).select_related("person").order_by("at", "pk")
    return [DeedRef(one.person_id, str(one.person), one.duty, one.at) for one in found]


def page(viewer: Viewer, *, state: str = "", after: int = 0, limit: int = 200) -> list[ApplicationRef]:
    """Return applications with numbers above ``after``, of one state if it is given, in the order they came."""
    rows = visible(viewer).select_related("call", "organisation", "asset").filter(pk__gt=after)
    if state:
        rows = rows.filter(state=state)
    return [application_ref(row) for row in rows.order_by("pk")[:limit]]
