"""The proof that frozen plans and kept effects are still what they were: what ``chanye verify`` asks of this room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chanye.evidence.bundle import MANIFEST, canonical, digest_of, plain, unpack
from chanye.evidence.models import Control, Effect, Plan
from chanye.evidence.refs import draft_of, target_of
from chanye.evidence.rules.plans import content_of, control_name
from chanye.kernel.errors import ConfigError
from chanye.parties import queries as parties
from chanye.parties.types import SYSTEM
from chanye.spine.files import place


@dataclass(frozen=True, slots=True)
class Proof:
    """How many plans and effects were checked, and what is wrong: (what, why)."""

    plans: int
    effects: int
    faults: tuple[tuple[str, str], ...]


def prove(files: Path) -> Proof:
    """Seal every frozen plan again, hold it against its columns and the audit chain, and read every kept bundle.

    Parameters
    ----------
    files
        Folder of stored files.
    """
    plans = Plan.objects.exclude(digest="").select_related("asset").order_by("pk")
    effects = Effect.objects.select_related("plan", "file").order_by("pk")
    faults = [(f"plan {row.pk}", why) for row in plans.iterator(500) for why in _plan_faults(row)]
    faults += [(f"effect {row.pk}", why) for row in effects.iterator(500) for why in _effect_faults(row, files)]
    return Proof(plans.count(), effects.count(), tuple(faults))


def _plan_faults(row: Plan) -> Iterator[str]:
    if digest_of(row.content) != row.digest:
        yield "its frozen content is not what was sealed"
        return
    done = parties.history_of(SYSTEM, row.organisation_id, target_of(row.pk), limit=10_000)
    if row.digest not in {one.detail.get("digest") for one in done if one.verb == "freeze_plan"}:
        yield "the audit chain does not know that it was frozen so"
    content = json.loads(row.content)
    controls = list(Control.objects.filter(plan=row))
    if any(control_name(row.salt, one.asset_id) != one.name for one in controls):
        yield "a plant it compares with was exchanged"
    expected = content_of(
        draft_of(row),
        content["measure"],
        asset=content["asset"],
        controls=[one.name for one in controls],
        timezone=content["timezone"],
    ) | {"limits": content["limits"]}
    named = [one["code"] for one in content["measure"]["normalisers"]]
    if canonical(expected) != row.content or (row.measure, row.normalisers) != (content["measure"]["code"], named):
        yield "its columns are not what was sealed"


def _effect_faults(row: Effect, files: Path) -> Iterator[str]:
    if row.plan_digest != row.plan.digest:
        yield "it belongs to another plan than the one sealed"
    path = place(files, row.file.sha256)
    try:
        data = path.read_bytes()
        if digest_of(data) != row.file.sha256:
            yield "its bundle has changed"
            return
        members = unpack(data)
        result, manifest = json.loads(members["result.json"]), json.loads(members[MANIFEST])
    except (OSError, ConfigError, ValueError) as error:
        yield f"its bundle cannot be read: {error}"
        return
    if manifest["plan_digest"] != row.plan_digest or manifest["inputs_digest"] != row.inputs_digest:
        yield "its bundle is of another plan or other inputs"
    figures = {name: getattr(row, name) for name in ("estimate", "lower", "upper", "least", "verdict", "coverage")}
    if digest_of(canonical(plain(result))) != row.result_digest or any(result[k] != v for k, v in figures.items()):
        yield "its figures are not those of its bundle"
