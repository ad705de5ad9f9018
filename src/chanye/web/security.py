"""The content security policy: scripts only from here, or with the nonce of this very answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import get_resolver
from django.utils.html import escape
from django.utils.translation import gettext as _

from chanye.kernel.errors import DeniedError, TransientError

log = logging.getLogger(__name__)

# Style *attributes* are allowed: charts and coverage bars set sizes with them; style elements are not.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def csp_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Give every request ``csp_nonce`` and every page the policy that names it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]  # open for attributes
        response = get_response(request)
        if "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = POLICY.format(nonce=request.csp_nonce)  # type: ignore[attr-defined]  # set above
        return response

    return middleware


def denied_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer "not found" where a viewer may not see a thing, and say what to do where something cannot be done now.

    Whether a thing exists is not told to whom may not see it.
    """

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            return get_response(request)

        def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
            if isinstance(exception, DeniedError):
                not_found: Any = get_resolver().resolve_error_handler(404)
                answer: HttpResponse = not_found(request, exception=Http404(str(exception)))
                return answer
            if isinstance(exception, OperationalError):
                log.warning("records cannot be read or written", exc_info=exception)
                return _not_now(
                    request,
                    _("The records cannot be read or written now. Free disk space on the server, then try again."),
                )
            if isinstance(exception, TransientError):
                log.warning("cannot be done now", exc_info=exception)
                return _not_now(request, str(exception))
            return None

    return Middleware()


def _not_now(request: HttpRequest, text: str) -> HttpResponse:
    """Say why it cannot be done now; needs neither records nor templates to work."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": text}, status=503)
    title = _("This cannot be done now")
    page = f'<!doctype html><meta charset="utf-8"><title>{title}</title><h1>{title}</h1><p>{escape(text)}</p>'
    return HttpResponse(page, status=503)
