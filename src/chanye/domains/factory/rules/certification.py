"""Which gates hold: thresholds by edition, and the judgement of what was found. Pure.

The numbers are those of the municipal programme for digital workshops and smart factories (Chongqing, 2023) as public
agencies quote them; where the source names a function but no number, the share at which it is taken to hold is ours
and marked so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from chanye.domains.factory.types.certification import Criterion, Edition, EquipmentRow, Found, Gate, Piece, Rule

#: Share of the window that must be known for a rule that rests on observed time.
FLOOR = 0.8
FUNCTIONS = ("planning", "execution", "logistics", "quality", "equipment", "erp")
WORKSHOP = (
    Rule("digital_equipment", 0.50),
    Rule("upload_rate", 0.90),
    Rule("monitoring", 0.90, ours=True),
    *(
        Rule(name, 0.5 if name in ("planning", "execution", "logistics", "quality") else 0.0001, ours=True)
        for name in FUNCTIONS
    ),
)
EDITIONS: Mapping[str, Edition] = {
    "cq-2023": Edition(
        "cq-2023",
        "重庆市数字化车间和智能工厂认定条件（2023），据公开转载",
        2023,
        WORKSHOP,
        (
            Rule("digital_equipment", 0.65),
            Rule("workshops", 2, "{count}"),
            Rule("design_tools", 0.80),
            Rule("operating_cost", -0.15, lower=True),
            Rule("efficiency", 0.10),
        ),
    )
}


def judge(rule: Rule, found: Found) -> Criterion:
    """Return whether a rule holds; what is not measured neither holds nor fails."""
    if found.value is None or found.coverage < FLOOR:
        return Criterion(rule, found, "unknown")
    holds = found.value <= rule.least + 1e-12 if rule.lower else found.value >= rule.least - 1e-12
    return Criterion(rule, found, "holds" if holds else "fails")


def gate(name: str, rules: Sequence[Rule], found: Mapping[str, Found]) -> Gate:
    """Return a gate: it fails if one criterion does, is unknown if one is, else holds."""
    criteria = tuple(judge(rule, found[rule.name]) for rule in rules)
    states = {one.state for one in criteria}
    return Gate(name, criteria, "fails" if "fails" in states else "unknown" if "unknown" in states else "holds")


def is_digital(row: EquipmentRow, end: int) -> bool:
    """Return whether equipment was digital at the end of a window."""
    return row.digital and (row.since is None or row.since < end)


def digital_share(register: Sequence[EquipmentRow], end: int) -> Found:
    """Return digital equipment over all equipment in the register that is in use, counted by piece."""
    rows = [row for row in register if not row.retired]
    pieces = tuple(Piece(row.code, row.name, is_digital(row, end), row.connection) for row in rows)
    if not rows:
        return Found(0, 0, None, 0.0, "no_register")
    count = sum(one.counts for one in pieces)
    return Found(count, len(rows), count / len(rows), 1.0, "", pieces)


def upload_share(
    register: Sequence[EquipmentRow], known: Mapping[int, tuple[int, int]], planned: int, end: int
) -> Found:
    """Return the planned time of digital equipment of which data arrived.

    Parameters
    ----------
    known
        Known and planned busy time by asset [us]. Equipment without an asset, or whose asset has no states, sent
        nothing in ``planned`` time.
    """
    rows = [row for row in register if not row.retired and is_digital(row, end)]
    if not rows:
        return Found(0, 0, None, 0.0, "no_register" if not register else "no_digital")
    pieces, top, bottom = [], 0, 0
    for row in rows:
        seen, length = known.get(row.asset_id or 0, (0, planned))
        top, bottom = top + seen, bottom + length
        share = seen / length if length else 0.0
        pieces.append(Piece(row.code, row.name, seen > 0, f"{100 * share:.1f} %"))
    if not bottom:
        return Found(0, 0, None, 0.0, "no_planned_time")
    return Found(top, bottom, top / bottom, 1.0, "", tuple(pieces))


def seen_share(register: Sequence[EquipmentRow], known: Mapping[int, tuple[int, int]], end: int) -> Found:
    """Return digital equipment whose states are followed over digital equipment."""
    rows = [row for row in register if not row.retired and is_digital(row, end)]
    if not rows:
        return Found(0, 0, None, 0.0, "no_register" if not register else "no_digital")
    pieces = tuple(Piece(row.code, row.name, known.get(row.asset_id or 0, (0, 0))[0] > 0, row.asset) for row in rows)
    count = sum(one.counts for one in pieces)
    return Found(count, len(rows), count / len(rows), 1.0, "", pieces)


def days_used(used: Mapping[str, int], worked: Sequence[str]) -> Found:
    """Return days on which a function was used over days on which anything was booked; ``used``: records by day."""
    if not worked:
        return Found(0, 0, None, 0.0, "no_production")
    pieces = tuple(Piece(day, day, used.get(day, 0) > 0, str(used.get(day, 0))) for day in worked)
    count = sum(one.counts for one in pieces)
    return Found(count, len(worked), count / len(worked), 1.0, "", pieces)


def good_workshops(
    register: Sequence[EquipmentRow], known: Mapping[int, tuple[int, int]], planned: int, end: int
) -> Found:
    """Return how many workshops of the register have enough digital equipment that sends enough data."""
    names = sorted({row.workshop for row in register if row.workshop and not row.retired})
    if not names:
        return Found(0, 0, None, 0.0, "no_register")
    pieces = []
    for name in names:
        rows = [row for row in register if row.workshop == name]
        share, sent = digital_share(rows, end), upload_share(rows, known, planned, end)
        holds = (share.value or 0) >= WORKSHOP[0].least and (sent.value or 0) >= WORKSHOP[1].least
        detail = f"{100 * (share.value or 0):.1f} % / {100 * (sent.value or 0):.1f} %"
        pieces.append(Piece(name, name, holds, detail))
    count = sum(one.counts for one in pieces)
    return Found(count, len(names), count, 1.0, "", tuple(pieces))


def digest(
    gates: Sequence[Gate], site_id: int, window: tuple[int, int], before: tuple[int, int], edition: str
) -> str:
    """Return the SHA-256 of all that was looked at, as canonical JSON: the same inputs give the same digest."""
    said = {"site": site_id, "window": window, "before": before, "edition": edition}
    text = json.dumps(said | {"gates": [asdict(one) for one in gates]}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
