"""Pages of the room: sign-in, organisation switch, own tokens and password, members, audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, from_us, now_us
from chanye.parties import actions, queries
from chanye.parties.models import Person
from chanye.parties.rules import may, require
from chanye.parties.sign_in import sign_in
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"

AUDIT = Sheet(
    "audit",
    gettext_lazy("Audit log"),
    (
        Column("sequence", gettext_lazy("Number"), "integer"),
        Column("at", gettext_lazy("Time"), "moment"),
        Column("actor", gettext_lazy("Who"), width=20),
        Column("verb", gettext_lazy("Deed"), width=24),
        Column("target", gettext_lazy("Thing"), width=30),
        Column(
            "detail",
            gettext_lazy("Detail"),
            read=lambda row: audit_detail(row.detail),
            sortable=False,
            filter="none",
            width=60,
        ),
    ),
    order="-sequence",
)

#: role -> the word people use for it.
ROLE_WORDS = {
    "operator": pgettext_lazy("role", "Operator"),
    "planner": pgettext_lazy("role", "Planner"),
    "quality": pgettext_lazy("role", "Quality"),
    "maintenance": pgettext_lazy("role", "Maintenance"),
    "engineer": pgettext_lazy("role", "Engineer"),
    "manager": pgettext_lazy("role", "Manager"),
    "grower": pgettext_lazy("role", "Grower"),
    "dispatcher": pgettext_lazy("role", "Dispatcher"),
    "warehouse": pgettext_lazy("role", "Warehouse"),
    "driver": pgettext_lazy("role", "Driver"),
    "officer": pgettext_lazy("role", "Officer"),
    "reviewer": pgettext_lazy("role", "Reviewer"),
    "finance": pgettext_lazy("role", "Finance"),
    "auditor": pgettext_lazy("role", "Auditor"),
    "admin": pgettext_lazy("role", "Administrator"),
}


class SignInForm(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        widget=forms.TextInput({"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=500,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    """The old password and a new one."""

    old_password = forms.CharField(
        label=gettext_lazy("Old password"),
        max_length=500,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=500,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class TokenForm(forms.Form):
    """What a token is for and how long it lives."""

    name = forms.CharField(label=gettext_lazy("What it is for"), max_length=100)
    days = forms.IntegerField(label=gettext_lazy("Valid for"), min_value=1, max_value=3650, initial=365)


class MemberForm(forms.Form):
    """A user name and the role to give; a name and password where the person is new."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=100)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=tuple(ROLE_WORDS.items()))
    name = forms.CharField(label=gettext_lazy("Name, for a new person"), max_length=100, required=False)
    password = forms.CharField(
        label=gettext_lazy("First password, for a new person"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
    return viewer


Page = Callable[[HttpRequest], HttpResponseBase]


def signed_in(view: Page) -> Page:
    """Send whoever is not signed in to the sign-in page, and back afterwards."""

    def page(request: HttpRequest) -> HttpResponseBase:
        if _viewer(request).person_id is None:
            return redirect(f"{resolve_url('sign-in')}?next={request.path}")
        return view(request)

    page.__doc__ = view.__doc__
    return login_not_required(page)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Ask for user name and password."""
    form = SignInForm(request.POST or None)
    onward = request.POST.get("next") or request.GET.get("next") or ""
    if form.is_valid():
        address = request.META.get("REMOTE_ADDR", "")
        found = sign_in(**form.cleaned_data, address=address)
        if found.person_id is not None:
            person = Person.objects.get(pk=found.person_id)
            login(request, person, backend=MODEL_BACKEND)
            safe = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
            return redirect(onward if safe else "home")
        form.add_error(None, _refusal(found.wait_seconds))
    status = 200 if request.method != "POST" else 422
    context = {"form": form, "next": onward, "new": queries.is_new(_viewer(request))}
    return render(request, "parties/sign_in.html", context, status=status)


def _refusal(wait: int) -> str:
    if not wait:
        return _("User name and password do not match: check both, and the caps lock.")
    return ngettext(
        "Too many failed attempts: wait %(n)d second, then try again.",
        "Too many failed attempts: wait %(n)d seconds, then try again.",
        wait,
    ) % {"n": wait}


@require_POST
def sign_out_page(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign-in")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def switch_page(request: HttpRequest) -> HttpResponse:
    """Choose the organisation to look at."""
    viewer = _viewer(request)
    wanted = request.POST.get("organisation", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        actions.switch_organisation(actor=viewer, organisation_id=int(wanted))
        return redirect("home")
    return render(request, "parties/organisations.html", {"organisations": queries.memberships(viewer)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def tokens_page(request: HttpRequest) -> HttpResponse:
    """List tokens, make one, revoke one; the secret of a new one is shown this once."""
    viewer = _viewer(request)
    secret = ""
    revoke = request.POST.get("revoke", "")
    form = TokenForm(request.POST if request.method == "POST" and not revoke else None)

    def deed() -> None:
        nonlocal secret, form
        if revoke:
            actions.revoke_api_token(actor=viewer, token_id=_number(revoke))
        elif form.is_valid():
            expires = now_us() + form.cleaned_data["days"] * DAY
            _id, secret = actions.create_api_token(actor=viewer, name=form.cleaned_data["name"], expires_at=expires)
            form = TokenForm()

    if request.method == "POST":
        _try(request, deed)
    rows = [
        {"ref": t, "created": from_us(t.created_at), "expires": _moment(t.expires_at)} for t in queries.tokens(viewer)
    ]
    may_create = may(viewer, "create_token", viewer.organisation_id)
    context = {"form": form, "secret": secret, "tokens": rows, "may_create": may_create}
    return render(request, "parties/tokens.html", context)


@never_cache
@sensitive_post_parameters("password", "old_password")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def password_page(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    viewer = _viewer(request)
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            actions.set_password(actor=viewer, person_id=viewer.person_id or 0, **form.cleaned_data)
        except ConfigError as error:
            form.add_error(None, str(error))
        else:
            update_session_auth_hash(request, Person.objects.get(pk=viewer.person_id or 0))
            messages.success(request, _("The password is changed."))
            return redirect("home")
    return render(request, "parties/password.html", {"form": form})


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def people_page(request: HttpRequest) -> HttpResponse:
    """List the members and their roles; give and take roles."""
    viewer = _viewer(request)
    organisation_id = viewer.organisation_id or 0
    require(viewer, "read_members", organisation_id)
    take = request.POST.get("take", "")
    form = MemberForm(request.POST if request.method == "POST" and not take else None)

    def deed() -> None:
        nonlocal form
        if take:
            person, _colon, role = take.partition(":")
            actions.remove_member(actor=viewer, organisation_id=organisation_id, person_id=_number(person), role=role)
        elif form.is_valid():
            _give(viewer, organisation_id, form.cleaned_data)
            form = MemberForm()

    if request.method == "POST":
        _try(request, deed)
    context = {
        "form": form,
        "people": [
            {"ref": m, "roles": [(role, ROLE_WORDS.get(role, role)) for role in m.roles]}
            for m in queries.members(viewer, organisation_id)
        ],
        "may_manage": may(viewer, "manage_members", organisation_id),
        "may_see_webhooks": may(viewer, "read_webhooks", organisation_id),
        "organisation": queries.organisation(viewer),
    }
    return render(request, "parties/people.html", context)


@never_cache
@require_safe
@signed_in
def audit_page(request: HttpRequest) -> HttpResponseBase:
    """List who did what, newest first."""
    rows = queries.audit_trail(_viewer(request), AUDIT.read(request.GET))
    return AUDIT.page(request, rows, template="parties/audit.html")


def audit_detail(detail: Mapping[str, object]) -> str:
    """Return the detail of an audit row as one line."""
    return ", ".join(f"{key} {value}" for key, value in detail.items())


def _give(viewer: Viewer, organisation_id: int, data: dict[str, Any]) -> None:
    person_id = queries.person_id_of(viewer, data["username"])
    if person_id is not None:
        actions.add_member(actor=viewer, organisation_id=organisation_id, person_id=person_id, role=data["role"])
        return
    if not data["password"]:
        raise ConfigError(_("Nobody has this user name: give a name and a first password to create the person."))
    actions.create_person(actor=viewer, organisation_id=organisation_id, **data)


def _try(request: HttpRequest, deed: Callable[[], None]) -> None:
    """Do it, and show what a person must change where it is refused."""
    try:
        deed()
    except ConfigError as error:
        messages.error(request, str(error))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ConfigError(_("The page was out of date: reload it and try again."))
    return int(text)


def _moment(us: int | None) -> object:
    return None if us is None else from_us(us)
