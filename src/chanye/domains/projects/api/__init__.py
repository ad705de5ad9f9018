"""The projects room over HTTP."""

from __future__ import annotations

from ninja import Router

from chanye.domains.projects.api import pipeline

router = Router()
router.add_router("", pipeline.router)

__all__ = ["router"]
