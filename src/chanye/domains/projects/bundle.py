"""What ``chanye verify ranking FILE`` asks: whether a bundle is what was published, without any database."""

from __future__ import annotations

from django.conf import settings

from chanye.domains.projects.rules.bundle import verify_bundle


def difference(data: bytes) -> str:
    """Return the first thing in a bundle that is not as published or not as recomputed, empty if there is none.

    Raises
    ------
    ConfigError
        If it is no bundle of a ranking.
    """
    if not settings.configured:
        settings.configure(USE_I18N=False)  # words of faults are translated where the product runs; here they are not
    return verify_bundle(data).fault
