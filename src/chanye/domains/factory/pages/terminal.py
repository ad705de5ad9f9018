"""The operator terminal: its shell, its service worker, and the door for what it books."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from chanye.domains.factory.actions import inbox
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.pages.terminal_words import words
from chanye.domains.factory.queries import terminal as queries
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us

#: What the shell is made of, beside its page.
FILES = (
    "chanye/tokens.css",
    "chanye/terminal/terminal.css",
    "chanye/terminal/queue.js",
    "chanye/terminal/model.js",
    "chanye/terminal/draw.js",
    "chanye/terminal/scan.js",
    "chanye/terminal/terminal.js",
    "chanye/icon.svg",
)
LANGUAGES = ("zh-hans", "en")


@ensure_csrf_cookie
@never_cache
@require_safe
def shell(request: HttpRequest, code: str = "") -> HttpResponse:
    """Show the terminal of a machine, or the machines to choose from; the page itself holds no data."""
    viewer = viewer_of(request)
    if viewer.organisation_id is None:
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}")
    if code:
        queries.place_by_code(viewer, code)
    return render(request, "factory/terminal.html", {"words": _words(), "version": _version()})


def _words() -> dict[str, dict[str, str]]:
    """Return all words of the terminal in all languages: it changes language without asking the server."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = words()
    return found


@lru_cache(maxsize=1)
def _version() -> str:
    """Return a word that changes with any file of the terminal."""
    digest = blake2b(digest_size=8)
    here = Path(__file__).parent.parent / "templates" / "factory" / "terminal.html"
    for name in (*map(finders.find, (*FILES, "chanye/terminal/worker.js")), here):
        digest.update(Path(str(name)).read_bytes())
    digest.update(json.dumps(_words()).encode())
    return digest.hexdigest()


@never_cache
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Send the service worker of ``/terminal/``; its first line changes with any file of the terminal."""
    if viewer_of(request).organisation_id is None:
        return HttpResponse(status=401)
    files = [static(name) for name in FILES]
    head = f'const VERSION = "{_version()}", FILES = {json.dumps(files)}, SHELL = "{reverse("terminal")}";\n'
    body = Path(str(finders.find("chanye/terminal/worker.js"))).read_text(encoding="utf-8")
    response = HttpResponse(head + body, content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = reverse("terminal")
    return response


@never_cache
@require_POST
def book(request: HttpRequest) -> HttpResponse:
    """Take what a terminal has kept: the inbox of the API for a signed-in session, which must send its CSRF token."""
    viewer = viewer_of(request)
    if viewer.organisation_id is None:
        return _say(401, _("Sign in again: what was booked meanwhile is kept on this terminal."))
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        asked = None
    entries = asked.get("entries") if isinstance(asked, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        return _say(422, _("Send JSON with a list of entries."))
    terminal = asked.get("terminal")
    try:
        found = inbox.receive_entries(
            actor=viewer,
            organisation_id=viewer.organisation_id,
            terminal=terminal if isinstance(terminal, str) else "",
            entries=entries,
        )
    except ConfigError as problem:
        return _say(422, str(problem))
    except DeniedError as problem:
        return _say(403, str(problem))
    outcomes = [{"key": o.key, "outcome": o.outcome, "why": o.why, "target": o.target} for o in found]
    return JsonResponse({"outcomes": outcomes, "now": now_us()})


def _say(status: int, text: str) -> JsonResponse:
    return JsonResponse({"what_to_do": text}, status=status)


urlpatterns = [
    path("terminal/", login_not_required(shell), name="terminal"),
    path("terminal/worker.js", login_not_required(worker), name="terminal-worker"),
    path("terminal/inbox", login_not_required(book), name="terminal-inbox"),
    path("terminal/<path:code>/", login_not_required(shell), name="terminal-place"),
]
