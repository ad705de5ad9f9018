"""The editor of a call: its words and its rules, each with the clause it stands on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from chanye.domains.programme.actions import calls
from chanye.domains.programme.days import today
from chanye.domains.programme.evidence_door import measure_words
from chanye.domains.programme.pages import calls_words as words
from chanye.domains.programme.pages import typed
from chanye.domains.programme.pages.office import office_of
from chanye.domains.programme.queries import calls as queries
from chanye.domains.programme.rules.kinds import KINDS, NEEDED, Field
from chanye.domains.programme.types.calls import Rule
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require

YEARS = 5


@require_http_methods(["GET", "HEAD", "POST"])
def new_call(request: HttpRequest) -> HttpResponse:
    """Make a call from the starter set, or from the rules of an earlier call."""
    viewer, fault = office_of(request), ""
    require(viewer, "run_calls", viewer.organisation_id)
    if request.method == "POST":
        post = request.POST
        try:
            number = _create(viewer, post)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("programme-call", number)
    context = {"calls": queries.calls(viewer), "year": today().year, "fault": fault, "sent": request.POST}
    return render(request, "programme/call_new.html", context, status=422 if fault else 200)


def _create(viewer: Any, post: QueryDict) -> int:
    code, office = post.get("code", ""), viewer.organisation_id or 0
    if not post.get("copy"):
        year = typed.whole(post.get("year", ""))
        return calls.create_starter_call(actor=viewer, office_id=office, code=code, year=year)
    old = queries.call(viewer, typed.whole(post.get("copy", "")))
    title = post.get("title", "") or old.title
    return calls.create_call(
        actor=viewer,
        office_id=office,
        code=code,
        title=title,
        rules=old.rules,
        summary=old.summary,
        authority=old.authority,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest, call_id: int) -> HttpResponse:
    """Show a call and its rules; change, open or close it."""
    viewer, fault = office_of(request), ""
    found = queries.call(viewer, call_id)
    if request.method == "POST":
        try:
            _act(request, viewer, call_id)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("programme-call", call_id)
    held = {rule.kind: rule for rule in found.rules}
    context = {
        "call": found,
        "fault": fault,
        "rules": [_drawn(kind, held.get(kind), request.POST if fault else None) for kind in KINDS],
        "may_run": may(viewer, "run_calls", found.office_id),
        "call_states": words.CALL_STATES,
        "call_tones": words.CALL_TONES,
    }
    return render(request, "programme/call.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, viewer: Any, call_id: int) -> None:
    post = request.POST
    if post.get("do") in ("open", "closed"):
        calls.set_call_state(actor=viewer, call_id=call_id, state=post["do"])
        return
    rules = tuple(_read(kind, post) for kind in KINDS if post.get(f"use-{kind}"))
    calls.change_call(
        actor=viewer,
        call_id=call_id,
        title=post.get("title", ""),
        summary=post.get("summary", ""),
        authority=post.get("authority", ""),
        rules=rules,
    )


def _read(kind: str, post: QueryDict) -> Rule:
    value = {one.name: _value(one, f"{kind}-{one.name}", post) for one in KINDS[kind].fields}
    return Rule(kind, value, post.get(f"clause-{kind}", "")[:1000])


def _value(one: Field, name: str, post: QueryDict) -> Any:
    text = post.get(name, "").strip()
    if one.kind == "money":
        return typed.amount(text)
    if one.kind == "share":
        share = typed.real(text)
        return None if share is None else share / 100
    if one.kind == "whole":
        return typed.whole(text)
    if one.kind == "codes":
        return post.getlist(name)
    if one.kind == "years":
        pairs = ((post.get(f"{name}-year-{i}", "").strip(), post.get(f"{name}-sum-{i}", "")) for i in range(YEARS))
        return {year: typed.amount(fen) for year, fen in pairs if year}
    if one.kind == "weights":
        found = {code: typed.whole(post.get(f"{name}-{code}", "")) for code in one.choices}
        return {code: weight for code, weight in found.items() if weight}
    return text


def _drawn(kind: str, rule: Rule | None, post: QueryDict | None) -> dict[str, Any]:
    """Return how a rule is drawn: its fields with what is held, or with what was just typed."""
    of = KINDS[kind]
    return {
        "kind": kind,
        "label": of.label,
        "needed": kind in NEEDED,
        "used": rule is not None if post is None else bool(post.get(f"use-{kind}")),
        "clause": (rule.clause if rule else "") if post is None else post.get(f"clause-{kind}", ""),
        "fields": [_field(kind, one, rule, post) for one in of.fields],
    }


def _field(kind: str, one: Field, rule: Rule | None, post: QueryDict | None) -> dict[str, Any]:
    name = f"{kind}-{one.name}"
    value = rule.value.get(one.name) if rule else None
    drawn: dict[str, Any] = {"name": name, "label": one.label, "kind": one.kind, "text": ""}
    if one.kind == "codes":
        chosen = (value or []) if post is None else post.getlist(name)
        choices = one.choices or measure_words() | {code: code for code in chosen if code not in measure_words()}
        drawn["choices"] = [(code, word, code in chosen) for code, word in choices.items()]
    elif one.kind == "years":
        held = [*(value or {}).items()]
        held += [("", None)] if len(held) < YEARS else []
        drawn["years"] = [(i, year, "" if fen is None else typed.yuan(fen)) for i, (year, fen) in enumerate(held)]
    elif one.kind == "weights":
        drawn["weights"] = [(code, word, (value or {}).get(code, "")) for code, word in one.choices.items()]
    elif post is not None:
        drawn["text"] = post.get(name, "")
    elif value is not None:
        drawn["text"] = _shown(one.kind, value)
    return drawn


def _shown(kind: str, value: Any) -> str:
    if kind == "money":
        return typed.yuan(value)
    return f"{100 * value:g}" if kind == "share" else str(value)
