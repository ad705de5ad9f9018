"""What stops cost: the Pareto of reasons, and where planned time went down to value added."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.downtime import frame_context
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.pages.scope import Scope, read_scope
from chanye.domains.factory.queries.downtime import losses
from chanye.domains.factory.queries.lines import LINE_KINDS, line_losses
from chanye.domains.factory.queries.waterfall import waterfall
from chanye.domains.factory.types.downtime import Bar, Loss, Waterfall
from chanye.kernel.time import now_us

#: Rows of the chart; what is smaller is added up in the last one.
MOST_BARS = 12
ELEMENT_STATE = {"": "stopped", "fault": "fault", "stopped": "stopped", "setup": "setup", "waiting": "waiting",
                 "planned_off": "planned_off"}  # fmt: skip
WORDS: dict[str, str | Promise] = {
    "planned": _("Shift time"),
    "pbt": _("Planned busy time"),
    "unknown": _("Not known"),
    "apt": _("Production"),
    "speed": _("Slower than planned"),
    "gain": _("Faster than planned"),
    "scrap": _("Scrap"),
    "value": _("Value added"),
    "fault": _("Fault, no reason given"),
    "stopped": _("Stopped, no reason given"),
    "waiting": _("Waiting, no reason given"),
    "setup": _("Set-up, no reason given"),
    "planned_off": _("Taken out of planned time"),
}
MEANING: dict[str, str | Promise] = {
    "planned": _("By the shift calendar."),
    "pbt": "PBT",
    "unknown": _("Nothing was heard of the machine: neither loss nor gain."),
    "apt": "APT",
    "speed": "APT − PRI × PQ",
    "gain": "PRI × PQ > APT",
    "scrap": "PRI × PQ × (1 − GQ / PQ)",
    "value": "PRI × GQ = OEE × (PBT − ?)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a chart; ``low, high`` and the line from ``before`` to ``after`` in percent of the axis."""

    words: str | Promise
    group: str | Promise
    length: int
    count: int
    low: float
    width: float
    before: float
    after: float
    state: str
    href: str
    role: str = "loss"


@require_safe
def pareto_page(request: HttpRequest) -> HttpResponse:
    """Show time lost by reason, the greatest first, with the running sum; by machine, shift and order beside it."""
    viewer, now = viewer_of(request), now_us()
    scope = read_scope(request, viewer, now)
    if scope is None:
        raise Http404
    found = losses(viewer, scope.ids, scope.start, scope.end, now=now)
    rows = _pareto(found.losses, found.lost, scope)
    context = {
        "losses": found,
        "rows": rows,
        "line": line_losses(viewer, scope.place.id, scope.start, scope.end, now=now),
        "may_be_line": scope.place.kind in LINE_KINDS and len(scope.machines) > 1,
        "sides": [
            (
                title,
                [(name, lost, count, 100 * lost / found.lost if found.lost else 0) for name, lost, count in table],
            )
            for title, table in (
                (_("By machine"), found.by_machine),
                (_("By shift"), found.by_shift),
                (_("By order"), found.by_order),
            )
        ],
        **frame_context(scope, "pareto"),
    }
    with live.by_the_clock_of(scope.site):
        return render(request, "factory/pareto.html", context)


def _pareto(found: tuple[Loss, ...], whole: int, scope: Scope) -> list[Row]:
    rows: list[Row] = []
    running = 0.0
    for loss in found[:MOST_BARS]:
        share = 100 * loss.lost / whole if whole else 0.0
        code = {"codes": loss.reason} if loss.reason else {"given": "none"}
        href = reverse("downtime") + scope.address(**code)
        words = loss.label or _("No reason given")
        state = ELEMENT_STATE.get(loss.element, "stopped") if loss.reason else "unknown"
        rows.append(Row(words, loss.group, loss.lost, loss.count, 0, share, running, running + share, state, href))
        running += share
    rest = found[MOST_BARS:]
    if rest:
        lost = sum(loss.lost for loss in rest)
        share = 100 * lost / whole
        count = sum(loss.count for loss in rest)
        href = reverse("downtime") + scope.address()
        rows.append(Row(_("All others"), "", lost, count, 0, share, running, 100.0, "stopped", href))
    return rows


@require_safe
def waterfall_page(request: HttpRequest) -> HttpResponse:
    """Show where planned time went: reasons, speed, scrap, value added; each bar opens its evidence."""
    viewer, now = viewer_of(request), now_us()
    scope = read_scope(request, viewer, now)
    if scope is None:
        raise Http404
    found = waterfall(viewer, scope.ids, scope.start, scope.end, now=now)
    context = {
        "fall": found,
        "rows": _fall(found, scope) if found else [],
        **frame_context(scope, "waterfall"),
    }
    with live.by_the_clock_of(scope.site):
        return render(request, "factory/waterfall.html", context)


def _fall(found: Waterfall, scope: Scope) -> list[Row]:
    whole = max([1, *(bar.length for bar in found.bars)])
    rows: list[Row] = []
    height = 0
    for bar in found.bars:
        before = height
        height = bar.length if bar.role != "loss" else height - bar.length
        low, high = (0, height) if bar.role != "loss" else sorted((before, height))
        words, group = _words(bar)
        rows.append(
            Row(
                words,
                group,
                bar.length if bar.role != "loss" else -bar.length,
                0,
                100 * low / whole,
                100 * (high - low) / whole,
                100 * before / whole,
                100 * height / whole,
                _state(bar),
                _evidence(bar, scope),
                bar.role,
            )
        )
    return rows


def _words(bar: Bar) -> tuple[str | Promise, str | Promise]:
    if bar.label:
        return bar.label, WORDS["planned_off"] if bar.what == "planned_off" else ""
    if bar.what == "speed":
        name = "speed" if bar.length >= 0 else "gain"
        return WORDS[name], MEANING[name]
    key = bar.state if bar.what in ("adet", "adot", "aust") else bar.what
    return WORDS.get(key, key), MEANING.get(bar.what, "")


def _state(bar: Bar) -> str:
    return {"speed": "waiting", "scrap": "fault", "planned": "planned_off", "pbt": "planned_off"}.get(
        bar.what, bar.state or "stopped"
    )


def _evidence(bar: Bar, scope: Scope) -> str:
    """Return where a bar comes from: its stops, or the figure of the machine if only one is looked at."""
    if bar.reason:
        return reverse("downtime") + scope.address(codes=bar.reason)
    if bar.what in ("adet", "adot", "aust"):
        return reverse("downtime") + scope.address(given="none", state=bar.state)
    if len(scope.machines) != 1:
        return reverse("site", args=[scope.site.id])
    figure = {"speed": "effectiveness", "scrap": "quality_ratio", "value": "oee"}.get(bar.what, "availability")
    address = reverse("figure", args=[scope.machines[0].id, figure])
    return f"{address}?start={scope.start // 1000}&end={scope.end // 1000}"
