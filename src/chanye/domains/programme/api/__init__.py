"""The programme room over HTTP."""

from __future__ import annotations

from ninja import Router

from chanye.domains.programme.api import applications, awards, certificates, ledger

router = Router()
for subject in (applications, awards, ledger, certificates):
    router.add_router("/programme", subject.router)

__all__ = ["router"]
