"""What every template knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from chanye.parties import queries as parties
from chanye.parties.rules import permissions_of
from chanye.parties.types import PUBLIC, Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef
from chanye.web.rooms import doors

THEMES = ("light", "dark")


def _sites(viewer: Viewer) -> list[AssetRef]:
    return spine.sites(viewer)


def _address(name: str) -> str:
    """Return the address called ``name``, or nothing in an installation without it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def chanye(request: HttpRequest) -> dict[str, Any]:
    """Return the viewer, the doors, the theme and installation facts."""
    viewer = getattr(request, "viewer", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "viewer": viewer,
        "demo": settings.CHANYE.demo,
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "doors": doors(viewer, request.path),
        "theme": theme if theme in THEMES else "",
        "organisations": SimpleLazyObject(lambda: parties.memberships(viewer or PUBLIC)),
        "organisation": SimpleLazyObject(lambda: parties.organisation(viewer or PUBLIC)),
        "sites": SimpleLazyObject(lambda: _sites(viewer or PUBLIC)),
        "webhooks_url": _address("webhooks") if viewer and "read_webhooks" in permissions_of(viewer) else "",
        "sign_in_url": _address("sign-in"),
        "sign_out_url": _address("sign-out"),
        "switch_url": _address("switch-organisation"),
        "wall": request.GET.get("wall") == "1",
    }
