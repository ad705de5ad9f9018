"""The factory room over HTTP."""

from __future__ import annotations

from ninja import Router

from chanye.domains.factory.api import energy, machines, maintenance, orders, terminal

router = Router()
for _part in (energy, machines, maintenance, orders, terminal):
    router.add_router("", _part.router)

__all__ = ["router"]
