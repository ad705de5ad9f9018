"""The evidence room over HTTP."""

from __future__ import annotations

from ninja import Router

from chanye.evidence.api import plans

router = Router()
router.add_router("", plans.router)

__all__ = ["router"]
