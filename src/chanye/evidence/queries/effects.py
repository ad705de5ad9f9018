"""Reads of effects: one, many, the register of claims, and what kinds of upgrade do on the whole."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import numpy as np
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from chanye.engines.effects.pooling import Pooled, pool
from chanye.evidence import access
from chanye.evidence.bundle import unpack
from chanye.evidence.models import Effect
from chanye.evidence.refs import effect_ref, effects_with_all, plan_ref, with_all
from chanye.evidence.types import Bundle, EffectRef, PooledRow, RegisterRow
from chanye.kernel.errors import DeniedError
from chanye.parties.types import SYSTEM, Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine


def effect(viewer: Viewer, effect_id: int) -> EffectRef:
    """Return one effect.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _seen(viewer).filter(pk=effect_id).first()
    if row is None:
        raise DeniedError(_("There is no such effect, or it belongs to another organisation."))
    return effect_ref(row)


def effects(viewer: Viewer, *, plan_ids: Collection[int] | None = None) -> list[EffectRef]:
    """Return the effects the viewer may see, in the order they were measured; of some plans only if given."""
    rows = _seen(viewer)
    if plan_ids is not None:
        rows = rows.filter(plan_id__in=list(plan_ids))
    return [effect_ref(row) for row in rows.order_by("id")]


def register(viewer: Viewer, *, organisation_id: int | None = None) -> list[RegisterRow]:
    """Return every frozen plan the viewer may see: what was claimed beside what was measured, newest effect.

    With ``organisation_id`` those of one firm alone.
    """
    rows, found = access.seen(viewer).exclude(digest=""), _newest_rows(viewer)
    if organisation_id is not None:
        rows = rows.filter(organisation_id=organisation_id)
        found = found.filter(plan__organisation_id=organisation_id)
    newest = {one.plan_id: one for one in map(effect_ref, found)}
    rows = with_all(rows).order_by("-id")
    return [RegisterRow(plan_ref(row), newest.get(row.pk)) for row in rows]


def verdicts(viewer: Viewer) -> list[tuple[str, int, str]]:
    """Return kind of upgrade, firm and verdict of the newest effect of each frozen plan the viewer may see."""
    rows = _newest_rows(viewer).select_related(None).prefetch_related(None).exclude(plan__digest="")
    return list(rows.values_list("plan__upgrade_kind", "plan__organisation_id", "verdict"))


def register_table(viewer: Viewer, view: View) -> Rows:
    """Return the newest effect of each plan, as a view asks for."""
    return view.apply(_newest_rows(viewer), make=effect_ref)


def pooled(viewer: Viewer, *, level: float = 0.9) -> list[PooledRow]:
    """Return the mean effect of each kind of upgrade on each measure, over the sites the viewer may see.

    Random effects; the interval counts how much sites differ. A site counts once, by its newest measured effect.
    """
    groups: dict[tuple[str, str], list[tuple[float | None, float | None]]] = {}
    rows = _newest_rows(viewer).select_related(None).prefetch_related(None)
    for kind, measure, estimate, error in rows.filter(estimate__isnull=False, error__gt=0).values_list(
        "plan__upgrade_kind", "plan__measure", "estimate", "error"
    ):
        groups.setdefault((kind, measure), []).append((estimate, error))
    found = []
    for (kind, measure), sites in sorted(groups.items()):
        said = _pooled(tuple(sites), level)
        ends = [None if not np.isfinite(end) else float(end) for end in (said.next_low, said.next_high)]
        found.append(
            PooledRow(kind, measure, len(sites), said.effect, said.low, said.high, ends[0], ends[1], said.between)
        )
    return found


@lru_cache(maxsize=1024)
def _pooled(sites: tuple[tuple[float | None, float | None], ...], level: float) -> Pooled:
    """Pool estimates and errors of sites; the same ones come up with every look at the register."""
    return pool(*np.array(sites, np.float64).T, level=level)


def bundle(viewer: Viewer, effect_id: int) -> Bundle:
    """Return the bundle of an effect, as it is downloaded.

    Raises
    ------
    DeniedError
        If there is no such effect that the viewer may see.
    TransientError
        If its file is not on the disk.
    """
    effect(viewer, effect_id)
    row = Effect.objects.select_related("file").get(pk=effect_id)
    held = spine.file(SYSTEM, row.file_id)
    with spine.open_file(SYSTEM, held) as stream:
        return Bundle(held.name, held.sha256, stream.read())


def result(viewer: Viewer, effect_id: int) -> dict[str, Any]:
    """Return what the bundle of an effect says came out: figures, gates, and the series of the chart."""
    found: dict[str, Any] = json.loads(unpack(bundle(viewer, effect_id).data)["result.json"])
    return found


def _seen(viewer: Viewer) -> QuerySet[Effect]:
    return effects_with_all(Effect.objects.filter(plan__in=access.seen(viewer)))


def _newest_rows(viewer: Viewer) -> QuerySet[Effect]:
    newest = Effect.objects.filter(plan__in=access.seen(viewer)).values("plan_id").annotate(last=Max("id"))
    return _seen(viewer).filter(Q(pk__in=newest.values("last"))).order_by("-id")
