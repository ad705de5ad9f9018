"""The guided form of an application: five steps, kept as they are typed, with the rules' state beside them."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chanye.domains.programme.actions import drafts
from chanye.domains.programme.evidence_door import measures_of
from chanye.domains.programme.pages import calls_words as words
from chanye.domains.programme.pages import typed
from chanye.domains.programme.pages.funding import firm_of, shared_words
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.queries import cases
from chanye.domains.programme.rules.eligibility import most
from chanye.domains.programme.rules.moves import OPEN_TO_FIRM
from chanye.domains.programme.types.applications import (
    ApplicationDraft,
    CostDraft,
    Dossier,
    EquipmentDraft,
    Lines,
    QuoteDraft,
)
from chanye.domains.programme.words import COST_KINDS
from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

ORDER = tuple(words.STEPS)
#: Empty rows offered below those that are there.
BLANK = 3


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, application_id: int, name: str) -> HttpResponse:
    """Show a step of the form, keep what is typed in it.

    What is typed is kept as it changes (htmx, which is answered by the state of the rules alone) and when the step
    is left.
    """
    viewer, step = firm_of(request), name
    if step not in ORDER:
        raise Http404
    if queries.application(viewer, application_id).state not in OPEN_TO_FIRM:
        return redirect("funding-application", application_id)
    fault, quiet = "", bool(request.headers.get("HX-Request"))
    if request.method == "POST":
        try:
            _save(request, viewer, application_id, step)
        except ConfigError as error:
            fault = str(error)
        else:
            if not quiet:
                return _onward(request, application_id, step)
    context = _context(viewer, application_id, step) | {"fault": fault, "kept": quiet and not fault}
    if quiet:
        return render(request, "programme/form_side.html", context)
    if fault:
        context |= {"typed": request.POST}
    return render(request, "programme/form.html", context, status=422 if fault else 200)


def _onward(request: HttpRequest, application_id: int, step: str) -> HttpResponse:
    if step == "submit":
        return redirect("funding-application", application_id)
    if "stay" in request.POST or "remove" in request.POST:
        return redirect("funding-edit", application_id, step)
    return redirect("funding-edit", application_id, ORDER[ORDER.index(step) + 1])


def _save(request: HttpRequest, viewer: Viewer, application_id: int, step: str) -> None:
    if step == "papers":
        _save_papers(request, viewer, application_id)
    elif step == "submit":
        drafts.submit_application(actor=viewer, application_id=application_id)
    elif step == "project":
        draft = _draft(request)
        drafts.save_draft(actor=viewer, application_id=application_id, draft=draft)
        if draft.asset_id and draft.measure and not queries.application(viewer, application_id).detectable:
            drafts.detect_effect(actor=viewer, application_id=application_id)
    else:
        lines = Lines(costs=_costs(request)) if step == "costs" else _machines(request)
        drafts.set_lines(actor=viewer, application_id=application_id, lines=lines)


def _draft(request: HttpRequest) -> ApplicationDraft:
    post = request.POST
    claim = typed.real(post.get("claim", ""))
    return ApplicationDraft(
        asset_id=typed.number_or_none(post.get("asset", "")),
        title=post.get("title", ""),
        project_code=post.get("project_code", ""),
        sector=post.get("sector", ""),
        upgrade_kind=post.get("upgrade_kind", ""),
        summary=post.get("summary", ""),
        requested=typed.amount(post.get("requested", "")),
        measure=post.get("measure", ""),
        method=post.get("method", ""),
        claim=None if claim is None else claim / 100,
        planned_start=typed.day(post.get("planned_start", "")),
        planned_finish=typed.day(post.get("planned_finish", "")),
    )


def _costs(request: HttpRequest) -> tuple[CostDraft, ...]:
    found = typed.rows(request.POST, "text", "amount", "kind", "eligible")
    return tuple(
        CostDraft(row["kind"], row["text"], typed.amount(row["amount"]), eligible=bool(row["eligible"]))
        for row in found
        if row["text"] or row["amount"]
    )


def _machines(request: HttpRequest) -> Lines:
    post = request.POST
    machines = typed.rows(post, "name", "model", "serial", "supplier", "price", "bought", "pieces", "asset")
    quotes = typed.rows(post, "item", "quoter", "quoter_code", "quoter_phone", "quoted", "dated", "chosen")
    return Lines(
        equipment=tuple(
            EquipmentDraft(
                row["name"],
                row["model"],
                row["serial"],
                row["supplier"],
                typed.amount(row["price"]),
                typed.whole(row["pieces"], empty=1),
                typed.day(row["bought"]),
                typed.number_or_none(row["asset"]),
            )
            for row in machines
            if row["name"] or row["serial"]
        ),
        quotes=tuple(
            QuoteDraft(
                row["quoter"],
                row["item"],
                typed.amount(row["quoted"]),
                row["quoter_code"],
                row["quoter_phone"],
                dated=typed.day(row["dated"]),
                chosen=bool(row["chosen"]),
            )
            for row in quotes
            if row["item"] or row["quoter"]
        ),
    )


def _save_papers(request: HttpRequest, viewer: Viewer, application_id: int) -> None:
    if "remove" in request.POST:
        number = typed.whole(request.POST["remove"])
        drafts.remove_document(actor=viewer, application_id=application_id, document_id=number)
        return
    upload = request.FILES.get("file")
    if upload is None or upload.file is None:
        if "stay" in request.POST:
            raise ConfigError(_("Choose a file first."))
        return
    drafts.add_document(
        actor=viewer,
        application_id=application_id,
        kind=request.POST.get("kind", ""),
        name=upload.name or "",
        data=cast("BinaryIO", upload.file),
        number=request.POST.get("number", ""),
    )


def _context(viewer: Viewer, application_id: int, step: str) -> dict[str, Any]:
    dossier = queries.dossier(viewer, application_id)
    call = cases.call_of(viewer, application_id)
    return {
        "one": dossier.head,
        "dossier": dossier,
        "call": call,
        "step": step,
        "steps": words.STEPS,
        "back": ORDER[ORDER.index(step) - 1] if step != ORDER[0] else "",
        "rulings": cases.rulings(viewer, application_id),
        "most": most(call, dossier.head.eligible_cost),
        **shared_words(),
        **_choices(viewer, dossier, step),
    }


def _choices(viewer: Viewer, dossier: Dossier, step: str) -> dict[str, Any]:
    if step == "costs":
        blank = [None] * max(1, BLANK - len(dossier.costs))
        return {"rows": [*enumerate([*dossier.costs, *blank])], "cost_kinds": COST_KINDS}
    if step == "machines":
        machines, quotes = [*dossier.equipment, None], [*dossier.quotes, *[None] * (1 if dossier.quotes else BLANK)]
        return {
            "machines": [*enumerate(machines)],
            "quotes": [*enumerate(quotes)],
            "assets": spine.assets(viewer, kinds=("work_unit", "work_centre")),
        }
    if step != "project":
        return {}
    found = measures_of(viewer, dossier.head.organisation_id)
    here = next((one.measures for one in found if one.asset_id == dossier.head.asset_id), ())
    places = {one.asset_id: one.asset for one in found} or {one.id: one.name for one in spine.assets(viewer)}
    if dossier.head.asset_id:
        places.setdefault(dossier.head.asset_id, dossier.head.asset)
    return {"places": places, "measurable": here}
