"""The factory room over HTTP."""

from chanye.domains.factory.api.machines import router

__all__ = ["router"]
