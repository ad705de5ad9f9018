"""Where planned time went: from planned busy time down to value added, tied to the ISO 22400-2 figures."""

from __future__ import annotations

from collections.abc import Sequence

from chanye.domains.factory.floor import Look, load, look
from chanye.domains.factory.models import Reason
from chanye.domains.factory.queries.stop_views import places_of
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.rules.downtime import reason_times
from chanye.domains.factory.rules.kpis import ELEMENT, key_figures, sum_elements, sum_outputs
from chanye.domains.factory.types.downtime import Bar, Waterfall
from chanye.kernel.time import now_us
from chanye.parties.types import Viewer


def waterfall(
    viewer: Viewer, asset_ids: Sequence[int], start: int, end: int, *, now: int | None = None
) -> Waterfall | None:
    """Return where the planned time of some machines went in ``[start, end)`` (us UTC); None where there is none.

    Bars of losses add up: planned busy time less unknown time, losses by reason, speed and scrap is value added: it
    is ``OEE x (PBT - unknown)`` of the same machines together.
    """
    at = now_us() if now is None else now
    floor = load(viewer, list(places_of(viewer, asset_ids).values()))
    seen = look(floor, start, max(start, min(end, at)), at)
    if not seen:
        return None
    times = _times(seen)
    elements = sum_elements(one.elements for one in seen)
    outputs = [one.output for one in seen if one.output is not None]
    output = sum_outputs(outputs) if len(outputs) == len(seen) else None
    figures = key_figures(
        elements,
        output,
        known=sum(one.known for one in seen),
        floor=max(one.machine.expected.floor for one in seen),
        calendar=all(one.machine.calendar is not None for one in seen),
    )
    planned = sum(times.values())
    rows = Reason.objects.filter(id__in={reason for _state, reason in times if reason})
    names = {row.pk: (row.code, reason_label(row)) for row in rows}
    bars = [Bar("planned", "total", "", "", planned)]
    off = _losses(times, names, "planned_off")
    if off:
        bars += [*off, Bar("pbt", "total", "", "", elements.pbt)]
    if elements.unknown:
        bars.append(Bar("unknown", "loss", "", "", elements.unknown, "unknown"))
    for element in ("adet", "adot", "aust"):
        bars += _losses(times, names, element)
    bars.append(Bar("apt", "total", "", "", elements.apt, "running"))
    earned = None if output is None else output.earned
    if earned is not None:
        bars.append(Bar("speed", "loss", "", "", round(elements.apt - earned)))
        made, scrap = output.planned if output else 0.0, output.scrapped if output else None
        if scrap is not None and made > 0:
            lost = earned * scrap / made
            bars.append(Bar("scrap", "loss", "", "", round(lost)))
            bars.append(Bar("value", "value", "", "", round(earned - lost), "running"))
    return Waterfall(start, end, tuple(bars), elements, figures.availability, figures.effectiveness,
                     figures.quality_ratio, figures.oee)  # fmt: skip


def _times(seen: Sequence[Look]) -> dict[tuple[str, int], int]:
    total: dict[tuple[str, int], int] = {}
    for one in seen:
        for key, length in reason_times(one.pieces, one.planned).items():
            total[key] = total.get(key, 0) + length
    return total


def _losses(times: dict[tuple[str, int], int], names: dict[int, tuple[str, str]], element: str) -> list[Bar]:
    """Return the time of one element by reason, the greatest first; time without a reason by the machine's state."""
    found: dict[tuple[str, str, str], int] = {}
    for (state, reason), length in times.items():
        if ELEMENT.get(state, "unknown") == element:
            code, label = names.get(reason, ("", ""))
            key = (code, label, state if element != "adet" or not code else "stopped")
            found[key] = found.get(key, 0) + length
    rows = sorted(found.items(), key=lambda item: -item[1])
    return [Bar(element, "loss", code, label, length, state) for (code, label, state), length in rows]
