"""The programme room over HTTP."""

from __future__ import annotations

from ninja import Router

router = Router()

__all__ = ["router"]
