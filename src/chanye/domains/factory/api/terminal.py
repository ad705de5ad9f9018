"""What a terminal shows, over HTTP: asked for every two seconds, answered 304 while nothing changes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from ninja import Router

from chanye.domains.factory.queries import andon
from chanye.domains.factory.queries import terminal as queries
from chanye.domains.factory.types.terminal import Call, TerminalState
from chanye.kernel.time import now_us
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["terminal"])


@router.get("/factory/terminal", response={200: TerminalState, **PROBLEMS}, summary="What a terminal shows")
def get_terminal(request: HttpRequest, place: str = "") -> HttpResponse:
    """Return all that a terminal shows of a machine or work centre; without a place, the places to choose from.

    Send the ETag back to learn whether anything changed. ``Server-Time`` is the server's clock, us UTC, on every
    answer: terminals date what they book by it.
    """
    viewer, now = viewer_of(request), now_us()
    etag, body = queries.answer(viewer, place, now=now, language=get_language() or "")
    same = request.headers.get("If-None-Match", "").removeprefix("W/") == etag
    response = HttpResponse(status=304) if same else HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Server-Time"] = str(now)
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language", "Authorization"])
    return response


@router.get("/factory/calls", response={200: list[Call], **PROBLEMS}, summary="Open calls for help")
def get_calls(request: HttpRequest) -> list[Call]:
    """Return the calls for help that nobody has closed yet, oldest first."""
    return andon.open_calls(viewer_of(request))
