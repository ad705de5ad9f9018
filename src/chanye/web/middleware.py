"""The viewer of a request: who looks, for which organisation, in which roles.

Pages know their viewer by the session. Programs know theirs by ``Authorization: Bearer`` under ``/api/``, where a
session opens nothing but reading, so that no foreign page can make a browser write there. In the demo a visitor
from this very machine is the demo engineer.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from chanye.parties.identity import person_by_username, viewer_for, viewer_for_token
from chanye.parties.types import PUBLIC, Viewer

DEMO_USERNAME = "demo"
_READS = {"GET", "HEAD", "OPTIONS"}

Handler = Callable[[HttpRequest], HttpResponse]


def viewer_middleware(get_response: Handler) -> Handler:
    """Put ``request.viewer`` there for every view; answer 401 to a bad token."""

    def middleware(request: HttpRequest) -> HttpResponse:
        viewer = _viewer_of_program(request) if request.path.startswith("/api/") else _viewer_of_page(request)
        if viewer is None:
            answer = JsonResponse({"detail": _("The token is not valid: create a new one.")}, status=401)
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        request.viewer = viewer  # type: ignore[attr-defined]  # Django's request is open for attributes
        return get_response(request)

    return middleware


def sign_in_middleware(get_response: Handler) -> Handler:
    """Close every page to whoever is not signed in, but those that say of themselves that they are open.

    A page is open if its view has ``login_required`` False (``django.contrib.auth.decorators.login_not_required``).
    The answer is the same for what exists and what does not; it asks to sign in and leads back. The API answers for
    itself.
    """

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            return get_response(request)

        def process_view(self, request: HttpRequest, view: Callable[..., object], *_: object) -> None:
            viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by viewer_middleware
            known = viewer.system or viewer.person_id is not None or viewer.organisation_id is not None
            if not known and getattr(view, "login_required", True) and not request.path.startswith("/api/"):
                raise Http404

    return Middleware()


def _viewer_of_program(request: HttpRequest) -> Viewer | None:
    """Return the viewer of a request to ``/api/``, None if its token is not valid."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        # No cookie speaks for this request, so no foreign page can have forged it.
        request.csrf_processing_done = True  # type: ignore[attr-defined]  # where Django looks for it
        return viewer_for_token(secret.strip())
    return _viewer_of_page(request) if request.method in _READS else PUBLIC


def _viewer_of_page(request: HttpRequest) -> Viewer:
    user = request.user
    if user.is_authenticated:
        return viewer_for(user.pk)
    if settings.CHANYE.demo and is_local(request):
        person = person_by_username(DEMO_USERNAME)
        if person is not None:
            request.user = person
            return viewer_for(person.pk)
    return PUBLIC


def is_local(request: HttpRequest) -> bool:
    """Tell whether the client is on this machine and not behind a proxy on it."""
    if any(request.headers.get(name) for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
