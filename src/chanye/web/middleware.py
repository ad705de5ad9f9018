"""The viewer of a request: who looks, for which organisation, in which roles."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from chanye.parties.types import PUBLIC


def viewer_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Put ``request.viewer`` there for every view."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.viewer = PUBLIC  # type: ignore[attr-defined]  # Django's request is open for attributes
        return get_response(request)

    return middleware
