"""Calls, applications and reviews: a firm's own pages, and a draft that nobody else reads."""

from __future__ import annotations

from typing import Any

from chanye.domains.programme.models import Application, Call, Document
from chanye.kernel.time import now_us
from chanye.parties.models import Organisation

OWN = {"funding", "funding-firm", "programme", "programme-applications", "programme-call-new", "programme-reviews",
       "programme-ties"}  # fmt: skip
OPEN: set[str] = set()


def numbers(firm: Any) -> dict[str, int]:
    office, _new = Organisation.objects.get_or_create(code="office", defaults={"name": "Office", "kind": "district"})
    name, now = f"SECRET {firm.viewer.name}", now_us()
    call = Call.objects.create(
        office=office, code=firm.viewer.name, title=name, state="draft", created_at=now, changed_at=now
    )
    row = Application.objects.create(
        call=call, office=office, organisation_id=firm.id, title=name, summary=name, created_at=now, changed_at=now
    )
    paper = Document.objects.create(
        application=row, file_id=firm.file, kind="photo", name="SECRET.png", sha256="0" * 64, stored_at=now
    )
    return {"call_id": call.pk, "application_id": row.pk, "document_id": paper.pk}
