"""The factory room over HTTP."""

from __future__ import annotations

from ninja import Router

from chanye.domains.factory.api import (
    downtime,
    energy,
    erp,
    machines,
    maintenance,
    master,
    measures,
    orders,
    quality,
    terminal,
)

router = Router()
for _part in (downtime, energy, erp, machines, maintenance, master, measures, orders, quality, terminal):
    router.add_router("", _part.router)

__all__ = ["router"]
