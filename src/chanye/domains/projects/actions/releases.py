"""Tables are published here, through the disclosure gate alone."""

from __future__ import annotations

import hashlib
import json

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Release
from chanye.domains.projects.releasing import make
from chanye.domains.projects.types.releases import ReleaseDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@transaction.atomic
def publish_release(*, actor: Viewer, office_id: int, draft: ReleaseDraft) -> int:
    """Publish a table: suppressed where it must be, refused where earlier ones would give a firm away; frozen.

    Raises
    ------
    ConfigError
        If it has no title, cannot be made, or tells too much beside what was published before.
    """
    require(actor, "publish_release", office_id)
    if not draft.title.strip():
        raise ConfigError(_("Give the table a title."))
    made = make(office_id, draft)
    if made.refused:
        raise ConfigError(made.refused)
    last = Release.objects.select_for_update().filter(office_id=office_id).order_by("-number").first()
    number, previous = (last.number + 1, last.digest) if last else (1, "0" * 64)
    body = json.dumps(made.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256((previous + body).encode()).hexdigest()
    row = Release.objects.create(
        office_id=office_id, number=number, title=draft.title.strip()[:200], figure=made.figure, body=body,
        sums=json.dumps(made.sums, separators=(",", ":")), digest=digest, previous=previous,
        published_at=now_us(), published_by=actor.name,
    )  # fmt: skip
    detail = {"number": number, "digest": digest, "suppressed": made.suppressed}
    record(actor=actor, verb="publish_release", target=f"release:{row.pk}", detail=detail, organisation_id=office_id)
    return number
