"""Writes of progress: milestones frozen in baselines, reports from the site with photos, their verification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet, Sum
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Baseline, Milestone, Photo, Project, Report
from chanye.domains.projects.project_rows import held
from chanye.domains.projects.rules.credit import WHOLE, check_milestone, credit_of, status_of
from chanye.domains.projects.rules.photos import LOCAL, Taken, alike, check_photo, read_photo
from chanye.domains.projects.types.progress import MilestoneDraft, Seen
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.geo import check_position
from chanye.kernel.time import now_us, to_us
from chanye.parties.audit import record
from chanye.parties.types import Viewer
from chanye.spine import actions as spine_actions

MOST_MILESTONES = 200
MOST_PHOTOS = 6
#: What counts as a doubtful photo; a picture without place or time proves nothing, but is no trick.
DOUBTS = frozenset({"far", "old", "later", "used", "alike"})


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A picture as it was sent."""

    name: str
    data: bytes


@transaction.atomic
def save_milestones(
    *, actor: Viewer, project_id: int, milestones: Sequence[MilestoneDraft], reason: str = "", today: date
) -> int:
    """Freeze the milestones of a project as its next baseline; return the version.

    Credit that was verified stays with the milestone of the same title, as long as its rule is the same.

    Raises
    ------
    ConfigError
        If a milestone cannot be, two have one title, nothing changed, or a frozen plan is changed without a reason.
    """
    row = held(actor, project_id, "edit_projects")
    if not 0 < len(milestones) <= MOST_MILESTONES:
        raise ConfigError(_("A project has between 1 and 200 milestones."))
    for one in milestones:
        check_milestone(one)
    titles = [one.title.strip() for one in milestones]
    if len(set(titles)) < len(titles):
        raise ConfigError(_("Two milestones have the same title; tell them apart."))
    plain = json.loads(json.dumps([asdict(one) for one in milestones], default=str, sort_keys=True))
    last = row.baselines.order_by("-version").first()
    if last is not None and last.milestones == plain:
        raise ConfigError(_("Nothing was changed; the frozen milestones stay."))
    if last is not None and not reason.strip():
        raise ConfigError(_("The milestones are frozen: say why they change. Everybody will see it."))
    text = json.dumps({"milestones": plain, "planned_total": row.planned_total}, sort_keys=True, ensure_ascii=False)
    made = Baseline.objects.create(
        project=row, version=1 if last is None else last.version + 1, milestones=plain,
        planned_total=row.planned_total, reason=reason.strip()[:300],
        digest=hashlib.sha256(text.encode()).hexdigest(), frozen_at=now_us(), frozen_by=actor.name[:150],
    )  # fmt: skip
    _replace(row, milestones, today)
    row.baseline_version = made.version
    _add_up(row, today)
    record(
        actor=actor, verb="save_milestones", target=f"project:{row.pk}",
        detail={"version": made.version, "digest": made.digest, "reason": made.reason, "count": len(milestones)},
        organisation_id=row.organisation_id,
    )  # fmt: skip
    return int(made.version)


def _replace(row: Project, milestones: Sequence[MilestoneDraft], today: date) -> None:
    old = {one.title: one for one in row.milestones.all()}
    row.milestones.update(position=-F("position"))  # out of the way: positions are unique
    kept = set()
    for position, draft in enumerate(milestones, start=1):
        title = draft.title.strip()
        found = old.get(title)
        values: dict[str, Any] = asdict(draft) | {"title": title, "position": position}
        values["steps"] = [{"title": name, "weight": weight} for name, weight in draft.steps]
        if found is None or found.rule != draft.rule:
            values |= {"credit": 0, "met_on": None, "status": status_of(0, draft.finish, today)}
        if found is None:
            Milestone.objects.create(project=row, **values)
            continue
        kept.add(found.pk)
        Milestone.objects.filter(pk=found.pk).update(**values)
    row.milestones.filter(pk__in=[one.pk for one in old.values() if one.pk not in kept]).delete()


def _add_up(row: Project, today: date) -> None:
    """Set what the list shows of milestones and reports, and save the project."""
    sums = row.milestones.aggregate(budget=Sum("budget"))
    earned = sum(one.budget * one.credit for one in row.milestones.all())
    row.physical = round(earned / sums["budget"]) if sums["budget"] else None
    open_ones = row.milestones.exclude(credit=WHOLE)
    row.next_due = open_ones.aggregate(first=Min("finish"))["first"]
    row.overdue = sum(
        one.finish < (one.met_on or today) for one in row.milestones.all()
    )  # fmt: skip
    row.reported_on = row.reports.aggregate(last=Max("on"))["last"]
    row.falsified = row.reports.filter(verdict="falsified").count()
    row.photo_faults = sum(
        bool(DOUBTS & set(faults))
        for faults in row.photos.exclude(report__verdict="rejected").values_list("faults", flat=True)
    )
    row.changed_at = now_us()
    row.save()


def report_progress(
    *,
    actor: Viewer,
    project_id: int,
    milestone_id: int,
    key: str,
    on: date,
    seen: Seen,
    note: str = "",
    position: tuple[float, float] | None = None,
    photos: Sequence[PhotoFile] = (),
    today: date,
) -> int:
    """Report what was seen of a milestone on a day, with photos; return the report's number.

    The credit follows from the milestone's rule; it counts once somebody else accepted the report. The same key and
    content report once.

    Raises
    ------
    ConfigError
        If it cannot be, a picture cannot be read, or the key was used with other content.
    """
    if not key or len(key) > 64 or len(photos) > MOST_PHOTOS:
        raise ConfigError(_("A report needs a key, and has at most %(n)s photos.") % {"n": MOST_PHOTOS})
    read = [(photo, read_photo(photo.data), hashlib.sha256(photo.data).hexdigest()) for photo in photos]
    if position is not None:
        check_position(*position)
    with transaction.atomic():
        row = held(actor, project_id, "edit_projects")
        milestone = row.milestones.filter(pk=milestone_id).first()
        if milestone is None:
            raise ConfigError(_("There is no such milestone any more; reload the page."))
        if not date(1990, 1, 1) <= on <= today:
            raise ConfigError(_("The day of a report cannot be in the future."))
        steps = [(one["title"], one["weight"]) for one in milestone.steps]
        content: dict[str, Any] = {
            "milestone_id": milestone.pk, "on": on, "seen": json.loads(json.dumps(asdict(seen))),
            "credit": credit_of(milestone.rule, seen, steps=steps, units=milestone.units),
            "latitude": position[0] if position else None, "longitude": position[1] if position else None,
            "note": note.strip()[:500],
        }  # fmt: skip
        old = row.reports.filter(key=key).first()
        if old is not None:
            same = all(getattr(old, name) == value for name, value in content.items())
            if not same or sorted(old.photos.values_list("sha256", flat=True)) != sorted(one[2] for one in read):
                raise ConfigError(_("This key was used for another report; nothing was booked."))
            return int(old.pk)
        made = Report.objects.create(
            project=row, key=key, title=milestone.title, reported_at=now_us(), reported_by=actor.name[:150],
            reporter=actor.person_id, **content,
        )  # fmt: skip
        for photo, taken, digest in read:
            _keep_photo(actor, row, made, photo, taken, digest)
        _add_up(row, today)
        record(
            actor=actor, verb="report_progress", target=f"project:{row.pk}",
            detail={"report": made.pk, "photos": [one[2] for one in read], **content},
            organisation_id=row.organisation_id,
        )  # fmt: skip
        return int(made.pk)


def _keep_photo(actor: Viewer, row: Project, report: Report, photo: PhotoFile, taken: Taken, digest: str) -> None:
    stored = spine_actions.store_file(
        actor=actor, organisation_id=row.organisation_id, name=photo.name, data=photo.data, kinds=("picture",)
    )
    mine = Photo.objects.filter(organisation_id=row.organisation_id)
    used = mine.filter(sha256=digest).first()
    like = used or _same_look(mine, taken.look)
    site = None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude)
    end = to_us(datetime.combine(report.on, time(), tzinfo=LOCAL) + timedelta(days=1))
    found = check_photo(
        taken, site, end, report.reported_at, used=used is not None, same_look=like is not None
    )  # fmt: skip
    Photo.objects.create(
        organisation_id=row.organisation_id, project=row, report=report, file_id=stored.id, sha256=digest,
        look=taken.look, taken_at=found.taken_at, latitude=found.latitude, longitude=found.longitude,
        distance=found.distance, faults=list(found.faults), like=like,
    )  # fmt: skip


def _same_look(photos: QuerySet[Photo], look: str) -> Photo | None:
    """Return an earlier photo that shows the same: equal first, then by reading all hashes of the office."""
    equal = photos.filter(look=look).first()
    if equal is not None and alike(look, equal.look):
        return equal
    near = next((pk for pk, other in photos.values_list("pk", "look").iterator() if alike(look, other)), None)
    return None if near is None else photos.get(pk=near)


@transaction.atomic
def verify_report(*, actor: Viewer, report_id: int, verdict: str, why: str = "", today: date) -> None:
    """Accept a report, send it back, or find it false; only then its credit counts, or costs.

    Raises
    ------
    ConfigError
        If it was decided already, by the reporter, or without a reason where one is due.
    """
    report = Report.objects.filter(pk=report_id).first()
    row = held(actor, report.project_id if report else 0, "verify_progress")
    if report is None or verdict not in ("accepted", "rejected", "falsified"):
        raise DeniedError(_("There is no such report, or no such verdict."))
    if report.verdict:
        raise ConfigError(_("This report is decided already."))
    if report.reporter is not None and report.reporter == actor.person_id:
        raise ConfigError(_("Somebody other than who reported it verifies it."))
    if verdict != "accepted" and not why.strip():
        raise ConfigError(_("Say why, so that the reporter knows what to do."))
    report.verdict, report.why = verdict, why.strip()[:300]
    report.verified_at, report.verified_by = now_us(), actor.name[:150]
    report.save()
    if verdict == "accepted" and report.milestone is not None:
        _credit(report.milestone, today)
    _add_up(row, today)
    record(
        actor=actor, verb="verify_report", target=f"project:{row.pk}",
        detail={"report": report.pk, "verdict": verdict, "why": report.why, "credit": report.credit},
        organisation_id=row.organisation_id,
    )  # fmt: skip


def _credit(milestone: Milestone, today: date) -> None:
    """Let a milestone have the credit of its newest accepted report."""
    accepted = milestone.reports.filter(verdict="accepted")
    newest = accepted.order_by("-on", "-pk").first()
    milestone.credit = newest.credit if newest else 0
    milestone.met_on = None
    if newest is not None and milestone.credit == WHOLE:
        milestone.met_on = accepted.filter(credit=WHOLE).aggregate(first=Min("on"))["first"]
    milestone.status = status_of(milestone.credit, milestone.finish, today)
    milestone.save()
