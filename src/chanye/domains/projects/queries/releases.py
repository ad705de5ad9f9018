"""Reads of published tables: what is published is public."""

from __future__ import annotations

from chanye.domains.projects.models import Release
from chanye.domains.projects.releasing import make, release_ref
from chanye.domains.projects.types.releases import ReleaseDraft, ReleaseRef, TablePreview
from chanye.parties.rules import require
from chanye.parties.types import Viewer


def releases(viewer: Viewer, office_id: int) -> list[ReleaseRef]:
    """Return what an office published, newest first, to anybody."""
    return [release_ref(row) for row in Release.objects.filter(office_id=office_id).order_by("-number")]


def release(viewer: Viewer, office_id: int, number: int) -> ReleaseRef | None:
    """Return one published table to anybody, None if there is none."""
    row = Release.objects.filter(office_id=office_id, number=number).first()
    return None if row is None else release_ref(row)


def preview(viewer: Viewer, office_id: int, draft: ReleaseDraft) -> TablePreview:
    """Return a table as it would be published, and why it may not be.

    Raises
    ------
    DeniedError
        If the viewer may not publish.
    ConfigError
        If the table cannot be made.
    """
    require(viewer, "publish_release", office_id)
    made = make(office_id, draft)
    return TablePreview(made.body, made.suppressed, made.sensitive, made.refused)
