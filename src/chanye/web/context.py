"""What every template knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def chanye(request: HttpRequest) -> dict[str, object]:
    """Return the viewer and installation facts."""
    return {"viewer": getattr(request, "viewer", None), "demo": settings.CHANYE.demo}
