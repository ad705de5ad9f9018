"""Pages of webhooks: all of an organisation, one with its events, one event with the answer it got."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.pages import signed_in
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.parties.webhooks import actions, queries
from chanye.parties.webhooks.kinds import known_kinds
from chanye.parties.webhooks.types import DEAD, DELIVERED, WAITING, DeliveryRef, WebhookRef
from chanye.sheets import Column, Sheet

STATES = {
    WAITING: pgettext_lazy("event", "waiting"),
    DELIVERED: pgettext_lazy("event", "taken"),
    DEAD: pgettext_lazy("event", "given up"),
}


def health(hook: WebhookRef) -> str:
    """Return how a webhook is doing: ``working``, ``failing`` or ``paused``."""
    if not hook.active:
        return "paused"
    return "failing" if hook.failures else "working"


HEALTH = {
    "working": pgettext_lazy("webhook", "working"),
    "failing": pgettext_lazy("webhook", "failing"),
    "paused": pgettext_lazy("webhook", "paused"),
}
#: How each is drawn: a class of machine states, which have colours and shapes.
HEALTH_LOOK = {"working": "running", "failing": "stopped", "paused": "planned_off"}

WEBHOOKS = Sheet(
    "webhooks",
    gettext_lazy("Webhooks"),
    (
        Column("name", gettext_lazy("Name"), width=20),
        Column("health", gettext_lazy("State"), "choice", choices=HEALTH, read=health),
        Column("url", gettext_lazy("Address"), width=40),
        Column("kinds", gettext_lazy("Events"), read=lambda row: ", ".join(row.kinds), sortable=False, width=30),
        Column("waiting", gettext_lazy("Waiting"), "integer"),
        Column("delivered", gettext_lazy("Taken"), "integer"),
        Column("dead", gettext_lazy("Given up"), "integer"),
    ),
    order="name",
    href=lambda row: reverse("webhook", args=(row.id,)),
)
DELIVERIES = Sheet(
    "webhook-events",
    gettext_lazy("Events"),
    (
        Column("created_at", gettext_lazy("Time"), "moment"),
        Column("kind", gettext_lazy("Event"), width=24),
        Column("target", gettext_lazy("Thing"), width=24),
        Column("state", gettext_lazy("State"), "choice", choices=STATES),
        Column("attempts", gettext_lazy("Attempts"), "integer"),
        Column("status", gettext_lazy("Answer"), "integer"),
        Column("answer", gettext_lazy("What it said"), sortable=False, width=40, listed=False),
        Column("event_id", gettext_lazy("Number"), sortable=False, width=30, listed=False),
    ),
    order="-created_at",
    href=lambda row: reverse("webhook-event", args=(row.id,)),
)


class WebhookForm(forms.Form):
    """What is told to whom."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        widget=forms.TextInput({"inputmode": "url", "placeholder": "https://erp.example/in", "spellcheck": "false"}),
    )
    kinds = forms.CharField(
        label=gettext_lazy("Events"),
        max_length=4000,
        initial="*",
        help_text=gettext_lazy("As order.released, order.* or * for all; separated by commas."),
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"}),
    )


class NewWebhookForm(WebhookForm):
    """The same with a secret, which is given only once."""

    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Leave it empty to get one."),
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    return viewer


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def webhooks_page(request: HttpRequest) -> HttpResponseBase:
    """List the webhooks; add one, whose secret is shown this once."""
    viewer, made, secret = _viewer(request), None, ""
    form = NewWebhookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        organisation_id = viewer.organisation_id or 0
        try:
            number, secret = actions.add_webhook(actor=viewer, organisation_id=organisation_id, **form.cleaned_data)
        except ConfigError as error:
            form.add_error(None, str(error))
        else:
            made, form = queries.webhook(viewer, number), NewWebhookForm()
    rows = WEBHOOKS.read(request.GET).apply(queries.webhooks(viewer))
    return WEBHOOKS.page(
        request,
        rows,
        template="parties/webhooks.html",
        form=form,
        made=made,
        secret=secret,
        kinds=known_kinds(),
        may_manage=may(viewer, "manage_webhooks", viewer.organisation_id),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_page(request: HttpRequest, webhook_id: int) -> HttpResponseBase:
    """Show one webhook and its events; change what it is told."""
    viewer = _viewer(request)
    hook = queries.webhook(viewer, webhook_id)
    kept = {"name": hook.name, "url": hook.url, "kinds": ", ".join(hook.kinds)}
    form = WebhookForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_valid():
        try:
            actions.change_webhook(actor=viewer, webhook_id=webhook_id, **form.cleaned_data)
        except ConfigError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The webhook is changed."))
            return redirect("webhook", webhook_id)
    rows = queries.delivery_rows(viewer, webhook_id, DELIVERIES.read(request.GET))
    return DELIVERIES.page(request, rows, template="parties/webhook.html", **_about(viewer, hook), form=form)


def _about(viewer: Viewer, hook: WebhookRef) -> dict[str, Any]:
    now, how = now_us(), health(hook)
    return {
        "hook": hook,
        "health": HEALTH[how],
        "look": HEALTH_LOOK[how],
        "now": now,
        "next": hook.due_at - now if hook.active and hook.due_at > now else 0,
        "may_manage": may(viewer, "manage_webhooks", hook.organisation_id),
    }


@require_POST
def webhook_deed(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Test, pause, resume or delete a webhook, as ``deed`` says."""
    viewer = _viewer(request)
    deeds: Mapping[str, tuple[Callable[[], None], str]] = {
        "test": (
            lambda: actions.ping_webhook(actor=viewer, webhook_id=webhook_id),
            _("A test is on its way; what was answered stands below in a moment."),
        ),
        "pause": (
            lambda: actions.switch_webhook(actor=viewer, webhook_id=webhook_id, active=False),
            _("Paused: events wait until it goes on."),
        ),
        "resume": (
            lambda: actions.switch_webhook(actor=viewer, webhook_id=webhook_id, active=True),
            _("It goes on: what waited is sent in order."),
        ),
        "delete": (lambda: actions.delete_webhook(actor=viewer, webhook_id=webhook_id), _("The webhook is deleted.")),
    }
    name = request.POST.get("deed", "")
    queries.webhook(viewer, webhook_id)
    if name in deeds:
        do, said = deeds[name]
        do()
        messages.success(request, said)
    return redirect("webhooks") if name == "delete" else redirect("webhook", webhook_id)


@never_cache
@require_safe
def event_page(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Show one event: what was sent and what was answered."""
    viewer = _viewer(request)
    delivery = queries.delivery(viewer, delivery_id)
    about = _about(viewer, queries.webhook(viewer, delivery.webhook_id))
    return render(request, "parties/webhook_event.html", about | {"event": delivery, "state": _state(delivery)})


def _state(delivery: DeliveryRef) -> dict[str, str]:
    look = {WAITING: "waiting", DELIVERED: "running", DEAD: "fault"}[delivery.state]
    return {"look": look, "words": str(STATES[delivery.state])}


@require_POST
def send_again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send an event once more."""
    try:
        actions.send_again(actor=_viewer(request), delivery_id=delivery_id)
    except ConfigError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is sent again under its own number."))
    return redirect("webhook-event", delivery_id)
