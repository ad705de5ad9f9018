"""The books of master data: for each, its table, how it is read, what it refers to, how it is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chanye.domains.factory.actions import master as actions
from chanye.domains.factory.actions import routings as routing_actions
from chanye.domains.factory.pages import master_sheets as sheets
from chanye.domains.factory.queries import master as queries
from chanye.domains.factory.queries.dispatch import work_centres
from chanye.parties import queries as parties
from chanye.parties.types import Viewer
from chanye.sheets import Sheet
from chanye.sheets.importing import ImportRow
from chanye.spine import queries as spine

References = Mapping[str, Collection[str]]
Save = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Book:
    """One kind of master data.

    Parameters
    ----------
    rows
        All rows, as the table shows them.
    save
        The action that takes rows of a file or a form.
    references
        Reference column -> codes that exist.
    whole
        Columns that name what a file replaces as a whole: all rows of a group go to ``save`` if one has changed.
    form
        Whether single rows are edited in a form of their own.
    """

    sheet: Sheet
    rows: Callable[[Viewer], Sequence[Any]]
    save: Save
    shows: str | Promise
    references: Callable[[Viewer], References] = field(default=lambda _viewer: {})
    whole: tuple[str, ...] = ()
    form: bool = True

    def check(self, viewer: Viewer) -> Callable[[ImportRow], Iterable[tuple[str, str]]]:
        """Return what else is checked of a row: a released revision is not changed by a file."""
        if not self.whole:
            return lambda _row: ()
        released = {(one.product, one.code) for one in queries.revisions(viewer) if one.state != "draft"}

        def look(row: ImportRow) -> Iterable[tuple[str, str]]:
            if row.state != "same" and (row.values.get("product"), row.values.get("revision")) in released:
                yield "revision", str(_("is released and cannot be changed: give a new revision."))

        return look

    def chosen(self, rows: Sequence[ImportRow]) -> list[dict[str, Any]]:
        """Return the rows of a file that go to ``save``."""
        if not self.whole:
            return [row.values for row in rows if row.state != "same"]
        changed = {tuple(row.values.get(name) for name in self.whole) for row in rows if row.state != "same"}
        return [row.values for row in rows if tuple(row.values.get(name) for name in self.whole) in changed]


def _codes(rows: Iterable[Any]) -> list[str]:
    return [row.code for row in rows]


def _places(viewer: Viewer) -> References:
    return {"place": _codes(spine.assets(viewer))}


def _qualified(viewer: Viewer) -> References:
    people = parties.members(viewer, viewer.organisation_id or 0)
    return {"person": [one.username for one in people], "skill": _codes(queries.skills(viewer))}


def bill_references(viewer: Viewer) -> References:
    """Return the codes that a bill may name."""
    codes = _codes(queries.materials(viewer))
    return {"product": codes, "component": codes}


def step_references(viewer: Viewer) -> References:
    """Return the codes that a step may name."""
    tools = queries.tools(viewer)
    return {
        "product": _codes(queries.materials(viewer)),
        "work_centre": _codes(work_centres(viewer)),
        "skill": _codes(queries.skills(viewer)),
        "tool": [one.code for one in tools if one.kind != "gauge"],
        "gauge": [one.code for one in tools if one.kind == "gauge"],
        "program": _codes(queries.programs(viewer)),
    }


BOOKS: dict[str, Book] = {
    "materials": Book(
        sheets.MATERIALS,
        queries.materials,
        actions.save_materials,
        _("What is bought, made or used up: with unit, tracking and standard cost. Products have revisions."),
    ),
    "bills": Book(
        sheets.BILLS,
        queries.bills,
        routing_actions.import_bills,
        _("What one piece of a revision takes, and at which step."),
        bill_references,
        ("product", "revision"),
        form=False,
    ),
    "routings": Book(
        sheets.ROUTINGS,
        queries.routings,
        routing_actions.import_routings,
        _("How a revision is made: steps with times, tools, programs, skills, rework loops and alternatives."),
        step_references,
        ("product", "revision", "routing"),
        form=False,
    ),
    "tools": Book(
        sheets.TOOLS,
        queries.tools,
        actions.save_tools,
        _("Tools with their life, gauges with their calibration, fixtures and moulds."),
        _places,
    ),
    "skills": Book(
        sheets.SKILLS,
        queries.skills,
        actions.save_skills,
        _("What people must be able to do; steps of routings name them."),
    ),
    "qualifications": Book(
        sheets.QUALIFICATIONS,
        queries.qualifications,
        actions.save_qualifications,
        _("Who has which skill, how well, and until when."),
        _qualified,
        form=False,
    ),
    "reasons": Book(
        sheets.REASONS,
        queries.reasons,
        actions.save_reasons,
        _("Why machines stop, parts are scrapped or reworked, work is held, and help is called."),
    ),
}
