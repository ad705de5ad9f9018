"""The first organisation, site and person of an installation."""

from __future__ import annotations

import secrets
from zoneinfo import available_timezones

from django.core.management import call_command
from django.db import transaction

from chanye.kernel.errors import ConfigError
from chanye.parties import actions as parties
from chanye.parties import queries as people
from chanye.parties.types import SYSTEM
from chanye.spine import actions as spine


def init(organisation: str, *, name: str, site: str, site_name: str, person: str, timezone: str) -> str:
    """Make the records ready, and in them an organisation, its first site and its administrator.

    Parameters
    ----------
    organisation, site
        Codes, which become part of paths.
    name, site_name
        What people read; the codes if empty.
    person
        User name of the administrator.
    timezone
        IANA name of the site's time zone.

    Returns
    -------
    str
        The administrator's password, made here and stored nowhere in clear.

    Raises
    ------
    ConfigError
        If the organisation is there already or the time zone unknown; nothing is changed then.
    """
    if timezone not in available_timezones():
        raise ConfigError(f"There is no time zone {timezone}; write it like Asia/Shanghai.")
    call_command("migrate", verbosity=0, interactive=False)
    if any(known.code == organisation for known in people.organisations(SYSTEM)):
        raise ConfigError(f"The organisation {organisation} is there already; sign in, or choose another code.")
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        number = parties.create_organisation(actor=SYSTEM, code=organisation, name=name or organisation)
        parties.create_person(
            actor=SYSTEM, organisation_id=number, username=person, name=person, role="admin", password=password
        )
        root = spine.ensure_asset(
            actor=SYSTEM,
            organisation_id=number,
            parent_id=None,
            kind="enterprise",
            code=organisation,
            name=name,
            timezone=timezone,
        )
        spine.ensure_asset(
            actor=SYSTEM, organisation_id=number, parent_id=root.id, kind="site", code=site, name=site_name
        )
    return password
