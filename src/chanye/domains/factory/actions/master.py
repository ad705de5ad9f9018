"""Master data that are plain tables: materials, tools, skills, who has them, reasons; by row or by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.master_rows import code_of, place_of
from chanye.domains.factory.models import Material, PersonSkill, Reason, Skill, Tool
from chanye.domains.factory.rules.reason_set import STARTER_SET
from chanye.kernel.errors import ConfigError
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

Row = Mapping[str, Any]


def _record(actor: Viewer, verb: str, organisation_id: int, codes: Sequence[str]) -> None:
    record(
        actor=actor,
        verb=verb,
        target=f"organisation:{organisation_id}",
        detail={"count": len(codes), "codes": list(codes)[:200]},
        organisation_id=organisation_id,
    )


def _write(model: type[models.Model], key: Row, values: Row, clean: bool = True) -> models.Model:
    """Make or change one row; a value that is not given stays, or gets its default."""
    manager = model._default_manager  # noqa: SLF001  # the name Django documents
    row = manager.filter(**key).first() or model(**key)
    for name, value in values.items():
        if value is not None or row.pk is not None:
            setattr(row, name, value)
    if clean:
        _check_choices(row, {**key, **values})
    row.save()
    return row


def _check_choices(row: models.Model, values: Row) -> None:
    for name in values:
        field = row._meta.get_field(name)  # noqa: SLF001  # Django's documented interface
        choices = getattr(field, "choices", None)
        value = getattr(row, name)
        if choices and value not in dict(choices) and not (value == "" and getattr(field, "blank", False)):
            raise ConfigError(_("%(value)s is not one of %(choices)s.") % {"value": value, "choices": dict(choices)})


def _text(value: object, most: int = 200) -> str:
    return str(value or "").strip()[:most]


@transaction.atomic
def save_materials(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Make or change materials by code, all or none.

    Parameters
    ----------
    rows
        ``code, name, kind, unit`` (UCUM) ``, tracking, cost`` [fen] ``, active``; what is missing stays.

    Raises
    ------
    ConfigError
        Naming the material and what is wrong.
    DeniedError
        If the actor may not edit master data there.
    """
    require(actor, "edit_master", organisation_id)
    for row in rows:
        values: dict[str, Any] = {"name": _text(row.get("name")) or code_of(row)}
        values |= {name: row[name] for name in ("kind", "unit", "tracking") if row.get(name)}
        values |= {"cost": row["cost"]} if "cost" in row else {}
        values |= {"active": row["active"]} if row.get("active") is not None else {}
        if values.get("cost") is not None and values["cost"] < 0:
            raise ConfigError(_("%(code)s: the cost cannot be negative.") % {"code": code_of(row)})
        key = {"organisation_id": organisation_id, "code": code_of(row)}
        known = Material.objects.filter(**key).exists()
        _write(Material, key, values if known else {"kind": "component"} | values)
    _record(actor, "save_materials", organisation_id, [code_of(row) for row in rows])


@transaction.atomic
def save_tools(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Make or change tools, gauges, fixtures and moulds by code, all or none.

    Parameters
    ----------
    rows
        ``code, name, kind, state, life, used`` [pieces] ``, calibrated_until`` [us UTC] ``, place`` (code of an
        asset).

    Raises
    ------
    ConfigError, DeniedError
        As ``save_materials``.
    """
    require(actor, "edit_master", organisation_id)
    for row in rows:
        values: dict[str, Any] = {"name": _text(row.get("name")) or code_of(row)}
        values |= {name: row[name] for name in ("kind", "state", "used") if row.get(name) is not None}
        values |= {name: row[name] for name in ("life", "calibrated_until") if name in row}
        if "place" in row:
            values["place_id"] = place_of(actor, organisation_id, row["place"]) if row["place"] else None
        if (values.get("used") or 0) < 0 or (values.get("life") or 0) < 0:
            raise ConfigError(_("%(code)s: life and use cannot be negative.") % {"code": code_of(row)})
        key = {"organisation_id": organisation_id, "code": code_of(row)}
        known = Tool.objects.filter(**key).exists()
        _write(Tool, key, values if known else {"kind": "tool"} | values)
    _record(actor, "save_tools", organisation_id, [code_of(row) for row in rows])


@transaction.atomic
def save_skills(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Make or change skills by code; rows have ``code, name``."""
    require(actor, "edit_master", organisation_id)
    for row in rows:
        key = {"organisation_id": organisation_id, "code": code_of(row)}
        _write(Skill, key, {"name": _text(row.get("name")) or code_of(row)})
    _record(actor, "save_skills", organisation_id, [code_of(row) for row in rows])


@transaction.atomic
def save_qualifications(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Say who can do what.

    Parameters
    ----------
    rows
        ``person`` (user name) ``, skill`` (code) ``, level`` (0 takes it away, 1 learns, 2 works alone, 3 sets up,
        4 teaches) ``, until`` [us UTC].

    Raises
    ------
    ConfigError
        If person or skill is not known here, or the level is none.
    DeniedError
        If the actor may not edit master data there.
    """
    require(actor, "edit_master", organisation_id)
    people = {one.username: one.person_id for one in parties.members(actor, organisation_id)}
    skills = dict(Skill.objects.filter(organisation_id=organisation_id).values_list("code", "pk"))
    for row in rows:
        person, skill, level = people.get(row["person"]), skills.get(row["skill"]), row.get("level", 2)
        if person is None or skill is None:
            raise ConfigError(
                _("There is no person %(person)s or no skill %(skill)s here.")
                % {"person": row["person"], "skill": row["skill"]}
            )
        if level not in (0, 1, 2, 3, 4):
            raise ConfigError(_("The level is 1 (learns) to 4 (teaches); 0 takes the skill away."))
        if level == 0:
            PersonSkill.objects.filter(person_id=person, skill_id=skill).delete()
        else:
            PersonSkill.objects.update_or_create(
                person_id=person, skill_id=skill, defaults={"level": level, "until": row.get("until")}
            )
    _record(actor, "save_qualifications", organisation_id, [f"{row['person']}/{row['skill']}" for row in rows])


@transaction.atomic
def save_reasons(*, actor: Viewer, organisation_id: int, rows: Sequence[Row]) -> None:
    """Make or change reasons by tree and code, parents in the same call or before.

    Parameters
    ----------
    rows
        ``tree, code, name, name_en, parent`` (code) ``, element, position, active``.

    Raises
    ------
    ConfigError
        If a parent is missing, or a reason would stand below itself.
    DeniedError
        If the actor may not edit master data there.
    """
    require(actor, "edit_master", organisation_id)
    for row in rows:
        values: dict[str, Any] = {"name": _text(row.get("name")) or code_of(row)}
        values |= {name: row[name] for name in ("name_en", "element", "position") if row.get(name) is not None}
        values |= {"active": row["active"]} if row.get("active") is not None else {}
        if "element" in row and row["element"] is None:
            values["element"] = ""
        _write(Reason, {"organisation_id": organisation_id, "tree": row["tree"], "code": code_of(row)}, values)
    known = {(one.tree, one.code): one for one in Reason.objects.filter(organisation_id=organisation_id)}
    for row in rows:
        if "parent" in row:
            _hang(known, str(row["tree"]), code_of(row), row["parent"])
    _record(actor, "save_reasons", organisation_id, [f"{row['tree']}:{code_of(row)}" for row in rows])


def _hang(known: dict[tuple[str, str], Reason], tree: str, code: str, parent: str | None) -> None:
    row = known[tree, code]
    above = known.get((tree, parent)) if parent else None
    if parent and above is None:
        raise ConfigError(
            _("%(code)s: there is no reason %(parent)s in this tree.") % {"code": code, "parent": parent}
        )
    row.parent = above
    row.save(update_fields=["parent"])
    seen = {row.pk}
    while above is not None:
        if above.pk in seen:
            raise ConfigError(_("%(code)s would stand below itself.") % {"code": code})
        seen.add(above.pk)
        above = known.get((tree, above.parent.code)) if above.parent else None


@transaction.atomic
def take_starter_reasons(*, actor: Viewer, organisation_id: int) -> int:
    """Take the reasons most plants begin with, in both languages; return how many are new. Those there stay."""
    require(actor, "edit_master", organisation_id)
    known = set(Reason.objects.filter(organisation_id=organisation_id).values_list("tree", "code"))
    rows = [
        {
            "tree": tree,
            "code": code,
            "name": name,
            "name_en": english,
            "parent": parent,
            "element": element,
            "position": i,
        }
        for i, (tree, code, parent, name, english, element) in enumerate(STARTER_SET)
        if (tree, code) not in known
    ]
    if rows:
        save_reasons(actor=actor, organisation_id=organisation_id, rows=rows)
    return len(rows)
