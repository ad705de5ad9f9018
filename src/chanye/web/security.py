"""What guards every answer: the content security policy, the largest body, and plain words for what is refused."""

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


#: Largest body of a request: a few pictures, or one large table. [bytes]
LARGEST_BODY = 64 << 20


def body_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body that is larger than anything the product takes, before a byte of it is put on the disk."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > LARGEST_BODY):
            return _refuse(request, _("Too large: send at most %(n)d MB at once.") % {"n": LARGEST_BODY >> 20}, 413)
        return get_response(request)

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
    return _refuse(request, text, 503)


def _refuse(request: HttpRequest, text: str, status: int) -> HttpResponse:
    """Say why it cannot be done; needs neither records nor templates to work."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": text}, status=status)
    title = _("This cannot be done now")
    page = f'<!doctype html><meta charset="utf-8"><title>{title}</title><h1>{title}</h1><p>{escape(text)}</p>'
    return HttpResponse(page, status=status)
