"""What an effect is measured with: values of days from history as known at a moment; inside the room only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chanye.engines.effects.among import block_logs, blocks_of
from chanye.engines.effects.days import OWN, Days, days_of
from chanye.evidence import measures
from chanye.evidence.daily import at_once
from chanye.evidence.measures import Daily, Measure
from chanye.evidence.models import Control, Event, Plan, Upgrade
from chanye.parties.types import Viewer

Spans = Sequence[tuple[int, int]]


def eye_of(organisation_id: int) -> Viewer:
    """Return a viewer that reads the data of one firm for a plan of it, and nothing else."""
    return Viewer(None, organisation_id, frozenset({"engineer"}), name="evidence")


def frozen_measure(code: str, normalisers: Sequence[str]) -> dict[str, Any]:
    """Return what is frozen of a measure."""
    found = measures.get(code)
    named = [measures.get(one) for one in normalisers]
    return {
        "code": found.code,
        "unit": found.unit,
        "direction": found.direction,
        "kind": found.kind,
        "floor": found.floor,
        "normalisers": [{"code": one.code, "unit": one.unit} for one in named],
    }


def read(eye: Viewer, asset_id: int, measure: Measure, spans: Spans, known_at: int) -> Daily:
    """Return the values of the days of some spans."""
    parts = [measure.read(eye, asset_id, start, end, known_at) for start, end in spans]
    return Daily(*(np.concatenate([getattr(one, name) for one in parts]) for name in Daily.__slots__))


class Rows:
    """The table of inputs while it is put together."""

    def __init__(self) -> None:
        self._blocks: list[tuple[str, str, Daily]] = []

    def add(self, unit: str, variable: str, daily: Daily) -> None:
        """Add the values of one variable of one unit."""
        self._blocks.append((unit, variable, daily))

    def table(self) -> dict[str, Any]:
        """Return the columns, see ``engines.effects.measured.measure``."""
        found: dict[str, Any] = {
            "unit": [unit for unit, _variable, daily in self._blocks for _ in daily.day],
            "variable": [variable for _unit, variable, daily in self._blocks for _ in daily.day],
        }
        for name, column in (("time", "day"), ("value", "value"), ("weight", "weight"), ("coverage", "coverage")):
            parts = [getattr(daily, column) for _unit, _variable, daily in self._blocks]
            found[name] = np.concatenate(parts) if parts else np.zeros(0)
        return found


def own_rows(eye: Viewer, asset_id: int, measure: Mapping[str, Any], spans: Spans, known_at: int) -> Rows:
    """Return the values of the plant itself: the measure and its normalisers."""
    rows = Rows()
    for code in (measure["code"], *(one["code"] for one in measure["normalisers"])):
        rows.add(OWN, code, read(eye, asset_id, measures.get(code), spans, known_at))
    return rows


def since_of(row: Plan, start: int, end: int, known_at: int) -> dict[str, Any]:
    """Return what happened since a plan was frozen, as far as it was recorded by ``known_at``."""
    upgrade = Upgrade.objects.get(plan=row)
    events = Event.objects.filter(plan=row, logged_at__lte=known_at)
    controls = list(Control.objects.filter(plan=row).order_by("name"))
    began: dict[int, int] = {}
    others = Upgrade.objects.filter(plan__asset_id__in=[one.asset_id for one in controls], recorded_at__lte=known_at)
    for asset_id, moment in others.values_list("plan__asset_id", "began"):
        began[asset_id] = min(moment, began.get(asset_id, moment))
    return {
        "plan_digest": row.digest,
        "start": start,
        "end": end,
        "known_at": known_at,
        "upgrade": {"began": upgrade.began, "finished": upgrade.finished},
        "events": [{"kind": one.kind, "start": one.start, "end": one.end, "note": one.note} for one in events],
        "controls": {one.name: began.get(one.asset_id) for one in controls},
    }


def gather(row: Plan, content: Mapping[str, Any], since: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of inputs of a plan over its baseline and the time since."""
    spans = [(content["baseline"]["start"], content["baseline"]["end"]), (since["start"], since["end"])]
    known_at = since["known_at"]
    rows = own_rows(eye_of(row.organisation_id), row.asset_id, content["measure"], spans, known_at)
    controls = list(Control.objects.filter(plan=row).select_related("asset").order_by("name"))
    measure = measures.get(content["measure"]["code"])
    at_once([(eye_of(one.asset.organisation_id), one.asset_id) for one in controls], measure.roles, spans)
    for one in controls:
        eye = eye_of(one.asset.organisation_id)
        daily = read(eye, one.asset_id, measure, spans, known_at)
        rows.add(one.name, content["measure"]["code"], _index(daily, content, since))
    return rows.table()


def _index(daily: Daily, content: Mapping[str, Any], since: Mapping[str, Any]) -> Daily:
    """Return another plant as an index of its own baseline in blocks: how it moved, not what its level is."""
    blocks = blocks_of(content, since)
    plain = {**content["measure"], "normalisers": []}
    logs, share = block_logs(days(plain, daily), blocks, np.zeros(len(daily.day), bool), content["limits"]["known"])
    before = logs[: blocks.before]
    level = np.nanmean(before) if np.isfinite(before).any() else np.nan
    return Daily(blocks.start, logs - level, np.ones(len(logs)), share)


def days(measure: Mapping[str, Any], daily: Daily) -> Days:
    """Return the values of one variable as the engines read them."""
    rows = Rows()
    rows.add(OWN, measure["code"], daily)
    return days_of(measure, rows.table())
