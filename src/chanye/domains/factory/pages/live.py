"""What the live pages of the factory share: who looks, marks, answers that a browser may keep."""

from __future__ import annotations

from contextlib import AbstractContextManager
from hashlib import blake2b
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from chanye.parties.types import Viewer
from chanye.spine.types import AssetRef


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who looks."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by the viewer middleware
    return viewer


def mark(*things: object) -> str:
    """Return a short word that changes when anything in ``things`` does."""
    return blake2b(repr(things).encode(), digest_size=6).hexdigest()


def seen(now: int, age: int | None) -> int | None:
    """Return the second in which a machine was last heard of."""
    return None if age is None else (now - age) // 1_000_000 * 1_000_000


def revalidated(response: HttpResponse, etag: str) -> HttpResponse:
    """Let the browser keep the answer and ask each time whether it still holds."""
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def by_the_clock_of(asset: AssetRef) -> AbstractContextManager[None]:
    """Write times by an asset's own clock while a page is made."""
    held: AbstractContextManager[None] = timezone.override(ZoneInfo(asset.timezone))
    return held
