"""The programme room over HTTP."""

from __future__ import annotations

from ninja import Router

from chanye.domains.programme.api import applications

router = Router()
router.add_router("/programme", applications.router)

__all__ = ["router"]
